//! The integer rules: probabilities counted over all words, against the exact laws.

use crate::oracle::{self, Always, boltzmann, energies, random_site, share, stationary, total_variation};
use crate::tolerances::{ACCEPTANCE, STATIONARY};
use core::convert::Infallible;
use gibbs_core::Error;
use gibbs_core::ising::integer::quantise;
use gibbs_core::ising::{Dense, HeatBathQ16, MetropolisQ16, Model, Rule};
use rand_core::TryRng;

const TEMPERATURES: [f64; 8] = [0.01, 0.3, 1.0, 2.269, 7.7, 100.0, 5000.0, 65_535.5];

// closed form, over all costs where the acceptance is not 0, at cold and hot temperatures
#[test] // oracle: ising-integer
fn metropolis_accepts_with_the_boltzmann_factor() {
    for temperature in TEMPERATURES {
        let q = quantise(temperature).unwrap();
        let (rule, exact) = (MetropolisQ16::new(q), f64::from(q) / 65_536.0);
        let last = (25.0 * exact) as i32 + 2;
        for cost in (1..=last).step_by(1 + last as usize / 500) {
            let p = rule.acceptance(cost);
            let expected = (-f64::from(cost) / exact).exp();
            assert!(
                (p - expected).abs() < ACCEPTANCE,
                "T {temperature} dE {cost}: {p} {expected}"
            );
            // relatively as well, where words resolve it: no cold flip is far too frequent or too rare
            assert!(
                (p / expected - 1.0).abs() < 1e-5 + 3e-10 / expected || p == 0.0,
                "{cost} {p} {expected}"
            );
        }
        assert_eq!(rule.acceptance(0), 1.0);
        assert_eq!(rule.acceptance(i32::MIN), 1.0);
    }
}

// closed form
#[test] // oracle: ising-integer
fn heat_bath_draws_the_logistic_law() {
    for temperature in TEMPERATURES {
        let q = quantise(temperature).unwrap();
        let (rule, exact) = (HeatBathQ16::new(q), f64::from(q) / 65_536.0);
        let last = (13.0 * exact) as i32 + 2;
        for field in (-last..=last).step_by(1 + last as usize / 250) {
            let p = rule.up(field);
            let expected = 1.0 / (1.0 + (-2.0 * f64::from(field) / exact).exp());
            assert!(
                (p - expected).abs() < ACCEPTANCE,
                "T {temperature} f {field}: {p} {expected}"
            );
            let both = p + rule.up(-field); // at most one word decides for +1 in both
            assert!((both - 1.0).abs() < 3e-10, "{field} {both}");
        }
    }
}

#[test] // a fair coin without a field, exactly so however cold: rounding the noise towards 0 would favour +1
fn the_heat_bath_is_fair_without_a_field() {
    for temperature in [1, 2, 1000, 1 << 16, u32::MAX] {
        let up = HeatBathQ16::new(temperature).up(0);
        assert!((up - 0.5).abs() < 2e-10, "{temperature} {up}");
    }
}

// the decision the samplers make is the one that is counted, early exits included
#[test] // law: ising-integer
fn flips_happen_with_the_counted_probability() {
    for temperature in TEMPERATURES {
        let q = quantise(temperature).unwrap();
        let (metropolis, bath) = (MetropolisQ16::new(q), HeatBathQ16::new(q));
        let edge = (11.09 * f64::from(q) / 65_536.0) as i32; // 22.18 T is the dearest flip
        for field in [0, 1, 2, edge - 1, edge, edge + 1, edge + 2, i32::MAX] {
            for (spin, field) in [(1, field), (-1, -field), (-1, field), (1, -field)] {
                let p = share(1, 1 << 32, |w| metropolis.flips(spin, field, &mut Always(w)));
                let cost = i64::from(spin) * 2 * i64::from(field);
                if let Ok(cost) = i32::try_from(cost) {
                    assert_eq!(p, metropolis.acceptance(cost), "{temperature} {cost}");
                }
                let up = share(1, 1 << 32, |w| bath.flips(-1, field, &mut Always(w)));
                assert!((up - bath.up(field)).abs() < 1e-15, "{temperature} {field}");
                let down = share(1, 1 << 32, |w| bath.flips(1, field, &mut Always(w)));
                assert!((up + down - 1.0).abs() < 1e-15);
            }
        }
    }
}

/// A generator that must not be asked.
struct Never;

impl TryRng for Never {
    type Error = Infallible;
    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        panic!("a word was drawn")
    }
    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        panic!("a word was drawn")
    }
    fn try_fill_bytes(&mut self, _: &mut [u8]) -> Result<(), Infallible> {
        panic!("a word was drawn")
    }
}

// no draw where the outcome is settled
#[test] // edge: ising-integer
fn settled_decisions_draw_nothing() {
    let rng = &mut Never;
    let (metropolis, bath) = (MetropolisQ16::new(65_536), HeatBathQ16::new(65_536));
    assert!(metropolis.flips(1, 0, rng) && metropolis.flips(-1, 5, rng));
    assert!(!metropolis.flips(1, 12, rng)); // cost 24 > 22.18
    assert!(bath.flips(-1, 12, rng) && !bath.flips(1, 12, rng) && bath.flips(1, -12, rng));
    for field in [i32::MIN, i32::MAX] {
        let hottest = MetropolisQ16::new(u32::MAX);
        assert_eq!(hottest.flips(1, field, rng), field < 0);
        assert_eq!(hottest.flips(-1, field, rng), field > 0);
        assert_eq!(HeatBathQ16::new(u32::MAX).flips(1, field, rng), field < 0);
    }
}

