//! Simulated bifurcation (Goto, Tatsumura, Dixon 2019; Goto et al. 2021): classical oscillators, one per spin,
//! pumped through the point where each must choose a side.
//!
//! With positions x_i, momenta y_i, a pump a rising from 0 to 1 in equal steps and a time step dt,
//!
//! ```text
//! y_i += dt [ -(1 - a) x_i + c0 (Σ_j J_ij g(x_j) + h_i) ]      all i, then
//! x_i += dt y_i;  outside [-1, 1]: x_i = ±1, y_i = 0           all i;          at last s_i = sign(x_i)
//! c0 = (1/2) sqrt(N - 1) / sqrt(Σ_ij J_ij²)
//! ```
//! g(x) = x (ballistic) or sign(x) (discrete), sign(0) = +1. The method has no randomness of its own: [`scatter`]
//! draws the start. Without couplings, where that c0 has no value, it is (1/2) sqrt(N) / sqrt(Σ h_i²).
//!
//! Kept are x and the velocities v = dt y, so dt enters through dt² alone. Integer models have them in Q2.29
//! (couplings and fields i32, whole). Range, derived: |x| <= 1 after every step, and a v that met no wall is the
//! difference of two positions, |v| <= 2. A v that would leave ±4 carries x beyond the wall from wherever it is,
//! and is then set to 0: saturating addition gives what unlimited range would, whatever c0 Σ |J| is. Products
//! round towards 0, so flipping signs (a gauge) flips every number exactly, in integers as in floats.
//! The set-up uses f64; the steps of an integer model use integers only.

use super::model::{Model, Weight};
use crate::error::Error;
use crate::math::{self, Real};
use core::ops::AddAssign;
use rand_core::Rng;

/// Which function of the neighbours' positions acts on a spin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variant {
    /// The positions: reaches good states fast.
    Ballistic,
    /// Forces from the signs of positions: slower, and less apt to stay in a local minimum of large problems.
    Discrete,
}

/// A run of simulated bifurcation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bifurcation {
    /// Ballistic or discrete.
    pub variant: Variant,
    /// Number of steps; some hundreds.
    pub steps: u32,
    /// Time step dt, above 0 and below 2 (the limit of stability of a free oscillator); 0.5 to 1.25 works.
    pub time_step: f64,
}

impl Bifurcation {
    /// Runs from the given positions and velocities (N values each, within the walls; see [`scatter`]) and
    /// leaves sign(x) in `spins` (N). Returns its energy, computed from the spins. No memory beyond the three.
    /// Cost: `steps` visits of every bond.
    ///
    /// # Errors
    /// [`Error::Shape`]; [`Error::NonFinite`]; [`Error::Domain`] for a time step outside (0, 2) or a start
    /// outside ±1; [`Error::Overflow`] for an integer model where max_i dt² c0 (Σ_j |J_ij| + |h_i|) is
    /// 512 or more (256 and more may be refused). Nothing has changed then.
    pub fn run<M: Model<Weight: Coordinate>>(
        &self,
        model: &M,
        positions: &mut [M::Weight],
        velocities: &mut [M::Weight],
        spins: &mut [i8],
    ) -> Result<M::Weight, Error> {
        let n = model.spins();
        if positions.len() != n || velocities.len() != n || spins.len() != n {
            return Err(Error::Shape);
        }
        if !self.time_step.is_finite() || !positions.iter().chain(&*velocities).all(|x| x.is_finite()) {
            return Err(Error::NonFinite);
        }
        let outside = |x: &M::Weight| *x > M::Weight::WALL || *x < -M::Weight::WALL;
        if self.time_step <= 0.0 || self.time_step >= 2.0 || positions.iter().chain(&*velocities).any(outside)
        {
            return Err(Error::Domain);
        }
        let squared = self.time_step * self.time_step;
        let (strength, strongest) = strengths(model);
        let gain = M::Weight::gain(squared * strength, strongest)?;
        let restoring = M::Weight::coordinate(squared);
        for step in 0..self.steps {
            let restoring = restoring.part(self.steps - step, self.steps);
            for (i, (v, x)) in velocities.iter_mut().zip(&*positions).enumerate() {
                *v = v.kick(restoring, *x, gain, self.force(model, i, positions));
            }
            for (x, v) in positions.iter_mut().zip(velocities.iter_mut()) {
                (*x, *v) = x.drift(*v);
            }
        }
        for (s, x) in spins.iter_mut().zip(positions) {
            *s = sign(*x);
        }
        model.energy(spins)
    }

