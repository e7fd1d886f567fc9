//! `NumPy` `.npy` files: arrays of real numbers of any shape, and two-dimensional ones as tables.
//!
//! Taken: bool (0 and 1), f2, f4, f8, i1..i8, u1..u8, either byte order, C or Fortran order. Columns are named `x0`, `x1`,
//! ... An integer beyond 2^53 is refused where it is read, since f64 would round it. The length of the data must be what
//! the header says: a shorter file is truncated, a longer one is something else.
//!
//! `npyz` parses the header by recursive descent and multiplies the shape unchecked: a hostile header could
//! overflow the stack or the product. `guard` refuses such headers first.

use super::layout::{Layout, Role};
use super::shorten::{shorten, shorten_list};
use super::source::read_bytes;
use super::table::Cells;
use super::{DataError, Missing, Reading, TableOptions, write_atomic};
use npyz::{DType, NpyFile, Order, TypeChar, WriterBuilder};
use std::path::Path;

/// An array of numbers: its shape and its entries, last index fastest.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// Length of each dimension.
    pub shape: Vec<usize>,
    /// The entries, as many as the product of the shape.
    pub values: Vec<f64>,
}

/// Reads an array of any shape in C order. NaN and infinity are refused.
///
/// # Errors
/// The file missing or unreadable; `Npy`.
pub fn read_array(path: &Path) -> Result<Array, DataError> {
    array_from_bytes(path, &read_bytes(path)?)
}

/// The array in the bytes of an NPY file; otherwise as [`read_array`]. `path` is for messages.
///
/// # Errors
/// As [`read_array`].
pub fn array_from_bytes(path: &Path, bytes: &[u8]) -> Result<Array, DataError> {
    let refuse = |reason: String| DataError::Npy {
        path: path.to_owned(),
        reason,
    };
    let stored = stored(bytes).map_err(refuse)?;
    if stored.order == Order::Fortran && stored.shape.len() > 1 {
        let reason = "Fortran order\nhint: save numpy.ascontiguousarray(array)".to_owned();
        return Err(refuse(reason));
    }
    let unfit = |value: &f64| !value.is_finite() || (stored.integers && value.abs() >= EXACT);
    match stored.values.iter().position(unfit) {
        Some(index) if stored.values[index].is_finite() => {
            let value = stored.values[index];
            Err(refuse(format!("{value} at entry {index} is beyond 2^53")))
        }
        Some(index) => Err(refuse(format!(
            "entry {index} is {}, expected a finite number",
            stored.values[index]
        ))),
        None => Ok(Array {
            shape: stored.shape,
            values: stored.values,
        }),
    }
}

/// Writes f32 entries (last index fastest) as an array of this shape, whole or not at all.
///
/// # Errors
/// `Npy` when shape and entries do not fit together; `Write`.
pub fn write_array(path: &Path, shape: &[usize], values: &[f32]) -> Result<(), DataError> {
    let failed = |source| DataError::Write {
        path: path.to_owned(),
        source,
    };
    let size = shape
        .iter()
        .try_fold(1_usize, |product, side| product.checked_mul(*side));
    if size != Some(values.len()) {
        return Err(DataError::Npy {
            path: path.to_owned(),
            reason: format!("{} entries for shape {}", values.len(), shorten_list(shape)),
        });
    }
    let shape: Vec<u64> = shape.iter().map(|side| *side as u64).collect();
    let mut bytes = Vec::new();
    let options = npyz::WriteOptions::new().default_dtype().shape(&shape);
    let mut writer = options.writer(&mut bytes).begin_nd().map_err(failed)?;
    writer.extend(values.iter().copied()).map_err(failed)?;
    writer.finish().map_err(failed)?;
    write_atomic(path, &bytes)
}

