//! The instruction sets of this machine, and a loop run as compiled for the best of them.
//!
//! The loops are plain scalar code in the core's order of sums, without fused multiply-add: the instruction
//! set changes their speed, not one bit of their result. A task must be `#[inline(always)]` all the way down
//! to its loops, or it stays compiled for the baseline.
//!
//! [`VARIABLE`] names the most that may be used, so that every set can be tried on one machine. It does not reach
//! the products of the `gemm` crate, which looks at the processor by itself.

use pulp::{Arch, Simd, WithSimd};
use std::sync::OnceLock;

#[cfg(target_arch = "x86_64")]
use pulp::x86::{V3, V4};

/// The environment variable that names the most that may be used: `avx512`, `avx2` or `baseline`.
pub const VARIABLE: &str = "GIBBS_SIMD";

/// Which instructions to use. All give the same bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instructions {
    /// AVX-512 (F, BW, CD, DQ, VL).
    Avx512,
    /// The instructions of AVX2.
    Avx2,
    /// None beyond those that every processor of this architecture has.
    Baseline,
}

impl Instructions {
    /// All that there are, the best first.
    pub const ALL: [Self; 3] = [Self::Avx512, Self::Avx2, Self::Baseline];

    /// As [`VARIABLE`] has it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Avx512 => "avx512",
            Self::Avx2 => "avx2",
            Self::Baseline => "baseline",
        }
    }

    /// Whether the processor has them.
    pub fn is_there(self) -> bool {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => V4::is_available(),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => V3::is_available(),
            #[cfg(not(target_arch = "x86_64"))]
            Self::Avx512 | Self::Avx2 => false,
            Self::Baseline => true,
        }
    }

    /// Those of this machine that may be used, the best first; the baseline is always there.
    pub fn available() -> Vec<Self> {
        let most = forced().ok().flatten();
        let allowed = Self::ALL
            .into_iter()
            .skip_while(|set| most.is_some_and(|most| *set != most));
        allowed.filter(|set| set.is_there()).collect()
    }

    /// The best that may be used.
    pub fn best() -> Self {
        static BEST: OnceLock<Instructions> = OnceLock::new();
        *BEST.get_or_init(|| Self::available().first().copied().unwrap_or(Self::Baseline))
    }
}

/// What [`VARIABLE`] names; `None` when it is not set.
///
/// # Errors
/// A word that names no instruction set, or one that this processor lacks: the program refuses it, the library goes on
/// with what there is.
pub fn forced() -> Result<Option<Instructions>, String> {
    let Some(word) = std::env::var_os(VARIABLE) else {
        return Ok(None);
    };
    named(&word.to_string_lossy()).map(Some)
}

fn named(word: &str) -> Result<Instructions, String> {
    let words = |sets: &[Instructions]| sets.iter().map(|set| set.word()).collect::<Vec<_>>().join(", ");
    let all = Instructions::ALL;
    let set = all.into_iter().find(|set| set.word() == word);
    let set = set.ok_or_else(|| format!("{VARIABLE}={word:?}: expected one of {}", words(&all)))?;
    if set.is_there() {
        return Ok(set);
    }
    let there: Vec<Instructions> = all.into_iter().filter(|set| set.is_there()).collect();
    Err(format!(
        "{VARIABLE}={word}: this processor has {} only",
        words(&there)
    ))
}

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

/// Runs `task` on the best instruction set that may be used.
pub(crate) fn dispatch<T: Task>(task: T) -> T::Output {
    static ARCH: OnceLock<Arch> = OnceLock::new();
    ARCH.get_or_init(arch).dispatch(Dispatched(task))
}

#[cfg(target_arch = "x86_64")]
fn arch() -> Arch {
    match Instructions::best() {
        Instructions::Avx512 => V4::try_new().map(Arch::V4),
        Instructions::Avx2 => V3::try_new().map(Arch::V3),
        Instructions::Baseline => None,
    }
    .unwrap_or(Arch::Scalar)
}

#[cfg(not(target_arch = "x86_64"))]
fn arch() -> Arch {
    Arch::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    // a suite that is run with a set forced must have run on it: nothing else would turn red without it
    #[test]
    fn the_forced_set_is_used() {
        match forced() {
            Ok(Some(set)) => assert_eq!(Instructions::best(), set),
            Ok(None) => assert!(Instructions::best().is_there()),
            Err(refusal) => panic!("{refusal}"),
        }
        #[cfg(target_arch = "x86_64")]
        {
            let expected = match Instructions::best() {
                Instructions::Avx512 => "V4",
                Instructions::Avx2 => "V3",
                Instructions::Baseline => "Scalar",
            };
            assert!(format!("{:?}", arch()).starts_with(expected));
        }
    }

    #[test]
    fn words_are_those_of_the_sets() {
        assert_eq!(named("baseline"), Ok(Instructions::Baseline));
        for set in Instructions::ALL {
            assert_eq!(named(set.word()).is_ok(), set.is_there(), "{set:?}");
        }
        for unknown in ["", "AVX2", "sse", "avx512 "] {
            assert!(named(unknown).is_err(), "{unknown:?}");
        }
    }
}
