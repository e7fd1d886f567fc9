//! `gibbs diffusion spectrum`: the spatial power spectra of bases.

use super::bases::{Named, Space, read, same_dimensions};
use crate::cli::error::CliError;
use crate::cli::output::{emit, remark};
use crate::cli::{Common, Status};
use crate::data::ensure_output_dir;
use crate::diffusion::pullback::spectrum::{Spectrum, spectrum};
use crate::report::curves::{Curve, Curves};
use crate::report::number::plain;
use crate::report::table::{Style, Table};
use clap::Args;
use serde_json::{Value, json};
use std::fmt::Write as _; // writing to a string cannot fail
use std::path::{Path, PathBuf};

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
    if let Some(out) = &common.out {
        ensure_output_dir(out)?;
    }
    let all = read(&arguments.bases)?;
    same_dimensions(&all, &[Space::X])?;
    let refused = |error: crate::diffusion::pullback::GeometryError| CliError::input(error.to_string());
    let mut found = Vec::new();
    for named in &all {
        found.push(spectrum(&named.stored.basis.v, named.stored.dimensions[0]).map_err(refused)?);
    }
    let [_, height, width] = all.first().map_or([1; 3], |named| named.stored.dimensions[0]);
    // All frequencies are equally strong in one bright pixel.
    let mut pixel = vec![0.0_f64; height * width];
    pixel[0] = 1.0;
    let flat = spectrum(&pixel, [1, height, width]).map_err(refused)?;
    if let Some(out) = &common.out {
        draw(&all, &found, out, common)?;
    }
    emit(
        common,
        || object(&all, &found, &flat),
        || text(&all, &found, &flat),
    )?;
    Ok(Status::Done)
}

/// The object of schema `gibbs.diffusion.spectrum/1`; `power` per radius from 0, in the order of `bases`.
fn object(all: &[Named], found: &[Spectrum], flat: &Spectrum) -> Value {
    let bases = all.iter().zip(found).map(|(named, spectrum)| {
        json!({
            "file": named.path.display().to_string(),
            "timestep": named.stored.timestep,
            "count": named.stored.basis.count(),
            "centroid": spectrum.centroid,
            "power": spectrum.power,
        })
    });
    json!({
        "schema": "gibbs.diffusion.spectrum/1",
        "bases": bases.collect::<Vec<_>>(),
        "frequencies": flat.frequencies,
        "centroid_of_white_noise": flat.centroid,
    })
}

fn text(all: &[Named], found: &[Spectrum], flat: &Spectrum) -> String {
    let labels = all.iter().map(|named| named.label.as_str());
    let header: Vec<&str> = ["radius"].into_iter().chain(labels).collect();
    let right: Vec<usize> = (0..header.len()).collect();
    let mut table = Table::new(&header).right(&right);
    let radii = found.iter().map(|s| s.power.len()).max().unwrap_or(0);
    for radius in 0..radii {
        let cells = found.iter().map(|s| plain(s.power[radius]));
        table.push(std::iter::once(radius.to_string()).chain(cells));
    }
    let mut text = table.to_text(Style::of_stdout());
    let mut table = Table::new(&["basis", "centroid"]).right(&[1]);
    for (named, spectrum) in all.iter().zip(found) {
        table.push([named.label.clone(), plain(spectrum.centroid)]);
    }
    table.push(["white noise".to_owned(), plain(flat.centroid)]);
    let _ = write!(text, "\n{}", table.to_text(Style::of_stdout()));
    text
}

fn draw(all: &[Named], found: &[Spectrum], out: &Path, common: &Common) -> Result<(), CliError> {
    let curves = all.iter().zip(found).map(|(named, spectrum)| Curve {
        name: named.label.clone(),
        points: (spectrum.power.iter().enumerate())
            .map(|(radius, power)| (radius as f64, *power))
            .collect(),
        spread: Vec::new(),
    });
    let figure = Curves {
        title: "Power spectrum of the local latent basis".to_owned(),
        x_label: "radius |f| (cycles per image)".to_owned(),
        y_label: "mean power".to_owned(),
        curves: curves.collect(),
        ..Curves::default()
    };
    let written = figure.draw().write(out, "spectrum");
    for path in written.map_err(|error| CliError::failed(error.to_string()))? {
        remark(common, &format!("wrote {}", path.display()));
    }
    Ok(())
}
