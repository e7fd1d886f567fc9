//! Configurations of the ferromagnet on the periodic square lattice (J = 1, h = 0), pixels ±1.
//!
//! Sample i is at temperature i mod n of the n temperatures, by default one below, at and above the critical one. It starts
//! from independent fair spins and takes 100 Swendsen-Wang sweeps. Their number is fixed, not a function of what is seen
//! (which would bias), and the same at every temperature: the slowest mode is at T_c, where it lives for about 4 to 7 sweeps
//! at sides from 16 to 64, so that less than e^-14 of the start is left. Samples are independent of each other.
//!
//! Cost: about 100 visits of every bond per sample.

use super::{Dataset, DatasetError, check_length};
use crate::ising::oracle::onsager::CRITICAL_TEMPERATURE;
use gibbs_core::ising::model::Wrap;
use gibbs_core::ising::{SwendsenWang, Torus};
use gibbs_core::random::stream;
use rand_core::Rng;

const SWEEPS: u32 = 100;

/// The set of Ising configurations.
#[derive(Clone, Debug)]
pub struct Configurations {
    model: Torus<i32>,
    side: usize,
    temperatures: Vec<f64>,
    seed: u64,
}

impl Configurations {
    /// Below, at and above the critical temperature, in units of J / k_B: |m| about 0.91, a fractal, correlations over
    /// about two sites.
    pub const TEMPERATURES: [f64; 3] = [2.0, CRITICAL_TEMPERATURE, 3.0];

    /// `side` x `side` spins (3 to 256) at these temperatures.
    ///
    /// # Errors
    /// `Side`, `Temperatures`.
    pub fn new(side: usize, temperatures: &[f64], seed: u64) -> Result<Self, DatasetError> {
        if !(3..=256).contains(&side) {
            let expected = "3 to 256";
            return Err(DatasetError::Side { side, expected });
        }
        let hot = |temperature: &f64| temperature.is_finite() && *temperature >= f64::MIN_POSITIVE;
        let temperatures = temperatures.to_vec();
        if temperatures.is_empty() || !temperatures.iter().all(hot) {
            return Err(DatasetError::Temperatures { temperatures });
        }
        Ok(Self {
            model: Torus::new(side, side, 1, 0, Wrap::Simple).map_err(DatasetError::Sampler)?,
            side,
            temperatures,
            seed,
        })
    }

    /// The temperature of sample `index`.
    pub fn temperature(&self, index: u64) -> f64 {
        self.temperatures[(index % self.temperatures.len() as u64) as usize]
    }
}

impl Dataset for Configurations {
    fn name(&self) -> &'static str {
        "ising"
    }

    fn count(&self) -> Option<u64> {
        None
    }

    fn shape(&self) -> [usize; 3] {
        [1, self.side, self.side]
    }

    fn fill(&self, index: u64, pixels: &mut [f32]) -> Result<(), DatasetError> {
        check_length(pixels, self.shape())?;
        let mut rng = stream(self.seed, self.name(), index);
        let mut spins: Vec<i8> = pixels
            .iter()
            .map(|_| if rng.next_u64() >> 63 == 1 { 1 } else { -1 })
            .collect();
        let mut labels = vec![0; spins.len()];
        let beta = 1.0 / self.temperature(index);
        let mut sampler = SwendsenWang::new(&self.model, beta, &mut spins, &mut labels, &mut [])
            .map_err(DatasetError::Sampler)?;
        for _ in 0..SWEEPS {
            sampler.sweep(&mut rng);
        }
        for (pixel, spin) in pixels.iter_mut().zip(&spins) {
            *pixel = f32::from(*spin);
        }
        Ok(())
    }
}
