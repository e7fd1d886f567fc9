//! Recovery of the true variables on the synthetic protocols, beside the cross-validated LASSO and beside least
//! squares on the true variables (which nobody has).
//!
//! Expected values are targets of the project and earlier measurements on 10 other draws of the same protocols
//! (scikit-learn 1.9.1, abess 0.4.11). Two means of the same law over 10 and over n draws differ by at most
//! 3 sd sqrt(1/10 + 1/n) but for 3 in 1000; sd is that of the n draws.

use super::scores::{Linear, Score, design_of, draw_failed};
use crate::baseline::cv::{Folds, lasso_cv};
use crate::baseline::lasso::{Settings, alpha_grid};
use crate::experiments::statistics::{kept_draws, mean_error};
use crate::experiments::{About, Context, Expected, ExperimentError, Outcome, Row, Source};
use crate::garrote::least_squares::refit;
use crate::garrote::synth::{Draw, Protocol};
use crate::garrote::{FitError, FitOptions, Rule, fit};
use crate::report::comparison::{Comparison, Method};

/// What is reproduced.
pub const ABOUT: About = About {
    name: "garrote-recovery",
    title: "Variational Garrote: recovery of the true variables",
    paper: "Protocols: A of arXiv 2509.06383; B the defaults of the code of H. J. Kappen and V. Gomez \
         (Mach. Learn. 96:269, 2014); B-large, C and C-hard ours",
    claim: "With independent columns the garrote with EBIC finds the true variables as well as the best \
         subset does (F1 at least .985 on B, .987 on B-large, .91 on A with 5 of 256), and at F1 .60 with \
         correlated columns (C, rule ebic:0.5), where the cross-validated LASSO stays between .2 and .5.",
};

/// Draws behind the earlier measurements.
const EARLIER: f64 = 10.0;

/// A protocol with what is expected of it.
struct Case {
    protocol: Protocol,
    rule: Rule,
    /// Smallest accepted mean F1; `None` where nothing is claimed.
    target: Option<f64>,
    /// Earlier measurements: abess with EBIC, scikit-learn's `LassoCV`.
    abess: Earlier,
    lasso: Earlier,
}

/// Means over 10 other draws.
struct Earlier {
    f1: f64,
    exact: f64,
    error: f64,
}

fn earlier(f1: f64, exact: f64, error: f64) -> Earlier {
    Earlier { f1, exact, error }
}

fn cases() -> [Case; 5] {
    let case = |protocol, rule, target, abess, lasso| Case {
        protocol,
        rule,
        target,
        abess,
        lasso,
    };
    let (ebic, weak) = (Rule::Ebic(1.0), Rule::Ebic(0.5));
    [
        case(
            Protocol::B,
            ebic,
            Some(0.985),
            earlier(1.0, 1.0, 0.420),
            earlier(0.480, 0.0, 0.487),
        ),
        case(
            Protocol::BLarge,
            ebic,
            Some(0.987),
            earlier(0.987, 0.9, 0.323),
            earlier(0.266, 0.0, 0.521),
        ),
        case(
            Protocol::A { relevant: 5 },
            ebic,
            Some(0.91),
            earlier(0.935, 0.4, 0.513),
            earlier(0.396, 0.0, 0.535),
        ),
        case(
            Protocol::C,
            weak,
            Some(0.60),
            earlier(0.329, 0.0, 0.919),
            earlier(0.332, 0.0, 0.726),
        ),
        case(
            Protocol::CHard,
            weak,
            None,
            earlier(0.185, 0.0, 0.946),
            earlier(0.196, 0.0, 0.948),
        ),
    ]
}

/// One draw: garrote, LASSO, least squares on the true variables.
type Scores = [Score; 3];

