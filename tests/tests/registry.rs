//! Every method is registered with its source, the tests say what is evidence of it, and the table of methods agrees.
//!
//! The mutations that the check must catch are made in memory, in `every_kind_of_gap_is_found` and after it.

use gibbs_tests::evidence::CLASSES;
use gibbs_tests::registry::Registry;
use gibbs_tests::{Failure, book};
use toml::Value;

#[test]
fn the_registry_agrees_with_the_tree() -> Result<(), Failure> {
    let registry = Registry::read()?;
    let tests = registry.listing(None).lines().count();
    assert!(
        registry.entries("method").count() > 15 && tests > 400,
        "the registry is not read, or the tests are not"
    );
    let problems = registry.problems()?;
    assert!(
        problems.is_empty(),
        "fixtures/methods/ and fixtures/citations.toml: {problems:#?}"
    );
    Ok(())
}

#[test]
fn the_book_shows_the_methods() -> Result<(), Failure> {
    assert!(
        book::shows("methods", &Registry::read()?.table())?,
        "the table of methods is out of date; hint: cargo run -p gibbs-tests --bin methods -- --write"
    );
    Ok(())
}

/// The complaints that a change raises.
fn complaints(change: impl FnOnce(&mut Registry)) -> Result<Vec<String>, Failure> {
    let mut registry = Registry::read()?;
    let before = registry.problems()?;
    change(&mut registry);
    let after = registry.problems()?;
    Ok(after.into_iter().filter(|line| !before.contains(line)).collect())
}

/// The complaints that a change of one method's entry raises.
fn complaints_of(id: &str, key: &str, value: Value) -> Result<Vec<String>, Failure> {
    complaints(|registry| {
        let mut families = registry.families.iter_mut();
        let entry = families.find_map(|family| family.get_mut("method")?.get_mut(id)?.as_table_mut());
        if let Some(entry) = entry {
            entry.insert(key.to_owned(), value);
        }
    })
}

fn list(word: &str) -> Value {
    Value::Array(vec![Value::String(word.to_owned())])
}

fn assert_said(found: &[String], said: &str) {
    assert!(found.iter().any(|line| line.contains(said)), "{said}: {found:?}");
}

#[test] // the check must see what it is there for
fn every_kind_of_gap_is_found() -> Result<(), Failure> {
    let id = "garrote-joint";
    for (key, word, said) in [
        ("modules", "gibbs_core::garrote::no_such", "does not exist"),
        ("modules", "gibbs_core::garrote::sweep", "joint has no entry"),
        ("source", "nobody1900", "is not in citations.toml"),
    ] {
        assert_said(&complaints_of(id, key, list(word))?, said);
    }
    for (id, module) in [
        ("ising-bifurcation", "gibbs_core::ising::bifurcation"),
        ("ising-success", "gibbs::ising::success"),
        ("ising-chain", "gibbs::ising::oracle::chain"),
    ] {
        let found = complaints_of(id, "modules", list("gibbs::ising"))?;
        assert_said(&found, &format!("{module} has no entry"));
    }
    for (key, said) in [("bits", "hashes.toml"), ("footprint", "budgets.toml")] {
        assert_said(
            &complaints_of(id, key, Value::String("no-such".to_owned()))?,
            said,
        );
    }
    let reasons = CLASSES.map(|class| (class.to_owned(), Value::String("because".to_owned())));
    let found = complaints_of(id, "why", Value::Table(reasons.into_iter().collect()))?;
    for class in ["oracle", "law", "edge"] {
        assert_said(&found, &format!("{id}: {class}: either")); // a reason beside tests
    }
    Ok(())
}

#[test] // a test that goes, or whose mark is misspelled, leaves a gap that is seen
fn lost_evidence_is_found() -> Result<(), Failure> {
    for class in ["oracle", "law", "edge"] {
        let found = complaints(|registry| registry.evidence.forget("garrote-joint", class))?;
        assert_said(&found, &format!("garrote-joint: {class}: either"));
    }
    let both = complaints(|registry| {
        registry.evidence.forget("garrote-joint", "oracle");
        registry.evidence.forget("garrote-joint", "law");
    })?;
    assert_said(&both, "neither an oracle nor a law");
    for (source, said) in [
        (
            "#[test] // oracle: no-such\nfn name() {",
            "oracle: no method no-such",
        ),
        ("#[test] // oracel: ridge\nfn name() {", "ridge: evidence is"),
        (
            "#[test] // edge: ridge\n#[ignore = \"slow\"]\nfn name() {",
            "ridge: evidence is",
        ),
        ("// law: ridge\n#[test]\nfn name() {", "ridge: evidence is"),
        ("#[test] // law: ridge\nstruct Name {", "ridge: evidence is"),
        (
            "#[test] // law: ridge; oracle: nnls, no-such\nfn name() {",
            "no method no-such",
        ),
    ] {
        assert_said(
            &complaints(|registry| registry.evidence.add("file.rs", source))?,
            said,
        );
    }
    for sound in [
        "#[test] // limits: gamma -> +inf is least squares\nfn name() {",
        "#[test] // law: what was kept comes back, NaN included\nfn name() {",
        "    #[test] // law: ridge; oracle: nnls, lasso\n    #[cfg(unix)]\n    // why\n    fn name() {",
    ] {
        let found = complaints(|registry| registry.evidence.add("file.rs", sound))?;
        assert!(found.is_empty(), "{found:?}");
    }
    Ok(())
}
