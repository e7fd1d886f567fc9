//! `gibbs garrote` as a user meets it: results as table, JSON and files; resume, threads, signals.
//!
//! Every number that a result states is checked against the library or a closed form. The sets of JSON fields
//! are written out: a field that comes or goes turns a test red.
//!
//! Mutations seen red: MUTATIONS

#[path = "support/cli.rs"]
mod cli;

use cli::{err, fields, gibbs, object, out, run, text};
use gibbs::garrote::Model;
use serde_json::Value;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

fn diabetes() -> String {
    format!("{}/../fixtures/diabetes.csv", env!("CARGO_MANIFEST_DIR"))
}

/// A table of 40 rows: y = 3 a - 2 b + small noise; c is noise, `twin` is a again, `flat` does not vary.
fn small(dir: &TempDir) -> PathBuf {
    let wave = |row: u32, step: f64| (f64::from(row) * step).sin();
    let mut table = String::from("a,b,c,twin,flat,y\n");
    for row in 0..40 {
        let (a, b, c) = (wave(row, 1.1), 5.0 + 2.0 * wave(row, 2.3), wave(row, 3.7));
        let y = 3.0 * a - 2.0 * b + 0.5 * wave(row, 7.9);
        writeln!(table, "{a},{b},{c},{a},7,{y}").unwrap();
    }
    let path = dir.path().join("small.csv");
    std::fs::write(&path, table).unwrap();
    path
}

fn names(value: &Value) -> Vec<&str> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|name| name.as_str().unwrap())
        .collect()
}

/// A fitted model of the small table.
fn fitted(dir: &TempDir) -> (PathBuf, Value) {
    let (file, folder) = (small(dir), dir.path().join("fit"));
    let output = run(&[
        "garrote",
        "fit",
        text(&file),
        "--target",
        "y",
        "--json",
        "--out",
        text(&folder),
    ]);
    (folder.join("model.safetensors"), object(&output, 0))
}

#[test]
fn the_object_of_fit_has_the_documented_fields_in_original_units() {
    let dir = TempDir::new().unwrap();
    let (model, fit) = fitted(&dir);
    let expected = [
        "dead",
        "gamma",
        "intercept",
        "noise_sd",
        "rows",
        "rule",
        "schema",
        "seed",
        "selected",
        "status",
        "target",
        "variables",
    ];
    assert_eq!(fields(&fit), expected);
    assert_eq!(fit["schema"], "gibbs.garrote.fit/1");
    assert_eq!(
        (&fit["rule"], &fit["status"]),
        (&Value::from("ebic"), &Value::from("converged"))
    );
    assert_eq!((&fit["seed"], &fit["rows"]), (&Value::from(0), &Value::from(40)));
    assert_eq!(names(&fit["selected"]), ["a", "b"]);
    assert_eq!(names(&fit["dead"]), ["flat"]);
    let variables = fit["variables"].as_array().unwrap();
    assert_eq!(variables.len(), 5);
    let model = Model::load(&model).unwrap();
    for (i, variable) in variables.iter().enumerate() {
        let expected = [
            "effect",
            "evidence",
            "free_energy_gain",
            "inclusion",
            "name",
            "standardised_effect",
            "weight",
        ];
        assert_eq!(fields(variable), expected);
        assert_eq!(variable["name"], model.variables[i].as_str());
        let number = |field: &str| variable[field].as_f64().unwrap();
        let (m, w, sd) = (model.inclusion[i], model.weight[i], model.scale[i]);
        // The file holds the bits; JSON is read back to within an ulp.
        let near = |a: f64, b: f64| assert!((a - b).abs() <= 1e-15 * b.abs(), "{a} {b}");
        near(number("inclusion"), m);
        near(number("weight"), if sd > 0.0 { w / sd } else { 0.0 });
        near(number("effect"), if sd > 0.0 { m * w / sd } else { 0.0 });
        near(number("evidence"), model.evidence[i]);
        near(number("standardised_effect"), (m * w).abs() / model.target_sd);
        assert_eq!(
            variable["free_energy_gain"].is_null(),
            i > 1,
            "only selected variables"
        );
    }
    // The noise has an rms of 0.35 and is not quite orthogonal to a and b: three standard errors of about
    // 0.35/sqrt(40/2), half of that for b, whose spread is twice as wide.
    let effect = |i: usize| variables[i]["effect"].as_f64().unwrap();
    assert!(
        (effect(0) - 3.0).abs() < 0.24 && (effect(1) + 2.0).abs() < 0.12,
        "{} {}",
        effect(0),
        effect(1)
    );
    assert!(fit["intercept"].as_f64().unwrap().abs() < 0.6);
    let noise = fit["noise_sd"].as_f64().unwrap();
    assert!((0.3..0.4).contains(&noise), "rms of 0.5 sin: {noise}");
}

