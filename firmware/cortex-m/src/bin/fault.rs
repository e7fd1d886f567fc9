//! Executes an undefined instruction: the run must end with status 70.
#![no_std]
#![no_main]

use gibbs_cortex_m as _;

#[cortex_m_rt::entry]
fn main() -> ! {
    cortex_m::asm::udf()
}
