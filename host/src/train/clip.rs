//! Clipping by the global norm (Pascanu, Mikolov, Bengio 2013): all gradients together are scaled down to a norm of
//! at most the limit; their direction stays.
//!
//! The squares are added in f64, over eight lanes within a tensor and then tensor by tensor: one order, whatever the
//! instruction set. Squares of finite f32 cannot overflow in f64, so the norm is finite exactly when every entry is.
//! The factor is limit / norm, without the 1e-6 that PyTorch adds to the norm.

use crate::simd::{Task, dispatch};

/// The norm of all gradients together, before any clipping.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Norm(pub f64);

/// The Euclidean norm of all tensors together; not finite exactly when an entry is not.
pub fn norm(gradients: &[Vec<f32>]) -> Norm {
    Norm(
        gradients
            .iter()
            .map(|values| dispatch(Squares(values)))
            .sum::<f64>()
            .sqrt(),
    )
}

/// Scales `gradients` by limit / norm where their norm exceeds `limit`; returns the norm before.
pub fn clip(gradients: &mut [Vec<f32>], limit: f64) -> Norm {
    let before = norm(gradients);
    if before.0.is_finite() && before.0 > limit {
        let factor = limit / before.0;
        for values in gradients {
            dispatch(Scale { factor, values });
        }
    }
    before
}

/// The first entry that is not finite: tensor, entry, value.
pub(super) fn first_not_finite(gradients: &[Vec<f32>]) -> Option<(usize, usize, f32)> {
    gradients.iter().enumerate().find_map(|(tensor, values)| {
        let found = values.iter().position(|value| !value.is_finite());
        found.map(|entry| (tensor, entry, values[entry]))
    })
}

struct Squares<'a>(&'a [f32]);

impl Task for Squares<'_> {
    type Output = f64;

    #[inline(always)]
    fn run(self) -> f64 {
        let (blocks, rest) = self.0.as_chunks::<8>();
        let mut lanes = [0.0_f64; 8];
        for block in blocks {
            for (lane, value) in lanes.iter_mut().zip(block) {
                *lane += f64::from(*value) * f64::from(*value);
            }
        }
        let mut sum = 0.0;
        for lane in lanes {
            sum += lane;
        }
        for value in rest {
            sum += f64::from(*value) * f64::from(*value);
        }
        sum
    }
}

struct Scale<'a> {
    factor: f64,
    values: &'a mut [f32],
}

impl Task for Scale<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for value in self.values {
            // The factor may be too small for f32, the product need not be.
            *value = (f64::from(*value) * self.factor) as f32;
        }
    }
}
