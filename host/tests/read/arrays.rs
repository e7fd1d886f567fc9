//! Arrays as tables: NPY and NPZ.
//!
//! Meant to be seen: `Order::Fortran` read as C; the bracket depth and the product of the shape not guarded (npyz
//! overflows); `>= EXACT` to `> EXACT`; NaN let through; the rows of two arrays not compared; arrays that are ignored
//! looked at.

use super::{Folder, columns, explaining, ignoring, read, read_with, refused};
use gibbs::data::{Missing, TableOptions, Wanted};
use std::io::{Cursor, Write as _};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// A version 1 NPY file.
pub(super) fn npy(descr: &str, fortran: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    let text = format!("{{'descr': {descr}, 'fortran_order': {fortran}, 'shape': {shape}, }}\n");
    let length = u16::try_from(text.len()).unwrap().to_le_bytes();
    [b"\x93NUMPY\x01\x00", &length[..], text.as_bytes(), data].concat()
}

pub(super) fn bytes<T: Copy, const N: usize>(values: &[T], f: impl Fn(T) -> [u8; N]) -> Vec<u8> {
    values.iter().flat_map(|value| f(*value)).collect()
}

#[test]
fn arrays_are_read_in_both_orders_and_all_types() {
    let expected: Vec<(&str, &[f64])> = vec![("x0", &[1.0, 4.0]), ("x1", &[2.0, 5.0]), ("x2", &[3.0, 6.0])];
    let c = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    let fortran = [1.0, 4.0, 2.0, 5.0, 3.0, 6.0];
    for file in [
        npy("'<f8'", "False", "(2, 3)", &bytes(&c, f64::to_le_bytes)),
        npy("'>f8'", "True", "(2, 3)", &bytes(&fortran, f64::to_be_bytes)),
        npy(
            "'<f4'",
            "False",
            "(2, 3)",
            &bytes(&c, |x| (x as f32).to_le_bytes()),
        ),
        npy(
            "'<i8'",
            "False",
            "(2, 3)",
            &bytes(&c, |x| (x as i64).to_le_bytes()),
        ),
        npy(
            "'>u4'",
            "True",
            "(2, 3)",
            &bytes(&fortran, |x| (x as u32).to_be_bytes()),
        ),
        npy(
            "'<i2'",
            "False",
            "(2, 3)",
            &bytes(&c, |x| (x as i16).to_le_bytes()),
        ),
        npy("'|u1'", "False", "(2, 3)", &bytes(&c, |x| [x as u8])),
        // 1 to 6 in half precision
        npy(
            "'<f2'",
            "False",
            "(2, 3)",
            &bytes(
                &[0x3c00_u16, 0x4000, 0x4200, 0x4400, 0x4500, 0x4600],
                u16::to_le_bytes,
            ),
        ),
    ] {
        assert_eq!(columns(&read("t.npy", file).unwrap()), expected);
    }
    let folder = Folder::new();
    let path = folder.file("t.npy", npy("'|i1'", "False", "(1, 3)", &[1, 2, 255]));
    assert_eq!(
        columns(&ignoring(&["x1"]).read(&path).unwrap().table),
        [("x0", &[1.0][..]), ("x2", &[-1.0])]
    );
    refused(
        ignoring(&["x3"]).read(&path),
        "column_not_found",
        &["`x3`", "`x2`"],
    );
}

