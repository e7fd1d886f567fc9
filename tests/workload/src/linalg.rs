//! Cholesky factor, solution, and the jitter policy.

use crate::Hash;
use core::hint::black_box;
use gibbs_core::linalg::{cholesky, cholesky_jittered, cholesky_solve, forward_substitute};
use gibbs_core::math::Real;
use gibbs_core::random::{normal, stream};

const N: usize = 7;

/// A random positive definite matrix, a singular one that needs jitter, and an indefinite one.
#[inline(never)]
pub(crate) fn linalg<T: Real>() -> u64 {
    let mut hash = Hash::default();
    let mut rng = stream(black_box(5), "workload/linalg", 0);
    let mut root = [[T::ZERO; N]; N];
    for entry in root.as_flattened_mut() {
        *entry = normal(&mut rng);
    }
    for ridge in [1.0, 0.0, -30.0] {
        let mut gram = [[T::ZERO; N]; N];
        for (i, (column, a)) in gram.iter_mut().zip(&root).enumerate() {
            for (j, (entry, b)) in column.iter_mut().zip(&root).enumerate() {
                // Without the last three entries the rank is 4: singular but for the ridge.
                let (a, b) = (a.get(..4).unwrap_or(a), b.get(..4).unwrap_or(b));
                *entry = gibbs_core::math::dot(a, b) + if i == j { T::of(ridge) } else { T::ZERO };
            }
        }
        let mut copy = gram;
        hash.word(u64::from(cholesky(copy.as_flattened_mut(), N).is_ok()));
        hash.reals(copy.as_flattened());
        let (mut diagonal, mut x) = ([T::ZERO; N], [T::ONE; N]);
        let jitter = cholesky_jittered(gram.as_flattened_mut(), N, &mut diagonal);
        hash.word(u64::from(jitter.is_ok()));
        if let Ok(jitter) = jitter {
            hash.real(jitter);
            hash.word(u64::from(cholesky_solve(gram.as_flattened(), N, &mut x).is_ok()));
            hash.reals(&x);
            hash.word(u64::from(
                forward_substitute(gram.as_flattened(), N, &mut x).is_ok(),
            ));
            hash.reals(&x);
        }
    }
    hash.value()
}
