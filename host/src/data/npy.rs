//! `NumPy` `.npy` files: arrays of real numbers of any shape, and two-dimensional ones as tables.
//!
//! Taken: f4, f8, i1..i8, u1..u8, either byte order, C or Fortran order. Columns are named `x0`, `x1`, ...
//! An integer beyond 2^53 is refused, since f64 would round it. The length of the data must be what the
//! header says: a shorter file is truncated, a longer one is something else.
//!
//! `npyz` parses the header by recursive descent and multiplies the shape unchecked: a hostile header could
//! overflow the stack or the product. `guard` refuses such headers first.

use super::error::{read_bytes, shorten};
use super::{Column, DataError, ReadOptions, Table, kept, write_atomic};
use npyz::{DType, NpyFile, Order, TypeChar, WriterBuilder};
use std::path::Path;

/// An array of numbers: its shape and its entries, last index fastest.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// Length of each dimension.
    pub shape: Vec<usize>,
    /// As many entries as the product of the shape.
    pub values: Vec<f64>,
}

/// Reads an array of any shape in C order. NaN and infinity are refused.
///
/// # Errors
/// The file missing or unreadable; `Npy`.
pub fn read_array(path: &Path) -> Result<Array, DataError> {
    array_from_bytes(path, &read_bytes(path)?)
}

/// As [`read_array`], from bytes; `path` is for messages.
///
/// # Errors
/// As [`read_array`].
pub fn array_from_bytes(path: &Path, bytes: &[u8]) -> Result<Array, DataError> {
    let (array, order) = array(path, bytes)?;
    let refuse = |reason: String| DataError::Npy {
        path: path.to_owned(),
        reason,
    };
    if order == Order::Fortran && array.shape.len() > 1 {
        let reason = "Fortran order\nhint: save numpy.ascontiguousarray(array)".to_owned();
        return Err(refuse(reason));
    }
    match array.values.iter().position(|value| !value.is_finite()) {
        Some(index) => Err(refuse(format!(
            "entry {index} is {}, expected a finite number",
            array.values[index]
        ))),
        None => Ok(array),
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
            reason: format!("{} entries for shape {shape:?}", values.len()),
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
pub(super) fn parse(path: &Path, bytes: &[u8], options: &ReadOptions) -> Result<Table, DataError> {
    let refuse = |reason: String| DataError::Npy {
        path: path.to_owned(),
        reason,
    };
    let (array, order) = array(path, bytes)?;
    let [rows, width] = array.shape[..] else {
        return Err(refuse(format!(
            "{} dimensions, expected 2 (rows, columns)",
            array.shape.len()
        )));
    };
    table(path, &array.values, rows, width, order, options)
}

/// The numbers in file order.
fn array(path: &Path, bytes: &[u8]) -> Result<(Array, Order), DataError> {
    let refuse = |reason: String| DataError::Npy {
        path: path.to_owned(),
        reason,
    };
    guard(bytes).map_err(|reason| refuse(reason.to_owned()))?;
    let mut data = bytes;
    let header =
        npyz::NpyHeader::from_reader(&mut data).map_err(|error| refuse(shorten(&error.to_string())))?;
    let DType::Plain(kind) = header.dtype() else {
        return Err(refuse("a structured array, expected plain numbers".to_owned()));
    };
    let shape: Vec<usize> = header.shape().iter().map(|side| *side as usize).collect();
    if shape.contains(&0) {
        let sides: Vec<String> = shape.iter().map(ToString::to_string).collect();
        return Err(refuse(format!("shape ({}) holds no data", sides.join(", "))));
    }
    let Some(size) = kind.num_bytes().map(|bytes| bytes as u64) else {
        return Err(refuse(format!("type `{kind}`, expected f4, f8, or integers")));
    };
    let expected = header.len().checked_mul(size);
    if expected != Some(data.len() as u64) {
        let expected = expected.map_or("too many".to_owned(), |n| n.to_string());
        return Err(refuse(format!(
            "{} bytes of data, the header announces {expected} (truncated?)",
            data.len()
        )));
    }
    let order = header.order();
    let file = NpyFile::with_header(header, data);
    let values = numbers(file, kind.type_char(), size)
        .map_err(|error| refuse(shorten(&error)))?
        .ok_or_else(|| refuse(format!("type `{kind}`, expected f4, f8, or integers")))?;
    let rounded = |value: &f64| value.abs() >= EXACT;
    if matches!(kind.type_char(), TypeChar::Int | TypeChar::Uint)
        && let Some(index) = values.iter().position(rounded)
    {
        return Err(refuse(format!(
            "{} at entry {index} is beyond 2^53",
            values[index]
        )));
    }
    Ok((Array { shape, values }, order))
}

/// 2^53: up to here every integer is an f64.
const EXACT: f64 = 9_007_199_254_740_992.0;

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

fn table(
    path: &Path,
    values: &[f64],
    rows: usize,
    width: usize,
    order: Order,
    options: &ReadOptions,
) -> Result<Table, DataError> {
    let names: Vec<String> = (0..width).map(|index| format!("x{index}")).collect();
    let keep = kept(&names, options)?;
    let (start, step) = match order {
        Order::C => (1, width),
        Order::Fortran => (rows, 1),
    };
    let mut columns = Vec::with_capacity(width);
    for (index, name) in names.into_iter().enumerate().filter(|(index, _)| keep[*index]) {
        let values: Vec<f64> = values
            .iter()
            .skip(index * start)
            .step_by(step)
            .take(rows)
            .copied()
            .collect();
        if let Some(row) = values.iter().position(|value| !value.is_finite()) {
            let text = values[row].to_string();
            return Err(DataError::NonFinite {
                path: path.to_owned(),
                place: format!("row {row}"),
                column: name,
                text,
            });
        }
        columns.push(Column { name, values });
    }
    if columns.is_empty() {
        return Err(DataError::NothingLeft {
            path: path.to_owned(),
            what: "column",
        });
    }
    Ok(Table { columns })
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
