//! A finished figure: one drawing, written as SVG (for papers and the page) and PNG (for everything else).

use crate::files::write_whole;
use gibbs_core::random::{FNV_OFFSET, fnv1a};
use kuva::backend::raster::RasterBackend;
use kuva::backend::svg::SvgBackend;
use kuva::render::render::Scene;
use std::fmt::Write as _; // writing to a string cannot fail
use std::path::{Path, PathBuf};

/// PNG pixels per SVG unit: 2 is sharp on dense screens and about 200 dpi at a column's width.
const PIXELS_PER_UNIT: f32 = 2.0;

/// Why a figure could not be written.
#[derive(Debug, thiserror::Error)]
pub enum FigureError {
    /// The file system refused.
    #[error("cannot write figure {}: {source}; hint: check that the folder exists and is writable", path.display())]
    Write {
        /// The file that could not be written.
        path: PathBuf,
        /// What the system reported.
        source: std::io::Error,
    },
    /// The drawing could not be turned into pixels.
    #[error("cannot draw figure {name}: {reason}")]
    Draw {
        /// Stem of the figure's file name.
        name: String,
        /// What the renderer reported.
        reason: String,
    },
}

/// A finished figure. The same data give the same bytes.
#[derive(Debug)]
pub struct Figure {
    title: String,
    scene: Scene,
}

impl Figure {
    pub(crate) fn new(title: &str, scene: Scene) -> Self {
        Self {
            title: title.to_owned(),
            scene,
        }
    }

    /// The title drawn above the figure; serves as its text alternative.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// The figure as an SVG document.
    pub fn svg(&self) -> String {
        own_ids(&SvgBackend::new().render_scene(&self.scene))
    }

    /// The figure as a PNG file.
    ///
    /// # Errors
    /// [`FigureError::Draw`] when the renderer fails.
    pub fn png(&self) -> Result<Vec<u8>, FigureError> {
        RasterBackend::new()
            .with_scale(PIXELS_PER_UNIT)
            .render_scene(&self.scene)
            .map_err(|reason| FigureError::Draw {
                name: self.title.clone(),
                reason,
            })
    }

    /// Writes `dir/stem.svg` and `dir/stem.png`, each whole or not at all; gives back their paths in this
    /// order. Makes the folder when it is missing.
    ///
    /// # Errors
    /// [`FigureError`] naming the file.
    pub fn write(&self, dir: &Path, stem: &str) -> Result<Vec<PathBuf>, FigureError> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| FigureError::Write { path, source }
        };
        std::fs::create_dir_all(dir).map_err(failed(dir))?;
        let contents = [("svg", self.svg().into_bytes()), ("png", self.png()?)];
        let mut paths = Vec::new();
        for (extension, bytes) in contents {
            let path = dir.join(format!("{stem}.{extension}"));
            write_whole(&path, &bytes).map_err(failed(&path))?;
            paths.push(path);
        }
        Ok(paths)
    }
}

/// The renderer numbers clip paths by a counter of the whole process: the same figure would get other ids in
/// another run, and figures of two runs inlined in one page would share them. Ids are renumbered within the
/// figure and carry a hash of its content instead.
fn own_ids(svg: &str) -> String {
    const PREFIX: &str = "kuva-clip-";
    let mut parts = svg.split(PREFIX);
    let mut pieces = vec![(parts.next().unwrap_or_default(), None)];
    let mut ids: Vec<&str> = Vec::new();
    for part in parts {
        let end = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
        let (id, rest) = part.split_at(end);
        let place = ids.iter().position(|known| *known == id).unwrap_or_else(|| {
            ids.push(id);
            ids.len() - 1
        });
        pieces.push((rest, Some(place)));
    }
    let hash = pieces
        .iter()
        .fold(FNV_OFFSET, |hash, (text, _)| fnv1a(hash, text.as_bytes()));
    let mut out = String::with_capacity(svg.len());
    for (text, place) in pieces {
        if let Some(place) = place {
            let _ = write!(out, "clip-{hash:016x}-{place}");
        }
        out.push_str(text);
    }
    out
}

#[cfg(test)]
mod tests {
    //! Mutation seen red: the counter's number kept in the id.
    use super::own_ids;

    #[test]
    fn ids_depend_on_the_content_alone() {
        let svg = |a, b, text| {
            format!("<a id='kuva-clip-{a}'/><b id='kuva-clip-{b}'/><c u='url(#kuva-clip-{a})'/>{text}")
        };
        let first = own_ids(&svg(3, 14, "x"));
        assert_eq!(first, own_ids(&svg(7, 2, "x")));
        assert_ne!(first, own_ids(&svg(3, 14, "y")).replace('y', "x"));
        assert_eq!(first.matches("-0'").count(), 1);
        assert_eq!(first.matches("-0)").count(), 1);
        assert_eq!(first.matches("-1'").count(), 1);
        assert_eq!(own_ids("no ids"), "no ids");
    }
}
