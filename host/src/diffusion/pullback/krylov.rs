//! Block Golub-Kahan with Rayleigh-Ritz: the leading singular triplets of J from blocks of J and Jᵀ products.
//!
//! 1. Q_1 = qr(Omega), b Gaussian vectors. 2. Y_j = J Q_j; W = Jᵀ Y_j, orthogonalised against Q_1..Q_j; Q_{j+1} = qr(W).
//! 3. With B = [Q_1 .. Q_m] and J B = C P (P the orthonormalised Y), the triplets of C give V = y B, S, U.
//! 4. Since JᵀJ B = (JB)ᵀ(JB) B + R Q_{m+1} in the last block only, the residual of a triplet is
//!    r_i = |Jᵀ u_i s_i - s_i² v_i| / s_1² = |y_i,last R| / s_1² in exact arithmetic. This estimate decides when to stop.
//! 5. What is given is measured: one more product Jᵀ u_i, and e_i = |Jᵀ u_i - s_i v_i| (J v_i = s_i u_i holds by step 2). A
//!    singular value of J lies within e_i of s_i (Weyl), for sqrt(|J v - s u|² + |Jᵀ u - s v|²) / sqrt(2) <= e_i bounds the
//!    distance of +-s to the spectrum of [0 J; Jᵀ 0]. Rounding of the products adds some units of s_1.
//! 6. Where the space is closed, or all dim h triplets are asked for, step 4 knows nothing: what was left is below the rounding of s_1², and with it all that
//!    belongs to small s_i. There the triplets are taken anew from Jᵀ U = R Q (Rayleigh and Ritz on the left), whose errors are
//!    of the rounding of s_1, and measured by J v_i.
//!
//! Rows of W (and of Y) of which less than 1e-7 (f32: 8 units of rounding) of the block's largest is left are dropped;
//! when nothing is left the space is closed under JᵀJ and holds the answer. At a bound of memory the space is cut to
//! its b best Ritz vectors and the block after them (thick restart, Wu and Simon 2000), which keeps step 4 true.
//! Golub, Luk, Overton 1981; Musco and Musco 2015 for the number of blocks.
//!
//! Cost: (blocks) b products with J and with Jᵀ, `count` more with Jᵀ (and J, where the space is closed), and 4 d b² blocks² multiply-adds. Memory: blocks x b x (d + dim h).

use super::block::{Orthonormal, combined, largest, negligible, norm, orthonormalise, small_product};
use super::operator::{Counted, dimensions};
use super::ritz::{self, Ritz};
use super::{Basis, Ended, PullbackError, check};
use crate::net::element::Element;
use gibbs_core::linalg::LinearOperator;

#[cfg(test)]
mod tests;

/// What is looked for, and for how long.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Search {
    /// Triplets wanted, 1 to min(dim h, dim x).
    pub count: usize,
    /// Vectors of a block beyond `count`.
    pub oversampling: usize,
    /// The largest residual that counts as converged.
    pub tolerance: f64,
    /// The largest number of blocks.
    pub limit: usize,
    /// Vectors of the space kept at most, at least twice a block; `None`: all.
    pub memory: Option<usize>,
    /// The seed of the Gaussian start.
    pub seed: u64,
}

impl Search {
    /// The defaults of the method: tolerance 1e-4, at most 10 blocks of `count` vectors, seed 0.
    pub fn new(count: usize) -> Self {
        Self {
            count,
            oversampling: 0,
            tolerance: 1e-4,
            limit: 10,
            memory: None,
            seed: 0,
        }
    }

    /// Whether there are so many triplets of a map with these dimensions (dim h, dim x), and the options are in range; the
    /// size of a block.
    ///
    /// # Errors
    /// [`PullbackError::Count`], [`PullbackError::Option`].
    pub fn check<E>(&self, dimensions: (usize, usize)) -> Result<usize, PullbackError<E>> {
        check(self.count, self.tolerance, self.limit, dimensions)?;
        let block = (self.count + self.oversampling).min(dimensions.1);
        match self.memory {
            Some(memory) if memory < 2 * block => Err(PullbackError::Option {
                name: "memory",
                found: memory as f64,
                expected: "at least two blocks of vectors",
            }),
            _ => Ok(block),
        }
    }
}

