//! What a verb answers: an ordered list of fields, shown as text or as one JSON object.

use super::number::{significant, with_error};
use super::rows::Rows;
use super::table::Style;
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::fmt::Write as _; // writing to a string cannot fail

/// Significant digits of a number in a line of facts, unless the line asks for others.
const DIGITS: usize = 6;

/// What stands in the text.
#[derive(Clone, Debug)]
enum Shown {
    Nothing,
    Line { label: String, text: String },
    Block(String),
}

#[derive(Clone, Debug)]
struct Field {
    /// Name and value in JSON.
    json: Option<(String, Value)>,
    shown: Shown,
}

/// The result of a verb. Fields come in the text in their order; JSON sorts them by name.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    fields: Vec<Field>,
    timing: Map<String, Value>,
    /// The whole text, where it is not made from the fields.
    alone: Option<String>,
}

/// The line that was added last, to be refined.
#[derive(Debug)]
pub struct Line<'a> {
    field: &'a mut Field,
    number: Option<f64>,
}

impl Line<'_> {
    /// The line has this label in the text, instead of the name.
    #[allow(clippy::return_self_not_must_use)] // the answer has the line already
    pub fn label(self, text: &str) -> Self {
        if let Shown::Line { label, .. } = &mut self.field.shown {
            text.clone_into(label);
        }
        self
    }

    /// The text says this instead of the value.
    #[allow(clippy::return_self_not_must_use)] // the answer has the line already
    pub fn says(self, words: impl Into<String>) -> Self {
        if let Shown::Line { text, .. } = &mut self.field.shown {
            *text = words.into();
        }
        self
    }

    /// The number has this many significant digits in the text.
    #[allow(clippy::return_self_not_must_use)] // the answer has the line already
    pub fn digits(self, digits: usize) -> Self {
        match self.number {
            Some(value) => self.says(significant(value, digits)),
            None => self,
        }
    }

    /// The text names this unit behind the value.
    #[allow(clippy::return_self_not_must_use)] // the answer has the line already
    pub fn unit(self, unit: &str) -> Self {
        if let Shown::Line { text, .. } = &mut self.field.shown {
            text.push(' ');
            text.push_str(unit);
        }
        self
    }
}

impl Answer {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    fn line(&mut self, name: &str, value: Value, text: String) -> Line<'_> {
        let number = value.as_f64();
        self.fields.push(Field {
            json: Some((name.to_owned(), value)),
            shown: Shown::Line {
                label: name.replace('_', " "),
                text,
            },
        });
        let last = self.fields.len() - 1;
        Line {
            field: &mut self.fields[last],
            number,
        }
    }

    /// A number; `None`, NaN and infinities are null in JSON and "none" in the text.
    pub fn number(&mut self, name: &str, value: impl Into<Option<f64>>) -> Line<'_> {
        let value = value.into();
        let text = value.map_or_else(|| "none".to_owned(), |value| significant(value, DIGITS));
        self.line(name, json!(value), text)
    }

    /// A value with its standard error: `NAME` and `NAME_error` in JSON, `value ± error` in the text.
    pub fn measured(&mut self, name: &str, value: f64, error: Option<f64>) -> Line<'_> {
        self.hidden(&format!("{name}_error"), error);
        let text = error.map_or_else(|| significant(value, DIGITS), |error| with_error(value, error));
        self.line(name, json!(value), text)
    }

    /// A whole number.
    pub fn count(&mut self, name: &str, value: impl Into<u64>) -> Line<'_> {
        let value = value.into();
        self.line(name, json!(value), value.to_string())
    }

    /// A text.
    pub fn text(&mut self, name: &str, value: impl Into<String>) -> Line<'_> {
        let value = value.into();
        self.line(name, json!(value), value)
    }

    /// True or false: yes and no in the text.
    pub fn flag(&mut self, name: &str, value: bool) -> Line<'_> {
        let text = if value { "yes" } else { "no" };
        self.line(name, json!(value), text.to_owned())
    }

    /// A value of any shape, as JSON, which the text shows as `text`.
    pub fn value(&mut self, name: &str, value: impl Serialize, text: impl Into<String>) -> Line<'_> {
        self.line(name, json!(value), text.into())
    }

    /// A table, of which the text shows the first rows; JSON has all.
    pub fn rows_first(&mut self, rows: &Rows, most: usize) {
        let mut text = rows.to_text(Style::of_stdout(), most);
        if rows.len() > most {
            let _ = writeln!(text, "and {} more", rows.len() - most);
        }
        self.fields.push(Field {
            json: Some((rows.name().to_owned(), rows.to_json())),
            shown: Shown::Block(text),
        });
    }

    /// A table, whole in the text and in JSON.
    pub fn rows(&mut self, rows: &Rows) {
        self.rows_first(rows, usize::MAX);
    }

    /// A line of the text alone.
    pub fn shown(&mut self, label: &str, text: impl Into<String>) {
        self.fields.push(Field {
            json: None,
            shown: Shown::Line {
                label: label.to_owned(),
                text: text.into(),
            },
        });
    }

    /// A block of the text alone, such as a drawn table; it ends with a newline.
    pub fn block(&mut self, text: impl Into<String>) {
        self.fields.push(Field {
            json: None,
            shown: Shown::Block(text.into()),
        });
    }

    /// The text is this and nothing else: source code, or what another program reads.
    pub fn alone(&mut self, text: impl Into<String>) {
        self.alone = Some(text.into());
    }

    /// A field of JSON alone.
    pub fn hidden(&mut self, name: &str, value: impl Serialize) {
        self.fields.push(Field {
            json: Some((name.to_owned(), json!(value))),
            shown: Shown::Nothing,
        });
    }

    /// A field of `timing`, in JSON alone: what no other run repeats.
    pub fn timing(&mut self, name: &str, value: impl Serialize) {
        self.timing.insert(name.to_owned(), json!(value));
    }

    /// The text: tables, and lines of facts whose values stand below each other.
    pub fn to_text(&self) -> String {
        if let Some(text) = &self.alone {
            return text.clone();
        }
        let labels = self.fields.iter().filter_map(|field| match &field.shown {
            Shown::Line { label, .. } => Some(label.chars().count()),
            _ => None,
        });
        let width = labels.max().unwrap_or(0).max(10);
        let mut text = String::new();
        let mut in_lines = false;
        for field in &self.fields {
            match &field.shown {
                Shown::Nothing => {}
                Shown::Block(block) => {
                    if !text.is_empty() {
                        text.push('\n');
                    }
                    text.push_str(block);
                    in_lines = false;
                }
                Shown::Line { label, text: value } => {
                    if !text.is_empty() && !in_lines {
                        text.push('\n');
                    }
                    let _ = writeln!(text, "{label:<width$} {value}");
                    in_lines = true;
                }
            }
        }
        text
    }

    /// The object, `timing` with the seconds of the whole run among it.
    pub fn to_json(&self, seconds: f64) -> Map<String, Value> {
        let fields = self.fields.iter().filter_map(|field| field.json.clone());
        let mut object: Map<String, Value> = fields.collect();
        let mut timing = self.timing.clone();
        timing.insert("seconds".to_owned(), json!(seconds));
        object.insert("timing".to_owned(), Value::Object(timing));
        object
    }
}

#[cfg(test)]
mod tests;
