//! Cluster moves at T_c, where they matter, and single-spin rules on floats: against the exact energy and the
//! exact law of the magnetisation. Wolff at T_c is the classic test of a generator (Ferrenberg, Landau, Wong,
//! Phys. Rev. Lett. 69, 3382 (1992)).

use super::lattice::{KAUFMAN, LAW, observables};
use super::{Check, Halted, Setting, Task, task};
use crate::ising::oracle::onsager::{CRITICAL_BETA, CRITICAL_TEMPERATURE};
use crate::ising::oracle::{kaufman, magnetisation};
use crate::ising::series::{self, Clusters, Plan, Sampler, record};
use crate::ising::statistics::estimate;
use gibbs_core::Error;
use gibbs_core::ising::model::Wrap;
use gibbs_core::ising::{HeatBath, Metropolis, Model, Order, Rule, State, SwendsenWang, Torus};
use rand_core::Rng;

const GROUP: &str = "clusters";
const SPINS: &str = "single spins";
const STREAM: &str = "ising.verify.clusters";

pub(super) fn tasks<'a, R: Rng>(make: &'a (impl Fn(&str, u64) -> R + Sync)) -> Vec<Task<'a>> {
    let mut tasks: Vec<Task<'a>> = Vec::new();
    for (index, (side, samples)) in [(8, 100_000), (16, 120_000), (32, 40_000)]
        .into_iter()
        .enumerate()
    {
        tasks.push(task(move |setting| {
            wolff(side, samples, make(STREAM, index as u64), setting)
        }));
    }
    tasks.push(task(move |setting| swendsen_wang(make(STREAM, 10), setting)));
    for (index, order) in [Order::Typewriter, Order::Random].into_iter().enumerate() {
        let index = 20 + 2 * index as u64;
        tasks.push(task(move |setting| {
            let name = format!("Metropolis, f64, {order:?}").to_lowercase();
            let rule = Metropolis::new(CRITICAL_BETA)?;
            single(&name, &rule, order, make(STREAM, index), setting)
        }));
        tasks.push(task(move |setting| {
            let name = format!("heat bath, f64, {order:?}").to_lowercase();
            let rule = HeatBath::new(CRITICAL_BETA)?;
            single(&name, &rule, order, make(STREAM, index + 1), setting)
        }));
    }
    tasks
}

fn torus(side: usize) -> Result<Torus<f64>, Error> {
    Torus::new(side, side, 1.0, 0.0, Wrap::Simple)
}

fn wolff(side: usize, samples: usize, rng: impl Rng, setting: Setting<'_>) -> Result<Vec<Check>, Halted> {
    let model = torus(side)?;
    let (mut spins, mut members) = (vec![1; side * side], vec![0; side * side]);
    let burn_in = 200;
    let plan = Plan {
        burn_in,
        samples: setting.size.samples(samples),
        every: 2,
    };
    let mut sampler = Clusters::new(&model, CRITICAL_BETA, (&mut spins, &mut members), rng)?;
    let series = record(&mut sampler, plan, setting.work.interrupted)?;
    let limit = setting.size.limit(2e-3);
    if side > magnetisation::LONGEST {
        let exact = kaufman::torus(side, side, CRITICAL_BETA)?.energy_per_spin();
        let name = format!("Wolff, L = {side}, T_c: e");
        return Ok(vec![Check::sampled(
            GROUP,
            name,
            KAUFMAN,
            exact,
            &series.energy(),
            limit,
        )]);
    }
    let mut checks = observables(GROUP, "Wolff", side, CRITICAL_TEMPERATURE, &series, setting)?;
    let law = setting.laws.torus(side, CRITICAL_BETA)?;
    let sizes = sampler.sizes.iter().skip(burn_in as usize);
    let shares: Vec<f64> = sizes.map(|size| *size as f64 / model.spins() as f64).collect();
    let sizes = estimate(&shares);
    let name = format!("Wolff, L = {side}, T_c: mean cluster / N = m²");
    checks.push(Check::sampled(GROUP, name, LAW, law.square(), &sizes, limit));
    Ok(checks)
}

/// Swendsen-Wang, with the sums of squared sizes over N².
struct AllClusters<'a, R> {
    model: &'a Torus<f64>,
    clusters: SwendsenWang<'a, Torus<f64>>,
    rng: R,
    squares: Vec<f64>,
}

impl<R: Rng> Sampler for AllClusters<'_, R> {
    fn sweep(&mut self) -> Result<(), Error> {
        let found = self.clusters.sweep(&mut self.rng);
        let n = self.model.spins() as f64;
        self.squares.push(found.squares as f64 / (n * n));
        Ok(())
    }

    fn observe(&mut self) -> Result<[f64; 2], Error> {
        series::observables(self.model, self.clusters.spins())
    }
}

fn swendsen_wang(rng: impl Rng, setting: Setting<'_>) -> Result<Vec<Check>, Halted> {
    const SIDE: usize = 8;
    let model = torus(SIDE)?;
    let (mut spins, mut labels) = (vec![1; SIDE * SIDE], vec![0; SIDE * SIDE]);
    let burn_in = 100;
    let plan = Plan {
        burn_in,
        samples: setting.size.samples(80_000),
        every: 1,
    };
    let mut sampler = AllClusters {
        model: &model,
        clusters: SwendsenWang::new(&model, CRITICAL_BETA, &mut spins, &mut labels, &mut [])?,
        rng,
        squares: Vec::new(),
    };
    let series = record(&mut sampler, plan, setting.work.interrupted)?;
    let mut checks = observables(
        GROUP,
        "Swendsen-Wang",
        SIDE,
        CRITICAL_TEMPERATURE,
        &series,
        setting,
    )?;
    let law = setting.laws.torus(SIDE, CRITICAL_BETA)?;
    let squares = estimate(&sampler.squares[burn_in as usize..]);
    let name = format!("Swendsen-Wang, L = {SIDE}, T_c: sum of squared clusters / N² = m²");
    let limit = setting.size.limit(2e-3);
    checks.push(Check::sampled(GROUP, name, LAW, law.square(), &squares, limit));
    Ok(checks)
}

/// One spin after the other.
struct Singles<'a, L, R> {
    model: &'a Torus<f64>,
    state: State<'a, f64>,
    rule: &'a L,
    order: Order,
    rng: R,
}

impl<L: Rule<f64>, R: Rng> Sampler for Singles<'_, L, R> {
    fn sweep(&mut self) -> Result<(), Error> {
        self.state.sweep(self.model, self.rule, self.order, &mut self.rng);
        Ok(())
    }

    fn observe(&mut self) -> Result<[f64; 2], Error> {
        let n = self.model.spins() as f64;
        Ok([self.state.energy() / n, self.state.magnetization() as f64 / n])
    }
}

fn single(
    name: &str,
    rule: &impl Rule<f64>,
    order: Order,
    rng: impl Rng,
    setting: Setting<'_>,
) -> Result<Vec<Check>, Halted> {
    const SIDE: usize = 6;
    let model = torus(SIDE)?;
    let (mut spins, mut fields) = (vec![1; SIDE * SIDE], vec![0.0; SIDE * SIDE]);
    let plan = Plan {
        burn_in: 200,
        samples: setting.size.cheap_samples(150_000),
        every: 2,
    };
    let mut sampler = Singles {
        model: &model,
        state: State::new(&model, &mut spins, &mut fields)?,
        rule,
        order,
        rng,
    };
    let series = record(&mut sampler, plan, setting.work.interrupted)?;
    observables(SPINS, name, SIDE, CRITICAL_TEMPERATURE, &series, setting)
}
