//! One vector of a sample added to all its rows: y_i = x_i + w. J (v, z) = v_i + z; J^T u = (u, sum over rows of u).

use super::arithmetic::pass_on;
use super::{Meaning, Primal, Rules, Site, Target};
use crate::net::cpu::sums::add_sum_of_rows;
use crate::net::cpu::threads::for_parts;
use crate::net::element::Element;
use crate::net::shape::Shape;

/// Rows of C channels plus a vector of C.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddRow;

impl Meaning for AddRow {
    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        match inputs {
            [rows, row] if *row == Shape::vector(rows.channels()) => Ok(*rows),
            [rows, row] => Err(format!(
                "inputs {rows} and {row}, expected the second to be [{}]",
                rows.channels()
            )),
            other => Err(format!("{} inputs, expected 2", other.len())),
        }
    }
}

/// The rows of each sample plus its vector; without rows, the vector in every row.
fn add<T: Element>(shape: Shape, rows: Option<&[T]>, vectors: &[T], output: &mut [T]) {
    let (elements, channels) = (shape.elements(), shape.channels());
    for_parts(output, elements, |index, output| {
        match rows {
            Some(rows) => output.copy_from_slice(&rows[index * elements..][..elements]),
            None => output.fill(T::ZERO),
        }
        for row in output.chunks_exact_mut(channels) {
            for (to, w) in row.iter_mut().zip(&vectors[index * channels..]) {
                *to += *w;
            }
        }
    });
}

impl<T: Element> Rules<T> for AddRow {
    fn forward(&self, site: Site<'_, T>, inputs: &[&[T]], output: &mut [T], _: &mut [T]) {
        add(site.shapes.output, Some(inputs[0]), inputs[1], output);
    }

    fn jvp(&self, site: Site<'_, T>, _: Primal<'_, T>, tangents: &[Option<&[T]>], output: &mut [T]) {
        match (tangents[0], tangents[1]) {
            (rows, Some(vectors)) => add(site.shapes.output, rows, vectors, output),
            (Some(rows), None) => output.copy_from_slice(rows),
            (None, None) => {}
        }
    }

    fn vjp(
        &self,
        site: Site<'_, T>,
        _: Primal<'_, T>,
        cotangent: &[T],
        inputs: &mut [Option<Target<'_, T>>],
    ) {
        let [rows, vector] = inputs else { return };
        if let Some(target) = rows {
            pass_on(cotangent, target);
        }
        if let Some(Target { values, add }) = vector {
            let (elements, channels) = (site.shapes.output.elements(), site.shapes.output.channels());
            for_parts(values, channels, |index, sums| {
                if !*add {
                    sums.fill(T::ZERO);
                }
                add_sum_of_rows(&cotangent[index * elements..][..elements], sums);
            });
        }
    }
}

#[cfg(test)]
mod tests {
    // Mutations seen red: add ignored; first row alone; missing rows not cleared.
    use super::super::harness::{self, Case, normal};
    use super::*;

    #[test] // law: net-primitives
    fn rules_agree() {
        for shape in [Shape::rows(40, 5), Shape::image(2, 3, 4), Shape::vector(3)] {
            let shapes = [shape, Shape::vector(shape.channels())];
            harness::check(&Case::new(AddRow, &shapes));
            harness::check(&Case::new(AddRow, &shapes).fixed(1, normal("fixed", 2 * shape.channels())));
        }
    }

    #[test] // oracle: net-primitives
    fn the_forward_rule_adds_the_vector_to_every_row() {
        let case = Case::new(AddRow, &[Shape::rows(4, 3), Shape::vector(3)]);
        for (i, got) in case.forward(2).iter().enumerate() {
            assert_eq!(*got, case.inputs[0][i] + case.inputs[1][i / 12 * 3 + i % 3]);
        }
    }

    #[test]
    fn another_vector_is_refused() {
        assert!(AddRow.shape(&[Shape::rows(4, 3), Shape::vector(4)]).is_err());
        assert!(AddRow.shape(&[Shape::rows(4, 3), Shape::rows(1, 3)]).is_err());
        assert!(AddRow.shape(&[Shape::rows(4, 3)]).is_err());
    }
}
