//! Header, reading and writing, byte mutations.

use super::*;

mod files;
mod header;

/// A file from the text of its header and its data.
fn file(header: &str, data: &[u8]) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), data].concat()
}

fn parse(bytes: &[u8]) -> Result<SafetensorsFile, DataError> {
    SafetensorsFile::from_bytes(Path::new("x.safetensors"), bytes.to_vec())
}
