//! The selection transition: how much an ensemble of fits disagrees about what is relevant, as the number of
//! selected variables grows.
//!
//! ```text
//! rho_model = (1/N) sum_i <m_i>                                                     (Eq. 15)
//! E_sel     = (1/N) sum_i < s_i (1 - m_i) + (1 - s_i) m_i >        s_i = truth      (Eq. 17)
//! sigma_sel = (1/N) sum_i <m_i>(1 - <m_i>)                                          (Eq. 18)
//!           = (1/N) sum_i <m_i (1 - m_i)>  +  (1/N) sum_i Var(m_i)       within + between, an identity
//! theory    f(rho; rho_d) = rho (rho_d - rho)/rho_d              rho <= rho_d
//!                           (rho - rho_d)(1 - rho)/(1 - rho_d)   rho >  rho_d       (Eq. 19)
//!           E_sel = |rho - rho_d|
//! ```
//! <.> is the mean over the ensemble at one value of gamma, m the inclusions, N the variables. f vanishes at
//! rho = `rho_d`: the minimum of `sigma_sel` tells the number of relevant variables, `N rho_d`, without the truth.
//! f takes the relevant variables for exchangeable and everybody in the ensemble for having the same ones.
//! Where nothing is relevant the fits agree on nothing, and `sigma_sel` is f(rho; 0) = rho (1 - rho): density 0 is a
//! candidate like any other. (As rho_d -> 1 f has the same limit: a signal without a minimum tells of no variable.)
//!
//! Source: Soh, Lee, Periwal, Jo, arXiv 2509.06383, section II.C and appendix B; the decomposition is derived.
//! Memory: 2 N + 2 numbers per gamma, whatever the size of the ensemble.

use super::nnls::nnls;

/// f(rho; `true_density`), the theory of `sigma_sel`; both densities in [0, 1]. Of density 0: rho (1 - rho).
pub fn theory(rho: f64, true_density: f64) -> f64 {
    if rho == true_density {
        0.0
    } else if rho < true_density {
        rho * (true_density - rho) / true_density
    } else {
        (rho - true_density) * (1.0 - rho) / (1.0 - true_density)
    }
}

/// The theory of `E_sel`.
pub fn theory_error(rho: f64, true_density: f64) -> f64 {
    (rho - true_density).abs()
}

/// The signal at one gamma.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Signal {
    /// The mean inclusion of the ensemble, rho_model.
    pub density: f64,
    /// `sigma_sel` = within + between.
    pub sigma: f64,
    /// Undecided gates: mean m(1 - m).
    pub within: f64,
    /// Fits that disagree: mean over variables of the variance of m over the ensemble.
    pub between: f64,
    /// `E_sel`; NaN-free: `None` unless every fit was pushed with its truth.
    pub error: Option<f64>,
    /// Fits pushed at this gamma.
    pub fits: usize,
}

/// Streaming sums over an ensemble, one slot per gamma.
#[derive(Clone, Debug, PartialEq)]
pub struct Ensemble {
    variables: usize,
    slots: Vec<Slot>,
}

#[derive(Clone, Debug, PartialEq)]
struct Slot {
    /// sum m per variable.
    inclusion: Vec<f64>,
    /// sum m^2 per variable.
    square: Vec<f64>,
    /// sum over fits of N `E_sel`.
    error: f64,
    fits: usize,
    judged: usize,
}

impl Ensemble {
    /// Empty sums for `gammas` values of gamma and `variables` variables.
    pub fn new(gammas: usize, variables: usize) -> Self {
        let zero = || vec![0.0; variables];
        let slot = || Slot {
            inclusion: zero(),
            square: zero(),
            error: 0.0,
            fits: 0,
            judged: 0,
        };
        Self {
            variables,
            slots: (0..gammas).map(|_| slot()).collect(),
        }
    }

    /// Adds the inclusions of one fit at gamma number `gamma`, and the truth if it is known.
    ///
    /// # Errors
    /// `Shape` if there is no such gamma or a length differs; `Domain` for an inclusion outside [0, 1] (NaN
    /// too). Nothing is added then.
    pub fn push(
        &mut self,
        gamma: usize,
        inclusion: &[f64],
        relevant: Option<&[bool]>,
    ) -> Result<(), gibbs_core::Error> {
        let shape = inclusion.len() == self.variables && relevant.is_none_or(|r| r.len() == self.variables);
        let Some(slot) = self.slots.get_mut(gamma).filter(|_| shape) else {
            return Err(gibbs_core::Error::Shape);
        };
        if !inclusion.iter().all(|m| (0.0..=1.0).contains(m)) {
            return Err(gibbs_core::Error::Domain);
        }
        for ((sum, square), m) in slot.inclusion.iter_mut().zip(&mut slot.square).zip(inclusion) {
            *sum += m;
            *square += m * m;
        }
        slot.fits += 1;
        if let Some(relevant) = relevant {
            let wrong = inclusion
                .iter()
                .zip(relevant)
                .map(|(m, s)| if *s { 1.0 - m } else { *m });
            slot.error += wrong.sum::<f64>();
            slot.judged += 1;
        }
        Ok(())
    }

