//! Runs of a sampler, recorded: the energy and the magnetisation of every so many sweeps.

use super::statistics::{Estimate, SeriesError, estimate, jackknife};
use crate::work::Stopped;
use gibbs_core::Error;
use gibbs_core::ising::lattice::{Bonds, Geometry, Planes, Update, Word};
use gibbs_core::ising::model::Wrap;
use gibbs_core::ising::{Model, Torus, Weight, Wolff};
use rand_core::Rng;
use std::sync::atomic::{AtomicBool, Ordering};

use super::lattice::Engine;

/// Sweeps between two looks at the user's wish to stop.
const LOOK: u64 = 256;

/// Why a run has no series.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Halted {
    /// The core refused its input.
    #[error(transparent)]
    Core(#[from] Error),
    /// Stopped by the user.
    #[error(transparent)]
    Stopped(#[from] Stopped),
}

/// Something that moves and is looked at.
pub(crate) trait Sampler {
    /// One sweep (of a cluster method: one move).
    fn sweep(&mut self) -> Result<(), Error>;
    /// Energy and magnetisation per spin.
    fn observe(&mut self) -> Result<[f64; 2], Error>;
}

/// How long to run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    /// Sweeps before the first sample.
    pub(crate) burn_in: u64,
    /// Samples taken.
    pub(crate) samples: usize,
    /// Sweeps for each.
    pub(crate) every: u64,
}

impl Plan {
    /// `samples` samples, one after `every` sweeps each, after a burn-in.
    pub(crate) fn new(burn_in: u64, samples: usize, every: u64) -> Self {
        Self {
            burn_in,
            samples,
            every,
        }
    }
}

/// What was recorded, per spin.
#[derive(Clone, Debug, Default)]
pub(crate) struct Series {
    pub(crate) energy: Vec<f64>,
    pub(crate) magnetisation: Vec<f64>,
}

/// Runs `sampler` as planned.
pub(crate) fn record(
    sampler: &mut impl Sampler,
    plan: Plan,
    interrupted: &AtomicBool,
) -> Result<Series, Halted> {
    let mut done = 0;
    let mut sweep = |sampler: &mut _| -> Result<(), Halted> {
        if done % LOOK == 0 && interrupted.load(Ordering::Relaxed) {
            return Err(Stopped::INSIDE.into());
        }
        done += 1;
        Ok(Sampler::sweep(sampler)?)
    };
    for _ in 0..plan.burn_in {
        sweep(sampler)?;
    }
    let mut series = Series::default();
    for _ in 0..plan.samples {
        for _ in 0..plan.every {
            sweep(sampler)?;
        }
        let [energy, magnetisation] = sampler.observe()?;
        series.energy.push(energy);
        series.magnetisation.push(magnetisation);
    }
    Ok(series)
}

impl Series {
    fn of(&self, f: impl Fn(f64) -> f64) -> Vec<f64> {
        self.magnetisation.iter().map(|m| f(*m)).collect()
    }

    /// <e>.
    pub(crate) fn energy(&self) -> Result<Estimate, SeriesError> {
        estimate(&self.energy)
    }

    /// <|m|>.
    pub(crate) fn abs(&self) -> Result<Estimate, SeriesError> {
        estimate(&self.of(f64::abs))
    }

    /// <m²>.
    pub(crate) fn square(&self) -> Result<Estimate, SeriesError> {
        estimate(&self.of(|m| m * m))
    }

    /// U4 = 1 - <m⁴>/(3 <m²>²).
    pub(crate) fn binder(&self) -> Result<Estimate, SeriesError> {
        let (square, fourth) = (self.of(|m| m * m), self.of(|m| m.powi(4)));
        jackknife(&[&square, &fourth], |means| match means {
            [square, fourth] => 1.0 - fourth / (3.0 * square * square),
            _ => f64::NAN,
        })
    }
}

/// The core's own sweeps, word by word, on any generator.
pub(crate) struct Scalar<'a, W, U, B, R> {
    pub(crate) planes: Planes<'a, W>,
    pub(crate) update: &'a U,
    pub(crate) bonds: &'a B,
    pub(crate) rng: R,
    /// Record the difference of the two colours instead of their sum: the order of an antiferromagnet.
    pub(crate) staggered: bool,
}

