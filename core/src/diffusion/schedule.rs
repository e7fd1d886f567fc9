//! Noise schedules: the table of ab_t = Π_{i<=t} (1 - beta_i).
//!
//! ```text
//! linear(b0, b1)          beta_i = b0 + (b1 - b0) i / (T - 1)
//! scaled_linear(b0, b1)   beta_i = (sqrt b0 + (sqrt b1 - sqrt b0) i / (T - 1))²
//! squaredcos_cap_v2       beta_i = min(1 - f((i+1)/T) / f(i/T), 0.999),  f(u) = cos²((u + 0.008) / 1.008 pi/2)
//! sigma_t = sqrt((1 - ab_t) / ab_t)     SNR_t = ab_t / (1 - ab_t)     lambda_t = ln SNR_t
//! ```
//! Sources: Ho, Jain, Abbeel 2020 (linear); Rombach et al. 2022 (scaled linear); Nichol, Dhariwal 2021 (cosine);
//! Lin et al. 2024 (zero terminal SNR).

use super::level::Level;
use crate::Error;
use crate::math::Real;

/// How the variances beta_i of the training noise grow.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Betas {
    /// Betas equally spaced from the first to the last.
    Linear {
        /// The first beta, beta_0.
        first: f64,
        /// The last beta, beta_{T-1}.
        last: f64,
    },
    /// Betas with equally spaced roots.
    ScaledLinear {
        /// The first beta, beta_0.
        first: f64,
        /// The last beta, beta_{T-1}.
        last: f64,
    },
    /// ab a squared cosine (`squaredcos_cap_v2`).
    SquaredCosine,
}

impl Betas {
    /// 1e-4 to 0.02, for T = 1000: pixel models.
    pub const DDPM: Self = Self::Linear {
        first: 1e-4,
        last: 0.02,
    };
    /// 0.00085 to 0.012, scaled, for T = 1000: latent models.
    pub const STABLE_DIFFUSION: Self = Self::ScaledLinear {
        first: 0.000_85,
        last: 0.012,
    };

    /// beta_i of a schedule of `steps`.
    fn value(self, i: usize, steps: usize) -> f64 {
        let count = f64::of_count(steps);
        let part = if steps > 1 {
            f64::of_count(i) / (count - 1.0)
        } else {
            0.0
        };
        match self {
            Self::Linear { first, last } => first + (last - first) * part,
            Self::ScaledLinear { first, last } => {
                let root = Real::sqrt(first) + (Real::sqrt(last) - Real::sqrt(first)) * part;
                root * root
            }
            Self::SquaredCosine => {
                let f = |u: f64| {
                    let cosine = Real::cos((u + 0.008) / 1.008 * core::f64::consts::FRAC_PI_2);
                    cosine * cosine
                };
                let beta = 1.0 - f((f64::of_count(i) + 1.0) / count) / f(f64::of_count(i) / count);
                if beta < 0.999 { beta } else { 0.999 }
            }
        }
    }
}

/// Fills `alpha_bar` (T) with the table, multiplied in f64, rounded once.
///
/// # Errors
/// `Shape` for T = 0; `NonFinite`, `Domain` for betas outside (0, 1); `Domain` also when the rounded table is not
/// strictly decreasing in (0, 1). The slice is overwritten in the last case.
pub fn alpha_bars<T: Real>(betas: Betas, alpha_bar: &mut [T]) -> Result<(), Error> {
    if let Betas::Linear { first, last } | Betas::ScaledLinear { first, last } = betas {
        if !first.is_finite() || !last.is_finite() {
            return Err(Error::NonFinite);
        }
        if !(first > 0.0 && first < 1.0 && last > 0.0 && last < 1.0) {
            return Err(Error::Domain);
        }
    }
    let steps = alpha_bar.len();
    let mut product = 1.0;
    for (i, x) in alpha_bar.iter_mut().enumerate() {
        product *= 1.0 - betas.value(i, steps);
        *x = T::of(product);
    }
    Schedule::new(alpha_bar).map(|_| ())
}

/// Rescales a table so that its last entry is exactly 0 and its first stays (Lin et al. 2024): with a = sqrt(ab),
/// a'_t = (a_t - a_{T-1}) a_0 / (a_0 - a_{T-1}). Such a table is read by [`Schedule::zero_terminal`].
///
/// # Errors
/// Those of [`Schedule::new`]; `Shape` for T = 1.
pub fn rescale_to_zero_terminal<T: Real>(alpha_bar: &mut [T]) -> Result<(), Error> {
    Schedule::new(alpha_bar)?;
    let [first, .., last] = &*alpha_bar else {
        return Err(Error::Shape);
    };
    let (first, last) = (Real::sqrt(first.wide()), Real::sqrt(last.wide()));
    for x in alpha_bar.iter_mut() {
        let root = (Real::sqrt(x.wide()) - last) * first / (first - last);
        *x = T::of(root * root);
    }
    Ok(())
}

