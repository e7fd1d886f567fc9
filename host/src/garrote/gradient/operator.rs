//! What the gradient solver needs to know of a linear map: its two products and its column sizes.

use crate::garrote::design::Design;
use gibbs_core::math::{add_scaled, dot};

/// A linear map X of `columns` numbers to `rows` numbers that need not exist as a matrix (a projector of
/// tomography, a transform followed by sampling). `adjoint` must be the exact transpose of `forward`.
pub trait LinearOperator {
    /// The number of rows of the operator, M.
    fn rows(&self) -> usize;
    /// The number of columns of the operator, N.
    fn columns(&self) -> usize;
    /// out = X v; `v` has N entries, `out` M.
    fn forward(&self, v: &[f64], out: &mut [f64]);
    /// out = X'r; `r` has M entries, `out` N.
    fn adjoint(&self, r: &[f64], out: &mut [f64]);
    /// `d_i` = |`X_i|²/M` of every column (N). 0 marks a column that is never selected.
    fn diagonal(&self, out: &mut [f64]);
}

/// The standardised columns: `d_i` = 1, or 0 for a dead column. Cost M N a product.
impl LinearOperator for Design {
    fn rows(&self) -> usize {
        self.y.len()
    }

    fn columns(&self) -> usize {
        self.names.len()
    }

    fn forward(&self, v: &[f64], out: &mut [f64]) {
        out.fill(0.0);
        for (column, v) in self.x.chunks_exact(self.y.len()).zip(v) {
            if *v != 0.0 {
                add_scaled(out, *v, column);
            }
        }
    }

    fn adjoint(&self, r: &[f64], out: &mut [f64]) {
        for (out, column) in out.iter_mut().zip(self.x.chunks_exact(self.y.len())) {
            *out = dot(column, r);
        }
    }

    fn diagonal(&self, out: &mut [f64]) {
        for (d, scale) in out.iter_mut().zip(&self.scale) {
            *d = f64::from(u8::from(*scale > 0.0));
        }
    }
}
