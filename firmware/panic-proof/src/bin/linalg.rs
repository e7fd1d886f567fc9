//! `gibbs_core::linalg`: every function, both scalars, sizes that the compiler does not know.
#![no_std]
#![no_main]

use gibbs_core::linalg::{cholesky, cholesky_jittered, cholesky_solve, forward_substitute};
use gibbs_core::math::Real;
use gibbs_panic_proof::{given, taken};

gibbs_panic_proof::program!(linalg);

fn linalg() {
    both_scalars::<f32>();
    both_scalars::<f64>();
}

fn both_scalars<T: Real>() {
    let (mut a, mut x, mut scratch) = (given([T::ONE; 64]), given([T::ONE; 8]), given([T::ZERO; 8]));
    let n = given(8_usize);
    if let (Some(a), Some(x), Some(scratch)) = (
        a.get_mut(..given(64)),
        x.get_mut(..given(8)),
        scratch.get_mut(..given(8)),
    ) {
        taken(cholesky(a, n));
        taken(cholesky_jittered(a, n, scratch));
        taken(cholesky_solve(a, n, x));
        taken(forward_substitute(a, n, x));
    }
    taken((a, x));
}
