//! `gibbs ising anneal FILE`: independent reads, the best state, how often it was found.

use super::reading::{Reading, energy, range, refused};
use super::writing::{
    answer_state, energy_text, exact_text, interval_json, interval_text, scaled, state_text, write_states,
    zeros_and_ones,
};
use crate::cli::error::CliError;
use crate::cli::session::{Common, Ended, Folder, Session, Status, Verb};
use crate::ising::anneal::{self, Annealed, BLOCK, Course, Method, Options, SpinRule, Success, anneal_on};
use crate::ising::states::read_states;
use crate::ising::{Energy, Kind, Problem};
use crate::keep::Identity;
use crate::report::answer::Answer;
use crate::report::number::plain;
use crate::report::rows::Rows;
use clap::{Args, ValueEnum};
use gibbs_core::ising::Variant;
use gibbs_core::random::{FNV_OFFSET, fnv1a};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::{Duration, Instant};

const VERB: Verb = Verb {
    name: "ising.anneal",
    version: 3,
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
  gibbs ising anneal couplings.csv --target -36 --stop-at-target --time-limit 60 --best 5
  gibbs ising anneal large.txt --sweeps 100000 --out best --resume
  gibbs ising anneal large.txt --start best/state.csv --beta-range 1,10 --out better

A read starts from random spins and cools down once, one sweep per inverse temperature (sb: one step of time).
The energy of the best state is summed anew from the file, in exact arithmetic.
--start: state.csv, best.csv or states.csv of an earlier run; read r begins at state r modulo their
number and does not end above it. A first temperature that is too hot forgets it.
--time-limit: reads that have begun are finished, the first always. How many there are is not
reproducible, each of them is. With --out, --resume goes on from there.
--stop-at-target: the reads up to the first that reached it, on any number of threads.
hits       reads that reached the target, or without --target the best energy of all reads
success    probability of a read, with Wilson's 95 % interval (exact where one ended the reads)
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
    /// No further read once one has reached --target
    #[arg(long, requires = "target")]
    stop_at_target: bool,
    /// No further read after this time, in seconds
    #[arg(long, value_name = "SECONDS", value_parser = seconds, allow_negative_numbers = true)]
    time_limit: Option<Duration>,
    /// States that reads begin at (sa), as files of states hold them [default: random]
    #[arg(long, value_name = "FILE")]
    start: Option<PathBuf>,
    /// Give the K best of the different states that reads ended in (best.csv)
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u32).range(1..))]
    best: Option<u32>,
    /// Give the state of every read (states.csv)
    #[arg(long)]
    states: bool,
}

/// A time above 0.
fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().filter(|seconds| *seconds > 0.0);
    // What is longer than a duration can be is no limit.
    let duration = |seconds| Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
    seconds
        .map(duration)
        .ok_or_else(|| "a number of seconds above 0 was expected".to_owned())
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
            _ if self.rule.is_some() || self.whole || self.beta_range.is_some() || self.start.is_some() => {
                let message = "--rule, --whole, --beta-range and --start belong to simulated annealing\nhint: --method sa";
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
    if arguments.states && session.out().is_none() {
        return Err(CliError::input("--states writes a file: --out DIR says where to"));
    }
    let problem = arguments.reading.problem(&session)?;
    session.needs(
        options.bytes(problem.spins(), session.out().is_some()),
        "the states of the reads",
    )?;
    let start = match &arguments.start {
        Some(file) => read_states(file, &problem)?,
        None => Vec::new(),
    };
    let mut identity = Identity::new(VERB.name, options.seed)
        .with("method", method_name(options.method))
        .options(&options)
        .data(problem.key(""));
    if !start.is_empty() {
        identity = identity.with("start", format_args!("{:016x}", hash(&start)));
    }
    let now = Instant::now();
    let course = Course {
        start: &start,
        target: arguments.target.filter(|_| arguments.stop_at_target),
        deadline: arguments.time_limit.and_then(|limit| now.checked_add(limit)),
    };
    let annealed = session.run(&identity, |work| {
        anneal_on(&problem, &options, &course, work).map_err(|e| refused(e, &arguments.reading.file))
    })?;
    let success = annealed.success(arguments.target.as_ref());
    write(arguments, &session, &problem, &annealed)?;
    let ended = match (annealed.ended, success.hits) {
        (anneal::Ended::Target, _) => Ended::met("target_reached"),
        (anneal::Ended::Deadline, 0) => Ended::not_met("time_limit"),
        (anneal::Ended::Deadline, _) => Ended::met("time_limit"),
        (anneal::Ended::All, 0) => Ended::not_met("target_missed"),
        (anneal::Ended::All, _) => Ended::DONE,
    };
    if annealed.ended == anneal::Ended::Deadline {
        session.leave_kept()?;
    }
    session.done(answer(arguments, &problem, &options, &annealed, success), ended)
}

