//! The engine against a plain re-implementation site by site, itself on other instructions and threads, exact
//! energies; checkpoints.
//!
//! Statistical tests have fixed seeds; |z| < 5: false alarm 6e-7 each.
//!
//! Mutations tried, each seen red: draws for the lanes past the end of a band; the row above a band, one too far; every band
//! with the bonds of the first; a rotation of the AVX2 generators by another distance; another word in one xor of the
//! generator; generators restored before the planes were looked at.

use super::generators::Generators;
use super::{Engine, Instructions};
use crate::ising::oracle::kaufman;
use crate::ising::statistics;
use gibbs_core::Error;
use gibbs_core::ising::lattice::{
    Bits, Bonds, Fair, Fixed, Geometry, HeatBath, Lazy, Metropolis, PlusMinus, Probability, Uniform, Update,
};
use gibbs_core::ising::model::Wrap;
use gibbs_core::random::{Xoshiro256PlusPlus, below, stream};
use rand_core::{Rng, SeedableRng};
use std::ops::{BitAnd, BitAndAssign, BitOr, BitOrAssign, BitXor, BitXorAssign, Not};

/// Sides: less than a vector of words; tails of every kind; rows of many words; several bands, the last one short.
const SIDES: [(usize, usize); 11] = [
    (2, 4),
    (4, 4),
    (6, 10),
    (64, 18),
    (128, 6),
    (256, 10),
    (384, 6),
    (512, 6),
    (768, 6),
    (2048, 66),
    (10, 1030),
];

/// Signs of the bonds to the right and below, row by row, and their words.
struct Glass {
    signs: Vec<[i8; 2]>,
    colours: [Vec<[u64; 4]>; 2],
    geometry: Geometry,
}

impl Glass {
    fn new(width: usize, height: usize) -> Self {
        let geometry = Geometry::new::<u64>(width, height, Wrap::Multigraph).unwrap();
        let mut rng = stream(5, "test.engine", 0);
        let mut sign = || if below(&mut rng, 3) == 0 { -1 } else { 1 };
        Self {
            signs: (0..width * height).map(|_| [sign(), sign()]).collect(),
            colours: [vec![[0; 4]; geometry.plane()], vec![[0; 4]; geometry.plane()]],
            geometry,
        }
    }

    fn bonds(&mut self) -> PlusMinus<'_, u64> {
        let [even, odd] = &mut self.colours;
        let (signs, width) = (&self.signs, self.geometry.width());
        PlusMinus::new(self.geometry, [even, odd], |x, y| {
            let [right, below] = signs[y * width + x];
            (right < 0, below < 0)
        })
        .unwrap()
    }
}

fn engine(width: usize, height: usize) -> Engine {
    let mut engine = Engine::new(width, height, Wrap::Multigraph, 3).unwrap();
    engine.planes().randomise(&mut stream(4, "test.engine", 1));
    engine
}

/// Spins by site and eight scalar generators a band: what the engine does, written down slowly.
struct Plain {
    geometry: Geometry,
    spins: Vec<bool>,
    signs: Vec<[i8; 2]>,
    bands: Vec<Vec<Xoshiro256PlusPlus>>,
}

impl Plain {
    fn new(engine: &mut Engine, signs: Vec<[i8; 2]>) -> Self {
        let geometry = *engine.geometry();
        let bands = geometry.height().div_ceil(Self::rows(&geometry)) as u64;
        let generator = |index| {
            let mut words = stream(3, "ising-lanes", index);
            let state: Vec<u8> = (0..4).flat_map(|_| words.next_u64().to_le_bytes()).collect();
            Xoshiro256PlusPlus::from_seed(state.try_into().unwrap())
        };
        let of_band = |band| (0..8).map(|lane| generator(8 * band + lane)).collect();
        Self {
            geometry,
            spins: Self::spins_of(engine),
            signs,
            bands: (0..bands).map(of_band).collect(),
        }
    }

    fn spins_of(engine: &mut Engine) -> Vec<bool> {
        let (width, height) = (engine.geometry().width(), engine.geometry().height());
        let planes = engine.planes();
        let sites = (0..width * height).map(|site| planes.spin(site % width, site / width) > 0);
        sites.collect()
    }

