//! The figures of the experiment.

use super::Studied;
use super::local::{TIMES, place};
use crate::diffusion::figures::Heatmap;
use crate::diffusion::pullback::distance::Chance;
use crate::experiments::Outcome;
use crate::experiments::statistics::mean_error;
use crate::report::curves::{Curve, Curves};

/// Times of the spectra.
const SHOWN: [u32; 5] = [950, 650, 350, 200, 50];

pub(super) fn draw(all: &[Studied], chance: &Chance, outcome: &mut Outcome) {
    spectra(&all[0], outcome);
    centroids(all, outcome);
    distances(all, chance, outcome);
    between(&all[0], outcome);
}

/// Mean over nets with standard errors, over [`TIMES`].
fn curve(studied: &Studied, pick: impl Fn(&super::Net, usize) -> f64) -> Curve {
    let mut curve = Curve {
        name: studied.set.name().to_owned(),
        ..Curve::default()
    };
    for (at, t) in TIMES.iter().enumerate() {
        let (mean, error) = mean_error(&studied.each(|net| pick(net, at)));
        curve.points.push((f64::from(*t), mean));
        if studied.nets.len() > 1 {
            curve.spread.push(error);
        }
    }
    curve
}

fn spectra(studied: &Studied, outcome: &mut Outcome) {
    let curves = SHOWN.map(|t| {
        let rings = studied.nets[0].local.spectra[place(t)].power.len();
        let power = |ring: usize| studied.mean(|net| net.local.spectra[place(t)].power[ring]);
        Curve {
            name: format!("t = {t}"),
            points: (0..rings).map(|ring| (ring as f64 + 0.5, power(ring))).collect(),
            spread: Vec::new(),
        }
    });
    let figure = Curves {
        title: format!("Mean power of the first five v_i, {}", studied.set.name()),
        x_label: "radius |f| (cycles per image)".to_owned(),
        y_label: "mean power of a frequency".to_owned(),
        curves: curves.into(),
        logarithmic: true,
        ..Curves::default()
    };
    outcome.figure(
        "spectra",
        figure.draw(),
        "From noise to data, power moves from low to high frequencies.",
    );
}

fn centroids(all: &[Studied], outcome: &mut Outcome) {
    let figure = Curves {
        title: "Mean frequency of the local latent basis".to_owned(),
        x_label: "time t (1000: noise, 0: data)".to_owned(),
        y_label: "mean frequency of v_1 .. v_5 (cycles per image)".to_owned(),
        curves: all
            .iter()
            .map(|s| curve(s, |net, at| net.local.spectra[at].centroid))
            .collect(),
        ..Curves::default()
    };
    outcome.figure(
        "centroid",
        figure.draw(),
        "Coarse directions at early times (right), fine ones at late times.",
    );
}

fn distances(all: &[Studied], chance: &Chance, outcome: &mut Outcome) {
    let mut curves: Vec<Curve> = all
        .iter()
        .map(|s| curve(s, |net, at| net.local.across[at][0]))
        .collect();
    curves.push(Curve {
        name: "random subspaces".to_owned(),
        points: TIMES.iter().map(|t| (f64::from(*t), chance.mean)).collect(),
        spread: Vec::new(),
    });
    let figure = Curves {
        title: "Distance of the tangent spaces of different samples".to_owned(),
        x_label: "time t (1000: noise, 0: data)".to_owned(),
        y_label: "geodesic distance D (radians)".to_owned(),
        curves,
        ..Curves::default()
    };
    let caption = "Samples share their tangent space at early times, and part towards the data.";
    outcome.figure("distance", figure.draw(), caption);
}

fn between(studied: &Studied, outcome: &mut Outcome) {
    let n = TIMES.len();
    let shown: Vec<usize> = (0..n).filter(|i| ![650, 350].contains(&TIMES[*i])).collect();
    let pairs = shown.iter().flat_map(|i| shown.iter().map(move |j| (*i, *j)));
    let figure = Heatmap {
        title: format!(
            "D between the times of one sample (radians), {}",
            studied.set.name()
        ),
        names: shown.iter().map(|i| TIMES[*i].to_string()).collect(),
        values: pairs
            .map(|(i, j)| studied.mean(|net| net.local.between[i * n + j]))
            .collect(),
    };
    outcome.figure(
        "times",
        figure.draw(),
        "The further apart in time, the further apart the tangent spaces.",
    );
}
