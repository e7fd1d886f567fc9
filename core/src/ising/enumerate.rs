//! Sums over all 2^N configurations: the oracle of everything else.
//!
//! Gray code (Gray 1953): step t flips spin number (trailing zeros of t), so that each configuration costs one
//! flip of a [`State`], O(degree). Sums of e^(-beta E) are kept relative to the largest term so far.
//!
//! Means of spins need no loop over spins (derived, summation by parts): with S_t the sum of the weights
//! before step t, Σ_t w_t s_i(t) = s_i(end) S_end - Σ_(flips of i) (s_i(after) - s_i(before)) S_t, so a flip
//! of spin k touches m_k alone, and of the products only row k.
//!
//! Integer energies are exact, of 32 bits or of 128. Float ones are summed anew every 64 flips, and whatever comes near the ground
//! energy is summed from scratch; two such energies are one level when they differ by at most
//! eps (Σ|J| + Σ|h|) N (N + 1) / 2, twice what rounding can do to either. (Closer levels that differ in truth
//! are counted as one.)

use super::model::{Model, Weight};
use super::state::State;
use crate::error::Error;
use crate::math::Real;

/// The most spins that are enumerated: 2^24 configurations take a few seconds on a host.
pub const LARGEST: usize = 24;
/// Float energies are summed anew after this many flips; until then rounding moves them by less than
/// 64² eps (Σ|J| + Σ|h|).
const REFRESH: u32 = 64;

/// A model of few spins, with lent scratch.
#[derive(Debug)]
pub struct Enumeration<'a, M: Model> {
    model: &'a M,
    spins: &'a mut [i8],
    fields: &'a mut [M::Weight],
}

/// Thermal averages at one temperature.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Thermal {
    /// The logarithm of the partition function, ln Z.
    pub log_partition: f64,
    /// The mean energy `<E>`.
    pub energy: f64,
    /// The mean square of the energy, <E²>.
    pub energy_squared: f64,
}

/// The lowest level: its energy and how many configurations have it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ground<W> {
    /// The energy of the level.
    pub energy: W,
    /// Number of configurations.
    pub degeneracy: u32,
    /// One of them: bit i is 1 where s_i = +1.
    pub state: u32,
}

/// One level of the density of states.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Level {
    /// The energy of the level.
    pub energy: i32,
    /// Number of configurations.
    pub count: u32,
}

impl<'a, M: Model> Enumeration<'a, M> {
    /// Scratch: `spins` (N) and `fields` (N); what they hold is overwritten.
    ///
    /// # Errors
    /// [`Error::Capacity`] for N > [`LARGEST`], [`Error::Shape`].
    pub fn new(model: &'a M, spins: &'a mut [i8], fields: &'a mut [M::Weight]) -> Result<Self, Error> {
        if model.spins() > LARGEST {
            return Err(Error::Capacity);
        }
        if spins.len() != model.spins() || fields.len() != spins.len() || spins.is_empty() {
            return Err(Error::Shape);
        }
        Ok(Self { model, spins, fields })
    }

    /// Visits every configuration once, from all -1, with the spin just flipped and the bits of the spins.
    /// Returns the last.
    fn walk(
        &mut self,
        mut visit: impl FnMut(Option<usize>, u32, &State<'_, M::Weight>),
    ) -> Result<State<'_, M::Weight>, Error> {
        self.spins.fill(-1);
        let last = 1_u32.checked_shl(self.spins.len() as u32).unwrap_or(0);
        let mut state = State::new(self.model, self.spins, self.fields)?;
        visit(None, 0, &state);
        for step in 1..last {
            let spin = step.trailing_zeros() as usize;
            state.flip(self.model, spin);
            if M::Weight::ROUNDING > 0.0 && step % REFRESH == 0 {
                state.refresh(self.model);
            }
            visit(Some(spin), step ^ (step >> 1), &state);
        }
        Ok(state)
    }

    /// ln Z and the means of E and E² at inverse temperature `beta`, of either sign. Cost: 2^N flips and exponentials.
    ///
    /// # Errors
    /// [`Error::NonFinite`].
    pub fn thermal(&mut self, beta: f64) -> Result<Thermal, Error> {
        let mut sums = Sums::new(beta)?;
        self.walk(|_, _, state| {
            sums.add(state.energy().wide(), 1.0);
        })?;
        sums.thermal()
    }

