//! Fixed-size owners for devices: statistics, standardised moments, solver state, path points. Thin shells
//! over the bodies that work on slices; nothing here computes.
//!
//! Sizes in numbers of T: [`Stream`] N² + (1 + Q) N + 2 Q + 3, [`Standardised`] the same + N,
//! [`Garrote`] N + (2 N + 1) Q, [`PathPoints`] G (N + N Q + Q) and two curves. Keep the large ones in
//! statics: they are never returned by value from a method other than `new`.

use super::moments::Moments;
use super::path::{Ending, Pass, PathStore, activation_grid, default_limit, trace};
use super::predict::{Fitted, Prediction};
use super::solver::{Options, Solution, Solver, Status};
use super::stream::{StandardisedMut, Sums, SumsRef, Totals, standardise_row};
use super::sweep::{Ascent, State};
use crate::Error;
use crate::math::Real;
use nalgebra::{SMatrix, SVector};

/// Streaming statistics of N variables and Q targets.
#[derive(Clone, Debug)]
pub struct Stream<T, const N: usize, const Q: usize = 1> {
    totals: Totals<T>,
    mean: SVector<T, N>,
    target_mean: SVector<T, Q>,
    xx: SMatrix<T, N, N>,
    xy: SMatrix<T, N, Q>,
    yy: SVector<T, Q>,
}

impl<T: Real, const N: usize, const Q: usize> Default for Stream<T, N, Q> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Real, const N: usize, const Q: usize> Stream<T, N, Q> {
    /// Empty statistics: no sample yet.
    pub const fn new() -> Self {
        const { assert!(N > 0 && Q > 0, "a stream needs variables and targets") };
        Self {
            totals: Totals {
                weight: T::ZERO,
                weight2: T::ZERO,
                refused: 0,
            },
            mean: SVector::from_array_storage(nalgebra::ArrayStorage([[T::ZERO; N]; 1])),
            target_mean: SVector::from_array_storage(nalgebra::ArrayStorage([[T::ZERO; Q]; 1])),
            xx: SMatrix::from_array_storage(nalgebra::ArrayStorage([[T::ZERO; N]; N])),
            xy: SMatrix::from_array_storage(nalgebra::ArrayStorage([[T::ZERO; N]; Q])),
            yy: SVector::from_array_storage(nalgebra::ArrayStorage([[T::ZERO; Q]; 1])),
        }
    }

    fn sums(&mut self) -> Sums<'_, T> {
        Sums {
            totals: &mut self.totals,
            mean: self.mean.as_mut_slice(),
            target_mean: self.target_mean.as_mut_slice(),
            xx: self.xx.as_mut_slice(),
            xy: self.xy.as_mut_slice(),
            yy: self.yy.as_mut_slice(),
        }
    }

    /// The statistics as slices.
    pub fn view(&self) -> SumsRef<'_, T> {
        SumsRef {
            totals: &self.totals,
            mean: self.mean.as_slice(),
            target_mean: self.target_mean.as_slice(),
            xx: self.xx.as_slice(),
            xy: self.xy.as_slice(),
            yy: self.yy.as_slice(),
        }
    }

    /// Adds a sample of weight 1.
    ///
    /// # Errors
    /// Those of [`Sums::push`].
    pub fn push(&mut self, x: &[T], y: &[T]) -> Result<(), Error> {
        self.sums().push(x, y, T::ONE, T::ONE)
    }

    /// Adds a sample of weight `omega` after shrinking the past by `forget`.
    ///
    /// # Errors
    /// Those of [`Sums::push`].
    pub fn push_weighted(&mut self, x: &[T], y: &[T], omega: T, forget: T) -> Result<(), Error> {
        self.sums().push(x, y, omega, forget)
    }

    /// Takes a sample out again (f64 only).
    ///
    /// # Errors
    /// Those of [`Sums::remove`].
    pub fn remove(&mut self, x: &[T], y: &[T], omega: T) -> Result<(), Error> {
        self.sums().remove(x, y, omega)
    }

    /// Adds all samples of another stream.
    ///
    /// # Errors
    /// Those of [`Sums::merge`].
    pub fn merge(&mut self, other: &Self) -> Result<(), Error> {
        self.sums().merge(&other.view())
    }
}

