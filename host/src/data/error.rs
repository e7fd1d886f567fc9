//! Why a file was refused: one variant per kind of trouble, one stable code per variant.
//!
//! Every message names the file, then the place (line or row, column, tensor), then what was expected, and
//! where there is a remedy it ends in `hint: ...`. Names and cell texts from the file are shortened, so that
//! a message stays one readable line whatever the file holds.

mod place;

use super::safetensors::fault::Fault;
use std::io;
use std::path::{Path, PathBuf};

/// The beginning of the command that converts a pickle.
const CONVERT: &str = "python -c \"import torch; from safetensors.torch import save_file; save_file({k: v.contiguous() for k, v in torch.load(";

/// What can go wrong between a file and a table, an array or a model.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// No file there.
    #[error("{path}: no such file", path = .path.display())]
    NotFound {
        /// The path of the file that was asked for.
        path: PathBuf,
    },
    /// A directory where a file was expected.
    #[error("{path}: is a directory, a file was expected", path = .path.display())]
    IsDirectory {
        /// The path of the file that was asked for.
        path: PathBuf,
    },
    /// The operating system forbids reading.
    #[error("{path}: permission denied\nhint: make the file readable", path = .path.display())]
    PermissionDenied {
        /// The path of the file that was asked for.
        path: PathBuf,
    },
    /// A named pipe, a socket or a device.
    #[error("{path}: a pipe or a device, a regular file was expected\nhint: `-` reads standard input", path = .path.display())]
    NotRegular {
        /// The path of the file that was asked for.
        path: PathBuf,
    },
    /// More bytes than are read.
    #[error("{path}: longer than the {longest} bytes that are read at most", path = .path.display())]
    TooLarge {
        /// The path of the file that was asked for.
        path: PathBuf,
        /// The limit.
        longest: u64,
    },
    /// What git-lfs leaves in the place of a file.
    #[error("{path}: a git-lfs pointer: the file itself, the weights for instance, was not downloaded\nhint: git lfs pull", path = .path.display())]
    Pointer {
        /// The path of the file that the error is about.
        path: PathBuf,
    },
    /// Options that cannot be met, or not together.
    #[error("{reason}")]
    Option {
        /// What is wrong with it, in words.
        reason: String,
    },
    /// Any other trouble while reading.
    #[error("{path}: cannot be read: {source}", path = .path.display())]
    Read {
        /// The path of the file that was asked for.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// Trouble while writing.
    #[error("{path}: cannot be written: {source}", path = .path.display())]
    Write {
        /// The file that was to be written.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The output directory does not exist and cannot be made, or takes no files.
    #[error("{path}: output directory is not writable: {source}\nhint: choose another with --out", path = .path.display())]
    OutputNotWritable {
        /// The directory asked for.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The extension names no format that is read here.
    #[error("{path}: unknown kind of file\nhint: .csv, .tsv, .npy and .npz are read, each also as .gz, and other text with --separator", path = .path.display())]
    UnknownExtension {
        /// The path of the file that was asked for.
        path: PathBuf,
    },
    /// Nothing in the file.
    #[error("{path}: the file is empty, a header line was expected", path = .path.display())]
    Empty {
        /// The path of the file that the error is about.
        path: PathBuf,
    },
    /// A header and nothing else.
    #[error("{path}: there is a header of {columns} columns but no row of data", path = .path.display())]
    HeaderOnly {
        /// The path of the file that the error is about.
        path: PathBuf,
        /// Cells in the header.
        columns: usize,
    },
    /// The first line may be names or data.
    #[error("{path}: line {line}: `{text}` (column {position}) is a number: it is not clear whether this line holds names or data\nhint: --header if it holds the names of the columns, --no-header if it holds data", path = .path.display())]
    HeaderUnclear {
        /// The path of the file that the error is about.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// Position of the first number, from 1.
        position: usize,
        /// The cell, shortened.
        text: String,
    },
    /// A column without a name.
    #[error("{path}: line {line}: column {position} has no name\nhint: {hint}", path = .path.display())]
    UnnamedColumn {
        /// The path of the file that the error is about.
        path: PathBuf,
        /// Line of the header, from 1.
        line: u64,
        /// Position of the column, from 1.
        position: usize,
        /// What helps.
        hint: String,
    },
    /// Two columns of one name.
    #[error("{path}: columns {first} and {second} are both named `{column}`\nhint: rename one of them, or leave both out with `--ignore {ignore}`", path = .path.display())]
    DuplicateColumn {
        /// The path of the file that the error is about.
        path: PathBuf,
        /// The name.
        column: String,
        /// Position of the first, from 1.
        first: usize,
        /// Position of the second, from 1.
        second: usize,
        /// The name as an argument.
        ignore: String,
    },
    /// A row with more or fewer cells than the header.
    #[error("{path}: line {line}: {found} cells, expected {expected} as in the header", path = .path.display())]
    Ragged {
        /// The path of the file that the error is about.
        path: PathBuf,
        /// Line of the row, from 1.
        line: u64,
        /// Cells in the header.
        expected: usize,
        /// Cells in the row.
        found: usize,
    },
    /// The text is not UTF-8.
    #[error("{path}: line {line}: not UTF-8 text\nhint: save the file as CSV in UTF-8", path = .path.display())]
    Encoding {
        /// The path of the file that the error is about.
        path: PathBuf,
        /// The line of the file, from 1.
        line: u64,
    },
    /// A cell that is not a number.
    #[error("{path}: line {line}, column `{column}`: `{text}` is not a number\nhint: leave the column out with `--ignore {ignore}`, or say `--na` and the text if it means a missing cell", path = .path.display())]
    NotANumber {
        /// The path of the file that the error is about.
        path: PathBuf,
        /// The line of the file, from 1.
        line: u64,
        /// Name of the column.
        column: String,
        /// The cell, shortened.
        text: String,
        /// The column as an argument.
        ignore: String,
    },
    /// A number with the decimal mark that is not in use.
    #[error("{path}: line {line}, column `{column}`: `{text}` has a decimal `{mark}`\nhint: `--decimal {mark}`", path = .path.display())]
    DecimalMark {
        /// The path of the file that the error is about.
        path: PathBuf,
        /// The line of the file, from 1.
        line: u64,
        /// Name of the column.
        column: String,
        /// The cell, shortened.
        text: String,
        /// The mark in the cell.
        mark: char,
    },
    /// A number with a mark between its thousands.
    #[error("{path}: line {line}, column `{column}`: `{text}` looks like a number with `{mark}` between its thousands\nhint: write thousands without a mark{or}", path = .path.display())]
    Thousands {
        /// The path of the file that the error is about.
        path: PathBuf,
        /// The line of the file, from 1.
        line: u64,
        /// Name of the column.
        column: String,
        /// The cell, shortened.
        text: String,
        /// The mark.
        mark: char,
        /// What helps if the mark is another one.
        or: String,
    },
    /// NaN, infinity, or a number beyond the range of f64.
    #[error("{path}: {place}, column `{column}`: `{text}` is not finite\nhint: leave such cells empty, or say `--na NaN` if NaN means a missing cell", path = .path.display())]
    NonFinite {
        /// The path of the file that the error is about.
        path: PathBuf,
        /// `line 7` of a text file (from 1), `row 7` of an array (from 0).
        place: String,
        /// Name of the column.
        column: String,
        /// The cell, shortened.
        text: String,
    },
    /// A missing cell while missing cells are refused.
    #[error("{path}: line {line}, column `{column}`: missing value\nhint: `--missing drop-rows` or `--missing drop-columns` leaves such rows or columns out", path = .path.display())]
    MissingValue {
        /// The path of the file that the error is about.
        path: PathBuf,
        /// The line of the file, from 1.
        line: u64,
        /// Name of the column.
        column: String,
    },
    /// NaN that means a missing entry of an array while missing entries are refused.
    #[error("{path}: {place}, column `{column}`: missing value\nhint: `--missing drop-rows` or `--missing drop-columns` leaves such rows or columns out", path = .path.display())]
    MissingEntry {
        /// The path of the file that the error is about.
        path: PathBuf,
        /// The row, from 0.
        place: String,
        /// Name of the column.
        column: String,
    },
    /// An integer that f64 would round.
    #[error("{path}: {place}, column `{column}`: {text} is beyond 2^53 and would be rounded\nhint: leave the column out with --ignore, or store it as floats", path = .path.display())]
    Rounded {
        /// The path of the file that the error is about.
        path: PathBuf,
        /// The row, from 0.
        place: String,
        /// Name of the column.
        column: String,
        /// The number.
        text: String,
    },
    /// Arrays of different lengths.
    #[error("{path}: `{first}` has {expected} rows, `{second}` {found}\nhint: leave one of them out with --ignore", path = .path.display())]
    Lengths {
        /// The path of the file that the error is about.
        path: PathBuf,
        /// The first column.
        first: String,
        /// Its rows.
        expected: usize,
        /// A later one.
        second: String,
        /// Its rows.
        found: usize,
    },
    /// A column that is needed and would be left out.
    #[error("{path}: {what} `{column}` {reason}", path = .path.display())]
    ColumnLeftOut {
        /// The path of the file that the error is about.
        path: PathBuf,
        /// Name of the column.
        column: String,
        /// `the target` or `the column`.
        what: &'static str,
        /// Why.
        reason: &'static str,
    },
    /// Leaving out missing cells left nothing.
    #[error("{path}: no {what} is left after missing values were dropped", path = .path.display())]
    NothingLeft {
        /// The path of the file that the error is about.
        path: PathBuf,
        /// `row` or `column`.
        what: &'static str,
    },
    /// A name that is no column of the table.
    #[error("no column `{column}`; the columns are {known}{hint}")]
    ColumnNotFound {
        /// The name asked for.
        column: String,
        /// The first names that are there.
        known: String,
        /// The name that is most alike, as a hint; empty when none is.
        hint: String,
    },
    /// The target is the only column.
    #[error("no variables: `{column}` is the only column of the table")]
    NoVariables {
        /// The target.
        column: String,
    },
    /// An NPY file that cannot be taken as a table.
    #[error("{path}: not a usable NPY array: {reason}", path = .path.display())]
    Npy {
        /// The path of the file that the error is about.
        path: PathBuf,
        /// What is wrong with it, in words.
        reason: String,
    },
    /// An NPZ archive that cannot be taken as a table.
    #[error("{path}: not a usable NPZ archive: {reason}", path = .path.display())]
    Archive {
        /// The path of the file that the error is about.
        path: PathBuf,
        /// What is wrong with it, in words.
        reason: String,
    },
    /// A picture that cannot be read or written.
    #[error("{path}: not a usable PNG image: {reason}", path = .path.display())]
    Image {
        /// The path of the file that the error is about.
        path: PathBuf,
        /// What is wrong with it, in words.
        reason: String,
    },
    /// A file that is not safetensors, or is cut short.
    #[error("{path}: not a safetensors file, or truncated: {reason}", path = .path.display())]
    NotSafetensors {
        /// The path of the file that the error is about.
        path: PathBuf,
        /// The message of the parser.
        reason: String,
    },
    /// A safetensors file whose header breaks a rule of the format.
    #[error("{path}: not a usable safetensors file: {fault}", path = .path.display())]
    Safetensors {
        /// The path of the file that the error is about.
        path: PathBuf,
        /// What is wrong.
        fault: Box<Fault>,
    },
    /// A checkpoint in Python's pickle format.
    #[error("{path}: a pickle, which is a program: never read here\nhint: convert it to safetensors: {CONVERT}'{path}', map_location='cpu', weights_only=True).items()}}, '{converted}')\"", path = .path.display(), converted = .converted.display())]
    Pickle {
        /// The path of the file that the error is about.
        path: PathBuf,
        /// Where the converted file would stand.
        converted: PathBuf,
    },
    /// A file that is not one JSON object.
    #[error("{path}: not a JSON object: {reason}", path = .path.display())]
    Json {
        /// The path of the file that the error is about.
        path: PathBuf,
        /// The message of the parser.
        reason: String,
    },
    /// A file of another kind.
    #[error("{path}: holds `{found}`, expected `{expected}`", path = .path.display())]
    WrongKind {
        /// The path of the file that the error is about.
        path: PathBuf,
        /// Kind found (or `no kind`).
        found: String,
        /// Kind expected.
        expected: &'static str,
    },
    /// A version this program does not know.
    #[error("{path}: version `{found}` of `{kind}`, this program reads version {expected}\nhint: fit again, or use the program that wrote the file", path = .path.display())]
    WrongVersion {
        /// The path of the file that the error is about.
        path: PathBuf,
        /// Kind of the file.
        kind: &'static str,
        /// Version found.
        found: String,
        /// Version expected.
        expected: &'static str,
    },
    /// A tensor that is missing, misshapen, or holds what it must not.
    #[error("{path}: tensor `{tensor}`: {reason}", path = .path.display())]
    Tensor {
        /// The path of the file that the error is about.
        path: PathBuf,
        /// Name of the tensor.
        tensor: String,
        /// What is wrong with it, in words.
        reason: String,
    },
    /// A metadata entry that is missing or cannot be what it says.
    #[error("{path}: metadata `{key}`: {reason}", path = .path.display())]
    Metadata {
        /// The path of the file that the error is about.
        path: PathBuf,
        /// Key of the entry.
        key: String,
        /// What is wrong with it, in words.
        reason: String,
    },
    /// A model that breaks its own rules (wrong lengths, values out of range).
    #[error("{origin}: inconsistent model: `{field}`: {reason}")]
    Model {
        /// The file, or `model` for one in memory.
        origin: String,
        /// The field.
        field: &'static str,
        /// What is wrong with it, in words.
        reason: String,
    },
    /// A prediction left the range of f64.
    #[error("row {row}: the prediction is beyond the range of f64\nhint: look for absurd values in that row")]
    Overflow {
        /// Row of the table, from 0.
        row: usize,
    },
    /// A hard prediction from a model whose least-squares refit did not exist.
    #[error(
        "the model holds no least-squares refit (its selected columns are collinear)\nhint: use the soft prediction"
    )]
    NoRefit,
    /// A prefix that cannot start a C name.
    #[error("`{prefix}` is no C name\nhint: letters, digits and `_`, not starting with a digit")]
    BadPrefix {
        /// The prefix asked for.
        prefix: String,
    },
}

