//! The lattice in bands of rows: each has its own generators, so that results depend on the seed and the
//! sides alone, never on threads or instructions.

use super::generators::Generators;
use super::kernel::Band;
use super::packed::Packed;
use super::tally::Tally;
use crate::simd::Instructions;
use gibbs_core::Error;
use gibbs_core::ising::lattice::{Bonds, Geometry, Planes, Update};
use gibbs_core::ising::model::Wrap;
use rayon::prelude::*;

/// The name of the engine's random streams: the law of the core's own sweeps, in another order of draws.
pub const STREAM: &str = "ising-lanes";

/// What is measured of a configuration: whole numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Observation {
    /// Energy in units of |J|.
    pub energy: i64,
    /// Sums of the spins of colour 0 and of colour 1 of the checkerboard.
    pub magnetizations: [i64; 2],
}

/// Words of 64 bits in a band, about: enough to pay for a thread's turn, little enough for the first cache.
const BAND: usize = 1024;

/// Two colour planes on the heap, with the generators of their bands. In words of 64 bits, or of 32 for lattices of up
/// to 64 columns, which fill only half of a wider word. Memory: one bit per site for the spins, 256 bytes per band,
/// and 8 KiB of scratch for each thread.
#[derive(Clone, Debug)]
pub struct Engine<W = u64> {
    geometry: Geometry,
    /// With one more row at either end, a copy of the row at the other end ([`close`]), so that the rows above and
    /// below a band lie where they are needed.
    planes: [Vec<W>; 2],
    bands: Vec<Generators>,
    /// Rows of a band.
    rows: usize,
    instructions: Instructions,
    /// Scratch of the only thread.
    side: Vec<W>,
}

/// Equal if they go on alike: the same spins and generators on the same lattice.
impl<W: Packed> PartialEq for Engine<W> {
    fn eq(&self, other: &Self) -> bool {
        self.geometry == other.geometry
            && self.bands == other.bands
            && [0, 1]
                .iter()
                .all(|colour| self.plane(*colour) == other.plane(*colour))
    }
}

impl<W: Packed> Engine<W> {
    /// A lattice of `width` x `height` sites, all spins -1.
    ///
    /// # Errors
    /// As [`Geometry::new`].
    pub fn new(width: usize, height: usize, wrap: Wrap, seed: u64) -> Result<Self, Error> {
        let geometry = Geometry::new::<W>(width, height, wrap)?;
        // A function of the sides alone; even where rows have one word.
        let rows = (BAND * W::PER_LANE / geometry.words()).max(1);
        let bands = height.div_ceil(rows) as u64;
        let plane = vec![W::NONE; geometry.plane() + 2 * geometry.words()];
        Ok(Self {
            geometry,
            planes: [plane.clone(), plane],
            bands: (0..bands)
                .map(|band| Generators::new(seed, STREAM, band))
                .collect(),
            rows,
            instructions: Instructions::best(),
            side: Vec::new(),
        })
    }

    /// The engine with other instructions than the best of this machine; the bits stay the same.
    #[must_use]
    pub fn with_instructions(mut self, instructions: Instructions) -> Self {
        self.instructions = instructions;
        self
    }

    /// Where the sites lie in words.
    pub fn geometry(&self) -> &Geometry {
        &self.geometry
    }

    /// The words of one colour (0 or 1), row by row.
    pub fn plane(&self, colour: usize) -> &[W] {
        self.planes
            .get(colour)
            .map_or(&[], |plane| inner(&self.geometry, plane))
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
        for (to, from) in self.planes.iter_mut().zip([even, odd]) {
            inner_mut(&self.geometry, to).copy_from_slice(&from);
        }
        self.bands = bands;
        Ok(())
    }

