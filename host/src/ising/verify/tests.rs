//! Green with the generator of the project; red with a linear congruential generator, and with acceptances of 4
//! and 8 that are rounded apart. Quick runs: errors are larger, false alarms (fixed seeds) as likely as in full
//! ones, about 3e-4 for a run over seeds.
//!
//! Mutations seen red (by the checks named): see the tests below for the generator and the acceptance.
use super::*;
use crate::report::claim::SIGMAS;
use gibbs_core::ising::lattice::{Bits, Draw, Fair, Lazy, Metropolis, Probability, Proposal, Update};
use gibbs_core::ising::{Metropolis as Single, Order, Whole};
use gibbs_core::random::stream;
use rand_core::TryRng;
use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::atomic::AtomicBool;

/// x <- 1103515245 x + 12345 mod 2^31, its bits shifted up by one: bit k of the word has period 2^k.
struct Congruential(u32);

impl TryRng for Congruential {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let x = self.0.wrapping_mul(1_103_515_245).wrapping_add(12_345);
        self.0 = x & 0x7fff_ffff;
        Ok(self.0 << 1)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let high = u64::from(self.try_next_u32()?);
        Ok(high << 32 | u64::from(self.try_next_u32()?))
    }

    fn try_fill_bytes(&mut self, _: &mut [u8]) -> Result<(), Infallible> {
        unreachable!("no sampler draws bytes")
    }
}

fn failed(report: &Report) -> Vec<String> {
    let text = |c: &Check| format!("{}: {}", c.group, c.row.cells().join("; "));
    report.failures().map(text).collect()
}

#[test] // oracle: ising-verify
fn green_with_the_generator_of_the_project() {
    let make = |name: &str, index| stream(1, name, index);
    let report = verify(make, Size::Quick, &Work::plain()).unwrap();
    assert!(report.passes(), "{:#?}", failed(&report));
    assert!(report.checks.len() > 200 && report.statistical() > 100);
    let groups: BTreeSet<_> = report.checks.iter().map(|check| check.group).collect();
    let all = [
        "balance",
        "chains",
        "clusters",
        "exact",
        "generator",
        "glasses",
        "lattice",
        "single spins",
    ];
    assert_eq!(groups, BTreeSet::from(all));
}

#[test] // oracle: ising-verify
fn green_with_the_vectors_of_this_machine() {
    let report = verify_engine(1, Size::Quick, &Work::plain()).unwrap();
    assert!(report.passes(), "{:#?}", failed(&report));
}

#[test] // oracle: ising-verify
fn red_with_a_congruential_generator() {
    let make = |name: &str, index| {
        let seed = stream(1, name, index).next_u32() & 0x7fff_ffff;
        Congruential(seed)
    };
    let report = verify(make, Size::Quick, &Work::plain()).unwrap();
    let failures = failed(&report);
    let groups: BTreeSet<_> = report.failures().map(|check| check.group).collect();
    // seen by its words and by the lattices that eat them; what does not draw is as right as ever
    assert!(
        groups.contains("generator") && groups.contains("lattice"),
        "{failures:#?}"
    );
    assert!(
        !groups.contains("exact") && !groups.contains("balance"),
        "{failures:#?}"
    );
}

/// Metropolis with p4 and p8 rounded apart: what the lattice must never do.
struct Apart {
    four: Lazy,
    eight: Lazy,
}

impl Update for Apart {
    fn propose<B: Bits>(&self, spins: B, neighbours: [B; 4], random: &mut impl Fair<B>) -> Proposal<B> {
        let [d1, d2, d3, d4] = neighbours.map(|n| n ^ spins);
        let free = (d1 & d2) | (d3 & d4) | ((d1 ^ d2) & (d3 ^ d4));
        let one = d1 ^ d2 ^ d3 ^ d4;
        let four = self.four.draw(spins.all(), !free, random);
        let eight = self.eight.draw(spins.all(), !free, random);
        Proposal {
            spins: spins ^ (free | (one & four) | (!one & eight)),
            ..Proposal::none(spins)
        }
    }

    fn decide<B: Bits>(&self, _: &mut [Proposal<B>], _: &mut impl Fair<B>) {}

    fn temperature_effective(&self) -> f64 {
        self.four.probability().temperature_effective()
    }
}

fn apart(eighths: u64) -> Apart {
    Apart {
        four: Lazy::new(Probability::new(43, 8).unwrap()),
        eight: Lazy::new(Probability::new(eighths, 16).unwrap()),
    }
}

