//! A model run on stored inputs beside stored outputs of another implementation.
//!
//! The file holds `x` `[B, C, H, W]`, `t` `[B]`, `context` or `ctx` `[B, L, D]` for a net with cross-attention, and any of the
//! outputs `eps` [B, C, H, W], `h` [B, dimensions of h], `jvp` [k, dimensions of h] for `tangents` [k, C, H, W],
//! `vjp` [k, C, H, W] for `cotangents` [k, dimensions of h]; the last two are of x -> h at the first sample. The error
//! of an output is max |got - stored| / max |stored|. An output without entries, or of zeros alone where the net gives zeros as
//! well, compares nothing and is refused.

use super::folder::ModelFolder;
use super::model::{ModelError, Point, Unet};
use crate::data::DataError;
use crate::data::safetensors::{Finite, SafetensorsFile};
use crate::net::NetError;
use crate::net::element::Element;
use crate::refusal::{Place, Refusal};
use std::path::{Path, PathBuf};

/// Why there is nothing to compare.
#[derive(Debug, thiserror::Error)]
pub enum CompareError {
    /// A tensor is missing, or of another shape.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The net cannot be made.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The net fails on these inputs.
    #[error(transparent)]
    Net(#[from] NetError),
    /// No output is stored.
    #[error(
        "{path}: nothing to compare: none of the outputs eps, h, jvp (with tangents), vjp (with cotangents) is there",
        path = .path.display()
    )]
    Nothing {
        /// The path of the file that the error is about.
        path: PathBuf,
    },
    /// An output that any net would pass at: no sample or direction, or zeros where the net gives zeros as well.
    #[error(
        "{path}: nothing to compare in `{output}`: {reason}\nhint: store an output that is not zero",
        path = .path.display()
    )]
    Empty {
        /// The path of the file that the error is about.
        path: PathBuf,
        /// Which.
        output: &'static str,
        /// Why.
        reason: &'static str,
    },
}

impl Refusal for CompareError {
    fn code(&self) -> &'static str {
        match self {
            Self::Data(error) => error.code(),
            _ => "",
        }
    }

    fn place(&self) -> Place {
        match self {
            Self::Data(error) => error.path().map_or_else(Place::default, Place::in_file),
            Self::Nothing { path } | Self::Empty { path, .. } => Place::in_file(path),
            Self::Model(_) | Self::Net(_) => Place::default(),
        }
    }
}

/// One output beside the stored one.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// `eps`, `h`, `jvp` or `vjp`.
    pub output: &'static str,
    /// max |got - stored| / max |stored|.
    pub error: f64,
    /// max |stored|.
    pub scale: f64,
    /// The shape of the output.
    pub shape: Vec<usize>,
}

fn comparison<T: Element>(output: &'static str, shape: &[usize], got: &[T], stored: &[f64]) -> Comparison {
    let largest =
        |values: &mut dyn Iterator<Item = f64>| values.fold(0.0, |a: f64, b| if b > a { b } else { a });
    let scale = largest(&mut stored.iter().map(|x| x.abs()));
    let difference = largest(
        &mut got
            .iter()
            .zip(stored)
            .map(|(got, stored)| (got.wide() - stored).abs()),
    );
    let error = if scale > 0.0 {
        difference / scale
    } else {
        difference
    };
    Comparison {
        output,
        error,
        scale,
        shape: shape.to_vec(),
    }
}

/// The tensors of a file, asked for by shape.
struct Stored<'a> {
    file: &'a SafetensorsFile,
}

impl Stored<'_> {
    fn has(&self, name: &str) -> bool {
        self.file.entries().contains_key(name)
    }

    /// A tensor whose shape is `expected`; `None` stands for any length.
    fn read(&self, name: &str, expected: &[Option<usize>]) -> Result<(Vec<usize>, Vec<f64>), DataError> {
        let tensor = self.file.read_f64(name, Finite::Check)?;
        let fits = tensor.shape.len() == expected.len()
            && tensor
                .shape
                .iter()
                .zip(expected)
                .all(|(got, wanted)| wanted.is_none_or(|wanted| wanted == *got));
        if fits {
            return Ok((tensor.shape, tensor.values));
        }
        let lengths: Vec<String> = expected
            .iter()
            .map(|n| n.map_or_else(|| "any".to_owned(), |n| n.to_string()))
            .collect();
        let reason = format!("shape {:?}, expected [{}]", tensor.shape, lengths.join(", "));
        Err(self.file.bad(name, reason))
    }
}

