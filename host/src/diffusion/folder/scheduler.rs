//! `scheduler_config.json`: the noise schedule that a net was trained with, and the sampler's conventions.
//!
//! The class of the file names a sampler; all of those taken here share one discrete noise schedule, so that
//! any sampler of this project can run it. A field that is absent has the value that diffusers 0.42.1 gives
//! it in that class; the schedule itself must be there.

use super::FolderError;
use super::fields::Fields;
use super::parse::plain;
use crate::data::read_bytes;
use serde_json::{Value, json};
use std::path::Path;

/// A noise schedule and what goes with it.
#[derive(Clone, Debug, PartialEq)]
pub struct SchedulerConfig {
    /// `_class_name`: one of the samplers of the library.
    pub class: &'static str,
    /// Number of noise levels T.
    pub num_train_timesteps: usize,
    /// How the betas go from the first to the last.
    pub beta_schedule: BetaSchedule,
    /// First beta, in (0, 1); without meaning for [`BetaSchedule::SquaredCosine`].
    pub beta_start: f64,
    /// Last beta, in [`beta_start`, 1).
    pub beta_end: f64,
    /// What the net predicts.
    pub prediction: Prediction,
    /// Clip the predicted image to plus or minus `clip_sample_range`.
    pub clip_sample: bool,
    /// The bound of clipping, a positive number.
    pub clip_sample_range: f64,
    /// Variance of a DDPM step.
    pub variance: Variance,
    /// Where the sampler's timesteps lie.
    pub timestep_spacing: Spacing,
    /// Added to the timesteps of [`Spacing::Leading`]; below T.
    pub steps_offset: usize,
    /// After the last step alpha-bar is 1, else that of timestep 0.
    pub set_alpha_to_one: bool,
}

/// How the betas go from first to last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BetaSchedule {
    /// Betas are evenly spaced.
    Linear,
    /// The roots of the betas are evenly spaced.
    ScaledLinear,
    /// Betas from a squared cosine (`squaredcos_cap_v2`).
    SquaredCosine,
}

/// What a net predicts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prediction {
    /// The net predicts the noise.
    Epsilon,
    /// sqrt(alpha-bar) noise - sqrt(1 - alpha-bar) image.
    Velocity,
}

/// Variance of a DDPM step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variance {
    /// The variance of the posterior.
    FixedSmall,
    /// The variance beta of the forward process.
    FixedLarge,
}

/// Where a sampler's timesteps lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spacing {
    /// Multiples of floor(T/N) from 0.
    Leading,
    /// Evenly spaced from 0 to T - 1.
    Linspace,
    /// Evenly spaced, ending at T - 1.
    Trailing,
}

const BETAS: [(&str, BetaSchedule); 3] = [
    ("linear", BetaSchedule::Linear),
    ("scaled_linear", BetaSchedule::ScaledLinear),
    ("squaredcos_cap_v2", BetaSchedule::SquaredCosine),
];
const PREDICTIONS: [(&str, Prediction); 2] = [
    ("epsilon", Prediction::Epsilon),
    ("v_prediction", Prediction::Velocity),
];
const VARIANCES: [(&str, Variance); 2] = [
    ("fixed_small", Variance::FixedSmall),
    ("fixed_large", Variance::FixedLarge),
];
const SPACINGS: [(&str, Spacing); 3] = [
    ("leading", Spacing::Leading),
    ("linspace", Spacing::Linspace),
    ("trailing", Spacing::Trailing),
];

/// What a sampler of the library takes for an absent field, and which fields it has.
struct Class {
    name: &'static str,
    clip_sample: bool,
    spacing: Spacing,
    set_alpha_to_one: bool,
    fields: &'static [&'static str],
}

