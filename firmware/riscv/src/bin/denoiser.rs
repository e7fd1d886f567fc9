//! Samples a small diffusion model.
#![no_std]
#![no_main]

use gibbs_riscv::Retired;

#[riscv_rt::entry]
fn main() -> ! {
    gibbs_firmware::denoiser(&mut Retired::default())
}
