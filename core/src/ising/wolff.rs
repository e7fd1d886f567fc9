//! Single-cluster moves (Wolff 1989) on any model.
//!
//! From a site drawn uniformly, satisfied bonds are activated with probability 1 - e^(-2 |beta J_ij|), each
//! tried once from the site that reached it; what they connect is the cluster, and is flipped as a whole.
//! Without fields it always is. With fields the cluster C is flipped with probability
//! min(1, e^(-2 beta Σ_(i in C) h_i s_i)): the bonds cancel in the balance and leave the fields (derived).
//!
//! Without fields and with all J_ij >= 0 the mean size of a cluster measures the magnetisation with less
//! noise: <|C|> / N = <m²>. On frustrated models the move is valid and useless: at the temperatures that
//! matter the cluster is nearly everything.
//!
//! Where no bond is ever activated (beta = 0, or neither couplings nor fields) one site after the other would flip with
//! certainty, and the chain would have period 2: a fair coin decides there. Fields are where it is not to be used either,
//! if they are strong: large clusters are then refused.
//!
//! A site is in the cluster while its spin is stored doubled. (To flip it at once, as one may in a
//! ferromagnet, would let an unsatisfied bond inside the cluster of a frustrated model flip it back.)

use super::bond::Bonds;
use super::model::{Model, Weight, check_spins};
use crate::error::Error;
use crate::math::Real;
use crate::random;
use rand_core::Rng;

/// Sites between two questions whether to go on.
const POLL: usize = 1 << 16;

/// A configuration moved by clusters, in lent memory.
#[derive(Debug)]
pub struct Wolff<'a, M: Model> {
    model: &'a M,
    bonds: Bonds<M::Weight>,
    fields: bool,
    /// No bond is ever activated, and no field refuses a flip.
    loose: bool,
    spins: &'a mut [i8],
    members: &'a mut [u32],
}

/// What one move of Wolff's algorithm did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cluster {
    /// Number of its sites, at least 1.
    pub size: usize,
    /// Whether it was flipped: always, without fields (but where no bond is ever activated).
    pub flipped: bool,
}

impl<'a, M: Model> Wolff<'a, M> {
    /// Clusters at inverse temperature `beta`, of either sign: `spins` (N values ±1), scratch `members` (N).
    ///
    /// # Errors
    /// [`Error::NonFinite`], [`Error::Shape`], [`Error::NotASpin`]; [`Error::Capacity`] from N = 2^32 on.
    pub fn new(model: &'a M, beta: f64, spins: &'a mut [i8], members: &'a mut [u32]) -> Result<Self, Error> {
        let bonds = Bonds::new(beta)?;
        check_spins(spins, model.spins())?;
        if members.len() != spins.len() {
            return Err(Error::Shape);
        }
        if u32::try_from(spins.len()).is_err() {
            return Err(Error::Capacity);
        }
        let fields = (0..spins.len()).any(|i| model.field(i) != M::Weight::ZERO);
        let coupled = |i: usize| {
            let mut coupled = false;
            model.neighbours(i, |_, coupling| coupled |= coupling != M::Weight::ZERO);
            coupled
        };
        let loose = bonds.beta == 0.0 || !(fields || (0..spins.len()).any(coupled));
        Ok(Self {
            model,
            bonds,
            fields,
            loose,
            spins,
            members,
        })
    }

    /// The configuration, N spins of ±1.
    pub fn spins(&self) -> &[i8] {
        self.spins
    }

    /// Grows one cluster and flips it, or with fields perhaps not. Cost: one word for each bond of the
    /// cluster's sites, and two more at most.
    #[inline]
    pub fn step(&mut self, rng: &mut impl Rng) -> Cluster {
        self.step_while(rng, || true).unwrap_or(Cluster {
            size: 0,
            flipped: false,
        })
    }

    /// One step as [`Self::step`] makes it, unless `goes_on` says no, which is asked every 65,536 sites: then `None`, and the
    /// spins are as they were (the generator is not).
    #[inline]
    pub fn step_while(&mut self, rng: &mut impl Rng, mut goes_on: impl FnMut() -> bool) -> Option<Cluster> {
        let Self {
            model,
            bonds,
            spins,
            members,
            ..
        } = self;
        let seed = random::below(rng, members.len() as u32);
        if let (Some(first), Some(spin)) = (members.first_mut(), spins.get_mut(seed as usize)) {
            *first = seed;
            *spin *= 2;
        }
        let (mut tried, mut size) = (0, 1);
        let mut aligned = 0.0; // Σ h_i s_i over the cluster
        let mut stopped = false;
        while tried < size
            && let Some(site) = members.get(tried).map(|site| *site as usize)
        {
            tried += 1;
            if tried.is_multiple_of(POLL) && !goes_on() {
                stopped = true;
                break;
            }
            let spin = spins.get(site).map_or(0, |s| s / 2);
            if self.fields {
                aligned += model.field(site).times(spin).wide();
            }
            model.neighbours(site, |j, coupling| {
                // No branch on either: both are coin tosses to a branch predictor.
                if let (Some(other), Some(next)) = (spins.get_mut(j), members.get_mut(size)) {
                    let satisfied = *other == spin * bonds.satisfying(coupling);
                    let joins = bonds.activates(coupling, rng) & satisfied;
                    *next = j as u32;
                    *other <<= u32::from(joins);
                    size += usize::from(joins);
                }
            });
        }
        let cost = 2.0 * bonds.beta * aligned;
        let flipped = if stopped {
            false
        } else if self.loose {
            rng.next_u64() >> 63 == 1
        } else {
            cost <= 0.0 || random::uniform::<f64>(rng) < Real::exp(-cost)
        };
        for site in members.iter().take(size) {
            if let Some(spin) = spins.get_mut(*site as usize) {
                *spin = if flipped { -(*spin / 2) } else { *spin / 2 };
            }
        }
        (!stopped).then_some(Cluster { size, flipped })
    }
}
