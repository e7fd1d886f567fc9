//! Tables as users have them: one problem, written down in many ways, is fitted to the same bits; rows and columns keep
//! their identity from `fit` to `predict` and `export`.
//!
//! Meant to be seen: the target looked up after columns were left out; rows numbered after rows were left out; the target
//! of `predict` read as if it were needed.

#[path = "support/cli.rs"]
mod cli;

use cli::{err, object, run, text};
use serde_json::Value;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Stdio;
use tempfile::TempDir;

/// Rows of the problem: x0 to x3, and y = 2 x0 - x2 with a little noise, all with a few decimals.
fn problem() -> Vec<[f64; 5]> {
    let wave = |k: usize, step: f64| ((k as f64 * step).sin() * 3000.0).round() / 1000.0;
    let row = |k: usize| {
        let x = [1.3, 2.1, 2.9, 0.7].map(|step| wave(k + 1, step));
        let y = 2.0 * x[0] - x[2] + wave(k + 1, 5.3) / 20.0;
        [x[0], x[1], x[2], x[3], (y * 1e4).round() / 1e4]
    };
    (0..30).map(row).collect()
}

/// The problem as text: header, separator, line end, how a number is written, what stands before each row.
fn written(
    header: &str,
    separator: &str,
    end: &str,
    number: impl Fn(f64) -> String,
    before: impl Fn(usize) -> String,
) -> String {
    let mut file = String::new();
    if !header.is_empty() {
        file += header;
        file += end;
    }
    for (k, row) in problem().iter().enumerate() {
        let cells: Vec<String> = row.iter().map(|value| number(*value)).collect();
        let _ = write!(file, "{}{}{end}", before(k), cells.join(separator));
    }
    file
}

struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    /// `fit` of a file with these options.
    fn fit(&self, name: &str, content: impl AsRef<[u8]>, options: &[&str]) -> std::process::Output {
        let file = self.file(name, content);
        run(&[&["garrote", "fit", text(&file), "--json"], options].concat())
    }
}

fn plain() -> String {
    written("x0,x1,x2,x3,y", ",", "\n", |v| v.to_string(), |_| String::new())
}

/// What must not depend on how a table is written down: the numbers, without names.
fn numbers(fit: &Value) -> Vec<Value> {
    let variables = fit["variables"].as_array().unwrap().iter();
    let of = |variable: &Value| {
        let mut variable = variable.clone();
        variable.as_object_mut().unwrap().remove("name");
        variable
    };
    variables.map(of).chain([fit["intercept"].clone()]).collect()
}

#[test]
fn one_problem_in_many_files_is_one_fit() {
    let place = Place::new();
    let expected = object(&place.fit("plain.csv", plain(), &["--target", "y"]), 0);
    assert_eq!(expected["selected"], serde_json::json!(["x0", "x2"]));
    let number = |v: f64| v.to_string();
    let none = |_| String::new();
    let comma = |v: f64| v.to_string().replace('.', ",");
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(plain().as_bytes()).unwrap();
    let y = ["--target", "y"];
    let files: [(&str, Vec<u8>, &[&str]); 14] = [
        (
            "inch.csv",
            written("d 5\";x1;x2;x3;y", ";", "\n", number, none).into(),
            &y,
        ),
        ("commas.tsv", plain().into(), &y),
        (
            "mac.csv",
            written("x0,x1,x2,x3,y", ",", "\r", number, none).into(),
            &y,
        ),
        (
            "dos.csv",
            written("x0,x1,x2,x3,y", ",", "\r\n", number, none).into(),
            &y,
        ),
        (
            "decimal.csv",
            written("x0;x1;x2;x3;y", ";", "\n", comma, none).into(),
            &["--target", "y", "--decimal", ","],
        ),
        (
            "bar.txt",
            written("x0|x1|x2|x3|y", "|", "\n", number, none).into(),
            &["--target", "y", "--separator", "|"],
        ),
        (
            "tab.txt",
            written("x0\tx1\tx2\tx3\ty", "\t", "\n", number, none).into(),
            &["--target", "y", "--separator", "tab"],
        ),
        (
            "years.csv",
            written("2019,2020,2021,2022,2023", ",", "\n", number, none).into(),
            &["--target", "2023", "--header"],
        ),
        (
            "bare.csv",
            written("", ",", "\n", number, none).into(),
            &["--target", "-1", "--no-header"],
        ),
        (
            "pandas.csv",
            written(",x0,x1,x2,x3,y", ",", "\n", number, |k| format!("{k},")).into(),
            &["--target", "5", "--index-column"],
        ),
        (
            "named.csv",
            written("who,x0,x1,x2,x3,y", ",", "\n", number, |k| {
                format!("\"row, {k}\",")
            })
            .into(),
            &["--target", "-1", "--index-column", "who"],
        ),
        (
            "comma.csv",
            written("\"last, first\",x0,x1,x2,x3,y", ",", "\n", number, |_| {
                "n,".to_owned()
            })
            .into(),
            &["--target", "y", "--ignore", "last, first"],
        ),
        (
            "gap.csv",
            plain().replacen('\n', "\n1,2,-999,NaN,5\n", 1).into(),
            &[
                "--target",
                "4",
                "--missing",
                "drop-rows",
                "--na",
                "NaN",
                "--na",
                "-999",
            ],
        ),
        ("packed.csv.gz", packed.finish().unwrap(), &y),
    ];
    for (name, content, options) in files {
        let output = place.fit(name, content, options);
        assert_eq!(output.status.code(), Some(0), "{name}: {}", err(&output));
        assert_eq!(numbers(&object(&output, 0)), numbers(&expected), "{name}");
        if name.rsplit_once('.').is_none_or(|(_, end)| end != "csv") {
            assert!(err(&output).contains("read 30 rows"), "{name}: {}", err(&output));
        }
    }
}

