//! The global basis of a net at a time, in a file: directions of H that many samples share.
//!
//! ```text
//! gibbs.diffusion.global/1   U [k, dimensions of h] in f32, orthonormal; distances [n] in f64, of the local subspaces
//!                            to its span; timestep as text
//! ```
//! It is made by [`frechet`](crate::diffusion::pullback::frechet) of the local bases of n samples. At another sample,
//! v = V Uᵀ u with the local basis there, brought to unit length
//! ([`transport`](crate::diffusion::pullback::transport::transport)).

use super::stored::{many, number, shape_of, skew, tensor};
use crate::data::DataError;
use crate::data::tensors::TensorFile;
use std::path::Path;

const GLOBAL: &str = "gibbs.diffusion.global";
const VERSION: &str = "1";

/// A global basis and where it belongs.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredGlobal {
    /// Its vectors, [k, dim h].
    pub u: Vec<f32>,
    /// [C, H, W] of h.
    pub hidden: [usize; 3],
    /// Distances of the local subspaces to its span, one for each sample.
    pub distances: Vec<f64>,
    /// The time.
    pub timestep: f64,
}

impl StoredGlobal {
    /// k.
    pub fn count(&self) -> usize {
        self.u.len() / self.hidden.iter().product::<usize>().max(1)
    }

    /// u_i, if there is one.
    pub fn vector(&self, index: usize) -> Option<&[f32]> {
        self.u
            .chunks(self.hidden.iter().product::<usize>().max(1))
            .nth(index)
    }

    /// Whether a file says that it holds one.
    pub fn is_kind(kind: Option<&String>) -> bool {
        kind.is_some_and(|kind| kind == GLOBAL)
    }

    /// As a file.
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

    /// Reads a file.
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