/// Standardised moments with the centres and scales that made them.
#[derive(Clone, Debug)]
pub struct Standardised<T, const N: usize, const Q: usize = 1> {
    covariance: SMatrix<T, N, N>,
    correlation: SMatrix<T, N, Q>,
    variance: SVector<T, Q>,
    mean: SVector<T, N>,
    scale: SVector<T, N>,
    target_mean: SVector<T, Q>,
    samples: T,
}

impl<T: Real, const N: usize, const Q: usize> Default for Standardised<T, N, Q> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Real, const N: usize, const Q: usize> Standardised<T, N, Q> {
    /// Empty: refused as moments until [`Standardised::update`] has filled it.
    pub const fn new() -> Self {
        const { assert!(N > 0 && Q > 0, "moments need variables and targets") };
        Self {
            covariance: SMatrix::from_array_storage(nalgebra::ArrayStorage([[T::ZERO; N]; N])),
            correlation: SMatrix::from_array_storage(nalgebra::ArrayStorage([[T::ZERO; N]; Q])),
            variance: SVector::from_array_storage(nalgebra::ArrayStorage([[T::ZERO; Q]; 1])),
            mean: SVector::from_array_storage(nalgebra::ArrayStorage([[T::ZERO; N]; 1])),
            scale: SVector::from_array_storage(nalgebra::ArrayStorage([[T::ZERO; N]; 1])),
            target_mean: SVector::from_array_storage(nalgebra::ArrayStorage([[T::ZERO; Q]; 1])),
            samples: T::ZERO,
        }
    }

    /// Reads the present state of a stream. A target that does not vary (yet) is no error: its s2 is then 0,
    /// fits shut all gates and predictions are its mean.
    ///
    /// # Errors
    /// Those of [`SumsRef::standardise`] but `ConstantTarget`; the old moments are then kept.
    pub fn update(&mut self, stream: &Stream<T, N, Q>) -> Result<(), Error> {
        let standardised = stream.view().standardise(&mut StandardisedMut {
            covariance: self.covariance.as_mut_slice(),
            correlation: self.correlation.as_mut_slice(),
            variance: self.variance.as_mut_slice(),
            scale: self.scale.as_mut_slice(),
        });
        match standardised {
            Ok(samples) => self.samples = samples,
            Err(Error::ConstantTarget) => self.variance.fill(T::ZERO),
            Err(error) => return Err(error),
        }
        super::sweep::copy(self.mean.as_mut_slice(), stream.mean.as_slice());
        super::sweep::copy(self.target_mean.as_mut_slice(), stream.target_mean.as_slice());
        Ok(())
    }

    /// The moments of the standardised variables, checked.
    ///
    /// # Errors
    /// `ConstantTarget` before the first update; otherwise those of [`Moments::new`].
    pub fn moments(&self) -> Result<Moments<'_, T>, Error> {
        let (c, b) = (self.covariance.as_slice(), self.correlation.as_slice());
        Moments::new(c, b, self.variance.as_slice(), self.samples)
    }

    /// sd_i; 0 marks a dead column.
    pub fn scale(&self) -> &SVector<T, N> {
        &self.scale
    }

    /// The mean ybar of each target.
    pub fn target_mean(&self) -> &SVector<T, Q> {
        &self.target_mean
    }

    /// Brings a row in original units to these centres and scales.
    ///
    /// # Errors
    /// Those of [`standardise_row`].
    pub fn standardise_row(&self, row: &mut [T]) -> Result<(), Error> {
        standardise_row(row, self.mean.as_slice(), self.scale.as_slice())
    }
}

/// The garrote of N variables and Q targets in fixed memory: inclusions, weights, fields, precisions.
#[derive(Clone, Debug)]
pub struct Garrote<T, const N: usize, const Q: usize = 1> {
    inclusion: SVector<T, N>,
    weight: SMatrix<T, N, Q>,
    field: SMatrix<T, N, Q>,
    precision: SVector<T, Q>,
}

