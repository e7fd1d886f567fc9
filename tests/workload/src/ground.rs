//! The ground floor of the core: elementary functions and random draws.

use crate::Hash;
use core::hint::black_box;
use gibbs_core::math::{Real, add_scaled, dot, larger, sigmoid, smaller, softplus};
use gibbs_core::random::{below, bernoulli, exponential, normal, shuffle, stream, uniform};

/// Every elementary function on a grid with negative, zero, tiny and large arguments. The grid goes through
/// `black_box`: constant folding in the compiler would hash the compiler's arithmetic, not the target's.
#[inline(never)]
pub(crate) fn math<T: Real>() -> u64 {
    let mut hash = Hash::default();
    for k in -40_i32..=40 {
        let x = T::of(black_box(f64::from(k) * 0.437_5 + 1.0 / 3.0));
        let positive = x * x + T::EPSILON;
        hash.reals(&[
            x.exp(),
            positive.ln(),
            positive.ln_1p(),
            positive.sqrt(),
            x.cos(),
            x.sin(),
        ]);
        hash.reals(&[sigmoid(x), softplus(x), larger(x, -x), smaller(x, -x), x.abs()]);
        hash.reals(&[T::of(x.wide()), T::ONE / x]);
        hash.word(u64::from(x.is_finite()));
    }
    let (mut x, mut y) = ([T::ZERO; 23], [T::ZERO; 23]);
    let mut rng = stream(black_box(1), "workload/dot", 0);
    for (x, y) in x.iter_mut().zip(&mut y) {
        (*x, *y) = (uniform(&mut rng), normal(&mut rng));
    }
    for length in 0..=x.len() {
        let (x, _) = x.split_at_checked(length).unwrap_or_default();
        hash.real(dot(x, &y));
    }
    add_scaled(&mut y, T::of_count(3) / T::of_count(7), &x);
    hash.reals(&y);
    hash.value()
}

/// Every law of the random module, 64 draws each from its own stream.
#[inline(never)]
pub(crate) fn random<T: Real>() -> u64 {
    let mut hash = Hash::default();
    for index in 0..64 {
        let mut rng = stream(black_box(2), "workload/random", index);
        hash.reals::<T>(&[uniform(&mut rng), normal(&mut rng), exponential(&mut rng)]);
        hash.word(u64::from(bernoulli(&mut rng, 0.3)));
        hash.word(u64::from(below(&mut rng, 1_000_003)));
        let mut items = [0_u8, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
        shuffle(&mut rng, &mut items);
        for item in items {
            hash.word(u64::from(item));
        }
    }
    hash.value()
}
