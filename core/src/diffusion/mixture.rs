//! The exact denoiser of a mixture of Gaussians, with its Jacobian: the oracle of samplers and of Jacobian products.
//!
//! Data from component k with probability w_k are N(m_k, diag c_k). With s = signal and n = noise,
//!
//! ```text
//! v_k = s² c_k + n²      r_k ∝ w_k N(x; s m_k, diag v_k)      mu_k = m_k + s c_k (x - s m_k) / v_k
//! score = -Σ r_k (x - s m_k) / v_k      eps* = -n score      x0hat = Σ r_k mu_k = (x + n² score) / s
//! ∂x0hat/∂x = (s / n²) Cov[x0 | x] = Σ r_k [ diag(s c_k / v_k) + (s / n²) (mu_k - x0hat)(mu_k - x0hat)' ]
//! ```
//! The Jacobian is symmetric and positive semidefinite (the second-order form of Tweedie's formula). Sums run over the
//! components in order; responsibilities are taken relative to the largest.
//! Sources: Efron 2011 (Tweedie's formula); the rest derived.

use super::level::Level;
use super::sampler::Denoiser;
use crate::Error;
use crate::linalg::LinearOperator;
use crate::math::{Real, larger};

/// The covariances of the components.
#[derive(Clone, Copy, Debug)]
pub enum Spread<'a, T> {
    /// One variance for all entries: K numbers.
    Isotropic(&'a [T]),
    /// One variance for each entry: K x D numbers, component by component.
    Diagonal(&'a [T]),
}

/// A mixture of K Gaussians in D dimensions.
#[derive(Clone, Copy, Debug)]
pub struct GaussianMixture<'a, T> {
    weights: &'a [T],
    means: &'a [T],
    spread: Spread<'a, T>,
    dimension: usize,
}

impl<'a, T: Real> GaussianMixture<'a, T> {
    /// Weights (K, positive; they need not sum to one), means (K x D, component by component), variances (>= 0; 0 is
    /// a point).
    ///
    /// # Errors
    /// `Shape`; `NonFinite`; `Domain` for a weight <= 0 or a variance < 0.
    pub fn new(weights: &'a [T], means: &'a [T], spread: Spread<'a, T>) -> Result<Self, Error> {
        let (count, dimension) = (weights.len(), means.len().checked_div(weights.len()).unwrap_or(0));
        let (variances, expected) = match spread {
            Spread::Isotropic(variances) => (variances, count),
            Spread::Diagonal(variances) => (variances, means.len()),
        };
        if dimension == 0 || count.checked_mul(dimension) != Some(means.len()) || variances.len() != expected
        {
            return Err(Error::Shape);
        }
        if !weights
            .iter()
            .chain(means)
            .chain(variances)
            .all(|x| x.is_finite())
        {
            return Err(Error::NonFinite);
        }
        if weights.iter().any(|w| *w <= T::ZERO) || variances.iter().any(|c| *c < T::ZERO) {
            return Err(Error::Domain);
        }
        Ok(Self {
            weights,
            means,
            spread,
            dimension,
        })
    }

    /// The number of dimensions, D.
    pub const fn dimension(&self) -> usize {
        self.dimension
    }

    /// The number of components, K.
    pub const fn components(&self) -> usize {
        self.weights.len()
    }

    /// Mean and variances of component k, entry by entry.
    fn component(&self, k: usize) -> impl Iterator<Item = (T, T)> {
        let start = k.saturating_mul(self.dimension);
        let means = self.means.get(start..).unwrap_or_default().iter();
        let (one, each) = match self.spread {
            Spread::Isotropic(c) => (c.get(k).copied().unwrap_or(T::ZERO), &[][..]),
            Spread::Diagonal(c) => (T::ZERO, c.get(start..).unwrap_or_default()),
        };
        let variances = each.iter().copied().chain(core::iter::repeat(one));
        means.copied().zip(variances).take(self.dimension)
    }

