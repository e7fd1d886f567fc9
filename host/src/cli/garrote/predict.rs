//! `gibbs garrote predict MODEL FILE`: mean and standard deviation of every row.

use super::reading::{Reading, in_file};
use super::remark;
use crate::cli::error::CliError;
use crate::cli::output::emit;
use crate::cli::{Common, Status};
use crate::data::{Table as Data, Wanted, ensure_output_dir, write_csv};
use crate::garrote::Model;
use crate::garrote::model::Prediction;
use crate::report::number::plain;
use crate::report::table::{Style, Table};
use clap::Args;
use serde_json::{Value, json};
use std::path::PathBuf;

/// Arguments of `gibbs garrote predict`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gibbs garrote predict fit/model.safetensors new.csv
  gibbs garrote predict fit/model.safetensors new.csv --hard --out predicted
  gibbs garrote predict fit/model.safetensors new.csv --json

Columns are found by name, in any order; others are not looked at. When the target is among them, R2 and root
mean squared error are reported too. With --out the predictions are written as predictions.csv.")]
pub(super) struct Arguments {
    /// Model file that `gibbs garrote fit --out DIR` wrote
    #[arg(value_name = "MODEL")]
    model: PathBuf,
    /// Table with the model's variables
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Predict by least squares on the selected variables instead of weighing all by their inclusion
    #[arg(long)]
    hard: bool,
    #[command(flatten)]
    reading: Reading,
}

/// How well known targets were predicted.
struct Score {
    /// 1 - (squared error)/(squared deviation from the mean of these rows); none if they are all equal.
    r2: Option<f64>,
    rmse: f64,
}

pub(super) fn run(arguments: &Arguments, common: &Common) -> Result<Status, CliError> {
    if let Some(out) = &common.out {
        ensure_output_dir(out)?;
    }
    let model = Model::load(&arguments.model)?;
    let wanted = Wanted {
        needed: model.variables.clone(),
        optional: vec![model.target.clone()],
    };
    let reading = arguments
        .reading
        .table(&arguments.file, None, Some(wanted), common)?;
    let table = &reading.table;
    let predicted = if arguments.hard {
        model.predict_hard(table)
    } else {
        model.predict(table)
    };
    let predicted = predicted.map_err(|e| in_file(e, &arguments.file))?;
    let known: Option<Vec<f64>> =
        (reading.optional(&model.target)).and_then(|column| column.values.iter().copied().collect());
    let known = known.as_deref();
    let score = known.map(|y| score(y, &predicted.mean));
    if let Some(out) = &common.out {
        let path = out.join("predictions.csv");
        write_csv(&columns(&predicted, known, &model.target), &path)?;
        remark(common, &format!("wrote {}", path.display()));
    }
    if let Some(score) = &score {
        let r2 = score.r2.map_or_else(|| "not defined".to_owned(), plain);
        let text = format!("{}: R2 {r2}, RMSE {}", model.target, plain(score.rmse));
        remark(common, &text);
    }
    emit(
        common,
        || json_of(&model, &predicted, score.as_ref(), arguments.hard),
        || text_of(&model, &predicted, known),
    )?;
    Ok(Status::Done)
}

fn score(y: &[f64], mean: &[f64]) -> Score {
    let rows = y.len() as f64;
    let centre = y.iter().sum::<f64>() / rows;
    let error: f64 = y.iter().zip(mean).map(|(y, mean)| (y - mean) * (y - mean)).sum();
    let spread: f64 = y.iter().map(|y| (y - centre) * (y - centre)).sum();
    Score {
        r2: (spread > 0.0).then(|| 1.0 - error / spread),
        rmse: (error / rows).sqrt(),
    }
}

fn columns(predicted: &Prediction, known: Option<&[f64]>, target: &str) -> Data {
    let rows = (1..=predicted.mean.len()).map(|row| row as f64).collect();
    let mut columns = vec![
        ("row", rows),
        ("mean", predicted.mean.clone()),
        ("sd", predicted.sd.clone()),
    ];
    columns.extend(known.map(|y| (target, y.to_vec())));
    Data::of(columns)
}

/// The object of schema `gibbs.garrote.predict/1`; rows count from 1, mean and sd in units of the target.
fn json_of(model: &Model, predicted: &Prediction, score: Option<&Score>, hard: bool) -> Value {
    let rows = predicted.mean.iter().zip(&predicted.sd).zip(1_u64..);
    let entry = |((mean, sd), row): ((&f64, &f64), u64)| json!({"row": row, "mean": mean, "sd": sd});
    json!({
        "schema": "gibbs.garrote.predict/1",
        "target": model.target,
        "prediction": if hard { "hard" } else { "soft" },
        "rows": rows.map(entry).collect::<Vec<_>>(),
        "r2": score.and_then(|s| s.r2),
        "rmse": score.map(|s| s.rmse),
    })
}

fn text_of(model: &Model, predicted: &Prediction, known: Option<&[f64]>) -> String {
    let mut header = vec!["row", "mean", "sd"];
    header.extend(known.map(|_| model.target.as_str()));
    let mut table = Table::new(&header).right(&[0, 1, 2, 3]);
    for (row, (mean, sd)) in predicted.mean.iter().zip(&predicted.sd).enumerate() {
        let known = known.map(|y| plain(y[row]));
        table.push(
            [(row + 1).to_string(), plain(*mean), plain(*sd)]
                .into_iter()
                .chain(known),
        );
    }
    table.to_text(Style::of_stdout())
}
