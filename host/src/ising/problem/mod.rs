//! Problems as users have them: couplings and fields, a QUBO, or a graph to be cut, in the file forms of `read`.
//!
//! ```text
//! Ising   E(s) = - Σ_{i<j} J_ij s_i s_j - Σ_i h_i s_i     s = ±1; an entry i = j is the field h_i
//! QUBO    E(x) = Σ_{entries} Q_ij x_i x_j                  x = (1 + s)/2 = 0, 1; minimised; entries add
//!         4 J_ij = -(Q_ij + Q_ji), 4 h_i = -[2 Q_ii + Σ_{j≠i} (Q_ij + Q_ji)],
//!         4 offset = 2 Σ_i Q_ii + Σ_{i<j} (Q_ij + Q_ji)                              (derived)
//! cut     E(s) = - Σ_{i<j} w_ij (1 - s_i s_j)/2            minus the weight of the edges between the two sides
//!         2 J_ij = -w_ij, 2 offset = - Σ w_ij
//! ```
//! What a file adds to every energy (its own offset) is added to all of them.
//!
//! Numbers stay what they are in the file: whole numbers in units of 10^-places, 128 bits wide, so that the
//! energy of a configuration is exact ([`Problem::energy`]); only where digits and exponents do not fit are
//! values taken as f64, summed exactly and rounded once. Solvers get weights in a `unit` of their own
//! ([`Problem::weights`]): 32-bit integers where they fit, which makes every energy on the way exact, else f64.
//! Enumeration has 128-bit integers wherever the energy is exact ([`Problem::wide_weights`]).

pub mod decimal;
mod error;
mod form;
mod read;
mod weights;

#[cfg(test)]
mod tests;

pub use error::{ProblemError, Trouble};
pub use weights::{Couplings, Values, View, Weights};

use crate::data::Source;
use decimal::Decimal;
use gibbs_core::random::{FNV_OFFSET, fnv1a};
use read::{Entries, Entry, Number};
use std::cmp::Ordering;
use std::fmt;
use std::path::Path;

/// Largest number of spins.
pub(crate) const MOST_SPINS: u64 = 1 << 26;
/// Numbers of spins up to this are taken without asking, whatever the number of entries.
const PLAUSIBLE_SPINS: u64 = 1 << 20;

/// What the entries of a file are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// Couplings and fields of spins ±1.
    #[default]
    Ising,
    /// A quadratic form of variables 0 and 1.
    Qubo,
    /// A graph: the energy is minus the weight of the edges between vertices on two sides.
    MaxCut,
}

impl Kind {
    /// Couplings and fields are whole numbers of this part of the unit of the entries.
    fn share(self) -> u8 {
        match self {
            Self::Ising => 1,
            Self::MaxCut => 2,
            Self::Qubo => 4,
        }
    }

    /// What the entries mean.
    fn name(self) -> &'static str {
        match self {
            Self::Ising => "couplings J and fields h, E = - Σ J s s - Σ h s",
            Self::Qubo => "a QUBO, E = Σ Q x x",
            Self::MaxCut => "a cut to be maximised, E = - cut",
        }
    }
}

/// The entries in one unit.
#[derive(Clone, Debug)]
enum Terms {
    /// value x 10^exponent.
    Decimal {
        list: Vec<(u32, u32, i128)>,
        offset: Decimal,
        exponent: i32,
    },
    /// Digits and exponents that do not fit 128 bits.
    Binary { list: Vec<(u32, u32, f64)>, offset: f64 },
}

/// A problem, checked.
#[derive(Clone, Debug)]
pub struct Problem {
    kind: Kind,
    spins: usize,
    terms: Terms,
    form: &'static str,
    notes: Vec<String>,
}

impl Problem {
    /// Reads a problem file, gzipped or not, or standard input for the path `-`. `kind` is what the user said: where the file says of itself that it is a QUBO, it is one
    /// under [`Kind::Ising`] as well. `spins` may add isolated spins at the end.
    ///
    /// # Errors
    /// [`ProblemError`]: file, line, what was expected.
    pub fn read(path: &Path, kind: Kind, spins: Option<usize>) -> Result<Self, ProblemError> {
        let source = Source::read(path)?;
        Self::parse(&source.name, &source.bytes, kind, spins)
    }

