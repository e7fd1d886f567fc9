//! The Jacobian of x -> h as an operator on blocks of directions, its answers kept like those of the net.

use super::Geometry;
use super::answers::question;
use crate::diffusion::error::DiffusionError;
use crate::diffusion::model::Encoder;
use crate::net::NetError;
use gibbs_core::linalg::LinearOperator;

/// Directions in one pass through the net: bounds the memory of a pass, changes no bit of a result.
pub(in crate::diffusion) const AT_ONCE: usize = 16;

/// J of x -> h where the encoder was moved to.
pub(super) struct Jacobian<'l, 'a> {
    pub(super) geometry: &'l mut Geometry<'a>,
}

impl<'a> Jacobian<'_, 'a> {
    /// `out` = the images of the rows of `from` under `make`, some rows at a time, each answer kept.
    fn in_parts(
        &mut self,
        what: &str,
        (from, length): (&[f32], usize),
        (out, image): (&mut [f32], usize),
        make: impl Fn(&mut Encoder<'a, f32>, usize, &[f32], &mut [f32]) -> Result<(), NetError>,
    ) -> Result<(), DiffusionError> {
        let parts = from.chunks(AT_ONCE * length);
        for (from, out) in parts.zip(out.chunks_mut(AT_ONCE * image)) {
            self.geometry.check()?;
            let Geometry {
                answers,
                encoder,
                place,
                work,
                scope,
                ..
            } = &mut *self.geometry;
            let asked = question(&format!("{what} {place:016x}"), &[from]);
            let answer = answers.answer(&work.within(scope), asked, out, |out| {
                Ok(make(encoder, from.len() / length, from, out)?)
            });
            answer.map_err(|error| self.geometry.ended(error))?;
        }
        Ok(())
    }
}

impl LinearOperator<f32> for Jacobian<'_, '_> {
    type Error = DiffusionError;

    fn inputs(&self) -> usize {
        self.geometry.dimensions[0].iter().product()
    }

    fn outputs(&self) -> usize {
        self.geometry.dimensions[1].iter().product()
    }

    fn apply(&mut self, v: &[f32], out: &mut [f32]) -> Result<(), DiffusionError> {
        let (from, to) = (self.inputs(), self.outputs());
        self.in_parts("J", (v, from), (out, to), Encoder::jvp)
    }

    fn apply_transposed(&mut self, u: &[f32], out: &mut [f32]) -> Result<(), DiffusionError> {
        let (from, to) = (self.outputs(), self.inputs());
        self.in_parts("J^T", (u, from), (out, to), Encoder::vjp)?;
        self.geometry.work.progress.advance(1);
        Ok(())
    }
}
