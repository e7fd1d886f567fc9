//! The cost of a path against the number of variables (protocol E: 100 rows, N columns, ten relevant).
//!
//! Two measures. Gate visits, the sum over the path of sweeps times N, are counted and reproducible; each costs
//! 2 M to 4 M multiply-adds in residual form. Seconds are clock time of one thread (median of three paths).

use super::scores::{design_of, draw_failed};
use crate::experiments::statistics::draw_number;
use crate::experiments::{About, Context, Expected, ExperimentError, Outcome, Row, Source};
use crate::garrote::synth::Protocol;
use crate::garrote::trail::{Trail, default_grid, trace_design};
use crate::garrote::{Design, FitError};
use crate::keep::{KeepError, Resumable, Shelf};
use crate::report::scaling::{self, Scaling, Series};
use gibbs_core::garrote::Options;
use std::time::Instant;

/// What is reproduced.
pub const ABOUT: About = About {
    name: "garrote-scaling",
    title: "Variational Garrote: cost of a path against the number of variables",
    paper: "Protocol of this project (E); residual form of coordinate ascent",
    claim: "The cost of a path of 50 gammas, both passes, grows about linearly with the number of \
         variables.",
};

const REPEATS: usize = 3;
const GAMMAS: usize = 50;

fn path(design: &Design) -> Result<Trail, FitError> {
    let options = Options {
        tolerance: 1e-6,
        ..Options::default()
    };
    trace_design(design, &default_grid(design, GAMMAS)?, options, false)
}

/// Of the sizes so far: median seconds of a path, and its gate visits.
#[derive(Default)]
struct Measured {
    seconds: Vec<f64>,
    visits: Vec<f64>,
}

impl Resumable for Measured {
    fn done(&self) -> u64 {
        self.seconds.len() as u64
    }

    fn put(&self, shelf: &mut Shelf<'_>) {
        shelf.bits("seconds", &self.seconds);
        shelf.bits("visits", &self.visits);
    }

    fn take(&mut self, shelf: &mut Shelf<'_>) -> Result<(), KeepError> {
        self.seconds = shelf.take_bits("seconds")?;
        self.visits = shelf.take_bits("visits")?;
        if self.visits.len() == self.seconds.len() {
            Ok(())
        } else {
            Err(shelf.damaged("its lists do not belong together"))
        }
    }
}

/// Runs the experiment.
///
/// # Errors
/// [`ExperimentError`], where a part cannot be computed.
pub fn run(context: &Context<'_>) -> Result<Outcome, ExperimentError> {
    let mut sizes = vec![100, 316, 1000, 3162, 10_000];
    if context.full {
        sizes.extend([31_623, 100_000]);
    }
    let number = draw_number(context.seed, 0);
    let mut measured = Measured::default();
    // One after the other: together they would slow each other down.
    context
        .work
        .advance("paths", sizes.len() as u64, &mut measured, |measured| {
            let columns = sizes[measured.seconds.len()];
            let what = format!("a path of {columns} variables");
            let failed = || draw_failed(&what, number);
            let design = design_of(&Protocol::E { columns }.draw(number).train).map_err(failed())?;
            let mut times = Vec::new();
            let mut sweeps = 0.0;
            for _ in 0..REPEATS {
                context.check()?;
                let begin = Instant::now();
                let trail = path(&design).map_err(failed())?;
                times.push(begin.elapsed().as_secs_f64());
                let solved = trail.forward.iter().chain(&trail.backward).flatten();
                sweeps = solved.map(|s| f64::from(s.sweeps)).sum();
            }
            times.sort_by(f64::total_cmp);
            measured.seconds.push(times[REPEATS / 2]);
            measured.visits.push(sweeps * columns as f64);
            Ok::<(), ExperimentError>(())
        })?;
    let over = |values: &[f64]| -> Vec<(f64, f64)> {
        let columns = sizes.iter().map(|columns| *columns as f64);
        columns.zip(values.iter().copied()).collect()
    };
    let (seconds, visits) = (over(&measured.seconds), over(&measured.visits));

    let mut outcome = Outcome::default();
    let range = || Expected::Within { low: 0.8, high: 1.3 };
    let source = || Source::own("target of the project");
    let slope = |points: &[(f64, f64)]| scaling::fit(points).map_or(f64::NAN, |law| law.slope);
    let quantity = "log-log slope of gate visits against N";
    outcome.row(Row::new(quantity, source(), range(), slope(&visits)));
    let quantity = "log-log slope of seconds against N";
    // a short run on a busy machine proves nothing about time
    let expected = if context.full {
        range()
    } else {
        Expected::Informative
    };
    outcome.row(Row::new(quantity, source(), expected, slope(&seconds)).on_the_clock());
    for ((columns, time), (_, visits)) in seconds.iter().zip(&visits) {
        let quantity = format!("sweeps of one path, N = {columns}");
        let row = Row::new(
            quantity,
            Source::own("one draw"),
            Expected::Informative,
            visits / columns,
        );
        outcome.row(row);
        let quantity = format!("one path, N = {columns}");
        let row = Row::new(quantity, Source::own("median of 3"), Expected::Informative, *time);
        outcome.row(row.with_unit("s").on_the_clock());
    }
    let figure = Scaling {
        title: "Time of a path of 50 gammas, both passes, 100 rows".to_owned(),
        x_label: "number of variables N".to_owned(),
        y_label: "seconds (median of 3, one thread)".to_owned(),
        series: vec![Series {
            name: "path".to_owned(),
            points: seconds,
        }],
    };
    outcome.figure(
        "time",
        figure.draw(),
        "Clock time: the one figure that another run does not repeat exactly.",
    );
    Ok(outcome)
}
