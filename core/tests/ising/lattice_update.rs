//! One word's update against the definition, and sweeps against a simulation site by site that reads the same
//! random words.

use crate::lattice::{Memory, Table, kinds, packs, script};
use gibbs_core::Error;
use gibbs_core::ising::Whole;
use gibbs_core::ising::lattice::{
    Bits, Bonds, Draw, Fair, Fixed, HeatBath, Lazy, Metropolis, Probability, Proposal, Uniform, Update, Word,
    seen,
};
use gibbs_core::random::{Xoshiro256PlusPlus, stream};
use rand_core::Rng;

/// Lane l: spin and four neighbours are the bits of l.
fn patterns() -> (u32, [u32; 4]) {
    let bit = |b: u32| (0..32).fold(0, |word, lane| word | (lane >> b & 1) << lane);
    (bit(0), [bit(1), bit(2), bit(3), bit(4)])
}

/// Cost of the flip and local field in lane l.
fn cost_and_field(lane: u32) -> (i32, i32) {
    let spin = |b: u32| if lane >> b & 1 == 1 { 1 } else { -1 };
    let field: i32 = (1..5).map(spin).sum();
    (2 * spin(0) * field, field)
}

/// Answers what it is told to.
struct Told {
    single: bool,
    double: bool,
}

impl Draw for Told {
    fn probability(&self) -> Probability {
        Probability::new(0, 1).unwrap()
    }

    fn decide<B: Bits>(&self, group: &mut [Proposal<B>], _: &mut impl Fair<B>) {
        for lanes in group {
            for (told, of) in [(self.single, lanes.single), (self.double, !lanes.single)] {
                if told {
                    lanes.spins = lanes.spins ^ (lanes.open & of);
                }
            }
        }
    }
}

/// No random words.
struct Nothing;

impl<B: Bits> Fair<B> for Nothing {
    fn word(&mut self) -> B {
        panic!("a random word was asked for")
    }
}

#[test] // oracle: ising-lattice
fn metropolis_truth_table() {
    let (spins, neighbours) = patterns();
    for told in [0, 1, 2, 3] {
        let (single, double) = (told & 1 == 1, told & 2 == 2);
        let new = Metropolis(Told { single, double }).update(spins, neighbours, &mut Nothing);
        for lane in 0..32 {
            let flips = match cost_and_field(lane).0 {
                4 => single,
                8 => double,
                cost => cost <= 0,
            };
            assert_eq!((new ^ spins) >> lane & 1 == 1, flips, "lane {lane:05b}");
        }
    }
}

/// Coin first, then 64 bits of u: new = the sign of the field, unless u <= its threshold.
#[test] // oracle: ising-lattice
fn heat_bath_truth_table() {
    let (two, four) = (0x2BEC_3A7F_0911_2233, 0x0777_0123_4567_89AB);
    let rule = HeatBath::from_thresholds([two, four]).unwrap();
    let (spins, neighbours) = patterns();
    let spread = |word: u32| [word; 4].map(|w| u64::from(w) | u64::from(w) << 32)[0];
    let wide = neighbours.map(spread);
    for coin in [0_u64, u64::MAX] {
        for u in [0, four - 1, four, four + 1, two - 1, two, two + 1, u64::MAX] {
            let mut words = script(u.into(), 64);
            words.words.insert(0, coin);
            let new = rule.update(spread(spins), wide, &mut words);
            for lane in 0..64 {
                let expected = match cost_and_field(lane % 32).1 {
                    0 => coin != 0,
                    2 => u > two,
                    -2 => u <= two,
                    4 => u > four,
                    _ => u <= four,
                };
                assert_eq!(new >> lane & 1 == 1, expected, "lane {lane:05b}, u = {u:x}");
            }
        }
    }
}

