//! `gibbs_core::random`: every function, both scalars.
#![no_std]
#![no_main]

use gibbs_core::math::Real;
use gibbs_core::random::{
    FNV_OFFSET, below, bernoulli, exponential, fnv1a, normal, shuffle, stream, uniform,
};
use gibbs_panic_proof::{given, taken};

gibbs_panic_proof::program!(random);

fn random() {
    let mut rng = stream(given(1), given("name"), given(2));
    taken(fnv1a(FNV_OFFSET, given(b"bytes")));
    taken((bernoulli(&mut rng, given(0.3)), below(&mut rng, given(10))));
    let mut items = given([1_u16, 2, 3, 4, 5]);
    if let Some(items) = items.get_mut(..given(4)) {
        shuffle(&mut rng, items);
    }
    taken(items);
    both_scalars::<f32>(&mut rng);
    both_scalars::<f64>(&mut rng);
}

fn both_scalars<T: Real>(rng: &mut gibbs_core::random::Xoshiro256PlusPlus) {
    taken([uniform::<T>(rng), normal::<T>(rng), exponential::<T>(rng)]);
}