/// Reads a two-dimensional array as a table.
pub(super) fn parse(path: &Path, bytes: &[u8], options: &TableOptions) -> Result<Reading, DataError> {
    let refuse = |reason: String| DataError::Npy {
        path: path.to_owned(),
        reason,
    };
    let array = stored(bytes).map_err(refuse)?;
    let [_, width] = array.shape[..] else {
        return Err(refuse(format!(
            "{} dimensions, expected 2 (rows, columns)",
            array.shape.len()
        )));
    };
    let columns = (0..width).map(|index| array.column(format!("x{index}"), String::new(), index));
    table(path, &columns.collect::<Vec<_>>(), options, "NPY".to_owned())
}

/// An array as it is stored.
pub(super) struct Stored {
    /// Length of each dimension, none of them zero.
    pub(super) shape: Vec<usize>,
    values: Vec<f64>,
    order: Order,
    /// Whether the file holds integers, which f64 rounds beyond 2^53.
    integers: bool,
}

/// A column of an array, or what stands in its place.
pub(super) struct ArrayColumn<'a> {
    name: String,
    /// The array that it is a part of; empty where there is only one.
    group: String,
    entries: Result<Entries<'a>, String>,
}

/// Every `step`-th of the values, `rows` of them.
struct Entries<'a> {
    values: &'a [f64],
    step: usize,
    rows: usize,
    integers: bool,
}

impl Stored {
    /// Column `index` of an array of two dimensions, or an array of one.
    pub(super) fn column(&self, name: String, group: String, index: usize) -> ArrayColumn<'_> {
        let rows = self.shape.first().copied().unwrap_or(1);
        let width = self.shape.get(1).copied().unwrap_or(1);
        let (start, step) = match self.order {
            Order::C => (index, width),
            Order::Fortran => (index * rows, 1),
        };
        let entries = Ok(Entries {
            values: self.values.get(start..).unwrap_or_default(),
            step,
            rows,
            integers: self.integers,
        });
        ArrayColumn { name, group, entries }
    }
}

impl ArrayColumn<'_> {
    /// Stands for an array that cannot be taken.
    pub(super) fn unusable(name: String, reason: String) -> Self {
        let (group, entries) = (String::new(), Err(reason));
        Self { name, group, entries }
    }
}

impl Entries<'_> {
    fn iter(&self) -> impl Iterator<Item = f64> + '_ {
        self.values.iter().step_by(self.step).take(self.rows).copied()
    }
}

