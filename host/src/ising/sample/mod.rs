//! Sampling the square lattice: a chain of sweeps, what is measured of it, and how it goes on after a stop.
//!
//! Map: [`Plan`] says what to run; `chain` and `clusters` hold the spins under each rule; [`Run`] advances a chain and
//! records; `kept` is what lies between two runs; [`Summary`] makes means with errors of the record; [`scan()`] runs one
//! plan after another, one per temperature.
//!
//! A result depends on the plan alone. Streams: `lanes` (512 sites at a time, bands in parallel, named
//! `ising-lanes`) and `scalar` (the core's own sweeps on 32-bit words with the stream `ising-scalar`, drawn first for
//! a random start and then for the sweeps: what a microcontroller computes, bit for bit). Cluster rules draw from
//! `ising-cluster`, ±J bonds from `ising-bonds`.

mod chain;
mod clusters;
mod kept;
mod picture;
mod run;
mod scan;
mod summary;
mod wave;

pub use picture::{packed_rows, png, unpacked_row};
pub use run::{Record, Run};
pub use scan::{at_temperatures, scan};
pub use summary::{Measured, Summary};

use super::lattice;
use crate::refusal::{Kind, Place, Refusal};
use crate::work::Stopped;
use gibbs_core::Error;
use gibbs_core::ising::lattice::{Fixed, HeatBath, Lazy, Metropolis, Probability, Update};

/// Most sites of a lattice: 65,536 squared, in 512 MiB (and 2 GiB of ±J bonds).
pub const MOST_SITES: u64 = 1 << 32;
/// Most sites under a cluster rule: they keep bytes, not bits.
pub const MOST_CLUSTER_SITES: u64 = 1 << 28;

/// How spins are moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Checkerboard Metropolis, exact at the effective temperature.
    Metropolis,
    /// Checkerboard heat bath.
    HeatBath,
    /// One Wolff cluster per step.
    Wolff,
    /// Swendsen and Wang: all clusters in each step.
    SwendsenWang,
}

impl Rule {
    /// Whether it moves clusters.
    pub fn is_cluster(self) -> bool {
        matches!(self, Self::Wolff | Self::SwendsenWang)
    }
}

/// The signs of the bonds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Coupling {
    /// Every bond has J = +1.
    Ferromagnet,
    /// Every bond has J = -1.
    Antiferromagnet,
    /// J = +1 with this probability, else -1, bond by bond.
    PlusMinus(f64),
}

/// In which order random words are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Vectors of 512 sites in bands of rows.
    Lanes,
    /// Word by word, as on a microcontroller.
    Scalar,
}

/// How acceptances are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DrawKind {
    /// Until every site is decided.
    Lazy,
    /// All bits of every decision are drawn.
    Fixed,
}

/// The first configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// All up; of an antiferromagnet colour 0 up, colour 1 down.
    Ordered,
    /// Each spin up or down.
    Random,
}

/// What to run. Equal plans give equal bits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plan {
    /// The number of sites in a row.
    pub width: usize,
    /// The number of rows of the lattice.
    pub height: usize,
    /// A side of 2 (whose bonds count twice) is meant.
    pub multigraph: bool,
    /// The signs of the bonds.
    pub coupling: Coupling,
    /// Temperature in units of |J|; may be infinite.
    pub temperature: f64,
    /// How spins are moved.
    pub rule: Rule,
    /// Bits of an acceptance, 1 to 64 (Metropolis).
    pub bits: u32,
    /// How acceptances are drawn (Metropolis).
    pub draw: DrawKind,
    /// Order of random words.
    pub stream: Stream,
    /// First configuration.
    pub start: Start,
    /// Sweeps before the first measurement; under Wolff's rule each as many clusters as flip all sites once.
    pub burn_in: u64,
    /// The number of sweeps that are measured.
    pub sweeps: u64,
    /// Sweeps from one measurement to the next, at least 1.
    pub every: u64,
    /// Measurements from one kept configuration to the next; 0 keeps none.
    pub keep_every: u64,
    /// The longest wave is measured as well, which gives the correlation length.
    pub waves: bool,
    /// Seed of all streams.
    pub seed: u64,
}

impl Plan {
    /// Number of sites.
    pub fn sites(&self) -> u64 {
        self.width as u64 * self.height as u64
    }

    /// Number of measurements.
    pub fn measurements(&self) -> u64 {
        self.sweeps / self.every
    }

    /// Number of configurations kept.
    pub fn kept(&self) -> u64 {
        self.measurements().checked_div(self.keep_every).unwrap_or(0)
    }

    /// Bytes of a run and its summary, about.
    pub fn bytes(&self) -> u64 {
        let sites = self.sites();
        let lattice = match (self.rule.is_cluster(), self.coupling) {
            (true, _) => 5 * sites,
            // Four signs per site and a bit per spin.
            (false, Coupling::PlusMinus(_)) => sites / 8 * 5,
            (false, _) => sites / 8,
        };
        let row = self.width.div_ceil(8) as u64;
        let kept = self.kept().saturating_mul(row * self.height as u64);
        // 32 bytes of a record, 56 of the series that means are made of.
        let record = self.measurements().saturating_mul(88);
        // The kept run holds spins and record once more, and so does its file while it is written.
        let keeping = 2 * (sites / 8 + kept.saturating_add(record));
        lattice
            .saturating_add(kept)
            .saturating_add(record)
            .saturating_add(keeping)
    }

