//! `gibbs ising anneal FILE`: independent reads, the best state, how often it was found.

use super::reading::{Reading, energy, range, refused};
use super::writing::{
    answer_state, energy_text, exact_text, interval_json, interval_text, scaled, state_csv,
};
use crate::cli::error::CliError;
use crate::cli::session::{Common, Ended, Folder, Session, Status, Verb};
use crate::ising::anneal::{Annealed, BLOCK, Method, Options, SpinRule, Success, anneal};
use crate::ising::{Energy, Problem};
use crate::keep::Identity;
use crate::report::answer::Answer;
use crate::report::number::plain;
use crate::report::rows::Rows;
use clap::{Args, ValueEnum};
use gibbs_core::ising::Variant;

const VERB: Verb = Verb {
    name: "ising.anneal",
    version: 2,
    folder: Folder::Optional,
    keeps: true,
};
/// Energies in the text.
const SHOWN: usize = 8;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum MethodChoice {
    /// Simulated annealing
    #[default]
    Sa,
    /// Simulated bifurcation, forces from positions
    SbBallistic,
    /// Simulated bifurcation, forces from signs
    SbDiscrete,
}

/// The single-spin rules by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum RuleChoice {
    /// min(1, e^(-beta dE)): fastest
    Metropolis,
    /// 1 / (1 + e^(-2 beta f)) for +1, whatever the spin was
    HeatBath,
}

impl From<RuleChoice> for SpinRule {
    fn from(choice: RuleChoice) -> Self {
        match choice {
            RuleChoice::Metropolis => Self::Metropolis,
            RuleChoice::HeatBath => Self::HeatBath,
        }
    }
}

/// Arguments of `gibbs ising anneal`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gibbs ising anneal couplings.csv
  gibbs ising anneal couplings.csv --reads 1000 --sweeps 5000 --target -36
  gibbs ising anneal qubo.csv --qubo --method sb-discrete --json
  gibbs ising anneal large.txt --sweeps 100000 --out best --resume

A read starts from random spins and cools down once, one sweep per inverse temperature (sb: one step of time).
The energy of the best state is summed anew from the file, in exact arithmetic.
hits       reads that reached the target, or without --target the best energy of all reads
success    probability of a read, with Wilson's 95 % interval
time (99%) to reach the target with probability 0.99: time of a read x ln 0.01 / ln(1 - success)
Without --target, success is counted against the best state found: too high where none found the ground state.
Exit code 1 when no read reached --target; the result is printed all the same.")]
pub(super) struct Arguments {
    #[command(flatten)]
    reading: Reading,
    /// Independent reads
    #[arg(long, value_name = "R", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    reads: u32,
    /// Sweeps of a read (sb: steps of time)
    #[arg(long, value_name = "S", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..))]
    sweeps: u32,
    /// How a read looks for low energies
    #[arg(long, value_enum, value_name = "METHOD", default_value = "sa")]
    method: MethodChoice,
    /// Single-spin rule (sa) [default: metropolis]
    #[arg(long, value_enum, value_name = "RULE")]
    rule: Option<RuleChoice>,
    /// Metropolis as earlier versions drew it, no spin left out of any sweep: misses ground states of equal couplings
    #[arg(long, conflicts_with = "rule")]
    whole: bool,
    /// First and last inverse temperature (sa), per energy of the file [default: from the couplings]
    #[arg(long, value_name = "HOT,COLD", value_parser = range, allow_hyphen_values = true)]
    beta_range: Option<(f64, f64)>,
    /// Energy at or below which a read counts as a hit [default: the best energy of all reads]
    #[arg(long, value_name = "E", value_parser = energy, allow_hyphen_values = true)]
    target: Option<Energy>,
}

impl Arguments {
    fn options(&self, seed: u64) -> Result<Options, CliError> {
        let method = match self.method {
            MethodChoice::Sa => Method::Annealing {
                rule: if self.whole {
                    SpinRule::MetropolisWhole
                } else {
                    self.rule.map_or(SpinRule::Metropolis, SpinRule::from)
                },
                range: self.beta_range,
            },
            _ if self.rule.is_some() || self.whole || self.beta_range.is_some() => {
                let message =
                    "--rule, --whole and --beta-range belong to simulated annealing\nhint: --method sa";
                return Err(CliError::input(message));
            }
            MethodChoice::SbBallistic => Method::Bifurcation(Variant::Ballistic),
            MethodChoice::SbDiscrete => Method::Bifurcation(Variant::Discrete),
        };
        Ok(Options {
            reads: self.reads as usize,
            sweeps: self.sweeps,
            method,
            seed,
            block: BLOCK,
        })
    }
}

