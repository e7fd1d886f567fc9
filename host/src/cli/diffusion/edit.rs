//! `gibbs diffusion edit FOLDER`: a sample with and without an edit along a direction.

use super::direction::{Choice, Given};
use super::local::{Local, Searching};
use super::model::Loaded;
use super::vectors::sheet;
use crate::cli::error::CliError;
use crate::cli::session::{Common, Ended, Folder, Session, Status, Verb};
use crate::data::tensors::{Tensor, TensorFile};
use crate::diffusion::geometry::Boost;
use crate::diffusion::geometry::editing::{Edit, Edited, deviation, run as edit};
use crate::diffusion::pullback::edit::{Family, Guidance, gamma};
use crate::report::answer::Answer;
use crate::report::number::plain;
use clap::Args;
use serde_json::json;

const VERB: Verb = Verb {
    name: "diffusion.edit",
    version: 2,
    folder: Folder::Needed,
    keeps: true,
};

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
A run that is stopped goes on with --resume, to the same bits.
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
    let session = Session::begin(common, VERB)?;
    let (local, choice) = (&arguments.local, &arguments.choice);
    let given = choice.read()?;
    let known = match &given {
        Given::Basis(stored) => Some((&stored.x[..], stored.dimensions[0], stored.timestep)),
        _ => None,
    };
    let space = arguments.searching.space(choice.count(&given));
    let placed = local.load(&session, space, known)?;
    let loaded = &placed.loaded;
    let timestep = local.model.timestep;
    let guidance = arguments.guidance(loaded)?;
    let boost = arguments.boost(loaded, session.seed())?;
    let hops = local.model.way(loaded, Some(timestep), None, placed.steps)?;
    let search = arguments.searching.search(choice.count(&given), &session);
    choice.check(&given, loaded.dimensions())?;
    let refused = |error| local.model.reading.no_basis(error);
    search.check(loaded.sides()).map_err(refused)?;
    let what = Edit {
        guidance,
        shoot: arguments.shoot.then_some(search),
        keep_contrast: arguments.keep_contrast,
    };
    let identity = (local.model)
        .identity(VERB.name, session.seed(), loaded, &[&placed.way, &hops])
        .with("guidance", format!("{guidance:?}, {boost:?}"))
        .with("shoot", arguments.shoot)
        .with("keep-contrast", arguments.keep_contrast)
        .with("direction", choice.hash(&given))
        .data(placed.hash());
    let done = session.run(&identity, |work| {
        let mut geometry = loaded.geometry(work).map_err(refused)?;
        let x = placed.start(&mut geometry).map_err(refused)?;
        let at = (local, timestep);
        let chosen = choice.choose(&given, &mut geometry, at, &x, &search, &session)?;
        geometry.boost(boost);
        let edited = edit(&mut geometry, &x, timestep, chosen.direction, &what, &hops);
        let edited = edited.map_err(refused)?;
        Ok::<_, CliError>(Outcome {
            x,
            converged: chosen.converged && edited.unconverged == 0,
            brought: chosen.brought,
            edited,
        })
    })?;
    let shape = loaded.dimensions()[0];
    session.write("edit.safetensors", &done.to_file(shape, timestep))?;
    let pair = [&done.edited.original[..], &done.edited.edited].concat();
    session.write("edit.png", &sheet(&pair, shape, 2, false)?)?;
    let ended = if done.converged {
        Ended::CONVERGED
    } else {
        Ended::not_met("blocks")
    };
    session.done(done.answer(arguments, guidance, hops.len()), ended)
}

struct Outcome {
    x: Vec<f32>,
    edited: Edited,
    converged: bool,
    /// The part of the direction that lies in the local tangent space, if it came from elsewhere.
    brought: Option<f64>,
}

impl Outcome {
    fn to_file(&self, shape: [usize; 3], timestep: f64) -> TensorFile {
        let mut file = TensorFile::new("gibbs.diffusion.edit", "1");
        for (name, values) in [
            ("x", &self.x),
            ("x_edited", &self.edited.x),
            ("original", &self.edited.original),
            ("edited", &self.edited.edited),
            ("v", &self.edited.direction.v),
        ] {
            let tensor = Tensor {
                shape: shape.to_vec(),
                values: values.clone(),
            };
            file.singles.insert(name.to_owned(), tensor);
        }
        file.metadata.insert("timestep".to_owned(), timestep.to_string());
        file
    }

    /// Changes are roots of mean squares.
    fn answer(&self, arguments: &Arguments, guidance: Guidance, hops: usize) -> Answer {
        let Guidance { gamma, delta, steps } = guidance;
        let mut answer = Answer::new();
        answer.number("timestep", arguments.local.model.timestep);
        answer.hidden("direction", arguments.choice.index);
        let said = format!("gamma {}, delta {}, {steps} steps", plain(gamma), plain(delta));
        answer.value("gamma", gamma, said).label("guidance");
        answer.hidden("delta", delta);
        answer.hidden("steps_of_guidance", steps);
        answer.value("steps", hops, format!("{hops} of DDIM to data"));
        answer.hidden("shoot", arguments.shoot);
        answer.hidden("keep_contrast", arguments.keep_contrast);
        answer.hidden("boost", arguments.boost);
        if arguments.shoot {
            answer.number("kept", self.edited.kept).unit("of u, at least");
        } else {
            answer.hidden("kept", self.edited.kept);
        }
        match self.brought {
            Some(part) => drop(
                answer
                    .number("brought", part)
                    .unit("of u lies in the tangent space here"),
            ),
            None => answer.hidden("brought", None::<f64>),
        }
        let of_x = deviation(&self.x, &self.edited.x);
        let of_picture = deviation(&self.edited.original, &self.edited.edited);
        let said = format!("x {}, picture {}", plain(of_x), plain(of_picture));
        answer.value("change", json!({"x": of_x, "picture": of_picture}), said);
        answer
    }
}
