//! The Jacobian of x -> h as an operator on blocks of directions, its answers kept like those of the net.

use super::answers::question;
use super::{Latent, LatentError, answered};
use crate::diffusion::model::Encoder;
use crate::diffusion::pullback::operator::BlockOperator;

/// Directions in one pass through the net: bounds the memory of a pass, changes no bit of a result.
const AT_ONCE: usize = 16;

/// J of x -> h where the encoder was moved to.
pub(super) struct Jacobian<'l, 'a> {
    pub(super) latent: &'l mut Latent<'a>,
}

impl<'a> Jacobian<'_, 'a> {
    /// `out` = the images of the rows of `from` under `make`, some rows at a time, each answer kept.
    fn in_parts(
        &mut self,
        what: &str,
        (from, length): (&[f32], usize),
        (out, image): (&mut [f32], usize),
        make: impl Fn(&mut Encoder<'a, f32>, usize, &[f32], &mut [f32]),
    ) -> Result<(), LatentError> {
        let parts = from.chunks(AT_ONCE * length);
        for (from, out) in parts.zip(out.chunks_mut(AT_ONCE * image)) {
            self.latent.check()?;
            let Latent {
                answers,
                encoder,
                place,
                ..
            } = &mut *self.latent;
            let asked = || question(&format!("{what} {place:016x}"), &[from]);
            answered(answers, asked, out, |out| {
                make(encoder, from.len() / length, from, out);
                Ok(())
            })?;
        }
        Ok(())
    }
}

impl BlockOperator<f32> for Jacobian<'_, '_> {
    type Error = LatentError;

    fn dimensions(&self) -> (usize, usize) {
        let [image, hidden] = self.latent.dimensions;
        (hidden.iter().product(), image.iter().product())
    }

    fn apply(&mut self, _: usize, v: &[f32], out: &mut [f32]) -> Result<(), LatentError> {
        let (rows, columns) = self.dimensions();
        self.in_parts("J", (v, columns), (out, rows), Encoder::jvp)
    }

    fn apply_transposed(&mut self, _: usize, u: &[f32], out: &mut [f32]) -> Result<(), LatentError> {
        let (rows, columns) = self.dimensions();
        self.in_parts("J^T", (u, rows), (out, columns), Encoder::vjp)?;
        self.latent.work.progress.advance(1);
        Ok(())
    }
}
