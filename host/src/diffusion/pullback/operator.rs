//! Linear maps x -> h that are known by what they do to blocks of directions.

use super::PullbackError;
use crate::net::Net;
use crate::net::backend::Backend;
use crate::net::cpu::matrix::{Into, Matrix, multiply};
use crate::net::element::Element;
use crate::net::graph::Value;
use crate::net::pass::Linearised;
use std::convert::Infallible;

#[cfg(test)]
mod tests;

/// J (dim h x dim x) and its transpose on k directions at once, row-major [k, d].
pub trait BlockOperator<T: Element> {
    /// Why a pass may fail.
    type Error;

    /// (dim h, dim x).
    fn dimensions(&self) -> (usize, usize);

    /// `out` [k, dim h] = J v for each row of `v` [k, dim x].
    ///
    /// # Errors
    /// Its own.
    fn apply(&mut self, k: usize, v: &[T], out: &mut [T]) -> Result<(), Self::Error>;

    /// `out` [k, dim x] = Jᵀ u for each row of `u` [k, dim h].
    ///
    /// # Errors
    /// Its own.
    fn apply_transposed(&mut self, k: usize, u: &[T], out: &mut [T]) -> Result<(), Self::Error>;
}

/// Directions multiplied so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Passes {
    /// By J.
    pub tangents: usize,
    /// By Jᵀ.
    pub cotangents: usize,
}

/// An operator with counters, whose results are looked at for NaN and infinity.
pub(super) struct Counted<'a, O> {
    operator: &'a mut O,
    pub(super) passes: Passes,
}

impl<'a, O> Counted<'a, O> {
    pub(super) fn new(operator: &'a mut O) -> Self {
        Self {
            operator,
            passes: Passes::default(),
        }
    }

    /// J v for the rows of `v`, [k, dim h].
    pub(super) fn push<T: Element>(&mut self, v: &[T]) -> Result<Vec<T>, PullbackError<O::Error>>
    where
        O: BlockOperator<T>,
    {
        let (rows, columns) = self.operator.dimensions();
        let k = v.len() / columns;
        let mut out = vec![T::ZERO; k * rows];
        self.passes.tangents += k;
        (self.operator.apply(k, v, &mut out)).map_err(PullbackError::Operator)?;
        finite("J", &out, rows)?;
        Ok(out)
    }

    /// Jᵀ u for the rows of `u`, [k, dim x].
    pub(super) fn pull<T: Element>(&mut self, u: &[T]) -> Result<Vec<T>, PullbackError<O::Error>>
    where
        O: BlockOperator<T>,
    {
        let (rows, columns) = self.operator.dimensions();
        let k = u.len() / rows;
        let mut out = vec![T::ZERO; k * columns];
        self.passes.cotangents += k;
        (self.operator.apply_transposed(k, u, &mut out)).map_err(PullbackError::Operator)?;
        finite("J^T", &out, columns)?;
        Ok(out)
    }
}

fn finite<T: Element, E>(map: &'static str, values: &[T], d: usize) -> Result<(), PullbackError<E>> {
    match values.iter().position(|x| !x.is_finite()) {
        None => Ok(()),
        Some(at) => Err(PullbackError::NotFinite {
            map,
            direction: at / d,
            index: at % d,
        }),
    }
}

/// A matrix [dim h, dim x] in memory. Cost of a direction: dim h x dim x multiply-adds.
#[derive(Clone, Debug)]
pub struct Dense<T> {
    rows: usize,
    columns: usize,
    values: Vec<T>,
}

impl<T: Element> Dense<T> {
    /// From row-major values.
    ///
    /// # Errors
    /// [`PullbackError::Length`] unless there are rows x columns values.
    pub fn new(rows: usize, columns: usize, values: Vec<T>) -> Result<Self, super::GeometryError> {
        super::length("matrix", values.len(), rows * columns)?;
        Ok(Self {
            rows,
            columns,
            values,
        })
    }
}

