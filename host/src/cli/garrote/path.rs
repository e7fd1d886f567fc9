//! `gibbs garrote path FILE --target COLUMN`: the solutions at every gamma, forward and backward.

use super::reading::{Data, Model};
use super::{figures, list, refused, remark};
use crate::cli::error::CliError;
use crate::cli::output::emit;
use crate::cli::{Common, Status, interrupt};
use crate::data::{ensure_output_dir, write_atomic};
use crate::garrote::Design;
use crate::garrote::fit::status_name;
use crate::garrote::trail::{Trail, default_grid, trace_design};
use crate::progress;
use crate::report::number::plain;
use crate::report::table::{Style, Table};
use crate::work::Work;
use clap::Args;
use gibbs_core::garrote::{Ending, Pass, Solution};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;

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
    support: Vec<usize>,
    kept: bool,
}

pub(super) fn run(arguments: &Arguments, common: &Common) -> Result<Status, CliError> {
    if let Some(out) = &common.out {
        ensure_output_dir(out)?;
    }
    let interrupted = interrupt::install(common.quiet)?;
    let file = &arguments.data.file;
    let design = arguments.data.design(common)?;
    let options = arguments.model.options(common);
    let progress = progress::for_stderr(common.quiet);
    let work = Work {
        progress: &*progress,
        interrupted,
        ..Work::plain()
    };
    let grid = default_grid(&design, options.gammas).map_err(|e| refused(e, file))?;
    let trail = trace_design(&design, &grid, options.along_path(), true)
        .and_then(|trail| Ok(work.check().map(|()| trail)?))
        .map_err(|e| refused(e, file))?;
    let points = points(&trail);
    if let Some(out) = &common.out {
        write(&points, &trail, &design, out, common)?;
    }
    let unconverged = trail.unconverged();
    if unconverged > 0 {
        remark(
            common,
            &format!("warning: {unconverged} solutions not converged: the limit of sweeps came first"),
        );
    }
    emit(
        common,
        || json_of(&points, &trail, &design, common.seed),
        || text_of(&points, &trail, &design, common.seed),
    )?;
    Ok(if unconverged == 0 {
        Status::Done
    } else {
        Status::NotMet
    })
}

/// Forward then backward, each by rising gamma.
fn points(trail: &Trail) -> Vec<Point<'_>> {
    let mut supports: BTreeMap<(bool, usize), Vec<usize>> = BTreeMap::new();
    for (index, pass, gates) in trail.curves.iter().flatten() {
        let support = gates.iter().filter(|(_, m)| *m > 0.5).map(|(i, _)| *i).collect();
        supports.insert((*pass == Pass::Backward, *index), support);
    }
    let mut points = Vec::new();
    for (pass, name, curve) in [
        (Pass::Forward, "forward", &trail.forward),
        (Pass::Backward, "backward", &trail.backward),
    ] {
        for (index, solution) in curve.iter().enumerate() {
            let Some(solution) = solution else { continue };
            points.push(Point {
                index,
                pass: name,
                solution,
                support: supports
                    .remove(&(pass == Pass::Backward, index))
                    .unwrap_or_default(),
                kept: trail.kept.get(index).is_some_and(|kept| kept.pass == pass),
            });
        }
    }
    points
}

fn ending_name(ending: Ending) -> &'static str {
    match ending {
        Ending::Grid => "grid",
        Ending::Full => "full",
        Ending::Capped => "capped",
    }
}

fn ending_text(ending: Ending) -> &'static str {
    match ending {
        Ending::Grid => "all gammas solved",
        Ending::Full => "stopped at half as many variables as rows",
        Ending::Capped => "stopped where the noise variance reached its floor",
    }
}

/// The object of schema `gibbs.garrote.path/1`: gamma and free energy in nats, precision in target^-2.
fn json_of(points: &[Point<'_>], trail: &Trail, design: &Design, seed: u64) -> Value {
    let names = |p: &Point<'_>| {
        p.support
            .iter()
            .map(|i| design.names[*i].as_str())
            .collect::<Vec<_>>()
    };
    let entry = |p: &Point<'_>| {
        json!({
            "index": p.index,
            "gamma": p.solution.gamma,
            "pass": p.pass,
            "total_inclusion": p.solution.total_inclusion,
            "free_energy": p.solution.free_energy,
            "precision": p.solution.precision,
            "sweeps": p.solution.sweeps,
            "status": status_name(p.solution.status),
            "support_size": p.support.len(),
            "kept": p.kept,
            "selected": p.kept.then(|| names(p)),
        })
    };
    json!({
        "schema": "gibbs.garrote.path/1",
        "target": design.target,
        "rows": design.rows(),
        "variables": design.variables(),
        "ending": ending_name(trail.ending),
        "points": points.iter().map(entry).collect::<Vec<_>>(),
        "seed": seed,
    })
}

const HEADER: [&str; 9] = [
    "gamma",
    "pass",
    "total_inclusion",
    "free_energy",
    "precision",
    "sweeps",
    "status",
    "support_size",
    "selected",
];

fn text_of(points: &[Point<'_>], trail: &Trail, design: &Design, seed: u64) -> String {
    let mut table = Table::new(&[
        "gamma", "pass", "sum m", "F", "noise sd", "sweeps", "status", "size", "selected",
    ])
    .right(&[0, 2, 3, 4, 5, 7]);
    for p in points {
        let s = p.solution;
        let names = match (p.kept, p.support.is_empty()) {
            (false, _) => String::new(),
            (true, true) => "-".to_owned(),
            (true, false) => list(p.support.iter().map(|i| design.names[*i].as_str())),
        };
        table.push([
            plain(s.gamma),
            p.pass.to_owned(),
            plain(s.total_inclusion),
            plain(s.free_energy),
            plain(1.0 / s.precision.sqrt()),
            s.sweeps.to_string(),
            status_name(s.status).to_owned(),
            p.support.len().to_string(),
            names,
        ]);
    }
    format!(
        "{}\nselected: named where the pass has the smaller F of the two\ntarget {}, {} rows, {} variables; {}; seed {seed}\n",
        table.to_text(Style::of_stdout()),
        crate::data::shorten(&design.target),
        design.rows(),
        design.variables(),
        ending_text(trail.ending)
    )
}

fn write(
    points: &[Point<'_>],
    trail: &Trail,
    design: &Design,
    out: &Path,
    common: &Common,
) -> Result<(), CliError> {
    let failed = |e: &dyn std::fmt::Display| CliError::failed(format!("cannot make the table: {e}"));
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(HEADER).map_err(|e| failed(&e))?;
    for p in points {
        let s = p.solution;
        let named = p.support.iter().filter(|_| p.kept);
        let names: Vec<&str> = named.map(|i| design.names[*i].as_str()).collect();
        let record = [
            format!("{:?}", s.gamma),
            p.pass.to_owned(),
            format!("{:?}", s.total_inclusion),
            format!("{:?}", s.free_energy),
            format!("{:?}", s.precision),
            s.sweeps.to_string(),
            status_name(s.status).to_owned(),
            p.support.len().to_string(),
            names.join(" "),
        ];
        writer.write_record(record).map_err(|e| failed(&e))?;
    }
    let path = out.join("path.csv");
    write_atomic(&path, &writer.into_inner().map_err(|e| failed(&e))?)?;
    let figure = figures::inclusion(trail, &design.names, &design.target, None);
    let mut paths = vec![path];
    paths.extend(
        figure
            .write(out, "inclusion")
            .map_err(|e| CliError::failed(e.to_string()))?,
    );
    for path in paths {
        remark(common, &format!("wrote {}", path.display()));
    }
    Ok(())
}
