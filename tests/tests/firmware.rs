//! The garrote on the boards: the host's answer bit for bit, within the budgets of `firmware/budgets.toml`.
//!
//! Mutations tried, each seen red: a budget lowered by 5 %; 1 KiB more in the demo's memory with the RAM budgets
//! lifted (the microbit's limit); no `HardFault` handler (the run spins until its deadline).

use gibbs_tests::boards::{Board, M0, M3, M4F, RV32, RV32F};
use gibbs_tests::footprint::{QUANTITIES, SLACK, budget, budgets, measure, table};
use gibbs_tests::tools::{Tool, available};
use gibbs_tests::{Failure, readme};
use gibbs_workload::demo::{TRUTH, demo};

/// What the microbit's 16 KiB must leave to the application: half.
const SMALL_RAM: u64 = 8 * 1024;

fn garrote_on(test: &str, board: Board) -> Result<(), Failure> {
    let mut tools = board.tools().to_vec();
    tools.extend([Tool::Program("gcc"), Tool::Program("arm-none-eabi-size")]);
    if !available(test, &tools) {
        return Ok(());
    }
    let measured = measure(&board, "garrote")?;

    let expected = demo().map_err(|error| Failure(error.to_string()))?;
    let text = &measured.run.text;
    assert_eq!(
        expected.selected, TRUTH,
        "the host does not find the variables: {expected:?}"
    );
    assert!(
        text.contains(&format!("garrote selected {:#06x}\n", expected.selected)),
        "{text}{expected:?}"
    );
    assert!(
        text.contains(&format!("garrote hash {:#018x}\n", expected.hash)),
        "{text}{expected:?}"
    );

    // The board's own counter, where it has enough bits, agrees with the plugin but for the marks and calls.
    if let Some(own) = measured.own_count {
        assert!(
            own.abs_diff(measured.values[0]) <= 50 + own / 10_000,
            "{own} against {measured:?}"
        );
    }

    let budgeted = budget("garrote", &board)?;
    for ((name, value), allowed) in QUANTITIES.iter().zip(measured.values).zip(budgeted) {
        println!("{} {name}: measured {value}, budget {allowed}", board.name);
        assert!(
            value as f64 <= allowed as f64 * SLACK,
            "{} {name}: measured {value}, budget {allowed} (+2 %)",
            board.name
        );
    }
    let [_, _, _, ram, _] = measured.values;
    assert!(
        board.target != M0.target || ram <= SMALL_RAM,
        "microbit: {ram} bytes of RAM"
    );
    Ok(())
}

#[test]
fn garrote_cortex_m4f() -> Result<(), Failure> {
    garrote_on("firmware::garrote_cortex_m4f", M4F)
}

#[test]
fn garrote_cortex_m3() -> Result<(), Failure> {
    garrote_on("firmware::garrote_cortex_m3", M3)
}

#[test]
fn garrote_cortex_m0() -> Result<(), Failure> {
    garrote_on("firmware::garrote_cortex_m0", M0)
}

#[test]
fn garrote_rv32_hard_float() -> Result<(), Failure> {
    garrote_on("firmware::garrote_rv32_hard_float", RV32F)
}

#[test]
fn garrote_rv32_soft_float() -> Result<(), Failure> {
    garrote_on("firmware::garrote_rv32_soft_float", RV32)
}

/// A fault must end the run with 70 and say where, not spin: otherwise a broken example looks like a slow one.
fn fault_on(test: &str, board: Board) -> Result<(), Failure> {
    if !available(test, &board.tools()) {
        return Ok(());
    }
    let run = board.run(&board.build("fault")?, None)?;
    assert_eq!(run.code, Some(70), "{run:?}");
    assert!(run.errors.contains(" at 0x"), "{run:?}");
    Ok(())
}

#[test]
fn fault_cortex_m4f() -> Result<(), Failure> {
    fault_on("firmware::fault_cortex_m4f", M4F)
}

#[test]
fn fault_cortex_m0() -> Result<(), Failure> {
    fault_on("firmware::fault_cortex_m0", M0)
}

#[test]
fn fault_rv32() -> Result<(), Failure> {
    fault_on("firmware::fault_rv32", RV32F)
}

#[test]
fn readme_shows_the_budgets() -> Result<(), Failure> {
    assert!(
        readme::shows("footprint", &table(&budgets("garrote")?))?,
        "the README's footprint table is out of date; hint: cargo run -p gibbs-tests --bin footprint -- --write"
    );
    Ok(())
}
