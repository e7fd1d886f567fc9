//! The figures of `fit` and `path`.

use super::fit_output::Outcome;
use crate::garrote::Model;
use crate::garrote::bootstrap::Bootstrap;
use crate::garrote::figures::fit_error::{ErrorCurve as Curve, FitErrors};
use crate::garrote::figures::importance::{self, Importance};
use crate::garrote::figures::inclusion::{InclusionPath, Pass as Drawn};
use crate::garrote::figures::transition::TransitionSignal;
use crate::garrote::held_out::ErrorCurve;
use crate::garrote::trail::Trail;
use crate::garrote::transition::theory;
use crate::report::figure::Figure;
use gibbs_core::garrote::Pass;
use std::collections::BTreeMap;

/// Variables handed to the figure, which would not show more anyway.
const DRAWN: usize = 212;

/// Inclusion against gamma, both passes, with the chosen gamma and set where there is one. Only the variables
/// that reach the largest inclusions are taken: with 100,000 columns the others lie at zero.
pub(super) fn inclusion(
    trail: &Trail,
    names: &[String],
    target: &str,
    chosen: Option<(f64, &[usize])>,
) -> Figure {
    let points = trail.curves.as_deref().unwrap_or_default();
    let mut largest: BTreeMap<usize, f64> = BTreeMap::new();
    for (i, m) in points.iter().flat_map(|(_, _, gates)| gates) {
        let largest = largest.entry(*i).or_insert(0.0);
        *largest = largest.max(*m);
    }
    if names.len() <= DRAWN {
        largest = (0..names.len()).map(|i| (i, 1.0)).collect();
    }
    let mut order: Vec<(usize, f64)> = largest.into_iter().collect();
    order.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    order.truncate(DRAWN);
    let place: BTreeMap<usize, usize> = order
        .iter()
        .enumerate()
        .map(|(place, (i, _))| (*i, place))
        .collect();
    let curve = |wanted: Pass| {
        let mut of_pass: Vec<_> = points.iter().filter(|(_, pass, _)| *pass == wanted).collect();
        of_pass.sort_by_key(|(index, _, _)| *index);
        let row = |gates: &[(usize, f64)]| {
            let mut row = vec![0.0; order.len()];
            for (i, m) in gates {
                if let Some(place) = place.get(i) {
                    row[*place] = *m;
                }
            }
            row
        };
        Drawn {
            gamma: of_pass.iter().map(|(index, _, _)| trail.grid[*index]).collect(),
            inclusion: of_pass.iter().map(|(_, _, gates)| row(gates)).collect(),
        }
    };
    // Few variables are all drawn in colour; of many, those that were selected, the surest first.
    let selected = chosen.map_or(&[][..], |(_, support)| support);
    let mut coloured: Vec<usize> = selected.iter().filter_map(|i| place.get(i)).copied().collect();
    coloured.sort_unstable();
    if names.len() <= 12 {
        coloured.clear();
    }
    let others = (0..names.len()).filter(|i| !place.contains_key(i));
    InclusionPath {
        title: format!("Inclusion against γ for {}", crate::data::shorten(target)),
        names: order
            .iter()
            .map(|(i, _)| *i)
            .chain(others)
            .map(|i| names[i].clone())
            .collect(),
        forward: curve(Pass::Forward),
        backward: Some(curve(Pass::Backward)),
        chosen: chosen.map(|(gamma, _)| gamma),
        coloured,
    }
    .draw()
}

/// Inclusion and standardised effect of the variables.
pub(super) fn importance(model: &Model) -> Figure {
    let columns = model.inclusion.iter().zip(&model.weight).zip(&model.variables);
    let bars: Vec<Importance> = columns
        .map(|((m, w), name)| Importance {
            name: name.clone(),
            inclusion: *m,
            effect: (m * w).abs() / model.target_sd,
        })
        .collect();
    let title = format!("Importance for {}", crate::data::shorten(&model.target));
    importance::draw(&title, &bars)
}

/// Training and validation error along the path.
pub(super) fn errors(curve: &ErrorCurve, trail: &Trail, outcome: &Outcome) -> Figure {
    let folds = outcome.model.rule == "cv";
    let spread = if folds { curve.spread.clone() } else { Vec::new() };
    FitErrors {
        title: format!("Error along the path, rule {}", outcome.model.rule),
        error_label: format!(
            "mean squared error ({}²)",
            crate::data::shorten(&outcome.model.target)
        ),
        gamma: trail.grid.clone(),
        curves: vec![
            Curve {
                name: "training".to_owned(),
                error: curve.train.clone(),
                spread: Vec::new(),
            },
            Curve {
                name: if folds { "cross-validation" } else { "validation" }.to_owned(),
                error: curve.validation.clone(),
                spread,
            },
        ],
        chosen: Some(outcome.fit.solution.gamma),
    }
    .draw()
}

/// How far right of the transition the signal is drawn, in units of its density: the dense end of a path with
/// few relevant variables would press the transition into the corner.
const REACH: f64 = 6.0;

/// The transition signal with its theory curve; none where the signal told no density.
pub(super) fn transition(ensemble: &Bootstrap, target: &str) -> Option<Figure> {
    let relevant = ensemble.inference.as_ref()?.density;
    let near = ensemble.signals.iter().filter(|s| s.density <= REACH * relevant);
    let figure = TransitionSignal {
        title: format!("Transition signal for {}", crate::data::shorten(target)),
        selected: near.clone().map(|s| s.density).collect(),
        signal: near.map(|s| s.sigma).collect(),
        selection_error: Vec::new(),
        relevant,
        theory,
    };
    Some(figure.draw())
}
