//! The schedule of coordinate ascent: sweeps until all changes are small, warm starts, anytime use.
//!
//! A solve repeats [`State::sweep`] and computes the field g = C v afresh every 64 sweeps, against rounding drift.
//! Sweeps alone crawl where columns are nearly equal (at a correlation of .999 they need thousands): with scratch lent
//! by [`Ascent::with_scratch`], every 8th sweep is followed by [`settle_weights`], which solves the open gates jointly.

use super::energy::{Energy, measure};
use super::joint::settle_weights;
use super::moments::Moments;
use super::solver::{Options, Solution, Solver, Status};
use super::sweep::State;
use crate::Error;
use crate::math::Real;

/// Sweeps between two fresh computations of the field g = C v, against rounding drift.
const REFRESH: u32 = 64;
/// Sweeps between two joint solutions of the open gates.
const SETTLE: u32 = 8;

/// Coordinate ascent over moments: the solver of devices, and of hosts when N is not large.
#[derive(Debug)]
pub struct Ascent<'a, T> {
    data: Moments<'a, T>,
    state: State<'a, T>,
    options: Options<T>,
    excluded: Option<usize>,
    scratch: &'a mut [T],
}

impl<'a, T: Real> Ascent<'a, T> {
    /// Checks lengths and options, then shuts all gates.
    ///
    /// # Errors
    /// `Shape` if a slice of the state does not fit the moments; those of [`Options::check`].
    pub fn new(data: Moments<'a, T>, state: State<'a, T>, options: Options<T>) -> Result<Self, Error> {
        let mut ascent = Self::resume(data, state, options)?;
        ascent.close();
        Ok(ascent)
    }

    /// Goes on from a state that was fitted before, perhaps to older moments: g is computed afresh. A state
    /// that was never fitted (some beta = 0) starts with all gates shut.
    ///
    /// # Errors
    /// Those of [`Ascent::new`].
    pub fn resume(data: Moments<'a, T>, state: State<'a, T>, options: Options<T>) -> Result<Self, Error> {
        options.check_for(&data)?;
        if !state.fits(&data) {
            return Err(Error::Shape);
        }
        let mut ascent = Self {
            data,
            state,
            options,
            excluded: None,
            scratch: &mut [],
        };
        if ascent.state.precision.iter().all(|beta| *beta > T::ZERO) {
            ascent.state.hold_precision(options.noise);
            ascent.state.refresh(&ascent.data);
        } else {
            ascent.close();
        }
        Ok(ascent)
    }

    /// Lends scratch for joint solutions of the open gates: [`super::joint::scratch_len`] of as many gates as may be
    /// open at once. A shorter one is used as long as it suffices.
    #[must_use]
    pub fn with_scratch(self, scratch: &'a mut [T]) -> Self {
        Self { scratch, ..self }
    }

    /// The state and its field, as an energy sees them.
    #[cfg_attr(target_os = "none", inline(never))] // its frame is not that of the sweeps
    pub fn energy(&self, gamma: T) -> Energy<T> {
        measure(
            &self.data,
            self.state.inclusion,
            self.state.weight,
            self.state.field,
            self.state.precision,
            gamma,
        )
    }

    /// Between sweeps: the field afresh, the open gates jointly. On a device its frame is not that of the sweeps.
    #[cfg_attr(not(target_os = "none"), inline(always))]
    #[cfg_attr(target_os = "none", inline(never))]
    fn tend(&mut self, count: u32) {
        if count.is_multiple_of(REFRESH) {
            self.state.refresh(&self.data);
        }
        if !self.scratch.is_empty() {
            settle_weights(&self.data, &mut self.state, self.scratch);
        }
    }

    /// Up to `sweeps` sweeps at `gamma` from the present state: anytime use on a device.
    #[cfg_attr(not(target_os = "none"), inline(always))]
    pub fn advance(&mut self, gamma: T, sweeps: u32) -> Solution<T> {
        let noise = self.options.noise;
        let (mut count, mut status) = (0, Status::MaxSweeps);
        while count < sweeps {
            let change = self.state.sweep(&self.data, gamma, noise, self.excluded);
            count += 1;
            if change.largest() < self.options.tolerance {
                status = if change.capped {
                    Status::BetaCapped
                } else {
                    Status::Converged
                };
                break;
            }
            if count % SETTLE == 0 {
                self.tend(count);
            }
        }
        let energy = self.energy(gamma);
        if energy.free_energy.is_finite() {
            return energy.solution(gamma, count, status);
        }
        self.state.close(&self.data, self.options.noise);
        self.energy(gamma).solution(gamma, count, Status::Singular)
    }
}

impl<T: Real> Solver<T> for Ascent<'_, T> {
    fn close(&mut self) {
        self.state.close(&self.data, self.options.noise);
    }

    fn solve(&mut self, gamma: T) -> Solution<T> {
        self.advance(gamma, self.options.max_sweeps)
    }

    fn load(&mut self, inclusion: &[T], weight: &[T], precision: &[T]) {
        self.state
            .load(&self.data, self.options.noise, (inclusion, weight, precision));
    }

    fn exclude(&mut self, index: Option<usize>) {
        self.excluded = index;
        if let Some(m) = index.and_then(|i| self.state.inclusion.get_mut(i)) {
            *m = T::ZERO;
            self.state.refresh(&self.data);
        }
    }

    fn inclusion(&self) -> &[T] {
        self.state.inclusion
    }

    fn weight(&self) -> &[T] {
        self.state.weight
    }

    fn precision(&self) -> &[T] {
        self.state.precision
    }
}