#[test]
fn bad_arrays_name_the_place() {
    let data = bytes(&[1.0, f64::NAN, 3.0, 4.0], f64::to_le_bytes);
    let big = bytes(&[1_i64, (1 << 53) + 1], i64::to_le_bytes);
    let deep = format!("{}8{}", "(".repeat(4_000), ")".repeat(4_000));
    for (file, code, place) in [
        (
            npy("'<f8'", "False", "(2, 2)", &data),
            "non_finite",
            "row 0, column `x1`: `NaN`",
        ),
        (
            npy("'<f8'", "True", "(2, 2)", &data),
            "non_finite",
            "row 1, column `x0`: `NaN`",
        ),
        (
            npy("'<f8'", "False", "(2, 2)", &data[1..]),
            "bad_npy",
            "31 bytes of data, the header announces 32",
        ),
        (
            npy("'<f8'", "False", "(1, 2)", &data),
            "bad_npy",
            "32 bytes of data, the header announces 16",
        ),
        (
            npy("'<f8'", "False", "(4,)", &data),
            "bad_npy",
            "1 dimensions, expected 2",
        ),
        (
            npy("'<f8'", "False", "(0, 2)", &[]),
            "bad_npy",
            "[0, 2] holds no data",
        ),
        (
            npy("'<i8'", "False", "(1, 2)", &big),
            "rounded_integer",
            "row 0, column `x1`: 9007199254740992 is beyond 2^53",
        ),
        (npy("'<c16'", "False", "(1, 2)", &data), "bad_npy", "type `<c16`"),
        (npy("'|O'", "False", "(1, 2)", &data), "bad_npy", ""),
        (
            npy("[('a', '<f8')]", "False", "(2, 2)", &data),
            "bad_npy",
            "structured",
        ),
        (
            npy("'<f8'", "False", "(4294967296, 4294967297)", &data),
            "bad_npy",
            "too large",
        ),
        (
            npy("'<f8'", "False", "(0xffffffffffffffff, 2)", &data),
            "bad_npy",
            "no whole number",
        ),
        (
            npy("'<f8'", "False", &deep, &data),
            "bad_npy",
            "nested too deeply",
        ),
        (
            npy("'<f8'", "False", &" ".repeat(20_000), &data),
            "bad_npy",
            "longer than 10000",
        ),
        (
            b"\x93NUMPY\x01\x00\xff\x00{'descr'".to_vec(),
            "bad_npy",
            "truncated in the header",
        ),
        (b"\x93NUMPY\x09\x00".to_vec(), "bad_npy", "unknown version"),
        (b"a,b\n1,2\n".to_vec(), "bad_npy", "magic"),
        (Vec::new(), "bad_npy", "magic"),
    ] {
        refused(read("t.npy", file), code, &["t.npy", place]);
    }
}

#[test] // 0 and 1; what is not looked at may be text or too large for f64
fn bools_and_ignored_integers() {
    let flags = npy("'|b1'", "False", "(2, 2)", &[0, 1, 1, 1]);
    let table = read("t.npy", flags).unwrap();
    assert_eq!(columns(&table), [("x0", &[0.0, 1.0][..]), ("x1", &[1.0, 1.0])]);
    refused(
        read("t.npy", npy("'|b1'", "False", "(1, 2)", &[0, 2])),
        "bad_npy",
        &["bool"],
    );
    let big = bytes(&[1_i64, i64::MAX, 3, 4], i64::to_le_bytes);
    let file = npy("'<i8'", "False", "(2, 2)", &big);
    let reading = read_with("t.npy", file, &ignoring(&["x1"])).unwrap();
    assert_eq!(columns(&reading.table), [("x0", &[1.0, 3.0][..])]);
}

#[test]
fn nan_in_an_array_is_missing_when_it_is_said_to_be() {
    let data = bytes(&[1.0, f64::NAN, 3.0, 4.0], f64::to_le_bytes);
    let file = npy("'<f8'", "False", "(2, 2)", &data);
    let with = |missing| TableOptions {
        missing,
        na: vec!["nan".to_owned()],
        ..TableOptions::default()
    };
    let rows = read_with("t.npy", &file, &with(Missing::DropRows)).unwrap();
    assert_eq!(columns(&rows.table), [("x0", &[3.0][..]), ("x1", &[4.0])]);
    assert_eq!((rows.table.row_numbers, rows.dropped_rows), (vec![2], 1));
    let columns = read_with("t.npy", &file, &with(Missing::DropColumns)).unwrap();
    assert_eq!(columns.dropped_columns, ["x1"]);
    refused(
        read_with("t.npy", &file, &with(Missing::Refuse)),
        "missing_value",
        &["row 0, column `x1`", "--missing drop-rows"],
    );
}

