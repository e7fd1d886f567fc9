//! All-cluster sweeps (Swendsen and Wang 1987) on any model.
//!
//! Every satisfied bond is activated with probability 1 - e^(-2 |beta J_ij|); the activated bonds cut the
//! sites into clusters, and each cluster C is flipped with probability 1 / (1 + e^(2 beta Σ_(i in C) h_i s_i)):
//! the heat bath in the field of the whole cluster, a fair coin without fields (derived).
//!
//! Without fields and with all J_ij >= 0, < Σ_C |C|² > / N² = <m²>. On frustrated models: see
//! [`wolff`](super::wolff).
//!
//! Clusters are kept by union-find (by size, paths halved) in one word per site: the parent of a site, or
//! for a root 2^31 + the number of its sites.

use super::bond::Bonds;
use super::model::{Model, Weight, check_spins};
use crate::error::Error;
use crate::math::sigmoid;
use crate::random;
use rand_core::Rng;

/// Sites between two questions whether to go on.
const POLL: usize = 1 << 16;
/// Marks a root.
const ROOT: u32 = 1 << 31;
/// The root of a cluster that is kept, or flipped.
const KEPT: u32 = ROOT;
const FLIPPED: u32 = ROOT + 1;

/// A configuration moved by all its clusters at once, in lent memory.
#[derive(Debug)]
pub struct SwendsenWang<'a, M: Model> {
    model: &'a M,
    bonds: Bonds<M::Weight>,
    spins: &'a mut [i8],
    labels: &'a mut [u32],
    aligned: &'a mut [f64],
}

/// The clusters of one sweep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clusters {
    /// The number of clusters.
    pub count: usize,
    /// Sum of their squared sizes.
    pub squares: u64,
}

impl<'a, M: Model> SwendsenWang<'a, M> {
    /// At inverse temperature `beta`, of either sign: `spins` (N values ±1); scratch `labels` (N) and
    /// `aligned` (N, for the fields of clusters; may be empty when every h_i is 0).
    ///
    /// # Errors
    /// [`Error::NonFinite`], [`Error::Shape`], [`Error::NotASpin`]; [`Error::Capacity`] from N = 2^31 on.
    pub fn new(
        model: &'a M,
        beta: f64,
        spins: &'a mut [i8],
        labels: &'a mut [u32],
        aligned: &'a mut [f64],
    ) -> Result<Self, Error> {
        let bonds = Bonds::new(beta)?;
        check_spins(spins, model.spins())?;
        let fields = (0..spins.len()).any(|i| model.field(i) != M::Weight::ZERO);
        let enough = aligned.len() == spins.len() || (aligned.is_empty() && !fields);
        if labels.len() != spins.len() || !enough {
            return Err(Error::Shape);
        }
        if spins.len() >= ROOT as usize {
            return Err(Error::Capacity);
        }
        Ok(Self {
            model,
            bonds,
            spins,
            labels,
            aligned,
        })
    }

    /// The configuration, N spins of ±1.
    pub fn spins(&self) -> &[i8] {
        self.spins
    }

    /// Cuts into clusters, flips each or not. Cost: every bond, nearly O(1) each; one word for each satisfied
    /// bond and for each cluster.
    pub fn sweep(&mut self, rng: &mut impl Rng) -> Clusters {
        self.sweep_while(rng, || true)
            .unwrap_or(Clusters { count: 0, squares: 0 })
    }

    /// One sweep as [`Self::sweep`] makes it, unless `goes_on` says no, which is asked every 65,536 sites: then `None`, and
    /// the spins are as they were (the generator is not).
    pub fn sweep_while(&mut self, rng: &mut impl Rng, mut goes_on: impl FnMut() -> bool) -> Option<Clusters> {
        if !self.connect(rng, &mut goes_on) {
            return None;
        }
        let clusters = self.decide(rng);
        let all = self.spins.len();
        let flipped = self.flip(all, &mut goes_on);
        if flipped < all {
            self.flip(flipped, &mut || true);
            return None;
        }
        Some(clusters)
    }

    /// Flips the first `most` spins whose cluster is to be flipped. Returns how many spins were looked at: fewer if `goes_on`
    /// said no.
    fn flip(&mut self, most: usize, goes_on: &mut impl FnMut() -> bool) -> usize {
        for i in 0..most {
            if i.is_multiple_of(POLL) && !goes_on() {
                return i;
            }
            let root = find(self.labels, i as u32);
            if self.labels.get(root as usize) == Some(&FLIPPED)
                && let Some(spin) = self.spins.get_mut(i)
            {
                *spin = -*spin;
            }
        }
        most
    }

    /// Joins the sites of activated bonds. Returns whether all bonds were tried.
    fn connect(&mut self, rng: &mut impl Rng, goes_on: &mut impl FnMut() -> bool) -> bool {
        let Self {
            model,
            bonds,
            spins,
            labels,
            ..
        } = self;
        labels.fill(ROOT + 1);
        for (i, spin) in spins.iter().enumerate() {
            if i.is_multiple_of(POLL) && !goes_on() {
                return false;
            }
            model.neighbours(i, |j, coupling| {
                if j > i
                    && spins.get(j) == Some(&(spin * bonds.satisfying(coupling)))
                    && bonds.activates(coupling, rng)
                {
                    unite(labels, i as u32, j as u32);
                }
            });
        }
        true
    }

    fn decide(&mut self, rng: &mut impl Rng) -> Clusters {
        self.aligned.fill(0.0);
        if !self.aligned.is_empty() {
            for (i, spin) in self.spins.iter().enumerate() {
                let root = find(self.labels, i as u32);
                if let Some(sum) = self.aligned.get_mut(root as usize) {
                    *sum += self.model.field(i).times(*spin).wide();
                }
            }
        }
        let mut clusters = Clusters { count: 0, squares: 0 };
        for (i, label) in self.labels.iter_mut().enumerate() {
            if *label < ROOT {
                continue;
            }
            let size = u64::from(*label - ROOT);
            clusters.count += 1;
            clusters.squares += size * size;
            let flips = match self.aligned.get(i) {
                Some(aligned) => random::bernoulli(rng, sigmoid(-2.0 * self.bonds.beta * aligned)),
                None => rng.next_u64() >> 63 == 1,
            };
            *label = if flips { FLIPPED } else { KEPT };
        }
        clusters
    }
}

/// The root of a site's cluster.
fn find(labels: &mut [u32], mut site: u32) -> u32 {
    let entry = |labels: &[u32], at: u32| labels.get(at as usize).copied().unwrap_or(ROOT);
    loop {
        let parent = entry(labels, site);
        if parent >= ROOT {
            return site;
        }
        let grandparent = entry(labels, parent);
        if grandparent >= ROOT {
            return parent;
        }
        if let Some(label) = labels.get_mut(site as usize) {
            *label = grandparent;
        }
        site = grandparent;
    }
}

/// Joins the clusters of two sites: the smaller goes below the larger.
fn unite(labels: &mut [u32], one: u32, other: u32) {
    let (one, other) = (find(labels, one), find(labels, other));
    if one == other {
        return;
    }
    let size = |root: u32| labels.get(root as usize).map_or(0, |label| label & !ROOT);
    let total = size(one) + size(other);
    let (root, below) = if size(one) < size(other) {
        (other, one)
    } else {
        (one, other)
    };
    if let Some(label) = labels.get_mut(below as usize) {
        *label = root;
    }
    if let Some(label) = labels.get_mut(root as usize) {
        *label = ROOT + total;
    }
}
