//! The direction of an edit: of a basis from a file or made here, from `transport`, or brought here from a global basis or
//! from that of another sample.

use super::local::Local;
use crate::cli::error::CliError;
use crate::cli::session::Session;
use crate::data::safetensors::SafetensorsFile;
use crate::diffusion::geometry::Geometry;
use crate::diffusion::geometry::global::StoredGlobal;
use crate::diffusion::geometry::stored::{StoredBasis, StoredDirection};
use crate::diffusion::pullback::krylov::Search;
use crate::diffusion::pullback::transport::{Direction, transport};
use crate::diffusion::pullback::{Basis, Ended};
use clap::Args;
use gibbs_core::random::{FNV_OFFSET, fnv1a};
use std::path::{Path, PathBuf};

/// Vectors of a basis that is made here for an edit.
const COUNT: usize = 3;

/// Which direction.
#[derive(Debug, Args)]
pub(super) struct Choice {
    /// Which direction of the basis, from 0
    #[arg(
        long = "direction",
        value_name = "I",
        required_unless_present = "direction_file"
    )]
    pub(super) index: Option<usize>,
    /// The basis [default: made here]
    #[arg(long, value_name = "FILE")]
    basis: Option<PathBuf>,
    /// A direction from `gibbs diffusion transport`
    #[arg(long, value_name = "FILE", conflicts_with_all = ["index", "basis"])]
    direction_file: Option<PathBuf>,
    /// A global basis (`gibbs diffusion global`), or the basis of another sample: its direction I is brought to the basis
    /// that is made here
    #[arg(long, value_name = "FILE", conflicts_with_all = ["basis", "direction_file"])]
    direction_from: Option<PathBuf>,
    /// Vectors of a basis that is made here [default: 3, or as many as --direction takes; with --direction-from as many as
    /// the file holds]
    #[arg(long, value_name = "K")]
    count: Option<usize>,
}

/// Directions from files.
pub(super) enum Given {
    Basis(Box<StoredBasis>),
    Direction(StoredDirection),
    /// A vector of H, and its time.
    From {
        u: Vec<f32>,
        /// The number of vectors of its basis.
        count: usize,
        hidden: [usize; 3],
        timestep: f64,
    },
    Nothing,
}

/// A direction, and how it was had.
pub(super) struct Chosen {
    pub(super) direction: Direction<f32>,
    /// The basis that it was taken from or brought to converged.
    pub(super) converged: bool,
    /// The part of it that lies in the local tangent space, if it was brought here.
    pub(super) brought: Option<f64>,
}

impl Choice {
    pub(super) fn read(&self) -> Result<Given, CliError> {
        if let Some(path) = &self.direction_from {
            return self.read_other(path);
        }
        Ok(match (&self.basis, &self.direction_file) {
            (Some(path), _) => Given::Basis(Box::new(StoredBasis::load(path)?)),
            (None, Some(path)) => Given::Direction(StoredDirection::load(path)?),
            (None, None) => Given::Nothing,
        })
    }

    fn read_other(&self, path: &Path) -> Result<Given, CliError> {
        let kind = SafetensorsFile::open(path)?.metadata().get("kind").cloned();
        if StoredGlobal::is_kind(kind.as_ref()) {
            let global = StoredGlobal::load(path)?;
            let index = self.within(global.count(), Some(path))?;
            return Ok(Given::From {
                u: global.vector(index).unwrap_or_default().to_vec(),
                count: global.count(),
                hidden: global.hidden,
                timestep: global.timestep,
            });
        }
        let stored = StoredBasis::load(path)?;
        let index = self.within(stored.basis.count(), Some(path))?;
        let direction = stored.basis.direction(index);
        Ok(Given::From {
            u: direction.map_err(|error| CliError::input(error.to_string()))?.u,
            count: stored.basis.count(),
            hidden: stored.dimensions[1],
            timestep: stored.timestep,
        })
    }

    /// Vectors of the basis that is made here.
    pub(super) fn count(&self, given: &Given) -> usize {
        match (given, self.count) {
            (_, Some(count)) => count,
            (Given::Basis(stored), None) => stored.basis.count(),
            (Given::From { count, .. }, None) => *count,
            (_, None) => COUNT.max(self.index.unwrap_or(0).saturating_add(1)),
        }
    }