    /// Rows of a band: 1024 words, at least one row.
    fn rows(geometry: &Geometry) -> usize {
        (1024 / geometry.words()).max(1)
    }

    /// Site (x, y) and its place in its lane for a word of a colour.
    fn sites(&self, colour: usize, index: usize) -> Vec<(usize, usize)> {
        let (words, y) = (self.geometry.words(), index / self.geometry.words());
        let x = |lane: usize| 2 * (lane * words + index % words) + (y + colour) % 2;
        (0..self.geometry.used() as usize)
            .map(|lane| (x(lane), y))
            .collect()
    }

    /// Word `index` and its neighbours as a rule takes them.
    fn seen(&self, colour: usize, index: usize) -> (u64, [u64; 4]) {
        let (width, height) = (self.geometry.width(), self.geometry.height());
        let mut spins = 0;
        // Lanes without a site: two up, two down.
        let mut around = [0, 0, u64::MAX, u64::MAX];
        for (lane, (x, y)) in self.sites(colour, index).into_iter().enumerate() {
            let (left, up) = ((x + width - 1) % width, (y + height - 1) % height);
            let seen = [
                ((x + 1) % width, y, self.signs[y * width + x][0]),
                (left, y, self.signs[y * width + left][0]),
                (x, up, self.signs[up * width + x][1]),
                (x, (y + 1) % height, self.signs[y * width + x][1]),
            ];
            spins |= u64::from(self.spins[y * width + x]) << lane;
            for (word, (x, y, sign)) in around.iter_mut().zip(seen) {
                let bit = u64::from(self.spins[y * width + x] == (sign > 0));
                *word = (*word & !(1 << lane)) | bit << lane;
            }
        }
        (spins, around)
    }

    fn half_sweep<U: Update>(&mut self, colour: usize, update: &U) {
        let words = Self::rows(&self.geometry) * self.geometry.words();
        let plane: Vec<usize> = (0..self.geometry.plane()).collect();
        let mut new: Vec<u64> = Vec::new();
        for (band, indices) in plane.chunks(words).enumerate() {
            let mut random = std::mem::take(&mut self.bands[band]);
            let rests = U::GAPS && random.word().0[0] >> 60 == 0;
            // Eight vectors are decided together, but a short one alone.
            let (vectors, rest) = indices.as_chunks::<8>();
            let vectors: Vec<&[usize]> = vectors.iter().map(|v| &v[..]).collect();
            let rest = [rest];
            for group in vectors
                .chunks(8)
                .chain((!rest[0].is_empty()).then_some(&rest[..]))
            {
                let mut proposals = Vec::new();
                for vector in group {
                    // No word: no site.
                    let mut spins = Eight([0; 8]);
                    let mut around = [spins, spins, !spins, !spins];
                    for (lane, index) in vector.iter().enumerate() {
                        let (own, others) = self.seen(colour, *index);
                        spins.0[lane] = own;
                        for (word, other) in around.iter_mut().zip(others) {
                            word.0[lane] = other;
                        }
                    }
                    // A site that is left out sees what it does where there is no site, and stays.
                    let moved = if rests {
                        random.word()
                    } else {
                        Eight([u64::MAX; 8])
                    };
                    let [a, b, c, d] = around;
                    let around = [a & moved, b & moved, c | !moved, d | !moved];
                    let mut proposal = update.propose(spins, around, &mut random);
                    proposal.spins = (proposal.spins & moved) | (spins & !moved);
                    proposals.push(proposal);
                }
                update.decide(&mut proposals, &mut random);
                for (vector, proposal) in group.iter().zip(proposals) {
                    new.extend(&proposal.spins.0[..vector.len()]);
                }
            }
            self.bands[band] = random;
        }
        for (index, word) in new.into_iter().enumerate() {
            for (lane, (x, y)) in self.sites(colour, index).into_iter().enumerate() {
                self.spins[y * self.geometry.width() + x] = word >> lane & 1 == 1;
            }
        }
    }
}

/// Eight words side by side.
#[derive(Clone, Copy)]
struct Eight([u64; 8]);

macro_rules! wordwise {
    ($($trait:ident, $method:ident, $assign:ident, $assigned:ident;)*) => {$(
        impl $trait for Eight {
            type Output = Self;
            fn $method(self, other: Self) -> Self {
                Self(std::array::from_fn(|k| self.0[k].$method(other.0[k])))
            }
        }
        impl $assign for Eight {
            fn $assigned(&mut self, other: Self) {
                *self = self.$method(other);
            }
        }
    )*};
}

