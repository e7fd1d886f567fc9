//! A fitted model as source code for firmware: a Rust file and a C header that hold constants and two small
//! functions, no heap, no library.
//!
//! ```text
//! predict(x)  = TARGET_MEAN   + sum_i (x_i - MEAN_i) COEFFICIENT_i
//! variance(x) = BASE_VARIANCE + sum_i (x_i - MEAN_i)^2 GATE_VARIANCE_i
//!               + sum_{a,b} (x_a - MEAN_a) (x_b - MEAN_b) WEIGHT_COVARIANCE_ab      a, b of SELECTED
//! 95 % interval: predict(x) -+ INTERVAL sqrt(variance(x))                            Student's t
//! ```
//! This is the soft prediction of [`Model::predict`]: the same products, sums in index order, constants
//! printed so that they read back as the same number. In f64 the result has the host's bits, 0 ulps apart, as
//! long as the compiler does not contract `a * b + c` to a fused multiply-add: Rust never does, C compilers
//! may (`-ffp-contract=off` forbids it; where the target has no such instruction nothing happens). In f32
//! each of the 2 + 3 N roundings (and 2 k^2 + 2 k for k selected variables) costs up to half an f32 ulp of the largest term. The centred form is kept, and
//! not folded to one intercept, since columns far from zero would cancel against it.
//! Predictive variance and not its root: `core` of Rust has no square root.
//! A constant that f32 cannot hold is refused, too large or so small that its rounding would matter: more than f32's own
//! rounding at the scale of the data (sd_y for the target, sd_y/sd_i for a coefficient, and so on).

use super::model::Model;
use crate::data::DataError;
use std::fmt::{Display, Write};

/// The floating-point type of the exported constants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scalar {
    /// Single precision: for processors whose floating-point unit is single, and to halve the memory.
    F32,
    /// Double precision: the host's bits.
    #[default]
    F64,
}

