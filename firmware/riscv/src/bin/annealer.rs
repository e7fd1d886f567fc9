//! Anneals a glass of 64 spins in integers.
#![no_std]
#![no_main]

use gibbs_riscv::Retired;

#[riscv_rt::entry]
fn main() -> ! {
    gibbs_firmware::annealer(&mut Retired::default())
}
