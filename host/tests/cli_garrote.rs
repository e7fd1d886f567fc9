//! `gibbs garrote` as a user meets it: results as table, JSON and files; threads. Stops and resumes: `verbs.rs`.
//!
//! Every number that a result states is checked against the library or a closed form.
//!
//! Mutations seen red: the weight without its division by the standard deviation; ties not looked for; a capped
//! fit ending in exit code 0; a kept backward solution not marked; `--hard` not heeded; `--f32` not heeded; the
//! seed of `synth` not heeded; unwanted columns read; the hash of the checkpoint's parts not compared; its
//! numbers kept to six digits.

#[path = "support/cli.rs"]
mod cli;
#[path = "cli_garrote/statistics.rs"]
mod statistics;
#[path = "cli_garrote/verbs.rs"]
mod verbs;

use cli::{Place, err, object, out, texts};
use gibbs::garrote::Model;
use serde_json::Value;
use std::fmt::Write as _;

/// A folder with `small.csv`, 40 rows: y = 3 a - 2 b + small noise; c is noise, `twin` is a again, `flat` does not vary.
fn small() -> Place {
    let wave = |row: u32, step: f64| (f64::from(row) * step).sin();
    let mut table = String::from("a,b,c,twin,flat,y\n");
    for row in 0..40 {
        let (a, b, c) = (wave(row, 1.1), 5.0 + 2.0 * wave(row, 2.3), wave(row, 3.7));
        let y = 3.0 * a - 2.0 * b + 0.5 * wave(row, 7.9);
        writeln!(table, "{a},{b},{c},{a},7,{y}").unwrap();
    }
    let place = Place::new();
    place.write("small.csv", table);
    place
}

/// The small table, its model `fit/model.safetensors`, and the object of the fit.
fn fitted() -> (Place, Model, Value) {
    let place = small();
    let fit = place.json("garrote fit small.csv --target y --out fit");
    let model = Model::load(&place.path("fit/model.safetensors")).unwrap();
    (place, model, fit)
}

#[test]
fn the_object_of_fit_has_the_documented_fields_in_original_units() {
    let (_, model, fit) = fitted();
    for (field, value) in [("rule", "ebic"), ("ended", "converged")] {
        assert_eq!(fit[field], value);
    }
    assert_eq!((&fit["seed"], &fit["rows"]), (&0.into(), &40.into()));
    assert_eq!(texts(&fit["selected"]), ["a", "b"]);
    assert_eq!(texts(&fit["dead"]), ["flat"]);
    let variables = fit["variables"].as_array().unwrap();
    assert_eq!(variables.len(), 5);
    for (i, variable) in variables.iter().enumerate() {
        assert_eq!(variable["name"], model.variables[i].as_str());
        let (m, w, sd) = (model.inclusion[i], model.weight[i], model.scale[i]);
        for (field, expected) in [
            ("inclusion", m),
            ("weight", if sd > 0.0 { w / sd } else { 0.0 }),
            ("effect", if sd > 0.0 { m * w / sd } else { 0.0 }),
            ("evidence", model.evidence[i]),
            ("standardised_effect", (m * w).abs() / model.target_sd),
        ] {
            // The file holds the bits; JSON is read back to within an ulp.
            let found = variable[field].as_f64().unwrap();
            assert!((found - expected).abs() <= 1e-15 * expected.abs(), "{variable}");
        }
        let gain = &variable["free_energy_gain"];
        assert_eq!(gain.is_null(), i > 1, "only selected variables");
    }
    // The noise has an rms of 0.35 and is not quite orthogonal to a and b: three standard errors of about
    // 0.35/sqrt(40/2), half of that for b, whose spread is twice as wide.
    let [a, b] = [0, 1].map(|i| variables[i]["effect"].as_f64().unwrap());
    assert!((a - 3.0).abs() < 0.24 && (b + 2.0).abs() < 0.12, "{a} {b}");
    assert!(fit["intercept"].as_f64().unwrap().abs() < 0.6);
    let noise = fit["noise_sd"].as_f64().unwrap();
    assert!((0.3..0.4).contains(&noise), "rms of 0.5 sin: {noise}");
}

