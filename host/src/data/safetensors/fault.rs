//! What is wrong with the bytes of a safetensors file, one variant per rejection.

use crate::data::shorten::shorten_list;

/// Why bytes are not taken as a safetensors file. Offsets count bytes from the start of the data block, which
/// follows the header.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// Too short for the length of a header.
    #[error("{length} bytes, at least 8 were expected")]
    Short {
        /// Bytes in the file.
        length: u64,
    },
    /// The header is announced as absurdly long.
    #[error("a header of {found} bytes is announced, at most {longest} are taken")]
    HeaderTooLong {
        /// The length announced.
        found: u64,
        /// The limit.
        longest: u64,
    },
    /// The header is announced as longer than the file.
    #[error("a header of {found} bytes is announced, {rest} bytes follow (truncated?)")]
    HeaderPastEnd {
        /// The length announced.
        found: u64,
        /// Bytes after the announcement.
        rest: u64,
    },
    /// The header is not a JSON object from its first byte on.
    #[error("the header starts with byte {found:#04x}, expected `{{`")]
    FirstByte {
        /// The byte found.
        found: u8,
    },
    /// The header is not text.
    #[error("the header is not UTF-8 at byte {position}")]
    Encoding {
        /// Bytes of the header before the trouble.
        position: usize,
    },
    /// The header is not JSON of the expected form.
    #[error("the header cannot be read: {reason}")]
    Json {
        /// The message of the parser.
        reason: String,
    },
    /// Two entries of one name.
    #[error("the name `{name}` stands twice in the header")]
    DuplicateName {
        /// The name.
        name: String,
    },
    /// An entry that is not `dtype`, `shape`, `data_offsets`, or of a type that the format does not know.
    #[error("entry `{tensor}`: {reason}")]
    Entry {
        /// The name of the tensor.
        tensor: String,
        /// The message of the parser.
        reason: String,
    },
    /// An end before its beginning.
    #[error("tensor `{tensor}`: begins at {begin}, ends before that at {end}")]
    Backwards {
        /// The name of the tensor.
        tensor: String,
        /// Beginning announced.
        begin: u64,
        /// End announced.
        end: u64,
    },
    /// An end beyond the end of the file.
    #[error("tensor `{tensor}`: ends at {end}, the file holds {length} bytes of data (truncated?)")]
    PastEnd {
        /// The name of the tensor.
        tensor: String,
        /// End announced.
        end: u64,
        /// Bytes of data in the file.
        length: u64,
    },
    /// Two tensors share bytes.
    #[error("tensor `{tensor}`: begins at {begin}, where `{other}` has not ended (it ends at {end})")]
    Overlap {
        /// The name of the second.
        tensor: String,
        /// The beginning of the second.
        begin: u64,
        /// The name of the first.
        other: String,
        /// The end of the first.
        end: u64,
    },
    /// Bytes between two tensors, or before the first, that belong to none.
    #[error(
        "tensor `{tensor}`: begins at {begin}, expected {expected}: the bytes between belong to no tensor"
    )]
    Hole {
        /// The name of the tensor.
        tensor: String,
        /// Beginning announced.
        begin: u64,
        /// End of the tensor before it.
        expected: u64,
    },
    /// The bytes do not fit type and shape.
    #[error("tensor `{tensor}`: {found} bytes, expected {expected} for {dtype} of shape {shape}", shape = shorten_list(.shape))]
    Size {
        /// The name of the tensor.
        tensor: String,
        /// Type announced.
        dtype: String,
        /// Shape announced.
        shape: Vec<usize>,
        /// Bytes that type and shape need (`more than a file holds`, `no whole number of`).
        expected: String,
        /// Bytes announced.
        found: u64,
    },
    /// Bytes after the last tensor.
    #[error("{found} bytes of data, the header accounts for {expected}")]
    Trailing {
        /// Bytes that belong to tensors.
        expected: u64,
        /// Bytes of data in the file.
        found: u64,
    },
}
