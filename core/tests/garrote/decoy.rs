//! The Zhao-Yu decoy: a path that ends at Σ m = N/2 never gets past it.

use crate::data::{Batch, Curves, Gates, Table, support};
use gibbs_core::garrote::path::{activation_grid, default_limit};
use gibbs_core::garrote::select::{by_information, scratch_len};
use gibbs_core::garrote::{Ascent, Options, Solver, trace};
use gibbs_core::random::{normal, stream};

/// Zhao and Yu's design: x3 = (2 x1 + 2 x2 + e)/3 is the strongest single variable of y = w1 x1 + 3 x2 + noise.
fn zhao_yu(index: u64, w1: f64) -> Table {
    let mut rng = stream(20, "zhao-yu", index);
    let (mut x, mut y) = (Vec::new(), Vec::new());
    for _ in 0..1000 {
        let [a, b, e, noise]: [f64; 4] = std::array::from_fn(|_| normal(&mut rng));
        x.extend([a, b, (2.0 * a + 2.0 * b + e) / 3.0]);
        y.push(w1 * a + 3.0 * b + noise);
    }
    Table {
        columns: 3,
        targets: 1,
        x,
        y,
        truth: vec![0, 1],
    }
}

/// The supports met on the way up, and EBIC's choice.
pub(crate) fn run(batch: &Batch<f64>, limit: f64) -> (Vec<Vec<usize>>, Vec<usize>) {
    let moments = batch.moments();
    let mut grid = vec![0.0; 50];
    activation_grid(moments.strongest_evidence(), &mut grid).unwrap();
    let mut gates = Gates::of(batch);
    let mut curves = Curves::of(batch, 50);
    let mut ascent = Ascent::new(moments, gates.lend(), Options::default()).unwrap();
    let mut met = Vec::new();
    for gamma in &grid {
        let _ = ascent.solve(*gamma);
        met.push(support(ascent.inclusion()));
        met.dedup();
    }
    let mut store = curves.store(&moments);
    let _ = trace(&mut ascent, &mut store, &grid, limit).unwrap();
    let n = batch.variables();
    let index = by_information(&moments, &store, 1.0, &mut vec![0.0; scratch_len(n)]).unwrap();
    (met, support(store.inclusion_at(index)))
}

// regression: with the limit N/2 of the authors' code the path ends on the decoy
#[test] // edge: garrote-path
fn zhao_yu_needs_the_right_limit() {
    assert_eq!(default_limit(3, 1000.0), 4.0);
    let (mut right, mut swapped, mut misled) = ([0; 2], 0, 0);
    for index in 0..100 {
        for (d, w1) in [2.0, -2.0].into_iter().enumerate() {
            let batch = zhao_yu(index, w1).batch::<f64>();
            let (met, chosen) = run(&batch, default_limit(3, 1000.0));
            right[d] += u32::from(chosen == [0, 1]);
            if d == 0 {
                swapped += u32::from(met.contains(&vec![2]) && met.contains(&vec![0, 1]));
                misled += u32::from(run(&batch, 1.5).1 == [2]);
            }
        }
    }
    assert!(right.iter().all(|r| *r >= 95), "D1, D2 right in {right:?} of 100");
    assert!(
        swapped >= 95,
        "the decoy comes first, then is swapped: {swapped} of 100"
    );
    assert!(misled >= 95, "the limit N/2 keeps the decoy: {misled} of 100");
}
