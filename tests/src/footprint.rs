//! What the examples cost on a device: instructions, stack, RAM, flash; measured, held against
//! `firmware/budgets.toml`, and shown as the book's tables.
//!
//! Instructions are those of the work alone (what that is: [`Program::what`]), counted by the QEMU plugin between two
//! marks; push is one sample of the garrote's stream, by the board's counter; stack is the high-water mark since reset;
//! RAM is stack plus static data; flash is code and constants of the whole program, semihosting output and vector
//! table included.

use crate::boards::{BOARDS, Board, Run, icount};
use crate::{Failure, book, build, failed, read_toml, root};
use gibbs_workload::sizes::{OWNERS, Owner};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Budgets may be missed by this factor: another compiler version moves a few instructions.
pub const SLACK: f64 = 1.02;

/// A number measured of a program.
#[derive(Clone, Copy, Debug)]
pub struct Quantity {
    /// Its name in the budgets file, and in what the program prints.
    pub key: &'static str,
    /// Its column in the book.
    pub title: &'static str,
    /// Whether its budget is what it must reach, not what it may take.
    pub least: bool,
}

const fn cost(key: &'static str, title: &'static str) -> Quantity {
    Quantity {
        key,
        title,
        least: false,
    }
}

const STACK: Quantity = cost("stack", "stack, bytes");
const RAM: Quantity = cost("ram", "RAM, bytes");
const FLASH: Quantity = cost("flash", "flash, bytes");

/// An example of the firmware, measured.
#[derive(Clone, Copy, Debug)]
pub struct Program {
    /// Name of its binary.
    pub name: &'static str,
    /// The line above its table.
    pub what: &'static str,
    /// What is measured, in the order of the table.
    pub quantities: &'static [Quantity],
}

/// The Variational Garrote.
pub const GARROTE: Program = Program {
    name: "garrote",
    what: "`garrote`: 16 variables, 16 gammas, 96 samples, both passes, EBIC, one prediction; single precision.",
    quantities: &[
        cost("insns", "fit, instructions"),
        cost("push", "one sample, instructions"),
        STACK,
        RAM,
        FLASH,
    ],
};

/// The critical lattice.
pub const LATTICE: Program = Program {
    name: "lattice",
    what: "`lattice`: 64 x 64 Ising spins in 512 bytes at T_c, 50 Metropolis sweeps, every acceptance exact to 32 bits; \
           integers alone, no floating point is linked.",
    quantities: &[
        cost("insns", "50 sweeps, instructions"),
        Quantity {
            key: "rate",
            title: "flips tried per 1000 instructions",
            least: true,
        },
        STACK,
        RAM,
        FLASH,
    ],
};

/// The glass annealed.
pub const ANNEALER: Program = Program {
    name: "annealer",
    what: "`annealer`: a Sherrington-Kirkpatrick glass of 64 spins, 8-bit couplings (4 KiB), checked and annealed \
           4 times in 200 sweeps; integers.",
    quantities: &[cost("insns", "check and anneal, instructions"), STACK, RAM, FLASH],
};

/// The perceptron sampled.
pub const DENOISER: Program = Program {
    name: "denoiser",
    what: "`denoiser`: a perceptron 32 - 64 - 64 - 16 in f32 (28 KiB of weights in flash, pseudo-random, not trained) \
           as a diffusion model, one sample by ten steps of DDIM.",
    quantities: &[cost("insns", "ten steps, instructions"), STACK, RAM, FLASH],
};

/// All examples, in the order of the book.
pub const PROGRAMS: [Program; 4] = [GARROTE, LATTICE, ANNEALER, DENOISER];

/// A board and its values in the order of [`Program::quantities`].
pub type Row = (Board, Vec<u64>);

/// One program on one board.
#[derive(Clone, Debug)]
pub struct Measured {
    /// Values in the order of [`Program::quantities`].
    pub values: Vec<u64>,
    /// The work's instructions by the plugin.
    pub insns: u64,
    /// The number of instructions by the board's own counter; `None` when it wrapped.
    pub own_count: Option<u64>,
    /// The whole run.
    pub run: Run,
}

impl Program {
    /// The value of one quantity in a list of them.
    pub fn value(&self, values: &[u64], key: &str) -> Option<u64> {
        let mut all = self.quantities.iter().zip(values);
        all.find(|(quantity, _)| quantity.key == key)
            .map(|(_, value)| *value)
    }
}