    /// The problem in bytes in memory; otherwise as [`Self::read`]. `path` stands for them in messages. Cost: O(entries
    /// log entries).
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn parse(path: &Path, bytes: &[u8], kind: Kind, spins: Option<usize>) -> Result<Self, ProblemError> {
        let Entries {
            form,
            kind,
            list,
            spins: announced,
            offset,
            notes,
        } = read::entries(path, bytes, kind)?;
        let spins = count(path, &list, announced, spins)?;
        if kind == Kind::MaxCut
            && let Some(edge) = list.iter().find(|entry| entry.i == entry.j)
        {
            return Err(Trouble::Loop { vertex: edge.i }.at(path, edge.line));
        }
        let list = match kind {
            Kind::Ising | Kind::MaxCut => without_mirrors(path, list)?,
            Kind::Qubo => list,
        };
        let terms = exact(&list, offset).unwrap_or_else(|| {
            let value = |entry: &Entry| (entry.i, entry.j, entry.number.value);
            Terms::Binary {
                list: list.iter().map(value).collect(),
                offset: offset.value,
            }
        });
        let mut problem = Self {
            kind,
            spins,
            terms,
            form,
            notes,
        };
        if matches!(problem.terms, Terms::Binary { .. }) {
            let note = "the values span more than 38 decimal digits: energies are sums of f64, rounded once";
            problem.notes.push(note.to_owned());
        }
        Ok(problem)
    }

    /// Number of spins N, at least 1.
    pub fn spins(&self) -> usize {
        self.spins
    }

    /// What the entries of the file were.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// What the file was taken for: its form, the meaning and the number of its entries.
    pub fn taken_for(&self) -> String {
        let entries = match &self.terms {
            Terms::Decimal { list, .. } => list.len(),
            Terms::Binary { list, .. } => list.len(),
        };
        let (form, kind, spins) = (self.form, self.kind.name(), self.spins);
        let plural = |count: usize| if count == 1 { "" } else { "s" };
        let (more, others) = (plural(spins), if entries == 1 { "entry" } else { "entries" });
        format!("read as {form} of {kind}: {spins} spin{more}, {entries} {others}")
    }

    /// What the user should know: assumptions made while reading.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Hash of the problem and of `settings`: what a checkpoint must agree with.
    pub fn key(&self, settings: &str) -> u64 {
        let text = format!("{settings} {:?} {}", self.kind, self.spins);
        let hash = fnv1a(FNV_OFFSET, text.as_bytes());
        let pair = |hash, i: u32, j: u32| fnv1a(fnv1a(hash, &i.to_le_bytes()), &j.to_le_bytes());
        match &self.terms {
            Terms::Decimal {
                list,
                offset,
                exponent,
            } => {
                let hash = fnv1a(
                    fnv1a(hash, &exponent.to_le_bytes()),
                    offset.to_string().as_bytes(),
                );
                list.iter().fold(hash, |hash, (i, j, k)| {
                    fnv1a(pair(hash, *i, *j), &k.to_le_bytes())
                })
            }
            Terms::Binary { list, offset } => {
                let hash = fnv1a(hash, &offset.to_bits().to_le_bytes());
                list.iter().fold(hash, |hash, (i, j, v)| {
                    fnv1a(pair(hash, *i, *j), &v.to_bits().to_le_bytes())
                })
            }
        }
    }

