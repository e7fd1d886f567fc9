//! What a verb is given and gives back: options, the locked folder, the kept run, files, the answer.
//!
//! A verb reads from top to bottom: `Session::begin`, read the input, `Session::run` what takes long, `Session::write`
//! the files, `Session::done`. Everything that verbs share, such as `--resume`, locks, signals, messages and the fields
//! `schema`, `seed`, `ended`, `timing` and `files`, is done here, once.

use super::error::CliError;
use super::{interrupt, output};
use crate::data::images::{Depth, Image, encode};
use crate::data::tensors::TensorFile;
use crate::data::{DataError, ensure_output_dir, write_atomic};
use crate::files::{lock::Lock, write_streamed};
use crate::keep::{Identity, Keeper, Wish};
use crate::memory;
use crate::progress::{self, Progress};
use crate::refusal::Kind;
use crate::report::answer::Answer;
use crate::report::figure::Figure;
use crate::report::rows::Rows;
use crate::work::Work;
use clap::Args;
use serde_json::{Value, json};
use std::cell::RefCell;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Options of every verb.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Common options")]
#[allow(clippy::struct_excessive_bools)] // each is a flag of the command line
pub struct Common {
    /// Seed of all random draws
    #[arg(long, global = true, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// Folder for figures and files; made when missing
    #[arg(long, global = true, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Worker threads, at most 1024 [default: all cores]; results never depend on it
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// Go on from the kept run that lies in --out, to the same bits
    #[arg(long, global = true, conflicts_with = "anew")]
    pub resume: bool,
    /// Discard the kept run that lies in --out, and start from the beginning
    #[arg(long, global = true)]
    pub anew: bool,
    /// No progress and no remarks on standard error
    #[arg(long, global = true)]
    pub quiet: bool,
    /// One JSON object on standard output instead of a table
    #[arg(long, global = true)]
    pub json: bool,
}

/// How a verb that gave a result ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Status {
    /// All as asked: exit code 0.
    Done,
    /// The result is printed, but a claim was not met or a solver did not converge: exit code 1.
    NotMet,
}

/// How the work of a verb ended, in the word of the field `ended`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ended {
    word: &'static str,
    status: Status,
}

impl Ended {
    /// Nothing to converge: all was done.
    pub(super) const DONE: Self = Self::met("done");
    /// The iteration converged.
    pub(super) const CONVERGED: Self = Self::met("converged");

    /// An end that is as asked: exit code 0.
    pub(super) const fn met(word: &'static str) -> Self {
        let status = Status::Done;
        Self { word, status }
    }

    /// Not as asked, though there is a result: exit code 1.
    pub(super) const fn not_met(word: &'static str) -> Self {
        let status = Status::NotMet;
        Self { word, status }
    }
}

/// Whether a verb writes files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Folder {
    /// The verb writes no files: --out is refused.
    Unused,
    /// Only with --out.
    Optional,
    /// --out must be given.
    Needed,
    /// To this folder, when --out is not given.
    Default(&'static str),
}

/// What the session needs to know of a verb.
#[derive(Clone, Copy, Debug)]
pub(super) struct Verb {
    /// Family and verb, such as `ising.anneal`: the schema is `gibbs.ising.anneal/VERSION`.
    pub(super) name: &'static str,
    /// Version of the schema.
    pub(super) version: u32,
    /// Whether it writes files.
    pub(super) folder: Folder,
    /// Whether it keeps a run that can be resumed.
    pub(super) keeps: bool,
}

/// One call of a verb.
pub(super) struct Session<'a> {
    common: &'a Common,
    verb: Verb,
    out: Option<PathBuf>,
    progress: Box<dyn Progress>,
    keeper: RefCell<Option<Keeper>>,
    files: RefCell<Vec<String>>,
    begun: Instant,
    // Last: the folder is ours until everything else is gone.
    _lock: Option<Lock>,
}

impl<'a> Session<'a> {
    /// Checks the common options, makes and locks the folder.
    pub(super) fn begin(common: &'a Common, verb: Verb) -> Result<Self, CliError> {
        let begun = Instant::now();
        let option = if common.resume { "--resume" } else { "--anew" };
        if (common.resume || common.anew) && !verb.keeps {
            let message = format!("{option}: this verb keeps no run\nhint: leave it out");
            return Err(CliError::input(message));
        }
        let out = folder(common, verb.folder)?;
        if (common.resume || common.anew) && out.is_none() {
            let message = format!("{option} needs the folder of the kept run\nhint: --out DIR");
            return Err(CliError::input(message));
        }
        let lock = match &out {
            Some(out) => {
                ensure_output_dir(out)?;
                Some(Lock::take(out).map_err(|e| CliError::input(e.to_string()).in_folder(out))?)
            }
            None => None,
        };
        Ok(Self {
            common,
            verb,
            out,
            progress: progress::for_stderr(common.quiet),
            keeper: RefCell::default(),
            files: RefCell::default(),
            begun,
            _lock: lock,
        })
    }

