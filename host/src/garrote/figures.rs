//! Figures of the garrote: inclusion along the path, errors against gamma, importance of the variables, the transition
//! signal.

pub mod fit_error;
pub mod importance;
pub mod inclusion;
pub mod transition;
