//! Link-time proof that a program has no panic path.
//!
//! The panic handler calls a function that exists nowhere. If the optimiser can show that no call of the core
//! panics, handler and call are dropped and the program links; if one path is left, the linker names
//! `panic_reached` as undefined. So each program in `bin/` is a theorem about the binary that this compiler
//! makes of one module; `bin/control.rs` is the false one, which shows that the method can fail.
//!
//! The programs pass every argument through [`given`] and every result through [`taken`]: a call that the
//! compiler could evaluate or drop would prove nothing.
#![no_std]

pub use core::hint::black_box as given;

unsafe extern "C" {
    // Defined nowhere on purpose.
    fn panic_reached() -> !;
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    // SAFETY: a program that holds this call does not link, so the call is never executed.
    unsafe { panic_reached() }
}

/// Keeps a result, so that the call that made it is not dropped.
pub fn taken<R>(result: R) {
    core::hint::black_box(result);
}

/// Makes a program of a function: the entry symbol that the linker starts from.
#[macro_export]
macro_rules! program {
    ($body:ident) => {
        #[unsafe(no_mangle)]
        extern "C" fn _start() -> ! {
            $body();
            loop {}
        }
    };
}
