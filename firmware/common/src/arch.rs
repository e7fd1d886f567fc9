//! The few instructions that have no name in Rust: the stack pointer, a loop of known length, and the two
//! marks between which the QEMU plugin (`firmware/icount`) counts. The marks do nothing on a real device and
//! no compiler emits them: a high register moved onto itself (ARM), a comparison into x0 (RISC-V).

#![allow(clippy::inline_always)] // one instruction each, exactly where it stands

use core::arch::asm;

/// The stack pointer of the caller.
#[inline(always)]
pub(crate) fn stack_pointer() -> usize {
    let sp: usize;
    // SAFETY: reads a register; no memory, no flags.
    unsafe {
        #[cfg(target_arch = "arm")]
        asm!("mov {}, sp", out(reg) sp, options(nomem, nostack, preserves_flags));
        #[cfg(target_arch = "riscv32")]
        asm!("mv {}, sp", out(reg) sp, options(nomem, nostack, preserves_flags));
    }
    sp
}

/// One move and a hundred rounds of two instructions.
#[inline(always)]
pub(crate) fn loop_of_201() {
    // SAFETY: counts a scratch register down; no memory.
    unsafe {
        #[cfg(target_arch = "arm")]
        asm!("movs {n}, #100", "2:", "subs {n}, #1", "bne 2b", n = out(reg) _, options(nomem, nostack));
        #[cfg(target_arch = "riscv32")]
        asm!("li {n}, 100", "2:", "addi {n}, {n}, -1", "bnez {n}, 2b", n = out(reg) _, options(nomem, nostack));
    }
}

/// The plugin counts from here (0x46D2 or 0x00102013) ...
#[inline(always)]
pub(crate) fn mark_begin() {
    // SAFETY: an instruction without effect. It clobbers memory by declaration, so that no work moves past it.
    unsafe {
        #[cfg(target_arch = "arm")]
        asm!("mov r10, r10", options(nostack, preserves_flags));
        #[cfg(target_arch = "riscv32")]
        asm!(".balign 4", "slti x0, x0, 1", options(nostack, preserves_flags));
    }
}

/// ... to here (0x46DB or 0x00202013).
#[inline(always)]
pub(crate) fn mark_end() {
    // SAFETY: as in `mark_begin`.
    unsafe {
        #[cfg(target_arch = "arm")]
        asm!("mov r11, r11", options(nostack, preserves_flags));
        #[cfg(target_arch = "riscv32")]
        asm!(".balign 4", "slti x0, x0, 2", options(nostack, preserves_flags));
    }
}
