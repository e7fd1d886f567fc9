//! What every garrote solver takes and gives: options, noise model, status, solution, and the trait by
//! which the path drives any of them (moments in fixed memory, or columns on a host).

use super::moments::Moments;
use crate::Error;
use crate::math::Real;

/// How the noise variance 1/beta is treated.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Noise<T> {
    /// Profiled out, 1/beta = max(ehat, floor s2) (eqs. 12-13). For N >= M the profiled energy is unbounded
    /// below (any M columns interpolate); the floor is what keeps it finite.
    Profile {
        /// Smallest noise variance as a fraction of s2; [`rounding_floor`] by default, so that rounding alone
        /// decides. A larger one ends a path early, at the price of all structure below it.
        floor: T,
    },
    /// beta held at this value for every target, in 1/y².
    Fixed(T),
}

/// How an iteration ended. Only `Converged` is success; the others still carry their last state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Status {
    /// All changes fell below the tolerance.
    Converged,
    /// The sweep limit came first: raise it or loosen the tolerance.
    MaxSweeps,
    /// The noise variance reached its floor: an exact fit, or an interpolation.
    BetaCapped,
    /// The target does not vary: all gates are shut, the prediction is its mean.
    ConstantTarget,
    /// The moments are no second moments of any data (C far from positive semidefinite). Joint solver: no
    /// jitter mends the kernel; the state is that of the last good iteration. Coordinate ascent: it ran away;
    /// all gates are shut again.
    Singular,
}

/// Where ehat = s2 - 2 b'v + v'C v drowns in the rounding of its terms, as a fraction of s2: 1e-12 (f64), 3e-4 (f32). That of
/// f32 was tuned: at 1e-4 a sweep in a hundred still crawls on data of R² = .9999.
pub fn rounding_floor<T: Real>() -> T {
    T::of(if T::IS_DOUBLE { 1e-12 } else { 3e-4 })
}

/// Noise model and stopping rule of a solver.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Options<T> {
    /// How the noise precision beta is treated.
    pub noise: Noise<T>,
    /// Stop when no inclusion, no effect (in sd of y) and no beta (relative) moved by more than this in a sweep:
    /// 1e-8 (f64), 1e-5 (f32).
    pub tolerance: T,
    /// Sweep limit per gamma: 500.
    pub max_sweeps: u32,
}

impl<T: Real> Default for Options<T> {
    fn default() -> Self {
        Self {
            noise: Noise::Profile {
                floor: rounding_floor(),
            },
            tolerance: T::of(if T::IS_DOUBLE { 1e-8 } else { 1e-5 }),
            max_sweeps: 500,
        }
    }
}

impl<T: Real> Options<T> {
    /// Refuses what no solver can work with.
    ///
    /// # Errors
    /// `NonFinite`; `Domain` if the tolerance, the floor or a fixed beta is not above zero, or there are no
    /// sweeps.
    pub fn check(&self) -> Result<(), Error> {
        let (Noise::Profile { floor: scale } | Noise::Fixed(scale)) = self.noise;
        if !(scale.is_finite() && self.tolerance.is_finite()) {
            Err(Error::NonFinite)
        } else if scale <= T::ZERO || self.tolerance <= T::ZERO || self.max_sweeps == 0 {
            Err(Error::Domain)
        } else {
            Ok(())
        }
    }

    /// [`Options::check`], and that beta M s2 stays finite up to the noise floor for these moments.
    pub(crate) fn check_for(&self, data: &Moments<'_, T>) -> Result<(), Error> {
        self.check()?;
        let in_range = data.variance().iter().all(|s2| {
            let top = match self.noise {
                Noise::Profile { floor } => T::ONE / (floor * *s2),
                Noise::Fixed(beta) => beta,
            };
            (top * data.samples()).is_finite() && (top * data.samples() * *s2).is_finite()
        });
        if in_range { Ok(()) } else { Err(Error::Domain) }
    }
}

/// The end of a solve at one gamma.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Solution<T> {
    /// Prior log-odds in nats.
    pub gamma: T,
    /// Σ m_i, the expected number of selected variables.
    pub total_inclusion: T,
    /// Variational free energy F in nats, all constants kept (eq. 9, sign corrected).
    pub free_energy: T,
    /// beta in 1/y² (several targets: geometric mean).
    pub precision: T,
    /// Sweeps (or joint iterations) spent.
    pub sweeps: u32,
    /// How the solve ended.
    pub status: Status,
}

impl<T: Real> Solution<T> {
    /// The state before any sweep.
    pub const EMPTY: Self = Self {
        gamma: T::ZERO,
        total_inclusion: T::ZERO,
        free_energy: T::ZERO,
        precision: T::ONE,
        sweeps: 0,
        status: Status::MaxSweeps,
    };
}

/// A solver with a state that can be warm-started along a path.
///
/// Shapes: inclusion N, weight N x Q by columns, precision Q. All calls are cheap next to `solve`.
pub trait Solver<T: Real> {
    /// Shuts all gates: m = 0, w = b/d, beta = 1/s2 (or the fixed beta).
    fn close(&mut self);
    /// Iterates to convergence at `gamma` from the present state.
    fn solve(&mut self, gamma: T) -> Solution<T>;
    /// Replaces the state (a fixed beta stays fixed). Lengths that do not match leave the missing entries as
    /// they are.
    fn load(&mut self, inclusion: &[T], weight: &[T], precision: &[T]);
    /// Keeps gate `index` shut in later solves; `None` lifts this.
    fn exclude(&mut self, index: Option<usize>);
    /// The inclusions m_i of the present state.
    fn inclusion(&self) -> &[T];
    /// The weights w of the present state, target by target.
    fn weight(&self) -> &[T];
    /// The noise precision beta of each target in the present state.
    fn precision(&self) -> &[T];
}

/// Delta F of variable `index`: F with its gate forced shut minus F at the present solution, one
/// re-converged solve at the same gamma. Positive when the variable helps. The state is put back from the
/// caller's copy of it.
pub fn free_energy_without<T: Real>(
    solver: &mut impl Solver<T>,
    present: &Solution<T>,
    (inclusion, weight, precision): (&[T], &[T], &[T]),
    index: usize,
) -> T {
    solver.exclude(Some(index));
    let without = solver.solve(present.gamma).free_energy;
    solver.exclude(None);
    solver.load(inclusion, weight, precision);
    without - present.free_energy
}
