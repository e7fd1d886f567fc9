//! Our own history of the Ising methods: `cargo bench -p gibbs-benches --bench ising`. Comparisons with other packages
//! are in `peers/ising.py`.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use gibbs::ising::lattice::{Engine, Instructions};
use gibbs_core::ising::anneal::{anneal, geometric};
use gibbs_core::ising::enumerate::Enumeration;
use gibbs_core::ising::lattice::{Fixed, HeatBath, Lazy, Metropolis, Probability, Uniform, Update};
use gibbs_core::ising::model::Wrap;
use gibbs_core::ising::wolff::Wolff;
use gibbs_core::ising::{Dense, Metropolis as SingleSpin, Order, State, Torus};
use gibbs_core::random::stream;
use rand_core::Rng;
use std::hint::black_box;

/// 2 / ln(1 + √2).
const CRITICAL: f64 = 2.269_185_314_213_022;

fn sweep<U: Update + Sync>(c: &mut Criterion, name: &str, side: usize, update: &U) {
    let mut group = c.benchmark_group(format!("ising/sweep/{name}"));
    group.throughput(Throughput::Elements((side * side) as u64));
    for instructions in Instructions::available() {
        let mut engine = Engine::<u64>::new(side, side, Wrap::Simple, 1)
            .expect("a supported side")
            .with_instructions(instructions);
        for _ in 0..100 {
            engine
                .sweep(update, &Uniform::Ferromagnet)
                .expect("uniform bonds fit");
        }
        group.bench_function(BenchmarkId::new(format!("{instructions:?}"), side), |b| {
            b.iter(|| engine.sweep(update, &Uniform::Ferromagnet));
        });
    }
}

fn lattice(c: &mut Criterion) {
    let p = |bits| Probability::at_temperature(CRITICAL, bits).expect("a warm temperature");
    for side in [64, 1024] {
        sweep(c, "metropolis-64", side, &Metropolis(Lazy::new(p(64))));
        sweep(c, "metropolis-16", side, &Metropolis(Lazy::new(p(16))));
        sweep(c, "metropolis-16-all-bits", side, &Metropolis(Fixed(p(16))));
        let heat_bath = HeatBath::at_temperature(CRITICAL).expect("a warm temperature");
        sweep(c, "heat-bath", side, &heat_bath);
    }
}

fn clusters(c: &mut Criterion) {
    let model = Torus::new(64, 64, 1_i32, 0, Wrap::Simple).expect("a supported side");
    let (mut spins, mut members) = (vec![1; 64 * 64], vec![0; 64 * 64]);
    let mut rng = stream(1, "bench", 0);
    let mut wolff = Wolff::new(&model, 1.0 / CRITICAL, &mut spins, &mut members).expect("lengths fit");
    c.bench_function("ising/wolff/64", |b| b.iter(|| wolff.step(&mut rng)));
}

/// Sherrington and Kirkpatrick's model with J = ±1.
fn glass(n: usize) -> Vec<i32> {
    let mut rng = stream(1, "glass", n as u64);
    let mut couplings = vec![0; n * n];
    for i in 0..n {
        for j in i + 1..n {
            let coupling = if rng.next_u64() >> 63 == 1 { 1 } else { -1 };
            (couplings[i * n + j], couplings[j * n + i]) = (coupling, coupling);
        }
    }
    couplings
}

fn glasses(c: &mut Criterion) {
    let couplings: Vec<f64> = glass(64).into_iter().map(f64::from).collect();
    let fields = vec![0.0; 64];
    let model = Dense::new(&couplings, &fields).expect("a sound matrix");
    let (mut spins, mut local, mut best) = (vec![1; 64], vec![0.0; 64], vec![1; 64]);
    let mut rng = stream(1, "bench", 1);
    c.bench_function("ising/anneal/sk-64/1000-sweeps", |b| {
        b.iter(|| {
            let mut state = State::new(&model, &mut spins, &mut local).expect("lengths fit");
            state.randomise(&model, &mut rng);
            let betas = geometric::<f64>(0.005, 3.0, 1000).expect("a rising schedule");
            let schedule = betas.flat_map(SingleSpin::new);
            anneal(
                &model,
                &mut state,
                schedule,
                Order::Typewriter,
                &mut best,
                &mut rng,
            )
        });
    });
    let couplings = glass(16);
    let fields = vec![0; 16];
    let model = Dense::new(&couplings, &fields).expect("a sound matrix");
    let (mut spins, mut local) = (vec![1; 16], vec![0; 16]);
    c.bench_function("ising/enumerate/16", |b| {
        b.iter(|| {
            let mut all = Enumeration::new(&model, &mut spins, &mut local).expect("16 spins");
            black_box(all.thermal(0.25))
        });
    });
}

criterion_group!(benches, lattice, clusters, glasses);
criterion_main!(benches);
