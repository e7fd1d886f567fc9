//! Products whose bits do not depend on how many rows are multiplied at once.
//!
//! `gemm` splits long inner dimensions by a rule that looks at the outer ones, and has routes of their own for
//! single rows and columns. Here the inner dimension is split first, into pieces of at most [`PIECE`], and a single
//! row or column is multiplied as two equal ones: then every entry of a product is the same chain of
//! fused multiply-adds whatever stands beside it, so that a batch gives the bits of its samples.

use crate::net::element::Element;
use crate::raw::product::{self, Sizes, Strides};

/// The longest inner dimension that is summed in one go.
pub(crate) const PIECE: usize = 512;

/// A matrix in row-major order, or transposed.
#[derive(Clone, Copy)]
pub(crate) struct Matrix<'a, T> {
    values: &'a [T],
    strides: Strides,
}

impl<'a, T> Matrix<'a, T> {
    /// Rows of `columns` entries.
    pub(crate) fn rows_of(values: &'a [T], columns: usize) -> Self {
        Self::strided(values, columns)
    }

    /// Rows that start `row` entries apart.
    pub(crate) fn strided(values: &'a [T], row: usize) -> Self {
        Self {
            values,
            strides: Strides::rows_of(row),
        }
    }

    /// The transposed matrix.
    pub(crate) fn transposed(self) -> Self {
        Self {
            strides: self.strides.transposed(),
            ..self
        }
    }
}

/// What becomes of the old content of a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Into {
    /// The old content is overwritten.
    Set,
    /// The product is added to the old content.
    Add,
}

/// C (m x n, rows `stride` apart) = or += A (m x k) B (k x n). Not for A and B both contiguous along k with a
/// product of up to 256 entries, for which `gemm` has a route that sums in another order: pack B as k rows of n.
pub(crate) fn multiply<T: Element>(
    sizes: [usize; 3],
    a: Matrix<'_, T>,
    b: Matrix<'_, T>,
    (c, stride): (&mut [T], usize),
    into: Into,
) {
    let [m, k, n] = sizes;
    if m == 0 || n == 0 {
        return;
    }
    if m == 1 || n == 1 {
        return thin(sizes, a, b, (c, stride), into);
    }
    let mut done = 0;
    let mut add = into == Into::Add;
    loop {
        let piece = (k - done).min(PIECE);
        let sizes = Sizes { m, n, k: piece };
        let a_rest = a.values.get(done * a.strides.column..).unwrap_or(&[]);
        let b_rest = b.values.get(done * b.strides.row..).unwrap_or(&[]);
        product::multiply(
            sizes,
            add,
            (a_rest, a.strides),
            (b_rest, b.strides),
            (c, Strides::rows_of(stride)),
        );
        done += piece;
        add = true;
        if done >= k {
            return;
        }
    }
}

/// One row, or one column: computed twice, taken once.
fn thin<T: Element>(
    [m, k, n]: [usize; 3],
    mut a: Matrix<'_, T>,
    b: Matrix<'_, T>,
    (c, stride): (&mut [T], usize),
    into: Into,
) {
    let (rows, columns) = (m.max(2), n.max(2));
    if m == 1 {
        a.strides.row = 0;
    }
    let twin = if n == 1 { 2 * k } else { 0 };
    T::with_scratch(rows * columns + twin, |scratch| {
        let (twice, column) = scratch.split_at_mut(rows * columns);
        // A single column lies contiguous along k: two of them side by side do not.
        for (i, pair) in column.chunks_exact_mut(2).enumerate() {
            pair.fill(b.values[i * b.strides.row]);
        }
        let b = if n == 1 { Matrix::rows_of(column, 2) } else { b };
        if into == Into::Add {
            for i in 0..rows {
                for j in 0..columns {
                    twice[i * columns + j] = c[i.min(m - 1) * stride + j.min(n - 1)];
                }
            }
        }
        multiply([rows, k, columns], a, b, (twice, columns), into);
        for i in 0..m {
            for j in 0..n {
                c[i * stride + j] = twice[i * columns + j];
            }
        }
    });
}
