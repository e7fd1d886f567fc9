//! The tangent spaces of small diffusion models: frequency, agreement between samples and between times, edits
//! (diffusion specification 2.4 and 2.5; findings E1, E2, E3, E4 and E6).
//!
//! Nets as in the specification's pilot ([`trained`]), local bases at 13 times ([`local`]), edits at two ([`edits`]);
//! every seed has its own nets, images and noise. Rows are means over the seeds.

mod edits;
mod figures;
mod local;
mod trained;

use self::edits::Change;
use self::local::{COUNT, Local, PILOT, SAMPLES, TIMES, place};
use self::trained::{LEVELS, STEPS, Set};
use super::diffusion::spearman;
use super::scores::{draw_number, mean_error};
use super::{Context, Expected, Experiment, ExperimentError, Outcome, Row, Source};
use crate::diffusion::folder::SchedulerConfig;
use crate::diffusion::geometry::noise::Noise;
use crate::diffusion::pullback::distance::{Chance, chance, largest_distance};
use rayon::prelude::*;

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
/// Pairs behind the chance level.
const PAIRS: usize = 200;

/// The experiment.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tangents;

/// One net.
struct Net {
    local: Local,
    changes: [Change; 2],
}

/// The nets of one set, over the seeds.
struct Studied {
    set: Set,
    nets: Vec<Net>,
}

impl Studied {
    /// A number of each net.
    fn each(&self, pick: impl Fn(&Net) -> f64) -> Vec<f64> {
        self.nets.iter().map(pick).collect()
    }

    fn mean(&self, pick: impl Fn(&Net) -> f64) -> f64 {
        mean_error(&self.each(pick)).0
    }

    /// Mean distance across samples of tangent spaces at a place of [`TIMES`].
    fn across(&self, at: usize) -> f64 {
        self.mean(|net| net.local.across[at][0])
    }

    /// A row: mean over the nets with its standard error.
    fn row(&self, quantity: &str, source: Source, expected: Expected, pick: impl Fn(&Net) -> f64) -> Row {
        let (mean, error) = mean_error(&self.each(pick));
        let quantity = format!("{}: {quantity}", self.set.name());
        Row::new(quantity, source, expected, mean).with_error(error)
    }
}

fn target(what: &str) -> Source {
    let text = format!("{what}: target of the specification, set after its pilot of one seed");
    Source::own(text)
}

/// E1: the basis becomes finer as t falls.
fn frequency(studied: &Studied, gated: bool, outcome: &mut Outcome) {
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
fn agreement(studied: &Studied, gated: bool, outcome: &mut Outcome) {
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
fn separation(studied: &Studied, outcome: &mut Outcome) {
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

/// E4: the simpler set has the more consistent tangent spaces.
fn complexity(simple: &Studied, complex: &Studied, outcome: &mut Outcome) {
    let closer = COMPARED
        .iter()
        .filter(|t| simple.across(place(**t)) < complex.across(place(**t)));
    let quantity = "times of 900, 800 .. 300 at which D of discs is below D of discs and bars";
    outcome.row(Row::new(
        quantity,
        target("E4"),
        Expected::AtLeast(4.0),
        closer.count() as f64,
    ));
}

/// The four known factors of a disc.
fn factors(studied: &Studied, outcome: &mut Outcome) {
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
        ("the same (target)", Expected::AtLeast(0.7), 0),
        (
            "share of the motion of x_t in the span of v_1 v_2 v_3",
            Expected::Informative,
            1,
        ),
    ] {
        let source = Source::own("specification 2.5: gate 50 %, target 70 %, not measured there");
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
fn editing(studied: &Studied, gated: bool, outcome: &mut Outcome) {
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
fn pilot(studied: &Studied, outcome: &mut Outcome) {
    for (t, (centroid, distance)) in PILOT.iter().zip(PRINTED) {
        let at = place(*t);
        let source = |value| Source::own(format!("specification 2.5, pilot, one seed: {value}"));
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

fn common(all: &[Studied], chance: &Chance, outcome: &mut Outcome) {
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

impl Experiment for Tangents {
    fn name(&self) -> &'static str {
        "diffusion-tangents"
    }

    fn title(&self) -> &'static str {
        "Pullback geometry of small diffusion models over time"
    }

    fn paper(&self) -> &'static str {
        "Y.-H. Park, M. Kwon, J. Choi, J. Jo, Y. Uh, Understanding the Latent Space of Diffusion Models through the Lens of \
         Riemannian Geometry, NeurIPS 2023 (arXiv 2307.12868): directions of the abstract, at small scale"
    }

    fn claim(&self) -> &'static str {
        "From noise to data the local bases go from coarse to fine, the tangent spaces of samples part, the more so for the \
         more complex set; tangent spaces of one sample part with the time between them; late edits are finer than early ones."
    }

    fn run(&self, context: &Context<'_>) -> Result<Outcome, ExperimentError> {
        let (seeds, sets): (u64, &[Set]) = if context.full {
            (3, &[Set::Discs, Set::Bars, Set::Ising])
        } else {
            (1, &[Set::Discs, Set::Bars])
        };
        let tasks: Vec<(Set, u64)> = sets
            .iter()
            .flat_map(|set| (0..seeds).map(|seed| (*set, seed)))
            .collect();
        let pieces = STEPS + (TIMES.len() + 2 * SAMPLES) as u64;
        context.progress.begin(self.title(), tasks.len() as u64 * pieces);
        let noise =
            Noise::new(&SchedulerConfig::ddpm(LEVELS)).map_err(ExperimentError::core("a schedule"))?;
        let nets = tasks.par_iter().map(|(set, seed)| {
            let task = (*set, draw_number(context.seed, *seed));
            let trained = trained::train(context, task.0, task.1)?;
            let local = local::study(context, task, &trained, &noise)?;
            let changes = edits::study(context, task, &trained.0, &noise)?;
            Ok(Net { local, changes })
        });
        let mut nets = nets.collect::<Result<Vec<Net>, ExperimentError>>()?.into_iter();
        let all: Vec<Studied> = sets
            .iter()
            .map(|set| Studied {
                set: *set,
                nets: nets.by_ref().take(seeds as usize).collect(),
            })
            .collect();
        let hidden = all[0].nets[0].local.hidden;
        let chance = chance(COUNT, hidden, PAIRS, context.seed).map_err(ExperimentError::other("chance"))?;

        let mut outcome = Outcome::default();
        let (discs, bars) = (&all[0], &all[1]);
        for studied in &all {
            let gated = studied.set == Set::Discs;
            frequency(studied, gated, &mut outcome);
            agreement(studied, gated, &mut outcome);
            separation(studied, &mut outcome);
            editing(studied, gated, &mut outcome);
        }
        complexity(discs, bars, &mut outcome);
        factors(discs, &mut outcome);
        common(&all, &chance, &mut outcome);
        pilot(discs, &mut outcome);
        figures::draw(&all, &chance, &mut outcome);
        outcome.note(format!(
            "{seeds} seed(s) and {SAMPLES} samples a net; the paper's models, data and figures' numbers were not at hand. Nets \
             of {STEPS} steps on 16 x 16 grey images are far from converged: what is seen here is seen early in training."
        ));
        Ok(outcome)
    }
}