const CLASSES: [Class; 6] = [
    Class {
        name: "DDPMScheduler",
        clip_sample: true,
        spacing: Spacing::Leading,
        set_alpha_to_one: true,
        fields: &["clip_sample", "clip_sample_range", "variance_type"],
    },
    Class {
        name: "DDIMScheduler",
        clip_sample: true,
        spacing: Spacing::Leading,
        set_alpha_to_one: true,
        fields: &["clip_sample", "clip_sample_range", "set_alpha_to_one"],
    },
    Class {
        name: "PNDMScheduler",
        clip_sample: false,
        spacing: Spacing::Leading,
        set_alpha_to_one: false,
        fields: &["set_alpha_to_one"],
    },
    Class {
        name: "EulerDiscreteScheduler",
        clip_sample: false,
        spacing: Spacing::Linspace,
        set_alpha_to_one: true,
        fields: &[],
    },
    Class {
        name: "HeunDiscreteScheduler",
        clip_sample: false,
        spacing: Spacing::Linspace,
        set_alpha_to_one: true,
        fields: &["clip_sample", "clip_sample_range"],
    },
    Class {
        name: "DPMSolverMultistepScheduler",
        clip_sample: false,
        spacing: Spacing::Linspace,
        set_alpha_to_one: true,
        fields: &[],
    },
];

