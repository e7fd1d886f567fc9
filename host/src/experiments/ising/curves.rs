//! Energy and magnetisation of the 64 x 64 lattice against temperature.

use super::sampling::{compared, estimated, grid, lazy, vectors};
use crate::experiments::statistics::kept;
use crate::experiments::{About, Context, Expected, ExperimentError, Outcome, Row, Source};
use crate::ising::figures::{Exact, Measured};
use crate::ising::oracle::kaufman;
use crate::ising::oracle::onsager::{self, CRITICAL_TEMPERATURE};
use crate::ising::series::Plan;
use crate::ising::statistics::{Estimate, z};

/// What is reproduced.
pub const ABOUT: About = About {
    name: "ising-curves",
    title: "Ising: energy and magnetisation of the 64 x 64 lattice",
    paper: "Kaufman, Phys. Rev. 76, 1232 (1949); Yang, Phys. Rev. 85, 808 (1952)",
    claim: "From T = 1.5 to 3.5 the mean energy is Kaufman's within 5 standard errors, and below T = 2 the \
         magnetisation is Yang's.",
};

const SIDE: usize = 64;
/// Nearer to T_c than this, Metropolis is too slow for small errors.
const CRITICAL_REGION: f64 = 0.2;

/// Runs the experiment.
///
/// # Errors
/// [`ExperimentError`], where a part cannot be computed.
pub fn run(context: &Context<'_>) -> Result<Outcome, ExperimentError> {
    let mut temperatures = vec![
        1.5,
        1.75,
        2.0,
        2.1,
        2.2,
        CRITICAL_TEMPERATURE,
        2.35,
        2.5,
        2.75,
        3.0,
        3.25,
        3.5,
    ];
    if context.full {
        temperatures.extend([1.6, 1.7, 1.8, 1.9, 2.15, 2.25, 2.3, 2.4, 2.45, 2.6, 2.7, 2.9]);
        temperatures.sort_by(f64::total_cmp);
    }
    let plan = Plan {
        burn_in: if context.full { 50_000 } else { 4000 },
        samples: if context.full { 400_000 } else { 20_000 },
        every: 5,
    };
    let one = |index: usize| -> Result<[Estimate; 2], ExperimentError> {
        let temperature = temperatures[index];
        let cold = temperature < CRITICAL_TEMPERATURE;
        let rng = context.stream(ABOUT.name, index as u64);
        let series = vectors(context, rng, SIDE, lazy(temperature)?, cold, plan)?;
        let what = format!("T = {temperature}");
        Ok([
            estimated(series.energy(), &what)?,
            estimated(series.abs(), &what)?,
        ])
    };
    let found = kept(context, "temperatures", temperatures.len(), one)?;

    let core = |source| ExperimentError::core("an exact energy")(source);
    let kaufman_energy = |t: f64| kaufman::torus(SIDE, SIDE, 1.0 / t).map(|t| t.energy_per_spin());
    let mut outcome = Outcome::default();
    let (mut farthest, mut largest) = (0.0_f64, 0.0_f64);
    let scale = context.pick(1.0, 0.25); // 20 times the samples, some margin
    for (temperature, found) in temperatures.iter().zip(&found) {
        let (energy, order) = (&found[0], &found[1]);
        let exact = kaufman_energy(*temperature).map_err(core)?;
        farthest = farthest.max(z(energy, exact).abs());
        let critical = (temperature - CRITICAL_TEMPERATURE).abs() <= CRITICAL_REGION;
        if !critical {
            largest = largest.max(energy.error);
        }
        let largest_error = scale * if critical { 3e-3 } else { 5e-4 };
        let source = Source::oracle("Kaufman, 64 x 64 torus");
        outcome.row(compared(
            format!("energy per spin, T = {temperature:.3}"),
            source,
            (exact, largest_error),
            energy,
        ));
        if *temperature <= 2.0 {
            let exact = onsager::magnetisation(1.0 / temperature).map_err(core)?;
            let source = Source::oracle("Yang, infinite lattice: the same up to e^(-L/xi)");
            outcome.row(compared(
                format!("|m|, T = {temperature:.3}"),
                source,
                (exact, scale * 5e-4),
                order,
            ));
        }
    }
    outcome.row(Row::new(
        "largest |z| of the energies",
        Source::oracle("Kaufman; 6e-7 of a normal deviate beyond 5"),
        Expected::AtMost(5.0),
        farthest,
    ));
    outcome.row(Row::new(
        "largest error of an energy, |T - T_c| > 0.2",
        Source::own("size that makes the comparison one"),
        Expected::AtMost(5e-4),
        largest,
    ));

    let column = |pick: usize| {
        let points = temperatures.iter().zip(&found).map(|(t, f)| (*t, f[pick].mean));
        (points.collect(), found.iter().map(|f| f[pick].error).collect())
    };
    let (points, errors) = column(0);
    let curve = grid(1.5, 3.5, 201).filter_map(|t| kaufman_energy(t).ok().map(|e| (t, e)));
    let figure = |title: &str, y_label: &str, series| {
        let figure = Exact {
            title: format!("{title}, 64 x 64 lattice"),
            x_label: "temperature T (J/k)".to_owned(),
            y_label: y_label.to_owned(),
            series: vec![series],
            vertical: Some((CRITICAL_TEMPERATURE, "critical T = 2.269".to_owned())),
            horizontal: None,
        };
        figure.draw()
    };
    let series = Measured {
        name: "measured".to_owned(),
        points,
        errors,
        curve: curve.collect(),
        curve_name: "Kaufman, 64 x 64".to_owned(),
    };
    let drawn = figure("Energy", "energy per spin e (J)", series);
    outcome.figure("energy", drawn, "Error bars are smaller than the markers.");
    let (points, errors) = column(1);
    let curve = grid(1.5, CRITICAL_TEMPERATURE, 400)
        .chain([3.5])
        .filter_map(|t| onsager::magnetisation(1.0 / t).ok().map(|m| (t, m)));
    let series = Measured {
        name: "measured |m|, L = 64".to_owned(),
        points,
        errors,
        curve: curve.collect(),
        curve_name: "Yang, infinite lattice".to_owned(),
    };
    let drawn = figure("Magnetisation", "magnetisation |m|", series);
    outcome.figure(
        "magnetisation",
        drawn,
        "Above the critical temperature a finite lattice keeps some |m|.",
    );
    Ok(outcome)
}
