//! `gibbs cite` as a user meets it: the list, BibTeX, JSON, an unknown method.
//!
//! Mutations seen red: an entry printed once per method that uses it; an unknown method ignored; sources in the
//! list as numbers.

#[path = "support/cli.rs"]
mod cli;

use cli::{Place, err, object, out, run};

#[test]
fn without_methods_it_lists_them() {
    let list = run(&["cite"]);
    assert_eq!(list.status.code(), Some(0));
    for word in ["garrote-ascent", "lasso", "kappen2014", "tibshirani1996"] {
        assert!(out(&list).contains(word), "{word}");
    }
    assert!(list.stderr.is_empty());
}

#[test]
fn entries_come_once_and_complete() {
    let both = out(&run(&["cite", "garrote-ascent", "garrote-path"]));
    assert_eq!(both.matches("@article{kappen2014,").count(), 1, "{both}");
    assert!(both.contains("@misc{soh2025,") && both.contains("eprint = {2509.06383}"));
    assert!(!both.contains("tibshirani1996"));
}

#[test]
fn json_is_one_object() {
    let found = object(&run(&["cite", "lasso", "--json"]), 0);
    assert_eq!(found["schema"], "gibbs.cite/2");
    assert_eq!(found["methods"][0]["id"], "lasso");
    let citation = &found["citations"][0];
    assert_eq!(citation["key"], "tibshirani1996");
    assert_eq!(citation["fields"]["year"], "1996");
    let bibtex = citation["bibtex"].as_str().unwrap();
    assert!(bibtex.starts_with("@article{"), "{bibtex}");
}

#[test]
fn an_unknown_method_is_exit_2() {
    let unknown = Place::new().refused("cite lasso no-such", "no-such");
    assert_eq!(unknown["method"], "no-such");
    let told = err(&run(&["cite", "lasso", "no-such"]));
    assert!(told.contains("hint: `gibbs cite`"), "{told}");
}
