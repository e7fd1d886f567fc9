//! The reproduced papers: what each claims, what we measure, and what became of the claim.
//!
//! One file per paper, in folders by family. Each has `const ABOUT: About` and `fn run(context) -> Outcome`. To add one:
//! write the file, declare it in its family's `mod.rs`, add a line to [`registry`]. Map: [`experiment`] is the vocabulary,
//! [`study`] the grid of settings and seeds that a small experiment measures, [`runner`] runs experiments and
//! keeps them, [`finished`] is what they leave, [`page`] the HTML page. Rows and verdicts are those of
//! [`crate::report::claim`].
//!
//! A result depends on the seed and on `full` alone: never on time, threads or the order of experiments. Clock
//! times are the one exception: their rows say so ([`Row::on_the_clock`]), and a claim about cost is made on
//! counted work wherever it can be.

pub mod diffusion;
pub mod experiment;
pub mod finished;
pub mod garrote;
pub mod ising;
pub mod page;
pub mod random_moments;
pub mod registry;
pub mod runner;
mod statistics;
pub mod study;

pub use crate::report::claim::{Expected, Row, Source, Verdict};
pub use experiment::{About, Context, Experiment, ExperimentError, Illustration, Outcome};
pub use study::Study;
