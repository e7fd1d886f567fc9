//! Bases and directions in files: safetensors whose metadata name kind and version.
//!
//! ```text
//! gibbs.diffusion.basis/2      V [k, C, H, W], U [k, dimensions of h], x [C, H, W] in f32;
//!                              singular_values [k], errors [k], residuals [k] in f64; timestep, blocks, tangents,
//!                              cotangents, measure, converged as text
//! gibbs.diffusion.direction/1  v [C, H, W], u [dimensions of h] in f32; timestep as text
//! ```

use crate::data::DataError;
use crate::data::tensors::{Tensor, TensorFile};
use crate::diffusion::pullback::operator::Passes;
use crate::diffusion::pullback::transport::Direction;
use crate::diffusion::pullback::{Basis, Ended};
use crate::keep::{KeepError, Part, Shelf};
use std::path::Path;

const BASIS: &str = "gibbs.diffusion.basis";
const DIRECTION: &str = "gibbs.diffusion.direction";
const VERSION: &str = "1";
const BASIS_VERSION: &str = "2";

/// How far the vectors of a file may be from orthonormal.
const ORTHONORMAL: f64 = 1e-3;

/// A basis and where it was taken.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredBasis {
    /// The singular vectors, values and residuals.
    pub basis: Basis<f32>,
    /// The sample x_t at which the basis was taken, [C, H, W].
    pub x: Vec<f32>,
    /// [C, H, W] of x and of h.
    pub dimensions: [[usize; 3]; 2],
    /// The time t of the schedule that it belongs to.
    pub timestep: f64,
}

/// A direction and what it belongs to.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredDirection {
    /// The direction, in x and in h.
    pub direction: Direction<f32>,
    /// [C, H, W] of x and of h.
    pub dimensions: [[usize; 3]; 2],
    /// The time t of the schedule that it belongs to.
    pub timestep: f64,
}

pub(super) fn tensor<T: Copy>(shape: &[usize], values: &[T]) -> Tensor<T> {
    Tensor {
        shape: shape.to_vec(),
        values: values.to_vec(),
    }
}

/// k, then the dimensions.
pub(super) fn many(k: usize, dimensions: [usize; 3]) -> Vec<usize> {
    [&[k], &dimensions[..]].concat()
}

/// A number of metadata: at least `low`, finite.
pub(super) fn number(file: &TensorFile, key: &str, low: f64) -> Result<f64, DataError> {
    file.entry(key, |text| {
        text.parse().ok().filter(|x: &f64| x.is_finite() && *x >= low)
    })
}

fn whole(file: &TensorFile, key: &str) -> Result<usize, DataError> {
    file.entry(key, |text| text.parse().ok())
}

/// The shape of a tensor that has `count` more dimensions in front of three, none of them empty.
pub(super) fn shape_of(
    file: &TensorFile,
    name: &str,
    count: usize,
) -> Result<(Vec<usize>, [usize; 3]), DataError> {
    let found = file.singles.get(name);
    let found = found.ok_or_else(|| file.bad(name, "is missing (as F32)"))?;
    let shape = &found.shape;
    let parts = shape.len().checked_sub(3).filter(|n| *n == count);
    let parts = parts.and_then(|n| Some((shape[..n].to_vec(), <[usize; 3]>::try_from(&shape[n..]).ok()?)));
    parts.filter(|_| !shape.contains(&0)).ok_or_else(|| {
        file.bad(
            name,
            &format!("shape {shape:?}, expected {} lengths from 1", count + 3),
        )
    })
}

