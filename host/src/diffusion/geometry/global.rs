//! The global basis of a net at a time, in a file: directions of H that many samples share.
//!
//! ```text
//! gibbs.diffusion.global/1   U [k, dimensions of h] in f32, orthonormal; distances [n] in f64, of the local subspaces
//!                            to its span; timestep as text
//! ```
//! It is made by [`frechet`] of the local bases of n samples. At another sample,
//! v = V Uᵀ u with the local basis there, brought to unit length
//! ([`transport`](crate::diffusion::pullback::transport::transport)).

use super::stored::{StoredBasis, many, number, shape_of, skew, tensor};
use super::{Failure, Geometry};
use crate::data::DataError;
use crate::data::tensors::TensorFile;
use crate::diffusion::error::DiffusionError;
use crate::diffusion::pullback::distance::{Chance, Subspace, chance, distance};
use crate::diffusion::pullback::frechet::{self, Global, Matching, global_basis};
use crate::diffusion::pullback::krylov::Search;
use crate::diffusion::pullback::{Ended, GeometryError, PullbackError};
use crate::diffusion::sampling::drawn_at;
use crate::work::Work;
use gibbs_core::diffusion::Hop;
use std::path::Path;

/// Random pairs behind the chance level.
const PAIRS: usize = 32;

const GLOBAL: &str = "gibbs.diffusion.global";
const VERSION: &str = "1";

/// A global basis and where it belongs.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredGlobal {
    /// The vectors u_i, [k, dim h].
    pub u: Vec<f32>,
    /// The shape of h: channels, height, width.
    pub hidden: [usize; 3],
    /// Distances of the local subspaces to its span, one for each sample.
    pub distances: Vec<f64>,
    /// The time t of the schedule that it belongs to.
    pub timestep: f64,
}

impl StoredGlobal {
    /// The number of vectors, k.
    pub fn count(&self) -> usize {
        self.u.len() / self.hidden.iter().product::<usize>().max(1)
    }

    /// The vector u_i, if there is one of this index.
    pub fn vector(&self, index: usize) -> Option<&[f32]> {
        self.u
            .chunks(self.hidden.iter().product::<usize>().max(1))
            .nth(index)
    }

    /// Whether a file says that it holds one.
    pub fn is_kind(kind: Option<&String>) -> bool {
        kind.is_some_and(|kind| kind == GLOBAL)
    }

    /// The tensors and metadata of its file.
    pub fn to_file(&self) -> TensorFile {
        let mut file = TensorFile::new(GLOBAL, VERSION);
        let u = tensor(&many(self.count(), self.hidden), &self.u);
        file.singles.insert("U".to_owned(), u);
        let distances = tensor(&[self.distances.len()], &self.distances);
        file.tensors.insert("distances".to_owned(), distances);
        let timestep = self.timestep.to_string();
        file.metadata.insert("timestep".to_owned(), timestep);
        file
    }

    /// Reads it from a file.
    ///
    /// # Errors
    /// The file missing or unreadable; `NotSafetensors`, `WrongKind`, `WrongVersion`; `Metadata`; `Tensor` for what is
    /// missing, misshapen or not finite, and vectors that are not orthonormal.
    pub fn load(path: &Path) -> Result<Self, DataError> {
        let mut file = TensorFile::load(path, GLOBAL, VERSION)?;
        let (count, hidden) = shape_of(&file, "U", 1)?;
        let k = count[0];
        let samples = file
            .tensors
            .get("distances")
            .map_or(0, |found| found.values.len());
        let distances: Vec<f64> = file.take("distances", &[samples])?;
        let u: Vec<f32> = file.take("U", &many(k, hidden))?;
        if let Some((i, j, product)) = skew(&u, k, &vec![false; k]) {
            let reason = format!("vectors {i} and {j} have the product {product}: not orthonormal");
            return Err(file.bad("U", &reason));
        }
        Ok(Self {
            u,
            hidden,
            distances,
            timestep: number(&file, "timestep", 0.0)?,
        })
    }
}

