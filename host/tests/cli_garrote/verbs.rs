//! `path`, `predict`, `export` and `synth`.

use super::cli::{Place, err, fields, object, out, texts};
use super::fitted;
use gibbs::data::{Table, TableOptions};

#[test]
fn the_path_shows_both_passes() {
    let place = Place::new();
    let call = "garrote path diabetes.csv --target target --gammas 20 --out path";
    let path = place.json(call);
    assert_eq!(path["ending"], "grid");
    let points = path["points"].as_array().unwrap();
    assert_eq!(points.len(), 39, "20 forward, 19 backward");
    let mut kept = [0; 20];
    for point in points {
        let is_kept = point["kept"].as_bool().unwrap();
        assert_eq!(is_kept, point["selected"].is_array());
        if is_kept {
            let index = usize::try_from(point["index"].as_u64().unwrap()).unwrap();
            kept[index] += 1;
            assert_eq!(point["support_size"], texts(&point["selected"]).len());
            let twin = points.iter().filter(|p| p["index"] == point["index"]);
            let least = twin
                .map(|p| p["free_energy"].as_f64().unwrap())
                .fold(f64::INFINITY, f64::min);
            // the backward solution is kept only if its F is lower by more than 1e-6 of it (core: path::trace)
            assert!(point["free_energy"].as_f64().unwrap() <= least + 1.01e-6 * (1.0 + least.abs()));
        }
    }
    assert_eq!(kept, [1; 20], "one kept solution at each gamma");
    assert_eq!(
        place.names("path"),
        ["inclusion.png", "inclusion.svg", "path.csv"]
    );
    assert_eq!(place.read("path/path.csv").lines().count(), 40);
    let table = place.shown(call);
    for words in ["backward", "bmi", "seed       0"] {
        assert!(table.contains(words), "{table}");
    }
}

#[test]
fn predictions_are_the_librarys_with_score_where_the_target_is_known() {
    let (place, model, _) = fitted();
    place.write(
        "new.csv",
        "y,b,twin,c,flat,a,note\n-10,5,0,0,7,0,hello\n-8,5.5,1,0.5,7,1,\n",
    );
    let table = Table::of([
        ("a", vec![0.0, 1.0]),
        ("b", vec![5.0, 5.5]),
        ("c", vec![0.0, 0.5]),
        ("twin", vec![0.0, 1.0]),
        ("flat", vec![7.0, 7.0]),
    ]);
    let predict = "garrote predict fit/model.safetensors new.csv";
    for (option, name, expected) in [
        ("", "soft", model.predict(&table)),
        ("--hard", "hard", model.predict_hard(&table)),
    ] {
        let output = place.call(&format!("{predict} --json --out out {option}"));
        let predicted = object(&output, 0);
        assert_eq!(predicted["prediction"], name);
        let expected = expected.unwrap();
        let rows = predicted["rows"].as_array().unwrap();
        assert_eq!(rows.len(), 2);
        for (i, row) in rows.iter().enumerate() {
            assert_eq!(fields(row), ["high", "low", "mean", "observed", "row", "sd"]);
            assert_eq!(row["row"], i + 1);
            for (field, value) in [("mean", expected.mean[i]), ("sd", expected.sd[i])] {
                let off = (row[field].as_f64().unwrap() - value).abs();
                assert!(off <= 1e-15 * value.abs(), "{field} {row}");
            }
        }
        let error = [expected.mean[0] + 10.0, expected.mean[1] + 8.0].map(|e| e * e);
        let mean = f64::midpoint(error[0], error[1]);
        let (r2, rmse) = (1.0 - mean, mean.sqrt()); // y = -10, -8: their spread is 2
        assert!((predicted["r2"].as_f64().unwrap() - r2).abs() < 1e-12);
        assert!((predicted["rmse"].as_f64().unwrap() - rmse).abs() < 1e-12);
        assert!(err(&output).contains("R2 "), "{}", err(&output));
        let csv = place.read("out/predictions.csv");
        assert!(csv.starts_with("row,mean,sd,low,high,observed\n1,"), "{csv}");
        assert_eq!(csv.lines().count(), 3);
    }
    place.write("new.csv", "a,b,c,twin,flat\n0,5,0,0,7\n");
    let blind = place.json(predict);
    assert!(blind["r2"].is_null() && blind["rmse"].is_null());
    let table = place.call(predict);
    assert!(out(&table).lines().next().unwrap().contains("sd") && !err(&table).contains("R2"));
}

#[test]
fn export_gives_the_librarys_source() {
    use gibbs::garrote::export::{Scalar, export_c, export_rust};
    let (place, model, _) = fitted();
    let export = "garrote export fit/model.safetensors";
    let rust = export_rust(&model, Scalar::F64).unwrap();
    assert_eq!(place.shown(&format!("{export} --rust")), rust);
    assert_eq!(
        place.shown(&format!("{export} --c --f32")),
        export_c(&model, "garrote", Scalar::F32).unwrap()
    );
    let found = place.json(&format!("{export} --c --prefix sugar"));
    assert_eq!(found["source"], export_c(&model, "sugar", Scalar::F64).unwrap());
    for (field, value) in [
        ("schema", "gibbs.garrote.export/2"),
        ("language", "c"),
        ("scalar", "f64"),
    ] {
        assert_eq!(found[field], value);
    }
    assert_eq!(texts(&found["variables"]).len(), 5);
    let written = place.shown(&format!("{export} --rust --out src"));
    assert!(written.contains("rust"), "{written}");
    assert_eq!(place.read("src/garrote.rs"), rust);
}

#[test]
fn synth_writes_a_problem_that_fit_solves() {
    let place = Place::new();
    let synth = place.json("garrote synth D1 --seed 5 --out d1");
    assert_eq!((&synth["protocol"], &synth["seed"]), (&"D1".into(), &5.into()));
    assert_eq!(synth["relevant"][1]["weight"], 3.0);
    assert_eq!(place.names("d1"), ["test.csv", "train.csv", "truth.csv"]);
    let written = TableOptions::default().read(&place.path("d1/train.csv")).unwrap();
    let y = &written.table.column("y").unwrap().values;
    let drawn = gibbs::garrote::synth::Protocol::D1.draw(5).train;
    assert_eq!(*y, drawn.y, "the draw of seed 5, to the bit");
    let fit = place.json("garrote fit d1/train.csv --target y");
    assert_eq!(texts(&fit["selected"]), ["x0", "x1"]);
    let table = place.call("garrote synth B --out b");
    assert!(err(&table).contains("validation.csv") && out(&table).contains("seed       0"));
}