wordwise! {
    BitAnd, bitand, BitAndAssign, bitand_assign;
    BitOr, bitor, BitOrAssign, bitor_assign;
    BitXor, bitxor, BitXorAssign, bitxor_assign;
}

impl Not for Eight {
    type Output = Self;
    fn not(self) -> Self {
        Self(self.0.map(|word| !word))
    }
}

impl Bits for Eight {
    fn is_none(self) -> bool {
        self.0 == [0; 8]
    }
}

/// Eight scalar generators, one a word.
impl Fair<Eight> for Vec<Xoshiro256PlusPlus> {
    fn word(&mut self) -> Eight {
        Eight(std::array::from_fn(|k| self[k].next_u64()))
    }
}

fn is_the_plain_one<B: Bonds<u64> + Sync>(
    (width, height): (usize, usize),
    signs: &[[i8; 2]],
    bonds: &B,
    update: &(impl Update + Sync),
) {
    for instructions in Instructions::available() {
        let mut fast = engine(width, height).with_instructions(instructions);
        let mut slow = Plain::new(&mut fast, signs.to_vec());
        for sweep in 0..6 {
            fast.sweep(update, bonds).unwrap();
            slow.half_sweep(0, update);
            slow.half_sweep(1, update);
            let same = Plain::spins_of(&mut fast) == slow.spins;
            assert!(same, "{width} x {height}, {instructions:?}, sweep {sweep}");
        }
        // The next words of the generators agree as well: a third sweep would show it.
        let next: Vec<u64> = slow.bands.iter_mut().flatten().map(Rng::next_u64).collect();
        let states = fast.generators();
        let (states, rest) = states.as_chunks::<32>();
        assert!(rest.is_empty());
        let words = states
            .iter()
            .flat_map(|s| (0..8).map(|l| s[l].wrapping_add(s[24 + l]).rotate_left(23).wrapping_add(s[l])));
        assert_eq!(
            words.collect::<Vec<_>>(),
            next,
            "{width} x {height}, {instructions:?}"
        );
    }
}

#[test] // oracle: ising-lattice
fn the_schedule_written_down_plainly() {
    let p = Probability::at_temperature(2.5, 12).unwrap();
    let fine = Probability::at_temperature(2.0, 64).unwrap();
    let heat_bath = HeatBath::at_temperature(3.0).unwrap();
    for sides in SIDES
        .into_iter()
        .filter(|(width, height)| width * height < 12_000)
    {
        let mut glass = Glass::new(sides.0, sides.1);
        let signs = glass.signs.clone();
        let bonds = glass.bonds();
        is_the_plain_one(sides, &signs, &bonds, &Metropolis(Fixed(p)));
        is_the_plain_one(sides, &signs, &bonds, &Metropolis(Lazy::new(fine)));
        is_the_plain_one(sides, &signs, &bonds, &heat_bath);
        for (bonds, sign) in [(Uniform::Ferromagnet, 1), (Uniform::Antiferromagnet, -1)] {
            let signs = vec![[sign; 2]; signs.len()];
            is_the_plain_one(sides, &signs, &bonds, &Metropolis(Lazy::new(fine)));
        }
    }
}

/// The engine after some sweeps, on so many threads.
fn swept(
    sides: (usize, usize),
    instructions: Instructions,
    threads: usize,
    update: &(impl Update + Sync),
) -> Engine {
    let mut glass = Glass::new(sides.0, sides.1);
    let bonds = glass.bonds();
    let mut engine = engine(sides.0, sides.1).with_instructions(instructions);
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .unwrap();
    pool.install(|| {
        for _ in 0..3 {
            engine.sweep(update, &bonds).unwrap();
        }
    });
    engine.with_instructions(Instructions::Baseline)
}

