//! Pictures of a folder: PNG files of one size, grey or colour.
//!
//! The order is that of the names, then shuffled by the stream (seed, "diffusion/pictures", 0), so that the pictures at the end, which
//! training may leave out, are drawn from all.

use super::{Dataset, DatasetError, check_length};
use crate::data::DataError;
use crate::data::images::read_png;
use gibbs_core::random::{FNV_OFFSET, fnv1a, shuffle, stream};
use std::path::{Path, PathBuf};

/// The pictures of a folder, in memory: 4 bytes a value.
#[derive(Clone, Debug)]
pub struct Pictures {
    shape: [usize; 3],
    values: Vec<f32>,
    hash: u64,
}

impl Pictures {
    /// Reads the files `*.png` of a folder, not those of folders in it.
    ///
    /// # Errors
    /// `Data` for a folder or file that cannot be read; `Content` for a folder without pictures, or one of another size or
    /// colour than the first.
    pub fn read(folder: &Path, seed: u64) -> Result<Self, DatasetError> {
        let mut paths = paths(folder)?;
        let content = |path: &Path, reason: String| DatasetError::Content {
            path: path.to_owned(),
            reason,
        };
        shuffle(&mut stream(seed, "diffusion/pictures", 0), &mut paths);
        let (mut shape, mut values) = (None, Vec::new());
        for path in &paths {
            let image = read_png(path)?;
            let first = *shape.get_or_insert(image.shape);
            if image.shape != first {
                let reason = format!(
                    "[channels, height, width] {:?}, others of the folder have {first:?}\nhint: pictures of one size, all grey or \
                     all colour",
                    image.shape
                );
                return Err(content(path, reason));
            }
            values.extend(image.values);
        }
        let Some(shape) = shape else {
            return Err(content(folder, "no file NAME.png in it".to_owned()));
        };
        let hash = values
            .iter()
            .fold(FNV_OFFSET, |hash, x: &f32| fnv1a(hash, &x.to_le_bytes()));
        Ok(Self { shape, values, hash })
    }
}

/// The pictures of a folder in the order of their names.
fn paths(folder: &Path) -> Result<Vec<PathBuf>, DatasetError> {
    let reading = |error| DatasetError::Data(DataError::reading(folder, error));
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(reading)? {
        let path = entry.map_err(reading)?.path();
        let png = path
            .extension()
            .is_some_and(|end| end.eq_ignore_ascii_case("png"));
        if png && path.is_file() {
            paths.push(path);
        }
    }
    paths.sort_unstable();
    Ok(paths)
}

impl Dataset for Pictures {
    fn name(&self) -> &'static str {
        "pictures"
    }

    fn count(&self) -> Option<u64> {
        Some((self.values.len() / self.shape.iter().product::<usize>()) as u64)
    }

    fn shape(&self) -> [usize; 3] {
        self.shape
    }

    fn fill(&self, index: u64, pixels: &mut [f32]) -> Result<(), DatasetError> {
        check_length(pixels, self.shape)?;
        let count = self.count().unwrap_or(0);
        let mut images = self.values.chunks_exact(pixels.len());
        let image = usize::try_from(index).ok().and_then(|index| images.nth(index));
        pixels.copy_from_slice(image.ok_or(DatasetError::Index { index, count })?);
        Ok(())
    }

    fn hash(&self) -> u64 {
        self.hash
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::images::{Depth, Image, write_png};

    fn write(path: &Path, shape: [usize; 3], level: f32) {
        let values = vec![level; shape.iter().product()];
        write_png(path, &Image { shape, values }, Depth::Eight).unwrap();
    }

    #[test]
    fn pictures_are_read_in_an_order_that_the_seed_draws() {
        let folder = tempfile::tempdir().unwrap();
        for i in 0..20_u8 {
            let level = f32::from(i) / 10.0 - 1.0;
            write(&folder.path().join(format!("{i:02}.png")), [1, 4, 6], level);
        }
        std::fs::write(folder.path().join("notes.txt"), "no picture").unwrap();
        let first = |seed| {
            let set = Pictures::read(folder.path(), seed).unwrap();
            assert_eq!((set.count(), set.shape()), (Some(20), [1, 4, 6]));
            let mut levels: Vec<f32> = (0..20)
                .map(|index| {
                    let mut pixels = [0.0; 24];
                    set.fill(index, &mut pixels).unwrap();
                    pixels[7]
                })
                .collect();
            let drawn = levels.clone();
            levels.sort_by(f32::total_cmp);
            assert!(levels.is_sorted_by(|a, b| a < b), "each once");
            (drawn, set.hash())
        };
        assert_eq!(first(1), first(1));
        assert_ne!(first(1).0, first(2).0);
        let set = Pictures::read(folder.path(), 0).unwrap();
        assert!(matches!(
            set.fill(20, &mut [0.0; 24]),
            Err(DatasetError::Index { count: 20, .. })
        ));
    }

    #[test]
    fn folders_that_are_no_set_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let refused = |folder: &Path| Pictures::read(folder, 0).unwrap_err().to_string();
        assert!(refused(folder.path()).contains("no file NAME.png"));
        assert!(refused(&folder.path().join("none")).contains("none"));
        write(&folder.path().join("a.png"), [1, 4, 4], 0.0);
        write(&folder.path().join("b.png"), [1, 4, 5], 0.0);
        assert!(refused(folder.path()).contains("pictures of one size"));
    }
}
