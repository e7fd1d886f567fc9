//! The diabetes data of Efron et al.: which of ten baseline variables tell the progression of the disease.
//!
//! With ten variables all 1024 subsets can be tried: the selection by EBIC is held to the best of them. How
//! stable a selection is, the bootstrap says (442 patients drawn with replacement, stream
//! `experiment/garrote-diabetes`): the garrote chooses by EBIC in every replica; the LASSO keeps the penalty that
//! five-fold cross-validation chose on all patients, since a replica's repeated patients would sit in several
//! folds at once and make cross-validation too hopeful.

mod study;

use self::study::{best_subset, by_rule, cross_validated, design, ebic, entry_order, outer_errors, replicas};
use crate::experiments::statistics::mean_error;
use crate::experiments::{About, Context, Expected, ExperimentError, Outcome, Row, Source};
use crate::garrote::figures::fit_error::{ErrorCurve, FitErrors};
use crate::garrote::figures::importance::{self, Importance};
use crate::garrote::{Design, Fit, Rule};
use crate::report::comparison::{Comparison, Method};

/// What is reproduced.
pub const ABOUT: About = About {
    name: "garrote-diabetes",
    title: "Variational Garrote: the diabetes data",
    paper: "B. Efron, T. Hastie, I. Johnstone, R. Tibshirani, Least Angle Regression, Ann. Stat. 32:407 \
         (2004); data as distributed by scikit-learn, order of the variables recalled",
    claim: "Of ten baseline variables body mass index, s5 (log triglycerides) and blood pressure lead; the \
         garrote finds the best subset by EBIC and selects the leading variables in nearly every bootstrap \
         replica.",
};

/// The order in which least angle regression takes the first variables up, as recalled.
const FIRST: [&str; 4] = ["bmi", "s5", "bp", "s3"];

fn names(design: &Design, support: &[usize]) -> String {
    let names: Vec<&str> = support
        .iter()
        .filter_map(|i| design.names.get(*i))
        .map(String::as_str)
        .collect();
    names.join(", ")
}

fn figures(
    design: &Design,
    chosen: &Fit,
    validated: &Fit,
    frequencies: &[Vec<f64>; 2],
    count: u64,
    outcome: &mut Outcome,
) {
    let mut order: Vec<usize> = (0..design.variables()).collect();
    order.sort_by(|a, b| frequencies[0][*b].total_cmp(&frequencies[0][*a]).then(a.cmp(b)));
    let method = |name: &str, values: &[f64]| Method {
        name: name.to_owned(),
        values: order.iter().map(|i| values[*i]).collect(),
        arms: Vec::new(),
    };
    let comparison = Comparison {
        title: format!("Diabetes: how often a variable is selected in {count} bootstrap replicas"),
        value_label: "share of replicas that select the variable".to_owned(),
        rows: order.iter().map(|i| design.names[*i].clone()).collect(),
        methods: vec![
            method("VG, EBIC", &frequencies[0]),
            method("LASSO, fixed penalty", &frequencies[1]),
        ],
        ends: Some((-0.03, 1.03)),
    };
    let caption =
        "The garrote keeps few variables nearly always and the others rarely; the LASSO keeps almost all.";
    outcome.figure("bootstrap", comparison.draw(), caption);

    let sd = design.variance.sqrt();
    let variables: Vec<Importance> = (0..design.variables())
        .map(|i| Importance {
            name: design.names[i].clone(),
            inclusion: chosen.inclusion[i],
            effect: (chosen.inclusion[i] * chosen.weight[i]).abs() / sd,
        })
        .collect();
    let figure = importance::draw(
        "Diabetes: importance of the ten variables (rule ebic)",
        &variables,
    );
    outcome.figure(
        "importance",
        figure,
        "s1 to s6 are blood serum measurements; s5 is the logarithm of triglycerides.",
    );

    if let Some(curve) = &validated.errors {
        let one = |name: &str, error: &[f64], spread: &[f64]| ErrorCurve {
            name: name.to_owned(),
            error: error.to_vec(),
            spread: spread.to_vec(),
        };
        let errors = FitErrors {
            title: "Diabetes: training and validation error along the path".to_owned(),
            error_label: "mean squared error (progression²)".to_owned(),
            gamma: validated.trail.grid[..curve.validation.len()].to_vec(),
            curves: vec![
                one("training", &curve.train, &[]),
                one("left out (5 folds)", &curve.validation, &curve.spread),
            ],
            chosen: validated.index.and_then(|k| validated.trail.grid.get(k)).copied(),
        };
        outcome.figure(
            "errors",
            errors.draw(),
            "Each step is another set of variables; on a step the prior changes nothing.",
        );
    }
}