impl StoredBasis {
    /// The tensors and metadata of its file.
    pub fn to_file(&self) -> TensorFile {
        let Self {
            basis,
            x,
            dimensions: [image, hidden],
            timestep,
        } = self;
        let k = basis.count();
        let mut file = TensorFile::new(BASIS, BASIS_VERSION);
        for (name, shape, values) in [
            ("V", many(k, *image), &basis.v),
            ("U", many(k, *hidden), &basis.u),
            ("x", image.to_vec(), x),
        ] {
            file.singles.insert(name.to_owned(), tensor(&shape, values));
        }
        for (name, values) in [
            ("singular_values", &basis.singular_values),
            ("errors", &basis.errors),
            ("residuals", &basis.residuals),
        ] {
            file.tensors.insert(name.to_owned(), tensor(&[k], values));
        }
        for (key, text) in [
            ("timestep", timestep.to_string()),
            ("blocks", basis.blocks.to_string()),
            ("tangents", basis.passes.tangents.to_string()),
            ("cotangents", basis.passes.cotangents.to_string()),
            ("measure", format!("{:e}", basis.measure)),
            ("converged", (basis.ended == Ended::Converged).to_string()),
        ] {
            file.metadata.insert(key.to_owned(), text);
        }
        file
    }

    /// Reads it from a file.
    ///
    /// # Errors
    /// The file missing or unreadable; `NotSafetensors`, `WrongKind`, `WrongVersion`; `Metadata`; `Tensor` for what is
    /// missing, misshapen or not finite, singular values that rise or are negative, vectors that are not orthonormal.
    pub fn load(path: &Path) -> Result<Self, DataError> {
        let mut file = TensorFile::load(path, BASIS, BASIS_VERSION)?;
        let (count, image) = shape_of(&file, "V", 1)?;
        let (_, hidden) = shape_of(&file, "U", 1)?;
        let k = count[0];
        let singular_values: Vec<f64> = file.take("singular_values", &[k])?;
        let errors: Vec<f64> = file.take("errors", &[k])?;
        let residuals: Vec<f64> = file.take("residuals", &[k])?;
        let v: Vec<f32> = file.take("V", &many(k, image))?;
        let u: Vec<f32> = file.take("U", &many(k, hidden))?;
        let x: Vec<f32> = file.take("x", &image)?;
        if !singular_values.is_sorted_by(|a, b| a >= b) || singular_values.iter().any(|s| *s < 0.0) {
            return Err(file.bad("singular_values", "expected numbers from 0, in descending order"));
        }
        let zero: Vec<bool> = u
            .chunks(u.len() / k)
            .map(|u| u.iter().all(|x| *x == 0.0))
            .collect();
        let none = vec![false; k];
        for (name, vectors, zero) in [("V", &v, &none), ("U", &u, &zero)] {
            if let Some((i, j, product)) = skew(vectors, k, zero) {
                let reason = format!("vectors {i} and {j} have the product {product}: not orthonormal");
                return Err(file.bad(name, &reason));
            }
        }
        let converged: bool = file.entry("converged", |text| text.parse().ok())?;
        let elements = |dimensions: [usize; 3]| dimensions.iter().product();
        Ok(Self {
            basis: Basis {
                dimensions: (elements(hidden), elements(image)),
                singular_values,
                v,
                u,
                zero,
                errors,
                residuals,
                blocks: whole(&file, "blocks")?,
                passes: Passes {
                    tangents: whole(&file, "tangents")?,
                    cotangents: whole(&file, "cotangents")?,
                },
                measure: number(&file, "measure", 0.0)?,
                ended: if converged { Ended::Converged } else { Ended::Limit },
            },
            x,
            dimensions: [image, hidden],
            timestep: number(&file, "timestep", 0.0)?,
        })
    }
}

/// Two vectors that are not orthonormal, with their product.
pub(super) fn skew(vectors: &[f32], k: usize, zero: &[bool]) -> Option<(usize, usize, f64)> {
    let rows: Vec<&[f32]> = vectors.chunks(vectors.len() / k).collect();
    let wide = |x: &f32| f64::from(*x);
    for (i, a) in rows.iter().enumerate().filter(|(i, _)| !zero[*i]) {
        for (j, b) in rows.iter().enumerate().take(i + 1) {
            let product: f64 = a.iter().zip(*b).map(|(a, b)| wide(a) * wide(b)).sum();
            let off = product - f64::from(u8::from(i == j));
            if off.abs() > ORTHONORMAL {
                return Some((j, i, product));
            }
        }
    }
    None
}