#[test] // edge: ising-integer
fn temperature_zero_is_descent() {
    let (metropolis, bath) = (MetropolisQ16::new(0), HeatBathQ16::new(0));
    for word in [1, 1 << 31, u64::from(u32::MAX)] {
        let rng = &mut Always(word);
        assert!(!metropolis.flips(1, 1, rng) && metropolis.flips(1, 0, rng) && metropolis.flips(1, -1, rng));
        assert!(bath.flips(1, -1, rng) && bath.flips(-1, 1, rng) && !bath.flips(1, 1, rng));
        assert!(bath.flips(-1, 0, rng) && !bath.flips(1, 0, rng)); // sign(0) = +1
    }
    assert_eq!(
        (metropolis.acceptance(1), bath.up(1), bath.up(0), bath.up(-1)),
        (0.0, 1.0, 1.0, 0.0)
    );
}

#[test] // edge: ising-integer
fn temperatures_are_quantised_or_refused() {
    assert_eq!(quantise(0.0), Ok(0));
    assert_eq!(quantise(1.0), Ok(65_536));
    assert_eq!(quantise(2.269_185), Ok(148_713));
    assert_eq!(quantise(65_535.999_99), Ok(u32::MAX));
    assert_eq!(quantise(7e-6), Err(Error::TooCold { bits: 16 }));
    assert_eq!(quantise(8e-6), Ok(1));
    for (bad, error) in [
        (f64::NAN, Error::NonFinite),
        (f64::INFINITY, Error::NonFinite),
        (-1e-9, Error::Domain),
        (65_536.0, Error::Domain),
        (1e300, Error::Domain),
    ] {
        assert_eq!(quantise(bad), Err(error), "{bad}");
    }
}

/// Total variation between Boltzmann and the stationary law of the quantised random-site chains.
fn distances(couplings: &[i8], fields: &[i8], temperature: f64) -> [f64; 2] {
    let n = fields.len();
    let model = Dense::new(couplings, fields).unwrap();
    let q = quantise(temperature).unwrap();
    let (metropolis, bath) = (MetropolisQ16::new(q), HeatBathQ16::new(q));
    let at = |state: usize, i: usize| {
        let spins = oracle::spins_of(state, n);
        (spins[i], model.local_field(i, &spins))
    };
    let real = |x: &[i8]| x.iter().map(|x| f64::from(*x)).collect::<Vec<_>>();
    let law = boltzmann(
        &energies(&real(couplings), &real(fields)),
        65_536.0 / f64::from(q),
    );
    let accept = |state, i| {
        let (spin, field) = at(state, i);
        metropolis.acceptance(2 * i32::from(spin) * field)
    };
    let heat = |state, i| {
        let (spin, field) = at(state, i);
        let up = bath.up(field);
        if spin > 0 { 1.0 - up } else { up }
    };
    [random_site(n, &accept), random_site(n, &heat)].map(|matrix| total_variation(&stationary(&matrix), &law))
}

// the stationary law of N = 3 and 4 from exact transition matrices: 1e-4 is asked for
#[test] // oracle: ising-integer
fn the_stationary_law_is_boltzmanns() {
    let mut worst = 0.0_f64;
    for temperature in [0.7, 1.0, 2.269, 5.0, 40.0] {
        let three = distances(&[0, 3, -2, 3, 0, 1, -2, 1, 0], &[1, 0, -1], temperature);
        let four = [0, 1, -1, 2, 1, 0, 3, -1, -1, 3, 0, 1, 2, -1, 1, 0];
        let four = distances(&four, &[0, 1, -2, 1], temperature);
        for distance in three.into_iter().chain(four) {
            worst = worst.max(distance);
        }
    }
    assert!(worst < STATIONARY, "{worst:e}"); // measured 2.6e-7
}

// the test above can fail: it would see a thousandth of a temperature
#[test] // law: ising-integer
fn the_law_at_a_temperature_off_by_a_thousandth_is_told_apart() {
    let couplings = [0.0, 3.0, -2.0, 3.0, 0.0, 1.0, -2.0, 1.0, 0.0];
    let e = energies(&couplings, &[1.0, 0.0, -1.0]);
    assert!(total_variation(&boltzmann(&e, 1.0), &boltzmann(&e, 1.001)) > 1e-4);
}

// an integer model refuses what the rules could not scale
#[test] // edge: ising-integer
fn overflow_is_refused() {
    let big = i32::MAX / 4;
    assert!(Dense::new(&[0, big, big, 0], &[0, 0]).is_ok());
    let refused = Dense::new(&[0, big, big, 0], &[0, big + 2]).map(|_| ());
    assert_eq!(refused, Err(Error::Overflow));
    assert_eq!(
        Dense::new(&[0, i32::MIN, i32::MIN, 0], &[0, 0]).map(|_| ()),
        Err(Error::Overflow)
    );
    assert_eq!(Dense::<i8>::new(&[], &[]).map(|_| ()), Err(Error::Shape)); // N = 0
}
