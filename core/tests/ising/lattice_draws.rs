//! The acceptance and its words: exact laws over all strings of random bits, the rare tails by scripts.

use crate::lattice::{Script, Strings, count, script};
use gibbs_core::Error;
use gibbs_core::ising::lattice::{Bits, Draw, Drawn, Fair, Fixed, Lazy, Probability};
use gibbs_core::random::stream;
use rand_core::Rng;

const CRITICAL: f64 = 2.269_185_314_213_022;

// shifts of the effective temperature, to two digits
#[test] // oracle: ising-lattice
fn effective_temperature_at_the_critical_one() {
    for (bits, shift) in [
        (8, 2.3e-3),
        (12, 4.4e-4),
        (16, -2.3e-5),
        (24, -8.4e-8),
        (32, -1.7e-10),
    ] {
        let p = Probability::at_temperature(CRITICAL, bits).unwrap();
        let found = p.temperature_effective() - CRITICAL;
        assert!((found / shift - 1.0).abs() < 0.03, "{bits} bits: {found:e}");
        let exact = (-4.0 / CRITICAL).exp();
        assert!(
            (p.value() - exact).abs() <= 0.5 * 0.5_f64.powi(bits as i32),
            "{bits} bits"
        );
    }
    for bits in [53, 60, 64] {
        let found = Probability::at_temperature(CRITICAL, bits)
            .unwrap()
            .temperature_effective();
        assert!((found - CRITICAL).abs() < 3e-15, "{bits} bits: {found}");
    }
}

#[test] // edge: ising-lattice
fn edges_of_probability() {
    let at = Probability::at_temperature;
    assert_eq!(at(f64::NAN, 16), Err(Error::NonFinite));
    for temperature in [0.0, -0.0, -1.0, f64::NEG_INFINITY] {
        assert_eq!(at(temperature, 16), Err(Error::Domain));
    }
    assert_eq!(at(1.0, 0), Err(Error::Domain));
    assert_eq!(at(1.0, 65), Err(Error::Domain));
    for bits in [1, 8, 63, 64] {
        let certain = at(f64::INFINITY, bits).unwrap();
        assert_eq!(
            (certain.threshold(), certain.bits()),
            (u64::MAX >> (64 - bits), bits)
        );
        assert_eq!(
            (certain.value(), certain.temperature_effective()),
            (1.0, f64::INFINITY)
        );
        assert_eq!(at(1e300, bits), Ok(certain));
        // P = 1 from e^(-4/T) = 2^-(k + 1) on; a tie goes to the even 0.
        let coldest = 4.0 / (f64::from(bits + 1) * std::f64::consts::LN_2);
        assert_eq!(at(coldest * 0.999, bits), Err(Error::TooCold { bits }));
        let least = at(coldest * 1.001, bits).unwrap();
        assert_eq!((least.threshold(), least.value()), (0, 0.5_f64.powi(bits as i32)));
        assert_eq!(at(f64::MIN_POSITIVE, bits), Err(Error::TooCold { bits }));
    }
    let half = at(4.0 / std::f64::consts::LN_2, 1).unwrap();
    assert_eq!((half.threshold(), half.value()), (0, 0.5));
    assert!((half.temperature_effective() - 4.0 / std::f64::consts::LN_2).abs() < 1e-15);

    assert_eq!(Probability::new(255, 8).unwrap().value(), 1.0);
    assert_eq!(Probability::new(256, 8), Err(Error::Domain));
    assert_eq!(Probability::new(0, 0), Err(Error::Domain));
    assert_eq!(Probability::new(0, 65), Err(Error::Domain));
    assert_eq!(Probability::new(u64::MAX, 64).unwrap().value(), 1.0);
    assert_eq!(Probability::new(2, 1), Err(Error::Domain));
}

