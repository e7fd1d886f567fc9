//! Sufficient statistics one sample at a time against two passes over all.

use crate::data::{Batch, Table, cast, gap};
use crate::tolerances as tol;
use gibbs_core::Error;
use gibbs_core::garrote::stream::{StandardisedMut, Sums, SumsRef, Totals, standardise_row};
use gibbs_core::math::Real;
use gibbs_core::random::{stream, uniform};
use proptest::prelude::*;

/// Statistics on the heap.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Heap<T> {
    pub(crate) totals: Totals<T>,
    mean: Vec<T>,
    target_mean: Vec<T>,
    xx: Vec<T>,
    xy: Vec<T>,
    yy: Vec<T>,
}

impl<T: Real> Heap<T> {
    pub(crate) fn new(n: usize, q: usize) -> Self {
        let zeros = |len| vec![T::ZERO; len];
        Self {
            totals: Totals::default(),
            mean: zeros(n),
            target_mean: zeros(q),
            xx: zeros(n * n),
            xy: zeros(n * q),
            yy: zeros(q),
        }
    }

    pub(crate) fn sums(&mut self) -> Sums<'_, T> {
        Sums {
            totals: &mut self.totals,
            mean: &mut self.mean,
            target_mean: &mut self.target_mean,
            xx: &mut self.xx,
            xy: &mut self.xy,
            yy: &mut self.yy,
        }
    }

    pub(crate) fn view(&self) -> SumsRef<'_, T> {
        SumsRef {
            totals: &self.totals,
            mean: &self.mean,
            target_mean: &self.target_mean,
            xx: &self.xx,
            xy: &self.xy,
            yy: &self.yy,
        }
    }

    pub(crate) fn standardise(&self) -> Result<Batch<T>, Error> {
        let (n, q) = (self.mean.len(), self.yy.len());
        let zeros = |len| vec![T::ZERO; len];
        let (mut c, mut b, mut s2, mut scale) = (zeros(n * n), zeros(n * q), zeros(q), zeros(n));
        let mut out = StandardisedMut {
            covariance: &mut c,
            correlation: &mut b,
            variance: &mut s2,
            scale: &mut scale,
        };
        let samples = self.view().standardise(&mut out)?;
        Ok(Batch {
            c,
            b,
            s2,
            mean: self.mean.clone(),
            scale,
            target_mean: self.target_mean.clone(),
            samples,
        })
    }
}

fn push_all<T: Real>(
    heap: &mut Heap<T>,
    table: &Table,
    rows: std::ops::Range<usize>,
    omega: &[f64],
    forget: f64,
) {
    for (k, (x, y)) in table.each().enumerate().skip(rows.start).take(rows.len()) {
        heap.sums()
            .push(&cast(x), &cast(y), T::of(omega[k]), T::of(forget))
            .unwrap();
    }
}

fn assert_equal<T: Real>(a: &Batch<T>, b: &Batch<T>, within: f64, what: &str) {
    let relative = |a: &[T], b: &[T]| {
        let top = b.iter().map(|v| v.wide().abs()).fold(1.0, f64::max);
        gap(a, b) / top
    };
    for (name, x, y) in [
        ("C", &a.c, &b.c),
        ("b", &a.b, &b.b),
        ("s2", &a.s2, &b.s2),
        ("mean", &a.mean, &b.mean),
        ("sd", &a.scale, &b.scale),
        ("ybar", &a.target_mean, &b.target_mean),
    ] {
        let gap = relative(x, y);
        assert!(gap < within, "{what}, {name}: {gap}");
    }
    assert!(
        (a.samples.wide() / b.samples.wide() - 1.0).abs() < within,
        "{what}, M"
    );
}

/// A table of two targets at the given offsets.
fn table(index: u64, rows: usize, n: usize, offset: f64) -> Table {
    let mut table = Table::correlated("stream", index, rows, n, 0.6);
    table.targets = 2;
    table.y = table
        .y
        .iter()
        .zip(table.x.chunks_exact(n))
        .flat_map(|(y, x)| [*y, x[0] - 0.3 * y])
        .collect();
    for v in table.x.iter_mut().chain(&mut table.y) {
        *v += offset;
    }
    table
}

proptest! {
    #![proptest_config(crate::cases(64))]

    // one by one = batch; two halves merged = whole, any cut; weights; forgetting = weighted batch
    #[test] // oracle: garrote-stream
    fn streaming_is_the_batch(index in 0..1000_u64, n in 1..8_usize, cut in 0..31_usize, offset in -1e3..1e3_f64, forget in 0.7..1.0_f64) {
        let table = table(index, 30, n, offset);
        let ones = vec![1.0; 30];
        let mut whole = Heap::<f64>::new(n, 2);
        push_all(&mut whole, &table, 0..30, &ones, 1.0);
        let expected = table.batch::<f64>();
        assert_equal(&whole.standardise().unwrap(), &expected, tol::STREAM_F64, "push");

        let (mut a, mut b) = (Heap::new(n, 2), Heap::new(n, 2));
        push_all(&mut a, &table, 0..cut, &ones, 1.0);
        push_all(&mut b, &table, cut..30, &ones, 1.0);
        a.sums().merge(&b.view()).unwrap();
        assert_equal(&a.standardise().unwrap(), &expected, tol::STREAM_F64, "merge");

        let mut rng = stream(18, "weights", index);
        let omega: Vec<f64> = (0..30).map(|_| 0.2 + 2.0 * uniform::<f64>(&mut rng)).collect();
        let mut faded = Heap::<f64>::new(n, 2);
        push_all(&mut faded, &table, 0..30, &omega, forget);
        let weights: Vec<f64> = omega.iter().enumerate().map(|(k, w)| w * forget.powf(29.0 - k as f64)).collect();
        assert_equal(&faded.standardise().unwrap(), &table.weighted(&weights), tol::STREAM_F64, "forget");
    }

    // remove undoes push: a sliding window
    #[test] // law: garrote-stream
    fn remove_inverts_push(index in 0..1000_u64, n in 1..8_usize, first in 0..20_usize) {
        let table = table(index, 30, n, 5.0);
        let mut rng = stream(19, "weights", index);
        let omega: Vec<f64> = (0..30).map(|_| 0.5 + uniform::<f64>(&mut rng)).collect();
        let mut heap = Heap::<f64>::new(n, 2);
        push_all(&mut heap, &table, 0..30, &omega, 1.0);
        for (k, (x, y)) in table.each().enumerate().take(first) {
            heap.sums().remove(x, y, omega[k]).unwrap();
        }
        let mut window = omega.clone();
        window[..first].fill(0.0);
        assert_equal(&heap.standardise().unwrap(), &table.weighted(&window), tol::STREAM_F64, "remove");
    }
}

