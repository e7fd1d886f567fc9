//! Models and states: what is refused, three storages of one model, fields and energies that are kept.
//!
//! Mutations tried, each seen red: the diagonal unchecked; only one triangle compared; flip costs unbounded, or bounded
//! without the factor 2; the mirrored bond unchecked, or found but not compared; neighbours unordered or out of range
//! taken; a side of 2 taken as simple; left for right at the seam; energy with each bond twice, without fields; a flip
//! that forgets the neighbours, the energy, or the factor 2; randomise without refresh; random order as typewriter.

use gibbs_core::Error;
use gibbs_core::ising::model::Wrap;
use gibbs_core::ising::{Dense, HeatBath, Metropolis, Model, Order, Rule, Sparse, State, Torus, Whole};
use gibbs_core::random::stream;
use proptest::prelude::*;

fn refused<T>(result: Result<T, Error>) -> Error {
    result.err().expect("a refusal")
}

#[test]
fn matrices_that_are_no_couplings_are_refused() {
    let dense = |j: &[f64], h: &[f64]| refused(Dense::new(j, h));
    assert_eq!(dense(&[], &[]), Error::Shape); // N = 0
    assert_eq!(dense(&[0.0; 3], &[0.0; 2]), Error::Shape);
    assert_eq!(
        dense(&[0.0, f64::NAN, f64::NAN, 0.0], &[0.0; 2]),
        Error::NonFinite
    );
    assert_eq!(
        dense(&[0.0, 1.0, 1.0, 0.0], &[0.0, f64::INFINITY]),
        Error::NonFinite
    );
    let upper = Error::Asymmetric { row: 1 };
    assert_eq!(dense(&[0.0, 1.0, 2.0, 0.0], &[0.0; 2]), upper);
    assert_eq!(dense(&[0.0, 1.0, -1.0, 0.0], &[0.0; 2]), upper);
    assert_eq!(
        dense(&[0.0, 1.0, 1.0, 0.5], &[0.0; 2]),
        Error::SelfCoupling { index: 1 }
    );
    assert_eq!(dense(&[0.0, 1e308, 1e308, 0.0], &[0.0; 2]), Error::NonFinite); // a flip costs 2e308
    assert_eq!(
        refused(Dense::new(&[0_i32, 1 << 30, 1 << 30, 0], &[0, 0])),
        Error::Overflow
    );
    assert_eq!(refused(Dense::new(&[0_i32], &[1 << 30])), Error::Overflow);
    assert!(Dense::new(&[0_i32], &[(1 << 30) - 1]).is_ok());
    assert!(Dense::new(&[0_i8, 127, 127, 0], &[-128, 127]).is_ok());
}

#[test] // many small couplings: each flip fits, the energy does not
fn energies_beyond_32_bits_are_refused() {
    let n = 5;
    let mut couplings = [0_i32; 25];
    for (k, c) in couplings.iter_mut().enumerate() {
        *c = if k / n == k % n { 0 } else { 260_000_000 };
    }
    assert_eq!(refused(Dense::new(&couplings, &[0; 5])), Error::Overflow);
}

#[test]
fn broken_rows_are_refused() {
    let sparse = |offsets: &[u32], neighbours: &[u32], couplings: &[i32]| {
        let fields = vec![0; offsets.len().saturating_sub(1)];
        refused(Sparse::new(offsets, neighbours, couplings, &fields))
    };
    assert_eq!(sparse(&[0], &[], &[]), Error::Shape); // N = 0
    assert_eq!(sparse(&[], &[], &[]), Error::Shape);
    assert_eq!(sparse(&[0, 1, 2], &[1, 0], &[1]), Error::Shape);
    assert_eq!(sparse(&[0, 1, 3], &[1, 0], &[1, 1]), Error::Shape);
    assert_eq!(sparse(&[0, 2, 1, 2], &[1, 0], &[1, 1]), Error::Domain); // falls
    assert_eq!(sparse(&[0, 1, 1], &[2], &[1]), Error::Domain); // no spin 2
    assert_eq!(sparse(&[0, 2, 3, 4], &[2, 1, 0, 0], &[1; 4]), Error::Domain); // not in order
    assert_eq!(sparse(&[0, 2, 4], &[1, 1, 0, 0], &[1; 4]), Error::Domain); // twice
    assert_eq!(
        sparse(&[0, 1, 2], &[0, 1], &[1, 1]),
        Error::SelfCoupling { index: 0 }
    );
    let one_sided = Error::Asymmetric { row: 0 };
    assert_eq!(sparse(&[0, 1, 1], &[1], &[1]), one_sided);
    assert_eq!(sparse(&[0, 1, 2], &[1, 0], &[1, 2]), one_sided);
    let fields = [f64::NAN, 0.0];
    assert_eq!(
        refused(Sparse::new(&[0, 0, 0], &[], &[], &fields)),
        Error::NonFinite
    );
}

