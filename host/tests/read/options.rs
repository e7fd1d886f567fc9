//! What the user says about a table, and what is found out without being told.
//!
//! Meant to be seen: keys looked up after columns were left out; the parts of `--ignore` before the whole; a tab taken
//! for granted in `.tsv`; quotation marks inside a cell counted; line ends of `\r` not counted.

use super::{Folder, columns, explaining, ignoring, read, read_with, refused};
use gibbs::data::{Header, Missing, TableOptions, Wanted};
use std::io::Write as _;

fn options() -> TableOptions {
    TableOptions::default()
}

#[test] // a number, or the last column, means what stands in the file
fn the_target_is_looked_up_before_anything_is_left_out() {
    let text = "id,a,y,c\n0,3,31,2\n,5,51,2\n2,4,41,3\n";
    for (key, name) in [("2", "y"), ("-1", "c"), ("y", "y"), ("1", "a")] {
        for missing in [Missing::DropRows, Missing::DropColumns] {
            for ignore in [&[][..], &["id"]] {
                let options = TableOptions {
                    missing,
                    ignore: ignoring(ignore).ignore,
                    ..explaining(key)
                };
                let (_, target) = read_with("t.csv", text, &options)
                    .unwrap()
                    .split_target()
                    .unwrap();
                assert_eq!(target.name, name, "{key} {missing:?} {ignore:?}");
            }
        }
    }
    let drop = TableOptions {
        missing: Missing::DropColumns,
        ..explaining("0")
    };
    refused(
        read_with("t.csv", text, &drop),
        "column_left_out",
        &["the target `id` has missing values", "drop-rows"],
    );
    let both = TableOptions {
        ignore: vec!["y".to_owned()],
        ..explaining("2")
    };
    refused(
        read_with("t.csv", text, &both),
        "column_left_out",
        &["`y`", "--ignore"],
    );
    let index = TableOptions {
        index: Some("y".to_owned()),
        ..explaining("2")
    };
    refused(
        read_with("t.csv", text, &index),
        "column_left_out",
        &["`y`", "--index-column"],
    );
}

#[test]
fn a_whole_name_comes_before_its_parts() {
    let text = "\"last, first\",last,first,a\nn,m,k,1\nn,m,k,2\n";
    let left = |ignore: &[&str]| {
        let reading = read_with("t.csv", text, &ignoring(ignore))?;
        Ok(reading
            .table
            .columns
            .iter()
            .map(|column| column.name.clone())
            .collect::<Vec<_>>())
    };
    assert_eq!(left(&["last, first", "last,first"]).unwrap(), ["a"]);
    assert_eq!(left(&["0", "1,-2"]).unwrap(), ["a"], "by number");
    refused(
        left(&["last, first"]),
        "not_a_number",
        &["`last`", "--ignore last`"],
    );
    refused(
        left(&["last,first"]),
        "not_a_number",
        &["--ignore \"last, first\"`"],
    );
    refused(left(&["last,nobody"]), "column_not_found", &["`nobody`"]);
    refused(left(&[","]), "column_not_found", &["`,`"]);
}

#[test] // the hint can be typed
fn hints_name_the_column_in_a_way_that_works() {
    for name in [
        "plain",
        "two words",
        "last, first",
        "-dash",
        "a\"b",
        "$x",
        "\u{7}bell",
        "größe (m)",
    ] {
        let text = format!("\"{}\",b\nn,1\nn,2\n", name.replace('"', "\"\""));
        let error = read("t.csv", &text).unwrap_err().to_string();
        let argument = error
            .split("--ignore ")
            .nth(1)
            .unwrap()
            .split('`')
            .next()
            .unwrap();
        let argument = argument
            .strip_prefix('"')
            .and_then(|a| a.strip_suffix('"'))
            .unwrap_or(argument);
        let left = read_with("t.csv", &text, &ignoring(&[argument])).unwrap();
        assert_eq!(
            columns(&left.table),
            [("b", &[1.0, 2.0][..])],
            "{name}: {argument}"
        );
    }
}

#[test]
fn headers_that_may_be_data_must_be_said() {
    for (text, names) in [
        ("M,3,1,31\nF,1,0,10\n", ["M", "3", "1", "31"]),
        ("2019,2020,2021,y\n1,2,3,4\n", ["2019", "2020", "2021", "y"]),
        ("a,b,c,1e5\n1,2,3,4\n", ["a", "b", "c", "1e5"]),
    ] {
        refused(
            read("t.csv", text),
            "header_unclear",
            &["line 1", "--header", "--no-header"],
        );
        let with = |header| {
            let options = TableOptions {
                header,
                ..ignoring(&["0"])
            };
            read_with("t.csv", text, &options).unwrap().table
        };
        let table = with(Header::AnyNames);
        let found: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
        assert_eq!((found, table.rows()), (names[1..].to_vec(), 1));
        if names[1] == "3" {
            let table = with(Header::Absent);
            let expected: Vec<(&str, &[f64])> =
                vec![("x1", &[3.0, 1.0]), ("x2", &[1.0, 0.0]), ("x3", &[31.0, 10.0])];
            assert_eq!(columns(&table), expected);
            assert_eq!(table.row_numbers, [1, 2]);
        }
    }
    refused(
        read_with(
            "t.csv",
            "1,2\n3\n",
            &TableOptions {
                header: Header::Absent,
                ..options()
            },
        ),
        "ragged_row",
        &["line 2"],
    );
}

