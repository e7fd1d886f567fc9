//! The number in a cell of a text table.
//!
//! Numbers are what Rust's `f64::from_str` takes, finite: digits, a decimal mark, an optional exponent. What is no
//! number is told apart as far as it can be: a comma may be a decimal mark or stand between thousands, and reading
//! one for the other would be wrong by a factor of a thousand.

/// Texts that mean a missing cell, in either case of letters. None of them can be a number.
const MISSING: [&str; 7] = ["", "NA", "N/A", "#N/A", "NULL", "?", "."];

/// How the cells of a table are written.
pub(super) struct Notation {
    /// `.` or `,`.
    decimal: char,
    /// Further texts that mean a missing cell.
    na: Vec<String>,
}

/// Why a cell is no number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unreadable {
    /// Nothing that looks like a number.
    Text,
    /// NaN, infinity, or beyond the range of f64.
    NonFinite,
    /// A number with this decimal mark, which is not the one in use.
    Decimal(char),
    /// A number with this mark between its thousands; where one mark stands alone it may be the decimal mark too.
    Thousands {
        /// The mark.
        mark: char,
        /// Whether it may be a decimal mark as well.
        unclear: bool,
    },
}

impl Notation {
    pub(super) fn new(decimal: u8, na: &[String]) -> Self {
        let na = na.iter().map(|text| text.trim().to_owned()).collect();
        let decimal = char::from(decimal);
        Self { decimal, na }
    }

    /// The number in a cell, `None` for a missing one.
    pub(super) fn number(&self, cell: &[u8]) -> Result<Option<f64>, Unreadable> {
        let Ok(text) = std::str::from_utf8(cell) else {
            return Err(Unreadable::Text);
        };
        let means = |missing: &str| text.eq_ignore_ascii_case(missing);
        if MISSING.iter().any(|missing| means(missing)) || self.na.iter().any(|missing| means(missing)) {
            return Ok(None);
        }
        match self.parsed(text) {
            Some(value) if value.is_finite() => Ok(Some(value)),
            Some(_) => Err(Unreadable::NonFinite),
            None => Err(self.reason(text)),
        }
    }

    /// Whether this is a finite number.
    pub(super) fn is_number(&self, text: &str) -> bool {
        self.parsed(text).is_some_and(f64::is_finite)
    }

    fn parsed(&self, text: &str) -> Option<f64> {
        match self.decimal {
            '.' => text.parse().ok(),
            _ if text.contains('.') => None,
            mark => text.replacen(mark, ".", 1).parse().ok(),
        }
    }

    /// The mark that would be the decimal one in the other half of the world.
    pub(super) fn other(&self) -> char {
        if self.decimal == '.' { ',' } else { '.' }
    }

    fn reason(&self, text: &str) -> Unreadable {
        let other = self.other();
        for mark in [other, '\'', ' ', '\u{a0}', '\u{202f}', '_'] {
            if let Some(unclear) = self.thousands(text, mark) {
                return Unreadable::Thousands {
                    mark,
                    unclear: unclear && mark == other,
                };
            }
        }
        let foreign = Self {
            decimal: other,
            na: Vec::new(),
        };
        match foreign.parsed(text) {
            Some(_) => Unreadable::Decimal(other),
            None => Unreadable::Text,
        }
    }

    /// Whether `mark` stands between groups of three digits; `Some(true)` where it stands once and no fraction follows.
    fn thousands(&self, text: &str, mark: char) -> Option<bool> {
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
        let (whole, fraction) = match unsigned.split_once(self.decimal) {
            Some((whole, fraction)) => (whole, Some(fraction)),
            None => (unsigned, None),
        };
        let mut groups = whole.split(mark);
        let first = groups.next()?;
        let rest: Vec<&str> = groups.collect();
        let grouped = digits(first) && (1..=3).contains(&first.len()) && !first.starts_with('0');
        let grouped = grouped && rest.iter().all(|group| digits(group) && group.len() == 3);
        let sound = fraction.is_none_or(|fraction| fraction.is_empty() || digits(fraction));
        (grouped && sound && !rest.is_empty()).then(|| rest.len() == 1 && fraction.is_none())
    }
}

#[cfg(test)]
mod tests {
    //! Meant to be seen: a leading zero taken for thousands; a group of two digits; the fraction not looked at; the
    //! decimal mark replaced more than once.
    use super::*;

    fn read(decimal: u8, text: &str) -> Result<Option<f64>, Unreadable> {
        Notation::new(decimal, &["-999".to_owned(), "NaN".to_owned()]).number(text.as_bytes())
    }

    #[test]
    fn numbers_in_either_notation() {
        for (point, comma) in [
            ("2.5", "2,5"),
            ("-.5e-3", "-,5e-3"),
            ("+4", "+4"),
            ("0.125", "0,125"),
        ] {
            let value = point.parse().unwrap();
            assert_eq!(read(b'.', point), Ok(Some(value)));
            assert_eq!(read(b',', comma), Ok(Some(value)));
        }
        for missing in ["", "na", "N/A", "#N/A", "null", "?", ".", "-999", "nan", "NaN"] {
            assert_eq!(read(b'.', missing), Ok(None), "{missing}");
            assert_eq!(read(b',', missing), Ok(None), "{missing}");
        }
        assert_eq!(read(b'.', "-999.0"), Ok(Some(-999.0)), "another text");
    }

    #[test]
    fn what_is_no_number_says_why() {
        let thousands = |mark, unclear| Err(Unreadable::Thousands { mark, unclear });
        for (text, reason) in [
            ("tall", Err(Unreadable::Text)),
            ("1,2,3", Err(Unreadable::Text)),
            ("12,34,567", Err(Unreadable::Text)),
            ("1 2", Err(Unreadable::Text)),
            ("inf", Err(Unreadable::NonFinite)),
            ("1e999", Err(Unreadable::NonFinite)),
            ("2,5", Err(Unreadable::Decimal(','))),
            ("0,125", Err(Unreadable::Decimal(','))),
            ("3100,125", Err(Unreadable::Decimal(','))),
            ("3,100e2", Err(Unreadable::Decimal(','))),
            ("3,100", thousands(',', true)),
            ("-123,456", thousands(',', true)),
            ("3,100.5", thousands(',', false)),
            ("1,234,567", thousands(',', false)),
            ("1'234", thousands('\'', false)),
            ("1 234.5", thousands(' ', false)),
            ("1\u{202f}234", thousands('\u{202f}', false)),
        ] {
            assert_eq!(read(b'.', text), reason, "{text}");
            let swapped: String = text
                .chars()
                .map(|c| match c {
                    ',' => '.',
                    '.' => ',',
                    other => other,
                })
                .collect();
            let swap = |mark| if mark == ',' { '.' } else { mark };
            let reason = match reason {
                Err(Unreadable::Decimal(mark)) => Err(Unreadable::Decimal(swap(mark))),
                Err(Unreadable::Thousands { mark, unclear }) => thousands(swap(mark), unclear),
                other => other,
            };
            assert_eq!(read(b',', &swapped), reason, "{swapped}");
        }
        assert_eq!(
            Notation::new(b'.', &[]).number(b"\xc3\x28"),
            Err(Unreadable::Text)
        );
        assert_eq!(
            Notation::new(b'.', &[]).number(b"NaN"),
            Err(Unreadable::NonFinite)
        );
    }
}
