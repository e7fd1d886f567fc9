//! Matrix products on the `gemm` crate, behind slices.

use gemm::Parallelism;

/// A matrix in a slice: entry (i, j) at `offset + i row + j column`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Strides {
    /// Distance between rows.
    pub row: usize,
    /// Distance between columns.
    pub column: usize,
}

impl Strides {
    /// Rows of `columns` entries, one after the other.
    pub(crate) fn rows_of(columns: usize) -> Self {
        Self {
            row: columns,
            column: 1,
        }
    }

    /// The transposed matrix.
    pub(crate) fn transposed(self) -> Self {
        Self {
            row: self.column,
            column: self.row,
        }
    }

    /// Entries that the slice must have for `rows` x `columns`; `None` on overflow.
    fn span(self, rows: usize, columns: usize) -> Option<usize> {
        let (Some(i), Some(j)) = (rows.checked_sub(1), columns.checked_sub(1)) else {
            return Some(0);
        };
        i.checked_mul(self.row)?
            .checked_add(j.checked_mul(self.column)?)?
            .checked_add(1)
    }
}

/// Sizes of C (m x n) = A (m x k) B (k x n).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sizes {
    pub m: usize,
    pub n: usize,
    pub k: usize,
}

/// The scalars that `gemm` multiplies here.
pub(crate) trait Scalar: Copy + 'static {
    /// 0.
    const NOTHING: Self;
    /// 1.
    const UNIT: Self;
}

impl Scalar for f32 {
    const NOTHING: Self = 0.0;
    const UNIT: Self = 1.0;
}

impl Scalar for f64 {
    const NOTHING: Self = 0.0;
    const UNIT: Self = 1.0;
}

/// C = A B, or C += A B with `add`, on the calling thread.
///
/// # Panics
/// When a slice is too short for its sizes and strides, or entries of C would overlap.
pub(crate) fn multiply<T: Scalar>(
    sizes: Sizes,
    add: bool,
    (a, a_strides): (&[T], Strides),
    (b, b_strides): (&[T], Strides),
    (c, c_strides): (&mut [T], Strides),
) {
    let Sizes { m, n, k } = sizes;
    let fits = |length: usize, strides: Strides, rows, columns| {
        strides
            .span(rows, columns)
            .is_some_and(|span| span <= length && isize::try_from(span).is_ok())
    };
    assert!(fits(a.len(), a_strides, m, k), "the left factor is too short");
    assert!(fits(b.len(), b_strides, k, n), "the right factor is too short");
    assert!(fits(c.len(), c_strides, m, n), "the product is too short");
    let apart = (c_strides.column >= 1 && c_strides.row >= n * c_strides.column)
        || (c_strides.row >= 1 && c_strides.column >= m * c_strides.row);
    assert!(apart || m <= 1 || n <= 1, "entries of the product overlap");
    // SAFETY: every (i, j) that gemm reads in A (m x k) and B (k x n) or writes in C (m x n) lies within its
    // slice by the asserts above (an index grows with i and j, so the last is the largest, and it fits in an
    // isize). C is borrowed mutably, so it overlaps neither A nor B, and its entries are distinct. T is f32 or
    // f64 (the trait is private to this crate and implemented for these two), which gemm supports.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            c.as_mut_ptr(),
            c_strides.column as isize,
            c_strides.row as isize,
            add,
            a.as_ptr(),
            a_strides.column as isize,
            a_strides.row as isize,
            b.as_ptr(),
            b_strides.column as isize,
            b_strides.row as isize,
            if add { T::UNIT } else { T::NOTHING },
            T::UNIT,
            false,
            false,
            false,
            Parallelism::None,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "the right factor is too short")]
    fn a_short_factor_is_refused() {
        let sizes = Sizes { m: 2, n: 2, k: 2 };
        let rows = Strides::rows_of(2);
        multiply(
            sizes,
            false,
            (&[1.0_f32; 4], rows),
            (&[1.0; 3], rows),
            (&mut [0.0; 4], rows),
        );
    }

    #[test]
    #[should_panic(expected = "overlap")]
    fn an_overlapping_product_is_refused() {
        let sizes = Sizes { m: 2, n: 2, k: 2 };
        let (rows, overlapping) = (Strides::rows_of(2), Strides { row: 1, column: 1 });
        multiply(
            sizes,
            false,
            (&[1.0_f32; 4], rows),
            (&[1.0; 4], rows),
            (&mut [0.0; 4], overlapping),
        );
    }

    #[test]
    fn strides_of_zero_repeat_a_row() {
        let sizes = Sizes { m: 2, n: 2, k: 2 };
        let rows = Strides::rows_of(2);
        let mut c = [0.0_f64; 4];
        let repeated = Strides { row: 0, column: 1 };
        multiply(
            sizes,
            false,
            (&[1.0, 2.0], repeated),
            (&[1.0, 10.0, 3.0, 30.0], rows),
            (&mut c, rows),
        );
        assert_eq!(c, [7.0, 70.0, 7.0, 70.0]);
    }
}
