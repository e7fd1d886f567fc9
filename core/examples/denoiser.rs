//! Sampling with a diffusion model, in single precision and fixed memory: noise becomes points of two clusters.
//!
//! The model here is the exact denoiser of a mixture of Gaussians; a trained perceptron (`diffusion::Mlp`) takes its
//! place without another change.
//!
//! `cargo run -p gibbs-core --example denoiser`

use gibbs_core::Error;
use gibbs_core::diffusion::plan::{self, Ending};
use gibbs_core::diffusion::schedule::{Betas, Table};
use gibbs_core::diffusion::timesteps::{Spacing, timesteps};
use gibbs_core::diffusion::{
    GaussianMixture, Hop, Method, MixtureDenoiser, Prediction, Run, Sampler, Spread, gaussian,
};
use gibbs_core::random::stream;

const DIMENSION: usize = 2;
const SAMPLES: usize = 100;
const STEPS: usize = 20;
const METHOD: Method = Method::Ddim { eta: 0.0, clip: None };
// The type of the method fixes the memory: no length is guessed.
const SCRATCH: usize = METHOD.scratch_len(DIMENSION);
const HISTORY: usize = METHOD.history_len(DIMENSION);

pub(crate) fn main() -> Result<(), Error> {
    let table = Table::<f32, 1000>::new(Betas::DDPM)?;
    let (mut chosen, mut hops) = ([0; STEPS], [Hop::NONE; STEPS]);
    timesteps(Spacing::Trailing, table.schedule().steps(), &mut chosen)?;
    plan::ddim(&table.schedule(), &chosen, Ending::Data, &mut hops)?;

    // Three quarters of the points lie around (1, 1), the others around (-1, 0), each with standard deviation 0.1.
    let mixture = GaussianMixture::new(&[3.0, 1.0], &[1.0, 1.0, -1.0, 0.0], Spread::Isotropic(&[0.01; 2]))?;
    let (mut responsibilities, mut mean) = ([0.0; 2], [0.0; DIMENSION]);
    let mut model = MixtureDenoiser::new(mixture, &mut responsibilities, &mut mean)?;
    let sampler = Sampler::new(METHOD, Prediction::Noise)?;

    let mut rng = stream(0, "example", 0);
    let mut right = 0;
    for _ in 0..SAMPLES {
        let (mut state, mut history, mut scratch) = ([0.0_f32; DIMENSION], [0.0; HISTORY], [0.0; SCRATCH]);
        gaussian(&mut rng)(&mut state);
        let mut run = Run::new(sampler, &hops, &mut state, &mut history)?;
        run.finish(&mut model, &mut |_: &mut [f32]| (), &mut scratch)?;
        let [x, y] = state;
        let near = |a: f32, b: f32| (x - a).abs() < 1.0 && (y - b).abs() < 1.0;
        assert!(
            near(1.0, 1.0) || near(-1.0, 0.0),
            "({x}, {y}) is of neither cluster"
        );
        right += usize::from(x > 0.0);
    }
    println!("{right} of {SAMPLES} samples are of the cluster that holds three quarters");
    assert!((50..=95).contains(&right), "{right}"); // false alarm: 1e-6 at most, and the seed is fixed
    Ok(())
}
