//! Which sensors matter? Samples arrive one by one, are never stored, and the memory is fixed by the type.
//!
//! `cargo run -p gibbs-core --example garrote`

use gibbs_core::Error;
use gibbs_core::garrote::select::{by_information, scratch_len};
use gibbs_core::garrote::{Garrote, Options, PathPoints, Standardised, Stream};
use gibbs_core::random::{normal, stream};

const SENSORS: usize = 8;
const GAMMAS: usize = 16;

pub(crate) fn main() -> Result<(), Error> {
    let mut rng = stream(0, "example", 0);
    let mut sums = Stream::<f32, SENSORS>::new();
    for _ in 0..200 {
        let x: [f32; SENSORS] = core::array::from_fn(|_| normal(&mut rng));
        let y = 2.0 * x[1] - 1.5 * x[6] + 0.5 * normal::<f32>(&mut rng);
        sums.push(&x, &[y])?;
    }

    let (mut data, mut garrote) = (Standardised::new(), Garrote::<f32, SENSORS>::new());
    let mut points = PathPoints::<f32, SENSORS, GAMMAS>::new();
    data.update(&sums)?;
    let _ending = garrote.path(&data, Options::default(), &mut points)?;
    let moments = data.moments()?;
    let store = points.store(&moments)?;
    let index = by_information(&moments, &store, 1.0, &mut [0.0; scratch_len(SENSORS)])?; // EBIC
    garrote.adopt(&points, index)?;

    for (sensor, inclusion) in garrote.inclusion().iter().enumerate() {
        println!("sensor {sensor}: included with probability {inclusion:.3}");
        assert_eq!(*inclusion > 0.5, [1, 6].contains(&sensor));
    }
    let row = [0.0, 1.0, 0.0, 0.0, 0.0, 0.0, -1.0, 0.0];
    let next = garrote.predict(&data, &row.into(), 0)?;
    println!(
        "predicted {:.2} ± {:.2}; without noise it is 3.50",
        next.mean,
        next.variance.sqrt()
    );
    assert!((next.mean - 3.5).abs() < 0.3);
    Ok(())
}