    /// What a state `x` (D) at a level says of the data behind it. Lent: `responsibilities` (K), `mean` (D). Cost
    /// O(K D).
    ///
    /// # Errors
    /// `Shape`; `NonFinite` (also when a density underflows out of range; the lent slices are then overwritten);
    /// `Domain` where a component has no width: a point of data at a level without noise.
    pub fn posterior<'b>(
        &'b self,
        x: &'b [T],
        level: &Level,
        responsibilities: &'b mut [T],
        mean: &'b mut [T],
    ) -> Result<Posterior<'b, T>, Error> {
        if responsibilities.len() != self.components() || [x.len(), mean.len()] != [self.dimension; 2] {
            return Err(Error::Shape);
        }
        if !x.iter().all(|x| x.is_finite()) {
            return Err(Error::NonFinite);
        }
        let (signal, noise) = (T::of(level.signal()), T::of(level.noise()));
        let mut highest = T::of(f64::NEG_INFINITY);
        for ((k, r), weight) in responsibilities.iter_mut().enumerate().zip(self.weights) {
            let (mut distance, mut log_volume) = (T::ZERO, T::ZERO);
            for ((m, c), x) in self.component(k).zip(x) {
                let v = signal * signal * c + noise * noise;
                if v <= T::ZERO {
                    return Err(Error::Domain);
                }
                let difference = *x - signal * m;
                distance += difference * difference / v;
                log_volume += v.ln();
            }
            *r = weight.ln() - T::HALF * (distance + log_volume);
            highest = larger(*r, highest);
        }
        let mut total = T::ZERO;
        for r in responsibilities.iter_mut() {
            *r = (*r - highest).exp();
            total += *r;
        }
        mean.fill(T::ZERO);
        for (k, r) in responsibilities.iter_mut().enumerate() {
            *r /= total;
            for (((m, c), x), mean) in self.component(k).zip(x).zip(mean.iter_mut()) {
                let v = signal * signal * c + noise * noise;
                *mean += *r * (m + signal * c * (*x - signal * m) / v);
            }
        }
        let dimension = T::of_count(self.dimension);
        let log_density = highest + total.ln() - T::HALF * dimension * T::LN_TAU - self.log_total_weight();
        if !responsibilities.iter().chain(&*mean).all(|x| x.is_finite()) || !log_density.is_finite() {
            return Err(Error::NonFinite);
        }
        Ok(Posterior {
            mixture: self,
            signal,
            noise,
            x,
            responsibilities,
            mean,
            log_density,
        })
    }

    fn log_total_weight(&self) -> T {
        let mut total = T::ZERO;
        for weight in self.weights {
            total += *weight;
        }
        total.ln()
    }
}

/// What a noisy state says of the data behind it.
#[derive(Clone, Copy, Debug)]
pub struct Posterior<'a, T> {
    mixture: &'a GaussianMixture<'a, T>,
    signal: T,
    noise: T,
    x: &'a [T],
    responsibilities: &'a [T],
    mean: &'a [T],
    log_density: T,
}

