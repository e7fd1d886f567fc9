//! The default ends of a schedule of inverse temperatures, from what is typical of a model and not from its extremes.
//!
//! ```text
//! rows      c_ij = |J_ij| of the couplings of spin i, and its field as one more, e_i = min(|h_i|, Σ_j c_ij)
//! left out  every entry below 2^-30 G,  G = Σ_i S_i² / Σ_i S_i,  S_i = Σ_j c_ij;  every spin without a coupling
//! hot       ln 2 / (2 F),   F² = Σ_i r_i⁴ / Σ_i r_i²,   r_i² = Σ_j c_ij² + e_i²
//! cold      ln(n / 0.01) / (2 g)
//! g_i       lower quartile of the row of spin i          g = the first percentile of all g_i
//! n         the number of spins with g_i <= g
//! ```
//! r_i is the size of the field of spin i among random neighbours: at the hot end a flip against a typical field has
//! probability 1/2. At the cold end about 0.01 of the n spins that are the easiest to excite still are. Quantiles are
//! taken over powers of 2, and stand for the smallest value within theirs: of couplings of one size that size itself.
//!
//! So the range does not see terms that are negligible, spins that nothing is coupled to, pairs of coupling 0, and
//! fields beyond what the neighbours of a spin can do, in any bit; and weights times 2^k give both ends times 2^-k. A spin
//! without couplings needs no range: a descent ([`State::descend`](crate::ising::State::descend)) turns it right. The extremes
//! in the place of F and g (the largest Σ_j c_ij, the smallest entry of all) are the customary ends; one tiny coupling then
//! makes nine tenths of the schedule colder than anything that happens. (Derived; the quantiles were tuned on drawn
//! ±1, Gaussian and number-partitioning problems.)

use crate::error::Error;
use crate::ising::model::{Model, Weight};
use crate::math::Real;

/// Ends of a schedule of inverse temperatures.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BetaRange {
    /// The smallest inverse temperature, at the hot end.
    pub hot: f64,
    /// The largest inverse temperature, at the cold end.
    pub cold: f64,
    /// All couplings and fields are 0: every state is a ground state, and the range is [0.1, 1].
    pub flat: bool,
}

/// The part of a typical row below which an entry is left out.
const NEGLIGIBLE: f64 = 1.0 / (1_u32 << 30) as f64;
/// Powers of 2 that entries span: a row holds at most 2^32 entries, of which one is 2^-30 of the typical sum or more.
const POWERS: usize = 64;

/// The default ends for this model: hot = ln 2 / (2 F), where a flip against the typical field F has probability 1/2
/// (F² = Σ r⁴ / Σ r² over spins, r² = Σ_j J_ij² + min(|h|, Σ_j |J_ij|)²); cold = ln(n/0.01) / (2 g), where about 0.01 of
/// the n spins that are the easiest to excite still are (g: the first percentile of the lower quartiles of |J_ij| and the
/// field in the rows). Entries below 2^-30 of a typical row are left out. Cost: every bond is visited 7 times from both
/// ends. (Derived.)
///
/// # Errors
/// [`Error::NonFinite`] when the model's weights are so small that beta leaves the range of f64.
pub fn beta_range<M: Model>(model: &M) -> Result<BetaRange, Error> {
    let Some(rows) = Rows::of(model)? else {
        return Ok(BetaRange {
            hot: 0.1,
            cold: 1.0,
            flat: true,
        });
    };
    let (g, spins) = rows.gap();
    let hot = core::f64::consts::LN_2 / (2.0 * rows.field()) / rows.unit;
    let cold = Real::ln(f64::from(spins) / 0.01) / (2.0 * g) / rows.unit;
    if hot.is_finite() && cold.is_finite() {
        Ok(BetaRange {
            hot,
            cold,
            flat: false,
        })
    } else {
        Err(Error::NonFinite)
    }
}

/// The rows of a model, in units of a power of 2, so that no square overflows.
struct Rows<'a, M> {
    model: &'a M,
    unit: f64,
    /// Entries below this are left out.
    least: f64,
    /// There are couplings; where there are none, the fields are the rows.
    coupled: bool,
}