fn cast<T: Element>(values: &[f64]) -> Vec<T> {
    values.iter().map(|x| T::of(*x)).collect()
}

/// Runs `model` in the scalar T on the inputs of `path`.
///
/// # Errors
/// [`CompareError`].
pub fn compare<T: Element>(model: &ModelFolder, path: &Path) -> Result<Vec<Comparison>, CompareError> {
    let file = SafetensorsFile::open(path)?;
    let stored = Stored { file: &file };
    let channels = model.config.in_channels;
    let (shape, x) = stored.read("x", &[None, Some(channels), None, None])?;
    let (batch, size) = (shape[0], [shape[2], shape[3]]);
    let (_, t) = stored.read("t", &[Some(batch)])?;
    let name = ["context", "ctx"].into_iter().find(|name| stored.has(name));
    let context = match name {
        Some(name) => Some(stored.read(name, &[Some(batch), None, None])?),
        None => None,
    };
    let rows = context.as_ref().map_or(0, |(shape, _)| shape[1]);
    let unet: Unet<T> = Unet::from_folder(model, Some(size), rows)?;
    let (x, t): (Vec<T>, Vec<T>) = (cast(&x), cast(&t));
    let context: Option<Vec<T>> = context.map(|(_, values)| cast(&values));
    let point = Point {
        x: &x,
        t: &t,
        context: context.as_deref(),
    };
    let elements = |dimensions: [usize; 3]| dimensions.iter().product::<usize>();
    let (image, hidden, output) = (unet.image(), unet.hidden(), unet.output());
    let mut all = Vec::new();

    let mut eps = vec![T::ZERO; batch * elements(output)];
    let mut h = vec![T::ZERO; batch * elements(hidden)];
    unet.denoiser().eps(point, &mut eps, Some(&mut h))?;
    for (name, dimensions, got) in [("eps", output, &eps), ("h", hidden, &h)] {
        if stored.has(name) {
            let [c, height, width] = dimensions.map(Some);
            let (shape, values) = stored.read(name, &[Some(batch), c, height, width])?;
            all.push(comparison(name, &shape, got, &values));
        }
    }

    let mut encoder = unet.encoder();
    let first = Point {
        x: &x[..elements(image)],
        t: &t[..1],
        context: context.as_ref().map(|context| &context[..context.len() / batch]),
    };
    let mut at = vec![T::ZERO; elements(hidden)];
    encoder.move_to(first, &mut at)?;
    let [c, height, width] = image.map(Some);
    let in_image = [None, c, height, width];
    let [c, height, width] = hidden.map(Some);
    let in_hidden = [None, c, height, width];
    if stored.has("tangents") && stored.has("jvp") {
        let (shape, tangents) = stored.read("tangents", &in_image)?;
        let k = shape[0];
        let mut moved = vec![T::ZERO; k * elements(hidden)];
        encoder.jvp(k, &cast::<T>(&tangents), &mut moved)?;
        let mut expected = in_hidden;
        expected[0] = Some(k);
        let (shape, values) = stored.read("jvp", &expected)?;
        all.push(comparison("jvp", &shape, &moved, &values));
    }
    if stored.has("cotangents") && stored.has("vjp") {
        let (shape, cotangents) = stored.read("cotangents", &in_hidden)?;
        let k = shape[0];
        let mut pulled = vec![T::ZERO; k * elements(image)];
        encoder.vjp(k, &cast::<T>(&cotangents), &mut pulled)?;
        let mut expected = in_image;
        expected[0] = Some(k);
        let (shape, values) = stored.read("vjp", &expected)?;
        all.push(comparison("vjp", &shape, &pulled, &values));
    }
    if all.is_empty() {
        let path = path.to_owned();
        return Err(CompareError::Nothing { path });
    }
    let vacuous = all.iter().find(|one| one.scale == 0.0 && one.error == 0.0);
    if let Some(one) = vacuous {
        return Err(CompareError::Empty {
            path: path.to_owned(),
            output: one.output,
            reason: if one.shape.contains(&0) {
                "it has no entries"
            } else {
                "all is zero"
            },
        });
    }
    Ok(all)
}
