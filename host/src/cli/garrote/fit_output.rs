//! The result of `fit`: what is known of each variable, and of the whole.

use crate::garrote::model::Interval;
use crate::garrote::summary::Statistics;
use crate::garrote::{Design, Fit, Model};
use crate::report::answer::Answer;
use crate::report::number::{plain, significant};
use crate::report::rows::Rows;
use crate::report::table::Style;

/// A fit and what follows from it.
pub(super) struct Outcome {
    pub(super) fit: Fit,
    pub(super) model: Model,
    pub(super) statistics: Statistics,
}

/// One variable, in original units.
pub(super) struct Variable<'a> {
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
    /// In every fit, not chosen.
    forced: bool,
    /// By least squares on the selected variables; none of the others.
    interval: Option<Interval>,
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

    /// All variables, in the order of the columns.
    pub(super) fn variables(&self) -> Vec<Variable<'_>> {
        let model = &self.model;
        let free = self.fit.inclusion.len();
        let intervals = model.intervals();
        let mut gains = vec![None; model.variables.len()];
        for (index, gain) in &self.fit.gains {
            gains[*index] = Some(*gain);
        }
        let effects = model.coefficients();
        let columns = model.variables.iter().enumerate();
        let variables = columns.map(|(i, name)| {
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
                forced: i >= free,
                interval: intervals.iter().find(|interval| interval.index == i).copied(),
            }
        });
        variables.collect()
    }
}

/// The table of variables. Weights and effects in units of the target per unit of the variable; evidence and free energies
/// in nats.
pub(super) fn variables(variables: &[Variable<'_>]) -> Rows {
    Rows::of("variables", variables)
        .text("name", |v| v.name)
        .titled("variable")
        .flag("selected", |v| v.selected)
        .hidden()
        .number("inclusion", |v| v.inclusion)
        .digits(4)
        .number("weight", |v| v.weight)
        .digits(4)
        .number("effect", |v| v.effect)
        .digits(4)
        .number("standardised_effect", |v| v.standardised)
        .digits(4)
        .titled("std. effect")
        .number("evidence", |v| v.evidence)
        .digits(4)
        .number("free_energy_gain", |v| v.gain)
        .digits(4)
        .titled("Delta F")
        .number("low", |v| v.interval.map(|i| i.low))
        .digits(4)
        .number("high", |v| v.interval.map(|i| i.high))
        .digits(4)
        .number("least_squares", |v| v.interval.map(|i| i.estimate))
        .hidden()
        .number("standard_error", |v| v.interval.map(|i| i.standard_error))
        .hidden()
        .number("p_value", |v| v.interval.map(|i| i.p_value))
        .hidden()
        .flag("forced", |v| v.forced)
        .hidden()
        .done()
}

/// The sets of least criterion after the selected one: how much larger it is, and the variables.
pub(super) fn runners_up(outcome: &Outcome, design: &Design) -> Rows {
    let Statistics {
        criterion,
        runners_up,
        ..
    } = &outcome.statistics;
    let names = |support: &[usize]| support.iter().map(|i| design.names[*i].clone()).collect();
    Rows::of("runners_up", runners_up)
        .number("larger_by", |set| set.criterion - criterion)
        .digits(4)
        .titled("larger by")
        .list("variables", |set| Some(names(&set.support)))
        .titled("runner-up")
        .done()
}

/// The answer of schema `gibbs.garrote.fit/3`: the text shows the selected variables, the most important first.
pub(super) fn answer(outcome: &Outcome, design: &Design) -> Answer {
    let model = &outcome.model;
    let all = outcome.variables();
    let names: Vec<&str> = all.iter().filter(|v| v.selected).map(|v| v.name).collect();
    let mut answer = Answer::new();
    answer.hidden("variables", variables(&all).to_json());
    let mut selected: Vec<Variable<'_>> = all.into_iter().filter(|v| v.selected).collect();
    selected.sort_by(|a, b| b.standardised.total_cmp(&a.standardised));
    if selected.is_empty() {
        answer.block("no variable was selected\n");
    } else {
        answer.block(variables(&selected).to_text(Style::of_stdout(), usize::MAX));
    }
    answer
        .text("target", &model.target)
        .says(crate::data::shorten(&model.target));
    answer.count("rows", design.rows() as u64);
    let count = format!("{} of {} variables", names.len(), model.variables.len());
    answer.value("selected", names, count);
    answer.hidden("dead", outcome.dead());
    answer.number("intercept", model.intercept()).digits(4);
    let gamma = format!(
        "{} (sparsity = -gamma = {})",
        plain(model.gamma),
        plain(-model.gamma)
    );
    answer.number("gamma", model.gamma).says(gamma);
    answer.number("noise_sd", model.noise_sd).digits(4);
    answer.text("rule", &model.rule);
    let Statistics {
        r2,
        adjusted_r2,
        criterion,
        proven,
        runners_up: others,
    } = &outcome.statistics;
    answer.number("r2", *r2).label("R2").says(format!(
        "{} (adjusted {})",
        significant(*r2, 4),
        significant(*adjusted_r2, 4)
    ));
    answer.hidden("adjusted_r2", adjusted_r2);
    let least = if *proven { ", proved to be the least" } else { "" };
    answer
        .number("criterion", *criterion)
        .says(format!("{}{least}", significant(*criterion, 6)));
    answer.hidden("criterion_is_least", proven);
    answer.hidden(
        "forced",
        design
            .forced
            .iter()
            .map(|forced| &forced.name)
            .collect::<Vec<_>>(),
    );
    answer.hidden("binary_target", design.has_binary_target());
    answer.shown("ended", &model.status);
    if let Some(inference) = outcome.fit.bootstrap.as_ref().and_then(|b| b.inference.as_ref()) {
        let count = plain(inference.density * model.variables.len() as f64);
        let misfit = plain(inference.misfit);
        answer.shown("signal", format!("{count} relevant variables, misfit {misfit}"));
    }
    let table = runners_up(outcome, design);
    if others.is_empty() {
        answer.hidden("runners_up", table.to_json());
    } else {
        answer.rows(&table);
    }
    answer
}
