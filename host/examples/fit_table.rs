//! A table is read, a garrote is fitted, the chosen variables are printed.
//!
//! `cargo run -p gibbs --example fit_table`

use gibbs::data::TableOptions;
use gibbs::garrote::{Design, FitOptions, fit};
use std::error::Error;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/diabetes.csv");
    let options = TableOptions {
        target: Some("target".to_owned()),
        ..TableOptions::default()
    };
    let (variables, target) = options.read(&file)?.split_target()?;
    let names = variables.iter().map(|column| column.name.clone()).collect();
    let columns = variables
        .iter()
        .flat_map(|column| column.values.clone())
        .collect();
    let design = Design::new(names, target.name, columns, target.values)?;

    let fitted = fit(&design, &FitOptions::default())?; // EBIC
    for i in fitted.support() {
        let effect = fitted.inclusion[i] * fitted.weight[i];
        println!(
            "{:>4}  probability {:.3}, {effect:+.1} per standard deviation",
            design.names[i], fitted.inclusion[i]
        );
    }
    println!(
        "residual standard deviation {:.1}",
        fitted.precision.sqrt().recip()
    );
    Ok(())
}
