//! The small perceptron: against loops written out, by hand, as a sampler's model, refusals.

use crate::oracle::{DDIM, farthest, hops, run, table, wide};
use crate::tolerances::{ROUNDING, SINGLE_SAMPLE};
use gibbs_core::Error;
use gibbs_core::diffusion::mlp::{scratch_len, time_features};
use gibbs_core::diffusion::plan::Ending;
use gibbs_core::diffusion::{Betas, Denoiser, Layer, Level, Mlp, MlpDenoiser, Prediction, Spacing};
use gibbs_core::math::Real;
use gibbs_core::random::{normal, stream};

/// Weights and biases of a net of the given widths, of order 1 / sqrt(inputs).
fn weights<T: Real>(widths: &[usize]) -> Vec<(Vec<T>, Vec<T>)> {
    let mut rng = stream(14, "mlp", 0);
    let mut draw = |count: usize, scale: f64| -> Vec<T> {
        (0..count)
            .map(|_| T::of(scale * normal::<f64>(&mut rng)))
            .collect()
    };
    let pairs = widths.windows(2);
    pairs
        .map(|w| (draw(w[0] * w[1], 1.0 / (w[0] as f64).sqrt()), draw(w[1], 0.1)))
        .collect()
}

fn layers<T: Real>(weights: &[(Vec<T>, Vec<T>)]) -> Vec<Layer<'_, T>> {
    weights
        .iter()
        .map(|(weight, bias)| Layer { weight, bias })
        .collect()
}

const WIDTHS: [usize; 4] = [16 + 8, 64, 64, 16];

// the formulas with the platform's functions
#[test] // oracle: diffusion-mlp
fn the_forward_pass_is_the_formula() {
    for widths in [&WIDTHS[..], &[5, 7, 3], &[3, 1], &[40, 2, 2]] {
        let weights = weights::<f64>(widths);
        let layers = layers(&weights);
        let mlp = Mlp::new(&layers).unwrap();
        let n = *widths.last().unwrap();
        assert_eq!(mlp.state_len(), n);
        let x: Vec<f64> = (0..n).map(|i| (i as f64).cos()).collect();
        let half = (widths[0] - n) / 2;
        let frequency = |i: usize| 1e4_f64.powf(-(i as f64) / half as f64);
        let mut a = x.clone();
        a.extend((0..half).map(|i| (37.5 * frequency(i)).sin()));
        a.extend((0..half).map(|i| (37.5 * frequency(i)).cos()));
        for (at, (weight, bias)) in weights.iter().enumerate() {
            a = bias
                .iter()
                .enumerate()
                .map(|(row, bias)| {
                    let row = &weight[row * a.len()..(row + 1) * a.len()];
                    let u: f64 = bias + row.iter().zip(&a).map(|(w, a)| w * a).sum::<f64>();
                    if at + 1 < weights.len() {
                        u / (1.0 + (-u).exp())
                    } else {
                        u
                    }
                })
                .collect();
        }
        assert_eq!(scratch_len(widths), mlp.scratch_len());
        let (mut output, mut scratch) = (vec![0.0; n], vec![f64::NAN; mlp.scratch_len()]);
        mlp.forward(&x, 37.5, &mut output, &mut scratch).unwrap();
        assert!(
            farthest(&output, &a) < 100.0 * ROUNDING,
            "{widths:?}: {output:?} {a:?}"
        );
    }
}

// by hand: frequencies 1 and 1/100; time 0
#[test] // oracle: diffusion-mlp
fn features_of_time() {
    let mut features = [0.0_f64; 4];
    time_features(2.0, &mut features).unwrap();
    assert!(
        farthest(
            &features,
            &[2.0_f64.sin(), 0.02_f64.sin(), 2.0_f64.cos(), 0.02_f64.cos()]
        ) < ROUNDING
    );
    time_features(0.0, &mut features).unwrap();
    assert_eq!(features, [0.0, 0.0, 1.0, 1.0]);
}