pub(super) fn run(arguments: &Arguments, common: &Common) -> Result<Status, CliError> {
    let session = Session::begin(common, VERB)?;
    let options = arguments.options(session.seed())?;
    let problem = arguments.reading.problem(&session)?;
    let identity = Identity::new(VERB.name, options.seed)
        .with("method", method_name(options.method))
        .options(&options)
        .data(problem.key(""));
    let annealed = session.run(&identity, |work| {
        anneal(&problem, &options, work).map_err(|e| refused(e, &arguments.reading.file))
    })?;
    let success = annealed.success(arguments.target.as_ref());
    session.write("state.csv", &state_csv(problem.kind(), &annealed.state)[..])?;
    let reads: Vec<(usize, String)> = (annealed.reads.iter().map(|read| read.energy.to_string()))
        .enumerate()
        .collect();
    let reads = Rows::of("reads", &reads)
        .count("read", |read| read.0 as u64)
        .text("energy", |read| read.1.clone())
        .done();
    session.write("reads.csv", &reads)?;
    let answer = answer(&problem, &options, &annealed, success, arguments.target);
    let ended = if success.hits > 0 {
        Ended::DONE
    } else {
        Ended::not_met("target_missed")
    };
    session.done(answer, ended)
}

fn method_name(method: Method) -> &'static str {
    match method {
        Method::Annealing { rule, .. } => match rule {
            SpinRule::Metropolis => "sa, metropolis",
            SpinRule::HeatBath => "sa, heat-bath",
            SpinRule::MetropolisWhole => "sa, metropolis, whole",
        },
        Method::Bifurcation(Variant::Ballistic) => "sb-ballistic",
        Method::Bifurcation(Variant::Discrete) => "sb-discrete",
    }
}

/// Energies in the unit of the file, inverse temperatures in its inverse.
fn answer(
    problem: &Problem,
    options: &Options,
    annealed: &Annealed,
    success: Success,
    target: Option<Energy>,
) -> Answer {
    let mut energies: Vec<Energy> = annealed.reads.iter().map(|read| read.energy).collect();
    let mut answer = Answer::new();
    answer.hidden(
        "energies",
        energies
            .iter()
            .map(|energy| energy.nearest())
            .collect::<Vec<f64>>(),
    );
    energies.sort_by(Energy::order);
    let levels: Vec<&[Energy]> = energies.chunk_by(|a, b| a.order(b).is_eq()).collect();
    let levels = Rows::of("levels", &levels)
        .number("energy", |level| level[0].nearest())
        .hidden()
        .text("energy_text", |level| energy_text(level[0]))
        .titled("energy")
        .count("reads", |level| level.len() as u64)
        .done();
    answer.rows_first(&levels, SHOWN);
    answer_state(&mut answer, "", problem, &annealed.state, annealed.energy);
    let name = method_name(options.method);
    answer
        .text("method", name)
        .says(format!("{name}, {} sweeps", options.sweeps));
    answer.hidden("sweeps", options.sweeps);
    answer.hidden("reads", options.reads);
    answer.hidden("beta_range", annealed.range);
    if let Some((hot, cold)) = annealed.range {
        answer.shown("beta", format!("{} to {}", plain(hot), plain(cold)));
    }
    answer.hidden("target", target.map(Energy::nearest));
    answer.hidden("target_exact", target.and_then(exact_text));
    let goal = target.map_or_else(
        || "the best energy".to_owned(),
        |target| format!("energy <= {target}"),
    );
    let hits = format!("{} of {} reads reached {goal}", success.hits, options.reads);
    answer.value("hits", success.hits, hits);
    let time = scaled(success.reads, success.seconds_per_read);
    answer.value(
        "success",
        interval_json(success.probability),
        interval_text(success.probability),
    );
    answer.hidden("reads_to_solution", interval_json(success.reads));
    answer.shown("time (99%)", format!("{} s", interval_text(time)));
    answer.timing("seconds_per_read", success.seconds_per_read);
    answer.timing("seconds_to_solution", interval_json(time));
    answer
}
