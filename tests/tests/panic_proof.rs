//! No panic path in the core, proved by the linker (`firmware/panic-proof`): each program calls one module's
//! whole public API and links only if the optimiser removed every panic.
//!
//! Mutations tried, each seen red: an index `y[0]` in `math::dot` and a division of two lengths in
//! `select::validation_error` (both: undefined symbol `panic_reached`); a public function left out of its program.
//! Found by this test: `Sums::merge` kept the division inside a `zip` of two `chunks_exact`.

use gibbs_tests::tools::{Tool, available};
use gibbs_tests::{Failure, build, read, root};
use std::path::{Path, PathBuf};

const TARGETS: [&str; 2] = ["thumbv6m-none-eabi", "thumbv7em-none-eabihf"];
const WORKSPACE: &str = "panic-proof";

fn folder() -> PathBuf {
    root().join("firmware").join(WORKSPACE)
}

fn can_run(test: &str) -> bool {
    available(
        test,
        &[
            Tool::Target(TARGETS[0]),
            Tool::Target(TARGETS[1]),
            Tool::Crates(WORKSPACE),
        ],
    )
}

fn link(program: &str, target: &str) -> Result<(), Failure> {
    build::release(&folder(), WORKSPACE, &["--target", target, "--bin", program], "")
}

/// The programs, one per module of the core: all of `src/bin` but the control.
fn programs() -> Result<Vec<String>, Failure> {
    let mut names: Vec<String> = sources(&folder().join("src/bin"))?
        .iter()
        .filter_map(|file| Some(file.file_stem()?.to_str()?.to_owned()))
        .filter(|name| name != "control")
        .collect();
    names.sort();
    Ok(names)
}

/// All `.rs` files below a folder.
fn sources(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let reading = |error: std::io::Error| Failure(format!("{}: {error}", folder.display()));
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(reading)? {
        let path = entry.map_err(reading)?.path();
        if path.is_dir() {
            files.extend(sources(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    Ok(files)
}

#[test]
fn the_core_links_without_a_panic_path() -> Result<(), Failure> {
    if !can_run("panic_proof::the_core_links_without_a_panic_path") {
        return Ok(());
    }
    for target in TARGETS {
        for program in programs()? {
            link(&program, target)?;
            // A program that calls nothing would link as well, in a few dozen bytes.
            let elf = build::folder(WORKSPACE)
                .join(target)
                .join("release")
                .join(&program);
            let size = std::fs::metadata(&elf)
                .map_err(|error| Failure(error.to_string()))?
                .len();
            assert!(
                size > 4096,
                "{program} for {target}: {size} bytes hold no algorithm"
            );
        }
    }
    Ok(())
}

#[test]
fn the_control_does_not_link() {
    if !can_run("panic_proof::the_control_does_not_link") {
        return;
    }
    for target in TARGETS {
        match link("control", target) {
            Ok(()) => panic!("the control links for {target}: the proof proves nothing"),
            Err(failure) => {
                assert!(failure.0.contains("undefined symbol: panic_reached"), "{failure}");
            }
        }
    }
}

#[test] // a function that no program calls is not proved
fn every_public_function_is_called() -> Result<(), Failure> {
    let mut calls = String::new();
    for file in sources(&folder().join("src/bin"))? {
        calls.push_str(&read(&file)?);
    }
    let mut missing = Vec::new();
    let mut count = 0;
    for file in sources(&root().join("core/src"))? {
        let is_test = file.file_stem().is_some_and(|name| name == "tests")
            || file.components().any(|c| c.as_os_str() == "tests");
        if is_test {
            continue;
        }
        let text = read(&file)?;
        let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
        for name in code.lines().filter_map(public_function) {
            count += 1;
            let called = [format!("{name}("), format!("{name}::<")]
                .iter()
                .any(|call| calls.contains(call));
            if !called {
                missing.push(format!("{name} in {}", file.display()));
            }
        }
    }
    assert!(count > 10, "only {count} public functions found");
    assert!(
        missing.is_empty(),
        "no program of firmware/panic-proof calls: {missing:#?}"
    );
    Ok(())
}

fn public_function(line: &str) -> Option<&str> {
    let rest = line.trim_start().strip_prefix("pub ")?;
    let rest = rest.strip_prefix("const ").unwrap_or(rest).strip_prefix("fn ")?;
    rest.split(['(', '<']).next()
}
