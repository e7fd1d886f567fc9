//! `gibbs garrote path FILE --target COLUMN`: the solutions at every gamma, forward and backward.

use super::reading::{Data, Model};
use super::{figures, refused};
use crate::cli::error::CliError;
use crate::cli::session::{Common, Ended, Folder, Session, Status, Verb};
use crate::garrote::fit::status_name;
use crate::garrote::trail::{Trail, default_grid, trace_design};
use crate::report::answer::Answer;
use crate::report::rows::Rows;
use clap::Args;
use gibbs_core::garrote::{Ending, Pass, Solution};
use std::collections::BTreeMap;

const VERB: Verb = Verb {
    name: "garrote.path",
    version: 2,
    folder: Folder::Optional,
    keeps: false,
};

/// Arguments of `gibbs garrote path`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gibbs garrote path data.csv --target y
  gibbs garrote path data.csv --target y --gammas 200 --out path
  gibbs garrote path data.csv --target y --json

Forward: from all gates shut, gamma rising; backward: from the end of that pass down. Where the two differ
the transition is first order (hysteresis). Of each gamma the solution with the smaller free energy F is kept;
its selected variables are named.
Exit code 1 when a solution did not converge; the curves are printed all the same.")]
pub(super) struct Arguments {
    #[command(flatten)]
    data: Data,
    #[command(flatten)]
    model: Model,
}

/// One solution of one pass.
struct Point<'a> {
    index: usize,
    pass: &'static str,
    solution: &'a Solution<f64>,
    /// Names of the selected variables.
    support: Vec<&'a str>,
    kept: bool,
}

pub(super) fn run(arguments: &Arguments, common: &Common) -> Result<Status, CliError> {
    let session = Session::begin(common, VERB)?;
    let file = &arguments.data.file;
    let design = arguments.data.design(&session)?;
    let options = arguments.model.options(&session);
    let work = session.work()?;
    let grid = default_grid(&design, options.gammas).map_err(|e| refused(e, file))?;
    let trail = trace_design(&design, &grid, options.along_path(), true)
        .and_then(|trail| Ok(work.check().map(|()| trail)?))
        .map_err(|e| refused(e, file))?;
    let points = table(&points(&trail, &design.names));
    session.write("path.csv", &points)?;
    if session.out().is_some() {
        let figure = figures::inclusion(&trail, &design.names, &design.target, None);
        session.write("inclusion", &figure)?;
    }
    let mut answer = Answer::new();
    answer.rows(&points);
    answer
        .text("target", &design.target)
        .says(crate::data::shorten(&design.target));
    answer.count("rows", design.rows() as u64);
    answer.count("variables", design.variables() as u64);
    let (ending, words) = ending(trail.ending);
    answer.text("ending", ending).says(words);
    answer.shown("selected", "named where the pass has the smaller F of the two");
    let unconverged = trail.unconverged();
    if unconverged == 0 {
        return session.done(answer, Ended::CONVERGED);
    }
    session.remark(&format!(
        "warning: {unconverged} solutions not converged: the limit of sweeps came first"
    ));
    session.done(answer, Ended::not_met("max_sweeps"))
}

/// Forward then backward, each by rising gamma.
fn points<'a>(trail: &'a Trail, names: &'a [String]) -> Vec<Point<'a>> {
    let mut supports: BTreeMap<(bool, usize), Vec<&str>> = BTreeMap::new();
    for (index, pass, gates) in trail.curves.iter().flatten() {
        let selected = gates.iter().filter(|(_, m)| *m > 0.5);
        let support = selected.map(|(i, _)| names[*i].as_str()).collect();
        supports.insert((*pass == Pass::Backward, *index), support);
    }
    let mut points = Vec::new();
    for (pass, name, curve) in [
        (Pass::Forward, "forward", &trail.forward),
        (Pass::Backward, "backward", &trail.backward),
    ] {
        for (index, solution) in curve.iter().enumerate() {
            let Some(solution) = solution else { continue };
            let support = supports.remove(&(pass == Pass::Backward, index));
            points.push(Point {
                index,
                pass: name,
                solution,
                support: support.unwrap_or_default(),
                kept: trail.kept.get(index).is_some_and(|kept| kept.pass == pass),
            });
        }
    }
    points
}

/// Gamma and free energy in nats, precision in target^-2.
fn table(points: &[Point<'_>]) -> Rows {
    Rows::of("points", points)
        .count("index", |p| p.index as u64)
        .hidden()
        .number("gamma", |p| p.solution.gamma)
        .digits(4)
        .text("pass", |p| p.pass)
        .number("total_inclusion", |p| p.solution.total_inclusion)
        .digits(4)
        .titled("sum m")
        .number("free_energy", |p| p.solution.free_energy)
        .digits(4)
        .titled("F")
        .number("precision", |p| p.solution.precision)
        .hidden()
        .number("noise_sd", |p| 1.0 / p.solution.precision.sqrt())
        .digits(4)
        .count("sweeps", |p| p.solution.sweeps)
        .text("status", |p| status_name(p.solution.status))
        .count("support_size", |p| p.support.len() as u64)
        .titled("size")
        .flag("kept", |p| p.kept)
        .hidden()
        .list("selected", |p| {
            p.kept
                .then(|| p.support.iter().map(ToString::to_string).collect())
        })
        .done()
}

/// Name and meaning.
fn ending(ending: Ending) -> (&'static str, &'static str) {
    match ending {
        Ending::Grid => ("grid", "all gammas solved"),
        Ending::Full => ("full", "stopped at half as many variables as rows"),
        Ending::Capped => ("capped", "stopped where the noise variance reached its floor"),
    }
}