#[test] // edge: ising-lattice
fn thresholds_of_heat_bath() {
    for temperature in [0.4, 1.0, 2.269_185_314_213_022, 10.0, 1e6] {
        let rule = HeatBath::at_temperature(temperature).unwrap();
        for (threshold, cost) in rule.thresholds().into_iter().zip([4.0, 8.0]) {
            let exact = 1.0 / (1.0 + (cost / temperature).exp());
            let found = (threshold as f64 + 1.0) / 18_446_744_073_709_551_616.0;
            // At 0.4 the smaller probability is 2e-9: 2^-65 of it is 1.3e-11.
            assert!(
                (found / exact - 1.0).abs() < 1e-10,
                "{temperature}: {found} {exact}"
            );
            assert!((found - exact).abs() < 2e-16);
        }
        let found = rule.temperature_effective();
        assert!(
            (found / temperature - 1.0).abs() < 1e-15 * temperature.max(10.0),
            "{temperature}: {found}"
        );
    }
    let hot = HeatBath::at_temperature(f64::INFINITY).unwrap();
    assert_eq!(hot.thresholds(), [u64::MAX >> 1; 2]);
    assert_eq!(hot.temperature_effective(), f64::INFINITY);
    let at = HeatBath::at_temperature;
    assert_eq!(at(f64::NAN), Err(Error::NonFinite));
    for temperature in [0.0, -0.0, -2.0, f64::NEG_INFINITY] {
        assert_eq!(at(temperature), Err(Error::Domain));
    }
    // e^(-8/T) rounds to 0 below 2^-65.
    let coldest = 8.0 / (65.0 * std::f64::consts::LN_2);
    assert_eq!(at(coldest * 0.999), Err(Error::TooCold { bits: 64 }));
    assert_eq!(at(coldest * 1.001).unwrap().thresholds()[1], 0);
    let from = HeatBath::from_thresholds;
    assert_eq!(from([1 << 63, 0]), Err(Error::Domain));
    assert_eq!(from([5, 6]), Err(Error::Domain));
    assert_eq!(from(hot.thresholds()), Ok(hot));
    let rule = at(1.5).unwrap();
    assert_eq!(from(rule.thresholds()), Ok(rule));
}

#[test] // law: ising-lattice
fn lanes_without_a_site_draw_nothing() {
    let p = Probability::at_temperature(2.0, 64).unwrap();
    let (n, signs) = ([0xFFFF_u16, 0, 0xF0F0, 0x1234], [0_u16, 0xFFFF, 0xFF00, 0x9876]);
    let lanes = seen(n, signs, 0);
    assert_eq!(Metropolis(Lazy::new(p)).update(0, lanes, &mut Nothing), 0xFFFF);
    // The coin is tossed for the word, but nothing is compared.
    let mut one = crate::lattice::Script {
        words: vec![0xABCD_u16],
        read: 0,
    };
    assert_eq!(
        HeatBath::at_temperature(2.0).unwrap().update(0, lanes, &mut one),
        0xABCD
    );
    let lanes = seen(n, signs, 0x00FF);
    for k in 0..4 {
        assert_eq!(lanes[k] & 0x00FF, (n[k] ^ signs[k]) & 0x00FF);
    }
}

/// A lane, the local field of its site, its spin.
type Lane = (u32, i32, i8);
/// The new spins of the lanes of a word.
type Rule<'a> = dyn Fn(&[Lane], &mut dyn FnMut() -> u64) -> Vec<(u32, i8)> + 'a;

/// How a rule reads random words and decides, from its definition: given the classes of the needed lanes (the
/// number of units that the flip, or the opposition, costs: 1 or 2), the lanes that accept.
trait Reference {
    fn accepts(&self, classes: &[(u32, u32)], word: &mut dyn FnMut() -> u64) -> Vec<u32>;
}

