//! The firmware examples, once for every board: a board brings its entry point, its fault handlers and an
//! instruction counter ([`Counter`]); the programs are [`hashes`], [`hashes_ising`], [`hashes_diffusion`],
//! [`garrote`], [`lattice`], [`annealer`] and [`denoiser`].
//!
//! Every run first proves that its counter counts: a loop of 201 instructions must read 201 +-1, or the
//! program exits with 72. Other exit codes: 0 done, 70 fault, 71 unexpected exception, 73 the stack outgrew
//! the painted window, 74 the board was taken twice, 75 the core refused its input, 101 panic.
//!
//! Numbers are printed as integers and bit patterns: formatting one float costs more flash than a fit.
//! "Instructions" are QEMU's, not cycles.
#![no_std]

mod arch;
mod programs;
mod stack;

pub use programs::{annealer, denoiser, garrote, hashes, hashes_diffusion, hashes_ising, lattice};

/// Counts executed instructions.
pub trait Counter {
    /// Sets the counter to zero.
    fn start(&mut self);
    /// Instructions since [`Counter::start`]; `None` if the counter wrapped.
    fn elapsed(&mut self) -> Option<u32>;
}

/// Instructions that `work` takes by the board's own counter, less the cost of reading it.
fn count<C: Counter, R>(counter: &mut C, work: impl FnOnce() -> R) -> (R, Option<u32>) {
    counter.start();
    let empty = counter.elapsed();
    counter.start();
    let result = work();
    let total = counter.elapsed();
    let net = total.and_then(|total| empty.map(|empty| total.saturating_sub(empty)));
    (result, net)
}

/// Runs the loop of known length and ends the program if the counter does not read its length.
fn calibrate(counter: &mut impl Counter) {
    let ((), read) = count(counter, arch::loop_of_201);
    let read = read.unwrap_or(0);
    semihosting::println!("calibration {read}");
    if !(200..=202).contains(&read) {
        semihosting::println!("calibration failed: expected 201 +-1 instructions");
        semihosting::process::exit(72);
    }
}
