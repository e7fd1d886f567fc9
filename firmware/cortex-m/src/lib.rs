//! The Cortex-M side: SysTick as instruction counter, fault handlers that end the program.
#![no_std]

use cortex_m::peripheral::{Peripherals, SYST, syst::SystClkSource};
use cortex_m_rt::{ExceptionFrame, exception};
use gibbs_firmware::Counter;
use semihosting::{eprintln, process};

/// Instructions per SysTick tick as a fraction, at `-icount shift=6` (64 ns per instruction): the microbit
/// runs at 16 MHz (62.5 ns per tick), the mps2 boards at 25 MHz (40 ns).
const SCALE: (u32, u32) = if cfg!(small_board) { (1000, 1024) } else { (5, 8) };

/// SysTick, 24 bits downward: wraps after 16.3 (microbit) or 10.4 (mps2) million instructions.
pub struct SysTick(SYST);

impl SysTick {
    /// Takes the peripherals; `None` the second time.
    #[must_use]
    pub fn take() -> Option<Self> {
        let mut timer = Peripherals::take()?.SYST;
        timer.set_clock_source(SystClkSource::Core);
        timer.set_reload(0x00FF_FFFF);
        Some(Self(timer))
    }
}

impl Counter for SysTick {
    #[inline(never)]
    fn start(&mut self) {
        self.0.clear_current();
        self.0.enable_counter();
        // The first tick, which reloads the cleared counter, may raise the wrap flag too: wait for it, then
        // reading the status clears the flag.
        while SYST::get_current() == 0 {}
        let _ = self.0.has_wrapped();
    }

    #[inline(never)]
    fn elapsed(&mut self) -> Option<u32> {
        // The counter reloads on its first tick, so it starts at the top; reading the status clears it.
        let ticks = 0x00FF_FFFF - SYST::get_current();
        let wrapped = self.0.has_wrapped();
        self.0.disable_counter();
        let (above, below) = SCALE;
        // 2^24 ticks times 1000/1024 or 5/8 fit.
        u32::try_from(u64::from(ticks) * u64::from(above) / u64::from(below))
            .ok()
            .filter(|_| !wrapped)
    }
}

#[exception]
unsafe fn HardFault(frame: &ExceptionFrame) -> ! {
    eprintln!(
        "hard fault at {:#010x}, called from {:#010x}",
        frame.pc(),
        frame.lr()
    );
    process::exit(70)
}

#[exception]
unsafe fn DefaultHandler(number: i16) -> ! {
    eprintln!("unexpected exception {number}");
    process::exit(71)
}
