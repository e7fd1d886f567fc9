//! `gibbs garrote export MODEL --rust | --c`: a fitted model as source code.

use super::remark;
use crate::cli::error::CliError;
use crate::cli::output::emit;
use crate::cli::{Common, Status};
use crate::data::{ensure_output_dir, write_atomic};
use crate::garrote::Model;
use crate::garrote::export::{Scalar, export_c, export_rust};
use clap::Args;
use serde_json::json;
use std::path::PathBuf;

/// Arguments of `gibbs garrote export`.
#[derive(Debug, Args)]
#[command(
    group = clap::ArgGroup::new("language").required(true).args(["rust", "c"]),
    after_help = "\
Examples:
  gibbs garrote export fit/model.safetensors --rust > src/model.rs
  gibbs garrote export fit/model.safetensors --c --f32 --prefix sugar --out include

The source holds constants and two functions, predict and variance, no heap and no library. In f64 they give
the bits of `gibbs garrote predict`. With --out the file is DIR/PREFIX.rs or DIR/PREFIX.h."
)]
pub(super) struct Arguments {
    /// Model file that `gibbs garrote fit --out DIR` wrote
    #[arg(value_name = "MODEL")]
    model: PathBuf,
    /// A Rust module
    #[arg(long)]
    rust: bool,
    /// A C99 header
    #[arg(long)]
    c: bool,
    /// Single precision instead of double
    #[arg(long)]
    f32: bool,
    /// First part of the names in C, and of the file name
    #[arg(long, value_name = "NAME", default_value = "garrote")]
    prefix: String,
}

pub(super) fn run(arguments: &Arguments, common: &Common) -> Result<Status, CliError> {
    if let Some(out) = &common.out {
        ensure_output_dir(out)?;
    }
    let model = Model::load(&arguments.model)?;
    let (scalar, scalar_name) = if arguments.f32 {
        (Scalar::F32, "f32")
    } else {
        (Scalar::F64, "f64")
    };
    // The C source checks the prefix, which becomes a file name as well.
    let header = export_c(&model, &arguments.prefix, scalar)?;
    let (language, extension, source) = if arguments.c {
        ("c", "h", header)
    } else {
        ("rust", "rs", export_rust(&model, scalar)?)
    };
    let mut file = None;
    if let Some(out) = &common.out {
        let path = out.join(format!("{}.{extension}", arguments.prefix));
        write_atomic(&path, source.as_bytes())?;
        remark(common, &format!("wrote {}", path.display()));
        file = Some(path.display().to_string());
    }
    emit(
        common,
        || {
            json!({
                "schema": "gibbs.garrote.export/1",
                "language": language,
                "scalar": scalar_name,
                "target": model.target,
                "variables": model.variables,
                "source": source,
                "file": file,
            })
        },
        || match &file {
            Some(file) => format!("{file}\n"),
            None => source.clone(),
        },
    )?;
    Ok(Status::Done)
}
