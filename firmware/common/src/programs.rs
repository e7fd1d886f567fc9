//! The two programs. Each prints `NAME insns N stack S ram R`: instructions of the marked region by the
//! board's counter (`wrapped` if it has too few bits; the QEMU plugin then has the count), bytes of stack
//! since reset, and stack plus static data.

use crate::stack::{Paint, Usage};
use crate::{Counter, arch, calibrate, count};
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

/// Streams samples, fits a path, prints what was selected and the hash of all results.
pub fn garrote(counter: &mut impl Counter) -> ! {
    let paint = Paint::new();
    calibrate(counter);
    let (fit, insns) = measure(counter, gibbs_workload::demo);
    let usage = paint.usage();
    println!("garrote selected {:#06x}", fit.selected);
    println!("garrote hash {:#018x}", fit.hash);
    finish("garrote", insns, usage)
}

/// Runs `work` between the plugin's marks, in a frame of its own.
#[inline(never)]
fn measure<C: Counter, R>(counter: &mut C, work: fn() -> R) -> (R, Option<u32>) {
    count(counter, || {
        arch::mark_begin();
        let result = core::hint::black_box(work)();
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
