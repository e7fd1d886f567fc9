//! What is computed on the diabetes data: fits, all subsets, bootstrap replicas, outer folds.

use crate::baseline::Validated;
use crate::baseline::cv::{Folds, lasso_cv};
use crate::baseline::lasso::{LassoFit, Settings, alpha_grid, lasso, lasso_path};
use crate::baseline::masks::nonzero;
use crate::data::{Reading, TableOptions};
use crate::experiments::statistics::kept;
use crate::experiments::{Context, ExperimentError};
use crate::garrote::least_squares::refit;
use crate::garrote::search::Corner;
use crate::garrote::{Design, Fit, FitError, FitOptions, Rule, fit};
use gibbs_core::random::{below, stream};

const DATA: &[u8] = include_bytes!(concat!(env!("GIBBS_FIXTURES"), "/diabetes.csv"));

pub(super) fn design() -> Result<Design, ExperimentError> {
    let failed = "reading the diabetes data";
    let options = TableOptions {
        target: Some("target".to_owned()),
        ..TableOptions::default()
    };
    let (columns, target) = options
        .read_text("fixtures/diabetes.csv", DATA)
        .and_then(Reading::split_target)
        .map_err(ExperimentError::other(failed))?;
    let names = columns.iter().map(|c| c.name.clone()).collect();
    let x = columns.into_iter().flat_map(|c| c.values).collect();
    Design::new(names, target.name, x, target.values).map_err(ExperimentError::other(failed))
}

pub(super) fn by_rule(design: &Design, rule: Rule, seed: u64) -> Result<Fit, ExperimentError> {
    let options = FitOptions {
        rule,
        seed,
        ..FitOptions::default()
    };
    fit(design, &options).map_err(ExperimentError::other(format!(
        "fitting the garrote, rule {rule}"
    )))
}

pub(super) fn lasso_failed(error: crate::baseline::BaselineError) -> ExperimentError {
    ExperimentError::other("fitting the LASSO")(error)
}

pub(super) fn cross_validated(design: &Design, seed: u64) -> Result<Validated<LassoFit>, ExperimentError> {
    let (x, y) = (&design.x, &design.y);
    let folds = Folds::shuffled(y.len(), 5, seed).map_err(lasso_failed)?;
    let grid = alpha_grid(x, y, 100, 1e-3).map_err(lasso_failed)?;
    lasso_cv(x, y, &grid, &folds, Settings::default()).map_err(lasso_failed)
}

pub(super) fn ebic(design: &Design, support: Vec<usize>) -> f64 {
    let rows: Vec<usize> = (0..design.rows()).collect();
    let rss = design.error_on(design, &rows, &refit(design, &support));
    Corner { support, rss }.criterion(design, 1.0)
}

/// The smallest EBIC of all subsets.
pub(super) fn best_subset(design: &Design) -> f64 {
    let n = design.variables();
    (0..1_usize << n)
        .map(|bits| ebic(design, (0..n).filter(|i| bits >> i & 1 == 1).collect()))
        .fold(f64::INFINITY, f64::min)
}

/// Variables in the order in which they enter the LASSO path.
pub(super) fn entry_order(design: &Design) -> Result<Vec<usize>, ExperimentError> {
    let grid = alpha_grid(&design.x, &design.y, 1000, 1e-3).map_err(lasso_failed)?;
    let settings = Settings {
        tolerance: 1e-8,
        ..Settings::default()
    };
    let path = lasso_path(&design.x, &design.y, &grid, settings).map_err(lasso_failed)?;
    let mut order = Vec::new();
    for fit in path {
        for (i, inside) in nonzero(&fit.coefficients).into_iter().enumerate() {
            if inside && !order.contains(&i) {
                order.push(i);
            }
        }
    }
    Ok(order)
}

/// Selections (garrote, LASSO) in every bootstrap replica.
pub(super) fn replicas(
    context: &Context<'_>,
    design: &Design,
    alpha: f64,
    count: u64,
) -> Result<Vec<[Vec<bool>; 2]>, ExperimentError> {
    let rows = u32::try_from(design.rows()).unwrap_or(u32::MAX);
    kept(context, "bootstrap", count as usize, |replica| {
        let mut rng = stream(context.seed, "experiment/garrote-diabetes", replica as u64);
        let drawn: Vec<usize> = (0..rows).map(|_| below(&mut rng, rows) as usize).collect();
        let failed = |error: FitError| ExperimentError::other(format!("bootstrap replica {replica}"))(error);
        let sample = design.on_rows(&drawn).map_err(failed)?;
        let chosen = fit(&sample, &FitOptions::default()).map_err(failed)?;
        let garrote = chosen.inclusion.iter().map(|m| *m > 0.5).collect();
        let baseline = lasso(&sample.x, &sample.y, alpha, Settings::default()).map_err(lasso_failed)?;
        Ok([garrote, nonzero(&baseline.coefficients)])
    })
}

/// Mean squared errors over ten outer folds: garrote, LASSO, least squares on all variables.
pub(super) fn outer_errors(context: &Context<'_>, design: &Design) -> Result<[Vec<f64>; 3], ExperimentError> {
    let folds = Folds::shuffled(design.rows(), 10, context.seed).map_err(lasso_failed)?;
    let one = |fold: usize| -> Result<[f64; 3], ExperimentError> {
        let (inside, outside): (Vec<usize>, Vec<usize>) =
            (0..design.rows()).partition(|row| folds.of_rows()[*row] == fold);
        let train = design
            .on_rows(&outside)
            .map_err(ExperimentError::other("outer fold"))?;
        let garrote = by_rule(&train, Rule::Ebic(1.0), context.seed)?;
        let lasso = cross_validated(&train, context.seed)?.fit;
        let everything: Vec<usize> = (0..train.variables()).collect();
        let effects = |w: &[f64]| w.iter().copied().enumerate().collect::<Vec<_>>();
        let garrote: Vec<f64> = garrote
            .inclusion
            .iter()
            .zip(&garrote.weight)
            .map(|(m, w)| m * w)
            .collect();
        let models = [
            effects(&garrote),
            effects(&lasso.coefficients),
            refit(&train, &everything),
        ];
        Ok(models.map(|model| train.error_on(design, &inside, &model)))
    };
    let errors = kept(context, "outer folds", folds.count(), one)?;
    Ok([0, 1, 2].map(|model| errors.iter().map(|of_fold| of_fold[model]).collect()))
}

#[cfg(test)]
mod tests {
    //! The data are compiled in: a wrong path or another file is found here.
    use super::*;

    #[test] // facts of the file, see fixtures/README.md
    fn the_built_in_data_are_the_442_patients() -> Result<(), ExperimentError> {
        let design = design()?;
        assert_eq!((design.rows(), design.variables()), (442, 10));
        assert_eq!(design.target, "target");
        assert_eq!(design.names.first().map(String::as_str), Some("age"));
        Ok(())
    }
}
