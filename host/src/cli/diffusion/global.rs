//! `gibbs diffusion global FOLDER`: directions of H that the local bases of many samples share.

use super::local::Searching;
use super::model::{Loaded, Model};
use super::reading::output;
use crate::cli::error::CliError;
use crate::cli::output::{emit, remark};
use crate::cli::{Common, Status, interrupt};
use crate::data::ensure_output_dir;
use crate::diffusion::geometry::Geometry;
use crate::diffusion::geometry::global::StoredGlobal;
use crate::diffusion::geometry::stored::StoredBasis;
use crate::diffusion::pullback::distance::{Chance, Subspace, chance, distance};
use crate::diffusion::pullback::frechet::{Global, Matching, Mean, Options, global_basis};
use crate::diffusion::pullback::krylov::Search;
use crate::diffusion::pullback::{Ended, GeometryError};
use crate::diffusion::sampling::drawn_at;
use crate::progress;
use crate::report::number::{plain, with_error};
use crate::work::Work;
use clap::{Args, ValueEnum};
use gibbs_core::diffusion::Hop;
use gibbs_core::random::{FNV_OFFSET, fnv1a};
use serde_json::{Value, json};
use std::fmt::Write as _; // writing to a string cannot fail
use std::path::Path;

/// Random pairs behind the chance level.
const PAIRS: usize = 32;

/// What is done to the vectors of a sample before they enter the mean.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum MatchingChoice {
    /// Nothing
    None,
    /// Turned round where they point away from those of the first sample
    #[default]
    Signs,
    /// Put in the order, and turned, that fits the first sample best
    Order,
}

/// Arguments of `gibbs diffusion global`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gibbs diffusion global FOLDER --timestep 700 --count 3 --samples 20 --out global
  gibbs diffusion edit FOLDER --timestep 700 --direction-from global/global.safetensors --direction 0 --out edited
  gibbs diffusion distances global/bases

The local basis of every sample (noise from --seed, brought to T by DDIM), then two means: Y of the spans of the u_i on the
Grassmannian, and R of the rotations from Y to the u_i; U = R Y.
distance   mean length of Log_Y U_i, the geodesic distance of the local spans from their mean, beside that of random
           subspaces
--out takes global.safetensors (U [K, dimensions of h], distances) and bases/, the local bases.
A run that is stopped goes on with --resume, to the same bits; --samples may then be another.
Exit code 1 when a mean or a local basis did not converge; the result is printed and written all the same.")]
pub(super) struct Arguments {
    #[command(flatten)]
    model: Model,
    /// Vectors wanted, 1 to the smaller of the dimensions of x and h
    #[arg(long, value_name = "K")]
    count: usize,
    /// Samples, each with a local basis
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(2..=9999))]
    samples: u32,
    /// How the vectors of a sample are fitted to those of the first
    #[arg(long, value_enum, value_name = "HOW", default_value = "signs")]
    matching: MatchingChoice,
    #[command(flatten)]
    searching: Searching,
}

pub(super) fn run(arguments: &Arguments, common: &Common) -> Result<Status, CliError> {
    let out = output(common)?;
    let model = &arguments.model;
    let loaded = model.load(common, 0, |_| Ok(None))?;
    let hops = model.way(&loaded, None, Some(model.timestep), model.steps(None))?;
    let search = arguments.searching.search(arguments.count, common);
    let [x, h] = loaded.dimensions().map(|d| d.iter().product());
    let fits = search.check((h, x));
    fits.map_err(|error| model.reading.no_basis(error))?;
    let bases = out.join("bases");
    ensure_output_dir(&bases)?;
    let progress = progress::for_stderr(common.quiet);
    let work = Work::new(&*progress, interrupt::install(common.quiet)?);
    // The samples that are done are told by the options alone, for they are not asked for again.
    let plan = fnv1a(FNV_OFFSET, format!("{hops:?}").as_bytes());
    let told = format!("; t = {}, {search:?}, plan {plan:016x}", model.timestep);
    let mut geometry = model.geometry(&loaded, work, common, "global", &told)?;
    let mut local = Samples {
        arguments,
        loaded: &loaded,
        hops,
        search,
    };
    let (frames, unconverged) = local.all(&mut geometry, &bases, common)?;
    let [_, hidden] = geometry.dimensions();
    let found = Found::of(arguments, &frames, hidden, model.timestep, unconverged, common)
        .map_err(|error| CliError::failed(error.to_string()))?;
    let path = out.join("global.safetensors");
    found.stored.to_file().save(&path)?;
    remark(common, &format!("wrote {}", path.display()));
    geometry.finish();
    emit(common, || found.object(), || found.text())?;
    Ok(if found.converged() {
        Status::Done
    } else {
        Status::NotMet
    })
}

/// The samples and their local bases.
struct Samples<'a> {
    arguments: &'a Arguments,
    loaded: &'a Loaded,
    hops: Vec<Hop>,
    search: Search,
}

