//! The emulated boards: what to build for them and how to run it. The QEMU command line is the `runner` of the
//! workspace's `.cargo/config.toml`, so that `cargo run` there and the tests here do the same.

use crate::tools::Tool;
use crate::{Failure, build, failed, read_toml, root};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// One emulated machine.
#[derive(Clone, Copy, Debug)]
pub struct Board {
    /// Processor and QEMU machine, for people.
    pub name: &'static str,
    /// Rust target.
    pub target: &'static str,
    /// Folder below `firmware/`.
    pub workspace: &'static str,
    /// The emulator.
    pub qemu: &'static str,
}

const fn board(
    name: &'static str,
    target: &'static str,
    workspace: &'static str,
    qemu: &'static str,
) -> Board {
    Board {
        name,
        target,
        workspace,
        qemu,
    }
}

/// Cortex-M4F: the main device.
pub const M4F: Board = board(
    "Cortex-M4F (mps2-an386)",
    "thumbv7em-none-eabihf",
    "cortex-m",
    "qemu-system-arm",
);
/// Cortex-M3: soft floating point.
pub const M3: Board = board(
    "Cortex-M3 (mps2-an385)",
    "thumbv7m-none-eabi",
    "cortex-m",
    "qemu-system-arm",
);
/// Cortex-M0: 16 KiB of RAM.
pub const M0: Board = board(
    "Cortex-M0 (microbit)",
    "thumbv6m-none-eabi",
    "cortex-m",
    "qemu-system-arm",
);
/// RISC-V with hardware floating point.
pub const RV32F: Board = board(
    "RV32IMAFC (virt)",
    "riscv32imafc-unknown-none-elf",
    "riscv",
    "qemu-system-riscv32",
);
/// RISC-V without a floating-point unit.
pub const RV32: Board = board(
    "RV32IMAC (virt)",
    "riscv32imac-unknown-none-elf",
    "riscv",
    "qemu-system-riscv32",
);
/// All boards.
pub const BOARDS: [Board; 5] = [M4F, M3, M0, RV32F, RV32];

/// How a firmware run ended and what it printed.
#[derive(Clone, Debug)]
pub struct Run {
    /// Standard output.
    pub text: String,
    /// Standard error.
    pub errors: String,
    /// Exit status; `None` when ended by a signal.
    pub code: Option<i32>,
}

impl Board {
    /// The tools that a run on the board needs.
    pub fn tools(&self) -> [Tool<'static>; 3] {
        [
            Tool::Program(self.qemu),
            Tool::Target(self.target),
            Tool::Crates(self.workspace),
        ]
    }

    /// Builds one program; gives the ELF file.
    ///
    /// # Errors
    /// The output of a failed build.
    pub fn build(&self, program: &str) -> Result<PathBuf, Failure> {
        let workspace = root().join("firmware").join(self.workspace);
        build::release(
            &workspace,
            self.workspace,
            &["--target", self.target, "--bin", program],
            "",
        )?;
        Ok(build::folder(self.workspace)
            .join(self.target)
            .join("release")
            .join(program))
    }

    /// Runs an ELF file, with the instruction-counting plugin if one is given. Ends it after two minutes.
    ///
    /// # Errors
    /// When QEMU does not start or does not end. A program that ends with a failure is not an error here.
    pub fn run(&self, elf: &Path, plugin: Option<&Path>) -> Result<Run, Failure> {
        let mut command = self.command(elf, plugin)?;
        let what = format!("{command:?}");
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().map_err(failed(&what))?;
        let deadline = Instant::now() + Duration::from_secs(120);
        // The output is a few hundred bytes: it fits in the pipe, so waiting before reading cannot block.
        while child.try_wait().map_err(failed(&what))?.is_none() {
            if Instant::now() > deadline {
                child.kill().map_err(failed(&what))?;
                child.wait().map_err(failed(&what))?;
                return Err(Failure(format!("{what}: still running after 120 s")));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let output = child.wait_with_output().map_err(failed(&what))?;
        Ok(Run {
            text: String::from_utf8_lossy(&output.stdout).into_owned(),
            errors: String::from_utf8_lossy(&output.stderr).into_owned(),
            code: output.status.code(),
        })
    }

    fn command(&self, elf: &Path, plugin: Option<&Path>) -> Result<Command, Failure> {
        let file = root()
            .join("firmware")
            .join(self.workspace)
            .join(".cargo/config.toml");
        let config = read_toml(&file)?;
        let runner = config
            .get("target")
            .and_then(|t| t.get(self.target))
            .and_then(|t| t.get("runner"));
        let runner = runner.and_then(toml::Value::as_str).unwrap_or_default();
        let mut words = runner.split_whitespace();
        let program = words
            .next()
            .ok_or_else(|| Failure(format!("{}: no runner for {}", file.display(), self.target)))?;
        let mut command = Command::new(program);
        if let Some(plugin) = plugin {
            command.arg("-plugin").arg(plugin);
        }
        command.args(words).arg(elf);
        Ok(command)
    }
}

/// Builds `firmware/icount` once per process.
///
/// # Errors
/// The compiler's output.
pub fn icount() -> Result<&'static Path, Failure> {
    static PLUGIN: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let built = PLUGIN.get_or_init(|| compile_icount().map_err(|failure| failure.0));
    built.as_deref().map_err(|failure| Failure(failure.clone()))
}

fn compile_icount() -> Result<PathBuf, Failure> {
    let folder = build::folder("icount");
    std::fs::create_dir_all(&folder).map_err(failed(folder.display()))?;
    // Renamed into place: another test process may be loading the old one.
    let (fresh, library) = (
        folder.join(format!("{}.so", std::process::id())),
        folder.join("libicount.so"),
    );
    let source = root().join("firmware/icount/icount.c");
    let mut gcc = Command::new("gcc");
    gcc.args(["-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o"])
        .arg(&fresh)
        .arg(source);
    build::run(&mut gcc)?;
    std::fs::rename(&fresh, &library).map_err(failed(library.display()))?;
    Ok(library)
}
