//! The chain of the cluster rules: a byte per spin, one generator.

use super::wave::Wave;
use super::{Clusters, Coupling, Plan, SampleError, Start};
use crate::ising::lattice::Observation;
use crate::work::Work;
use gibbs_core::ising::model::Wrap;
use gibbs_core::ising::swendsen_wang::SwendsenWang;
use gibbs_core::ising::wolff::Wolff;
use gibbs_core::ising::{Model, Torus};
use gibbs_core::random::{Xoshiro256PlusPlus, stream};
use rand_core::Rng;

/// Spins that clusters move.
pub(super) struct ClusterChain {
    clusters: Clusters,
    beta: f64,
    model: Torus<i32>,
    pub(super) spins: Vec<i8>,
    scratch: Vec<u32>,
    pub(super) rng: Xoshiro256PlusPlus,
    /// Sites flipped since the last whole sweep of a burn-in under Wolff's rule.
    pub(super) flipped: usize,
}

impl ClusterChain {
    /// The first configuration of a plan.
    pub(super) fn new(plan: &Plan, wrap: Wrap, clusters: Clusters, beta: f64) -> Result<Self, SampleError> {
        let coupling = match plan.coupling {
            Coupling::Ferromagnet => 1,
            Coupling::Antiferromagnet => -1,
            Coupling::PlusMinus(_) => {
                let message = "cluster rules percolate on frustrated bonds: use metropolis or heat-bath";
                return Err(SampleError::Plan(message.to_owned()));
            }
        };
        let model = Torus::new(plan.width, plan.height, coupling, 0, wrap)?;
        let mut rng = stream(plan.seed, "ising-cluster", 0);
        let mut spins = vec![1; model.spins()];
        for (i, spin) in spins.iter_mut().enumerate() {
            let up = match plan.start {
                Start::Ordered => coupling > 0 || (i % plan.width + i / plan.width).is_multiple_of(2),
                Start::Random => rng.next_u32() >> 31 == 1,
            };
            *spin = if up { 1 } else { -1 };
        }
        let scratch = vec![0; spins.len()];
        Ok(Self {
            clusters,
            beta,
            model,
            spins,
            scratch,
            rng,
            flipped: 0,
        })
    }

    /// `sweeps` steps; returns how many were made: fewer, if the user wants to stop, and then the chain stands between two
    /// moves. In a burn-in under Wolff's rule a step is as many clusters as flip all sites once. (A cluster may be one site or
    /// nearly all: a number of clusters says nothing of equilibrium.)
    pub(super) fn advance(
        &mut self,
        sweeps: u64,
        burn_in: bool,
        work: &Work<'_>,
    ) -> Result<u64, SampleError> {
        let sites = self.spins.len();
        let goes_on = || work.check().is_ok();
        let Self {
            beta,
            model,
            spins,
            scratch,
            rng,
            flipped,
            ..
        } = self;
        let mut made = 0;
        match self.clusters {
            Clusters::One => {
                let mut wolff = Wolff::new(model, *beta, spins, scratch)?;
                while made < sweeps {
                    let before = rng.clone();
                    let Some(cluster) = wolff.step_while(rng, goes_on) else {
                        *rng = before;
                        break;
                    };
                    *flipped += cluster.size;
                    if !burn_in || *flipped >= sites {
                        *flipped = 0;
                        made += 1;
                    }
                }
            }
            Clusters::All => {
                let mut all = SwendsenWang::new(model, *beta, spins, scratch, &mut [])?;
                while made < sweeps {
                    let before = rng.clone();
                    if all.sweep_while(rng, goes_on).is_none() {
                        *rng = before;
                        break;
                    }
                    made += 1;
                }
            }
        }
        Ok(made)
    }

    /// Energy and magnetisations of a lattice of `width` columns.
    pub(super) fn observe(&self, width: usize) -> Result<Observation, SampleError> {
        let mut magnetizations = [0; 2];
        for (y, row) in self.spins.chunks_exact(width).enumerate() {
            for (x, spin) in row.iter().enumerate() {
                magnetizations[(x + y) & 1] += i64::from(*spin);
            }
        }
        Ok(Observation {
            energy: i64::from(self.model.energy(&self.spins)?),
            magnetizations,
        })
    }

    /// Power of the longest wave along the columns.
    pub(super) fn power(&self, plan: &Plan, wave: &Wave) -> f64 {
        let staggered = plan.coupling == Coupling::Antiferromagnet;
        let rows = self.spins.chunks_exact(plan.width).enumerate();
        wave.power(rows.map(|(y, row)| {
            let sign = |x: usize| if staggered && (x + y) % 2 == 1 { -1 } else { 1 };
            let row = row.iter().enumerate();
            row.map(|(x, spin)| sign(x) * i64::from(*spin)).sum()
        }))
    }
}