impl Part for StoredBasis {
    fn put(&self, shelf: &mut Shelf<'_>) {
        let Self {
            basis,
            x,
            dimensions: [image, hidden],
            timestep,
        } = self;
        let lengths = image.iter().chain(hidden).map(|n| *n as u64).collect();
        shelf.list("dimensions", lengths);
        for (part, values) in [("V", &basis.v), ("U", &basis.u), ("x", x)] {
            shelf.list(part, values.clone());
        }
        for (part, values) in [
            ("values", &basis.singular_values),
            ("errors", &basis.errors),
            ("residuals", &basis.residuals),
            ("measure", &vec![basis.measure, *timestep]),
        ] {
            shelf.bits(part, values);
        }
        let zero = basis.zero.iter().map(|zero| u64::from(*zero)).collect();
        shelf.list("zero", zero);
        let passes = [basis.blocks, basis.passes.tangents, basis.passes.cotangents];
        let converged = u64::from(basis.ended == Ended::Converged);
        let counts = passes.iter().map(|n| *n as u64).chain([converged]).collect();
        shelf.list("counts", counts);
    }

    fn take(shelf: &mut Shelf<'_>) -> Result<Self, KeepError> {
        let [c, h, w, ch, hh, wh] = shelf.take_counts::<6>("dimensions")?;
        let dimensions = [[c, h, w], [ch, hh, wh]].map(|lengths| lengths.map(|n| n as usize));
        let [of_x, of_h] = dimensions.map(|lengths| lengths.iter().product::<usize>());
        let [blocks, tangents, cotangents, converged] = shelf.take_counts("counts")?;
        let zero = shelf.take_list::<u64>("zero")?;
        let k = zero.len();
        let [measure, timestep] = shelf.take_bits("measure")?[..] else {
            return Err(shelf.damaged("a basis without its measure"));
        };
        let stored = Self {
            basis: Basis {
                dimensions: (of_h, of_x),
                singular_values: shelf.take_bits("values")?,
                errors: shelf.take_bits("errors")?,
                residuals: shelf.take_bits("residuals")?,
                v: shelf.take("V", &[k * of_x])?,
                u: shelf.take("U", &[k * of_h])?,
                zero: zero.iter().map(|zero| *zero != 0).collect(),
                blocks: blocks as usize,
                passes: Passes {
                    tangents: tangents as usize,
                    cotangents: cotangents as usize,
                },
                measure,
                ended: if converged == 1 {
                    Ended::Converged
                } else {
                    Ended::Limit
                },
            },
            x: shelf.take("x", &[of_x])?,
            dimensions,
            timestep,
        };
        let basis = &stored.basis;
        if [
            basis.singular_values.len(),
            basis.errors.len(),
            basis.residuals.len(),
        ] != [k; 3]
        {
            return Err(shelf.damaged("a basis whose parts do not fit together"));
        }
        Ok(stored)
    }
}

impl StoredDirection {
    /// The tensors and metadata of its file.
    pub fn to_file(&self) -> TensorFile {
        let mut file = TensorFile::new(DIRECTION, VERSION);
        let [image, hidden] = self.dimensions;
        for (name, shape, values) in [("v", image, &self.direction.v), ("u", hidden, &self.direction.u)] {
            file.singles.insert(name.to_owned(), tensor(&shape, values));
        }
        let timestep = self.timestep.to_string();
        file.metadata.insert("timestep".to_owned(), timestep);
        file
    }

    /// Reads it from a file.
    ///
    /// # Errors
    /// As [`StoredBasis::load`]; `Tensor` unless both vectors have unit length.
    pub fn load(path: &Path) -> Result<Self, DataError> {
        let mut file = TensorFile::load(path, DIRECTION, VERSION)?;
        let (_, image) = shape_of(&file, "v", 0)?;
        let (_, hidden) = shape_of(&file, "u", 0)?;
        let v: Vec<f32> = file.take("v", &image)?;
        let u: Vec<f32> = file.take("u", &hidden)?;
        for (name, vector) in [("v", &v), ("u", &u)] {
            if let Some((_, _, square)) = skew(vector, 1, &[false]) {
                return Err(file.bad(name, &format!("its square is {square}, expected 1")));
            }
        }
        Ok(Self {
            direction: Direction { v, u },
            dimensions: [image, hidden],
            timestep: number(&file, "timestep", 0.0)?,
        })
    }
}
