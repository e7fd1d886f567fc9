//! `gibbs diffusion edit FOLDER`: a sample with and without an edit along a direction.

use super::direction::{Choice, Given};
use super::local::{Local, Searching};
use super::model::Loaded;
use super::vectors::write_images;
use crate::cli::error::CliError;
use crate::cli::output::{emit, remark};
use crate::cli::{Common, Status, interrupt};
use crate::data::ensure_output_dir;
use crate::data::safetensors::{TensorF32, save_f32};
use crate::diffusion::geometry::Boost;
use crate::diffusion::geometry::editing::{Edit, Edited, run as edit};
use crate::diffusion::pullback::edit::{Family, Guidance, gamma};
use crate::progress;
use crate::report::number::plain;
use crate::work::Work;
use clap::Args;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _; // writing to a string cannot fail
use std::path::Path;

/// Arguments of `gibbs diffusion edit`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gibbs diffusion edit FOLDER --timestep 600 --direction 0 --out edited
  gibbs diffusion edit FOLDER --timestep 600 --basis t600/basis.safetensors --direction 2 --delta -1 --out edited
  gibbs diffusion edit FOLDER --x noisy.safetensors --timestep 800 --direction 1 --shoot --keep-contrast --out edited
  gibbs diffusion edit FOLDER --start latent/latent.safetensors --timestep 600 --direction 0 --boost --out edited
  gibbs diffusion edit FOLDER --timestep 600 --direction-from global/global.safetensors --direction 0 --out edited

x-space guidance: x <- x + gamma [eps(x + delta v, T) - eps(x, T)], S times; then DDIM (eta = 0) from T to data. A negative
--delta goes the other way. Default of --gamma, by T: 0.5 above 0.8 of the schedule, 1 above 0.6, then 4 above 0.4 and
16 below (nets with text: 2).
Without --x the sample is that of the --basis file, or noise brought to T by DDIM: from --seed, so that the original is the
first picture of `gibbs diffusion sample`, or the latent of an image that `gibbs diffusion invert` wrote (--start).
--direction-from brings u to the basis made here: v = V U^T u, of unit length; `brought` is the part of u that this keeps.
--shoot makes a new basis at every step and transports the direction to it.
--boost adds the same noise to both pictures (stream diffusion/boost of --seed), so that they differ by the edit alone.
A run that is stopped leaves edit.checkpoint, what the net answered, and --resume goes on from it to the same bits.
Writes to --out: edit.png (original, edited), edit.safetensors (original, edited, x, x_edited, v).
Exit code 1 when a basis did not converge; pictures are written all the same.")]
pub(super) struct Arguments {
    #[command(flatten)]
    local: Local,
    #[command(flatten)]
    choice: Choice,
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
    /// Quality boosting: eta = 1 in the steps of DDIM that start below this part of the schedule; 0.2 if no number is given
    /// [default: none, eta = 0 throughout]
    #[arg(
        long,
        value_name = "PART",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "0.2",
        value_parser = finite
    )]
    boost: Option<f64>,
    #[command(flatten)]
    searching: Searching,
}

fn finite(text: &str) -> Result<f64, String> {
    let value = text.parse().ok().filter(|value: &f64| value.is_finite());
    value.ok_or_else(|| "a number was expected".to_owned())
}

impl Arguments {
    fn guidance(&self, loaded: &Loaded) -> Result<Guidance, CliError> {
        let family = if loaded.conditional() {
            Family::StableDiffusion
        } else {
            Family::Unconditional
        };
        let gamma = match self.gamma {
            Some(gamma) => gamma,
            None => gamma_at(family, self.local.model.timestep / loaded.levels())?,
        };
        Ok(Guidance {
            gamma,
            delta: self.delta,
            steps: self.steps_of_guidance,
        })
    }

