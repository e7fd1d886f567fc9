//! The default range of inverse temperatures: its formulas by hand, what it must not see, units.

use crate::cases;
use gibbs_core::Error;
use gibbs_core::ising::anneal::{BetaRange, beta_range};
use gibbs_core::ising::model::Wrap;
use gibbs_core::ising::{Dense, Torus};
use gibbs_core::random::{below, stream, uniform};
use proptest::prelude::*;
use rand_core::Rng;

/// Symmetric couplings and fields of n spins on the heap.
#[derive(Clone)]
struct Weights {
    n: usize,
    couplings: Vec<f64>,
    fields: Vec<f64>,
}

impl Weights {
    fn new(n: usize) -> Self {
        let (couplings, fields) = (vec![0.0; n * n], vec![0.0; n]);
        Self { n, couplings, fields }
    }

    fn set(&mut self, i: usize, j: usize, coupling: f64) {
        self.couplings[i * self.n + j] = coupling;
        self.couplings[j * self.n + i] = coupling;
    }

    /// Drawn: ±1, whole numbers, or reals; some pairs without a coupling; fields on some spins.
    fn drawn(seed: u64, n: usize, kind: u32) -> Self {
        let mut rng = stream(seed, "tests/range", u64::from(kind));
        let mut value = || match kind {
            0 => f64::from(below(&mut rng, 2)) * 2.0 - 1.0,
            1 => f64::from(below(&mut rng, 19)) - 9.0,
            _ => {
                let third: f64 = (0..3).map(|_| uniform::<f64>(&mut rng) - 0.5).sum();
                third * 2.0
            }
        };
        let mut drawn = Self::new(n);
        for i in 0..n {
            for j in i + 1..n {
                let coupling = value();
                drawn.set(i, j, if (i * 7 + j * 3) % 5 == 0 { 0.0 } else { coupling });
            }
            drawn.fields[i] = if i % 3 == 0 { value() } else { 0.0 };
        }
        drawn.set(0, n - 1, 1.0); // never all 0
        drawn
    }

    /// The same and one spin more, coupled to nothing.
    fn with_isolated(&self, field: f64) -> Self {
        let mut larger = Self::new(self.n + 1);
        for i in 0..self.n {
            for j in 0..self.n {
                larger.couplings[i * (self.n + 1) + j] = self.couplings[i * self.n + j];
            }
        }
        larger.fields[..self.n].copy_from_slice(&self.fields);
        larger.fields[self.n] = field;
        larger
    }

    fn times(&self, factor: f64) -> Self {
        let scaled = |values: &[f64]| values.iter().map(|v| v * factor).collect();
        Self {
            n: self.n,
            couplings: scaled(&self.couplings),
            fields: scaled(&self.fields),
        }
    }

    fn range(&self) -> Result<BetaRange, Error> {
        beta_range(&Dense::new(&self.couplings, &self.fields).unwrap())
    }

    fn ends(&self) -> [u64; 2] {
        let range = self.range().unwrap();
        assert!(0.0 < range.hot && range.hot < range.cold && !range.flat);
        [range.hot.to_bits(), range.cold.to_bits()]
    }
}

// by hand
#[test] // oracle: ising-anneal
fn the_range_follows_its_formulas() {
    // |J01| = 2, |J12| = 0.5, h2 = -1, of which 0.5 counts: rows (2), (2, 0.5), (0.5, 0.5). Squares 4, 4.25, 0.5. Lower
    // quartiles 2, 0.5, 0.5, so g = 0.5, which two spins have.
    let mut three = Weights::new(3);
    three.set(0, 1, 2.0);
    three.set(1, 2, -0.5);
    three.fields[2] = -1.0;
    let range = three.range().unwrap();
    let size = ((16.0 + 18.0625 + 0.25) / (4.0 + 4.25 + 0.5_f64)).sqrt();
    assert!((range.hot - 2.0_f64.ln() / (2.0 * size)).abs() < 1e-15);
    assert!((range.cold - 200.0_f64.ln()).abs() < 1e-14);
    // of equal couplings: sqrt(degree), and the size itself
    let torus = beta_range(&Torus::new(4, 4, 3_i8, 0, Wrap::Simple).unwrap()).unwrap();
    assert!((torus.hot - 2.0_f64.ln() / 12.0).abs() < 1e-15);
    assert!((torus.cold - 1600.0_f64.ln() / 6.0).abs() < 1e-14);
    // of fields alone: those
    let mut alone = Weights::new(4);
    alone.fields = vec![0.0, 3.0, -3.0, 3.0];
    let range = alone.range().unwrap();
    assert!((range.hot - 2.0_f64.ln() / 6.0).abs() < 1e-15);
    assert!((range.cold - 300.0_f64.ln() / 6.0).abs() < 1e-14);
}

