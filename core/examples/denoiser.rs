//! Samples of a mixture of three Gaussians by DDIM with its exact denoiser: a diffusion model without a net.
//!
//! `cargo run -p gibbs-core --example denoiser`

use gibbs_core::Error;
use gibbs_core::diffusion::plan::{self, Ending};
use gibbs_core::diffusion::schedule::alpha_bars;
use gibbs_core::diffusion::timesteps::timesteps;
use gibbs_core::diffusion::{
    Betas, GaussianMixture, Hop, Method, MixtureDenoiser, Prediction, Run, Sampler, Schedule, Spacing,
    Spread, gaussian,
};
use gibbs_core::random::stream;

const STEPS: usize = 50;

fn main() -> Result<(), Error> {
    let weights = [0.5, 0.3, 0.2];
    let means = [-1.0, 0.0, 1.0, 0.5, 0.0, -1.0]; // three points of the plane
    let variances = [0.01, 0.01, 0.01];
    let mixture = GaussianMixture::new(&weights, &means, Spread::Isotropic(&variances))?;
    let (mut shares, mut mean) = ([0.0; 3], [0.0; 2]);
    let mut model = MixtureDenoiser::new(mixture, &mut shares, &mut mean)?;

    let mut table = [0.0_f64; 1000];
    alpha_bars(Betas::DDPM, &mut table)?;
    let schedule = Schedule::new(&table)?;
    let (mut chosen, mut hops) = ([0; STEPS], [Hop::NONE; STEPS]);
    timesteps(Spacing::Trailing, schedule.steps(), &mut chosen)?;
    plan::ddim(&schedule, &chosen, Ending::Data, &mut hops)?;
    let sampler = Sampler::new(Method::Ddim { eta: 0.0, clip: None }, Prediction::Noise)?;

    for sample in 0..8 {
        let (mut state, mut scratch) = ([0.0; 2], [0.0; 4]);
        gaussian(&mut stream(0, "example/denoiser", sample))(&mut state);
        let mut run = Run::new(sampler, &hops, &mut state, &mut [])?;
        run.finish(&mut model, &mut |_: &mut [f64]| (), &mut scratch)?;
        let [x, y] = state;
        println!("{x:6.3} {y:6.3}");
        let near = means.chunks_exact(2).any(|m| (x - m[0]).hypot(y - m[1]) < 0.5);
        assert!(near, "a sample far from all means");
    }
    Ok(())
}
