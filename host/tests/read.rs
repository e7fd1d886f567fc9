//! Reading and writing tables: values, refusals with their places, byte mutations.
//!
//! Mutations tried, each turned a test red: `line_of` without the skipped blank lines; `trim` off; the byte
//! order mark kept; separators counted inside quotes; missing values stored as 0; `Order::Fortran` read as
//! C; the bracket depth and the product of the shape not guarded (npyz overflows); `>= EXACT` to `> EXACT`;
//! NaN in arrays let through; index lookup before name lookup; private permissions left on written files;
//! 15 decimals in `write_csv`; a stray file left beside a failed write.

use gibbs::data::{
    DataError, Header, Missing, Reading, Table, TableOptions, ensure_output_dir, write_atomic, write_csv,
};
use proptest::prelude::*;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

#[path = "read/arrays.rs"]
mod arrays;
#[path = "read/laws.rs"]
mod laws;
#[path = "read/options.rs"]
mod options;
mod support;

use arrays::{bytes, npy};

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    }
}

fn read(name: &str, bytes: impl AsRef<[u8]>) -> Result<Table, DataError> {
    read_with(name, bytes, &TableOptions::default()).map(|reading| reading.table)
}

fn read_with(name: &str, bytes: impl AsRef<[u8]>, options: &TableOptions) -> Result<Reading, DataError> {
    options.read(&Folder::new().file(name, bytes))
}

/// The default options with these columns ignored.
fn ignoring(columns: &[&str]) -> TableOptions {
    TableOptions {
        ignore: columns.iter().map(|name| (*name).to_owned()).collect(),
        ..TableOptions::default()
    }
}

/// The default options with this target.
fn explaining(key: &str) -> TableOptions {
    TableOptions {
        target: Some(key.to_owned()),
        ..TableOptions::default()
    }
}

/// The code is as given, and the message holds the file's name and every one of `places`.
#[track_caller]
fn refused<T: std::fmt::Debug>(result: Result<T, DataError>, code: &str, places: &[&str]) {
    let error = result.unwrap_err();
    let message = error.to_string();
    assert_eq!(error.code(), code, "{message}");
    for place in places {
        assert!(message.contains(place), "`{place}` is not in: {message}");
    }
    assert!(message.len() < 600, "too long: {message}");
}

fn columns(table: &Table) -> Vec<(&str, &[f64])> {
    table
        .columns
        .iter()
        .map(|column| (column.name.as_str(), column.values.as_slice()))
        .collect()
}

#[test]
fn diabetes_is_read_as_published() {
    // 442 x 10 and the extremes and means of the data set's published description
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/diabetes.csv");
    let reading = explaining("target").read(&path).unwrap();
    let table = reading.table.clone();
    assert_eq!((table.rows(), table.columns.len()), (442, 11));
    let (others, target) = reading.split_target().unwrap();
    assert_eq!((others.len(), target.name.as_str()), (10, "target"));
    let mean = target.values.iter().sum::<f64>() / 442.0;
    assert!(
        (mean - 152.133_484_162_895_94).abs() < 1e-10,
        "rounding of a sum of 442: {mean}"
    );
    let bmi = table.column("bmi").unwrap().values.iter();
    assert_eq!(
        bmi.fold((f64::MAX, f64::MIN), |(a, b), x| (a.min(*x), b.max(*x))),
        (18.0, 42.2)
    );
}

#[test]
fn separators_quotes_spaces_and_byte_order_mark() {
    let expected: Vec<(&str, &[f64])> = vec![("a", &[1.0, -0.5]), ("b c", &[2.5e3, 4.0])];
    for text in [
        "a,b c\n1,2.5e3\n-.5,4\n",
        "\u{feff}a;b c\r\n1;2500\r\n-0.5;+4",
        "\u{feff}\r\na;b c\n1;2500\n-.5;4\n",
        "a\tb c\r\n\r\n1\t2500\n\n-0.5\t4.0\n\n",
        "\n\"a\" ,\"b c\"\n\"1\", 2500 \n -5e-1,\"4\"\n",
    ] {
        assert_eq!(columns(&read("t.CSV", text).unwrap()), expected, "{text:?}");
    }
    assert_eq!(
        columns(&read("t.tsv", "a,x\tb\n1\t2\n").unwrap()),
        [("a,x", &[1.0][..]), ("b", &[2.0])]
    );
    assert_eq!(
        columns(&read("t.csv", "\"a;b;c\",d\n1,2\n").unwrap()),
        [("a;b;c", &[1.0][..]), ("d", &[2.0])]
    );
}

