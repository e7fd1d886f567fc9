//! Tables as users have them: one problem, written down in many ways, is fitted to the same bits; rows and columns keep
//! their identity from `fit` to `predict` and `export`.
//!
//! Meant to be seen: the target looked up after columns were left out; rows numbered after rows were left out; the target
//! of `predict` read as if it were needed.

#[path = "support/cli.rs"]
mod cli;

use cli::{Place, column, err, object, texts};
use serde_json::Value;
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Output, Stdio};

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

/// The problem as text: header, separator, what stands before each row, `{}` its number.
fn written(header: &str, separator: &str, before: &str) -> String {
    let mut file = String::new();
    if !header.is_empty() {
        let _ = writeln!(file, "{header}");
    }
    for (k, row) in problem().iter().enumerate() {
        let cells = row.map(|value| value.to_string()).join(separator);
        let _ = writeln!(file, "{}{cells}", before.replace("{}", &k.to_string()));
    }
    file
}

fn plain() -> String {
    written("x0,x1,x2,x3,y", ",", "")
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
    place.write("plain.csv", plain());
    let expected = place.json("garrote fit plain.csv --target y");
    assert_eq!(texts(&expected["selected"]), ["x0", "x2"]);
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(plain().as_bytes()).unwrap();
    place.write("packed.csv.gz", packed.finish().unwrap());
    let semicolons = written("x0;x1;x2;x3;y", ";", "");
    let with_a_comma = written("\"last, first\",x0,x1,x2,x3,y", ",", "n,");
    for (name, content) in [
        ("inch.csv", written("d 5\";x1;x2;x3;y", ";", "")),
        ("commas.tsv", plain()),
        ("mac.csv", plain().replace('\n', "\r")),
        ("dos.csv", plain().replace('\n', "\r\n")),
        ("decimal.csv", semicolons.replace('.', ",")),
        ("bar.txt", written("x0|x1|x2|x3|y", "|", "")),
        ("tab.txt", written("x0\tx1\tx2\tx3\ty", "\t", "")),
        ("years.csv", written("2019,2020,2021,2022,2023", ",", "")),
        ("bare.csv", written("", ",", "")),
        ("pandas.csv", written(",x0,x1,x2,x3,y", ",", "{},")),
        ("named.csv", written("who,x0,x1,x2,x3,y", ",", "\"row, {}\",")),
        ("comma.csv", with_a_comma),
        ("gap.csv", plain().replacen('\n', "\n1,2,-999,NaN,5\n", 1)),
    ] {
        place.write(name, content);
    }
    for (call, more) in [
        ("inch.csv --target y", &[][..]),
        ("commas.tsv --target y", &[]),
        ("mac.csv --target y", &[]),
        ("dos.csv --target y", &[]),
        ("decimal.csv --target y --decimal ,", &[]),
        ("bar.txt --target y --separator |", &[]),
        ("tab.txt --target y --separator tab", &[]),
        ("years.csv --target 2023 --header", &[]),
        ("bare.csv --target -1 --no-header", &[]),
        ("pandas.csv --target 5 --index-column", &[]),
        ("named.csv --target -1 --index-column who", &[]),
        ("comma.csv --target y --ignore", &["last, first"]),
        ("gap.csv --target 4 --missing drop-rows --na NaN --na -999", &[]),
        ("packed.csv.gz --target y", &[]),
    ] {
        let mut command = place.command(&format!("garrote fit --json {call}"), more);
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{call}: {}", err(&output));
        assert_eq!(numbers(&object(&output, 0)), numbers(&expected), "{call}");
        // What is called .csv says no more than that it is read.
        if !call.contains(".csv ") {
            assert!(err(&output).contains("read 30 rows"), "{call}: {}", err(&output));
        }
    }
}

/// A call that finds this on standard input.
fn piped(place: &Place, call: &str, input: &[u8]) -> Output {
    let mut command = place.command(call, &[]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    child.wait_with_output().unwrap()
}

#[test] // `-` is standard input
fn standard_input_is_a_table() {
    let place = Place::new();
    let fit = "garrote fit - --target y --json";
    let found = object(&piped(&place, fit, plain().as_bytes()), 0);
    assert_eq!(texts(&found["selected"]), ["x0", "x2"]);
    let refused = piped(&place, fit, b"a,y\n1,x\n");
    object(&refused, 2);
    let told = err(&refused);
    assert!(told.contains("standard input: line 2"), "{told}");
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
        place.write("t.csv", content);
        place.refused("garrote fit t.csv --target -1", hint);
    }
    place.write("t.csv", plain());
    place.refusals(
        "garrote fit t.csv --target y",
        "
        --separator ;; => separator
        --decimal x => decimal
        --header --no-header => --no-header
        --separator , --decimal , => both
        ",
    );
}

