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
use crate::keep::{KeepError, Resumable, Shelf};
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

/// The local bases of samples 0 .. n-1, which start from the noise of [`drawn_at`].
#[derive(Default)]
pub struct Bases {
    /// Those that are there.
    pub found: Vec<StoredBasis>,
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
    /// All bases, those that were kept and the others. What is done of a sample is kept as well.
    ///
    /// # Errors
    /// [`PullbackError`] with [`DiffusionError`]; [`PullbackError::Dependent`] where some u_i are zero.
    pub fn bases(&self, geometry: &mut Geometry<'_>, work: &Work<'_>) -> Result<Bases, Failure> {
        let mut bases = Bases::default();
        let advanced = work.advance("bases", self.count as u64, &mut bases, |bases| {
            let basis = self.basis(geometry, bases.found.len())?;
            bases.found.push(basis);
            // From now on it is kept as a basis.
            geometry.forget();
            Ok::<(), Failed>(())
        });
        advanced.map_err(|Failed(failure)| failure)?;
        Ok(bases)
    }

    fn basis(&self, geometry: &mut Geometry<'_>, index: usize) -> Result<StoredBasis, Failed> {
        let [image, _] = geometry.dimensions();
        let mut x = drawn_at(self.seed, index, image.iter().product());
        let brought = geometry.sample(&mut x, self.way);
        brought.map_err(|error| Failed(PullbackError::Operator(error)))?;
        let basis = geometry.basis(&x, self.timestep, self.search).map_err(Failed)?;
        let alive = basis.zero.iter().filter(|zero| !**zero).count();
        if alive < basis.count() {
            return Err(Failed(PullbackError::Dependent {
                found: basis.count(),
                rank: alive,
            }));
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

impl Resumable for Bases {
    fn done(&self) -> u64 {
        self.found.len() as u64
    }

    fn put(&self, shelf: &mut Shelf<'_>) {
        shelf.list("count", vec![self.done()]);
        for (index, stored) in self.found.iter().enumerate() {
            stored.put(shelf, &index.to_string());
        }
    }

    fn take(&mut self, shelf: &mut Shelf<'_>) -> Result<(), KeepError> {
        let [count] = shelf.take_counts("count")?;
        self.found = (0..count)
            .map(|index| StoredBasis::take(shelf, &index.to_string()))
            .collect::<Result<_, _>>()?;
        Ok(())
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
    pub fn of(bases: &Bases, matching: Matching, seed: u64) -> Result<Self, GeometryError> {
        let all: Vec<&[f32]> = bases.found.iter().map(|one| one.basis.u.as_slice()).collect();
        let first = bases.found.first();
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
        let unconverged = bases.found.iter().filter(|one| one.basis.ended == Ended::Limit);
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
