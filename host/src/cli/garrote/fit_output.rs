//! The result of `fit` as table, JSON object and CSV.

use crate::cli::error::CliError;
use crate::garrote::{Design, Fit, Model};
use crate::report::number::plain;
use crate::report::table::{Style, Table};
use serde_json::{Value, json};
use std::fmt::Write as _; // writing to a string cannot fail

/// A fit and what follows from it.
pub(super) struct Outcome {
    pub(super) fit: Fit,
    pub(super) model: Model,
}

/// One variable, in original units.
struct Variable<'a> {
    name: &'a str,
    selected: bool,
    inclusion: f64,
    /// w/sd.
    weight: f64,
    /// m w/sd.
    effect: f64,
    evidence: f64,
    /// |m w|/(sd of the target).
    standardised: f64,
    gain: Option<f64>,
}

impl Outcome {
    /// Names of the columns that do not vary.
    pub(super) fn dead(&self) -> Vec<&str> {
        let columns = self.model.variables.iter().zip(&self.model.scale);
        columns
            .filter(|(_, sd)| **sd <= 0.0)
            .map(|(name, _)| name.as_str())
            .collect()
    }

    fn variables(&self) -> impl Iterator<Item = Variable<'_>> {
        let model = &self.model;
        let mut gains = vec![None; model.variables.len()];
        for (index, gain) in &self.fit.gains {
            gains[*index] = Some(*gain);
        }
        let effects = model.coefficients();
        model.variables.iter().enumerate().map(move |(i, name)| {
            let (m, w, sd) = (model.inclusion[i], model.weight[i], model.scale[i]);
            Variable {
                name,
                selected: m > 0.5,
                inclusion: m,
                weight: if sd > 0.0 { w / sd } else { 0.0 },
                effect: effects[i],
                evidence: model.evidence[i],
                standardised: (m * w).abs() / model.target_sd,
                gain: gains[i],
            }
        })
    }

    fn noise_sd(&self) -> f64 {
        self.model.noise_sd
    }
}

/// The object of schema `gibbs.garrote.fit/1`. Weights and effects in units of the target per unit of the
/// variable; evidence, gamma and free energies in nats.
pub(super) fn json_of(outcome: &Outcome, design: &Design) -> Value {
    let model = &outcome.model;
    let entry = |v: Variable<'_>| {
        json!({
            "name": v.name,
            "inclusion": v.inclusion,
            "weight": v.weight,
            "effect": v.effect,
            "evidence": v.evidence,
            "standardised_effect": v.standardised,
            "free_energy_gain": v.gain,
        })
    };
    json!({
        "schema": "gibbs.garrote.fit/1",
        "target": model.target,
        "rows": design.rows(),
        "selected": outcome.variables().filter(|v| v.selected).map(|v| v.name).collect::<Vec<_>>(),
        "variables": outcome.variables().map(entry).collect::<Vec<_>>(),
        "dead": outcome.dead(),
        "intercept": model.intercept(),
        "gamma": model.gamma,
        "noise_sd": outcome.noise_sd(),
        "rule": model.rule,
        "status": model.status,
        "seed": model.seed,
    })
}

/// The table of the selected variables, the most important first, and the numbers of the fit.
pub(super) fn text_of(outcome: &Outcome, design: &Design) -> String {
    let model = &outcome.model;
    let mut selected: Vec<Variable<'_>> = outcome.variables().filter(|v| v.selected).collect();
    selected.sort_by(|a, b| b.standardised.total_cmp(&a.standardised));
    let mut text = String::new();
    if selected.is_empty() {
        text.push_str("no variable was selected\n");
    } else {
        let mut table = Table::new(&[
            "variable",
            "inclusion",
            "weight",
            "effect",
            "std. effect",
            "evidence",
            "Delta F",
        ])
        .right(&[1, 2, 3, 4, 5, 6]);
        for v in &selected {
            let gain = v.gain.map_or_else(String::new, plain);
            let numbers = [v.weight, v.effect, v.standardised, v.evidence].map(plain);
            let first = [v.name.to_owned(), format!("{:.4}", v.inclusion)];
            table.push(first.into_iter().chain(numbers).chain([gain]));
        }
        text.push_str(&table.to_text(Style::of_stdout()));
    }
    let gamma = format!(
        "{} (sparsity = -gamma = {})",
        plain(model.gamma),
        plain(-model.gamma)
    );
    let mut facts = vec![
        (
            "target",
            format!("{}, {} rows", crate::data::shorten(&model.target), design.rows()),
        ),
        (
            "selected",
            format!("{} of {} variables", selected.len(), model.variables.len()),
        ),
        ("intercept", plain(model.intercept())),
        ("gamma", gamma),
        ("noise sd", plain(outcome.noise_sd())),
        ("rule", model.rule.clone()),
        ("status", model.status.clone()),
        ("seed", model.seed.to_string()),
    ];
    if let Some(inference) = outcome.fit.bootstrap.as_ref().and_then(|b| b.inference.as_ref()) {
        let count = plain(inference.density * model.variables.len() as f64);
        facts.push((
            "signal",
            format!("{count} relevant variables, misfit {}", plain(inference.misfit)),
        ));
    }
    text.push('\n');
    for (name, value) in facts {
        let _ = writeln!(text, "{name:<10} {value}");
    }
    text
}

/// All variables as CSV, in the order of the columns.
pub(super) fn table_csv(outcome: &Outcome) -> Result<Vec<u8>, CliError> {
    let failed = |e: &dyn std::fmt::Display| CliError::failed(format!("cannot make the table: {e}"));
    let mut writer = csv::Writer::from_writer(Vec::new());
    let header = [
        "variable",
        "selected",
        "inclusion",
        "weight",
        "effect",
        "standardised_effect",
        "evidence",
        "free_energy_gain",
    ];
    writer.write_record(header).map_err(|e| failed(&e))?;
    for v in outcome.variables() {
        let exact = |value: f64| format!("{value:?}");
        let record = [
            v.name.to_owned(),
            u8::from(v.selected).to_string(),
            exact(v.inclusion),
            exact(v.weight),
            exact(v.effect),
            exact(v.standardised),
            exact(v.evidence),
            v.gain.map_or_else(String::new, exact),
        ];
        writer.write_record(record).map_err(|e| failed(&e))?;
    }
    writer.into_inner().map_err(|e| failed(&e))
}
