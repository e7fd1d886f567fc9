//! `gibbs ising anneal FILE`: independent reads, the best state, how often it was found.

use super::reading::{Reading, finite, range, stopped};
use super::remark;
use super::writing::{
    csv, energy_text, interval_json, interval_text, scaled, state_csv, state_fields, state_text,
};
use crate::cli::checkpoint::{Checkpoint, Run};
use crate::cli::error::CliError;
use crate::cli::output::emit;
use crate::cli::{Common, Status, interrupt};
use crate::data::{ensure_output_dir, write_atomic};
use crate::ising::anneal::{Annealed, BLOCK, Method, Options, SpinRule, Success, anneal};
use crate::ising::{Energy, Problem};
use crate::progress;
use crate::report::number::plain;
use crate::report::table::{Style, Table};
use crate::work::{Keeper, Work};
use clap::{Args, ValueEnum};
use gibbs_core::ising::Variant;
use serde_json::{Value, json};
use std::fmt::Write as _; // writing to a string cannot fail
use std::path::Path;

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
    /// First and last inverse temperature (sa), per energy of the file [default: from the couplings]
    #[arg(long, value_name = "HOT,COLD", value_parser = range, allow_hyphen_values = true)]
    beta_range: Option<(f64, f64)>,
    /// Energy at or below which a read counts as a hit [default: the best energy of all reads]
    #[arg(long, value_name = "E", value_parser = finite, allow_hyphen_values = true)]
    target: Option<f64>,
    /// Go on from the checkpoint that a stopped run left in --out
    #[arg(long, requires = "out")]
    resume: bool,
}

impl Arguments {
    fn options(&self, common: &Common) -> Result<Options, CliError> {
        let method = match self.method {
            MethodChoice::Sa => Method::Annealing {
                rule: self.rule.map_or(SpinRule::Metropolis, SpinRule::from),
                range: self.beta_range,
            },
            _ if self.rule.is_some() || self.beta_range.is_some() => {
                let message = "--rule and --beta-range belong to simulated annealing\nhint: --method sa";
                return Err(CliError::input(message));
            }
            MethodChoice::SbBallistic => Method::Bifurcation(Variant::Ballistic),
            MethodChoice::SbDiscrete => Method::Bifurcation(Variant::Discrete),
        };
        Ok(Options {
            reads: self.reads as usize,
            sweeps: self.sweeps,
            method,
            seed: common.seed,
            block: BLOCK,
        })
    }
}

pub(super) fn run(arguments: &Arguments, common: &Common) -> Result<Status, CliError> {
    let options = arguments.options(common)?;
    if let Some(out) = &common.out {
        ensure_output_dir(out)?;
    }
    let interrupted = interrupt::install(common.quiet)?;
    let file = &arguments.reading.file;
    let problem = arguments.reading.problem(common)?;
    let run = || Run {
        verb: "ising.anneal",
        method: method_name(options.method).to_owned(),
        seed: options.seed,
        key: problem.key(&format!("{options:?}")),
    };
    let checkpoint = match &common.out {
        Some(out) => Some(Checkpoint::open(out, run(), arguments.resume)?),
        None => None,
    };
    let progress = progress::for_stderr(common.quiet);
    let work = Work {
        progress: &*progress,
        interrupted,
        keeper: checkpoint.as_ref().map(|c| c as &dyn Keeper),
    };
    let annealed = match anneal(&problem, &options, &work) {
        Ok(annealed) => annealed,
        Err(error) => return Err(stopped(&error, checkpoint, file)),
    };
    if let Some(out) = &common.out {
        write(&problem, &annealed, out, common)?;
    }
    if let Some(checkpoint) = checkpoint {
        checkpoint.remove();
    }
    let success = annealed.success(arguments.target);
    let result = Outcome {
        problem: &problem,
        options,
        annealed: &annealed,
        success,
        target: arguments.target,
    };
    emit(common, || result.json(), || result.text())?;
    Ok(if success.hits > 0 {
        Status::Done
    } else {
        Status::NotMet
    })
}

fn method_name(method: Method) -> &'static str {
    match method {
        Method::Annealing {
            rule: SpinRule::Metropolis,
            ..
        } => "sa, metropolis",
        Method::Annealing {
            rule: SpinRule::HeatBath,
            ..
        } => "sa, heat-bath",
        Method::Bifurcation(Variant::Ballistic) => "sb-ballistic",
        Method::Bifurcation(Variant::Discrete) => "sb-discrete",
    }
}

