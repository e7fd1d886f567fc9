//! The loop of the authors' code (Park et al. 2023, `local_encoder_pullback_xt`), for comparison only.
//!
//! V orthonormal and random; repeat: u_i = J v_i, W = Jᵀ of them, thin singular value decomposition
//! W = Q diag(s) V_new, V <- V_new; stop if i > 10 and every |V_old - V_new| <= atol + 1e-5 |V_new|; at most 50 passes.
//! Result: V.
//!
//! Its defect: singular vectors have free signs. Where the decomposition flips one, the test compares v with -v and
//! does not fire, however well converged; where it fires, it has looked at entries of size 1/sqrt(d), which says
//! little about angles. So neither ending says that the basis is good. Signs stay as the decomposition leaves them.

use super::Found;
use crate::diffusion::pullback::PullbackError;
use crate::diffusion::pullback::block::{combined, orthonormalise, singular};
use crate::diffusion::pullback::operator::{Counted, dimensions};
use crate::diffusion::pullback::ritz;
use gibbs_core::linalg::LinearOperator;

/// Passes before the test is looked at.
const PATIENCE: usize = 10;
/// atol of the test: 1e-4 there, 1e-3 for Stable Diffusion.
const ABSOLUTE: f64 = 1e-4;
/// rtol of the test.
const RELATIVE: f64 = 1e-5;

/// `count` singular triplets as that loop gives them, after `limit` passes at most.
pub(super) fn basis<O: LinearOperator<f64>>(
    operator: &mut O,
    (count, limit, seed): (usize, usize, u64),
) -> Result<Found, PullbackError<O::Error>> {
    let (_, columns) = dimensions(operator);
    let mut operator = Counted::new(operator);
    let omega = ritz::gaussian(seed, "pullback", count, columns);
    let mut v: Vec<f64> = orthonormalise(omega, &[], columns, 0.0).q;
    let mut passes = 0;
    loop {
        let u = operator.push(&v)?;
        let w = operator.pull(&u)?;
        let next = thin(w, &v, columns, count)?;
        passes += 1;
        let still =
            (v.iter().zip(&next)).all(|(old, new)| (old - new).abs() <= ABSOLUTE + RELATIVE * new.abs());
        v = next;
        let stopped = still && passes > PATIENCE + 1;
        if stopped || passes >= limit {
            return Ok(Found {
                v,
                passes,
                stopped,
                residual: f64::NAN,
            });
        }
    }
}

/// Right singular vectors of W [k, d], by those of the triangle of its orthonormalised rows. Rows
/// that W does not have (it spans less than k dimensions) are those of `v` that it leaves room for.
fn thin<E>(w: Vec<f64>, v: &[f64], d: usize, k: usize) -> Result<Vec<f64>, PullbackError<E>> {
    let parts = orthonormalise(w, &[], d, 0.0);
    let rank = parts.q.len() / d;
    let mut triangle = vec![0.0; k * k];
    for (to, from) in triangle.chunks_mut(k).zip(parts.r.chunks(rank.max(1))) {
        to[..rank.min(k)].copy_from_slice(&from[..rank]);
    }
    let mut rows = parts.q;
    if rank < k {
        let rest = orthonormalise(v.to_vec(), &rows, d, 1e-3).q;
        rows.extend_from_slice(&rest[..rest.len().min((k - rank) * d)]);
    }
    let found = singular(&triangle, k)?;
    Ok(combined(&found.right, &rows, d))
}

#[cfg(test)]
mod tests {
    //! Mutation seen red: no patience.
    use super::*;
    use crate::diffusion::pullback::operator::Diagonal;
    use crate::garrote::testing::tolerance::RITZ_DOUBLE;

    #[test] // its answer is right where the spectrum falls quickly, however it ended
    fn a_quick_spectrum_is_found() {
        let mut operator = Diagonal((0..100).map(|i| 0.5_f64.powi(i)).collect());
        let found = basis(&mut operator, (4, 50, 0)).unwrap();
        assert!(found.passes > PATIENCE + 1);
        for i in 0..4 {
            let along = found.v[i * 100 + i].abs();
            assert!(1.0 - along <= ABSOLUTE, "{i}: {along}");
        }
    }

    #[test]
    fn the_zero_map_keeps_its_start() {
        let found = basis(&mut Diagonal(vec![0.0; 12]), (3, 50, 0)).unwrap();
        let square: f64 = found.v.iter().map(|x| x * x).sum();
        assert!((square - 3.0).abs() <= RITZ_DOUBLE);
    }
}
