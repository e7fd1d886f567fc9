//! Few pairs interact.

use super::{Model, Stored, Weight, all_finite, check_range};
use crate::error::Error;

/// Compressed rows: the neighbours of spin i are `neighbours[offsets[i]..offsets[i + 1]]`, in increasing
/// order, each bond stored at both of its ends. Memory: lent.
#[derive(Clone, Copy, Debug)]
pub struct Sparse<'a, C> {
    offsets: &'a [u32],
    neighbours: &'a [u32],
    couplings: &'a [C],
    fields: &'a [C],
}

impl<'a, C: Stored> Sparse<'a, C> {
    /// `offsets` (N + 1), `neighbours` and `couplings` (one per bond end), `fields` (N).
    ///
    /// # Errors
    /// [`Error::Shape`] (N = 0 as well), [`Error::NonFinite`], [`Error::Domain`] (offsets that fall, a
    /// neighbour out of range or out of order), [`Error::SelfCoupling`], [`Error::Asymmetric`],
    /// [`Error::Overflow`].
    pub fn new(
        offsets: &'a [u32],
        neighbours: &'a [u32],
        couplings: &'a [C],
        fields: &'a [C],
    ) -> Result<Self, Error> {
        let n = fields.len();
        let ends = (offsets.first(), offsets.last().map(|end| *end as usize));
        if n == 0
            || offsets.len() != n + 1
            || ends != (Some(&0), Some(neighbours.len()))
            || couplings.len() != neighbours.len()
        {
            return Err(Error::Shape);
        }
        all_finite(couplings)?;
        all_finite(fields)?;
        if offsets.iter().zip(offsets.iter().skip(1)).any(|(a, b)| a > b) {
            return Err(Error::Domain);
        }
        let model = Self {
            offsets,
            neighbours,
            couplings,
            fields,
        };
        for i in 0..n {
            model.check_row(i)?;
        }
        check_range(&model)?;
        Ok(model)
    }

    fn row(&self, spin: usize) -> (&'a [u32], &'a [C]) {
        let bound = |k: usize| self.offsets.get(k).map_or(0, |o| *o as usize);
        let range = bound(spin)..bound(spin.saturating_add(1));
        (
            self.neighbours.get(range.clone()).unwrap_or(&[]),
            self.couplings.get(range).unwrap_or(&[]),
        )
    }

    fn check_row(&self, i: usize) -> Result<(), Error> {
        let (neighbours, couplings) = self.row(i);
        let mut last = None;
        for (j, coupling) in neighbours.iter().zip(couplings) {
            if last >= Some(*j) || *j as usize >= self.fields.len() {
                return Err(Error::Domain);
            }
            last = Some(*j);
            if *j as usize == i {
                return Err(Error::SelfCoupling { index: i });
            }
            let (back, weights) = self.row(*j as usize);
            let mirrored = back.binary_search_by(|k| (*k as usize).cmp(&i)).ok();
            let mirrored = mirrored.and_then(|at| weights.get(at)).map(|w| w.weight());
            if mirrored != Some(coupling.weight()) {
                return Err(Error::Asymmetric { row: i });
            }
        }
        Ok(())
    }
}

impl<C: Stored> Model for Sparse<'_, C> {
    type Weight = C::Weight;

    fn spins(&self) -> usize {
        self.fields.len()
    }

    fn field(&self, spin: usize) -> C::Weight {
        self.fields.get(spin).map_or(C::Weight::ZERO, |h| h.weight())
    }

    fn neighbours(&self, spin: usize, mut visit: impl FnMut(usize, C::Weight)) {
        let (neighbours, couplings) = self.row(spin);
        for (j, coupling) in neighbours.iter().zip(couplings) {
            visit(*j as usize, coupling.weight());
        }
    }
}
