//! Prints the hash vector as TOML:
//! `cargo run --quiet -p gibbs-workload --example hashes > fixtures/hashes.toml` makes the golden file.

fn main() {
    println!(
        "# Bit hashes of the core's algorithms (64-bit FNV-1a over result bit patterns), equal on every target."
    );
    println!("# Made by: cargo run --quiet -p gibbs-workload --example hashes > fixtures/hashes.toml");
    println!("# A change here is a change of results on every device: say why in the CHANGELOG.");
    for (name, hash) in gibbs_workload::hashes() {
        println!("{name} = \"{hash:#018x}\"");
    }
}
