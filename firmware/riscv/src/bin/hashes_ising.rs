//! Prints the hashes of the Ising models.
#![no_std]
#![no_main]

use gibbs_riscv::Retired;

#[riscv_rt::entry]
fn main() -> ! {
    gibbs_firmware::hashes_ising(&mut Retired::default())
}