#[test]
fn the_table_names_what_was_selected_and_remarks_go_to_stderr() {
    let dir = TempDir::new().unwrap();
    let file = small(&dir);
    let arguments = ["garrote", "fit", text(&file), "--target", "-1", "--seed", "3"];
    let output = run(&arguments);
    let table = out(&output);
    assert_eq!(output.status.code(), Some(0));
    for word in [
        "inclusion",
        "Delta F",
        "intercept",
        "gamma",
        "sparsity",
        "noise sd",
        "ebic",
        "converged",
        "seed       3",
    ] {
        assert!(table.contains(word), "{word}: {table}");
    }
    assert!(table.lines().any(|line| line.starts_with("a ")) && !table.contains("twin"));
    let remarks = err(&output);
    assert!(remarks.contains("never selected: flat"), "{remarks}");
    assert!(
        remarks.contains("tie: `a` was selected and `twin` left out"),
        "{remarks}"
    );
    let quiet = run(&[&arguments[..], &["--quiet"]].concat());
    assert!(quiet.stderr.is_empty() && out(&quiet) == table);
}

#[test]
fn every_rule_fits_the_real_data_and_writes_its_figures() {
    for (rule, selected, figure) in [
        ("ebic", &["sex", "bmi", "bp", "s3", "s5"][..], None),
        ("ebic:0.5", &["sex", "bmi", "bp", "s3", "s5"], None),
        ("bic", &["sex", "bmi", "bp", "s3", "s5"], None),
        ("cv", &["bmi", "s5"], Some("error")),
        ("validation", &["bmi", "s5"], Some("error")),
        ("transition", &["bmi", "s5"], Some("transition")),
        ("plateau", &["bmi"], None),
    ] {
        let dir = TempDir::new().unwrap();
        let fit = object(
            &run(&[
                "garrote",
                "fit",
                &diabetes(),
                "--target",
                "target",
                "--rule",
                rule,
                "--replicas",
                "10",
                "--json",
                "--quiet",
                "--out",
                text(dir.path()),
            ]),
            0,
        );
        assert_eq!(fit["rule"], rule);
        // bmi and s5 are what every published analysis of these data agrees on; the information criteria give
        // one set, the one of lars and of exhaustive search by BIC.
        let found = names(&fit["selected"]);
        assert!(
            selected.iter().all(|name| found.contains(name)),
            "{rule}: {found:?}"
        );
        if rule.contains("bic") {
            assert_eq!(found, selected, "{rule}");
        }
        let mut expected: Vec<String> = ["importance", "inclusion"]
            .into_iter()
            .chain(figure)
            .flat_map(|stem| [format!("{stem}.png"), format!("{stem}.svg")])
            .chain(["model.safetensors".to_owned(), "variables.csv".to_owned()])
            .collect();
        expected.sort();
        assert_eq!(listing(dir.path()), expected, "{rule}");
        let csv = std::fs::read_to_string(dir.path().join("variables.csv")).unwrap();
        assert_eq!(csv.lines().count(), 11);
    }
}

fn listing(dir: &Path) -> Vec<String> {
    let mut files: Vec<String> = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    files
}

#[test]
fn a_validation_file_decides_and_may_hold_more_columns() {
    let dir = TempDir::new().unwrap();
    let file = small(&dir);
    let held = dir.path().join("held.csv");
    let table = std::fs::read_to_string(&file).unwrap();
    let with_text: Vec<String> = table
        .lines()
        .skip(1)
        .map(|line| format!("patient,{line}"))
        .collect();
    std::fs::write(
        &held,
        format!("name,a,b,c,twin,flat,y\n{}\n", with_text.join("\n")),
    )
    .unwrap();
    let arguments = [
        "garrote",
        "fit",
        text(&file),
        "--target",
        "y",
        "--rule",
        "validation",
        "--json",
    ];
    let own = object(
        &run(&[&arguments[..], &["--validation", text(&held)]].concat()),
        0,
    );
    // Judged on the rows that were fitted, the error falls to the end of the path; on a third left out it need not.
    assert!((own["gamma"].as_f64().unwrap() + 0.01).abs() < 1e-12);
    assert_eq!(object(&run(&arguments), 0)["rows"], 40);
}

