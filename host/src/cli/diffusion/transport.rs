//! `gibbs diffusion transport BASIS_A BASIS_B`: a direction of one sample at another.

use super::bases::{Space, read, same_dimensions};
use super::vectors::write_images;
use crate::cli::error::CliError;
use crate::cli::output::{emit, remark};
use crate::cli::{Common, Status};
use crate::data::ensure_output_dir;
use crate::diffusion::geometry::stored::StoredDirection;
use crate::diffusion::pullback::PullbackError;
use crate::diffusion::pullback::transport::{Transported, transport};
use crate::report::number::plain;
use clap::Args;
use serde_json::{Value, json};
use std::fmt::Write as _; // writing to a string cannot fail
use std::path::PathBuf;

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
    if let Some(out) = &common.out {
        ensure_output_dir(out)?;
    }
    let both = read(&[arguments.from.clone(), arguments.to.clone()])?;
    let [from, to] = &both[..] else {
        let message = "BASIS_A and BASIS_B are one basis each; a folder holds several";
        return Err(CliError::input(message));
    };
    same_dimensions(&both, &[Space::X, Space::H])?;
    let start = from.stored.basis.direction(arguments.direction);
    let start = start.map_err(|_| {
        let count = from.stored.basis.count();
        let message = format!(
            "--direction {}: the basis holds {count}, from 0",
            arguments.direction
        );
        CliError::input(message).in_file(&from.path)
    })?;
    let moved = transport(&to.stored.basis, &start.u).map_err(|error| match error {
        PullbackError::Lost => CliError::failed(error.to_string()).in_file(&to.path),
        error => CliError::input(error.to_string()).in_file(&to.path),
    })?;
    let product = |a: &[f32], b: &[f32]| -> f64 {
        let pairs = a.iter().zip(b);
        pairs.map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
    };
    let basis = &to.stored.basis;
    let result = Outcome {
        direction: arguments.direction,
        cosine: product(&start.v, &moved.direction.v),
        coordinates: (basis.v.chunks(basis.dimensions.1))
            .map(|v| product(v, &moved.direction.v))
            .collect(),
        chance: (basis.count() as f64 / basis.dimensions.0 as f64).sqrt(),
        moved,
        timesteps: [from.stored.timestep, to.stored.timestep],
    };
    if let Some(out) = &common.out {
        let image = to.stored.dimensions[0];
        let pair = [start.v, result.moved.direction.v.clone()].concat();
        let stored = StoredDirection {
            direction: result.moved.direction.clone(),
            dimensions: to.stored.dimensions,
            timestep: to.stored.timestep,
        };
        let path = out.join("direction.safetensors");
        stored.to_file().save(&path)?;
        remark(common, &format!("wrote {}", path.display()));
        write_images(common, &out.join("direction.png"), &pair, image, 2, true)?;
    }
    emit(common, || result.object(), || result.text())?;
    Ok(Status::Done)
}

struct Outcome {
    direction: usize,
    moved: Transported<f32>,
    cosine: f64,
    coordinates: Vec<f64>,
    chance: f64,
    timesteps: [f64; 2],
}

impl Outcome {
    /// The object of schema `gibbs.diffusion.transport/1`; `coordinates` of v' in the v_i of BASIS_B.
    fn object(&self) -> Value {
        json!({
            "schema": "gibbs.diffusion.transport/1",
            "direction": self.direction,
            "timesteps": self.timesteps,
            "kept": self.moved.kept,
            "chance": self.chance,
            "cosine": self.cosine,
            "coordinates": self.coordinates,
        })
    }

    fn text(&self) -> String {
        let mut text = String::new();
        let largest =
            (self.coordinates.iter().enumerate()).max_by(|(_, a), (_, b)| a.abs().total_cmp(&b.abs()));
        let largest = largest.map_or_else(String::new, |(i, x)| format!("{} along v_{i} of B", plain(*x)));
        let [from, to] = self.timesteps;
        for (name, value) in [
            (
                "direction",
                format!("{} of A (t = {from}) at B (t = {to})", self.direction),
            ),
            (
                "kept",
                format!(
                    "{} of u (a random one: {})",
                    plain(self.moved.kept),
                    plain(self.chance)
                ),
            ),
            ("cosine", format!("{} of v and v'", plain(self.cosine))),
            ("largest", largest),
        ] {
            let _ = writeln!(text, "{name:<10} {value}");
        }
        text
    }
}
