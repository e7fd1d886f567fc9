//! A table whose columns are declared once: text for a terminal, an array for JSON, a CSV file.

use super::number::{significant, with_error};
use super::table::{Style, Table};
use serde_json::{Map, Value, json};

/// Significant digits of a number in a text table, unless a column asks for others.
const DIGITS: usize = 6;

/// The cells of a column.
#[derive(Clone, Debug)]
enum Cells {
    Numbers(Vec<Option<f64>>, usize),
    /// Values with their standard errors, where they have one.
    Measured(Vec<(Option<f64>, Option<f64>)>),
    Counts(Vec<u64>),
    Texts(Vec<String>),
    Flags(Vec<bool>),
    /// Lists of names, where there are any.
    Lists(Vec<Option<Vec<String>>>),
}

#[derive(Clone, Debug)]
struct Column {
    name: &'static str,
    title: String,
    cells: Cells,
    /// Not in the text table.
    hidden: bool,
}

/// Rows of a result, by columns.
#[derive(Clone, Debug)]
pub struct Rows {
    name: &'static str,
    length: usize,
    columns: Vec<Column>,
}

impl Rows {
    /// A table without columns of as many rows as there are items; `name` is that of its JSON field and of its file.
    pub fn of<'a, T>(name: &'static str, items: &'a [T]) -> Columns<'a, T> {
        Columns {
            items,
            rows: Self {
                name,
                length: items.len(),
                columns: Vec::new(),
            },
        }
    }

    /// The name of the JSON field and of the file.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The first `most` rows as aligned text.
    pub fn to_text(&self, style: Style, most: usize) -> String {
        let shown: Vec<&Column> = self.columns.iter().filter(|column| !column.hidden).collect();
        let titles: Vec<&str> = shown.iter().map(|column| column.title.as_str()).collect();
        let right: Vec<usize> = (0..shown.len())
            .filter(|i| !matches!(shown[*i].cells, Cells::Texts(_) | Cells::Lists(_)))
            .collect();
        let mut table = Table::new(&titles).right(&right);
        for row in 0..self.length.min(most) {
            table.push(shown.iter().map(|column| column.text(row)));
        }
        table.to_text(style)
    }

    /// An array of objects, one a row.
    pub fn to_json(&self) -> Value {
        let object = |row| {
            let mut object = Map::new();
            for column in &self.columns {
                column.json(row, &mut object);
            }
            Value::Object(object)
        };
        Value::Array((0..self.length).map(object).collect())
    }

    /// The table as CSV: a header, numbers with as many digits as it takes to read the same f64 back.
    ///
    /// # Errors
    /// What the writer reports.
    pub fn to_csv(&self) -> Result<Vec<u8>, csv::Error> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(self.columns.iter().flat_map(Column::names))?;
        for row in 0..self.length {
            writer.write_record(self.columns.iter().flat_map(|column| column.csv(row)))?;
        }
        writer.into_inner().map_err(|error| error.into_error().into())
    }
}

impl Column {
    fn names(&self) -> Vec<String> {
        match self.cells {
            Cells::Measured(_) => vec![self.name.to_owned(), format!("{}_error", self.name)],
            _ => vec![self.name.to_owned()],
        }
    }

    fn text(&self, row: usize) -> String {
        match &self.cells {
            Cells::Numbers(values, digits) => values[row].map_or(String::new(), |x| significant(x, *digits)),
            Cells::Measured(values) => match values[row] {
                (Some(value), Some(error)) => with_error(value, error),
                (Some(value), None) => significant(value, DIGITS),
                (None, _) => String::new(),
            },
            Cells::Counts(values) => values[row].to_string(),
            Cells::Texts(values) => values[row].clone(),
            Cells::Flags(values) => if values[row] { "yes" } else { "no" }.to_owned(),
            Cells::Lists(values) => match &values[row] {
                None => String::new(),
                Some(names) if names.is_empty() => "-".to_owned(),
                Some(names) => first_of(names),
            },
        }
    }

    fn json(&self, row: usize, object: &mut Map<String, Value>) {
        let value = match &self.cells {
            Cells::Numbers(values, _) => json!(values[row]),
            Cells::Measured(values) => {
                object.insert(format!("{}_error", self.name), json!(values[row].1));
                json!(values[row].0)
            }
            Cells::Counts(values) => json!(values[row]),
            Cells::Texts(values) => json!(values[row]),
            Cells::Flags(values) => json!(values[row]),
            Cells::Lists(values) => json!(values[row]),
        };
        object.insert(self.name.to_owned(), value);
    }

