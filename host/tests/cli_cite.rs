//! `gibbs cite` as a user meets it: the list, BibTeX, JSON, an unknown method.
//!
//! Mutations seen red: an entry printed once per method that uses it; an unknown method ignored; sources in the
//! list as numbers.

use serde_json::Value;
use std::error::Error;
use std::process::{Command, Output};

type Test = Result<(), Box<dyn Error>>;

fn cite(arguments: &[&str]) -> std::io::Result<Output> {
    Command::new(env!("CARGO_BIN_EXE_gibbs"))
        .arg("cite")
        .args(arguments)
        .output()
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn without_methods_it_lists_them() -> Test {
    let list = cite(&[])?;
    assert_eq!(list.status.code(), Some(0));
    for word in ["garrote-ascent", "lasso", "kappen2014", "tibshirani1996"] {
        assert!(out(&list).contains(word), "{word}");
    }
    assert!(list.stderr.is_empty());
    Ok(())
}

#[test]
fn entries_come_once_and_complete() -> Test {
    let both = out(&cite(&["garrote-ascent", "garrote-path"])?);
    assert_eq!(both.matches("@article{kappen2014,").count(), 1, "{both}");
    assert!(both.contains("@misc{soh2025,") && both.contains("eprint = {2509.06383}"));
    assert!(!both.contains("tibshirani1996"));
    Ok(())
}

#[test]
fn json_is_one_object() -> Test {
    let object: Value = serde_json::from_slice(&cite(&["lasso", "--json"])?.stdout)?;
    assert_eq!(object["schema"], "gibbs.cite/2");
    assert_eq!(object["methods"][0]["id"], "lasso");
    let citation = &object["citations"][0];
    assert_eq!(
        (&citation["key"], &citation["fields"]["year"]),
        (&"tibshirani1996".into(), &"1996".into())
    );
    assert!(
        citation["bibtex"]
            .as_str()
            .is_some_and(|text| text.starts_with("@article{"))
    );
    Ok(())
}

#[test]
fn an_unknown_method_is_exit_2() -> Test {
    let unknown = cite(&["lasso", "no-such", "--json"])?;
    assert_eq!(unknown.status.code(), Some(2));
    let object: Value = serde_json::from_slice(&unknown.stdout)?;
    assert_eq!(
        (&object["schema"], &object["method"]),
        (&"gibbs.error/1".into(), &"no-such".into())
    );
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("hint: `gibbs cite`"));
    Ok(())
}
