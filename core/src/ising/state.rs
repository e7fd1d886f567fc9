//! Spins with their local fields: what every single-spin method moves.
//!
//! ```text
//! f_i = Σ_j J_ij s_j + h_i      flipping s_i changes E by 2 s_i f_i, and f_j by -2 J_ij s_i (s_i before the flip)
//! ```
//! The fields f_i are kept, so that a rejected flip costs O(1) and an accepted one O(degree). Integer fields
//! are exact for ever; float fields drift by rounding: [`State::refresh`] sums them anew (every 1000 sweeps is
//! plenty).

use super::model::{Model, Weight, check_spins};
use super::rule::Rule;
use crate::error::Error;
use crate::random;
use rand_core::Rng;

/// Of so many decisions in a row at most one is left out. (Tuned: from 64 to 256 annealing is as good as without gaps on
/// drawn ±1 problems; with longer stretches free spins take longer to fall out of step.)
const STRETCH: usize = 64;

/// In which order a sweep visits the spins. Both are for every rule: see [`State::sweep`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// 0, 1, .., N - 1: decorrelates fastest under Metropolis.
    Typewriter,
    /// N spins drawn uniformly, with repetition: in detailed balance as a whole.
    Random,
}

/// A configuration of a model, its local fields and its energy, in lent memory.
#[derive(Debug)]
pub struct State<'a, W> {
    spins: &'a mut [i8],
    fields: &'a mut [W],
    energy: W,
}

/// How a descent ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Descent {
    /// The number of flips.
    pub flips: u64,
    /// Sweeps done, the last of which flipped nothing where it settled.
    pub sweeps: u32,
    /// No flip lowers the energy.
    pub settled: bool,
}

impl<'a, W: Weight> State<'a, W> {
    /// `spins` (N values ±1) and scratch for the local fields (N).
    ///
    /// # Errors
    /// [`Error::Shape`], [`Error::NotASpin`].
    pub fn new<M: Model<Weight = W>>(
        model: &M,
        spins: &'a mut [i8],
        fields: &'a mut [W],
    ) -> Result<Self, Error> {
        check_spins(spins, model.spins())?;
        if fields.len() != spins.len() {
            return Err(Error::Shape);
        }
        let mut state = Self {
            spins,
            fields,
            energy: W::ZERO,
        };
        state.refresh(model);
        Ok(state)
    }

    /// The configuration, N spins of ±1.
    pub fn spins(&self) -> &[i8] {
        self.spins
    }

    /// The local fields f_i = Σ_j J_ij s_j + h_i, N of them.
    pub fn fields(&self) -> &[W] {
        self.fields
    }

    /// The energy; of integer models exact, of float models up to rounding since [`Self::refresh`].
    pub fn energy(&self) -> W {
        self.energy
    }

    /// The sum of the spins.
    pub fn magnetization(&self) -> i64 {
        self.spins.iter().map(|s| i64::from(*s)).sum()
    }

    /// Sums fields and energy anew. Cost: one visit of every bond, twice.
    pub fn refresh<M: Model<Weight = W>>(&mut self, model: &M) {
        for (i, f) in self.fields.iter_mut().enumerate() {
            *f = model.local_field(i, self.spins);
        }
        self.energy = model.energy(self.spins).unwrap_or(self.energy);
    }

    /// Every spin up or down with equal probability; fields and energy anew.
    pub fn randomise<M: Model<Weight = W>>(&mut self, model: &M, rng: &mut impl Rng) {
        for spin in self.spins.iter_mut() {
            *spin = if rng.next_u32() >> 31 == 1 { 1 } else { -1 };
        }
        self.refresh(model);
    }

    /// Flips spin i; out of range, nothing. Cost: O(degree).
    #[inline]
    pub fn flip<M: Model<Weight = W>>(&mut self, model: &M, spin: usize) {
        let (Some(s), Some(f)) = (self.spins.get_mut(spin), self.fields.get(spin)) else {
            return;
        };
        self.energy += W::TWO * f.times(*s);
        *s = -*s;
        let new = *s;
        let fields = &mut *self.fields;
        model.neighbours(spin, |j, coupling| {
            if let Some(f) = fields.get_mut(j) {
                *f += W::TWO * coupling.times(new);
            }
        });
    }

