//! `gibbs_core::linalg`: every function, both scalars, sizes that the compiler does not know.
#![no_std]
#![no_main]

use gibbs_core::linalg::{
    cholesky, cholesky_jittered, cholesky_solve, combine, forward_substitute, orthonormalise, polar,
    polar_scratch, principal_angles, principal_angles_scratch, singular_values, subspace_sine,
    subspace_sine_scratch, symmetric_eigen,
};
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
    decompositions::<T>();
}

/// A slice of a length that only the running program knows.
fn some<T>(values: &mut [T]) -> &mut [T] {
    let length = given(values.len());
    values.get_mut(..length).unwrap_or_default()
}

fn decompositions<T: Real>() {
    let (mut a, mut b, mut square) = (given([T::ONE; 24]), given([T::ONE; 24]), given([T::ONE; 16]));
    let (mut values, mut scratch) = (given([T::ONE; 4]), given([T::ONE; 72]));
    let n = given(6_usize);
    taken((
        polar_scratch(n),
        principal_angles_scratch(n, n),
        subspace_sine_scratch(n, n),
    ));
    taken(orthonormalise(some(&mut a), n, given(T::EPSILON)));
    taken(combine(some(&mut a), n, some(&mut square), some(&mut b)));
    taken(principal_angles(
        some(&mut a),
        some(&mut b),
        n,
        some(&mut values),
        some(&mut scratch),
    ));
    taken(subspace_sine(some(&mut a), some(&mut b), n, some(&mut scratch)));
    taken(singular_values(
        some(&mut a),
        n,
        some(&mut values),
        some(&mut square),
    ));
    taken(polar(some(&mut square), given(4), some(&mut scratch)));
    taken(symmetric_eigen(
        some(&mut square),
        some(&mut values),
        some(&mut b),
    ));
    taken((a, b, square, values));
}
