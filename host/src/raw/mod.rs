//! What safe Rust cannot say: the only folder of this crate where `unsafe` may stand.
//!
//! Each use has a SAFETY line, and the functions that leave this folder are safe to call.

mod mapped;
pub(crate) mod product;
#[cfg(unix)]
pub(crate) mod signals;

pub use mapped::Mapped;
