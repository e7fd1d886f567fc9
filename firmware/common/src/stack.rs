//! Stack high-water mark by paint: fill the free memory below the stack pointer with a pattern, run, and look
//! for the lowest word that changed. A word that happens to be written with the pattern itself would be
//! missed; the words above it are not, so the error is a few bytes at most.

use crate::arch::stack_pointer;

unsafe extern "C" {
    // Defined by the linker scripts of cortex-m-rt and riscv-rt; only their addresses mean something.
    static __sdata: u8;
    static __sheap: u8;
    static _stack_start: u8;
}

const PATTERN: u32 = 0xC5C5_C5C5;
/// At most this much is painted: a board with megabytes of RAM need not fill them.
const WINDOW: usize = 15 * 1024;
/// Bytes below the stack pointer left alone: red zone and the frame of the loop itself.
const MARGIN: usize = 64;

/// The painted words, as addresses. The scan must use these bounds, not compute its own: another frame depth
/// would shift them.
pub(crate) struct Paint {
    low: usize,
    high: usize,
}

/// Memory in use, in bytes.
#[derive(Clone, Copy)]
pub(crate) struct Usage {
    /// From the top of the stack down to the deepest word written, since reset.
    pub(crate) stack: usize,
    /// Initialised and zeroed data.
    pub(crate) data: usize,
}

impl Paint {
    /// Paints from the end of static data (or the window's edge) to just below the stack pointer.
    #[inline(never)]
    pub(crate) fn new() -> Self {
        let high = (stack_pointer() - MARGIN) & !3;
        let low = (&raw const __sheap as usize)
            .max(high - WINDOW.min(high))
            .next_multiple_of(4);
        for address in (low..high).step_by(4) {
            // SAFETY: the words lie in RAM between static data and the live stack; nothing owns them. The
            // address comes from the linker, so provenance is that of the memory map.
            unsafe { core::ptr::with_exposed_provenance_mut::<u32>(address).write_volatile(PATTERN) }
        }
        Self { low, high }
    }

    /// Looks upward from the same lower bound for the first word that changed; `None` when even the lowest
    /// did: then the true depth is unknown.
    #[inline(never)]
    pub(crate) fn usage(&self) -> Option<Usage> {
        let changed = |address: &usize| {
            // SAFETY: as in `new`; reading them is free of side effects.
            let word = unsafe { core::ptr::with_exposed_provenance::<u32>(*address).read_volatile() };
            word != PATTERN
        };
        let deepest = (self.low..self.high)
            .step_by(4)
            .find(changed)
            .unwrap_or(self.high);
        let (top, start, end) = (
            &raw const _stack_start as usize,
            &raw const __sdata as usize,
            &raw const __sheap as usize,
        );
        (deepest > self.low).then_some(Usage {
            stack: top - deepest,
            data: end - start,
        })
    }
}