impl<W: Word, U: Update, B: Bonds<W>, R: Rng> Sampler for Scalar<'_, W, U, B, R> {
    fn sweep(&mut self) -> Result<(), Error> {
        self.planes.sweep(self.update, self.bonds, &mut self.rng)
    }

    fn observe(&mut self) -> Result<[f64; 2], Error> {
        let sites = self.planes.geometry().sites() as f64;
        let [even, odd] = self.planes.magnetizations();
        let order = if self.staggered { even - odd } else { even + odd };
        Ok([
            self.planes.energy(self.bonds)? as f64 / sites,
            order as f64 / sites,
        ])
    }
}

/// Memory for two planes of a lattice.
pub(crate) fn planes<W: Word>(geometry: &Geometry) -> [Vec<W>; 2] {
    [(); 2].map(|()| vec![W::NONE; geometry.plane()])
}

/// The host's vectors, on their own generators.
pub(crate) struct Vectors<U, B> {
    pub(crate) engine: Engine,
    pub(crate) update: U,
    pub(crate) bonds: B,
}

impl<U: Update + Sync, B: Bonds<u64> + Sync> Vectors<U, B> {
    /// A square lattice: all spins up (`cold`), or up or down by `rng`.
    pub(crate) fn new(
        side: usize,
        update: U,
        bonds: B,
        cold: bool,
        rng: &mut impl Rng,
    ) -> Result<Self, Error> {
        let mut engine = Engine::new(side, side, Wrap::Simple, rng.next_u64())?;
        if cold {
            engine.planes().fill(true);
        } else {
            engine.planes().randomise(rng);
        }
        Ok(Self {
            engine,
            update,
            bonds,
        })
    }
}

impl<U: Update + Sync, B: Bonds<u64> + Sync> Sampler for Vectors<U, B> {
    fn sweep(&mut self) -> Result<(), Error> {
        self.engine.sweep(&self.update, &self.bonds)
    }

    fn observe(&mut self) -> Result<[f64; 2], Error> {
        let planes = self.engine.planes();
        let sites = planes.geometry().sites() as f64;
        let order: i64 = planes.magnetizations().iter().sum();
        Ok([planes.energy(&self.bonds)? as f64 / sites, order as f64 / sites])
    }
}

/// Wolff's clusters on a torus, with their sizes.
pub(crate) struct Clusters<'a, R> {
    model: &'a Torus<f64>,
    wolff: Wolff<'a, Torus<f64>>,
    rng: R,
    /// Sites of the cluster of every move.
    pub(crate) sizes: Vec<usize>,
}

impl<'a, R: Rng> Clusters<'a, R> {
    /// From these spins; `members` is memory for a cluster.
    pub(crate) fn new(
        model: &'a Torus<f64>,
        beta: f64,
        (spins, members): (&'a mut [i8], &'a mut [u32]),
        rng: R,
    ) -> Result<Self, Error> {
        Ok(Self {
            model,
            wolff: Wolff::new(model, beta, spins, members)?,
            rng,
            sizes: Vec::new(),
        })
    }

    /// Mean share of the sites that a move flips.
    pub(crate) fn share(&self) -> f64 {
        let flipped: usize = self.sizes.iter().sum();
        flipped as f64 / self.sizes.len() as f64 / self.model.spins() as f64
    }
}

impl<R: Rng> Sampler for Clusters<'_, R> {
    fn sweep(&mut self) -> Result<(), Error> {
        self.sizes.push(self.wolff.step(&mut self.rng).size);
        Ok(())
    }

    fn observe(&mut self) -> Result<[f64; 2], Error> {
        observables(self.model, self.wolff.spins())
    }
}

/// Energy and magnetisation per spin of spins of a model.
pub(crate) fn observables<M: Model>(model: &M, spins: &[i8]) -> Result<[f64; 2], Error> {
    let count = spins.len() as f64;
    let sum: i64 = spins.iter().map(|s| i64::from(*s)).sum();
    Ok([model.energy(spins)?.wide() / count, sum as f64 / count])
}
