//! The law of the effective temperature: a sampler of few random bits is exact, elsewhere.

use super::sampling::{compared, estimated, fixed, grid, vectors};
use crate::experiments::statistics::kept;
use crate::experiments::{About, Context, Expected, ExperimentError, Outcome, Row, Source};
use crate::ising::figures::{Exact, Measured};
use crate::ising::oracle::kaufman;
use crate::ising::oracle::onsager::CRITICAL_TEMPERATURE;
use crate::ising::series::Plan;
use crate::ising::statistics::{Estimate, z};
use gibbs_core::ising::lattice::Update as _;

/// What is reproduced.
pub const ABOUT: About = About {
    name: "ising-temperature",
    title: "Ising: few random bits are exact at another temperature",
    paper: "Derived: T_eff = -4/ln(P/2^k) when the acceptance of a cost of 4 is rounded to P/2^k and that \
         of 8 is its square; Kaufman, Phys. Rev. 76, 1232 (1949)",
    claim: "With k bits, run at T_c, the mean energy is Kaufman's at T_eff; at 8 bits it is seen not to be \
         that of T_c.",
};

const SIDE: usize = 32;
/// 6, 7, 9 and 10 bits round as 8 do.
const BITS: [u32; 5] = [8, 16, 12, 5, 4];

fn energy(temperature: f64) -> Result<f64, ExperimentError> {
    let torus = kaufman::torus(SIDE, SIDE, 1.0 / temperature);
    let torus = torus.map_err(ExperimentError::core("an exact energy"))?;
    Ok(torus.energy_per_spin())
}

/// Runs the experiment.
///
/// # Errors
/// [`ExperimentError`], where a part cannot be computed.
pub fn run(context: &Context<'_>) -> Result<Outcome, ExperimentError> {
    let one = |index: usize| -> Result<Estimate, ExperimentError> {
        let bits = BITS[index];
        let samples = if bits == 8 { 250_000 } else { 30_000 };
        let plan = Plan {
            burn_in: 4000,
            samples: if context.full { 20 * samples } else { samples },
            every: 5,
        };
        let rng = context.stream(ABOUT.name, u64::from(bits));
        let series = vectors(context, rng, SIDE, fixed(CRITICAL_TEMPERATURE, bits)?, true, plan)?;
        estimated(series.energy(), &format!("{bits} bits"))
    };
    let energies = kept(context, "bits", BITS.len(), one)?;
    let mut found: Vec<(f64, Estimate)> = Vec::new();
    for (bits, energy) in BITS.into_iter().zip(energies) {
        let update = fixed(CRITICAL_TEMPERATURE, bits)?;
        found.push((update.temperature_effective(), energy));
    }
    let critical = energy(CRITICAL_TEMPERATURE)?;
    let mut outcome = Outcome::default();
    for (bits, (temperature, measured)) in BITS.iter().zip(&found) {
        let source = Source::oracle("Kaufman, 32 x 32 torus, at T_eff");
        let quantity = format!("energy per spin, {bits} bits, T_eff = {temperature:.6}");
        let largest_error = context.pick(1.0, 0.3) * if *bits == 8 { 1e-3 } else { 3e-3 };
        let exact = (energy(*temperature)?, largest_error);
        outcome.row(compared(quantity, source, exact, measured));
        let expected = if *bits == 8 {
            Expected::AtLeast(5.0)
        } else {
            Expected::Informative
        };
        let source = Source::oracle("Kaufman, 32 x 32 torus, at T_c");
        let quantity = format!("the same, standard errors away from T_c, {bits} bits");
        outcome.row(Row::new(quantity, source, expected, z(measured, critical).abs()));
    }
    let expected = Expected::Equal {
        value: 2.271_452,
        tolerance: 5e-7,
    };
    let source = Source::oracle("-4/ln(44/256)");
    outcome.row(Row::new("T_eff of 8 bits at T_c", source, expected, found[0].0));

    for (stem, width, caption) in [
        (
            "all",
            0.14,
            "All runs asked for T_c; each lies on the exact curve at the temperature it reports.",
        ),
        (
            "near",
            0.004,
            "The same near T_c: 16, 12 and 8 bits, from left to right.",
        ),
    ] {
        let near: Vec<_> = found
            .iter()
            .filter(|(t, _)| (t - CRITICAL_TEMPERATURE).abs() < width)
            .collect();
        let curve = grid(CRITICAL_TEMPERATURE - width, CRITICAL_TEMPERATURE + width, 101);
        let curve = curve.map(|t| Ok((t, energy(t)?)));
        let figure = Exact {
            title: "k random bits at T_c: exact at T_eff, 32 x 32".to_owned(),
            x_label: "effective temperature T_eff (J/k)".to_owned(),
            y_label: "energy per spin e (J)".to_owned(),
            series: vec![Measured {
                name: "measured".to_owned(),
                points: near.iter().map(|(t, e)| (*t, e.mean)).collect(),
                errors: near.iter().map(|(_, e)| e.error).collect(),
                curve: curve.collect::<Result<_, ExperimentError>>()?,
                curve_name: "Kaufman, 32 x 32".to_owned(),
            }],
            vertical: Some((CRITICAL_TEMPERATURE, "critical T = 2.269".to_owned())),
            horizontal: Some((critical, "energy at T_c".to_owned())),
        };
        outcome.figure(stem, figure.draw(), caption);
    }
    Ok(outcome)
}
