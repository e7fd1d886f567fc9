//! Attention of queries q [Nq, C] to keys k [Nk, C] and values v [Nk, Cv], in heads of equally many channels each.
//!
//! For each head, with c = 1 / sqrt(C / heads): P = softmax over the keys of c q k^T, o = P v. (Vaswani et al. 2017.)
//! Linearised (derived): with dS = c (dq k^T + q dk^T), dP = P (dS - rowsum(P dS)), do = dP v + P dv. Transposed:
//! vbar = P^T obar, Pbar = obar v^T, Sbar = c P (Pbar - rowsum(P Pbar)), qbar = Sbar k, kbar = Sbar^T q. The products
//! without `^T` between P, dS, Pbar and one another are entry by entry.
//!
//! The rules go through P a tile of queries at a time. It is saved whole, or only ln Σ e^S of each row is saved and
//! the linearised rules compute each tile anew, once for all directions of a sample (of one thread's turn).

use super::{Meaning, Needs, Primal, Rules, Shapes, Site, Target};
use crate::net::cpu::threads::for_tasks;
use crate::net::element::Element;
use crate::net::shape::Shape;
use tile::{Pulled, Sizes, Source, forward, pull, push};

mod tile;

/// Attention in several heads; inputs: queries, keys, values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attention {
    /// Parts of the channels that attend on their own.
    pub heads: usize,
    /// Compute the probabilities anew in every linearised pass, rather than save heads x Nq x Nk of them.
    pub recompute: bool,
}

impl Attention {
    fn sizes(&self, shapes: &Shapes) -> Sizes {
        let [queries, keys, values] = [0, 1, 2].map(|input| shapes.inputs[input]);
        Sizes::new(
            self.heads,
            [queries.row_count(), keys.row_count()],
            [queries.channels(), values.channels()],
        )
    }

    /// Numbers that are saved for one query.
    fn saved_of_a_query(&self, sizes: &Sizes) -> usize {
        self.heads * if self.recompute { 1 } else { sizes.keys }
    }
}

impl Meaning for Attention {
    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        let [queries, keys, values] = inputs else {
            return Err(format!("{} inputs, expected queries, keys, values", inputs.len()));
        };
        if queries.channels() != keys.channels() {
            return Err(format!(
                "queries {queries} and keys {keys}, expected equal channels"
            ));
        }
        if keys.row_count() != values.row_count() || keys.row_count() == 0 {
            return Err(format!(
                "keys {keys} and values {values}, expected equally many, at least one"
            ));
        }
        for shape in [queries, values] {
            if self.heads == 0 || shape.channels() == 0 || !shape.channels().is_multiple_of(self.heads) {
                return Err(format!("{} channels in {} heads", shape.channels(), self.heads));
            }
        }
        Ok(queries.with_channels(values.channels()))
    }

    /// For each query and head: the probabilities of the keys, or ln Σ e^S.
    fn saved(&self, shapes: &Shapes) -> usize {
        let sizes = self.sizes(shapes);
        sizes.queries * self.saved_of_a_query(&sizes)
    }

    fn needs(&self) -> Needs {
        Needs {
            inputs: true,
            ..Needs::default()
        }
    }
}

/// One sample of each input.
fn sample_of<'a, T>(inputs: &[&'a [T]], shapes: &Shapes, sample: usize) -> Source<'a, T> {
    let [q, k, v] = [0, 1, 2].map(|input| {
        let each = shapes.inputs[input].elements();
        &inputs[input][sample * each..][..each]
    });
    Source { q, k, v }
}

