//! One draw of a synthetic protocol for `peers/garrote.py`: writes its arrays as .npy files, fits it with this
//! library, and prints one JSON line.
//!
//! `garrote_draws PROTOCOL SEED DIR [REPEATS]` writes `x_train, y_train, x_test, y_test, weights` (.npy) into DIR and
//! prints `{"protocol", "seed", "noise_sd", "f1", "tp", "fp", "fn", "exact", "e_gen", "seconds"}`; seconds is the median
//! over REPEATS (default 3) of the whole fit on one thread.

use gibbs::garrote::{Design, FitOptions, fit};
use gibbs::garrote::metrics::{Support, generalisation_error, linear_prediction};
use gibbs::garrote::synth::{Protocol, Sample};
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

/// Our entry in the comparison.
fn fit_ours(train: &Sample) -> Result<Fitted, Box<dyn Error>> {
    let names = (0..train.columns()).map(|i| format!("x{i}")).collect();
    let design = Design::new(names, "y", train.x.clone(), train.y.clone())?;
    let rule = std::env::var("GIBBS_RULE").unwrap_or_else(|_| "ebic".into()).parse()?;
    let fit = fit(&design, &FitOptions { rule, ..FitOptions::default() })?;
    let mut intercept = design.target_mean;
    let mut coefficients = vec![0.0; design.variables()];
    for (i, c) in coefficients.iter_mut().enumerate() {
        if design.scale[i] > 0.0 {
            *c = fit.inclusion[i] * fit.weight[i] / design.scale[i];
            intercept -= *c * design.mean[i];
        }
    }
    let selected = fit.inclusion.iter().map(|m| *m > 0.5).collect();
    Ok(Fitted { selected, coefficients, intercept })
}

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [protocol, seed, dir, rest @ ..] = &words[..] else {
        return Err("usage: garrote_draws PROTOCOL SEED DIR [REPEATS]".into());
    };
    let seed: u64 = seed.parse()?;
    let repeats: usize = rest.first().map_or(Ok(3), |text| text.parse())?;
    // before the first parallel loop, which would start the default pool
    rayon::ThreadPoolBuilder::new().num_threads(1).build_global()?;
    let draw = Protocol::parse(protocol)?.draw(seed);
    let dir = Path::new(dir);
    for (name, sample) in [("train", &draw.train), ("test", &draw.test)] {
        let shape = [sample.rows as u64, sample.columns() as u64];
        save(&dir.join(format!("x_{name}.npy")), &sample.x, &shape)?;
        save(&dir.join(format!("y_{name}.npy")), &sample.y, &shape[..1])?;
    }
    save(&dir.join("weights.npy"), &draw.weights, &[draw.weights.len() as u64])?;

    let mut fitted = fit_ours(&draw.train)?; // also warms the caches, as the peers' first run does for them
    let mut seconds = Vec::new();
    for _ in 0..repeats.max(1) {
        let start = Instant::now();
        fitted = fit_ours(&draw.train)?;
        seconds.push(start.elapsed().as_secs_f64());
    }
    seconds.sort_by(f64::total_cmp);

    let support = Support::of(fitted.selected.iter().copied(), &draw.weights);
    let predicted = linear_prediction(&draw.test.x, draw.test.rows, &fitted.coefficients, fitted.intercept);
    let line = serde_json::json!({
        "protocol": draw.name,
        "seed": seed,
        "noise_sd": draw.noise_sd,
        "f1": support.f1(),
        "tp": support.true_positives,
        "fp": support.false_positives,
        "fn": support.false_negatives,
        "exact": support.exact(),
        "e_gen": generalisation_error(&predicted, &draw.test.y),
        "seconds": seconds[seconds.len() / 2],
    });
    println!("{line}");
    Ok(())
}

fn save(path: &Path, values: &[f64], shape: &[u64]) -> Result<(), Box<dyn Error>> {
    let mut file = BufWriter::new(File::create(path)?);
    let options = npyz::WriteOptions::new().default_dtype().shape(shape).order(npyz::Order::Fortran);
    let mut writer = options.writer(&mut file).begin_nd()?;
    writer.extend(values.iter().copied())?;
    writer.finish()?;
    file.flush()?;
    Ok(())
}
