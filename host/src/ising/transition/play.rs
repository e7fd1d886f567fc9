//! Every branch of the random words that a sampler draws: its exact transition matrix, from its own code.
//!
//! The sampler runs on a [`Player`], a generator that follows a path through the tree of draws. At each draw the tree
//! parts into intervals of words which the sampler cannot tell apart; the player gives one word of the interval whose turn it
//! is, and multiplies the share of the interval into the probability of the path. [`every`] goes through all
//! paths. The intervals of a single-spin decision are found by bisection of its word ([`boundary`]); those of an index
//! are equal.
//!
//! This file is read by the tests of the core as well: it knows the core and nothing else.

use gibbs_core::Error;
use gibbs_core::ising::{Model, Order, Rule, State, Weight};
use rand_core::{Rng, TryRng};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::convert::Infallible;
use std::rc::Rc;

/// 2^64: how many words there are.
const WORDS: f64 = 18_446_744_073_709_551_616.0;

/// An interval of words that lead the same way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Branch {
    /// One of them.
    pub word: u64,
    /// Their share.
    pub probability: f64,
}

/// The branches of a draw.
pub type Branches = Rc<[Branch]>;

/// A generator on one path through the tree of draws. A draw of 32 bits takes the high half of a word.
pub struct Player<'a> {
    ask: &'a dyn Fn(usize) -> Branches,
    path: Vec<(usize, Branches)>,
    drawn: usize,
    probability: f64,
}

impl Player<'_> {
    /// Of the path so far.
    pub fn probability(&self) -> f64 {
        self.probability
    }

    fn word(&mut self) -> u64 {
        if self.drawn == self.path.len() {
            self.path.push((0, (self.ask)(self.drawn)));
        }
        let (turn, branches) = &self.path[self.drawn];
        let Branch { word, probability } = branches[*turn];
        self.drawn += 1;
        self.probability *= probability;
        word
    }

    /// To the next path; false behind the last one.
    fn advance(&mut self) -> bool {
        self.path.truncate(self.drawn);
        (self.drawn, self.probability) = (0, 1.0);
        while let Some((turn, branches)) = self.path.last_mut() {
            if *turn + 1 < branches.len() {
                *turn += 1;
                return true;
            }
            self.path.pop();
        }
        false
    }
}

impl TryRng for Player<'_> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok((self.word() >> 32) as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.word())
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for chunk in bytes.chunks_mut(8) {
            let word = self.word().to_le_bytes();
            chunk.copy_from_slice(&word[..chunk.len()]);
        }
        Ok(())
    }
}

/// Runs a process on every path. `ask(k)` has the branches of draw number k of the path that is being run.
pub fn every(ask: &dyn Fn(usize) -> Branches, mut run: impl FnMut(&mut Player<'_>)) {
    let mut player = Player {
        ask,
        path: Vec::new(),
        drawn: 0,
        probability: 1.0,
    };
    loop {
        run(&mut player);
        if !player.advance() {
            return;
        }
    }
}

/// As many intervals of equal shares: an index drawn uniformly below `count`.
pub fn equal(count: usize) -> Branches {
    let width = WORDS / count as f64;
    (0..count)
        .map(|k| Branch {
            word: ((k as f64 + 0.5) * width) as u64,
            probability: 1.0 / count as f64,
        })
        .collect()
}

/// A generator of one word only; counts how often it was asked.
#[derive(Clone, Copy, Debug)]
pub struct Word {
    word: u64,
    drawn: u32,
}

impl Word {
    fn of(word: u64) -> Self {
        Self { word, drawn: 0 }
    }

    /// The word; after many the largest, so that a sampler which draws again until it likes a word comes to an end.
    fn draw(&mut self) -> u64 {
        self.drawn += 1;
        if self.drawn > 8 { u64::MAX } else { self.word }
    }
}

impl TryRng for Word {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok((self.draw() >> 32) as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.draw())
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for chunk in bytes.chunks_mut(8) {
            let word = self.draw().to_le_bytes();
            chunk.copy_from_slice(&word[..chunk.len()]);
        }
        Ok(())
    }
}

