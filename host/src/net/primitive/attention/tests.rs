//! Against the sums written out.
//!
//! Mutations seen red: cotangents of another sample; values of the first head for all; first tile pushed
//! for all; scale 1/d; tangent of the scores unscaled; cotangent of the scores unscaled; logarithms of the
//! first tile for all; cotangents of the first tile for all; P dv onto old content; add ignored; dk of the
//! first head for all.

use super::super::harness::{self, Case, normal};
use super::*;

/// Heads, queries, keys, channels of a head of queries and of values.
const ALL: [[usize; 5]; 6] = [
    [1, 4, 4, 3, 3],
    [2, 5, 3, 2, 4],
    [3, 1, 1, 1, 1],
    [2, 70, 1, 3, 1],
    [1, 3, 600, 2, 2],
    [2, 66, 9, 5, 2],
];

fn shapes([heads, queries, keys, width, values]: [usize; 5]) -> [Shape; 3] {
    [
        Shape::rows(queries, heads * width),
        Shape::rows(keys, heads * width),
        Shape::rows(keys, heads * values),
    ]
}

#[test] // law: net-primitives
fn rules_agree() {
    for sizes in ALL {
        for recompute in [false, true] {
            let attention = Attention {
                heads: sizes[0],
                recompute,
            };
            harness::check(&Case::new(attention, &shapes(sizes)));
        }
    }
}

#[test] // law: net-primitives
fn rules_agree_with_some_inputs_fixed() {
    for recompute in [false, true] {
        for fixed in [&[1, 2][..], &[0], &[0, 1], &[2]] {
            let attention = Attention { heads: 2, recompute };
            let shapes = shapes([2, 6, 5, 3, 2]);
            let mut case = Case::new(attention, &shapes);
            for input in fixed {
                case = case.fixed(*input, normal("fixed", 2 * shapes[*input].elements()));
            }
            harness::check(&case);
        }
    }
}

// o_i = sum over j of e^(c q_i k_j) v_j / sum over j of e^(c q_i k_j) for each head
#[test] // oracle: net-primitives
fn the_forward_rule_is_the_sum_written_out() {
    for (sizes, recompute) in ALL.into_iter().flat_map(|sizes| [(sizes, false), (sizes, true)]) {
        let [heads, queries, keys, width, values] = sizes;
        let attention = Attention { heads, recompute };
        let case = Case::new(attention, &shapes(sizes));
        let got = case.forward(1);
        for head in 0..heads {
            for i in 0..queries {
                let weight = |j: usize| {
                    let product: f64 = (head * width..(head + 1) * width)
                        .map(|c| {
                            case.inputs[0][i * heads * width + c] * case.inputs[1][j * heads * width + c]
                        })
                        .sum();
                    (product / (width as f64).sqrt()).exp()
                };
                let total: f64 = (0..keys).map(weight).sum();
                for c in head * values..(head + 1) * values {
                    let sum: f64 = (0..keys)
                        .map(|j| weight(j) * case.inputs[2][j * heads * values + c])
                        .sum();
                    let (got, expected) = (got[i * heads * values + c], sum / total);
                    assert!(
                        (got - expected).abs() < 1e-12 * (1.0 + expected.abs()),
                        "{sizes:?}"
                    );
                }
            }
        }
    }
}

// the largest score is taken off: the softmax of scores of size 1e4 does not overflow
#[test] // edge: net-primitives
fn large_scores_pick_one_key() {
    let attention = Attention {
        heads: 1,
        recompute: true,
    };
    let shapes = [Shape::rows(1, 1), Shape::rows(3, 1), Shape::rows(3, 1)];
    let case = Case::new(attention, &shapes)
        .with(0, vec![100.0, -100.0])
        .with(1, vec![1.0, 100.0, 50.0, 1.0, 100.0, 50.0]);
    let got = case.forward(2);
    assert_eq!(got, [case.inputs[2][1], case.inputs[2][3]]);
}

#[test]
fn what_does_not_fit_is_refused() {
    let attention = Attention {
        heads: 2,
        recompute: false,
    };
    let (four, six) = (Shape::rows(5, 4), Shape::rows(5, 6));
    assert!(attention.shape(&[four, four, six]).is_ok());
    assert!(attention.shape(&[four, six, six]).is_err());
    assert!(attention.shape(&[four, four, Shape::rows(4, 6)]).is_err());
    assert!(attention.shape(&[four, four, Shape::rows(5, 3)]).is_err());
    assert!(
        attention
            .shape(&[four, Shape::rows(0, 4), Shape::rows(0, 4)])
            .is_err()
    );
    assert!(attention.shape(&[four, four]).is_err());
    assert!(
        Attention {
            heads: 0,
            ..attention
        }
        .shape(&[four; 3])
        .is_err()
    );
}