    /// Adds the sums of another ensemble of the same shape. Merge in one fixed order (that of the seeds) and the
    /// result does not depend on who made the parts.
    ///
    /// # Errors
    /// `Shape` if the shapes differ.
    pub fn merge(&mut self, other: &Self) -> Result<(), gibbs_core::Error> {
        if self.variables != other.variables || self.slots.len() != other.slots.len() {
            return Err(gibbs_core::Error::Shape);
        }
        for (mine, theirs) in self.slots.iter_mut().zip(&other.slots) {
            mine.inclusion
                .iter_mut()
                .zip(&theirs.inclusion)
                .for_each(|(a, b)| *a += b);
            mine.square
                .iter_mut()
                .zip(&theirs.square)
                .for_each(|(a, b)| *a += b);
            mine.error += theirs.error;
            mine.fits += theirs.fits;
            mine.judged += theirs.judged;
        }
        Ok(())
    }

    /// The signal at each gamma, in order; `None` where no fit was pushed.
    pub fn signals(&self) -> Vec<Option<Signal>> {
        self.slots
            .iter()
            .map(|slot| slot.signal(self.variables))
            .collect()
    }

    /// Mean inclusion of every variable over the fits at gamma number `gamma`; `None` where no fit was pushed.
    pub fn frequencies(&self, gamma: usize) -> Option<Vec<f64>> {
        let slot = self.slots.get(gamma).filter(|slot| slot.fits > 0)?;
        Some(slot.inclusion.iter().map(|sum| sum / slot.fits as f64).collect())
    }
}

impl Slot {
    fn signal(&self, variables: usize) -> Option<Signal> {
        if self.fits == 0 || variables == 0 {
            return None;
        }
        let (fits, count) = (self.fits as f64, variables as f64);
        let (mut density, mut sigma, mut within) = (0.0, 0.0, 0.0);
        for (sum, square) in self.inclusion.iter().zip(&self.square) {
            let mean = sum / fits;
            density += mean;
            // of values at 0 and 1 alone both terms are exact; between = sigma - within then is exact too
            sigma += mean * (1.0 - mean);
            within += (sum - square) / fits;
        }
        let (sigma, within) = (sigma / count, within / count);
        Some(Signal {
            density: density / count,
            sigma,
            within,
            between: (sigma - within).max(0.0),
            error: (self.judged == self.fits).then(|| self.error / (fits * count)),
            fits: self.fits,
        })
    }
}

/// The density of relevant variables as the transition signal tells it.
#[derive(Clone, Debug, PartialEq)]
pub struct Inference {
    /// The grid point of the largest weight.
    pub density: f64,
    /// Candidate densities.
    pub grid: Vec<f64>,
    /// Weights of the candidates, summing to 1: how well their curves explain the signal. Not a posterior.
    pub weights: Vec<f64>,
    /// `|sigma_obs - sum_k p_k f(.; rho_k)| / |sigma_obs|`.
    pub misfit: f64,
}

/// No mixture of theory curves explains the signal: every fit selects the same, or nothing, everywhere, or
/// the signal is not a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the transition signal is empty: no candidate density has a positive weight\n\
     hint: let the gamma grid reach past the transition, and use more than one data set"
)]
pub struct NoSignal;

/// 0, then 200 densities from .001 to .5, linear.
pub fn default_grid() -> Vec<f64> {
    let steps = (0..200).map(|k| 0.001 + 0.499 * f64::from(k) / 199.0);
    std::iter::once(0.0).chain(steps).collect()
}

/// Appendix B: non-negative weights p of the curves f(.; `grid[k]`) whose sum is nearest to the observed signal in
/// least squares; the density is the candidate of the largest weight. Candidates that lie between the same two
/// neighbouring values of `density` are told apart by rounding only: the spacing of the signal limits the answer.
///
/// # Errors
/// [`NoSignal`] if all weights vanish, if lengths differ or are zero, for values that are not finite, or for
/// candidates outside [0, 1).
pub fn infer_density(density: &[f64], sigma: &[f64], grid: &[f64]) -> Result<Inference, NoSignal> {
    let candidates = !grid.is_empty() && grid.iter().all(|r| *r >= 0.0 && *r < 1.0);
    if density.len() != sigma.len() || !candidates {
        return Err(NoSignal);
    }
    let curves: Vec<f64> = grid
        .iter()
        .flat_map(|d| density.iter().map(|rho| theory(*rho, *d)))
        .collect();
    let found = nnls(&curves, sigma).map_err(|_| NoSignal)?;
    let total: f64 = found.solution.iter().sum();
    if total <= 0.0 || total.is_nan() {
        return Err(NoSignal);
    }
    let weights: Vec<f64> = found.solution.iter().map(|p| p / total).collect();
    let best = (0..grid.len()).fold(0, |best, k| if weights[k] > weights[best] { k } else { best });
    let size = sigma.iter().map(|s| s * s).sum::<f64>().sqrt();
    Ok(Inference {
        density: grid[best],
        grid: grid.to_vec(),
        weights,
        misfit: found.residual / size,
    })
}

#[cfg(test)]
mod tests;