// long forgetting: M -> (1 + lambda)/(1 - lambda), the closed form
#[test] // law: garrote-stream
fn effective_samples_of_a_long_stream() {
    let mut heap = Heap::<f64>::new(1, 1);
    for k in 0..3000 {
        heap.sums()
            .push(&[f64::from(k % 7)], &[f64::from(k % 5)], 1.0, 0.95)
            .unwrap();
    }
    assert!((heap.view().samples() - 1.95 / 0.05).abs() < tol::STREAM_F64);
}

// f32 at offset 1e4: raw moments would keep no digit; these keep three
#[test] // edge: garrote-stream
fn single_precision_survives_an_offset() {
    for index in 0..5 {
        let table = table(index, 200, 6, 1e4);
        let mut heap = Heap::<f32>::new(6, 2);
        push_all(&mut heap, &table, 0..200, &[1.0; 200], 1.0);
        let mut rounded = table.clone(); // what f32 can represent of the data
        for v in rounded.x.iter_mut().chain(&mut rounded.y) {
            *v = f64::from(*v as f32);
        }
        let expected = rounded.batch::<f64>();
        let got = heap.standardise().unwrap();
        let got = Batch {
            c: wide(&got.c),
            b: wide(&got.b),
            s2: wide(&got.s2),
            mean: wide(&got.mean),
            scale: wide(&got.scale),
            target_mean: wide(&got.target_mean),
            samples: got.samples.wide(),
        };
        assert_equal(&got, &expected, tol::STREAM_F32, "f32 at 1e4");
    }
}

fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().map(|v| f64::from(*v)).collect()
}

// a constant column is dead at any offset, in both scalars, and does not disturb the others
#[test] // edge: garrote-stream
fn constant_columns_are_dead() {
    fn check<T: Real>() {
        for offset in [0.0, 0.1, 1e4, -1e7] {
            let table = Table::correlated("dead", 1, 50, 4, 0.3);
            let mut heap = Heap::<T>::new(4, 1);
            for (x, y) in table.each() {
                let mut row: Vec<T> = cast(x);
                row[2] = T::of(offset);
                heap.sums().push(&row, &cast(y), T::ONE, T::of(0.99)).unwrap();
            }
            let batch = heap.standardise().unwrap();
            assert_eq!(batch.scale[2], T::ZERO);
            assert!((0..4).all(|i| batch.c[8 + i] == T::ZERO && batch.c[i * 4 + 2] == T::ZERO));
            assert_eq!(batch.b[2], T::ZERO);
            assert!(
                [0, 1, 3]
                    .iter()
                    .all(|i| batch.scale[*i] > T::HALF && batch.c[i * 5] == T::ONE)
            );
            let mut row: Vec<T> = batch.mean.clone();
            row[0] += batch.scale[0];
            standardise_row(&mut row, &batch.mean, &batch.scale).unwrap();
            assert!((row[0].wide() - 1.0).abs() < 1e-5 && row[2] == T::ZERO);
        }
    }
    check::<f32>();
    check::<f64>();
}

// a live column of tiny spread is not dead: the rule is free of units
#[test] // edge: garrote-stream
fn small_units_are_not_dead() {
    for unit in [1e-15, 1e-3, 1e12] {
        let table = Table::correlated("units", 0, 20, 2, 0.3);
        let mut heap = Heap::<f32>::new(2, 1);
        for (x, y) in table.each() {
            heap.sums()
                .push(&[(x[0] * unit) as f32, x[1] as f32], &cast(y), 1.0, 1.0)
                .unwrap();
        }
        assert!(heap.standardise().unwrap().scale[0] > 0.0, "{unit}");
    }
}

// a column that moves by its last bit only is rounding, not signal
#[test] // edge: garrote-stream
fn columns_that_are_rounding_are_dead() {
    let mut single = Heap::<f32>::new(2, 1);
    let mut double = Heap::<f64>::new(2, 1);
    for k in 0..40_u8 {
        let (odd, y) = (k % 2 == 1, f64::from(k % 7));
        let x = if odd { 1e4_f32.next_up() } else { 1e4 };
        single
            .sums()
            .push(&[x, f32::from(k)], &[y as f32], 1.0, 1.0)
            .unwrap();
        let x = if odd { 1e4_f64.next_up() } else { 1e4 };
        double.sums().push(&[x, f64::from(k)], &[y], 1.0, 1.0).unwrap();
    }
    let (single, double) = (single.standardise().unwrap(), double.standardise().unwrap());
    assert!(single.scale[0] == 0.0 && single.scale[1] > 1.0);
    assert!(double.scale[0] == 0.0 && double.scale[1] > 1.0);
}
