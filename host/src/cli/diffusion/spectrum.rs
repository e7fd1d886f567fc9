//! `gibbs diffusion spectrum`: the spatial power spectra of bases.

use super::bases::{Named, Space, read, same_dimensions};
use crate::cli::error::CliError;
use crate::cli::session::{Common, Ended, Folder, Session, Status, Verb};
use crate::diffusion::pullback::GeometryError;
use crate::diffusion::pullback::spectrum::{Spectrum, spectrum, white};
use crate::report::answer::Answer;
use crate::report::curves::{Curve, Curves};
use crate::report::number::plain;
use crate::report::rows::Rows;
use crate::report::table::{Style, Table};
use clap::Args;
use serde_json::json;
use std::path::PathBuf;

const VERB: Verb = Verb {
    name: "diffusion.spectrum",
    version: 2,
    folder: Folder::Optional,
    keeps: false,
};

/// Arguments of `gibbs diffusion spectrum`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gibbs diffusion spectrum t900/basis.safetensors t300/basis.safetensors
  gibbs diffusion spectrum bases --out figures --json

A folder stands for the bases in it (*.safetensors, */basis.safetensors), the latest time first.
power      |F|^2 / (H W) of the v_i, mean over vectors, channels and the frequencies r <= |f| < r + 1
centroid   mean |f| weighted by power, in cycles per image: small is coarse; of white noise in the last row")]
pub(super) struct Arguments {
    /// Basis files, or folders of them
    #[arg(value_name = "BASIS", required = true)]
    bases: Vec<PathBuf>,
}

pub(super) fn run(arguments: &Arguments, common: &Common) -> Result<Status, CliError> {
    let session = Session::begin(common, VERB)?;
    let all = read(&arguments.bases)?;
    same_dimensions(&all, &[Space::X])?;
    let refused = |error: GeometryError| CliError::input(error.to_string());
    let found: Vec<Spectrum> = all
        .iter()
        .map(|named| spectrum(&named.stored.basis.v, named.stored.dimensions[0]))
        .collect::<Result<_, _>>()
        .map_err(refused)?;
    let [_, height, width] = all.first().map_or([1; 3], |named| named.stored.dimensions[0]);
    let flat = white(height, width).map_err(refused)?;
    session.write("spectrum", &curves(&all, &found).draw())?;
    let mut answer = Answer::new();
    answer.block(table(&all, &found));
    let pairs: Vec<(&Named, &Spectrum)> = all.iter().zip(&found).collect();
    let centroids = Rows::of("centroids", &pairs)
        .text("basis", |pair| pair.0.label.clone())
        .number("centroid", |pair| pair.1.centroid)
        .done();
    answer.rows(&centroids);
    let bases = pairs.iter().map(|(named, spectrum)| {
        json!({
            "file": named.path.display().to_string(),
            "timestep": named.stored.timestep,
            "count": named.stored.basis.count(),
            "centroid": spectrum.centroid,
            "power": spectrum.power,
        })
    });
    answer.hidden("bases", bases.collect::<Vec<_>>());
    answer.hidden("frequencies", &flat.frequencies);
    answer
        .number("centroid_of_white_noise", flat.centroid)
        .label("white noise");
    session.done(answer, Ended::DONE)
}

/// The power of each basis by radius.
fn table(all: &[Named], found: &[Spectrum]) -> String {
    let labels = all.iter().map(|named| named.label.as_str());
    let header: Vec<&str> = ["radius"].into_iter().chain(labels).collect();
    let right: Vec<usize> = (0..header.len()).collect();
    let mut table = Table::new(&header).right(&right);
    let radii = found.iter().map(|s| s.power.len()).max().unwrap_or(0);
    for radius in 0..radii {
        let cells = found.iter().map(|s| plain(s.power[radius]));
        table.push(std::iter::once(radius.to_string()).chain(cells));
    }
    table.to_text(Style::of_stdout())
}

fn curves(all: &[Named], found: &[Spectrum]) -> Curves {
    let curves = all.iter().zip(found).map(|(named, spectrum)| Curve {
        name: named.label.clone(),
        points: (spectrum.power.iter().enumerate())
            .map(|(radius, power)| (radius as f64, *power))
            .collect(),
        spread: Vec::new(),
    });
    Curves {
        title: "Power spectrum of the local latent basis".to_owned(),
        x_label: "radius |f| (cycles per image)".to_owned(),
        y_label: "mean power".to_owned(),
        curves: curves.collect(),
        ..Curves::default()
    }
}