    /// The lattice as the core sees it: observables, single sites, the core's own sweeps.
    ///
    /// # Panics
    /// Never: lengths and masks are kept.
    pub fn planes(&mut self) -> Planes<'_, W> {
        let [even, odd] = &mut self.planes;
        let planes = [inner_mut(&self.geometry, even), inner_mut(&self.geometry, odd)];
        Planes::new(self.geometry, planes).expect("lengths and masks are kept")
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
        self.half_sweep::<U, B, false>(0, update, bonds);
        self.half_sweep::<U, B, false>(1, update, bonds);
        Ok(())
    }

    /// One sweep, the same bits as [`Self::sweep`], and what the lattice holds after it. Cost: a tenth more, about, from
    /// the planes that the update has at hand, on all threads.
    ///
    /// # Errors
    /// As [`Self::sweep`].
    pub fn sweep_observed<U: Update + Sync, B: Bonds<W> + Sync>(
        &mut self,
        update: &U,
        bonds: &B,
    ) -> Result<Observation, Error> {
        if !bonds.fits(&self.geometry) {
            return Err(Error::Shape);
        }
        self.half_sweep::<U, B, false>(0, update, bonds);
        let Tally { unsatisfied, up } = self.half_sweep::<U, B, true>(1, update, bonds);
        let [odd, even] = up;
        let (sites, half) = (self.geometry.sites() as i64, (self.geometry.sites() / 2) as i64);
        Ok(Observation {
            energy: 2 * (unsatisfied as i64 - sites),
            magnetizations: [2 * even as i64 - half, 2 * odd as i64 - half],
        })
    }

    fn half_sweep<U: Update + Sync, B: Bonds<W> + Sync, const MEASURED: bool>(
        &mut self,
        colour: usize,
        update: &U,
        bonds: &B,
    ) -> Tally {
        let geometry = self.geometry;
        let words = geometry.words();
        let rows = self.rows;
        let [even, odd] = &mut self.planes;
        let (own, other) = if colour == 0 { (even, odd) } else { (odd, even) };
        close(&geometry, other);
        let other = &*other;
        let instructions = self.instructions;
        let run = |side: &mut Vec<W>, band: usize, own: &mut [W], generators: &mut Generators| {
            let (top, count) = (band * rows, own.len());
            side.resize(count, W::NONE);
            let band = Band {
                own,
                above: &other[top * words..][..count],
                centre: &other[(top + 1) * words..][..count],
                before: &other[(top + 1) * words - 1..][..count],
                after: &other[(top + 1) * words + 1..][..count],
                below: &other[(top + 2) * words..][..count],
                side,
                geometry: &geometry,
                update,
                bonds,
                colour,
                top,
                generators,
            };
            band.half_sweep::<MEASURED>(instructions)
        };
        let own = inner_mut(&geometry, own);
        if self.bands.len() == 1 || rayon::current_num_threads() == 1 {
            let bands = own.chunks_mut(rows * words).zip(&mut self.bands);
            let mut tally = Tally::default();
            for (band, (own, generators)) in bands.enumerate() {
                tally = tally.plus(run(&mut self.side, band, own, generators));
            }
            tally
        } else {
            own.par_chunks_mut(rows * words)
                .zip(&mut self.bands)
                .enumerate()
                .map_init(Vec::new, |side, (band, (own, generators))| {
                    run(side, band, own, generators)
                })
                .reduce(Tally::default, Tally::plus)
        }
    }
}

/// The rows of a plane without the copies at its ends.
fn inner<'p, W>(geometry: &Geometry, plane: &'p [W]) -> &'p [W] {
    &plane[geometry.words()..][..geometry.plane()]
}

fn inner_mut<'p, W>(geometry: &Geometry, plane: &'p mut [W]) -> &'p mut [W] {
    &mut plane[geometry.words()..][..geometry.plane()]
}

/// Copies the last row before the first, and the first after the last: the sides are periodic.
fn close<W: Copy>(geometry: &Geometry, plane: &mut [W]) {
    let (words, end) = (geometry.words(), geometry.plane());
    // Most rows have few words.
    for word in 0..words {
        plane[word] = plane[end + word];
        plane[end + words + word] = plane[words + word];
    }
}
