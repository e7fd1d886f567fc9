//! Long work that can be stopped and goes on to the same bits: one sealed file for all of it.
//!
//! A kept run is one safetensors file, `VERB.checkpoint` in the output folder, of kind `gibbs.kept`. Its metadata names
//! what the run depends on ([`Identity`]), entry by entry, so that a file of another run is refused with the reason, and a
//! digest of everything, so that a damaged file is refused and not believed. Its tensors are the state of a loop
//! ([`Resumable`]) or finished parts ([`Part`]), each under the name of its task. [`crate::work::Work`] runs the loops.
//!
//! The file is written whole or not at all: when the run begins, at most every two seconds (less often where that takes
//! long), and when the user stops the work. Where a writing in between fails (a full disk), the work goes on and says so.

mod error;
mod identity;
mod keeper;
mod shelf;

pub use error::KeepError;
pub use identity::Identity;
pub use keeper::{Keeper, Wish};
pub use shelf::{Part, Resumable, Shelf};
