//! The gamma path: forward and backward passes, hysteresis, and the better of the two at each gamma.
//!
//! Forward: from all gates shut, gamma rising, each solve started from the last. It ends when the grid ends,
//! when Σ m reaches `max_total` (that solution is discarded: with N > M/2 it is on its way to interpolation),
//! or when beta is capped (that solution is kept and flagged: on noiseless data it is the exact one).
//! Backward: from the last uncapped solution down. The two differ where the transition is first order
//! (hysteresis); at each gamma the solution of smaller F is kept. After Kappen and Gomez, whose limit N/2 on
//! Σ m is wrong for small N (their path ends on the decoy of the Zhao-Yu example).

use super::moments::Moments;
use super::solver::{Solution, Solver, Status};
use crate::Error;
use crate::math::{Real, larger};

/// Direction of travel along the grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pass {
    /// gamma rising from the sparse end.
    Forward,
    /// gamma falling from the last forward solution.
    Backward,
}

/// Why the forward pass ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Ending {
    /// All gammas were solved.
    Grid,
    /// Σ m reached the limit.
    Full,
    /// The precision beta reached its cap, and the path ended there.
    Capped,
}

/// Where a path leaves its solutions.
pub trait Store<T: Real> {
    /// Forgets the points of an earlier path; called once at the start of [`trace`].
    fn clear(&mut self) {}
    /// Notes a solution on the curve of its pass; `kept` says that it is the better one at this gamma.
    fn note(&mut self, index: usize, pass: Pass, solution: &Solution<T>, solver: &impl Solver<T>, kept: bool);
    /// F of the kept solution at `index`, if there is one.
    fn free_energy(&self, index: usize) -> Option<T>;
    /// Puts the kept solution at `index` back into the solver.
    fn restore(&self, index: usize, solver: &mut impl Solver<T>);
}

/// Fills `grid` with `len` equal steps from `start` to `end`.
///
/// # Errors
/// `Shape` for an empty grid; `NonFinite`; `Domain` unless start < end.
#[inline(never)] // once a path: its frame must not burden the solver's
pub fn linear_grid<T: Real>(start: T, end: T, grid: &mut [T]) -> Result<(), Error> {
    if grid.is_empty() {
        return Err(Error::Shape);
    }
    if !(start.is_finite() && end.is_finite()) {
        return Err(Error::NonFinite);
    }
    if start >= end {
        return Err(Error::Domain);
    }
    let steps = T::of_count(grid.len().saturating_sub(1).max(1));
    for (k, gamma) in grid.iter_mut().enumerate() {
        let part = T::of_count(k) / steps;
        *gamma = start * (T::ONE - part) + end * part; // both ends exact
    }
    Ok(())
}

/// The default "first activation" grid (derived): from the gamma at which the strongest single variable has
/// m ~ 1e-3 at beta = 1/s2, namely ln(1e-3) - `strongest`, up to -0.01.
///
/// # Errors
/// Those of [`linear_grid`].
pub fn activation_grid<T: Real>(strongest: T, grid: &mut [T]) -> Result<(), Error> {
    linear_grid(T::of(1e-3).ln() - strongest, T::of(-0.01), grid)
}

/// The grid of Kappen and Gomez's code, for comparison with published curves: from ln(1e-8 s2/(M max_i |b_i|)) up
/// to 1e-3 of that. Not free of units: it changes with the scale of y.
///
/// # Errors
/// `Shape` unless there is one target; `NoSignal` if b = 0; those of [`linear_grid`].
pub fn kappen_grid<T: Real>(data: &Moments<'_, T>, grid: &mut [T]) -> Result<(), Error> {
    let &[s2] = data.variance() else {
        return Err(Error::Shape);
    };
    let mut strongest = T::ZERO;
    for b in data.correlation() {
        strongest = larger(b.abs(), strongest);
    }
    if strongest <= T::ZERO {
        return Err(Error::NoSignal);
    }
    let start = (T::of(1e-8) * s2 / (data.samples() * strongest)).ln();
    linear_grid(start, T::of(1e-3) * start, grid)
}

/// The limit on Σ m of the forward pass: M/2 when N > M/2, otherwise none (infinity is spelled N + 1).
pub fn default_limit<T: Real>(variables: usize, samples: T) -> T {
    let (n, half) = (T::of_count(variables), samples * T::HALF);
    if n > half { half } else { n + T::ONE }
}

/// Runs both passes of `solver` over the rising `grid`, leaving every solution in `store`.
///
/// # Errors
/// `Shape` for an empty grid; `NonFinite` (a NaN limit too); `Domain` unless the grid rises. Neither solver
/// nor store is touched then.
pub fn trace<T: Real>(
    solver: &mut impl Solver<T>,
    store: &mut impl Store<T>,
    grid: &[T],
    max_total: T,
) -> Result<Ending, Error> {
    if grid.is_empty() {
        return Err(Error::Shape);
    }
    if !grid.iter().all(|g| g.is_finite()) || max_total.partial_cmp(&T::ZERO).is_none() {
        return Err(Error::NonFinite);
    }
    if grid.iter().zip(grid.iter().skip(1)).any(|(a, b)| a >= b) {
        return Err(Error::Domain);
    }
    store.clear();
    solver.close();
    let (mut ending, mut last) = (Ending::Grid, None);
    for (k, gamma) in grid.iter().enumerate() {
        let solution = solver.solve(*gamma);
        let capped = solution.status == Status::BetaCapped;
        if !capped && solution.total_inclusion >= max_total {
            ending = Ending::Full;
            break;
        }
        store.note(k, Pass::Forward, &solution, &*solver, true);
        if capped {
            ending = Ending::Capped;
            break;
        }
        last = Some(k);
    }
    let Some(last) = last else { return Ok(ending) };
    if ending != Ending::Grid {
        store.restore(last, solver);
    }
    for (k, gamma) in grid.iter().enumerate().take(last).rev() {
        let solution = solver.solve(*gamma);
        let kept = solution.status != Status::BetaCapped
            && store
                .free_energy(k)
                .is_none_or(|f| clearly_below(solution.free_energy, f));
        store.note(k, Pass::Backward, &solution, &*solver, kept);
    }
    Ok(ending)
}

