//! Fits a garrote path to streamed samples in fixed memory.
#![no_std]
#![no_main]

use gibbs_riscv::Retired;

#[riscv_rt::entry]
fn main() -> ! {
    gibbs_firmware::garrote(&mut Retired::default())
}
