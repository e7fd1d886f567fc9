//! `gibbs ising sample`: configurations of the square lattice and what is measured of them.

use super::remark;
use super::writing::csv;
use crate::cli::error::CliError;
use crate::cli::output::emit;
use crate::cli::{Common, Status, interrupt};
use crate::data::{DataError, ensure_output_dir, write_atomic};
use crate::ising::sample::{
    CheckpointError, Coupling, DrawKind, Measured, Plan, Record, Rule, Run, SampleError, Start, Stream,
    Summary, png,
};
use crate::progress;
use crate::report::number::{significant, with_error};
use crate::report::table::{Style, Table};
use clap::{Args, ValueEnum};
use gibbs_core::Error;
use npyz::WriterBuilder;
use serde_json::{Value, json};
use std::fmt::Write as _; // writing to a string cannot fail
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// Arguments of `gibbs ising sample`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gibbs ising sample --size 64 --temperature 2.27
  gibbs ising sample --size 4096 --beta 0.44 --sweeps 1000 --every 10 --out run --resume
  gibbs ising sample --size 64 --temperature 2.2692 --rule wolff --sweeps 20000 --json
  gibbs ising sample --size 256 --temperature 1.5 --start random --snapshots 5 --out quench
  gibbs ising sample --size 32 --temperature 2.5 --keep-every 100 --out data    configurations.npy

