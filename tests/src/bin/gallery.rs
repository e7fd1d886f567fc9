//! Makes the gallery of the book from a report of `gibbs reproduce`: every figure with its command, what was expected and
//! what was measured.
//!
//! ```text
//! cargo run --release -- reproduce --json --out report > report.json
//! cargo run -p gibbs-tests --bin gallery -- report.json report
//! ```

use gibbs_tests::gallery;
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [report, folder] = arguments.as_slice() else {
        eprintln!(
            "usage: gallery REPORT.json FOLDER\nhint: both are made by gibbs reproduce --json --out FOLDER > REPORT.json"
        );
        return ExitCode::from(2);
    };
    match gallery::write(Path::new(report), Path::new(folder)) {
        Ok(pictures) => {
            eprintln!("{}: {pictures} pictures", gallery::PAGE);
            ExitCode::SUCCESS
        }
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}