    /// Σ_j J_ij g(x_j) + h_i.
    #[inline]
    fn force<M: Model<Weight: Coordinate>>(
        &self,
        model: &M,
        spin: usize,
        positions: &[M::Weight],
    ) -> <M::Weight as Coordinate>::Force {
        let mut force = model.field(spin).whole();
        model.neighbours(spin, |j, coupling| {
            if let Some(x) = positions.get(j) {
                force += match self.variant {
                    Variant::Ballistic => coupling.product(*x),
                    Variant::Discrete => coupling.times(sign(*x)).whole(),
                };
            }
        });
        force
    }
}

/// Draws coordinates uniformly from ±0.1: the start of positions and of velocities. One word each.
pub fn scatter<W: Coordinate>(coordinates: &mut [W], rng: &mut impl Rng) {
    for coordinate in coordinates {
        *coordinate = W::small(rng.next_u32() as i32);
    }
}

fn sign<W: Weight>(x: W) -> i8 {
    if x < W::ZERO { -1 } else { 1 }
}

/// c0 and max_i (Σ_j |J_ij| + |h_i|). Squares are summed relative to the largest weight: none overflows.
fn strengths<M: Model>(model: &M) -> (f64, f64) {
    let (mut coupling, mut field, mut strongest) = (0.0, 0.0, 0.0);
    for i in 0..model.spins() {
        let mut sum = model.field(i).wide().abs();
        field = math::larger(sum, field);
        model.neighbours(i, |_, c| {
            sum += c.wide().abs();
            coupling = math::larger(c.wide().abs(), coupling);
        });
        strongest = math::larger(sum, strongest);
    }
    let count = Real::sqrt(f64::of_count(model.spins().saturating_sub(1)));
    if coupling == 0.0 && field == 0.0 {
        return (0.0, strongest);
    }
    let unit = if coupling > 0.0 { coupling } else { field };
    let (mut couplings, mut fields) = (0.0, 0.0);
    let square = |weight: M::Weight| (weight.wide() / unit) * (weight.wide() / unit);
    for i in 0..model.spins() {
        model.neighbours(i, |_, c| couplings += square(c));
        fields += square(model.field(i));
    }
    let c0 = if coupling > 0.0 {
        count / Real::sqrt(couplings)
    } else {
        Real::sqrt(f64::of_count(model.spins())) / Real::sqrt(fields)
    };
    (0.5 * c0 / unit, strongest)
}

/// Arithmetic of positions and velocities, in the type of the model's weights: floats, or i32 as Q2.29.
pub trait Coordinate: Weight {
    /// What Σ J x is summed in.
    type Force: Copy + AddAssign;
    /// What brings a force to a change of velocity.
    type Gain: Copy;
    /// The position 1.
    const WALL: Self;
    /// Nearest coordinate to a number of [0, 4).
    fn coordinate(x: f64) -> Self;
    /// A start position within a tenth: 0.1 `word` / 2^31.
    fn small(word: i32) -> Self;
    /// The factor `scale` for forces up to `strongest`.
    ///
    /// # Errors
    /// [`Error::NonFinite`], [`Error::Overflow`].
    fn gain(scale: f64, strongest: f64) -> Result<Self::Gain, Error>;
    /// This weight as a force.
    fn whole(self) -> Self::Force;
    /// This weight times a position.
    fn product(self, position: Self) -> Self::Force;
    /// This coordinate times `count` / `of`, with `count` <= `of`.
    #[must_use]
    fn part(self, count: u32, of: u32) -> Self;
    /// This velocity - restoring position + gain force.
    #[must_use]
    fn kick(self, restoring: Self, position: Self, gain: Self::Gain, force: Self::Force) -> Self;
    /// This position moved by the velocity, and the velocity, after the walls.
    #[must_use]
    fn drift(self, velocity: Self) -> (Self, Self);
}

