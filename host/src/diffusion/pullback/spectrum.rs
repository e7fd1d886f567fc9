//! The spatial spectrum of basis vectors: coarse or fine?
//!
//! Power of a channel: |F|² / (H W) with F its discrete Fourier transform, so that the mean over frequencies of a channel's
//! power is the sum of its squares over H W times H W, that is: Σ_f |F_f|² / (H W) = Σ_x v_x² (Parseval). Mean over channels
//! and vectors; radial average over the annuli r <= |f| < r + 1, f in cycles per image with signs (-H/2..H/2).

use super::{GeometryError, length};
use crate::net::element::Element;
use rustfft::FftPlanner;
use rustfft::num_complex::Complex;

#[cfg(test)]
mod tests;

/// The mean power spectrum of a set of images.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Spectrum {
    /// Mean power in the annulus r <= |f| < r + 1; zero for an annulus with no frequency.
    pub power: Vec<f64>,
    /// Frequencies in each annulus.
    pub frequencies: Vec<usize>,
    /// Σ |f| P(f) / Σ P(f) over the two-dimensional spectrum, in cycles per image: the mean frequency.
    pub centroid: f64,
}

/// The spectrum of vectors [k, C, H, W]. Cost k C H W log(H W).
///
/// # Errors
/// [`GeometryError::Length`]: not a whole number of vectors, or none.
pub fn spectrum<T: Element>(vectors: &[T], shape: [usize; 3]) -> Result<Spectrum, GeometryError> {
    let [channels, height, width] = shape;
    let size = channels * height * width;
    let count = vectors.len().checked_div(size).unwrap_or(0);
    length("vectors", vectors.len(), count.max(1) * size.max(1))?;
    let power = mean_power(vectors, height, width);
    let mut sums: Vec<(f64, usize)> = Vec::new();
    let (mut moment, mut total) = (0.0, 0.0);
    for (at, power) in power.iter().enumerate() {
        let (y, x) = (signed(at / width, height), signed(at % width, width));
        let square = y * y + x * x;
        let ring = square.isqrt();
        if sums.len() <= ring {
            sums.resize(ring + 1, (0.0, 0));
        }
        sums[ring].0 += power;
        sums[ring].1 += 1;
        moment += (square as f64).sqrt() * power;
        total += power;
    }
    Ok(Spectrum {
        power: sums
            .iter()
            .map(|(sum, n)| if *n > 0 { sum / *n as f64 } else { 0.0 })
            .collect(),
        frequencies: sums.iter().map(|(_, n)| *n).collect(),
        centroid: if total > 0.0 { moment / total } else { 0.0 },
    })
}

/// The spectrum of white noise: all frequencies are equally strong, as in one bright pixel.
///
/// # Errors
/// As [`spectrum`]: no pixels.
pub fn white(height: usize, width: usize) -> Result<Spectrum, GeometryError> {
    let mut pixel = vec![0.0_f64; height * width];
    if let Some(first) = pixel.first_mut() {
        *first = 1.0;
    }
    spectrum(&pixel, [1, height, width])
}

/// |f| of the entry `at` of a transform of length `n`.
fn signed(at: usize, n: usize) -> usize {
    at.min(n - at)
}

/// |F|² / (H W), mean over images [.., H, W].
fn mean_power<T: Element>(images: &[T], height: usize, width: usize) -> Vec<f64> {
    let size = height * width;
    let mut planner = FftPlanner::new();
    let (along, across) = (planner.plan_fft_forward(width), planner.plan_fft_forward(height));
    let mut power = vec![0.0; size];
    let mut turned = vec![Complex::default(); size];
    for image in images.chunks(size) {
        let mut values: Vec<Complex<f64>> = image.iter().map(|x| Complex::new(x.wide(), 0.0)).collect();
        along.process(&mut values);
        for (at, value) in values.iter().enumerate() {
            turned[(at % width) * height + at / width] = *value;
        }
        across.process(&mut turned);
        for (at, value) in turned.iter().enumerate() {
            power[(at % height) * width + at / height] += value.norm_sqr();
        }
    }
    let scale = size as f64 * (images.len() / size) as f64;
    for x in &mut power {
        *x /= scale;
    }
    power
}
