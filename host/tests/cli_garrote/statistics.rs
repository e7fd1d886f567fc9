//! What a fit says of its weights beside their values: intervals, R², runner-up sets; forced predictors and row weights.

use super::cli::{err, object, run, text};
use super::{diabetes, fitted, names};
use serde_json::Value;
use tempfile::TempDir;

/// The object of a fit of this table.
fn fit(dir: &TempDir, table: &str, more: &[&str]) -> Value {
    let file = dir.path().join("table.csv");
    std::fs::write(&file, table).unwrap();
    let words = [
        "garrote",
        "fit",
        text(&file),
        "--target",
        "y",
        "--json",
        "--quiet",
    ];
    object(&run(&[&words, more].concat()), 0)
}

fn variable<'f>(fit: &'f Value, name: &str) -> &'f Value {
    let all = fit["variables"].as_array().unwrap();
    all.iter().find(|variable| variable["name"] == name).unwrap()
}

fn near(value: &Value, expected: f64) {
    let found = value.as_f64().unwrap();
    assert!(
        (found - expected).abs() < 1e-5 * expected.abs(),
        "{found} {expected}"
    );
}

const LINE: &str = "x,z,y\n1,0.1,2\n2,-0.3,4\n3,0.2,5\n4,0.3,4\n5,-0.3,5\n";

// by hand: slope 6/10, RSS 2.4 of 6, standard error sqrt(.8/10), t_.975 with 3 degrees 3.182446; p by R's pt
#[test] // oracle: garrote-predict
fn a_forced_predictor_has_the_interval_of_simple_regression() {
    let dir = TempDir::new().unwrap();
    let found = fit(&dir, LINE, &["--force", "x"]);
    assert_eq!(names(&found["forced"]), ["x"]);
    let x = variable(&found, "x");
    assert_eq!((&x["forced"], &x["selected"]), (&true.into(), &true.into()));
    let error = 0.08_f64.sqrt();
    near(&x["least_squares"], 0.6);
    near(&x["standard_error"], error);
    near(&x["low"], 0.6 - 3.182_446_3 * error);
    near(&x["high"], 0.6 + 3.182_446_3 * error);
    near(&x["p_value"], 0.124_027);
    near(&found["r2"], 0.6);
    near(&found["adjusted_r2"], 1.0 - 0.4 * 4.0 / 3.0);
}

#[test] // law: garrote-fit; a row of weight 2 is the row twice, one of weight 0 is no row
fn row_weights_are_repetitions() {
    let dir = TempDir::new().unwrap();
    let weighted = "x,z,w,y\n1,0.1,2,2\n2,-0.3,1,4\n9,1,0,-7\n3,0.2,1,5\n4,0.3,3,4\n5,-0.3,1,5\n";
    let repeated = "x,z,y\n1,0.1,2\n1,0.1,2\n2,-0.3,4\n3,0.2,5\n4,0.3,4\n4,0.3,4\n4,0.3,4\n5,-0.3,5\n";
    let weighted = fit(&dir, weighted, &["--force", "x", "--weights", "w"]);
    let repeated = fit(&dir, repeated, &["--force", "x"]);
    near(
        &variable(&weighted, "x")["least_squares"],
        variable(&repeated, "x")["least_squares"].as_f64().unwrap(),
    );
    assert_eq!(weighted["rows"], 5);
}

#[test] // edge: garrote-fit; each column has one part
fn forced_and_weights_are_columns_that_are_there() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("table.csv");
    std::fs::write(&file, LINE.replace("\n3,", "\n-3,")).unwrap();
    for (more, told) in [
        (&["--force", "q"][..], "`q`"),
        (&["--weights", "q"], "`q`"),
        (&["--force", "y"], "each column has one part"),
        (&["--force", "x", "--force", "x"], "each column has one part"),
        (&["--force", "x", "--weights", "x"], "each column has one part"),
        (&["--weights", "x"], "weight"),
    ] {
        let words = ["garrote", "fit", text(&file), "--target", "y", "--json"];
        let refusal = object(&run(&[&words, more].concat()), 2);
        let message = refusal["message"].as_str().unwrap();
        assert!(message.contains(told), "{more:?}: {message}");
    }
}

// of the sets of ten variables the best is bmi, s5, bp, s3, sex: exhaustive search (`host/tests/garrote_choice.rs`)
#[test] // law: garrote-ebic
fn the_criterion_is_proved_least_and_runners_up_follow() {
    let dir = TempDir::new().unwrap();
    let words = [
        "garrote",
        "fit",
        &diabetes(),
        "--target",
        "target",
        "--json",
        "--quiet",
    ];
    let found = object(&run(&[&words[..], &["--out", text(dir.path())]].concat()), 0);
    assert_eq!(found["criterion_is_least"], true);
    let larger: Vec<f64> = found["runners_up"]
        .as_array()
        .unwrap()
        .iter()
        .map(|set| set["larger_by"].as_f64().unwrap())
        .collect();
    assert_eq!(larger.len(), 5);
    assert!(larger[0] > 0.0 && larger.is_sorted(), "{larger:?}");
    assert_eq!(found["binary_target"], false);
    assert!(dir.path().join("runners_up.csv").exists());
    // E4: another rule has none.
    let plateau = ["--rule", "plateau", "--out", text(dir.path())];
    let found = object(&run(&[&words[..], &plateau].concat()), 0);
    assert_eq!(found["runners_up"], Value::Array(Vec::new()));
    assert!(!dir.path().join("runners_up.csv").exists(), "stale");
}

#[test] // edge: garrote-fit
fn a_target_of_two_values_is_remarked() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("classes.csv");
    std::fs::write(&file, "x,z,y\n1,3,0\n2,1,0\n3,5,0\n4,2,1\n5,4,1\n6,1,1\n").unwrap();
    let output = run(&["garrote", "fit", text(&file), "--target", "y"]);
    assert!(err(&output).contains("two values only"), "{}", err(&output));
}

#[test] // law: garrote-predict; --hard needs the selected columns only, and both give t intervals
fn a_hard_prediction_needs_the_selected_columns_only() {
    let dir = TempDir::new().unwrap();
    let (model, fit) = fitted(&dir);
    let selected = names(&fit["selected"]).join(",");
    let file = dir.path().join("new.csv");
    let zeros = vec!["0"; names(&fit["selected"]).len()].join(",");
    std::fs::write(&file, format!("{selected}\n{zeros}\n")).unwrap();
    let words = [
        "garrote",
        "predict",
        text(&model),
        text(&file),
        "--json",
        "--quiet",
    ];
    let hard = object(&run(&[&words[..], &["--hard"]].concat()), 0);
    let row = &hard["rows"][0];
    let [mean, sd, low, high] = ["mean", "sd", "low", "high"].map(|field| row[field].as_f64().unwrap());
    let degrees = hard["df"].as_f64().unwrap();
    let reach = gibbs::garrote::student::half_width(0.95, degrees);
    assert!((high - mean - reach * sd).abs() < 1e-9 * sd && (mean - low - reach * sd).abs() < 1e-9 * sd);
    object(&run(&words), 2);
}