impl<T: Real + Weight> Coordinate for T {
    type Force = T;
    type Gain = T;
    const WALL: Self = T::ONE;

    fn coordinate(x: f64) -> Self {
        T::of(x)
    }
    fn small(word: i32) -> Self {
        T::of(f64::from(word) * (0.1 / 2_147_483_648.0))
    }
    fn gain(scale: f64, _: f64) -> Result<T, Error> {
        let gain = T::of(scale);
        if Real::is_finite(gain) {
            Ok(gain)
        } else {
            Err(Error::NonFinite)
        }
    }
    #[inline]
    fn whole(self) -> T {
        self
    }
    #[inline]
    fn product(self, position: T) -> T {
        self * position
    }
    fn part(self, count: u32, of: u32) -> T {
        self * (T::of_count(count as usize) / T::of_count(of as usize))
    }
    #[inline]
    fn kick(self, restoring: T, position: T, gain: T, force: T) -> T {
        self - restoring * position + gain * force
    }
    #[inline]
    fn drift(self, velocity: T) -> (T, T) {
        let x = self + velocity;
        if x > T::ONE {
            (T::ONE, <T as Real>::ZERO)
        } else if x < -T::ONE {
            (-T::ONE, <T as Real>::ZERO)
        } else {
            (x, velocity)
        }
    }
}

/// Bits of fraction of positions, velocities and forces of integer models.
const FRACTION_BITS: u32 = 29;
/// Bits of fraction of a gain's factor, which is below 2^9.
const GAIN_BITS: u32 = 24;

/// The gain of an integer model: forces are first brought below 1, so that the product fits 62 bits.
#[derive(Clone, Copy, Debug)]
pub struct Gain {
    /// Forces are below 2^shift.
    shift: u32,
    /// scale 2^shift in Q24, below 2^33.
    factor: i64,
}

/// value / 2^bits, towards 0.
fn shrink(value: i64, bits: u32) -> i64 {
    if value < 0 {
        -(-value >> bits)
    } else {
        value >> bits
    }
}

impl Coordinate for i32 {
    type Force = i64;
    type Gain = Gain;
    const WALL: Self = 1 << FRACTION_BITS;

    fn coordinate(x: f64) -> Self {
        (x * f64::from(Self::WALL) + 0.5) as i32
    }
    fn small(word: i32) -> Self {
        const TENTH: i64 = (1 << FRACTION_BITS) / 10;
        shrink(i64::from(word) * TENTH, 31) as i32
    }
    fn gain(scale: f64, strongest: f64) -> Result<Gain, Error> {
        let shift = u32::BITS - (strongest as u32).leading_zeros();
        let factor = scale * f64::from(1_u32 << GAIN_BITS) * (1_u64 << shift) as f64 + 0.5;
        if factor < 8_589_934_592.0 {
            let factor = factor as i64;
            Ok(Gain { shift, factor })
        } else {
            Err(Error::Overflow)
        }
    }
    #[inline]
    fn whole(self) -> i64 {
        i64::from(self) << FRACTION_BITS
    }
    #[inline]
    fn product(self, position: i32) -> i64 {
        i64::from(self) * i64::from(position)
    }
    fn part(self, count: u32, of: u32) -> i32 {
        let whole = i64::from(self) * i64::from(count);
        whole.checked_div(i64::from(of)).unwrap_or(0) as i32
    }
    #[inline]
    fn kick(self, restoring: i32, position: i32, gain: Gain, force: i64) -> i32 {
        let back = shrink(i64::from(restoring) * i64::from(position), FRACTION_BITS);
        let pull = shrink(shrink(force, gain.shift) * gain.factor, GAIN_BITS);
        let v = i64::from(self) - back + pull;
        if v > i64::from(i32::MAX) {
            i32::MAX
        } else if v < i64::from(-i32::MAX) {
            -i32::MAX
        } else {
            v as i32
        }
    }
    #[inline]
    fn drift(self, velocity: i32) -> (i32, i32) {
        let x = self.saturating_add(velocity);
        if x > Self::WALL {
            (Self::WALL, 0)
        } else if x < -Self::WALL {
            (-Self::WALL, 0)
        } else {
            (x, velocity)
        }
    }
}
