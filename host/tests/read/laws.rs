//! Laws of the readers: permuting, dropping, renaming and adding columns and rows commutes with reading, however the
//! table is written down.
//!
//! Meant to be seen: keys looked up after columns were left out; row numbers counted after rows were left out; the
//! position of a column counted among those that stay; a decimal comma taken for the separator.

use gibbs::data::{Header, Missing, Reading, TableOptions};
use proptest::prelude::*;

/// Names that a reader may stumble over.
const NAMES: [&str; 10] = [
    "a",
    "b c",
    "last, first",
    "d 5\"",
    "semi;colon",
    "x0",
    "größe",
    "\"quoted\"",
    "row",
    "-dash",
];

/// A table as it is meant: names, and rows of cells that may be missing.
#[derive(Clone, Debug)]
struct Meant {
    names: Vec<String>,
    rows: Vec<Vec<Option<f64>>>,
}

/// How it is written down.
#[derive(Clone, Copy, Debug)]
struct Style {
    separator: char,
    line_end: &'static str,
    missing: &'static str,
    comma: bool,
}

fn meant() -> impl Strategy<Value = Meant> {
    let columns = 2..NAMES.len();
    let names = columns.prop_flat_map(|n| proptest::sample::subsequence(NAMES.to_vec(), n).prop_shuffle());
    names.prop_flat_map(|names| {
        let cell = prop_oneof![1 => Just(None), 12 => (-1e6..1e6_f64).prop_map(Some)];
        let row = prop::collection::vec(cell, names.len());
        prop::collection::vec(row, 2..7).prop_map(move |mut rows| {
            // A row and a column without a gap, so that something is left.
            rows[0]
                .iter_mut()
                .for_each(|cell| *cell = Some(cell.unwrap_or(1.0)));
            for row in &mut rows {
                row[0] = Some(row[0].unwrap_or(2.0));
            }
            let names = names.iter().map(|name| (*name).to_owned()).collect();
            Meant { names, rows }
        })
    })
}

fn style() -> impl Strategy<Value = Style> {
    let separator = prop_oneof![Just(','), Just(';'), Just('\t')];
    let line_end = prop_oneof![Just("\n"), Just("\r\n"), Just("\r")];
    let missing = prop_oneof![Just(""), Just("NA"), Just("."), Just("-999")];
    (separator, line_end, missing, any::<bool>()).prop_map(|(separator, line_end, missing, comma)| Style {
        separator,
        line_end,
        missing,
        comma: comma && separator != ',',
    })
}

impl Meant {
    fn written(&self, style: Style) -> String {
        let name = |name: &String| format!("\"{}\"", name.replace('"', "\"\""));
        let cell = |cell: &Option<f64>| match cell {
            Some(value) if style.comma => value.to_string().replace('.', ","),
            Some(value) => value.to_string(),
            // An empty cell alone on a line would be a blank line.
            None => style.missing.to_owned(),
        };
        let separator = style.separator.to_string();
        let mut lines = vec![self.names.iter().map(name).collect::<Vec<_>>().join(&separator)];
        lines.extend(
            self.rows
                .iter()
                .map(|row| row.iter().map(cell).collect::<Vec<_>>().join(&separator)),
        );
        lines.join(style.line_end) + style.line_end
    }

    /// The columns in another order.
    fn permuted(&self, order: &[usize]) -> Self {
        Self {
            names: order.iter().map(|at| self.names[*at].clone()).collect(),
            rows: (self.rows.iter())
                .map(|row| order.iter().map(|at| row[*at]).collect())
                .collect(),
        }
    }

    /// The rows in another order.
    fn with_rows(&self, order: &[usize]) -> Self {
        Self {
            names: self.names.clone(),
            rows: order.iter().map(|at| self.rows[*at].clone()).collect(),
        }
    }

    /// What a reader is to give: columns without a gap, or rows without one.
    fn expected(&self, missing: Missing, ignored: &[usize]) -> Vec<(String, usize, Vec<f64>)> {
        let left: Vec<usize> = (0..self.names.len()).filter(|at| !ignored.contains(at)).collect();
        let whole_row = |row: &&Vec<Option<f64>>| left.iter().all(|at| row[*at].is_some());
        let rows: Vec<&Vec<Option<f64>>> = match missing {
            Missing::DropRows => self.rows.iter().filter(whole_row).collect(),
            _ => self.rows.iter().collect(),
        };
        let column = |at: &usize| {
            let values: Option<Vec<f64>> = rows.iter().map(|row| row[*at]).collect();
            values.map(|values| (self.names[*at].clone(), *at, values))
        };
        left.iter().filter_map(column).collect()
    }
}

fn options(style: Style, missing: Missing) -> TableOptions {
    TableOptions {
        missing,
        decimal: if style.comma { b',' } else { b'.' },
        na: vec!["-999".to_owned()],
        ..TableOptions::default()
    }
}

