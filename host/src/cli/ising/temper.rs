//! `gibbs ising temper FILE`: parallel tempering; energies at all temperatures, and the best state.

use super::anneal::RuleChoice;
use super::reading::{Reading, refused};
use super::writing::{answer_state, write_states};
use crate::cli::error::CliError;
use crate::cli::session::{Common, Ended, Folder, Session, Status, Verb};
use crate::ising::Problem;
use crate::ising::anneal::BLOCK;
use crate::ising::temper::{Ladder, Measured, Options, Overlap, Temperature, Tempered, memory, temper};
use crate::keep::Identity;
use crate::report::answer::Answer;
use crate::report::number::plain;
use crate::report::rows::Rows;
use clap::Args;

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

Replicas run at all temperatures and exchange them. Per temperature: the mean energy with its error and its
autocorrelation time tau in rounds (a round ends with an exchange), the heat capacity beta^2 (<E^2> - <E>^2), the
magnetisation per spin, and the fraction of exchanges made with the next temperature: 0.2 to 0.4 is good, below 0.1
more temperatures are needed. With --overlap also q, the overlap per spin of two independent sets of replicas.
A round trip leads a replica from the hottest to the coldest temperature and back; without any, the colder rows are
not to be trusted. An error is left out, with the reason in no_error, where it could not be trusted: the run is too
short for its tau, or drifts, or nothing varies (but by rounding).")]
pub(super) struct Arguments {
    #[command(flatten)]
    reading: Reading,
    /// Inverse temperatures, per energy of the file, none below the one before; 2 or more
    #[arg(long, value_name = "B,…", value_delimiter = ',', conflicts_with = "ladder", value_parser = super::reading::finite, allow_hyphen_values = true)]
    betas: Vec<f64>,
    /// Smallest and largest inverse temperature and how many, in equal ratios [default: from the couplings, 12, then moved in the burn-in until exchanges are accepted equally often]
    #[arg(long, value_name = "HOT,COLD,R", value_parser = ladder, allow_hyphen_values = true)]
    ladder: Option<(f64, f64, usize)>,
    /// Sweeps that are measured, in whole rounds of --swap-every
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
    /// Also the overlap of two independent sets of replicas: twice the work
    #[arg(long)]
    overlap: bool,
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
            overlap: self.overlap,
            seed: common.seed,
            block: BLOCK,
        })
    }
}

pub(super) fn run(arguments: &Arguments, common: &Common) -> Result<Status, CliError> {
    let session = Session::begin(common, VERB)?;
    let options = arguments.options(common)?;
    let problem = arguments.reading.problem(&session)?;
    let what = "all temperatures, spins and sweeps together";
    session.needs(memory(problem.spins(), &options), what)?;
    let identity = Identity::new(VERB.name, options.seed)
        .options(&options)
        .data(problem.key(""));
    let tempered = session.run(&identity, |work| {
        temper(&problem, &options, work).map_err(|e| refused(e, &arguments.reading.file))
    })?;
    for t in &tempered.temperatures {
        for (names, reason) in without_error(t) {
            let (beta, names) = (plain(t.beta), names.join(", "));
            session.remark(&format!("note: beta {beta}: no error of {names}: {reason}"));
        }
    }
    if tempered.round_trips == 0 {
        session.remark("warning: no round trip was completed\nhint: more sweeps, or more temperatures");
    }
    let temperatures = rows(&tempered, arguments.overlap);
    session.write("temperatures.csv", &temperatures)?;
    write_states(&session, "state.csv", problem.kind(), &[&tempered.state])?;
    session.done(answer(&problem, &tempered, &temperatures, &options), Ended::DONE)
}

/// The means of a row, by the names of their columns.
fn means(t: &Temperature) -> Vec<(&'static str, &Measured)> {
    let mut means = vec![
        ("energy", &t.energy),
        ("heat_capacity", &t.heat_capacity),
        ("abs_magnetization", &t.magnetisation_size),
        ("magnetization", &t.magnetisation),
    ];
    if let Some(overlap) = &t.overlap {
        means.extend([
            ("q", &overlap.mean),
            ("abs_q", &overlap.size),
            ("q_squared", &overlap.square),
        ]);
    }
    means
}

/// Those that have no error, by the reason.
fn without_error(t: &Temperature) -> Vec<(Vec<&'static str>, String)> {
    let mut reasons: Vec<(Vec<&str>, String)> = Vec::new();
    for (name, measured) in means(t) {
        let Err(reason) = &measured.estimate else { continue };
        let reason = reason.to_string();
        match reasons.iter_mut().find(|known| known.1 == reason) {
            Some(known) => known.0.push(name),
            None => reasons.push((vec![name], reason)),
        }
    }
    reasons
}

/// A row per temperature, from hot to cold, in the unit of the file.
fn rows(tempered: &Tempered, overlap: bool) -> Rows {
    let pair = |measured: &Measured| (measured.mean, measured.error());
    let no_error = |t: &Temperature| {
        let reasons = without_error(t).into_iter().map(|(names, reason)| {
            let reason = reason.lines().next().unwrap_or_default().to_owned();
            format!("{}: {reason}", names.join(", "))
        });
        reasons.collect::<Vec<String>>().join("; ")
    };
    let mut rows = Rows::of("temperatures", &tempered.temperatures)
        .number("beta", |t| t.beta)
        .digits(4)
        .measured("energy", |t| pair(&t.energy))
        .number("tau", |t| t.energy.estimate.ok().map(|found| found.tau))
        .digits(4)
        .measured("heat_capacity", |t| pair(&t.heat_capacity))
        .measured("abs_magnetization", |t| pair(&t.magnetisation_size))
        .titled("|m|")
        .measured("magnetization", |t| pair(&t.magnetisation))
        .hidden();
    if overlap {
        let of = |t: &Temperature, of: fn(&Overlap) -> &Measured| match &t.overlap {
            Some(overlap) => (Some(of(overlap).mean), of(overlap).error()),
            None => (None, None),
        };
        rows = rows
            .measured("q", |t| of(t, |overlap| &overlap.mean))
            .hidden()
            .measured("abs_q", |t| of(t, |overlap| &overlap.size))
            .titled("|q|")
            .measured("q_squared", |t| of(t, |overlap| &overlap.square))
            .titled("q²");
    }
    rows.number("acceptance", |t| t.acceptance)
        .digits(3)
        .text("no_error", no_error)
        .hidden()
        .done()
}

fn answer(problem: &Problem, tempered: &Tempered, temperatures: &Rows, options: &Options) -> Answer {
    let mut answer = Answer::new();
    answer.rows(temperatures);
    answer_state(&mut answer, "", problem, &tempered.state, tempered.energy);
    let rounds = format!("{} of {} sweeps", tempered.rounds, options.swap_every);
    answer.value("rounds", tempered.rounds, rounds);
    answer.hidden("swap_every", options.swap_every);
    let trips = format!("{} round trips", tempered.round_trips);
    answer
        .value("round_trips", tempered.round_trips, trips)
        .label("trips");
    answer.hidden("permutation", &tempered.permutation);
    answer
}
