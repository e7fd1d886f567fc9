//! All 2^N configurations of a problem of a file: ln Z, thermal means, the ground states, the levels.
//!
//! The sums are those of [`gibbs_core::ising::enumerate`], relative to the ground energy, which is exact: weights of
//! 32 bits where they fit, else of 128. Only where the values of the file span more than 38 digits are energies f64, and
//! levels nearer than [`Exact::tolerance`] counted as one. With E_0 the ground energy in the unit of the file,
//! ln Z = ln Σ e^(-beta (E - E_0)) - beta E_0. Heat capacity C = beta² (<(E - E_0)²> - <E - E_0>²), in units of k_B.

use super::anneal::SolveError;
use super::problem::{Couplings, Energy, Problem, Values};
use gibbs_core::Error;
use gibbs_core::ising::enumerate::{Enumeration, LARGEST, Level};
use gibbs_core::ising::{Model as _, Stored, Weight as _};

#[cfg(test)]
mod tests;

/// More levels than this are no table.
pub const MOST_LEVELS: usize = 4096;

/// What enumeration gives. Energies in the unit of the file.
#[derive(Clone, Debug, PartialEq)]
pub struct Exact {
    /// Inverse temperature.
    pub beta: f64,
    /// The logarithm of the partition function, ln Z.
    pub log_z: f64,
    /// The mean energy `<E>`.
    pub energy: f64,
    /// The heat capacity `beta² <(E - <E>)²>`, in units of k_B.
    pub heat_capacity: f64,
    /// The mean spins <s_i>.
    pub means: Vec<f64>,
    /// The ground energy, exact.
    pub ground: Energy,
    /// Number of ground states.
    pub degeneracy: u32,
    /// Energies nearer than this counted as one; `None`: all were compared exactly.
    pub tolerance: Option<f64>,
    /// One ground state, ±1.
    pub state: Vec<i8>,
    /// (energy, configurations), rising; `None` unless the weights are integers with few levels.
    pub levels: Option<Vec<(f64, u32)>>,
}

/// Enumerates a problem of at most 24 spins. Cost: 4 2^N flips, about.
///
/// # Errors
/// [`SolveError`]: too many spins, beta not finite.
pub fn exact(problem: &Problem, beta: f64) -> Result<Exact, SolveError> {
    if problem.spins() > LARGEST {
        let n = problem.spins();
        return Err(SolveError::Option(format!(
            "{n} spins are too many to enumerate: at most {LARGEST}\nhint: gibbs ising temper measures \
             averages, gibbs ising anneal looks for the ground state"
        )));
    }
    let weights = problem.weights()?;
    let found = match &weights.values {
        Values::Integer(couplings) => {
            let found = sums(problem, couplings, weights.unit, beta)?;
            let energy = |level: &Level, lowest: i32| {
                let above = i128::from(level.energy) - i128::from(lowest);
                problem.raised(found.ground, above).nearest()
            };
            let levels = levels(couplings)?.map(|all| {
                let lowest = all.first().map_or(0, |level| level.energy);
                all.iter()
                    .map(|level| (energy(level, lowest), level.count))
                    .collect()
            });
            Exact { levels, ..found }
        }
        Values::Float(couplings) => match problem.wide_weights()? {
            Some((wide, unit)) => sums(problem, &wide, unit, beta)?,
            None => sums(problem, couplings, weights.unit, beta)?,
        },
    };
    if [found.log_z, found.energy, found.heat_capacity]
        .iter()
        .all(|sum| sum.is_finite())
    {
        Ok(found)
    } else {
        Err(beyond(beta))
    }
}

/// The inverse temperature times the energies leaves the range of f64.
fn beyond(beta: f64) -> SolveError {
    SolveError::Option(format!(
        "--beta {beta:?}: beta times the energy is beyond the range of f64\nhint: a smaller beta, or another unit"
    ))
}

fn sums<C: Stored + Default + PartialEq>(
    problem: &Problem,
    couplings: &Couplings<C>,
    unit: f64,
    beta: f64,
) -> Result<Exact, SolveError> {
    let model = couplings.view()?;
    let n = model.spins();
    let (mut state, mut fields) = (vec![1; n], vec![C::Weight::ZERO; n]);
    let mut enumeration = Enumeration::new(&model, &mut state, &mut fields)?;
    let resolution = enumeration.resolution();
    let ground = enumeration.ground()?;
    let cold = beta * unit;
    if !cold.is_finite() {
        return Err(beyond(beta));
    }
    let mut means = vec![0.0; n];
    let thermal = enumeration.moments_above(ground.energy, cold, &mut means, &mut []);
    let thermal = thermal.map_err(|_| beyond(beta))?;
    let bits = (0..n).map(|i| if ground.state >> i & 1 == 1 { 1 } else { -1 });
    let state: Vec<i8> = bits.collect();
    let lowest = problem.energy(&state);
    let variance = (thermal.energy_squared - thermal.energy * thermal.energy).max(0.0);
    Ok(Exact {
        beta,
        log_z: thermal.log_partition - beta * lowest.nearest(),
        energy: lowest.nearest() + thermal.energy * unit,
        heat_capacity: (cold * variance.sqrt()).powi(2),
        means,
        ground: lowest,
        degeneracy: ground.degeneracy,
        tolerance: (resolution > 0.0).then_some(resolution * unit),
        state,
        levels: None,
    })
}

fn levels(couplings: &Couplings<i32>) -> Result<Option<Vec<Level>>, SolveError> {
    let model = couplings.view()?;
    let n = model.spins();
    let (mut spins, mut fields) = (vec![1; n], vec![0; n]);
    let mut levels = vec![Level::default(); MOST_LEVELS];
    match Enumeration::new(&model, &mut spins, &mut fields)?.levels(&mut levels) {
        Ok(count) => {
            levels.truncate(count);
            Ok(Some(levels))
        }
        Err(Error::Capacity) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
