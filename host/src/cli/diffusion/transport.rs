//! `gibbs diffusion transport BASIS_A BASIS_B`: a direction of one sample at another.

use super::bases::{Space, read, same_dimensions};
use super::vectors::sheet;
use crate::cli::error::CliError;
use crate::cli::session::{Common, Ended, Folder, Session, Status, Verb};
use crate::diffusion::geometry::stored::StoredDirection;
use crate::diffusion::pullback::PullbackError;
use crate::diffusion::pullback::transport::transport;
use crate::report::answer::Answer;
use crate::report::number::plain;
use clap::Args;
use std::path::PathBuf;

const VERB: Verb = Verb {
    name: "diffusion.transport",
    version: 2,
    folder: Folder::Optional,
    keeps: false,
};

/// Arguments of `gibbs diffusion transport`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gibbs diffusion transport a/basis.safetensors b/basis.safetensors --direction 0 --out brought
  gibbs diffusion edit FOLDER --x b.safetensors --timestep 600 --direction-file brought/direction.safetensors --out edited

u' = U'^T (U' u) / |U' u| and v' = V'^T (U' u) / |U' u|, U' and V' being the vectors of BASIS_B: u is projected on the
tangent space of B and read there in coordinates that the two bases of B share.
kept       |U' u|, the part of u that lies in the tangent space of B; of a random u, the root of K / dim h
cosine     of v and v', in x
With --out: direction.safetensors (v, u) and direction.png, v beside v'.")]
pub(super) struct Arguments {
    /// The basis that the direction comes from
    #[arg(value_name = "BASIS_A")]
    from: PathBuf,
    /// The basis that it is brought to
    #[arg(value_name = "BASIS_B")]
    to: PathBuf,
    /// Which direction of BASIS_A, from 0
    #[arg(long, value_name = "I")]
    direction: usize,
}

pub(super) fn run(arguments: &Arguments, common: &Common) -> Result<Status, CliError> {
    let session = Session::begin(common, VERB)?;
    let both = read(&[arguments.from.clone(), arguments.to.clone()])?;
    let [from, to] = &both[..] else {
        let message = "BASIS_A and BASIS_B are one basis each; a folder holds several";
        return Err(CliError::input(message));
    };
    same_dimensions(&both, &[Space::X, Space::H])?;
    let index = arguments.direction;
    let start = from.stored.basis.direction(index).map_err(|_| {
        let count = from.stored.basis.count();
        let message = format!("--direction {index}: the basis holds {count}, from 0");
        CliError::input(message).in_file(&from.path)
    })?;
    let basis = &to.stored.basis;
    let moved = transport(basis, &start.u).map_err(|error| match error {
        PullbackError::Lost => CliError::failed(error.to_string()).in_file(&to.path),
        error => CliError::input(error.to_string()).in_file(&to.path),
    })?;
    let stored = StoredDirection {
        direction: moved.direction.clone(),
        dimensions: to.stored.dimensions,
        timestep: to.stored.timestep,
    };
    session.write("direction.safetensors", &stored.to_file())?;
    let pair = [&start.v[..], &moved.direction.v].concat();
    session.write("direction.png", &sheet(&pair, to.stored.dimensions[0], 2, true)?)?;
    let times = [from.stored.timestep, to.stored.timestep];
    let mut answer = Answer::new();
    let said = format!("{index} of A (t = {}) at B (t = {})", times[0], times[1]);
    answer.value("direction", index, said);
    answer.hidden("timesteps", times);
    let (kept, chance) = (moved.kept, basis.kept_by_chance());
    let said = format!("{} of u (a random one: {})", plain(kept), plain(chance));
    answer.number("kept", kept).says(said);
    answer.hidden("chance", chance);
    let cosine = moved.cosine(&start);
    answer
        .number("cosine", cosine)
        .says(format!("{} of v and v'", plain(cosine)));
    let numbered = moved.coordinates.iter().enumerate();
    let largest = numbered.max_by(|(_, a), (_, b)| a.abs().total_cmp(&b.abs()));
    let said = largest.map_or_else(String::new, |(i, x)| format!("{} along v_{i} of B", plain(*x)));
    answer
        .value("coordinates", &moved.coordinates, said)
        .label("largest");
    session.done(answer, Ended::DONE)
}
