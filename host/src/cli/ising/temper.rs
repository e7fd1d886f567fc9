//! `gibbs ising temper FILE`: parallel tempering; energies at all temperatures, and the best state.

use super::anneal::RuleChoice;
use super::reading::{Reading, refused};
use super::remark;
use super::writing::{csv, energy_text, state_csv, state_fields, state_text};
use crate::cli::error::CliError;
use crate::cli::output::emit;
use crate::cli::session::{Common, Folder, Session, Status, Verb};
use crate::data::write_atomic;
use crate::ising::Problem;
use crate::ising::anneal::BLOCK;
use crate::ising::temper::{Ladder, Options, Temperature, Tempered, temper};
use crate::keep::Identity;
use crate::report::number::{plain, significant, with_error};
use crate::report::table::{Style, Table};
use clap::Args;
use serde_json::{Value, json};
use std::fmt::Write as _; // writing to a string cannot fail
use std::path::Path;

const VERB: Verb = Verb {
    name: "ising.temper",
    version: 2,
    folder: Folder::Optional,
    keeps: true,
};

/// Arguments of `gibbs ising temper`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gibbs ising temper couplings.csv
  gibbs ising temper couplings.csv --ladder 0.1,3,16 --sweeps 100000 --out run --resume
  gibbs ising temper couplings.csv --betas 0.2,0.5,1,2 --json

Replicas run at all temperatures and exchange them. Per temperature: the mean energy with its error, its
autocorrelation time tau in rounds (a round ends with an exchange), and the fraction of exchanges made with the
next temperature: 0.2 to 0.4 is good, below 0.1 more temperatures are needed. A round trip leads a replica from
the hottest to the coldest temperature and back; without any, the colder energies are not to be trusted.")]
pub(super) struct Arguments {
    #[command(flatten)]
    reading: Reading,
    /// Inverse temperatures, per energy of the file, rising; 2 or more
    #[arg(long, value_name = "B,…", value_delimiter = ',', conflicts_with = "ladder", value_parser = super::reading::finite, allow_hyphen_values = true)]
    betas: Vec<f64>,
    /// Smallest and largest inverse temperature and how many, in equal ratios [default: from the couplings, 12]
    #[arg(long, value_name = "HOT,COLD,R", value_parser = ladder, allow_hyphen_values = true)]
    ladder: Option<(f64, f64, usize)>,
    /// Sweeps that are measured
    #[arg(long, value_name = "S", default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..=1 << 48))]
    sweeps: u64,
    /// Sweeps before [default: a fifth of --sweeps]
    #[arg(long, value_name = "S", value_parser = clap::value_parser!(u64).range(0..=1 << 48))]
    burn_in: Option<u64>,
    /// Sweeps between exchanges
    #[arg(long, value_name = "S", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=1 << 32))]
    swap_every: u64,
    /// Single-spin rule
    #[arg(long, value_enum, value_name = "RULE", default_value = "metropolis")]
    rule: RuleChoice,
}

/// Temperatures of a ladder of its own.
const RUNGS: usize = 12;
const MOST_RUNGS: usize = 10_000;

fn ladder(text: &str) -> Result<(f64, f64, usize), String> {
    let words: Vec<&str> = text.split(',').map(str::trim).collect();
    let numbers = |hot: &str, cold: &str, rungs: &str| {
        let (hot, cold): (f64, f64) = (hot.parse().ok()?, cold.parse().ok()?);
        let rungs: usize = rungs.parse().ok()?;
        let good = hot > 0.0 && hot < cold && cold.is_finite() && (2..=MOST_RUNGS).contains(&rungs);
        good.then_some((hot, cold, rungs))
    };
    let read = match words[..] {
        [hot, cold, rungs] => numbers(hot, cold, rungs),
        _ => None,
    };
    read.ok_or_else(|| {
        "two rising inverse temperatures above 0 and their number, 2 to 10000, were expected, such as 0.1,3,16"
            .to_owned()
    })
}

impl Arguments {
    fn options(&self, common: &Common) -> Result<Options, CliError> {
        let rising = self.betas.windows(2).all(|pair| pair[0] <= pair[1]);
        if !self.betas.is_empty() && (!rising || !(2..=MOST_RUNGS).contains(&self.betas.len())) {
            let message = "--betas: at least two inverse temperatures that do not fall were expected";
            return Err(CliError::input(message));
        }
        let ladder = match self.ladder {
            _ if !self.betas.is_empty() => Ladder::Betas(self.betas.clone()),
            Some((hot, cold, rungs)) => Ladder::Geometric {
                ends: Some((hot, cold)),
                rungs,
            },
            None => Ladder::Geometric {
                ends: None,
                rungs: RUNGS,
            },
        };
        Ok(Options {
            ladder,
            sweeps: self.sweeps,
            burn_in: self.burn_in.unwrap_or(self.sweeps / 5),
            swap_every: self.swap_every,
            rule: self.rule.into(),
            seed: common.seed,
            block: BLOCK,
        })
    }
}

