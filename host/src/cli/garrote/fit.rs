//! `gibbs garrote fit FILE --target COLUMN`: select variables, fit their weights, write the model.

use super::fit_output::{Outcome, answer, runners_up, variables};
use super::reading::{Data, Model};
use super::{figures, list, refused};
use crate::cli::error::CliError;
use crate::cli::session::{Common, Ended, Folder, Session, Status, Verb};
use crate::garrote::fit::{fit_with, status_name};
use crate::garrote::summary::ties;
use crate::garrote::{Design, FitError, FitOptions, Rule};
use crate::keep::Identity;
use crate::work::Work;
use clap::Args;
use gibbs_core::garrote::Status as Ending;
use gibbs_core::random::{FNV_OFFSET, fnv1a};
use std::path::PathBuf;

const VERB: Verb = Verb {
    name: "garrote.fit",
    version: 3,
    folder: Folder::Optional,
    keeps: true,
};

/// Files that not every rule writes: those of an earlier run go.
const OF_SOME_RULES: [&str; 5] = [
    "error.png",
    "error.svg",
    "runners_up.csv",
    "transition.png",
    "transition.svg",
];

/// Entries of a table above which a fit may take long enough to show that it is running.
const LARGE: usize = 5_000_000;

/// Arguments of `gibbs garrote fit`.
#[derive(Debug, Args)]
#[command(after_help = "\
Rules (how gamma, and with it the set of variables, is chosen):
  ebic        smallest extended BIC over path and search: few false positives (default)
  ebic:0.5    for correlated columns or weak signals; ebic:G for any other weight G >= 0
  bic         ebic:0, for few columns
  cv          smallest K-fold cross-validation error on the path: for prediction
  validation  smallest error on rows held out: --validation FILE, or a third of the rows
  transition  as many variables as the transition signal of a bootstrap ensemble says
  plateau     the longest stretch of the path with an unchanged set

Examples:
  gibbs garrote fit data.csv --target y
  gibbs garrote fit data.csv --target y --rule cv --folds 10 --out fit
  gibbs garrote fit data.csv --target y --rule transition --replicas 500 --out fit --resume
  gibbs garrote fit data.csv --target y --force age --force sex --weights w
  gibbs garrote fit data.csv --target y --ignore id,name --missing drop-rows --json

inclusion   probability m that the variable is in
weight      target per unit of the variable, if it is in
effect      inclusion times weight: what the prediction uses
evidence    for being in, nats
low, high   95 % interval (Student's t) of the weight by least squares on the selected variables, the set taken as given
criterion   EBIC of the selected set; runner-ups: the sets of least criterion after it, and how much larger it is there
Exit code 1 when the solver did not converge; the result is printed all the same.")]
pub(super) struct Arguments {
    #[command(flatten)]
    data: Data,
    /// ebic, ebic:G, bic, cv, validation, transition or plateau
    #[arg(
        long,
        value_name = "RULE",
        default_value = "ebic",
        help_heading = "Choosing gamma"
    )]
    rule: Rule,
    /// Table to choose gamma on (rule validation)
    #[arg(long, value_name = "FILE", help_heading = "Choosing gamma")]
    validation: Option<PathBuf>,
    /// Folds (rule cv), 2 or more
    #[arg(long, value_name = "K", default_value_t = 5, help_heading = "Choosing gamma", value_parser = clap::value_parser!(u32).range(2..))]
    folds: u32,
    /// Bootstrap fits (rule transition), 2 or more
    #[arg(long, value_name = "R", default_value_t = 50, help_heading = "Choosing gamma", value_parser = clap::value_parser!(u32).range(2..))]
    replicas: u32,
    #[command(flatten)]
    model: Model,
}

pub(super) fn run(arguments: &Arguments, common: &Common) -> Result<Status, CliError> {
    if arguments.validation.is_some() && arguments.rule != Rule::Validation {
        let message = "--validation has no use without the rule that reads it\nhint: --rule validation";
        return Err(CliError::input(message));
    }
    let session = Session::begin(common, VERB)?;
    let file = &arguments.data.file;
    let design = arguments.data.design(&session)?;
    let mut options = FitOptions {
        rule: arguments.rule,
        folds: arguments.folds as usize,
        replicas: arguments.replicas as usize,
        ..arguments.model.options(&session)
    };
    if let Some(held) = &arguments.validation {
        options.held = Some(arguments.data.held_out(held, &design, &session)?);
    }
    let outcome = session.run(&identity(&design, &options), |work| {
        compute(&design, &options, work).map_err(|error| refused(error, file))
    })?;
    warn(&outcome, &design, &session);
    write(&outcome, &design, &session)?;
    let ended = match outcome.fit.solution.status {
        _ if outcome.fit.no_transition => Ended::not_met("no_transition"),
        Ending::Converged => Ended::CONVERGED,
        other => Ended::not_met(status_name(other)),
    };
    session.done(answer(&outcome, &design), ended)
}

