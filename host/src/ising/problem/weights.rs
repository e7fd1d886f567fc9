//! Couplings and fields as solvers take them: integers where they fit, dense or sparse.

use super::decimal::Decimal;
use super::error::Trouble;
use super::form::Form;
use super::{Energy, Problem, Terms};
use gibbs_core::Error;
use gibbs_core::ising::{Dense, Model, Sparse, Stored};

/// Couplings and fields on the heap.
#[derive(Clone, Debug)]
pub struct Couplings<C> {
    storage: Storage<C>,
    fields: Vec<C>,
}

#[derive(Clone, Debug)]
enum Storage<C> {
    Dense(Vec<C>),
    Sparse {
        offsets: Vec<u32>,
        neighbours: Vec<u32>,
        couplings: Vec<C>,
    },
}

/// A model on lent memory, dense or sparse.
#[derive(Clone, Copy, Debug)]
pub enum View<'a, C> {
    /// Couplings of all pairs.
    Dense(Dense<'a, C>),
    /// Couplings as compressed rows.
    Sparse(Sparse<'a, C>),
}

impl<C: Stored> Model for View<'_, C> {
    type Weight = C::Weight;

    fn spins(&self) -> usize {
        match self {
            Self::Dense(model) => model.spins(),
            Self::Sparse(model) => model.spins(),
        }
    }

    fn field(&self, spin: usize) -> C::Weight {
        match self {
            Self::Dense(model) => model.field(spin),
            Self::Sparse(model) => model.field(spin),
        }
    }

    #[inline]
    fn neighbours(&self, spin: usize, visit: impl FnMut(usize, C::Weight)) {
        match self {
            Self::Dense(model) => model.neighbours(spin, visit),
            Self::Sparse(model) => model.neighbours(spin, visit),
        }
    }
}

impl<C: Stored + Default + PartialEq> Couplings<C> {
    /// Dense when more than a quarter of all pairs interact: a flip then reads less memory that way, since a
    /// stored neighbour costs its index as well. Zero couplings are left out. `None`: too many bonds.
    fn new(bonds: &[(u32, u32, C)], fields: Vec<C>) -> Option<Self> {
        let n = fields.len();
        let bonds: Vec<_> = bonds.iter().filter(|(_, _, c)| *c != C::default()).collect();
        let ends = u32::try_from(2 * bonds.len()).ok()?;
        if n > 1 && 8 * bonds.len() as u128 > n as u128 * (n as u128 - 1) {
            let mut matrix = vec![C::default(); n.checked_mul(n)?];
            for (i, j, coupling) in bonds {
                let (i, j) = (*i as usize, *j as usize);
                matrix[i * n + j] = *coupling;
                matrix[j * n + i] = *coupling;
            }
            return Some(Self {
                storage: Storage::Dense(matrix),
                fields,
            });
        }
        let mut offsets = vec![0_u32; n + 1];
        for (i, j, _) in &bonds {
            offsets[*i as usize + 1] += 1;
            offsets[*j as usize + 1] += 1;
        }
        for k in 1..=n {
            offsets[k] += offsets[k - 1];
        }
        // Sorted pairs (i, j), i < j, written as (j, i) first and (i, j) second leave every row in order.
        let mut next = offsets.clone();
        let mut neighbours = vec![0; ends as usize];
        let mut couplings = vec![C::default(); ends as usize];
        let mut put = |at: u32, to: u32, coupling: C| {
            let place = &mut next[at as usize];
            neighbours[*place as usize] = to;
            couplings[*place as usize] = coupling;
            *place += 1;
        };
        for (i, j, coupling) in &bonds {
            put(*j, *i, *coupling);
        }
        for (i, j, coupling) in &bonds {
            put(*i, *j, *coupling);
        }
        Some(Self {
            storage: Storage::Sparse {
                offsets,
                neighbours,
                couplings,
            },
            fields,
        })
    }

    /// The model. Cost: checks every bond.
    ///
    /// # Errors
    /// `Overflow` (integers), `NonFinite` (floats): sums that leave the range.
    pub fn view(&self) -> Result<View<'_, C>, Error> {
        match &self.storage {
            Storage::Dense(matrix) => Dense::new(matrix, &self.fields).map(View::Dense),
            Storage::Sparse {
                offsets,
                neighbours,
                couplings,
            } => Sparse::new(offsets, neighbours, couplings, &self.fields).map(View::Sparse),
        }
    }

    /// Whether all pairs are stored.
    pub fn is_dense(&self) -> bool {
        matches!(self.storage, Storage::Dense(_))
    }
}

/// What the weights are made of.
#[derive(Clone, Debug)]
pub enum Values {
    /// Weights as integers, exact.
    Integer(Couplings<i32>),
    /// Nearest f64 of each sum.
    Float(Couplings<f64>),
}

/// A problem as solvers take it: energy of the file = (model energy + offset) x unit.
#[derive(Clone, Debug)]
pub struct Weights {
    /// Couplings and fields.
    pub values: Values,
    /// Energy of one unit of the weights.
    pub unit: f64,
    /// What a QUBO, a cut, or the file itself adds, in units of the weights.
    pub offset: f64,
}