    /// The index, of which `count` exist.
    fn within(&self, count: usize, path: Option<&Path>) -> Result<usize, CliError> {
        let index = self.index.unwrap_or(0);
        if index < count {
            return Ok(index);
        }
        let message = format!("--direction {index}: the basis holds {count}, numbers from 0");
        let error = CliError::input(message);
        Err(path.map_or(error.clone(), |path| error.in_file(path)))
    }

    /// A hash of what was read, for a kept run.
    pub(super) fn hash(&self, given: &Given) -> u64 {
        let (index, values): (_, &[f32]) = match given {
            Given::Basis(stored) => (self.index, &stored.basis.v),
            Given::Direction(stored) => (None, &stored.direction.v),
            Given::From { u, .. } => (None, u),
            Given::Nothing => (self.index, &[]),
        };
        let start = fnv1a(FNV_OFFSET, &(index.unwrap_or(0) as u64).to_le_bytes());
        super::reading::hash_of(start, values)
    }

    /// There is such a direction, and the model has x and h of its dimensions.
    pub(super) fn check(&self, given: &Given, dimensions: [[usize; 3]; 2]) -> Result<(), CliError> {
        let file = [&self.basis, &self.direction_file, &self.direction_from];
        let file = file.into_iter().flatten().next();
        let of_h = [dimensions[1]];
        let (found, wanted): (&[[usize; 3]], &[[usize; 3]]) = match given {
            Given::Basis(stored) => (&stored.dimensions, &dimensions),
            Given::Direction(stored) => (&stored.dimensions, &dimensions),
            Given::From { hidden, .. } => (std::slice::from_ref(hidden), &of_h),
            Given::Nothing => (&[], &[]),
        };
        if found != wanted {
            let of = if found.len() == 1 { "h" } else { "x, h" };
            let message = format!("made for {of} of {found:?}, the model has {wanted:?}");
            let error = CliError::input(message);
            return Err(file.map_or(error.clone(), |path| error.in_file(path)));
        }
        match given {
            Given::Basis(stored) => self.within(stored.basis.count(), self.basis.as_deref()),
            Given::Nothing => self.within(self.count(given), None),
            _ => Ok(0),
        }
        .map(drop)
    }

    /// The direction at `x`.
    pub(super) fn choose(
        &self,
        given: &Given,
        geometry: &mut Geometry<'_>,
        (local, timestep): (&Local, f64),
        x: &[f32],
        search: &Search,
        session: &Session<'_>,
    ) -> Result<Chosen, CliError> {
        let made_at = |t: f64| {
            if t != timestep {
                session.remark(&format!("note: the direction was made at t = {t}"));
            }
        };
        let taken = |basis: &Basis<f32>, index: usize| {
            let direction = basis.direction(index);
            direction.map_err(|error| CliError::input(error.to_string()))
        };
        let mut made_here = || {
            let basis = geometry.basis(x, timestep, search);
            basis.map_err(|error| local.model.reading.no_basis(error))
        };
        match given {
            Given::Direction(stored) => {
                made_at(stored.timestep);
                Ok(Chosen {
                    direction: stored.direction.clone(),
                    converged: true,
                    brought: None,
                })
            }
            Given::Basis(stored) => {
                made_at(stored.timestep);
                let index = self.within(stored.basis.count(), self.basis.as_deref())?;
                Ok(Chosen {
                    direction: taken(&stored.basis, index)?,
                    converged: stored.basis.ended == Ended::Converged,
                    brought: None,
                })
            }
            Given::From { u, timestep, .. } => {
                made_at(*timestep);
                let basis = made_here()?;
                let moved = transport(&basis, u).map_err(|error| CliError::failed(error.to_string()))?;
                Ok(Chosen {
                    direction: moved.direction,
                    converged: basis.ended == Ended::Converged,
                    brought: Some(moved.kept),
                })
            }
            Given::Nothing => {
                let basis = made_here()?;
                Ok(Chosen {
                    direction: taken(&basis, self.within(basis.count(), None)?)?,
                    converged: basis.ended == Ended::Converged,
                    brought: None,
                })
            }
        }
    }
}
