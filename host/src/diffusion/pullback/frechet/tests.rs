//! Mutations seen red: the part along Y left in the logarithm; a minus before the sine; a sum for the mean; the sine
//! for the angle; a plane of the logarithm symmetric; half turns without one; reflections let through; signs not matched;
//! an assignment that takes any column; the dearest assignment.

use super::super::distance::distance;
use super::super::testing::frame;
use super::super::testing::tolerance::{RITZ_DOUBLE, ROUNDING};
use super::rotation::{assignment, polar};
use super::*;

fn span(seed: u64, k: usize, d: usize) -> Subspace {
    Subspace::new(&frame(seed, k, d), d).unwrap()
}

fn off(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

/// A rotation of determinant 1.
fn rotation(seed: u64, k: usize) -> Vec<f64> {
    let mut rows = frame(seed, k, k);
    if nalgebra::DMatrix::from_row_slice(k, k, &rows).determinant() < 0.0 {
        rows[..k].iter_mut().for_each(|x| *x = -*x);
    }
    rows
}

#[test] // law: diffusion-frechet
fn exp_undoes_log_and_log_is_as_long_as_the_distance() {
    for (a, b, k, d) in [(1, 2, 3, 20), (3, 4, 1, 5), (5, 6, 4, 6)] {
        let (y, z) = (span(a, k, d), span(b, k, d));
        let tangent = log(&y, &z).unwrap();
        assert!((norm(&tangent) - distance(&y, &z).unwrap()).abs() <= RITZ_DOUBLE);
        assert!(
            products(&tangent, y.rows(), d)
                .iter()
                .all(|x| x.abs() <= RITZ_DOUBLE)
        );
        assert!(distance(&exp(&y, &tangent).unwrap(), &z).unwrap() <= RITZ_DOUBLE);
        assert_eq!(
            log(&y, &y).unwrap().iter().filter(|x| x.abs() > ROUNDING).count(),
            0
        );
    }
    // The frame goes along: to first order, its rows move by those of the tangent.
    let y = span(1, 3, 20);
    let small: Vec<f64> = log(&y, &span(2, 3, 20))
        .unwrap()
        .iter()
        .map(|x| 1e-5 * x)
        .collect();
    let moved: Vec<f64> = y.rows().iter().zip(&small).map(|(y, x)| y + x).collect();
    assert!(off(exp(&y, &small).unwrap().rows(), &moved) <= RITZ_DOUBLE);
    let y = Subspace::new(&[1.0, 0.0], 2).unwrap();
    let z = Subspace::new(&[0.0, 1.0], 2).unwrap();
    assert!((norm(&log(&y, &z).unwrap()) - std::f64::consts::FRAC_PI_2).abs() <= ROUNDING);
}

#[test] // oracle: diffusion-frechet
fn the_mean_of_equal_spaces_is_theirs_and_of_two_the_middle() {
    let options = Options::default();
    let (y, z) = (span(1, 3, 20), span(2, 3, 20));
    let same = subspace_mean(&[y.clone(), y.clone(), y.clone()], &options).unwrap();
    assert_eq!((same.ended, same.steps), (Ended::Converged, 0));
    assert!(distance(&same.mean, &y).unwrap() <= ROUNDING);
    let between = subspace_mean(&[y.clone(), z.clone()], &options).unwrap();
    assert_eq!(between.ended, Ended::Converged);
    let half = distance(&y, &z).unwrap() / 2.0;
    for end in [&y, &z] {
        assert!((distance(&between.mean, end).unwrap() - half).abs() <= 1e-6);
    }
    let stopped = subspace_mean(&[y, z], &Options { limit: 0, ..options }).unwrap();
    assert_eq!(stopped.ended, Ended::Limit);
}

// the gradient of the sum of squared distances is zero at the mean, and it is no larger than elsewhere
#[test] // law: diffusion-frechet
fn the_mean_of_many_is_the_least_squares_point() {
    let base = span(7, 3, 15);
    let near: Vec<Subspace> = (0..5)
        .map(|i| {
            let other = log(&base, &span(20 + i, 3, 15)).unwrap();
            exp(&base, &other.iter().map(|x| 0.4 * x).collect::<Vec<_>>()).unwrap()
        })
        .collect();
    let found = subspace_mean(&near, &Options::default()).unwrap();
    assert_eq!(found.ended, Ended::Converged);
    let sum = |y: &Subspace| near.iter().map(|z| distance(y, z).unwrap().powi(2)).sum::<f64>();
    let least = sum(&found.mean);
    for z in &near {
        let tangent: Vec<f64> = log(&found.mean, z).unwrap().iter().map(|x| 0.05 * x).collect();
        assert!(sum(&exp(&found.mean, &tangent).unwrap()) > least);
    }
}

#[test]
fn rotations_have_logarithms() {
    let quarter = vec![0.0, -1.0, 1.0, 0.0];
    let log = rotation::log(&quarter, 2).unwrap();
    assert!(
        off(
            &log,
            &[
                0.0,
                -std::f64::consts::FRAC_PI_2,
                std::f64::consts::FRAC_PI_2,
                0.0
            ]
        ) <= ROUNDING
    );
    // A half turn, the identity, a cycle of three axes, and random ones.
    let half = vec![-1.0, 0.0, 0.0, 0.0, -1.0, 0.0, 0.0, 0.0, 1.0];
    let identity = vec![1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0];
    let cycle = vec![0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0];
    for (a, k) in [
        (half, 3),
        (identity, 3),
        (cycle, 3),
        (rotation(4, 5), 5),
        (rotation(5, 8), 8),
    ] {
        let log = rotation::log(&a, k).unwrap();
        assert!(off(&log, &transposed(&log, k).iter().map(|x| -x).collect::<Vec<_>>()) <= RITZ_DOUBLE);
        assert!(off(&rotation::exp(&log, k).unwrap(), &a) <= RITZ_DOUBLE, "{k}");
    }
}

/// Rotations of order k: near the identity by less and less, anywhere, and signed permutations.
fn drawn_rotations(k: usize) -> impl Iterator<Item = Vec<f64>> {
    let near = [1e-15, 1e-9, 1e-4, 0.1, 1.0].into_iter().flat_map(move |size| {
        (0..400).map(move |seed| {
            let noise = frame(seed, k, k);
            let one = |at: usize| if at.is_multiple_of(k + 1) { 1.0 } else { 0.0 };
            let sum: Vec<f64> = noise
                .iter()
                .enumerate()
                .map(|(at, x)| one(at) + size * x)
                .collect();
            sum
        })
    });
    let permuted = (0..200_u64).map(move |seed| {
        let key = frame(seed, 1, k);
        let mut order: Vec<usize> = (0..k).collect();
        order.sort_by(|a, b| key[*a].abs().total_cmp(&key[*b].abs()));
        let mut rows = vec![0.0; k * k];
        for (row, column) in order.into_iter().enumerate() {
            rows[row * k + column] = key[row].signum();
        }
        rows
    });
    near.chain(permuted).map(move |rows| {
        let mut rows = polar(&rows, k).unwrap();
        if nalgebra::DMatrix::from_row_slice(k, k, &rows).determinant() < 0.0 {
            rows[..k].iter_mut().for_each(|x| *x = -*x);
        }
        rows
    })
}

#[test] // edge: diffusion-frechet; shifts alone do not end on every one of them
fn all_rotations_have_logarithms_that_lead_back() {
    for k in 2..=5 {
        let (mut failed, mut worst) = (0, 0.0_f64);
        for rows in drawn_rotations(k) {
            match super::rotation::log(&rows, k) {
                Ok(log) => worst = worst.max(off(&super::rotation::exp(&log, k).unwrap(), &rows)),
                Err(_) => failed += 1,
            }
        }
        println!("{k}: {failed} {worst}");
        assert_eq!(failed, 0, "{k}");
        assert!(worst < 1e-9, "{k}: {worst}");
    }
}

#[test] // oracle: diffusion-frechet
fn the_mean_of_two_rotations_is_half_way_and_a_reflection_is_counted() {
    let options = Options::default();
    let turn_by = |angle: f64| vec![angle.cos(), -angle.sin(), angle.sin(), angle.cos()];
    let frames = [turn_by(0.2), turn_by(0.8)];
    let (found, reflected) = frame_mean(&frames, 2, Matching::None, &options).unwrap();
    assert!(off(&found.mean, &turn_by(0.5)) <= 1e-6 && reflected == 0);
    let mut mirrored = turn_by(0.8);
    mirrored[2..].iter_mut().for_each(|x| *x = -*x);
    let (found, reflected) = frame_mean(&[turn_by(0.2), mirrored], 2, Matching::None, &options).unwrap();
    assert!(off(&found.mean, &turn_by(0.5)) <= 1e-6 && reflected == 1);
}

#[test] // law: diffusion-frechet
fn matching_undoes_signs_and_order() {
    let options = Options::default();
    let first = rotation(8, 4);
    let mut other = Vec::new();
    for (row, sign) in [(2, -1.0), (0, 1.0), (3, -1.0), (1, 1.0)] {
        other.extend(first[row * 4..(row + 1) * 4].iter().map(|x| sign * x));
    }
    let frames = [first.clone(), other];
    let (found, reflected) = frame_mean(&frames, 4, Matching::SignsAndOrder, &options).unwrap();
    assert!(off(&found.mean, &first) <= ROUNDING && reflected == 0 && found.steps == 0);
    let mut other = first.clone();
    other[4..12].iter_mut().for_each(|x| *x = -*x);
    let (found, _) = frame_mean(&[first.clone(), other], 4, Matching::Signs, &options).unwrap();
    assert!(off(&found.mean, &first) <= ROUNDING);
}

// brute force over all permutations
#[test] // oracle: diffusion-frechet
fn the_assignment_is_the_cheapest() {
    fn least(cost: &[f64], k: usize, row: usize, used: &mut Vec<bool>) -> f64 {
        if row == k {
            return 0.0;
        }
        let mut best = f64::INFINITY;
        for column in 0..k {
            if !used[column] {
                used[column] = true;
                best = best.min(cost[row * k + column] + least(cost, k, row + 1, used));
                used[column] = false;
            }
        }
        best
    }
    for seed in 0..20 {
        let k = 1 + (seed % 6) as usize;
        let cost = super::super::ritz::gaussian::<f64>(seed, "test.assignment", k, k);
        let found = assignment(&cost, k);
        let sum: f64 = found
            .iter()
            .enumerate()
            .map(|(row, column)| cost[row * k + column])
            .sum();
        let mut sorted = found.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..k).collect::<Vec<_>>());
        assert!((sum - least(&cost, k, 0, &mut vec![false; k])).abs() <= ROUNDING);
    }
}

#[test]
fn the_global_basis_of_equal_frames_is_that_frame() {
    let own = frame(9, 3, 12);
    let frames = [own.as_slice(); 4];
    let found = global_basis(&frames, 12, Matching::None, &Options::default()).unwrap();
    assert!(off(&found.vectors, &own) <= RITZ_DOUBLE);
    assert_eq!((found.frame.ended, found.reflected), (Ended::Converged, 0));
    assert!(off(&polar(&[2.0, 0.0, 0.0, 3.0], 2).unwrap(), &[1.0, 0.0, 0.0, 1.0]) <= ROUNDING);
    assert!(global_basis::<f64>(&[], 12, Matching::None, &Options::default()).is_err());
    assert!(matches!(
        global_basis(&[&own, &own[..24]], 12, Matching::None, &Options::default()),
        Err(PullbackError::Length { .. })
    ));
}