/// What the bases of many samples have in common.
pub struct Samples<'a> {
    /// Their number.
    pub count: usize,
    /// Of their noise.
    pub seed: u64,
    /// From noise to the time.
    pub way: &'a [Hop],
    /// The time t of the schedule that it belongs to.
    pub timestep: f64,
    /// The search for a basis.
    pub search: &'a Search,
}

impl Samples<'_> {
    /// The local bases of samples 0 .. n-1, which start from the noise of [`drawn_at`]. Each is kept once it is there, and
    /// until then what was done for it.
    ///
    /// # Errors
    /// [`PullbackError`] with [`DiffusionError`]; [`PullbackError::Dependent`] where some u_i are zero.
    pub fn bases(&self, geometry: &mut Geometry<'_>, work: &Work<'_>) -> Result<Vec<StoredBasis>, Failure> {
        let bases = work.in_turn("bases", self.count, |index| {
            geometry.turn_to(index);
            let basis = self.basis(geometry, index).map_err(Failed)?;
            // Nothing is written before it is kept as a basis.
            geometry.forget();
            Ok(basis)
        });
        bases.map_err(|Failed(failure)| failure)
    }

    fn basis(&self, geometry: &mut Geometry<'_>, index: usize) -> Result<StoredBasis, Failure> {
        let [image, _] = geometry.dimensions();
        let mut x = drawn_at(self.seed, index, image.iter().product());
        let brought = geometry.sample(&mut x, self.way);
        brought.map_err(PullbackError::Operator)?;
        let basis = geometry.basis(&x, self.timestep, self.search)?;
        let alive = basis.zero.iter().filter(|zero| !**zero).count();
        if alive < basis.count() {
            return Err(PullbackError::Dependent {
                found: basis.count(),
                rank: alive,
            });
        }
        Ok(StoredBasis {
            basis,
            x,
            dimensions: geometry.dimensions(),
            timestep: self.timestep,
        })
    }
}

/// A failure that a loop of [`Work`] can stop with.
struct Failed(Failure);

impl From<crate::work::Stopped> for Failed {
    fn from(stopped: crate::work::Stopped) -> Self {
        Self(PullbackError::Operator(DiffusionError::Stopped(stopped)))
    }
}

/// A global basis with what is to be said of it.
pub struct Found {
    /// For a file.
    pub stored: StoredGlobal,
    /// The two means.
    pub global: Global,
    /// Distances of random subspaces.
    pub chance: Chance,
    /// Local bases that did not converge.
    pub unconverged: usize,
}

impl Found {
    /// The global basis of local ones.
    ///
    /// # Errors
    /// [`GeometryError`]: as [`global_basis`].
    pub fn of(bases: &[StoredBasis], matching: Matching, seed: u64) -> Result<Self, GeometryError> {
        let all: Vec<&[f32]> = bases.iter().map(|one| one.basis.u.as_slice()).collect();
        let first = bases.first();
        let (hidden, timestep) = first.map_or(([1; 3], 0.0), |one| (one.dimensions[1], one.timestep));
        let dimension = hidden.iter().product();
        let global = global_basis(&all, dimension, matching, &frechet::Options::default())?;
        let distances = all
            .iter()
            .map(|u| distance(&global.subspace.mean, &Subspace::new(u, dimension)?));
        let stored = StoredGlobal {
            u: global.vectors.iter().map(|x| *x as f32).collect(),
            hidden,
            distances: distances.collect::<Result<_, _>>()?,
            timestep,
        };
        let unconverged = bases.iter().filter(|one| one.basis.ended == Ended::Limit);
        Ok(Self {
            chance: chance(stored.count(), dimension, PAIRS, seed)?,
            unconverged: unconverged.count(),
            stored,
            global,
        })
    }

    /// Both means and all local bases did.
    pub fn converged(&self) -> bool {
        let ended = [self.global.subspace.ended, self.global.frame.ended];
        self.unconverged == 0 && ended == [Ended::Converged; 2]
    }

    /// Of the local spans from the global one.
    pub fn mean_distance(&self) -> f64 {
        let all = &self.stored.distances;
        all.iter().sum::<f64>() / all.len().max(1) as f64
    }
}