/// Float weights whose largest magnitude lies beyond these bounds are taken in a unit of their own, a power of 2, so
/// that squares of energies neither overflow nor vanish.
const MODERATE: std::ops::RangeInclusive<f64> = 1e-100..=1e100;

impl Problem {
    /// Weights for solvers. Integers in units of the last decimal place (of a cut half of it, of a QUBO a quarter)
    /// when all sums stay below 2^31, else f64 as [`Self::float_weights`].
    ///
    /// # Errors
    /// `TooManyBonds`; `Overflow` when sums leave the range of f64.
    pub fn weights(&self) -> Result<Weights, Trouble> {
        if let Some((couplings, unit, offset)) = self.whole(|k| i32::try_from(k).ok())? {
            return Ok(Weights {
                values: Values::Integer(couplings),
                unit,
                offset,
            });
        }
        let (couplings, unit, offset) = self.float_weights()?;
        Ok(Weights {
            values: Values::Float(couplings),
            unit,
            offset,
        })
    }

    /// 128-bit integers, and the energy of one unit of them; `None` where the values themselves had to be rounded.
    ///
    /// # Errors
    /// `TooManyBonds`.
    pub fn wide_weights(&self) -> Result<Option<(Couplings<i128>, f64)>, Trouble> {
        Ok(self.whole(Some)?.map(|(couplings, unit, _)| (couplings, unit)))
    }

    /// Couplings of whole numbers as `change` makes them, the energy of one of their units, the offset in that unit.
    #[allow(clippy::type_complexity)] // three parts, taken apart at once
    fn whole<C: Stored + Default + PartialEq>(
        &self,
        change: impl Fn(i128) -> Option<C>,
    ) -> Result<Option<(Couplings<C>, f64, f64)>, Trouble> {
        let Terms::Decimal {
            list,
            offset,
            exponent,
        } = &self.terms
        else {
            return Ok(None);
        };
        let form = Form::new(self.kind, self.spins, list, 0);
        let Some((bonds, fields)) = form.map(change) else {
            return Ok(None);
        };
        let couplings = Couplings::new(&bonds, fields).ok_or(Trouble::TooManyBonds)?;
        let unit = self.share() * Decimal::of_units(1, *exponent).nearest();
        let offset = form.offset as f64 + offset.nearest() / unit;
        Ok(couplings.view().is_ok().then_some((couplings, unit, offset)))
    }

    /// The nearest f64 of each coupling and field, the energy of their unit, and the offset in that unit: 1 (of a cut
    /// 1/2, of a QUBO 1/4), or that times a power of 2 where the weights are very large or very small.
    ///
    /// # Errors
    /// As [`Self::weights`].
    pub fn float_weights(&self) -> Result<(Couplings<f64>, f64, f64), Trouble> {
        let (bonds, fields, offset) = match &self.terms {
            Terms::Decimal {
                list,
                offset,
                exponent,
            } => {
                let nearest = |k| Decimal::of_units(k, *exponent).nearest();
                let form = Form::new(self.kind, self.spins, list, 0);
                let (bonds, fields) = form.map(|k| Some(nearest(k))).unwrap_or_default();
                (
                    bonds,
                    fields,
                    nearest(form.offset) + offset.nearest() / self.share(),
                )
            }
            Terms::Binary { list, offset } => {
                let form = Form::new(self.kind, self.spins, list, *offset);
                (form.bonds, form.fields, form.offset)
            }
        };
        let couplings = Couplings::new(&bonds, fields.clone()).ok_or(Trouble::TooManyBonds)?;
        if couplings.view().is_err() || !offset.is_finite() {
            return Err(Trouble::Overflow);
        }
        let sizes = bonds.iter().map(|(_, _, j)| j).chain(&fields).map(|v| v.abs());
        let largest = sizes.fold(0.0, f64::max);
        if largest == 0.0 || MODERATE.contains(&largest) {
            return Ok((couplings, self.share(), offset));
        }
        // Two factors: one alone may lie beyond the range of f64.
        let exponent = libm::frexp(largest).1 - 1;
        let [first, second] = [exponent / 2, exponent - exponent / 2].map(|e| 2.0_f64.powi(e));
        let scaled = |v: f64| v / first / second;
        let bonds: Vec<_> = bonds.iter().map(|(i, j, v)| (*i, *j, scaled(*v))).collect();
        let fields = fields.into_iter().map(scaled).collect();
        let couplings = Couplings::new(&bonds, fields).ok_or(Trouble::TooManyBonds)?;
        Ok((couplings, self.share() * first * second, scaled(offset)))
    }

    /// The energy that lies `units` units of whole weights above `energy`.
    pub(in crate::ising) fn raised(&self, energy: Energy, units: i128) -> Energy {
        let share = i128::from(self.kind.share());
        match (&self.terms, energy) {
            (Terms::Decimal { exponent, .. }, Energy::Exact(_)) => {
                energy.plus(Decimal::of_units(units / share, *exponent))
            }
            _ => Energy::Rounded(energy.nearest() + units as f64 * self.share()),
        }
    }

    /// The unit of weights in that of the entries.
    fn share(&self) -> f64 {
        1.0 / f64::from(self.kind.share())
    }
}
