//! All pairs interact.

use super::{Model, Stored, Weight, all_finite, check_range};
use crate::error::Error;

/// All pairs: a symmetric matrix, row-major, with a zero diagonal. Memory: lent, N² + N values.
#[derive(Clone, Copy, Debug)]
pub struct Dense<'a, C> {
    couplings: &'a [C],
    fields: &'a [C],
}

impl<'a, C: Stored> Dense<'a, C> {
    /// `couplings` (N x N, row-major) and `fields` (N).
    ///
    /// # Errors
    /// [`Error::Shape`] (N = 0 as well), [`Error::NonFinite`], [`Error::Asymmetric`], [`Error::SelfCoupling`],
    /// [`Error::Overflow`].
    pub fn new(couplings: &'a [C], fields: &'a [C]) -> Result<Self, Error> {
        let n = fields.len();
        if n == 0 || n.checked_mul(n) != Some(couplings.len()) {
            return Err(Error::Shape);
        }
        all_finite(couplings)?;
        all_finite(fields)?;
        for (row, values) in couplings.chunks_exact(n).enumerate() {
            for (column, value) in values.iter().take(row + 1).enumerate() {
                let value = value.weight();
                if row == column && value != C::Weight::ZERO {
                    return Err(Error::SelfCoupling { index: row });
                }
                let mirrored = couplings.get(column * n + row).map(|v| v.weight());
                if mirrored != Some(value) {
                    return Err(Error::Asymmetric { row });
                }
            }
        }
        let model = Self { couplings, fields };
        check_range(&model)?;
        Ok(model)
    }
}

impl<C: Stored> Model for Dense<'_, C> {
    type Weight = C::Weight;

    fn spins(&self) -> usize {
        self.fields.len()
    }

    fn field(&self, spin: usize) -> C::Weight {
        self.fields.get(spin).map_or(C::Weight::ZERO, |h| h.weight())
    }

    fn neighbours(&self, spin: usize, mut visit: impl FnMut(usize, C::Weight)) {
        let n = self.fields.len();
        let row = self.couplings.get(spin.saturating_mul(n)..).unwrap_or(&[]);
        for (j, coupling) in row.iter().take(n).enumerate() {
            visit(j, coupling.weight());
        }
    }
}
