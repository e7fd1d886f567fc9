//! The files of a finished run.

use super::arguments::{CONFIGURATIONS, FormChoice};
use crate::cli::error::CliError;
use crate::cli::session::Session;
use crate::data::shortest;
use crate::ising::sample::{Plan, Record, unpacked_row};
use npyz::WriterBuilder;
use std::io::{self, Write};

/// The series and the kept configurations.
pub(super) fn write(
    form: FormChoice,
    plan: &Plan,
    record: &Record,
    session: &Session<'_>,
) -> Result<(), CliError> {
    session.stream("observables.csv", |to| observables(plan, record, to))?;
    if plan.kept() == 0 {
        return Ok(());
    }
    let packed = &record.configurations;
    let [npy, bits] = CONFIGURATIONS;
    match form {
        FormChoice::Npy => session.stream(npy, |to| spins_npy(plan, packed, to)),
        FormChoice::Bits => session.stream(bits, |to| bits_npy(plan, packed, to)),
    }
}

/// Totals, one line per measurement; `sweep` counts from the start, burn-in included. Where it is measured, `wave` is the power
/// of the longest wave, divided by N².
fn observables(plan: &Plan, record: &Record, to: &mut dyn Write) -> io::Result<()> {
    let header = "sweep,energy,magnetization,staggered_magnetization";
    writeln!(to, "{header}{}", if plan.waves { ",wave" } else { "" })?;
    let mut sweep = plan.burn_in;
    let mut waves = record.waves.iter();
    for (energy, [even, odd]) in record.energies.iter().zip(&record.magnetizations) {
        sweep += plan.every;
        write!(to, "{sweep},{energy},{},{}", even + odd, even - odd)?;
        match waves.next() {
            Some(wave) => writeln!(to, ",{}", shortest(*wave))?,
            None => writeln!(to)?,
        }
    }
    Ok(())
}

fn bits_npy(plan: &Plan, packed: &[u8], to: &mut dyn Write) -> io::Result<()> {
    let shape = [plan.kept(), plan.height as u64, plan.width.div_ceil(8) as u64];
    let options = npyz::WriteOptions::new().default_dtype().shape(&shape);
    let mut writer = options.writer(to).begin_nd()?;
    writer.extend(packed.iter().copied())?;
    writer.finish()
}

fn spins_npy(plan: &Plan, packed: &[u8], to: &mut dyn Write) -> io::Result<()> {
    let shape = [plan.kept(), plan.height as u64, plan.width as u64];
    let options = npyz::WriteOptions::new().default_dtype().shape(&shape);
    let mut writer = options.writer(to).begin_nd()?;
    for row in packed.chunks_exact(plan.width.div_ceil(8)) {
        writer.extend(unpacked_row(row, plan.width))?;
    }
    writer.finish()
}
