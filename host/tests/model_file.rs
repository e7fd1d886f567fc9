//! The model file: exact round trip, refusals with their places, byte mutations; predictions from a model.
//!
//! Mutations tried, each turned a test red: the header left in hash order; kind, version or finiteness not
//! compared; `> 0.5` to `>= 0.5` in `selected`; (w/sd)^2 to w^2 in the gate variance; 1/M or one z dropped
//! from the hard variance; columns matched by position; each range or length check of `Model::check` removed.

use gibbs::data::tensors::TensorFile;
use gibbs::data::{DataError, Table};
use gibbs::garrote::model::Model;
use proptest::prelude::*;
use std::fs;
use std::path::Path;
use support::model;

mod support;

const KIND: &str = "gibbs.garrote.model";

fn good_bytes() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.safetensors");
    model().save(&path).unwrap();
    fs::read(&path).unwrap()
}

fn load(bytes: &[u8]) -> Result<Model, DataError> {
    Model::from_bytes(Path::new("m.safetensors"), bytes)
}

/// Loads the good file after an edit of its content.
fn edited(edit: impl FnOnce(&mut TensorFile)) -> Result<Model, DataError> {
    let mut file = TensorFile::from_bytes(Path::new(""), &good_bytes(), KIND, "2").unwrap();
    edit(&mut file);
    load(&file.to_bytes().unwrap())
}

#[track_caller]
fn refused<T: std::fmt::Debug>(result: Result<T, DataError>, code: &str, places: &[&str]) {
    let error = result.unwrap_err();
    let message = error.to_string();
    assert_eq!(error.code(), code, "{message}");
    for place in places {
        assert!(message.contains(place), "`{place}` is not in: {message}");
    }
}

#[test]
fn round_trip_is_exact_and_bytes_repeat() {
    let back = load(&good_bytes()).unwrap();
    assert_eq!(back, model());
    assert!(back.mean[3].is_sign_negative(), "-0.0 stays -0.0");
    for _ in 0..5 {
        // sixteen keys in hash order would agree five times with probability (1/16!)^5
        assert_eq!(good_bytes(), good_bytes());
    }
    let no_refit = Model {
        refit_covariance: Vec::new(),
        ..model()
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.safetensors");
    no_refit.save(&path).unwrap();
    assert_eq!(Model::load(&path).unwrap(), no_refit);
}

#[test]
fn files_that_are_no_model_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    refused(
        Model::load(&folder.path().join("none.safetensors")),
        "file_not_found",
        &["none.safetensors"],
    );
    refused(
        Model::load(folder.path()),
        "is_directory",
        &[folder.path().to_str().unwrap()],
    );
    let name = "m.safetensors";
    refused(load(b""), "not_safetensors", &[name]);
    refused(load(b"a,b\n1,2\n3,4\n"), "not_safetensors", &[name]);
    let good = good_bytes();
    for cut in [4, 100, good.len() - 1] {
        refused(load(&good[..cut]), "not_safetensors", &[name, "truncated"]);
    }
    refused(load(&[&good[..], b"x"].concat()), "not_safetensors", &[name]);
    let key = |key: &'static str, text: Option<&'static str>| {
        move |file: &mut TensorFile| match text {
            Some(text) => drop(file.metadata.insert(key.to_owned(), text.to_owned())),
            None => drop(file.metadata.remove(key)),
        }
    };
    refused(
        edited(key("kind", Some("gibbs.ising.model"))),
        "wrong_kind",
        &[name, "gibbs.ising.model", KIND],
    );
    refused(edited(key("kind", None)), "wrong_kind", &[name, "no kind", KIND]);
    refused(
        edited(key("version", Some("1"))),
        "wrong_version",
        &[name, "`1`", "version 2"],
    );
    refused(edited(key("version", None)), "wrong_version", &[name, "`none`"]);
    for entry in [
        "variables",
        "target",
        "target_mean",
        "target_sd",
        "gamma",
        "noise_sd",
        "degrees",
        "refit_noise_sd",
        "refit_degrees",
        "free_energy",
        "samples",
        "rule",
        "status",
        "pass",
        "seed",
    ] {
        refused(
            edited(key(entry, None)),
            "bad_metadata",
            &[name, entry, "missing"],
        );
    }
    for (entry, text) in [
        ("variables", "[1]"),
        ("variables", "bmi"),
        ("gamma", "x"),
        ("seed", "-1"),
        ("samples", ""),
    ] {
        refused(
            edited(key(entry, Some(text))),
            "bad_metadata",
            &[name, entry, "cannot be read"],
        );
    }
    refused(
        edited(key("variables", Some("[]"))),
        "bad_tensor",
        &[name, "`mean`", "expected [0]"],
    );
    for (entry, text) in [
        ("noise_sd", "-1"),
        ("noise_sd", "0"),
        ("degrees", "0"),
        ("refit_noise_sd", "0"),
        ("refit_degrees", "-2"),
        ("samples", "-442.0"),
        ("target_sd", "-1"),
    ] {
        refused(
            edited(key(entry, Some(text))),
            "bad_model",
            &[name, entry, "expected"],
        );
    }
    for entry in ["gamma", "noise_sd", "free_energy", "target_mean"] {
        refused(
            edited(key(entry, Some("inf"))),
            "bad_model",
            &[name, entry, "finite"],
        );
    }
    let twice = r#"["a","b","c","a","e"]"#;
    refused(
        edited(key("variables", Some(twice))),
        "bad_model",
        &[name, "`a` occurs twice"],
    );
    refused(edited(key("target", Some("bmi"))), "bad_model", &[name, "`bmi`"]);
}

