//! Parallel tempering of the golden Sherrington-Kirkpatrick glasses of 16 spins.

use super::sampling::{compared, estimated, grid, halted};
use crate::experiments::statistics::kept;
use crate::experiments::{About, Context, Expected, ExperimentError, Outcome, Row, Source};
use crate::ising::figures::{Exact, Measured};
use crate::ising::statistics::{Estimate, z};
use crate::ising::verify::glasses::{SPINS, exact_energy, golden, temper};
use serde::{Deserialize, Serialize};

/// What is reproduced.
pub const ABOUT: About = About {
    name: "ising-glass",
    title: "Ising: parallel tempering of three spin glasses",
    paper: "Sherrington and Kirkpatrick 1975; Hukushima and Nemoto 1996: recalled, not read. Instances of \
         this project",
    claim: "From beta = 0.25 to 2 the mean energies of ±1 glasses of 16 spins are those of enumeration, and \
         the ground states are found.",
};

/// Inverse temperatures whose energies are rows, and the largest errors that are accepted there.
const ROWS: [(f64, f64); 3] = [(0.25, 0.15), (1.0, 0.02), (2.0, 0.006)];
const BETAS: [f64; 8] = [0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0];

/// What is read of one instance.
#[derive(Serialize, Deserialize)]
struct Found {
    energies: Vec<Estimate>,
    lowest: f64,
    acceptance: Vec<f64>,
}

/// Runs the experiment.
///
/// # Errors
/// [`ExperimentError`], where a part cannot be computed.
pub fn run(context: &Context<'_>) -> Result<Outcome, ExperimentError> {
    let rounds = if context.full { 4_000_000 } else { 50_000 };
    let instances = &golden()[..3];
    let one = |index: usize| {
        let mut rng = context.stream(ABOUT.name, index as u64);
        let couplings = &instances[index].couplings;
        let name = instances[index].name;
        let found = temper(couplings, &BETAS, rounds, &mut rng, context.work.interrupted);
        let found = found.map_err(halted(name))?;
        let energies = found.energies.into_iter().map(|e| estimated(e, name));
        Ok(Found {
            energies: energies.collect::<Result<_, _>>()?,
            lowest: found.lowest,
            acceptance: found.acceptance,
        })
    };
    let found: Vec<Found> = kept(context, "glasses", instances.len(), one)?;
    let mut outcome = Outcome::default();
    let mut series = Vec::new();
    for (instance, found) in instances.iter().zip(found) {
        let exact = |beta: f64| {
            let energy = exact_energy(&instance.couplings, beta);
            energy.map_err(ExperimentError::core("enumeration"))
        };
        let energies = &found.energies;
        let mut farthest = 0.0_f64;
        for (beta, energy) in BETAS.iter().zip(energies) {
            farthest = farthest.max(z(energy, exact(*beta)?).abs());
            if let Some((_, largest_error)) = ROWS.iter().find(|(at, _)| at == beta) {
                let quantity = format!("{}: E at beta = {beta}", instance.name);
                outcome.row(compared(
                    quantity,
                    Source::oracle("enumeration"),
                    (exact(*beta)?, context.pick(1.0, 0.125) * largest_error),
                    energy,
                ));
            }
        }
        outcome.row(Row::new(
            format!("{}: largest |z| of E, eight temperatures", instance.name),
            Source::oracle("enumeration; 6e-7 of a normal deviate beyond 5"),
            Expected::AtMost(5.0),
            farthest,
        ));
        let ground = Expected::Equal {
            value: instance.ground_energy,
            tolerance: 0.0,
        };
        let quantity = format!("{}: lowest energy seen", instance.name);
        outcome.row(Row::new(
            quantity,
            Source::oracle("enumeration"),
            ground,
            found.lowest,
        ));
        let acceptance = found.acceptance.iter().copied().fold(f64::INFINITY, f64::min);
        outcome.row(Row::new(
            format!("{}: smallest acceptance of a pair", instance.name),
            Source::own("ladder of equal steps of beta"),
            Expected::Informative,
            acceptance,
        ));
        let sites = SPINS as f64;
        let curve = grid(BETAS[0], BETAS[7], 71).map(|beta| Ok((beta, exact(beta)? / sites)));
        let points = BETAS.iter().zip(energies);
        series.push(Measured {
            name: instance.name.to_owned(),
            points: points.map(|(beta, e)| (*beta, e.mean / sites)).collect(),
            errors: energies.iter().map(|e| e.error / sites).collect(),
            curve: curve.collect::<Result<_, ExperimentError>>()?,
            curve_name: format!("enumeration, {}", instance.name.trim_start_matches("SK 16, ")),
        });
    }
    let figure = Exact {
        title: "Three ±1 glasses of 16 spins".to_owned(),
        x_label: "inverse temperature beta (1/J)".to_owned(),
        y_label: "energy per spin (J)".to_owned(),
        series,
        vertical: None,
        horizontal: None,
    };
    outcome.figure(
        "energies",
        figure.draw(),
        "Points: parallel tempering; lines: sums over all 65,536 configurations.",
    );
    Ok(outcome)
}
