//! Eight Xoshiro256++ generators (Blackman, Vigna 2019) side by side.

use super::machine::{LANES, Lanes, Machine};
use gibbs_core::ising::lattice::Fair;
use gibbs_core::random;
use rand_core::Rng;

/// The states of eight generators, word by word of the state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Generators {
    state: [[u64; LANES]; 4],
}

impl Generators {
    /// Lane l starts from the first four words of the stream number 8 `index` + l called `name`.
    pub(super) fn new(seed: u64, name: &str, index: u64) -> Self {
        let mut state = [[0; LANES]; 4];
        for lane in 0..LANES {
            let mut words = random::stream(seed, name, index * LANES as u64 + lane as u64);
            for word in &mut state {
                word[lane] = words.next_u64();
            }
        }
        Self { state }
    }

    /// Words of the states.
    pub(super) const WORDS: usize = 4 * LANES;

    /// The states: for files.
    pub(super) fn words(&self) -> impl Iterator<Item = u64> {
        self.state.into_iter().flatten()
    }

    /// Back from [`Self::words`]; `None` when a lane is all zero, which Xoshiro256++ never leaves.
    pub(super) fn from_words(words: &[u64; Self::WORDS]) -> Option<Self> {
        let mut state = [[0; LANES]; 4];
        for (to, from) in state.as_flattened_mut().iter_mut().zip(words) {
            *to = *from;
        }
        let dead = (0..LANES).any(|lane| state.iter().all(|row| row[lane] == 0));
        (!dead).then_some(Self { state })
    }

    #[inline(always)]
    pub(super) fn load<M: Machine>(&self, machine: M) -> Running<M> {
        let [a, b, c, d] = self.state;
        Running([
            Lanes::load(machine, a),
            Lanes::load(machine, b),
            Lanes::load(machine, c),
            Lanes::load(machine, d),
        ])
    }

    #[inline(always)]
    pub(super) fn store<M: Machine>(&mut self, running: &Running<M>) {
        let [a, b, c, d] = running.0;
        self.state = [a.store(), b.store(), c.store(), d.store()];
    }
}

/// The generators in registers.
pub(super) struct Running<M: Machine>([Lanes<M>; 4]);

impl<M: Machine> Fair<Lanes<M>> for Running<M> {
    /// One word of every generator.
    #[inline(always)]
    fn word(&mut self) -> Lanes<M> {
        let [s0, s1, s2, s3] = self.0;
        let out = s0.plus(s3).rotate_23().plus(s0);
        self.0 = [
            s0.xor_two(s3, s1),
            s1.xor_two(s2, s0),
            s2.xor_two(s0, s1.shift_17()),
            (s3 ^ s1).rotate_45(),
        ];
        out
    }
}
