//! The step from coordinates to singular triplets, and what all methods share of their results.

use super::block::{largest, negligible, norm, orthonormalise, products, small_product, symmetric};
use super::{Basis, PullbackError};
use crate::net::element::Element;
use gibbs_core::random::{normal, stream};

/// Singular triplets of a matrix known in coordinates: J B = C P with orthonormal rows B, P.
pub(crate) struct Ritz {
    /// s_1 >= s_2 >= ..., [k].
    pub(crate) values: Vec<f64>,
    /// v_i in coordinates of B, [k, c].
    pub(crate) right: Vec<f64>,
    /// u_i in coordinates of P, [k, p]; zero where flagged.
    pub(crate) left: Vec<f64>,
    /// s_i is zero.
    pub(crate) zero: Vec<bool>,
}

/// Rayleigh and Ritz: the k leading eigenvectors y of C Cᵀ = (J B)ᵀ(J B), `coordinates` C [c, p]. The s_i are what
/// orthonormalising the y C gives, in descending order: errors stay within 1e-15 of s_1, and the u_i stay
/// orthonormal however small their s_i.
pub(crate) fn ritz<E>(
    coordinates: &[f64],
    (c, p): (usize, usize),
    k: usize,
    zero: f64,
) -> Result<Ritz, PullbackError<E>> {
    let mut result = Ritz {
        values: vec![0.0; k],
        right: Vec::new(),
        left: vec![0.0; k * p],
        zero: vec![true; k],
    };
    let gram = if p == 0 {
        vec![0.0; c * c]
    } else {
        products(coordinates, coordinates, p)
    };
    let (_, vectors) = symmetric(&gram, c)?;
    result.right = vectors[..k * c].to_vec();
    if p == 0 {
        return Ok(result);
    }
    let images = small_product(&result.right, coordinates, [k, c, p]);
    let most = largest(images.chunks(p).map(norm));
    let mut found: Vec<f64> = Vec::new();
    for (at, image) in images.chunks(p).enumerate() {
        let parts = orthonormalise(image.to_vec(), &found, p, 0.0);
        if let Some(left) = parts.r.first().filter(|left| **left > zero * most) {
            result.values[at] = *left;
            result.zero[at] = false;
            result.left[at * p..(at + 1) * p].copy_from_slice(&parts.q);
            found.extend(parts.q);
        }
    }
    Ok(result)
}

/// `count` standard normal vectors of `d` entries, each of a stream of its own.
pub(crate) fn gaussian<T: Element>(seed: u64, name: &str, count: usize, d: usize) -> Vec<T> {
    let mut values = Vec::with_capacity(count * d);
    for index in 0..count {
        let mut rng = stream(seed, name, index as u64);
        values.extend((0..d).map(|_| normal::<T>(&mut rng)));
    }
    values
}

/// min(dim h, dim x) bounds the vectors one may ask for.
pub(crate) fn check_count<E>(k: usize, (rows, columns): (usize, usize)) -> Result<(), PullbackError<E>> {
    let most = rows.min(columns);
    if k == 0 || k > most {
        return Err(PullbackError::Count {
            found: k,
            most,
            rows,
            columns,
        });
    }
    Ok(())
}

/// A tolerance is a positive number.
pub(crate) fn check_tolerance<E>(tolerance: f64) -> Result<(), PullbackError<E>> {
    if tolerance > 0.0 && tolerance.is_finite() {
        return Ok(());
    }
    Err(PullbackError::Option {
        name: "tolerance",
        found: tolerance,
        expected: "a number above 0",
    })
}

/// At least one block or pass.
pub(crate) fn check_limit<E>(limit: usize) -> Result<(), PullbackError<E>> {
    if limit > 0 {
        return Ok(());
    }
    Err(PullbackError::Option {
        name: "limit",
        found: 0.0,
        expected: "at least 1",
    })
}

/// |row_i| / s_1², for rows of Jᵀ u_i s_i - s_i² v_i.
pub(crate) fn residuals<T: Element>(rows: &[T], d: usize, values: &[f64]) -> Vec<f64> {
    let scale = values.first().map_or(0.0, |s| s * s);
    (rows.chunks(d).map(norm))
        .map(|norm| if scale > 0.0 { norm / scale } else { 0.0 })
        .collect()
}

/// Turns each pair so that the entry of largest magnitude of u_i (of v_i where u_i is zero) is positive.
pub(crate) fn fix_signs<T: Element>(basis: &mut Basis<T>) {
    let (rows, columns) = basis.dimensions;
    let pairs = basis.u.chunks_mut(rows).zip(basis.v.chunks_mut(columns));
    for ((u, v), zero) in pairs.zip(&basis.zero) {
        let mut most = T::ZERO;
        for x in if *zero { v.iter() } else { u.iter() } {
            if x.abs() > most.abs() {
                most = *x;
            }
        }
        if most < T::ZERO {
            u.iter_mut().chain(v).for_each(|x| *x = -*x);
        }
    }
}

/// The threshold for s_i = 0, relative to s_1.
pub(crate) fn zero<T: Element>() -> f64 {
    negligible::<T>()
}
