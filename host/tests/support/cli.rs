//! Running the `gibbs` command and reading what it says.

#![allow(dead_code)] // each binary uses a part

use gibbs::data::safetensors::{Finite, SafetensorsFile, TensorF32};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The command with these arguments and no standard input.
pub(crate) fn gibbs(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gibbs"));
    command.args(arguments).stdin(Stdio::null());
    command
}

/// Runs it to the end.
pub(crate) fn run(arguments: &[&str]) -> Output {
    gibbs(arguments).output().expect("gibbs starts")
}

/// Standard output as text.
pub(crate) fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Standard error as text.
pub(crate) fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The path as text.
pub(crate) fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

/// The JSON object on standard output, after an end with exit code `code`.
pub(crate) fn object(output: &Output, code: i32) -> Value {
    assert_eq!(output.status.code(), Some(code), "{}", err(output));
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {}", out(output)))
}

/// The fields of a JSON object, sorted.
pub(crate) fn fields(value: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> = value
        .as_object()
        .expect("an object")
        .keys()
        .map(String::as_str)
        .collect();
    keys.sort_unstable();
    keys
}

/// The entries of a JSON array of objects at one of their fields, as numbers.
pub(crate) fn column(rows: &Value, field: &str) -> Vec<f64> {
    let rows = rows.as_array().expect("an array");
    rows.iter()
        .map(|row| row[field].as_f64().expect("a number"))
        .collect()
}

/// The entries of a JSON array of numbers.
pub(crate) fn numbers(value: &Value) -> Vec<f64> {
    let values = value.as_array().expect("an array");
    values.iter().map(|x| x.as_f64().expect("a number")).collect()
}

/// The entries of a JSON array of texts.
pub(crate) fn texts(value: &Value) -> Vec<&str> {
    let values = value.as_array().expect("an array");
    values.iter().map(|x| x.as_str().expect("a text")).collect()
}

/// A folder of its own in which commands run. Calls name the files in it, words apart by spaces; from `fixtures/` the folder
/// `unet` lies in it, the model `digits` and the table `diabetes.csv`.
pub(crate) struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        let place = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures");
        let fixtures = fixtures.canonicalize().unwrap();
        for (from, to) in [
            ("diabetes.csv", "diabetes.csv"),
            ("models/digits", "digits"),
            ("unet", "unet"),
        ] {
            link(&fixtures.join(from), &place.path(to));
        }
        place
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), content).unwrap();
    }

    pub(crate) fn bytes(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
    }

    pub(crate) fn read(&self, name: &str) -> String {
        String::from_utf8(self.bytes(name)).unwrap()
    }

    /// A tensor of a file, without NaN or infinity.
    pub(crate) fn tensor(&self, file: &str, name: &str) -> TensorF32 {
        let file = SafetensorsFile::open(&self.path(file)).unwrap();
        file.read_f32(name, Finite::Check).unwrap()
    }

    /// The names in a folder, sorted.
    pub(crate) fn names(&self, folder: &str) -> Vec<String> {
        let entries = std::fs::read_dir(self.path(folder)).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.collect();
        names.sort_unstable();
        names
    }

    /// The command of a call, with more words, which may hold spaces.
    pub(crate) fn command(&self, call: &str, more: &[&str]) -> Command {
        let words: Vec<&str> = call.split_whitespace().chain(more.iter().copied()).collect();
        let mut command = gibbs(&words);
        command.current_dir(self.folder.path());
        command
    }

    /// Runs a call to the end.
    pub(crate) fn call(&self, call: &str) -> Output {
        self.command(call, &[]).output().unwrap()
    }

    /// What a call that succeeds shows on standard output.
    pub(crate) fn shown(&self, call: &str) -> String {
        let output = self.call(call);
        assert!(output.status.success(), "{call}: {}", err(&output));
        out(&output)
    }

    /// The object of a call with `--json --quiet`, which ends with this exit code.
    pub(crate) fn answer(&self, call: &str, code: i32) -> Value {
        object(
            &self.command(call, &["--json", "--quiet"]).output().unwrap(),
            code,
        )
    }

    /// The object of a call that succeeds.
    pub(crate) fn json(&self, call: &str) -> Value {
        self.answer(call, 0)
    }

    /// Runs a call that must be refused: exit code 2, an object of the error on standard output, the same message on standard
    /// error, no file written. The words must be in the message, `&` between them. Gives the object.
    pub(crate) fn refused(&self, call: &str, words: &str) -> Value {
        let before = self.files("");
        let output = self.command(call, &["--json"]).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{call}: {}", err(&output));
        let refusal = object(&output, 2);
        assert_eq!(
            (&refusal["schema"], &refusal["code"]),
            (&"gibbs.error/1".into(), &2.into())
        );
        let message = refusal["message"].as_str().unwrap();
        for word in words.split(" & ") {
            assert!(message.contains(word), "{call}: `{word}` is not in: {message}");
        }
        let told = err(&output);
        assert!(told.contains(&format!("error: {message}")), "{call}: {told}");
        assert_eq!(self.files(""), before, "{call}: something was written");
        refusal
    }

    /// [`Self::refused`] for each line `call => words` of a table, the calls of one family or verb.
    pub(crate) fn refusals(&self, verb: &str, table: &str) {
        for line in table.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (call, words) = line.split_once("=> ").unwrap_or_else(|| panic!("{line}: no row"));
            self.refused(&format!("{verb} {call}"), words);
        }
    }

    /// Names and lengths of the files in a folder and below it, sorted; links are not followed.
    fn files(&self, folder: &str) -> Vec<(PathBuf, u64)> {
        let mut files = Vec::new();
        let mut folders = vec![self.path(folder)];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let entry = entry.unwrap();
                let about = entry.metadata().unwrap();
                if about.is_dir() {
                    folders.push(entry.path());
                } else {
                    files.push((entry.path(), about.len()));
                }
            }
        }
        files.sort_unstable();
        files
    }
}

#[cfg(unix)]
fn link(from: &Path, to: &Path) {
    std::os::unix::fs::symlink(from, to).unwrap();
}

#[cfg(not(unix))]
fn link(from: &Path, to: &Path) {
    if from.is_dir() {
        std::fs::create_dir_all(to).unwrap();
        for entry in std::fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            link(&entry.path(), &to.join(entry.file_name()));
        }
    } else {
        std::fs::copy(from, to).unwrap();
    }
}