/// An archive of these files.
fn npz(files: &[(&str, Vec<u8>)], method: CompressionMethod) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        let options = SimpleFileOptions::default().compression_method(method);
        writer.start_file(*name, options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn vector(values: &[f64]) -> Vec<u8> {
    let shape = format!("({},)", values.len());
    npy("'<f8'", "False", &shape, &bytes(values, f64::to_le_bytes))
}

fn matrix() -> Vec<u8> {
    let values = bytes(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], f64::to_le_bytes);
    npy("'<f8'", "False", "(3, 2)", &values)
}

#[test] // numpy.savez stores, numpy.savez_compressed deflates
fn archives_of_arrays_are_tables() {
    let files = [("X.npy", matrix()), ("y.npy", vector(&[7.0, 8.0, 9.0]))];
    for method in [CompressionMethod::Stored, CompressionMethod::Deflated] {
        let reading = read_with("t.npz", npz(&files, method), &explaining("y")).unwrap();
        assert_eq!(
            columns(&reading.table),
            [
                ("X0", &[1.0, 3.0, 5.0][..]),
                ("X1", &[2.0, 4.0, 6.0]),
                ("y", &[7.0, 8.0, 9.0])
            ]
        );
        assert_eq!(
            (reading.target, reading.taken_for.as_str()),
            (Some(2), "NPZ, 2 arrays")
        );
    }
    let bare = [("arr_0.npy", matrix())];
    let table = read("t.npz", npz(&bare, CompressionMethod::Stored)).unwrap();
    assert_eq!(table.columns[1].name, "arr_0_1");
}

#[test] // an array of text, of three dimensions, of other rows: no matter until it is read
fn arrays_that_cannot_be_columns_may_be_left_out() {
    let text = npy("'<U1'", "False", "(3,)", &[0; 12]);
    let cube = npy("'|u1'", "False", "(1, 1, 3)", &[0; 3]);
    let files = [
        ("names.npy", text),
        ("X.npy", matrix()),
        ("cube.npy", cube),
        ("X_test.npy", npy("'|u1'", "False", "(1, 2)", &[5, 6])),
        ("y.npy", vector(&[7.0, 8.0, 9.0])),
        ("readme.txt", b"hello".to_vec()),
    ];
    let file = npz(&files, CompressionMethod::Deflated);
    let with = |ignore: &[&str]| read_with("t.npz", &file, &ignoring(ignore));
    let good = with(&["names,cube,X_test", "readme.txt"]).unwrap();
    let names: Vec<&str> = good
        .table
        .columns
        .iter()
        .map(|column| column.name.as_str())
        .collect();
    assert_eq!(names, ["X0", "X1", "y"]);
    refused(
        with(&["cube,X_test,readme.txt"]),
        "bad_tensor",
        &["`names`", "type"],
    );
    refused(
        with(&["names,X_test,readme.txt"]),
        "bad_tensor",
        &["`cube`", "3 dimensions"],
    );
    refused(
        with(&["names,cube,readme.txt"]),
        "lengths_differ",
        &["`X0` has 3 rows, `X_test0` 1", "--ignore"],
    );
    let options = TableOptions {
        only: Some(Wanted {
            needed: vec!["y".to_owned(), "X1".to_owned()],
            optional: vec!["absent".to_owned()],
        }),
        ..TableOptions::default()
    };
    let wanted = read_with("t.npz", &file, &options).unwrap();
    assert_eq!(
        columns(&wanted.table),
        [("X1", &[2.0, 4.0, 6.0][..]), ("y", &[7.0, 8.0, 9.0])]
    );
}

#[test]
fn bad_archives_are_named() {
    let files = [("X.npy", matrix())];
    let good = npz(&files, CompressionMethod::Deflated);
    refused(read("t.npz", &good[..good.len() - 9]), "bad_npz", &["t.npz"]);
    refused(read("t.npz", b"a,b\n1,2\n"), "bad_npz", &["t.npz"]);
    refused(
        read("t.npz", npz(&[], CompressionMethod::Stored)),
        "bad_npz",
        &["no array"],
    );
    let mut broken = good.clone();
    broken[45] ^= 0x55; // inside the deflated data
    assert!(read("t.npz", broken).is_err());
}
