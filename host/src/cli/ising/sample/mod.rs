//! `gibbs ising sample`: configurations of the square lattice and what is measured of them, at one temperature or at many.
//!
//! `arguments`: what is asked for, and why it is refused; `report`: the answers; `writing`: the files of a run.

mod arguments;
mod report;
mod writing;

pub(super) use arguments::Arguments;

use crate::cli::error::CliError;
use crate::cli::session::{Common, Ended, Folder, Session, Status, Verb};
use crate::ising::sample::{Plan, Run, SampleError, Summary, at_temperatures, png, scan};
use arguments::{CONFIGURATIONS, refused};
use std::collections::BTreeMap;

const VERB: Verb = Verb {
    name: "ising.sample",
    version: 2,
    folder: Folder::Optional,
    keeps: true,
};

/// Files of a finished run beside configurations and pictures: those of an earlier run, of the other kind perhaps, go.
const FILES: [&str; 4] = [
    "observables.csv",
    "temperatures.csv",
    "temperatures.svg",
    "temperatures.png",
];

pub(super) fn run(arguments: &Arguments, common: &Common) -> Result<Status, CliError> {
    let plan = arguments.plan(common)?;
    let temperatures = arguments.temperatures()?;
    let session = Session::begin(common, VERB)?;
    if !common.resume {
        session.clear("snapshot-", ".png")?;
        session.clear_where("", |name| FILES.contains(&name) || CONFIGURATIONS.contains(&name))?;
    }
    match temperatures {
        None => one(arguments, &plan, session),
        Some(temperatures) => many(arguments, &plan, &temperatures, session),
    }
}

/// One chain at one temperature.
fn one(arguments: &Arguments, plan: &Plan, session: Session<'_>) -> Result<Status, CliError> {
    let refuse = |error: SampleError| refused(error, plan);
    let temperature = plan.temperature_effective().map_err(refuse)?;
    plan.check().map_err(refuse)?;
    session.needs(plan.bytes(), "the lattice and its measurements")?;
    let mut run = Run::new(*plan).map_err(refuse)?;
    session.run(&plan.identity(VERB.name), |work| {
        run.finish(work, |run| snapshot(arguments, &session, run))
    })?;
    snapshots_there(arguments, &session, plan);
    let summary = Summary::new(plan, run.record(), temperature).map_err(no_summary)?;
    remark_missing(&session, &summary);
    writing::write(arguments.form, plan, run.record(), &session)?;
    session.done(report::of_one(plan, &summary, temperature), Ended::DONE)
}

/// One chain per temperature.
fn many(
    arguments: &Arguments,
    plan: &Plan,
    temperatures: &[f64],
    session: Session<'_>,
) -> Result<Status, CliError> {
    let mut plans = at_temperatures(plan, temperatures);
    for plan in &mut plans {
        plan.start = arguments.start(plan.temperature);
    }
    let refuse = |error: SampleError, plan: &Plan| refused(error, plan);
    for plan in &plans {
        plan.check().map_err(|error| refuse(error, plan))?;
    }
    let chains = plans.len() as u64;
    session.needs(
        plan.bytes().saturating_add(chains * plan.measurements() * 64),
        "the lattice and its measurements at all temperatures",
    )?;
    let identity = plan
        .identity(VERB.name)
        .with("temperatures", format_args!("{temperatures:?}"))
        .options(&plans);
    let records = session.run(&identity, |work| {
        scan(&plans, work).map_err(|error| refuse(error, plan))
    })?;
    let mut without = 0;
    let mut points = Vec::new();
    for (plan, record) in plans.into_iter().zip(&records) {
        let effective = plan
            .temperature_effective()
            .map_err(|error| refuse(error, &plan))?;
        let summary = Summary::new(&plan, record, effective).map_err(no_summary)?;
        without += summary
            .observables()
            .iter()
            .filter(|(_, o)| o.estimate.is_err())
            .count();
        points.push(report::Point {
            plan,
            effective,
            summary,
        });
    }
    if without > 0 {
        session.remark(&format!(
            "note: {without} values have no error, since their series are short, skewed or drift (JSON and CSV say which and \
             why)\nhint: more --sweeps, or near T_c --rule swendsen-wang"
        ));
    }
    let table = report::table(&points);
    session.write("temperatures.csv", &table)?;
    session.write("temperatures", &report::figure(plan, &points))?;
    session.done(report::of_many(plan, &table), Ended::DONE)
}

#[allow(clippy::needless_pass_by_value)] // as `map_err` gives it
fn no_summary(error: crate::ising::statistics::SeriesError) -> CliError {
    CliError::failed(error.to_string())
}

/// Whether a picture is due after so many measurements.
fn is_due(arguments: &Arguments, plan: &Plan, measured: u64) -> bool {
    let due = |measured: u64| {
        u128::from(measured) * u128::from(arguments.snapshots) / u128::from(plan.measurements())
    };
    due(measured) > due(measured - 1)
}

fn name_of_snapshot(sweep: u64) -> String {
    format!("snapshot-{sweep:09}.png")
}

/// Writes a picture after the measurements that are due one.
fn snapshot(arguments: &Arguments, session: &Session<'_>, run: &mut Run) -> Result<(), CliError> {
    let plan = *run.plan();
    if session.out().is_none() || !is_due(arguments, &plan, run.record().energies.len() as u64) {
        return Ok(());
    }
    let failed = |reason: String| CliError::failed(reason);
    let packed = run.packed().map_err(|e| failed(e.to_string()))?;
    let picture = png(&packed, plan.width, plan.height).map_err(|e| failed(e.to_string()))?;
    session.write_silently(&name_of_snapshot(run.done()), &picture[..])
}

/// Lists the pictures of the whole run, those from before a stop among them.
fn snapshots_there(arguments: &Arguments, session: &Session<'_>, plan: &Plan) {
    let Some(out) = session.out() else { return };
    for measured in (1..=plan.measurements()).filter(|measured| is_due(arguments, plan, *measured)) {
        session.wrote(&out.join(name_of_snapshot(plan.burn_in + measured * plan.every)));
    }
}

/// Says once of each reason which observables have no error.
fn remark_missing(session: &Session<'_>, summary: &Summary) {
    let mut reasons: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for (name, measured) in summary.observables() {
        if let Err(reason) = &measured.estimate {
            reasons.entry(reason.to_string()).or_default().push(name);
        }
    }
    for (reason, names) in reasons {
        session.remark(&format!("note: no error of {}: {reason}", names.join(", ")));
    }
}
