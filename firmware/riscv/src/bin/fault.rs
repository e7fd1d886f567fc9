//! Executes an undefined instruction: the run must end with status 70.
#![no_std]
#![no_main]

use gibbs_riscv as _;

#[riscv_rt::entry]
fn main() -> ! {
    // SAFETY: traps at once; the handler ends the program.
    unsafe { core::arch::asm!("unimp", options(noreturn, nomem, nostack)) }
}
