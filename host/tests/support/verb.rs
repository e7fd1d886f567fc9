//! Every verb as a row: how it is called on small inputs, whether it writes files, whether it keeps a run.

use crate::cli::{self, object, text};
use serde_json::Value;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

/// A verb and one call of it.
pub(crate) struct Verb {
    /// Family and verb.
    pub(crate) words: &'static str,
    /// The rest of the call, in a folder that holds the files of [`Place`].
    pub(crate) arguments: &'static str,
    /// Takes --out.
    pub(crate) files: bool,
    /// The same call as another run, which must not go on from the kept run of the first; empty where none is kept.
    pub(crate) other: &'static str,
}

const fn verb(words: &'static str, arguments: &'static str) -> Verb {
    Verb {
        words,
        arguments,
        files: true,
        other: "",
    }
}

impl Verb {
    const fn without_files(self) -> Self {
        Self { files: false, ..self }
    }

    const fn keeps(self, other: &'static str) -> Self {
        Self { other, ..self }
    }

    /// Whether it keeps a run.
    pub(crate) fn resumes(&self) -> bool {
        !self.other.is_empty()
    }

    /// The last word: the kept run is called after it.
    pub(crate) fn name(&self) -> &'static str {
        self.words.rsplit(' ').next().unwrap_or(self.words)
    }
}

const COUPLINGS: &str = "glass.csv --reads 40 --sweeps 3000";

/// All verbs that answer with an object.
pub(crate) const VERBS: &[Verb] = &[
    verb(
        "garrote fit",
        "diabetes.csv --target target --rule cv --gammas 400",
    )
    .keeps("--folds 4"),
    verb(
        "garrote fit",
        "diabetes.csv --target target --rule transition --replicas 150",
    )
    .keeps("--replicas 151"),
    verb("garrote path", "diabetes.csv --target target"),
    verb("garrote predict", "model.safetensors diabetes.csv"),
    verb("garrote predict", "model.safetensors diabetes.csv --hard"),
    verb("garrote export", "model.safetensors --c"),
    verb("garrote synth", "B"),
    verb(
        "ising sample",
        "--size 64 --temperature 2.5 --sweeps 30000 --correlation-length --snapshots 3",
    )
    .keeps("--sweeps 30001"),
    verb(
        "ising sample",
        "--size 32 --temperatures 1.8:2.8:3 --sweeps 30000",
    )
    .keeps("--sweeps 30001"),
    verb(
        "ising sample",
        "--size 64 --temperature 2.5 --rule wolff --sweeps 800",
    )
    .keeps("--sweeps 801"),
    verb("ising anneal", COUPLINGS).keeps("--reads 39"),
    verb(
        "ising anneal",
        "glass.csv --reads 40 --method sb-ballistic --sweeps 800 --best 3 --states",
    )
    .keeps("--reads 39"),
    verb("ising temper", "glass.csv --sweeps 40000 --ladder 0.1,2,8").keeps("--sweeps 40001"),
    verb("ising exact", "pair.csv --beta 0.5"),
    verb("ising exact", "pair.csv --beta 0.5 --qubo"),
    verb("diffusion train", "--data digits --steps 12 --batch 16").keeps("--batch 17"),
    verb("diffusion sample", "digits --count 3 --steps 30").keeps("--steps 31"),
    verb("diffusion invert", "digits digit.png --steps 20").keeps("--steps 21"),
    verb("diffusion basis", "digits --timestep 600 --count 3").keeps("--timestep 500"),
    verb("diffusion global", "digits --timestep 600 --count 2 --samples 3").keeps("--timestep 500"),
    verb("diffusion edit", "digits --timestep 600 --direction 0 --steps 10").keeps("--timestep 500"),
    verb(
        "diffusion transport",
        "basis.safetensors other.safetensors --direction 0",
    ),
    verb("diffusion distances", "basis.safetensors other.safetensors"),
    verb("diffusion spectrum", "basis.safetensors"),
    verb("net check", "unet/padded unet/padded/io.safetensors").without_files(),
    verb("reproduce", "random-moments").keeps("--seed 1"),
    verb("reproduce", "--list").without_files(),
];

/// A folder with the inputs of all rows.
pub(crate) struct Place(cli::Place);

