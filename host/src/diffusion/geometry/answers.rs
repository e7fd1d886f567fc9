//! What a net answered, kept so that a stopped run can go on.
//!
//! A basis or an edit is a function of what the net answers, whichever method looks for it. A run that goes on asks again
//! from its start; as long as it asks what the stopped run asked, it is given the answers of then, at the price of a
//! hash instead of a pass, and so it ends in the same bits. Another question is refused: that is another run. Options that
//! change no question (more blocks, another tolerance) may differ.
//!
//! Memory and disk: the answers, 4 k (dim x + dim h) bytes for a block of a basis of k vectors.

use crate::keep::{KeepError, Keeper, Part, Shelf};
use crate::work::{Stopped, Work};
use gibbs_core::random::{FNV_OFFSET, fnv1a};

#[cfg(test)]
mod tests;

/// The hash of a question: what is asked, and with which numbers.
pub(super) fn question(what: &str, numbers: &[&[f32]]) -> u64 {
    let start = fnv1a(FNV_OFFSET, what.as_bytes());
    numbers.iter().fold(start, |hash, part| {
        let hash = fnv1a(hash, &(part.len() as u64).to_le_bytes());
        part.iter().fold(hash, |hash, x| fnv1a(hash, &x.to_le_bytes()))
    })
}

/// An answer and the hash of its question.
struct Asked {
    question: u64,
    answer: Vec<f32>,
}

impl Part for Asked {
    fn put(&self, shelf: &mut Shelf<'_>) {
        shelf.list("question", vec![self.question]);
        shelf.list("answer", self.answer.clone());
    }

    fn take(shelf: &mut Shelf<'_>) -> Result<Self, KeepError> {
        let [question] = shelf.take_counts("question")?;
        let answer = shelf.take_list("answer")?;
        Ok(Self { question, answer })
    }
}

/// The answers of one run, in the order asked; under the scope of its work.
#[derive(Default)]
pub(super) struct Answers {
    /// Given or made.
    count: u64,
}

impl Answers {
    /// `out` = the answer to a question: that of before, or what `make` puts there.
    pub(super) fn answer<E: From<Stopped>>(
        &mut self,
        work: &Work<'_>,
        question: u64,
        out: &mut [f32],
        make: impl FnOnce(&mut [f32]) -> Result<(), E>,
    ) -> Result<(), E> {
        let Some(keeper) = work.keeper else {
            return make(out);
        };
        let place = work.place(&format!("answers/{}", self.count));
        self.count += 1;
        match keeper.part::<Asked>(&place).map_err(Stopped::from)? {
            Some(asked) if asked.question == question && asked.answer.len() == out.len() => {
                out.copy_from_slice(&asked.answer);
                Ok(())
            }
            Some(_) => Err(Stopped::from(other(keeper, self.count)).into()),
            None => {
                make(out)?;
                let answer = out.to_vec();
                // What is not finite ends the run, and no file may hold it.
                if answer.iter().all(|x| x.is_finite())
                    && let Err(error) = keeper.keep(&place, &Asked { question, answer })
                {
                    work.progress.note(&format!("not kept: {error}"));
                }
                Ok(())
            }
        }
    }

    /// The user stops the work: everything is written.
    pub(super) fn stopped(&self, work: &Work<'_>) -> Stopped {
        let Some(keeper) = work.keeper else {
            return Stopped::INSIDE;
        };
        match keeper.write() {
            Ok(()) => Stopped::Interrupted {
                done: self.count,
                total: 0,
                kept: Some(keeper.path().to_owned()),
            },
            Err(error) => error.into(),
        }
    }
}

fn other(keeper: &Keeper, count: u64) -> KeepError {
    KeepError::Other {
        path: keeper.path().to_owned(),
        what: "the sample, the time or an option of",
        found: format!("another run, from answer {count} of the net on"),
        wanted: "other questions".to_owned(),
    }
}