#[test]
fn the_noise_can_be_fixed_and_a_capped_fit_is_exit_1_with_its_result() {
    let dir = TempDir::new().unwrap();
    let file = small(&dir);
    let arguments = ["garrote", "fit", text(&file), "--target", "y", "--json"];
    let fixed = object(&run(&[&arguments[..], &["--noise-sd", "0.5"]].concat()), 0);
    assert!((fixed["noise_sd"].as_f64().unwrap() - 0.5).abs() < 1e-12);
    // A noise floor above the true noise is reached at once.
    let output = run(&[&arguments[..], &["--floor", "0.5"]].concat());
    let capped = object(&output, 1);
    assert_eq!(capped["status"], "beta_capped");
    assert!(err(&output).contains("--floor 1e-6"), "{}", err(&output));
}

#[test]
fn the_path_shows_both_passes() {
    let dir = TempDir::new().unwrap();
    let (file, folder) = (diabetes(), dir.path().join("path"));
    let arguments = ["garrote", "path", &file, "--target", "target", "--gammas", "20"];
    let path = object(
        &run(&[&arguments[..], &["--json", "--quiet", "--out", text(&folder)]].concat()),
        0,
    );
    let expected = [
        "ending",
        "points",
        "rows",
        "schema",
        "seed",
        "target",
        "variables",
    ];
    assert_eq!(fields(&path), expected);
    assert_eq!(
        (&path["schema"], &path["ending"]),
        (&Value::from("gibbs.garrote.path/1"), &Value::from("grid"))
    );
    let points = path["points"].as_array().unwrap();
    assert_eq!(points.len(), 39, "20 forward, 19 backward");
    let expected = [
        "free_energy",
        "gamma",
        "index",
        "kept",
        "pass",
        "precision",
        "selected",
        "status",
        "support_size",
        "sweeps",
        "total_inclusion",
    ];
    let mut kept = [0; 20];
    for point in points {
        assert_eq!(fields(point), expected);
        let is_kept = point["kept"].as_bool().unwrap();
        assert_eq!(is_kept, point["selected"].is_array());
        if is_kept {
            let index = usize::try_from(point["index"].as_u64().unwrap()).unwrap();
            kept[index] += 1;
            assert_eq!(
                names(&point["selected"]).len() as u64,
                point["support_size"].as_u64().unwrap()
            );
            let twin = points.iter().filter(|p| p["index"] == point["index"]);
            let least = twin
                .map(|p| p["free_energy"].as_f64().unwrap())
                .fold(f64::INFINITY, f64::min);
            // The forward pass is kept unless the other is clearly below (256 eps of F).
            assert!(point["free_energy"].as_f64().unwrap() <= least + 1e-9);
        }
    }
    assert_eq!(kept, [1; 20], "one kept solution at each gamma");
    assert_eq!(listing(&folder), ["inclusion.png", "inclusion.svg", "path.csv"]);
    let csv = std::fs::read_to_string(folder.join("path.csv")).unwrap();
    assert_eq!(csv.lines().count(), 40);
    let table = out(&run(&arguments));
    assert!(
        table.contains("backward") && table.contains("bmi") && table.contains("seed 0"),
        "{table}"
    );
}