    /// Flips, spin after spin, whatever lowers the energy, and all spins together where that does (which only fields tell),
    /// until nothing does: a local minimum, which the best state of a schedule need not be. Fields are summed anew before and at last. At
    /// most `most` sweeps: of floats, rounding could go round in a circle. Cost of a sweep: N decisions and the degree of a
    /// spin for each flip; of a turn of all spins, one visit of every bond.
    pub fn descend<M: Model<Weight = W>>(&mut self, model: &M, most: u32) -> Descent {
        self.refresh(model);
        let mut fresh = true;
        let mut descent = Descent::default();
        while descent.sweeps < most && !descent.settled {
            let before = descent.flips;
            for spin in 0..self.spins.len() {
                let against = |(s, f): (&i8, &W)| f.times(*s) < W::ZERO;
                if self
                    .spins
                    .get(spin)
                    .zip(self.fields.get(spin))
                    .is_some_and(against)
                {
                    self.flip(model, spin);
                    descent.flips += 1;
                }
            }
            descent.sweeps += 1;
            if descent.flips != before {
                fresh = false;
            } else if !fresh {
                self.refresh(model); // what rounding took from a field may decide
                fresh = true;
            } else if self.turn(model) {
                descent.flips += self.spins.len() as u64;
            } else {
                descent.settled = true;
            }
        }
        descent
    }

    /// Turns all spins if that lowers the energy: if Σ_i h_i s_i < 0.
    fn turn<M: Model<Weight = W>>(&mut self, model: &M) -> bool {
        let mut along = W::ZERO;
        for (i, s) in self.spins.iter().enumerate() {
            along += model.field(i).times(*s);
        }
        let lower = along < W::ZERO;
        if lower {
            for s in self.spins.iter_mut() {
                *s = -*s;
            }
            self.refresh(model);
        }
        lower
    }

    /// One decision of `rule` about spin i. Returns whether it flipped.
    #[inline]
    pub fn update<M: Model<Weight = W>>(
        &mut self,
        model: &M,
        spin: usize,
        rule: &impl Rule<W>,
        rng: &mut impl Rng,
    ) -> bool {
        let (Some(s), Some(f)) = (self.spins.get(spin), self.fields.get(spin)) else {
            return false;
        };
        let flips = rule.flips(*s, *f, rng);
        if flips {
            self.flip(model, spin);
        }
        flips
    }

    /// N decisions in the given order. Returns the number of flips.
    ///
    /// Under a rule with [`GAPS`](Rule::GAPS) each stretch of 64 decisions (and the rest of the sweep) leaves one of them
    /// out, or none, drawn uniformly with one word. So every configuration is reached from every other, whatever the model
    /// and the order, as long as every flip has some probability: two sweeps that flip all spins, but for spin k that is
    /// left out of one of them, flip k alone (at random: k drawn each time, N or N - 1 times, whichever is odd). There is no
    /// period: N or N + 1 sweeps, whichever is odd, that leave each spin out once and flip the others lead back. And since
    /// each decision keeps the law, so does the sweep, whatever is left out of it. (Derived; the tests build the transition
    /// matrices.)
    pub fn sweep<M: Model<Weight = W>, R: Rule<W>>(
        &mut self,
        model: &M,
        rule: &R,
        order: Order,
        rng: &mut impl Rng,
    ) -> usize {
        let n = self.spins.len();
        let bound = u32::try_from(n).unwrap_or(u32::MAX);
        let mut flips = 0;
        for start in (0..n).step_by(STRETCH) {
            let length = STRETCH.min(n - start);
            let left_out = if R::GAPS {
                random::below(rng, length as u32 + 1) as usize
            } else {
                length
            };
            for place in (0..length).filter(|place| *place != left_out) {
                let spin = match order {
                    Order::Typewriter => start + place,
                    Order::Random => random::below(rng, bound) as usize,
                };
                flips += usize::from(self.update(model, spin, rule, rng));
            }
        }
        flips
    }
}
