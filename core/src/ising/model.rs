//! Couplings and fields: dense, sparse, or the square lattice with periodic sides.
//!
//! Integer models are exact: their constructors refuse ([`Error::Overflow`]) what could leave 32 bits, since
//! 2 (Σ_j |J_ij| + |h_i|) bounds every flip cost and Σ_{i<j} |J_ij| + Σ_i |h_i| every energy.

use crate::error::Error;
use core::ops::{Add, AddAssign, Mul, Neg, Sub};

mod sealed {
    pub trait Sealed {}
    impl Sealed for i32 {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

/// What energies and local fields are made of: i32 (exact), f32 or f64. Sealed.
pub trait Weight:
    sealed::Sealed
    + Copy
    + core::fmt::Debug
    + Default
    + PartialEq
    + PartialOrd
    + Send
    + Sync
    + 'static
    + Add<Output = Self>
    + AddAssign
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Neg<Output = Self>
{
    /// 0.
    const ZERO: Self;
    /// 2.
    const TWO: Self;
    /// Distance from 1 to the next number; 0 of integers, whose sums are exact.
    const ROUNDING: f64;
    /// Widened to f64 (exact).
    fn wide(self) -> f64;
    /// Neither NaN nor infinite.
    fn is_finite(self) -> bool;
    /// Refuses a bound of sums (in f64) that this type does not hold.
    ///
    /// # Errors
    /// [`Error::Overflow`] of integers, [`Error::NonFinite`] of floats.
    fn holds(bound: f64) -> Result<(), Error>;
    /// This many bits of value: for hashes.
    fn bits(self) -> u64;

    /// Its product with a spin.
    #[inline]
    #[must_use]
    fn times(self, spin: i8) -> Self {
        if spin < 0 { -self } else { self }
    }
}

impl Weight for i32 {
    const ZERO: Self = 0;
    const TWO: Self = 2;
    const ROUNDING: f64 = 0.0;
    #[inline]
    fn wide(self) -> f64 {
        f64::from(self)
    }
    #[inline]
    fn is_finite(self) -> bool {
        true
    }
    fn holds(bound: f64) -> Result<(), Error> {
        if bound < 2_147_483_647.0 {
            Ok(())
        } else {
            Err(Error::Overflow)
        }
    }
    #[inline]
    fn bits(self) -> u64 {
        u64::from(self as u32)
    }
}

macro_rules! float_weight {
    ($t:ty) => {
        impl Weight for $t {
            const ZERO: Self = 0.0;
            const TWO: Self = 2.0;
            const ROUNDING: f64 = <$t>::EPSILON as f64;
            #[inline]
            fn wide(self) -> f64 {
                f64::from(self)
            }
            #[inline]
            fn is_finite(self) -> bool {
                <$t>::is_finite(self)
            }
            fn holds(bound: f64) -> Result<(), Error> {
                if bound < f64::from(<$t>::MAX) {
                    Ok(())
                } else {
                    Err(Error::NonFinite)
                }
            }
            #[inline]
            fn bits(self) -> u64 {
                u64::from(self.to_bits())
            }
        }
    };
}

float_weight!(f32);
float_weight!(f64);

/// How a coupling is stored: i8 and i16 are read as i32.
pub trait Stored: Copy + Send + Sync + 'static {
    /// What its energies are made of.
    type Weight: Weight;
    /// As a weight.
    fn weight(self) -> Self::Weight;
}

macro_rules! stored {
    ($($t:ty => $w:ty),*) => {$(
        impl Stored for $t {
            type Weight = $w;
            #[inline]
            fn weight(self) -> $w {
                <$w>::from(self)
            }
        }
    )*};
}

stored!(i8 => i32, i16 => i32, i32 => i32, f32 => f32, f64 => f64);

/// An Ising model: who interacts with whom, how strongly.
pub trait Model {
    /// What energies are made of.
    type Weight: Weight;
    /// Number of spins N, at least 1.
    fn spins(&self) -> usize;
    /// External field h_i; 0 for i out of range.
    fn field(&self, spin: usize) -> Self::Weight;
    /// Calls `visit(j, J_ij)` for each neighbour j of spin i in a fixed order; every j is below N. A bond that
    /// is there twice (a torus of side 2) is visited twice; a zero coupling may be visited or left out.
    fn neighbours(&self, spin: usize, visit: impl FnMut(usize, Self::Weight));

    /// Local field f_i = Σ_j J_ij s_j + h_i.
    fn local_field(&self, spin: usize, spins: &[i8]) -> Self::Weight {
        let mut f = Self::Weight::ZERO;
        self.neighbours(spin, |j, coupling| {
            if let Some(s) = spins.get(j) {
                f += coupling.times(*s);
            }
        });
        f + self.field(spin)
    }

