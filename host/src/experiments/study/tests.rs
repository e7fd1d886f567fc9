//! Oracle: small grids by hand. Meant to be seen: the seeds of a setting taken from the next; one stream for all seeds;
//! rows in the order of the settings.
use super::*;
use crate::experiments::Expected;
use crate::work::Work;
use gibbs_core::random;

fn context(seed: u64) -> Context<'static> {
    Context {
        work: Work::plain(),
        seed,
        full: false,
    }
}

#[test] // y = 3 x^2 and x + seed, without chance
fn means_errors_slope_and_rows_by_hand() {
    let study = Study {
        name: "test",
        axis: "x",
        settings: &[4_usize, 1, 2],
        seeds: 1,
    };
    let grid = study
        .run(&context(0), |x, _| {
            let x = x as f64;
            Ok([3.0 * x * x, -x])
        })
        .unwrap();
    let square = grid.column(0, "square");
    assert_eq!(square.means, [48.0, 3.0, 12.0]);
    assert_eq!(square.errors, [0.0; 3]);
    assert!((square.slope() - 2.0).abs() < 1e-12);
    assert_eq!(square.curve().points, [(1.0, 3.0), (2.0, 12.0), (4.0, 48.0)]);
    assert_eq!(square.series().points, [(4.0, 48.0), (1.0, 3.0), (2.0, 12.0)]);
    let rows = square.rows("y", &Source::own("test"));
    let names: Vec<_> = rows.iter().map(|row| row.quantity.as_str()).collect();
    assert_eq!(
        names,
        ["y, x = 1: square", "y, x = 2: square", "y, x = 4: square"]
    );
    assert!(rows.iter().all(|row| row.expected == Expected::Informative));
    assert!(grid.column(1, "negative").slope().is_nan());
}

#[test] // a part draws from its own stream, whatever else is studied
fn settings_do_not_share_random_numbers() {
    let study = |settings: &[f64], seeds| {
        let study = Study {
            name: "test",
            axis: "x",
            settings,
            seeds,
        };
        let grid = study.run(&context(3), |_, rng| Ok([random::uniform::<f64>(rng)]));
        grid.unwrap()
    };
    let (all, one) = (study(&[0.25, 0.5], 3), study(&[0.5], 1));
    assert_eq!(all.values[3], one.values[0]);
    assert_eq!(
        one.values[0][0],
        random::uniform::<f64>(&mut context(3).stream("test", 0.5_f64.to_bits()))
    );
    let mut distinct: Vec<u64> = all.values.iter().map(|v| v[0].to_bits()).collect();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(distinct.len(), 6);
    let column = all.column(0, "u");
    let values: Vec<f64> = all.values[..3].iter().map(|v| v[0]).collect();
    assert_eq!((column.means[0], column.errors[0]), mean_error(&values));
    assert!(column.errors[0] > 0.0);
}

#[test]
fn an_error_of_one_part_ends_the_study() {
    let study = Study {
        name: "test",
        axis: "x",
        settings: &[1_usize, 2],
        seeds: 2,
    };
    let found = study.run(&context(0), |x, _| match x {
        1 => Ok([1.0]),
        _ => Err(ExperimentError::other("measuring")("no value")),
    });
    assert_eq!(found.unwrap_err().to_string(), "measuring: no value");
}