#[test]
fn bad_text_tables_name_the_place() {
    let long = format!("{}\n1\n", "n".repeat(10_000_000));
    let cell = format!("a,b\n1,{}\n", "z".repeat(10_000_000));
    for (text, code, places) in [
        ("", "empty_file", &["t.csv"][..]),
        ("\u{feff}\n\n", "empty_file", &["t.csv"]),
        ("a,b\n", "header_only", &["t.csv", "2 columns"]),
        (
            "1,2.5\n3,4\n",
            "header_unclear",
            &["line 1", "`1`", "--no-header"],
        ),
        (
            "a,2019\n3,4\n",
            "header_unclear",
            &["line 1", "`2019` (column 2)", "--header"],
        ),
        (
            "a,,c\n1,2,3\n",
            "unnamed_column",
            &["line 1", "column 2", "--ignore 1"],
        ),
        (
            ",a,c\n1,2,3\n",
            "unnamed_column",
            &["line 1", "column 1", "--index-column"],
        ),
        (
            "a,b,a\n1,2,3\n",
            "duplicate_column",
            &["columns 1 and 3", "`a`", "--ignore a`"],
        ),
        (
            "a,b\n1,2\n\n3\n",
            "ragged_row",
            &["line 4", "1 cells", "expected 2"],
        ),
        (
            "a,b\r\n1,2\r\n3,4,5\r\n",
            "ragged_row",
            &["line 3", "3 cells", "expected 2"],
        ),
        (
            "a,b\n1,2\n3,male\n",
            "not_a_number",
            &["line 3", "column `b`", "`male`", "--ignore b"],
        ),
        (
            "a,b\n\"1\n\",2\n3,x y\n",
            "not_a_number",
            &["line 4", "column `b`", "`x y`"],
        ),
        (
            "a;b\n1;2,5\n",
            "decimal_mark",
            &["line 2", "column `b`", "`2,5`", "--decimal ,"],
        ),
        ("a,b\nNaN,1\n", "non_finite", &["line 2", "column `a`", "`NaN`"]),
        ("a,b\n1,-inf\n", "non_finite", &["line 2", "column `b`", "`-inf`"]),
        (
            "a,b\n1,2\n1e999,2\n",
            "non_finite",
            &["line 3", "column `a`", "`1e999`"],
        ),
        (
            "a,b\n1,2\n1,\n",
            "missing_value",
            &["line 3", "column `b`", "--missing"],
        ),
        ("a,b\n1,\t\"x\"\n", "not_a_number", &["line 2", "`\"x\"`"]),
        ("a,b\n1,na\n", "missing_value", &["line 2", "column `b`"]),
        (&cell, "not_a_number", &["line 2", "column `b`", "zzz..."]),
    ] {
        refused(read("t.csv", text), code, &[&["t.csv"], places].concat());
    }
    assert_eq!(read("t.csv", long).unwrap().rows(), 1);
    refused(
        read("t.csv", b"\xff\xfea\0,\0b\0\n\0"),
        "not_utf8",
        &["t.csv", "line 1", "UTF-8"],
    );
    refused(
        read("t.csv", b"a\n1\n\xc3\x28\n"),
        "not_a_number",
        &["line 3", "column `a`"],
    );
}

#[test]
fn bad_paths_are_named() {
    let folder = Folder::new();
    let read = |name: &str| TableOptions::default().read(&folder.0.path().join(name));
    refused(read("none.csv"), "file_not_found", &["none.csv"]);
    refused(read("none.npy"), "file_not_found", &["none.npy"]);
    fs::create_dir(folder.0.path().join("folder.csv")).unwrap();
    refused(read("folder.csv"), "is_directory", &["folder.csv"]);
    refused(read(""), "is_directory", &[folder.0.path().to_str().unwrap()]);
    refused(read("absent"), "file_not_found", &["absent"]);
    for name in ["table.xlsx", "table"] {
        fs::write(folder.0.path().join(name), "a\n1\n").unwrap();
    }
    refused(
        read("table.xlsx"),
        "unknown_extension",
        &["table.xlsx", ".csv, .tsv, .npy and .npz"],
    );
    refused(read("table"), "unknown_extension", &["table"]);
}