#[test] // `-` is standard input
fn standard_input_is_a_table() {
    let mut child = cli::gibbs(&["garrote", "fit", "-", "--target", "y", "--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(plain().as_bytes()).unwrap();
    let fit = object(&child.wait_with_output().unwrap(), 0);
    assert_eq!(fit["selected"], serde_json::json!(["x0", "x2"]));
    let mut child = cli::gibbs(&["garrote", "fit", "-", "--target", "y"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"a,y\n1,x\n").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(
        err(&output).contains("standard input: line 2"),
        "{}",
        err(&output)
    );
}

#[test]
fn what_cannot_be_guessed_is_refused_with_what_helps() {
    let place = Place::new();
    for (content, hint) in [
        ("M,3,1,31\nF,1,0,10\nM,4,1,41\n", "--no-header"),
        ("2019,2020,y\n1,2,3\n", "--header"),
        (",a,y\n0,1,2\n", "--index-column"),
        ("a;y\n1,5;2\n", "--decimal ,"),
        ("a,y\n\"3,100\",31\n", "thousands"),
        ("a,y\n1,NaN\n", "--na NaN"),
        ("\"last, first\",y\nn,1\n", "--ignore \"last, first\""),
    ] {
        let output = place.fit("t.csv", content, &["--target", "-1"]);
        assert_eq!(output.status.code(), Some(2), "{content}");
        assert!(err(&output).contains(hint), "{hint}: {}", err(&output));
    }
    for (options, words) in [
        (&["--separator", ";;"][..], "separator"),
        (&["--decimal", "x"], "decimal"),
        (&["--header", "--no-header"], "--no-header"),
        (&["--separator", ",", "--decimal", ","], "both"),
    ] {
        let all = [&["--target", "y"], options].concat();
        let output = place.fit("t.csv", plain(), &all);
        assert_eq!(output.status.code(), Some(2), "{options:?}");
        assert!(err(&output).contains(words), "{options:?}: {}", err(&output));
    }
}

/// The model of y = 3 a, and the folder that holds it.
fn line(place: &Place, target: &str) -> PathBuf {
    let mut content = format!("a,{target}\n");
    for k in 0..12 {
        let _ = writeln!(content, "{k},{}", 3 * k + k % 2);
    }
    let folder = place.0.path().join("fit");
    let fit = place.fit(
        "train.csv",
        content,
        &["--target", target, "--out", text(&folder)],
    );
    assert_eq!(fit.status.code(), Some(0), "{}", err(&fit));
    folder.join("model.safetensors")
}

#[test] // rows keep their numbers and names; a target that is not known is not needed
fn predictions_are_of_the_rows_of_the_file() {
    let place = Place::new();
    let model = line(&place, "y");
    let predict = |content: &str, options: &[&str]| {
        let file = place.file("new.csv", content);
        run(&[
            &["garrote", "predict", text(&model), text(&file), "--json"],
            options,
        ]
        .concat())
    };
    let row_numbers = |output: &std::process::Output| -> Vec<u64> {
        let object = object(output, 0);
        let rows = object["rows"].as_array().unwrap().iter();
        rows.map(|row| row["row"].as_u64().unwrap()).collect()
    };
    let gap = predict("a\n1\nNA\n3\n4\n", &["--missing", "drop-rows"]);
    assert_eq!(row_numbers(&gap), [1, 3, 4]);
    let unknown = predict("a,y\n1,\n3,\n", &[]);
    assert_eq!(row_numbers(&unknown), [1, 2]);
    assert!(object(&unknown, 0)["rmse"].is_null());
    let some = object(&predict("a,y\n1,\n3,tba\n4,12\n5,15\n", &[]), 0);
    assert!(some["rmse"].as_f64().unwrap() < 1.0);
    assert_eq!(some["rows"][2]["observed"], 12.0);
    assert!(some["rows"][0]["observed"].is_null());
    let labelled = object(&predict(",a\nanna,1\nbert,2\n", &["--index-column"]), 0);
    assert_eq!(labelled["rows"][1]["label"], "bert");
}

#[test] // names of outputs are distinct from each other whatever the target is called
fn predictions_can_be_read_again() {
    let place = Place::new();
    for target in ["mean", "sd", "row", "observed", "low"] {
        let model = line(&place, target);
        let file = place.file("new.csv", format!("a,{target}\n1,3\n2,7\n3,9\n4,13\n"));
        let folder = place.0.path().join("predicted");
        let output = run(&[
            "garrote",
            "predict",
            text(&model),
            text(&file),
            "--out",
            text(&folder),
        ]);
        assert_eq!(output.status.code(), Some(0), "{}", err(&output));
        let again = gibbs::data::TableOptions::default()
            .read(&folder.join("predictions.csv"))
            .unwrap();
        assert_eq!(again.table.rows(), 4, "{target}");
    }
}

#[test] // fit, predict and export see the same model however columns are ordered, named, or surrounded
fn permuting_renaming_and_adding_columns_changes_nothing_else() {
    let place = Place::new();
    let rows = problem();
    let order = [3, 0, 4, 2, 1];
    let names = ["x0", "x1", "x2", "x3", "y"];
    let mut moved = String::from("note");
    for at in order {
        let _ = write!(moved, ",n {}", names[at]);
    }
    for row in &rows {
        moved += "\nfree text";
        for at in order {
            let _ = write!(moved, ",{}", row[at]);
        }
    }
    let [first, second] = ["one", "two"].map(|name| place.0.path().join(name));
    let one = object(
        &place.fit("a.csv", plain(), &["--target", "y", "--out", text(&first)]),
        0,
    );
    let options = ["--target", "n y", "--ignore", "note", "--out", text(&second)];
    let two = object(&place.fit("b.csv", &moved, &options), 0);
    let by_name = |fit: &Value, name: &str| -> Value {
        let variables = fit["variables"].as_array().unwrap().iter();
        let mut found = variables.clone().find(|v| v["name"] == name).unwrap().clone();
        found["name"] = Value::Null;
        found
    };
    for name in &names[..4] {
        let (a, b) = (by_name(&one, name), by_name(&two, &format!("n {name}")));
        for field in ["inclusion", "weight", "effect"] {
            let (a, b) = (a[field].as_f64().unwrap(), b[field].as_f64().unwrap());
            // sums over the columns run in another order
            assert!((a - b).abs() <= 1e-9 * (1.0 + a.abs()), "{name} {field}: {a} {b}");
        }
    }
    let predicted = |folder: &std::path::Path, table: &str| -> Vec<f64> {
        let (model, file) = (folder.join("model.safetensors"), place.file("new.csv", table));
        let output = run(&["garrote", "predict", text(&model), text(&file), "--json"]);
        let rows = object(&output, 0)["rows"].clone();
        rows.as_array()
            .unwrap()
            .iter()
            .map(|row| row["mean"].as_f64().unwrap())
            .collect()
    };
    let (a, b) = (predicted(&first, &plain()), predicted(&second, &moved));
    assert_eq!(a.len(), 30);
    assert!(
        a.iter()
            .zip(&b)
            .all(|(a, b)| (a - b).abs() <= 1e-9 * (1.0 + a.abs()))
    );
}

#[cfg(unix)]
#[test] // a pipe or a device is not read, and nothing waits for it
fn only_regular_files_are_opened() {
    for path in ["/dev/zero", "/dev/stdin"] {
        let output = run(&["garrote", "fit", path, "--target", "y", "--separator", ","]);
        assert_eq!(output.status.code(), Some(2));
        assert!(err(&output).contains("`-`"), "{}", err(&output));
    }
}
