//! Couplings and fields as solvers take them: integers where they fit, dense or sparse.

use super::decimal::Decimal;
use super::error::Trouble;
use super::form::Form;
use super::{Kind, Problem, Terms};
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
    /// All pairs.
    Dense(Dense<'a, C>),
    /// Compressed rows.
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
    /// Exact.
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
    /// What a QUBO adds, in units of the weights.
    pub offset: f64,
}

impl Problem {
    /// Weights for solvers. Integers in units of the last decimal place (of a QUBO a quarter of it) when all
    /// sums stay below 2^31, else f64 as [`Self::float_weights`].
    ///
    /// # Errors
    /// `TooManyBonds`; `Overflow` when sums leave the range of f64.
    pub fn weights(&self) -> Result<Weights, Trouble> {
        if let Terms::Decimal { list, exponent } = &self.terms {
            let form = Form::new(self.kind, self.spins, list);
            if let Some(whole) = form.map(|k| i32::try_from(k).ok()) {
                let couplings = Couplings::new(&whole.bonds, whole.fields).ok_or(Trouble::TooManyBonds)?;
                if couplings.view().is_ok() {
                    return Ok(Weights {
                        values: Values::Integer(couplings),
                        unit: self.quarter() * Decimal::of_units(1, *exponent).nearest(),
                        offset: f64::from(whole.offset),
                    });
                }
            }
        }
        let (couplings, offset) = self.float_weights()?;
        Ok(Weights {
            values: Values::Float(couplings),
            unit: self.quarter(),
            offset,
        })
    }

    /// The nearest f64 of each coupling and field in units of 1 (of a QUBO 1/4), and the offset in that unit.
    ///
    /// # Errors
    /// As [`Self::weights`].
    pub fn float_weights(&self) -> Result<(Couplings<f64>, f64), Trouble> {
        let form = match &self.terms {
            Terms::Decimal { list, exponent } => Form::new(self.kind, self.spins, list)
                .map(|k| Some(Decimal::of_units(k, *exponent).nearest())),
            Terms::Binary(list) => Some(Form::new(self.kind, self.spins, list)),
        };
        let form = form.ok_or(Trouble::Overflow)?;
        let couplings = Couplings::new(&form.bonds, form.fields).ok_or(Trouble::TooManyBonds)?;
        if couplings.view().is_ok() && form.offset.is_finite() {
            Ok((couplings, form.offset))
        } else {
            Err(Trouble::Overflow)
        }
    }

    fn quarter(&self) -> f64 {
        match self.kind {
            Kind::Ising => 1.0,
            Kind::Qubo => 0.25,
        }
    }
}
