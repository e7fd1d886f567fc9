//! Where sites lie in words, what a word sees around it, energies, and what is refused.

use crate::lattice::{Memory, Table, kinds, packs};
use gibbs_core::Error;
use gibbs_core::ising::lattice::{
    Bits, Fair, Fixed, Geometry, HeatBath, Lattice, Lazy, Metropolis, Planes, PlusMinus, Probability,
    Proposal, Uniform, Update, Word,
};
use gibbs_core::ising::model::Wrap;
use gibbs_core::ising::{Dense, Model, Torus};
use gibbs_core::random::stream;
use rand_core::Rng;

const WIDTHS: [usize; 12] = [2, 4, 6, 8, 10, 16, 32, 64, 100, 128, 192, 256];

/// Takes over the neighbour in this place, its bond's sign included.
struct Copying(usize);

impl Update for Copying {
    fn propose<B: Bits>(&self, spins: B, neighbours: [B; 4], _: &mut impl Fair<B>) -> Proposal<B> {
        Proposal {
            spins: neighbours[self.0],
            ..Proposal::none(spins)
        }
    }

    fn decide<B: Bits>(&self, _: &mut [Proposal<B>], _: &mut impl Fair<B>) {}

    fn temperature_effective(&self) -> f64 {
        f64::INFINITY
    }
}

fn every_site_has_its_own_lane<W: Word>() {
    for width in WIDTHS {
        for height in [2, 4, 6] {
            if !packs::<W>(width) {
                let refused = Geometry::new::<W>(width, height, Wrap::Multigraph);
                assert_eq!(refused, Err(Error::UnsupportedSide { side: width }));
                continue;
            }
            let geometry = Geometry::new::<W>(width, height, Wrap::Multigraph).unwrap();
            assert_eq!((geometry.width(), geometry.height()), (width, height));
            assert_eq!(geometry.sites(), width * height);
            assert_eq!(geometry.words() * geometry.used() as usize, width / 2);
            assert_eq!(geometry.plane(), geometry.words() * height);
            let mut taken = vec![vec![W::NONE; geometry.plane()]; 2];
            for (x, y) in (0..width).flat_map(|x| (0..height).map(move |y| (x, y))) {
                let (colour, index, lane) = geometry.locate(x, y);
                assert_eq!(colour, (x + y) % 2);
                assert_eq!(index / geometry.words(), y);
                let word = &mut taken[colour][index];
                assert!(lane < geometry.used() && *word & W::lane(lane) == W::NONE);
                *word |= W::lane(lane);
                assert_eq!(geometry.locate(x + 3 * width, y + height), (colour, index, lane));
            }
            assert!(
                taken
                    .iter()
                    .flatten()
                    .all(|word| *word == W::mask(geometry.used()))
            );
        }
    }
}

#[test] // law: ising-lattice
fn bijection() {
    every_site_has_its_own_lane::<u16>();
    every_site_has_its_own_lane::<u32>();
    every_site_has_its_own_lane::<u64>();
}

/// In the order promised by [`gibbs_core::ising::lattice::Bonds`]: same place (of the columns 2 j and 2 j + 1, the
/// other one), side, above, below.
fn neighbours_are_where_they_should_be<W: Word>() {
    for width in WIDTHS.into_iter().filter(|w| packs::<W>(*w)) {
        for height in [2, 4, 6] {
            let mut memory = Memory::<W>::random(width, height, 3);
            let spins = memory.spins();
            let at = |x: usize, y: usize| spins[y % height * width + x % width];
            for place in 0..4 {
                for colour in 0..2 {
                    let mut copied = memory.clone();
                    let mut rng = stream(0, "unused", 0);
                    let mut planes = copied.view();
                    planes
                        .half_sweep(colour, &Copying(place), &Uniform::Ferromagnet, &mut rng)
                        .unwrap();
                    for (x, y) in (0..width).flat_map(|x| (0..height).map(move |y| (x, y))) {
                        let neighbour = match place {
                            0 => at(x ^ 1, y),
                            1 if x % 2 == 0 => at(x + width - 1, y),
                            1 => at(x + 1, y),
                            2 => at(x, y + height - 1),
                            _ => at(x, y + 1),
                        };
                        let expected = if (x + y) % 2 == colour {
                            neighbour
                        } else {
                            at(x, y)
                        };
                        assert_eq!(
                            planes.spin(x, y),
                            expected,
                            "{width} x {height}, {place}, ({x}, {y})"
                        );
                    }
                }
            }
        }
    }
}