impl Samples<'_> {
    /// The u_i of every sample, and how many bases did not converge.
    fn all(
        &mut self,
        geometry: &mut Geometry<'_>,
        bases: &Path,
        common: &Common,
    ) -> Result<(Vec<Vec<f32>>, usize), CliError> {
        let done = geometry.answers().map_or(0, |answers| answers.chapter());
        let (mut frames, mut unconverged) = (Vec::new(), 0);
        for index in 0..self.arguments.samples as usize {
            let path = bases.join(format!("{index:04}.safetensors"));
            let stored = if (index as u64) < done {
                StoredBasis::load(&path)?
            } else {
                remark(common, &format!("sample {index} of {}", self.arguments.samples));
                let stored = self.one(geometry, index, common)?;
                stored.to_file().save(&path)?;
                if let Some(answers) = geometry.answers() {
                    answers.turn()?;
                }
                stored
            };
            unconverged += usize::from(stored.basis.ended == Ended::Limit);
            frames.push(stored.basis.u);
        }
        Ok((frames, unconverged))
    }

    fn one(
        &self,
        geometry: &mut Geometry<'_>,
        index: usize,
        common: &Common,
    ) -> Result<StoredBasis, CliError> {
        let reading = &self.arguments.model.reading;
        let length = self.loaded.unet.image().iter().product();
        let mut x = drawn_at(common.seed, index, length);
        let moved = geometry.sample(&mut x, &self.hops);
        moved.map_err(|error| reading.refused(error))?;
        let timestep = self.arguments.model.timestep;
        let basis = geometry
            .basis(&x, timestep, &self.search)
            .map_err(|error| reading.no_basis(error))?;
        if let Some(alive) = basis.zero.iter().position(|zero| *zero) {
            let message =
                format!("sample {index}: only {alive} of its u_i are not zero\nhint: --count {alive}");
            return Err(CliError::input(message).in_file(&reading.folder));
        }
        Ok(StoredBasis {
            basis,
            x,
            dimensions: geometry.dimensions(),
            timestep,
        })
    }
}

struct Found<'a> {
    arguments: &'a Arguments,
    stored: StoredGlobal,
    global: Global,
    chance: Chance,
    unconverged: usize,
    seed: u64,
}

impl<'a> Found<'a> {
    fn of(
        arguments: &'a Arguments,
        frames: &[Vec<f32>],
        hidden: [usize; 3],
        timestep: f64,
        unconverged: usize,
        common: &Common,
    ) -> Result<Self, GeometryError> {
        let dimension = hidden.iter().product();
        let matching = match arguments.matching {
            MatchingChoice::None => Matching::None,
            MatchingChoice::Signs => Matching::Signs,
            MatchingChoice::Order => Matching::SignsAndOrder,
        };
        let all: Vec<&[f32]> = frames.iter().map(Vec::as_slice).collect();
        let global = global_basis(&all, dimension, matching, &Options::default())?;
        let distances = frames.iter().map(|frame| {
            let span = Subspace::new(frame, dimension)?;
            distance(&global.subspace.mean, &span)
        });
        Ok(Self {
            arguments,
            stored: StoredGlobal {
                u: global.vectors.iter().map(|x| *x as f32).collect(),
                hidden,
                distances: distances.collect::<Result<_, _>>()?,
                timestep,
            },
            chance: chance(arguments.count, dimension, PAIRS, common.seed)?,
            global,
            unconverged,
            seed: common.seed,
        })
    }

    fn converged(&self) -> bool {
        let ended = [self.global.subspace.ended, self.global.frame.ended];
        self.unconverged == 0 && ended == [Ended::Converged; 2]
    }

    fn mean_distance(&self) -> f64 {
        let all = &self.stored.distances;
        all.iter().sum::<f64>() / all.len().max(1) as f64
    }

    /// The object of schema `gibbs.diffusion.global/1`; distances in radians.
    fn object(&self) -> Value {
        fn mean<M>(mean: &Mean<M>) -> Value {
            let converged = mean.ended == Ended::Converged;
            json!({"steps": mean.steps, "residual": mean.residual, "converged": converged})
        }
        json!({
            "schema": "gibbs.diffusion.global/1",
            "count": self.arguments.count,
            "samples": self.stored.distances.len(),
            "timestep": self.stored.timestep,
            "dimensions": {"h": self.stored.hidden},
            "matching": match self.arguments.matching {
                MatchingChoice::None => "none",
                MatchingChoice::Signs => "signs",
                MatchingChoice::Order => "order",
            },
            "distances": self.stored.distances,
            "mean_distance": self.mean_distance(),
            "chance": {"mean": self.chance.mean, "error": self.chance.error, "pairs": self.chance.pairs},
            "subspace": mean(&self.global.subspace),
            "frame": mean(&self.global.frame),
            "reflected": self.global.reflected,
            "unconverged_bases": self.unconverged,
            "converged": self.converged(),
            "seed": self.seed,
        })
    }

    fn text(&self) -> String {
        fn ended<M>(mean: &Mean<M>) -> String {
            let how = match mean.ended {
                Ended::Converged => "converged",
                Ended::Limit => "not converged",
            };
            format!("{how} after {} steps, residual {:.1e}", mean.steps, mean.residual)
        }
        let mut text = String::new();
        let chance = with_error(self.chance.mean, self.chance.error);
        for (name, value) in [
            ("timestep", self.stored.timestep.to_string()),
            ("samples", self.stored.distances.len().to_string()),
            (
                "basis",
                format!("{} vectors of h {:?}", self.arguments.count, self.stored.hidden),
            ),
            (
                "distance",
                format!("{} on average (by chance {chance})", plain(self.mean_distance())),
            ),
            ("subspace", ended(&self.global.subspace)),
            ("frame", ended(&self.global.frame)),
            ("reflected", self.global.reflected.to_string()),
            ("not converged", format!("{} local bases", self.unconverged)),
            ("seed", self.seed.to_string()),
        ] {
            let _ = writeln!(text, "{name:<13} {value}");
        }
        text
    }
}