#[test]
fn sides_that_a_torus_lacks_are_refused() {
    let torus = |w, h, wrap| Torus::new(w, h, 1_i32, 0, wrap).map(|t| t.spins());
    assert_eq!(torus(0, 4, Wrap::Simple), Err(Error::Shape));
    assert_eq!(
        torus(4, 1, Wrap::Multigraph),
        Err(Error::UnsupportedSide { side: 1 })
    );
    assert_eq!(torus(4, 2, Wrap::Simple), Err(Error::UnsupportedSide { side: 2 }));
    assert_eq!(torus(4, 2, Wrap::Multigraph), Ok(8));
    assert_eq!(torus(5, 3, Wrap::Simple), Ok(15));
    assert_eq!(
        refused(Torus::new(4, 4, f64::NAN, 0.0, Wrap::Simple)),
        Error::NonFinite
    );
    assert_eq!(
        refused(Torus::new(4, 4, 1 << 29, 0, Wrap::Simple)),
        Error::Overflow
    );
    assert_eq!(
        refused(Torus::new(usize::MAX, 4, 1, 0, Wrap::Simple)),
        Error::Shape
    );
}

#[test]
fn states_refuse_what_is_no_configuration() {
    let model = Torus::new(3, 3, 1_i32, 0, Wrap::Simple).expect("a torus");
    let state = |spins: &mut [i8], fields: &mut [i32]| State::new(&model, spins, fields).map(|s| s.energy());
    assert_eq!(state(&mut [1; 8], &mut [0; 9]), Err(Error::Shape));
    assert_eq!(state(&mut [1; 9], &mut [0; 8]), Err(Error::Shape));
    let mut spins = [1; 9];
    spins[4] = 0;
    assert_eq!(state(&mut spins, &mut [0; 9]), Err(Error::NotASpin { index: 4 }));
    assert_eq!(state(&mut [1; 9], &mut [0; 9]), Ok(-18));
    assert_eq!(refused(Metropolis::new(f64::NAN)), Error::NonFinite);
    assert_eq!(refused(HeatBath::new(f32::INFINITY)), Error::NonFinite);
}

/// E written out from the definition.
fn by_definition(couplings: &[i32], fields: &[i32], spins: &[i8]) -> i32 {
    let n = fields.len();
    let mut energy = 0;
    for i in 0..n {
        energy -= fields[i] * i32::from(spins[i]);
        for j in i + 1..n {
            energy -= couplings[i * n + j] * i32::from(spins[i]) * i32::from(spins[j]);
        }
    }
    energy
}

/// Compressed rows of the non-zero entries of a matrix.
fn compressed(couplings: &[i32], n: usize) -> (Vec<u32>, Vec<u32>, Vec<i32>) {
    let (mut offsets, mut neighbours, mut values) = (vec![0], Vec::new(), Vec::new());
    for row in couplings.chunks_exact(n) {
        for (j, value) in row.iter().enumerate().filter(|(_, value)| **value != 0) {
            neighbours.push(j as u32);
            values.push(*value);
        }
        offsets.push(neighbours.len() as u32);
    }
    (offsets, neighbours, values)
}