#[test]
fn predictions_are_the_librarys_with_score_where_the_target_is_known() {
    let dir = TempDir::new().unwrap();
    let (model_file, _) = fitted(&dir);
    let file = dir.path().join("new.csv");
    std::fs::write(
        &file,
        "y,b,twin,c,flat,a,note\n-10,5,0,0,7,0,hello\n-8,5.5,1,0.5,7,1,\n",
    )
    .unwrap();
    let model = Model::load(&model_file).unwrap();
    for hard in [false, true] {
        let folder = dir.path().join("out");
        let mut arguments = vec![
            "garrote",
            "predict",
            text(&model_file),
            text(&file),
            "--json",
            "--out",
            text(&folder),
        ];
        arguments.extend(hard.then_some("--hard"));
        let output = run(&arguments);
        let predicted = object(&output, 0);
        assert_eq!(
            fields(&predicted),
            ["prediction", "r2", "rmse", "rows", "schema", "target"]
        );
        assert_eq!(predicted["schema"], "gibbs.garrote.predict/1");
        assert_eq!(predicted["prediction"], if hard { "hard" } else { "soft" });
        let column = |name: &str, values: [f64; 2]| gibbs::data::Column {
            name: name.to_owned(),
            values: values.to_vec(),
        };
        let table = gibbs::data::Table {
            columns: vec![
                column("a", [0.0, 1.0]),
                column("b", [5.0, 5.5]),
                column("c", [0.0, 0.5]),
                column("twin", [0.0, 1.0]),
                column("flat", [7.0, 7.0]),
            ],
        };
        let expected = if hard {
            model.predict_hard(&table)
        } else {
            model.predict(&table)
        }
        .unwrap();
        let rows = predicted["rows"].as_array().unwrap();
        assert_eq!(rows.len(), 2);
        for (i, row) in rows.iter().enumerate() {
            assert_eq!(fields(row), ["mean", "row", "sd"]);
            let near = |field: &str, value: f64| {
                assert!(
                    (row[field].as_f64().unwrap() - value).abs() <= 1e-15 * value.abs(),
                    "{field} {row}"
                );
            };
            assert_eq!(row["row"], i + 1);
            near("mean", expected.mean[i]);
            near("sd", expected.sd[i]);
        }
        let error = [expected.mean[0] + 10.0, expected.mean[1] + 8.0].map(|e| e * e);
        let (r2, rmse) = (
            1.0 - (error[0] + error[1]) / 2.0,
            ((error[0] + error[1]) / 2.0).sqrt(),
        );
        assert!((predicted["r2"].as_f64().unwrap() - r2).abs() < 1e-12);
        assert!((predicted["rmse"].as_f64().unwrap() - rmse).abs() < 1e-12);
        assert!(err(&output).contains("R2 "), "{}", err(&output));
        let csv = std::fs::read_to_string(folder.join("predictions.csv")).unwrap();
        assert!(
            csv.starts_with("row,mean,sd,y\n1,") && csv.lines().count() == 3,
            "{csv}"
        );
    }
    std::fs::write(&file, "a,b,c,twin,flat\n0,5,0,0,7\n").unwrap();
    let blind = object(
        &run(&["garrote", "predict", text(&model_file), text(&file), "--json"]),
        0,
    );
    assert!(blind["r2"].is_null() && blind["rmse"].is_null());
    let table = run(&["garrote", "predict", text(&model_file), text(&file)]);
    assert!(out(&table).lines().next().unwrap().contains("sd") && !err(&table).contains("R2"));
}

#[test]
fn export_gives_the_librarys_source() {
    use gibbs::garrote::export::{Scalar, export_c, export_rust};
    let dir = TempDir::new().unwrap();
    let (file, _) = fitted(&dir);
    let model = Model::load(&file).unwrap();
    let verb = ["garrote", "export", text(&file)];
    let source = |more: &[&str]| out(&run(&[&verb[..], more].concat()));
    assert_eq!(source(&["--rust"]), export_rust(&model, Scalar::F64).unwrap());
    assert_eq!(
        source(&["--c", "--f32"]),
        export_c(&model, "garrote", Scalar::F32).unwrap()
    );
    let object = object(
        &run(&[&verb[..], &["--c", "--prefix", "sugar", "--json"]].concat()),
        0,
    );
    let expected = [
        "file",
        "language",
        "scalar",
        "schema",
        "source",
        "target",
        "variables",
    ];
    assert_eq!(fields(&object), expected);
    assert_eq!(object["source"], export_c(&model, "sugar", Scalar::F64).unwrap());
    assert_eq!(
        (&object["language"], &object["scalar"]),
        (&Value::from("c"), &Value::from("f64"))
    );
    assert_eq!(
        (&object["schema"], names(&object["variables"]).len()),
        (&Value::from("gibbs.garrote.export/1"), 5)
    );
    let folder = dir.path().join("src");
    let written = source(&["--rust", "--out", text(&folder)]);
    let path = folder.join("garrote.rs");
    assert_eq!(written.trim_end(), text(&path));
    assert_eq!(
        std::fs::read_to_string(path).unwrap(),
        export_rust(&model, Scalar::F64).unwrap()
    );
}

#[test]
fn synth_writes_a_problem_that_fit_solves() {
    let dir = TempDir::new().unwrap();
    let synth = object(
        &run(&[
            "garrote",
            "synth",
            "D1",
            "--seed",
            "5",
            "--json",
            "--out",
            text(dir.path()),
        ]),
        0,
    );
    let expected = [
        "columns", "files", "noise_sd", "protocol", "relevant", "rows", "schema", "seed", "target",
    ];
    assert_eq!(fields(&synth), expected);
    assert_eq!(synth["schema"], "gibbs.garrote.synth/1");
    assert_eq!(
        (&synth["protocol"], &synth["seed"]),
        (&Value::from("D1"), &Value::from(5))
    );
    assert_eq!(synth["relevant"][1]["weight"], 3.0);
    assert_eq!(listing(dir.path()), ["test.csv", "train.csv", "truth.csv"]);
    let train = dir.path().join("train.csv");
    let fit = object(
        &run(&["garrote", "fit", text(&train), "--target", "y", "--json"]),
        0,
    );
    assert_eq!(names(&fit["selected"]), ["x0", "x1"]);
    let table = run(&["garrote", "synth", "B", "--out", text(dir.path())]);
    assert!(out(&table).contains("validation.csv") && out(&table).contains("seed 0"));
}

