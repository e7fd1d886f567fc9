//! `gibbs diffusion distances`: how far apart the subspaces of bases are.

use super::bases::{Named, Space, read, same_dimensions, subspace};
use crate::cli::error::CliError;
use crate::cli::output::{emit, remark};
use crate::cli::{Common, Status};
use crate::data::{ensure_output_dir, write_atomic};
use crate::diffusion::figures::Heatmap;
use crate::diffusion::pullback::GeometryError;
use crate::diffusion::pullback::distance::{
    Chance, Subspace, chance, distance_matrix, largest_distance, total_turn,
};
use crate::report::number::{plain, with_error};
use crate::report::table::{Style, Table};
use clap::Args;
use serde_json::{Value, json};
use std::fmt::Write as _; // writing to a string cannot fail
use std::path::{Path, PathBuf};

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
    seed: u64,
}

pub(super) fn run(arguments: &Arguments, common: &Common) -> Result<Status, CliError> {
    if let Some(out) = &common.out {
        ensure_output_dir(out)?;
    }
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
    let steps = all.windows(2).map(|pair| {
        let between = pair[0].stored.x.iter().zip(&pair[1].stored.x);
        between
            .map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2))
            .sum::<f64>()
            .sqrt()
    });
    let found = Found {
        space,
        count,
        dimension,
        matrix: distance_matrix(&spans).map_err(refused)?,
        chance: chance(count, dimension, PAIRS, common.seed).map_err(refused)?,
        turn: total_turn(&spans).map_err(refused)?,
        length: steps.sum(),
        seed: common.seed,
        all,
    };
    if let Some(out) = &common.out {
        found.write(out, common)?;
    }
    emit(common, || found.object(), || found.text())?;
    Ok(Status::Done)
}

impl Found {
    fn rows(&self) -> impl Iterator<Item = (&Named, &[f64])> {
        self.all.iter().zip(self.matrix.chunks(self.all.len().max(1)))
    }

    fn per_length(&self) -> Option<f64> {
        (self.length > 0.0).then(|| self.turn / self.length)
    }

    /// The object of schema `gibbs.diffusion.distances/1`; distances row by row, in radians.
    fn object(&self) -> Value {
        let files = self.all.iter().map(|named| named.path.display().to_string());
        json!({
            "schema": "gibbs.diffusion.distances/1",
            "files": files.collect::<Vec<_>>(),
            "timesteps": self.all.iter().map(|named| named.stored.timestep).collect::<Vec<_>>(),
            "space": self.space.name(),
            "count": self.count,
            "dimension": self.dimension,
            "distances": self.rows().map(|(_, row)| row).collect::<Vec<_>>(),
            "largest": largest_distance(self.count),
            "chance": {"mean": self.chance.mean, "error": self.chance.error, "pairs": self.chance.pairs},
            "total_turn": self.turn,
            "length": self.length,
            "turn_per_length": self.per_length(),
            "seed": self.seed,
        })
    }

    fn text(&self) -> String {
        let labels = self.all.iter().map(|named| named.label.as_str());
        let header: Vec<&str> = ["distance"].into_iter().chain(labels).collect();
        let right: Vec<usize> = (1..header.len()).collect();
        let mut table = Table::new(&header).right(&right);
        for (named, row) in self.rows() {
            let cells = row.iter().map(|x| plain(*x));
            table.push(std::iter::once(named.label.clone()).chain(cells));
        }
        let mut text = table.to_text(Style::of_stdout());
        let chance = with_error(self.chance.mean, self.chance.error);
        let per_length = self
            .per_length()
            .map_or_else(String::new, |x| format!(", {} per unit of length", plain(x)));
        text.push('\n');
        for (name, value) in [
            (
                "subspaces",
                format!(
                    "{} dimensions of {} ({})",
                    self.count,
                    self.dimension,
                    self.space.name()
                ),
            ),
            ("chance", format!("{chance} ({} random pairs)", self.chance.pairs)),
            ("largest", plain(largest_distance(self.count))),
            ("total turn", format!("{}{per_length}", plain(self.turn))),
            ("seed", self.seed.to_string()),
        ] {
            let _ = writeln!(text, "{name:<10} {value}");
        }
        text
    }

    fn write(&self, out: &Path, common: &Common) -> Result<(), CliError> {
        let failed =
            |error: &dyn std::fmt::Display| CliError::failed(format!("cannot make the table: {error}"));
        let mut writer = csv::Writer::from_writer(Vec::new());
        let paths = self.all.iter().map(|named| named.path.display().to_string());
        let header = ["file".to_owned(), "timestep".to_owned()]
            .into_iter()
            .chain(paths);
        writer.write_record(header).map_err(|e| failed(&e))?;
        for (named, row) in self.rows() {
            let head = [
                named.path.display().to_string(),
                named.stored.timestep.to_string(),
            ];
            let cells = head.into_iter().chain(row.iter().map(f64::to_string));
            writer.write_record(cells).map_err(|e| failed(&e))?;
        }
        let path = out.join("distances.csv");
        write_atomic(&path, &writer.into_inner().map_err(|e| failed(&e))?)?;
        let figure = Heatmap {
            title: format!(
                "Distances of {}-dimensional subspaces of {} (rad); by chance {}",
                self.count,
                self.space.name(),
                plain(self.chance.mean)
            ),
            names: self.all.iter().map(|named| named.label.clone()).collect(),
            values: self.matrix.clone(),
        };
        let written = figure.draw().write(out, "distances");
        let written = written.map_err(|error| CliError::failed(error.to_string()))?;
        for path in [path].iter().chain(&written) {
            remark(common, &format!("wrote {}", path.display()));
        }
        Ok(())
    }
}
