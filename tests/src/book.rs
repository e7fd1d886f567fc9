//! The generated tables of the book: each lies in the page of its name under [`NUMBERS`], between two marks,
//! `<!-- NAME:begin -->` and `<!-- NAME:end -->`. What stands outside the marks is written by hand.

use crate::{Failure, failed, read, root};
use std::path::PathBuf;

/// The folder of the pages that hold tables, from the root of the repository.
pub const NUMBERS: &str = "docs/src/numbers";

/// The page that holds the table `name`.
pub fn page(name: &str) -> PathBuf {
    root().join(NUMBERS).join(format!("{name}.md"))
}

/// The page with the text between the marks of `name` replaced, or `None` if it has no such marks.
pub fn spliced(page: &str, name: &str, text: &str) -> Option<String> {
    let (begin, end) = (format!("<!-- {name}:begin -->"), format!("<!-- {name}:end -->"));
    let (before, rest) = page.split_once(&begin)?;
    let (_, after) = rest.split_once(&end)?;
    Some(format!("{before}{begin}\n{text}{end}{after}"))
}

/// Whether the page of `name` shows this text between its marks.
///
/// # Errors
/// A page that is missing.
pub fn shows(name: &str, text: &str) -> Result<bool, Failure> {
    let page = read(&page(name))?;
    Ok(spliced(&page, name, text).as_deref() == Some(page.as_str()))
}

/// Puts a text between the marks of the page of `name`.
///
/// # Errors
/// A page that is missing, has no such marks, or cannot be written.
pub fn write(name: &str, text: &str) -> Result<(), Failure> {
    let file = page(name);
    let fresh = spliced(&read(&file)?, name, text)
        .ok_or_else(|| Failure(format!("{}: no <!-- {name}:begin --> and end", file.display())))?;
    std::fs::write(&file, fresh).map_err(failed(file.display()))
}
