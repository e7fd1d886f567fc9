//! What a run keeps between two measurements: spins, generators, and what was measured.
//!
//! `spins`: the bytes of the words of both planes, or under the cluster rules eight spins a byte ([`packed_rows`] of one row); `generators`: those of
//! the bands; `generator`: that of a scalar or cluster chain. A finished run keeps its record alone.

use super::Plan;
use super::chain::{Chain, Lanes};
use super::picture::{packed_rows, unpacked_row};
use super::run::{Record, Run};
use crate::ising::lattice::Packed;
use crate::keep::{Identity, KeepError, Resumable, Shelf};
use gibbs_core::ising::lattice::Planes;
use gibbs_core::random::Xoshiro256PlusPlus;

impl Plan {
    /// What the bits of a run depend on, entry by entry.
    pub fn identity(&self, run: &'static str) -> Identity {
        let Self {
            width,
            height,
            multigraph,
            coupling,
            temperature,
            rule,
            bits,
            draw,
            stream,
            start,
            burn_in,
            sweeps,
            every,
            keep_every,
            waves,
            seed,
        } = self;
        Identity::new(run, *seed)
            .with("size", width)
            .with("height", height)
            .with("multigraph", multigraph)
            .with("coupling", format_args!("{coupling:?}"))
            .with("temperature", format_args!("{temperature:?}"))
            .with("rule", format_args!("{rule:?}"))
            .with("bits", bits)
            .with("draw", format_args!("{draw:?}"))
            .with("stream", format_args!("{stream:?}"))
            .with("start", format_args!("{start:?}"))
            .with("burn-in", burn_in)
            .with("sweeps", sweeps)
            .with("every", every)
            .with("keep-every", keep_every)
            .with("correlation-length", waves)
    }
}

/// Signed numbers travel as the words of the same bits.
fn words(values: impl Iterator<Item = i64>) -> Vec<u64> {
    values.map(i64::cast_unsigned).collect()
}

impl Resumable for Run {
    fn done(&self) -> u64 {
        self.done
    }

    fn put(&self, shelf: &mut Shelf<'_>) {
        let Record {
            energies,
            magnetizations,
            waves,
            configurations,
        } = &self.record;
        shelf.list("done", vec![self.done]);
        shelf.list("energies", words(energies.iter().copied()));
        shelf.list("magnetizations", words(magnetizations.iter().flatten().copied()));
        shelf.bits("waves", waves);
        shelf.list("configurations", configurations.clone());
        if !self.finished() {
            self.chain.put(shelf);
        }
    }

    fn take(&mut self, shelf: &mut Shelf<'_>) -> Result<(), KeepError> {
        let signed = |words: Vec<u64>| words.into_iter().map(u64::cast_signed);
        [self.done] = shelf.take_counts("done")?;
        let magnetizations: Vec<i64> = signed(shelf.take_list("magnetizations")?).collect();
        let (pairs, rest) = magnetizations.as_chunks::<2>();
        self.record = Record {
            energies: signed(shelf.take_list("energies")?).collect(),
            magnetizations: pairs.to_vec(),
            waves: shelf.take_bits("waves")?,
            configurations: shelf.take_list("configurations")?,
        };
        if !rest.is_empty() || !self.is_consistent() {
            return Err(shelf.damaged("its series do not have the lengths that its sweeps say"));
        }
        if self.finished() {
            return Ok(());
        }
        self.chain.take(shelf)
    }
}

fn bytes_of<const N: usize>(numbers: impl Iterator<Item = [u8; N]>) -> Vec<u8> {
    numbers.flatten().collect()
}

/// Two planes of words, one after the other; `None` where a word is cut.
fn planes_of<T, const N: usize>(bytes: &[u8], word: impl Fn([u8; N]) -> T) -> Option<[Vec<T>; 2]> {
    let (words, rest) = bytes.as_chunks::<N>();
    let mut even: Vec<T> = words.iter().map(|bytes| word(*bytes)).collect();
    let odd = even.split_off(even.len() / 2);
    rest.is_empty().then_some([even, odd])
}

fn put_generator(shelf: &mut Shelf<'_>, rng: &Xoshiro256PlusPlus) {
    // Four words: nothing that could fail to be written.
    shelf.text("generator", serde_json::to_string(rng).unwrap_or_default());
}

fn take_generator(shelf: &mut Shelf<'_>) -> Result<Xoshiro256PlusPlus, KeepError> {
    shelf.take_text("generator", |text| serde_json::from_str(text).ok())
}

impl<W: Packed> Lanes<W> {
    fn put<const N: usize>(&self, shelf: &mut Shelf<'_>, bytes: impl Fn(W) -> [u8; N]) {
        let words = self.engine.plane(0).iter().chain(self.engine.plane(1));
        shelf.list("spins", bytes_of(words.map(|w| bytes(*w))));
        shelf.list("generators", self.engine.generators());
    }

    fn take<const N: usize>(
        &mut self,
        shelf: &mut Shelf<'_>,
        word: impl Fn([u8; N]) -> W,
    ) -> Result<(), KeepError> {
        let planes = planes_of(&shelf.take_list("spins")?, word);
        let planes = planes.ok_or_else(|| shelf.damaged("its spins end inside a word"))?;
        let generators: Vec<u64> = shelf.take_list("generators")?;
        let restored = self.engine.restore(planes, &generators);
        restored.map_err(|error| shelf.damaged(error))
    }
}

impl Chain {
    fn put(&self, shelf: &mut Shelf<'_>) {
        match self {
            Self::Wide(lanes) => lanes.put(shelf, u64::to_le_bytes),
            Self::Narrow(lanes) => lanes.put(shelf, u32::to_le_bytes),
            Self::Scalar {
                planes: [even, odd],
                rng,
                ..
            } => {
                let words = even.iter().chain(odd);
                shelf.list("spins", bytes_of(words.map(|w| w.to_le_bytes())));
                put_generator(shelf, rng);
            }
            Self::Clusters(chain) => {
                shelf.list("spins", packed_rows(&chain.spins, chain.spins.len()));
                shelf.list("flipped", vec![chain.flipped as u64]);
                put_generator(shelf, &chain.rng);
            }
        }
    }

    /// Back to the spins and generators that were put there.
    fn take(&mut self, shelf: &mut Shelf<'_>) -> Result<(), KeepError> {
        match self {
            Self::Wide(lanes) => lanes.take(shelf, u64::from_le_bytes),
            Self::Narrow(lanes) => lanes.take(shelf, u32::from_le_bytes),
            Self::Scalar {
                geometry,
                planes,
                rng,
                ..
            } => {
                let found = planes_of(&shelf.take_list("spins")?, u32::from_le_bytes);
                let [mut even, mut odd] =
                    found.ok_or_else(|| shelf.damaged("its spins end inside a word"))?;
                if let Err(error) = Planes::new(*geometry, [&mut even, &mut odd]) {
                    return Err(shelf.damaged(error));
                }
                *planes = [even, odd];
                *rng = take_generator(shelf)?;
                Ok(())
            }
            Self::Clusters(chain) => {
                let sites = chain.spins.len();
                let found: Vec<u8> = shelf.take("spins", &[sites.div_ceil(8)])?;
                let spins = chain.spins.iter_mut().zip(unpacked_row(&found, sites));
                spins.for_each(|(spin, found)| *spin = found);
                let [flipped] = shelf.take_counts("flipped")?;
                chain.flipped = flipped as usize;
                chain.rng = take_generator(shelf)?;
                Ok(())
            }
        }
    }
}
