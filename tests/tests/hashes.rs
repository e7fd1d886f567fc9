//! The same bits everywhere: the hash vector of `gibbs-workload` on every target against `fixtures/hashes.toml`.
//!
//! Order of trust: the hashes say only that targets agree; that the values are right is shown by the oracles of
//! each algorithm's own tests. Mutations tried, each seen red: one digit of the golden file; the final sum of
//! `math::dot` in another order; a loop of another length in the calibration (exit 72).

use gibbs_tests::boards::{Board, M0, M3, M4F, RV32, RV32F};
use gibbs_tests::tools::{Tool, available};
use gibbs_tests::{Failure, build, read_toml, root};
use std::collections::BTreeMap;
use std::process::Command;

type Hashes = BTreeMap<String, u64>;

fn parse(value: &str) -> Result<u64, Failure> {
    let digits = value.strip_prefix("0x").unwrap_or(value);
    u64::from_str_radix(digits, 16).map_err(|error| Failure(format!("{value}: {error}")))
}

fn from_table(table: &toml::Table) -> Result<Hashes, Failure> {
    table
        .iter()
        .map(|(name, value)| Ok((name.clone(), parse(value.as_str().unwrap_or_default())?)))
        .collect()
}

fn golden() -> Result<Hashes, Failure> {
    from_table(&read_toml(&root().join("fixtures/hashes.toml"))?)
}

fn assert_golden(place: &str, hashes: &Hashes) -> Result<(), Failure> {
    assert!(hashes.len() >= 4, "{place}: {hashes:?}");
    let hint = "hint: if the results were meant to change, make the file again (its first lines say how)";
    assert_eq!(
        hashes,
        &golden()?,
        "{place} differs from fixtures/hashes.toml; {hint}"
    );
    Ok(())
}

#[test]
fn this_build() -> Result<(), Failure> {
    let hashes = gibbs_workload::hashes().map(|(name, hash)| (name.to_owned(), hash));
    assert_golden("this build", &hashes.collect())
}

/// A host build with other flags, in its own process.
fn host_variant(kind: &str, flags: &str) -> Result<(), Failure> {
    build::release(
        &root(),
        kind,
        &["-p", "gibbs-workload", "--example", "hashes"],
        flags,
    )?;
    let program = build::folder(kind).join("release/examples/hashes");
    assert_printed_is_golden(kind, &mut Command::new(program))
}

/// Runs a program that prints the vector as TOML.
fn assert_printed_is_golden(place: &str, program: &mut Command) -> Result<(), Failure> {
    let table: Result<toml::Table, _> = build::run(program)?.parse();
    let table = table.map_err(|error| Failure(format!("{place}: {error}")))?;
    assert_golden(place, &from_table(&table)?)
}

#[test]
fn host_release() -> Result<(), Failure> {
    host_variant("host-release", "")
}

#[test] // with whatever this processor has: AVX-512, FMA
fn host_native() -> Result<(), Failure> {
    host_variant("host-native", "-C target-cpu=native")
}

#[test] // a processor of another make, under QEMU's user mode
fn aarch64() -> Result<(), Failure> {
    let (target, linker) = ("aarch64-unknown-linux-gnu", "aarch64-linux-gnu-gcc");
    let tools = ["qemu-aarch64", linker].map(Tool::Program);
    if !available("hashes::aarch64", &[&tools[..], &[Tool::Target(target)]].concat()) {
        return Ok(());
    }
    // Linked statically: QEMU then needs no system libraries of that processor.
    let flags = format!("-C linker={linker} -C target-feature=+crt-static");
    let arguments = ["-p", "gibbs-workload", "--example", "hashes", "--target", target];
    build::release(&root(), "aarch64", &arguments, &flags)?;
    let program = build::folder("aarch64")
        .join(target)
        .join("release/examples/hashes");
    assert_printed_is_golden(target, Command::new("qemu-aarch64").arg(program))
}

#[test]
fn wasm32() -> Result<(), Failure> {
    let target = "wasm32-unknown-unknown";
    if !available("hashes::wasm32", &[Tool::Target(target)]) {
        return Ok(());
    }
    build::release(
        &root(),
        "wasm",
        &["-p", "gibbs-workload", "--example", "wasm", "--target", target],
        "",
    )?;
    let file = build::folder("wasm")
        .join(target)
        .join("release/examples/wasm.wasm");
    let bytes = std::fs::read(&file).map_err(|error| Failure(format!("{}: {error}", file.display())))?;
    let hashes = interpret(&bytes).map_err(|error| Failure(error.to_string()))?;
    let names: Vec<_> = gibbs_workload::hashes()
        .map(|(name, _)| name.to_owned())
        .collect();
    assert_eq!(hashes.len(), names.len());
    assert_golden(target, &names.into_iter().zip(hashes).collect())
}

/// Runs the module's `count` and `hash` in an interpreter.
fn interpret(bytes: &[u8]) -> Result<Vec<u64>, wasmi::Error> {
    let engine = wasmi::Engine::default();
    let module = wasmi::Module::new(&engine, bytes)?;
    let mut store = wasmi::Store::new(&engine, ());
    let instance = wasmi::Linker::new(&engine).instantiate_and_start(&mut store, &module)?;
    let count = instance
        .get_typed_func::<(), u32>(&store, "count")?
        .call(&mut store, ())?;
    let hash = instance.get_typed_func::<u32, u64>(&store, "hash")?;
    (0..count).map(|index| hash.call(&mut store, index)).collect()
}

fn on_board(test: &str, board: Board) -> Result<(), Failure> {
    if !available(test, &board.tools()) {
        return Ok(());
    }
    let mut hashes = Hashes::new();
    for program in ["hashes", "hashes_ising", "hashes_diffusion"] {
        let run = board.run(&board.build(program)?, None)?;
        assert_eq!(run.code, Some(0), "{}: {run:?}", board.name);
        assert!(run.text.contains("calibration 20"), "{}: {run:?}", board.name);
        let lines = run
            .text
            .lines()
            .filter_map(|line| line.strip_prefix("hash ")?.split_once(' '));
        for (name, value) in lines {
            hashes.insert(name.to_owned(), parse(value)?);
        }
    }
    assert_golden(board.name, &hashes)
}

#[test]
fn cortex_m4f() -> Result<(), Failure> {
    on_board("hashes::cortex_m4f", M4F)
}

#[test]
fn cortex_m3() -> Result<(), Failure> {
    on_board("hashes::cortex_m3", M3)
}

#[test]
fn cortex_m0() -> Result<(), Failure> {
    on_board("hashes::cortex_m0", M0)
}

#[test]
fn rv32_hard_float() -> Result<(), Failure> {
    on_board("hashes::rv32_hard_float", RV32F)
}

#[test]
fn rv32_soft_float() -> Result<(), Failure> {
    on_board("hashes::rv32_soft_float", RV32)
}