fn matrix(n: usize, entries: &[i32]) -> Vec<i32> {
    let mut couplings = vec![0; n * n];
    for (k, value) in entries.iter().take(n * n).enumerate() {
        let (i, j) = (k / n, k % n);
        if i < j {
            (couplings[i * n + j], couplings[j * n + i]) = (*value, *value);
        }
    }
    couplings
}

fn spins_of(bits: u64, n: usize) -> Vec<i8> {
    (0..n).map(|i| if bits >> i & 1 == 1 { 1 } else { -1 }).collect()
}

proptest! {
    #[test] // identity: three storages, one energy; kept fields are the definition's
    fn storages_agree_and_flips_keep_fields(
        n in 1_usize..9,
        entries in prop::collection::vec(-3..=3, 64),
        fields in prop::collection::vec(-3..=3, 8),
        bits: u64,
        flips in prop::collection::vec(0_usize..8, 0..20),
    ) {
        let (couplings, fields) = (matrix(n, &entries), &fields[..n]);
        let (offsets, neighbours, values) = compressed(&couplings, n);
        let dense = Dense::new(&couplings, fields).expect("a sound matrix");
        let sparse = Sparse::new(&offsets, &neighbours, &values, fields).expect("sound rows");
        let (mut spins, mut local) = (spins_of(bits, n), vec![0; n]);
        let mut state = State::new(&sparse, &mut spins, &mut local).expect("lengths fit");
        for flip in flips {
            state.flip(&sparse, flip); // beyond N: nothing
            let energy = by_definition(&couplings, fields, state.spins());
            prop_assert_eq!(state.energy(), energy);
            prop_assert_eq!(dense.energy(state.spins()), Ok(energy));
            prop_assert_eq!(state.magnetization(), state.spins().iter().map(|s| i64::from(*s)).sum::<i64>());
            for i in 0..n {
                let mut flipped = state.spins().to_vec();
                flipped[i] = -flipped[i];
                let cost = by_definition(&couplings, fields, &flipped) - energy;
                prop_assert_eq!(2 * state.fields()[i] * i32::from(state.spins()[i]), cost);
                prop_assert_eq!(dense.local_field(i, state.spins()), state.fields()[i]);
            }
        }
    }

    #[test] // identity: a torus is the matrix of its bonds, doubled where a side is 2
    fn the_torus_is_its_bonds(width in 2_usize..5, height in 2_usize..5, coupling in -2..=2, field in -2..=2, bits: u64) {
        let n = width * height;
        let torus = Torus::new(width, height, coupling, field, Wrap::Multigraph).expect("a torus");
        let mut couplings = vec![0; n * n];
        for (y, x) in (0..height).flat_map(|y| (0..width).map(move |x| (y, x))) {
            let site = y * width + x;
            for other in [y * width + (x + 1) % width, (y + 1) % height * width + x] {
                couplings[site * n + other] += coupling;
                couplings[other * n + site] += coupling;
            }
        }
        let spins = spins_of(bits, n);
        prop_assert_eq!(torus.energy(&spins), Ok(by_definition(&couplings, &vec![field; n], &spins)));
        prop_assert_eq!(torus.field(n), 0);
        torus.neighbours(n, |_, _| panic!("no such site"));
        for i in 0..n {
            let mut seen = vec![0; n];
            torus.neighbours(i, |j, value| seen[j] += value);
            prop_assert_eq!(&seen[..], &couplings[i * n..(i + 1) * n]);
        }
    }
}

#[test] // a new start has new fields; a seed gives one configuration
fn random_starts_are_fair_and_refreshed() {
    let model = Torus::new(40, 40, 1_i32, 0, Wrap::Simple).expect("a torus");
    let (mut spins, mut fields) = (vec![1; 1600], vec![0; 1600]);
    let mut state = State::new(&model, &mut spins, &mut fields).expect("lengths fit");
    state.randomise(&model, &mut stream(3, "start", 0));
    // |M| of 1600 fair spins: 6 standard deviations, false alarm 2e-9
    assert!(state.magnetization().abs() < 240 && state.magnetization() != 0);
    assert_eq!(Ok(state.energy()), model.energy(state.spins()));
    for i in 0..1600 {
        assert_eq!(state.fields()[i], model.local_field(i, state.spins()));
    }
}