/// P(single) = P / 2^k and P(double) = P² / 2^2k: over all strings of 2 k bits, whatever follows them.
fn exact_law(draw: &impl Draw) {
    let p = draw.probability();
    let (numerator, k) = (p.threshold() + 1, p.bits());
    let length = (2 * k).max(6);
    let scale = 1_u64 << (length - 2 * k);
    for rest in [0, u64::MAX, 0x0123_4567_89AB_CDEF] {
        let singles = count(length, rest, |random| draw.draw(u64::MAX, u64::MAX, random));
        assert_eq!(singles, (scale * numerator) << k, "single, {p:?}");
        let doubles = count(length, rest, |random| draw.draw(0, u64::MAX, random));
        assert_eq!(doubles, scale * numerator * numerator, "double, {p:?}");
        let mixed = 0xAAAA_5555_0F0F_CC33;
        for block in 0..1 << (length - 6) {
            let on = |single| draw.draw(single, u64::MAX, &mut Strings::new(block, length, rest));
            assert_eq!(
                on(mixed),
                (mixed & on(u64::MAX)) | (!mixed & on(0)),
                "mixed, {p:?}"
            );
        }
    }
}

#[test] // oracle: ising-lattice
fn exact_law_of_both_draws() {
    for bits in 1..=5 {
        for threshold in 0..1 << bits {
            let p = Probability::new(threshold, bits).unwrap();
            exact_law(&Fixed(p));
            exact_law(&Lazy::new(p));
        }
    }
    for p in [Probability::new(43, 8), Probability::new(0b101_0111, 7)] {
        exact_law(&Fixed(p.unwrap()));
        exact_law(&Lazy::new(p.unwrap()));
    }
}

/// Words of a generator, some of them in plain sight.
fn random_words(count: usize, seed: u64) -> Vec<u64> {
    let mut rng = stream(seed, "test.draws", 0);
    (0..count).map(|_| rng.next_u64()).collect()
}

/// A lane's answer is a function of its own bits: lanes that are not needed, other lanes' bits and other lanes'
/// kinds do not matter. With independent bits, the lanes are independent.
fn lanes_do_not_see_each_other(draw: &impl Draw) {
    for seed in 0..50 {
        let words = random_words(200, seed);
        let [single, need, noise] = [words[197], words[198], words[199]];
        let answer =
            |single: u64, need: u64, words: Vec<u64>| draw.draw(single, need, &mut Script { words, read: 0 });
        let all = answer(single, need, words.clone());
        for lane in (0..64).filter(|lane| need >> lane & 1 == 1) {
            let own = 1_u64 << lane;
            let others: Vec<u64> = words.iter().map(|word| (word & own) | (noise & !own)).collect();
            for (single, need) in [(single, own), (single ^ (noise & !own), own), (single, u64::MAX)] {
                let alone = answer(single, need, others.clone());
                assert_eq!((alone ^ all) & own, 0, "seed {seed}, lane {lane}");
            }
        }
    }
}

#[test] // law: ising-lattice
fn lanes_are_independent() {
    for (threshold, bits) in [(10, 5), (11_243, 16), (0x2BEC_3A7F_0911_2233, 64)] {
        let p = Probability::new(threshold, bits).unwrap();
        lanes_do_not_see_each_other(&Fixed(p));
        lanes_do_not_see_each_other(&Lazy::new(p));
    }
}

/// Words that `draw` reads.
fn words_read(draw: &impl Draw, single: u64, need: u64, words: Vec<u64>) -> (u64, usize) {
    let mut random = Script { words, read: 0 };
    (draw.draw(single, need, &mut random), random.read)
}

#[test] // law: ising-lattice
fn fixed_reads_as_many_words_as_it_says() {
    let words = random_words(200, 1);
    for (threshold, bits, each) in [
        (0, 8, 8),
        (1, 8, 7),
        (0b1010_0111, 8, 5),
        (255, 8, 0),
        (u64::MAX, 64, 0),
    ] {
        let draw = Fixed(Probability::new(threshold, bits).unwrap());
        assert_eq!(words_read(&draw, 0, 0, words.clone()).1, 2 * each);
    }
}

/// Largest of n geometric variables of 1/2: mean Σ_{k>=0} 1 - (1 - 2^-k)^n, and the variance.
fn longest(lanes: u32) -> (f64, f64) {
    let beyond = |k: i32| 1.0 - (1.0 - 0.5_f64.powi(k)).powi(lanes as i32);
    let mean: f64 = (0..64).map(beyond).sum();
    let square: f64 = (0..64).map(|k| f64::from(2 * k + 1) * beyond(k)).sum();
    (mean, square - mean * mean)
}

