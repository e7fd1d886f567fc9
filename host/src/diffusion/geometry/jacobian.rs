//! The Jacobian of x -> h as an operator on blocks of directions, its answers kept like those of the net.

use super::answers::question;
use super::{Latent, LatentError, answered};
use crate::diffusion::pullback::operator::BlockOperator;

/// Directions in one pass through the net: bounds the memory of a pass, changes no bit of a result.
const AT_ONCE: usize = 16;

/// J of x -> h where the encoder was moved to.
pub(super) struct Jacobian<'l, 'a> {
    pub(super) latent: &'l mut Latent<'a>,
}

impl Jacobian<'_, '_> {
    fn sizes(&self) -> (usize, usize) {
        let [image, hidden] = self.latent.dimensions;
        (hidden.iter().product(), image.iter().product())
    }
}

impl BlockOperator<f32> for Jacobian<'_, '_> {
    type Error = LatentError;

    fn dimensions(&self) -> (usize, usize) {
        self.sizes()
    }

    fn apply(&mut self, _: usize, v: &[f32], out: &mut [f32]) -> Result<(), LatentError> {
        let (rows, columns) = self.sizes();
        let parts = v.chunks(AT_ONCE * columns);
        for (v, out) in parts.zip(out.chunks_mut(AT_ONCE * rows)) {
            self.latent.check()?;
            let Latent {
                answers,
                encoder,
                place,
                ..
            } = &mut *self.latent;
            let asked = || question(&format!("J {place:016x}"), &[v]);
            answered(answers, asked, out, |out| {
                encoder.jvp(v.len() / columns, v, out);
                Ok(())
            })?;
        }
        Ok(())
    }

    fn apply_transposed(&mut self, _: usize, u: &[f32], out: &mut [f32]) -> Result<(), LatentError> {
        let (rows, columns) = self.sizes();
        let parts = u.chunks(AT_ONCE * rows);
        for (u, out) in parts.zip(out.chunks_mut(AT_ONCE * columns)) {
            self.latent.check()?;
            let Latent {
                answers,
                encoder,
                place,
                ..
            } = &mut *self.latent;
            let asked = || question(&format!("J^T {place:016x}"), &[u]);
            answered(answers, asked, out, |out| {
                encoder.vjp(u.len() / rows, u, out);
                Ok(())
            })?;
        }
        self.latent.work.progress.advance(1);
        Ok(())
    }
}
