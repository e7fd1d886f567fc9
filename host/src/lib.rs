//! The statistical physics of learning: library and the `gibbs` command.

pub mod baseline;
pub mod garrote;