#[test]
fn results_do_not_depend_on_the_number_of_threads() {
    for rule in ["cv", "transition"] {
        let fit = |threads: &str, dir: &TempDir| {
            let output = run(&[
                "garrote",
                "fit",
                &diabetes(),
                "--target",
                "target",
                "--rule",
                rule,
                "--replicas",
                "6",
                "--json",
                "--threads",
                threads,
                "--out",
                text(dir.path()),
            ]);
            object(&output, 0);
            let model = std::fs::read(dir.path().join("model.safetensors")).unwrap();
            (output.stdout, model)
        };
        let (one, two) = (TempDir::new().unwrap(), TempDir::new().unwrap());
        assert!(fit("1", &one) == fit("2", &two), "{rule}");
    }
}

/// Long enough to be stopped after the checkpoint was first written, which is before the work.
#[cfg(unix)]
#[test]
fn a_stopped_fit_resumes_to_the_same_bits() {
    let (stopped, whole) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let arguments = |dir: &TempDir, more: &[&str]| -> Vec<String> {
        let all = [
            "garrote",
            "fit",
            &diabetes(),
            "--target",
            "target",
            "--rule",
            "transition",
            "--replicas",
            "150",
        ];
        let rest = ["--json", "--out", text(dir.path())];
        all.iter()
            .chain(&rest)
            .chain(more)
            .map(|word| (*word).to_owned())
            .collect()
    };
    let words = |all: &[String]| -> Vec<String> { all.to_vec() };
    let start = |all: Vec<String>| {
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        gibbs(&all)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let child = start(arguments(&stopped, &["--threads", "1"]));
    let checkpoint = stopped.path().join("fit.checkpoint");
    for _ in 0..2000 {
        if checkpoint.exists() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    std::thread::sleep(std::time::Duration::from_millis(300));
    assert!(
        Command::new("kill")
            .args(["-INT", &child.id().to_string()])
            .status()
            .unwrap()
            .success()
    );
    let output = child.wait_with_output().unwrap();
    let refusal = object(&output, 130);
    assert_eq!(refusal["schema"], "gibbs.error/1");
    let finished = refusal["finished"].as_u64().unwrap();
    assert!((1..150).contains(&finished), "stopped on the way: {finished}");
    assert!(err(&output).contains("--resume"), "{}", err(&output));
    assert_eq!(
        listing(stopped.path()),
        ["fit.checkpoint"],
        "nothing half-written"
    );

    // Another fit may not go on from here, nor may a damaged file be believed.
    let other = start(arguments(&stopped, &["--resume", "--seed", "1"]))
        .wait_with_output()
        .unwrap();
    assert_eq!(object(&other, 2)["schema"], "gibbs.error/1");
    assert!(
        err(&other).contains("seed 0") && err(&other).contains("hint: "),
        "{}",
        err(&other)
    );
    let other = start(arguments(&stopped, &["--resume", "--gammas", "20"]))
        .wait_with_output()
        .unwrap();
    assert!(err(&other).contains("data or options"), "{}", err(&other));
    let good = std::fs::read_to_string(&checkpoint).unwrap();
    std::fs::write(&checkpoint, good.replacen(" 2.0 ", " 3.0 ", 1)).unwrap();
    let damaged = start(arguments(&stopped, &["--resume"]))
        .wait_with_output()
        .unwrap();
    assert_eq!(object(&damaged, 2)["code"], 2);
    assert!(err(&damaged).contains("damaged"), "{}", err(&damaged));
    std::fs::write(&checkpoint, good).unwrap();

    let resumed = start(words(&arguments(&stopped, &["--resume"])))
        .wait_with_output()
        .unwrap();
    let direct = start(arguments(&whole, &[])).wait_with_output().unwrap();
    object(&direct, 0);
    assert!(resumed.stdout == direct.stdout, "{}", err(&resumed));
    assert_eq!(
        listing(stopped.path()),
        listing(whole.path()),
        "the checkpoint is gone"
    );
    for file in listing(whole.path()) {
        let read = |dir: &TempDir| std::fs::read(dir.path().join(&file)).unwrap();
        assert!(read(&stopped) == read(&whole), "{file}");
    }
}
