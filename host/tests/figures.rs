//! Every kind of figure drawn from made-up data: the files are written, the words are there, the same data
//! give the same bytes, and data with gaps do not break it. The pictures stay in the target folder
//! (`target/tmp/figures`) to be looked at.
//!
//! Mutations seen red: the legend entry of a series left out; NaN points passed to the renderer; `$` in a
//! name not escaped.

use gibbs::garrote::figures::fit_error::{ErrorCurve, FitErrors};
use gibbs::garrote::figures::importance::{self, Importance};
use gibbs::garrote::figures::inclusion::{InclusionPath, Pass};
use gibbs::garrote::figures::transition::TransitionSignal;
use gibbs::report::comparison::{Comparison, Method};
use gibbs::report::curves::{Curve, Curves};
use gibbs::report::figure::{Figure, FigureError};
use gibbs::report::scaling::{Scaling, Series};
use std::path::Path;

fn gammas() -> Vec<f64> {
    (0..50).map(|k| -40.0 + 0.8 * f64::from(k)).collect()
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

fn inclusion() -> Figure {
    let pass = |shift: f64| Pass {
        gamma: gammas(),
        inclusion: gammas()
            .iter()
            .map(|g| {
                (0..30)
                    .map(|v| sigmoid(2.0 * (g + 35.0 - 2.5 * f64::from(v) + shift)))
                    .collect()
            })
            .collect(),
    };
    let names = (0..30).map(|v| {
        if v == 1 {
            "cost $ per $".to_owned()
        } else {
            format!("variable {v}")
        }
    });
    let path = InclusionPath {
        title: "Inclusion along the path: diabetes".to_owned(),
        names: names.collect(),
        forward: pass(0.0),
        backward: Some(pass(1.1)),
        chosen: Some(-12.345),
        coloured: Vec::new(),
    };
    path.draw()
}

fn fit_errors() -> Figure {
    let curve = |name: &str, floor: f64, rise: f64, spread: f64| ErrorCurve {
        name: name.to_owned(),
        error: gammas()
            .iter()
            .map(|g| floor + 2900.0 * sigmoid(-0.4 * (g + 25.0)) + rise * (g + 40.0))
            .collect(),
        spread: if spread > 0.0 {
            vec![spread; 50]
        } else {
            Vec::new()
        },
    };
    FitErrors {
        title: "Training and validation error".to_owned(),
        error_label: "mean squared error (progression²)".to_owned(),
        gamma: gammas(),
        curves: vec![
            curve("training", 2850.0, -4.0, 0.0),
            curve("validation (5 folds)", 2950.0, 6.0, 120.0),
        ],
        chosen: Some(-14.0),
    }
    .draw()
}

fn mean_field(rho: f64, relevant: f64) -> f64 {
    if rho <= relevant {
        rho * (relevant - rho) / relevant
    } else {
        (rho - relevant) * (1.0 - rho) / (1.0 - relevant)
    }
}

fn transition() -> Figure {
    let relevant = 3.0 / 256.0;
    let selected: Vec<f64> = (0..40).map(|k| 0.03 * f64::from(k) / 40.0).collect();
    TransitionSignal {
        title: "Transition signal, 3 of 256 variables relevant".to_owned(),
        signal: selected.iter().map(|r| 0.95 * mean_field(*r, relevant)).collect(),
        selection_error: selected.iter().map(|r| (r - relevant).abs()).collect(),
        selected,
        relevant,
        theory: mean_field,
    }
    .draw()
}

fn importances() -> Figure {
    let names = [
        "bmi",
        "s5",
        "bp",
        "sex",
        "s3",
        "s1",
        "s2",
        "age",
        "s4",
        "a name that is far too long for any axis",
    ];
    let row = |(k, name): (usize, &&str)| Importance {
        name: (*name).to_owned(),
        inclusion: sigmoid(4.0 - 1.3 * k as f64),
        effect: 0.32 / (1.0 + k as f64),
    };
    importance::draw(
        "Importance of the variables: diabetes",
        &names.iter().enumerate().map(row).collect::<Vec<_>>(),
    )
}

fn curves() -> Figure {
    let rho: Vec<f64> = (1..60).map(|k| 0.005 * f64::from(k)).collect();
    let curve = |name: &str, best: f64, depth: f64, bend: f64| Curve {
        name: name.to_owned(),
        points: rho
            .iter()
            .map(|r| (*r, depth + bend * (r - best).powi(2)))
            .collect(),
        spread: vec![0.01; rho.len()],
    };
    Curves {
        title: "Generalisation error, protocol A, 5 of 256".to_owned(),
        x_label: "fraction of selected variables ρ".to_owned(),
        y_label: "relative error E_gen".to_owned(),
        curves: vec![
            curve("Ridge", 0.2, 0.77, 2.0),
            curve("LASSO", 0.1, 0.54, 4.0),
            curve("VG", 0.02, 0.514, 5.0),
        ],
        vertical: Some((5.0 / 256.0, "true fraction".to_owned())),
        horizontal: Some((0.506, "noise floor".to_owned())),
        ..Curves::default()
    }
    .draw()
}

fn comparison() -> Figure {
    let rows = ["bmi", "s5", "bp", "sex", "s3", "s1", "s2", "age"];
    let method = |name: &str, slope: f64| Method {
        name: name.to_owned(),
        values: (0..rows.len())
            .map(|k| {
                if k == 6 {
                    f64::NAN
                } else {
                    (-slope * k as f64).exp()
                }
            })
            .collect(),
        arms: vec![(0.04, 0.02); rows.len()],
    };
    Comparison {
        title: "Bootstrap inclusion frequency: diabetes, 200 resamples".to_owned(),
        value_label: "inclusion frequency (95 % interval)".to_owned(),
        rows: rows.map(str::to_owned).to_vec(),
        methods: vec![method("VG", 0.4), method("LASSO", 0.1)],
        ends: Some((0.0, 1.05)),
    }
    .draw()
}

fn scaling() -> Figure {
    let series = |name: &str, scale: f64, slope: f64| Series {
        name: name.to_owned(),
        points: [1e2, 1e3, 1e4, 1e5]
            .iter()
            .map(|n: &f64| (*n, scale * n.powf(slope)))
            .collect(),
    };
    Scaling {
        title: "Time of a path, protocol E".to_owned(),
        x_label: "variables N".to_owned(),
        y_label: "time (s)".to_owned(),
        series: vec![series("VG", 1e-5, 1.02), series("LASSO", 8e-5, 1.1)],
    }
    .draw()
}

type Draw = fn() -> Figure;

/// File stem, how to draw it, words that must be in it.
fn gallery() -> Vec<(&'static str, Draw, Vec<&'static str>)> {
    vec![
        (
            "inclusion",
            inclusion as Draw,
            vec![
                "γ (nats)",
                "forward pass",
                "backward pass",
                "cost $ per $",
                "-12.35",
            ],
        ),
        (
            "fit-error",
            fit_errors,
            vec!["training", "validation (5 folds)", "progression²", "-14"],
        ),
        ("transition", transition, vec!["mean-field", "0.01172"]),
        ("importance", importances, vec!["bmi", "effect", "inclusion"]),
        ("curves", curves, vec!["Ridge", "LASSO", "VG", "noise floor"]),
        (
            "comparison",
            comparison,
            vec!["VG", "LASSO", "inclusion frequency"],
        ),
        ("scaling", scaling, vec!["slope 1.02", "slope 1.10", "time (s)"]),
    ]
}

#[test]
fn every_kind_is_written_with_its_words_and_the_same_bytes() -> Result<(), FigureError> {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("figures");
    for (stem, draw, words) in gallery() {
        let paths = draw().write(&dir, stem)?;
        let names: Vec<_> = paths.iter().filter_map(|p| p.file_name()).collect();
        assert_eq!(
            names,
            [format!("{stem}.svg").as_str(), format!("{stem}.png").as_str()]
        );
        let again = draw();
        assert!(
            std::fs::read(&paths[0]).is_ok_and(|bytes| bytes == again.svg().into_bytes()),
            "{stem}.svg"
        );
        assert!(
            std::fs::read(&paths[1]).unwrap_or_default() == again.png()?,
            "{stem}.png"
        );
        assert!(again.png()?.starts_with(b"\x89PNG"), "{stem}");
        for word in words {
            assert!(again.svg().contains(word), "{stem} lacks `{word}`");
        }
    }
    Ok(())
}

#[test] // nothing to draw, or nothing finite: an empty frame, no NaN in the file, no panic
fn empty_and_broken_data_give_an_empty_frame() -> Result<(), FigureError> {
    let broken = vec![f64::NAN, f64::INFINITY];
    let figures = [
        InclusionPath::default().draw(),
        FitErrors::default().draw(),
        importance::draw("empty", &[]),
        importance::draw(
            "NaN",
            &[Importance {
                name: "x".to_owned(),
                inclusion: f64::NAN,
                effect: f64::NAN,
            }],
        ),
        Curves::default().draw(),
        Comparison::default().draw(),
        Scaling::default().draw(),
        Scaling {
            series: vec![Series {
                name: "zero".to_owned(),
                points: vec![(0.0, 0.0)],
            }],
            ..Scaling::default()
        }
        .draw(),
        FitErrors {
            gamma: broken.clone(),
            curves: vec![ErrorCurve {
                name: "x".to_owned(),
                error: broken.clone(),
                spread: broken.clone(),
            }],
            chosen: Some(f64::NAN),
            ..FitErrors::default()
        }
        .draw(),
        TransitionSignal {
            title: "one point".to_owned(),
            selected: broken.clone(),
            signal: broken,
            selection_error: vec![0.5],
            relevant: 0.1,
            theory: mean_field,
        }
        .draw(),
    ];
    for figure in figures {
        let svg = figure.svg();
        assert!(
            !svg.contains("NaN\"") && !svg.contains("inf\"") && !svg.contains("NaN "),
            "{svg}"
        );
        figure.png()?;
    }
    Ok(())
}

#[test]
fn an_unwritable_folder_is_named() {
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    let error = scaling()
        .write(&file.path().join("sub"), "x")
        .expect_err("a file is in the way");
    assert!(
        error.to_string().contains(&file.path().display().to_string()),
        "{error}"
    );
}
