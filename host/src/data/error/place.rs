//! The place that an error names, for readers that are programs.

use super::DataError;
use std::path::Path;

impl DataError {
    /// The file that the message names.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::NotFound { path }
            | Self::IsDirectory { path }
            | Self::PermissionDenied { path }
            | Self::NotRegular { path }
            | Self::TooLarge { path, .. }
            | Self::Pointer { path }
            | Self::Read { path, .. }
            | Self::Write { path, .. }
            | Self::OutputNotWritable { path, .. }
            | Self::UnknownExtension { path }
            | Self::Empty { path }
            | Self::HeaderOnly { path, .. }
            | Self::HeaderUnclear { path, .. }
            | Self::UnnamedColumn { path, .. }
            | Self::DuplicateColumn { path, .. }
            | Self::Ragged { path, .. }
            | Self::Encoding { path, .. }
            | Self::NotANumber { path, .. }
            | Self::DecimalMark { path, .. }
            | Self::Thousands { path, .. }
            | Self::NonFinite { path, .. }
            | Self::MissingValue { path, .. }
            | Self::MissingEntry { path, .. }
            | Self::Rounded { path, .. }
            | Self::Lengths { path, .. }
            | Self::ColumnLeftOut { path, .. }
            | Self::NothingLeft { path, .. }
            | Self::Npy { path, .. }
            | Self::Archive { path, .. }
            | Self::Image { path, .. }
            | Self::NotSafetensors { path, .. }
            | Self::Safetensors { path, .. }
            | Self::Pickle { path, .. }
            | Self::Json { path, .. }
            | Self::WrongKind { path, .. }
            | Self::WrongVersion { path, .. }
            | Self::Tensor { path, .. }
            | Self::Metadata { path, .. } => Some(path),
            Self::Option { .. }
            | Self::ColumnNotFound { .. }
            | Self::NoVariables { .. }
            | Self::Model { .. }
            | Self::Overflow { .. }
            | Self::NoRefit
            | Self::BadPrefix { .. } => None,
        }
    }

    /// The line of the file, from 1, that the message names.
    pub fn line(&self) -> Option<u64> {
        match self {
            Self::HeaderUnclear { line, .. }
            | Self::UnnamedColumn { line, .. }
            | Self::Ragged { line, .. }
            | Self::Encoding { line, .. }
            | Self::NotANumber { line, .. }
            | Self::DecimalMark { line, .. }
            | Self::Thousands { line, .. }
            | Self::MissingValue { line, .. } => Some(*line),
            Self::NonFinite { place, .. } => place.strip_prefix("line ")?.parse().ok(),
            _ => None,
        }
    }

    /// The column that the message names.
    pub fn column(&self) -> Option<&str> {
        match self {
            Self::DuplicateColumn { column, .. }
            | Self::NotANumber { column, .. }
            | Self::DecimalMark { column, .. }
            | Self::Thousands { column, .. }
            | Self::MissingEntry { column, .. }
            | Self::Rounded { column, .. }
            | Self::ColumnLeftOut { column, .. }
            | Self::NonFinite { column, .. }
            | Self::MissingValue { column, .. }
            | Self::ColumnNotFound { column, .. }
            | Self::NoVariables { column } => Some(column),
            _ => None,
        }
    }
}