#[test] // edge: ising-anneal
fn models_without_weights_and_with_tiny_ones() {
    let flat = BetaRange {
        hot: 0.1,
        cold: 1.0,
        flat: true,
    };
    assert_eq!(Weights::new(2).range(), Ok(flat));
    let pair = |size| {
        let mut pair = Weights::new(2);
        pair.set(0, 1, size);
        pair
    };
    assert_eq!(pair(1e-310).range(), Err(Error::NonFinite));
    assert_eq!(pair(1e-308).range(), Err(Error::NonFinite)); // 1/beta would be below the normal numbers
    assert!(pair(1e-306).range().is_ok() && pair(8e307).range().is_ok());
    // a denormal coupling beside one of 1 is not seen
    let mut three = Weights::new(3);
    three.set(0, 1, 1.0);
    let before = three.ends();
    three.set(1, 2, 1e-310);
    assert_eq!(three.ends(), before);
}

proptest! {
    #![proptest_config(cases(200))]

    #[test] // law: ising-anneal
    fn what_does_not_matter_changes_no_bit(
        seed in any::<u64>(), n in 4_usize..24, kind in 0_u32..3,
        i in 0_usize..24, j in 0_usize..24, power in -300_i32..-10,
    ) {
        let model = Weights::drawn(seed, n, kind);
        let before = model.ends();
        let (i, j) = (i % n, j % n);
        let tiny = 10.0_f64.powi(power);
        // spins that nothing is coupled to, with a field or without
        for field in [0.0, tiny, 1.0, -1e6] {
            prop_assert_eq!(model.with_isolated(field).ends(), before, "an isolated spin in the field {}", field);
        }
        // a spin that hangs on a negligible coupling
        let mut hanging = model.with_isolated(0.0);
        hanging.set(i, n, -tiny);
        prop_assert_eq!(hanging.ends(), before);
        // a negligible coupling or field where there was none
        let mut more = model.clone();
        if i != j && more.couplings[i * n + j] == 0.0 {
            more.set(i, j, tiny);
        }
        if more.fields[i] == 0.0 {
            more.fields[i] = -tiny;
        }
        prop_assert_eq!(more.ends(), before);
        // how far beyond its neighbours a field is
        let mut strong = model.clone();
        strong.fields[i] = 1e3 * n as f64;
        let mut stronger = strong.clone();
        stronger.fields[i] = -1e9;
        prop_assert_eq!(stronger.ends(), strong.ends());
    }

    #[test] // law: ising-anneal
    fn the_range_scales_with_the_unit(seed in any::<u64>(), n in 2_usize..24, kind in 0_u32..3, power in -900_i32..900) {
        let model = Weights::drawn(seed, n, kind);
        let [hot, cold] = model.ends().map(f64::from_bits);
        let factor = 2.0_f64.powi(power);
        let [hotter, colder] = model.times(factor).ends().map(f64::from_bits);
        prop_assert_eq!(hotter.to_bits(), (hot / factor).to_bits());
        prop_assert_eq!(colder.to_bits(), (cold / factor).to_bits());
    }

    #[test] // law: ising-anneal
    fn the_order_of_the_spins_does_not_matter(seed in any::<u64>(), n in 2_usize..24, kind in 0_u32..2) {
        // whole numbers: sums in another order are the same
        let model = Weights::drawn(seed, n, kind);
        let mut places: Vec<usize> = (0..n).collect();
        let mut rng = stream(seed, "tests/range/order", 0);
        for k in (1..n).rev() {
            places.swap(k, (rng.next_u64() % (k as u64 + 1)) as usize);
        }
        let mut moved = Weights::new(n);
        for i in 0..n {
            for j in 0..n {
                moved.couplings[places[i] * n + places[j]] = model.couplings[i * n + j];
            }
            moved.fields[places[i]] = model.fields[i];
        }
        prop_assert_eq!(moved.ends(), model.ends());
    }
}
