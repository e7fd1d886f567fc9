//! States, energies and intervals as JSON, text and files.

use crate::cli::error::CliError;
use crate::cli::session::Session;
use crate::ising::success::Interval;
use crate::ising::{Energy, Kind, Problem, states};
use crate::report::answer::Answer;
use crate::report::number::plain;
use serde_json::{Value, json};

/// Adds a state to an answer: `PREFIXenergy` (nearest number), `PREFIXenergy_exact` (all digits; null when rounded),
/// `PREFIXstate` (±1), `spins` and, of a QUBO, `PREFIXx` (0 or 1).
pub(super) fn answer_state(
    answer: &mut Answer,
    prefix: &str,
    problem: &Problem,
    state: &[i8],
    energy: Energy,
) {
    let label = |name: &str| format!("{}{name}", prefix.replace('_', " "));
    let name = |name: &str| format!("{prefix}{name}");
    let line = answer.number(&name("energy"), energy.nearest());
    line.label(&label("energy")).says(energy_text(energy));
    answer.hidden(&name("energy_exact"), exact_text(energy));
    let line = answer.value(&name("state"), state, state_text(problem.kind(), state));
    line.label(&label("state"));
    if problem.kind() == Kind::Qubo {
        answer.hidden(&name("x"), zeros_and_ones(state));
    }
    answer.count("spins", problem.spins() as u64);
}

/// A state as the variables of a QUBO.
pub(super) fn zeros_and_ones(state: &[i8]) -> Vec<u8> {
    state.iter().map(|s| u8::from(*s > 0)).collect()
}

/// All digits of an energy that was not rounded.
pub(super) fn exact_text(energy: Energy) -> Option<String> {
    matches!(energy, Energy::Exact(_)).then(|| energy.to_string())
}

/// An energy as it is printed: with the word that it is rounded, if so.
pub(super) fn energy_text(energy: Energy) -> String {
    match energy {
        Energy::Exact(_) => energy.to_string(),
        Energy::Rounded(_) => format!("{energy} (rounded)"),
    }
}

/// The state on one line: + and - (of a QUBO 1 and 0), the first of many.
pub(super) fn state_text(kind: Kind, state: &[i8]) -> String {
    const SHOWN: usize = 72;
    let sign = |s: &i8| match (kind, *s > 0) {
        (Kind::Ising | Kind::MaxCut, true) => '+',
        (Kind::Ising | Kind::MaxCut, false) => '-',
        (Kind::Qubo, true) => '1',
        (Kind::Qubo, false) => '0',
    };
    let mut text: String = state.iter().take(SHOWN).map(sign).collect();
    if state.len() > SHOWN {
        text.push_str(" …");
    }
    text
}

/// Writes states to a file, if there is a folder.
pub(super) fn write_states(
    session: &Session<'_>,
    name: &str,
    kind: Kind,
    all: &[&[i8]],
) -> Result<(), CliError> {
    session.stream(name, |out| states::write_states(out, kind, all))
}

/// `{estimate, low, high}`; null where it is infinite.
pub(super) fn interval_json(interval: Interval) -> Value {
    json!({"estimate": interval.estimate, "low": interval.low, "high": interval.high})
}

/// `estimate (low to high)`.
pub(super) fn interval_text(interval: Interval) -> String {
    let [estimate, low, high] = [interval.estimate, interval.low, interval.high].map(plain);
    format!("{estimate} ({low} to {high})")
}

/// The times of all ends of an interval.
pub(super) fn scaled(interval: Interval, factor: f64) -> Interval {
    Interval {
        estimate: interval.estimate * factor,
        low: interval.low * factor,
        high: interval.high * factor,
    }
}
