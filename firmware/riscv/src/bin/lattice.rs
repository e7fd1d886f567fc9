//! Moves a critical lattice of 64 x 64 sites in 512 bytes, in integers alone.
#![no_std]
#![no_main]

use gibbs_riscv::Retired;

#[riscv_rt::entry]
fn main() -> ! {
    gibbs_firmware::lattice(&mut Retired::default())
}