impl DataError {
    /// The stable name of the kind, as in the `kind` field of `gibbs.error/1`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "file_not_found",
            Self::IsDirectory { .. } => "is_directory",
            Self::PermissionDenied { .. } => "permission_denied",
            Self::NotRegular { .. } => "not_a_file",
            Self::TooLarge { .. } => "too_large",
            Self::Pointer { .. } => "lfs_pointer",
            Self::Option { .. } => "bad_option",
            Self::Read { .. } => "read_failed",
            Self::Write { .. } => "write_failed",
            Self::OutputNotWritable { .. } => "output_not_writable",
            Self::UnknownExtension { .. } => "unknown_extension",
            Self::Empty { .. } => "empty_file",
            Self::HeaderOnly { .. } => "header_only",
            Self::HeaderUnclear { .. } => "header_unclear",
            Self::UnnamedColumn { .. } => "unnamed_column",
            Self::DuplicateColumn { .. } => "duplicate_column",
            Self::Ragged { .. } => "ragged_row",
            Self::Encoding { .. } => "not_utf8",
            Self::NotANumber { .. } => "not_a_number",
            Self::DecimalMark { .. } => "decimal_mark",
            Self::Thousands { .. } => "thousands_separator",
            Self::NonFinite { .. } => "non_finite",
            Self::MissingValue { .. } | Self::MissingEntry { .. } => "missing_value",
            Self::Rounded { .. } => "rounded_integer",
            Self::Lengths { .. } => "lengths_differ",
            Self::ColumnLeftOut { .. } => "column_left_out",
            Self::NothingLeft { .. } => "nothing_left",
            Self::ColumnNotFound { .. } => "column_not_found",
            Self::NoVariables { .. } => "no_variables",
            Self::Npy { .. } => "bad_npy",
            Self::Archive { .. } => "bad_npz",
            Self::Image { .. } => "bad_image",
            Self::NotSafetensors { .. } => "not_safetensors",
            Self::Safetensors { .. } => "bad_safetensors",
            Self::Pickle { .. } => "pickle",
            Self::Json { .. } => "bad_json",
            Self::WrongKind { .. } => "wrong_kind",
            Self::WrongVersion { .. } => "wrong_version",
            Self::Tensor { .. } => "bad_tensor",
            Self::Metadata { .. } => "bad_metadata",
            Self::Model { .. } => "bad_model",
            Self::Overflow { .. } => "prediction_overflow",
            Self::NoRefit => "no_refit",
            Self::BadPrefix { .. } => "bad_prefix",
        }
    }

    /// True for trouble that arose while writing a result (exit code 1); all else is bad input or usage (2).
    pub fn is_runtime(&self) -> bool {
        matches!(self, Self::Write { .. })
    }

    /// The right variant for a failed read of `path`.
    pub(crate) fn reading(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::NotFound => Self::NotFound { path },
            io::ErrorKind::IsADirectory => Self::IsDirectory { path },
            io::ErrorKind::PermissionDenied => Self::PermissionDenied { path },
            io::ErrorKind::InvalidInput => Self::NotRegular { path },
            _ => Self::Read { path, source },
        }
    }
}
