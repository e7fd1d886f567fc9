//! The lattice in bands of rows: each has its own generators, so that results depend on the seed and the
//! sides alone, never on threads or instructions.

use super::generators::Generators;
use super::kernel::{Band, Instructions};
use super::packed::Packed;
use gibbs_core::Error;
use gibbs_core::ising::lattice::geometry::{looks_right, side_neighbours};
use gibbs_core::ising::lattice::{Bonds, Geometry, Planes, Update};
use gibbs_core::ising::model::Wrap;
use rayon::prelude::*;

/// The name of the engine's random streams: the law of the core's own sweeps, in another order of draws.
pub const STREAM: &str = "ising-lanes";

/// Words of 64 bits in a band, about: enough to pay for a thread's turn, little enough for the first cache.
const BAND: usize = 1024;

/// Two colour planes on the heap, with the generators of their bands. In words of 64 bits, or of 32 for lattices of up
/// to 64 columns, which fill only half of a wider word. Memory: one bit per site for the spins,
/// 256 bytes per band, and 24 bytes of scratch for each word that a thread is working on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Engine<W = u64> {
    geometry: Geometry,
    planes: [Vec<W>; 2],
    bands: Vec<Generators>,
    instructions: Instructions,
    /// Scratch of a lattice of one band.
    around: Neighbours<W>,
}

impl<W: Packed> Engine<W> {
    /// A lattice of `width` x `height` sites, all spins -1.
    ///
    /// # Errors
    /// As [`Geometry::new`].
    pub fn new(width: usize, height: usize, wrap: Wrap, seed: u64) -> Result<Self, Error> {
        let geometry = Geometry::new::<W>(width, height, wrap)?;
        let bands = height.div_ceil(rows_of_band::<W>(&geometry)) as u64;
        Ok(Self {
            geometry,
            planes: [vec![W::NONE; geometry.plane()], vec![W::NONE; geometry.plane()]],
            bands: (0..bands)
                .map(|band| Generators::new(seed, STREAM, band))
                .collect(),
            instructions: Instructions::best(),
            around: Neighbours::default(),
        })
    }

    /// With other instructions than the best of this machine; the bits stay the same.
    #[must_use]
    pub fn with_instructions(mut self, instructions: Instructions) -> Self {
        self.instructions = instructions;
        self
    }

    /// The layout.
    pub fn geometry(&self) -> &Geometry {
        &self.geometry
    }

    /// The words of one colour (0 or 1), row by row.
    pub fn plane(&self, colour: usize) -> &[W] {
        self.planes.get(colour).map_or(&[], Vec::as_slice)
    }

    /// The states of the generators, 32 words a band: for checkpoints.
    pub fn generators(&self) -> Vec<u64> {
        self.bands.iter().flat_map(Generators::words).collect()
    }

    /// Back to a checkpoint: both planes and the generators.
    ///
    /// # Errors
    /// [`Error::Shape`] for other lengths, [`Error::Domain`] for lanes without a site or a dead generator; then
    /// nothing has changed.
    pub fn restore(&mut self, planes: [Vec<W>; 2], generators: &[u64]) -> Result<(), Error> {
        let (states, rest) = generators.as_chunks::<{ Generators::WORDS }>();
        if states.len() != self.bands.len() || !rest.is_empty() {
            return Err(Error::Shape);
        }
        let bands: Option<Vec<_>> = states.iter().map(Generators::from_words).collect();
        let bands = bands.ok_or(Error::Domain)?;
        let [mut even, mut odd] = planes;
        Planes::new(self.geometry, [&mut even, &mut odd])?;
        self.planes = [even, odd];
        self.bands = bands;
        Ok(())
    }

    /// The lattice as the core sees it: observables, single sites, the core's own sweeps.
    ///
    /// # Panics
    /// Never: lengths and masks are kept.
    pub fn planes(&mut self) -> Planes<'_, W> {
        let [even, odd] = &mut self.planes;
        Planes::new(self.geometry, [even, odd]).expect("lengths and masks are kept")
    }

    /// One sweep: all sites of colour 0, then all of colour 1.
    ///
    /// # Errors
    /// [`Error::Shape`]: bonds of another lattice.
    pub fn sweep<U: Update + Sync, B: Bonds<W> + Sync>(
        &mut self,
        update: &U,
        bonds: &B,
    ) -> Result<(), Error> {
        if !bonds.fits(&self.geometry) {
            return Err(Error::Shape);
        }
        self.half_sweep(0, update, bonds);
        self.half_sweep(1, update, bonds);
        Ok(())
    }

    fn half_sweep<U: Update + Sync, B: Bonds<W> + Sync>(&mut self, colour: usize, update: &U, bonds: &B) {
        let geometry = self.geometry;
        let rows = rows_of_band::<W>(&geometry);
        let [even, odd] = &mut self.planes;
        let (own, other) = if colour == 0 { (even, &*odd) } else { (odd, &*even) };
        let instructions = self.instructions;
        let run = |around: &mut Neighbours<W>, band: usize, own: &mut [W], generators: &mut Generators| {
            let top = band * rows;
            around.gather(&geometry, colour, top, other, own.len());
            let first = top * geometry.words();
            let band = Band {
                own,
                around: [&other[first..], &around.side, &around.above, &around.below],
                geometry: &geometry,
                update,
                bonds,
                colour,
                first,
                generators,
            };
            band.half_sweep(instructions);
        };
        if let [generators] = self.bands.as_mut_slice() {
            run(&mut self.around, 0, own, generators);
        } else {
            own.par_chunks_mut(rows * geometry.words())
                .zip(&mut self.bands)
                .enumerate()
                .for_each_init(Neighbours::default, |around, (band, (own, generators))| {
                    run(around, band, own, generators);
                });
        }
    }
}

/// Rows of a band: a function of the sides alone.
fn rows_of_band<W: Packed>(geometry: &Geometry) -> usize {
    (BAND * W::PER_LANE / geometry.words()).max(1)
}

/// The neighbours of a band that do not lie where they are needed: one copy each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Neighbours<W> {
    side: Vec<W>,
    above: Vec<W>,
    below: Vec<W>,
}

impl<W: Packed> Neighbours<W> {
    /// For the `count` words from row `top` on.
    fn gather(&mut self, geometry: &Geometry, colour: usize, top: usize, other: &[W], count: usize) {
        let (words, height) = (geometry.words(), geometry.height());
        let row = |y: usize| &other[y * words..(y + 1) * words];
        let bottom = top + count / words;
        self.side.resize(count, W::NONE);
        for (side, y) in self.side.chunks_exact_mut(words).zip(top..) {
            side_neighbours(row(y), side, geometry.used(), looks_right(colour, y));
        }
        let centre = &other[top * words..bottom * words];
        self.above.clear();
        self.above.extend_from_slice(row((top + height - 1) % height));
        self.above.extend_from_slice(&centre[..count - words]);
        self.below.clear();
        self.below.extend_from_slice(&centre[words..]);
        self.below.extend_from_slice(row(bottom % height));
    }
}
