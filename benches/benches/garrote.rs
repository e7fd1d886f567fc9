//! Our own history of the garrote: `cargo bench -p gibbs-benches`. Comparisons with other packages are in `peers/`.
//!
//! Draws are those of the synthetic protocols with seed 0, so a number belongs to one problem, not to a law.

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use gibbs::garrote::fit::criterion_gamma;
use gibbs::garrote::search::corners;
use gibbs::garrote::synth::Protocol;
use gibbs::garrote::trail::{Gram, Kept, default_grid, trace_design};
use gibbs::garrote::{Design, FitOptions};
use gibbs_core::garrote::{Ascent, Options, State};
use std::hint::black_box;

/// Gates and weights of N variables and one target.
struct Memory {
    inclusion: Vec<f64>,
    weight: Vec<f64>,
    field: Vec<f64>,
    precision: [f64; 1],
}

impl Memory {
    fn new(n: usize) -> Self {
        Self {
            inclusion: vec![0.0; n],
            weight: vec![0.0; n],
            field: vec![0.0; n],
            precision: [0.0],
        }
    }

    fn state(&mut self) -> State<'_, f64> {
        State {
            inclusion: &mut self.inclusion,
            weight: &mut self.weight,
            field: &mut self.field,
            precision: &mut self.precision,
        }
    }
}

fn draw(protocol: &str) -> Design {
    let train = Protocol::parse(protocol)
        .expect("a protocol of the library")
        .draw(0)
        .train;
    design(train.x, train.y)
}

fn design(x: Vec<f64>, y: Vec<f64>) -> Design {
    let names = (0..x.len() / y.len()).map(|i| format!("x{i}")).collect();
    Design::new(names, "y", x, y).expect("a drawn design is sound")
}

/// What [`gibbs::garrote::fit()`] uses along the path.
fn along() -> Options<f64> {
    let options = FitOptions::default();
    Options {
        tolerance: options.path_tolerance,
        ..options.solver
    }
}

/// The first sweep of the core from shut gates, where every gate moves (at rest most updates are left out), on the
/// first columns of protocol B at the gamma of the EBIC. Closing the gates is included: N of the N² steps.
fn sweep(c: &mut Criterion) {
    let train = Protocol::B.draw(0).train;
    let mut group = c.benchmark_group("sweep");
    for n in [16, 64] {
        let design = design(train.x[..n * train.rows].to_vec(), train.y.clone());
        let (gram, gamma) = (Gram::new(&design), criterion_gamma(&design, 1.0));
        let moments = gram.moments().expect("moments of a design");
        group.throughput(Throughput::Elements((n * n) as u64));
        let first_sweep = |memory: &mut Memory| {
            let mut ascent =
                Ascent::new(moments, memory.state(), Options::default()).expect("state of the right size");
            ascent.advance(black_box(gamma), 1)
        };
        group.bench_function(BenchmarkId::from_parameter(n), |b| {
            b.iter_batched_ref(|| Memory::new(n), first_sweep, BatchSize::SmallInput);
        });
    }
    group.finish();
}

/// Both passes over 50 gammas.
fn path(c: &mut Criterion) {
    let mut group = c.benchmark_group("path");
    group.sample_size(10);
    for protocol in ["B", "B-large", "E:10000"] {
        let design = draw(protocol);
        let grid = default_grid(&design, FitOptions::default().gammas).expect("a grid of 50");
        group.bench_function(protocol, |b| {
            b.iter(|| trace_design(black_box(&design), &grid, along(), false).expect("a path"));
        });
    }
    group.finish();
}

/// The search alone, from the supports of the path.
fn search(c: &mut Criterion) {
    let mut group = c.benchmark_group("search");
    group.sample_size(10);
    for protocol in ["B", "B-large"] {
        let design = draw(protocol);
        let grid = default_grid(&design, FitOptions::default().gammas).expect("a grid of 50");
        let trail = trace_design(&design, &grid, along(), false).expect("a path");
        let mut starts: Vec<Vec<usize>> = trail.kept.iter().map(Kept::support).collect();
        starts.dedup();
        let correlation = design.correlation();
        group.bench_function(protocol, |b| {
            b.iter(|| corners(black_box(&design), &correlation, &starts));
        });
    }
    group.finish();
}

criterion_group!(benches, sweep, path, search);
criterion_main!(benches);
