//! Oracles: enumeration of small tori; Kaufman's ln Z and energy; every digit of the table.
//!
//! Mutations seen red: signs of K; bonds to the left and around the row left out; N for 2N bonds; e^-|K|; sizes and
//! rotations of the kinds of first rows; no mirror; the 3 of U4; m³ for m⁴; u for 2u. Seen green: up and down
//! exchanged, which the symmetry of the law makes the same.
use super::super::onsager::CRITICAL_TEMPERATURE;
use super::super::{kaufman, testing};
use super::*;
use crate::garrote::testing::tolerance as tol;

#[test] // oracle: ising-magnetisation
fn enumeration() {
    for side in [2, 3, 4] {
        let all = testing::configurations(side * side, &testing::torus(side, side), 0.0);
        for beta in [-0.7, 0.0, 0.2, 0.5, 2.0] {
            let law = torus(side, beta).unwrap();
            let mut direct = vec![0.0; side * side + 1];
            for (energy, up) in &all {
                direct[*up] += Real::exp(-beta * energy - law.log_z);
            }
            for (p, q) in law.probabilities.iter().zip(direct) {
                assert!((p - q).abs() < 1e-13 * (1.0 + q), "{side} {beta}: {p} {q}");
            }
        }
    }
}

// an independent route to ln Z, and by central difference to the energy
#[test] // oracle: ising-magnetisation
fn kaufmans_partition_function() {
    for side in 5..=8 {
        let beta = 0.44;
        let h = 1e-4;
        let [low, mid, high] = [beta - h, beta, beta + h].map(|b| torus(side, b).unwrap().log_z);
        let expected = kaufman::torus(side, side, beta).unwrap();
        assert!((mid - expected.log_z).abs() < 1e-11, "{side}");
        assert!(
            (-(high - low) / (2.0 * h) - expected.energy).abs() < 1e-4,
            "{side}"
        );
    }
}

#[test] // golden: ising-magnetisation
fn table() {
    for (side, t, abs, square, binder) in [
        (4, 2.0, 0.918_943_27, 0.868_921_68, 0.644_810_79),
        (4, CRITICAL_TEMPERATURE, 0.843_860_44, 0.761_358_91, 0.617_199_32),
        (4, 2.5, 0.764_712_39, 0.654_825_76, 0.581_527_66),
        (6, 2.0, 0.913_093_92, 0.849_905_23, 0.650_316_59),
        (6, CRITICAL_TEMPERATURE, 0.804_976_56, 0.693_316_59, 0.614_356_24),
        (6, 2.5, 0.677_413_76, 0.528_620_75, 0.554_007_42),
        (8, 2.0, 0.911_452_27, 0.841_671_18, 0.654_618_65),
        (8, CRITICAL_TEMPERATURE, 0.777_331_09, 0.646_911_57, 0.613_045_38),
        (8, 2.5, 0.603_128_98, 0.432_099_08, 0.524_122_86),
        (8, 3.0, 0.346_034_61, 0.170_312_21, 0.279_839_90),
    ] {
        let law = torus(side, 1.0 / t).unwrap();
        for (found, expected) in [(law.abs(), abs), (law.square(), square), (law.binder(), binder)] {
            assert!(
                (found - expected).abs() <= tol::DIGITS_8,
                "L {side}, T {t}: {found} against {expected}"
            );
        }
    }
}

// counted by hand up to 4 (0000, 0001, 0011, 0101), beyond by Burnside's lemma; nobody is lost
#[test] // oracle: ising-magnetisation
fn kinds_of_first_rows() {
    for (side, kinds) in [(2, 2), (3, 2), (4, 4), (5, 4), (6, 8), (7, 9), (8, 18)] {
        let rows = first_rows(side);
        assert_eq!(rows.len(), kinds);
        let total: f64 = rows.iter().map(|(_, half)| 2.0 * half).sum();
        assert_eq!(total, f64::from(1_u32 << side));
    }
}

// flipping a checkerboard turns beta around; flipping all spins mirrors the law
#[test] // law: ising-magnetisation
fn symmetries() {
    let (ferro, anti) = (torus(6, 0.4).unwrap(), torus(6, -0.4).unwrap());
    assert!((ferro.log_z - anti.log_z).abs() < 1e-12);
    assert!(anti.square() < 0.1 * ferro.square());
    for (p, q) in ferro.probabilities.iter().zip(ferro.probabilities.iter().rev()) {
        assert!((p - q).abs() <= 1e-14 * p);
    }
    assert!((torus(5, 16.0).unwrap().abs() - 1.0).abs() < 1e-15);
}

#[test] // edge: ising-magnetisation
fn refusals() {
    for side in [0, 1, 9] {
        assert_eq!(torus(side, 0.4), Err(Error::UnsupportedSide { side }));
    }
    for beta in [16.5, f64::NAN, f64::NEG_INFINITY] {
        assert_eq!(torus(4, beta), Err(Error::Domain));
    }
}
