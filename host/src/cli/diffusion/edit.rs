//! `gibbs diffusion edit FOLDER`: a sample with and without an edit along a direction.

use super::local::{Local, Searching};
use super::vectors::write_images;
use crate::cli::error::CliError;
use crate::cli::output::{emit, remark};
use crate::cli::{Common, Status, interrupt};
use crate::data::ensure_output_dir;
use crate::data::safetensors::{TensorF32, save_f32};
use crate::diffusion::geometry::editing::{Edit, Edited, run as edit};
use crate::diffusion::geometry::stored::{StoredBasis, StoredDirection};
use crate::diffusion::geometry::{Latent, Search};
use crate::diffusion::pullback::Ended;
use crate::diffusion::pullback::edit::{Family, Guidance, gamma};
use crate::diffusion::pullback::transport::Direction;
use crate::progress;
use crate::report::number::plain;
use crate::work::Work;
use clap::Args;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _; // writing to a string cannot fail
use std::path::{Path, PathBuf};

/// Vectors of a basis that is made here for an edit.
const COUNT: usize = 3;

/// Arguments of `gibbs diffusion edit`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gibbs diffusion edit FOLDER --timestep 600 --direction 0 --out edited
  gibbs diffusion edit FOLDER --timestep 600 --basis t600/basis.safetensors --direction 2 --delta -1 --out edited
  gibbs diffusion edit FOLDER --x noisy.safetensors --timestep 800 --direction 1 --shoot --keep-contrast --out edited

x-space guidance: x <- x + gamma [eps(x + delta v, T) - eps(x, T)], S times; then DDIM (eta = 0) from T to data. A negative
--delta goes the other way. Default of --gamma, by T: 0.5 above 0.8 of the schedule, 1 above 0.6, then 4 above 0.4 and
16 below (nets with text: 2).
Without --x the sample is that of the --basis file, or noise from --seed brought to T by DDIM.
--shoot makes a new basis at every step and transports the direction to it.
Writes to --out: edit.png (original, edited), edit.safetensors (original, edited, x, x_edited, v).
Exit code 1 when a basis did not converge; pictures are written all the same.")]
pub(super) struct Arguments {
    #[command(flatten)]
    local: Local,
    /// Which direction of the basis, from 0
    #[arg(long, value_name = "I", required_unless_present = "direction_file")]
    direction: Option<usize>,
    /// The basis [default: made here]
    #[arg(long, value_name = "FILE")]
    basis: Option<PathBuf>,
    /// A direction from `gibbs diffusion transport`
    #[arg(long, value_name = "FILE", conflicts_with_all = ["direction", "basis"])]
    direction_file: Option<PathBuf>,
    /// Vectors of a basis that is made here [default: 3, or as many as --direction takes]
    #[arg(long, value_name = "K")]
    count: Option<usize>,
    /// Strength of a step [default: by T, below]
    #[arg(long, value_name = "G", allow_negative_numbers = true, value_parser = finite)]
    gamma: Option<f64>,
    /// How far along v the net is asked
    #[arg(long, value_name = "D", default_value_t = 1.0, allow_negative_numbers = true, value_parser = finite)]
    delta: f64,
    /// Steps of guidance
    #[arg(long, value_name = "S", default_value_t = 16)]
    steps_of_guidance: usize,
    /// Geodesic shooting: transport the direction to a new basis at every step
    #[arg(long)]
    shoot: bool,
    /// Rescale the predicted image to its contrast of before the edit
    #[arg(long)]
    keep_contrast: bool,
    #[command(flatten)]
    searching: Searching,
}

fn finite(text: &str) -> Result<f64, String> {
    let value = text.parse().ok().filter(|value: &f64| value.is_finite());
    value.ok_or_else(|| "a number was expected".to_owned())
}

/// Directions from files.
enum Given {
    Basis(Box<StoredBasis>),
    Direction(StoredDirection),
    Nothing,
}

impl Arguments {
    fn given(&self) -> Result<Given, CliError> {
        Ok(match (&self.basis, &self.direction_file) {
            (Some(path), _) => Given::Basis(Box::new(StoredBasis::load(path)?)),
            (None, Some(path)) => Given::Direction(StoredDirection::load(path)?),
            (None, None) => Given::Nothing,
        })
    }

