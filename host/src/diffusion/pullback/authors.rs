//! The loop of the authors' code (Park et al. 2023, `local_encoder_pullback_xt`), for comparison only.
//!
//! V orthonormal and random; repeat: u_i = J v_i, W = Jᵀ of them, thin singular value decomposition
//! W = Q diag(s) V_new, V <- V_new; stop if i > 10 and every |V_old - V_new| <= atol + 1e-5 |V_new|; at most 50 passes.
//! Result: U = the last J V with its rows normalised (V of before the last step), sqrt(s), V.
//!
//! Its defect: singular vectors have free signs. Where the decomposition flips one, the test compares v with -v and
//! does not fire, however well converged; where it fires, it has looked at entries of size 1/sqrt(d), which says
//! little about angles. So neither ending says that the basis is good: read the residuals (one more pass of Jᵀ).
//! Signs stay as the decomposition leaves them.

use super::block::{combined, largest, norm, orthonormalise, singular};
use super::operator::{BlockOperator, Counted};
use super::ritz;
use super::{Basis, Ended, Method, PullbackError, check};
use crate::net::element::Element;

#[cfg(test)]
mod tests;

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Options {
    /// Triplets wanted, 1 to min(dim h, dim x).
    pub count: usize,
    /// atol: 1e-4 there, 1e-3 for Stable Diffusion.
    pub tolerance: f64,
    /// Passes at most.
    pub limit: usize,
    /// Of the Gaussian start (the start of [`krylov`](super::krylov)).
    pub seed: u64,
}

impl Options {
    /// Tolerance 1e-4, at most 50 passes, seed 0.
    pub fn new(count: usize) -> Self {
        Self {
            count,
            tolerance: 1e-4,
            limit: 50,
            seed: 0,
        }
    }
}

/// Passes before the test is looked at.
const PATIENCE: usize = 10;
/// rtol of the test.
const RELATIVE: f64 = 1e-5;

/// The singular triplets as that loop gives them.
///
/// # Errors
/// [`PullbackError`]: the operator fails or gives NaN or infinity; an option is out of range.
pub fn basis<T: Element, O: BlockOperator<T>>(
    operator: &mut O,
    options: &Options,
) -> Result<Basis<T>, PullbackError<O::Error>> {
    let dimensions @ (rows, columns) = operator.dimensions();
    let k = options.count;
    check(k, options.tolerance, options.limit, dimensions)?;
    let mut operator = Counted::new(operator);
    let omega = ritz::gaussian(options.seed, "pullback", k, columns);
    let mut v: Vec<T> = orthonormalise(omega, &[], columns, 0.0).q;
    let mut blocks = 0;
    loop {
        let mut u = operator.push(&v)?;
        let w = operator.pull(&u)?;
        let (values, next) = thin(w, &v, columns, k)?;
        blocks += 1;
        let still = (v.iter().zip(&next))
            .all(|(old, new)| (*old - *new).abs().wide() <= options.tolerance + RELATIVE * new.abs().wide());
        let measure = largest(v.iter().zip(&next).map(|(old, new)| (*old - *new).abs().wide()));
        v = next;
        let converged = still && blocks > PATIENCE + 1;
        if !converged && blocks < options.limit {
            continue;
        }
        let singular_values: Vec<f64> = values.iter().map(|s| s.sqrt()).collect();
        let most = singular_values.first().copied().unwrap_or(0.0);
        let zero: Vec<bool> = (singular_values.iter())
            .map(|s| *s <= ritz::zero::<T>() * most)
            .collect();
        for (u, zero) in u.chunks_mut(rows).zip(&zero) {
            let length = norm(u);
            let scale = if *zero || length == 0.0 { 0.0 } else { 1.0 / length };
            for x in u.iter_mut() {
                *x *= T::of(scale);
            }
        }
        let mut rest = operator.pull(&u)?;
        for ((rest, v), s) in rest
            .chunks_mut(columns)
            .zip(v.chunks(columns))
            .zip(&singular_values)
        {
            let pairs = rest.iter_mut().zip(v);
            pairs.for_each(|(rest, v)| *rest = T::of(*s) * *rest - T::of(s * s) * *v);
        }
        return Ok(Basis {
            dimensions,
            residuals: ritz::residuals(&rest, columns, &singular_values),
            singular_values,
            v,
            u,
            zero,
            blocks,
            passes: operator.passes,
            measure,
            ended: if converged { Ended::Converged } else { Ended::Limit },
            method: Method::Authors,
        });
    }
}

/// Singular values and right singular vectors of W [k, d], by those of the triangle of its orthonormalised rows. Rows
/// that W does not have (it spans less than k dimensions) are those of `v` that it leaves room for.
fn thin<T: Element, E>(
    w: Vec<T>,
    v: &[T],
    d: usize,
    k: usize,
) -> Result<(Vec<f64>, Vec<T>), PullbackError<E>> {
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
    Ok((found.values, combined(&found.right, &rows, d)))
}