#[test]
fn bad_tensors_are_named() {
    let name = "m.safetensors";
    for tensor in [
        "mean",
        "scale",
        "inclusion",
        "weight",
        "evidence",
        "refit",
        "refit_covariance",
    ] {
        let missing = edited(|file| drop(file.tensors.remove(tensor)));
        refused(missing, "bad_tensor", &[name, tensor, "missing"]);
        let longer = edited(|file| {
            let tensor = file.tensors.get_mut(tensor).unwrap();
            tensor.values.push(0.0);
            tensor.shape = vec![tensor.values.len()];
        });
        refused(longer, "bad_tensor", &[name, tensor, "expected ["]);
        for value in [f64::NAN, f64::INFINITY] {
            let poisoned = edited(|file| file.tensors.get_mut(tensor).unwrap().values[2] = value);
            refused(poisoned, "bad_tensor", &[name, tensor, "entry 2", "finite"]);
        }
    }
    for (tensor, value, expected) in [
        ("inclusion", 1.5, "0 to 1"),
        ("inclusion", -0.1, "0 to 1"),
        ("scale", -1.0, "at least 0"),
        ("evidence", -1.0, "at least 0"),
    ] {
        let outside = edited(|file| file.tensors.get_mut(tensor).unwrap().values[4] = value);
        refused(outside, "bad_model", &[name, tensor, "entry 4", expected]);
    }
    // a third selected variable makes the 2 x 2 covariance inconsistent
    let third = edited(|file| file.tensors.get_mut("inclusion").unwrap().values[2] = 0.9);
    refused(
        third,
        "bad_tensor",
        &[name, "refit_covariance", "[2, 2]", "[3, 3]"],
    );
    let mut bytes = good_bytes();
    let place = bytes.windows(3).position(|word| word == b"F64").unwrap();
    bytes[place] = b'I';
    refused(load(&bytes), "bad_tensor", &[name, "type I64, expected F64"]);
}

#[test] // an inconsistent model is not written, and an older file survives the attempt
fn saving_refuses_bad_models() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.safetensors");
    model().save(&path).unwrap();
    let before = fs::read(&path).unwrap();
    let short = Model {
        refit: vec![0.0],
        ..model()
    };
    refused(
        short.save(&path),
        "bad_model",
        &["refit", "1 entries, expected 5"],
    );
    let nan = Model {
        weight: vec![f64::NAN; 5],
        ..model()
    };
    refused(nan.save(&path), "bad_model", &["weight", "entry 0"]);
    let covariance = Model {
        refit_covariance: vec![1.0; 3],
        ..model()
    };
    refused(
        covariance.save(&path),
        "bad_model",
        &["refit_covariance", "2 x 2"],
    );
    refused(Model::default().save(&path), "bad_model", &["variables"]);
    assert_eq!(fs::read(&path).unwrap(), before);
    refused(model().save(&path.join("below")), "write_failed", &["below"]);
}

fn table(columns: &[(&str, &[f64])]) -> Table {
    Table::of(columns.iter().map(|(name, values)| (*name, values.to_vec())))
}

/// Two variables with round numbers, so that predictions can be computed by hand.
fn small() -> Model {
    Model {
        variables: vec!["a".to_owned(), "b".to_owned()],
        target: "y".to_owned(),
        mean: vec![10.0, -1.0],
        scale: vec![2.0, 4.0],
        target_mean: 100.0,
        target_sd: 5.0,
        inclusion: vec![0.75, 0.5],
        weight: vec![8.0, -16.0],
        evidence: vec![3.0, 1.0],
        refit: vec![6.0, 0.0],
        refit_covariance: vec![1.0 / 50.0],
        gamma: -3.0,
        noise_sd: 2.0,
        degrees: 48.0,
        refit_noise_sd: 2.0,
        refit_degrees: 48.0,
        free_energy: 1.0,
        samples: 50.0,
        ..Model::default()
    }
}

