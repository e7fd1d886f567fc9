//! Work on the parts of an output, in parallel when it is worth a thread's turn. Each part is written by one thread from
//! shared inputs, so the bits do not depend on the number of threads.

use rayon::prelude::*;

/// Entries below which threads cost more than they bring.
const SMALL: usize = 1 << 14;

/// Hands the parts of `output`, `part` entries each (the last may be shorter), to `work` with their index.
pub(crate) fn for_parts<T: Send>(
    output: &mut [T],
    part: usize,
    work: impl Fn(usize, &mut [T]) + Sync + Send,
) {
    let part = part.max(1);
    if output.len() < SMALL || output.len() <= part {
        for (index, part) in output.chunks_mut(part).enumerate() {
            work(index, part);
        }
    } else {
        output
            .par_chunks_mut(part)
            .enumerate()
            .for_each(|(index, part)| work(index, part));
    }
}

/// Work on parts that take long whatever their size, such as products; otherwise as [`for_parts`].
pub(crate) fn for_long_parts<T: Send>(
    output: &mut [T],
    part: usize,
    work: impl Fn(usize, &mut [T]) + Sync + Send,
) {
    output
        .par_chunks_mut(part.max(1))
        .enumerate()
        .for_each(|(index, part)| work(index, part));
}

/// Work on two outputs of as many parts; otherwise as [`for_parts`].
pub(crate) fn for_parts_of_two<T: Send>(
    (first, first_part): (&mut [T], usize),
    (second, second_part): (&mut [T], usize),
    work: impl Fn(usize, &mut [T], &mut [T]) + Sync + Send,
) {
    let (first_part, second_part) = (first_part.max(1), second_part.max(1));
    if first.len() < SMALL || first.len() <= first_part {
        let parts = first.chunks_mut(first_part).zip(second.chunks_mut(second_part));
        for (index, (first, second)) in parts.enumerate() {
            work(index, first, second);
        }
    } else {
        first
            .par_chunks_mut(first_part)
            .zip(second.par_chunks_mut(second_part))
            .enumerate()
            .for_each(|(index, (first, second))| work(index, first, second));
    }
}

/// Rows of a product for one thread's turn: enough to pay for packing the other factor, few enough that all threads
/// have work and the rows stay in the second cache.
pub(crate) fn rows_of_a_turn(rows: usize) -> usize {
    rows.div_ceil(2 * rayon::current_num_threads()).clamp(32, 384)
}

/// Does tasks that write to places of their own; `size` entries are worked on in all.
pub(crate) fn for_tasks<X: Send>(tasks: Vec<X>, size: usize, work: impl Fn(X) + Sync + Send) {
    if size < SMALL || tasks.len() <= 1 {
        tasks.into_iter().for_each(work);
    } else {
        tasks.into_par_iter().for_each(work);
    }
}

/// Rows of `channels` entries, some 2^13 entries of them: a thread's turn at light work.
pub(crate) fn light_rows(channels: usize) -> usize {
    ((1 << 13) / channels.max(1)).max(1)
}
