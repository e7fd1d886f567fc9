//! `gibbs diffusion distances`: how far apart the subspaces of bases are.

use super::bases::{Named, Space, read, same_dimensions, subspace};
use crate::cli::error::CliError;
use crate::cli::session::{Common, Ended, Folder, Session, Status, Verb};
use crate::diffusion::figures::Heatmap;
use crate::diffusion::pullback::GeometryError;
use crate::diffusion::pullback::distance::{
    Chance, Subspace, chance, distance_matrix, largest_distance, total_turn, way_length,
};
use crate::report::answer::Answer;
use crate::report::number::{plain, with_error};
use crate::report::table::{Style, Table};
use clap::Args;
use serde_json::json;
use std::path::PathBuf;

const VERB: Verb = Verb {
    name: "diffusion.distances",
    version: 2,
    folder: Folder::Optional,
    keeps: false,
};
/// Random pairs behind the chance level.
const PAIRS: usize = 32;

/// Arguments of `gibbs diffusion distances`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gibbs diffusion distances t900/basis.safetensors t600/basis.safetensors t300/basis.safetensors
  gibbs diffusion distances bases --space x --count 3 --out figures --json

A folder stands for the bases in it (*.safetensors, */basis.safetensors), the latest time first.
distance     sqrt(sum of squared principal angles) between the spans of the u_i (--space x: the v_i), in radians
chance       mean distance of random subspaces of as many dimensions (from --seed): no distance is small or large
             but beside it
total turn   sum of the distances of neighbours in the given order; per unit of length of the way that x goes
With --out: distances.csv and a figure, distances.svg and distances.png.")]
pub(super) struct Arguments {
    /// Basis files, or folders of them, in the order of the way
    #[arg(value_name = "BASIS", required = true)]
    bases: Vec<PathBuf>,
    /// Which subspaces
    #[arg(long, value_enum, value_name = "SPACE", default_value = "h")]
    space: Space,
    /// Leading vectors of each basis that are taken [default: all]
    #[arg(long, value_name = "K")]
    count: Option<usize>,
}

pub(super) fn run(arguments: &Arguments, common: &Common) -> Result<Status, CliError> {
    let session = Session::begin(common, VERB)?;
    let all = read(&arguments.bases)?;
    let space = arguments.space;
    same_dimensions(&all, &[space, Space::X])?;
    let spans: Vec<Subspace> = (all.iter())
        .map(|named| subspace(named, space, arguments.count))
        .collect::<Result<_, _>>()?;
    let (count, dimension) = spans
        .first()
        .map_or((1, 1), |span| (span.count(), span.dimension()));
    if let Some((named, span)) = all.iter().zip(&spans).find(|(_, span)| span.count() != count) {
        let least = spans.iter().map(Subspace::count).min().unwrap_or(1);
        let message = format!(
            "{} vectors, the first basis has {count}\nhint: --count {least}",
            span.count()
        );
        return Err(CliError::input(message).in_file(&named.path));
    }
    let refused = |error: GeometryError| CliError::failed(error.to_string());
    let found = Found {
        matrix: distance_matrix(&spans).map_err(refused)?,
        chance: chance(count, dimension, PAIRS, session.seed()).map_err(refused)?,
        turn: total_turn(&spans).map_err(refused)?,
        length: way_length(&all.iter().map(|named| &named.stored.x[..]).collect::<Vec<_>>()),
        space,
        count,
        dimension,
        all,
    };
    session.write("distances.csv", &found.csv()?[..])?;
    session.write("distances", &found.figure().draw())?;
    session.done(found.answer(), Ended::DONE)
}

struct Found {
    all: Vec<Named>,
    space: Space,
    count: usize,
    dimension: usize,
    matrix: Vec<f64>,
    chance: Chance,
    turn: f64,
    /// Sum of |x_{j+1} - x_j|.
    length: f64,
}

impl Found {
    fn rows(&self) -> impl Iterator<Item = (&Named, &[f64])> {
        self.all.iter().zip(self.matrix.chunks(self.all.len().max(1)))
    }

    fn paths(&self) -> Vec<String> {
        let paths = self.all.iter().map(|named| named.path.display().to_string());
        paths.collect()
    }

    /// Distances row by row, in radians.
    fn answer(&self) -> Answer {
        let (count, dimension, space) = (self.count, self.dimension, self.space.name());
        let mut answer = Answer::new();
        answer.block(self.table());
        answer.hidden("bases", self.paths());
        let times = self.all.iter().map(|named| named.stored.timestep);
        answer.hidden("timesteps", times.collect::<Vec<_>>());
        let said = format!("{count} dimensions of {dimension} ({space})");
        answer.value("count", count, said).label("subspaces");
        answer.hidden("dimension", dimension);
        answer.hidden("space", space);
        answer.hidden("distances", self.rows().map(|(_, row)| row).collect::<Vec<_>>());
        let Chance { mean, error, pairs } = self.chance;
        let said = format!("{} ({pairs} random pairs)", with_error(mean, error));
        let value = json!({"mean": mean, "error": error, "pairs": pairs});
        answer.value("chance", value, said);
        answer.number("largest", largest_distance(count));
        let per_length = (self.length > 0.0).then(|| self.turn / self.length);
        let said = per_length.map_or_else(String::new, |x| format!(", {} per unit of length", plain(x)));
        answer
            .number("total_turn", self.turn)
            .says(format!("{}{said}", plain(self.turn)));
        answer.hidden("length", self.length);
        answer.hidden("turn_per_length", per_length);
        answer
    }

    fn table(&self) -> String {
        let labels = self.all.iter().map(|named| named.label.as_str());
        let header: Vec<&str> = ["distance"].into_iter().chain(labels).collect();
        let right: Vec<usize> = (1..header.len()).collect();
        let mut table = Table::new(&header).right(&right);
        for (named, row) in self.rows() {
            let cells = row.iter().map(|x| plain(*x));
            table.push(std::iter::once(named.label.clone()).chain(cells));
        }
        table.to_text(Style::of_stdout())
    }

    fn csv(&self) -> Result<Vec<u8>, CliError> {
        let failed =
            |error: &dyn std::fmt::Display| CliError::failed(format!("cannot make the table: {error}"));
        let mut writer = csv::Writer::from_writer(Vec::new());
        let header = ["file".to_owned(), "timestep".to_owned()];
        let header = header.into_iter().chain(self.paths());
        writer.write_record(header).map_err(|e| failed(&e))?;
        for (named, row) in self.rows() {
            let head = [
                named.path.display().to_string(),
                named.stored.timestep.to_string(),
            ];
            let cells = head.into_iter().chain(row.iter().map(f64::to_string));
            writer.write_record(cells).map_err(|e| failed(&e))?;
        }
        writer.into_inner().map_err(|e| failed(&e))
    }

    fn figure(&self) -> Heatmap {
        Heatmap {
            title: format!(
                "Distances of {}-dimensional subspaces of {} (rad); by chance {}",
                self.count,
                self.space.name(),
                plain(self.chance.mean)
            ),
            names: self.all.iter().map(|named| named.label.clone()).collect(),
            values: self.matrix.clone(),
        }
    }
}