impl<T: Element> Rules<T> for Attention {
    fn forward(&self, site: Site<'_, T>, inputs: &[&[T]], mut output: &mut [T], mut saved: &mut [T]) {
        let sizes = self.sizes(site.shapes);
        let each = self.saved_of_a_query(&sizes);
        let mut tasks = Vec::new();
        for sample in 0..site.batch {
            for (first, count) in sizes.tiles() {
                let output = output.split_off_mut(..count * sizes.channels_out());
                // Empty when nothing is to be saved.
                let saved = saved.split_off_mut(..count * each);
                tasks.push((
                    sample,
                    first,
                    output.unwrap_or_default(),
                    saved.unwrap_or_default(),
                ));
            }
        }
        for_tasks(tasks, sizes.work(site.batch), |(sample, first, output, saved)| {
            let source = sample_of(inputs, site.shapes, sample);
            forward(&sizes, source, first, output, saved, self.recompute);
        });
    }

    fn jvp(&self, site: Site<'_, T>, primal: Primal<'_, T>, tangents: &[Option<&[T]>], mut output: &mut [T]) {
        let sizes = self.sizes(site.shapes);
        let each = self.saved(site.shapes);
        let tiles: Vec<(usize, usize)> = sizes.tiles().collect();
        let mut tasks = Vec::new();
        for sample in 0..site.batch {
            let mut outputs: Vec<Vec<&mut [T]>> = tiles.iter().map(|_| Vec::new()).collect();
            for _ in 0..site.directions {
                for ((_, count), outputs) in tiles.iter().zip(&mut outputs) {
                    outputs.extend(output.split_off_mut(..count * sizes.channels_out()));
                }
            }
            let firsts = tiles.iter().map(|(first, _)| *first);
            tasks.extend(
                firsts
                    .zip(outputs)
                    .map(|(first, outputs)| (sample, first, outputs)),
            );
        }
        let work = sizes.work(site.batch * site.directions);
        for_tasks(tasks, work, |(sample, first, outputs)| {
            let source = sample_of(primal.inputs, site.shapes, sample);
            let moves: Vec<[Option<&[T]>; 3]> = (0..site.directions)
                .map(|direction| {
                    [0, 1, 2].map(|input| {
                        let each = site.shapes.inputs[input].elements();
                        tangents[input].map(|v| &v[(sample * site.directions + direction) * each..][..each])
                    })
                })
                .collect();
            let saved = &primal.saved[sample * each..][..each];
            push(&sizes, source, (saved, self.recompute), first, &moves, outputs);
        });
    }

    fn vjp(
        &self,
        site: Site<'_, T>,
        primal: Primal<'_, T>,
        cotangent: &[T],
        inputs: &mut [Option<Target<'_, T>>],
    ) {
        let sizes = self.sizes(site.shapes);
        let each = self.saved(site.shapes);
        let out = site.shapes.output.elements();
        // Directions of one turn share the tiles of P: as many as leave work for every thread.
        let turns = (2 * rayon::current_num_threads()).div_ceil(site.batch.max(1));
        let together = site.directions.div_ceil(turns).max(1);
        let mut rests: Vec<Option<(&mut [T], bool)>> = inputs
            .iter_mut()
            .map(|target| target.as_mut().map(|target| (&mut *target.values, target.add)))
            .collect();
        let mut tasks = Vec::new();
        for sample in 0..site.batch {
            for start in (0..site.directions).step_by(together) {
                let pulled: Vec<Pulled<'_, T>> = (start..site.directions.min(start + together))
                    .map(|direction| {
                        let mut parts = rests.iter_mut().zip(&site.shapes.inputs).map(|(rest, shape)| {
                            rest.as_mut().map(|(rest, add)| {
                                (rest.split_off_mut(..shape.elements()).unwrap_or_default(), *add)
                            })
                        });
                        Pulled {
                            from: &cotangent[(sample * site.directions + direction) * out..][..out],
                            to: [(); 3].map(|()| parts.next().flatten()),
                        }
                    })
                    .collect();
                tasks.push((sample, pulled));
            }
        }
        let work = sizes.work(site.batch * site.directions);
        for_tasks(tasks, work, |(sample, pulled)| {
            let source = sample_of(primal.inputs, site.shapes, sample);
            let saved = &primal.saved[sample * each..][..each];
            pull(&sizes, source, (saved, self.recompute), pulled);
        });
    }
}

#[cfg(test)]
mod tests;
