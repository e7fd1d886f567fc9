//! How the autocorrelation time at T_c grows with the lattice: Wolff and Metropolis.

use super::sampling::{estimated, lazy, sampled, vectors};
use crate::experiments::{About, Context, Expected, ExperimentError, Outcome, Row, Source};
use crate::experiments::{Study, study::scaling_of};
use crate::ising::oracle::onsager::{CRITICAL_BETA, CRITICAL_TEMPERATURE};
use crate::ising::series::{Clusters, Plan};
use gibbs_core::ising::{Torus, model::Wrap};
use rand_core::Rng;

/// What is reproduced.
pub const ABOUT: About = About {
    name: "ising-dynamics",
    title: "Ising: dynamic exponents of Wolff and Metropolis at T_c",
    paper: "Wolff, Phys. Rev. Lett. 62, 361 (1989); exponents recalled from the literature, not read",
    claim: "The autocorrelation time grows as L^z: z of the energy is about 0.55 in Wolff's cluster flips \
         (0.25 to 0.35 in units of work), z of |m| about 2.17 in Metropolis sweeps.",
};

/// tau of the energy in cluster flips, and in work: times the mean share of the sites that a cluster flips.
fn wolff(context: &Context<'_>, side: usize, rng: impl Rng) -> Result<[f64; 2], ExperimentError> {
    let refused = |error| ExperimentError::core("Wolff")(error);
    let model = Torus::new(side, side, 1.0, 0.0, Wrap::Simple).map_err(refused)?;
    let (mut spins, mut members) = (vec![1; side * side], vec![0; side * side]);
    let clusters = Clusters::new(&model, CRITICAL_BETA, (&mut spins, &mut members), rng);
    let mut clusters = clusters.map_err(refused)?;
    let samples = context.pick(2_500_000, 100_000_000) / side.pow(2).max(400) * 8;
    let series = sampled(context, &mut clusters, Plan::new(300, samples, 1))?;
    let tau = estimated(series.energy(), "Wolff, energy")?.tau;
    Ok([tau, tau * clusters.share()])
}

/// tau of |m| in Metropolis sweeps.
fn metropolis(context: &Context<'_>, side: usize, rng: impl Rng) -> Result<[f64; 1], ExperimentError> {
    let every = (side as u64 / 8).pow(2); // about a quarter of tau
    let plan = Plan::new(20 * (side * side) as u64, context.pick(20_000, 400_000), every);
    let series = vectors(context, rng, side, lazy(CRITICAL_TEMPERATURE)?, true, plan)?;
    Ok([estimated(series.abs(), "Metropolis, |m|")?.tau * every as f64])
}

/// Runs the experiment.
///
/// # Errors
/// [`ExperimentError`], where a part cannot be computed.
pub fn run(context: &Context<'_>) -> Result<Outcome, ExperimentError> {
    let sides: &[usize] = context.pick(&[64, 32, 16, 8], &[128, 64, 32, 16, 8]);
    let fast = Study::new("ising-dynamics/wolff", "L", sides, 1);
    let fast = fast.run(context, |side, rng| wolff(context, side, rng))?;
    let slow = Study::new("ising-dynamics/metropolis", "L", &sides[..sides.len() - 1], 1);
    let slow = slow.run(context, |side, rng| metropolis(context, side, rng))?;
    let flips = fast.column(0, "Wolff, energy, cluster flips");
    let work = fast.column(1, "Wolff, energy, work (flips/N)");
    let sweeps = slow.column(0, "Metropolis, |m|, sweeps");
    let before = "earlier measurement of the project";
    let recalled = "recalled from the literature, not read; tolerance ours".to_owned();
    let loose = context.pick(0.25, 0.1); // short runs, and corrections of small lattices
    let mut outcome = Outcome::default();
    for (column, z, tolerance, source) in [
        (&flips, 0.55, 0.1, format!("{before}, L = 8 to 64")),
        (&work, 0.30, 0.1, format!("{before}: 0.25 to 0.35")),
        (&sweeps, 2.17, loose, recalled),
    ] {
        let quantity = format!("z, log-log slope of tau: {}", column.name);
        let expected = Expected::equal(z, tolerance);
        outcome.row(Row::new(quantity, Source::own(source), expected, column.slope()));
    }
    let columns = [flips, work, sweeps];
    let source = Source::own("integrated autocorrelation time, automatic window");
    for column in &columns {
        outcome.rows.extend(column.rows("tau", &source));
    }
    let title = "Autocorrelation times at the critical point";
    let labels = ["side L", "integrated autocorrelation time tau"];
    let caption = "Clusters nearly remove critical slowing down.";
    outcome.figure("exponents", scaling_of(title, labels, &columns), caption);
    Ok(outcome)
}