#[test] // oracle: ising-lattice
fn neighbours() {
    neighbours_are_where_they_should_be::<u16>();
    neighbours_are_where_they_should_be::<u32>();
    neighbours_are_where_they_should_be::<u64>();
}

fn energies_are_those_of_the_models<W: Word>() {
    for width in WIDTHS.into_iter().filter(|w| packs::<W>(*w)) {
        for height in [2, 6] {
            let mut memory = Memory::<W>::random(width, height, 7);
            let spins = memory.spins();
            let up = |colour| {
                let of_colour = |(i, s): (usize, &i8)| {
                    if (i % width + i / width) % 2 == colour {
                        i64::from(*s)
                    } else {
                        0
                    }
                };
                spins.iter().enumerate().map(of_colour).sum::<i64>()
            };
            assert_eq!(memory.view().magnetizations(), [up(0), up(1)]);
            for (bonds, table) in kinds::<W>(width, height) {
                let planes = memory.view();
                let energy = planes.energy(&bonds).unwrap();
                assert_eq!(energy, table.energy(&spins));
                let unsatisfied = planes.unsatisfied(&bonds).unwrap();
                assert_eq!(energy, 2 * unsatisfied as i64 - 2 * spins.len() as i64);
            }
            for (uniform, coupling) in [(Uniform::Ferromagnet, 1), (Uniform::Antiferromagnet, -1)] {
                let torus = Torus::<i32>::new(width, height, coupling, 0, Wrap::Multigraph).unwrap();
                // Whether a side of 2 has its bonds twice is where the two could differ.
                let energy = memory.view().energy(&uniform).unwrap();
                assert_eq!(energy, i64::from(torus.energy(&spins).unwrap()));
            }
        }
    }
}

#[test] // oracle: ising-lattice
fn energies() {
    energies_are_those_of_the_models::<u16>();
    energies_are_those_of_the_models::<u32>();
    energies_are_those_of_the_models::<u64>();
}

/// Both ends of every ±J bond see its sign: the local field of each site.
fn fields_are_those_of_the_couplings<W: Word>() {
    for (width, height) in [(2, 2), (2, 4), (4, 2), (4, 4), (6, 4), (8, 6), (64, 4)] {
        if !packs::<W>(width) {
            continue;
        }
        let table = Table::random(width, height, 500, 11);
        let (couplings, fields) = (table.dense(), vec![0.0; width * height]);
        let model = Dense::new(&couplings, &fields).unwrap();
        let bonds = table.packed::<W>();
        let mut memory = Memory::<W>::random(width, height, 13);
        let spins = memory.spins();
        let energy = memory.view().energy(&bonds).unwrap();
        assert_eq!(energy as f64, model.energy(&spins).unwrap());
        let mut found = vec![0_i8; spins.len()];
        for place in 0..4 {
            for colour in 0..2 {
                let mut copied = memory.clone();
                let mut rng = stream(0, "unused", 0);
                copied
                    .view()
                    .half_sweep(colour, &Copying(place), &bonds, &mut rng)
                    .unwrap();
                for (i, s) in copied.spins().into_iter().enumerate() {
                    if (i % width + i / width) % 2 == colour {
                        found[i] += s;
                    }
                }
            }
        }
        for (i, f) in found.into_iter().enumerate() {
            assert_eq!(
                f64::from(f),
                model.local_field(i, &spins),
                "{width} x {height}, site {i}"
            );
        }
    }
}

#[test] // oracle: ising-lattice
fn fields_of_plus_minus_bonds() {
    fields_are_those_of_the_couplings::<u16>();
    fields_are_those_of_the_couplings::<u32>();
    fields_are_those_of_the_couplings::<u64>();
}