/// Fields with one supported value.
const FIXED: [(&str, &str); 22] = [
    ("trained_betas", "null"),
    ("timestep_values", "null"),
    ("thresholding", "false"),
    ("rescale_betas_zero_snr", "false"),
    ("interpolation_type", r#""linear""#),
    ("use_karras_sigmas", "false or null"),
    ("use_exponential_sigmas", "false or null"),
    ("use_beta_sigmas", "false or null"),
    ("use_flow_sigmas", "false"),
    ("use_lu_lambdas", "false"),
    ("use_dynamic_shifting", "false"),
    ("sigma_min", "null"),
    ("sigma_max", "null"),
    ("timestep_type", r#""discrete""#),
    ("final_sigmas_type", r#""zero""#),
    ("solver_order", "2"),
    ("algorithm_type", r#""dpmsolver++""#),
    ("solver_type", r#""midpoint""#),
    ("lower_order_final", "true"),
    ("euler_at_final", "false"),
    ("lambda_min_clipped", "null"),
    ("tensor_format", r#""pt" or "np""#),
];

/// Fields without effect as long as those of [`FIXED`] have their values, or of PNDM alone.
const IDLE: [&str; 5] = [
    "dynamic_thresholding_ratio",
    "sample_max_value",
    "flow_shift",
    "time_shift_type",
    "skip_prk_steps",
];

const MOST_STEPS: usize = 1_000_000;

impl SchedulerConfig {
    /// A DDPM schedule of `steps` noise levels: betas evenly spaced from 1e-4 to 0.02, the net predicts the
    /// noise, images in [-1, 1]. (Ho, Jain, Abbeel 2020, section 4, at 1000 levels.)
    pub fn ddpm(steps: usize) -> Self {
        Self {
            class: "DDPMScheduler",
            num_train_timesteps: steps,
            beta_schedule: BetaSchedule::Linear,
            beta_start: 1e-4,
            beta_end: 0.02,
            prediction: Prediction::Epsilon,
            clip_sample: true,
            clip_sample_range: 1.0,
            variance: Variance::FixedSmall,
            timestep_spacing: Spacing::Leading,
            steps_offset: 0,
            set_alpha_to_one: true,
        }
    }

    /// Reads a `scheduler_config.json`.
    ///
    /// # Errors
    /// The file missing or unreadable; `Json`; [`FolderError::Field`] with the first field that is missing,
    /// malformed, unknown, or not supported.
    pub fn read(path: &Path) -> Result<Self, FolderError> {
        Self::from_bytes(path, &read_bytes(path)?)
    }

    /// The schedule in the bytes of a file; otherwise as [`SchedulerConfig::read`]. `path` is for messages.
    ///
    /// # Errors
    /// As [`SchedulerConfig::read`].
    pub fn from_bytes(path: &Path, bytes: &[u8]) -> Result<Self, FolderError> {
        let mut fields = Fields::new(path, &without_infinities(bytes))?;
        // DPM-Solver writes null for a net that predicts no variance.
        fields.drop_null("variance_type");
        let classes = CLASSES.each_ref().map(|class| (class.name, class));
        let class = fields.choice("_class_name", None, &classes)?;
        let beta_schedule = fields.choice("beta_schedule", None, &BETAS)?;
        let (first, last) = match beta_schedule {
            BetaSchedule::SquaredCosine => (Some(1e-4), Some(0.02)),
            _ => (None, None),
        };
        let within = |low: f64| move |value: &Value| value.as_f64().filter(|x| *x >= low && *x < 1.0);
        let beta_start = fields.read("beta_start", first, "a number in (0, 1)", |value| {
            within(f64::MIN_POSITIVE)(value)
        })?;
        let expected = format!("a number in [{beta_start}, 1)");
        let beta_end = fields.read("beta_end", last, &expected, within(beta_start))?;
        let expected = format!("1 to {MOST_STEPS}");
        let num_train_timesteps = fields.read("num_train_timesteps", None, &expected, |value| {
            super::fields::count(value).filter(|steps| (1..=MOST_STEPS).contains(steps))
        })?;
        let expected = format!("a whole number below {num_train_timesteps}");
        let config = Self {
            class: class.name,
            num_train_timesteps,
            beta_schedule,
            beta_start,
            beta_end,
            prediction: fields.choice("prediction_type", Some(Prediction::Epsilon), &PREDICTIONS)?,
            clip_sample: fields.flag("clip_sample", class.clip_sample)?,
            clip_sample_range: fields.read("clip_sample_range", Some(1.0), "a positive number", |value| {
                value.as_f64().filter(|range| *range > 0.0 && range.is_finite())
            })?,
            variance: fields.choice("variance_type", Some(Variance::FixedSmall), &VARIANCES)?,
            timestep_spacing: fields.choice("timestep_spacing", Some(class.spacing), &SPACINGS)?,
            steps_offset: fields.read("steps_offset", Some(0), &expected, |value| {
                super::fields::count(value).filter(|offset| *offset < num_train_timesteps)
            })?,
            set_alpha_to_one: fields.flag("set_alpha_to_one", class.set_alpha_to_one)?,
        };
        for (field, allowed) in FIXED {
            fields.only(field, allowed)?;
        }
        for field in IDLE {
            fields.take(field);
        }
        fields.finish()?;
        Ok(config)
    }

    /// The content of a `scheduler_config.json` that diffusers reads as this schedule; only fields that the
    /// class has.
    pub fn to_json(&self) -> Value {
        let mut object = json!({
            "_class_name": self.class,
            "_diffusers_version": "0.42.1",
            "beta_end": self.beta_end,
            "beta_schedule": name(&BETAS, self.beta_schedule),
            "beta_start": self.beta_start,
            "num_train_timesteps": self.num_train_timesteps,
            "prediction_type": name(&PREDICTIONS, self.prediction),
            "steps_offset": self.steps_offset,
            "timestep_spacing": name(&SPACINGS, self.timestep_spacing),
            "trained_betas": null,
        });
        let class = CLASSES.iter().find(|class| class.name == self.class);
        for field in class.map_or(&[][..], |class| class.fields) {
            object[*field] = match *field {
                "clip_sample" => json!(self.clip_sample),
                "clip_sample_range" => plain(self.clip_sample_range),
                "set_alpha_to_one" => json!(self.set_alpha_to_one),
                _ => json!(name(&VARIANCES, self.variance)),
            };
        }
        object
    }
}

fn name<T: Copy + PartialEq>(choices: &[(&'static str, T)], value: T) -> Option<&'static str> {
    choices
        .iter()
        .find(|(_, known)| *known == value)
        .map(|(name, _)| *name)
}

/// Python writes infinities, which JSON does not have; `lambda_min_clipped` is -Infinity by default. Outside
/// of texts they become null, in as many bytes, so that the places in messages stay right.
fn without_infinities(bytes: &[u8]) -> Vec<u8> {
    let mut out = bytes.to_vec();
    let (mut inside, mut escaped) = (false, false);
    let mut position = 0;
    while let Some(rest) = bytes.get(position..).filter(|rest| !rest.is_empty()) {
        let word: &[u8] = if inside || !rest.starts_with(b"-Infinity") {
            &rest[..1]
        } else {
            &rest[..9]
        };
        if word.len() > 1 {
            out[position..position + 9].copy_from_slice(b"null     ");
        } else {
            inside ^= word == b"\"" && !escaped;
            escaped = inside && word == b"\\" && !escaped;
        }
        position += word.len();
    }
    out
}
