//! Says where the data lie that become part of the program: in the repository beside this package, or, in a packaged
//! crate, inside it.

use std::path::Path;

fn main() {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let places = [package.join("../fixtures"), package.join("fixtures")];
    let place = places.iter().find(|place| place.join("citations.toml").is_file());
    println!(
        "cargo::rustc-env=GIBBS_FIXTURES={}",
        place.expect("fixtures").display()
    );
    println!("cargo::rerun-if-changed=build.rs");
}