impl<T: Element> BlockOperator<T> for Dense<T> {
    type Error = Infallible;

    fn dimensions(&self) -> (usize, usize) {
        (self.rows, self.columns)
    }

    fn apply(&mut self, k: usize, v: &[T], out: &mut [T]) -> Result<(), Infallible> {
        let (m, n) = (self.rows, self.columns);
        let matrix = Matrix::rows_of(&self.values, n).transposed();
        multiply([k, n, m], Matrix::rows_of(v, n), matrix, (out, m), Into::Set);
        Ok(())
    }

    fn apply_transposed(&mut self, k: usize, u: &[T], out: &mut [T]) -> Result<(), Infallible> {
        let (m, n) = (self.rows, self.columns);
        let matrix = Matrix::rows_of(&self.values, n);
        multiply([k, m, n], Matrix::rows_of(u, m), matrix, (out, n), Into::Set);
        Ok(())
    }
}

/// diag(s): an operator whose singular vectors are the axes. Cost of a direction: n multiplications.
#[derive(Clone, Debug)]
pub struct Diagonal(pub Vec<f64>);

impl<T: Element> BlockOperator<T> for Diagonal {
    type Error = Infallible;

    fn dimensions(&self) -> (usize, usize) {
        (self.0.len(), self.0.len())
    }

    fn apply(&mut self, _: usize, v: &[T], out: &mut [T]) -> Result<(), Infallible> {
        let n = self.0.len();
        for (out, v) in out.chunks_mut(n).zip(v.chunks(n)) {
            for ((out, v), s) in out.iter_mut().zip(v).zip(&self.0) {
                *out = *v * T::of(*s);
            }
        }
        Ok(())
    }

    fn apply_transposed(&mut self, k: usize, u: &[T], out: &mut [T]) -> Result<(), Infallible> {
        self.apply(k, u, out)
    }
}

/// A net linearised at one point (batch 1), from one value to another: [`Linearised`] made with one `from`, and
/// evaluated.
pub struct LinearisedMap<'a, B: Backend> {
    net: &'a Net<B>,
    linearised: &'a mut Linearised<B>,
    dimensions: (usize, usize),
    at_once: usize,
}

impl<'a, B: Backend> LinearisedMap<'a, B> {
    /// `linearised` is the map from `x` to `h`, already evaluated; `at_once` bounds the directions of one pass, and with
    /// them its memory.
    pub fn new(
        net: &'a Net<B>,
        linearised: &'a mut Linearised<B>,
        (x, h): (Value, Value),
        at_once: usize,
    ) -> Self {
        let elements = |value| net.graph().shape(value).elements();
        Self {
            net,
            linearised,
            dimensions: (elements(h), elements(x)),
            at_once: at_once.max(1),
        }
    }
}

impl<B: Backend> BlockOperator<B::Element> for LinearisedMap<'_, B> {
    type Error = Infallible;

    fn dimensions(&self) -> (usize, usize) {
        self.dimensions
    }

    fn apply(&mut self, _: usize, v: &[B::Element], out: &mut [B::Element]) -> Result<(), Infallible> {
        let (rows, columns) = self.dimensions;
        let parts = v.chunks(self.at_once * columns);
        for (v, out) in parts.zip(out.chunks_mut(self.at_once * rows)) {
            self.linearised.jvp(self.net, v.len() / columns, &[v], out);
        }
        Ok(())
    }

    fn apply_transposed(
        &mut self,
        _: usize,
        u: &[B::Element],
        out: &mut [B::Element],
    ) -> Result<(), Infallible> {
        let (rows, columns) = self.dimensions;
        let parts = u.chunks(self.at_once * rows);
        for (u, out) in parts.zip(out.chunks_mut(self.at_once * columns)) {
            self.linearised.vjp(self.net, u.len() / rows, u, &mut [out]);
        }
        Ok(())
    }
}
