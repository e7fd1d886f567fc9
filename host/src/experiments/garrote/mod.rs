//! Experiments on the variational garrote.

pub mod dense;
pub mod diabetes;
pub mod recovery;
pub mod scaling;
mod scores;
pub mod sparse;
pub mod transition;
pub mod zhao_yu;
