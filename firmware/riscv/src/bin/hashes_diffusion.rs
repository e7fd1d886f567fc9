//! Prints the hashes of diffusion models.
#![no_std]
#![no_main]

use gibbs_riscv::Retired;

#[riscv_rt::entry]
fn main() -> ! {
    gibbs_firmware::hashes_diffusion(&mut Retired::default())
}
