//! Words decided together: the law by every sequence of random bits, the schedule site by site, the last bits by
//! scripts.
//!
//! Mutations of the comparison tried, each seen red here: two words that decide in the same lane at once; bits of the
//! threshold from the first on after the private rounds; the kinds of merged lanes exchanged, or those of a later
//! word added to them; lanes that wait forgotten.

use crate::lattice::{Script, script};
use gibbs_core::ising::lattice::{Bits, Draw, Fair, Fixed, HeatBath, Lazy, Probability, Proposal, Update};
use gibbs_core::random::stream;
use rand_core::Rng;
use std::ops::{BitAnd, BitAndAssign, BitOr, BitOrAssign, BitXor, Not};

/// Rounds of a word's own.
const PRIVATE: usize = 5;

/// A word of one lane.
#[derive(Clone, Copy, Debug, PartialEq)]
struct One(bool);

impl BitAnd for One {
    type Output = Self;
    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

impl BitOr for One {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitXor for One {
    type Output = Self;
    fn bitxor(self, other: Self) -> Self {
        Self(self.0 ^ other.0)
    }
}

impl Not for One {
    type Output = Self;
    fn not(self) -> Self {
        Self(!self.0)
    }
}

impl BitAndAssign for One {
    fn bitand_assign(&mut self, other: Self) {
        self.0 &= other.0;
    }
}

impl BitOrAssign for One {
    fn bitor_assign(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

impl Bits for One {
    fn is_none(self) -> bool {
        !self.0
    }
}

/// The sequences of random bits, one after the other: those that were read, then 0.
#[derive(Default)]
struct Sequence {
    bits: Vec<bool>,
    read: usize,
}

impl Fair<One> for Sequence {
    fn word(&mut self) -> One {
        if self.read == self.bits.len() {
            self.bits.push(false);
        }
        self.read += 1;
        One(self.bits[self.read - 1])
    }
}

impl Sequence {
    /// Goes on to the next; false after the last.
    fn next(&mut self) -> bool {
        self.read = 0;
        while self.bits.last() == Some(&true) {
            self.bits.pop();
        }
        if let Some(last) = self.bits.last_mut() {
            *last = true;
        }
        !self.bits.is_empty()
    }
}

/// Joint law of the flips of a group of words of one lane: the probability of each pattern.
fn joint_law(singles: &[bool], decide: impl Fn(&mut [Proposal<One>], &mut Sequence)) -> Vec<f64> {
    let mut law = vec![0.0; 1 << singles.len()];
    let mut all = Sequence::default();
    loop {
        let mut group: Vec<_> = singles
            .iter()
            .map(|single| Proposal {
                spins: One(false),
                open: One(true),
                single: One(*single),
            })
            .collect();
        decide(&mut group, &mut all);
        assert!(group.iter().all(|lanes| lanes.open == One(false)));
        let pattern = group
            .iter()
            .rev()
            .fold(0, |bits, lanes| bits << 1 | usize::from(lanes.spins.0));
        law[pattern] += 0.5_f64.powi(all.bits.len() as i32);
        if !all.next() {
            return law;
        }
    }
}

/// Independent flips, with these probabilities of single and of other lanes.
fn is_the_product(singles: &[bool], [p, q]: [f64; 2], law: &[f64]) {
    for (pattern, found) in law.iter().enumerate() {
        let each = singles.iter().enumerate().map(|(k, single)| {
            let p = if *single { p } else { q };
            if pattern >> k & 1 == 1 { p } else { 1.0 - p }
        });
        let exact: f64 = each.product();
        // Sums of up to 2^18 terms, each rounded.
        assert!(
            (found - exact).abs() < 1e-13,
            "{singles:?}, {pattern:b}: {found}, exact {exact}"
        );
    }
}

/// All kinds of one and two words.
fn kinds() -> impl Iterator<Item = Vec<bool>> {
    let of = |count: usize, bits: usize| (0..count).map(|k| bits >> k & 1 == 1).collect();
    (1..=2).flat_map(move |count| (0..1 << count).map(move |bits| of(count, bits)))
}

#[test] // law: ising-lattice
fn joint_law_over_every_sequence_of_bits() {
    for singles in kinds() {
        for (threshold, bits) in [(43, 8), (11_243, 16), (0xDBEC_3A7F_0911_2233, 64)] {
            let p = Probability::new(threshold, bits).unwrap();
            let law = joint_law(&singles, |group, random| Lazy::new(p).decide(group, random));
            is_the_product(&singles, [p.value(), p.value() * p.value()], &law);
        }
        let p = Probability::new(5, 3).unwrap();
        let law = joint_law(&singles, |group, random| Fixed(p).decide(group, random));
        is_the_product(&singles, [p.value(), p.value() * p.value()], &law);
    }
    for singles in kinds().chain([vec![true, false, true]]) {
        let bath = HeatBath::at_temperature(2.0).unwrap();
        let law = joint_law(&singles, |group, random| bath.decide(group, random));
        let exact = bath
            .thresholds()
            .map(|t| (t as f64 + 1.0) / 18_446_744_073_709_551_616.0);
        is_the_product(&singles, exact, &law);
    }
}

/// Words of a generator, and which bits of them were used.
struct Used {
    words: Vec<u64>,
    used: Vec<u64>,
}

impl Used {
    fn bit(&mut self, word: usize, lane: u32) -> u64 {
        assert_eq!(self.used[word] >> lane & 1, 0, "a bit that is used twice");
        self.used[word] |= 1 << lane;
        self.words[word] >> lane & 1
    }

    /// Whether u < t by the words from `word` on, which are compared with the bits of t from `from` on; `None` when `rounds`
    /// words did not tell. And the number of words.
    fn below(&mut self, t: u64, lane: u32, word: usize, from: usize, rounds: usize) -> (Option<bool>, usize) {
        for round in 0..rounds {
            let (bit, own) = (self.bit(word + round, lane), t >> (63 - from - round) & 1);
            if bit != own {
                return (Some(bit < own), round + 1);
            }
        }
        (None, rounds)
    }
}

/// What a group of words flips and the number of words it reads: site by site.
fn plainly(group: &[Proposal<u64>], [single, others]: [u64; 2], words: &[u64]) -> (Vec<u64>, usize) {
    let mut used = Used {
        words: words.to_vec(),
        used: vec![0; words.len()],
    };
    let mut flips = vec![0; group.len()];
    let t = |k: usize, lane: u32| {
        if group[k].single >> lane & 1 == 1 {
            single
        } else {
            others
        }
    };
    let own = if group.len() > 1 { PRIVATE } else { 0 };
    // The words that are still to be decided in each lane, in turn.
    let mut queues = vec![Vec::new(); 64];
    for (k, word) in group.iter().enumerate() {
        for lane in (0..64).filter(|lane| word.open >> lane & 1 == 1) {
            match used.below(t(k, lane), lane, k * own, 0, own).0 {
                Some(flip) => flips[k] |= u64::from(flip) << lane,
                None => queues[lane as usize].push(k),
            }
        }
    }
    let mut read = group.len() * own;
    while queues.iter().any(|queue| !queue.is_empty()) {
        let mut longest = 0;
        for (lane, queue) in queues
            .iter_mut()
            .enumerate()
            .filter(|(_, queue)| !queue.is_empty())
        {
            let (k, lane) = (queue.remove(0), lane as u32);
            let (flip, rounds) = used.below(t(k, lane), lane, read, own, 64 - own);
            flips[k] |= u64::from(flip.unwrap()) << lane;
            longest = longest.max(rounds);
        }
        read += longest;
    }
    (flips, read)
}

#[test] // law: ising-lattice
fn groups_written_down_site_by_site() {
    let p = Probability::new(0x2BEC_3A7F_0911_2233, 64).unwrap();
    let square = (u128::from(p.threshold()) + 1).pow(2) - 1;
    let bath = HeatBath::at_temperature(2.3).unwrap();
    for (seed, count) in (0..200).zip((0..=9).cycle()) {
        let mut rng = stream(seed, "test.groups", 0);
        let group: Vec<_> = (0..count)
            .map(|k| Proposal {
                spins: rng.next_u64(),
                // Words without an open lane, and with all, among them.
                open: [rng.next_u64(), 0, u64::MAX][if k % 3 == 2 { (seed % 3) as usize } else { 0 }],
                single: rng.next_u64(),
            })
            .collect();
        let words: Vec<u64> = (0..400).map(|_| rng.next_u64()).collect();
        let check = |thresholds, decided: &[Proposal<u64>], random: &Script<u64>| {
            let (flips, read) = plainly(&group, thresholds, &words);
            assert_eq!(random.read, read, "{count} words, seed {seed}");
            for ((before, after), flips) in group.iter().zip(decided).zip(flips) {
                assert_eq!(after.spins ^ before.spins, flips, "{count} words, seed {seed}");
                assert_eq!(after.open, 0);
            }
        };
        let script = || Script {
            words: words.clone(),
            read: 0,
        };
        let (mut decided, mut random) = (group.clone(), script());
        Lazy::new(p).decide(&mut decided, &mut random);
        check([p.threshold(), (square >> 64) as u64], &decided, &random);
        let (mut decided, mut random) = (group.clone(), script());
        bath.decide(&mut decided, &mut random);
        check(bath.thresholds(), &decided, &random);
    }
}

/// Two words that are undecided to the last bit: u = t flips, for p² after the other 64 bits. The second meets the first
/// in every lane, so that it waits.
#[test] // law: ising-lattice
fn groups_compare_to_the_last_bit() {
    for (threshold, bits) in [(10, 5), (11_243, 16), (0x2BEC_3A7F_0911_2233, 64)] {
        let p = Probability::new(threshold, bits).unwrap();
        let numerator = u128::from(threshold) + 1;
        let single = script((numerator << (64 - bits)) - 1, 64).words;
        let double = script(((numerator * numerator) << (128 - 2 * bits)) - 1, 128).words;
        for singles in [[0, 0], [0, u64::MAX], [u64::MAX, 0], [u64::MAX; 2]] {
            let [first, second] = singles.map(|kind| if kind == 0 { &double } else { &single });
            let words = [
                &first[..PRIVATE],
                &second[..PRIVATE],
                &first[PRIVATE..],
                &second[PRIVATE..],
            ]
            .concat();
            let mut group = singles.map(|single| Proposal {
                spins: 0,
                open: u64::MAX,
                single,
            });
            let mut random = Script { words, read: 0 };
            Lazy::new(p).decide(&mut group, &mut random);
            assert_eq!(group.map(|lanes| lanes.spins), [u64::MAX; 2], "{p:?}");
            assert_eq!(random.read, random.words.len());
        }
    }
}
