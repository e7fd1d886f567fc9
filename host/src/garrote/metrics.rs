//! How well a fit finds the relevant variables and predicts unseen rows.
//!
//! ```text
//! precision = TP/(TP + FP)     recall = TP/(TP + FN)     F1 = 2 TP/(2 TP + FP + FN)
//! E_gen = sqrt( sum (yhat - y)^2 / sum y^2 )    on unseen, noisy y       (arXiv 2509.06383, section III.A)
//! ```
//! Nothing to find and nothing selected is a perfect answer: with both sets empty all three scores are 1.
//! Otherwise an empty denominator gives 0 (nothing selected: precision 0; nothing to find: recall 0).

/// Counts of a selection against the truth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Support {
    /// Relevant and selected.
    pub true_positives: usize,
    /// Irrelevant but selected.
    pub false_positives: usize,
    /// Relevant but missed.
    pub false_negatives: usize,
}

impl Support {
    /// Compares a selection with the true weights (relevant = nonzero), variable by variable. `selected`
    /// shorter than `weights` counts as not selected beyond its end.
    pub fn of(selected: impl IntoIterator<Item = bool>, weights: &[f64]) -> Self {
        let mut counts = Self {
            true_positives: 0,
            false_positives: 0,
            false_negatives: 0,
        };
        let padded = selected.into_iter().chain(std::iter::repeat(false));
        for (selected, weight) in padded.zip(weights) {
            match (selected, *weight != 0.0) {
                (true, true) => counts.true_positives += 1,
                (true, false) => counts.false_positives += 1,
                (false, true) => counts.false_negatives += 1,
                (false, false) => {}
            }
        }
        counts
    }

    /// Share of the selected variables that are relevant.
    pub fn precision(self) -> f64 {
        self.ratio(self.true_positives, self.true_positives + self.false_positives)
    }

    /// Share of the relevant variables that are selected.
    pub fn recall(self) -> f64 {
        self.ratio(self.true_positives, self.true_positives + self.false_negatives)
    }

    /// Harmonic mean of precision and recall.
    pub fn f1(self) -> f64 {
        let twice = 2 * self.true_positives;
        self.ratio(twice, twice + self.false_positives + self.false_negatives)
    }

    /// Exactly the relevant variables are selected.
    pub fn exact(self) -> bool {
        self.false_positives == 0 && self.false_negatives == 0
    }

    fn ratio(self, part: usize, whole: usize) -> f64 {
        match whole {
            0 if self.exact() => 1.0,
            0 => 0.0,
            _ => part as f64 / whole as f64,
        }
    }
}

/// Relative root mean square error `E_gen` of predictions on unseen targets; infinite when all targets are
/// zero but the predictions are not, 0 when both are.
pub fn generalisation_error(predicted: &[f64], observed: &[f64]) -> f64 {
    let error: f64 = predicted
        .iter()
        .zip(observed)
        .map(|(p, y)| (p - y) * (p - y))
        .sum();
    let size: f64 = observed.iter().map(|y| y * y).sum();
    if error == 0.0 { 0.0 } else { (error / size).sqrt() }
}

#[cfg(test)]
mod tests {
    //! Oracle: hand-counted cases. Mutations seen red: FP and FN exchanged in `of`, 2 TP -> TP in `f1`,
    //! `0 if self.exact() => 0.0`, square root dropped in `generalisation_error`.
    use super::*;

    #[test]
    fn counts_by_hand() {
        let s = Support::of([true, true, true, false, false], &[1.0, 0.0, 0.0, -2.0, 0.0]);
        assert_eq!(
            s,
            Support {
                true_positives: 1,
                false_positives: 2,
                false_negatives: 1
            }
        );
        assert_eq!((s.precision(), s.recall(), s.f1()), (1.0 / 3.0, 0.5, 2.0 / 5.0));
        assert!(!s.exact());
        let short = Support::of([true], &[1.0, 1.0]);
        assert_eq!((short.recall(), short.precision()), (0.5, 1.0));
    }

    #[test]
    fn empty_sets() {
        let nothing = Support::of([false; 3], &[0.0; 3]);
        assert_eq!(
            (nothing.precision(), nothing.recall(), nothing.f1()),
            (1.0, 1.0, 1.0)
        );
        assert!(nothing.exact());
        let missed = Support::of([false], &[1.0]);
        assert_eq!(
            (missed.precision(), missed.recall(), missed.f1()),
            (0.0, 0.0, 0.0)
        );
        let invented = Support::of([true], &[0.0]);
        assert_eq!(
            (invented.precision(), invented.recall(), invented.f1()),
            (0.0, 0.0, 0.0)
        );
    }

    #[test]
    fn errors_by_hand() {
        // 4 ulp for two roundings in another order
        let error = generalisation_error(&[1.0, 1.0], &[4.0, 5.0]);
        assert!(
            (error - 5.0 / 41.0_f64.sqrt()).abs() < 4.0 * f64::EPSILON,
            "{error}"
        );
        assert_eq!(generalisation_error(&[0.0], &[0.0]), 0.0);
        assert_eq!(generalisation_error(&[1.0], &[0.0]), f64::INFINITY);
    }
}
