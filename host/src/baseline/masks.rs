//! From weights to a selection: the rules by which ridge and the LASSO enter plots of selection.
//!
//! Ridge never gives an exact zero and the LASSO keeps small spurious weights, so both need a rule before
//! they can be compared with a selector. Each is stated where it is used (arXiv 2509.06383, section III.A.2):
//!
//! * [`nonzero`]: selected if |w| > 1e-10. The plain rule of the LASSO.
//! * [`Elbow`]: the nonzero |w| are a mixture of a narrow and a wide Gaussian, both centred at zero; selected
//!   if the wide one is the likelier source. The paper names the mixture, not its details; ours are: expectation
//!   maximisation over the nonzero weights, started from the halves below and above the median square; if two
//!   components do not pay by the Bayesian information criterion (2 more parameters) all nonzero are kept.
//! * [`OlsMinimum`]: for ridge, selected if |w| is at least the average, over an ensemble of data sets, of the
//!   smallest |weight| of ordinary least squares.

use gibbs_core::math::Real;

/// Weights up to this size count as zero.
pub const ZERO: f64 = 1e-10;

/// |w| > [`ZERO`].
pub fn nonzero(weights: &[f64]) -> Vec<bool> {
    weights.iter().map(|w| w.abs() > ZERO).collect()
}

/// The two-component mixture of the nonzero weights and the size at which they are equally likely.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Elbow {
    /// Selected if |w| is above this; 0 if the weights do not call for two components.
    pub threshold: f64,
    /// Standard deviations of the narrow and the wide component.
    pub sd: [f64; 2],
    /// Share of the wide component.
    pub share: f64,
    /// Steps of expectation maximisation; [`Elbow::LIMIT`] means that it was stopped there.
    pub steps: usize,
}

impl Elbow {
    /// Most steps of expectation maximisation.
    pub const LIMIT: usize = 1000;

    /// Fits the mixture. Fewer than 4 nonzero weights: one component.
    pub fn fit(weights: &[f64]) -> Self {
        let mut squares: Vec<f64> = weights.iter().filter(|w| w.abs() > ZERO).map(|w| w * w).collect();
        squares.sort_by(f64::total_cmp);
        let n = squares.len() as f64;
        let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len().max(1) as f64;
        let whole = mean(&squares);
        let single = Self {
            threshold: 0.0,
            sd: [whole.sqrt(); 2],
            share: 1.0,
            steps: 0,
        };
        if squares.len() < 4 {
            return single;
        }
        let (low, high) = squares.split_at(squares.len() / 2);
        let mut narrow = Component {
            share: 0.5,
            variance: mean(low),
        };
        let mut wide = Component {
            share: 0.5,
            variance: mean(high),
        };
        let (mut likelihood, mut steps) = (f64::NEG_INFINITY, 0);
        while steps < Self::LIMIT {
            steps += 1;
            let (mut weight, mut moment, mut rest, mut total) = (0.0, 0.0, 0.0, 0.0);
            for square in &squares {
                let (a, b) = (narrow.log_density(*square), wide.log_density(*square));
                let top = if a > b { a } else { b };
                let sum = Real::exp(a - top) + Real::exp(b - top);
                let r = Real::exp(b - top) / sum; // responsibility of the wide component
                weight += r;
                moment += r * square;
                rest += (1.0 - r) * square;
                total += top + Real::ln(sum);
            }
            let gain = total - likelihood;
            likelihood = total;
            if gain < 1e-10 * n || weight <= 0.0 || weight >= n {
                break;
            }
            wide = Component {
                share: weight / n,
                variance: moment / weight,
            };
            // a narrow component that shrinks onto one weight would have unbounded likelihood
            let variance = (rest / (n - weight)).max(1e-12 * whole);
            narrow = Component {
                share: 1.0 - weight / n,
                variance,
            };
        }
        let one = squares
            .iter()
            .map(|s| {
                Component {
                    share: 1.0,
                    variance: whole,
                }
                .log_density(*s)
            })
            .sum::<f64>();
        if 2.0 * (likelihood - one) <= 2.0 * Real::ln(n) {
            return Self { steps, ..single };
        }
        // equal responsibilities: log_density of both components the same
        let odds = Real::ln(narrow.share / wide.share) + 0.5 * Real::ln(wide.variance / narrow.variance);
        let threshold = (2.0 * odds / (1.0 / narrow.variance - 1.0 / wide.variance))
            .max(0.0)
            .sqrt();
        Self {
            threshold,
            sd: [narrow.variance.sqrt(), wide.variance.sqrt()],
            share: wide.share,
            steps,
        }
    }

    /// The selection: nonzero and |w| > threshold.
    pub fn select(&self, weights: &[f64]) -> Vec<bool> {
        weights
            .iter()
            .map(|w| w.abs() > ZERO && w.abs() > self.threshold)
            .collect()
    }
}

#[derive(Clone, Copy)]
struct Component {
    share: f64,
    variance: f64,
}

impl Component {
    /// ln( share N(w; 0, variance) ) less the constant ln(2 pi)/2.
    fn log_density(self, square: f64) -> f64 {
        Real::ln(self.share) - 0.5 * (Real::ln(self.variance) + square / self.variance)
    }
}

/// Ridge's threshold, averaged over an ensemble.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct OlsMinimum {
    sum: f64,
    count: usize,
}

impl OlsMinimum {
    /// Adds the least-squares weights of one data set.
    pub fn push(&mut self, ols: &[f64]) {
        if let Some(smallest) = ols.iter().map(|w| w.abs()).min_by(f64::total_cmp) {
            self.sum += smallest;
            self.count += 1;
        }
    }

    /// Average of the smallest |weight|; 0 before anything was pushed.
    pub fn threshold(&self) -> f64 {
        if self.count == 0 {
            0.0
        } else {
            self.sum / self.count as f64
        }
    }

    /// The selection: |w| >= threshold.
    pub fn select(&self, weights: &[f64]) -> Vec<bool> {
        weights.iter().map(|w| w.abs() >= self.threshold()).collect()
    }
}

#[cfg(test)]
mod tests;
