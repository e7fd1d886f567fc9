//! The answers: of one temperature, and of many.

use crate::ising::figures::{Exact, Measured as Drawn};
use crate::ising::oracle::onsager::CRITICAL_TEMPERATURE;
use crate::ising::sample::{Coupling, Measured, Plan, Rule, Start, Summary};
use crate::report::answer::Answer;
use crate::report::figure::Figure;
use crate::report::number::significant;
use crate::report::rows::Rows;
use crate::report::table::Style;
use serde_json::{Value, json};

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

/// What was run, in fields that do not depend on the temperature.
fn facts(answer: &mut Answer, plan: &Plan) {
    answer.shown("lattice", format!("{} x {}", plan.width, plan.height));
    answer.hidden("width", plan.width);
    answer.hidden("height", plan.height);
    let rule = rule_name(plan.rule);
    answer
        .text("rule", rule)
        .says(format!("{rule}, stream {}", plan.stream_name()));
    answer.hidden("stream", plan.stream_name());
    answer.hidden("bits", (plan.rule == Rule::Metropolis).then_some(plan.bits));
    answer.text("coupling", coupling_name(plan.coupling));
    answer.hidden("staggered", plan.coupling == Coupling::Antiferromagnet);
    answer.hidden("burn_in", plan.burn_in);
    answer.hidden("every", plan.every);
    answer.hidden("measurements", plan.measurements());
}

/// `sweeps` with how they were measured in words.
fn sweeps(answer: &mut Answer, plan: &Plan, start: &str) {
    let Plan {
        sweeps,
        burn_in,
        every,
        ..
    } = plan;
    answer
        .count("sweeps", *sweeps)
        .says(format!("{sweeps} after {burn_in}{start}, measured every {every}"));
}

/// Observables with their errors and autocorrelation times (in measurements), null where there are none, with the reason;
/// an infinite temperature is null too.
pub(super) fn of_one(plan: &Plan, summary: &Summary, temperature: f64) -> Answer {
    let mut answer = Answer::new();
    let observables = summary.observables();
    let table = Rows::of("observables", &observables)
        .text("observable", |(name, _)| *name)
        .measured("mean", |(_, o)| (o.mean, o.estimate.ok().map(|e| e.error)))
        .number("tau", |(_, o)| o.estimate.ok().map(|e| e.tau))
        .digits(3)
        .done();
    answer.block(table.to_text(Style::of_stdout(), usize::MAX));
    for (name, measured) in [
        ("energy", Some(&summary.energy)),
        ("abs_magnetization", Some(&summary.abs_magnetization)),
        ("magnetization2", Some(&summary.magnetization2)),
        ("binder", Some(&summary.binder)),
        ("specific_heat", Some(&summary.specific_heat)),
        ("susceptibility", Some(&summary.susceptibility)),
        ("correlation_length", summary.correlation_length.as_ref()),
    ] {
        answer.hidden(name, measured.map(measured_json));
    }
    facts(&mut answer, plan);
    let exact = significant(temperature, 12);
    answer
        .number("temperature", plan.temperature)
        .label("T")
        .says(format!("{}, exact at {exact}", plan.temperature));
    answer.hidden("temperature_effective", temperature);
    let start = start_name(plan.start);
    answer.hidden("start", start);
    sweeps(&mut answer, plan, &format!(" from {start}"));
    answer
}

/// What was measured at one temperature of many.
pub(super) struct Point {
    pub(super) plan: Plan,
    pub(super) effective: f64,
    pub(super) summary: Summary,
}

impl Point {
    /// The error of an observable at this temperature.
    fn pair(measured: &Measured) -> (f64, Option<f64>) {
        (measured.mean, measured.estimate.ok().map(|e| e.error))
    }
}

/// Which observables have no error, and why: `name: reason; …`.
fn why(summary: &Summary) -> String {
    let reasons = summary.observables().into_iter().filter_map(|(name, measured)| {
        let reason = measured.estimate.err()?.to_string();
        Some(format!("{name}: {}", reason.lines().next().unwrap_or_default()))
    });
    reasons.collect::<Vec<_>>().join("; ")
}