#[test] // by hand; all numbers are exact in binary but for the roots and 1/50
fn soft_prediction_by_hand() {
    let model = small();
    assert_eq!(model.coefficients(), [3.0, -2.0]);
    assert_eq!(model.intercept(), 100.0 - 30.0 - 2.0);
    // columns in another order, one more than needed: matched by name
    let table = table(&[("b", &[-1.0, 3.0]), ("y", &[0.0, 0.0]), ("a", &[10.0, 12.0])]);
    let prediction = model.predict(&table).unwrap();
    assert_eq!(prediction.mean, [100.0, 100.0 + 2.0 * 3.0 - 4.0 * 2.0]);
    // noise and mean: 4 (1 + 1/50); gate variances: .1875 * 16 = 3, .25 * 16 = 4; weight of a: 4/50 per squared sd
    let expected = [4.08_f64, 4.08 + 4.0 * 3.0 + 16.0 * 4.0 + 1.0 * 0.08].map(f64::sqrt);
    assert_eq!(prediction.degrees, 48.0);
    for (row, sd) in expected.iter().enumerate() {
        assert!((prediction.sd[row] - sd).abs() < 1e-13, "{:?}", prediction.sd);
        // 2.0106: the 97.5 % point of Student's t with 48 degrees, from a printed table
        let reach = (prediction.high[row] - prediction.mean[row]) / sd;
        assert!((reach - 2.0106).abs() < 1e-4, "{reach}");
        assert!((prediction.low[row] + prediction.high[row] - 2.0 * prediction.mean[row]).abs() < 1e-12);
    }
}

// one selected variable is simple regression, var = s^2 (1 + 1/M + (x - xbar)^2 / Sxx)
#[test]
fn hard_prediction_is_simple_regression() {
    let model = small();
    let table = table(&[("a", &[10.0, 13.0]), ("b", &[5.0, -5.0])]);
    let prediction = model.predict_hard(&table).unwrap();
    assert_eq!(prediction.mean, [100.0, 100.0 + 1.5 * 6.0]);
    let s_xx = 50.0 * 4.0;
    for (sd, x) in prediction.sd.iter().zip([10.0_f64, 13.0]) {
        let expected = (4.0 * (1.0 + 1.0 / 50.0 + (x - 10.0).powi(2) / s_xx)).sqrt();
        assert!(
            (sd - expected).abs() < 1e-14,
            "a few roundings of numbers near 2: {sd} against {expected}"
        );
    }
    let none = Model {
        inclusion: vec![0.5, 0.0],
        refit_covariance: Vec::new(),
        ..small()
    };
    let sd = none.predict_hard(&table).unwrap().sd;
    assert!((sd[0] - 4.08_f64.sqrt()).abs() < 1e-14, "the mean alone");
}

#[test] // the quadratic form with k = 2 against the four products written out
fn hard_variance_uses_the_whole_covariance() {
    let both = Model {
        inclusion: vec![0.9, 0.8],
        refit_covariance: vec![0.03, -0.01, -0.01, 0.05],
        ..small()
    };
    let sd = both
        .predict_hard(&table(&[("a", &[14.0]), ("b", &[11.0])]))
        .unwrap()
        .sd;
    let form = 4.0 * 0.03 + 2.0 * 2.0 * 3.0 * -0.01 + 9.0 * 0.05;
    let expected = (4.0_f64 * (1.0 + 0.02 + form)).sqrt();
    assert!((sd[0] - expected).abs() < 1e-14, "{} against {expected}", sd[0]);
}

#[test] // edge: garrote-predict
fn predictions_are_refused_with_the_reason() {
    refused(
        small().predict(&table(&[("a", &[1.0]), ("y", &[1.0])])),
        "column_not_found",
        &["`b`", "`a`, `y`"],
    );
    let far = table(&[("a", &[1.0, 1e308]), ("b", &[1.0, -1e308])]);
    refused(small().predict(&far), "prediction_overflow", &["row 1"]);
    let none = Model {
        refit_covariance: Vec::new(),
        ..small()
    };
    refused(
        none.predict_hard(&table(&[("a", &[1.0]), ("b", &[1.0])])),
        "no_refit",
        &["soft"],
    );
    let short = Model {
        mean: vec![1.0],
        ..small()
    };
    refused(short.predict(&far), "bad_model", &["mean"]);
}

#[test] // edge: garrote-predict
fn dead_columns_predict_nothing() {
    let dead = Model {
        scale: vec![2.0, 0.0],
        ..small()
    };
    let prediction = dead.predict(&table(&[("a", &[10.0]), ("b", &[1e6])])).unwrap();
    // The noise and the mean of the sample: 2 sqrt(1 + 1/50).
    assert_eq!(
        (prediction.mean[0], prediction.sd[0]),
        (100.0, 2.0 * 1.02_f64.sqrt())
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..Default::default() })]

    #[test]
    fn mutated_model_files_never_panic(bytes in support::mutated(good_bytes())) {
        if let Ok(model) = load(&bytes) {
            let n = model.variables.len();
            prop_assert!([&model.mean, &model.weight, &model.inclusion].iter().all(|values| values.len() == n));
            prop_assert!(model.inclusion.iter().all(|m| (0.0..=1.0).contains(m)));
            prop_assert!(model.weight.iter().all(|w| w.is_finite()));
        }
    }
}