E = - J sum of s_i s_j over the bonds of the periodic square lattice, |J| = 1, T in units of |J| / k_B. Metropolis
and heat bath are exact at the effective temperature that is printed: T rounded through the acceptance e^(-4/T)
of --bits bits. Observables are per site, with one standard deviation, tau their autocorrelation time in
measurements; of an antiferromagnet the magnetisation is the staggered one. Under --rule wolff a sweep is one cluster.")]
pub(super) struct Arguments {
    /// Side of the lattice; half of it must fit in a word of 64 bits or be a multiple of 64
    #[arg(long, value_name = "L", value_parser = clap::value_parser!(u32).range(2..=65536))]
    size: u32,
    /// Rows, where they are not as many as columns [default: --size]
    #[arg(long, value_name = "L", value_parser = clap::value_parser!(u32).range(2..=65536))]
    height: Option<u32>,
    /// Temperature T in units of |J| / k_B; inf is allowed with heat-bath
    #[arg(
        long,
        value_name = "T",
        required_unless_present = "beta",
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
    /// How spins are moved
    #[arg(long, value_enum, value_name = "RULE", default_value = "metropolis")]
    rule: RuleChoice,
    /// Bonds: ferro (J = 1), antiferro (J = -1), or plus-minus=P: J = 1 with probability P, else -1
    #[arg(long, value_name = "J", default_value = "ferro", value_parser = coupling)]
    coupling: Coupling,
    /// Sweeps that are measured
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..=1 << 48))]
    sweeps: u64,
    /// Sweeps before [default: a fifth of --sweeps]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(0..=1 << 48))]
    burn_in: Option<u64>,
    /// Sweeps from one measurement to the next
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=1 << 48))]
    every: u64,
    /// First configuration [default: up below the critical temperature, random above]
    #[arg(long, value_enum, value_name = "START")]
    start: Option<StartChoice>,
    /// Bits of the acceptance (metropolis)
    #[arg(long, value_name = "K", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=64))]
    bits: u32,
    /// How acceptances are drawn (metropolis): lazy, until every site is decided, or fixed, all bits
    #[arg(long, value_enum, value_name = "DRAW", default_value = "lazy")]
    draw: DrawChoice,
    /// Order of random words: lanes (fast) or scalar (what a microcontroller computes, bit for bit)
    #[arg(long, value_enum, value_name = "STREAM", default_value = "lanes")]
    stream: StreamChoice,
    /// Allow a side of 2, whose bonds count twice
    #[arg(long)]
    multigraph: bool,
    /// Keep every Nth measured configuration, in --out
    #[arg(long, value_name = "N", requires = "out", value_parser = clap::value_parser!(u64).range(1..))]
    keep_every: Option<u64>,
    /// How they are kept: npy (i8, ±1; count x rows x columns) or bits (u8, as of numpy.packbits along columns)
    #[arg(
        long,
        value_enum,
        value_name = "FORM",
        default_value = "npy",
        requires = "keep_every"
    )]
    form: FormChoice,
    /// Pictures of this many configurations, evenly spaced, in --out
    #[arg(long, value_name = "N", requires = "out", default_value_t = 0)]
    snapshots: u64,
    /// Go on from the checkpoint that a stopped run left in --out
    #[arg(long, requires = "out")]
    resume: bool,
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
    /// All spins up
    Up,
    /// Every spin up or down
    Random,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum DrawChoice {
    /// Until every site is decided
    Lazy,
    /// All bits
    Fixed,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum StreamChoice {
    /// 512 sites at a time
    Lanes,
    /// 32 sites at a time, one generator
    Scalar,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FormChoice {
    /// Bytes of ±1
    Npy,
    /// Bits
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

/// T = 2 / ln(1 + √2).
const CRITICAL: f64 = crate::ising::oracle::onsager::CRITICAL_TEMPERATURE;
/// Attempted updates between two looks at the interrupt.
const PIECE: u64 = 1 << 26;
/// A checkpoint is written about as often.
const PAUSE: Duration = Duration::from_secs(20);
/// Most bytes of kept configurations.
const MOST_KEPT: u64 = 1 << 32;
/// Most measurements that are held in memory.
const MOST_MEASUREMENTS: u64 = 1 << 28;

impl Arguments {
    fn temperature(&self) -> Result<f64, CliError> {
        let (name, value) = match (self.temperature, self.beta) {
            (Some(t), _) => ("--temperature", t),
            (None, beta) => ("--beta", beta.unwrap_or(f64::NAN)),
        };
        let temperature = if name == "--beta" { value.recip() } else { value };
        if value.is_nan() || temperature.is_nan() {
            return Err(CliError::input(format!("{name} is not a number")));
        }
        if temperature <= 0.0 || temperature.is_sign_negative() {
            let hint = "hint: a negative temperature of J is a positive one of -J: --coupling antiferro";
            return Err(CliError::input(format!(
                "{name} {value}: a temperature above 0 was expected\n{hint}"
            )));
        }
        if temperature.is_infinite() && !matches!(self.rule, RuleChoice::HeatBath) {
            let hint = "hint: metropolis accepts every flip there and mixes nothing; --rule heat-bath does";
            return Err(CliError::input(format!(
                "{name} {value}: the temperature is infinite\n{hint}"
            )));
        }
        Ok(temperature)
    }

    fn plan(&self, common: &Common) -> Result<Plan, CliError> {
        let temperature = self.temperature()?;
        let start = match self.start {
            Some(StartChoice::Up) => Start::Up,
            Some(StartChoice::Random) => Start::Random,
            None if temperature < CRITICAL && !matches!(self.coupling, Coupling::PlusMinus(_)) => Start::Up,
            None => Start::Random,
        };
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
            bits: self.bits,
            draw: match self.draw {
                DrawChoice::Lazy => DrawKind::Lazy,
                DrawChoice::Fixed => DrawKind::Fixed,
            },
            stream: match self.stream {
                StreamChoice::Lanes => Stream::Lanes,
                StreamChoice::Scalar => Stream::Scalar,
            },
            start,
            burn_in: self.burn_in.unwrap_or(self.sweeps / 5),
            sweeps: self.sweeps,
            every: self.every,
            keep_every: self.keep_every.unwrap_or(0),
            seed: common.seed,
        };
        if plan.measurements() == 0 {
            return Err(CliError::input(format!(
                "--every {}: more than --sweeps {}",
                plan.every, plan.sweeps
            )));
        }
        if plan.measurements() > MOST_MEASUREMENTS {
            let message = format!(
                "{} measurements are more than {MOST_MEASUREMENTS}\nhint: a larger --every",
                plan.measurements()
            );
            return Err(CliError::input(message));
        }
        let row = plan.width.div_ceil(8) as u64;
        if plan.kept().saturating_mul(row * plan.height as u64) > MOST_KEPT {
            let message = format!(
                "--keep-every: {} configurations take more than 4 GiB\nhint: keep fewer",
                plan.kept()
            );
            return Err(CliError::input(message));
        }
        Ok(plan)
    }
}

/// A refusal of the core or of the plan, in words of the command line.
fn refused(error: &SampleError, arguments: &Arguments) -> CliError {
    let side = |side: usize| {
        let word = if matches!(arguments.stream, StreamChoice::Scalar) {
            32
        } else {
            64
        };
        let half = (side / 2).max(1);
        let (below, above) = (2 * (half / word).max(1) * word, 2 * half.div_ceil(word) * word);
        format!(
            "--size {side} is not supported: half a row must fit in {word} bits or be a multiple of {word}\nhint: {below} or {above}"
        )
    };
    let message = match error {
        SampleError::Core(Error::OddLattice) => {
            "an odd side has no two colours, which the checkerboard needs\nhint: an even --size and --height, or --rule wolff or swendsen-wang".to_owned()
        }
        SampleError::Core(Error::UnsupportedSide { side: 2 }) => {
            "a side of 2 meets its neighbour twice, so each bond counts twice\nhint: --multigraph if that is meant".to_owned()
        }
        SampleError::Core(Error::UnsupportedSide { side: s }) => side(*s),
        SampleError::Core(Error::TooCold { bits }) => {
            format!("the acceptance e^(-4/T) rounds to 0 at {bits} bits: nothing would ever move against the field\nhint: more --bits, or a higher --temperature")
        }
        SampleError::Core(Error::Domain) => {
            "the acceptance e^(-4/T) is out of range".to_owned()
        }
        other => other.to_string(),
    };
    CliError::input(message)
}

pub(super) fn run(arguments: &Arguments, common: &Common) -> Result<Status, CliError> {
    let plan = arguments.plan(common)?;
    if let Some(out) = &common.out {
        ensure_output_dir(out)?;
    }
    let interrupted = interrupt::install(common.quiet)?;
    let file = common.out.as_ref().map(|out| out.join("sample.checkpoint"));
    let of_checkpoint = |error: CheckpointError| match (&error, &file) {
        (CheckpointError::Sample(error), _) => refused(error, arguments),
        (_, Some(file)) => CliError::input(format!("{}: {error}", file.display())).in_file(file),
        (_, None) => CliError::input(error.to_string()),
    };
    let refuse = |error: SampleError| refused(&error, arguments);
    let mut run = match &file {
        Some(file) if arguments.resume && file.exists() => Run::load(plan, file).map_err(of_checkpoint)?,
        _ => Run::new(plan).map_err(refuse)?,
    };
    let temperature = plan.temperature_effective().map_err(|e| refuse(e.into()))?;
    let progress = progress::for_stderr(common.quiet);
    let total = plan.burn_in + plan.measurements() * plan.every;
    progress.begin("sampling, sweeps", total);
    progress.advance(run.done());
    let most = (PIECE / plan.sites()).max(1);
    let mut pause = PAUSE;
    let mut written = Instant::now();
    while !run.finished() {
        if interrupted.load(Ordering::SeqCst) {
            progress.end("sampling: interrupted");
            return Err(stopped(&run, file.as_deref()));
        }
        let before = run.done();
        if run.step(most).map_err(refuse)? {
            snapshot(arguments, common, &mut run)?;
        }
        progress.advance(run.done() - before);
        if let Some(file) = &file
            && written.elapsed() >= pause
        {
            let begun = Instant::now();
            run.save(file)
                .map_err(|e| CliError::failed(format!("{}: {e}", file.display())))?;
            written = Instant::now();
            pause = PAUSE.max(20 * begun.elapsed());
        }
    }
    progress.end("sampling: done");
    let summary = Summary::new(&plan, run.record(), temperature)
        .map_err(|error| CliError::failed(error.to_string()))?;
    warn(&summary, common);
    if let Some(out) = &common.out {
        write(arguments, &plan, run.record(), out, common)?;
    }
    if let Some(file) = &file {
        // A file that stays is harmless: it can only be resumed by the same run, to the same end.
        let _ = std::fs::remove_file(file);
    }
    emit(
        common,
        || json_of(&plan, &summary, temperature),
        || text_of(&plan, &summary, temperature),
    )?;
    Ok(Status::Done)
}

/// The run was stopped: keeps it where there is a folder, and says so.
fn stopped(run: &Run, file: Option<&Path>) -> CliError {
    let Some(file) = file else {
        return CliError::interrupted(
            "interrupted; nothing was written\nhint: with --out DIR it can go on later",
        );
    };
    match run.save(file) {
        Err(error) => CliError::interrupted(format!("interrupted; {}: {error}", file.display())),
        Ok(()) => CliError::interrupted(format!(
            "interrupted: {} sweeps are done and kept in {}\nhint: go on with --resume",
            run.done(),
            file.display()
        ))
        .with("checkpoint", file.display().to_string())
        .with("finished", run.done()),
    }
}

/// Writes a picture after the measurements that are due one.
fn snapshot(arguments: &Arguments, common: &Common, run: &mut Run) -> Result<(), CliError> {
    let (Some(out), count) = (&common.out, arguments.snapshots) else {
        return Ok(());
    };
    let plan = *run.plan();
    let (measured, all) = (run.record().energies.len() as u64, plan.measurements());
    let due = |measured: u64| u128::from(measured) * u128::from(count) / u128::from(all);
    if due(measured) == due(measured - 1) {
        return Ok(());
    }
    let packed = run.packed().map_err(|e| CliError::failed(e.to_string()))?;
    let picture = png(&packed, plan.width, plan.height).map_err(|e| CliError::failed(e.to_string()))?;
    let path = out.join(format!("snapshot-{:09}.png", run.done()));
    write_atomic(&path, &picture)?;
    remark(common, &format!("wrote {}", path.display()));
    Ok(())
}

fn warn(summary: &Summary, common: &Common) {
    for (name, measured) in [("energy", &summary.energy), ("binder", &summary.binder)] {
        if let Err(reason) = &measured.estimate {
            remark(common, &format!("note: no error of {name}: {reason}"));
        }
    }
}

fn measured_json(measured: &Measured) -> Value {
    let estimate = measured.estimate.ok();
    json!({
        "mean": measured.mean,
        "error": estimate.map(|e| e.error),
        "tau": estimate.map(|e| e.tau),
    })
}

fn name_of(choice: impl ValueEnum) -> String {
    choice
        .to_possible_value()
        .map_or_else(String::new, |v| v.get_name().to_owned())
}

fn rule_name(rule: Rule) -> String {
    name_of(match rule {
        Rule::Metropolis => RuleChoice::Metropolis,
        Rule::HeatBath => RuleChoice::HeatBath,
        Rule::Wolff => RuleChoice::Wolff,
        Rule::SwendsenWang => RuleChoice::SwendsenWang,
    })
}

fn stream_name(plan: &Plan) -> &'static str {
    match (plan.rule, plan.stream) {
        (Rule::Wolff | Rule::SwendsenWang, _) => "ising-cluster",
        (_, Stream::Lanes) => crate::ising::lattice::STREAM,
        (_, Stream::Scalar) => "ising-scalar",
    }
}

/// The object of schema `gibbs.ising.sample/1`. Errors and taus (in measurements) are null where there are none.
fn json_of(plan: &Plan, summary: &Summary, temperature: f64) -> Value {
    // JSON has no infinity: null.
    json!({
        "schema": "gibbs.ising.sample/1",
        "width": plan.width,
        "height": plan.height,
        "rule": rule_name(plan.rule),
        "stream": stream_name(plan),
        "temperature": plan.temperature,
        "temperature_effective": temperature,
        "energy": measured_json(&summary.energy),
        "abs_magnetization": measured_json(&summary.abs_magnetization),
        "magnetization2": measured_json(&summary.magnetization2),
        "binder": measured_json(&summary.binder),
        "specific_heat": measured_json(&summary.specific_heat),
        "susceptibility": measured_json(&summary.susceptibility),
        "staggered": plan.coupling == Coupling::Antiferromagnet,
        "sweeps": plan.sweeps,
        "burn_in": plan.burn_in,
        "measurements": plan.measurements(),
        "every": plan.every,
        "seed": plan.seed,
    })
}

fn text_of(plan: &Plan, summary: &Summary, temperature: f64) -> String {
    let mut table = Table::new(&["observable", "mean", "tau"]).right(&[1, 2]);
    for (name, measured) in [
        ("energy", &summary.energy),
        ("|magnetization|", &summary.abs_magnetization),
        ("magnetization²", &summary.magnetization2),
        ("Binder cumulant", &summary.binder),
        ("specific heat", &summary.specific_heat),
        ("susceptibility", &summary.susceptibility),
    ] {
        let (mean, tau) = match &measured.estimate {
            Ok(e) => (with_error(e.mean, e.error), significant(e.tau, 3)),
            Err(_) => (significant(measured.mean, 6), String::new()),
        };
        table.push([name.to_owned(), mean, tau]);
    }
    let mut text = table.to_text(Style::of_stdout());
    text.push('\n');
    for (name, value) in [
        ("lattice", format!("{} x {}", plan.width, plan.height)),
        (
            "rule",
            format!("{}, stream {}", rule_name(plan.rule), stream_name(plan)),
        ),
        (
            "T",
            format!("{}, exact at {}", plan.temperature, significant(temperature, 12)),
        ),
        (
            "sweeps",
            format!(
                "{} after {}, measured every {}",
                plan.sweeps, plan.burn_in, plan.every
            ),
        ),
        ("seed", plan.seed.to_string()),
    ] {
        let _ = writeln!(text, "{name:<10} {value}");
    }
    text
}

/// The series and the kept configurations.
fn write(
    arguments: &Arguments,
    plan: &Plan,
    record: &Record,
    out: &Path,
    common: &Common,
) -> Result<(), CliError> {
    let rows = record
        .energies
        .iter()
        .zip(&record.magnetizations)
        .enumerate()
        .map(|(k, (e, [even, odd]))| {
            let sweep = plan.burn_in + (k as u64 + 1) * plan.every;
            vec![
                sweep.to_string(),
                e.to_string(),
                (even + odd).to_string(),
                (even - odd).to_string(),
            ]
        });
    let header = ["sweep", "energy", "magnetization", "staggered_magnetization"];
    let mut files = vec![("observables.csv", csv(&header, rows)?)];
    if plan.kept() > 0 {
        let npy = |e: std::io::Error| CliError::failed(format!("cannot make the array: {e}"));
        files.push(match arguments.form {
            FormChoice::Npy => (
                "configurations.npy",
                spins_npy(plan, &record.configurations).map_err(npy)?,
            ),
            FormChoice::Bits => (
                "configurations-bits.npy",
                bits_npy(plan, &record.configurations).map_err(npy)?,
            ),
        });
    }
    for (name, bytes) in files {
        let path = out.join(name);
        write_atomic(&path, &bytes).map_err(|e: DataError| CliError::from(e))?;
        remark(common, &format!("wrote {}", path.display()));
    }
    Ok(())
}

fn bits_npy(plan: &Plan, packed: &[u8]) -> std::io::Result<Vec<u8>> {
    let shape = [plan.kept(), plan.height as u64, plan.width.div_ceil(8) as u64];
    let mut bytes = Vec::new();
    let mut writer = npyz::WriteOptions::new()
        .default_dtype()
        .shape(&shape)
        .writer(&mut bytes)
        .begin_nd()?;
    writer.extend(packed.iter().copied())?;
    writer.finish()?;
    Ok(bytes)
}

fn spins_npy(plan: &Plan, packed: &[u8]) -> std::io::Result<Vec<u8>> {
    let shape = [plan.kept(), plan.height as u64, plan.width as u64];
    let mut bytes = Vec::new();
    let mut writer = npyz::WriteOptions::new()
        .default_dtype()
        .shape(&shape)
        .writer(&mut bytes)
        .begin_nd()?;
    for row in packed.chunks(plan.width.div_ceil(8)) {
        for x in 0..plan.width {
            let up = row[x / 8] >> (7 - x % 8) & 1 == 1;
            writer.push(&if up { 1_i8 } else { -1 })?;
        }
    }
    writer.finish()?;
    Ok(bytes)
}