#[cfg(unix)]
#[test]
fn a_forbidden_file_is_named() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let path = folder.file("secret.csv", "a\n1\n");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::read(&path).is_ok() {
        let _ = writeln!(
            std::io::stderr(),
            "skipped: a_forbidden_file_is_named: this user may read every file"
        );
        return;
    }
    refused(
        TableOptions::default().read(&path),
        "permission_denied",
        &["secret.csv"],
    );
}

#[test]
fn missing_cells_are_dropped_as_asked() {
    let folder = Folder::new();
    let path = folder.file("t.csv", "a,b,c\n1,2,3\n4,,6\n7,8,N/A\n9,10,11\n");
    let read = |missing, ignore: &[&str]| {
        let options = TableOptions {
            missing,
            ..ignoring(ignore)
        };
        let reading = options.read(&path)?;
        Ok((reading.table.clone(), reading))
    };
    let (table, report) = read(Missing::DropRows, &[]).unwrap();
    assert_eq!(
        columns(&table),
        [("a", &[1.0, 9.0][..]), ("b", &[2.0, 10.0]), ("c", &[3.0, 11.0])]
    );
    assert_eq!((report.dropped_rows, report.dropped_columns.len()), (2, 0));
    assert_eq!(table.row_numbers, [1, 4], "rows keep their numbers");
    let (table, report) = read(Missing::DropColumns, &[]).unwrap();
    assert_eq!(columns(&table), [("a", &[1.0, 4.0, 7.0, 9.0][..])]);
    assert_eq!(
        (report.dropped_rows, report.dropped_columns),
        (0, vec!["b".to_owned(), "c".to_owned()])
    );
    let (table, _) = read(Missing::DropRows, &["b"]).unwrap();
    assert_eq!(
        columns(&table),
        [("a", &[1.0, 4.0, 9.0][..]), ("c", &[3.0, 6.0, 11.0])]
    );
    refused(
        read(Missing::Refuse, &["b"]),
        "missing_value",
        &["line 4", "column `c`"],
    );
    refused(
        read(Missing::Refuse, &["d"]),
        "column_not_found",
        &["`d`", "`a`, `b`, `c`"],
    );
    refused(
        read(Missing::Refuse, &["a", "b", "c"]),
        "nothing_left",
        &["column"],
    );
    let path = folder.file("u.csv", "a,b\n?,1\n2,NA\n");
    let read = |missing| {
        let options = TableOptions {
            missing,
            ..TableOptions::default()
        };
        options.read(&path)
    };
    refused(read(Missing::DropRows), "nothing_left", &["u.csv", "no row"]);
    refused(
        read(Missing::DropColumns),
        "nothing_left",
        &["u.csv", "no column"],
    );
}

#[test] // text, duplicates and NaN may stand in an ignored column; NaN elsewhere is refused under every policy
fn ignored_columns_are_not_looked_at() {
    let folder = Folder::new();
    let path = folder.file("t.csv", "id,x,id\nanna,1,NaN\nbert,2,\n");
    assert_eq!(
        columns(&ignoring(&["id"]).read(&path).unwrap().table),
        [("x", &[1.0, 2.0][..])]
    );
    let path = folder.file("n.csv", "a,b\nnan,\n");
    for missing in [Missing::DropRows, Missing::DropColumns] {
        let options = TableOptions {
            missing,
            ..TableOptions::default()
        };
        refused(options.read(&path), "non_finite", &["line 2", "column `a`"]);
    }
}

#[test]
fn the_target_is_found_by_name_then_by_number() {
    let target = |text: &str, key| {
        let options = TableOptions {
            header: Header::AnyNames,
            ..explaining(key)
        };
        let (others, target) = read_with("t.csv", text, &options)?.split_target()?;
        Ok((others.len(), target.name, target.position))
    };
    for (key, name, position) in [
        ("a", "a", 0),
        ("0", "0", 1),
        ("2", "b", 2),
        ("-1", "b", 2),
        ("-3", "a", 0),
    ] {
        assert_eq!(
            target("a,0,b\n1,2,3\n", key).unwrap(),
            (2, name.to_owned(), position),
            "{key}"
        );
    }
    for key in ["3", "-4", "c", "", "99999999999999999999", "-9223372036854775808"] {
        refused(
            target("a,0,b\n1,2,3\n", key),
            "column_not_found",
            &["`a`, `0`, `b`"],
        );
    }
    refused(target("a\n1\n", "a"), "no_variables", &["`a`"]);
    let wide: Vec<String> = (0..40).map(|i| format!("v{i}")).collect();
    let text = format!("{}\n{}\n", wide.join(","), vec!["1"; 40].join(","));
    refused(target(&text, "w"), "column_not_found", &["`v11` and 28 more"]);
}

