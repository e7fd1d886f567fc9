//! `gibbs_core::math`: every function, both scalars.
#![no_std]
#![no_main]

use gibbs_core::math::{Real, add_scaled, dot, larger, sigmoid, smaller, softplus};
use gibbs_panic_proof::{given, taken};

gibbs_panic_proof::program!(math);

fn math() {
    both_scalars::<f32>();
    both_scalars::<f64>();
}

fn both_scalars<T: Real>() {
    let x = given(T::of(given(0.5)));
    taken([x.abs(), x.exp(), x.ln(), x.ln_1p(), x.sqrt(), x.cos(), x.sin()]);
    taken([x.atan2(T::ONE), x.round_even()]);
    taken((
        x.is_finite(),
        x.wide(),
        x.bits(),
        T::unit(given(1)),
        T::of_count(given(7)),
    ));
    taken([larger(x, T::ONE), smaller(x, T::ONE), sigmoid(x), softplus(x)]);
    let (mut y, z) = (given([x; 9]), given([x; 9]));
    // Lengths that the compiler does not know, and that differ.
    if let (Some(y), Some(z)) = (y.get_mut(..given(5)), z.get(..given(7))) {
        taken(dot(y, z));
        add_scaled(y, x, z);
    }
    taken(y);
}
