//! What is said on standard output: the table, or the JSON object.

use crate::ising::sample::{Coupling, Measured, Plan, Rule, Start, Summary};
use crate::report::number::{significant, with_error};
use crate::report::table::{Style, Table};
use serde_json::{Value, json};
use std::fmt::Write as _; // writing to a string cannot fail

fn measured_json(measured: &Measured) -> Value {
    let estimate = measured.estimate.ok();
    json!({
        "mean": measured.mean,
        "error": estimate.map(|e| e.error),
        "tau": estimate.map(|e| e.tau),
        "reason": measured.estimate.err().map(|reason| reason.to_string()),
    })
}

fn rule_name(rule: Rule) -> &'static str {
    match rule {
        Rule::Metropolis => "metropolis",
        Rule::HeatBath => "heat-bath",
        Rule::Wolff => "wolff",
        Rule::SwendsenWang => "swendsen-wang",
    }
}

fn coupling_name(coupling: Coupling) -> String {
    match coupling {
        Coupling::Ferromagnet => "ferro".to_owned(),
        Coupling::Antiferromagnet => "antiferro".to_owned(),
        Coupling::PlusMinus(p) => format!("plus-minus={p}"),
    }
}

fn start_name(start: Start) -> &'static str {
    match start {
        Start::Ordered => "ordered",
        Start::Random => "random",
    }
}

/// The object of schema `gibbs.ising.sample/1`. Errors and taus (in measurements) are null where there are none, with
/// the reason; an infinite temperature is null too.
pub(super) fn json_of(plan: &Plan, summary: &Summary, temperature: f64) -> Value {
    json!({
        "schema": "gibbs.ising.sample/1",
        "width": plan.width,
        "height": plan.height,
        "coupling": coupling_name(plan.coupling),
        "rule": rule_name(plan.rule),
        "bits": (plan.rule == Rule::Metropolis).then_some(plan.bits),
        "stream": plan.stream_name(),
        "start": start_name(plan.start),
        "temperature": plan.temperature,
        "temperature_effective": temperature,
        "energy": measured_json(&summary.energy),
        "abs_magnetization": measured_json(&summary.abs_magnetization),
        "magnetization2": measured_json(&summary.magnetization2),
        "binder": measured_json(&summary.binder),
        "specific_heat": measured_json(&summary.specific_heat),
        "susceptibility": measured_json(&summary.susceptibility),
        "staggered": plan.coupling == Coupling::Antiferromagnet,
        "sweeps": plan.sweeps,
        "burn_in": plan.burn_in,
        "measurements": plan.measurements(),
        "every": plan.every,
        "seed": plan.seed,
    })
}

pub(super) fn text_of(plan: &Plan, summary: &Summary, temperature: f64) -> String {
    let mut table = Table::new(&["observable", "mean", "tau"]).right(&[1, 2]);
    for (name, measured) in summary.observables() {
        let (mean, tau) = match &measured.estimate {
            Ok(e) => (with_error(e.mean, e.error), significant(e.tau, 3)),
            Err(_) => (significant(measured.mean, 6), String::new()),
        };
        table.push([name.to_owned(), mean, tau]);
    }
    let mut text = table.to_text(Style::of_stdout());
    text.push('\n');
    for (name, value) in [
        ("lattice", format!("{} x {}", plan.width, plan.height)),
        (
            "rule",
            format!("{}, stream {}", rule_name(plan.rule), plan.stream_name()),
        ),
        ("coupling", coupling_name(plan.coupling)),
        (
            "T",
            format!("{}, exact at {}", plan.temperature, significant(temperature, 12)),
        ),
        (
            "sweeps",
            format!(
                "{} after {} from {}, measured every {}",
                plan.sweeps,
                plan.burn_in,
                start_name(plan.start),
                plan.every
            ),
        ),
        ("seed", plan.seed.to_string()),
    ] {
        let _ = writeln!(text, "{name:<10} {value}");
    }
    text
}
