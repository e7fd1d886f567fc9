//! One draw of a synthetic protocol for `peers/garrote.py`: writes its arrays as .npy files, fits it with this
//! library, and prints one JSON line per rule.
//!
//! `garrote_draws PROTOCOL SEED DIR [REPEATS] [RULES]` writes `x_train, y_train, x_test, y_test, weights` (.npy) into
//! DIR, fits by each of the RULES (comma-separated, default `ebic`) and prints `{"protocol", "seed", "method",
//! "noise_sd", "f1", "tp", "fp", "fn", "exact", "e_gen", "seconds", "seconds_path"}`. seconds is the median over
//! REPEATS (default 3) of the whole fit on one thread, from raw arrays to coefficients; seconds_path of the path alone,
//! both passes on the design made ready.

use gibbs::baseline::linear_prediction;
use gibbs::garrote::metrics::{Support, generalisation_error};
use gibbs::garrote::synth::{Protocol, Sample};
use gibbs::garrote::trail::{default_grid, trace_design};
use gibbs::garrote::{Design, FitOptions, Rule, fit};
use gibbs_core::garrote::Options;
use npyz::WriterBuilder;
use std::error::Error;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::Instant;

/// What is compared: which variables were selected, and the model that predicts.
struct Fitted {
    selected: Vec<bool>,
    coefficients: Vec<f64>,
    intercept: f64,
}

fn design_of(train: &Sample) -> Result<Design, Box<dyn Error>> {
    let names = (0..train.columns()).map(|i| format!("x{i}")).collect();
    Ok(Design::new(names, "y", train.x.clone(), train.y.clone())?)
}

/// Our entry in the comparison.
fn fit_ours(train: &Sample, rule: Rule) -> Result<Fitted, Box<dyn Error>> {
    let design = design_of(train)?;
    let options = FitOptions {
        rule,
        ..FitOptions::default()
    };
    let fit = fit(&design, &options)?;
    let mut intercept = design.target_mean;
    let mut coefficients = vec![0.0; design.variables()];
    for (i, c) in coefficients.iter_mut().enumerate() {
        if design.scale[i] > 0.0 {
            *c = fit.inclusion[i] * fit.weight[i] / design.scale[i];
            intercept -= *c * design.mean[i];
        }
    }
    let selected = fit.inclusion.iter().map(|m| *m > 0.5).collect();
    Ok(Fitted {
        selected,
        coefficients,
        intercept,
    })
}

/// The path as [`fit()`] traces it, without choice and final solution.
fn path_ours(design: &Design) -> Result<usize, Box<dyn Error>> {
    let options = FitOptions::default();
    let along = Options {
        tolerance: options.path_tolerance.max(options.solver.tolerance),
        ..options.solver
    };
    let grid = default_grid(design, options.gammas)?;
    Ok(trace_design(design, &grid, along, false)?.kept.len())
}

/// What the work gives, and the median seconds of `repeats` runs after a first one that warms the caches, as the
/// peers' first run does for them.
fn timed<R>(
    repeats: usize,
    mut work: impl FnMut() -> Result<R, Box<dyn Error>>,
) -> Result<(R, f64), Box<dyn Error>> {
    let mut result = work()?;
    let mut seconds = Vec::new();
    for _ in 0..repeats.max(1) {
        let start = Instant::now();
        result = work()?;
        seconds.push(start.elapsed().as_secs_f64());
    }
    seconds.sort_by(f64::total_cmp);
    Ok((result, seconds[seconds.len() / 2]))
}

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [protocol, seed, dir, rest @ ..] = &words[..] else {
        return Err("usage: garrote_draws PROTOCOL SEED DIR [REPEATS] [RULES]".into());
    };
    let seed: u64 = seed.parse()?;
    let repeats: usize = rest.first().map_or(Ok(3), |text| text.parse())?;
    let rules: Result<Vec<Rule>, _> = rest
        .get(1)
        .map_or("ebic", String::as_str)
        .split(',')
        .map(str::parse)
        .collect();
    let rules = rules?;
    // before the first parallel loop, which would start the default pool
    rayon::ThreadPoolBuilder::new().num_threads(1).build_global()?;
    let draw = Protocol::parse(protocol)?.draw(seed);
    let dir = Path::new(dir);
    for (name, sample) in [("train", &draw.train), ("test", &draw.test)] {
        let shape = [sample.rows as u64, sample.columns() as u64];
        save(&dir.join(format!("x_{name}.npy")), &sample.x, &shape)?;
        save(&dir.join(format!("y_{name}.npy")), &sample.y, &shape[..1])?;
    }
    save(
        &dir.join("weights.npy"),
        &draw.weights,
        &[draw.weights.len() as u64],
    )?;

    let design = design_of(&draw.train)?;
    let (_, seconds_path) = timed(repeats, || path_ours(&design))?;
    for rule in rules {
        let (fitted, seconds) = timed(repeats, || fit_ours(&draw.train, rule))?;
        let support = Support::of(fitted.selected.iter().copied(), &draw.weights);
        let predicted = linear_prediction(
            &draw.test.x,
            draw.test.rows,
            &fitted.coefficients,
            fitted.intercept,
        );
        let line = serde_json::json!({
            "protocol": draw.name,
            "seed": seed,
            "method": format!("gibbs {rule}"),
            "noise_sd": draw.noise_sd,
            "f1": support.f1(),
            "tp": support.true_positives,
            "fp": support.false_positives,
            "fn": support.false_negatives,
            "exact": support.exact(),
            "e_gen": generalisation_error(&predicted, &draw.test.y),
            "seconds": seconds,
            "seconds_path": seconds_path,
        });
        println!("{line}");
    }
    Ok(())
}

fn save(path: &Path, values: &[f64], shape: &[u64]) -> Result<(), Box<dyn Error>> {
    let mut file = BufWriter::new(File::create(path)?);
    let options = npyz::WriteOptions::new()
        .default_dtype()
        .shape(shape)
        .order(npyz::Order::Fortran);
    let mut writer = options.writer(&mut file).begin_nd()?;
    writer.extend(values.iter().copied())?;
    writer.finish()?;
    file.flush()?;
    Ok(())
}
