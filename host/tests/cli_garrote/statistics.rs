//! What a fit says of its weights beside their values: intervals, R², runner-up sets; forced predictors and row weights.

use super::cli::{Place, column, err, texts};
use super::fitted;
use serde_json::{Value, json};

/// The object of a fit of this table.
fn fit(table: &str, more: &str) -> Value {
    let place = Place::new();
    place.write("table.csv", table);
    place.json(&format!("garrote fit table.csv --target y {more}"))
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
    let found = fit(LINE, "--force x");
    assert_eq!(texts(&found["forced"]), ["x"]);
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

// a row of weight 2 is the row twice, one of weight 0 is no row
#[test] // law: garrote-predict
fn row_weights_are_repetitions() {
    let weighted = "x,z,w,y\n1,0.1,2,2\n2,-0.3,1,4\n9,1,0,-7\n3,0.2,1,5\n4,0.3,3,4\n5,-0.3,1,5\n";
    let repeated = "x,z,y\n1,0.1,2\n1,0.1,2\n2,-0.3,4\n3,0.2,5\n4,0.3,4\n4,0.3,4\n4,0.3,4\n5,-0.3,5\n";
    let weighted = fit(weighted, "--force x --weights w");
    let repeated = fit(repeated, "--force x");
    let slope = variable(&repeated, "x")["least_squares"].as_f64().unwrap();
    near(&variable(&weighted, "x")["least_squares"], slope);
    assert_eq!(weighted["rows"], 5);
}

#[test] // each column has one part
fn forced_and_weights_are_columns_that_are_there() {
    let place = Place::new();
    place.write("table.csv", LINE.replace("\n3,", "\n-3,"));
    place.refusals(
        "garrote fit table.csv --target y",
        "
        --force q => `q`
        --weights q => `q`
        --force y => each column has one part
        --force x --force x => each column has one part
        --force x --weights x => each column has one part
        --weights x => weight
        ",
    );
}

// of the sets of ten variables the best is bmi, s5, bp, s3, sex: exhaustive search (`host/tests/garrote_choice.rs`)
#[test] // law: garrote-ebic
fn the_criterion_is_proved_least_and_runners_up_follow() {
    let place = Place::new();
    let call = "garrote fit diabetes.csv --target target --out out";
    let found = place.json(call);
    assert_eq!(found["criterion_is_least"], true);
    let larger = column(&found["runners_up"], "larger_by");
    assert_eq!(larger.len(), 5);
    assert!(larger[0] > 0.0 && larger.is_sorted(), "{larger:?}");
    assert_eq!(found["binary_target"], false);
    assert!(place.path("out/runners_up.csv").exists());
    // E4: another rule has none.
    let found = place.json(&format!("{call} --rule plateau"));
    assert_eq!(found["runners_up"], json!([]));
    assert!(!place.path("out/runners_up.csv").exists(), "stale");
}

#[test]
fn a_target_of_two_values_is_remarked() {
    let place = Place::new();
    place.write("classes.csv", "x,z,y\n1,3,0\n2,1,0\n3,5,0\n4,2,1\n5,4,1\n6,1,1\n");
    let told = err(&place.call("garrote fit classes.csv --target y"));
    assert!(told.contains("two values only"), "{told}");
}

// --hard needs the selected columns only, and both give t intervals
#[test] // law: garrote-predict
fn a_hard_prediction_needs_the_selected_columns_only() {
    let (place, _, fit) = fitted();
    let selected = texts(&fit["selected"]);
    let zeros = vec!["0"; selected.len()].join(",");
    place.write("new.csv", format!("{}\n{zeros}\n", selected.join(",")));
    let predict = "garrote predict fit/model.safetensors new.csv";
    let hard = place.json(&format!("{predict} --hard"));
    let row = &hard["rows"][0];
    let [mean, sd, low, high] = ["mean", "sd", "low", "high"].map(|field| row[field].as_f64().unwrap());
    let degrees = hard["df"].as_f64().unwrap();
    let reach = gibbs::garrote::student::half_width(0.95, degrees);
    assert!((high - mean - reach * sd).abs() < 1e-9 * sd && (mean - low - reach * sd).abs() < 1e-9 * sd);
    place.refused(predict, "no column");
}