/// A table of ab_t, t = 0 .. T-1, checked.
#[derive(Clone, Copy, Debug)]
pub struct Schedule<'a, T> {
    alpha_bar: &'a [T],
}

impl<'a, T: Real> Schedule<'a, T> {
    /// A schedule from a table of ab_t, checked.
    ///
    /// # Errors
    /// `Shape` for T = 0; `Capacity` from T = 2^32 on; `NonFinite`; `Domain` unless strictly decreasing in (0, 1).
    pub fn new(alpha_bar: &'a [T]) -> Result<Self, Error> {
        let schedule = Self::zero_terminal(alpha_bar)?;
        if alpha_bar.last() == Some(&T::ZERO) {
            return Err(Error::Domain);
        }
        Ok(schedule)
    }

    /// Reads a table that may end in 0 (a state of pure noise). There, the noise predicted by a model says nothing
    /// of the data: [`super::Prediction::Noise`] is refused at that level, and sigma does not exist.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn zero_terminal(alpha_bar: &'a [T]) -> Result<Self, Error> {
        if alpha_bar.is_empty() {
            return Err(Error::Shape);
        }
        if u32::try_from(alpha_bar.len()).is_err() {
            return Err(Error::Capacity);
        }
        if !alpha_bar.iter().all(|x| x.is_finite()) {
            return Err(Error::NonFinite);
        }
        let mut before = T::ONE;
        for x in alpha_bar {
            if *x >= before || *x < T::ZERO {
                return Err(Error::Domain);
            }
            before = *x;
        }
        Ok(Self { alpha_bar })
    }

    /// T, the number of training steps.
    pub const fn steps(&self) -> u32 {
        self.alpha_bar.len() as u32
    }

    /// The table of ab_t, t = 0 .. T-1.
    pub const fn alpha_bar(&self) -> &'a [T] {
        self.alpha_bar
    }

    /// The level of noise at time t.
    ///
    /// # Errors
    /// `Domain` for t >= T.
    pub fn level(&self, t: u32) -> Result<Level, Error> {
        let alpha_bar = self.alpha_bar.get(t as usize).ok_or(Error::Domain)?;
        Level::of_alpha_bar(f64::from(t), alpha_bar.wide())
    }

    /// SNR_t = ab_t / (1 - ab_t), a power ratio.
    ///
    /// # Errors
    /// `Domain` for t >= T.
    pub fn signal_to_noise(&self, t: u32) -> Result<f64, Error> {
        let level = self.level(t)?;
        Ok(level.alpha_bar() / (level.noise() * level.noise()))
    }

    /// lambda_t = ln SNR_t, in nats.
    ///
    /// # Errors
    /// `Domain` for t >= T, or where the SNR is 0.
    pub fn log_signal_to_noise(&self, t: u32) -> Result<f64, Error> {
        let ratio = self.signal_to_noise(t)?;
        if ratio > 0.0 {
            Ok(Real::ln(ratio))
        } else {
            Err(Error::Domain)
        }
    }

    /// sigma at a possibly fractional time, interpolated linearly in sigma between the two steps beside it.
    ///
    /// # Errors
    /// `NonFinite`; `Domain` outside [0, T-1], or where ab is 0.
    pub fn sigma(&self, timestep: f64) -> Result<f64, Error> {
        if !timestep.is_finite() {
            return Err(Error::NonFinite);
        }
        if timestep < 0.0 {
            return Err(Error::Domain);
        }
        let below = timestep as u32;
        let part = timestep - f64::from(below);
        let at = |t: u32| {
            let level = self.level(t)?;
            if level.signal() > 0.0 {
                Ok(level.sigma())
            } else {
                Err(Error::Domain)
            }
        };
        let sigma = at(below)?;
        if part == 0.0 {
            return Ok(sigma);
        }
        Ok(sigma + part * (at(below.saturating_add(1))? - sigma))
    }

    /// The level of a possibly fractional time, by [`Self::sigma`].
    ///
    /// # Errors
    /// As [`Self::sigma`].
    pub fn interpolated(&self, timestep: f64) -> Result<Level, Error> {
        Level::of_sigma(timestep, self.sigma(timestep)?)
    }
}

/// A schedule of N training steps in fixed memory.
#[derive(Clone, Debug)]
pub struct Table<T, const N: usize> {
    alpha_bar: [T; N],
}

impl<T: Real, const N: usize> Table<T, N> {
    /// The table of the given betas.
    ///
    /// # Errors
    /// Those of [`alpha_bars`].
    pub fn new(betas: Betas) -> Result<Self, Error> {
        const { assert!(N > 0, "a schedule needs steps") };
        let mut alpha_bar = [T::ZERO; N];
        alpha_bars(betas, &mut alpha_bar)?;
        Ok(Self { alpha_bar })
    }

    /// The table, checked once at its making.
    pub const fn schedule(&self) -> Schedule<'_, T> {
        Schedule {
            alpha_bar: &self.alpha_bar,
        }
    }
}
