//! Linear maps x -> h as [`LinearOperator`]s of the core; k directions at once are row-major [k, d].

use super::PullbackError;
use crate::net::cpu::matrix::{Into, Matrix, multiply};
use crate::net::element::Element;
use gibbs_core::linalg::LinearOperator;
use std::convert::Infallible;

#[cfg(test)]
mod tests;

/// (dim h, dim x) of J.
pub(crate) fn dimensions<T: Element, O: LinearOperator<T>>(operator: &O) -> (usize, usize) {
    (operator.outputs(), operator.inputs())
}

/// Directions multiplied so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Passes {
    /// The number of products with J.
    pub tangents: usize,
    /// The number of products with Jᵀ.
    pub cotangents: usize,
}

/// An operator with counters, whose results are looked at for NaN and infinity.
pub(crate) struct Counted<'a, O> {
    operator: &'a mut O,
    pub(crate) passes: Passes,
}

impl<'a, O> Counted<'a, O> {
    pub(crate) fn new(operator: &'a mut O) -> Self {
        Self {
            operator,
            passes: Passes::default(),
        }
    }

    /// J v for the rows of `v`, [k, dim h].
    pub(crate) fn push<T: Element>(&mut self, v: &[T]) -> Result<Vec<T>, PullbackError<O::Error>>
    where
        O: LinearOperator<T>,
    {
        let (rows, columns) = dimensions(self.operator);
        let k = v.len() / columns;
        let mut out = vec![T::ZERO; k * rows];
        self.passes.tangents += k;
        (self.operator.apply(v, &mut out)).map_err(PullbackError::Operator)?;
        finite("J", &out, rows)?;
        Ok(out)
    }

    /// Jᵀ u for the rows of `u`, [k, dim x].
    pub(crate) fn pull<T: Element>(&mut self, u: &[T]) -> Result<Vec<T>, PullbackError<O::Error>>
    where
        O: LinearOperator<T>,
    {
        let (rows, columns) = dimensions(self.operator);
        let k = u.len() / rows;
        let mut out = vec![T::ZERO; k * columns];
        self.passes.cotangents += k;
        (self.operator.apply_transposed(u, &mut out)).map_err(PullbackError::Operator)?;
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
    /// A dense matrix of row-major values.
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

impl<T: Element> LinearOperator<T> for Dense<T> {
    type Error = Infallible;

    fn inputs(&self) -> usize {
        self.columns
    }

    fn outputs(&self) -> usize {
        self.rows
    }

    fn apply(&mut self, v: &[T], out: &mut [T]) -> Result<(), Infallible> {
        let (m, n) = (self.rows, self.columns);
        let k = v.len() / n;
        let matrix = Matrix::rows_of(&self.values, n).transposed();
        multiply([k, n, m], Matrix::rows_of(v, n), matrix, (out, m), Into::Set);
        Ok(())
    }

    fn apply_transposed(&mut self, u: &[T], out: &mut [T]) -> Result<(), Infallible> {
        let (m, n) = (self.rows, self.columns);
        let k = u.len() / m;
        let matrix = Matrix::rows_of(&self.values, n);
        multiply([k, m, n], Matrix::rows_of(u, m), matrix, (out, n), Into::Set);
        Ok(())
    }
}

/// diag(s): an operator whose singular vectors are the axes. Cost of a direction: n multiplications.
#[derive(Clone, Debug)]
pub struct Diagonal(pub Vec<f64>);

impl<T: Element> LinearOperator<T> for Diagonal {
    type Error = Infallible;

    fn inputs(&self) -> usize {
        self.0.len()
    }

    fn outputs(&self) -> usize {
        self.0.len()
    }

    fn apply(&mut self, v: &[T], out: &mut [T]) -> Result<(), Infallible> {
        let n = self.0.len();
        for (out, v) in out.chunks_mut(n).zip(v.chunks(n)) {
            for ((out, v), s) in out.iter_mut().zip(v).zip(&self.0) {
                *out = *v * T::of(*s);
            }
        }
        Ok(())
    }

    fn apply_transposed(&mut self, u: &[T], out: &mut [T]) -> Result<(), Infallible> {
        self.apply(u, out)
    }
}