    /// Thermal sums with the means <s_i> (`means`, N) and the products <s_i s_j> (`products`, N x N, row-major,
    /// symmetric, 1 on the diagonal; empty: not wanted). C_ij = <s_i s_j> - <s_i><s_j>. Cost: O(1) more per
    /// configuration for the means, O(N) for the products.
    ///
    /// # Errors
    /// [`Error::Shape`], [`Error::NonFinite`].
    pub fn moments(&mut self, beta: f64, means: &mut [f64], products: &mut [f64]) -> Result<Thermal, Error> {
        self.sums(beta, Weight::wide, means, products)
    }

    /// As [`Self::moments`], of E - E_0 with E_0 = `ground`, that of [`Self::ground`]: ln Z is ln Z + beta E_0, and
    /// nothing cancels however large E_0 is. Float energies that rounding on the way could take for E_0 are E_0 here.
    ///
    /// # Errors
    /// As [`Self::moments`].
    pub fn moments_above(
        &mut self,
        ground: M::Weight,
        beta: f64,
        means: &mut [f64],
        products: &mut [f64],
    ) -> Result<Thermal, Error> {
        let near = self.nearness();
        let above = |energy: M::Weight| {
            let above = energy.above(ground);
            if Real::abs(above) <= near { 0.0 } else { above }
        };
        self.sums(beta, above, means, products)
    }

    /// Float energies nearer to each other than this count as one; 0 of integers.
    pub fn resolution(&self) -> f64 {
        let n = self.spins.len();
        M::Weight::ROUNDING * self.scale() * (n * (n + 1) / 2) as f64
    }

    /// What rounding on the walk can add to [`Self::resolution`].
    fn nearness(&self) -> f64 {
        self.resolution() + M::Weight::ROUNDING * self.scale() * f64::from(REFRESH * REFRESH)
    }

    /// Σ|J| + Σ|h|.
    fn scale(&self) -> f64 {
        let mut scale = 0.0;
        for i in 0..self.spins.len() {
            self.model
                .neighbours(i, |_, coupling| scale += 0.5 * Real::abs(coupling.wide()));
            scale += Real::abs(self.model.field(i).wide());
        }
        scale
    }

    fn sums(
        &mut self,
        beta: f64,
        energy_of: impl Fn(M::Weight) -> f64,
        means: &mut [f64],
        products: &mut [f64],
    ) -> Result<Thermal, Error> {
        let n = self.spins.len();
        if means.len() != n || (!products.is_empty() && products.len() != n * n) {
            return Err(Error::Shape);
        }
        let mut sums = Sums::new(beta)?;
        means.fill(0.0);
        products.fill(0.0);
        let end = self.walk(|flipped, _, state| {
            if let Some(spin) = flipped {
                let s = state.spins().get(spin).copied().unwrap_or(0);
                let change = 2.0 * sums.weight * f64::from(s);
                if let Some(mean) = means.get_mut(spin) {
                    *mean -= change;
                }
                let row = products.get_mut(spin * n..).unwrap_or(&mut []);
                for (product, other) in row.iter_mut().zip(state.spins()) {
                    *product -= change * f64::from(*other);
                }
            }
            let scale = sums.add(energy_of(state.energy()), 1.0);
            if scale != 1.0 {
                for sum in means.iter_mut().chain(products.iter_mut()) {
                    *sum *= scale;
                }
            }
        })?;
        let total = sums.weight;
        for (mean, s) in means.iter_mut().zip(end.spins()) {
            *mean = *mean / total + f64::from(*s);
        }
        // Products: entry (i, j) has the flips of i, entry (j, i) those of j.
        for (i, s) in end.spins().iter().enumerate() {
            for (j, t) in end.spins().iter().enumerate().take(i) {
                let halves = (products.get(i * n + j), products.get(j * n + i));
                let (Some(one), Some(other)) = halves else { break };
                let product = (one + other) / total + f64::from(s * t);
                for at in [i * n + j, j * n + i] {
                    if let Some(entry) = products.get_mut(at) {
                        *entry = product;
                    }
                }
            }
            if let Some(entry) = products.get_mut(i * n + i) {
                *entry = 1.0;
            }
        }
        sums.thermal()
    }

