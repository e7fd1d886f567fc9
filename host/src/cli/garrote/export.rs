//! `gibbs garrote export MODEL --rust | --c`: a fitted model as source code.

use crate::cli::error::CliError;
use crate::cli::session::{Common, Ended, Folder, Session, Status, Verb};
use crate::garrote::Model;
use crate::garrote::export::{Scalar, export_c, export_rust};
use crate::report::answer::Answer;
use clap::Args;
use std::path::PathBuf;

const VERB: Verb = Verb {
    name: "garrote.export",
    version: 2,
    folder: Folder::Optional,
    keeps: false,
};

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
    let session = Session::begin(common, VERB)?;
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
    let name = format!("{}.{extension}", arguments.prefix);
    session.write(&name, source.as_bytes())?;
    let mut answer = Answer::new();
    if session.out().is_none() {
        answer.alone(&*source);
    }
    for (field, text) in [
        ("language", language),
        ("scalar", scalar_name),
        ("target", &model.target),
    ] {
        answer.text(field, text);
    }
    answer.hidden("variables", &model.variables);
    answer.hidden("source", source);
    session.done(answer, Ended::DONE)
}