/// Runs the experiment.
///
/// # Errors
/// [`ExperimentError`], where a part cannot be computed.
pub fn run(context: &Context<'_>) -> Result<Outcome, ExperimentError> {
    let count: u64 = if context.full { 2000 } else { 200 };
    let design = design()?;
    let mut outcome = Outcome::default();
    let recalled =
        || Source::own("recalled: Efron et al. 2004, least angle regression takes up bmi, s5, bp, s3 first");

    let chosen = by_rule(&design, Rule::Ebic(1.0), context.seed)?;
    let support = chosen.support();
    let leading = FIRST[..3]
        .iter()
        .filter(|name| support.iter().any(|i| design.names[*i] == **name));
    let quantity = "of bmi, s5, bp selected by rule ebic";
    outcome.row(Row::new(
        quantity,
        recalled(),
        Expected::AtLeast(3.0),
        leading.count() as f64,
    ));
    let excess = ebic(&design, support.clone()) - best_subset(&design);
    let source = Source::oracle("enumeration of all 1024 subsets; tolerance: rounding");
    let expected = Expected::Equal {
        value: 0.0,
        tolerance: 1e-8,
    };
    outcome.row(Row::new(
        "EBIC of the selection above the smallest",
        source,
        expected,
        excess,
    ));
    let order = entry_order(&design)?;
    let agree = FIRST
        .iter()
        .zip(&order)
        .filter(|(name, i)| design.names[**i] == **name)
        .count();
    let quantity = "of the first four variables on the LASSO path, in the known order";
    outcome.row(Row::new(
        quantity,
        recalled(),
        Expected::AtLeast(4.0),
        agree as f64,
    ));

    let validated = by_rule(&design, Rule::Cv, context.seed)?;
    let bic = by_rule(&design, Rule::Ebic(0.0), context.seed)?;
    let lasso = cross_validated(&design, context.seed)?;
    let kept: Vec<usize> = (0..design.variables())
        .filter(|i| lasso.fit.coefficients[*i] != 0.0)
        .collect();
    for (name, support) in [
        ("VG, ebic", &support),
        ("VG, bic", &bic.support()),
        ("VG, cv", &validated.support()),
        ("LASSO, cross-validated", &kept),
    ] {
        let quantity = format!("variables selected, {name}: {}", names(&design, support));
        outcome.row(Row::new(
            quantity,
            Source::own("442 patients"),
            Expected::Informative,
            support.len() as f64,
        ));
    }
    let mut gains = chosen.gains.clone();
    gains.sort_by(|a, b| b.1.total_cmp(&a.1));
    for (i, gain) in gains {
        let quantity = format!("Delta F without {}", design.names[i]);
        let row = Row::new(
            quantity,
            Source::own("re-converged, rule ebic"),
            Expected::Informative,
            gain,
        );
        outcome.row(row.with_unit("nats"));
    }

    let selections = replicas(context, &design, lasso.fit.alpha, count)?;
    let frequencies = [0, 1].map(|method: usize| {
        let of = |i: usize| {
            let votes = selections.iter().filter(|s| s[method][i]).count();
            votes as f64 / selections.len() as f64
        };
        (0..design.variables()).map(of).collect::<Vec<f64>>()
    });
    let mut ranked: Vec<usize> = (0..design.variables()).collect();
    ranked.sort_by(|a, b| frequencies[0][*b].total_cmp(&frequencies[0][*a]).then(a.cmp(b)));
    let top = ranked
        .iter()
        .take(3)
        .filter(|i| FIRST[..3].contains(&design.names[**i].as_str()));
    let quantity = format!("of bmi, s5, bp among the three most often selected, VG, {count} replicas");
    outcome.row(Row::new(
        quantity,
        recalled(),
        Expected::AtLeast(3.0),
        top.count() as f64,
    ));
    for i in &ranked {
        let [garrote, lasso] = [frequencies[0][*i], frequencies[1][*i]];
        let deviation = (garrote * (1.0 - garrote) / count as f64).sqrt();
        let quantity = format!("selected by VG: {} (by the LASSO {lasso:.3})", design.names[*i]);
        let source = Source::own(format!("share of {count} bootstrap replicas"));
        outcome.row(Row::new(quantity, source, Expected::Informative, garrote).with_error(deviation));
    }

    let errors = outer_errors(context, &design)?;
    for (name, errors) in ["VG, ebic", "LASSO, cross-validated", "least squares"]
        .into_iter()
        .zip(&errors)
    {
        let (value, error) = mean_error(errors);
        let quantity = format!("root mean square error on patients left out, {name}");
        let source = Source::own("10 outer folds");
        let row = Row::new(quantity, source, Expected::Informative, value.sqrt());
        outcome.row(
            row.with_error(0.5 * error / value.sqrt())
                .with_unit("progression"),
        );
    }
    figures(&design, &chosen, &validated, &frequencies, count, &mut outcome);
    outcome.note(
        "Bootstrap: the garrote chooses by EBIC in every replica; the LASSO keeps the penalty chosen by five folds \
         on all patients. s1 to s4 are nearly collinear (s4 is about s1/s3): replicas exchange s1, s2, s3, s4.",
    );
    Ok(outcome)
}
