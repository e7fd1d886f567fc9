//! What is asked for, and why it is refused.

use crate::cli::Common;
use crate::cli::error::CliError;
use crate::data::shorten;
use crate::ising::oracle::onsager::CRITICAL_TEMPERATURE;
use crate::ising::sample::{Coupling, DrawKind, Plan, Rule, SampleError, Start, Stream};
use clap::{Args, ValueEnum};
use gibbs_core::Error;

/// Arguments of `gibbs ising sample`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gibbs ising sample --size 64 --temperature 2.27
  gibbs ising sample --size 4096 --beta 0.44 --sweeps 1000 --every 10 --out run --resume
  gibbs ising sample --size 64 --temperature 2.2692 --rule wolff --sweeps 20000 --json
  gibbs ising sample --size 256 --temperature 1.5 --start random --snapshots 5 --out quench
  gibbs ising sample --size 32 --temperature 2.5 --keep-every 100 --out data    configurations.npy
  gibbs ising sample --size 64 --temperatures 1.5:3.5:21 --out scan             a table and a figure

E = - J sum of s_i s_j over the bonds of the periodic square lattice, |J| = 1, T in units of |J| / k_B. Metropolis
and heat bath are exact at the effective temperature that is printed: T rounded through the acceptance e^(-4/T)
of --bits bits. Observables are per site, with one standard deviation, tau their autocorrelation time in
measurements; of an antiferromagnet the magnetisation is the staggered one. Under --rule wolff a sweep is one cluster.
With --temperatures each chain has a seed of its own, which the table names in JSON and CSV. Below T_c the second-moment
correlation length is none: the square of the spontaneous magnetisation is not subtracted, and it grows with the lattice.
--out takes observables.csv (totals per measurement: energy, sums of s and of s by colour), pictures, configurations.")]
pub(in super::super) struct Arguments {
    /// Sites of a row; half of it must fit in a word of 64 bits or be a multiple of 64 (of 32 under --stream scalar)
    #[arg(long, value_name = "L", value_parser = clap::value_parser!(u32).range(2..=65536))]
    size: u32,
    /// Rows, where they are not as many as columns [default: --size]
    #[arg(long, value_name = "L", value_parser = clap::value_parser!(u32).range(2..=65536))]
    height: Option<u32>,
    /// Temperature T in units of |J| / k_B; inf too, but not under metropolis
    #[arg(
        long,
        value_name = "T",
        required_unless_present_any = ["beta", "temperatures"],
        allow_hyphen_values = true
    )]
    temperature: Option<f64>,
    /// Inverse temperature instead
    #[arg(
        long,
        value_name = "B",
        conflicts_with = "temperature",
        allow_hyphen_values = true
    )]
    beta: Option<f64>,
    /// One chain at each of these: FIRST:LAST:COUNT, evenly spaced, or T,T,…; with specific heat, susceptibility and
    /// correlation length in one table
    #[arg(
        long,
        value_name = "RANGE",
        conflicts_with_all = ["temperature", "beta", "keep_every", "snapshots"],
        allow_hyphen_values = true
    )]
    temperatures: Option<String>,
    /// Measure the second-moment correlation length as well (with --temperatures always); a tenth slower
    #[arg(long)]
    correlation_length: bool,
    /// How spins are moved
    #[arg(long, value_enum, value_name = "RULE", default_value = "metropolis")]
    rule: RuleChoice,
    /// Bonds: ferro (J = 1), antiferro (J = -1), or plus-minus=P: J = 1 with probability P, else -1
    #[arg(long, value_name = "J", default_value = "ferro", value_parser = coupling)]
    coupling: Coupling,
    /// Sweeps that are measured
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..=1 << 48))]
    sweeps: u64,
    /// Sweeps before [default: a fifth of --sweeps, under wolff at most 100]; under wolff each flips all sites once
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(0..=1 << 48))]
    burn_in: Option<u64>,
    /// Sweeps from one measurement to the next
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=1 << 48))]
    every: u64,
    /// First configuration [default: ordered below the critical temperature, random above and of plus-minus]
    #[arg(long, value_enum, value_name = "START")]
    start: Option<StartChoice>,
    /// Bits of the acceptance (metropolis) [default: 64]
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u32).range(1..=64))]
    bits: Option<u32>,
    /// How acceptances are drawn (metropolis) [default: lazy]
    #[arg(long, value_enum, value_name = "DRAW")]
    draw: Option<DrawChoice>,
    /// Order of random words (metropolis, heat-bath) [default: lanes]
    #[arg(long, value_enum, value_name = "STREAM")]
    stream: Option<StreamChoice>,
    /// Allow a side of 2, whose bonds count twice
    #[arg(long)]
    multigraph: bool,
    /// Keep every Nth measured configuration, in --out
    #[arg(long, value_name = "N", requires = "out", value_parser = clap::value_parser!(u64).range(1..))]
    keep_every: Option<u64>,
    /// How they are kept
    #[arg(
        long,
        value_enum,
        value_name = "FORM",
        default_value = "npy",
        requires = "keep_every"
    )]
    pub(super) form: FormChoice,
    /// Pictures of this many configurations, evenly spaced, in --out
    #[arg(long, value_name = "N", requires = "out", default_value_t = 0)]
    pub(super) snapshots: u64,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum RuleChoice {
    /// Accept with min(1, e^(-dE/T)), checkerboard
    Metropolis,
    /// Draw each spin anew given its neighbours, checkerboard
    HeatBath,
    /// One cluster per sweep
    Wolff,
    /// All clusters in each sweep
    SwendsenWang,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum StartChoice {
    /// All spins up; of antiferro, up and down by turns
    Ordered,
    /// Every spin up or down
    Random,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum DrawChoice {
    /// Bit by bit until every site is decided
    Lazy,
    /// All bits, always
    Fixed,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum StreamChoice {
    /// 512 sites at a time: fast
    Lanes,
    /// 32 sites at a time: what a microcontroller computes, bit for bit
    Scalar,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum FormChoice {
    /// configurations.npy: i8, ±1; count x rows x columns
    Npy,
    /// configurations-bits.npy: u8, as of numpy.packbits along columns, 1 for +1
    Bits,
}

fn coupling(text: &str) -> Result<Coupling, String> {
    let probability = |p: &str| p.parse().ok().filter(|p| (0.0..=1.0).contains(p));
    match (text, text.strip_prefix("plus-minus=")) {
        ("ferro", _) => Ok(Coupling::Ferromagnet),
        ("antiferro", _) => Ok(Coupling::Antiferromagnet),
        (_, Some(p)) => probability(p)
            .map(Coupling::PlusMinus)
            .ok_or_else(|| format!("{p} is no probability between 0 and 1")),
        _ => Err("ferro, antiferro or plus-minus=P was expected".to_owned()),
    }
}

/// Sweeps of the burn-in under wolff, unless there are more: it forgets its start within a few.
const WOLFF_BURN_IN: u64 = 100;
/// Most measurements: each takes 24 bytes, and another 48 where means are made of them.
const MOST_MEASUREMENTS: u64 = 1 << 26;
/// Most bytes of kept configurations, at one bit per site.
const MOST_KEPT: u64 = 1 << 30;
/// Most temperatures of one call.
const MOST_TEMPERATURES: usize = 1000;
/// The files of kept configurations, by their form.
pub(super) const CONFIGURATIONS: [&str; 2] = ["configurations.npy", "configurations-bits.npy"];

/// A temperature above 0, or why it is none.
fn above_zero(name: &str, value: f64, temperature: f64) -> Result<f64, CliError> {
    if value.is_nan() {
        return Err(CliError::input(format!("{name} {value}: not a number")));
    }
    if temperature > 0.0 {
        return Ok(temperature);
    }
    let hint = if value.is_sign_negative() && temperature != 0.0 {
        "a negative temperature of J is a positive one of -J: --coupling antiferro"
    } else {
        "at T = 0 only the ground states are left: gibbs ising anneal looks for them"
    };
    let message = format!("{name} {value}: a temperature above 0 was expected\nhint: {hint}");
    Err(CliError::input(message))
}

/// `FIRST:LAST:COUNT`, or a list.
fn range(text: &str) -> Option<Vec<f64>> {
    let number = |word: &str| word.trim().parse::<f64>().ok();
    match text.split(':').collect::<Vec<_>>()[..] {
        [list] => list.split(',').map(number).collect(),
        [first, last, count] => {
            let (first, last) = (number(first)?, number(last)?);
            let count: usize = count.trim().parse().ok()?;
            if !(2..=MOST_TEMPERATURES).contains(&count) || !first.is_finite() || !last.is_finite() {
                return None;
            }
            let steps = count - 1;
            let at = |k: usize| (first * (steps - k) as f64 + last * k as f64) / steps as f64;
            // The ends are those that were asked for, to the bit.
            let inner = (1..steps).map(at);
            Some(std::iter::once(first).chain(inner).chain([last]).collect())
        }
        _ => None,
    }
}

impl Arguments {
    fn temperature(&self) -> Result<f64, CliError> {
        match (self.temperature, self.beta) {
            (Some(t), _) => above_zero("--temperature", t, t),
            (None, Some(beta)) => above_zero("--beta", beta, beta.recip()),
            // Of many, each plan takes its own.
            (None, None) => Ok(1.0),
        }
    }

    /// The temperatures of --temperatures, if there are any.
    pub(super) fn temperatures(&self) -> Result<Option<Vec<f64>>, CliError> {
        let Some(text) = &self.temperatures else {
            return Ok(None);
        };
        let found = range(text).filter(|found| found.len() <= MOST_TEMPERATURES);
        let found = found.ok_or_else(|| {
            CliError::input(format!(
                "--temperatures {}: FIRST:LAST:COUNT was expected, such as 1.5:3.5:21, or a list, such as 2,2.27,3; 2 to \
                 {MOST_TEMPERATURES} of them, or one as a list",
                shorten(text)
            ))
        })?;
        for temperature in &found {
            above_zero("--temperatures", *temperature, *temperature)?;
        }
        Ok(Some(found))
    }

    /// Options that the rule does not read are refused, not ignored.
    fn unread(&self) -> Result<(), CliError> {
        let metropolis = matches!(self.rule, RuleChoice::Metropolis);
        let clusters = matches!(self.rule, RuleChoice::Wolff | RuleChoice::SwendsenWang);
        for (given, option, rules) in [
            (self.bits.is_some() && !metropolis, "--bits", "metropolis"),
            (self.draw.is_some() && !metropolis, "--draw", "metropolis"),
            (
                self.stream.is_some() && clusters,
                "--stream",
                "metropolis and heat-bath",
            ),
        ] {
            if given {
                let message = format!("{option}: this is an option of {rules}\nhint: leave it out");
                return Err(CliError::input(message));
            }
        }
        Ok(())
    }

    /// The first configuration at a temperature.
    pub(super) fn start(&self, temperature: f64) -> Start {
        let glass = matches!(self.coupling, Coupling::PlusMinus(_));
        match self.start {
            Some(StartChoice::Ordered) => Start::Ordered,
            None if temperature < CRITICAL_TEMPERATURE && !glass => Start::Ordered,
            Some(StartChoice::Random) | None => Start::Random,
        }
    }

    /// What is to be run.
    pub(super) fn plan(&self, common: &Common) -> Result<Plan, CliError> {
        let temperature = self.temperature()?;
        self.unread()?;
        let plan = Plan {
            width: self.size as usize,
            height: self.height.unwrap_or(self.size) as usize,
            multigraph: self.multigraph,
            coupling: self.coupling,
            temperature,
            rule: match self.rule {
                RuleChoice::Metropolis => Rule::Metropolis,
                RuleChoice::HeatBath => Rule::HeatBath,
                RuleChoice::Wolff => Rule::Wolff,
                RuleChoice::SwendsenWang => Rule::SwendsenWang,
            },
            bits: self.bits.unwrap_or(64),
            draw: match self.draw {
                Some(DrawChoice::Fixed) => DrawKind::Fixed,
                Some(DrawChoice::Lazy) | None => DrawKind::Lazy,
            },
            stream: match self.stream {
                Some(StreamChoice::Scalar) => Stream::Scalar,
                Some(StreamChoice::Lanes) | None => Stream::Lanes,
            },
            start: self.start(temperature),
            burn_in: self.burn_in.unwrap_or(match self.rule {
                RuleChoice::Wolff => WOLFF_BURN_IN.min(self.sweeps / 5),
                _ => self.sweeps / 5,
            }),
            sweeps: self.sweeps,
            every: self.every,
            keep_every: self.keep_every.unwrap_or(0),
            waves: self.correlation_length || self.temperatures.is_some(),
            seed: common.seed,
        };
        affordable(&plan)?;
        Ok(plan)
    }
}

/// Refuses a plan that measures or keeps nothing, or more than memory may hold.
fn affordable(plan: &Plan) -> Result<(), CliError> {
    let refuse = |message: String| Err(CliError::input(message));
    let measurements = plan.measurements();
    if measurements == 0 {
        return refuse(format!(
            "--every {}: more than --sweeps {}",
            plan.every, plan.sweeps
        ));
    }
    if measurements > MOST_MEASUREMENTS {
        return refuse(format!(
            "{measurements} measurements are more than {MOST_MEASUREMENTS}\nhint: a larger --every"
        ));
    }
    if plan.keep_every > measurements {
        return refuse(format!(
            "--keep-every {}: more than the {measurements} measurements",
            plan.keep_every
        ));
    }
    let row = plan.width.div_ceil(8) as u64;
    if plan.kept().saturating_mul(row * plan.height as u64) > MOST_KEPT {
        return refuse(format!(
            "--keep-every: {} configurations take more than 1 GiB\nhint: keep fewer",
            plan.kept()
        ));
    }
    Ok(())
}

/// A refusal of the core or of the plan, in words of the command line.
pub(super) fn refused(error: SampleError, plan: &Plan) -> CliError {
    let (message, hint) = match &error {
        SampleError::Core(Error::OddLattice) => (
            "an odd side has no two colours, which the checkerboard needs".to_owned(),
            "an even --size and --height, or --rule wolff or swendsen-wang".to_owned(),
        ),
        SampleError::Core(Error::UnsupportedSide { side: 2 }) => (
            "a side of 2 meets its neighbour twice, so each bond counts twice".to_owned(),
            "--multigraph if that is meant".to_owned(),
        ),
        SampleError::Core(Error::UnsupportedSide { side }) => unsupported(*side, plan.stream),
        SampleError::Core(Error::TooCold { .. }) if plan.rule == Rule::HeatBath => (
            "the probability to oppose four neighbours, about e^(-8/T), rounds to 0 at 64 bits".to_owned(),
            "a higher --temperature".to_owned(),
        ),
        SampleError::Core(Error::TooCold { bits }) => (
            format!(
                "the acceptance e^(-4/T) rounds to 0 at {bits} bits: nothing would ever move against the field"
            ),
            if *bits < 64 {
                "more --bits, or a higher --temperature"
            } else {
                "a higher --temperature"
            }
            .to_owned(),
        ),
        SampleError::TooHot { bits } => (
            error.to_string(),
            if *bits < 64 {
                "more --bits, or --rule heat-bath"
            } else {
                "--rule heat-bath"
            }
            .to_owned(),
        ),
        SampleError::Core(Error::Domain) => (
            "the temperature is too near to 0".to_owned(),
            "a higher --temperature".to_owned(),
        ),
        _ => return error.into(),
    };
    CliError::input(format!("{message}\nhint: {hint}"))
}

/// A row that does not fill its words, and the nearest that do.
fn unsupported(side: usize, stream: Stream) -> (String, String) {
    let word = match stream {
        Stream::Lanes => 64,
        Stream::Scalar => 32,
    };
    let half = side / 2;
    let (below, above) = (2 * (half / word) * word, 2 * half.div_ceil(word) * word);
    let scalar = if stream == Stream::Lanes && half.is_multiple_of(32) {
        ", or --stream scalar"
    } else {
        ""
    };
    (
        format!(
            "--size {side} is not supported: half of it must fit in a word of {word} bits or be a multiple of {word}"
        ),
        format!("{below} or {above}{scalar}, or a free side as --height"),
    )
}