impl<T: Real, const N: usize, const Q: usize> Default for Garrote<T, N, Q> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Real, const N: usize, const Q: usize> Garrote<T, N, Q> {
    /// A garrote with all gates shut.
    pub const fn new() -> Self {
        const { assert!(N > 0 && Q > 0, "a garrote needs variables and targets") };
        Self {
            inclusion: SVector::from_array_storage(nalgebra::ArrayStorage([[T::ZERO; N]; 1])),
            weight: SMatrix::from_array_storage(nalgebra::ArrayStorage([[T::ZERO; N]; Q])),
            field: SMatrix::from_array_storage(nalgebra::ArrayStorage([[T::ZERO; N]; Q])),
            precision: SVector::from_array_storage(nalgebra::ArrayStorage([[T::ZERO; Q]; 1])),
        }
    }

    fn state(&mut self) -> State<'_, T> {
        State {
            inclusion: self.inclusion.as_mut_slice(),
            weight: self.weight.as_mut_slice(),
            field: self.field.as_mut_slice(),
            precision: self.precision.as_mut_slice(),
        }
    }

    /// Solves at `gamma` nats from all gates shut (sparse side). A constant target shuts all gates and says
    /// so in the status.
    ///
    /// # Errors
    /// `NonFinite` for a bad gamma; those of [`Standardised::moments`] and [`Ascent::new`].
    pub fn fit(
        &mut self,
        data: &Standardised<T, N, Q>,
        gamma: T,
        options: Options<T>,
    ) -> Result<Solution<T>, Error> {
        if !gamma.is_finite() {
            return Err(Error::NonFinite);
        }
        options.check()?;
        let Some(moments) = self.moments_or_shut(data)? else {
            return Ok(Solution {
                gamma,
                status: Status::ConstantTarget,
                ..Solution::EMPTY
            });
        };
        Ok(Ascent::new(moments, self.state(), options)?.solve(gamma))
    }

    /// `sweeps` more sweeps at `gamma` from the present state: anytime use while samples keep arriving.
    ///
    /// # Errors
    /// As [`Garrote::fit`].
    pub fn advance(
        &mut self,
        data: &Standardised<T, N, Q>,
        gamma: T,
        options: Options<T>,
        sweeps: u32,
    ) -> Result<Solution<T>, Error> {
        if !gamma.is_finite() {
            return Err(Error::NonFinite);
        }
        options.check()?;
        let Some(moments) = self.moments_or_shut(data)? else {
            return Ok(Solution {
                gamma,
                status: Status::ConstantTarget,
                ..Solution::EMPTY
            });
        };
        Ok(Ascent::resume(moments, self.state(), options)?.advance(gamma, sweeps))
    }

    /// Both passes over the default grid of G gammas, into `points`.
    ///
    /// # Errors
    /// `ConstantTarget`; those of [`Standardised::moments`], [`Ascent::new`] and [`trace`].
    pub fn path<const G: usize>(
        &mut self,
        data: &Standardised<T, N, Q>,
        options: Options<T>,
        points: &mut PathPoints<T, N, G, Q>,
    ) -> Result<Ending, Error> {
        let moments = data.moments()?;
        let mut grid = [T::ZERO; G];
        activation_grid(moments.strongest_evidence(), &mut grid)?;
        let mut ascent = Ascent::new(moments, self.state(), options)?;
        let mut store = points.store(&moments)?;
        let ending = trace(
            &mut ascent,
            &mut store,
            &grid,
            default_limit(N, moments.samples()),
        )?;
        points.reached = store.reached();
        Ok(ending)
    }

    /// Takes over the kept solution `index` of a path.
    ///
    /// # Errors
    /// `Shape` if the path has no such point.
    pub fn adopt<const G: usize>(
        &mut self,
        points: &PathPoints<T, N, G, Q>,
        index: usize,
    ) -> Result<(), Error> {
        if index >= points.reached {
            return Err(Error::Shape);
        }
        let column = |values: &[T], width: usize, to: &mut [T]| {
            if let Some(row) = values.chunks_exact(width.max(1)).nth(index) {
                super::sweep::copy(to, row);
            }
        };
        column(points.inclusion.as_slice(), N, self.inclusion.as_mut_slice());
        column(
            points.weight.as_flattened().as_flattened(),
            N * Q,
            self.weight.as_mut_slice(),
        );
        column(points.precision.as_slice(), Q, self.precision.as_mut_slice());
        Ok(())
    }

    fn moments_or_shut<'a>(
        &mut self,
        data: &'a Standardised<T, N, Q>,
    ) -> Result<Option<Moments<'a, T>>, Error> {
        match data.moments() {
            Err(Error::ConstantTarget) => {
                self.inclusion.fill(T::ZERO);
                self.field.fill(T::ZERO);
                Ok(None)
            }
            moments => moments.map(Some),
        }
    }

    /// Prediction for target `target` at `x` in original units, with the variance that beta says: for few samples see
    /// [`super::predict::unbiased_precision`].
    ///
    /// # Errors
    /// `Shape` for a target that is not there; those of [`Fitted::predict`].
    pub fn predict(
        &self,
        data: &Standardised<T, N, Q>,
        x: &SVector<T, N>,
        target: usize,
    ) -> Result<Prediction<T>, Error> {
        let weight = self
            .weight
            .as_slice()
            .chunks_exact(N.max(1))
            .nth(target)
            .ok_or(Error::Shape)?;
        let column = |values: &[T]| values.get(target).copied().ok_or(Error::Shape);
        let target_mean = column(data.target_mean.as_slice())?;
        if column(data.variance.as_slice())? <= T::ZERO {
            return Ok(Prediction {
                mean: target_mean,
                variance: T::ZERO,
            });
        }
        let fitted = Fitted {
            mean: data.mean.as_slice(),
            scale: data.scale.as_slice(),
            inclusion: self.inclusion.as_slice(),
            weight,
            target_mean,
            precision: column(self.precision.as_slice())?,
        };
        fitted.predict(x.as_slice())
    }

    /// The inclusions m_i, the probabilities of being in.
    pub fn inclusion(&self) -> &SVector<T, N> {
        &self.inclusion
    }

    /// w by target, in y per sd of the variable.
    pub fn weight(&self) -> &SMatrix<T, N, Q> {
        &self.weight
    }

    /// beta by target, in 1/y².
    pub fn precision(&self) -> &SVector<T, Q> {
        &self.precision
    }
}

