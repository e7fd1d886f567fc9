//! Our own history of the differentiable engine: `cargo bench -p gibbs-benches --bench diffusion`. The comparison with
//! PyTorch is in `peers/diffusion.py`.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use gibbs::diffusion::datasets::Discs;
use gibbs::diffusion::eps::Guidance;
use gibbs::diffusion::folder::{LoadOptions, ModelFolder};
use gibbs::diffusion::geometry::Geometry;
use gibbs::diffusion::model::{Point, Unet};
use gibbs::diffusion::presets;
use gibbs::diffusion::pullback::krylov::Search;
use gibbs::diffusion::schedule::NoiseSchedule;
use gibbs::diffusion::training::NoisePrediction;
use gibbs::train::{Batches, Draw, Settings, Trainer};
use gibbs::work::Work;
use gibbs_core::diffusion::{Betas, Table, gaussian};
use gibbs_core::random::stream;
use std::path::Path;

const TIME: f32 = 500.0;

/// The disc model of the fixtures.
fn discs() -> ModelFolder {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/models/discs");
    ModelFolder::load(&folder, LoadOptions::default()).expect("the fixture is sound")
}

fn drawn(length: usize) -> Vec<f32> {
    let mut values = vec![0.0; length];
    gaussian(&mut stream(1, "bench", 0))(&mut values);
    values
}

fn passes(c: &mut Criterion) {
    let unet: Unet<f32> = Unet::from_folder(&discs(), None, 0).expect("the fixture is sound");
    let [image, hidden] = [unet.image(), unet.hidden()].map(|sides| sides.iter().product::<usize>());
    let mut denoiser = unet.denoiser();
    let mut encoder = unet.encoder();
    for batch in [1, 32] {
        let (x, t) = (drawn(batch * image), vec![TIME; batch]);
        let mut eps = vec![0.0; batch * image];
        let point = Point {
            x: &x,
            t: &t,
            context: None,
        };
        let mut group = c.benchmark_group("diffusion/forward/discs");
        group.throughput(Throughput::Elements(batch as u64));
        group.bench_function(BenchmarkId::from_parameter(batch), |b| {
            b.iter(|| denoiser.eps(point, &mut eps, None));
        });
    }
    let (x, k) = (drawn(image), 32);
    let point = Point {
        x: &x,
        t: &[TIME],
        context: None,
    };
    let mut h = vec![0.0; hidden];
    encoder.move_to(point, &mut h).expect("finite");
    let (tangents, cotangents) = (drawn(k * image), drawn(k * hidden));
    let (mut moved, mut pulled) = (vec![0.0; k * hidden], vec![0.0; k * image]);
    let mut group = c.benchmark_group("diffusion/linearised/discs");
    group.throughput(Throughput::Elements(k as u64));
    group.bench_function("jvp", |b| b.iter(|| encoder.jvp(k, &tangents, &mut moved)));
    group.bench_function("vjp", |b| b.iter(|| encoder.vjp(k, &cotangents, &mut pulled)));
}

fn basis(c: &mut Criterion) {
    let folder = discs();
    let unet: Unet<f32> = Unet::from_folder(&folder, None, 0).expect("the fixture is sound");
    let scheduler = folder.scheduler().expect("the fixture is sound");
    let scheduler = scheduler.expect("the fixture has a schedule");
    let schedule = NoiseSchedule::new(&scheduler).expect("a sound schedule");
    let x = drawn(unet.image().iter().product());
    let geometry = Geometry::new(&unet, &schedule, Guidance::None, Work::plain());
    let mut geometry = geometry.expect("a net without text");
    c.bench_function("diffusion/basis/discs/krylov-5", |b| {
        b.iter(|| geometry.basis(&x, f64::from(TIME), &Search::new(5)));
    });
}

fn training(c: &mut Criterion) {
    let data = Discs::new(16, 0).expect("a sound side");
    let schedule = Table::<f32, 1000>::new(Betas::DDPM).expect("a sound schedule");
    let batches = Batches::new(0, 64, Draw::Fresh).expect("some samples");
    let (mut objective, parameters) = NoisePrediction::new(
        &presets::small(1, 16),
        &data,
        schedule.schedule().alpha_bar(),
        batches,
        0,
    )
    .expect("the net fits the images");
    let mut trainer = Trainer::new(Settings::default(), &objective, parameters).expect("sound settings");
    c.bench_function("diffusion/training-step/discs/64", |b| {
        b.iter(|| trainer.step(&mut objective));
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = passes, basis, training
}
criterion_main!(benches);
