//! A fitted model as source code for firmware: a Rust file and a C header that hold constants and two small
//! functions, no heap, no library.
//!
//! ```text
//! predict(x)  = TARGET_MEAN    + sum_i (x_i - MEAN_i) COEFFICIENT_i
//! variance(x) = NOISE_VARIANCE + sum_i (x_i - MEAN_i)^2 GATE_VARIANCE_i
//! ```
//! This is the soft prediction of [`Model::predict`]: the same products, sums in index order, constants
//! printed so that they read back as the same number. In f64 the result has the host's bits, 0 ulps apart, as
//! long as the compiler does not contract `a * b + c` to a fused multiply-add: Rust never does, C compilers
//! may (`-ffp-contract=off` forbids it; where the target has no such instruction nothing happens). In f32
//! each of the 2 + 3 N roundings costs up to half an f32 ulp of the largest term. The centred form is kept, and
//! not folded to one intercept, since columns far from zero would cancel against it.
//! Predictive variance and not its root: `core` of Rust has no square root.

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
    scalars: [(&'static str, f64); 2],
    arrays: [(&'static str, Vec<f64>); 3],
}

impl Constants {
    fn of(model: &Model, scalar: Scalar) -> Result<Self, DataError> {
        model.check("model")?;
        let constants = Self {
            scalars: [
                ("TARGET_MEAN", model.target_mean),
                ("NOISE_VARIANCE", 1.0 / model.precision),
            ],
            arrays: [
                ("MEAN", model.mean.clone()),
                ("COEFFICIENT", model.coefficients()),
                ("GATE_VARIANCE", model.gate_variances()),
            ],
        };
        let arrays = constants
            .arrays
            .iter()
            .map(|(name, values)| (*name, values.as_slice()));
        let scalars = constants
            .scalars
            .iter()
            .map(|(name, value)| (*name, std::slice::from_ref(value)));
        for (field, values) in arrays.chain(scalars) {
            let fits = |value: &f64| match scalar {
                Scalar::F32 => (*value as f32).is_finite(),
                Scalar::F64 => value.is_finite(),
            };
            if let Some(index) = values.iter().position(|value| !fits(value)) {
                let reason = format!("entry {index} ({}) does not fit the exported type", values[index]);
                return Err(DataError::Model {
                    origin: "export".to_owned(),
                    field,
                    reason,
                });
            }
        }
        Ok(constants)
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
            "/// {}.\n{allow}pub const {name}: {ty} = {};\n",
            meaning(name),
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
    let function = |doc, function, start, array, term| {
        format!(
            "\n/// {doc}\npub fn {function}(x: &[{ty}; N]) -> {ty} {{\n    let mut sum = {start};\n    \
             for ((x, mean), c) in x.iter().zip(&MEAN).zip(&{array}) {{\n        let x = x - mean;\n        \
             sum += {term};\n    }}\n    sum\n}}\n"
        )
    };
    out.push(function(
        "Predictive mean for raw (not standardised) values.",
        "predict",
        "TARGET_MEAN",
        "COEFFICIENT",
        "x * c",
    ));
    out.push(function(
        "Predictive variance: noise and undecided gates.",
        "variance",
        "NOISE_VARIANCE",
        "GATE_VARIANCE",
        "x * x * c",
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
    let function = |doc, function, start, array, term| {
        format!(
            "\n/* {doc} */\nstatic inline {ty} {prefix}_{function}(const {ty} x[{upper}_N]) {{\n    \
             {ty} sum = {upper}_{start};\n    for (int i = 0; i < {upper}_N; i++) {{\n        \
             const {ty} d = x[i] - {upper}_MEAN[i];\n        \
             sum += {term} * {upper}_{array}[i];\n    }}\n    return sum;\n}}\n"
        )
    };
    out.push(function(
        "Predictive mean for raw (not standardised) values.",
        "predict",
        "TARGET_MEAN",
        "COEFFICIENT",
        "d",
    ));
    out.push(function(
        "Predictive variance: noise and undecided gates.",
        "variance",
        "NOISE_VARIANCE",
        "GATE_VARIANCE",
        "d * d",
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
        "NOISE_VARIANCE" => "Variance of the noise",
        "MEAN" => "Mean of each variable in the sample",
        "COEFFICIENT" => "Effective coefficient of each variable, target per unit of the variable",
        _ => "Variance that an undecided variable adds per squared unit",
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