fn read(meant: &Meant, style: Style, options: &TableOptions) -> Reading {
    let text = meant.written(style);
    options
        .read_text("t.csv", text.as_bytes())
        .unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn columns(reading: &Reading) -> Vec<(String, usize, Vec<f64>)> {
    let columns = reading.table.columns.iter();
    columns
        .map(|column| (column.name.clone(), column.position, column.values.clone()))
        .collect()
}

fn dropping() -> impl Strategy<Value = Missing> {
    prop_oneof![Just(Missing::DropRows), Just(Missing::DropColumns)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..Default::default() })]

    #[test] // and so it commutes with everything that can be done to a table
    fn what_is_read_is_what_is_meant(
        meant in meant(),
        style in style(),
        missing in dropping(),
        ignored in any::<prop::sample::Index>(),
    ) {
        let ignored = 1 + ignored.index(meant.names.len() - 1);
        for ignored in [&[][..], &[ignored]] {
            let options = TableOptions {
                ignore: ignored.iter().map(|at| meant.names[*at].clone()).collect(),
                ..options(style, missing)
            };
            let reading = read(&meant, style, &options);
            prop_assert_eq!(columns(&reading), meant.expected(missing, ignored));
        }
    }

    #[test]
    fn columns_and_rows_may_be_permuted(
        (meant, order, rows) in meant().prop_flat_map(|meant| {
            let order: Vec<usize> = (0..meant.names.len()).collect();
            let rows: Vec<usize> = (0..meant.rows.len()).collect();
            (Just(meant), Just(order).prop_shuffle(), Just(rows).prop_shuffle())
        }),
        style in style(),
        missing in dropping(),
    ) {
        let options = options(style, missing);
        let plain = read(&meant, style, &options);
        let moved = read(&meant.permuted(&order), style, &options);
        for column in &plain.table.columns {
            let twin = moved.table.column(&column.name).unwrap();
            prop_assert_eq!(&twin.values, &column.values);
            prop_assert_eq!(order[twin.position], column.position);
        }
        prop_assert_eq!(moved.table.columns.len(), plain.table.columns.len());
        prop_assert_eq!(&moved.table.row_numbers, &plain.table.row_numbers);

        let stirred = read(&meant.with_rows(&rows), style, &options);
        prop_assert_eq!(stirred.table.rows(), plain.table.rows());
        for (at, number) in stirred.table.row_numbers.iter().enumerate() {
            let before = rows[number - 1] + 1;
            let twin = plain.table.row_numbers.iter().position(|number| *number == before).unwrap();
            for (column, moved) in plain.table.columns.iter().zip(&stirred.table.columns) {
                prop_assert_eq!(column.values[twin], moved.values[at]);
            }
        }
    }

    #[test] // by name and by number, from either end, whatever is left out or added
    fn a_key_means_a_column_of_the_file(
        meant in meant(),
        style in style(),
        missing in dropping(),
        other in any::<prop::sample::Index>(),
    ) {
        let width = meant.names.len();
        let other = 1 + other.index(width - 1);
        for key in ["0".to_owned(), format!("-{width}"), meant.names[0].clone()] {
            let options = TableOptions {
                target: Some(key),
                ignore: vec![meant.names[other].clone()],
                ..options(style, missing)
            };
            let reading = read(&meant, style, &options);
            let target = &reading.table.columns[reading.target.unwrap()];
            prop_assert_eq!((&target.name, target.position), (&meant.names[0], 0));
        }
    }

    #[test]
    fn dropping_is_ignoring_and_a_new_column_changes_no_other(
        meant in meant(),
        style in style(),
        missing in dropping(),
        at in any::<prop::sample::Index>(),
    ) {
        let at = 1 + at.index(meant.names.len() - 1);
        let rest: Vec<usize> = (0..meant.names.len()).filter(|other| *other != at).collect();
        let without = read(&meant.permuted(&rest), style, &options(style, missing));
        let ignoring = TableOptions {
            ignore: vec![meant.names[at].clone()],
            ..options(style, missing)
        };
        let ignored = read(&meant, style, &ignoring);
        let bare = |reading: &Reading| -> Vec<(String, Vec<f64>)> {
            columns(reading).into_iter().map(|(name, _, values)| (name, values)).collect()
        };
        prop_assert_eq!(bare(&ignored), bare(&without));
        prop_assert_eq!(ignored.table.row_numbers, without.table.row_numbers);
    }

    #[test] // names, numbers among them, have no influence on the cells
    fn renaming_changes_names_alone(meant in meant(), style in style(), missing in dropping()) {
        let mut renamed = meant.clone();
        renamed.names = (0..meant.names.len()).map(|at| (2019 + at).to_string()).collect();
        let any = TableOptions { header: Header::AnyNames, ..options(style, missing) };
        let (plain, renamed) = (read(&meant, style, &any), read(&renamed, style, &any));
        for (column, twin) in plain.table.columns.iter().zip(&renamed.table.columns) {
            prop_assert_eq!((column.position, &column.values), (twin.position, &twin.values));
            prop_assert_eq!(&twin.name, &(2019 + twin.position).to_string());
        }
        prop_assert_eq!(plain.table.columns.len(), renamed.table.columns.len());
    }
}
