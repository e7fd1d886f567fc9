//! Exact transition matrices of a few spins: what a sampler does to every configuration at once.
//!
//! ```text
//! stationary          Σ_s law(s) P(s -> t) = law(t)           needed of a whole sweep
//! detailed balance    law(s) P(s -> t) = law(t) P(t -> s)     true of its pieces only
//! irreducible         one closed class, of all configurations; with period 1 every start is forgotten
//! ```
//! A law may be stationary though the chain never comes near it: a chain with two closed classes has many. Means over
//! one start are then wrong, with small errors.
//!
//! A configuration is a number whose bit i is 1 when spin i is +1. An update is made of flip probabilities
//! f(configuration, spin), so that quantised, measured and wrong acceptances can be examined as well as exact
//! ones. Cost: 4^N numbers, a product up to 8^N: N <= 10.

use gibbs_core::Error;
use gibbs_core::ising::{Model, Weight};
use gibbs_core::ising::{Order, Rule};
use gibbs_core::math::{Real, add_scaled, sigmoid};

pub mod play;

pub use play::{Connections, Word};

/// Most spins of a matrix.
pub const LARGEST: usize = 10;

/// Probabilities of every transition between the 2^N configurations of N spins.
#[derive(Clone, Debug, PartialEq)]
pub struct Matrix {
    states: usize,
    /// From row to column; every row sums to 1.
    entries: Vec<f64>,
}

/// One probability of a flip, checked.
fn checked(probability: f64) -> Result<f64, Error> {
    if (0.0..=1.0).contains(&probability) {
        Ok(probability)
    } else {
        Err(Error::Domain)
    }
}

impl Matrix {
    fn zero(spins: usize) -> Result<Self, Error> {
        if !(1..=LARGEST).contains(&spins) {
            return Err(Error::Shape);
        }
        let states = 1 << spins;
        Ok(Self {
            states,
            entries: vec![0.0; states * states],
        })
    }

    /// The spins of `sites` decide at the same time, each from the configuration before, with probability
    /// `flip(configuration, site)`. Of one site: a single-spin update. Of sites that do not interact: the same
    /// as one after the other (half a checkerboard sweep). Of all: synchronous dynamics. A site named twice is
    /// one.
    ///
    /// # Errors
    /// [`Error::Shape`] unless 1 <= `spins` <= 10 and every site is below, [`Error::Domain`] for a probability
    /// outside [0, 1] (NaN as well).
    pub fn together(
        spins: usize,
        sites: &[usize],
        flip: impl Fn(usize, usize) -> f64,
    ) -> Result<Self, Error> {
        let mut matrix = Self::zero(spins)?;
        if sites.iter().any(|site| *site >= spins) {
            return Err(Error::Shape);
        }
        for (state, row) in matrix.entries.chunks_exact_mut(matrix.states).enumerate() {
            let mut targets = vec![(state, 1.0)];
            for site in (0..spins).filter(|site| sites.contains(site)) {
                let p = checked(flip(state, site))?;
                let flipped: Vec<(usize, f64)> = targets
                    .iter()
                    .map(|(target, q)| (target ^ (1 << site), q * p))
                    .collect();
                for (_, q) in &mut targets {
                    *q *= 1.0 - p;
                }
                targets.extend(flipped);
            }
            for (target, q) in targets {
                row[target] = q;
            }
        }
        Ok(matrix)
    }

    /// One spin, drawn uniformly, decides.
    ///
    /// # Errors
    /// As [`Self::together`].
    pub fn random_site(spins: usize, flip: impl Fn(usize, usize) -> f64) -> Result<Self, Error> {
        let mut mean = Self::zero(spins)?;
        for site in 0..spins {
            let one = Self::together(spins, &[site], &flip)?;
            let entries = mean.entries.iter_mut().zip(one.entries);
            entries.for_each(|(sum, p)| *sum += p / spins as f64);
        }
        Ok(mean)
    }

    /// One sweep of a model, as the core's own code does it: every branch of its random words is played.
    ///
    /// # Errors
    /// [`Error::Shape`] for more than 10 spins.
    pub fn sweep<M: Model, R: Rule<M::Weight>>(model: &M, rule: &R, order: Order) -> Result<Self, Error> {
        let mut matrix = Self::zero(model.spins())?;
        matrix.entries = play::sweep_matrix(model, rule, order)?;
        Ok(matrix)
    }

    /// Closed classes and period: whether the chain forgets where it began.
    pub fn connections(&self) -> Connections {
        play::connections(&self.entries)
    }

    /// This update, then `next`.
    ///
    /// # Errors
    /// [`Error::Shape`] for another number of spins.
    pub fn then(&self, next: &Self) -> Result<Self, Error> {
        if self.states != next.states {
            return Err(Error::Shape);
        }
        let mut both = Self {
            states: self.states,
            entries: vec![0.0; self.entries.len()],
        };
        let rows = both.entries.chunks_exact_mut(self.states);
        for (row, first) in rows.zip(self.entries.chunks_exact(self.states)) {
            let middle = first.iter().zip(next.entries.chunks_exact(self.states));
            for (p, second) in middle.filter(|(p, _)| **p != 0.0) {
                add_scaled(row, *p, second);
            }
        }
        Ok(both)
    }

    /// P(from -> to); 0 out of range.
    pub fn probability(&self, from: usize, to: usize) -> f64 {
        let row = self.entries.chunks_exact(self.states).nth(from);
        row.and_then(|row| row.get(to)).copied().unwrap_or(0.0)
    }

