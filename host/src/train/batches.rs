//! Which samples make up batch number k, as a function of the seed and k alone.
//!
//! Shuffled: one endless list of epochs, each a permutation of 0..n drawn from the stream
//! (seed, "train/batches/shuffled", epoch); batch k is entries k B to (k + 1) B - 1 of the list. A batch may lie across
//! two epochs, so that every batch is full and every epoch shows each sample exactly once.
//! Drawn: each entry uniform on 0..n, batch k from the stream (seed, "train/batches/drawn", k).
//! Fresh: entries k B, k B + 1, ...: for generated sets without end, where no sample comes twice.
//!
//! No generator is stored between batches. The permutation of the current epoch is kept to save work (4 bytes per
//! sample) and made anew (n draws) when a batch of another epoch is asked for.

use super::TrainError;
use gibbs_core::random::{below, shuffle, stream};
use serde::{Deserialize, Serialize};

/// How samples are picked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Draw {
    /// Each of `count` samples once per epoch.
    Shuffled {
        /// The number n of samples, at least 1.
        count: u32,
    },
    /// Samples drawn with replacement from `count`.
    Drawn {
        /// The number n of samples, at least 1.
        count: u32,
    },
    /// Every sample is new.
    Fresh,
}

/// The batches of one seed.
#[derive(Clone, Debug)]
pub struct Batches {
    seed: u64,
    size: u32,
    draw: Draw,
    /// The epoch whose permutation `order` is.
    epoch: Option<u64>,
    order: Vec<u32>,
}

impl Batches {
    /// Batches of `size` samples.
    ///
    /// # Errors
    /// [`TrainError::Setting`] for a size or count of 0.
    pub fn new(seed: u64, size: u32, draw: Draw) -> Result<Self, TrainError> {
        let least_one = |setting, value: u32| {
            let reason = "0, expected at least 1".to_owned();
            if value == 0 {
                Err(TrainError::Setting { setting, reason })
            } else {
                Ok(())
            }
        };
        least_one("batch size", size)?;
        let kept = match draw {
            Draw::Shuffled { count } => {
                least_one("number of samples", count)?;
                count as usize
            }
            Draw::Drawn { count } => {
                least_one("number of samples", count)?;
                0
            }
            Draw::Fresh => 0,
        };
        Ok(Self {
            seed,
            size,
            draw,
            epoch: None,
            order: Vec::with_capacity(kept),
        })
    }

    /// Samples in a batch.
    pub fn size(&self) -> u32 {
        self.size
    }

    /// Puts the sample indices of batch `batch` (from 0) into `indices`, replacing what is there.
    pub fn fill(&mut self, batch: u64, indices: &mut Vec<u64>) {
        indices.clear();
        let start = batch.wrapping_mul(u64::from(self.size));
        let positions = (0..u64::from(self.size)).map(|k| start.wrapping_add(k));
        match self.draw {
            Draw::Fresh => indices.extend(positions),
            Draw::Drawn { count } => {
                let mut rng = stream(self.seed, "train/batches/drawn", batch);
                indices.extend(positions.map(|_| u64::from(below(&mut rng, count))));
            }
            Draw::Shuffled { count } => {
                for position in positions {
                    let (epoch, place) = (position / u64::from(count), position % u64::from(count));
                    if self.epoch != Some(epoch) {
                        self.order.clear();
                        self.order.extend(0..count);
                        shuffle(
                            &mut stream(self.seed, "train/batches/shuffled", epoch),
                            &mut self.order,
                        );
                        self.epoch = Some(epoch);
                    }
                    indices.push(u64::from(self.order[place as usize]));
                }
            }
        }
    }
}
