//! The samplers prove themselves: exact results, exact balance and long runs against exact means, on the
//! machine of the user and with any generator.
//!
//! A check is a row of claim and measurement, as those of the experiments are. One of exact arithmetic must be within a
//! stated distance; a sampled mean within 5 standard errors of the exact one, and its error below a stated size (a large
//! error would accept anything). One sampled check that is right fails with probability 6e-7 (normal; errors are known to a few percent, which
//! makes it 1e-6), and [`Report::false_alarm`] says how often any of them does. Seeds are fixed, so a run
//! repeats itself.
//!
//! Map: `exact` oracles against each other and against digits; `balance` transition matrices of the acceptances
//! that the code has; `chains` whether sweeps forget their start; `generator` the words a lattice eats; `lattice`, `clusters`, `glasses` the samplers, generic
//! over the generator; `engine` the vectors of this machine on their own generators.

mod balance;
mod chains;
mod clusters;
mod engine;
mod exact;
mod generator;
pub(crate) mod glasses;
mod lattice;

use super::oracle::magnetisation::{self, Law};
use super::statistics::{Estimate, SeriesError};
use crate::report::claim::{Expected, Row, Source, Verdict};
use crate::work::Work;
use gibbs_core::Error;
use gibbs_core::math::Real;
use rand_core::Rng;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

pub use super::series::Halted;

/// Probability that a normal deviate is larger than [`crate::report::claim::SIGMAS`], either way: 5.7e-7; doubled for errors known to a few
/// percent.
const TAIL: f64 = 1.2e-6;

/// How long the runs are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// A fiftieth of the samples (a tenth where little is done for each), errors up to twelve times as large: for
    /// tests without optimisation.
    Quick,
    /// Half a minute on two cores.
    Full,
}

impl Size {
    fn samples(self, full: usize) -> usize {
        match self {
            Self::Quick => full / 50,
            Self::Full => full,
        }
    }

    /// The number of samples of a run whose samples are cheap.
    fn cheap_samples(self, full: usize) -> usize {
        match self {
            Self::Quick => full / 10,
            Self::Full => full,
        }
    }

    /// The largest error accepted.
    fn limit(self, full: f64) -> f64 {
        match self {
            Self::Quick => 12.0 * full,
            Self::Full => full,
        }
    }
}

/// One check: a row, and the group that it belongs to.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// The group that the check belongs to.
    pub group: &'static str,
    /// What was measured, what is expected of it.
    pub row: Row,
}

impl Check {
    fn new(
        group: &'static str,
        name: impl Into<String>,
        source: &'static str,
        expected: Expected,
        measured: f64,
    ) -> Self {
        let row = Row::new(name, Source::oracle(source), expected, measured);
        Self { group, row }
    }

    /// Exact arithmetic: at most `off` from the expected value.
    fn within(
        group: &'static str,
        name: impl Into<String>,
        source: &'static str,
        [expected, measured]: [f64; 2],
        off: f64,
    ) -> Self {
        Self::new(group, name, source, Expected::equal(expected, off), measured)
    }

    /// A sampled mean, its error at most `largest`.
    fn sampled(
        group: &'static str,
        name: impl Into<String>,
        source: &'static str,
        expected: f64,
        estimate: &Result<Estimate, SeriesError>,
        largest: f64,
    ) -> Self {
        let (measured, error) = match estimate {
            Ok(found) => (found.mean, found.error),
            Err(_) => (f64::NAN, f64::NAN),
        };
        let expected = Expected::sampled(expected, largest);
        let mut check = Self::new(group, name, source, expected, measured);
        check.row.error = error;
        check.row.remark = estimate.as_ref().err().map(ToString::to_string);
        check
    }

    /// A standard normal deviate: a mean of 0 with an error of 1.
    fn deviate(group: &'static str, name: impl Into<String>, source: &'static str, measured: f64) -> Self {
        let mut check = Self::new(group, name, source, Expected::sampled(0.0, 1.0), measured);
        check.row.error = 1.0;
        check
    }

    /// Whether it holds. What is no number never does.
    pub fn passes(&self) -> bool {
        self.row.verdict() == Verdict::Met
    }
}

/// All checks of a run, in a fixed order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// The checks.
    pub checks: Vec<Check>,
}

impl Report {
    /// Whether all of them hold.
    pub fn passes(&self) -> bool {
        self.checks.iter().all(Check::passes)
    }

    /// The checks that do not hold.
    pub fn failures(&self) -> impl Iterator<Item = &Check> {
        self.checks.iter().filter(|check| !check.passes())
    }

