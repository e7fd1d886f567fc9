//! Mutations seen red: frequencies without sign; no division by H W; the transposed spectrum; annuli rounded.

use super::super::PullbackError;
use super::super::ritz::gaussian;
use super::super::testing::tolerance::ROUNDING;
use super::*;

// closed form: a wave (3, -2) of amplitude a has power a² H W / 4 at two frequencies
#[test] // oracle: diffusion-spectrum
fn a_wave_stands_in_its_annulus() {
    let (height, width) = (12, 16);
    let image: Vec<f64> = (0..height * width)
        .map(|at| {
            let (y, x) = ((at / width) as f64, (at % width) as f64);
            2.0 * (std::f64::consts::TAU * (3.0 * y / 12.0 - 2.0 * x / 16.0)).cos()
        })
        .collect();
    let found = spectrum(&image, [1, height, width]).unwrap();
    let ring = 3; // floor(sqrt(13))
    for (r, power) in found.power.iter().enumerate() {
        let expected = if r == ring {
            2.0 * 192.0 / found.frequencies[r] as f64
        } else {
            0.0
        };
        assert!(
            (power - expected).abs() <= ROUNDING * 192.0,
            "{r}: {power} {expected}"
        );
    }
    assert!((found.centroid - 13.0_f64.sqrt()).abs() <= ROUNDING);
    assert_eq!(found.frequencies.iter().sum::<usize>(), height * width);
}

// Parseval, over channels, vectors and odd sides
#[test] // law: diffusion-spectrum
fn the_power_is_the_mean_square() {
    for shape @ [channels, height, width] in [[2, 7, 5], [3, 8, 8], [1, 1, 9]] {
        let size = channels * height * width;
        let vectors = gaussian::<f64>(1, "test.spectrum", 4, size);
        let found = spectrum(&vectors, shape).unwrap();
        let total: f64 = found
            .power
            .iter()
            .zip(&found.frequencies)
            .map(|(p, n)| p * *n as f64)
            .sum();
        let expected = vectors.iter().map(|x| x * x).sum::<f64>() / (4 * channels) as f64;
        assert!(
            (total - expected).abs() <= ROUNDING * expected,
            "{total} {expected}"
        );
    }
}

#[test] // edge: diffusion-spectrum
fn constants_noise_and_bad_shapes() {
    let found = spectrum(&[3.0_f32; 32], [2, 4, 4]).unwrap();
    assert!((found.power[0] - 9.0 * 16.0 / found.frequencies[0] as f64).abs() <= ROUNDING * 100.0);
    assert!(found.centroid <= ROUNDING);
    assert_eq!(spectrum(&[0.0_f32; 16], [1, 4, 4]).unwrap().centroid, 0.0);
    for (length, shape) in [(15, [1, 4, 4]), (0, [1, 4, 4]), (4, [0, 4, 4])] {
        let refused = spectrum(&vec![1.0; length], shape);
        assert!(matches!(refused, Err(PullbackError::Length { .. })));
    }
}