/// How a decision that takes one word depends on it: turning at most once, from no to yes or from yes to no, as the word
/// grows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Boundary {
    /// The first word that counts: words of 32 bits whose value is 0 may be drawn again.
    pub first: u64,
    /// What `first` decides.
    pub yes: bool,
    /// The first word that decides otherwise.
    pub other: Option<u64>,
}

/// Finds it by bisection of the 2^64 words.
pub fn boundary(mut decide: impl FnMut(&mut Word) -> bool) -> Boundary {
    let mut zero = Word::of(0);
    decide(&mut zero);
    let first = if zero.drawn > 1 { 1 << 32 } else { 0 };
    let yes = decide(&mut Word::of(first));
    if decide(&mut Word::of(u64::MAX)) == yes {
        return Boundary {
            first,
            yes,
            other: None,
        };
    }
    let (mut same, mut other) = (first, u64::MAX);
    while other - same > 1 {
        let middle = same + (other - same) / 2;
        if decide(&mut Word::of(middle)) == yes {
            same = middle;
        } else {
            other = middle;
        }
    }
    Boundary {
        first,
        yes,
        other: Some(other),
    }
}

impl Boundary {
    /// The probability of yes.
    pub fn probability(&self) -> f64 {
        let before = match self.other {
            None => 1.0,
            Some(other) => (other - self.first) as f64 / (WORDS - self.first as f64),
        };
        if self.yes { before } else { 1.0 - before }
    }

    /// The words on either side of it.
    fn branches(&self) -> Branches {
        let branch = |word, yes: bool| Branch {
            word,
            probability: if yes {
                self.probability()
            } else {
                1.0 - self.probability()
            },
        };
        match self.other {
            None => [branch(self.first, self.yes)].into(),
            Some(other) => [branch(other - 1, self.yes), branch(other, !self.yes)].into(),
        }
    }
}

/// What the next draw is for, told by the rule to the player.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Use<W> {
    Index,
    Decision(i8, W),
}

/// A rule that tells what it draws for.
struct Telling<'a, R, W> {
    rule: &'a R,
    next: &'a Cell<Use<W>>,
}

impl<W: Weight, R: Rule<W>> Rule<W> for Telling<'_, R, W> {
    const GAPS: bool = R::GAPS;

    fn flips(&self, spin: i8, field: W, rng: &mut impl Rng) -> bool {
        self.next.set(Use::Decision(spin, field));
        let flips = self.rule.flips(spin, field, rng);
        self.next.set(Use::Index);
        flips
    }
}

/// Probabilities of every transition by one [`State::sweep`] of a model of N spins: 2^N rows of 2^N. A configuration is a
/// number whose bit i is 1 when spin i is +1. Cost: with gaps about (N / 2 + 1) 4^N sweeps, at random N^N times as many.
///
/// # Errors
/// As [`State::new`].
pub fn sweep_matrix<M: Model, R: Rule<M::Weight>>(
    model: &M,
    rule: &R,
    order: Order,
) -> Result<Vec<f64>, Error> {
    let n = model.spins();
    let states = 1 << n;
    let mut matrix = vec![0.0; states * states];
    let (mut spins, mut fields) = (vec![1_i8; n], vec![M::Weight::ZERO; n]);
    let next = Cell::new(Use::Index);
    let telling = Telling { rule, next: &next };
    let known = Known::new(rule, n);
    let ask = |draw| known.branches(draw, next.get());
    for (from, row) in matrix.chunks_exact_mut(states).enumerate() {
        let mut result = Ok(());
        every(&ask, |player| {
            set(from, &mut spins);
            match State::new(model, &mut spins, &mut fields) {
                Ok(mut state) => {
                    state.sweep(model, &telling, order, player);
                    row[number(&spins)] += player.probability();
                }
                Err(error) => result = Err(error),
            }
        });
        result?;
    }
    Ok(matrix)
}

/// The branches of all draws that a sweep makes, each found once.
struct Known<'a, R> {
    rule: &'a R,
    decisions: RefCell<HashMap<(i8, u64), Branches>>,
    left_out: Branches,
    site: Branches,
    gaps: bool,
}

