use super::super::testing::*;
use super::*;

#[test]
fn measure_me() {
    for (name, f) in [
        (
            "i^-1/2",
            Box::new(|i: f64| i.powf(-0.5)) as Box<dyn Fn(f64) -> f64>,
        ),
        ("i^-1/4", Box::new(|i: f64| i.powf(-0.25))),
        ("0.99^i", Box::new(|i: f64| 0.99_f64.powf(i))),
    ] {
        let s: Vec<f64> = (1..=6000).map(|i| f(f64::from(i))).collect();
        for limit in [4, 6, 8] {
            let start = std::time::Instant::now();
            let mut o = Options::new(50);
            o.limit = limit;
            o.tolerance = 1e-300;
            let b: Basis<f64> = basis(&mut Diagonal(s.clone()), &o).unwrap();
            let t = start.elapsed();
            eprintln!(
                "{name} {limit} residual {:e} sin {:e} {t:?}",
                b.measure,
                sine_to_axes(&b.v, 50, 6000)
            );
        }
    }
}