fn unused_lanes_stay_empty<W: Word>() {
    let p = Probability::at_temperature(2.0, 8).unwrap();
    for width in [2, 4, 6, 10] {
        let mut memory = Memory::<W>::new(width, 4);
        let unused = !W::mask(memory.geometry.used());
        let mut check = |change: &mut dyn FnMut(&mut Planes<'_, W>)| {
            change(&mut memory.view());
            assert!(
                memory
                    .planes
                    .iter()
                    .flatten()
                    .all(|word| *word & unused == W::NONE)
            );
        };
        let mut rng = stream(1, "test.lattice", 1);
        check(&mut |planes| planes.randomise(&mut rng));
        check(&mut |planes| planes.fill(true));
        check(&mut |planes| planes.set(width + 1, 7, -1));
        check(&mut |planes| planes.set(width - 1, 3, 1));
        for (bonds, _) in kinds::<W>(width, 4) {
            check(&mut |planes| planes.sweep(&Metropolis(Fixed(p)), &bonds, &mut rng).unwrap());
            check(&mut |planes| planes.sweep(&Metropolis(Lazy::new(p)), &bonds, &mut rng).unwrap());
            let heat_bath = HeatBath::at_temperature(2.0).unwrap();
            check(&mut |planes| planes.sweep(&heat_bath, &bonds, &mut rng).unwrap());
        }
    }
}

#[test] // edge: ising-lattice
fn lanes_without_a_site() {
    unused_lanes_stay_empty::<u16>();
    unused_lanes_stay_empty::<u32>();
    unused_lanes_stay_empty::<u64>();
}

#[test]
fn single_sites() {
    let mut memory = Memory::<u16>::new(64, 4);
    let mut expected = vec![-1; 256];
    assert_eq!(memory.spins(), expected);
    for (x, y, spin) in [
        (0, 0, 1),
        (63, 3, 1),
        (31, 2, 1),
        (31, 2, -1),
        (5, 1, 0),
        (64, 5, 1),
    ] {
        memory.view().set(x, y, spin);
        expected[y % 4 * 64 + x % 64] = if spin < 0 { -1 } else { 1 };
        assert_eq!(memory.spins(), expected);
        assert_eq!(memory.view().spin(x + 64, y + 4), expected[y % 4 * 64 + x % 64]);
    }
    memory.view().fill(true);
    assert_eq!(memory.spins(), [1; 256]);
    memory.view().fill(false);
    assert_eq!(memory.spins(), [-1; 256]);
    assert_eq!(memory.view().plane(2), &[] as &[u16]);
}

#[test]
fn words_of_a_generator() {
    let words = |seed| (stream(seed, "test.words", 0), stream(seed, "test.words", 0));
    for seed in 0..10 {
        let (mut a, mut b) = words(seed);
        assert_eq!(u64::from(u16::random(&mut a)), b.next_u64() >> 48);
        assert_eq!(u64::from(u32::random(&mut a)), b.next_u64() >> 32);
        assert_eq!(u64::random(&mut a), b.next_u64());
    }
    assert_eq!((0xABCD_u16.wide(), u16::narrow(0x1_2345)), (0xABCD, 0x2345));
    assert_eq!((u32::narrow(1 << 32 | 5), u64::narrow(7).wide()), (5, 7));
    assert_eq!(
        (u16::lane(15), u16::lane(16), u64::lane(63)),
        (1 << 15, 0, 1 << 63)
    );
    assert_eq!((u16::mask(0), u16::mask(3), u32::mask(32)), (0, 7, u32::MAX));
}

#[test] // law: ising-lattice
fn owned_memory_is_the_lent_memory() {
    assert_eq!(size_of::<Lattice<u32, 1, 64>>(), 512);
    let update = Metropolis(Lazy::new(Probability::at_temperature(2.3, 64).unwrap()));
    let mut owned = Lattice::<u32, 2, 6>::default();
    let mut memory = Memory::<u32>::new(128, 6);
    for (mut planes, mut rng) in [owned.view(128, Wrap::Simple).unwrap(), memory.view()]
        .into_iter()
        .map(|planes| (planes, stream(4, "test.lattice", 2)))
    {
        planes.randomise(&mut rng);
        planes.sweep(&update, &Uniform::Ferromagnet, &mut rng).unwrap();
    }
    let planes = owned.view(128, Wrap::Simple).unwrap();
    assert_eq!(
        [planes.plane(0), planes.plane(1)],
        [&memory.planes[0][..], &memory.planes[1]]
    );

    let refused = |width, wrap| Lattice::<u32, 2, 6>::new().view(width, wrap).map(|_| ());
    assert_eq!(refused(64, Wrap::Simple), Err(Error::Shape));
    assert_eq!(refused(192, Wrap::Simple), Err(Error::Shape));
    assert_eq!(
        refused(100, Wrap::Simple),
        Err(Error::UnsupportedSide { side: 100 })
    );
    assert_eq!(refused(7, Wrap::Simple), Err(Error::OddLattice));
    assert_eq!(
        Lattice::<u32, 1, 2>::new().view(8, Wrap::Simple).map(|_| ()),
        Err(Error::UnsupportedSide { side: 2 })
    );
}