    /// The energy of `state` (N values ±1) in the units of the file, of a QUBO that of x = (1 + s)/2. Summed
    /// from the entries, in exact arithmetic. Cost: O(entries).
    pub fn energy(&self, state: &[i8]) -> Energy {
        let up = |i: u32| state.get(i as usize).is_some_and(|s| *s > 0);
        // The factor of an entry: QUBO 0 or 1, a cut 0 or -1, Ising 1 or -1 (a field: the spin) with E's minus sign.
        let factor = |i: u32, j: u32| match (self.kind, up(i), up(j)) {
            (Kind::Qubo, a, b) => i8::from(a && b),
            (Kind::MaxCut, a, b) => -i8::from(a != b),
            (Kind::Ising, a, _) if i == j => {
                if a {
                    -1
                } else {
                    1
                }
            }
            (Kind::Ising, a, b) => {
                if a == b {
                    -1
                } else {
                    1
                }
            }
        };
        match &self.terms {
            Terms::Decimal {
                list,
                offset,
                exponent,
            } => {
                let sum: i128 = list.iter().map(|(i, j, k)| i128::from(factor(*i, *j)) * k).sum();
                Energy::Exact(Decimal::of_units(sum, *exponent)).plus(*offset)
            }
            Terms::Binary { list, offset } => {
                let values = list.iter().map(|(i, j, v)| f64::from(factor(*i, *j)) * v);
                Energy::Rounded(rounded_sum(values.chain([*offset])))
            }
        }
    }
}

/// An energy in the units of the file.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Energy {
    /// An energy with all its digits.
    Exact(Decimal),
    /// The exact sum of the nearest f64 to each value, rounded once.
    Rounded(f64),
}

impl Energy {
    /// The nearest f64.
    pub fn nearest(self) -> f64 {
        match self {
            Self::Exact(decimal) => decimal.nearest(),
            Self::Rounded(value) => value,
        }
    }

    /// This much more.
    fn plus(self, more: Decimal) -> Self {
        let sum = match self {
            Self::Exact(decimal) => decimal.plus(more),
            Self::Rounded(_) => None,
        };
        sum.map_or_else(|| Self::Rounded(self.nearest() + more.nearest()), Self::Exact)
    }

    /// Energies of one problem by size.
    pub fn order(&self, other: &Self) -> Ordering {
        if let (Self::Exact(a), Self::Exact(b)) = (self, other) {
            return a.order(*b);
        }
        self.nearest().total_cmp(&other.nearest())
    }

    /// The energy that `text` means: all its digits where 128 bits hold them. `None`: not a finite number.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let nearest: f64 = text.parse().ok().filter(|value: &f64| value.is_finite())?;
        Some(Decimal::parse(text).map_or(Self::Rounded(nearest), Self::Exact))
    }
}

impl fmt::Display for Energy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(decimal) => decimal.fmt(f),
            Self::Rounded(value) => write!(f, "{value:?}"),
        }
    }
}

/// Number of spins: what was asked for, what the file announces, or one more than the largest index.
fn count(
    path: &Path,
    entries: &[Entry],
    announced: Option<usize>,
    asked: Option<usize>,
) -> Result<usize, ProblemError> {
    if let (Some(announced), Some(asked)) = (announced, asked)
        && asked < announced
    {
        let (index, spins) = (announced as u64 - 1, asked);
        return Err(Trouble::BeyondSpins { index, spins }.of(path));
    }
    let largest = entries
        .iter()
        .max_by_key(|entry| (entry.i.max(entry.j), std::cmp::Reverse(entry.line)));
    let Some(largest) = largest else {
        return asked.or(announced).ok_or_else(|| Trouble::Empty.of(path));
    };
    let index = u64::from(largest.i.max(largest.j));
    let here = |trouble: Trouble| Err(trouble.at(path, largest.line));
    match asked.or(announced) {
        Some(spins) if index >= spins as u64 => here(Trouble::BeyondSpins { index, spins }),
        Some(spins) => Ok(spins),
        None if index >= PLAUSIBLE_SPINS.max(16 * entries.len() as u64) => here(Trouble::Gap {
            index,
            entries: entries.len(),
        }),
        None => Ok(index as usize + 1),
    }
}

