//! Runs a loop as compiled for the best instruction set of this machine (AVX-512, AVX2, or the baseline).
//!
//! The loops are plain scalar code in the core's order of sums, without fused multiply-add: the instruction
//! set changes their speed, not one bit of their result. A task must be `#[inline(always)]` all the way down
//! to its loops, or it stays compiled for the baseline.

use pulp::{Arch, Simd, WithSimd};

/// A loop worth dispatching.
pub(crate) trait Task {
    /// What it returns.
    type Output;
    /// Runs it; mark the implementation `#[inline(always)]`.
    fn run(self) -> Self::Output;
}

struct Dispatched<T>(T);

impl<T: Task> WithSimd for Dispatched<T> {
    type Output = T::Output;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> T::Output {
        self.0.run()
    }
}

/// Runs `task` on the best instruction set.
pub(crate) fn dispatch<T: Task>(task: T) -> T::Output {
    Arch::new().dispatch(Dispatched(task))
}
