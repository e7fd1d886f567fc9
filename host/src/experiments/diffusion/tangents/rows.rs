//! The rows of the experiment: findings E1, E2, E3, E4, E6, the factors of the discs, the pilot's table.

use super::local::{COUNT, FEW, PILOT, TIMES, place};
use super::{Net, Set, Studied};
use crate::diffusion::pullback::distance::{Chance, largest_distance};
use crate::experiments::diffusion::compare::spearman;
use crate::experiments::{Expected, Outcome, Row, Source};

/// Times of the comparison of two sets.
const COMPARED: [u32; 7] = [900, 800, 700, 600, 500, 400, 300];
/// Centroid and distance of the pilot, at its times.
const PRINTED: [(f64, f64); 8] = [
    (1.54, 1.10),
    (1.54, 1.07),
    (1.53, 1.09),
    (1.58, 1.44),
    (1.67, 1.83),
    (1.84, 2.15),
    (2.13, 2.39),
    (2.31, 2.44),
];

fn target(what: &str) -> Source {
    let text = format!("{what}: target set after a pilot of one seed");
    Source::own(text)
}

/// E1: the basis becomes finer as t falls.
pub(super) fn frequency(studied: &Studied, gated: bool, outcome: &mut Outcome) {
    let ask = |expected| if gated { expected } else { Expected::Informative };
    let centroid = |net: &Net, t| net.local.spectra[place(t)].centroid;
    let times: Vec<f64> = PILOT.iter().map(|t| f64::from(*t)).collect();
    outcome.row(studied.row(
        "Spearman correlation of t and the mean frequency of the v_i",
        target("E1"),
        ask(Expected::AtMost(-0.8)),
        |net| spearman(&times, &PILOT.map(|t| centroid(net, t))),
    ));
    outcome.row(studied.row(
        "mean frequency at t = 50 over that at 950",
        target("E1"),
        ask(Expected::AtLeast(1.25)),
        |net| centroid(net, 50) / centroid(net, 950),
    ));
}

/// E2: the tangent spaces of samples part as t falls.
pub(super) fn agreement(studied: &Studied, gated: bool, outcome: &mut Outcome) {
    let ask = |expected| if gated { expected } else { Expected::Informative };
    let across = |net: &Net, t| net.local.across[place(t)][0];
    for (early, late, least) in [(950, 200, 1.5), (900, 200, 1.3)] {
        outcome.row(studied.row(
            &format!("distance of samples D at t = {late} over that at {early}"),
            target("E2"),
            ask(Expected::AtLeast(least)),
            |net| across(net, late) / across(net, early),
        ));
    }
}

/// E3: the further apart two times, the further apart the tangent spaces of one sample.
pub(super) fn separation(studied: &Studied, outcome: &mut Outcome) {
    let pairs: Vec<(usize, usize)> = (0..TIMES.len())
        .flat_map(|i| (0..i).map(move |j| (i, j)))
        .collect();
    let apart: Vec<f64> = pairs
        .iter()
        .map(|(i, j)| f64::from(TIMES[*j]) - f64::from(TIMES[*i]))
        .collect();
    let source =
        Source::own("E3: direction published (Park et al. 2023, abstract); bound ours, set before measuring");
    outcome.row(studied.row(
        "Spearman correlation of |t - t'| and D between the times",
        source,
        Expected::AtLeast(0.5),
        |net| {
            let found: Vec<f64> = pairs
                .iter()
                .map(|(i, j)| net.local.between[i * TIMES.len() + j])
                .collect();
            spearman(&apart, &found)
        },
    ));
}

/// E4: the simpler set has the more consistent tangent spaces. The target is of discs against discs and bars; what
/// other sets give stands beside it.
pub(super) fn complexity(simple: &Studied, others: &[Studied], outcome: &mut Outcome) {
    for complex in others {
        let (name, target_set) = (complex.set.name(), complex.set == Set::Bars);
        let closer = |space: usize| {
            let times = COMPARED.iter().map(|t| place(*t));
            times
                .filter(|at| simple.across(*at, space) < complex.across(*at, space))
                .count() as f64
        };
        let times = format!("times of 900, 800 .. 300 at which D of discs is below D of {name}");
        let (source, expected) = if target_set {
            let expected = Expected::KnownShortfall {
                target: Box::new(Expected::AtLeast(4.0)),
                reason: "not seen for this pair in nets of this size: 0 to 5 of the 7 times in the runs of three seeds"
                    .into(),
            };
            (target("E4"), expected)
        } else {
            (Source::own("E4, another pair"), Expected::Informative)
        };
        outcome.row(Row::new(times.clone(), source, expected, closer(0)));
        for (space, what) in [(2, format!("the first {FEW} u_i")), (1, "the v_i".to_owned())] {
            let source = Source::own("E4 by other distances");
            let quantity = format!("{times}, D of {what}");
            outcome.row(Row::new(quantity, source, Expected::Informative, closer(space)));
        }
        for t in COMPARED {
            let quantity = format!("D of discs over D of {name}, t = {t}");
            let source = Source::own("E4: below 1 where it holds");
            let ratio = simple.across(place(t), 0) / complex.across(place(t), 0);
            outcome.row(Row::new(quantity, source, Expected::Informative, ratio));
        }
    }
}

