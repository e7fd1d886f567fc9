//! Inversion of DDIM.

use crate::oracle::{DDIM, Entrywise, farthest, hops, run, table};
use crate::tolerances::ROUNDING;
use gibbs_core::diffusion::plan::{Ending, invert};
use gibbs_core::diffusion::{Betas, Level, Prediction, Spacing};

/// A smooth nonlinear noise: of data at ±1, width 1/2.
fn noise(x: f64, level: &Level) -> f64 {
    let (s, n) = (level.signal(), level.noise());
    let v = s * s * 0.25 + n * n;
    n * (x - s * (s * x / v).tanh()) / v
}

// there and back: the error falls as 1/N
#[test] // law: diffusion-ddim
fn inversion_then_sampling_returns() {
    let table = table::<f64>(Betas::DDPM);
    let data = [0.8, -1.2, 0.1];
    let errors = [25, 50, 100, 200].map(|n| {
        let plan = hops(&table, DDIM, n, Spacing::Leading { offset: 0 }, Ending::Data);
        let mut back = plan.clone();
        invert(&mut back);
        let code = run(DDIM, Prediction::Noise, &back, &data, &mut Entrywise(noise));
        farthest(
            &run(DDIM, Prediction::Noise, &plan, &code, &mut Entrywise(noise)),
            &data,
        )
    });
    assert!(errors[0] < 0.3, "{errors:?}");
    for pair in errors.windows(2) {
        let order = (pair[0] / pair[1]).log2();
        assert!((0.7..1.3).contains(&order), "{errors:?}");
    }
}

// identity: with a model that does not look at the state, each hop is undone exactly
#[test] // law: diffusion-ddim
fn hops_with_fixed_noise_are_undone() {
    let table = table::<f64>(Betas::STABLE_DIFFUSION);
    for (n, spacing, ending) in [
        (10, Spacing::Leading { offset: 1 }, Ending::FirstStep),
        (7, Spacing::Trailing, Ending::Data),
        (13, Spacing::Linspace, Ending::Data),
    ] {
        let plan = hops(&table, DDIM, n, spacing, ending);
        let mut back = plan.clone();
        invert(&mut back);
        assert_eq!((back[0].from, back[n - 1].to), (plan[n - 1].to, plan[0].from));
        let mut model = Entrywise(|_: f64, _: &Level| 0.3);
        let data = [0.5, -2.0];
        let code = run(DDIM, Prediction::Noise, &back, &data, &mut model);
        let again = run(DDIM, Prediction::Noise, &plan, &code, &mut model);
        assert!(farthest(&again, &data) < 100.0 * ROUNDING, "{n}: {again:?}");
        assert!(farthest(&code, &data) > 0.1);
    }
}

// the model is asked where the state is: at the less noisy end
#[test] // edge: diffusion-ddim
fn the_model_is_asked_at_the_state() {
    let table = table::<f64>(Betas::DDPM);
    let mut plan = hops(&table, DDIM, 4, Spacing::Leading { offset: 0 }, Ending::Data);
    invert(&mut plan);
    let mut asked = Vec::new();
    let mut model = Entrywise(|_: f64, level: &Level| {
        asked.push((level.timestep(), level.alpha_bar()));
        0.0
    });
    run(DDIM, Prediction::Noise, &plan, &[1.0], &mut model);
    let times: Vec<f64> = asked.iter().map(|(t, _)| *t).collect();
    assert_eq!(times, [0.0, 0.0, 250.0, 500.0]);
    assert_eq!(asked[0].1, 1.0);
    assert!((asked[1].1 - table[0]).abs() < ROUNDING);
}
