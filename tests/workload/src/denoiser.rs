//! The device example of diffusion: a perceptron of 32 - 64 - 64 - 16 (a state of 16 numbers and 16 features of time)
//! that predicts velocities, sampled by DDIM in ten steps, in single precision.
//!
//! The weights, 28 KiB of flash, are no trained model but a fixed pseudo-random function, computed when the program is
//! compiled: the example shows cost and bits, not a picture.

use crate::Hash;
use core::hint::black_box;
use gibbs_core::Error;
use gibbs_core::diffusion::mlp::scratch_len;
use gibbs_core::diffusion::plan::{self, Ending};
use gibbs_core::diffusion::schedule::alpha_bars;
use gibbs_core::diffusion::timesteps::timesteps;
use gibbs_core::diffusion::{
    Betas, Hop, Layer, Method, Mlp, MlpDenoiser, Prediction, Run, Sampler, Schedule, Spacing, gaussian,
};
use gibbs_core::random::stream;

/// Entries of the state.
pub const STATE: usize = 16;
const INPUTS: usize = 2 * STATE;
const HIDDEN: usize = 64;
const METHOD: Method = Method::Ddim { eta: 0.0, clip: None };
const TRAINING_STEPS: usize = 1000;
/// Steps of DDIM.
pub const STEPS: usize = 10;
/// Seed of the starting noise.
pub const SEED: u64 = 7;

static FIRST: [f32; INPUTS * HIDDEN] = weights(1, 0.3);
static SECOND: [f32; HIDDEN * HIDDEN] = weights(2, 0.2);
static THIRD: [f32; HIDDEN * STATE] = weights(3, 0.2);
static HIDDEN_BIAS: [f32; HIDDEN] = weights(4, 0.1);
static LAST_BIAS: [f32; STATE] = weights(5, 0.1);

/// Numbers within ± `range` by a linear congruence (Numerical Recipes' constants, the upper 24 bits).
const fn weights<const COUNT: usize>(seed: u32, range: f32) -> [f32; COUNT] {
    let mut values = [0.0; COUNT];
    let (mut word, mut at) = (seed, 0);
    while at < COUNT {
        word = word.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        values[at] = range * ((word >> 8) as f32 / 8_388_608.0 - 1.0);
        at += 1;
    }
    values
}

/// All memory of the example, 5.1 KiB, the table of the schedule 4 KB of it. New, it is all zeros but for the plan.
#[derive(Debug)]
pub struct Sample {
    alpha_bar: [f32; TRAINING_STEPS],
    hops: [Hop; STEPS],
    state: [f32; STATE],
    step: [f32; METHOD.scratch_len(STATE)],
    activations: [f32; scratch_len(&[INPUTS, HIDDEN, HIDDEN, STATE])],
}

impl Default for Sample {
    fn default() -> Self {
        Self::new()
    }
}

impl Sample {
    /// No plan yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            alpha_bar: [0.0; TRAINING_STEPS],
            hops: [Hop::NONE; STEPS],
            state: [0.0; STATE],
            step: [0.0; METHOD.scratch_len(STATE)],
            activations: [0.0; scratch_len(&[INPUTS, HIDDEN, HIDDEN, STATE])],
        }
    }

    /// Makes the schedule and the plan, and draws the starting noise.
    ///
    /// # Errors
    /// None.
    #[inline(never)]
    pub fn prepare(&mut self) -> Result<(), Error> {
        alpha_bars(black_box(Betas::DDPM), &mut self.alpha_bar)?;
        let schedule = Schedule::new(&self.alpha_bar)?;
        let mut chosen = [0; STEPS];
        timesteps(Spacing::Trailing, schedule.steps(), &mut chosen)?;
        plan::ddim(&schedule, &chosen, Ending::Data, &mut self.hops)?;
        let mut rng = stream(black_box(SEED), "workload/denoiser", 0);
        gaussian(&mut rng)(&mut self.state);
        Ok(())
    }

    /// Samples; returns the hash of the states after every step.
    ///
    /// # Errors
    /// None once prepared.
    #[inline(never)]
    pub fn sample(&mut self) -> Result<u64, Error> {
        let layers = [
            Layer {
                weight: &FIRST,
                bias: &HIDDEN_BIAS,
            },
            Layer {
                weight: &SECOND,
                bias: &HIDDEN_BIAS,
            },
            Layer {
                weight: &THIRD,
                bias: &LAST_BIAS,
            },
        ];
        let mut model = MlpDenoiser::new(Mlp::new(&layers)?, &mut self.activations)?;
        let sampler = Sampler::new(METHOD, Prediction::Velocity)?;
        let mut run = Run::new(sampler, &self.hops, &mut self.state, &mut [])?;
        let mut hash = Hash::default();
        while run.done() < STEPS {
            let _ = run.step(&mut model, &mut |_: &mut [f32]| (), &mut self.step)?;
            hash.reals(run.state());
        }
        Ok(hash.value())
    }

    /// The state.
    #[must_use]
    pub fn state(&self) -> &[f32] {
        &self.state
    }
}
