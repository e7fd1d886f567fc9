//! The packed lattice for its tests: memory, bonds from a table, sites read one by one, every string of random
//! bits at once.
//!
//! Mutations tried, each seen red in the `lattice_*` modules. Layout: `looks_right` inverted; side neighbours unrotated at the
//! end of a row, or rotated the other way, or by a lane too many; an open upper boundary; a layout of wider words accepted.
//! Bonds: left and right, or above and below, exchanged; words not cleared first. Observables and `randomise`
//! without the mask of the lanes. Draws: k odd scaled as k - 1; P for P - 1; T_eff off by 1e-12; trailing ones not
//! skipped, or a single lane drawn twice, by `Fixed`; free low bits 0, (t + 1)² - 1 without a t, the second half of p²
//! compared with the first, u = t of p² refused, the mixed branch inverted by `Lazy`; low bits of a draw for u16.
//! Update: u = 2 of one in each pair not free; p and p² exchanged; draws for lanes without a site; heat bath with the
//! thresholds exchanged or truncated, u = t refused, or a third neighbour up counted as two.

use gibbs_core::ising::lattice::{Bonds, Fair, Geometry, Planes, PlusMinus, Uniform, Word};
use gibbs_core::ising::model::Wrap;
use gibbs_core::random::{below, stream};

/// Words of a lattice.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Memory<W> {
    pub(crate) geometry: Geometry,
    pub(crate) planes: [Vec<W>; 2],
}

impl<W: Word> Memory<W> {
    pub(crate) fn new(width: usize, height: usize) -> Self {
        let geometry = Geometry::new::<W>(width, height, Wrap::Multigraph).unwrap();
        Self {
            geometry,
            planes: [vec![W::NONE; geometry.plane()], vec![W::NONE; geometry.plane()]],
        }
    }

    pub(crate) fn random(width: usize, height: usize, seed: u64) -> Self {
        let mut memory = Self::new(width, height);
        memory.view().randomise(&mut stream(seed, "test.lattice", 0));
        memory
    }

    pub(crate) fn view(&mut self) -> Planes<'_, W> {
        let [even, odd] = &mut self.planes;
        Planes::new(self.geometry, [even, odd]).unwrap()
    }

    /// All spins, row by row.
    pub(crate) fn spins(&mut self) -> Vec<i8> {
        let (width, height) = (self.geometry.width(), self.geometry.height());
        let planes = self.view();
        let sites = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
        sites.map(|(x, y)| planes.spin(x, y)).collect()
    }

    /// Sets all spins, row by row.
    pub(crate) fn set(&mut self, spins: &[i8]) {
        let width = self.geometry.width();
        let mut planes = self.view();
        for (i, spin) in spins.iter().enumerate() {
            planes.set(i % width, i / width, *spin);
        }
    }
}

/// Whether words of this type hold half of `width`.
pub(crate) fn packs<W: Word>(width: usize) -> bool {
    let (half, lanes) = (width / 2, W::BITS as usize);
    half <= lanes || half.is_multiple_of(lanes)
}

/// J = ±1 of the bond to the right of each site and of the one below it, row by row.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) bonds: Vec<[i8; 2]>,
}

impl Table {
    pub(crate) fn uniform(width: usize, height: usize, sign: i8) -> Self {
        Self {
            width,
            height,
            bonds: vec![[sign; 2]; width * height],
        }
    }

    /// J = -1 with probability `rare` / 1000.
    pub(crate) fn random(width: usize, height: usize, rare: u32, seed: u64) -> Self {
        let mut rng = stream(seed, "test.bonds", 0);
        let mut sign = || if below(&mut rng, 1000) < rare { -1 } else { 1 };
        Self {
            width,
            height,
            bonds: (0..width * height).map(|_| [sign(), sign()]).collect(),
        }
    }

    pub(crate) fn right(&self, site: usize) -> usize {
        site - site % self.width + (site + 1) % self.width
    }

    pub(crate) fn below(&self, site: usize) -> usize {
        (site + self.width) % self.bonds.len()
    }

    /// The two ends and the sign of every bond.
    pub(crate) fn list(&self) -> Vec<(usize, usize, i8)> {
        let ends =
            |(i, [right, below]): (usize, &[i8; 2])| [(i, self.right(i), *right), (i, self.below(i), *below)];
        self.bonds.iter().enumerate().flat_map(ends).collect()
    }

    /// The four neighbours of every site with their bonds; a site of a side of 2 meets one twice.
    pub(crate) fn neighbours(&self) -> Vec<Vec<(usize, i8)>> {
        let mut all = vec![Vec::new(); self.bonds.len()];
        for (i, j, sign) in self.list() {
            all[i].push((j, sign));
            all[j].push((i, sign));
        }
        all
    }

    /// From the definition.
    pub(crate) fn energy(&self, spins: &[i8]) -> i64 {
        let bond = |(i, j, sign): (usize, usize, i8)| i64::from(sign * spins[i] * spins[j]);
        -self.list().into_iter().map(bond).sum::<i64>()
    }