    fn csv(&self, row: usize) -> Vec<String> {
        let number = |value: Option<f64>| value.map_or(String::new(), crate::data::shortest);
        match &self.cells {
            Cells::Numbers(values, _) => vec![number(values[row])],
            Cells::Measured(values) => vec![number(values[row].0), number(values[row].1)],
            Cells::Counts(values) => vec![values[row].to_string()],
            Cells::Texts(values) => vec![values[row].clone()],
            Cells::Flags(values) => vec![values[row].to_string()],
            // As JSON: a name may hold any separator.
            Cells::Lists(values) => {
                vec![
                    values[row]
                        .as_ref()
                        .map_or(String::new(), |names| json!(names).to_string()),
                ]
            }
        }
    }
}

/// The first few of many names.
fn first_of(names: &[String]) -> String {
    const SHOWN: usize = 8;
    let shown: Vec<String> = names
        .iter()
        .take(SHOWN)
        .map(|name| crate::data::shorten(name))
        .collect();
    match names.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        rest => format!("{} and {rest} more", shown.join(", ")),
    }
}

/// Adds columns to [`Rows`], each from a function of the item.
#[derive(Debug)]
pub struct Columns<'a, T> {
    items: &'a [T],
    rows: Rows,
}

impl<T> Columns<'_, T> {
    fn column(mut self, name: &'static str, cells: Cells) -> Self {
        self.rows.columns.push(Column {
            name,
            title: name.replace('_', " "),
            cells,
            hidden: false,
        });
        self
    }

    fn last(mut self, change: impl FnOnce(&mut Column)) -> Self {
        if let Some(column) = self.rows.columns.last_mut() {
            change(column);
        }
        self
    }

    /// A column of numbers; `None`, NaN and infinities are null in JSON.
    #[must_use]
    pub fn number<N: Into<Option<f64>>>(self, name: &'static str, value: impl Fn(&T) -> N) -> Self {
        let cells = self.items.iter().map(|item| value(item).into()).collect();
        self.column(name, Cells::Numbers(cells, DIGITS))
    }

    /// A column of values with standard errors: `NAME` and `NAME_error` in JSON and CSV, `value ± error` in text.
    #[must_use]
    pub fn measured<N: Into<Option<f64>>>(
        self,
        name: &'static str,
        value: impl Fn(&T) -> (N, Option<f64>),
    ) -> Self {
        let pair = |item: &T| {
            let (value, error) = value(item);
            (value.into(), error)
        };
        let cells = self.items.iter().map(pair).collect();
        self.column(name, Cells::Measured(cells))
    }

    /// A column of whole numbers.
    #[must_use]
    pub fn count<N: Into<u64>>(self, name: &'static str, value: impl Fn(&T) -> N) -> Self {
        let cells = self.items.iter().map(|item| value(item).into()).collect();
        self.column(name, Cells::Counts(cells))
    }

    /// A column of texts.
    #[must_use]
    pub fn text<S: Into<String>>(self, name: &'static str, value: impl Fn(&T) -> S) -> Self {
        let cells = self.items.iter().map(|item| value(item).into()).collect();
        self.column(name, Cells::Texts(cells))
    }

    /// A column of true and false: yes and no in text.
    #[must_use]
    pub fn flag(self, name: &'static str, value: impl Fn(&T) -> bool) -> Self {
        let cells = self.items.iter().map(value).collect();
        self.column(name, Cells::Flags(cells))
    }

    /// A column of lists of names, where there are any: the first few in text.
    #[must_use]
    pub fn list(self, name: &'static str, value: impl Fn(&T) -> Option<Vec<String>>) -> Self {
        let cells = self.items.iter().map(value).collect();
        self.column(name, Cells::Lists(cells))
    }

    /// The last column has this title in the text table, instead of its name.
    #[must_use]
    pub fn titled(self, title: &str) -> Self {
        self.last(|column| title.clone_into(&mut column.title))
    }

    /// The last column, of numbers, has this many significant digits in the text table.
    #[must_use]
    pub fn digits(self, digits: usize) -> Self {
        self.last(|column| {
            if let Cells::Numbers(_, shown) = &mut column.cells {
                *shown = digits;
            }
        })
    }

    /// The last column is not in the text table.
    #[must_use]
    pub fn hidden(self) -> Self {
        self.last(|column| column.hidden = true)
    }

    /// The table.
    pub fn done(self) -> Rows {
        self.rows
    }
}