impl Reference for Fixed {
    fn accepts(&self, classes: &[(u32, u32)], word: &mut dyn FnMut() -> u64) -> Vec<u32> {
        // u <= t, twice; trailing ones of t need no bits; the words are the complements of the bits of u.
        let (t, bits) = (self.0.threshold(), self.0.bits());
        let skipped = t.trailing_ones().min(bits);
        let mut draw = || {
            let words: Vec<u64> = (skipped..bits).map(|_| word()).collect();
            move |lane: u32| {
                let bit = |(b, w): (usize, &u64)| (!w >> lane & 1) << b;
                let u: u64 = words.iter().enumerate().map(bit).sum();
                u <= t.checked_shr(skipped).unwrap_or(0)
            }
        };
        let (first, second) = (draw(), draw());
        let accepted = classes
            .iter()
            .filter(|(lane, units)| first(*lane) && (*units == 1 || second(*lane)));
        accepted.map(|(lane, _)| *lane).collect()
    }
}

/// u <= t, for t of 128 bits a class, bit by bit from the highest until all lanes are decided.
fn compared(classes: &[(u32, u32)], t: [u128; 2], word: &mut dyn FnMut() -> u64) -> Vec<u32> {
    let (mut open, mut accepted) = (classes.to_vec(), Vec::new());
    for b in (0..128).rev() {
        if open.is_empty() {
            break;
        }
        let w = word();
        open.retain(|(lane, units)| {
            let (u, t) = (w >> lane & 1, (t[*units as usize - 1] >> b & 1) as u64);
            if u < t {
                accepted.push(*lane);
            }
            u == t
        });
    }
    accepted.extend(open.iter().map(|(lane, _)| *lane));
    accepted
}

impl Reference for Lazy {
    fn accepts(&self, classes: &[(u32, u32)], word: &mut dyn FnMut() -> u64) -> Vec<u32> {
        let p = self.probability();
        let numerator = u128::from(p.threshold()) + 1;
        let single = (numerator << (128 - p.bits())).wrapping_sub(1);
        let double = ((numerator * numerator) << (128 - 2 * p.bits())).wrapping_sub(1);
        compared(classes, [single, double], word)
    }
}

/// One half sweep of sites: words in order, their lanes from the definition. With gaps one in 16 leaves out the sites whose
/// bit in another random word is 0.
fn half_sweep<W: Word>(
    memory: &mut Memory<W>,
    table: &Table,
    colour: usize,
    rng: &mut Xoshiro256PlusPlus,
    (rule, gaps): (&Rule<'_>, bool),
) {
    let geometry = memory.geometry;
    let rests = gaps && rng.next_u32() < 1 << 28;
    let mut spins = memory.spins();
    let around = table.neighbours();
    for y in 0..geometry.height() {
        for w in 0..geometry.words() {
            let site = |lane: u32| {
                let column = lane as usize * geometry.words() + w;
                y * geometry.width() + 2 * column + (y + colour) % 2
            };
            let moved = if rests { W::random(rng).wide() } else { u64::MAX };
            let lanes: Vec<Lane> = (0..geometry.used())
                .filter(|lane| moved >> lane & 1 == 1)
                .map(|lane| {
                    let term = |(j, sign): &(usize, i8)| i32::from(*sign * spins[*j]);
                    (lane, around[site(lane)].iter().map(term).sum(), spins[site(lane)])
                })
                .collect();
            for (lane, spin) in rule(&lanes, &mut || W::random(rng).wide()) {
                spins[site(lane)] = spin;
            }
        }
    }
    memory.set(&spins);
}

fn metropolis_of(draw: &impl Reference) -> Box<Rule<'_>> {
    Box::new(|lanes: &[Lane], word: &mut dyn FnMut() -> u64| {
        let units = |field: i32, spin: i8| 2 * i32::from(spin) * field / 4;
        let uphill = lanes.iter().filter(|(_, field, spin)| units(*field, *spin) > 0);
        let classes: Vec<(u32, u32)> = uphill.map(|(l, f, s)| (*l, units(*f, *s) as u32)).collect();
        let accepted = draw.accepts(&classes, word);
        let flips = |lane: &u32, field, spin| units(field, spin) <= 0 || accepted.contains(lane);
        lanes
            .iter()
            .map(|(l, f, s)| (*l, if flips(l, *f, *s) { -s } else { *s }))
            .collect()
    })
}