// whole samples: f32 beside f64, a batch beside its members
#[test] // law: diffusion-mlp
fn it_samples() {
    let (double, single) = (weights::<f64>(&WIDTHS), weights::<f32>(&WIDTHS));
    let (layers, narrow) = (layers(&double), layers(&single));
    let table = table::<f64>(Betas::DDPM);
    let hops = hops(&table, DDIM, 10, Spacing::Trailing, Ending::Data);
    let mut rng = stream(15, "mlp/start", 0);
    let start: Vec<f64> = (0..32).map(|_| normal(&mut rng)).collect();
    let mut scratch = [0.0; 128];
    let mut model = MlpDenoiser::new(Mlp::new(&layers).unwrap(), &mut scratch).unwrap();
    let batch = run(DDIM, Prediction::Velocity, &hops, &start, &mut model);
    for (start, sample) in start.chunks(16).zip(batch.chunks(16)) {
        assert_eq!(run(DDIM, Prediction::Velocity, &hops, start, &mut model), sample);
    }
    let mut scratch = [0.0; 128];
    let mut model = MlpDenoiser::new(Mlp::new(&narrow).unwrap(), &mut scratch).unwrap();
    let start: Vec<f32> = start.iter().map(|x| *x as f32).collect();
    let rounded = run(DDIM, Prediction::Velocity, &hops, &start, &mut model);
    assert!(farthest(&wide(&rounded), &batch) < SINGLE_SAMPLE);
    assert!(batch.iter().all(|x| x.abs() < 100.0) && batch[0] != batch[16]);
}

#[test] // edge: diffusion-mlp
fn refusals() {
    fn new(shapes: &[(usize, usize)]) -> Option<Error> {
        let data: Vec<_> = shapes
            .iter()
            .map(|(w, b)| (vec![0.1; *w], vec![0.1; *b]))
            .collect();
        Mlp::new(&layers::<f64>(&data)).err()
    }
    assert_eq!(new(&[(6 * 5, 5), (5 * 4, 4)]), None);
    for shapes in [
        &[][..],
        &[(6 * 5, 5), (5 * 6, 6)],     // no time features
        &[(6 * 5, 5), (5 * 7, 7)],     // fewer than none
        &[(6 * 5, 5), (5 * 3, 3)],     // an odd number
        &[(6 * 5, 5), (6 * 4, 4)],     // widths
        &[(6 * 5 + 1, 5), (5 * 4, 4)], // a ragged matrix
        &[(6 * 5, 5), (0, 0), (5 * 4, 4)],
        &[(0, 0)],
    ] {
        assert_eq!(new(shapes), Some(Error::Shape), "{shapes:?}");
    }
    let mut data = weights::<f64>(&[6, 4]);
    data[0].1[3] = f64::NAN;
    assert_eq!(Mlp::new(&layers(&data)).err(), Some(Error::NonFinite));
    data[0].1[3] = 0.0;
    data[0].0[3] = f64::INFINITY;
    assert_eq!(Mlp::new(&layers(&data)).err(), Some(Error::NonFinite));
    data[0].0[3] = 1e300;
    let layers = layers(&data);
    let mlp = Mlp::new(&layers).unwrap();
    let forward = |x: &[f64], t: f64, n: usize, scratch: usize| {
        mlp.forward(x, t, &mut vec![0.0; n], &mut vec![0.0; scratch])
            .err()
    };
    assert_eq!(forward(&[1.0; 4], 1.0, 4, 12), None);
    assert_eq!(forward(&[1.0; 3], 1.0, 4, 12), Some(Error::Shape));
    assert_eq!(forward(&[1.0; 3], 1.0, 3, 12), Some(Error::Shape));
    assert_eq!(forward(&[1.0; 4], 1.0, 3, 12), Some(Error::Shape));
    assert_eq!(forward(&[1.0; 4], 1.0, 4, 11), Some(Error::Shape));
    assert_eq!(
        forward(&[1.0, 1.0, f64::NAN, 1.0], 1.0, 4, 12),
        Some(Error::NonFinite)
    );
    assert_eq!(forward(&[1.0; 4], f64::NAN, 4, 12), Some(Error::NonFinite));
    assert_eq!(
        forward(&[1.0, 1.0, 1.0, 1e300], 1.0, 4, 12),
        Some(Error::NonFinite)
    );
    assert_eq!(MlpDenoiser::new(mlp, &mut [0.0; 11]).err(), Some(Error::Shape));
    let mut scratch = [0.0; 12];
    let mut model = MlpDenoiser::new(mlp, &mut scratch).unwrap();
    let level = Level::of_alpha_bar(1.0, 0.5).unwrap();
    assert_eq!(model.predict(&[0.0; 6], &level, &mut [0.0; 6]), Err(Error::Shape));
    assert_eq!(model.predict(&[0.0; 8], &level, &mut [0.0; 4]), Err(Error::Shape));
    for bad in [&mut [][..], &mut [0.0; 1], &mut [0.0; 3]] {
        assert_eq!(time_features(1.0, bad), Err(Error::Shape));
    }
}