    /// Couplings of all pairs, doubled bonds added up.
    pub(crate) fn dense(&self) -> Vec<f64> {
        let n = self.bonds.len();
        let mut couplings = vec![0.0; n * n];
        for (i, j, sign) in self.list() {
            couplings[i * n + j] += f64::from(sign);
            couplings[j * n + i] += f64::from(sign);
        }
        couplings
    }

    pub(crate) fn packed<W: Word>(&self) -> Packed<W> {
        let geometry = Geometry::new::<W>(self.width, self.height, Wrap::Multigraph).unwrap();
        let mut colours = [
            vec![[W::ALL; 4]; geometry.plane()],
            vec![[W::ALL; 4]; geometry.plane()],
        ];
        let [even, odd] = &mut colours;
        let negative = |x: usize, y: usize| {
            let [right, below] = self.bonds[y * self.width + x];
            (right < 0, below < 0)
        };
        let bonds = PlusMinus::new(geometry, [even, odd], negative).unwrap();
        assert!(Bonds::<W>::fits(&bonds, &geometry));
        Packed { geometry, colours }
    }
}

/// A table in words, as [`PlusMinus`] filled them.
#[derive(Clone, Debug)]
pub(crate) struct Packed<W> {
    geometry: Geometry,
    colours: [Vec<[W; 4]>; 2],
}

impl<W: Word> Bonds<W> for Packed<W> {
    fn signs(&self, colour: usize, index: usize) -> [W; 4] {
        self.colours[colour][index]
    }

    fn fits(&self, geometry: &Geometry) -> bool {
        self.geometry == *geometry
    }
}

/// Either kind of bonds, so that a test can run over both.
#[derive(Clone, Debug)]
pub(crate) enum AnyBonds<W> {
    Uniform(Uniform),
    Packed(Packed<W>),
}

impl<W: Word> Bonds<W> for AnyBonds<W> {
    fn signs(&self, colour: usize, index: usize) -> [W; 4] {
        match self {
            Self::Uniform(bonds) => bonds.signs(colour, index),
            Self::Packed(bonds) => bonds.signs(colour, index),
        }
    }

    fn fits(&self, geometry: &Geometry) -> bool {
        match self {
            Self::Uniform(bonds) => Bonds::<W>::fits(bonds, geometry),
            Self::Packed(bonds) => bonds.fits(geometry),
        }
    }
}

/// Ferromagnet, antiferromagnet and a glass of these sides, each with its table.
pub(crate) fn kinds<W: Word>(width: usize, height: usize) -> [(AnyBonds<W>, Table); 3] {
    let glass = Table::random(width, height, 400, (width * 1000 + height) as u64);
    [
        (
            AnyBonds::Uniform(Uniform::Ferromagnet),
            Table::uniform(width, height, 1),
        ),
        (
            AnyBonds::Uniform(Uniform::Antiferromagnet),
            Table::uniform(width, height, -1),
        ),
        (AnyBonds::Packed(glass.packed()), glass),
    ]
}

/// All strings of random bits at once: lane l of the words of block b reads the bits of the number 64 b + l,
/// the lowest first, and then `rest`.
pub(crate) struct Strings {
    block: u64,
    bit: u32,
    length: u32,
    rest: u64,
}

impl Strings {
    pub(crate) fn new(block: u64, length: u32, rest: u64) -> Self {
        Self {
            block,
            bit: 0,
            length,
            rest,
        }
    }
}

impl Fair<u64> for Strings {
    fn word(&mut self) -> u64 {
        let bit = self.bit;
        self.bit += 1;
        if bit >= self.length {
            return self.rest;
        }
        (0..64).fold(0, |word, lane| {
            word | ((self.block * 64 + lane) >> bit & 1) << lane
        })
    }
}

/// The number of strings of `length` bits, at least 6, for which the lane of the answer is 1.
pub(crate) fn count(length: u32, rest: u64, answer: impl Fn(&mut Strings) -> u64) -> u64 {
    let blocks = 0..1_u64 << (length - 6);
    blocks
        .map(|block| u64::from(answer(&mut Strings::new(block, length, rest)).count_ones()))
        .sum()
}

/// Words from a list; panics past its end.
pub(crate) struct Script<W> {
    pub(crate) words: Vec<W>,
    pub(crate) read: usize,
}

impl<W: Word> Fair<W> for Script<W> {
    fn word(&mut self) -> W {
        self.read += 1;
        self.words[self.read - 1]
    }
}

/// The bits of `number`, of `length` bits, the highest first, in all lanes.
pub(crate) fn script(number: u128, length: u32) -> Script<u64> {
    let bit = |b| if number >> b & 1 == 1 { u64::MAX } else { 0 };
    Script {
        words: (0..length).rev().map(bit).collect(),
        read: 0,
    }
}
