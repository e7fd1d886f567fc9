//! Names of the synthetic protocols: text to value and back.

use std::fmt;
use std::str::FromStr;

/// A synthetic protocol; the table is at the head of [`super`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Protocol {
    /// `A:k`: 256 x 256, `relevant` = k of 1..=256 weights nonzero.
    A {
        /// Number of nonzero weights, rho = relevant/256.
        relevant: u32,
    },
    /// `B`: 67 x 100, five ones.
    B,
    /// `B-large`: 100 x 1000, ten ones.
    BLarge,
    /// `C`: 100 x 500, ten ones, correlation 0.7 between neighbours.
    C,
    /// `C-hard`: 100 x 500, ten close neighbours of alternating sign, correlation 0.9.
    CHard,
    /// `D1`: the three-variable case where the LASSO is inconsistent.
    D1,
    /// `D2`: its twin where the LASSO is consistent.
    D2,
    /// `E:N`: 100 x N, ten ones; for the growth of the time with N.
    E {
        /// Number of columns N, 10 to 10 million.
        columns: usize,
    },
    /// `F:arena:correlation:snr`, e.g. `F:high-5:0.35:1.22`.
    F {
        /// Shape of the problem.
        arena: Arena,
        /// Correlation of neighbouring columns, 0 <= r < 1.
        correlation: f64,
        /// Signal-to-noise ratio, > 0.
        snr: f64,
    },
}

/// The four shapes (rows, columns, relevant) of protocol F.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arena {
    /// 100 x 10, 5 relevant.
    Low,
    /// 500 x 100, 5 relevant.
    Medium,
    /// 50 x 1000, 5 relevant.
    High5,
    /// 100 x 1000, 10 relevant.
    High10,
}

impl Arena {
    /// (rows, columns, relevant).
    pub fn shape(self) -> (usize, usize, usize) {
        match self {
            Self::Low => (100, 10, 5),
            Self::Medium => (500, 100, 5),
            Self::High5 => (50, 1000, 5),
            Self::High10 => (100, 1000, 10),
        }
    }

    const NAMES: [(&'static str, Self); 4] =
        [("low", Self::Low), ("medium", Self::Medium), ("high-5", Self::High5), ("high-10", Self::High10)];
}

/// The text names no protocol.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "no protocol `{text}`: {reason}\nhint: A:5, B, B-large, C, C-hard, D1, D2, E:1000 or F:high-5:0.35:1 \
     (low | medium | high-5 | high-10, correlation, signal-to-noise ratio)"
)]
pub struct UnknownProtocol {
    text: String,
    reason: &'static str,
}

impl Protocol {
    /// Reads a name as [`fmt::Display`] writes it; upper and lower case are alike.
    ///
    /// # Errors
    /// [`UnknownProtocol`] says which part of the text is wrong.
    pub fn parse(text: &str) -> Result<Self, UnknownProtocol> {
        Self::read(text).map_err(|reason| UnknownProtocol { text: text.into(), reason })
    }

    fn read(text: &str) -> Result<Self, &'static str> {
        let lower = text.trim().to_ascii_lowercase();
        let parts: Vec<&str> = lower.split(':').collect();
        match parts[..] {
            ["a", relevant] => match relevant.parse() {
                Ok(relevant) if (1..=256).contains(&relevant) => Ok(Self::A { relevant }),
                _ => Err("A takes the number of nonzero weights, 1 to 256"),
            },
            ["a"] => Err("A needs the number of nonzero weights after a colon"),
            ["b"] => Ok(Self::B),
            ["b-large"] => Ok(Self::BLarge),
            ["c"] => Ok(Self::C),
            ["c-hard"] => Ok(Self::CHard),
            ["d1"] => Ok(Self::D1),
            ["d2"] => Ok(Self::D2),
            ["e", columns] => match columns.parse() {
                Ok(columns) if (10..=10_000_000).contains(&columns) => Ok(Self::E { columns }),
                _ => Err("E takes the number of columns, 10 to 10000000"),
            },
            ["e"] => Err("E needs the number of columns after a colon"),
            ["f", arena, correlation, snr] => Self::read_f(arena, correlation, snr),
            ["f", ..] => Err("F takes three parts: shape, correlation, signal-to-noise ratio"),
            _ => Err("the first part is the family, one of A to F"),
        }
    }

    fn read_f(arena: &str, correlation: &str, snr: &str) -> Result<Self, &'static str> {
        let Some((_, arena)) = Arena::NAMES.into_iter().find(|(name, _)| *name == arena) else {
            return Err("F's shape is low, medium, high-5 or high-10");
        };
        let correlation = match correlation.parse() {
            Ok(r) if (0.0..1.0).contains(&r) => r,
            _ => return Err("F's correlation lies in [0, 1)"),
        };
        match snr.parse::<f64>() {
            Ok(snr) if snr > 0.0 && snr.is_finite() => Ok(Self::F { arena, correlation, snr }),
            _ => Err("F's signal-to-noise ratio is a positive number"),
        }
    }
}

impl FromStr for Protocol {
    type Err = UnknownProtocol;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::A { relevant } => write!(f, "A:{relevant}"),
            Self::B => f.write_str("B"),
            Self::BLarge => f.write_str("B-large"),
            Self::C => f.write_str("C"),
            Self::CHard => f.write_str("C-hard"),
            Self::D1 => f.write_str("D1"),
            Self::D2 => f.write_str("D2"),
            Self::E { columns } => write!(f, "E:{columns}"),
            Self::F { arena, correlation, snr } => {
                let name = Arena::NAMES.iter().find(|(_, a)| a == arena).map_or("", |(name, _)| name);
                write!(f, "F:{name}:{correlation}:{snr}")
            }
        }
    }
}