/// Path points of G gammas, lent to [`Garrote::path`] by the caller.
#[derive(Clone, Debug)]
pub struct PathPoints<T, const N: usize, const G: usize, const Q: usize = 1> {
    forward: [Solution<T>; G],
    backward: [Solution<T>; G],
    pass: [Pass; G],
    inclusion: SMatrix<T, N, G>,
    weight: [[[T; N]; Q]; G],
    precision: SMatrix<T, Q, G>,
    reached: usize,
}

impl<T: Real, const N: usize, const G: usize, const Q: usize> Default for PathPoints<T, N, G, Q> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Real, const N: usize, const G: usize, const Q: usize> PathPoints<T, N, G, Q> {
    /// Memory for a path without points yet.
    pub const fn new() -> Self {
        const { assert!(N > 0 && Q > 0 && G > 1, "a path needs at least two gammas") };
        Self {
            forward: [Solution::EMPTY; G],
            backward: [Solution::EMPTY; G],
            pass: [Pass::Forward; G],
            inclusion: SMatrix::from_array_storage(nalgebra::ArrayStorage([[T::ZERO; N]; G])),
            weight: [[[T::ZERO; N]; Q]; G],
            precision: SMatrix::from_array_storage(nalgebra::ArrayStorage([[T::ZERO; Q]; G])),
            reached: 0,
        }
    }

    /// The points as a [`PathStore`], for the selection rules.
    ///
    /// # Errors
    /// `Shape` if `data` has other sizes.
    pub fn store(&mut self, data: &Moments<'_, T>) -> Result<PathStore<'_, T>, Error> {
        let reached = self.reached;
        let curves = (&mut self.forward[..], &mut self.backward[..], &mut self.pass[..]);
        let kept = (
            self.inclusion.as_mut_slice(),
            self.weight.as_flattened_mut().as_flattened_mut(),
            self.precision.as_mut_slice(),
        );
        Ok(PathStore::new(data, curves, kept)?.resumed(reached))
    }
}