#[test] // law: ising-lattice
fn neither_instructions_nor_threads_change_a_bit() {
    assert_eq!(Instructions::available().last(), Some(&Instructions::Baseline));
    assert_eq!(Instructions::available().first(), Some(&Instructions::best()));
    let metropolis = Metropolis(Lazy::new(Probability::at_temperature(2.3, 64).unwrap()));
    let heat_bath = HeatBath::at_temperature(2.3).unwrap();
    for sides in SIDES {
        let first = swept(sides, Instructions::Baseline, 1, &metropolis);
        let other = swept(sides, Instructions::Baseline, 1, &heat_bath);
        assert_ne!(first, other, "{sides:?}");
        // Instructions that are not there fall back.
        for instructions in [Instructions::Avx512, Instructions::Avx2, Instructions::Baseline] {
            for threads in [1, 2, 4] {
                assert_eq!(
                    swept(sides, instructions, threads, &metropolis),
                    first,
                    "{sides:?}"
                );
            }
            assert_eq!(swept(sides, instructions, 2, &heat_bath), other, "{sides:?}");
        }
    }
}

#[test] // oracle: ising-lattice
fn energies_of_a_glass() {
    for (width, height) in SIDES {
        let mut glass = Glass::new(width, height);
        let signs = glass.signs.clone();
        let bonds = glass.bonds();
        let mut engine = engine(width, height);
        engine
            .sweep(&HeatBath::at_temperature(1.0).unwrap(), &bonds)
            .unwrap();
        let planes = engine.planes();
        let mut energy = 0;
        for (site, [right, below]) in signs.into_iter().enumerate() {
            let (x, y) = (site % width, site / width);
            let spin = planes.spin(x, y);
            energy -= i64::from(spin * right * planes.spin(x + 1, y));
            energy -= i64::from(spin * below * planes.spin(x, y + 1));
        }
        assert_eq!(planes.energy(&bonds), Ok(energy));
    }
}

/// What `sweep_observed` says, against the planes after the same sweep; both leave the same bits.
fn observes<W: super::Packed>(
    sides: (usize, usize),
    update: &(impl Update + Sync),
    bonds: &(impl Bonds<W> + Sync),
) {
    for instructions in [Instructions::Avx512, Instructions::Avx2, Instructions::Baseline] {
        for threads in [1, 3] {
            let mut plain = Engine::<W>::new(sides.0, sides.1, Wrap::Multigraph, 3).unwrap();
            plain.planes().randomise(&mut stream(4, "test.engine", 1));
            let mut engine = plain.clone().with_instructions(instructions);
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            for _ in 0..2 {
                let found = pool.install(|| engine.sweep_observed(update, bonds)).unwrap();
                plain.sweep(update, bonds).unwrap();
                assert_eq!(plain, engine, "{sides:?}");
                let planes = plain.planes();
                assert_eq!(
                    Ok(found.energy),
                    planes.energy(bonds),
                    "{sides:?}, {instructions:?}"
                );
                assert_eq!(
                    found.magnetizations,
                    planes.magnetizations(),
                    "{sides:?}, {instructions:?}"
                );
            }
        }
    }
}

// oracle: the core's own counts. (256, 1030) has bands of many counters, the others short vectors and rests
#[test]
fn observables_are_counted_beside_the_update() {
    let metropolis = Metropolis(Lazy::new(Probability::at_temperature(2.3, 64).unwrap()));
    let heat_bath = HeatBath::at_temperature(1.2).unwrap();
    for sides in SIDES.into_iter().chain([(256, 1030)]) {
        let mut glass = Glass::new(sides.0, sides.1);
        let bonds = glass.bonds();
        observes::<u64>(sides, &heat_bath, &bonds);
        observes::<u64>(sides, &metropolis, &Uniform::Ferromagnet);
        observes::<u64>(sides, &heat_bath, &Uniform::Antiferromagnet);
        if sides.0 <= 64 {
            observes::<u32>(sides, &metropolis, &Uniform::Antiferromagnet);
            observes::<u32>(sides, &heat_bath, &Uniform::Ferromagnet);
        }
    }
}

