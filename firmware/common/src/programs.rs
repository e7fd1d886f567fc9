//! The programs. Each prints `NAME insns N stack S ram R`: instructions of the marked region by the
//! board's counter (`wrapped` if it has too few bits; the QEMU plugin then has the count), bytes of stack
//! since reset, and stack plus static data.

use crate::stack::{Paint, Usage};
use crate::{Counter, arch, calibrate, count};
use gibbs_core::Error;
use gibbs_workload::annealer::Annealer;
use gibbs_workload::demo::{Demo, Points, SAMPLES, sample};
use gibbs_workload::denoiser::Sample;
use gibbs_workload::lattice::{BLOCKS, Critical, SIDE, SWEEPS, Seen};
use gibbs_workload::{Entry, Hash};
use semihosting::{println, process};

/// Prints `hash NAME VALUE` for the ground floor and the garrote.
pub fn hashes(counter: &mut impl Counter) -> ! {
    print_hashes(counter, "hashes", gibbs_workload::garrote_hashes)
}

/// Prints the hashes of the Ising models.
pub fn hashes_ising(counter: &mut impl Counter) -> ! {
    print_hashes(counter, "hashes_ising", gibbs_workload::ising_hashes)
}

/// Prints the hashes of the diffusion models.
pub fn hashes_diffusion(counter: &mut impl Counter) -> ! {
    print_hashes(counter, "hashes_diffusion", gibbs_workload::diffusion_hashes)
}

fn print_hashes<const COUNT: usize>(
    counter: &mut impl Counter,
    name: &str,
    hashes: impl FnOnce() -> [Entry; COUNT],
) -> ! {
    let paint = Paint::new();
    calibrate(counter);
    let (hashes, insns) = measure(counter, hashes);
    let usage = paint.usage();
    for (entry, hash) in hashes {
        println!("hash {entry} {hash:#018x}");
    }
    finish(name, insns, usage)
}

static mut DEMO: Demo = Demo::new();
static mut POINTS: Points = Points::new();

/// Streams samples, fits a path, prints what was selected and the hash of the result. `push` is the cost of
/// the last sample.
pub fn garrote(counter: &mut impl Counter) -> ! {
    let paint = Paint::new();
    calibrate(counter);
    let (demo, points) = (&raw mut DEMO, &raw mut POINTS);
    // SAFETY: this function never returns and runs once, so these are the only references.
    let (demo, points) = unsafe { (&mut *demo, &mut *points) };
    let push = stream(counter, demo);
    let (fit, insns) = measure(counter, || demo.fit(points));
    let usage = paint.usage();
    let fit = expect(fit);
    println!("garrote selected {:#06x}", fit.selected);
    println!("garrote hash {:#018x}", fit.hash);
    println!("garrote push {}", push.unwrap_or(0));
    finish("garrote", insns, usage)
}

/// Streams all samples in, in a frame of its own; the cost of the last one.
#[inline(never)]
fn stream(counter: &mut impl Counter, demo: &mut Demo) -> Option<u32> {
    let mut push = None;
    for index in 0..SAMPLES {
        let sample = sample(index);
        let (pushed, insns) = count(counter, || demo.push(&sample));
        expect(pushed);
        push = insns;
    }
    push
}

static mut CRITICAL: Critical = Critical::new();

/// Moves a critical lattice, and prints its energy, its magnetisation, and the hash of the trajectory (all words
/// after each block of sweeps). The instructions are those of the last block. No floating point: nothing of it is
/// linked.
pub fn lattice(counter: &mut impl Counter) -> ! {
    let paint = Paint::new();
    calibrate(counter);
    let critical = &raw mut CRITICAL;
    // SAFETY: this function never returns and runs once, so this is the only reference.
    let critical = unsafe { &mut *critical };
    let (mut rng, mut hash) = (Critical::stream(), Hash::default());
    let (mut seen, mut insns) = (Seen::default(), None);
    for _ in 0..BLOCKS {
        let (swept, cost) = measure(counter, || critical.sweeps(&mut rng));
        expect(swept);
        insns = cost;
        seen = expect(critical.see(&mut hash));
    }
    let usage = paint.usage();
    println!(
        "lattice energy {} magnetization {}",
        seen.energy, seen.magnetization
    );
    println!("lattice hash {:#018x}", hash.value());
    println!("lattice attempts {}", SWEEPS * (SIDE * SIDE) as u64);
    finish("lattice", insns, usage)
}

static mut ANNEALER: Annealer = Annealer::new();

/// Anneals a glass of 64 spins, and prints the best energy and the hash of the states.
pub fn annealer(counter: &mut impl Counter) -> ! {
    let paint = Paint::new();
    calibrate(counter);
    let annealer = &raw mut ANNEALER;
    // SAFETY: as in `lattice`.
    let annealer = unsafe { &mut *annealer };
    annealer.draw();
    let (found, insns) = measure(counter, || annealer.anneal());
    let usage = paint.usage();
    let found = expect(found);
    println!("annealer energy {} flips {}", found.energy, found.flips);
    println!("annealer hash {:#018x}", found.hash);
    finish("annealer", insns, usage)
}

static mut SAMPLE: Sample = Sample::new();

/// Samples a perceptron by DDIM, and prints the hash of all states.
pub fn denoiser(counter: &mut impl Counter) -> ! {
    let paint = Paint::new();
    calibrate(counter);
    let sample = &raw mut SAMPLE;
    // SAFETY: as in `lattice`.
    let sample = unsafe { &mut *sample };
    expect(sample.prepare());
    let (hash, insns) = measure(counter, || sample.sample());
    let usage = paint.usage();
    println!("denoiser hash {:#018x}", expect(hash));
    finish("denoiser", insns, usage)
}

/// Ends the program if the core refused.
fn expect<R>(result: Result<R, Error>) -> R {
    match result {
        Ok(result) => result,
        Err(error) => {
            println!("the core refused: {error}");
            process::exit(75)
        }
    }
}

/// Runs `work` between the plugin's marks, in a frame of its own.
#[inline(never)]
fn measure<C: Counter, R>(counter: &mut C, work: impl FnOnce() -> R) -> (R, Option<u32>) {
    count(counter, || {
        arch::mark_begin();
        let result = work();
        arch::mark_end();
        result
    })
}

fn finish(name: &str, insns: Option<u32>, usage: Option<Usage>) -> ! {
    let Some(Usage { stack, data }) = usage else {
        println!("{name}: the stack outgrew the painted window");
        process::exit(73)
    };
    match insns {
        Some(insns) => println!("{name} insns {insns} stack {stack} ram {}", stack + data),
        None => println!("{name} insns wrapped stack {stack} ram {}", stack + data),
    }
    process::exit(0)
}