fn heat_bath_of(thresholds: [u64; 2]) -> Box<Rule<'static>> {
    Box::new(move |lanes: &[Lane], word: &mut dyn FnMut() -> u64| {
        let coin = word();
        let classes: Vec<(u32, u32)> = lanes
            .iter()
            .filter(|(_, field, _)| *field != 0)
            .map(|(lane, field, _)| (*lane, field.unsigned_abs() / 2))
            .collect();
        let opposing = compared(
            &classes,
            thresholds.map(|t| u128::from(t) << 64 | u128::from(u64::MAX)),
            word,
        );
        let new = |(lane, field, _): &Lane| {
            let spin = match field {
                0 if coin >> lane & 1 == 1 => 1,
                0 => -1,
                f if (*f > 0) != opposing.contains(lane) => 1,
                _ => -1,
            };
            (*lane, spin)
        };
        lanes.iter().map(new).collect()
    })
}

/// Twenty half sweeps of both, from one start and one stream.
fn agree<W: Word, U: Update>(table: &Table, bonds: &impl Bonds<W>, update: &U, rule: &Rule<'_>) {
    let (width, height) = (table.width, table.height);
    let mut fast = Memory::<W>::random(width, height, 17);
    let mut slow = fast.clone();
    let (mut a, mut b) = (stream(19, "test.sweep", 0), stream(19, "test.sweep", 0));
    for step in 0..20 {
        fast.view().half_sweep(step % 2, update, bonds, &mut a).unwrap();
        half_sweep(&mut slow, table, step % 2, &mut b, (rule, U::GAPS));
        assert_eq!(fast, slow, "{width} x {height}, half sweep {step}");
        assert_eq!(a, b, "{width} x {height}: random words read, half sweep {step}");
    }
}

fn sweeps_are_the_reference<W: Word>() {
    let coarse = Probability::at_temperature(2.5, 8).unwrap();
    let fine = Probability::at_temperature(3.0, 64).unwrap();
    let heat_bath = HeatBath::at_temperature(2.0).unwrap();
    let few = [(2, 2), (4, 2), (4, 4), (6, 4), (8, 2), (10, 4)];
    let many = [(32, 2), (64, 4), (128, 2), (256, 2)];
    for (width, height) in few
        .into_iter()
        .chain(many)
        .filter(|(width, _)| packs::<W>(*width))
    {
        for (bonds, table) in kinds::<W>(width, height) {
            let fixed = Fixed(coarse);
            agree(&table, &bonds, &Metropolis(fixed), &*metropolis_of(&fixed));
            agree(&table, &bonds, &Whole(Metropolis(fixed)), &*metropolis_of(&fixed));
            for lazy in [Lazy::new(coarse), Lazy::new(fine)] {
                agree(&table, &bonds, &Metropolis(lazy), &*metropolis_of(&lazy));
            }
            agree(&table, &bonds, &heat_bath, &*heat_bath_of(heat_bath.thresholds()));
        }
    }
}

#[test] // law: ising-lattice
fn words_of_sites_are_sites_one_by_one() {
    sweeps_are_the_reference::<u16>();
    sweeps_are_the_reference::<u32>();
    sweeps_are_the_reference::<u64>();
}

#[test] // law: ising-lattice
fn a_sweep_is_colour_0_then_colour_1() {
    let rule = HeatBath::at_temperature(2.0).unwrap();
    let (mut a, mut b) = (Memory::<u32>::random(64, 6, 1), Memory::<u32>::random(64, 6, 1));
    let (mut x, mut y) = (stream(1, "test.sweep", 1), stream(1, "test.sweep", 1));
    a.view().sweep(&rule, &Uniform::Ferromagnet, &mut x).unwrap();
    for colour in [0, 3] {
        b.view()
            .half_sweep(colour, &rule, &Uniform::Ferromagnet, &mut y)
            .unwrap();
    }
    assert_eq!((a, x), (b, y));
}