fn hash(states: &[Vec<i8>]) -> u64 {
    let bytes = |state: &Vec<i8>| state.iter().map(|s| s.cast_unsigned()).collect::<Vec<u8>>();
    let start = fnv1a(FNV_OFFSET, &(states.len() as u64).to_le_bytes());
    states
        .iter()
        .fold(start, |hash, state| fnv1a(hash, &bytes(state)))
}

fn write(
    arguments: &Arguments,
    session: &Session<'_>,
    problem: &Problem,
    annealed: &Annealed,
) -> Result<(), CliError> {
    session.clear_where("", |name| name == "best.csv" || name == "states.csv")?;
    write_states(session, "state.csv", problem.kind(), &[&annealed.state])?;
    let all: Vec<&[i8]> = annealed.reads.iter().map(|read| &read.state[..]).collect();
    if let Some(count) = arguments.best {
        let best = annealed.distinct(count as usize);
        let best: Vec<&[i8]> = best.iter().map(|one| all[one.read]).collect();
        write_states(session, "best.csv", problem.kind(), &best)?;
    }
    if arguments.states {
        write_states(session, "states.csv", problem.kind(), &all)?;
    }
    let reads: Vec<(usize, String)> = (annealed.reads.iter().map(|read| read.energy.to_string()))
        .enumerate()
        .collect();
    let reads = Rows::of("reads", &reads)
        .count("read", |read| read.0 as u64)
        .text("energy", |read| read.1.clone())
        .done();
    session.write("reads.csv", &reads)
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

/// The best of the different states, with how often and where they were found first.
fn answer_best(answer: &mut Answer, problem: &Problem, annealed: &Annealed, count: Option<u32>) {
    let best = count.map(|count| annealed.distinct(count as usize));
    let object = |one: &anneal::Distinct| {
        let read = &annealed.reads[one.read];
        let mut object = json!({
            "energy": read.energy.nearest(), "energy_exact": exact_text(read.energy), "read": one.read, "reads": one.reads,
            "state": read.state,
        });
        if problem.kind() == Kind::Qubo {
            object["x"] = zeros_and_ones(&read.state).into();
        }
        object
    };
    let objects = best
        .as_ref()
        .map(|best| best.iter().map(object).collect::<Vec<Value>>());
    answer.hidden("best", objects);
    for (rank, one) in best.iter().flatten().enumerate() {
        let read = &annealed.reads[one.read];
        let state = state_text(problem.kind(), &read.state);
        let text = format!("{}, {} reads: {state}", energy_text(read.energy), one.reads);
        answer.shown(&format!("best {}", rank + 1), text);
    }
}

/// Energies in the unit of the file, inverse temperatures in its inverse.
fn answer(
    arguments: &Arguments,
    problem: &Problem,
    options: &Options,
    annealed: &Annealed,
    success: Success,
) -> Answer {
    let (target, done) = (arguments.target, annealed.reads.len());
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
    answer_best(&mut answer, problem, annealed, arguments.best);
    let name = method_name(options.method);
    answer
        .text("method", name)
        .says(format!("{name}, {} sweeps", options.sweeps));
    answer.hidden("sweeps", options.sweeps);
    answer.hidden("reads", done);
    answer.hidden("reads_wanted", options.reads);
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
    let hits = format!("{} of {done} reads reached {goal}", success.hits);
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