// fixed seed; |z| < 5 in 16 comparisons: false alarm 6e-7 each
#[test] // law: ising-lattice
fn lazy_reads_until_the_last_needed_lane_is_decided() {
    assert!((longest(32).0 - 6.36).abs() < 5e-3 && (longest(64).0 - 7.34).abs() < 5e-3);
    for (threshold, bits) in [(11_243, 16), (0x2BEC_3A7F_0911_2233, 64)] {
        let draw = Lazy::new(Probability::new(threshold, bits).unwrap());
        for lanes in [1, 5, 16, 64] {
            for single in [u64::MAX, 0xAAAA_AAAA_AAAA_AAAA] {
                let need = u64::MAX >> (64 - lanes);
                let mut rng = stream(u64::from(lanes), "test.draws", 1);
                let draws = 4000;
                let mut read = 0;
                for _ in 0..draws {
                    let mut counted = Counted(Drawn(&mut rng), 0);
                    let _: u64 = draw.draw(single, need, &mut counted);
                    read += counted.1;
                }
                let (mean, variance) = longest(lanes);
                let z = (f64::from(read) / f64::from(draws) - mean) / (variance / f64::from(draws)).sqrt();
                assert!(z.abs() < 5.0, "{lanes} lanes, k = {bits}: z = {z}");
            }
        }
        assert_eq!(words_read(&draw, u64::MAX, 0, vec![]), (0, 0));
    }
}

/// Counts what it hands on.
struct Counted<F>(F, u32);

impl<B: Bits, F: Fair<B>> Fair<B> for Counted<F> {
    fn word(&mut self) -> B {
        self.1 += 1;
        self.0.word()
    }
}

/// u = t after all 64, or 128, bits accepts; u = t + 1 does not.
#[test] // law: ising-lattice
fn lazy_compares_to_the_last_bit() {
    let thresholds = [
        (0, 1),
        (1, 1),
        (10, 5),
        (11_243, 16),
        (0, 64),
        (0x2BEC_3A7F_0911_2233, 64),
        (u64::MAX - 1, 64),
    ];
    for (threshold, bits) in thresholds {
        let p = Probability::new(threshold, bits).unwrap();
        let draw = Lazy::new(p);
        let numerator = u128::from(threshold) + 1;
        // P 2^(64 - k) - 1 and P² 2^(128 - 2 k) - 1
        let single = (numerator << (64 - bits)) - 1;
        let double = (numerator.wrapping_mul(numerator) << (128 - 2 * bits)).wrapping_sub(1);
        let answer = |kind: u64, u: u128, length| {
            let mut random = script(u, length);
            let answer = draw.draw(kind, u64::MAX, &mut random);
            assert!(answer == 0 || answer == u64::MAX);
            (answer != 0, random.read)
        };
        assert_eq!(answer(u64::MAX, single, 64), (true, 64), "{p:?}");
        assert!(answer(u64::MAX, single.saturating_sub(1), 64).0, "{p:?}");
        assert!(
            single == u128::from(u64::MAX) || !answer(u64::MAX, single + 1, 64).0,
            "{p:?}"
        );
        assert_eq!(answer(0, double, 128), (true, 128), "{p:?}");
        assert!(answer(0, double.saturating_sub(1), 128).0, "{p:?}");
        assert!(double == u128::MAX || !answer(0, double + 1, 128).0, "{p:?}");
        // In company: a single lane waits for nobody's second half.
        let mut random = script(double, 128);
        let company = draw.draw(1, 3, &mut random);
        assert_eq!(company & 1, u64::from((double >> 64) as u64 <= single as u64));
        assert_eq!(company & 2, 2);
    }
}

/// For k = 64 the second 64 bits decide where a rounding of p² to 64 bits could not.
#[test] // oracle: ising-lattice
fn squares_have_128_bits() {
    let p = Probability::new((1 << 33) - 1, 64).unwrap(); // p = 2^-31, p² = 2^-62
    let draw = Lazy::new(p);
    let on = |u| draw.draw(0_u64, u64::MAX, &mut script(u, 128));
    assert_eq!(on((1 << 66) - 1), u64::MAX);
    assert_eq!(on(1 << 66), 0);
    let p = Probability::new(2, 64).unwrap(); // p² = 9 / 2^128
    let draw = Lazy::new(p);
    let on = |u| draw.draw(0_u64, u64::MAX, &mut script(u, 128));
    assert_eq!((on(8), on(9)), (u64::MAX, 0));
}