/// The four known factors of a disc.
pub(super) fn factors(studied: &Studied, outcome: &mut Outcome) {
    let share = |net: &Net, space: usize| {
        let shares = net.local.explained.unwrap_or([[f64::NAN; 2]; 4]);
        shares.iter().map(|factor| factor[space]).sum::<f64>() / 4.0
    };
    for (quantity, expected, space) in [
        (
            "share of the motion of h along the 4 factors in the span of u_1 u_2 u_3, t = 700 (gate)",
            Expected::AtLeast(0.5),
            0,
        ),
        (
            "the same (target)",
            Expected::KnownShortfall {
                target: Box::new(Expected::AtLeast(0.7)),
                reason: "0.45 to 0.68 in the runs of three seeds".into(),
            },
            0,
        ),
        (
            "share of the motion of x_t in the span of v_1 v_2 v_3",
            Expected::Informative,
            1,
        ),
    ] {
        let source = Source::own("gate 50 %, target 70 %, set beforehand");
        outcome.row(studied.row(quantity, source, expected, |net| share(net, space)));
    }
    for (factor, name) in ["x", "y", "radius", "brightness"].into_iter().enumerate() {
        let quantity = format!("share of the motion of h, {name} alone");
        let source = Source::own("the mean of these is above");
        let pick = |net: &Net| net.local.explained.map_or(f64::NAN, |shares| shares[factor][0]);
        outcome.row(studied.row(&quantity, source, Expected::Informative, pick));
    }
}

/// E6: early edits are coarse, late ones fine.
pub(super) fn editing(studied: &Studied, gated: bool, outcome: &mut Outcome) {
    let source = || Source::own("E6: direction published (Park et al. 2023, abstract); measure ours");
    let expected = if gated {
        Expected::AtLeast(1.0)
    } else {
        Expected::Informative
    };
    let quantity = "edits along v_1: mean frequency of the change, t = 200 over t = 800";
    outcome.row(studied.row(quantity, source(), expected, |net| {
        net.changes[1].centroid / net.changes[0].centroid
    }));
    for (t, at) in [(800, 0), (200, 1)] {
        let quantity = format!("edits at t = {t}: share of the change below 3 cycles per image");
        outcome.row(studied.row(&quantity, source(), Expected::Informative, |net| {
            net.changes[at].coarse
        }));
        let quantity = format!("edits at t = {t}: root mean square of the change");
        outcome.row(studied.row(&quantity, source(), Expected::Informative, |net| {
            net.changes[at].size
        }));
    }
}

/// The pilot's own table, beside ours.
pub(super) fn pilot(studied: &Studied, outcome: &mut Outcome) {
    for (t, (centroid, distance)) in PILOT.iter().zip(PRINTED) {
        let at = place(*t);
        let source = |value| Source::own(format!("pilot run, one seed: {value}"));
        let quantity = format!("mean frequency of the v_i, t = {t}");
        let pick = |net: &Net| net.local.spectra[at].centroid;
        outcome.row(studied.row(&quantity, source(centroid), Expected::Informative, pick));
        for (space, name) in ["tangent spaces (u_i)", "latent bases (v_i)"]
            .into_iter()
            .enumerate()
        {
            let quantity = format!("D of {name} across samples, t = {t}");
            let pick = |net: &Net| net.local.across[at][space];
            outcome.row(studied.row(&quantity, source(distance), Expected::Informative, pick));
        }
    }
}

pub(super) fn common(all: &[Studied], chance: &Chance, outcome: &mut Outcome) {
    let source = Source::own(format!("chance level; {} at most", largest_distance(COUNT)));
    let quantity = format!("D of random {COUNT}-dimensional subspaces of h-space");
    let row = Row::new(quantity, source, Expected::Informative, chance.mean);
    outcome.row(row.with_error(chance.error));
    for studied in all {
        let source = Source::own("pilot on discs: 0.029");
        outcome.row(studied.row(
            "loss at the end of training",
            source,
            Expected::Informative,
            |net| net.local.loss,
        ));
    }
    let failed: usize = all
        .iter()
        .flat_map(|s| &s.nets)
        .map(|net| net.local.unconverged)
        .sum();
    let quantity = "bases with a residual above 1e-5";
    outcome.row(Row::new(
        quantity,
        Source::own("none"),
        Expected::AtMost(0.0),
        failed as f64,
    ));
}
