//! `path`, `predict`, `export` and `synth`.

use super::cli::{err, fields, object, out, run, text};
use super::{diabetes, fitted, listing, names};
use gibbs::garrote::Model;
use serde_json::Value;
use tempfile::TempDir;

#[test]
fn the_path_shows_both_passes() {
    let dir = TempDir::new().unwrap();
    let (file, folder) = (diabetes(), dir.path().join("path"));
    let arguments = ["garrote", "path", &file, "--target", "target", "--gammas", "20"];
    let path = object(
        &run(&[&arguments[..], &["--json", "--quiet", "--out", text(&folder)]].concat()),
        0,
    );
    assert_eq!(
        (&path["schema"], &path["ending"]),
        (&Value::from("gibbs.garrote.path/2"), &Value::from("grid"))
    );
    let points = path["points"].as_array().unwrap();
    assert_eq!(points.len(), 39, "20 forward, 19 backward");
    let mut kept = [0; 20];
    for point in points {
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
            // the backward solution is kept only if its F is lower by more than 1e-6 of it (core: path::trace)
            assert!(point["free_energy"].as_f64().unwrap() <= least + 1.01e-6 * (1.0 + least.abs()));
        }
    }
    assert_eq!(kept, [1; 20], "one kept solution at each gamma");
    assert_eq!(listing(&folder), ["inclusion.png", "inclusion.svg", "path.csv"]);
    let csv = std::fs::read_to_string(folder.join("path.csv")).unwrap();
    assert_eq!(csv.lines().count(), 40);
    let table = out(&run(&arguments));
    assert!(
        table.contains("backward") && table.contains("bmi") && table.contains("seed       0"),
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
        assert_eq!(predicted["schema"], "gibbs.garrote.predict/3");
        assert_eq!(predicted["prediction"], if hard { "hard" } else { "soft" });
        let columns = [
            ("a", [0.0, 1.0]),
            ("b", [5.0, 5.5]),
            ("c", [0.0, 0.5]),
            ("twin", [0.0, 1.0]),
            ("flat", [7.0, 7.0]),
        ];
        let table = gibbs::data::Table::of(columns.map(|(name, values)| (name, values.to_vec())));
        let expected = if hard {
            model.predict_hard(&table)
        } else {
            model.predict(&table)
        }
        .unwrap();
        let rows = predicted["rows"].as_array().unwrap();
        assert_eq!(rows.len(), 2);
        for (i, row) in rows.iter().enumerate() {
            assert_eq!(fields(row), ["high", "low", "mean", "observed", "row", "sd"]);
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
        let mean = f64::midpoint(error[0], error[1]);
        let (r2, rmse) = (1.0 - mean, mean.sqrt()); // y = -10, -8: their spread is 2
        assert!((predicted["r2"].as_f64().unwrap() - r2).abs() < 1e-12);
        assert!((predicted["rmse"].as_f64().unwrap() - rmse).abs() < 1e-12);
        assert!(err(&output).contains("R2 "), "{}", err(&output));
        let csv = std::fs::read_to_string(folder.join("predictions.csv")).unwrap();
        assert!(
            csv.starts_with("row,mean,sd,low,high,observed\n1,") && csv.lines().count() == 3,
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
    assert_eq!(object["source"], export_c(&model, "sugar", Scalar::F64).unwrap());
    assert_eq!(
        (&object["language"], &object["scalar"]),
        (&Value::from("c"), &Value::from("f64"))
    );
    assert_eq!(
        (&object["schema"], names(&object["variables"]).len()),
        (&Value::from("gibbs.garrote.export/2"), 5)
    );
    let folder = dir.path().join("src");
    let written = source(&["--rust", "--out", text(&folder)]);
    let path = folder.join("garrote.rs");
    assert!(written.contains("rust"), "{written}");
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
    assert_eq!(synth["schema"], "gibbs.garrote.synth/2");
    assert_eq!(
        (&synth["protocol"], &synth["seed"]),
        (&Value::from("D1"), &Value::from(5))
    );
    assert_eq!(synth["relevant"][1]["weight"], 3.0);
    assert_eq!(listing(dir.path()), ["test.csv", "train.csv", "truth.csv"]);
    let train = dir.path().join("train.csv");
    let written = gibbs::data::TableOptions::default().read(&train).unwrap().table;
    let drawn = gibbs::garrote::synth::Protocol::D1.draw(5).train;
    assert_eq!(
        written.column("y").unwrap().values,
        drawn.y,
        "the draw of seed 5, to the bit"
    );
    let fit = object(
        &run(&["garrote", "fit", text(&train), "--target", "y", "--json"]),
        0,
    );
    assert_eq!(names(&fit["selected"]), ["x0", "x1"]);
    let table = run(&["garrote", "synth", "B", "--out", text(dir.path())]);
    assert!(err(&table).contains("validation.csv") && out(&table).contains("seed       0"));
}
