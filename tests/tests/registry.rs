//! Every method is registered with its source and its tests, and the book says so.
//!
//! The mutations that the check must catch are made in memory, in `every_kind_of_gap_is_found`.

use gibbs_tests::registry::{EVIDENCE, Registry};
use gibbs_tests::{Failure, book};
use toml::Value;

#[test]
fn the_registry_agrees_with_the_tree() -> Result<(), Failure> {
    let registry = Registry::read()?;
    assert!(
        registry.entries("method").count() > 15,
        "the registry is not read"
    );
    let problems = registry.problems()?;
    assert!(
        problems.is_empty(),
        "fixtures/methods.toml and fixtures/citations.toml: {problems:#?}"
    );
    Ok(())
}

#[test]
fn the_book_shows_the_methods() -> Result<(), Failure> {
    assert!(
        book::shows("methods", &Registry::read()?.table())?,
        "the book's table of methods is out of date; hint: cargo run -p gibbs-tests --bin methods -- --write"
    );
    Ok(())
}

/// Changes the entry of one method and gives the complaints that this raises.
fn complaints(id: &str, change: impl FnOnce(&mut toml::Table)) -> Result<Vec<String>, Failure> {
    let mut registry = Registry::read()?;
    let before = registry.problems()?;
    let methods = registry.methods.get_mut("method").and_then(Value::as_array_mut);
    let mut entries = methods.into_iter().flatten().filter_map(Value::as_table_mut);
    let entry = entries.find(|m| m.get("id").and_then(Value::as_str) == Some(id));
    change(entry.ok_or_else(|| Failure(format!("no method {id}")))?);
    let after = registry.problems()?;
    Ok(after.into_iter().filter(|line| !before.contains(line)).collect())
}

fn list(word: &str) -> Value {
    Value::Array(vec![Value::String(word.to_owned())])
}

#[test] // the check must see what it is there for
fn every_kind_of_gap_is_found() -> Result<(), Failure> {
    let id = "garrote-joint";
    for (key, word, said) in [
        ("modules", "gibbs_core::garrote::no_such", "does not exist"),
        ("modules", "gibbs_core::garrote::sweep", "joint has no entry"),
        ("source", "nobody1900", "is not in citations.toml"),
        ("oracle", "core/tests/garrote/joint.rs::no_such_test", "no test"),
        (
            "law",
            "core/tests/garrote/no_such_file.rs::damping_ends_cycles",
            "no test",
        ),
        ("edge", "core/tests/garrote/oracle.rs::eliminate", "no test"),
        ("targets", "cpu", "go together"),
    ] {
        let found = complaints(id, |entry| drop(entry.insert(key.to_owned(), list(word))))?;
        assert!(
            found.iter().any(|line| line.contains(said)),
            "{key} = {word}: {found:?}"
        );
    }
    for (id, module) in [
        ("ising-bifurcation", "gibbs_core::ising::bifurcation"),
        ("ising-success", "gibbs::ising::success"),
        ("ising-chain", "gibbs::ising::oracle::chain"),
    ] {
        let found = complaints(id, |entry| {
            drop(entry.insert("modules".to_owned(), list("gibbs::ising")));
        })?;
        let said = format!("{module} has no entry");
        assert!(found.contains(&said), "{id}: {found:?}");
    }
    for kind in EVIDENCE {
        let empty = |entry: &mut toml::Table| {
            entry.remove("why");
            entry.insert(kind.to_owned(), Value::Array(Vec::new()));
        };
        let found = complaints(id, empty)?;
        assert!(
            found.iter().any(|line| line.contains(&format!("{kind}: either"))),
            "{kind}: {found:?}"
        );
    }
    for (key, said) in [("bits", "hashes.toml"), ("footprint", "budgets.toml")] {
        let found = complaints(id, |entry| {
            entry.insert(key.to_owned(), Value::String("no-such".to_owned()));
        })?;
        assert!(found.iter().any(|line| line.contains(said)), "{key}: {found:?}");
    }
    Ok(())
}
