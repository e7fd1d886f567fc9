//! A model at one sample: that of a file, of a basis, or noise; brought to the time; and how a basis is looked for.

use super::model::{Loaded, Model};
use crate::cli::error::CliError;
use crate::cli::session::Session;
use crate::diffusion::folder::ModelFolder;
use crate::diffusion::geometry::{Failure, Geometry};
use crate::diffusion::inputs::{At, read_sample};
use crate::diffusion::pullback::PullbackError;
use crate::diffusion::pullback::krylov::Search;
use crate::diffusion::sampling::drawn;
use clap::Args;
use gibbs_core::diffusion::Hop;
use std::path::PathBuf;

/// Where the model is and at which sample.
#[derive(Debug, Args)]
pub(super) struct Local {
    #[command(flatten)]
    pub(super) model: Model,
    /// Noisy sample: safetensors (tensor x, or the only one) or NPY, [C,H,W] or [B,C,H,W]; of T unless the file says of which
    /// time it is, from which it is then brought to T [default: noise from the seed, brought to T]
    #[arg(long, value_name = "FILE")]
    x: Option<PathBuf>,
    /// The same, but of the start of the sampler unless the file says of which time: the latent of `invert`, or standard normal
    /// numbers
    #[arg(long, value_name = "FILE", conflicts_with = "x")]
    start: Option<PathBuf>,
    /// Which sample of a file with several, from 0
    #[arg(long, value_name = "B", default_value_t = 0)]
    sample: usize,
}

/// A sample that is known already, with its dimensions and its time.
pub(super) type Known<'a> = (&'a [f32], [usize; 3], f64);

/// A model and its sample.
pub(super) struct Placed {
    pub(super) loaded: Loaded,
    /// Steps of DDIM from noise to data.
    pub(super) steps: usize,
    /// Where the sample begins.
    x: Vec<f32>,
    /// The hops that bring it to the time.
    pub(super) way: Vec<Hop>,
}

impl Placed {
    /// A hash of the sample.
    pub(super) fn hash(&self) -> u64 {
        super::reading::hash_of(gibbs_core::random::FNV_OFFSET, &self.x)
    }

    /// The sample at the time.
    pub(super) fn start(&self, geometry: &mut Geometry<'_>) -> Result<Vec<f32>, Failure> {
        let mut x = self.x.clone();
        geometry
            .sample(&mut x, &self.way)
            .map_err(PullbackError::Operator)?;
        Ok(x)
    }
}

impl Local {
    /// Reads the model and the sample, if there is memory for a basis in a `space` of so many vectors and blocks; `known` is a
    /// sample from elsewhere.
    pub(super) fn load(
        &self,
        session: &Session<'_>,
        space: (usize, usize),
        known: Option<Known<'_>>,
    ) -> Result<Placed, CliError> {
        let mut given: Option<(Vec<f32>, Option<At>)> = None;
        let sized = |model: &ModelFolder| {
            if let Some(path) = self.x.as_ref().or(self.start.as_ref()) {
                let one = read_sample(path, self.sample)?;
                given = Some((one.values, one.at));
                let size = size_of(model, one.shape);
                return size.map(Some).map_err(|error| error.in_file(path));
            }
            let Some((x, shape, timestep)) = known else {
                return Ok(None);
            };
            let steps = None;
            given = Some((x.to_vec(), Some(At { timestep, steps })));
            let size = size_of(model, shape);
            size.map(Some)
                .map_err(|error| error.in_file(&self.model.reading.folder))
        };
        let loaded = self.model.load(session, space, self.sample, sized)?;
        let told = given.as_ref().and_then(|(_, at)| at.and_then(|at| at.steps));
        let steps = self.model.steps(told);
        let (x, way) = self.way(&loaded, given, steps, session)?;
        Ok(Placed {
            loaded,
            steps,
            x,
            way,
        })
    }

    /// The sample and its way to the time.
    fn way(
        &self,
        loaded: &Loaded,
        given: Option<(Vec<f32>, Option<At>)>,
        steps: usize,
        session: &Session<'_>,
    ) -> Result<(Vec<f32>, Vec<Hop>), CliError> {
        let t = self.model.timestep;
        let (x, from) = match given {
            Some((x, Some(at))) => (x, Some(at.timestep)),
            Some((x, None)) if self.x.is_some() => return Ok((x, Vec::new())),
            Some((x, None)) => (x, None),
            None => {
                let length = loaded.unet.image().iter().product();
                (drawn(session.seed(), 1, length), None)
            }
        };
        if let Some(from) = from.filter(|from| *from < t) {
            let message = format!(
                "the sample is of t = {from}, earlier than --timestep {t}\nhint: --timestep {from} or less, or a latent of \
                 `gibbs diffusion invert`"
            );
            let error = CliError::input(message);
            let path = self.x.as_ref().or(self.start.as_ref());
            return Err(path.map_or(error.clone(), |path| error.in_file(path)));
        }
        if let Some(from) = from.filter(|from| *from > t && self.start.is_none()) {
            session.remark(&format!("note: the sample, of t = {from}, is brought to t = {t}"));
        }
        let hops = self.model.way(loaded, from, Some(t), steps)?;
        Ok((x, hops))
    }
}

/// The size of an image that the model takes.
fn size_of(model: &ModelFolder, [channels, height, width]: [usize; 3]) -> Result<[usize; 2], CliError> {
    let wanted = model.config.in_channels;
    if channels == wanted {
        return Ok([height, width]);
    }
    Err(CliError::input(format!(
        "x has {channels} channels, expected {wanted}"
    )))
}

/// Options of the search for a basis.
#[derive(Debug, Args)]
pub(super) struct Searching {
    /// Largest residual that counts as converged
    #[arg(long, value_name = "E", default_value_t = 1e-4)]
    tolerance: f64,
    /// Blocks multiplied by J and its transpose at most
    #[arg(long, value_name = "M", default_value_t = 10)]
    blocks: usize,
}

impl Searching {
    /// Vectors and blocks of a search: what it takes of memory.
    pub(super) fn space(&self, count: usize) -> (usize, usize) {
        (count, self.blocks)
    }

    pub(super) fn search(&self, count: usize, session: &Session<'_>) -> Search {
        Search {
            tolerance: self.tolerance,
            limit: self.blocks,
            seed: session.seed(),
            ..Search::new(count)
        }
    }
}