/// The numbers that prediction needs, checked to fit the scalar type.
struct Constants {
    scalars: [(&'static str, f64); 3],
    arrays: [(&'static str, Vec<f64>); 3],
    selected: Vec<usize>,
    covariance: Vec<f64>,
}

impl Constants {
    fn of(model: &Model, scalar: Scalar) -> Result<Self, DataError> {
        model.check("model")?;
        let covariance = model.weight_covariance();
        let constants = Self {
            scalars: [
                ("TARGET_MEAN", model.target_mean),
                ("BASE_VARIANCE", model.base_variance()),
                ("INTERVAL", model.interval_reach()),
            ],
            arrays: [
                ("MEAN", model.mean.clone()),
                ("COEFFICIENT", model.coefficients()),
                ("GATE_VARIANCE", model.gate_variances()),
            ],
            selected: if covariance.is_empty() {
                Vec::new()
            } else {
                model.selected()
            },
            covariance,
        };
        constants.check(model, scalar)?;
        Ok(constants)
    }

    /// Refuses a constant that the type cannot hold. Rounding may cost half an ulp, or as much of the entry's natural
    /// scale: what is below that does not matter.
    fn check(&self, model: &Model, scalar: Scalar) -> Result<(), DataError> {
        let per = |i: usize| {
            let sd = model.scale[i];
            if sd > 0.0 { model.target_sd / sd } else { 0.0 }
        };
        let size = self.selected.len().max(1);
        let scale = |field: &str, i: usize| match field {
            "TARGET_MEAN" => model.target_sd,
            "BASE_VARIANCE" => model.target_sd * model.target_sd,
            "INTERVAL" => 1.0,
            "MEAN" => model.scale[i],
            "COEFFICIENT" => per(i),
            "GATE_VARIANCE" => per(i) * per(i),
            _ => per(self.selected[i / size]) * per(self.selected[i % size]),
        };
        let scalars = self
            .scalars
            .iter()
            .map(|(name, value)| (*name, std::slice::from_ref(value)));
        let arrays = self
            .arrays
            .iter()
            .map(|(name, values)| (*name, values.as_slice()));
        let all = scalars
            .chain(arrays)
            .chain([("WEIGHT_COVARIANCE", &self.covariance[..])]);
        let (ulp, least) = match scalar {
            Scalar::F32 => (f64::from(f32::EPSILON), f64::from(f32::MIN_POSITIVE)),
            Scalar::F64 => (f64::EPSILON, f64::MIN_POSITIVE),
        };
        for (field, values) in all {
            for (index, value) in values.iter().enumerate() {
                let held = match scalar {
                    Scalar::F32 => f64::from(*value as f32),
                    Scalar::F64 => *value,
                };
                let rounded = (held - value).abs() > ulp * value.abs().max(scale(field, index));
                // a variance above 0 that f64 itself lost on the way shows as one below the least number
                if held.is_finite() && !rounded && (field != "BASE_VARIANCE" || held >= least) {
                    continue;
                }
                let way = if held.abs() > value.abs() {
                    "large"
                } else {
                    "small"
                };
                return Err(DataError::Model {
                    origin: "export".to_owned(),
                    field,
                    reason: format!(
                        "entry {index} ({value:e}) is too {way} for the exported type: give the data in another unit"
                    ),
                });
            }
        }
        Ok(())
    }
}

/// The model as a Rust file for `mod` or `include!`: `N`, `VARIABLES`, constants, `predict`, `variance`.
///
/// # Errors
/// `Model` if the model is inconsistent or a constant does not fit `scalar`.
pub fn export_rust(model: &Model, scalar: Scalar) -> Result<String, DataError> {
    let constants = Constants::of(model, scalar)?;
    let (ty, n) = (name(scalar, "f32", "f64"), model.variables.len());
    let literal = |value: f64| match scalar {
        Scalar::F32 => format!("{:?}", value as f32),
        Scalar::F64 => format!("{value:?}"),
    };
    let allow = "#[allow(clippy::all, clippy::pedantic)] // numbers are data here\n";
    let mut out = vec![String::from(
        "// A fitted Variational Garrote, written by `gibbs export`. Do not edit.\n",
    )];
    out.push(format!("\n/// Number of variables.\npub const N: usize = {n};\n"));
    out.push(format!(
        "/// Name of the target.\npub const TARGET: &str = {:?};\n",
        model.target
    ));
    let names = model.variables.iter().map(|variable| format!("{variable:?}"));
    out.push("/// Names of the variables, in the order that `predict` expects.\n".to_owned());
    out.push(format!("pub const VARIABLES: [&str; N] = [{}];\n", lines(names)));
    for (name, value) in &constants.scalars {
        out.push(format!(
            "/// {}.\n{allow}{}pub const {name}: {ty} = {};\n",
            meaning(name),
            // The one constant that no function of the module reads.
            if *name == "INTERVAL" {
                "#[allow(dead_code)]\n"
            } else {
                ""
            },
            literal(*value)
        ));
    }
    for (name, values) in &constants.arrays {
        let values = lines(values.iter().map(|value| literal(*value)));
        out.push(format!(
            "/// {}.\n{allow}pub static {name}: [{ty}; N] = [{values}];\n",
            meaning(name)
        ));
    }
    let k = constants.selected.len();
    if k > 0 {
        let places = lines(constants.selected.iter());
        out.push(format!(
            "/// Places of the selected variables.\npub static SELECTED: [usize; {k}] = [{places}];\n"
        ));
        let values = lines(constants.covariance.iter().map(|value| literal(*value)));
        out.push(format!(
            "/// {}.\n{allow}pub static WEIGHT_COVARIANCE: [{ty}; {}] = [{values}];\n",
            meaning("WEIGHT_COVARIANCE"),
            k * k
        ));
    }
    let function = |doc, function, start, array, term, rest: &str| {
        format!(
            "\n/// {doc}\npub fn {function}(x: &[{ty}; N]) -> {ty} {{\n    let mut sum = {start};\n    \
             for ((x, mean), c) in x.iter().zip(&MEAN).zip(&{array}) {{\n        let x = x - mean;\n        \
             sum += {term};\n    }}\n{rest}    sum\n}}\n"
        )
    };
    out.push(function(
        "Predictive mean for raw (not standardised) values.",
        "predict",
        "TARGET_MEAN",
        "COEFFICIENT",
        "x * c",
        "",
    ));
    let errors = format!(
        "    let away = |i: usize| x.get(i).zip(MEAN.get(i)).map_or(0.0, |(x, mean)| x - mean);\n    \
         for (a, row) in SELECTED.iter().zip(WEIGHT_COVARIANCE.chunks_exact({k})) {{\n        \
         let mut along: {ty} = 0.0;\n        \
         for (b, e) in SELECTED.iter().zip(row) {{\n            along += away(*b) * e;\n        }}\n        \
         sum += away(*a) * along;\n    }}\n"
    );
    out.push(function(
        "Predictive variance: noise, undecided gates, errors of the weights.",
        "variance",
        "BASE_VARIANCE",
        "GATE_VARIANCE",
        "x * x * c",
        if k > 0 { &errors } else { "" },
    ));
    Ok(out.concat())
}

/// The model as a C99 header (also C++): every name starts with `prefix`, in capitals for constants.
///
/// # Errors
/// As [`export_rust`]; `BadPrefix` unless the prefix is a C name.
pub fn export_c(model: &Model, prefix: &str, scalar: Scalar) -> Result<String, DataError> {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if !prefix.starts_with(|c: char| c.is_ascii_alphabetic()) || !prefix.chars().all(word) {
        return Err(DataError::BadPrefix {
            prefix: crate::data::shorten(prefix),
        });
    }
    let constants = Constants::of(model, scalar)?;
    let (ty, n, upper) = (
        name(scalar, "float", "double"),
        model.variables.len(),
        prefix.to_ascii_uppercase(),
    );
    let literal = |value: f64| match scalar {
        Scalar::F32 => format!("{:e}f", value as f32),
        Scalar::F64 => format!("{value:e}"),
    };
    let mut out = vec![String::from(
        "/* A fitted Variational Garrote, written by `gibbs export`. Do not edit.\n",
    )];
    out.push(
        "   Compile with -ffp-contract=off where the bits of the host's prediction matter. */\n".to_owned(),
    );
    out.push(format!("#ifndef {upper}_MODEL_H\n#define {upper}_MODEL_H\n\n"));
    out.push(format!("/* Number of variables. */\n#define {upper}_N {n}\n"));
    out.push(format!(
        "/* Name of the target. */\nstatic const char {upper}_TARGET[] = {};\n",
        c_string(&model.target)
    ));
    out.push(format!(
        "/* Names of the variables, in the order that {prefix}_predict expects. */\n\
         static const char *const {upper}_VARIABLES[{upper}_N] = {{{}}};\n",
        lines(model.variables.iter().map(|name| c_string(name)))
    ));
    for (name, value) in &constants.scalars {
        out.push(format!(
            "/* {}. */\nstatic const {ty} {upper}_{name} = {};\n",
            meaning(name),
            literal(*value)
        ));
    }
    for (name, values) in &constants.arrays {
        let values = lines(values.iter().map(|value| literal(*value)));
        out.push(format!(
            "/* {}. */\nstatic const {ty} {upper}_{name}[{upper}_N] = {{{values}}};\n",
            meaning(name)
        ));
    }
    let k = constants.selected.len();
    if k > 0 {
        let places = lines(constants.selected.iter());
        out.push(format!(
            "/* Places of the selected variables. */\nstatic const int {upper}_SELECTED[{k}] = {{{places}}};\n"
        ));
        let values = lines(constants.covariance.iter().map(|value| literal(*value)));
        out.push(format!(
            "/* {}. */\nstatic const {ty} {upper}_WEIGHT_COVARIANCE[{}] = {{{values}}};\n",
            meaning("WEIGHT_COVARIANCE"),
            k * k
        ));
    }
    let function = |doc, function, start, array, term, rest: &str| {
        format!(
            "\n/* {doc} */\nstatic inline {ty} {prefix}_{function}(const {ty} x[{upper}_N]) {{\n    \
             {ty} sum = {upper}_{start};\n    for (int i = 0; i < {upper}_N; i++) {{\n        \
             const {ty} d = x[i] - {upper}_MEAN[i];\n        \
             sum += {term} * {upper}_{array}[i];\n    }}\n{rest}    return sum;\n}}\n"
        )
    };
    out.push(function(
        "Predictive mean for raw (not standardised) values.",
        "predict",
        "TARGET_MEAN",
        "COEFFICIENT",
        "d",
        "",
    ));
    let away =
        |place: &str| format!("(x[{upper}_SELECTED[{place}]] - {upper}_MEAN[{upper}_SELECTED[{place}]])");
    let errors = format!(
        "    for (int a = 0; a < {k}; a++) {{\n        {ty} along = 0;\n        \
         for (int b = 0; b < {k}; b++) {{\n            \
         along += {} * {upper}_WEIGHT_COVARIANCE[a * {k} + b];\n        }}\n        \
         sum += {} * along;\n    }}\n",
        away("b"),
        away("a")
    );
    out.push(function(
        "Predictive variance: noise, undecided gates, errors of the weights.",
        "variance",
        "BASE_VARIANCE",
        "GATE_VARIANCE",
        "d * d",
        if k > 0 { &errors } else { "" },
    ));
    out.push("\n#endif\n".to_owned());
    Ok(out.concat())
}

fn name(scalar: Scalar, single: &'static str, double: &'static str) -> &'static str {
    match scalar {
        Scalar::F32 => single,
        Scalar::F64 => double,
    }
}

fn meaning(name: &str) -> &'static str {
    match name {
        "TARGET_MEAN" => "Mean of the target in the sample",
        "BASE_VARIANCE" => "Variance of the noise and of the mean",
        "INTERVAL" => {
            "Half width of the 95 % interval in predictive standard deviations, the root of `variance`"
        }
        "MEAN" => "Mean of each variable in the sample",
        "COEFFICIENT" => "Effective coefficient of each variable, target per unit of the variable",
        "GATE_VARIANCE" => "Variance that an undecided variable adds per squared unit",
        _ => "Covariance of the weights of the selected variables, in their order, by rows",
    }
}

/// One entry per line, indented, each with its comma.
fn lines(entries: impl Iterator<Item = impl Display>) -> String {
    let mut text = String::from("\n");
    for entry in entries {
        let _ = writeln!(text, "    {entry},"); // writing to a String cannot fail
    }
    text
}

/// A C string literal: plain ASCII as it is, all else (quotes, backslash, `?` of trigraphs, UTF-8) as octal
/// escapes of three digits, which no following character can extend.
fn c_string(text: &str) -> String {
    let mut literal = String::from("\"");
    for byte in text.bytes() {
        match byte {
            b' '..=b'~' if !b"\"\\?".contains(&byte) => literal.push(char::from(byte)),
            _ => {
                let _ = write!(literal, "\\{byte:03o}"); // writing to a String cannot fail
            }
        }
    }
    literal.push('"');
    literal
}