    /// The seed of all random draws.
    pub(super) fn seed(&self) -> u64 {
        self.common.seed
    }

    /// The folder for files, if there is one.
    pub(super) fn out(&self) -> Option<&Path> {
        self.out.as_deref()
    }

    /// A remark on standard error, unless the user wants none.
    pub(super) fn remark(&self, text: &str) {
        output::remark(self.common, text);
    }

    /// Refuses what needs more memory than there is. `bytes` is computed from all arguments together, and `what` names
    /// what takes it.
    #[allow(clippy::unused_self)] // a question to the session, whoever answers it
    pub(super) fn needs(&self, bytes: u64, what: &str) -> Result<(), CliError> {
        let free = memory::available().unwrap_or(u64::MAX);
        if bytes <= free {
            return Ok(());
        }
        let [needed, there] = [bytes, free].map(memory::in_words);
        Err(
            CliError::input(format!("{what}: needs {needed} of memory, {there} are free"))
                .with("bytes_needed", bytes)
                .with("bytes_free", free),
        )
    }

    /// Work that takes long but keeps nothing: signals stop it.
    pub(super) fn work(&self) -> Result<Work<'_>, CliError> {
        Ok(Work::new(&*self.progress, interrupt::install(self.common.quiet)?))
    }

    /// Runs what takes long; with a folder it is kept there, and goes on from there with --resume. The kept run goes
    /// when the verb is done; when `body` fails before anything is kept, it goes as well.
    pub(super) fn run<T, E>(
        &self,
        identity: &Identity,
        body: impl FnOnce(&Work<'_>) -> Result<T, E>,
    ) -> Result<T, CliError>
    where
        CliError: From<E>,
    {
        debug_assert!(self.verb.keeps && identity.run() == self.verb.name);
        let wish = match (self.common.resume, self.common.anew) {
            (true, _) => Wish::Resume,
            (_, true) => Wish::Anew,
            _ => Wish::Unsaid,
        };
        let keeper = match &self.out {
            Some(out) => Some(Keeper::open(out, identity, wish)?),
            None => None,
        };
        if wish == Wish::Resume && keeper.as_ref().is_some_and(Keeper::is_empty) {
            self.remark("note: no kept run lies here: from the beginning");
        }
        let work = Work {
            keeper: keeper.as_ref(),
            ..self.work()?
        };
        match body(&work) {
            Ok(result) => {
                self.keeper.replace(keeper);
                Ok(result)
            }
            Err(error) => Err(ended(error.into(), keeper)),
        }
    }

    /// The kept run stays when the verb is done: more steps can be added to it with --resume.
    pub(super) fn leave_kept(&self) -> Result<(), CliError> {
        match self.keeper.take() {
            Some(keeper) => {
                keeper.write()?;
                self.wrote(keeper.path());
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Removes the files of an earlier run whose name begins and ends so, with nothing but digits between, such as `sample-` and
    /// `.png`; `bases/` is a folder.
    pub(super) fn clear(&self, begin: &str, end: &str) -> Result<(), CliError> {
        let (folder, begin) = begin.rsplit_once('/').unwrap_or(("", begin));
        self.clear_where(folder, |name| {
            let middle = name.strip_prefix(begin).and_then(|name| name.strip_suffix(end));
            middle.is_some_and(|middle| middle.bytes().all(|byte| byte.is_ascii_digit()))
        })
    }

    /// Removes the files of an earlier run in a folder of --out, by their names.
    pub(super) fn clear_where(&self, folder: &str, stale: impl Fn(&str) -> bool) -> Result<(), CliError> {
        let Some(out) = &self.out else { return Ok(()) };
        let failed = |path: &Path, source| DataError::Write {
            path: path.to_owned(),
            source,
        };
        let out = &out.join(folder);
        for entry in std::fs::read_dir(out).map_err(|e| failed(out, e))?.flatten() {
            if entry.file_name().to_str().is_some_and(&stale)
                && entry.file_type().is_ok_and(|kind| kind.is_file())
            {
                std::fs::remove_file(entry.path()).map_err(|e| failed(&entry.path(), e))?;
            }
        }
        Ok(())
    }

    /// Writes a file to the folder, whole or not at all; without a folder nothing.
    pub(super) fn write(&self, name: &str, content: &(impl Content + ?Sized)) -> Result<(), CliError> {
        let Some(out) = &self.out else { return Ok(()) };
        for path in content.write(&out.join(name))? {
            self.wrote(&path);
        }
        Ok(())
    }

    /// As [`Self::write`], of files that come during the work: [`Self::wrote`] lists them at its end.
    pub(super) fn write_silently(
        &self,
        name: &str,
        content: &(impl Content + ?Sized),
    ) -> Result<(), CliError> {
        if let Some(out) = &self.out {
            content.write(&out.join(name))?;
        }
        Ok(())
    }

    /// Lets `fill` write a file piece by piece: for contents too large to hold.
    pub(super) fn stream(
        &self,
        name: &str,
        fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), CliError> {
        let Some(out) = &self.out else { return Ok(()) };
        let path = out.join(name);
        write_streamed(&path, fill).map_err(|source| DataError::Write {
            path: path.clone(),
            source,
        })?;
        self.wrote(&path);
        Ok(())
    }

    /// A file of this run lies there: it is listed in the answer, by its name in the folder.
    pub(super) fn wrote(&self, path: &Path) {
        self.remark(&format!("wrote {}", path.display()));
        let name = self.out().and_then(|out| path.strip_prefix(out).ok());
        let name = name.unwrap_or(path).display().to_string();
        self.files.borrow_mut().push(name);
    }

    /// Prints the answer, and removes the kept run.
    pub(super) fn done(self, mut answer: Answer, ended: Ended) -> Result<Status, CliError> {
        answer.count("seed", self.seed());
        let text = |answer: &Answer| answer.to_text();
        let object = |answer: &Answer| {
            let mut object = answer.to_json(self.begun.elapsed().as_secs_f64());
            let schema = format!("gibbs.{}/{}", self.verb.name, self.verb.version);
            for (field, value) in [
                ("schema", json!(schema)),
                ("ended", json!(ended.word)),
                ("files", json!(*self.files.borrow())),
            ] {
                object.insert(field.to_owned(), value);
            }
            Value::Object(object)
        };
        if let Some(keeper) = self.keeper.take() {
            keeper.remove();
        }
        output::emit(self.common, || object(&answer), || text(&answer)).map_err(CliError::unwritten)?;
        Ok(ended.status)
    }
}

/// What becomes of the kept run when the work ended early: it stays when there is something in it, and an interruption
/// that came between two loops, where nobody knew of it, is told with it.
fn ended(error: CliError, keeper: Option<Keeper>) -> CliError {
    let Some(keeper) = keeper else { return error };
    if error.kind() != Kind::Interrupted {
        if keeper.is_empty() {
            keeper.remove();
        }
        return error;
    }
    if error.has("checkpoint") {
        return error;
    }
    if let Err(failure) = keeper.write() {
        return failure.into();
    }
    let path = keeper.path().display().to_string();
    let message = format!("interrupted: what is done is kept in {path}\nhint: go on with --resume");
    CliError::interrupted(message)
        .with("kind", "interrupted")
        .with("checkpoint", path)
}

/// The folder for files that the verb is to use.
fn folder(common: &Common, wanted: Folder) -> Result<Option<PathBuf>, CliError> {
    match (wanted, &common.out) {
        (Folder::Unused, Some(_)) => Err(CliError::input(
            "--out: this verb writes no files\nhint: leave it out",
        )),
        (Folder::Needed, None) => Err(CliError::input("this verb writes files: --out DIR says where to")),
        (Folder::Default(name), None) => Ok(Some(PathBuf::from(name))),
        (_, out) => Ok(out.clone()),
    }
}

/// What can be written to a file.
pub(super) trait Content {
    /// Writes it; gives the paths of the files.
    fn write(&self, path: &Path) -> Result<Vec<PathBuf>, CliError>;
}

impl Content for [u8] {
    fn write(&self, path: &Path) -> Result<Vec<PathBuf>, CliError> {
        write_atomic(path, self)?;
        Ok(vec![path.to_owned()])
    }
}

/// As CSV.
impl Content for Rows {
    fn write(&self, path: &Path) -> Result<Vec<PathBuf>, CliError> {
        let bytes = self.to_csv();
        let bytes = bytes.map_err(|e| CliError::failed(format!("cannot make the table: {e}")))?;
        Content::write(&bytes[..], path)
    }
}

/// As SVG and PNG: the name is the stem of both.
impl Content for Figure {
    fn write(&self, path: &Path) -> Result<Vec<PathBuf>, CliError> {
        let (Some(folder), Some(stem)) = (path.parent(), path.file_name()) else {
            return Ok(Vec::new());
        };
        let written = Figure::write(self, folder, &stem.to_string_lossy());
        written.map_err(|error| CliError::failed(error.to_string()))
    }
}

impl Content for TensorFile {
    fn write(&self, path: &Path) -> Result<Vec<PathBuf>, CliError> {
        self.save(path)?;
        Ok(vec![path.to_owned()])
    }
}

/// As PNG of 8 bits.
impl Content for Image {
    fn write(&self, path: &Path) -> Result<Vec<PathBuf>, CliError> {
        let bytes = encode(self, Depth::Eight).map_err(|reason| DataError::Image {
            path: path.to_owned(),
            reason,
        })?;
        Content::write(&bytes[..], path)
    }
}
