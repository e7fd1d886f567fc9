//! All experiments, in the order of the report.

use super::{Experiment, diffusion, garrote, ising, random_moments};

/// All experiments, in the order of the report.
pub static REGISTRY: &[Experiment<'static>] = &[
    Experiment::new(random_moments::ABOUT, &random_moments::run),
    Experiment::new(garrote::zhao_yu::ABOUT, &garrote::zhao_yu::run),
    Experiment::new(garrote::sparse::ABOUT, &garrote::sparse::run),
    Experiment::new(garrote::dense::ABOUT, &garrote::dense::run),
    Experiment::new(garrote::transition::ABOUT, &garrote::transition::run),
    Experiment::new(garrote::recovery::ABOUT, &garrote::recovery::run),
    Experiment::new(garrote::diabetes::ABOUT, &garrote::diabetes::run),
    Experiment::new(garrote::scaling::ABOUT, &garrote::scaling::run),
    Experiment::new(ising::curves::ABOUT, &ising::curves::run),
    Experiment::new(ising::binder::ABOUT, &ising::binder::run),
    Experiment::new(ising::dynamics::ABOUT, &ising::dynamics::run),
    Experiment::new(ising::coarsening::ABOUT, &ising::coarsening::run),
    Experiment::new(ising::temperature::ABOUT, &ising::temperature::run),
    Experiment::new(ising::glass::ABOUT, &ising::glass::run),
    Experiment::new(diffusion::samplers::ABOUT, &diffusion::samplers::run),
    Experiment::new(diffusion::krylov::ABOUT, &diffusion::krylov::run),
    Experiment::new(diffusion::tangents::ABOUT, &diffusion::tangents::run),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiments::About;
    use std::collections::BTreeSet;

    #[test] // names become file names and arguments
    fn names_are_unique_and_plain() {
        let mut seen = BTreeSet::new();
        for experiment in REGISTRY {
            let About {
                name, title, paper, ..
            } = experiment.about;
            assert!(seen.insert(name), "{name} twice");
            assert!(
                name.bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'),
                "{name}"
            );
            assert!(!title.is_empty() && !paper.is_empty());
        }
    }
}