impl Place {
    pub(crate) fn new() -> Self {
        let place = Self(cli::Place::new());
        place.0.write("glass.csv", glass(40));
        place.0.write("pair.csv", "0,1,1\n1,2,-1\n");
        for (call, from, to) in [
            (
                "garrote fit diabetes.csv --target target --out fit",
                "fit/model.safetensors",
                "model.safetensors",
            ),
            (
                "diffusion basis digits --timestep 600 --count 2 --out basis",
                "basis/basis.safetensors",
                "basis.safetensors",
            ),
            (
                "diffusion basis digits --timestep 600 --count 2 --seed 1 --out other",
                "other/basis.safetensors",
                "other.safetensors",
            ),
            (
                "diffusion sample digits --count 1 --steps 5 --out picture",
                "picture/sample-0000.png",
                "digit.png",
            ),
        ] {
            place.0.json(call);
            std::fs::rename(place.path(from), place.path(to)).unwrap();
        }
        place
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path(name)
    }

    /// Starts the call of a row, with --out where it takes files.
    pub(crate) fn start(&self, verb: &Verb, out: &str, more: &[&str]) -> std::process::Child {
        let call = format!("{} {}", verb.words, verb.arguments);
        let mut command = self.0.command(&call, &["--json", "--quiet"]);
        if verb.files {
            command.args(["--out", out]);
        }
        let piped = command.args(more).stdout(Stdio::piped()).stderr(Stdio::piped());
        piped.spawn().unwrap()
    }

    /// Runs the call of a row to the end.
    pub(crate) fn run(&self, verb: &Verb, out: &str, more: &[&str]) -> Output {
        self.start(verb, out, more).wait_with_output().unwrap()
    }

    /// The object of a row, which ends with exit code 0 or 1.
    pub(crate) fn object(&self, verb: &Verb, out: &str, more: &[&str]) -> Value {
        let output = self.run(verb, out, more);
        object(&output, i32::from(output.status.code() == Some(1)))
    }

    /// Names and contents of the files in a folder, what clocks say taken out of them.
    pub(crate) fn files(&self, folder: &str) -> Vec<(String, Vec<u8>)> {
        let mut files = Vec::new();
        gather(&self.path(folder), &self.path(folder), &mut files);
        files.sort();
        files
    }
}

fn gather(root: &Path, folder: &Path, files: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            gather(root, &path, files);
        } else {
            let name = text(path.strip_prefix(root).unwrap()).to_owned();
            files.push((name, std::fs::read(&path).unwrap()));
        }
    }
}

/// Couplings ±1 of the complete graph, drawn by a linear congruential generator.
fn glass(spins: u32) -> String {
    let mut state = 1_u32;
    let mut lines = String::new();
    for i in 0..spins {
        for j in i + 1..spins {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let sign = if state >> 31 == 0 { 1 } else { -1 };
            let _ = writeln!(lines, "{i},{j},{sign}");
        }
    }
    lines
}

/// What no other run repeats, taken out of an object.
pub(crate) fn timeless(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let kept = fields
                .into_iter()
                .filter(|(name, _)| name != "timing" && !name.starts_with("seconds"));
            Value::Object(kept.map(|(name, value)| (name, timeless(value))).collect())
        }
        Value::Array(values) => Value::Array(values.into_iter().map(timeless).collect()),
        other => other,
    }
}

/// The fields of an object with the kind of their values, one a line, those within others behind a dot; an array shows its
/// first entry.
pub(crate) fn shape(value: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    walk("", value, &mut lines);
    lines
}

fn walk(name: &str, value: &Value, lines: &mut Vec<String>) {
    let kind = match value {
        Value::Null => "null here",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "number",
        Value::String(_) => "text",
        Value::Array(values) => {
            match values.first() {
                Some(Value::Object(_) | Value::Array(_)) => walk(&format!("{name}[]"), &values[0], lines),
                Some(Value::String(_)) => lines.push(format!("`{name}[]` text")),
                Some(Value::Number(_)) => lines.push(format!("`{name}[]` number")),
                _ => lines.push(format!("`{name}[]` empty here")),
            }
            return;
        }
        Value::Object(fields) => {
            for (field, value) in fields {
                let name = if name.is_empty() {
                    field.clone()
                } else {
                    format!("{name}.{field}")
                };
                walk(&name, value, lines);
            }
            return;
        }
    };
    lines.push(format!("`{name}` {kind}"));
}
