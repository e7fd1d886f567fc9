//! How a basis is looked for: the methods of [`pullback`](crate::diffusion::pullback) behind one set of options.

use super::Failure;
use crate::diffusion::pullback::operator::BlockOperator;
use crate::diffusion::pullback::{self, Basis, Method, PullbackError, authors, krylov, subspace};

/// How to look for a basis; what is `None` has the default of the method.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Search {
    /// Which method.
    pub method: Method,
    /// Vectors wanted.
    pub count: usize,
    /// Its tolerance.
    pub tolerance: Option<f64>,
    /// Blocks (passes) at most.
    pub blocks: Option<usize>,
    /// Of its Gaussian start.
    pub seed: u64,
}

impl Search {
    /// `count` vectors by [`krylov`] with its defaults and seed 0.
    pub fn new(count: usize) -> Self {
        Self {
            method: Method::Krylov,
            count,
            tolerance: None,
            blocks: None,
            seed: 0,
        }
    }

    /// (tolerance, blocks) with the defaults of the method put in.
    pub fn limits(&self) -> (f64, usize) {
        let (tolerance, limit) = match self.method {
            Method::Krylov => {
                let options = krylov::Options::new(self.count);
                (options.tolerance, options.limit)
            }
            Method::Subspace => {
                let options = subspace::Options::new(self.count);
                (options.tolerance, options.limit)
            }
            Method::Authors => {
                let options = authors::Options::new(self.count);
                (options.tolerance, options.limit)
            }
        };
        (self.tolerance.unwrap_or(tolerance), self.blocks.unwrap_or(limit))
    }

    /// Whether it can be done with x and h of these dimensions: before anything long is.
    ///
    /// # Errors
    /// [`PullbackError::Count`], [`PullbackError::Option`].
    pub fn check(&self, dimensions: [[usize; 3]; 2]) -> Result<(), Failure> {
        let (tolerance, limit) = self.limits();
        let [x, h] = dimensions.map(|lengths| lengths.iter().product());
        pullback::check(self.count, tolerance, limit, (h, x))
    }

    /// The basis of any operator.
    ///
    /// # Errors
    /// [`PullbackError`].
    pub fn run<O: BlockOperator<f32>>(
        &self,
        operator: &mut O,
    ) -> Result<Basis<f32>, PullbackError<O::Error>> {
        let (count, seed) = (self.count, self.seed);
        let (tolerance, limit) = self.limits();
        match self.method {
            Method::Krylov => {
                let mut options = krylov::Options::new(count);
                (options.tolerance, options.limit, options.seed) = (tolerance, limit, seed);
                krylov::basis(operator, &options)
            }
            Method::Subspace => {
                let mut options = subspace::Options::new(count);
                (options.tolerance, options.limit, options.seed) = (tolerance, limit, seed);
                subspace::basis(operator, &options)
            }
            Method::Authors => {
                let mut options = authors::Options::new(count);
                (options.tolerance, options.limit, options.seed) = (tolerance, limit, seed);
                authors::basis(operator, &options)
            }
        }
    }
}