    /// The name of the random stream that moves the spins.
    pub fn stream_name(&self) -> &'static str {
        match (self.rule.is_cluster(), self.stream) {
            (true, _) => "ising-cluster",
            (false, Stream::Lanes) => lattice::STREAM,
            (false, Stream::Scalar) => "ising-scalar",
        }
    }

    /// How the rule moves spins at the temperature.
    fn moves(&self) -> Result<Moves, SampleError> {
        let metropolis = || {
            let probability = Probability::at_temperature(self.temperature, self.bits)?;
            if probability.temperature_effective().is_infinite() {
                return Err(SampleError::TooHot { bits: self.bits });
            }
            Ok(probability)
        };
        Ok(match (self.rule, self.draw) {
            (Rule::Metropolis, DrawKind::Lazy) => {
                Moves::Words(AnyUpdate::Lazy(Metropolis(Lazy::new(metropolis()?))))
            }
            (Rule::Metropolis, DrawKind::Fixed) => {
                Moves::Words(AnyUpdate::Fixed(Metropolis(Fixed(metropolis()?))))
            }
            (Rule::HeatBath, _) => {
                Moves::Words(AnyUpdate::HeatBath(HeatBath::at_temperature(self.temperature)?))
            }
            (Rule::Wolff, _) => Moves::Clusters(Clusters::One, self.beta()?),
            (Rule::SwendsenWang, _) => Moves::Clusters(Clusters::All, self.beta()?),
        })
    }

    fn beta(&self) -> Result<f64, Error> {
        if self.temperature.is_nan() {
            return Err(Error::NonFinite);
        }
        let beta = 1.0 / self.temperature;
        if beta >= 0.0 && beta.is_finite() && self.temperature > 0.0 {
            Ok(beta)
        } else {
            Err(Error::Domain)
        }
    }

    /// Whether it can be run: the temperature, the size. (What the lattice itself refuses shows when it is made.)
    ///
    /// # Errors
    /// [`SampleError`].
    pub fn check(&self) -> Result<(), SampleError> {
        let most = match self.moves()? {
            Moves::Words(_) => MOST_SITES,
            Moves::Clusters(..) => MOST_CLUSTER_SITES,
        };
        let sites = (self.width as u64).checked_mul(self.height as u64);
        if sites.is_none_or(|sites| sites > most) {
            let message = format!("{} x {} sites are more than {most}", self.width, self.height);
            return Err(SampleError::Plan(message));
        }
        Ok(())
    }

    /// The temperature at which the chain is exact.
    ///
    /// # Errors
    /// [`SampleError::TooHot`]; [`SampleError::Core`] as [`Probability::at_temperature`].
    pub fn temperature_effective(&self) -> Result<f64, SampleError> {
        Ok(match self.moves()? {
            Moves::Words(AnyUpdate::Lazy(u)) => u.temperature_effective(),
            Moves::Words(AnyUpdate::Fixed(u)) => u.temperature_effective(),
            Moves::Words(AnyUpdate::HeatBath(u)) => u.temperature_effective(),
            Moves::Clusters(..) => self.temperature,
        })
    }
}

/// What a rule comes to.
#[derive(Clone, Copy, Debug)]
enum Moves {
    Words(AnyUpdate),
    /// Cluster moves at this inverse temperature.
    Clusters(Clusters, f64),
}

/// Which clusters a step flips.
#[derive(Clone, Copy, Debug)]
enum Clusters {
    /// One cluster at a time, after Wolff.
    One,
    /// All clusters at once, after Swendsen and Wang.
    All,
}

/// One of the word updates: chosen once per call, so that each has its own loop.
#[derive(Clone, Copy, Debug)]
enum AnyUpdate {
    Lazy(Metropolis<Lazy>),
    Fixed(Metropolis<Fixed>),
    HeatBath(HeatBath),
}

/// Why a plan cannot be run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SampleError {
    /// The core refuses it.
    #[error(transparent)]
    Core(#[from] Error),
    /// Metropolis would accept every flip: each sweep turns all spins over, and nothing mixes.
    #[error(
        "the acceptance e^(-4/T) rounds to 1 at {bits} bits: every flip would be accepted and nothing mixed"
    )]
    TooHot {
        /// Bits of the acceptance.
        bits: u32,
    },
    /// Too large, or a combination that makes no sense.
    #[error("{0}")]
    Plan(String),
    /// It was stopped, or could not be kept.
    #[error(transparent)]
    Stopped(#[from] Stopped),
}

impl Refusal for SampleError {
    fn kind(&self) -> Kind {
        match self {
            Self::Stopped(stopped) => stopped.kind(),
            _ => Kind::Input,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Stopped(stopped) => stopped.code(),
            _ => "",
        }
    }

    fn place(&self) -> Place {
        match self {
            Self::Stopped(stopped) => stopped.place(),
            _ => Place::default(),
        }
    }
}

#[cfg(test)]
mod tests;