#[test] // law: ising-lattice
fn a_checkpoint_goes_on_as_if_nothing_had_happened() {
    let update = Metropolis(Lazy::new(Probability::at_temperature(2.3, 64).unwrap()));
    let sweep = |engine: &mut Engine| engine.sweep(&update, &Uniform::Ferromagnet).unwrap();
    for (width, height) in [(6, 10), (256, 10), (10, 1030)] {
        let mut straight = engine(width, height);
        sweep(&mut straight);
        let planes = [straight.plane(0).to_vec(), straight.plane(1).to_vec()];
        let generators = straight.generators();
        let mut resumed = Engine::new(width, height, Wrap::Simple, 77).unwrap();
        assert_ne!(resumed, straight);
        resumed.restore(planes.clone(), &generators).unwrap();
        assert_eq!(resumed, straight);
        sweep(&mut straight);
        sweep(&mut resumed);
        assert_eq!(resumed, straight);
        assert_ne!(resumed.generators(), generators);

        let before = resumed.clone();
        let mut refuses = |planes: [Vec<u64>; 2], generators: &[u64], error| {
            assert_eq!(resumed.restore(planes, generators), Err(error));
            assert_eq!(resumed, before);
        };
        let [even, odd] = planes.clone();
        refuses([even.clone(), odd[1..].to_vec()], &generators, Error::Shape);
        refuses([vec![0; even.len() + 1], odd], &generators, Error::Shape);
        refuses(planes.clone(), &generators[1..], Error::Shape);
        refuses(planes.clone(), &[], Error::Shape);
        refuses(
            planes.clone(),
            &[&generators[..], &[1; 32]].concat(),
            Error::Shape,
        );
        let mut dead = generators.clone();
        for word in 0..4 {
            dead[8 * word + 5] = 0;
        }
        refuses(planes.clone(), &dead, Error::Domain);
        if width < 128 {
            let mut stray = planes.clone();
            stray[1][height - 1] |= 1 << (width / 2);
            refuses(stray, &generators, Error::Domain);
        }
    }
}

#[test] // edge: ising-lattice
fn what_does_not_fit_is_refused() {
    let new = |width, height| Engine::<u64>::new(width, height, Wrap::Simple, 0).map(|_| ());
    assert_eq!(new(130, 4), Err(Error::UnsupportedSide { side: 130 }));
    assert_eq!(new(7, 4), Err(Error::OddLattice));
    assert_eq!(new(2, 4), Err(Error::UnsupportedSide { side: 2 }));
    assert_eq!(new(0, 4), Err(Error::Shape));
    let mut glass = Glass::new(64, 4);
    let bonds = glass.bonds();
    let mut engine = engine(64, 6);
    let before = engine.clone();
    let refused = engine.sweep(&HeatBath::at_temperature(1.0).unwrap(), &bonds);
    assert_eq!((refused, engine), (Err(Error::Shape), before));
}

#[test]
fn generators_start_from_the_scalar_streams() {
    let generators = Generators::new(9, "name", 2);
    let words: Vec<u64> = generators.words().collect();
    for lane in 0..8 {
        let mut rng = stream(9, "name", 16 + lane as u64);
        for word in 0..4 {
            assert_eq!(words[8 * word + lane], rng.next_u64());
        }
    }
    let back = Generators::from_words(words.as_slice().try_into().unwrap());
    assert_eq!(back, Some(generators));
}

/// L = 64, against Kaufman's exact energy of the torus at the effective temperature.
fn samples_the_torus(update: &(impl Update + Sync), temperature: f64) {
    let exact = kaufman::torus(64, 64, 1.0 / temperature)
        .unwrap()
        .energy_per_spin();
    let mut engine = engine(64, 64);
    let mut step = || {
        engine.sweep(update, &Uniform::Ferromagnet).unwrap();
        engine.planes().energy(&Uniform::Ferromagnet).unwrap() as f64 / 4096.0
    };
    for _ in 0..300 {
        step();
    }
    let series: Vec<f64> = (0..2000).map(|_| step()).collect();
    let found = statistics::estimate(&series).unwrap();
    let z = statistics::z(&found, exact);
    assert!(
        statistics::accepts(&found, exact, 5.0, 2e-3),
        "{found:?}, exact {exact}: z = {z}"
    );
}

#[test] // oracle: ising-lattice
fn energy_of_the_torus() {
    let p = Probability::at_temperature(3.0, 8).unwrap();
    let fixed = Metropolis(Fixed(p));
    samples_the_torus(&fixed, fixed.temperature_effective());
    let p = Probability::at_temperature(2.8, 64).unwrap();
    samples_the_torus(&Metropolis(Lazy::new(p)), 2.8);
    samples_the_torus(&HeatBath::at_temperature(3.0).unwrap(), 3.0);
}