#[test]
fn the_table_names_what_was_selected_and_remarks_go_to_stderr() {
    let place = small();
    let call = "garrote fit small.csv --target -1 --seed 3";
    let output = place.call(call);
    let table = out(&output);
    assert_eq!(output.status.code(), Some(0));
    let words = "inclusion,Delta F,intercept,gamma,sparsity,noise sd,ebic,converged,seed       3";
    for word in words.split(',') {
        assert!(table.contains(word), "{word}: {table}");
    }
    assert!(table.lines().any(|line| line.starts_with("a ")) && !table.contains("twin"));
    let remarks = err(&output);
    assert!(remarks.contains("never selected: flat"), "{remarks}");
    let tie = "tie: `a` was selected and `twin` left out";
    assert!(remarks.contains(tie), "{remarks}");
    let quiet = place.call(&format!("{call} --quiet"));
    assert!(quiet.stderr.is_empty() && out(&quiet) == table);
}

#[test]
fn every_rule_fits_the_real_data_and_writes_its_figures() {
    let by_criterion = "sex bmi bp s3 s5";
    for (rule, selected, figure) in [
        ("ebic", by_criterion, None),
        ("ebic:0.5", by_criterion, None),
        ("bic", by_criterion, None),
        ("cv", "bmi s5", Some("error")),
        ("validation", "bmi s5", Some("error")),
        ("transition", "bmi s5", Some("transition")),
        ("plateau", "bmi", None),
    ] {
        let place = Place::new();
        let fit = place.json(&format!(
            "garrote fit diabetes.csv --target target --rule {rule} --replicas 10 --out out"
        ));
        assert_eq!(fit["rule"], rule);
        // bmi and s5 are what every published analysis of these data agrees on; the information criteria give
        // one set, the one of lars and of exhaustive search by BIC.
        let found = texts(&fit["selected"]);
        let all = selected.split(' ').all(|name| found.contains(&name));
        assert!(all, "{rule}: {found:?}");
        if rule.contains("bic") {
            assert_eq!(found.join(" "), selected, "{rule}");
        }
        let mut expected = vec!["model.safetensors".to_owned(), "variables.csv".to_owned()];
        for stem in ["importance", "inclusion"].into_iter().chain(figure) {
            expected.extend(["png", "svg"].map(|format| format!("{stem}.{format}")));
        }
        expected.extend(rule.contains("bic").then(|| "runners_up.csv".to_owned()));
        expected.sort();
        assert_eq!(place.names("out"), expected, "{rule}");
        assert_eq!(place.read("out/variables.csv").lines().count(), 11);
    }
}

#[test] // edge: garrote-validation
fn a_validation_file_decides_and_may_hold_more_columns() {
    let place = small();
    let table = place.read("small.csv").replace('\n', "\npatient,");
    let table = table.trim_end_matches("patient,");
    place.write("held.csv", format!("name,{table}"));
    let fit = "garrote fit small.csv --target y --rule validation";
    let own = place.json(&format!("{fit} --validation held.csv"));
    // Judged on the rows that were fitted, the error falls to the end of the path; on a third left out it need not.
    assert!((own["gamma"].as_f64().unwrap() + 0.01).abs() < 1e-12);
    assert_eq!(place.json(fit)["rows"], 40);
}

#[test]
fn the_noise_can_be_fixed_and_a_capped_fit_is_exit_1_with_its_result() {
    let place = small();
    let fit = "garrote fit small.csv --target y --json";
    let fixed = place.json("garrote fit small.csv --target y --noise-sd 0.5");
    assert!((fixed["noise_sd"].as_f64().unwrap() - 0.5).abs() < 1e-12);
    // A noise floor above the true noise is reached at once.
    let output = place.call(&format!("{fit} --floor 0.5"));
    assert_eq!(object(&output, 1)["ended"], "beta_capped");
    assert!(err(&output).contains("--noise-sd SD"), "{}", err(&output));
}

#[test] // law: garrote-cv
fn results_do_not_depend_on_the_number_of_threads() {
    let place = Place::new();
    for rule in ["cv", "transition"] {
        let [one, two] = [1, 2].map(|threads| {
            let options = format!("--rule {rule} --replicas 6 --threads {threads} --out {rule}-{threads}");
            let mut fit = place.json(&format!("garrote fit diabetes.csv --target target {options}"));
            fit["timing"] = Value::Null;
            (fit, place.bytes(&format!("{rule}-{threads}/model.safetensors")))
        });
        assert!(one == two, "{rule}");
    }
}
