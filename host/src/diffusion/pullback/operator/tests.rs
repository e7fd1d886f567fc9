//! The dense operator against itself and its transpose.
//!
//! Mutations seen red: cotangents counted by calls (by the tests of the search).

use super::*;
use gibbs_core::math::dot;

#[test] // <J v, u> = <v, Jᵀ u>, and the entries in their places
fn a_dense_matrix_is_itself_and_its_transpose() {
    let mut map = Dense::new(2, 3, vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]).unwrap();
    let (v, u) = ([1.0, 0.0, -1.0, 0.5, 2.0, 1.0], [3.0, -1.0, 0.0, 2.0]);
    let (mut jv, mut ju) = ([0.0; 4], [0.0; 6]);
    map.apply(&v, &mut jv).unwrap();
    map.apply_transposed(&u, &mut ju).unwrap();
    assert_eq!(jv, [-2.0, -2.0, 7.5, 18.0]);
    assert_eq!(dot(&jv[..2], &u[..2]), dot(&v[..3], &ju[..3]));
    assert_eq!(dot(&jv[2..], &u[2..]), dot(&v[3..], &ju[3..]));
    assert!(Dense::new(2, 3, vec![1.0; 5]).is_err());
}
