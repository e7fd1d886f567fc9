//! Writes the memory map of the QEMU board that belongs to the target.

use std::{env, error::Error, fs, path::PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    // microbit: nRF51822, 256 KiB flash, 16 KiB RAM. mps2-an385/386: 4 MiB each.
    let small = env::var("TARGET")?.starts_with("thumbv6m");
    let (flash, ram) = if small { ("256K", "16K") } else { ("4M", "4M") };
    println!("cargo:rustc-check-cfg=cfg(small_board)");
    if small {
        println!("cargo:rustc-cfg=small_board");
    }
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(
        out.join("memory.x"),
        format!(
            "MEMORY\n{{\n  FLASH : ORIGIN = 0x00000000, LENGTH = {flash}\n  RAM : ORIGIN = 0x20000000, LENGTH = {ram}\n}}\n"
        ),
    )?;
    println!("cargo:rustc-link-search={}", out.display());
    println!("cargo:rerun-if-changed=build.rs");
    Ok(())
}
