//! Error bars by batches, and the chi-square of counts.

use crate::tolerances as tol;

/// A mean over a chain cut into 400 batches; the error is that of independent batches.
#[derive(Clone, Debug)]
pub(crate) struct Batches {
    length: usize,
    sums: Vec<f64>,
    filled: usize,
}

pub(crate) const BATCHES: usize = 400;

impl Batches {
    /// For a chain of `count` values, a multiple of [`BATCHES`].
    pub(crate) fn new(count: usize) -> Self {
        assert_eq!(count % BATCHES, 0);
        Self {
            length: count / BATCHES,
            sums: vec![0.0; BATCHES],
            filled: 0,
        }
    }

    pub(crate) fn push(&mut self, value: f64) {
        self.sums[self.filled / self.length] += value / self.length as f64;
        self.filled += 1;
    }

    /// Mean and standard error.
    pub(crate) fn estimate(&self) -> (f64, f64) {
        assert_eq!(self.filled, self.length * BATCHES, "chain incomplete");
        let n = BATCHES as f64;
        let mean = self.sums.iter().sum::<f64>() / n;
        let squares: f64 = self.sums.iter().map(|x| (x - mean).powi(2)).sum();
        (mean, (squares / (n * (n - 1.0))).sqrt())
    }

    /// Within five standard errors of `exact`, the error itself below `largest`.
    pub(crate) fn check(&self, exact: f64, largest: f64, what: &str) {
        let (mean, error) = self.estimate();
        assert!(error < largest, "{what}: error {error} is not below {largest}");
        let z = (mean - exact) / error;
        assert!(
            z.abs() < tol::SIGMAS,
            "{what}: {mean} +- {error}, exact {exact}: z = {z}"
        );
    }
}

/// Pearson's chi-square of independent counts against a law; cells of fewer than ten expected are pooled.
pub(crate) fn check_counts(counts: &[u64], law: &[f64], what: &str) {
    let total = counts.iter().sum::<u64>() as f64;
    let (mut square, mut cells) = (0.0, 0_i32);
    let (mut rare, mut rare_expected) = (0.0, 0.0);
    for (count, p) in counts.iter().zip(law) {
        let (count, expected) = (*count as f64, p * total);
        if expected < 10.0 {
            rare += count;
            rare_expected += expected;
        } else {
            square += (count - expected).powi(2) / expected;
            cells += 1;
        }
    }
    if rare_expected >= 10.0 {
        square += (rare - rare_expected).powi(2) / rare_expected;
        cells += 1;
    }
    let freedom = f64::from(cells - 1);
    let spread = 2.0 / (9.0 * freedom);
    let z = ((square / freedom).cbrt() - (1.0 - spread)) / spread.sqrt();
    assert!(
        cells > 3 && z < tol::CHI_SQUARE_DEVIATE,
        "{what}: chi-square {square} over {freedom} degrees of freedom, z = {z}"
    );
}
