//! The leading singular triplets of a linear operator by subspace iteration with Rayleigh and Ritz.
//!
//! ```text
//! V orthonormal (k vectors);  repeat:  Y = J V,  W = J' Y,  V_next = orthonormal basis of W
//! until the sine of the largest principal angle between V and V_next is below the tolerance; then
//! Y = U S R' (thin SVD),  right vectors V R,  residual_i = |J'u_i s_i - s_i² v_i| / s_1²
//! ```
//! The angle depends neither on signs nor on the bases chosen: a stop that compares vectors entry by entry does, and
//! may then fire never or too early. Convergence is linear, (s_{k+1} / s_k)² a pass. Each pass costs k products with J
//! and k with J', and about 6 n k² multiply-adds. On an operator of rank < k the basis is filled up with the part of
//! V that W left free, so that J v = 0 there.
//! Sources: Halko, Martinsson, Tropp 2011, algorithm 4.4 and section 5; Golub and Van Loan 2013, 8.2.4.

use crate::Error;
use crate::linalg::{combine, orthonormalise, project_out, sine_in, singular_values, swap};
use crate::math::{Real, dot, larger};
use crate::random;
use rand_core::Rng;

/// A linear map J from `inputs` to `outputs` numbers, with its transpose. Products come in blocks: several vectors one
/// after another, for operators that are cheaper on many at once.
pub trait LinearOperator<T: Real> {
    /// Its own errors, and those of the core.
    type Error: From<Error>;

    /// Length of the vectors that J acts on.
    fn inputs(&self) -> usize;

    /// Length of their images.
    fn outputs(&self) -> usize;

    /// J v for each of k vectors: `vectors` (k x inputs) to `images` (k x outputs).
    ///
    /// # Errors
    /// Whatever keeps the operator from an answer. An answer that is not finite is refused by the caller.
    fn apply(&mut self, vectors: &[T], images: &mut [T]) -> Result<(), Self::Error>;

    /// J' u for each of k covectors: `covectors` (k x outputs) to `images` (k x inputs).
    ///
    /// # Errors
    /// As [`Self::apply`].
    fn apply_transposed(&mut self, covectors: &[T], images: &mut [T]) -> Result<(), Self::Error>;
}

/// When a subspace iteration stops.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SubspaceIteration {
    /// Bound of the sine of the largest principal angle between successive subspaces.
    pub tolerance: f64,
    /// The largest number of passes, each with J and J'.
    pub max_passes: u32,
}

/// Where the triplets go: k of them, in descending order of the values.
#[derive(Debug)]
pub struct Triplets<'a, T> {
    /// v_i (k x inputs), orthonormal; before: where to start from.
    pub right: &'a mut [T],
    /// u_i (k x outputs), orthonormal, or zero where s_i = 0; the entry of largest magnitude is positive.
    pub left: &'a mut [T],
    /// s_i (k), in units of J.
    pub values: &'a mut [T],
    /// |J'u_i s_i - s_i² v_i| / s_1² (k).
    pub residuals: &'a mut [T],
}

/// How an iteration ended.
#[derive(Clone, Copy, Debug, PartialEq)]
#[must_use]
pub struct Outcome<T> {
    /// The sine fell below the tolerance.
    pub converged: bool,
    /// Passes made: k products with J and k with J' each.
    pub passes: u32,
    /// The last sine of the largest principal angle.
    pub sine: T,
    /// The largest residual of the triplets found.
    pub residual: T,
}

/// Fills k vectors with standard normal numbers: a start that misses no direction.
pub fn scatter<T: Real>(right: &mut [T], rng: &mut impl Rng) {
    for x in right {
        *x = random::normal(rng);
    }
}

/// Lent memory of an iteration.
#[derive(Debug)]
struct Workspace<'a, T> {
    /// W, V_next, and the part of V_next outside V: k x inputs each.
    image: &'a mut [T],
    next: &'a mut [T],
    rest: &'a mut [T],
    /// Scratch matrices of k x k numbers each.
    gram: &'a mut [T],
    rotation: &'a mut [T],
    /// Scratch for k singular values.
    spectrum: &'a mut [T],
}

impl SubspaceIteration {
    /// Numbers of scratch for k triplets of an operator with the given number of inputs: 3 n k + 2 k² + k.
    pub const fn scratch_len(inputs: usize, k: usize) -> usize {
        let square = k.saturating_mul(k).saturating_mul(2);
        let blocks = inputs.saturating_mul(k).saturating_mul(3);
        blocks.saturating_add(square).saturating_add(k)
    }