/// Below by more than 1e-6 (f32: 3e-5) of its size, so that two copies of one solution, each
/// converged to its tolerance, do not look like hysteresis.
fn clearly_below<T: Real>(a: T, b: T) -> bool {
    let part = T::of(if T::IS_DOUBLE { 1e-6 } else { 3e-5 });
    a < b - part * (T::ONE + b.abs())
}

/// Path storage lent by the caller, for G gammas, N variables, Q targets.
#[derive(Debug)]
pub struct PathStore<'a, T> {
    /// Forward curve (G); entries from [`PathStore::reached`] on are stale.
    pub forward: &'a mut [Solution<T>],
    /// Backward curve (G); it starts at the last uncapped forward point, which it does not repeat.
    pub backward: &'a mut [Solution<T>],
    /// Which pass the kept solution came from (G).
    pub pass: &'a mut [Pass],
    /// Kept inclusions, G rows of N.
    pub inclusion: &'a mut [T],
    /// Kept weights, G rows of N Q.
    pub weight: &'a mut [T],
    /// Kept betas, G rows of Q.
    pub precision: &'a mut [T],
    reached: usize,
}

impl<'a, T: Real> PathStore<'a, T> {
    /// An empty store over lent slices.
    ///
    /// # Errors
    /// `Shape` if the slices do not fit `data` and one common G > 0.
    pub fn new(
        data: &Moments<'_, T>,
        (forward, backward, pass): (&'a mut [Solution<T>], &'a mut [Solution<T>], &'a mut [Pass]),
        (inclusion, weight, precision): (&'a mut [T], &'a mut [T], &'a mut [T]),
    ) -> Result<Self, Error> {
        let g = forward.len();
        let fits = g > 0
            && backward.len() == g
            && pass.len() == g
            && g.checked_mul(data.variables()) == Some(inclusion.len())
            && g.checked_mul(data.correlation().len()) == Some(weight.len())
            && g.checked_mul(data.targets()) == Some(precision.len());
        if !fits {
            return Err(Error::Shape);
        }
        Ok(Self {
            forward,
            backward,
            pass,
            inclusion,
            weight,
            precision,
            reached: 0,
        })
    }

    /// A store over slices that already hold `reached` kept points.
    #[must_use]
    pub(crate) fn resumed(self, reached: usize) -> Self {
        Self { reached, ..self }
    }

    /// Number of gammas, from the sparse end, that hold a kept solution.
    pub fn reached(&self) -> usize {
        self.reached
    }

    /// The kept solution at `index`.
    pub fn solution(&self, index: usize) -> Option<&Solution<T>> {
        if index >= self.reached {
            return None;
        }
        match self.pass.get(index)? {
            Pass::Forward => self.forward.get(index),
            Pass::Backward => self.backward.get(index),
        }
    }

    /// The kept inclusions at `index` (N).
    pub fn inclusion_at(&self, index: usize) -> &[T] {
        row(self.inclusion, index, self.forward.len())
    }

    /// The kept weights at `index` (N Q).
    pub fn weight_at(&self, index: usize) -> &[T] {
        row(self.weight, index, self.forward.len())
    }

    /// The kept betas at `index` (Q).
    pub fn precision_at(&self, index: usize) -> &[T] {
        row(self.precision, index, self.forward.len())
    }
}

fn row<T>(values: &[T], index: usize, rows: usize) -> &[T] {
    let width = values.len().checked_div(rows).unwrap_or(0).max(1);
    values.chunks_exact(width).nth(index).unwrap_or(&[])
}

fn fill_row<T: Real>(values: &mut [T], index: usize, from: &[T]) {
    if let Some(row) = values.chunks_exact_mut(from.len().max(1)).nth(index) {
        super::sweep::copy(row, from);
    }
}

impl<T: Real> Store<T> for PathStore<'_, T> {
    fn clear(&mut self) {
        self.reached = 0;
    }

    fn note(
        &mut self,
        index: usize,
        pass: Pass,
        solution: &Solution<T>,
        solver: &impl Solver<T>,
        kept: bool,
    ) {
        let curve = match pass {
            Pass::Forward => &mut *self.forward,
            Pass::Backward => &mut *self.backward,
        };
        if let Some(entry) = curve.get_mut(index) {
            *entry = *solution;
        }
        if !kept {
            return;
        }
        if let Some(entry) = self.pass.get_mut(index) {
            *entry = pass;
        }
        fill_row(self.inclusion, index, solver.inclusion());
        fill_row(self.weight, index, solver.weight());
        fill_row(self.precision, index, solver.precision());
        if pass == Pass::Forward {
            self.reached = index.saturating_add(1);
        }
    }

    fn free_energy(&self, index: usize) -> Option<T> {
        self.solution(index).map(|s| s.free_energy)
    }

    fn restore(&self, index: usize, solver: &mut impl Solver<T>) {
        solver.load(
            self.inclusion_at(index),
            self.weight_at(index),
            self.precision_at(index),
        );
    }
}