impl<'a, M: Model> Rows<'a, M> {
    /// `None`: all couplings and fields are 0.
    fn of(model: &'a M) -> Result<Option<Self>, Error> {
        let mut rows = Self {
            model,
            unit: 1.0,
            least: 0.0,
            coupled: true,
        };
        let mut largest = rows.largest();
        if largest == 0.0 {
            rows.coupled = false;
            largest = rows.largest();
        }
        if largest == 0.0 {
            return Ok(None);
        }
        rows.unit = f64::from_bits(largest.to_bits() & (0x7FF << 52));
        if rows.unit == 0.0 {
            return Err(Error::NonFinite); // below the normal numbers: 1/beta is there as well
        }
        let (mut squares, mut sums) = (0.0, 0.0);
        for i in 0..model.spins() {
            let sum = rows.sum(i);
            squares += sum * sum;
            sums += sum;
        }
        rows.least = NEGLIGIBLE * (squares / sums);
        Ok(Some(rows))
    }

    fn largest(&self) -> f64 {
        let mut largest = 0.0;
        for i in 0..self.model.spins() {
            let sum = self.sum(i);
            if sum > largest {
                largest = sum;
            }
        }
        largest
    }

    /// Σ_j |J_ij| of the couplings that count; where there are none at all, |h_i|.
    fn sum(&self, spin: usize) -> f64 {
        let mut sum = 0.0;
        self.couplings(spin, |size| sum += size);
        sum
    }

    fn couplings(&self, spin: usize, mut visit: impl FnMut(f64)) {
        let mut one = |weight: M::Weight| {
            let size = weight.wide().abs() / self.unit;
            if size > 0.0 && size >= self.least {
                visit(size);
            }
        };
        if self.coupled {
            self.model.neighbours(spin, |_, coupling| one(coupling));
        } else {
            one(self.model.field(spin));
        }
    }

    /// Visits the row of a spin: its couplings, then its field, where they count.
    fn entries(&self, spin: usize, mut visit: impl FnMut(f64)) {
        let mut sum = 0.0;
        self.couplings(spin, |size| {
            sum += size;
            visit(size);
        });
        if self.coupled {
            let field = self.model.field(spin).wide().abs() / self.unit;
            let field = if field < sum { field } else { sum };
            if field > 0.0 && field >= self.least {
                visit(field);
            }
        }
    }

    /// F, in units.
    fn field(&self) -> f64 {
        let (mut squares, mut fourths) = (0.0, 0.0);
        for i in 0..self.model.spins() {
            let mut square = 0.0;
            self.entries(i, |size| square += size * size);
            squares += square;
            fourths += square * square;
        }
        Real::sqrt(fourths / squares)
    }

    /// g in units, and the number of spins whose own is not above it.
    fn gap(&self) -> (f64, u32) {
        let gaps = |visit: &mut dyn FnMut(f64)| {
            for i in 0..self.model.spins() {
                if let Some((gap, _)) = self.quantile(4, |visit| self.entries(i, visit)) {
                    visit(gap);
                }
            }
        };
        self.quantile(100, gaps).unwrap_or((1.0, 1))
    }

    /// Of the values that `all` visits, the smallest within the power of 2 of the one that a `part`-th of them lies below,
    /// and how many are not above it; `None` where there are none.
    fn quantile(&self, part: u32, all: impl Fn(&mut dyn FnMut(f64))) -> Option<(f64, u32)> {
        let mut counts = [0_u32; POWERS];
        let mut total = 0_u32;
        all(&mut |value| {
            if let Some(count) = counts.get_mut(self.power(value)) {
                *count = count.saturating_add(1);
            }
            total = total.saturating_add(1);
        });
        let rank = total / part;
        let mut below = 0_u32;
        let mut power = 0;
        for count in counts {
            if below.saturating_add(count) > rank {
                break;
            }
            below = below.saturating_add(count);
            power += 1;
        }
        let (mut smallest, mut equal) = (f64::INFINITY, 0_u32);
        all(&mut |value| {
            if self.power(value) == power {
                if value < smallest {
                    (smallest, equal) = (value, 1);
                } else if value == smallest {
                    equal = equal.saturating_add(1);
                }
            }
        });
        (total > 0).then_some((smallest, below.saturating_add(equal)))
    }

    /// Which power of 2, from that of the least entry up.
    fn power(&self, value: f64) -> usize {
        let exponent = |x: f64| x.to_bits() >> 52 & 0x7FF;
        let power = exponent(value).saturating_sub(exponent(self.least)) as usize;
        if power < POWERS { power } else { POWERS - 1 }
    }
}