// what is written is read back, bit for bit
#[test]
fn csv_round_trip_is_exact() {
    let values = vec![0.1 + 0.2, 1e300, 5e-324, -0.0, 123_456_789.0, f64::MAX];
    let table = Table::of(["a,b", "say \"x\"\nthere", "0"].map(|name| (name, values.clone())));
    let folder = Folder::new();
    let path = folder.0.path().join("t.csv");
    write_csv(&table, &path).unwrap();
    let options = TableOptions {
        header: Header::AnyNames,
        ..TableOptions::default()
    };
    let back = options.read(&path).unwrap().table;
    assert_eq!(back, table);
    assert!(back.columns[0].values[3].is_sign_negative());
    assert!(fs::read_to_string(&path).unwrap().contains("\n123456789,"));
    let ragged = Table::of([("a", values), ("b", vec![1.0])]);
    refused(
        write_csv(&ragged, &path),
        "write_failed",
        &["t.csv", "differ in length"],
    );
}

#[test]
fn writing_replaces_whole_files_and_names_what_fails() {
    let folder = Folder::new();
    let path = folder.file("r.txt", "old");
    write_atomic(&path, b"new").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"new");
    assert_eq!(
        fs::read_dir(folder.0.path()).unwrap().count(),
        1,
        "no temporary file stays"
    );
    let below = path.join("x.csv"); // a file where a folder should be: unwritable for every user
    refused(write_atomic(&below, b""), "write_failed", &["x.csv"]);
    fs::create_dir(folder.0.path().join("d")).unwrap();
    refused(
        write_atomic(&folder.0.path().join("d"), b"x"),
        "write_failed",
        &["/d"],
    );
    assert_eq!(
        fs::read_dir(folder.0.path()).unwrap().count(),
        2,
        "no temporary file stays"
    );

    ensure_output_dir(&folder.0.path().join("new/deep")).unwrap();
    assert_eq!(fs::read_dir(folder.0.path().join("new/deep")).unwrap().count(), 0);
    refused(
        ensure_output_dir(&path),
        "output_not_writable",
        &["r.txt", "--out"],
    );
    refused(
        ensure_output_dir(&path.join("sub")),
        "output_not_writable",
        &["sub"],
    );
}

#[cfg(unix)]
#[test] // a temporary file is private by nature; the result must be as readable as any new file
fn written_files_have_ordinary_permissions() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
    let plain = folder.file("plain", "");
    let atomic = folder.0.path().join("atomic");
    write_atomic(&atomic, b"").unwrap();
    assert_eq!(mode(&atomic), mode(&plain));
}

fn survives(name: &str, bytes: &[u8], missing: Missing) {
    let folder = Folder::new();
    let path = folder.file(name, bytes);
    let options = TableOptions {
        missing,
        ..TableOptions::default()
    };
    if let Ok(Reading { table, .. }) = options.read(&path) {
        let rows = table.rows();
        assert!(rows > 0);
        for column in &table.columns {
            assert_eq!(column.values.len(), rows);
            assert!(column.values.iter().all(|value| value.is_finite()));
        }
    }
}

fn csv_seed() -> Vec<u8> {
    b"\xEF\xBB\xBFage;\"b;mi\";y\r\n1;2.5e3;NA\r\n\"4\";-5;?\n\n7;8;9.25\n".to_vec()
}

fn npy_seed() -> Vec<u8> {
    npy(
        "'<f8'",
        "True",
        "(2, 2)",
        &bytes(&[1.0, 2.5, -3.0, 1e9], f64::to_le_bytes),
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..Default::default() })]

    #[test]
    fn mutated_csv_never_panics(bytes in support::mutated(csv_seed()), policy in 0..3) {
        let missing = [Missing::Refuse, Missing::DropRows, Missing::DropColumns][policy as usize];
        survives("t.csv", &bytes, missing);
    }

    #[test]
    fn mutated_npy_never_panics(bytes in support::mutated(npy_seed())) {
        survives("t.npy", &bytes, Missing::Refuse);
    }
}