    /// The index, of which `count` exist.
    fn index(&self, count: usize) -> Result<usize, CliError> {
        let index = self.direction.unwrap_or(0);
        if index < count {
            return Ok(index);
        }
        let message = format!("--direction {index}: the basis holds {count}, numbers from 0");
        let error = CliError::input(message);
        Err(match &self.basis {
            Some(path) => error.in_file(path),
            None => error,
        })
    }

    fn guidance(&self, conditional: bool, steps: usize) -> Result<Guidance, CliError> {
        let family = if conditional {
            Family::StableDiffusion
        } else {
            Family::Unconditional
        };
        let gamma = match self.gamma {
            Some(gamma) => gamma,
            None => gamma_at(family, self.local.timestep / steps as f64)?,
        };
        Ok(Guidance {
            gamma,
            delta: self.delta,
            steps: self.steps_of_guidance,
        })
    }

    /// The direction, and whether the basis that it was taken from converged.
    fn direction(
        &self,
        given: &Given,
        latent: &mut Latent<'_>,
        x: &[f32],
        search: &Search,
        common: &Common,
    ) -> Result<(Direction<f32>, bool), CliError> {
        let dimensions = latent.dimensions();
        let fits = |found: [[usize; 3]; 2], path: Option<&PathBuf>| {
            if found == dimensions {
                return Ok(());
            }
            let message = format!("made for x, h of {found:?}, the model has {dimensions:?}");
            let error = CliError::input(message);
            Err(path.map_or(error.clone(), |path| error.in_file(path)))
        };
        let elsewhere = |timestep: f64| {
            if timestep != self.local.timestep {
                let said = format!("note: the direction was made at t = {timestep}");
                remark(common, &said);
            }
        };
        match given {
            Given::Direction(stored) => {
                fits(stored.dimensions, self.direction_file.as_ref())?;
                elsewhere(stored.timestep);
                Ok((stored.direction.clone(), true))
            }
            Given::Basis(stored) => {
                fits(stored.dimensions, self.basis.as_ref())?;
                elsewhere(stored.timestep);
                let index = self.index(stored.basis.count())?;
                let direction = stored.basis.direction(index);
                let direction = direction.map_err(|error| CliError::input(error.to_string()))?;
                Ok((direction, stored.basis.ended == Ended::Converged))
            }
            Given::Nothing => {
                let basis = latent.basis(x, self.local.timestep, search);
                let basis = basis.map_err(|error| self.local.refused(error))?;
                let direction = basis.direction(self.index(basis.count())?);
                let direction = direction.map_err(|error| CliError::input(error.to_string()))?;
                Ok((direction, basis.ended == Ended::Converged))
            }
        }
    }
}

fn gamma_at(family: Family, time: f64) -> Result<f64, CliError> {
    gamma(family, time).map_err(|error| CliError::input(format!("{error}\nhint: give --gamma")))
}

pub(super) fn run(arguments: &Arguments, common: &Common) -> Result<Status, CliError> {
    let Some(out) = &common.out else {
        let message = "an edit gives pictures, and there is no folder for them\nhint: --out DIR";
        return Err(CliError::input(message));
    };
    ensure_output_dir(out)?;
    let local = &arguments.local;
    let given = arguments.given()?;
    let known = match &given {
        Given::Basis(stored) => Some((&stored.x[..], stored.dimensions[0])),
        _ => None,
    };
    let loaded = local.load(common, known)?;
    let progress = progress::for_stderr(common.quiet);
    let work = Work {
        progress: &*progress,
        interrupted: interrupt::install(common.quiet)?,
        keeper: None,
    };
    let mut latent = loaded.latent(work);
    if loaded.x.as_ref().is_some_and(|x| {
        let [image, _] = latent.dimensions();
        x.len() != image.iter().product::<usize>()
    }) {
        let message = "the sample of the basis has another number of channels than the model";
        return Err(CliError::input(message).in_file(&local.folder));
    }
    let guidance = arguments.guidance(loaded.conditional, latent.noise().steps())?;
    let hops = local.hops(latent.noise(), local.timestep, None)?;
    let count = match (&given, arguments.count) {
        (_, Some(count)) => count,
        (Given::Basis(stored), None) => stored.basis.count(),
        (_, None) => COUNT.max(arguments.direction.unwrap_or(0) + 1),
    };
    let search = arguments.searching.search(count, common);
    let x = local.start(&loaded, &mut latent, common)?;
    let (direction, converged) = arguments.direction(&given, &mut latent, &x, &search, common)?;
    let what = Edit {
        guidance,
        shoot: arguments.shoot.then_some(search),
        keep_contrast: arguments.keep_contrast,
    };
    let edited = edit(&mut latent, &x, local.timestep, direction, &what, &hops);
    let edited = edited.map_err(|error| local.refused(error))?;
    let result = Outcome {
        arguments,
        guidance,
        steps: hops.len(),
        change: [
            deviation(&x, &edited.x),
            deviation(&edited.original, &edited.edited),
        ],
        converged: converged && edited.unconverged == 0,
        seed: common.seed,
        edited,
    };
    result.write(&x, latent.dimensions()[0], out, common)?;
    emit(common, || result.object(), || result.text())?;
    Ok(if result.converged {
        Status::Done
    } else {
        Status::NotMet
    })
}

