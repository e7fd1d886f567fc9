//! What a net answered, kept so that a stopped run can go on.
//!
//! A basis or an edit is a function of what the net answers, whichever method looks for it. A run that goes on asks again
//! from its start; as long as it asks what the stopped run asked, it is given the answers of then, at the price of a
//! hash instead of a pass, and so it ends in the same bits. Another question is refused: that is another run. Options that
//! change no question (more blocks, another tolerance) may differ.
//!
//! On disk: a folder of parts, `part-000000.safetensors` ..., each written whole or not at all: at the start, about every
//! pause, and when the user stops the run. Kind `gibbs.diffusion.answers`, version 1: f32 `answers` one after another;
//! u64 `questions` [n, 2], the hash of a question and the length of its answer. Metadata: version of the program, what
//! the answers depend on beside the questions (net, text), chapter, digest.
//! Memory and disk: the disk holds the answers of a chapter (4 k (dim x + dim h) bytes for a block of a basis of k
//! vectors), memory one part.

use crate::data::tensors::{Tensor, TensorFile};
use crate::diffusion::error::DiffusionError;
use gibbs_core::random::{FNV_OFFSET, fnv1a};
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

#[cfg(test)]
mod tests;

const KIND: &str = "gibbs.diffusion.answers";
const VERSION: &str = "1";

/// The hash of a question: what is asked, and with which numbers.
pub(super) fn question(what: &str, numbers: &[&[f32]]) -> u64 {
    let start = fnv1a(FNV_OFFSET, what.as_bytes());
    numbers.iter().fold(start, |hash, part| {
        let hash = fnv1a(hash, &(part.len() as u64).to_le_bytes());
        part.iter().fold(hash, |hash, x| fnv1a(hash, &x.to_le_bytes()))
    })
}

/// Answers by the hash of their question, in the order asked.
type Asked = (u64, Vec<f32>);

/// The answers of one run.
#[derive(Debug)]
pub struct Answers {
    folder: PathBuf,
    description: String,
    pause: Duration,
    chapter: u64,
    /// Read and not asked for yet.
    ready: VecDeque<Asked>,
    /// The next part to read, and how many there are.
    next: usize,
    parts: usize,
    /// Not written yet.
    fresh: Vec<Asked>,
    /// Given or made in this chapter.
    count: u64,
    written: Instant,
}

impl Answers {
    /// Answers of a run in `folder`: those that are there with `resume` (none if there is no folder), otherwise none, and
    /// what was there is removed. `description` tells what the answers depend on beside the questions. A part is written
    /// about every `pause`.
    ///
    /// # Errors
    /// `Data` where a part cannot be read or written; `Other` for parts of another run; `Damaged`.
    pub fn open(
        folder: &Path,
        description: &str,
        pause: Duration,
        resume: bool,
    ) -> Result<Self, DiffusionError> {
        let mut answers = Self {
            folder: folder.to_owned(),
            description: description.to_owned(),
            pause,
            chapter: 0,
            ready: VecDeque::new(),
            next: 0,
            parts: 0,
            fresh: Vec::new(),
            count: 0,
            written: Instant::now(),
        };
        while answers.part(answers.parts).is_file() {
            answers.parts += 1;
        }
        if resume && answers.parts > 0 {
            answers.read()?;
        } else {
            answers.begin(0)?;
        }
        Ok(answers)
    }

    /// Which chapter it is at, from 0.
    pub fn chapter(&self) -> u64 {
        self.chapter
    }

    /// Answers given or made in this chapter.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Where they are.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What the answers led to is kept elsewhere: they are removed, and the next chapter begins.
    ///
    /// # Errors
    /// `Data`.
    pub fn turn(&mut self) -> Result<(), DiffusionError> {
        self.begin(self.chapter + 1)
    }

    /// The run is done: nothing is left to resume.
    pub fn remove(self) {
        // Parts that stay are harmless: they can only be resumed by the same run, to the same end.
        self.clear(0);
        let _ = std::fs::remove_dir(&self.folder);
    }

