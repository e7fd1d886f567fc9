//! The RISC-V side: the retired-instruction register as counter, a trap handler that ends the program.
#![no_std]

use gibbs_firmware::Counter;
use semihosting::{eprintln, process};

/// `minstret`, 64 bits, exact under `-icount shift=0`.
#[derive(Default)]
pub struct Retired(u64);

impl Counter for Retired {
    #[inline(never)]
    fn start(&mut self) {
        self.0 = riscv::register::instret::read64();
    }

    #[inline(never)]
    fn elapsed(&mut self) -> Option<u32> {
        u32::try_from(riscv::register::instret::read64().wrapping_sub(self.0)).ok()
    }
}

#[unsafe(export_name = "ExceptionHandler")]
fn fault(_frame: &riscv_rt::TrapFrame) -> ! {
    let (cause, at) = (
        riscv::register::mcause::read().bits(),
        riscv::register::mepc::read(),
    );
    eprintln!("trap: cause {cause:#x} at {at:#010x}");
    process::exit(70)
}

#[unsafe(export_name = "DefaultHandler")]
fn interrupt() -> ! {
    eprintln!(
        "unexpected interrupt {:#x}",
        riscv::register::mcause::read().bits()
    );
    process::exit(71)
}