    /// Energy of a configuration of ±1, each bond counted once. Cost: one visit of every bond from both ends.
    ///
    /// # Errors
    /// [`Error::Shape`], [`Error::NotASpin`].
    fn energy(&self, spins: &[i8]) -> Result<Self::Weight, Error> {
        check_spins(spins, self.spins())?;
        let mut bonds = Self::Weight::ZERO;
        let mut fields = Self::Weight::ZERO;
        for (i, s) in spins.iter().enumerate() {
            let mut f = Self::Weight::ZERO;
            self.neighbours(i, |j, coupling| {
                if let (true, Some(t)) = (j > i, spins.get(j)) {
                    f += coupling.times(*t);
                }
            });
            bonds += f.times(*s);
            fields += self.field(i).times(*s);
        }
        Ok(-(bonds + fields))
    }
}

/// Refuses a wrong length and values other than ±1.
///
/// # Errors
/// [`Error::Shape`], [`Error::NotASpin`].
pub fn check_spins(spins: &[i8], count: usize) -> Result<(), Error> {
    if spins.len() != count {
        return Err(Error::Shape);
    }
    match spins.iter().position(|s| *s != 1 && *s != -1) {
        Some(index) => Err(Error::NotASpin { index }),
        None => Ok(()),
    }
}

/// Refuses a model whose flip costs or energies could leave the range of its weights.
fn check_range<M: Model>(model: &M) -> Result<(), Error> {
    let mut total = 0.0;
    for i in 0..model.spins() {
        let mut local = 0.0;
        model.neighbours(i, |_, coupling| local += coupling.wide().abs());
        local += model.field(i).wide().abs();
        M::Weight::holds(2.0 * local)?;
        total += local; // counts each bond twice
    }
    M::Weight::holds(total)
}

fn all_finite<C: Stored>(values: &[C]) -> Result<(), Error> {
    if values.iter().all(|c| c.weight().is_finite()) {
        Ok(())
    } else {
        Err(Error::NonFinite)
    }
}

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
                    return Err(Error::Asymmetric { row, column });
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
                return Err(Error::Asymmetric {
                    row: i,
                    column: *j as usize,
                });
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

/// Whether a periodic side of 2, where a site meets the same neighbour on both sides, is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrap {
    /// Every pair of sites has at most one bond: a side of 2 is refused.
    Simple,
    /// A side of 2 has each of its bonds twice.
    Multigraph,
}

/// The square lattice with periodic sides, one coupling, one field. Site (x, y) is spin y * width + x; its
/// neighbours are visited in the order right, left, down, up.
#[derive(Clone, Copy, Debug)]
pub struct Torus<C> {
    width: usize,
    height: usize,
    coupling: C,
    field: C,
}

impl<C: Stored> Torus<C> {
    /// `width` x `height` sites.
    ///
    /// # Errors
    /// [`Error::Shape`] for a side of 0, [`Error::UnsupportedSide`] for a side of 1, or of 2 under
    /// [`Wrap::Simple`]; [`Error::NonFinite`], [`Error::Overflow`].
    pub fn new(width: usize, height: usize, coupling: C, field: C, wrap: Wrap) -> Result<Self, Error> {
        check_sides(width, height, wrap)?;
        all_finite(&[coupling, field])?;
        let sites = width.checked_mul(height).ok_or(Error::Shape)?;
        let local = 4.0 * coupling.weight().wide().abs() + field.weight().wide().abs();
        C::Weight::holds(2.0 * local)?;
        C::Weight::holds(sites as f64 * local)?;
        Ok(Self {
            width,
            height,
            coupling,
            field,
        })
    }
}

/// Refuses sides that a periodic lattice does not have.
///
/// # Errors
/// [`Error::Shape`] for 0, [`Error::UnsupportedSide`] for 1, and for 2 under [`Wrap::Simple`].
pub fn check_sides(width: usize, height: usize, wrap: Wrap) -> Result<(), Error> {
    for side in [width, height] {
        match (side, wrap) {
            (0, _) => return Err(Error::Shape),
            (1, _) | (2, Wrap::Simple) => return Err(Error::UnsupportedSide { side }),
            _ => {}
        }
    }
    Ok(())
}

impl<C: Stored> Model for Torus<C> {
    type Weight = C::Weight;

    fn spins(&self) -> usize {
        self.width * self.height
    }

    fn field(&self, spin: usize) -> C::Weight {
        if spin < self.spins() {
            self.field.weight()
        } else {
            C::Weight::ZERO
        }
    }

    fn neighbours(&self, spin: usize, mut visit: impl FnMut(usize, C::Weight)) {
        let (Some(y), Some(x)) = (spin.checked_div(self.width), spin.checked_rem(self.width)) else {
            return;
        };
        if y >= self.height {
            return;
        }
        let (row, last_row) = (y * self.width, self.width * (self.height - 1));
        let right = if x + 1 == self.width { row } else { spin + 1 };
        let left = if x == 0 { row + self.width - 1 } else { spin - 1 };
        let down = if y + 1 == self.height {
            x
        } else {
            spin + self.width
        };
        let up = if y == 0 { last_row + x } else { spin - self.width };
        let coupling = self.coupling.weight();
        for j in [right, left, down, up] {
            visit(j, coupling);
        }
    }
}