    /// The law after one update of a draw from `law`.
    ///
    /// # Errors
    /// [`Error::Shape`], [`Error::NonFinite`].
    pub fn moved(&self, law: &[f64]) -> Result<Vec<f64>, Error> {
        self.check(law)?;
        let mut after = vec![0.0; self.states];
        for (q, row) in law.iter().zip(self.entries.chunks_exact(self.states)) {
            add_scaled(&mut after, *q, row);
        }
        Ok(after)
    }

    /// The largest change of a probability when `law` is moved: 0 if it is stationary.
    ///
    /// # Errors
    /// [`Error::Shape`], [`Error::NonFinite`].
    pub fn stationarity_violation(&self, law: &[f64]) -> Result<f64, Error> {
        let after = self.moved(law)?;
        let changes = after.iter().zip(law).map(|(a, b)| (a - b).abs());
        Ok(changes.fold(0.0, f64::max))
    }

    /// The largest net flow `|law(s) P(s -> t) - law(t) P(t -> s)|`: 0 in detailed balance.
    ///
    /// # Errors
    /// [`Error::Shape`], [`Error::NonFinite`].
    pub fn balance_violation(&self, law: &[f64]) -> Result<f64, Error> {
        self.check(law)?;
        let mut largest = 0.0_f64;
        for (s, row) in self.entries.chunks_exact(self.states).enumerate() {
            for (t, (p, back)) in row
                .iter()
                .zip(self.entries.iter().skip(s).step_by(self.states))
                .enumerate()
            {
                largest = largest.max((law[s] * p - law[t] * back).abs());
            }
        }
        Ok(largest)
    }

    fn check(&self, law: &[f64]) -> Result<(), Error> {
        if law.len() != self.states {
            return Err(Error::Shape);
        }
        if law.iter().all(|p| p.is_finite()) {
            Ok(())
        } else {
            Err(Error::NonFinite)
        }
    }
}

/// The spins of a configuration.
pub fn spins_of(state: usize, spins: usize) -> Vec<i8> {
    (0..spins)
        .map(|i| if state >> i & 1 == 1 { 1 } else { -1 })
        .collect()
}

/// What a flip of spin `site` costs in configuration `state`: 2 s f.
pub fn flip_cost<M: Model>(model: &M, state: usize, site: usize) -> f64 {
    let spins = spins_of(state, model.spins());
    let field = model.local_field(site, &spins).wide();
    spins.get(site).map_or(0.0, |s| 2.0 * f64::from(*s) * field)
}

/// Flip probability of Metropolis at beta dE = `cost`.
pub fn metropolis(cost: f64) -> f64 {
    if cost <= 0.0 { 1.0 } else { Real::exp(-cost) }
}

/// Flip probability of the heat bath at beta dE = `cost`.
pub fn heat_bath(cost: f64) -> f64 {
    sigmoid(-cost)
}

/// The Boltzmann law e^(-beta E)/Z of every configuration. Cost: 2^N energies.
///
/// # Errors
/// [`Error::Shape`] for more than 10 spins, [`Error::NonFinite`].
pub fn boltzmann<M: Model>(model: &M, beta: f64) -> Result<Vec<f64>, Error> {
    let spins = model.spins();
    if !(1..=LARGEST).contains(&spins) {
        return Err(Error::Shape);
    }
    let energies = (0..1 << spins).map(|state| model.energy(&spins_of(state, spins)).map(Weight::wide));
    normalised(energies.map(|e| e.map(|e| -beta * e)).collect::<Result<_, _>>()?)
}

/// The law of all spins deciding at the same time by the heat bath, symmetric couplings (Peretto, Biol. Cybern.
/// 50, 51 (1984)): proportional to e^(beta h.s) Π_i 2 cosh(beta f_i(s)). Not Boltzmann's.
///
/// # Errors
/// [`Error::Shape`] for more than 10 spins, [`Error::NonFinite`].
pub fn peretto<M: Model>(model: &M, beta: f64) -> Result<Vec<f64>, Error> {
    let spins = model.spins();
    if !(1..=LARGEST).contains(&spins) {
        return Err(Error::Shape);
    }
    let logarithm = |state: usize| -> f64 {
        let s = spins_of(state, spins);
        let term = |i: usize| {
            let size = (beta * model.local_field(i, &s).wide()).abs();
            let log_cosh = size + Real::ln_1p(Real::exp(-2.0 * size));
            beta * model.field(i).wide() * f64::from(s[i]) + log_cosh
        };
        (0..spins).map(term).sum()
    };
    normalised((0..1 << spins).map(logarithm).collect())
}

/// Exponentials that sum to 1.
fn normalised(logs: Vec<f64>) -> Result<Vec<f64>, Error> {
    if !logs.iter().all(|log| log.is_finite()) {
        return Err(Error::NonFinite);
    }
    let largest = logs.iter().fold(f64::NEG_INFINITY, |a, b| a.max(*b));
    let weights: Vec<f64> = logs.into_iter().map(|log| Real::exp(log - largest)).collect();
    let total: f64 = weights.iter().sum();
    Ok(weights.into_iter().map(|w| w / total).collect())
}

/// Half the sum of the differences of two laws: the largest difference of the probability of any event.
///
/// # Errors
/// [`Error::Shape`].
pub fn total_variation(a: &[f64], b: &[f64]) -> Result<f64, Error> {
    if a.len() != b.len() {
        return Err(Error::Shape);
    }
    Ok(0.5 * a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum::<f64>())
}

/// The probability with which a sampler's own code says yes, exactly: of a decision that takes one random word and turns
/// from yes to no, or from no to yes, at most once as the word grows ([`play::boundary`]).
pub fn acceptance(decide: impl FnMut(&mut Word) -> bool) -> f64 {
    play::boundary(decide).probability()
}

#[cfg(test)]
mod tests;
