//! Primitives of one input that are linear in it and have no parameters: J is the map itself at every point, so a map and its
//! transpose are all four rules.

use super::{Meaning, Primal, Rules, Shapes, Site, Target};
use crate::net::element::Element;

/// A linear map of the entries of a sample.
pub(crate) trait LinearMap: Meaning {
    /// The map of every sample in `from`.
    fn apply<T: Element>(&self, shapes: &Shapes, from: &[T], to: &mut [T]);

    /// The transposed map of every sample in `from`.
    fn transpose<T: Element>(&self, shapes: &Shapes, from: &[T], target: &mut Target<'_, T>);
}

impl<T: Element, Map: LinearMap> Rules<T> for Map {
    fn forward(&self, site: Site<'_, T>, inputs: &[&[T]], output: &mut [T], _: &mut [T]) {
        self.apply(site.shapes, inputs[0], output);
    }

    fn jvp(&self, site: Site<'_, T>, _: Primal<'_, T>, tangents: &[Option<&[T]>], output: &mut [T]) {
        if let Some(tangents) = tangents[0] {
            self.apply(site.shapes, tangents, output);
        }
    }

    fn vjp(
        &self,
        site: Site<'_, T>,
        _: Primal<'_, T>,
        cotangent: &[T],
        inputs: &mut [Option<Target<'_, T>>],
    ) {
        if let Some(target) = &mut inputs[0] {
            self.transpose(site.shapes, cotangent, target);
        }
    }
}
