//! `gibbs diffusion basis FOLDER`: the leading singular triplets of the Jacobian of x -> h.

use super::local::{Local, Searching};
use super::vectors::{square, write_images};
use crate::cli::error::CliError;
use crate::cli::output::{emit, remark};
use crate::cli::{Common, Status, interrupt};
use crate::data::ensure_output_dir;
use crate::diffusion::geometry::stored::StoredBasis;
use crate::diffusion::pullback::Ended;
use crate::diffusion::pullback::krylov::Search;
use crate::progress;
use crate::report::number::plain;
use crate::report::table::{Style, Table};
use crate::work::Work;
use clap::Args;
use serde_json::{Value, json};
use std::fmt::Write as _; // writing to a string cannot fail
use std::path::Path;

/// Arguments of `gibbs diffusion basis`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gibbs diffusion basis fixtures/unet/cifar --timestep 600 --count 5 --out t600
  gibbs diffusion basis FOLDER --x noisy.safetensors --timestep 800 --count 50 --json

J is the Jacobian of x -> h, the output of the U-Net's mid block, at the sample x and the time T; J v_i = s_i u_i.
error      |J^T u_i - s_i v_i| as measured: a singular value lies so near to s_i (* where that is not resolved)
residual   the same times s_i / s_1^2
Without --x the sample is standard normal noise (from --seed, or --start), brought to T by DDIM.
With --out: basis.safetensors (V [K,C,H,W], U [K, dimensions of h], x, singular_values, errors, residuals) and basis.png, the v_i,
each divided by its largest magnitude.
A run with --out that is stopped leaves basis.checkpoint there, and --resume goes on from it to the same bits; --blocks and
--tolerance may then be others. It holds what the net answered: 4 K (dim x + dim h) bytes for a block.
Exit code 1 when the search did not converge; the result is printed and written all the same.")]
pub(super) struct Arguments {
    #[command(flatten)]
    local: Local,
    /// Vectors wanted, 1 to the smaller of the dimensions of x and h
    #[arg(long, value_name = "K")]
    count: usize,
    #[command(flatten)]
    searching: Searching,
}

pub(super) fn run(arguments: &Arguments, common: &Common) -> Result<Status, CliError> {
    if let Some(out) = &common.out {
        ensure_output_dir(out)?;
    }
    let local = &arguments.local;
    let placed = local.load(common, None)?;
    let timestep = local.model.timestep;
    let search = arguments.searching.search(arguments.count, common);
    let refused = |error| local.model.reading.no_basis(error);
    let [x, h] = placed.loaded.dimensions().map(|d| d.iter().product());
    search.check((h, x)).map_err(refused)?;
    let progress = progress::for_stderr(common.quiet);
    let work = Work::new(&*progress, interrupt::install(common.quiet)?);
    let mut geometry = local.model.geometry(&placed.loaded, work, common, "basis", "")?;
    let x = local.start(&placed, &mut geometry)?;
    let basis = geometry.basis(&x, timestep, &search);
    let stored = StoredBasis {
        basis: basis.map_err(refused)?,
        x,
        dimensions: geometry.dimensions(),
        timestep,
    };
    if let Some(out) = &common.out {
        write(&stored, out, common)?;
    }
    geometry.finish();
    emit(
        common,
        || object(&stored, &search),
        || text(&stored, &search, common),
    )?;
    Ok(match stored.basis.ended {
        Ended::Converged => Status::Done,
        Ended::Limit => Status::NotMet,
    })
}

fn write(stored: &StoredBasis, out: &Path, common: &Common) -> Result<(), CliError> {
    let path = out.join("basis.safetensors");
    stored.to_file().save(&path)?;
    remark(common, &format!("wrote {}", path.display()));
    let [image, _] = stored.dimensions;
    let columns = square(stored.basis.count());
    write_images(
        common,
        &out.join("basis.png"),
        &stored.basis.v,
        image,
        columns,
        true,
    )
}

/// The object of schema `gibbs.diffusion.basis/2`. `passes` are blocks multiplied by J and its transpose, `tangents` and
/// `cotangents` the directions in them; `zero` says which u_i are zero because s_i is; `resolved` which s_i are above both their error and
/// `resolution`, what the arithmetic gives.
fn object(stored: &StoredBasis, search: &Search) -> Value {
    let basis = &stored.basis;
    let [image, hidden] = stored.dimensions;
    json!({
        "schema": "gibbs.diffusion.basis/2",
        "singular_values": basis.singular_values,
        "errors": basis.errors,
        "residuals": basis.residuals,
        "resolved": (0..basis.count()).map(|i| basis.resolved(i)).collect::<Vec<_>>(),
        "resolution": basis.resolution(),
        "zero": basis.zero,
        "passes": basis.blocks,
        "tangents": basis.passes.tangents,
        "cotangents": basis.passes.cotangents,
        "timestep": stored.timestep,
        "tolerance": search.tolerance,
        "measure": basis.measure,
        "converged": basis.ended == Ended::Converged,
        "dimensions": {"x": image, "h": hidden},
        "seed": search.seed,
    })
}

fn text(stored: &StoredBasis, search: &Search, common: &Common) -> String {
    let basis = &stored.basis;
    let [image, hidden] = stored.dimensions;
    let mut table = Table::new(&["i", "singular value", "error", "residual"]).right(&[0, 1, 2, 3]);
    let rows = basis
        .singular_values
        .iter()
        .zip(&basis.errors)
        .zip(&basis.residuals);
    for (i, ((value, error), residual)) in rows.enumerate() {
        let mark = if basis.resolved(i) { "" } else { " *" };
        let value = format!("{}{mark}", plain(*value));
        table.push([
            i.to_string(),
            value,
            format!("{error:.1e}"),
            format!("{residual:.1e}"),
        ]);
    }
    let mut text = table.to_text(Style::of_stdout());
    if (0..basis.count()).any(|i| !basis.resolved(i)) {
        let _ = writeln!(
            text,
            "* not resolved: no larger than its error, or than {:.1e}, what 32-bit numbers give",
            basis.resolution()
        );
    }
    let (tolerance, limit) = (search.tolerance, search.limit);
    let ended = match basis.ended {
        Ended::Converged => format!("yes, {:.1e} below {tolerance:.1e}", basis.measure),
        Ended::Limit => format!(
            "no: {:.1e}, not below {tolerance:.1e}, after {} of {limit} passes (--blocks, --tolerance)",
            basis.measure, basis.blocks
        ),
    };
    text.push('\n');
    for (name, value) in [
        ("timestep", stored.timestep.to_string()),
        ("x", format!("{image:?}")),
        ("h", format!("{hidden:?}")),
        (
            "passes",
            format!(
                "{} ({} directions by J, {} by its transpose)",
                basis.blocks, basis.passes.tangents, basis.passes.cotangents
            ),
        ),
        ("converged", ended),
        ("seed", common.seed.to_string()),
    ] {
        let _ = writeln!(text, "{name:<10} {value}");
    }
    text
}