pub(super) fn run(arguments: &Arguments, common: &Common) -> Result<Status, CliError> {
    let session = Session::begin(common, VERB)?;
    let options = arguments.options(common)?;
    let problem = arguments.reading.problem(&session)?;
    let identity = Identity::new(VERB.name, options.seed)
        .options(&options)
        .data(problem.key(""));
    let tempered = session.run(&identity, |work| {
        temper(&problem, &options, work).map_err(|e| refused(e, &arguments.reading.file))
    })?;
    warn(&tempered, common);
    if let Some(out) = &common.out {
        write(&problem, &tempered, out, common)?;
    }
    session.release();
    emit(
        common,
        || json_of(&problem, &tempered, &options),
        || text_of(&problem, &tempered, &options),
    )?;
    Ok(Status::Done)
}

fn warn(tempered: &Tempered, common: &Common) {
    for t in &tempered.temperatures {
        if let Err(reason) = &t.estimate {
            let beta = plain(t.beta);
            remark(
                common,
                &format!("note: no error of the energy at beta {beta}: {reason}"),
            );
        }
    }
    if tempered.round_trips == 0 {
        remark(
            common,
            "warning: no round trip was completed\nhint: more sweeps, or more temperatures",
        );
    }
}

/// The object of schema `gibbs.ising.temper/1`: the best state, and per temperature, from hot to cold, the mean
/// energy (`error` and `tau`, in rounds, null where there is none).
fn json_of(problem: &Problem, tempered: &Tempered, options: &Options) -> Value {
    let mut object = state_fields(problem, &tempered.state, tempered.energy);
    let entry = |t: &Temperature| {
        let estimate = t.estimate.ok();
        json!({
            "beta": t.beta,
            "energy": {
                "mean": t.mean,
                "error": estimate.map(|e| e.error),
                "tau": estimate.map(|e| e.tau),
            },
            "acceptance": t.acceptance,
        })
    };
    for (field, value) in [
        ("schema", json!("gibbs.ising.temper/1")),
        (
            "temperatures",
            json!(tempered.temperatures.iter().map(entry).collect::<Vec<_>>()),
        ),
        ("round_trips", json!(tempered.round_trips)),
        ("permutation", json!(tempered.permutation)),
        ("rounds", json!(tempered.rounds)),
        ("swap_every", json!(options.swap_every)),
        ("seed", json!(options.seed)),
    ] {
        object.insert(field.to_owned(), value);
    }
    Value::Object(object)
}

fn text_of(problem: &Problem, tempered: &Tempered, options: &Options) -> String {
    let header = ["beta", "energy", "tau", "acceptance"];
    let mut table = Table::new(&header).right(&[0, 1, 2, 3]);
    for t in &tempered.temperatures {
        let (energy, tau) = match &t.estimate {
            Ok(estimate) => (with_error(estimate.mean, estimate.error), plain(estimate.tau)),
            Err(_) => (significant(t.mean, 6), String::new()),
        };
        let acceptance = t.acceptance.map_or_else(String::new, |a| format!("{a:.3}"));
        table.push([plain(t.beta), energy, tau, acceptance]);
    }
    let mut text = table.to_text(Style::of_stdout());
    text.push('\n');
    let rounds = format!("{} of {} sweeps", tempered.rounds, options.swap_every);
    for (name, value) in [
        ("energy", energy_text(tempered.energy)),
        ("state", state_text(problem.kind(), &tempered.state)),
        ("spins", problem.spins().to_string()),
        ("rounds", rounds),
        ("trips", format!("{} round trips", tempered.round_trips)),
        ("seed", options.seed.to_string()),
    ] {
        let _ = writeln!(text, "{name:<10} {value}");
    }
    text
}

/// The best state and the table of temperatures.
fn write(problem: &Problem, tempered: &Tempered, out: &Path, common: &Common) -> Result<(), CliError> {
    let exact = |value: f64| format!("{value:?}");
    let rows = tempered.temperatures.iter().map(|t| {
        let estimate = t.estimate.ok();
        let or_empty = |value: Option<f64>| value.map_or_else(String::new, exact);
        let error = or_empty(estimate.map(|e| e.error));
        let tau = or_empty(estimate.map(|e| e.tau));
        vec![exact(t.beta), exact(t.mean), error, tau, or_empty(t.acceptance)]
    });
    let table = csv(&["beta", "energy", "error", "tau", "acceptance"], rows)?;
    for (name, bytes) in [
        ("state.csv", state_csv(problem.kind(), &tempered.state)),
        ("temperatures.csv", table),
    ] {
        let path = out.join(name);
        write_atomic(&path, &bytes)?;
        remark(common, &format!("wrote {}", path.display()));
    }
    Ok(())
}
