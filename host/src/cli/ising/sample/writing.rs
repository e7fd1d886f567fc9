//! The files of a finished run.

use super::arguments::FormChoice;
use crate::cli::error::CliError;
use crate::cli::{Common, output::remark};
use crate::data::DataError;
use crate::files::write_streamed;
use crate::ising::sample::{Plan, Record, unpacked_row};
use npyz::WriterBuilder;
use std::io::{self, Write};
use std::path::Path;

/// The series and the kept configurations.
pub(super) fn write(
    form: FormChoice,
    plan: &Plan,
    record: &Record,
    out: &Path,
    common: &Common,
) -> Result<(), CliError> {
    let save = |name: &str, fill: &dyn Fn(&mut dyn Write) -> io::Result<()>| {
        let path = out.join(name);
        write_streamed(&path, fill).map_err(|source| DataError::Write {
            path: path.clone(),
            source,
        })?;
        remark(common, &format!("wrote {}", path.display()));
        Ok::<(), CliError>(())
    };
    save("observables.csv", &|to| observables(plan, record, to))?;
    if plan.kept() > 0 {
        let packed = &record.configurations;
        match form {
            FormChoice::Npy => save("configurations.npy", &|to| spins_npy(plan, packed, to))?,
            FormChoice::Bits => save("configurations-bits.npy", &|to| bits_npy(plan, packed, to))?,
        }
    }
    Ok(())
}

/// Totals, one line per measurement; `sweep` counts from the start, burn-in included.
fn observables(plan: &Plan, record: &Record, to: &mut dyn Write) -> io::Result<()> {
    writeln!(to, "sweep,energy,magnetization,staggered_magnetization")?;
    let mut sweep = plan.burn_in;
    for (energy, [even, odd]) in record.energies.iter().zip(&record.magnetizations) {
        sweep += plan.every;
        writeln!(to, "{sweep},{energy},{},{}", even + odd, even - odd)?;
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
