//! The generated tables of README.md: each lies between two marks, `<!-- NAME:begin -->` and `<!-- NAME:end -->`.

use crate::{Failure, failed, read, root};

/// The README with the text between the marks of `name` replaced, or `None` if it has no such marks.
pub fn spliced(readme: &str, name: &str, text: &str) -> Option<String> {
    let (begin, end) = (format!("<!-- {name}:begin -->"), format!("<!-- {name}:end -->"));
    let (before, rest) = readme.split_once(&begin)?;
    let (_, after) = rest.split_once(&end)?;
    Some(format!("{before}{begin}\n{text}{end}{after}"))
}

/// Whether the README shows this text between the marks of `name`.
///
/// # Errors
/// A README that is missing.
pub fn shows(name: &str, text: &str) -> Result<bool, Failure> {
    let readme = read(&root().join("README.md"))?;
    Ok(spliced(&readme, name, text).as_deref() == Some(readme.as_str()))
}

/// Puts a text between the marks of `name`.
///
/// # Errors
/// A README that is missing, has no such marks, or cannot be written.
pub fn write(name: &str, text: &str) -> Result<(), Failure> {
    let file = root().join("README.md");
    let fresh = spliced(&read(&file)?, name, text)
        .ok_or_else(|| Failure(format!("{}: no <!-- {name}:begin --> and end", file.display())))?;
    std::fs::write(&file, fresh).map_err(failed(file.display()))
}