/// J B = C P: the space, its image, and the coordinates of one in the other.
struct Space<T> {
    /// B [c, d].
    right: Vec<T>,
    /// P [p, dim h].
    left: Vec<T>,
    /// C [c, p], row by row; rows grow with P.
    coordinates: Vec<Vec<f64>>,
}

impl<T: Element> Space<T> {
    /// Adds the rows of Q with Y = J Q.
    fn extend(&mut self, q: &[T], y: Vec<T>, rows: usize) {
        let count = y.len() / rows;
        let known = self.left.len() / rows;
        let Orthonormal { q: new, h, r } = orthonormalise(y, &self.left, rows, negligible::<T>());
        let added = new.len() / rows;
        self.right.extend_from_slice(q);
        self.left.extend(new);
        for row in &mut self.coordinates {
            row.resize(known + added, 0.0);
        }
        for at in 0..count {
            let mut row = h[at * known..(at + 1) * known].to_vec();
            row.extend_from_slice(&r[at * added..(at + 1) * added]);
            self.coordinates.push(row);
        }
    }

    fn ritz<E>(&self, count: usize, rows: usize) -> Result<Ritz, PullbackError<E>> {
        let shape = (self.coordinates.len(), self.left.len() / rows);
        ritz::ritz(&self.coordinates.concat(), shape, count, ritz::zero::<T>())
    }

    /// Cuts the space to Ritz vectors.
    fn cut(&mut self, ritz: &Ritz, (rows, columns): (usize, usize)) {
        self.right = combined(&ritz.right, &self.right, columns);
        let p = self.left.len() / rows;
        let alive: Vec<usize> = (0..ritz.values.len()).filter(|i| !ritz.zero[*i]).collect();
        let left: Vec<f64> = alive
            .iter()
            .flat_map(|i| ritz.left[i * p..(i + 1) * p].iter().copied())
            .collect();
        self.left = combined(&left, &self.left, rows);
        self.coordinates = (0..ritz.values.len())
            .map(|i| {
                alive
                    .iter()
                    .map(|j| if i == *j { ritz.values[i] } else { 0.0 })
                    .collect()
            })
            .collect();
    }
}

/// The leading singular triplets of J.
///
/// # Errors
/// [`PullbackError`]: the operator fails or gives NaN or infinity; an option is out of range.
pub fn basis<T: Element, O: LinearOperator<T>>(
    operator: &mut O,
    options: &Search,
) -> Result<Basis<T>, PullbackError<O::Error>> {
    let dimensions @ (rows, columns) = dimensions(operator);
    let block = options.check(dimensions)?;
    let mut operator = Counted::new(operator);
    let omega = ritz::gaussian(options.seed, "pullback", block, columns);
    let mut next: Vec<T> = orthonormalise(omega, &[], columns, 0.0).q;
    let mut space = Space {
        right: Vec::new(),
        left: Vec::new(),
        coordinates: Vec::new(),
    };
    let mut blocks = 0;
    loop {
        let size = next.len() / columns;
        let full = options
            .memory
            .is_some_and(|memory| space.coordinates.len() + size > memory);
        if full {
            let best = space.ritz(block, rows)?;
            space.cut(&best, dimensions);
        }
        let y = operator.push(&next)?;
        let w = operator.pull(&y)?;
        blocks += 1;
        space.extend(&next, y, rows);
        let Orthonormal { q, r, .. } = orthonormalise(w, &space.right, columns, negligible::<T>());
        let found = space.ritz(options.count, rows)?;
        let estimate = largest(residuals(&found, space.coordinates.len(), &r, size));
        if estimate >= options.tolerance && blocks < options.limit && !q.is_empty() {
            next = q;
            continue;
        }
        let mut triplets = Triplets {
            v: combined(&found.right, &space.right, columns),
            u: image(&found, &space.left, rows),
            values: found.values,
            zero: found.zero,
        };
        let pulled = operator.pull(&triplets.u)?;
        // As many as J has rows: they span all of h, whatever is left in x.
        let errors = if q.is_empty() || options.count >= rows {
            triplets.renew(pulled, dimensions)?;
            distances(&operator.push(&triplets.v)?, &triplets.u, &triplets.values, rows)
        } else {
            distances(&pulled, &triplets.v, &triplets.values, columns)
        };
        let residuals = relative(&errors, &triplets.values);
        let measure = largest(residuals.iter().copied());
        let converged = measure < options.tolerance;
        if !converged && blocks < options.limit && !q.is_empty() {
            next = q;
            continue;
        }
        let mut basis = Basis {
            dimensions,
            v: triplets.v,
            u: triplets.u,
            singular_values: triplets.values,
            zero: triplets.zero,
            errors,
            residuals,
            blocks,
            passes: operator.passes,
            measure,
            ended: if converged { Ended::Converged } else { Ended::Limit },
        };
        ritz::fix_signs(&mut basis);
        return Ok(basis);
    }
}

