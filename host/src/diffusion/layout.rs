//! Images at the door: [channels, height, width] in files, [height, width, channels] in nets.

/// Samples of [channels, height, width] to [height, width, channels].
///
/// # Panics
/// Unless both slices hold whole samples, equally many.
pub(super) fn channels_last<T: Copy>(images: &[T], [channels, height, width]: [usize; 3], out: &mut [T]) {
    transpose(images, channels, height * width, out);
}

/// Samples of [height, width, channels] to [channels, height, width].
///
/// # Panics
/// As [`channels_last`].
pub(super) fn channels_first<T: Copy>(images: &[T], [channels, height, width]: [usize; 3], out: &mut [T]) {
    transpose(images, height * width, channels, out);
}

fn transpose<T: Copy>(from: &[T], rows: usize, columns: usize, to: &mut [T]) {
    assert_eq!(from.len(), to.len());
    let size = rows * columns;
    assert!(size > 0 && from.len().is_multiple_of(size));
    for (from, to) in from.chunks_exact(size).zip(to.chunks_exact_mut(size)) {
        for (i, row) in from.chunks_exact(columns).enumerate() {
            for (j, value) in row.iter().enumerate() {
                to[j * rows + i] = *value;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test] // x[c, y, x] = 100 c + 10 y + x, two samples
    fn there_and_back() {
        let shape = [2, 2, 3];
        let one = [0, 1, 2, 10, 11, 12, 100, 101, 102, 110, 111, 112];
        let both: Vec<i32> = one.iter().copied().chain(one.iter().map(|v| v + 1000)).collect();
        let mut last = vec![0; 24];
        channels_last(&both, shape, &mut last);
        assert_eq!(last[..6], [0, 100, 1, 101, 2, 102]);
        assert_eq!(last[12..14], [1000, 1100]);
        let mut first = vec![0; 24];
        channels_first(&last, shape, &mut first);
        assert_eq!(first, both);
    }
}