/// Makes the model of y = 3 a in the folder `fit`.
fn line(place: &Place, target: &str) {
    let mut content = format!("a,{target}\n");
    for k in 0..12 {
        let _ = writeln!(content, "{k},{}", 3 * k + k % 2);
    }
    place.write("train.csv", content);
    place.json(&format!("garrote fit train.csv --target {target} --out fit"));
}

#[test] // rows keep their numbers and names; a target that is not known is not needed
fn predictions_are_of_the_rows_of_the_file() {
    let place = Place::new();
    line(&place, "y");
    let predict = |content: &str, options: &str| {
        place.write("new.csv", content);
        place.json(&format!(
            "garrote predict fit/model.safetensors new.csv {options}"
        ))
    };
    let gap = predict("a\n1\nNA\n3\n4\n", "--missing drop-rows");
    assert_eq!(column(&gap["rows"], "row"), [1.0, 3.0, 4.0]);
    let unknown = predict("a,y\n1,\n3,\n", "");
    assert_eq!(column(&unknown["rows"], "row"), [1.0, 2.0]);
    assert!(unknown["rmse"].is_null());
    let some = predict("a,y\n1,\n3,tba\n4,12\n5,15\n", "");
    assert!(some["rmse"].as_f64().unwrap() < 1.0);
    assert_eq!(some["rows"][2]["observed"], 12.0);
    assert!(some["rows"][0]["observed"].is_null());
    let labelled = predict(",a\nanna,1\nbert,2\n", "--index-column");
    assert_eq!(labelled["rows"][1]["label"], "bert");
}

#[test] // names of outputs are distinct from each other whatever the target is called
fn predictions_can_be_read_again() {
    let place = Place::new();
    for target in ["mean", "sd", "row", "observed", "low"] {
        line(&place, target);
        place.write("new.csv", format!("a,{target}\n1,3\n2,7\n3,9\n4,13\n"));
        place.json("garrote predict fit/model.safetensors new.csv --out predicted");
        let again = gibbs::data::TableOptions::default()
            .read(&place.path("predicted/predictions.csv"))
            .unwrap();
        assert_eq!(again.table.rows(), 4, "{target}");
    }
}

#[test] // fit, predict and export see the same model however columns are ordered, named, or surrounded
fn permuting_renaming_and_adding_columns_changes_nothing_else() {
    let place = Place::new();
    let order = [3, 0, 4, 2, 1];
    let names = ["x0", "x1", "x2", "x3", "y"];
    let mut moved = String::from("note");
    for at in order {
        let _ = write!(moved, ",n {}", names[at]);
    }
    for row in &problem() {
        moved += "\nfree text";
        for at in order {
            let _ = write!(moved, ",{}", row[at]);
        }
    }
    place.write("plain.csv", plain());
    place.write("moved.csv", &moved);
    let one = place.json("garrote fit plain.csv --target y --out plain");
    let fit = "garrote fit moved.csv --ignore note --out moved --json --target";
    let two = object(&place.command(fit, &["n y"]).output().unwrap(), 0);
    let by_name = |fit: &Value, name: &str| {
        let variables = fit["variables"].as_array().unwrap();
        let found = variables.iter().find(|v| v["name"] == name).unwrap();
        ["inclusion", "weight", "effect"].map(|field| found[field].as_f64().unwrap())
    };
    for name in &names[..4] {
        let (a, b) = (by_name(&one, name), by_name(&two, &format!("n {name}")));
        for (a, b) in a.iter().zip(&b) {
            // sums over the columns run in another order
            assert!((a - b).abs() <= 1e-9 * (1.0 + a.abs()), "{name}: {a} {b}");
        }
    }
    let [a, b] = ["plain", "moved"].map(|name| {
        let found = place.json(&format!("garrote predict {name}/model.safetensors {name}.csv"));
        column(&found["rows"], "mean")
    });
    assert_eq!(a.len(), 30);
    let near = |(a, b): (&f64, &f64)| (a - b).abs() <= 1e-9 * (1.0 + a.abs());
    assert!(a.iter().zip(&b).all(near));
}

#[cfg(unix)]
#[test] // a pipe or a device is not read, and nothing waits for it
fn only_regular_files_are_opened() {
    let place = Place::new();
    for path in ["/dev/zero", "/dev/stdin"] {
        place.refused(&format!("garrote fit {path} --target y --separator ,"), "`-`");
    }
}