/// J v_i = s_i u_i, or nearly so.
struct Triplets<T> {
    v: Vec<T>,
    u: Vec<T>,
    values: Vec<f64>,
    zero: Vec<bool>,
}

impl<T: Element> Triplets<T> {
    /// Takes the triplets anew from Jᵀ U = R Q with R = P diag(s) Wᵀ: U <- Pᵀ U, V <- Wᵀ Q.
    fn renew<E>(&mut self, pulled: Vec<T>, (rows, columns): (usize, usize)) -> Result<(), PullbackError<E>> {
        let k = self.values.len();
        let parts = orthonormalise(pulled, &[], columns, negligible::<T>());
        let p = parts.q.len() / columns;
        let found = ritz::ritz(&parts.r, (k, p), k, ritz::zero::<T>())?;
        let alive = found.zero.iter().filter(|zero| !**zero).count();
        if alive == 0 {
            return Ok(());
        }
        // Values fall, so that the zeros are the last: theirs is what the others leave of the V of before.
        let mut v = combined(&found.left[..alive * p], &parts.q, columns);
        let old = std::mem::take(&mut self.v);
        let rest = orthonormalise(old, &v, columns, FILLER).q;
        v.extend_from_slice(&rest[..rest.len().min((k - alive) * columns)]);
        self.v = v;
        self.u = combined(&found.right, &self.u, rows);
        self.u[alive * rows..].fill(T::ZERO);
        (self.values, self.zero) = (found.values, found.zero);
        Ok(())
    }
}

/// What must be left of an old v_i for it to fill a gap. At least as many singular values of the projected rows are 1 as are
/// missing, but the rows that carry them may be split over all.
const FILLER: f64 = 1e-3;

/// |image_i - s_i vector_i|.
fn distances<T: Element>(images: &[T], vectors: &[T], values: &[f64], d: usize) -> Vec<f64> {
    let pairs = images.chunks(d).zip(vectors.chunks(d)).zip(values);
    pairs
        .map(|((image, vector), s)| {
            let off: Vec<f64> = image
                .iter()
                .zip(vector)
                .map(|(image, x)| image.wide() - s * x.wide())
                .collect();
            norm(&off)
        })
        .collect()
}

/// e_i s_i / s_1²; 0 for J = 0.
fn relative(errors: &[f64], values: &[f64]) -> Vec<f64> {
    let scale = values.first().map_or(0.0, |s| s * s);
    let pairs = errors.iter().zip(values);
    pairs
        .map(|(e, s)| if scale > 0.0 { e * s / scale } else { 0.0 })
        .collect()
}

/// u_i from their coordinates; zeros if J is zero.
fn image<T: Element>(found: &Ritz, left: &[T], rows: usize) -> Vec<T> {
    if left.is_empty() {
        return vec![T::ZERO; found.values.len() * rows];
    }
    combined(&found.left, left, rows)
}

/// |y_i,last R| / s_1² for the last `size` of `c` coordinates, R [size, what is left].
fn residuals(found: &Ritz, c: usize, r: &[f64], size: usize) -> Vec<f64> {
    let k = found.values.len();
    let width = r.len() / size;
    if width == 0 {
        return vec![0.0; k];
    }
    let last: Vec<f64> = found
        .right
        .chunks(c)
        .flat_map(|y| y[c - size..].iter().copied())
        .collect();
    let rows = small_product(&last, r, [k, size, width]);
    ritz::residuals(&rows, width, &found.values)
}