impl Quantity {
    /// Whether a value keeps its budget, within [`SLACK`].
    pub fn keeps(&self, value: u64, budget: u64) -> bool {
        let (large, small) = if self.least {
            (budget, value)
        } else {
            (value, budget)
        };
        large as f64 <= small as f64 * SLACK
    }
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
pub fn measure(board: &Board, program: &Program) -> Result<Measured, Failure> {
    let elf = board.build(program.name)?;
    let run = board.run(&elf, Some(icount()?))?;
    let lacks = |what: &str| {
        Failure(format!(
            "{} on {}: no {what} in {run:?}",
            program.name, board.name
        ))
    };
    if run.code != Some(0) {
        return Err(lacks("success"));
    }
    let counts = run.errors.lines().find_map(|line| line.strip_prefix("icount "));
    let insns = counts.and_then(|counts| counts.split(' ').next()?.parse::<u64>().ok());
    let insns = insns.ok_or_else(|| lacks("icount line"))?;
    let printed = |key: &str| field(&run.text, program.name, key);
    let values = program.quantities.iter().map(|quantity| match quantity.key {
        "insns" => Ok(insns),
        "flash" => flash(&elf),
        "rate" => {
            let rate = printed("attempts").and_then(|attempts| (1000 * attempts).checked_div(insns));
            rate.ok_or_else(|| lacks("attempts"))
        }
        key => printed(key).ok_or_else(|| lacks(key)),
    });
    Ok(Measured {
        values: values.collect::<Result<_, _>>()?,
        insns,
        own_count: printed("insns"),
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
pub fn budget(program: &Program, board: &Board) -> Result<Vec<u64>, Failure> {
    let file = budgets_file();
    let all = read_toml(&file)?;
    let entry = all.get(program.name).and_then(|entry| entry.get(board.target));
    let value = |quantity: &Quantity| {
        let number = entry
            .and_then(|entry| entry.get(quantity.key))
            .and_then(toml::Value::as_integer);
        let number = number.and_then(|number| u64::try_from(number).ok());
        let (name, target, key) = (program.name, board.target, quantity.key);
        number.ok_or_else(|| Failure(format!("{}: no {name}.{target}.{key}", file.display())))
    };
    program.quantities.iter().map(value).collect()
}

/// The budgets of a program on all boards.
///
/// # Errors
/// As [`budget`].
pub fn budgets(program: &Program) -> Result<Vec<Row>, Failure> {
    BOARDS
        .iter()
        .map(|board| Ok((*board, budget(program, board)?)))
        .collect()
}

/// The budgets file that holds all programs.
pub fn budgets_text(all: &[(Program, Vec<Row>)]) -> String {
    let mut text = String::from(
        "# Footprint of the firmware examples, measured under QEMU; the tests allow 2 % more (rate: less).\n\
         # Made by: cargo run -p gibbs-tests --bin footprint -- --write\n\
         # insns: of the work alone. push: of one sample. rate: flips tried per 1000 instructions. stack: bytes,\n\
         # high-water mark. ram: stack + static data. flash: whole program.\n",
    );
    for (program, rows) in all {
        for (board, values) in rows {
            let _ = write!(text, "\n[{}.{}]\n", program.name, board.target);
            for (quantity, value) in program.quantities.iter().zip(values) {
                let _ = writeln!(text, "{} = {value}", quantity.key);
            }
        }
    }
    text
}

/// The book's tables.
pub fn tables(all: &[(Program, Vec<Row>)]) -> String {
    let mut text = String::new();
    for (program, rows) in all {
        let _ = write!(
            text,
            "{}{}\n\n| device |",
            if text.is_empty() { "" } else { "\n" },
            program.what
        );
        for quantity in program.quantities {
            let _ = write!(text, " {} |", quantity.title);
        }
        let _ = writeln!(text, "\n|---|{}", "---:|".repeat(program.quantities.len()));
        for (board, values) in rows {
            let _ = write!(text, "| {} |", board.name);
            for value in values {
                let _ = write!(text, " {} |", grouped(*value));
            }
            text.push('\n');
        }
    }
    text.push_str(
        "\n`gibbs_core`: the types that own their memory; each size is held when compiled for a device.\n",
    );
    text.push_str("\n| type | holds | bytes |\n|---|---|---:|\n");
    for Owner { name, holds, bytes } in OWNERS {
        let _ = writeln!(text, "| `{name}` | {holds} | {} |", grouped(*bytes as u64));
    }
    text
}

/// The budgets of all programs on all boards.
///
/// # Errors
/// As [`budget`].
pub fn all_budgets() -> Result<Vec<(Program, Vec<Row>)>, Failure> {
    PROGRAMS
        .iter()
        .map(|program| Ok((*program, budgets(program)?)))
        .collect()
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

/// Writes the budgets file and the book's tables.
///
/// # Errors
/// A file that cannot be written; a page that is missing or has no marks.
pub fn write_all(all: &[(Program, Vec<Row>)]) -> Result<(), Failure> {
    let file = budgets_file();
    std::fs::write(&file, budgets_text(all)).map_err(failed(file.display()))?;
    book::write("footprint", &tables(all))
}

/// The routines of software floating point that a program holds, by `nm`: on a part without a floating-point unit
/// every operation on a float is a call of one.
///
/// # Errors
/// The output of `nm`.
pub fn float_routines(elf: &Path) -> Result<Vec<String>, Failure> {
    let symbols = build::run(Command::new("arm-none-eabi-nm").arg(elf))?;
    let names = symbols.lines().filter_map(|line| line.split_whitespace().last());
    Ok(names
        .filter(|name| is_float_routine(name))
        .map(str::to_owned)
        .collect())
}

/// ARM's names (`__aeabi_dmul`, `__aeabi_ui2f`), those of the other compilers (`__muldf3`, `__floatsisf`), and libm.
fn is_float_routine(symbol: &str) -> bool {
    match (symbol.strip_prefix("__aeabi_"), symbol.strip_prefix("__")) {
        (Some(name), _) => name.starts_with(['d', 'f']) || name.ends_with("2d") || name.ends_with("2f"),
        (None, Some(name)) => name.contains("sf") || name.contains("df"),
        (None, None) => symbol.contains("4libm") || symbol.contains("5float"),
    }
}
