//! The two programs. Each prints `NAME insns N stack S ram R`: instructions of the marked region by the
//! board's counter (`wrapped` if it has too few bits; the QEMU plugin then has the count), bytes of stack
//! since reset, and stack plus static data.

use crate::stack::{Paint, Usage};
use crate::{Counter, arch, calibrate, count};
use gibbs_core::Error;
use gibbs_workload::demo::{Demo, Points, SAMPLES, sample};
use semihosting::{println, process};

/// Prints `hash NAME VALUE` for every entry of the hash vector.
pub fn hashes(counter: &mut impl Counter) -> ! {
    let paint = Paint::new();
    calibrate(counter);
    let (hashes, insns) = measure(counter, gibbs_workload::hashes);
    let usage = paint.usage();
    for (name, hash) in hashes {
        println!("hash {name} {hash:#018x}");
    }
    finish("hashes", insns, usage)
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