/// A row per temperature; `seed` is that with which the temperature alone gives the same bits.
pub(super) fn table(points: &[Point]) -> Rows {
    Rows::of("temperatures", points)
        .number("temperature", |p| p.plan.temperature)
        .titled("T")
        .number("temperature_effective", |p| p.effective)
        .hidden()
        .measured("energy", |p| Point::pair(&p.summary.energy))
        .measured("abs_magnetization", |p| Point::pair(&p.summary.abs_magnetization))
        .titled("|m|")
        .measured("magnetization2", |p| Point::pair(&p.summary.magnetization2))
        .hidden()
        .measured("binder", |p| Point::pair(&p.summary.binder))
        .measured("specific_heat", |p| Point::pair(&p.summary.specific_heat))
        .measured("susceptibility", |p| Point::pair(&p.summary.susceptibility))
        .measured("correlation_length", |p| {
            let xi = p.summary.correlation_length.as_ref();
            let xi = xi.filter(|xi| xi.mean.is_finite());
            xi.map_or((None, None), |xi| (Some(xi.mean), Point::pair(xi).1))
        })
        .number("tau", |p| p.summary.energy.estimate.ok().map(|e| e.tau))
        .digits(3)
        .text("start", |p| start_name(p.plan.start))
        .hidden()
        .count("seed", |p| p.plan.seed)
        .hidden()
        .text("without_error", |p| why(&p.summary))
        .hidden()
        .done()
}

/// The table, and what was run.
pub(super) fn of_many(plan: &Plan, table: &Rows) -> Answer {
    let mut answer = Answer::new();
    answer.rows(table);
    facts(&mut answer, plan);
    sweeps(&mut answer, plan, "");
    answer
}

/// Energy, magnetisation, specific heat, susceptibility, Binder's cumulant and correlation length over the temperature.
pub(super) fn figure(plan: &Plan, points: &[Point]) -> Figure {
    type Of = fn(&Summary) -> Option<&Measured>;
    let quantities: [(&str, &str, Of); 6] = [
        ("Energy", "e / |J|", |s| Some(&s.energy)),
        ("Magnetisation", "<|m|>", |s| Some(&s.abs_magnetization)),
        ("Specific heat", "c / k_B", |s| Some(&s.specific_heat)),
        ("Susceptibility", "chi |J|", |s| Some(&s.susceptibility)),
        ("Binder's cumulant", "U", |s| Some(&s.binder)),
        ("Correlation length", "xi / sites", |s| {
            s.correlation_length.as_ref()
        }),
    ];
    let critical = (!matches!(plan.coupling, Coupling::PlusMinus(_))).then_some(CRITICAL_TEMPERATURE);
    let inside = |t: f64| {
        points.iter().any(|p| p.plan.temperature <= t) && points.iter().any(|p| p.plan.temperature >= t)
    };
    let last = quantities.len() - 1;
    let mut index = 0..;
    let charts = quantities.map(|(title, y_label, of)| {
        // Below the critical temperature xi is no correlation length (see `ising::sample::wave`).
        let hot = index.next() == Some(last);
        let found: Vec<(f64, &Measured)> = (points.iter())
            .filter_map(|p| Some((p.plan.temperature, of(&p.summary)?)))
            .filter(|(t, measured)| measured.mean.is_finite() && !(hot && critical.is_some_and(|c| *t < c)))
            .collect();
        let line: Vec<(f64, f64)> = found.iter().map(|(t, m)| (*t, m.mean)).collect();
        Exact {
            title: title.to_owned(),
            x_label: "T in units of |J| / k_B".to_owned(),
            y_label: y_label.to_owned(),
            series: vec![Drawn {
                errors: found
                    .iter()
                    .map(|(_, m)| Point::pair(m).1.unwrap_or(0.0))
                    .collect(),
                points: line.clone(),
                curve: line,
                ..Drawn::default()
            }],
            vertical: critical.filter(|t| inside(*t)).map(|t| (t, String::new())),
            horizontal: None,
        }
    });
    let dotted = critical.map_or("", |_| "; dotted: T_c of the infinite lattice");
    let title = format!("Square lattice of {} x {} sites{dotted}", plan.width, plan.height);
    Exact::panels(&title, &charts)
}
