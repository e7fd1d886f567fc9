//! What the garrote costs on a device: instructions, stack, RAM, flash; measured, held against
//! `firmware/budgets.toml`, and shown as the README's table.
//!
//! Instructions are those of the fit alone (standardise, path of both passes, selection, one prediction), counted
//! by the QEMU plugin between two marks; push is one sample of the stream, by the board's counter; stack is the
//! high-water mark since reset; RAM is stack plus static data; flash is code and constants of the whole
//! program, semihosting output and vector table included.

use crate::boards::{BOARDS, Board, Run, icount};
use crate::{Failure, build, failed, read_toml, readme, root};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Budgets may be passed by this factor: another compiler version moves a few instructions.
pub const SLACK: f64 = 1.02;

/// The quantities, in the order of the table.
pub const QUANTITIES: [&str; 5] = ["insns", "push", "stack", "ram", "flash"];

/// A board and its values in the order of [`QUANTITIES`].
pub type Row = (Board, [u64; 5]);

/// One program on one board.
#[derive(Clone, Debug)]
pub struct Measured {
    /// Values in the order of [`QUANTITIES`].
    pub values: [u64; 5],
    /// The fit's instructions by the board's own counter; `None` when it wrapped.
    pub own_count: Option<u64>,
    /// The whole run.
    pub run: Run,
}

/// The number after `key` in a line that starts with `line`.
pub fn field(text: &str, line: &str, key: &str) -> Option<u64> {
    let mut words = text
        .lines()
        .find(|l| l.split_whitespace().next() == Some(line) && l.contains(key))?
        .split_whitespace();
    words.find(|word| *word == key)?;
    words.next()?.parse().ok()
}

/// Builds and runs a program on a board, counting instructions.
///
/// # Errors
/// A failed build or run, an exit status other than 0, or output that lacks a number.
pub fn measure(board: &Board, program: &str) -> Result<Measured, Failure> {
    let elf = board.build(program)?;
    let run = board.run(&elf, Some(icount()?))?;
    let lacks = |what: &str| Failure(format!("{program} on {}: no {what} in {run:?}", board.name));
    if run.code != Some(0) {
        return Err(lacks("success"));
    }
    let counts = run.errors.lines().find_map(|line| line.strip_prefix("icount "));
    let insns = counts.and_then(|counts| counts.split(' ').next()?.parse().ok());
    let values = [
        insns.ok_or_else(|| lacks("icount line"))?,
        field(&run.text, program, "push").ok_or_else(|| lacks("push"))?,
        field(&run.text, program, "stack").ok_or_else(|| lacks("stack"))?,
        field(&run.text, program, "ram").ok_or_else(|| lacks("ram"))?,
        flash(&elf)?,
    ];
    Ok(Measured {
        values,
        own_count: field(&run.text, program, "insns"),
        run,
    })
}

/// Code, constants and initial values: `text` and `data` of binutils' `size`, which reads any 32-bit ELF.
fn flash(elf: &Path) -> Result<u64, Failure> {
    let table = build::run(Command::new("arm-none-eabi-size").arg(elf))?;
    let mut numbers = table
        .lines()
        .nth(1)
        .unwrap_or_default()
        .split_whitespace()
        .map(str::parse::<u64>);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(text)), Some(Ok(data))) => Ok(text + data),
        _ => Err(Failure(format!("arm-none-eabi-size printed: {table}"))),
    }
}

/// Where the budgets are kept.
pub fn budgets_file() -> PathBuf {
    root().join("firmware/budgets.toml")
}

/// The budgets of a program on a board.
///
/// # Errors
/// A file without an entry for it.
pub fn budget(program: &str, board: &Board) -> Result<[u64; 5], Failure> {
    let file = budgets_file();
    let all = read_toml(&file)?;
    let entry = all.get(program).and_then(|entry| entry.get(board.target));
    let mut values = [0; 5];
    for (value, name) in values.iter_mut().zip(QUANTITIES) {
        let number = entry
            .and_then(|entry| entry.get(name))
            .and_then(toml::Value::as_integer);
        *value = number
            .and_then(|number| u64::try_from(number).ok())
            .ok_or_else(|| {
                Failure(format!(
                    "{}: no {program}.{}.{name}",
                    file.display(),
                    board.target
                ))
            })?;
    }
    Ok(values)
}

/// The budgets of a program on all boards.
///
/// # Errors
/// As [`budget`].
pub fn budgets(program: &str) -> Result<Vec<Row>, Failure> {
    BOARDS
        .iter()
        .map(|board| Ok((*board, budget(program, board)?)))
        .collect()
}

/// The budgets file that holds `rows`.
pub fn budgets_text(program: &str, rows: &[Row]) -> String {
    let mut text = String::from(
        "# Footprint of the firmware examples, measured under QEMU; the tests allow 2 % above.\n\
         # Made by: cargo run -p gibbs-tests --bin footprint -- --write\n\
         # insns: of the fit alone. push: of one sample. stack: bytes, high-water mark. ram: stack + static data. flash: whole program.\n",
    );
    for (board, values) in rows {
        let _ = write!(text, "\n[{program}.{}]\n", board.target);
        for (name, value) in QUANTITIES.iter().zip(values) {
            let _ = writeln!(text, "{name} = {value}");
        }
    }
    text
}

/// The README's table.
pub fn table(rows: &[Row]) -> String {
    let mut text = String::from(
        "| device | fit, instructions | one sample, instructions | stack, bytes | RAM, bytes | flash, bytes |\n\
         |---|---:|---:|---:|---:|---:|\n",
    );
    for (board, values) in rows {
        let _ = write!(text, "| {} |", board.name);
        for value in values {
            let _ = write!(text, " {} |", grouped(*value));
        }
        text.push('\n');
    }
    text
}

fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Writes the budgets file and the README's table.
///
/// # Errors
/// A file that cannot be written; a README that is missing or has no marks.
pub fn write_all(program: &str, rows: &[Row]) -> Result<(), Failure> {
    let file = budgets_file();
    std::fs::write(&file, budgets_text(program, rows)).map_err(failed(file.display()))?;
    readme::write("footprint", &table(rows))
}
