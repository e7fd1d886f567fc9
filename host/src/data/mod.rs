//! Readers and writers: tables of numbers from CSV, TSV, NPY and NPZ files, tensors from and to safetensors,
//! images from and to PNG.
//!
//! Rules, the same for every reader of a table ([`TableOptions::read`]):
//! * A column is a name and f64 values; all columns of a table have one length. Row order is file order. Every row knows
//!   its number in the file, every column its number and name.
//! * A *key* means a column: its name, else its number in the file from 0, negative from the end. It is looked up among
//!   all columns of the file, before any is left out.
//! * Missing cells of text files are empty, `NA`, `N/A`, `#N/A`, `NULL`, `?`, `.`, and what is said to be one ([`
//!   TableOptions::na`]), in either case of letters. What happens to them is the caller's choice ([`Missing`]); by default they are
//!   refused. Arrays have no missing cells, unless NaN is said to be one.
//! * NaN and infinity, spelled out or stored, are refused otherwise, with row and column.
//! * A column that is ignored, or not wanted, is left out before its cells are looked at: text may stand there.
//! * Where a guess could go wrong in silence there is none: a first line with a number in it, thousands separators.
//! * Only regular files are read, and standard input as `-`; gzip is unpacked ([`Source`]).
//!
//! Map: [`TableOptions`] what the user says; `layout` which column is what; `cell` the number in a cell; `delimited`, [`npy`],
//! `archive` the formats; [`Table`] and [`Reading`] the result. Cost: the file is held in memory once, the table beside it.

mod archive;
mod cell;
mod delimited;
mod error;
pub mod images;
pub(crate) mod json;
mod layout;
pub mod npy;
mod options;
pub(crate) mod pickle;
pub mod safetensors;
mod shorten;
mod source;
mod table;
mod tensor;
pub mod tensors;
mod write;

pub use error::DataError;
pub use options::{Header, Missing, TableOptions, Wanted};
pub(crate) use shorten::{shorten, shorten_list, shorten_name};
pub use source::Source;
pub(crate) use source::read_bytes;
pub use table::{Column, Labels, Optional, Reading, Table};
pub(crate) use write::shortest;
pub use write::{ensure_output_dir, write_atomic, write_csv};
