//! Coarsening after a quench from infinite temperature to T = 1.5: qualitative.

use super::sampling::lazy;
use crate::experiments::statistics::kept;
use crate::experiments::{About, Context, Expected, ExperimentError, Outcome, Row, Source};
use crate::ising::oracle::onsager;
use crate::ising::series::{Sampler as _, Vectors};
use crate::report::scaling::{self, Scaling, Series};
use gibbs_core::ising::lattice::Uniform;
use gibbs_core::random;

/// What is reproduced.
pub const ABOUT: About = About {
    name: "ising-coarsening",
    title: "Ising: domains grow after a quench to T = 1.5",
    paper: "Lifshitz 1962; Allen and Cahn 1979: recalled from the literature, not read",
    claim: "Domains grow about as the square root of time: the energy of their walls falls as t^(-1/2), and \
         <m²> of a large lattice grows about as t. Qualitative.",
};

const TEMPERATURE: f64 = 1.5;

/// Runs the experiment.
///
/// # Errors
/// [`ExperimentError`], where a part cannot be computed.
pub fn run(context: &Context<'_>) -> Result<Outcome, ExperimentError> {
    let (side, starts, octaves) = if context.full {
        (2048, 16, 14)
    } else {
        (512, 6, 11)
    };
    let failed = || ExperimentError::core("a quench");
    let rest = onsager::energy(1.0 / TEMPERATURE).map_err(failed())?;
    let times: Vec<u32> = (0..octaves).map(|k| 1 << k).collect();
    let one = |start: usize| -> Result<Vec<[f64; 2]>, ExperimentError> {
        let mut rng = random::stream(context.seed, "experiment/ising-coarsening", start as u64);
        let update = lazy(TEMPERATURE)?;
        let mut lattice =
            Vectors::new(side, update, Uniform::Ferromagnet, false, &mut rng).map_err(failed())?;
        let mut now = 0;
        let mut seen = Vec::new();
        for time in &times {
            for _ in now..*time {
                context.check()?;
                lattice.sweep().map_err(failed())?;
            }
            now = *time;
            seen.push(lattice.observe().map_err(failed())?);
        }
        Ok(seen)
    };
    let (mut walls, mut orders) = (vec![0.0; times.len()], vec![0.0; times.len()]);
    for seen in kept(context, "quenches", starts, one)? {
        for ([energy, m], (wall, order)) in seen.into_iter().zip(walls.iter_mut().zip(&mut orders)) {
            *wall += (energy - rest) / starts as f64;
            *order += m * m / starts as f64;
        }
    }
    let series = |name: &str, values: &[f64]| Series {
        name: name.to_owned(),
        points: times
            .iter()
            .map(|t| f64::from(*t))
            .zip(values.iter().copied())
            .collect(),
    };
    let all = [
        series("energy above rest, per spin (J)", &walls),
        series("<m²>", &orders),
    ];
    let mut outcome = Outcome::default();
    let later = |one: &Series| {
        let points: Vec<_> = one.points.iter().copied().filter(|(t, _)| *t >= 16.0).collect();
        scaling::fit(&points).map_or(f64::NAN, |law| law.slope)
    };
    for (one, target) in all.iter().zip(["-1/2", "1"]) {
        let quantity = format!("log-log slope against time, from 16 sweeps on: {}", one.name);
        let source = Source::own(format!("recalled: {target} of an infinite lattice; qualitative"));
        outcome.row(Row::new(quantity, source, Expected::Informative, later(one)));
    }
    let falls = walls.windows(2).all(|pair| pair[1] < pair[0]);
    outcome.row(Row::new(
        "energy of the walls falls from each time to the next (1: yes)",
        Source::own("qualitative"),
        Expected::AtLeast(1.0),
        f64::from(u8::from(falls)),
    ));
    let figure = Scaling {
        title: format!("Quench to T = 1.5, {side} x {side}, {starts} starts"),
        x_label: "time t (sweeps)".to_owned(),
        y_label: "mean over starts".to_owned(),
        series: all.into(),
    };
    outcome.figure(
        "quench",
        figure.draw(),
        "Slopes in the legend are over all times; rows leave out the first.",
    );
    Ok(outcome)
}
