//! The one place that writes results to standard output, and remarks to standard error. A closed pipe (`gibbs … | head -1`) is no error.

use super::Common;
use serde_json::Value;
use std::io::{self, ErrorKind, Write};

/// Writes the result: the JSON object with `--json`, otherwise the text. Only the one wanted is made.
///
/// # Errors
/// When standard output cannot be written to; a closed pipe is no error.
pub fn emit(
    common: &Common,
    object: impl FnOnce() -> Value,
    text_of: impl FnOnce() -> String,
) -> io::Result<()> {
    if common.json {
        json(&object())
    } else {
        text(&text_of())
    }
}

/// A remark on standard error, unless the user wants none.
pub fn remark(common: &Common, text: &str) {
    if !common.quiet {
        // Remarks that nobody can read are no reason to stop.
        let _ = writeln!(io::stderr(), "{text}");
    }
}

/// One JSON object, indented, and a newline.
///
/// # Errors
/// As [`emit`].
pub fn json(object: &Value) -> io::Result<()> {
    text(&format!("{object:#}\n"))
}

/// Text as it is.
///
/// # Errors
/// As [`emit`].
pub fn text(text: &str) -> io::Result<()> {
    bytes(text.as_bytes())
}

/// Bytes as they are.
///
/// # Errors
/// As [`emit`].
pub fn bytes(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(e) if e.kind() != ErrorKind::BrokenPipe => Err(io::Error::new(
            e.kind(),
            format!("cannot write to standard output: {e}"),
        )),
        _ => Ok(()),
    }
}