    /// Iterates from the vectors in `triplets.right` (see [`scatter`]; a basis found nearby saves passes). k is the
    /// number of `triplets.values`. On an error the triplets are overwritten.
    ///
    /// # Errors
    /// Those of the operator; `Shape` (also for k above the number of inputs or outputs); `NonFinite`; `Domain` for a
    /// tolerance outside (0, 1), no passes, or a start of rank < k.
    pub fn run<T: Real, J: LinearOperator<T>>(
        &self,
        operator: &mut J,
        triplets: &mut Triplets<'_, T>,
        scratch: &mut [T],
    ) -> Result<Outcome<T>, J::Error> {
        let (n, k) = (operator.inputs(), triplets.values.len());
        let block = n.checked_mul(k).ok_or(Error::Shape)?;
        let square = k.checked_mul(k).ok_or(Error::Shape)?;
        let (image, left) = scratch.split_at_mut_checked(block).ok_or(Error::Shape)?;
        let (next, left) = left.split_at_mut_checked(block).ok_or(Error::Shape)?;
        let (rest, left) = left.split_at_mut_checked(block).ok_or(Error::Shape)?;
        let (gram, left) = left.split_at_mut_checked(square).ok_or(Error::Shape)?;
        let (rotation, left) = left.split_at_mut_checked(square).ok_or(Error::Shape)?;
        let spectrum = left.get_mut(..k).ok_or(Error::Shape)?;
        let workspace = Workspace {
            image,
            next,
            rest,
            gram,
            rotation,
            spectrum,
        };
        self.iterate(operator, triplets, workspace)
    }

    fn iterate<T: Real, J: LinearOperator<T>>(
        &self,
        operator: &mut J,
        triplets: &mut Triplets<'_, T>,
        workspace: Workspace<'_, T>,
    ) -> Result<Outcome<T>, J::Error> {
        let (n, rows, k) = (operator.inputs(), operator.outputs(), triplets.values.len());
        let fits = n.checked_mul(k) == Some(triplets.right.len())
            && rows.checked_mul(k) == Some(triplets.left.len())
            && triplets.residuals.len() == k;
        if !fits || k == 0 || k > n || k > rows {
            return Err(Error::Shape.into());
        }
        if !self.tolerance.is_finite() {
            return Err(Error::NonFinite.into());
        }
        if self.tolerance <= 0.0 || self.tolerance >= 1.0 || self.max_passes == 0 {
            return Err(Error::Domain.into());
        }
        let negligible = T::of(16.0) * T::EPSILON;
        if orthonormalise(triplets.right, n, negligible)? < k {
            return Err(Error::Domain.into());
        }
        let tolerance = T::of(self.tolerance);
        let mut passes = 0;
        let sine = loop {
            operator.apply(triplets.right, triplets.left)?;
            operator.apply_transposed(triplets.left, workspace.image)?;
            if !triplets.left.iter().all(|x| x.is_finite()) {
                return Err(Error::NonFinite.into());
            }
            passes += 1;
            copy(workspace.image, workspace.next);
            let rank = orthonormalise(workspace.next, n, negligible)?;
            if rank < k {
                complete(workspace.next, triplets.right, n, k, rank)?;
            }
            let sine = sine_in(
                triplets.right,
                workspace.next,
                n,
                workspace.rest,
                workspace.gram,
                workspace.rotation,
                workspace.spectrum,
            )?;
            if sine < tolerance || passes >= self.max_passes {
                break sine;
            }
            copy(workspace.next, triplets.right);
        };
        let residual = rayleigh_ritz(triplets, n, rows, workspace)?;
        Ok(Outcome {
            converged: sine < tolerance,
            passes,
            sine,
            residual,
        })
    }
}

fn copy<T: Real>(from: &[T], to: &mut [T]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = *from;
    }
}

/// Gives a basis with `rank` of k vectors, the others zero, the vectors that it lacks, from the orthonormal `old`
/// ones: each time the one of which most is left outside the basis. While fewer than k are in the basis, the
/// squares of what is left sum to at least 1, so some old vector keeps a norm of 1 / sqrt(k) or more.
fn complete<T: Real>(basis: &mut [T], old: &[T], n: usize, k: usize, rank: usize) -> Result<(), Error> {
    // Zero vectors last, the others in order.
    let mut filled = 0;
    for j in 0..k {
        let start = j.saturating_mul(n);
        let column = basis.get(start..start.saturating_add(n)).unwrap_or_default();
        if column.iter().any(|x| *x != T::ZERO) {
            if filled < j {
                swap(basis, n, filled, j);
            }
            filled += 1;
        }
    }
    for slot in rank..k {
        let (done, tail) = basis
            .split_at_mut_checked(slot.saturating_mul(n))
            .ok_or(Error::Shape)?;
        let tail = tail.get_mut(..n).ok_or(Error::Shape)?;
        let (mut longest, mut best) = (T::ZERO, None);
        for candidate in old.chunks_exact(n.max(1)) {
            copy(candidate, tail);
            let norm = project_out(done, n, tail);
            if norm > longest {
                (longest, best) = (norm, Some(candidate));
            }
        }
        copy(best.ok_or(Error::Domain)?, tail);
        let norm = project_out(done, n, tail);
        for x in tail {
            *x /= norm;
        }
    }
    Ok(())
}

