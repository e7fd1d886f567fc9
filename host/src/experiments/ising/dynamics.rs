//! How the autocorrelation time at T_c grows with the lattice: Wolff and Metropolis (R3 of the specification).

use super::sampling::{estimated, lazy, sampled, vectors};
use crate::experiments::{About, Context, Expected, ExperimentError, Outcome, Row, Source};
use crate::ising::oracle::onsager::{CRITICAL_BETA, CRITICAL_TEMPERATURE};
use crate::ising::series::{Plan, Sampler, observables};
use crate::ising::statistics::Estimate;
use crate::report::scaling::{self, Scaling, Series};
use gibbs_core::ising::model::Wrap;
use gibbs_core::ising::{Torus, Wolff};
use gibbs_core::random::{self, Xoshiro256PlusPlus};
use rayon::prelude::*;

/// What is reproduced.
pub const ABOUT: About = About {
    name: "ising-dynamics",
    title: "Ising: dynamic exponents of Wolff and Metropolis at T_c",
    paper: "Wolff, Phys. Rev. Lett. 62, 361 (1989); exponents recalled from the literature, not read",
    claim: "The autocorrelation time grows as L^z: z of the energy is about 0.55 in Wolff's cluster flips \
         (0.25 to 0.35 in units of work), z of |m| about 2.17 in Metropolis sweeps.",
};

struct Clusters<'a> {
    model: &'a Torus<f64>,
    wolff: Wolff<'a, Torus<f64>>,
    rng: Xoshiro256PlusPlus,
    flipped: u64,
    moves: u64,
}

impl Sampler for Clusters<'_> {
    fn sweep(&mut self) -> Result<(), gibbs_core::Error> {
        self.flipped += self.wolff.step(&mut self.rng).size as u64;
        self.moves += 1;
        Ok(())
    }

    fn observe(&mut self) -> Result<[f64; 2], gibbs_core::Error> {
        observables(self.model, self.wolff.spins())
    }
}

/// Autocorrelation time of the energy in cluster flips, and the mean share of the sites that a cluster flips.
fn wolff(context: &Context<'_>, side: usize) -> Result<(f64, f64), ExperimentError> {
    let failed = ExperimentError::core("Wolff");
    let model = Torus::new(side, side, 1.0, 0.0, Wrap::Simple).map_err(failed)?;
    let (mut spins, mut members) = (vec![1; side * side], vec![0; side * side]);
    let failed = ExperimentError::core("Wolff");
    let mut sampler = Clusters {
        model: &model,
        wolff: Wolff::new(&model, CRITICAL_BETA, &mut spins, &mut members).map_err(failed)?,
        rng: random::stream(context.seed, "experiment/ising-dynamics/wolff", side as u64),
        flipped: 0,
        moves: 0,
    };
    let plan = Plan {
        burn_in: 300,
        samples: (if context.full { 100_000_000 } else { 2_500_000 }) / side.pow(2).max(400) * 8,
        every: 1,
    };
    let series = sampled(context, &mut sampler, plan)?;
    let sites = (side * side) as f64;
    let share = sampler.flipped as f64 / sampler.moves as f64 / sites;
    context.progress.advance(1);
    Ok((estimated(series.energy(), "Wolff, energy")?.tau, share))
}

/// |m| of Metropolis sweeps; its tau in sweeps.
fn metropolis(context: &Context<'_>, side: usize) -> Result<f64, ExperimentError> {
    let every = (side as u64 / 8).pow(2); // about a quarter of tau
    let plan = Plan {
        burn_in: 20 * (side * side) as u64,
        samples: if context.full { 400_000 } else { 20_000 },
        every,
    };
    let name = ("ising-dynamics/metropolis", side as u64);
    let series = vectors(context, name, side, lazy(CRITICAL_TEMPERATURE)?, true, plan)?;
    context.progress.advance(1);
    let Estimate { tau, .. } = estimated(series.abs(), "Metropolis, |m|")?;
    Ok(tau * every as f64)
}

/// Runs the experiment.
///
/// # Errors
/// [`ExperimentError`], where a part cannot be computed.
pub fn run(context: &Context<'_>) -> Result<Outcome, ExperimentError> {
    let slow: &[usize] = if context.full {
        &[16, 32, 64, 128]
    } else {
        &[16, 32, 64]
    };
    let fast: &[usize] = if context.full {
        &[8, 16, 32, 64, 128]
    } else {
        &[8, 16, 32, 64]
    };
    context
        .progress
        .begin(ABOUT.title, (slow.len() + fast.len()) as u64);
    let clusters = fast
        .par_iter()
        .rev()
        .map(|side| Ok((*side, wolff(context, *side)?)));
    let clusters: Vec<(usize, (f64, f64))> = clusters.collect::<Result<_, ExperimentError>>()?;
    let sweeps = slow
        .par_iter()
        .rev()
        .map(|side| Ok((*side, metropolis(context, *side)?)));
    let sweeps: Vec<(usize, f64)> = sweeps.collect::<Result<_, ExperimentError>>()?;

    let series = |name: &str, points: Vec<(f64, f64)>| Series {
        name: name.to_owned(),
        points,
    };
    let all = [
        series(
            "Wolff, energy, cluster flips",
            clusters.iter().map(|(l, (tau, _))| (*l as f64, *tau)).collect(),
        ),
        series(
            "Wolff, energy, work (flips/N)",
            clusters
                .iter()
                .map(|(l, (tau, share))| (*l as f64, tau * share))
                .collect(),
        ),
        series(
            "Metropolis, |m|, sweeps",
            sweeps.iter().map(|(l, tau)| (*l as f64, *tau)).collect(),
        ),
    ];
    let mut outcome = Outcome::default();
    let loose = if context.full { 1.0 } else { 2.5 }; // short runs, and corrections of small lattices
    for (one, value, tolerance, source) in [
        (
            &all[0],
            0.55,
            0.1,
            "earlier measurement of the project, L = 8 to 64",
        ),
        (
            &all[1],
            0.30,
            0.1,
            "earlier measurement of the project: 0.25 to 0.35",
        ),
        (
            &all[2],
            2.17,
            0.1 * loose,
            "recalled from the literature, not read; tolerance ours",
        ),
    ] {
        let slope = scaling::fit(&one.points).map_or(f64::NAN, |law| law.slope);
        let expected = Expected::Equal { value, tolerance };
        let quantity = format!("z, log-log slope of tau: {}", one.name);
        outcome.row(Row::new(quantity, Source::own(source), expected, slope));
    }
    for one in &all {
        for (side, tau) in one.points.iter().rev() {
            let quantity = format!("tau, L = {side}: {}", one.name);
            let source = Source::own("integrated autocorrelation time, automatic window");
            outcome.row(Row::new(quantity, source, Expected::Informative, *tau));
        }
    }
    let figure = Scaling {
        title: "Autocorrelation times at the critical point".to_owned(),
        x_label: "side L".to_owned(),
        y_label: "integrated autocorrelation time tau".to_owned(),
        series: all.into(),
    };
    outcome.figure(
        "exponents",
        figure.draw(),
        "Clusters nearly remove critical slowing down.",
    );
    Ok(outcome)
}