struct Outcome<'a> {
    problem: &'a Problem,
    options: Options,
    annealed: &'a Annealed,
    success: Success,
    target: Option<f64>,
}

impl Outcome<'_> {
    /// The object of schema `gibbs.ising.anneal/1`. Energies in the unit of the file, inverse temperatures in
    /// its inverse. All but `timing` follows from the seed.
    fn json(&self) -> Value {
        let Self {
            problem,
            options,
            annealed,
            success,
            target,
        } = self;
        let mut object = state_fields(problem, &annealed.state, annealed.energy);
        let range = annealed.range.map(|(hot, cold)| json!([hot, cold]));
        let energies: Vec<f64> = annealed.reads.iter().map(|read| read.energy.nearest()).collect();
        for (field, value) in [
            ("schema", json!("gibbs.ising.anneal/1")),
            ("reads", json!(options.reads)),
            ("sweeps", json!(options.sweeps)),
            ("method", json!(method_name(options.method))),
            ("beta_range", json!(range)),
            ("target", json!(target)),
            ("hits", json!(success.hits)),
            ("success", interval_json(success.probability)),
            ("reads_to_solution", interval_json(success.reads)),
            ("energies", json!(energies)),
            ("seed", json!(options.seed)),
            (
                "timing",
                json!({
                    "seconds_per_read": success.seconds_per_read,
                    "seconds_to_solution": interval_json(scaled(success.reads, success.seconds_per_read)),
                }),
            ),
        ] {
            object.insert(field.to_owned(), value);
        }
        Value::Object(object)
    }

    fn text(&self) -> String {
        const SHOWN: usize = 8;
        let Self {
            problem,
            options,
            annealed,
            success,
            target,
        } = self;
        let mut energies: Vec<_> = annealed.reads.iter().map(|read| read.energy).collect();
        energies.sort_by(Energy::order);
        let levels: Vec<_> = energies.chunk_by(|a, b| a.order(b).is_eq()).collect();
        let mut table = Table::new(&["energy", "reads"]).right(&[0, 1]);
        for level in levels.iter().take(SHOWN) {
            table.push([energy_text(level[0]), level.len().to_string()]);
        }
        let mut text = table.to_text(Style::of_stdout());
        if levels.len() > SHOWN {
            let _ = writeln!(text, "and {} higher energies", levels.len() - SHOWN);
        }
        let goal = target.map_or_else(
            || "the best energy".to_owned(),
            |target| format!("energy <= {target}"),
        );
        let mut facts = vec![
            ("energy", energy_text(annealed.energy)),
            ("state", state_text(problem.kind(), &annealed.state)),
            ("spins", problem.spins().to_string()),
            (
                "method",
                format!("{}, {} sweeps", method_name(options.method), options.sweeps),
            ),
        ];
        if let Some((hot, cold)) = annealed.range {
            facts.push(("beta", format!("{} to {}", plain(hot), plain(cold))));
        }
        let time = scaled(success.reads, success.seconds_per_read);
        facts.extend([
            (
                "hits",
                format!("{} of {} reads reached {goal}", success.hits, options.reads),
            ),
            ("success", interval_text(success.probability)),
            ("time (99%)", format!("{} s", interval_text(time))),
            ("seed", options.seed.to_string()),
        ]);
        text.push('\n');
        for (name, value) in facts {
            let _ = writeln!(text, "{name:<10} {value}");
        }
        text
    }
}

/// The best state and the energies of all reads.
fn write(problem: &Problem, annealed: &Annealed, out: &Path, common: &Common) -> Result<(), CliError> {
    let rows = annealed.reads.iter().enumerate();
    let reads = csv(
        &["read", "energy"],
        rows.map(|(read, result)| vec![read.to_string(), result.energy.to_string()]),
    )?;
    for (name, bytes) in [
        ("state.csv", state_csv(problem.kind(), &annealed.state)),
        ("reads.csv", reads),
    ] {
        let path = out.join(name);
        write_atomic(&path, &bytes)?;
        remark(common, &format!("wrote {}", path.display()));
    }
    Ok(())
}
