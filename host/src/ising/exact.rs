//! All 2^N configurations of a problem of a file: ln Z, thermal means, the ground states, the levels.
//!
//! The sums are those of [`gibbs_core::ising::enumerate`], in the unit of the weights; of a QUBO the offset is
//! added, so that every energy is that of the file: ln Z = ln Z' - beta offset. Heat capacity
//! C = `beta² <(E - <E>)²>`, in units of k_B: from the levels where there are any, else from `<E²> - <E>²`, whose
//! rounding is about 1e-16 beta² E².

use super::anneal::SolveError;
use super::problem::{Couplings, Energy, Problem, Values, Weights};
use gibbs_core::Error;
use gibbs_core::ising::enumerate::{Enumeration, LARGEST, Level, Thermal};
use gibbs_core::ising::{Model as _, Stored, Weight};
use gibbs_core::math::Real;

#[cfg(test)]
mod tests;

/// More levels than this are no table.
pub const MOST_LEVELS: usize = 4096;

/// What enumeration gives. Energies in the unit of the file.
#[derive(Clone, Debug, PartialEq)]
pub struct Exact {
    /// Inverse temperature.
    pub beta: f64,
    /// ln Z.
    pub log_z: f64,
    /// `<E>`.
    pub energy: f64,
    /// `beta² <(E - <E>)²>`.
    pub heat_capacity: f64,
    /// <s_i>.
    pub means: Vec<f64>,
    /// The ground energy, exact.
    pub ground: Energy,
    /// Number of ground states.
    pub degeneracy: u32,
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
    match &weights.values {
        Values::Integer(couplings) => {
            let mut result = sums(problem, couplings, &weights, beta)?;
            let levels = levels(couplings)?;
            if let Some(levels) = &levels {
                result.heat_capacity = heat_capacity(levels, beta * weights.unit)?;
            }
            let energy = |level: &Level| (f64::from(level.energy) + weights.offset) * weights.unit;
            result.levels = levels.map(|all| all.iter().map(|level| (energy(level), level.count)).collect());
            Ok(result)
        }
        Values::Float(couplings) => sums(problem, couplings, &weights, beta),
    }
}

fn sums<C: Stored + Default + PartialEq>(
    problem: &Problem,
    couplings: &Couplings<C>,
    weights: &Weights,
    beta: f64,
) -> Result<Exact, SolveError> {
    let model = couplings.view()?;
    let n = model.spins();
    let (mut state, mut fields) = (vec![1; n], vec![C::Weight::ZERO; n]);
    let mut enumeration = Enumeration::new(&model, &mut state, &mut fields)?;
    let mut means = vec![0.0; n];
    let Weights { unit, offset, .. } = *weights;
    let cold = beta * unit;
    let thermal = enumeration.moments(cold, &mut means, &mut [])?;
    let ground = enumeration.ground()?;
    let variance = thermal.energy_squared - thermal.energy * thermal.energy;
    Ok(Exact {
        beta,
        log_z: thermal.log_partition - cold * offset,
        energy: (thermal.energy + offset) * unit,
        heat_capacity: cold * cold * variance.max(0.0),
        means,
        ground: problem.energy(&state),
        degeneracy: ground.degeneracy,
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

/// Two passes, so that nothing cancels.
fn heat_capacity(levels: &[Level], beta: f64) -> Result<f64, SolveError> {
    let thermal = Thermal::of_levels(levels, beta)?;
    let square = |level: &Level| {
        let energy = f64::from(level.energy);
        let log_weight = -beta * energy - thermal.log_partition;
        f64::from(level.count) * Real::exp(log_weight) * (energy - thermal.energy).powi(2)
    };
    Ok(beta * beta * levels.iter().map(square).sum::<f64>())
}
