//! Moves a critical lattice of 64 x 64 sites in 512 bytes, in integers alone.
#![no_std]
#![no_main]

use gibbs_cortex_m::SysTick;

#[cortex_m_rt::entry]
fn main() -> ! {
    match SysTick::take() {
        Some(mut counter) => gibbs_firmware::lattice(&mut counter),
        None => semihosting::process::exit(74),
    }
}