impl<'a, R> Known<'a, R> {
    fn new<W: Weight>(rule: &'a R, n: usize) -> Self
    where
        R: Rule<W>,
    {
        Self {
            rule,
            decisions: HashMap::new().into(),
            left_out: equal(n + 1),
            site: equal(n),
            gaps: R::GAPS,
        }
    }

    /// The first index is that of the place that is left out, where there are gaps (up to 64 spins); others are spins.
    fn branches<W: Weight>(&self, draw: usize, next: Use<W>) -> Branches
    where
        R: Rule<W>,
    {
        match next {
            Use::Index if draw == 0 && self.gaps => Rc::clone(&self.left_out),
            Use::Index => Rc::clone(&self.site),
            Use::Decision(spin, field) => {
                let mut decisions = self.decisions.borrow_mut();
                let found = decisions
                    .entry((spin, field.bits()))
                    .or_insert_with(|| boundary(|word| self.rule.flips(spin, field, word)).branches());
                Rc::clone(found)
            }
        }
    }
}

/// The number of a configuration.
pub fn number(spins: &[i8]) -> usize {
    let up = |(i, spin): (usize, &i8)| usize::from(*spin > 0) << i;
    spins.iter().enumerate().map(up).sum()
}

/// The configuration of a number.
pub fn set(state: usize, spins: &mut [i8]) {
    for (i, spin) in spins.iter_mut().enumerate() {
        *spin = if state >> i & 1 == 1 { 1 } else { -1 };
    }
}

/// What the positive entries of a transition matrix say of the long run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connections {
    /// Closed classes: sets of configurations that are never left. One of an irreducible chain.
    pub closed_classes: usize,
    /// Configurations outside of every closed class.
    pub passing: usize,
    /// The greatest common divisor of the lengths of all ways from a configuration back to it, in the closed class of the
    /// first one that is in any. 1 of an aperiodic chain.
    pub period: u64,
}

impl Connections {
    /// One closed class that holds all, and no period: whatever the start, the law of the chain becomes its only
    /// stationary one.
    pub fn are_ergodic(&self) -> bool {
        *self
            == Self {
                closed_classes: 1,
                passing: 0,
                period: 1,
            }
    }
}

/// Of a square matrix with rows one after the other. Cost: a search of the positive entries, twice, per closed class and
/// per configuration outside of them.
pub fn connections(matrix: &[f64]) -> Connections {
    let states = matrix.len().isqrt();
    let (mut ways, mut back) = (vec![Vec::new(); states], vec![Vec::new(); states]);
    for (at, _) in matrix.iter().enumerate().filter(|(_, p)| **p > 0.0) {
        let (from, to) = (at / states, at % states);
        ways[from].push(to);
        back[to].push(from);
    }
    let mut closed = vec![false; states];
    let mut found = Connections {
        closed_classes: 0,
        passing: 0,
        period: 0,
    };
    for start in 0..states {
        if closed[start] {
            continue;
        }
        let (there, here) = (levels(&ways, start), levels(&back, start));
        if there
            .iter()
            .zip(&here)
            .any(|(there, here)| there.is_some() && here.is_none())
        {
            found.passing += 1;
            continue;
        }
        for (closed, there) in closed.iter_mut().zip(&there) {
            *closed |= there.is_some();
        }
        found.closed_classes += 1;
        if found.period == 0 {
            found.period = period(&ways, &there);
        }
    }
    found
}

/// Steps from `start` to every configuration that it reaches.
fn levels(ways: &[Vec<usize>], start: usize) -> Vec<Option<u64>> {
    let mut level = vec![None; ways.len()];
    level[start] = Some(0);
    let mut queue = std::collections::VecDeque::from([(start, 0)]);
    while let Some((from, steps)) = queue.pop_front() {
        for to in &ways[from] {
            if level[*to].is_none() {
                level[*to] = Some(steps + 1);
                queue.push_back((*to, steps + 1));
            }
        }
    }
    level
}

/// Of a class from the steps to each member: each way u -> v says that the period divides steps(u) + 1 - steps(v).
fn period(ways: &[Vec<usize>], level: &[Option<u64>]) -> u64 {
    let mut divisor = 0_u64;
    for (from, steps) in level.iter().enumerate() {
        let Some(steps) = steps else { continue };
        for there in ways[from].iter().filter_map(|to| level[*to]) {
            let (mut a, mut b) = (divisor, (steps + 1).abs_diff(there));
            while b > 0 {
                (a, b) = (b, a % b);
            }
            divisor = a;
        }
    }
    divisor
}
