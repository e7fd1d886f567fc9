//! The stopping test of the authors' loop: when it fires, and how many vectors change sign under it.

use super::{Method, search, sine};
use crate::diffusion::pullback::operator::{Dense, Diagonal};
use crate::experiments::statistics::{as_bits, kept};
use crate::experiments::{Context, Expected, ExperimentError, Outcome, Row, Source};
use gibbs_core::linalg::LinearOperator;
use gibbs_core::random::{normal, stream};
use serde::{Deserialize, Serialize};
use std::convert::Infallible;

/// A Gaussian Jacobian, of the size of an earlier check.
const ROWS: usize = 512;
const COLUMNS: usize = 768;
/// The same number of directions of an operator whose subspace stands still from the tenth pass on: diag(2^-i).
const TASKED: [(bool, usize); 6] = [
    (true, 2),
    (true, 3),
    (true, 10),
    (true, 50),
    (false, 3),
    (false, 10),
];
const LIMIT: usize = 100;
/// Signs are compared over these passes.
const WATCHED: [usize; 9] = [12, 13, 14, 15, 16, 17, 18, 19, 20];
/// Blocks that converge the reference.
const REFERENCE: usize = 30;

#[derive(Serialize, Deserialize)]
struct Watched {
    /// Passes at which the test fired, if it did.
    fired: Option<usize>,
    /// Share of vectors that one pass turned by more than a right angle.
    flipped: f64,
    /// Angle to the true directions at the end.
    #[serde(with = "as_bits")]
    sine: f64,
}

fn watch(
    context: &Context<'_>,
    operator: &(impl LinearOperator<f64, Error = Infallible> + Clone),
    k: usize,
) -> Result<Watched, ExperimentError> {
    let columns = operator.inputs();
    let reference = [REFERENCE.min(columns / k)];
    let exact = search(context, operator, Method::Krylov, (k, &reference))?;
    let end = search(context, operator, Method::Authors, (k, &[LIMIT]))?;
    let passes = search(context, operator, Method::Authors, (k, &WATCHED))?;
    let (mut flipped, mut compared) = (0, 0);
    for pair in passes.windows(2) {
        for (old, new) in pair[0].v.chunks(columns).zip(pair[1].v.chunks(columns)) {
            let along: f64 = old.iter().zip(new).map(|(a, b)| a * b).sum();
            flipped += usize::from(along < 0.0);
            compared += 1;
        }
    }
    Ok(Watched {
        fired: end[0].stopped.then_some(end[0].passes),
        flipped: f64::from(flipped as u32) / f64::from(compared),
        sine: sine(&end[0].v, &exact[0].v, columns)?,
    })
}

/// Rows for each operator and number of directions.
pub(super) fn report(context: &Context<'_>, outcome: &mut Outcome) -> Result<(), ExperimentError> {
    let mut rng = stream(context.seed, "experiment/diffusion-krylov/jacobian", 0);
    let values: Vec<f64> = (0..ROWS * COLUMNS).map(|_| normal(&mut rng)).collect();
    let gaussian = Dense::new(ROWS, COLUMNS, values).map_err(ExperimentError::other("a matrix"))?;
    let fast = Diagonal((0..COLUMNS).map(|i| libm::exp2(-(i as f64))).collect());
    let found = kept(context, "signs", TASKED.len(), |task| match TASKED[task] {
        (true, k) => watch(context, &gaussian, k),
        (false, k) => watch(context, &fast, k),
    })?;
    for ((is_gaussian, k), watched) in TASKED.iter().zip(found) {
        let (name, seen) = match (is_gaussian, k) {
            (false, _) => ("diag(2^-i), 768 entries", "not tried there"),
            (true, 2) => ("Gaussian 512 x 768", "after 44 passes there"),
            (true, _) => ("Gaussian 512 x 768", "never in 100 there"),
        };
        for (quantity, source, value) in [
            (
                "passes until the authors' test fires (0: never in 100)",
                format!("earlier measurement, LAPACK, another matrix: {seen}"),
                watched.fired.unwrap_or(0) as f64,
            ),
            (
                "share of vectors that change sign in a pass, passes 12 to 20",
                "signs depend on the decomposition used; here that of nalgebra".to_owned(),
                watched.flipped,
            ),
            (
                "sin(theta) when the authors' loop ends",
                "against a Krylov basis of up to 30 blocks".to_owned(),
                watched.sine,
            ),
        ] {
            let quantity = format!("{name}, {k} directions: {quantity}");
            let source = Source::own(source);
            outcome.row(Row::new(quantity, source, Expected::Informative, value));
        }
    }
    Ok(())
}