    /// Which hops are random, if any.
    fn boost(&self, loaded: &Loaded, seed: u64) -> Result<Option<Boost>, CliError> {
        let Some(part) = self.boost else {
            return Ok(None);
        };
        if !(0.0..=1.0).contains(&part) {
            let message = format!("--boost {part}: a part of the schedule was expected, 0 to 1");
            return Err(CliError::input(message));
        }
        let below = part * loaded.levels();
        Ok(Some(Boost { below, seed }))
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
    let given = arguments.choice.read()?;
    let known = match &given {
        Given::Basis(stored) => Some((&stored.x[..], stored.dimensions[0], stored.timestep)),
        _ => None,
    };
    let placed = local.load(common, known)?;
    let loaded = &placed.loaded;
    let timestep = local.model.timestep;
    let guidance = arguments.guidance(loaded)?;
    let boost = arguments.boost(loaded, common.seed)?;
    let hops = local.model.way(loaded, Some(timestep), None, placed.steps)?;
    let search = arguments.searching.search(arguments.choice.count(&given), common);
    arguments.choice.check(&given, loaded.dimensions())?;
    let refused = |error| local.model.reading.no_basis(error);
    let [x, h] = loaded.dimensions().map(|d| d.iter().product());
    search.check((h, x)).map_err(refused)?;
    let progress = progress::for_stderr(common.quiet);
    let work = Work::new(&*progress, interrupt::install(common.quiet)?);
    let mut geometry = local.model.geometry(loaded, work, common, "edit", "")?;
    let x = local.start(&placed, &mut geometry)?;
    let at = (local, timestep);
    let chosen = (arguments.choice).choose(&given, &mut geometry, at, &x, &search, common)?;
    let what = Edit {
        guidance,
        shoot: arguments.shoot.then_some(search),
        keep_contrast: arguments.keep_contrast,
    };
    geometry.boost(boost);
    let edited = edit(&mut geometry, &x, timestep, chosen.direction, &what, &hops);
    let edited = edited.map_err(refused)?;
    let result = Outcome {
        arguments,
        timestep,
        guidance,
        steps: hops.len(),
        change: [
            deviation(&x, &edited.x),
            deviation(&edited.original, &edited.edited),
        ],
        converged: chosen.converged && edited.unconverged == 0,
        brought: chosen.brought,
        seed: common.seed,
        edited,
    };
    result.write(&x, geometry.dimensions()[0], out, common)?;
    geometry.finish();
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
    timestep: f64,
    guidance: Guidance,
    steps: usize,
    edited: Edited,
    /// Of x_t and of the picture.
    change: [f64; 2],
    converged: bool,
    /// The part of the direction that lies in the local tangent space, if it came from elsewhere.
    brought: Option<f64>,
    seed: u64,
}

impl Outcome<'_> {
    /// The object of schema `gibbs.diffusion.edit/2`; changes are roots of mean squares.
    fn object(&self) -> Value {
        let [of_x, of_picture] = self.change;
        json!({
            "schema": "gibbs.diffusion.edit/2",
            "timestep": self.timestep,
            "direction": self.arguments.choice.index,
            "brought": self.brought,
            "gamma": self.guidance.gamma,
            "delta": self.guidance.delta,
            "steps_of_guidance": self.guidance.steps,
            "steps": self.steps,
            "shoot": self.arguments.shoot,
            "keep_contrast": self.arguments.keep_contrast,
            "kept": self.edited.kept,
            "boost": self.arguments.boost,
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
            ("timestep", self.timestep.to_string()),
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
        if let Some(part) = self.brought {
            let kept = format!("{} of the direction lies in the tangent space here", plain(part));
            facts.push(("brought", kept));
        }
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
            ("timestep".to_owned(), self.timestep.to_string()),
        ]);
        let path = out.join("edit.safetensors");
        let named = tensors.iter().map(|(name, tensor)| (*name, tensor));
        save_f32(&path, named, &metadata)?;
        remark(common, &format!("wrote {}", path.display()));
        Ok(())
    }
}
