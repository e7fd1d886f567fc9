//! The basis files that a verb is given, one by one or as folders.

use crate::cli::error::CliError;
use crate::diffusion::geometry::stored::StoredBasis;
use crate::diffusion::pullback::distance::Subspace;
use clap::ValueEnum;
use std::path::{Path, PathBuf};

/// A basis and where it came from.
pub(super) struct Named {
    pub(super) path: PathBuf,
    /// The label of a basis, as short as tells it from the others.
    pub(super) label: String,
    pub(super) stored: StoredBasis,
}

/// Which vectors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Space {
    /// The u_i: tangent spaces of h
    #[default]
    H,
    /// The v_i: directions in x
    X,
}

impl Space {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::H => "h",
            Self::X => "x",
        }
    }
}

/// Reads files in the order given. A folder stands for the basis files in it and in the folders of it (`*.safetensors`,
/// `*/basis.safetensors`), the latest time first.
pub(super) fn read(paths: &[PathBuf]) -> Result<Vec<Named>, CliError> {
    let mut all: Vec<(PathBuf, StoredBasis)> = Vec::new();
    for path in paths {
        if path.is_dir() {
            let mut found = Vec::new();
            for file in inside(path)? {
                let stored = StoredBasis::load(&file)?;
                found.push((file, stored));
            }
            if found.is_empty() {
                let message = "no basis in it\nhint: `gibbs diffusion basis ... --out DIR` writes one";
                return Err(CliError::input(message).in_file(path));
            }
            found.sort_by(|(_, a), (_, b)| b.timestep.total_cmp(&a.timestep));
            all.extend(found);
        } else {
            all.push((path.clone(), StoredBasis::load(path)?));
        }
    }
    let distinct = all.iter().enumerate().all(|(i, (_, one))| {
        all.iter()
            .take(i)
            .all(|(_, other)| other.timestep != one.timestep)
    });
    let named = all.into_iter().map(|(path, stored)| Named {
        label: if distinct {
            format!("t = {}", stored.timestep)
        } else {
            short(&path)
        },
        path,
        stored,
    });
    Ok(named.collect())
}

fn inside(folder: &Path) -> Result<Vec<PathBuf>, CliError> {
    let unreadable =
        |error: std::io::Error| CliError::input(format!("cannot be read: {error}")).in_file(folder);
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let below = path.join("basis.safetensors");
        if path.is_file() && path.extension().is_some_and(|e| e == "safetensors") {
            files.push(path);
        } else if below.is_file() {
            files.push(below);
        }
    }
    files.sort_unstable();
    Ok(files)
}

/// The folder of a `basis.safetensors`, or the name of the file.
fn short(path: &Path) -> String {
    let name = |part: Option<&std::ffi::OsStr>| part.map(|name| name.to_string_lossy().into_owned());
    let stem = name(path.file_stem()).unwrap_or_default();
    if stem == "basis"
        && let Some(folder) = name(path.parent().and_then(Path::file_name))
    {
        return folder;
    }
    stem
}

/// The subspace of the first `count` vectors, or of all.
pub(super) fn subspace(named: &Named, space: Space, count: Option<usize>) -> Result<Subspace, CliError> {
    let basis = &named.stored.basis;
    let k = count.unwrap_or(basis.count());
    if k == 0 || k > basis.count() {
        let message = format!(
            "--count {k}: the basis holds {} vectors, from 1 on",
            basis.count()
        );
        return Err(CliError::input(message).in_file(&named.path));
    }
    let (rows, columns) = basis.dimensions;
    let (vectors, d) = match space {
        Space::H => (&basis.u, rows),
        Space::X => (&basis.v, columns),
    };
    let alive = basis.zero.iter().position(|zero| *zero).unwrap_or(basis.count());
    if space == Space::H && k > alive {
        let message = format!("only {alive} of its u_i are not zero\nhint: --count {alive}");
        return Err(CliError::input(message).in_file(&named.path));
    }
    Subspace::new(&vectors[..k * d], d)
        .map_err(|error| CliError::input(error.to_string()).in_file(&named.path))
}

/// The same dimensions in all files, of x and h, or of one.
pub(super) fn same_dimensions(all: &[Named], spaces: &[Space]) -> Result<(), CliError> {
    let Some(first) = all.first() else {
        return Ok(());
    };
    for named in all {
        for space in spaces {
            let of = |named: &Named| match space {
                Space::X => named.stored.dimensions[0],
                Space::H => named.stored.dimensions[1],
            };
            if of(named) != of(first) {
                let message = format!(
                    "{} has dimensions {:?}, those of {} are {:?}: bases of one model and one size are compared",
                    space.name(),
                    of(named),
                    first.path.display(),
                    of(first)
                );
                return Err(CliError::input(message).in_file(&named.path));
            }
        }
    }
    Ok(())
}
