//! Prints the hash vector of the core.
#![no_std]
#![no_main]

use gibbs_riscv::Retired;

#[riscv_rt::entry]
fn main() -> ! {
    gibbs_firmware::hashes(&mut Retired::default())
}