/// Columns of arrays as a table.
pub(super) fn table(
    path: &Path,
    columns: &[ArrayColumn<'_>],
    options: &TableOptions,
    taken_for: String,
) -> Result<Reading, DataError> {
    let (names, groups): (Vec<_>, Vec<_>) = columns
        .iter()
        .map(|column| (column.name.clone(), column.group.clone()))
        .unzip();
    let layout = Layout::new(path, names, &groups, options, 0)?;
    let nan_is_missing = options
        .na
        .iter()
        .any(|text| text.trim().eq_ignore_ascii_case("nan"));
    let mut cells = Cells::of(&layout);
    let mut rows: Option<(usize, &str)> = None;
    let (mut number, mut optional) = (0, 0);
    for (column, role) in columns.iter().zip(&layout.roles) {
        if *role == Role::Skipped {
            continue;
        }
        let entries = column.entries.as_ref().map_err(|reason| DataError::Tensor {
            path: path.to_owned(),
            tensor: shorten(&column.name),
            reason: reason.clone(),
        })?;
        let (expected, first) = *rows.get_or_insert((entries.rows, &column.name));
        if entries.rows != expected {
            return Err(DataError::Lengths {
                path: path.to_owned(),
                first: shorten(first),
                expected,
                second: shorten(&column.name),
                found: entries.rows,
            });
        }
        match role {
            Role::Skipped => {}
            Role::Label => cells.labels.extend(entries.iter().map(|value| value.to_string())),
            Role::Optional => {
                let values = entries
                    .iter()
                    .map(|value| Some(value).filter(|value| value.is_finite()));
                cells.optional[optional] = values.collect();
                optional += 1;
            }
            Role::Number => {
                check(path, &column.name, entries, nan_is_missing, options.missing)?;
                cells.numbers[number] = entries.iter().collect();
                number += 1;
            }
        }
    }
    let any = columns.iter().find_map(|column| column.entries.as_ref().ok());
    cells.rows = rows.map_or_else(|| any.map_or(0, |entries| entries.rows), |(rows, _)| rows);
    cells.finish(path, &layout, options.missing, taken_for)
}

/// Refuses what is no number of a table, with its row.
fn check(
    path: &Path,
    name: &str,
    entries: &Entries<'_>,
    nan_is_missing: bool,
    missing: Missing,
) -> Result<(), DataError> {
    for (row, value) in entries.iter().enumerate() {
        let place = || (path.to_owned(), format!("row {row}"), shorten(name));
        if entries.integers && value.abs() >= EXACT {
            let (path, place, column) = place();
            let text = value.to_string();
            return Err(DataError::Rounded {
                path,
                place,
                column,
                text,
            });
        }
        let is_missing = value.is_nan() && nan_is_missing;
        if value.is_finite() || (is_missing && missing != Missing::Refuse) {
            continue;
        }
        let (path, place, column) = place();
        return Err(if is_missing {
            DataError::MissingEntry { path, place, column }
        } else {
            let text = value.to_string();
            DataError::NonFinite {
                path,
                place,
                column,
                text,
            }
        });
    }
    Ok(())
}

/// 2^53: up to here every integer is an f64.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Reads an array, or says why it cannot be taken.
pub(super) fn stored(bytes: &[u8]) -> Result<Stored, String> {
    guard(bytes).map_err(str::to_owned)?;
    let mut data = bytes;
    let header = npyz::NpyHeader::from_reader(&mut data).map_err(|error| shorten(&error.to_string()))?;
    let DType::Plain(kind) = header.dtype() else {
        return Err("a structured array, expected plain numbers".to_owned());
    };
    let shape: Vec<usize> = header.shape().iter().map(|side| *side as usize).collect();
    if shape.contains(&0) {
        return Err(format!("shape {} holds no data", shorten_list(&shape)));
    }
    let not_taken = || format!("type `{kind}`, expected bool, f2, f4, f8, or integers");
    let size = kind.num_bytes().map(|bytes| bytes as u64).ok_or_else(not_taken)?;
    let expected = header.len().checked_mul(size);
    if expected != Some(data.len() as u64) {
        let expected = expected.map_or("too many".to_owned(), |n| n.to_string());
        return Err(format!(
            "{} bytes of data, the header announces {expected} (truncated?)",
            data.len()
        ));
    }
    let order = header.order();
    let file = NpyFile::with_header(header, data);
    let values = numbers(file, kind.type_char(), size)
        .map_err(|error| shorten(&error))?
        .ok_or_else(not_taken)?;
    let integers = matches!(kind.type_char(), TypeChar::Int | TypeChar::Uint);
    Ok(Stored {
        shape,
        values,
        order,
        integers,
    })
}

/// All entries in file order; `Ok(None)` for a type that is not taken.
fn numbers(file: NpyFile<&[u8]>, kind: TypeChar, size: u64) -> Result<Option<Vec<f64>>, String> {
    fn read<T: npyz::Deserialize>(
        file: NpyFile<&[u8]>,
        f: impl Fn(T) -> f64,
    ) -> Result<Option<Vec<f64>>, String> {
        let values = file.into_vec::<T>().map_err(|error| error.to_string())?;
        Ok(Some(values.into_iter().map(f).collect()))
    }
    match (kind, size) {
        (TypeChar::Bool, 1) => read::<bool>(file, f64::from),
        (TypeChar::Float, 2) => read::<half::f16>(file, f64::from),
        (TypeChar::Float, 4) => read::<f32>(file, f64::from),
        (TypeChar::Float, 8) => read::<f64>(file, |x| x),
        (TypeChar::Int, 1) => read::<i8>(file, f64::from),
        (TypeChar::Int, 2) => read::<i16>(file, f64::from),
        (TypeChar::Int, 4) => read::<i32>(file, f64::from),
        (TypeChar::Int, 8) => read::<i64>(file, |x| x as f64),
        (TypeChar::Uint, 1) => read::<u8>(file, f64::from),
        (TypeChar::Uint, 2) => read::<u16>(file, f64::from),
        (TypeChar::Uint, 4) => read::<u32>(file, f64::from),
        (TypeChar::Uint, 8) => read::<u64>(file, |x| x as f64),
        _ => Ok(None),
    }
}

/// Refuses headers that `npyz` would not survive: longer than the `NumPy` limit of 10,000 bytes, brackets
/// more than 8 deep, or whole numbers whose product leaves u64 (a zero counts as one, so that the order of
/// multiplication does not matter). Words that start with a digit but are no decimal number are refused too.
fn guard(bytes: &[u8]) -> Result<(), &'static str> {
    const LIMIT: usize = 10_000;
    const DEPTH: i32 = 8;
    let rest = bytes
        .strip_prefix(b"\x93NUMPY")
        .ok_or("the magic bytes are missing")?;
    let (length, text) = match rest {
        [1, _, a, b, text @ ..] => (usize::from(u16::from_le_bytes([*a, *b])), text),
        [2 | 3, _, a, b, c, d, text @ ..] => (u32::from_le_bytes([*a, *b, *c, *d]) as usize, text),
        _ => return Err("unknown version, or truncated in the header"),
    };
    if length > LIMIT {
        return Err("the header is longer than 10000 bytes");
    }
    let text = text.get(..length).ok_or("truncated in the header")?;
    let mut depth = 0;
    for byte in text {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth -= 1,
            _ => {}
        }
        if depth > DEPTH {
            return Err("the header is nested too deeply");
        }
    }
    let words = text.split(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_');
    let mut product = 1_u64;
    for word in words.filter(|word| word.first().is_some_and(u8::is_ascii_digit)) {
        let number = std::str::from_utf8(word)
            .ok()
            .and_then(|word| word.parse::<u64>().ok());
        let number = number.ok_or("the header holds something that is no whole number")?;
        product = product
            .checked_mul(number.max(1))
            .ok_or("the shape is too large")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    //! Mutations seen red: Fortran order taken as C, infinity taken.
    use super::*;

    #[test]
    fn arrays_come_back_as_they_were() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npy");
        let values: Vec<f32> = (0..24).map(|k| (k as f32).sin()).collect();
        for shape in [&[24][..], &[2, 12], &[2, 1, 3, 4], &[24, 1, 1, 1]] {
            write_array(&path, shape, &values).unwrap();
            let array = read_array(&path).unwrap();
            assert_eq!(array.shape, shape);
            let same = |(a, b): (&f64, &f32)| *a == f64::from(*b);
            assert!(array.values.iter().zip(&values).all(same) && array.values.len() == 24);
        }
        for wrong in [&[5, 5][..], &[5, 4], &[]] {
            let message = write_array(&path, wrong, &values).unwrap_err().to_string();
            assert!(message.contains("24 entries for shape"), "{message}");
        }
        assert_eq!(read_array(&path).unwrap().shape, [24, 1, 1, 1], "the file stays");
    }

    #[test]
    fn unusable_arrays_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npy");
        let refused = |expected: &str| {
            let message = read_array(&path).unwrap_err().to_string();
            assert!(
                message.contains("a.npy") && message.contains(expected),
                "{message}"
            );
        };
        refused("no such file");
        write_array(&path, &[2], &[1.0, f32::INFINITY]).unwrap();
        refused("entry 1 is inf");
        let mut bytes = Vec::new();
        let options = npyz::WriteOptions::new().default_dtype().shape(&[2, 2]);
        let mut writer = options
            .order(Order::Fortran)
            .writer(&mut bytes)
            .begin_nd()
            .unwrap();
        writer.extend([1_u8, 2, 3, 4]).unwrap();
        writer.finish().unwrap();
        std::fs::write(&path, &bytes).unwrap();
        refused("ascontiguousarray");
        std::fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
        refused("3 bytes of data");
    }
}
