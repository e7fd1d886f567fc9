//! Bad input to `gibbs ising`: refused with exit code 2, a message that names the file, the line and what to do;
//! with `--json` the object `gibbs.error/1` as well; nothing is written.

#[path = "support/cli.rs"]
mod cli;

use cli::{err, object, out, run, text};
use serde_json::Value;
use tempfile::TempDir;

/// Runs `gibbs ising` with `--json`; it must be refused with these words in the message. Gives the object.
fn refused(arguments: &[&str], words: &[&str]) -> Value {
    let output = run(&[&["ising"], arguments, &["--json"]].concat());
    let object = object(&output, 2);
    assert_eq!(
        (&object["schema"], &object["code"]),
        (&Value::from("gibbs.error/1"), &Value::from(2))
    );
    let message = object["message"].as_str().unwrap();
    for word in words {
        assert!(message.contains(word), "`{word}` is not in: {message}");
    }
    assert!(
        err(&output).contains(&format!("error: {message}")),
        "{}",
        err(&output)
    );
    object
}

#[test]
fn malformed_files_name_the_line() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("couplings.csv");
    let folder = dir.path().join("out");
    for (content, line, kind, words) in [
        ("i,j,value\n0,1,NaN\n", Some(2), "non_finite", "not finite"),
        ("0,1,1\n1,2,inf\n", Some(2), "non_finite", "not finite"),
        ("0,1,1\n1,0,2\n", Some(2), "asymmetric", "must be symmetric"),
        (
            "0,1,1\n2,2,1\n0,1,1\n",
            Some(3),
            "repeated_pair",
            "already on line 1",
        ),
        (
            "0,0,1\n0,0,1\n",
            Some(2),
            "repeated_pair",
            "is the field of spin i",
        ),
        ("0,1,1\n1,2\n", Some(2), "ragged_row", "2 cells, expected 3"),
        ("0 1 1\n1 2 3 4\n", Some(2), "ragged_row", "4 cells, expected 3"),
        ("0,1,1\n1,-2,1\n", Some(2), "bad_index", "negative"),
        ("0,1,1\n1,2.5,1\n", Some(2), "bad_index", "whole number"),
        ("0,1,1\n1,b,1\n", Some(2), "bad_index", "no number"),
        ("0,1,1\n1,2,b\n", Some(2), "not_a_number", "no number"),
        ("0,1,1\n1,4000000000,1\n", Some(2), "too_many_spins", "too large"),
        (
            "0,1,1\n1,40000000,1\n",
            Some(2),
            "too_many_spins",
            "--spins 40000001",
        ),
        ("", None, "empty_file", "N = 0"),
        ("i,j,value\n", None, "empty_file", "N = 0"),
        (
            "0,1,1e308\n1,2,1e308\n",
            None,
            "overflow",
            "beyond the range of f64",
        ),
    ] {
        std::fs::write(&path, content).unwrap();
        for verb in [&["anneal"][..], &["temper"], &["exact", "--beta", "1"]] {
            let arguments = [verb, &[text(&path), "--out", text(&folder)]].concat();
            let object = refused(&arguments, &[words, text(&path)]);
            assert_eq!(object["file"].as_str(), Some(text(&path)), "{object}");
            assert_eq!(object["kind"], kind, "{object}");
            assert_eq!(object["line"].as_u64(), line, "{object}");
            let left = std::fs::read_dir(&folder).unwrap().count();
            assert_eq!(left, 0, "nothing is written");
        }
    }
}

#[test]
fn files_that_are_not_there_or_no_text() {
    let dir = TempDir::new().unwrap();
    let absent = dir.path().join("absent.csv");
    assert_eq!(
        refused(&["anneal", text(&absent)], &["no such file"])["kind"],
        "file_not_found"
    );
    assert_eq!(
        refused(&["anneal", text(dir.path())], &["is a directory"])["kind"],
        "is_directory"
    );
    let path = dir.path().join("binary");
    std::fs::write(&path, b"0,1,1\n\xff\xfe\n").unwrap();
    assert_eq!(
        refused(&["exact", text(&path), "--beta", "1"], &["line 2", "not UTF-8"])["line"],
        2
    );
}

#[test]
fn options_out_of_range() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("couplings.csv");
    std::fs::write(&path, "0,1,1\n1,2,-1\n").unwrap();
    let file = text(&path);
    for (arguments, words) in [
        (
            &["anneal", file, "--beta-range", "3,1"][..],
            &["the smaller (hot) comes first"][..],
        ),
        (&["anneal", file, "--beta-range", "0,1"], &["above 0"]),
        (&["anneal", file, "--beta-range", "1"], &["such as 0.1,5"]),
        (&["anneal", file, "--target", "nan"], &["a number was expected"]),
        (&["anneal", file, "--reads", "0"], &["--reads"]),
        (&["anneal", file, "--sweeps", "0"], &["--sweeps"]),
        (
            &["anneal", file, "--method", "sb-ballistic", "--rule", "heat-bath"],
            &["simulated annealing", "hint"],
        ),
        (&["anneal", file, "--resume"], &["--out"]),
        (
            &["anneal", file, "--spins", "2"],
            &["line 2", "index 2 is not below --spins 2"],
        ),
        (&["anneal", file, "--spins", "0"], &["--spins"]),
        (&["temper", file, "--betas", "1"], &["at least two"]),
        (&["temper", file, "--betas", "2,1"], &["do not fall"]),
        (&["temper", file, "--ladder", "1,2"], &["2 to 10000"]),
        (&["temper", file, "--ladder", "2,1,4"], &["rising"]),
        (&["temper", file, "--ladder", "1,2,1"], &["2 to 10000"]),
        // R6: the product of the arguments, refused before anything is taken
        (
            &["temper", file, "--spins", "67108864", "--ladder", "0.1,1,10000"],
            &["needs", "are free"],
        ),
        (
            &["temper", file, "--sweeps", "200000000000000"],
            &["needs", "are free"],
        ),
        (&["exact", file], &["--beta"]),
        (&["exact", file, "--beta", "inf"], &["a number was expected"]),
        (
            &["exact", file, "--beta", "1", "--spins", "25"],
            &["25 spins are too many", "hint"],
        ),
    ] {
        refused(arguments, words);
    }
}

#[test] // what is assumed is said, on standard error and only there
fn notes_are_said_unless_quiet() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("couplings.coo");
    std::fs::write(&path, "# vartype=SPIN\n1 2 1\n").unwrap();
    let output = run(&["ising", "exact", text(&path), "--beta", "1"]);
    assert!(
        err(&output).contains("E = + Σ J s s") && err(&output).contains("spin 0"),
        "{}",
        err(&output)
    );
    assert!(!out(&output).contains("note"));
    let output = run(&["ising", "exact", text(&path), "--beta", "1", "--quiet"]);
    assert!(output.status.success() && output.stderr.is_empty());
}
