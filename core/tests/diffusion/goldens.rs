//! Golden values, made with diffusers: final samples of a linear model, schedules.

use crate::oracle::{DDIM, Entrywise, hops, relative, run, table, wide};
use crate::tolerances::{DIGITS_8, GOLDEN_SAMPLE, SINGLE_SAMPLE, SINGLE_TABLE};
use gibbs_core::diffusion::plan::Ending;
use gibbs_core::diffusion::{Betas, Method, Prediction, Sampler, Schedule, Spacing};
use gibbs_core::math::Real;

#[test] // golden: diffusion-schedule
fn tables_have_the_golden_values() {
    let steps = [0, 1, 100, 250, 500, 750, 999];
    for (betas, golden, last) in [
        (
            Betas::DDPM,
            [
                0.9999,
                0.999_780_06,
                0.895_141_36,
                0.521_422_98,
                0.077_796_65,
                0.003_300_16,
            ],
            (4.035_83e-5, 5.001e-11),
        ),
        (
            Betas::STABLE_DIFFUSION,
            [
                0.999_149_98,
                0.998_296_02,
                0.894_223_15,
                0.673_792_30,
                0.276_332_47,
                0.056_169_80,
            ],
            (0.004_660_10, DIGITS_8),
        ),
    ] {
        let table = table::<f64>(betas);
        // The source multiplied in f32: 1 - 0.00085 = 0.99915 came out as 0.99914998.
        for (t, golden) in steps.iter().zip(golden) {
            assert!(
                (table[*t] - golden).abs() < SINGLE_TABLE,
                "{betas:?} {t}: {}",
                table[*t]
            );
        }
        assert!((table[999] - last.0).abs() < last.1, "{betas:?}: {}", table[999]);
    }
}

const NOISE: [f64; 4] = [0.5, -1.0, 2.0, 0.1];

fn sample<T: Real>(betas: Betas, method: Method, n: usize, spacing: Spacing, ending: Ending) -> Vec<f64> {
    let table = table::<T>(betas);
    let hops = hops(&table, method, n, spacing, ending);
    let mut state = NOISE.map(T::of);
    let sampler = Sampler::new(method, Prediction::Noise).unwrap();
    sampler.scale_start(&hops[0].from, spacing, &mut state).unwrap();
    let mut model = Entrywise(|x: T, _: &_| T::of(0.3) * x + T::of(0.1));
    wide(&run(method, Prediction::Noise, &hops, &state, &mut model))
}

#[test] // golden: diffusion-ddim, diffusion-euler-heun, diffusion-dpm-solver
fn samples_have_the_golden_values() {
    let (ddpm, latent) = (Betas::DDPM, Betas::STABLE_DIFFUSION);
    let (plain, offset) = (Spacing::Leading { offset: 0 }, Spacing::Leading { offset: 1 });
    let line = Spacing::Linspace;
    for (betas, method, n, spacing, ending, golden) in [
        (
            ddpm,
            DDIM,
            10,
            plain,
            Ending::Data,
            [6.571_255, -20.917_763, 34.060_268, -0.759_149],
        ),
        (
            latent,
            DDIM,
            10,
            offset,
            Ending::FirstStep,
            [1.433_569, -4.442_872, 7.310_009, -0.133_482],
        ),
        (
            latent,
            Method::Euler,
            10,
            line,
            Ending::Data,
            [2.143_675, -6.746_446, 11.033_797, -0.227_024],
        ),
        (
            latent,
            Method::Heun,
            10,
            line,
            Ending::Data,
            [1.881_253, -5.879_144, 9.641_652, -0.188_186],
        ),
        (
            latent,
            Method::DpmSolver,
            10,
            line,
            Ending::Data,
            [1.967_139, -6.159_414, 10.093_690, -0.199_942],
        ),
        (
            latent,
            Method::DpmSolver,
            20,
            line,
            Ending::Data,
            [1.940_897, -6.069_876, 9.951_669, -0.195_309],
        ),
    ] {
        let double = sample::<f64>(betas, method, n, spacing, ending);
        let error = relative(&double, &golden);
        assert!(error < GOLDEN_SAMPLE, "{method:?} {n}: {error:e} {double:?}");
        let error = relative(&sample::<f32>(betas, method, n, spacing, ending), &golden);
        assert!(error < SINGLE_SAMPLE, "{method:?} {n} in f32: {error:e}");
    }
}

#[test] // golden: diffusion-schedule
fn sigmas_of_euler_have_the_golden_values() {
    let golden = [
        14.614_647, 7.839_885, 4.609_176, 2.918_308, 1.950_162, 1.344_928, 0.932_358, 0.624_977, 0.368_659,
        0.029_168,
    ];
    let table = table::<f64>(Betas::STABLE_DIFFUSION);
    let hops = hops(&table, Method::Euler, 10, Spacing::Linspace, Ending::Data);
    let sigmas: Vec<f64> = hops.iter().map(|hop| hop.from.sigma()).collect();
    let error = relative(&sigmas, &golden);
    assert!(error < GOLDEN_SAMPLE, "{error:e} {sigmas:?}");
    assert_eq!(hops[9].to.sigma(), 0.0);
    for pair in hops.windows(2) {
        assert_eq!(pair[0].to, pair[1].from);
    }
    let schedule = Schedule::new(&table).unwrap();
    assert_eq!(schedule.sigma(999.0).unwrap(), hops[0].from.sigma());
}
