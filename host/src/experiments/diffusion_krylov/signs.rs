//! The stopping test of the authors' loop: when it fires, and how many vectors change sign under it.

use super::{basis, sine};
use crate::diffusion::pullback::operator::Dense;
use crate::diffusion::pullback::{Ended, Method};
use crate::experiments::{Context, Expected, ExperimentError, Outcome, Row, Source};
use gibbs_core::random::{normal, stream};
use rayon::prelude::*;

/// A Gaussian Jacobian, of the size of the specification's check.
const ROWS: usize = 512;
const COLUMNS: usize = 768;
const COUNTS: [usize; 4] = [2, 3, 10, 50];
const LIMIT: usize = 100;
/// Signs are compared over these passes.
const WATCHED: [usize; 9] = [12, 13, 14, 15, 16, 17, 18, 19, 20];
/// Blocks that converge the reference.
const REFERENCE: usize = 30;

/// Pieces of work that [`report`] tells the progress of.
pub(super) const TASKS: u64 = COUNTS.len() as u64;

struct Watched {
    /// Passes at which the test fired, if it did.
    fired: Option<usize>,
    /// Share of vectors that one pass turned by more than a right angle.
    flipped: f64,
    /// Angle to the true directions at the end.
    sine: f64,
}

fn watch(context: &Context<'_>, k: usize) -> Result<Watched, ExperimentError> {
    let mut rng = stream(context.seed, "experiment/diffusion-krylov/jacobian", 0);
    let values: Vec<f64> = (0..ROWS * COLUMNS).map(|_| normal(&mut rng)).collect();
    let jacobian = Dense::new(ROWS, COLUMNS, values).map_err(ExperimentError::other("a matrix"))?;
    let exact = basis(
        context,
        jacobian.clone(),
        Method::Krylov,
        (k, REFERENCE.min(COLUMNS / k)),
    )?;
    let run = |passes| basis(context, jacobian.clone(), Method::Authors, (k, passes));
    let end = run(LIMIT)?;
    let (mut flipped, mut compared) = (0, 0);
    let mut before: Option<Vec<f64>> = None;
    for passes in WATCHED {
        let v = run(passes)?.v;
        if let Some(before) = &before {
            for (old, new) in before.chunks(COLUMNS).zip(v.chunks(COLUMNS)) {
                let along: f64 = old.iter().zip(new).map(|(a, b)| a * b).sum();
                flipped += usize::from(along < 0.0);
                compared += 1;
            }
        }
        before = Some(v);
    }
    context.progress.advance(1);
    Ok(Watched {
        fired: (end.ended == Ended::Converged).then_some(end.blocks),
        flipped: flipped as f64 / compared as f64,
        sine: sine(&end.v, &exact.v, COLUMNS)?,
    })
}

/// Rows for each number of directions.
pub(super) fn report(context: &Context<'_>, outcome: &mut Outcome) -> Result<(), ExperimentError> {
    let found = COUNTS.into_par_iter().map(|k| watch(context, k));
    let found: Vec<Watched> = found.collect::<Result<_, _>>()?;
    for (k, watched) in COUNTS.iter().zip(found) {
        let seen = match k {
            2 => "after 44 passes",
            _ => "never",
        };
        let source = || {
            let text = format!("specification 2.1: {seen} with the decomposition of LAPACK, another matrix");
            Source::own(text)
        };
        for (quantity, value) in [
            (
                "passes until the authors' test fires (0: never in 100)",
                watched.fired.unwrap_or(0) as f64,
            ),
            (
                "share of vectors that change sign in a pass, passes 12 to 20",
                watched.flipped,
            ),
            ("sin(theta) at the end of the authors' loop", watched.sine),
        ] {
            let quantity = format!("Gaussian {ROWS} x {COLUMNS}, {k} directions: {quantity}");
            outcome.row(Row::new(quantity, source(), Expected::Informative, value));
        }
    }
    Ok(())
}
