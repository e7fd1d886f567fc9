//! Tables of numbers that know where each row and column stood in the file.

use super::layout::{Layout, Role};
use super::{DataError, Missing, shorten};
use std::path::Path;

/// A named column of numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// The name in the header, or `x0`, `x1`, ... for what has no names.
    pub name: String,
    /// Its number in the file, from 0.
    pub position: usize,
    /// One value per row.
    pub values: Vec<f64>,
}

/// The names of the rows, as they stand in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Labels {
    /// Name of the column that holds them; may be empty.
    pub name: String,
    /// One per row.
    pub values: Vec<String>,
}

/// Columns of one length.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// The columns in file order.
    pub columns: Vec<Column>,
    /// The number of each row among the rows of data in the file, from 1.
    pub row_numbers: Vec<usize>,
    /// The names of the rows, where a column holds them.
    pub labels: Option<Labels>,
}

impl Table {
    /// A table of these columns, numbered in this order; rows count from 1.
    pub fn of<N: Into<String>>(columns: impl IntoIterator<Item = (N, Vec<f64>)>) -> Self {
        let column = |(position, (name, values)): (usize, (N, Vec<f64>))| Column {
            name: name.into(),
            position,
            values,
        };
        let columns: Vec<Column> = columns.into_iter().enumerate().map(column).collect();
        let rows = columns.first().map_or(0, |column| column.values.len());
        Self {
            columns,
            row_numbers: (1..=rows).collect(),
            labels: None,
        }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.row_numbers.len()
    }

    /// The column of this name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// The error for a name that is not here, with the first names that are.
    pub(crate) fn not_found(&self, key: &str) -> DataError {
        super::layout::not_found(key, self.columns.iter().map(|column| column.name.as_str()))
    }
}

/// A column that may lack values: see [`super::Wanted::optional`].
#[derive(Clone, Debug, PartialEq)]
pub struct Optional {
    /// Its name.
    pub name: String,
    /// Its number in the file, from 0.
    pub position: usize,
    /// One entry per row; none where the cell is missing or no finite number.
    pub values: Vec<Option<f64>>,
}

/// A table as it was read, and what was done on the way.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// The numbers.
    pub table: Table,
    /// Where the target stands among the columns of the table, if one was asked for.
    pub target: Option<usize>,
    /// Optional columns that were there.
    pub optional: Vec<Optional>,
    /// Number of rows left out because of missing cells.
    pub dropped_rows: usize,
    /// Names of columns left out because of missing cells.
    pub dropped_columns: Vec<String>,
    /// What the file was taken for, in words.
    pub taken_for: String,
}

impl Reading {
    /// The variables, and the target.
    ///
    /// # Errors
    /// `NoVariables` when the target stands alone; `Option` when no target was asked for.
    pub fn split_target(self) -> Result<(Vec<Column>, Column), DataError> {
        let position = self.target.ok_or_else(|| DataError::Option {
            reason: "no target was asked for".to_owned(),
        })?;
        let mut others = self.table.columns;
        let target = others.remove(position);
        if others.is_empty() {
            return Err(DataError::NoVariables {
                column: shorten(&target.name),
            });
        }
        Ok((others, target))
    }

    /// The optional column of this name.
    pub fn optional(&self, name: &str) -> Option<&Optional> {
        self.optional.iter().find(|column| column.name == name)
    }
}

/// The cells of a file, before missing ones are dealt with. The lists follow the order of the file.
pub(super) struct Cells {
    /// Numbers of the columns that are numbers; NaN is a missing cell.
    pub(super) numbers: Vec<Vec<f64>>,
    /// Entries of the optional columns.
    pub(super) optional: Vec<Vec<Option<f64>>>,
    /// Names of the rows.
    pub(super) labels: Vec<String>,
    /// Rows in the file.
    pub(super) rows: usize,
}

impl Cells {
    /// Room for the columns of this layout.
    pub(super) fn of(layout: &Layout) -> Self {
        Self {
            numbers: vec![Vec::new(); layout.of(Role::Number).count()],
            optional: vec![Vec::new(); layout.of(Role::Optional).count()],
            labels: Vec::new(),
            rows: 0,
        }
    }

    /// Leaves out rows or columns with missing cells, as asked.
    ///
    /// # Errors
    /// `ColumnLeftOut` for a column that is needed; `NothingLeft`.
    pub(super) fn finish(
        mut self,
        path: &Path,
        layout: &Layout,
        missing: Missing,
        taken_for: String,
    ) -> Result<Reading, DataError> {
        let mut row_numbers: Vec<usize> = (1..=self.rows).collect();
        let mut dropped_columns = Vec::new();
        if missing == Missing::DropRows {
            let whole: Vec<bool> = (0..self.rows)
                .map(|row| self.numbers.iter().all(|column| !column[row].is_nan()))
                .collect();
            self.numbers.iter_mut().for_each(|column| keep(column, &whole));
            self.optional.iter_mut().for_each(|column| keep(column, &whole));
            keep(&mut self.labels, &whole);
            keep(&mut row_numbers, &whole);
        }
        let mut columns = Vec::with_capacity(self.numbers.len());
        let mut target = None;
        for (values, position) in self.numbers.into_iter().zip(layout.of(Role::Number)) {
            let name = layout.names[position].clone();
            if values.iter().any(|value| value.is_nan()) {
                if layout.is_needed(position) {
                    let reason = "has missing values and would be left out\nhint: --missing drop-rows";
                    return Err(layout.left_out(path, position, reason));
                }
                dropped_columns.push(name);
                continue;
            }
            if layout.target == Some(position) {
                target = Some(columns.len());
            }
            columns.push(Column {
                name,
                position,
                values,
            });
        }
        let nothing = |what| DataError::NothingLeft {
            path: path.to_owned(),
            what,
        };
        if columns.is_empty() && !layout.may_be_empty {
            return Err(nothing("column"));
        }
        if row_numbers.is_empty() {
            return Err(nothing("row"));
        }
        let optional = self.optional.into_iter().zip(layout.of(Role::Optional));
        let optional = optional.map(|(values, position)| Optional {
            name: layout.names[position].clone(),
            position,
            values,
        });
        let labels = layout.of(Role::Label).next().map(|position| Labels {
            name: layout.names[position].clone(),
            values: self.labels,
        });
        Ok(Reading {
            optional: optional.collect(),
            dropped_rows: self.rows - row_numbers.len(),
            table: Table {
                columns,
                row_numbers,
                labels,
            },
            target,
            dropped_columns,
            taken_for,
        })
    }
}

/// Keeps the entries whose flag is set.
fn keep<T>(entries: &mut Vec<T>, flags: &[bool]) {
    let mut flags = flags.iter();
    entries.retain(|_| flags.next().is_none_or(|flag| *flag));
}