fn work(draw: &Draw, number: u64, rule: Rule) -> Result<Scores, ExperimentError> {
    let (x, y) = (&draw.train.x, &draw.train.y);
    let garrote = || -> Result<[Score; 2], FitError> {
        let design = design_of(&draw.train)?;
        let options = FitOptions {
            rule,
            ..FitOptions::default()
        };
        let truth: Vec<usize> = (0..draw.weights.len())
            .filter(|i| draw.weights[*i] != 0.0)
            .collect();
        let known = Linear::of_effects(&design, &refit(&design, &truth), &truth);
        let found = Linear::of_fit(&design, &fit(&design, &options)?);
        Ok([found.score(draw), known.score(draw)])
    };
    let lasso = || -> Result<Score, crate::baseline::BaselineError> {
        let folds = Folds::shuffled(y.len(), 5, number)?;
        let chosen = lasso_cv(x, y, &alpha_grid(x, y, 100, 1e-3)?, &folds, Settings::default())?;
        Ok(Linear::of_weights(&chosen.fit.coefficients, chosen.fit.intercept).score(draw))
    };
    let [found, known] = garrote().map_err(draw_failed("fitting the garrote", number))?;
    let lasso = lasso().map_err(draw_failed("fitting the LASSO", number))?;
    Ok([found, lasso, known])
}

/// Largest standard deviations over draws that count as measured, of F1 and of the error on unseen rows: 1.4 times the
/// largest that were seen.
const SPREAD: [f64; 2] = [0.2, 0.16];

/// Mean over so many draws, and its standard error.
struct Mean {
    value: f64,
    error: f64,
    count: f64,
}

impl Mean {
    /// Three standard errors of the difference between this mean and that of [`EARLIER`] other draws, when one draw
    /// has a standard deviation of `error` times the root of the number of draws here.
    fn agreement(&self, error: f64) -> f64 {
        3.0 * error * self.count.sqrt() * (1.0 / EARLIER + 1.0 / self.count).sqrt()
    }

    /// The mean of the other draws, with an error that is bounded: one draw varies by at most `spread`.
    fn expected(&self, before: f64, spread: f64) -> Expected {
        Expected::Sampled {
            exact: before,
            sigmas: self.agreement(1.0),
            largest_error: spread / self.count.sqrt(),
        }
    }
}

fn mean_of(scores: &[Scores], method: usize, pick: fn(&Score) -> f64) -> Mean {
    let values: Vec<f64> = scores.iter().map(|s| pick(&s[method])).collect();
    let (value, error) = mean_error(&values);
    let count = values.len() as f64;
    Mean { value, error, count }
}

fn f1(score: &Score) -> f64 {
    score.f1
}

fn exact(score: &Score) -> f64 {
    score.exact
}

fn error(score: &Score) -> f64 {
    score.error
}

