//! `gibbs diffusion basis FOLDER`: the leading singular triplets of the Jacobian of x -> h.

use super::local::{Local, Searching};
use super::vectors::{square, write_images};
use crate::cli::error::CliError;
use crate::cli::output::{emit, remark};
use crate::cli::{Common, Status, interrupt};
use crate::data::ensure_output_dir;
use crate::diffusion::geometry::Search;
use crate::diffusion::geometry::stored::StoredBasis;
use crate::diffusion::pullback::Ended;
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
  gibbs diffusion basis FOLDER --x noisy.safetensors --timestep 800 --count 50 --method krylov --json

J is the Jacobian of x -> h, the output of the U-Net's mid block, at the sample x and the time T; J v_i = s_i u_i.
residual   |J^T u_i s_i - s_i^2 v_i| / s_1^2
Without --x the sample is standard normal noise (from --seed, or --start) at the last time, brought to T by DDIM.
With --out: basis.safetensors (V [K,C,H,W], U [K, dimensions of h], x, singular_values, residuals) and basis.png, the v_i,
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
    let timestep = placed.loaded.timestep;
    let search = arguments.searching.search(arguments.count, common);
    let refused = |error| local.model.refused(error);
    search.check(placed.loaded.dimensions()).map_err(refused)?;
    let progress = progress::for_stderr(common.quiet);
    let work = Work::new(&*progress, interrupt::install(common.quiet)?);
    let mut latent = local.model.latent(&placed.loaded, work, common, "basis", "")?;
    let x = local.start(&placed, &mut latent)?;
    let basis = latent.basis(&x, timestep, &search);
    let stored = StoredBasis {
        basis: basis.map_err(refused)?,
        x,
        dimensions: latent.dimensions(),
        timestep,
    };
    if let Some(out) = &common.out {
        write(&stored, out, common)?;
    }
    latent.finish();
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

/// The object of schema `gibbs.diffusion.basis/1`. `passes` are blocks multiplied by J and its transpose, `tangents` and
/// `cotangents` the directions in them; `zero` says which u_i are zero because s_i is.
fn object(stored: &StoredBasis, search: &Search) -> Value {
    let basis = &stored.basis;
    let [image, hidden] = stored.dimensions;
    json!({
        "schema": "gibbs.diffusion.basis/1",
        "singular_values": basis.singular_values,
        "residuals": basis.residuals,
        "zero": basis.zero,
        "passes": basis.blocks,
        "tangents": basis.passes.tangents,
        "cotangents": basis.passes.cotangents,
        "timestep": stored.timestep,
        "method": basis.method.name(),
        "tolerance": search.limits().0,
        "measure": basis.measure,
        "converged": basis.ended == Ended::Converged,
        "dimensions": {"x": image, "h": hidden},
        "seed": search.seed,
    })
}

fn text(stored: &StoredBasis, search: &Search, common: &Common) -> String {
    let basis = &stored.basis;
    let [image, hidden] = stored.dimensions;
    let mut table = Table::new(&["i", "singular value", "residual"]).right(&[0, 1, 2]);
    for (i, (value, residual)) in basis.singular_values.iter().zip(&basis.residuals).enumerate() {
        table.push([i.to_string(), plain(*value), format!("{residual:.1e}")]);
    }
    let mut text = table.to_text(Style::of_stdout());
    let (tolerance, limit) = search.limits();
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
        ("method", basis.method.name().to_owned()),
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
