//! `gibbs garrote synth PROTOCOL --out DIR`: a synthetic problem as CSV files, with its truth.

use crate::cli::error::CliError;
use crate::cli::output::emit;
use crate::cli::{Common, Status};
use crate::data::ensure_output_dir;
use crate::garrote::synth::{Draw, Protocol, write};
use crate::report::number::plain;
use crate::report::table::{Style, Table};
use clap::Args;
use serde_json::{Value, json};
use std::fmt::Write as _; // writing to a string cannot fail
use std::path::PathBuf;

/// Arguments of `gibbs garrote synth`.
#[derive(Debug, Args)]
#[command(after_help = "\
Protocols (rows x columns, relevant columns):
  A:K      256 x 256, K   independent columns, weights of unequal size, signal-to-noise ratio 3
  B        67 x 100, 5    independent columns, weights 1, noise sd 1
  B-large  100 x 1000, 10 independent columns, weights 1, noise sd 1
  C        100 x 500, 10  correlation 0.7 between neighbours, signal-to-noise ratio 3
  C-hard   100 x 500, 10  close neighbours of opposite sign, correlation 0.9
  D1, D2   1000 x 3, 2    Zhao and Yu: the LASSO is inconsistent on D1, consistent on D2
  E:N      100 x N, 10    independent columns, for the growth of the time with N
  F:S:R:Q  shape S (low, medium, high-5, high-10), correlation R, signal-to-noise ratio Q

Examples:
  gibbs garrote synth A:5 --out draw
  gibbs garrote synth F:high-5:0.35:1.22 --seed 7 --out draw
  gibbs garrote fit draw/train.csv --target y

Writes train.csv, test.csv, truth.csv, and for B, B-large and F validation.csv. The target is the column y.")]
pub(super) struct Arguments {
    /// One of those below
    #[arg(value_name = "PROTOCOL")]
    protocol: Protocol,
}

pub(super) fn run(arguments: &Arguments, common: &Common) -> Result<Status, CliError> {
    let Some(out) = &common.out else {
        return Err(CliError::input(
            "synth writes files and needs a folder\nhint: --out DIR",
        ));
    };
    ensure_output_dir(out)?;
    let draw = arguments.protocol.draw(common.seed);
    let paths = write(&draw, out).map_err(|e| CliError::failed(e.to_string()))?;
    emit(
        common,
        || json_of(&draw, &paths, common.seed),
        || text_of(&draw, &paths, common.seed),
    )?;
    Ok(Status::Done)
}

fn relevant(draw: &Draw) -> impl Iterator<Item = (String, f64)> {
    let weights = draw.weights.iter().enumerate();
    weights
        .filter(|(_, w)| **w != 0.0)
        .map(|(j, w)| (format!("x{j}"), *w))
}

/// The object of schema `gibbs.garrote.synth/1`.
fn json_of(draw: &Draw, paths: &[PathBuf], seed: u64) -> Value {
    json!({
        "schema": "gibbs.garrote.synth/1",
        "protocol": draw.name,
        "rows": {
            "train": draw.train.rows,
            "validation": draw.validation.as_ref().map(|sample| sample.rows),
            "test": draw.test.rows,
        },
        "columns": draw.weights.len(),
        "target": "y",
        "relevant": relevant(draw).map(|(name, weight)| json!({"name": name, "weight": weight})).collect::<Vec<_>>(),
        "noise_sd": draw.noise_sd,
        "files": paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>(),
        "seed": seed,
    })
}

fn text_of(draw: &Draw, paths: &[PathBuf], seed: u64) -> String {
    let mut table = Table::new(&["relevant column", "weight"]).right(&[1]);
    for (name, weight) in relevant(draw) {
        table.push([name, plain(weight)]);
    }
    let mut files = String::new();
    for path in paths {
        let _ = writeln!(files, "wrote {}", path.display());
    }
    format!(
        "{}\nprotocol {}: {} rows, {} columns, target y; noise sd {}; seed {seed}\n{files}",
        table.to_text(Style::of_stdout()),
        draw.name,
        draw.train.rows,
        draw.weights.len(),
        plain(draw.noise_sd)
    )
}