/// Flips always.
struct Always;

impl Rule<f64> for Always {
    fn flips(&self, _: i8, _: f64, _: &mut impl rand_core::Rng) -> bool {
        true
    }
}

// typewriter visits everyone once, random order N times somebody
#[test]
fn orders_visit_as_they_say() {
    let model = Torus::new(8, 8, 0.5, 0.25, Wrap::Simple).expect("a torus");
    let (mut spins, mut fields) = (vec![1; 64], vec![0.0; 64]);
    let mut state = State::new(&model, &mut spins, &mut fields).expect("lengths fit");
    let mut rng = stream(4, "order", 0);
    let always = Whole(Always);
    assert_eq!(state.sweep(&model, &always, Order::Typewriter, &mut rng), 64);
    assert_eq!(state.magnetization(), -64);
    assert_eq!(state.sweep(&model, &always, Order::Random, &mut rng), 64);
    // sites hit an even number of times keep their spin: 64 (1 + e^-2)/2 of them expected
    let kept = state.spins().iter().filter(|s| **s < 0).count();
    assert!((20..=52).contains(&kept), "{kept}");
}

#[test] // law: of every stretch of 64 spins, and of the 22 at the end, one is left out or none, all equally often
fn gaps_are_where_they_should_be() {
    let n = 150;
    let (offsets, external) = (vec![0; n + 1], vec![0.0; n]);
    let model = Sparse::<f64>::new(&offsets, &[], &[], &external).expect("free spins");
    let mut rng = stream(6, "gaps", 0);
    let mut left_out = vec![0_u32; n];
    let mut none = [0_u32; 3];
    let runs = 30_000;
    for _ in 0..runs {
        let (mut spins, mut fields) = (vec![1; n], vec![0.0; n]);
        let mut state = State::new(&model, &mut spins, &mut fields).expect("lengths fit");
        let flips = state.sweep(&model, &Always, Order::Typewriter, &mut rng);
        let kept: Vec<usize> = (0..n).filter(|i| spins[*i] > 0).collect();
        assert_eq!(flips, n - kept.len());
        for (stretch, none) in none.iter_mut().enumerate() {
            let here = kept.iter().filter(|i| **i / 64 == stretch).count();
            assert!(here < 2);
            *none += u32::from(here == 0);
        }
        for i in &kept {
            left_out[*i] += 1;
        }
    }
    // 153 counts of binomial law, each within 6 standard deviations: false alarm 3e-7
    let expected = |i: usize| f64::from(runs) / if i < 128 { 65.0 } else { 23.0 };
    let counts = left_out
        .iter()
        .enumerate()
        .chain([0, 64, 128].into_iter().zip(&none));
    for (i, count) in counts {
        let (mean, found) = (expected(i), f64::from(*count));
        assert!((found - mean).abs() < 6.0 * mean.sqrt(), "{i}: {found} of {mean}");
    }
}

#[test] // limit: no temperature at all
fn metropolis_at_infinite_temperature_flips_and_heat_bath_does_not_always() {
    let mut rng = stream(5, "limit", 0);
    let metropolis = Metropolis::new(0.0).expect("a number");
    assert!((0..100).all(|_| metropolis.flips(1, 3.0, &mut rng)));
    let heat_bath = HeatBath::new(0.0).expect("a number");
    let flips = (0..1000).filter(|_| heat_bath.flips(1, 3.0, &mut rng)).count();
    assert!((400..=600).contains(&flips), "{flips}"); // 6.3 standard deviations
    // an infinite product is no free flip refused
    let steep = Metropolis::new(f64::MAX).expect("a number");
    assert!(
        steep.flips(1, 0.0, &mut rng) && !steep.flips(1, 1.0, &mut rng) && steep.flips(1, -1.0, &mut rng)
    );
}