// 44/256 and 8/256, the nearest to p and p² at T_c; with p8 = p4² = 1936/65536 nothing is wrong
#[test] // oracle: ising-verify
fn red_with_two_quantisations() {
    let faulty = apart(8 * 256 - 1);
    let [helix, _, sweep] = balance::violations(&faulty).unwrap();
    assert!(helix > 1e-5 && sweep > 1e-5, "{helix} {sweep}");
    assert!(
        balance::of_update("", &faulty)
            .unwrap()
            .iter()
            .all(|check| !check.passes())
    );
    let right = apart(44 * 44 - 1);
    assert!(
        balance::violations(&right)
            .unwrap()
            .iter()
            .all(|off| *off < balance::VIOLATION)
    );

    let work = Work::plain();
    let setting = Setting {
        size: Size::Quick,
        work: &work,
        laws: &Laws::default(),
    };
    let energy = |update: &Apart, index| {
        let rng = stream(1, "test.ising.verify", index);
        lattice::quantised(update, rng, setting).unwrap().remove(0)
    };
    let (bad, good) = (energy(&faulty, 0), energy(&right, 1));
    assert!(!bad.passes() && bad.row.z().unwrap().abs() > SIGMAS, "{bad:?}");
    assert!(good.passes(), "{good:?}");
}

#[test] // the sweeps of earlier versions: the law is kept, and two closed classes of the triangle are seen
fn red_without_gaps() {
    let rule = Whole(Single::new(0.7).unwrap());
    let checks = chains::of_rule("", (&rule, Order::Typewriter), f64::from, (0.7, 1e-13)).unwrap();
    let passes: Vec<bool> = checks.iter().map(Check::passes).collect();
    assert_eq!(passes, [false, false, true], "{checks:?}");
    let checks = chains::of_rule("", (&rule, Order::Random), f64::from, (0.7, 1e-13)).unwrap();
    assert!(!checks[0].passes(), "{checks:?}");
}

#[test] // the flips of the code, against the formula
fn counted_acceptances() {
    let probability = Probability::new(43, 8).unwrap();
    let p = 44.0 / 256.0;
    let [down, up] = balance::flips(&Metropolis(Lazy::new(probability)));
    assert_eq!(down, [p * p, p, 1.0, 1.0, 1.0]);
    assert_eq!(up, [1.0, 1.0, 1.0, p, p * p]);
}

#[test] // law: ising-verify
fn judgements() {
    let exact = |measured, most| Check::within("g", "n", "s", [1.0, measured], most);
    assert!(exact(1.0, 0.0).passes() && exact(1.5, 0.5).passes());
    assert!(!exact(1.6, 0.5).passes() && !exact(f64::NAN, f64::INFINITY).passes());
    let sampled = |mean, error, largest| {
        let estimate = Ok(Estimate {
            mean,
            error,
            tau: 0.5,
            samples: 100,
        });
        Check::sampled("g", "n", "s", 1.0, &estimate, largest)
    };
    assert!(sampled(1.04, 0.01, 0.02).passes() && sampled(1.0, 0.0, 0.02).passes());
    assert!(!sampled(1.06, 0.01, 0.02).passes()); // 6 errors off
    assert!(!sampled(1.0, 0.03, 0.02).passes()); // an error that accepts anything
    assert!(!sampled(1.1, 0.0, 0.02).passes() && !sampled(f64::NAN, 0.01, 0.02).passes());
    let none = Check::sampled(
        "g",
        "n",
        "s",
        1.0,
        &Err(SeriesError::Constant {
            value: 1.0,
            samples: 100,
        }),
        1.0,
    );
    assert!(!none.passes() && none.row.remark.is_some());
    assert!(Check::deviate("g", "n", "s", -4.9).passes() && !Check::deviate("g", "n", "s", -5.1).passes());
    assert!((sampled(1.04, 0.01, 0.02).row.z().unwrap() - 4.0).abs() < 1e-9);
    let report = Report {
        checks: vec![exact(1.0, 0.0), sampled(1.0, 0.01, 0.02), exact(2.0, 0.5)],
    };
    assert_eq!((report.statistical(), report.failures().count()), (1, 1));
    assert!(!report.passes() && report.false_alarm() < 2e-6);
}

#[test] // means, medians and tails of chi-squares by the table: 64 degrees at 5 sigma are about 135
fn chi_squares_as_deviates() {
    assert!(deviate(63.3, 64).abs() < 0.01);
    assert!((deviate(83.675, 64) - 1.645).abs() < 0.01); // 95 %
    assert!((deviate(26.296, 16) - 1.645).abs() < 0.01);
    assert!((deviate(39.252, 16) - 3.09).abs() < 0.02); // 99.9 %
    assert!(deviate(0.0, 64) < -SIGMAS);
}

#[test] // edge: ising-verify
fn stops_when_asked() {
    let interrupted = AtomicBool::new(true);
    let work = Work {
        interrupted: &interrupted,
        ..Work::plain()
    };
    let make = |name: &str, index| stream(1, name, index);
    let found = verify(make, Size::Quick, &work);
    assert_eq!(found, Err(Halted::Stopped(crate::work::Stopped::INSIDE)));
}