#[test]
fn names_of_rows_are_kept_and_are_no_variable() {
    let text = ",a,y\nr1,1,2\n\"r, 2\",,4\nr3,5,6\n";
    for index in ["0", "-3", ""] {
        let options = TableOptions {
            index: Some(index.to_owned()),
            missing: Missing::DropRows,
            ..explaining("-1")
        };
        let reading = read_with("t.csv", text, &options).unwrap();
        assert_eq!(
            columns(&reading.table),
            [("a", &[1.0, 5.0][..]), ("y", &[2.0, 6.0])]
        );
        let labels = reading.table.labels.unwrap();
        assert_eq!(
            (labels.name.as_str(), &labels.values[..]),
            ("", &["r1".to_owned(), "r3".into()][..])
        );
        assert_eq!(reading.table.row_numbers, [1, 3]);
        assert_eq!(reading.table.columns[1].position, 2);
    }
    refused(
        read("t.csv", text),
        "unnamed_column",
        &["column 1", "--index-column"],
    );
}

#[test]
fn separators_are_found_by_what_they_leave() {
    let expected: Vec<(&str, &[f64])> = vec![("d 5\"", &[1.0, 4.0]), ("b", &[2.0, 5.0]), ("y", &[3.0, 6.0])];
    for (name, text, taken_for) in [
        (
            "t.csv",
            "d 5\";b;y\n1;2;3\n4;5;6\n",
            "text, `;` between the cells",
        ),
        (
            "t.tsv",
            "d 5\",b,y\n1,2,3\n4,5,6\n",
            "text, `,` between the cells",
        ),
        (
            "t.csv",
            "d 5\"\tb\ty\r1\t2\t3\r4\t5\t6\r",
            "text, tab between the cells",
        ),
        (
            "t.tsv",
            "d 5\"\tb\ty\n1\t2\t3\n4\t5\t6\n",
            "text, tab between the cells",
        ),
    ] {
        let reading = read_with(name, text, &options()).unwrap();
        assert_eq!(columns(&reading.table), expected, "{text:?}");
        assert_eq!(reading.taken_for, taken_for);
    }
    // More commas than semicolons in the header, but they cut nothing evenly.
    let table = read("t.csv", "\"a,b,c\";d\n1;2\n").unwrap();
    assert_eq!(columns(&table), [("a,b,c", &[1.0][..]), ("d", &[2.0])]);
    let table = read("t.csv", "a, in m, b; d\n1;2\n").unwrap();
    assert_eq!(columns(&table), [("a, in m, b", &[1.0][..]), ("d", &[2.0])]);
    let bar = TableOptions {
        separator: Some(b'|'),
        ..options()
    };
    let expected: Vec<(&str, &[f64])> = vec![("a", &[1.0]), ("b", &[2.0])];
    for name in ["t.csv", "t.txt", "t.dat", "t"] {
        let reading = read_with(name, "a|b\n1|2\n", &bar).unwrap();
        assert_eq!(columns(&reading.table), expected, "{name}");
    }
    refused(read("t.txt", "a|b\n1|2\n"), "unknown_extension", &["--separator"]);
}

#[test]
fn decimal_commas_are_read_when_asked_for() {
    let comma = TableOptions {
        decimal: b',',
        ..options()
    };
    let text = "a;b\n1,5;-2\n,25;3e2\n";
    let table = read_with("t.csv", text, &comma).unwrap().table;
    assert_eq!(columns(&table), [("a", &[1.5, 0.25][..]), ("b", &[-2.0, 300.0])]);
    refused(
        read("t.csv", text),
        "decimal_mark",
        &["line 2", "`1,5`", "`--decimal ,`"],
    );
    refused(
        read_with("t.csv", "a;b\n1.5;2\n", &comma),
        "decimal_mark",
        &["`1.5`", "`--decimal .`"],
    );
    // A decimal comma is never taken for the separator, quoted or not.
    refused(
        read_with("t.csv", "a,b\n\"1,5\",2\n", &comma),
        "not_a_number",
        &["`a,b`"],
    );
    refused(
        read_with(
            "t.csv",
            text,
            &TableOptions {
                separator: Some(b','),
                ..comma.clone()
            },
        ),
        "bad_option",
        &["both the separator and the decimal mark"],
    );
    for separator in [b'a', b'7', b'"', b'\n', 0xc3, b'.'] {
        let options = TableOptions {
            separator: Some(separator),
            ..options()
        };
        assert_eq!(
            read_with("t.csv", "a\n1\n", &options).unwrap_err().code(),
            "bad_option"
        );
    }
}

