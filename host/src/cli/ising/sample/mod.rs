//! `gibbs ising sample`: configurations of the square lattice and what is measured of them.
//!
//! `arguments`: what is asked for, and why it is refused; here: running, stopping, going on; `report`: the table and
//! the JSON object; `writing`: files. The checkpoint is the library's, binary, since a lattice may have 512 MiB.

mod arguments;
mod report;
mod writing;

pub(super) use arguments::Arguments;

use super::remark;
use crate::cli::error::CliError;
use crate::cli::output::emit;
use crate::cli::{Common, Status, interrupt};
use crate::data::{ensure_output_dir, write_atomic};
use crate::ising::sample::{CheckpointError, Run, SampleError, Summary, png};
use crate::progress;
use arguments::refused;
use report::{json_of, text_of};
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use writing::write;

/// Attempted updates between two looks at the interrupt.
const PIECE: u64 = 1 << 26;
/// A checkpoint is written about as often.
const PAUSE: Duration = Duration::from_secs(20);

pub(super) fn run(arguments: &Arguments, common: &Common) -> Result<Status, CliError> {
    if common.resume && common.out.is_none() {
        return Err(CliError::input(
            "--resume needs the folder of the kept run\nhint: --out DIR",
        ));
    }
    let plan = arguments.plan(common)?;
    if let Some(out) = &common.out {
        ensure_output_dir(out)?;
    }
    let interrupted = interrupt::install(common.quiet)?;
    let file = common.out.as_ref().map(|out| out.join("sample.checkpoint"));
    let of_checkpoint = |error: CheckpointError| match (&error, &file) {
        (CheckpointError::Sample(error), _) => refused(error, &plan),
        (_, Some(file)) => CliError::input(error.to_string()).in_file(file),
        (_, None) => CliError::input(error.to_string()),
    };
    let refuse = |error: SampleError| refused(&error, &plan);
    let mut run = match &file {
        Some(file) if common.resume && file.exists() => Run::load(plan, file).map_err(of_checkpoint)?,
        _ => Run::new(plan).map_err(refuse)?,
    };
    let temperature = plan.temperature_effective().map_err(refuse)?;
    let progress = progress::for_stderr(common.quiet);
    let total = plan.burn_in + plan.measurements() * plan.every;
    progress.begin("sampling, sweeps", total);
    progress.advance(run.done());
    let most = (PIECE / plan.sites()).max(1);
    let mut pause = PAUSE;
    let mut written = Instant::now();
    while !run.finished() {
        if interrupted.load(Ordering::SeqCst) {
            progress.end("sampling: interrupted");
            return Err(stopped(&run, file.as_deref()));
        }
        let before = run.done();
        if run.step(most).map_err(refuse)? {
            snapshot(arguments, common, &mut run)?;
        }
        progress.advance(run.done() - before);
        if let Some(file) = &file
            && written.elapsed() >= pause
        {
            let begun = Instant::now();
            run.save(file)
                .map_err(|e| CliError::failed(format!("{}: {e}", file.display())))?;
            written = Instant::now();
            pause = PAUSE.max(20 * begun.elapsed());
        }
    }
    progress.end("sampling: done");
    let summary = Summary::new(&plan, run.record(), temperature)
        .map_err(|error| CliError::failed(error.to_string()))?;
    warn(&summary, common);
    if let Some(out) = &common.out {
        write(arguments.form, &plan, run.record(), out, common)?;
    }
    if let Some(file) = &file {
        // A file that stays is harmless: it can only be resumed by the same run, to the same end.
        let _ = std::fs::remove_file(file);
    }
    emit(
        common,
        || json_of(&plan, &summary, temperature),
        || text_of(&plan, &summary, temperature),
    )?;
    Ok(Status::Done)
}

/// The run was stopped: keeps it where there is a folder, and says so.
fn stopped(run: &Run, file: Option<&Path>) -> CliError {
    let Some(file) = file else {
        return CliError::interrupted(
            "interrupted; nothing was written\nhint: with --out DIR it can go on later",
        );
    };
    match run.save(file) {
        Err(error) => CliError::interrupted(format!("interrupted; {}: {error}", file.display())),
        Ok(()) => CliError::interrupted(format!(
            "interrupted: {} sweeps are done and kept in {}\nhint: go on with --resume",
            run.done(),
            file.display()
        ))
        .with("checkpoint", file.display().to_string())
        .with("finished", run.done()),
    }
}

/// Writes a picture after the measurements that are due one.
fn snapshot(arguments: &Arguments, common: &Common, run: &mut Run) -> Result<(), CliError> {
    let (Some(out), count) = (&common.out, arguments.snapshots) else {
        return Ok(());
    };
    let plan = *run.plan();
    let (measured, all) = (run.record().energies.len() as u64, plan.measurements());
    let due = |measured: u64| u128::from(measured) * u128::from(count) / u128::from(all);
    if due(measured) == due(measured - 1) {
        return Ok(());
    }
    let packed = run.packed().map_err(|e| CliError::failed(e.to_string()))?;
    let picture = png(&packed, plan.width, plan.height).map_err(|e| CliError::failed(e.to_string()))?;
    let path = out.join(format!("snapshot-{:09}.png", run.done()));
    write_atomic(&path, &picture)?;
    remark(common, &format!("wrote {}", path.display()));
    Ok(())
}

/// Says once of each reason which observables have no error.
fn warn(summary: &Summary, common: &Common) {
    let mut reasons: Vec<(String, Vec<&str>)> = Vec::new();
    for (name, measured) in summary.observables() {
        let Err(reason) = &measured.estimate else { continue };
        let reason = reason.to_string();
        match reasons.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, names)) => names.push(name),
            None => reasons.push((reason, vec![name])),
        }
    }
    for (reason, names) in reasons {
        remark(
            common,
            &format!("note: no error of {}: {reason}", names.join(", ")),
        );
    }
}
