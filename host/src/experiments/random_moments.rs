//! Self-check: the random draws every other experiment rests on, against the exact law.
//!
//! Moments of n draws are compared with the closed form; the tolerance is six standard errors of the mean
//! (two-sided normal tail 2e-9 a row). The error of the mean must fall as n^(-1/2).

use crate::experiments::{About, Context, Expected, ExperimentError, Outcome, Row, Source};
use crate::report::scaling::{self, Scaling, Series};
use gibbs_core::random;

/// What is reproduced.
pub const ABOUT: About = About {
    name: "random-moments",
    title: "Self-check: random draws against the exact law",
    paper: "Closed-form moments; Box and Muller, A Note on the Generation of Random Normal Deviates, 1958",
    claim: "The moments of the random draws equal the closed form within six standard errors, and the error \
         of a mean of n draws falls as the square root of n.",
};

/// Six standard errors: a false alarm once in 5e8 rows, and the seed is fixed besides.
const STANDARD_ERRORS: f64 = 6.0;
/// Repetitions behind each point of the scaling figure.
const REPETITIONS: u32 = 400;

/// A law: name, how to draw, its exact mean and standard deviation.
struct Law {
    name: &'static str,
    draw: fn(&mut random::Xoshiro256PlusPlus) -> f64,
    mean: f64,
    deviation: f64,
}

fn laws() -> [Law; 5] {
    [
        Law {
            name: "uniform, mean",
            draw: random::uniform,
            mean: 0.5,
            deviation: (1.0_f64 / 12.0).sqrt(),
        },
        Law {
            name: "normal, mean",
            draw: random::normal,
            mean: 0.0,
            deviation: 1.0,
        },
        Law {
            name: "normal, second moment",
            draw: |rng| random::normal::<f64>(rng).powi(2),
            mean: 1.0,
            deviation: 2.0_f64.sqrt(),
        },
        Law {
            name: "normal, fourth moment",
            draw: |rng| random::normal::<f64>(rng).powi(4),
            mean: 3.0,
            deviation: 96.0_f64.sqrt(),
        },
        Law {
            name: "exponential, mean",
            draw: random::exponential,
            mean: 1.0,
            deviation: 1.0,
        },
    ]
}

/// Runs the experiment.
///
/// # Errors
/// [`ExperimentError`], where a part cannot be computed.
pub fn run(context: &Context<'_>) -> Result<Outcome, ExperimentError> {
    let count: u32 = if context.full { 10_000_000 } else { 200_000 };
    let laws = laws();
    let means = context.work.parts("moments", laws.len(), |index| {
        let mut rng = context.stream(ABOUT.name, index as u64);
        let mut sum = 0.0;
        for draw in 0..count {
            if draw % 65_536 == 0 {
                context.check()?;
            }
            sum += (laws[index].draw)(&mut rng);
        }
        Ok::<_, ExperimentError>(vec![sum / f64::from(count)])
    })?;
    let mut outcome = Outcome::default();
    for (law, mean) in laws.iter().zip(means.concat()) {
        let error = law.deviation / f64::from(count).sqrt();
        let expected = Expected::Equal {
            value: law.mean,
            tolerance: STANDARD_ERRORS * error,
        };
        let quantity = format!("{} ({count} draws)", law.name);
        outcome.row(Row::new(quantity, Source::oracle("closed form"), expected, mean).with_error(error));
    }

    let sizes = [10_u32, 30, 100, 300, 1000, 3000];
    let errors = context.work.parts("error of a mean", sizes.len(), |index| {
        let size = sizes[index];
        let mut rng = context.stream("random-moments/scaling", index as u64);
        let mut square = 0.0;
        for _ in 0..REPETITIONS {
            let mean = (0..size).map(|_| random::normal::<f64>(&mut rng)).sum::<f64>() / f64::from(size);
            square += mean * mean;
        }
        Ok::<_, ExperimentError>(vec![(square / f64::from(REPETITIONS)).sqrt()])
    })?;
    let points: Vec<(f64, f64)> = sizes.map(f64::from).into_iter().zip(errors.concat()).collect();
    let slope = scaling::fit(&points).map_or(f64::NAN, |law| law.slope);
    // Each log error has standard deviation 1/sqrt(2 R) = .035; over these six sizes the slope then has
    // .035 / sqrt(sum (ln n - mean)²) = .0075. Six of those.
    let expected = Expected::Equal {
        value: -0.5,
        tolerance: 0.045,
    };
    let source = Source::oracle("central limit theorem");
    outcome.row(Row::new(
        "log-log slope of the error of a mean against n",
        source,
        expected,
        slope,
    ));
    let figure = Scaling {
        title: "Error of the mean of n normal draws".to_owned(),
        x_label: "number of draws n".to_owned(),
        y_label: "root mean square error (standard deviations)".to_owned(),
        series: vec![Series {
            name: format!("{REPETITIONS} repetitions"),
            points,
        }],
    };
    outcome.figure(
        "error",
        figure.draw(),
        "The error of a mean falls as the square root of n.",
    );
    Ok(outcome)
}