/// Refuses repeated pairs and unequal mirror images; of equal ones, the first stays.
fn without_mirrors(path: &Path, mut entries: Vec<Entry>) -> Result<Vec<Entry>, ProblemError> {
    let pair = |entry: &Entry| (entry.i.min(entry.j), entry.i.max(entry.j));
    entries.sort_by_key(|entry| (pair(entry), entry.line));
    let refusal = entries
        .chunk_by(|a, b| pair(a) == pair(b))
        .filter_map(|group| {
            // Of three entries two have one order, so that the first conflict is found at once.
            group.iter().enumerate().find_map(|(k, later)| {
                let trouble = group
                    .iter()
                    .take(k)
                    .find_map(|earlier| conflict(earlier, later))?;
                Some((later.line, trouble))
            })
        })
        .min_by_key(|(line, _)| *line);
    if let Some((line, trouble)) = refusal {
        return Err(trouble.at(path, line));
    }
    entries.dedup_by_key(|entry| pair(entry));
    Ok(entries)
}

/// What two entries of one pair hold against each other.
fn conflict(earlier: &Entry, later: &Entry) -> Option<Trouble> {
    let (i, j, first) = (later.i, later.j, earlier.line);
    if (earlier.i, earlier.j) == (i, j) {
        return Some(Trouble::Repeated { i, j, first });
    }
    let equal = match (earlier.number.decimal, later.number.decimal) {
        (Some(a), Some(b)) => a == b,
        _ => earlier.number.value == later.number.value,
    };
    let number = |entry: &Entry| {
        let Number { value, decimal } = entry.number;
        decimal.map_or_else(|| format!("{value:?}"), |d| d.to_string())
    };
    (!equal).then(|| Trouble::Asymmetric {
        i,
        j,
        value: number(later),
        first,
        other: number(earlier),
    })
}

/// All values in one unit; `None` when a sum of their magnitudes and of the offset, four times over, could leave 128 bits.
fn exact(entries: &[Entry], offset: Number) -> Option<Terms> {
    let offset = offset.decimal?;
    let decimals: Vec<Decimal> = entries
        .iter()
        .map(|entry| entry.number.decimal)
        .collect::<Option<_>>()?;
    let exponent = decimals.iter().map(|decimal| decimal.exponent).min().unwrap_or(0);
    let mut total = 0_u128;
    let mut list = Vec::with_capacity(entries.len());
    for (entry, decimal) in entries.iter().zip(decimals) {
        let units = decimal.in_units_of(exponent)?;
        total = total.checked_add(units.unsigned_abs())?;
        list.push((entry.i, entry.j, units));
    }
    let bound = Decimal::of_units(i128::try_from(total).ok()?, exponent);
    let finest = exponent.min(offset.exponent);
    let whole = [bound, offset].map(|part| part.in_units_of(finest).map(i128::unsigned_abs));
    let [Some(bound), Some(added)] = whole else {
        return None;
    };
    (bound.checked_add(added)? < 1 << 120).then_some(Terms::Decimal {
        list,
        offset,
        exponent,
    })
}

/// The exact sum of the values, rounded once: partial sums that do not overlap (Shewchuk, Discrete Comput.
/// Geom. 18:305, 1997, grow-expansion).
fn rounded_sum(values: impl Iterator<Item = f64>) -> f64 {
    let mut partials: Vec<f64> = Vec::new();
    for mut x in values {
        let mut kept = 0;
        for k in 0..partials.len() {
            let mut y = partials[k];
            if x.abs() < y.abs() {
                std::mem::swap(&mut x, &mut y);
            }
            let high = x + y;
            let low = y - (high - x);
            if low != 0.0 {
                partials[kept] = low;
                kept += 1;
            }
            x = high;
        }
        partials.truncate(kept);
        partials.push(x);
    }
    // From the largest down, until a rounding happens; a tie is then broken by the sign of what follows.
    let mut sum = 0.0;
    while let Some(x) = partials.pop() {
        let before = sum;
        sum = before + x;
        let error = x - (sum - before);
        if error != 0.0 {
            if let Some(rest) = partials.last()
                && (error > 0.0) == (*rest > 0.0)
            {
                let twice = 2.0 * error;
                let nudged = sum + twice;
                if nudged - sum == twice {
                    sum = nudged;
                }
            }
            break;
        }
    }
    sum
}
