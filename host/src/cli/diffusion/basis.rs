//! `gibbs diffusion basis FOLDER`: the leading singular triplets of the Jacobian of x -> h.

use super::local::{Local, Searching};
use super::vectors::{sheet, square};
use crate::cli::error::CliError;
use crate::cli::session::{Common, Ended, Folder, Session, Status, Verb};
use crate::diffusion::geometry::stored::StoredBasis;
use crate::diffusion::pullback::krylov::Search;
use crate::diffusion::pullback::{self, Basis};
use crate::report::answer::Answer;
use crate::report::number::plain;
use crate::report::rows::Rows;
use clap::Args;
use serde_json::json;

const VERB: Verb = Verb {
    name: "diffusion.basis",
    version: 2,
    folder: Folder::Optional,
    keeps: true,
};

/// Arguments of `gibbs diffusion basis`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gibbs diffusion basis fixtures/unet/cifar --timestep 600 --count 5 --out t600
  gibbs diffusion basis FOLDER --x noisy.safetensors --timestep 800 --count 50 --json

J is the Jacobian of x -> h, the output of the U-Net's mid block, at the sample x and the time T; J v_i = s_i u_i.
error      |J^T u_i - s_i v_i| as measured: a singular value lies so near to s_i
residual   the same times s_i / s_1^2
resolved   s_i is above its error and above what 32-bit numbers give
Without --x the sample is standard normal noise (from --seed, or --start), brought to T by DDIM.
With --out: basis.safetensors (V [K,C,H,W], U [K, dimensions of h], x, singular_values, errors, residuals), basis.csv, and
basis.png, the v_i, each divided by its largest magnitude.
A run with --out that is stopped goes on with --resume to the same bits; --blocks and --tolerance may then be others.
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
    let session = Session::begin(common, VERB)?;
    let local = &arguments.local;
    let space = arguments.searching.space(arguments.count);
    let placed = local.load(&session, space, None)?;
    let search = arguments.searching.search(arguments.count, &session);
    let refused = |error| local.model.reading.no_basis(error);
    search.check(placed.loaded.sides()).map_err(refused)?;
    let timestep = local.model.timestep;
    let ways = [&placed.way[..]];
    let identity = (local.model)
        .identity(VERB.name, session.seed(), &placed.loaded, &ways)
        .with("count", search.count)
        .data(placed.hash());
    let stored = session.run(&identity, |work| {
        let mut geometry = placed.loaded.geometry(work).map_err(refused)?;
        let x = placed.start(&mut geometry).map_err(refused)?;
        let basis = geometry.basis(&x, timestep, &search).map_err(refused)?;
        Ok::<_, CliError>(StoredBasis {
            basis,
            x,
            dimensions: geometry.dimensions(),
            timestep,
        })
    })?;
    let basis = &stored.basis;
    session.write("basis.safetensors", &stored.to_file())?;
    let columns = square(basis.count());
    session.write(
        "basis.png",
        &sheet(&basis.v, stored.dimensions[0], columns, true)?,
    )?;
    let triplets = triplets(basis);
    session.write("basis.csv", &triplets)?;
    let mut answer = Answer::new();
    answer.rows(&triplets);
    facts(&mut answer, &stored, &search);
    session.done(answer, ended(basis.ended))
}

/// How a search ended.
pub(super) fn ended(ended: pullback::Ended) -> Ended {
    match ended {
        pullback::Ended::Converged => Ended::CONVERGED,
        pullback::Ended::Limit => Ended::not_met("blocks"),
    }
}

/// `resolved`: above both its error and the `resolution`; `zero`: u_i is zero because s_i is.
fn triplets(basis: &Basis<f32>) -> Rows {
    let indices: Vec<usize> = (0..basis.count()).collect();
    Rows::of("triplets", &indices)
        .count("i", |i| *i as u64)
        .number("singular_value", |i| basis.singular_values[*i])
        .number("error", |i| basis.errors[*i])
        .digits(2)
        .number("residual", |i| basis.residuals[*i])
        .digits(2)
        .flag("resolved", |i| basis.resolved(*i))
        .flag("zero", |i| basis.zero[*i])
        .hidden()
        .done()
}

/// `passes` are blocks multiplied by J and its transpose, `tangents` and `cotangents` the directions in them.
fn facts(answer: &mut Answer, stored: &StoredBasis, search: &Search) {
    let (basis, [image, hidden]) = (&stored.basis, stored.dimensions);
    answer.number("timestep", stored.timestep);
    let dimensions = format!("x {image:?}, h {hidden:?}");
    answer.value("dimensions", json!({"x": image, "h": hidden}), dimensions);
    let (tangents, cotangents) = (basis.passes.tangents, basis.passes.cotangents);
    let passes = format!(
        "{} ({tangents} directions by J, {cotangents} by its transpose)",
        basis.blocks
    );
    answer.value("passes", basis.blocks, passes);
    answer.hidden("tangents", tangents);
    answer.hidden("cotangents", cotangents);
    answer.number("resolution", basis.resolution()).digits(2);
    let (measure, tolerance) = (basis.measure, search.tolerance);
    let said = match basis.ended {
        pullback::Ended::Converged => format!("yes, {measure:.1e} below {tolerance:.1e}"),
        pullback::Ended::Limit => format!(
            "no: {measure:.1e}, not below {}, after {} of {} passes (--blocks, --tolerance)",
            plain(tolerance),
            basis.blocks,
            search.limit
        ),
    };
    answer.value("measure", measure, said).label("converged");
    answer.hidden("tolerance", tolerance);
}
