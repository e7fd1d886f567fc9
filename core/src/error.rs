//! The one error type of the core.

use core::fmt;

/// Why an input was refused. The state of the callee is as it was before the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// Lengths of the arguments do not fit together (or a dimension is zero).
    Shape,
    /// An argument holds NaN or infinity.
    NonFinite,
    /// A finite argument lies outside its domain (asymmetric matrix, non-positive weight, tolerance <= 0).
    Domain,
    /// Fewer than three samples have been seen.
    TooFewSamples,
    /// The target does not vary: there is nothing to explain.
    ConstantTarget,
    /// More variables than the fixed-size owner holds.
    Capacity,
    /// A pivot stayed non-positive after all jitter retries; `index` names its row.
    NotPositiveDefinite {
        /// Row (0-based) of the first bad pivot.
        index: usize,
    },
    /// The operation is not offered for this scalar type (removal of samples in f32).
    Unsupported,
    /// No signal: no candidate satisfies the selection rule.
    NoSignal,
    /// Couplings are not symmetric: some entry of this row differs from its mirror image. (The row alone: a second
    /// number would cost every `Result` on a small device another word of stack.)
    Asymmetric {
        /// The row of the matrix, from 0.
        row: usize,
    },
    /// The coupling of a spin with itself is not zero: a constant of the energy, dropped by nobody silently.
    SelfCoupling {
        /// The spin, from 0.
        index: usize,
    },
    /// A value that is neither -1 nor +1.
    NotASpin {
        /// The index of the entry, from 0.
        index: usize,
    },
    /// A periodic lattice with an odd side has no two-colouring.
    OddLattice,
    /// The half row of a lattice is neither within one word nor a whole number of words; or a side of 2,
    /// which doubles each bond, without the flag that allows it.
    UnsupportedSide {
        /// The side that is not supported.
        side: usize,
    },
    /// The acceptance e^(-4 beta) rounds to zero at this number of random bits.
    TooCold {
        /// Random bits of a decision.
        bits: u32,
    },
    /// An energy could leave the range of 32-bit integers.
    Overflow,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shape => f.write_str("argument lengths do not fit together"),
            Self::NonFinite => f.write_str("argument holds NaN or infinity"),
            Self::Domain => f.write_str("argument outside its domain"),
            Self::TooFewSamples => f.write_str("fewer than 3 samples"),
            Self::ConstantTarget => f.write_str("the target is constant"),
            Self::Capacity => f.write_str("more variables than the fixed capacity"),
            Self::NotPositiveDefinite { .. } => {
                f.write_str("matrix is not positive definite, even with jitter")
            }
            Self::Unsupported => f.write_str("operation not offered for this scalar type"),
            Self::NoSignal => f.write_str("no candidate satisfies the selection rule"),
            Self::Asymmetric { .. } => f.write_str("couplings are not symmetric"),
            Self::SelfCoupling { .. } => f.write_str("a spin is coupled with itself"),
            Self::NotASpin { .. } => f.write_str("a value is neither -1 nor +1"),
            Self::OddLattice => f.write_str("a periodic lattice with an odd side has no two colours"),
            Self::UnsupportedSide { .. } => f.write_str("this side is not supported"),
            Self::TooCold { .. } => f.write_str("the temperature is too low for this number of random bits"),
            Self::Overflow => f.write_str("an energy could overflow 32 bits"),
        }
    }
}

impl core::error::Error for Error {}
