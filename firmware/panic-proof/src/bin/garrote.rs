//! `gibbs_core::garrote`, fixed sizes: the owners that a device uses, both scalars, one and two targets.
#![no_std]
#![no_main]

use gibbs_core::garrote::{Garrote, Options, PathPoints, Standardised, Stream};
use gibbs_core::math::Real;
use gibbs_panic_proof::{given, taken};

gibbs_panic_proof::program!(garrote);

const N: usize = 6;
const G: usize = 5;

fn garrote() {
    sizes::<f32, 1>();
    sizes::<f64, 1>();
    sizes::<f32, 2>();
    sizes::<f64, 2>();
}

fn sizes<T: Real, const Q: usize>() {
    let (x, y) = (given([T::ONE; N]), given([T::ONE; Q]));
    let mut sums = given(Stream::<T, N, Q>::new());
    if let (Some(x), Some(y)) = (x.get(..given(N)), y.get(..given(Q))) {
        taken(sums.push(x, y));
        taken(sums.push_weighted(x, y, given(T::ONE), given(T::HALF)));
        taken(sums.remove(x, y, given(T::ONE)));
    }
    taken(sums.merge(&given(Stream::new())));
    taken(sums.view().samples());

    let mut data = given(Standardised::<T, N, Q>::new());
    taken(data.update(&sums));
    let mut row = x;
    taken(data.standardise_row(&mut row));
    taken((data.scale(), data.target_mean()));

    let mut model = given(Garrote::<T, N, Q>::new());
    let options = given(Options::default());
    taken(options.check());
    taken(model.fit(&data, given(T::ONE), options));
    taken(model.advance(&data, given(T::ONE), options, given(9)));
    let mut points = given(PathPoints::<T, N, G, Q>::new());
    taken(model.path(&data, options, &mut points));
    if let Ok(moments) = data.moments() {
        taken(points.store(&moments));
    }
    taken(model.adopt(&points, given(2)));
    taken(model.predict(&data, &given(x.into()), given(1)));
    taken((model.inclusion(), model.weight(), model.precision()));
}