    /// The rows of each group, groups in the order in which they begin.
    pub fn groups(&self) -> Vec<(&'static str, Vec<Row>)> {
        let mut groups: Vec<(&str, Vec<Row>)> = Vec::new();
        for Check { group, row } in &self.checks {
            match groups.iter_mut().find(|(name, _)| name == group) {
                Some((_, rows)) => rows.push(row.clone()),
                None => groups.push((group, vec![row.clone()])),
            }
        }
        groups
    }

    /// How many compare a sampled value with an exact one.
    pub fn statistical(&self) -> usize {
        self.checks.iter().filter(|check| check.row.is_sampled()).count()
    }

    /// Probability that a run without fault fails, over seeds: at most this.
    pub fn false_alarm(&self) -> f64 {
        TAIL * self.statistical() as f64
    }
}

/// What a group of checks is given.
#[derive(Clone, Copy)]
struct Setting<'a> {
    size: Size,
    work: &'a Work<'a>,
    laws: &'a Laws,
}

/// Laws of the magnetisation, each computed once: a transfer matrix of L = 8 costs as much as many runs.
#[derive(Default)]
struct Laws(Mutex<BTreeMap<(usize, u64), Arc<Law>>>);

impl Laws {
    /// Of the L x L torus; temperatures nearer than 1e-12 are one.
    fn torus(&self, side: usize, beta: f64) -> Result<Arc<Law>, Error> {
        let key = (side, (beta * 1e12) as u64);
        let known = |laws: &Self| laws.0.lock().map_or(None, |laws| laws.get(&key).cloned());
        if let Some(law) = known(self) {
            return Ok(law);
        }
        let law = Arc::new(magnetisation::torus(side, beta)?);
        if let Ok(mut laws) = self.0.lock() {
            laws.insert(key, Arc::clone(&law));
        }
        Ok(law)
    }
}

/// One piece of the work.
type Task<'a> = Box<dyn Fn(Setting<'_>) -> Result<Vec<Check>, Halted> + Sync + 'a>;

/// Wraps a closure as a task.
fn task<'a>(run: impl Fn(Setting<'_>) -> Result<Vec<Check>, Halted> + Sync + 'a) -> Task<'a> {
    Box::new(run)
}

/// Verifies the oracles and every scalar sampler with generators from `make(name, index)`: independent streams
/// for different names or indices. Runs in parallel; the result depends on `make` and `size` alone.
///
/// # Errors
/// [`Halted::Stopped`] when interrupted. A check that fails is no error.
pub fn verify<R: Rng>(
    make: impl Fn(&str, u64) -> R + Sync,
    size: Size,
    work: &Work<'_>,
) -> Result<Report, Halted> {
    let mut tasks = exact::tasks();
    tasks.extend(balance::tasks());
    tasks.extend(chains::tasks());
    tasks.extend(generator::tasks(&make));
    tasks.extend(lattice::tasks(&make));
    tasks.extend(clusters::tasks(&make));
    tasks.extend(glasses::tasks(&make));
    run("verifying oracles and samplers", &tasks, size, work)
}

/// Verifies the lattice engine with each instruction set of this machine, on its own generators of `seed`.
///
/// # Errors
/// As [`verify`].
pub fn verify_engine(seed: u64, size: Size, work: &Work<'_>) -> Result<Report, Halted> {
    run("verifying the vector engine", &engine::tasks(seed), size, work)
}

fn run(title: &str, tasks: &[Task<'_>], size: Size, work: &Work<'_>) -> Result<Report, Halted> {
    work.progress.begin(title, tasks.len() as u64);
    let laws = Laws::default();
    let one = |task: &Task<'_>| {
        work.check()?;
        let checks = task(Setting {
            size,
            work,
            laws: &laws,
        })?;
        work.progress.advance(1);
        Ok(checks)
    };
    let checks: Result<Vec<_>, Halted> = tasks.par_iter().with_max_len(1).map(one).collect();
    let how = if checks.is_ok() { "done" } else { "interrupted" };
    work.progress.end(&format!("{title}: {how}"));
    Ok(Report {
        checks: checks?.concat(),
    })
}

/// A chi-square of so many degrees of freedom as a normal deviate (Wilson and Hilferty 1931).
fn deviate(chi_square: f64, degrees: usize) -> f64 {
    let k = degrees as f64;
    let width = 2.0 / (9.0 * k);
    (Real::exp(Real::ln(chi_square / k) / 3.0) - (1.0 - width)) / width.sqrt()
}

#[cfg(test)]
mod tests;