/// Turns V, Y = J V (in `left`) and W = J'Y (in `image`) into triplets and residuals; returns the largest residual.
fn rayleigh_ritz<T: Real>(
    triplets: &mut Triplets<'_, T>,
    n: usize,
    rows: usize,
    workspace: Workspace<'_, T>,
) -> Result<T, Error> {
    let Workspace {
        image,
        next,
        rest,
        rotation,
        ..
    } = workspace;
    let _ = singular_values(triplets.left, rows, triplets.values, rotation)?;
    combine(triplets.right, n, rotation, next)?;
    copy(next, triplets.right);
    combine(image, n, rotation, rest)?;
    let first = triplets.values.first().copied().unwrap_or(T::ZERO);
    let mut worst = T::ZERO;
    let (n, rows) = (n.max(1), rows.max(1));
    let images = rest.chunks_exact_mut(n).zip(triplets.right.chunks_exact_mut(n));
    let outputs = triplets.values.iter().zip(triplets.residuals.iter_mut());
    for (((image, right), left), (value, residual)) in
        images.zip(triplets.left.chunks_exact_mut(rows)).zip(outputs)
    {
        for (w, v) in image.iter_mut().zip(&*right) {
            *w -= *value * *value * *v;
        }
        *residual = if first > T::ZERO {
            dot(image, image).sqrt() / (first * first)
        } else {
            T::ZERO
        };
        worst = larger(*residual, worst);
        let leading = left
            .iter()
            .fold(T::ZERO, |m, x| if x.abs() > m.abs() { *x } else { m });
        if leading < T::ZERO {
            for x in left.iter_mut().chain(right) {
                *x = -*x;
            }
        }
    }
    if worst.is_finite() {
        Ok(worst)
    } else {
        Err(Error::NonFinite)
    }
}

/// Triplets in fixed memory: the leading K of an operator from IN to OUT numbers.
#[derive(Clone, Debug)]
pub struct Basis<T, const IN: usize, const OUT: usize, const K: usize> {
    right: [[T; IN]; K],
    left: [[T; OUT]; K],
    values: [T; K],
    residuals: [T; K],
    blocks: [[[T; IN]; K]; 3],
    squares: [[[T; K]; K]; 2],
    spectrum: [T; K],
}

impl<T: Real, const IN: usize, const OUT: usize, const K: usize> Default for Basis<T, IN, OUT, K> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Real, const IN: usize, const OUT: usize, const K: usize> Basis<T, IN, OUT, K> {
    /// Zeros, to be filled by [`Self::scatter`] and [`Self::run`].
    pub const fn new() -> Self {
        const {
            assert!(K > 0 && K <= IN && K <= OUT, "as many triplets as it has");
        };
        Self {
            right: [[T::ZERO; IN]; K],
            left: [[T::ZERO; OUT]; K],
            values: [T::ZERO; K],
            residuals: [T::ZERO; K],
            blocks: [[[T::ZERO; IN]; K]; 3],
            squares: [[[T::ZERO; K]; K]; 2],
            spectrum: [T::ZERO; K],
        }
    }

    /// A random start, by [`scatter`].
    pub fn scatter(&mut self, rng: &mut impl Rng) {
        scatter(self.right.as_flattened_mut(), rng);
    }

    /// [`SubspaceIteration::run`] from the present right vectors.
    ///
    /// # Errors
    /// As there; `Shape` also for an operator of other sizes.
    pub fn run<J: LinearOperator<T>>(
        &mut self,
        options: &SubspaceIteration,
        operator: &mut J,
    ) -> Result<Outcome<T>, J::Error> {
        let [image, next, rest] = &mut self.blocks;
        let [gram, rotation] = &mut self.squares;
        let workspace = Workspace {
            image: image.as_flattened_mut(),
            next: next.as_flattened_mut(),
            rest: rest.as_flattened_mut(),
            gram: gram.as_flattened_mut(),
            rotation: rotation.as_flattened_mut(),
            spectrum: &mut self.spectrum,
        };
        let mut triplets = Triplets {
            right: self.right.as_flattened_mut(),
            left: self.left.as_flattened_mut(),
            values: &mut self.values,
            residuals: &mut self.residuals,
        };
        options.iterate(operator, &mut triplets, workspace)
    }

    /// The right singular vectors v_i, one a row.
    pub const fn right(&self) -> &[[T; IN]; K] {
        &self.right
    }

    /// The left singular vectors u_i, one a row.
    pub const fn left(&self) -> &[[T; OUT]; K] {
        &self.left
    }

    /// The singular values s_i, descending.
    pub const fn values(&self) -> &[T; K] {
        &self.values
    }

    /// The residual of each triplet, relative to s_1².
    pub const fn residuals(&self) -> &[T; K] {
        &self.residuals
    }
}