fn compute(design: &Design, options: &FitOptions, work: &Work<'_>) -> Result<Outcome, FitError> {
    let large = design.rows().saturating_mul(design.variables()) >= LARGE;
    if large {
        let task = format!("fitting {} rows, {} variables", design.rows(), design.variables());
        work.progress.begin(&task, 0);
    }
    let fit = fit_with(design, options, work)?;
    work.check()?;
    let model = fit.model(design, options)?;
    let statistics = fit.statistics(design, options)?;
    work.check()?;
    if large {
        work.progress.end("fitting: done");
    }
    Ok(Outcome {
        fit,
        model,
        statistics,
    })
}

/// What the fit depends on.
fn identity(design: &Design, options: &FitOptions) -> Identity {
    let settings = format!(
        "{:?} {:?} {} {} {} {} {:?} {:?} {:?}",
        options.solver,
        options.path_tolerance,
        options.gammas,
        options.folds,
        options.replicas,
        options.rule,
        design.names,
        design.target,
        design
            .forced
            .iter()
            .map(|forced| &forced.name)
            .collect::<Vec<_>>(),
    );
    let weights: Vec<f64> = (0..design.rows()).map(|row| design.root_weight(row)).collect();
    let numbers = design
        .x
        .iter()
        .chain(&design.y)
        .chain(&design.mean)
        .chain(&design.scale)
        .chain(&weights)
        .chain(design.forced.iter().flat_map(|forced| &forced.column));
    let hash = numbers.fold(FNV_OFFSET, |hash, value| fnv1a(hash, &value.to_le_bytes()));
    Identity::new(VERB.name, options.seed)
        .with("rule", options.rule)
        .options(&settings)
        .data(hash)
}

/// What the user should know about the result but is not the result.
fn warn(outcome: &Outcome, design: &Design, session: &Session<'_>) {
    let dead = outcome.dead();
    if !dead.is_empty() {
        let names = list(dead.iter().copied());
        session.remark(&format!(
            "note: columns that do not vary, never selected: {names}"
        ));
    }
    if design.has_binary_target() {
        session.remark(&format!(
            "note: `{}` takes two values only: this is least squares, no classifier; predictions may leave the two, and the \
             noise is not the same in all rows",
            crate::data::shorten(&design.target)
        ));
    }
    let tied = ties(design, &outcome.fit.support());
    let name = |i: usize| crate::data::shorten(&design.names[i]);
    for (chosen, left_out, correlation) in tied.iter().take(8) {
        let (chosen, left_out) = (name(*chosen), name(*left_out));
        session.remark(&format!(
            "note: tie: `{chosen}` was selected and `{left_out}` left out, but their correlation is \
             {correlation:.4}: the data cannot tell them apart"
        ));
    }
    if tied.len() > 8 {
        session.remark(&format!("note: {} more ties", tied.len() - 8));
    }
    let advice = match outcome.fit.solution.status {
        _ if outcome.fit.no_transition => {
            "no transition found: the data look like noise, no variable is selected"
        }
        Ending::Converged => return,
        Ending::BetaCapped => {
            "the noise variance reached its floor: an interpolation\n\
             hint: fewer variables, more rows, or --noise-sd SD if the noise is known"
        }
        Ending::MaxSweeps => "not converged: the limit of sweeps came first",
        Ending::ConstantTarget => "the target does not vary",
        Ending::Singular => "not converged: a matrix could not be inverted",
    };
    session.remark(&format!("warning: {advice}"));
}

/// Model, table and figures.
fn write(outcome: &Outcome, design: &Design, session: &Session<'_>) -> Result<(), CliError> {
    if session.out().is_none() {
        return Ok(());
    }
    session.clear_where("", |name| OF_SOME_RULES.contains(&name))?;
    let fit = &outcome.fit;
    let chosen = Some((fit.solution.gamma, &fit.support()[..]));
    session.write("model.safetensors", &outcome.model.to_file()?)?;
    session.write("variables.csv", &variables(&outcome.variables()))?;
    if !outcome.statistics.runners_up.is_empty() {
        session.write("runners_up.csv", &runners_up(outcome, design))?;
    }
    let inclusion = figures::inclusion(&fit.trail, &design.names, &design.target, chosen);
    session.write("inclusion", &inclusion)?;
    session.write("importance", &figures::importance(&outcome.model))?;
    if let Some(curve) = &fit.errors {
        session.write("error", &figures::errors(curve, &fit.trail, outcome))?;
    }
    let ensemble = fit.bootstrap.as_ref();
    if let Some(figure) = ensemble.and_then(|ensemble| figures::transition(ensemble, &design.target)) {
        session.write("transition", &figure)?;
    }
    Ok(())
}
