//! `gibbs garrote synth PROTOCOL --out DIR`: a synthetic problem as CSV files, with its truth.

use crate::cli::error::CliError;
use crate::cli::session::{Common, Ended, Folder, Session, Status, Verb};
use crate::garrote::synth::{Draw, Protocol, write};
use crate::report::answer::Answer;
use crate::report::rows::Rows;
use clap::Args;
use serde_json::json;
use std::path::Path;

const VERB: Verb = Verb {
    name: "garrote.synth",
    version: 2,
    folder: Folder::Needed,
    keeps: false,
};

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
    let session = Session::begin(common, VERB)?;
    let draw = arguments.protocol.draw(session.seed());
    let out = session.out().unwrap_or(Path::new("."));
    for path in write(&draw, out).map_err(|e| CliError::failed(e.to_string()))? {
        session.wrote(&path);
    }
    session.done(answer(&draw), Ended::DONE)
}

/// The answer of schema `gibbs.garrote.synth/2`.
fn answer(draw: &Draw) -> Answer {
    let weights = draw.weights.iter().enumerate();
    let relevant: Vec<(usize, f64)> = weights.map(|(j, w)| (j, *w)).filter(|(_, w)| *w != 0.0).collect();
    let relevant = Rows::of("relevant", &relevant)
        .text("name", |(j, _)| format!("x{j}"))
        .titled("relevant column")
        .number("weight", |(_, weight)| *weight)
        .done();
    let (train, test) = (draw.train.rows, draw.test.rows);
    let validation = draw.validation.as_ref().map(|sample| sample.rows);
    let mut answer = Answer::new();
    answer.rows(&relevant);
    answer.text("protocol", &draw.name);
    let rows = json!({"train": train, "validation": validation, "test": test});
    answer.value("rows", rows, train.to_string());
    answer.count("columns", draw.weights.len() as u64);
    answer.text("target", "y");
    answer.number("noise_sd", draw.noise_sd);
    answer
}
