//! `gibbs garrote predict MODEL FILE`: mean, standard deviation and 95 % interval of every row.

use super::reading::{Reading, in_file};
use crate::cli::error::CliError;
use crate::cli::session::{Common, Ended, Folder, Session, Status, Verb};
use crate::data::{self, Wanted};
use crate::garrote::Model;
use crate::garrote::model::Prediction;
use crate::report::answer::Answer;
use crate::report::number::plain;
use crate::report::rows::Rows;
use clap::Args;
use std::path::PathBuf;

const VERB: Verb = Verb {
    name: "garrote.predict",
    version: 3,
    folder: Folder::Optional,
    keeps: false,
};

/// Arguments of `gibbs garrote predict`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gibbs garrote predict fit/model.safetensors new.csv
  gibbs garrote predict fit/model.safetensors new.csv --hard --out predicted
  gibbs garrote predict fit/model.safetensors new.csv --json

Columns are found by name, in any order; others are not looked at, and --hard needs the selected ones only. low and high are the
ends of the 95 % interval, Student's t with the degrees of freedom `df` of the noise (null in JSON where the noise was given). When the target is among them, R2 and root
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

/// A row of the table and what is predicted for it.
struct Row {
    /// Its number in the file, from 1.
    number: usize,
    /// Its name, where a column holds names.
    label: Option<String>,
    mean: f64,
    sd: f64,
    /// Ends of the 95 % interval.
    low: f64,
    high: f64,
    /// The target, where it is known.
    observed: Option<f64>,
}

/// How well known targets were predicted.
struct Score {
    /// 1 - (squared error)/(squared deviation from the mean of these rows); none if they are all equal.
    r2: Option<f64>,
    rmse: f64,
}

pub(super) fn run(arguments: &Arguments, common: &Common) -> Result<Status, CliError> {
    let session = Session::begin(common, VERB)?;
    let model = Model::load(&arguments.model)?;
    let selected = || model.selected().into_iter().map(|i| model.variables[i].clone());
    let wanted = Wanted {
        needed: if arguments.hard {
            selected().collect()
        } else {
            model.variables.clone()
        },
        optional: vec![model.target.clone()],
    };
    let reading = arguments
        .reading
        .table(&arguments.file, None, Some(wanted), &session)?;
    let predicted = if arguments.hard {
        model.predict_hard(&reading.table)
    } else {
        model.predict(&reading.table)
    };
    let predicted = predicted.map_err(|e| in_file(e, &arguments.file))?;
    let rows = rows(&predicted, &reading, &model.target);
    let score = score(&rows);
    let table = Rows::of("rows", &rows).count("row", |row| row.number as u64);
    let table = if reading.table.labels.is_some() {
        table.text("label", |row| row.label.clone().unwrap_or_default())
    } else {
        table
    };
    let table = table
        .number("mean", |row| row.mean)
        .digits(4)
        .number("sd", |row| row.sd)
        .digits(4)
        .number("low", |row| row.low)
        .digits(4)
        .number("high", |row| row.high)
        .digits(4);
    let table = if reading.optional(&model.target).is_some() {
        table.number("observed", |row| row.observed).digits(4).done()
    } else {
        table.done()
    };
    session.write("predictions.csv", &table)?;
    let mut answer = Answer::new();
    answer.rows(&table);
    answer.hidden("target", &model.target);
    answer.hidden("prediction", if arguments.hard { "hard" } else { "soft" });
    answer.hidden("df", predicted.degrees);
    answer.hidden("r2", score.as_ref().and_then(|score| score.r2));
    answer.hidden("rmse", score.as_ref().map(|score| score.rmse));
    if let Some(score) = &score {
        let r2 = score.r2.map_or_else(|| "not defined".to_owned(), plain);
        session.remark(&format!("{}: R2 {r2}, RMSE {}", model.target, plain(score.rmse)));
    }
    session.done(answer, Ended::DONE)
}

fn rows(predicted: &Prediction, reading: &data::Reading, target: &str) -> Vec<Row> {
    let observed = reading.optional(target).map(|column| &column.values);
    let labels = reading.table.labels.as_ref();
    let row = |(index, number): (usize, &usize)| Row {
        number: *number,
        label: labels.map(|labels| labels.values[index].clone()),
        mean: predicted.mean[index],
        sd: predicted.sd[index],
        low: predicted.low[index],
        high: predicted.high[index],
        observed: observed.and_then(|values| values[index]),
    };
    reading.table.row_numbers.iter().enumerate().map(row).collect()
}

/// Over the rows whose target is known; none if there is none.
fn score(rows: &[Row]) -> Option<Score> {
    let known: Vec<(f64, f64)> = rows
        .iter()
        .filter_map(|row| Some((row.observed?, row.mean)))
        .collect();
    let count = known.len() as f64;
    let centre = known.iter().map(|(y, _)| y).sum::<f64>() / count;
    let error: f64 = known.iter().map(|(y, mean)| (y - mean) * (y - mean)).sum();
    let spread: f64 = known.iter().map(|(y, _)| (y - centre) * (y - centre)).sum();
    (!known.is_empty()).then(|| Score {
        r2: (spread > 0.0).then(|| 1.0 - error / spread),
        rmse: (error / count).sqrt(),
    })
}
