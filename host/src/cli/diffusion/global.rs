//! `gibbs diffusion global FOLDER`: directions of H that the local bases of many samples share.

use super::local::Searching;
use super::model::Model;
use crate::cli::error::CliError;
use crate::cli::session::{Common, Ended, Folder, Session, Status, Verb};
use crate::data::ensure_output_dir;
use crate::diffusion::geometry::global::{Found, Samples};
use crate::diffusion::pullback::PullbackError;
use crate::diffusion::pullback::frechet::{Matching, Mean};
use crate::report::answer::Answer;
use crate::report::number::{plain, with_error};
use clap::{Args, ValueEnum};
use serde_json::json;

const VERB: Verb = Verb {
    name: "diffusion.global",
    version: 2,
    folder: Folder::Needed,
    keeps: true,
};

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
--out takes global.safetensors (U [K, dimensions of h], distances) and bases/, the local bases; those of an earlier run are
removed.
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

impl Arguments {
    fn matching(&self) -> (Matching, &'static str) {
        match self.matching {
            MatchingChoice::None => (Matching::None, "none"),
            MatchingChoice::Signs => (Matching::Signs, "signs"),
            MatchingChoice::Order => (Matching::SignsAndOrder, "order"),
        }
    }
}

pub(super) fn run(arguments: &Arguments, common: &Common) -> Result<Status, CliError> {
    let session = Session::begin(common, VERB)?;
    let model = &arguments.model;
    let space = arguments.searching.space(arguments.count);
    let loaded = model.load(&session, space, 0, |_| Ok(None))?;
    let way = model.way(&loaded, None, Some(model.timestep), model.steps(None))?;
    let search = arguments.searching.search(arguments.count, &session);
    let refused = |error| match error {
        PullbackError::Dependent { rank, .. } => {
            CliError::input(format!("{error}\nhint: --count {rank}")).in_file(&model.reading.folder)
        }
        error => model.reading.no_basis(error),
    };
    search.check(loaded.sides()).map_err(refused)?;
    let samples = Samples {
        count: arguments.samples as usize,
        seed: session.seed(),
        way: &way,
        timestep: model.timestep,
        search: &search,
    };
    // The samples that are done are told by the options alone, for they are not asked for again.
    let identity = model
        .identity(VERB.name, session.seed(), &loaded, &[&way])
        .with("search", format!("{search:?}"));
    let bases = session.run(&identity, |work| {
        let mut geometry = loaded.geometry(work).map_err(refused)?;
        samples.bases(&mut geometry, work).map_err(refused)
    })?;
    let found = Found::of(&bases, arguments.matching().0, session.seed());
    let found = found.map_err(|error| CliError::failed(error.to_string()))?;
    if let Some(out) = session.out() {
        ensure_output_dir(&out.join("bases"))?;
        session.clear("bases/", ".safetensors")?;
    }
    for (index, stored) in bases.iter().enumerate() {
        session.write(&format!("bases/{index:04}.safetensors"), &stored.to_file())?;
    }
    session.write("global.safetensors", &found.stored.to_file())?;
    let ended = if found.converged() {
        Ended::CONVERGED
    } else {
        Ended::not_met("steps")
    };
    session.done(answer(arguments, &found), ended)
}

/// Distances in radians.
fn answer(arguments: &Arguments, found: &Found) -> Answer {
    fn mean<M>(answer: &mut Answer, name: &str, mean: &Mean<M>) {
        let converged = mean.ended == crate::diffusion::pullback::Ended::Converged;
        let how = if converged { "converged" } else { "not converged" };
        let said = format!("{how} after {} steps, residual {:.1e}", mean.steps, mean.residual);
        let value = json!({"steps": mean.steps, "residual": mean.residual, "converged": converged});
        answer.value(name, value, said);
    }
    let stored = &found.stored;
    let mut answer = Answer::new();
    answer.number("timestep", stored.timestep);
    answer.count("samples", stored.distances.len() as u64);
    let basis = format!("{} vectors of h {:?}", arguments.count, stored.hidden);
    answer.value("count", arguments.count, basis).label("basis");
    answer.hidden("dimensions", json!({"h": stored.hidden}));
    answer.hidden("matching", arguments.matching().1);
    answer.hidden("distances", &stored.distances);
    let chance = found.chance;
    let by_chance = with_error(chance.mean, chance.error);
    let distance = found.mean_distance();
    let said = format!("{} on average (by chance {by_chance})", plain(distance));
    answer.value("mean_distance", distance, said).label("distance");
    let value = json!({"mean": chance.mean, "error": chance.error, "pairs": chance.pairs});
    answer.hidden("chance", value);
    mean(&mut answer, "subspace", &found.global.subspace);
    mean(&mut answer, "frame", &found.global.frame);
    answer.value(
        "reflected",
        found.global.reflected,
        found.global.reflected.to_string(),
    );
    let unconverged = format!("{} local bases", found.unconverged);
    answer
        .value("unconverged_bases", found.unconverged, unconverged)
        .label("not converged");
    answer
}