/// Root of the mean square of the difference.
fn deviation(a: &[f32], b: &[f32]) -> f64 {
    let squares = a
        .iter()
        .zip(b)
        .map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2));
    (squares.sum::<f64>() / a.len().max(1) as f64).sqrt()
}

struct Outcome<'a> {
    arguments: &'a Arguments,
    guidance: Guidance,
    steps: usize,
    edited: Edited,
    /// Of x_t and of the picture.
    change: [f64; 2],
    converged: bool,
    seed: u64,
}

impl Outcome<'_> {
    /// The object of schema `gibbs.diffusion.edit/1`; changes are roots of mean squares.
    fn object(&self) -> Value {
        let [of_x, of_picture] = self.change;
        json!({
            "schema": "gibbs.diffusion.edit/1",
            "timestep": self.arguments.local.timestep,
            "direction": self.arguments.direction,
            "gamma": self.guidance.gamma,
            "delta": self.guidance.delta,
            "steps_of_guidance": self.guidance.steps,
            "steps": self.steps,
            "shoot": self.arguments.shoot,
            "keep_contrast": self.arguments.keep_contrast,
            "kept": self.edited.kept,
            "change": {"x": of_x, "picture": of_picture},
            "converged": self.converged,
            "seed": self.seed,
        })
    }

    fn text(&self) -> String {
        let mut text = String::new();
        let Guidance { gamma, delta, steps } = self.guidance;
        let [of_x, of_picture] = self.change.map(plain);
        let mut facts = vec![
            ("timestep", self.arguments.local.timestep.to_string()),
            (
                "guidance",
                format!(
                    "gamma {gamma}, delta {delta}, {steps} steps; then {} of DDIM",
                    self.steps
                ),
            ),
            (
                "change",
                format!("{of_picture} of the picture, {of_x} of x_t (root mean square)"),
            ),
        ];
        if self.arguments.shoot {
            let kept = plain(self.edited.kept);
            facts.push(("kept", format!("{kept} of the direction at the worst transport")));
        }
        let converged = if self.converged {
            "yes".to_owned()
        } else {
            "no: a basis did not (--blocks, --tolerance)".to_owned()
        };
        facts.extend([("converged", converged), ("seed", self.seed.to_string())]);
        for (name, value) in facts {
            let _ = writeln!(text, "{name:<10} {value}");
        }
        text
    }

    fn write(&self, x: &[f32], shape: [usize; 3], out: &Path, common: &Common) -> Result<(), CliError> {
        let Edited {
            x: x_edited,
            original,
            edited,
            direction,
            ..
        } = &self.edited;
        let pair = [&original[..], edited].concat();
        write_images(common, &out.join("edit.png"), &pair, shape, 2, false)?;
        let tensor = |values: &[f32]| TensorF32 {
            shape: shape.to_vec(),
            values: values.to_vec(),
        };
        let tensors = [
            ("x", tensor(x)),
            ("x_edited", tensor(x_edited)),
            ("original", tensor(original)),
            ("edited", tensor(edited)),
            ("v", tensor(&direction.v)),
        ];
        let metadata = BTreeMap::from([
            ("kind".to_owned(), "gibbs.diffusion.edit".to_owned()),
            ("version".to_owned(), "1".to_owned()),
            ("timestep".to_owned(), self.arguments.local.timestep.to_string()),
        ]);
        let path = out.join("edit.safetensors");
        let named = tensors.iter().map(|(name, tensor)| (*name, tensor));
        save_f32(&path, named, &metadata)?;
        remark(common, &format!("wrote {}", path.display()));
        Ok(())
    }
}