#[test] // 3,100 read as 3.1 would be wrong by a factor of a thousand
fn thousands_are_named() {
    let thousands = "a,y\n\"3,100\",31\n\"1,101\",10\n";
    refused(
        read("t.csv", thousands),
        "thousands_separator",
        &["line 2", "column `a`", "`3,100`", "thousands", "--decimal ,"],
    );
    let error = read("t.csv", "a;y\n1,234,567;2\n").unwrap_err();
    assert_eq!(error.code(), "thousands_separator");
    assert!(!error.to_string().contains("--decimal"), "{error}");
}

#[test]
fn missing_cells_are_what_is_said_to_be_missing() {
    let text = "a,b\n1,NULL\n2,.\n3,#N/A\n4,5\n6,-999\n7,NaN\n";
    let with = |na: &[&str]| TableOptions {
        missing: Missing::DropRows,
        na: na.iter().map(|text| (*text).to_owned()).collect(),
        ..options()
    };
    let reading = read_with("t.csv", text, &with(&["-999", "nan"])).unwrap();
    assert_eq!(columns(&reading.table), [("a", &[4.0][..]), ("b", &[5.0])]);
    assert_eq!((reading.table.row_numbers, reading.dropped_rows), (vec![4], 5));
    refused(
        read_with("t.csv", text, &with(&[])),
        "non_finite",
        &["line 7", "column `b`", "--na NaN"],
    );
    refused(
        read_with("t.csv", "a\n1\nnone\n", &with(&[])),
        "not_a_number",
        &["`none`", "--na"],
    );
}

#[test] // `\r` alone ends a line, and lines are counted so
fn old_line_ends_are_counted() {
    let text = "a,b\r1,2\r\r3,abc\r";
    refused(read("t.csv", text), "not_a_number", &["line 4", "`abc`"]);
    refused(
        read("t.csv", "a,b\r\n1,2\r\n\r\n3\r\n"),
        "ragged_row",
        &["line 4"],
    );
}

#[test] // a column that is welcome, not needed: what is there counts
fn optional_columns_may_lack_values() {
    let wanted = TableOptions {
        only: Some(Wanted {
            needed: vec!["a".to_owned()],
            optional: vec!["y".to_owned(), "z".to_owned()],
        }),
        missing: Missing::DropRows,
        ..options()
    };
    let reading = read_with("t.csv", "note,y,a\nx,,1\n,2,\nz,tba,3\n,4.5,5\n", &wanted).unwrap();
    assert_eq!(columns(&reading.table), [("a", &[1.0, 3.0, 5.0][..])]);
    assert_eq!(reading.table.row_numbers, [1, 3, 4]);
    assert_eq!(reading.optional("y").unwrap().values, [None, None, Some(4.5)]);
    assert_eq!(reading.optional("z"), None);
    let ignored = TableOptions {
        ignore: vec!["a".to_owned()],
        ..wanted.clone()
    };
    refused(
        read_with("t.csv", "a,y\n1,2\n", &ignored),
        "column_left_out",
        &["the column `a`", "--ignore"],
    );
    let dropped = TableOptions {
        missing: Missing::DropColumns,
        ..wanted
    };
    refused(
        read_with("t.csv", "a,y\n,2\n", &dropped),
        "column_left_out",
        &["the column `a` has missing values"],
    );
}

#[test]
fn packed_tables_are_unpacked() {
    let folder = Folder::new();
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(b"a\tb\n1\t2\n").unwrap();
    let packed = encoder.finish().unwrap();
    for name in ["t.csv.gz", "t.tsv.GZ", "t.gz", "t.csv"] {
        let reading = options().read(&folder.file(name, &packed)).unwrap();
        assert_eq!(
            columns(&reading.table),
            [("a", &[1.0][..]), ("b", &[2.0])],
            "{name}"
        );
        assert!(
            reading.taken_for.ends_with("unpacked from gzip"),
            "{}",
            reading.taken_for
        );
    }
    refused(
        options().read(&folder.file("t.xlsx.gz", &packed)),
        "unknown_extension",
        &["t.xlsx.gz"],
    );
    refused(
        options().read(&folder.file("u.csv", &packed[..packed.len() - 2])),
        "read_failed",
        &["u.csv"],
    );
}