#[test] // edge: ising-lattice
fn sides_that_are_refused() {
    let new = |width, height, wrap| Geometry::new::<u32>(width, height, wrap).map(|_| ());
    for wrap in [Wrap::Simple, Wrap::Multigraph] {
        for (width, height) in [(0, 4), (4, 0), (0, 0), (0, 3)] {
            assert_eq!(new(width, height, wrap), Err(Error::Shape));
        }
        assert_eq!(new(1, 4, wrap), Err(Error::UnsupportedSide { side: 1 }));
        assert_eq!(new(4, 1, wrap), Err(Error::UnsupportedSide { side: 1 }));
        assert_eq!(new(3, 4, wrap), Err(Error::OddLattice));
        assert_eq!(new(4, 5, wrap), Err(Error::OddLattice));
        // The height may be any even number, the width not.
        assert_eq!(new(64, 66, wrap), Ok(()));
        assert_eq!(new(66, 64, wrap), Err(Error::UnsupportedSide { side: 66 }));
        assert_eq!(
            new(1 << (usize::BITS / 2), 1 << (usize::BITS / 2), wrap),
            Err(Error::Shape)
        );
    }
    assert_eq!(new(2, 4, Wrap::Simple), Err(Error::UnsupportedSide { side: 2 }));
    assert_eq!(new(4, 2, Wrap::Simple), Err(Error::UnsupportedSide { side: 2 }));
    assert_eq!(new(2, 2, Wrap::Multigraph), Ok(()));
}

#[test] // edge: ising-lattice
fn memory_that_does_not_fit_is_refused() {
    let geometry = Geometry::new::<u16>(6, 4, Wrap::Simple).unwrap();
    let other = Geometry::new::<u16>(8, 4, Wrap::Simple).unwrap();
    let planes = |a: &mut [u16], b: &mut [u16]| Planes::new(geometry, [a, b]).map(|_| ());
    assert_eq!(planes(&mut [0; 4], &mut [7; 4]), Ok(()));
    assert_eq!(planes(&mut [0; 4], &mut [0; 5]), Err(Error::Shape));
    assert_eq!(planes(&mut [0; 3], &mut [0; 4]), Err(Error::Shape));
    assert_eq!(planes(&mut [0; 4], &mut [0, 0, 8, 0]), Err(Error::Domain));
    let bonds = |a: &mut [[u16; 4]], b: &mut [[u16; 4]]| {
        PlusMinus::new(geometry, [a, b], |_, _| (false, true)).map(|_| ())
    };
    assert_eq!(bonds(&mut [[0; 4]; 4], &mut [[0; 4]; 4]), Ok(()));
    assert_eq!(bonds(&mut [[0; 4]; 4], &mut [[0; 4]; 3]), Err(Error::Shape));

    // A layout of wider words: half of its sites would have no lane.
    let wide = Geometry::new::<u64>(64, 4, Wrap::Simple).unwrap();
    assert_eq!((wide.used(), wide.plane()), (32, 4));
    assert_eq!(
        Planes::new(wide, [&mut [0_u16; 4], &mut [0; 4]]).map(|_| ()),
        Err(Error::Shape)
    );
    assert!(Planes::new(wide, [&mut [0_u32; 4], &mut [0; 4]]).is_ok());
    let mut signs = [[[0_u16; 4]; 4]; 2];
    let [even, odd] = &mut signs;
    assert_eq!(
        PlusMinus::new(wide, [even, odd], |_, _| (false, false)).map(|_| ()),
        Err(Error::Shape)
    );

    // Bonds of another lattice: nothing changes.
    let mut memory = Memory::<u16>::random(8, 4, 1);
    assert_eq!(memory.geometry, other);
    let before = memory.clone();
    let bonds = Table::random(6, 4, 500, 1).packed::<u16>();
    let mut rng = stream(0, "unused", 0);
    let update = HeatBath::at_temperature(1.0).unwrap();
    let mut planes = memory.view();
    assert_eq!(planes.sweep(&update, &bonds, &mut rng), Err(Error::Shape));
    assert_eq!(planes.half_sweep(1, &update, &bonds, &mut rng), Err(Error::Shape));
    assert_eq!(planes.energy(&bonds), Err(Error::Shape));
    assert_eq!(planes.unsatisfied(&bonds), Err(Error::Shape));
    assert_eq!(memory, before);
}