    /// `out` = the answer to a question: that of before, or what `make` puts there.
    pub(super) fn answer<E: From<DiffusionError>>(
        &mut self,
        question: u64,
        out: &mut [f32],
        make: impl FnOnce(&mut [f32]) -> Result<(), E>,
    ) -> Result<(), E> {
        while self.ready.is_empty() && self.next < self.parts {
            self.read()?;
        }
        match self.ready.pop_front() {
            Some((asked, answer)) if asked == question && answer.len() == out.len() => {
                out.copy_from_slice(&answer);
            }
            Some(_) => {
                return Err(E::from(DiffusionError::Other {
                    path: self.folder.clone(),
                    what: "sample, time or an option",
                    found: format!("another from pass {} of the net on", self.count),
                    wanted: "this".to_owned(),
                }));
            }
            None => {
                if self.written.elapsed() >= self.pause {
                    self.flush()?;
                }
                make(out)?;
                // What is not finite ends the run, and no file may hold it.
                if out.iter().all(|x| x.is_finite()) {
                    self.fresh.push((question, out.to_vec()));
                }
            }
        }
        self.count += 1;
        Ok(())
    }

    /// Writes what is not written yet.
    pub(super) fn flush(&mut self) -> Result<(), DiffusionError> {
        if !self.fresh.is_empty() {
            self.write()?;
        }
        self.written = Instant::now();
        Ok(())
    }

    fn part(&self, at: usize) -> PathBuf {
        self.folder.join(format!("part-{at:06}.safetensors"))
    }

    /// Removes the parts from `first` on, the last one first, so that a folder never lacks one in the middle.
    fn clear(&self, first: usize) {
        for at in (first..self.parts).rev() {
            let _ = std::fs::remove_file(self.part(at));
        }
    }

    /// Begins a chapter with an empty part, which takes the place of the first one.
    fn begin(&mut self, chapter: u64) -> Result<(), DiffusionError> {
        crate::data::ensure_output_dir(&self.folder)?;
        self.clear(1);
        self.ready.clear();
        self.fresh.clear();
        (self.chapter, self.count, self.parts, self.next) = (chapter, 0, 0, 0);
        self.write()
    }

    fn write(&mut self) -> Result<(), DiffusionError> {
        let mut file = TensorFile::new(KIND, VERSION);
        for (key, text) in self.entries() {
            file.metadata.insert(key.to_owned(), text);
        }
        file.metadata
            .insert("chapter".to_owned(), self.chapter.to_string());
        let questions = self.fresh.iter();
        let questions = questions.flat_map(|(hash, answer)| [*hash, answer.len() as u64]);
        let questions = Tensor {
            shape: vec![self.fresh.len(), 2],
            values: questions.collect(),
        };
        let values: Vec<f32> = (self.fresh.drain(..)).flat_map(|(_, answer)| answer).collect();
        let answers = Tensor {
            shape: vec![values.len()],
            values,
        };
        file.integers.insert("questions".to_owned(), questions);
        file.singles.insert("answers".to_owned(), answers);
        file.seal()?;
        file.save(&self.part(self.parts))?;
        self.parts += 1;
        self.next = self.parts;
        self.written = Instant::now();
        Ok(())
    }

    fn entries(&self) -> [(&'static str, String); 2] {
        [
            ("program", env!("CARGO_PKG_VERSION").to_owned()),
            ("run", self.description.clone()),
        ]
    }

    /// Reads the next part.
    fn read(&mut self) -> Result<(), DiffusionError> {
        let path = self.part(self.next);
        let mut file = TensorFile::load(&path, KIND, VERSION)?;
        if let Some((what, found, wanted)) = file.differing(self.entries())? {
            return Err(DiffusionError::Other {
                path,
                what,
                found,
                wanted,
            });
        }
        let damaged = |reason: &str| DiffusionError::Damaged {
            path: path.clone(),
            reason: reason.to_owned(),
        };
        if !file.unseal()? {
            return Err(damaged("it is not as it was written"));
        }
        let chapter = file.entry("chapter", |text| text.parse().ok())?;
        if self.next > 0 && chapter != self.chapter {
            return Err(damaged("it belongs to another part of the run"));
        }
        let lacking = || damaged("its questions and answers do not fit together");
        let count = file.integers.get("questions").ok_or_else(lacking)?;
        let count = count.shape.first().copied().unwrap_or(0);
        let questions = file.take::<u64>("questions", &[count, 2])?;
        let length = file.singles.get("answers").ok_or_else(lacking)?.values.len();
        let answers = file.take::<f32>("answers", &[length])?;
        let mut rest = &answers[..];
        for pair in questions.chunks_exact(2) {
            let length = usize::try_from(pair[1]).unwrap_or(usize::MAX);
            let (answer, after) = rest.split_at_checked(length).ok_or_else(lacking)?;
            self.ready.push_back((pair[0], answer.to_vec()));
            rest = after;
        }
        self.chapter = chapter;
        self.next += 1;
        Ok(())
    }
}