    /// The lowest energy, how many configurations have it, and one of them (the first in Gray order), which
    /// the lent spins hold afterwards.
    ///
    /// # Errors
    /// [`Error::NonFinite`] where an energy overflows.
    pub fn ground(&mut self) -> Result<Ground<M::Weight>, Error> {
        let model = self.model;
        let (same, near) = (self.resolution(), self.nearness());
        let mut ground: Option<Ground<M::Weight>> = None;
        self.walk(|_, bits, state| {
            if ground.is_some_and(|ground| state.energy().above(ground.energy) > near) {
                return;
            }
            let energy = if M::Weight::ROUNDING > 0.0 {
                model.energy(state.spins()).unwrap_or(state.energy())
            } else {
                state.energy()
            };
            match &mut ground {
                Some(ground) if energy.above(ground.energy) > same => {}
                Some(ground) if ground.energy.above(energy) <= same => ground.degeneracy += 1,
                _ => {
                    ground = Some(Ground {
                        energy,
                        degeneracy: 1,
                        state: bits,
                    });
                }
            }
        })?;
        let ground = ground.filter(|ground| ground.energy.is_finite());
        let ground = ground.ok_or(Error::NonFinite)?;
        for (i, spin) in self.spins.iter_mut().enumerate() {
            *spin = if ground.state >> i & 1 == 1 { 1 } else { -1 };
        }
        Ok(ground)
    }
}

impl<M: Model<Weight = i32>> Enumeration<'_, M> {
    /// The density of states, in increasing energy, at the start of `levels`. Returns the number of levels.
    /// Cost: a binary search per configuration. A model has at most (Σ|J| + Σ|h|) + 1 levels.
    ///
    /// # Errors
    /// [`Error::Capacity`] where `levels` is too short; what it holds is then of no use.
    pub fn levels(&mut self, levels: &mut [Level]) -> Result<usize, Error> {
        let mut filled = 0;
        let mut full = false;
        self.walk(|_, _, state| {
            let energy = state.energy();
            let known = levels.get_mut(..filled).unwrap_or(&mut []);
            match known.binary_search_by_key(&energy, |level| level.energy) {
                Ok(at) => {
                    if let Some(level) = known.get_mut(at) {
                        level.count += 1;
                    }
                }
                Err(at) => match levels.get_mut(at..=filled) {
                    Some(tail) => {
                        let mut carried = Level { energy, count: 1 };
                        for level in tail {
                            core::mem::swap(level, &mut carried);
                        }
                        filled += 1;
                    }
                    None => full = true,
                },
            }
        })?;
        if full { Err(Error::Capacity) } else { Ok(filled) }
    }
}

impl Thermal {
    /// Thermal sums from a density of states: any temperature, without another enumeration.
    ///
    /// # Errors
    /// [`Error::NonFinite`]; [`Error::Shape`] without levels.
    pub fn of_levels(levels: &[Level], beta: f64) -> Result<Self, Error> {
        if levels.is_empty() {
            return Err(Error::Shape);
        }
        let mut sums = Sums::new(beta)?;
        for level in levels.iter().filter(|level| level.count > 0) {
            sums.add(f64::from(level.energy), f64::from(level.count));
        }
        sums.thermal()
    }
}

/// Weights e^(-beta E - top) added up, with the energies they belong to.
struct Sums {
    beta: f64,
    top: f64,
    weight: f64,
    energy: f64,
    square: f64,
}

impl Sums {
    fn new(beta: f64) -> Result<Self, Error> {
        if !Real::is_finite(beta) {
            return Err(Error::NonFinite);
        }
        Ok(Self {
            beta,
            top: f64::NEG_INFINITY,
            weight: 0.0,
            energy: 0.0,
            square: 0.0,
        })
    }

    /// Adds `count` configurations of this energy. Returns the factor by which what was there was scaled.
    #[inline]
    fn add(&mut self, energy: f64, count: f64) -> f64 {
        let exponent = -self.beta * energy;
        let mut scale = 1.0;
        let mut weight = count;
        if exponent > self.top {
            scale = Real::exp(self.top - exponent);
            self.weight *= scale;
            self.energy *= scale;
            self.square *= scale;
            self.top = exponent;
        } else {
            weight *= Real::exp(exponent - self.top);
        }
        self.weight += weight;
        self.energy += weight * energy;
        self.square += weight * (energy * energy);
        scale
    }

    fn thermal(&self) -> Result<Thermal, Error> {
        let thermal = Thermal {
            log_partition: self.top + Real::ln(self.weight),
            energy: self.energy / self.weight,
            energy_squared: self.square / self.weight,
        };
        let sums = [thermal.log_partition, thermal.energy, thermal.energy_squared];
        if sums.iter().all(|x| Real::is_finite(*x)) {
            Ok(thermal)
        } else {
            Err(Error::NonFinite)
        }
    }
}