fn report(case: &Case, scores: &[Scores], outcome: &mut Outcome) {
    let rule = case.rule;
    let mut add = |text: String, source: String, expected: Expected, mean: &Mean| {
        let quantity = format!("{}: {text}", case.protocol);
        outcome.row(Row::new(quantity, Source::own(source), expected, mean.value).with_error(mean.error));
    };
    let ours = mean_of(scores, 0, f1);
    let expected = case.target.map_or(Expected::Informative, Expected::AtLeast);
    let source = match case.target {
        Some(_) => format!(
            "target of the project; abess-EBIC {} on 10 other draws",
            case.abess.f1
        ),
        None => format!("abess-EBIC {} on 10 other draws", case.abess.f1),
    };
    add(format!("F1, VG {rule}"), source, expected, &ours);
    let source = format!("abess-EBIC {} on 10 other draws", case.abess.exact);
    let text = format!("draws with exactly the true variables, VG {rule}");
    add(text, source, Expected::Informative, &mean_of(scores, 0, exact));
    let text = format!("variables selected, VG {rule}");
    add(
        text,
        "same draws".to_owned(),
        Expected::Informative,
        &mean_of(scores, 0, |s| s.selected),
    );
    let (ours, known) = (mean_of(scores, 0, error), mean_of(scores, 2, error));
    let source = format!(
        "abess-EBIC {} on 10 other draws; at most 3 standard errors above",
        case.abess.error
    );
    // the spread of the draws themselves, within reason: our own would excuse our failures
    let [_, largest] = SPREAD.map(|spread| spread / known.count.sqrt());
    let allowed = known.agreement(if known.error < largest {
        known.error
    } else {
        largest
    });
    let expected = match case.target {
        Some(_) => Expected::AtMost(case.abess.error + allowed),
        None => Expected::Informative,
    };
    add(format!("E_gen, VG {rule}"), source, expected, &ours);
    let text = "E_gen, least squares on the true variables".to_owned();
    add(
        text,
        "lower bound, same draws".to_owned(),
        Expected::Informative,
        &known,
    );
    for (name, pick, before, spread) in [
        ("F1", f1 as fn(&Score) -> f64, case.lasso.f1, SPREAD[0]),
        ("E_gen", error, case.lasso.error, SPREAD[1]),
    ] {
        let lasso = mean_of(scores, 1, pick);
        let expected = lasso.expected(before, spread);
        let source = "scikit-learn LassoCV on 10 other draws; tolerance 3 standard errors".to_owned();
        add(format!("{name}, LASSO cross-validated"), source, expected, &lasso);
    }
}

fn figure(
    title: &str,
    label: &str,
    cases: &[Case],
    all: &[Vec<Scores>],
    pick: fn(&Score) -> f64,
) -> Comparison {
    let method = |name: &str, index: usize| {
        let means: Vec<Mean> = all.iter().map(|scores| mean_of(scores, index, pick)).collect();
        Method {
            name: name.to_owned(),
            values: means.iter().map(|m| m.value).collect(),
            arms: means.iter().map(|m| (m.error, m.error)).collect(),
        }
    };
    Comparison {
        title: title.to_owned(),
        value_label: label.to_owned(),
        rows: cases
            .iter()
            .map(|case| format!("{} ({})", case.protocol, case.rule))
            .collect(),
        methods: vec![
            method("VG", 0),
            method("LASSO-CV", 1),
            method("true variables", 2),
        ],
        ends: None,
    }
}

/// Runs the experiment.
///
/// # Errors
/// [`ExperimentError`], where a part cannot be computed.
pub fn run(context: &Context<'_>) -> Result<Outcome, ExperimentError> {
    let count: u64 = if context.full { 100 } else { 20 };
    let cases = cases();
    let mut outcome = Outcome::default();
    let mut all = Vec::new();
    for case in &cases {
        let task = case.protocol.to_string();
        let scores = kept_draws(context, &task, count, |number| {
            work(&case.protocol.draw(number), number, case.rule)
        })?;
        report(case, &scores, &mut outcome);
        all.push(scores);
    }
    let title = format!("Recovery of the true variables, mean of {count} draws");
    let f1 = figure(
        &title,
        "F1 of the selection (1 = exactly the true variables)",
        &cases,
        &all,
        f1,
    );
    let f1 = Comparison {
        methods: f1.methods.into_iter().take(2).collect(), // the true variables are at 1
        ends: Some((0.0, 1.03)),
        ..f1
    };
    outcome.figure(
        "f1",
        f1.draw(),
        "Means with standard errors. In brackets the garrote's selection rule.",
    );
    let title = format!("Error on unseen rows, mean of {count} draws");
    let errors = figure(
        &title,
        "generalisation error E_gen (relative)",
        &cases,
        &all,
        error,
    );
    let caption = "Least squares on the true variables is the best that a perfect selection could reach.";
    outcome.figure("error", errors.draw(), caption);
    outcome.note(format!(
        "Draws 0 to {} of each protocol, not chosen. LASSO: 100 penalties, 5 shuffled folds, selected if not zero.",
        count - 1
    ));
    Ok(outcome)
}