impl<T: Real> Posterior<'_, T> {
    /// x0hat = E\[x0 | x\] (D).
    pub fn mean(&self) -> &[T] {
        self.mean
    }

    /// r_k (K), summing to one.
    pub fn responsibilities(&self) -> &[T] {
        self.responsibilities
    }

    /// ln p(x), the density of the noisy state in nats.
    pub fn log_density(&self) -> T {
        self.log_density
    }

    /// ∇ ln p(x) into `score` (D).
    ///
    /// # Errors
    /// `Shape`; `NonFinite`.
    pub fn score(&self, score: &mut [T]) -> Result<(), Error> {
        self.pull(-T::ONE, score)
    }

    /// eps* = E\[e | x\] into `noise` (D).
    ///
    /// # Errors
    /// `Shape`; `NonFinite`.
    pub fn noise(&self, noise: &mut [T]) -> Result<(), Error> {
        self.pull(self.noise, noise)
    }

    /// factor Σ r_k (x - s m_k) / v_k.
    fn pull(&self, factor: T, out: &mut [T]) -> Result<(), Error> {
        if out.len() != self.x.len() {
            return Err(Error::Shape);
        }
        out.fill(T::ZERO);
        for (k, r) in self.responsibilities.iter().enumerate() {
            for (((m, c), x), out) in self.mixture.component(k).zip(self.x).zip(out.iter_mut()) {
                let v = self.signal * self.signal * c + self.noise * self.noise;
                *out += *r * (*x - self.signal * m) / v;
            }
        }
        for out in out.iter_mut() {
            *out *= factor;
        }
        super::prediction::finite(out)
    }

    /// The Jacobian of x0hat at x, times `tangent` (D), into `image` (D). It is its own transpose. Cost O(K D).
    ///
    /// # Errors
    /// `Shape`; `NonFinite` (for a result that is not finite, `image` is overwritten); `Domain` at a level without noise.
    pub fn jacobian_product(&self, tangent: &[T], image: &mut [T]) -> Result<(), Error> {
        super::prediction::check(&[tangent, self.x], image)?;
        if self.noise <= T::ZERO {
            return Err(Error::Domain);
        }
        let (s, n2) = (self.signal, self.noise * self.noise);
        image.fill(T::ZERO);
        for (k, r) in self.responsibilities.iter().enumerate() {
            let given = || {
                let entries = self.mixture.component(k).zip(self.x).zip(self.mean);
                entries.map(|(((m, c), x), mean)| {
                    let gain = s * c / (s * s * c + n2);
                    (gain, m + gain * (*x - s * m) - *mean)
                })
            };
            let mut along = T::ZERO;
            for ((_, shift), v) in given().zip(tangent) {
                along += shift * *v;
            }
            let between = s / n2 * along;
            for (((gain, shift), v), out) in given().zip(tangent).zip(image.iter_mut()) {
                *out += *r * (gain * *v + shift * between);
            }
        }
        super::prediction::finite(image)
    }
}

/// The Jacobian of x0hat at x.
impl<T: Real> LinearOperator<T> for Posterior<'_, T> {
    type Error = Error;

    fn inputs(&self) -> usize {
        self.x.len()
    }

    fn outputs(&self) -> usize {
        self.x.len()
    }

    fn apply(&mut self, vectors: &[T], images: &mut [T]) -> Result<(), Error> {
        let n = self.x.len().max(1);
        if vectors.len() != images.len() || vectors.len().checked_rem(n) != Some(0) {
            return Err(Error::Shape);
        }
        for (vector, image) in vectors.chunks_exact(n).zip(images.chunks_exact_mut(n)) {
            self.jacobian_product(vector, image)?;
        }
        Ok(())
    }

    fn apply_transposed(&mut self, vectors: &[T], images: &mut [T]) -> Result<(), Error> {
        self.apply(vectors, images)
    }
}

/// The mixture as a model that predicts noise ([`super::Prediction::Noise`]), for one state or a batch.
#[derive(Debug)]
pub struct MixtureDenoiser<'a, T> {
    mixture: GaussianMixture<'a, T>,
    responsibilities: &'a mut [T],
    mean: &'a mut [T],
}

impl<'a, T: Real> MixtureDenoiser<'a, T> {
    /// The denoiser of a mixture with lent scratch: `responsibilities` (K), `mean` (D).
    ///
    /// # Errors
    /// `Shape`.
    pub fn new(
        mixture: GaussianMixture<'a, T>,
        responsibilities: &'a mut [T],
        mean: &'a mut [T],
    ) -> Result<Self, Error> {
        if responsibilities.len() != mixture.components() || mean.len() != mixture.dimension() {
            return Err(Error::Shape);
        }
        Ok(Self {
            mixture,
            responsibilities,
            mean,
        })
    }
}

impl<T: Real> Denoiser<T> for MixtureDenoiser<'_, T> {
    type Error = Error;

    fn predict(&mut self, x: &[T], level: &Level, output: &mut [T]) -> Result<(), Error> {
        let n = self.mixture.dimension().max(1);
        if x.len() != output.len() || x.len().checked_rem(n) != Some(0) {
            return Err(Error::Shape);
        }
        for (x, output) in x.chunks_exact(n).zip(output.chunks_exact_mut(n)) {
            let posterior = self
                .mixture
                .posterior(x, level, self.responsibilities, self.mean)?;
            posterior.noise(output)?;
        }
        Ok(())
    }
}
