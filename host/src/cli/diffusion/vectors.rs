//! Pictures of vectors and samples.

use crate::cli::error::CliError;
use crate::data::images::{Image, grid};

/// Sides below it are enlarged, so that a small image can be seen.
const VISIBLE: usize = 64;

/// Images [.., C, H, W] side by side, `columns` in a row; each is divided by its largest magnitude if `scaled` (vectors),
/// else shown as it is (samples, -1 to 1). Of other than 1 or 3 channels, each channel is an image, one row per vector.
pub(super) fn sheet(
    values: &[f32],
    [channels, height, width]: [usize; 3],
    columns: usize,
    scaled: bool,
) -> Result<Image, CliError> {
    let colour = matches!(channels, 1 | 3);
    let (shown, columns) = if colour {
        (channels, columns)
    } else {
        (1, channels)
    };
    let factor = VISIBLE.div_ceil(height.max(width)).max(1);
    let images: Vec<Image> = values
        .chunks(channels * height * width)
        .flat_map(|vector| {
            let most = vector.iter().fold(0.0, |a: f32, x| a.max(x.abs()));
            let scale = if scaled && most > 0.0 { 1.0 / most } else { 1.0 };
            vector
                .chunks(shown * height * width)
                .map(move |part| enlarged(part, [shown, height, width], factor, scale))
        })
        .collect();
    grid(&images, columns, 2, 1.0).map_err(|error| CliError::failed(format!("cannot draw: {error}")))
}

/// Each pixel `factor` times in both directions, times `scale`.
fn enlarged(values: &[f32], [channels, height, width]: [usize; 3], factor: usize, scale: f32) -> Image {
    let mut out = Vec::with_capacity(values.len() * factor * factor);
    for row in values.chunks(width) {
        for _ in 0..factor {
            out.extend(row.iter().flat_map(|x| std::iter::repeat_n(x * scale, factor)));
        }
    }
    Image {
        shape: [channels, height * factor, width * factor],
        values: out,
    }
}

/// Columns of a nearly square arrangement.
pub(super) fn square(count: usize) -> usize {
    (1..=count.max(1)).find(|n| n * n >= count).unwrap_or(1)
}
