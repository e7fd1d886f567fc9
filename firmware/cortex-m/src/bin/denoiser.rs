//! Samples a small diffusion model.
#![no_std]
#![no_main]

use gibbs_cortex_m::SysTick;

#[cortex_m_rt::entry]
fn main() -> ! {
    match SysTick::take() {
        Some(mut counter) => gibbs_firmware::denoiser(&mut counter),
        None => semihosting::process::exit(74),
    }
}
