//! What sampling and geometry will take of memory, from all that was asked for together, before anything is allocated.

use super::eps::Guidance;
use super::folder::UnetConfig;
use super::model::ModelError;
use super::unet::{Places, graph};
use crate::net::graph::Graph;
use crate::net::memory;

/// A net of a size, before it is made.
pub struct Needs {
    graph: Graph,
    places: Places,
}

impl Needs {
    /// With text states of `rows` rows.
    ///
    /// # Errors
    /// As [`Unet::new`](super::model::Unet::new): no size, or one that does not fit the net.
    pub fn new(config: &UnetConfig, size: Option<[usize; 2]>, rows: usize) -> Result<Self, ModelError> {
        let size = size.or(config.sample_size).ok_or(ModelError::Size)?;
        let (graph, places) = graph(config, size, rows)?;
        Ok(Self { graph, places })
    }

    fn image(&self) -> usize {
        self.graph.shape(self.places.x).elements()
    }

    /// Parameters as they were read, in the net, and packed for products (and for their transposes).
    fn parameters(&self, copies: usize) -> usize {
        memory::parameters(&self.graph).saturating_mul(copies)
    }

    /// Bytes of `count` samples, `batch` of which share a pass: states with history, scratch, pictures, a file on its way to
    /// the disk; the pass.
    pub fn sampling(&self, count: usize, batch: usize, guidance: &Guidance) -> u64 {
        /// Of all samples: drawn, state, history, pictures, the file twice.
        const COPIES: usize = 6;
        /// Of a batch: scratch of Heun's method, input and output of the net, two outputs of guidance.
        const SCRATCH: usize = 9;
        let (image, batch) = (self.image(), batch.min(count));
        let pass = memory::forward(&self.graph, &[self.places.eps, self.places.h]);
        let text = guidance.condition().map_or(0, |states| states.sample(0).len());
        let numbers = image
            .saturating_mul(COPIES)
            .saturating_mul(count)
            .saturating_add(pass.saturating_add(SCRATCH * image + text).saturating_mul(batch))
            .saturating_add(self.parameters(4));
        bytes(numbers)
    }

    /// Bytes of a basis of `count` vectors by at most `blocks` blocks: the space of the search, the passes, the answers of a
    /// part that is kept.
    pub fn basis(&self, count: usize, blocks: usize) -> u64 {
        let (x, h) = (self.image(), self.graph.shape(self.places.h).elements());
        let at_once = count.min(super::geometry::AT_ONCE);
        let held = memory::linearised(&self.graph, &[self.places.x], self.places.h);
        let pass = memory::forward(&self.graph, &[self.places.eps, self.places.h]);
        let directions = held.tangent.max(held.cotangent).saturating_mul(at_once);
        // Twice the space, for what is made of it; the same again for the answers in memory.
        let space = (x + h)
            .saturating_mul(count)
            .saturating_mul(blocks + 1)
            .saturating_mul(4);
        let numbers = space
            .saturating_add(held.primal)
            .saturating_add(directions.saturating_mul(2))
            .saturating_add(pass)
            .saturating_add(self.parameters(6));
        bytes(numbers)
    }
}

fn bytes(numbers: usize) -> u64 {
    (numbers as u64).saturating_mul(4)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diffusion::presets;

    #[test] // the product of the arguments counts, and nothing is allocated to know it
    fn needs_grow_with_every_argument() {
        let config = presets::small(1, 16);
        let needs = |side: usize| Needs::new(&config, Some([side, side]), 0).unwrap();
        let sampling = |side, count| needs(side).sampling(count, 16, &Guidance::None);
        assert!(sampling(16, 1) < 1 << 25);
        // 15 more samples share the pass: 64 x 64 pixels of 16 channels at least, for each.
        let more = sampling(64, 16) - sampling(64, 1);
        assert!(more > 15 * (64 * 64 * 16 * 4), "{more}");
        // 65,536 times the pixels.
        assert!(sampling(4096, 1) > 2 << 30, "{}", sampling(4096, 1));
        assert!(sampling(64, 1 << 20) > 4 << 30);
        let basis = |side, count| needs(side).basis(count, 10);
        // x and h have 64 * 64 and 16 * 16 * 32 numbers; 30 more vectors, 10 blocks.
        let more = basis(64, 50) - basis(64, 20);
        assert!(more >= 30 * 10 * 4 * (4096 + 8192), "{more}");
        assert!(basis(128, 5) > 2 * basis(64, 5));
        assert!(Needs::new(&config, Some([18, 16]), 0).is_err());
    }
}
