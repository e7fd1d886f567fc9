//! Each rejection of the header by a file written by hand.
//!
//! Mutations seen red: the bound on the header's length off by one; a space before the `{` let through; a
//! second entry of one name let through, also in the metadata; each of the five layout checks removed or off
//! by one; sorting by the beginning alone; a product that wraps; the size of one type not compared; the first
//! bytes of a pickle not looked at.

use super::*;

/// The fault of a file; the message names the file.
#[track_caller]
fn fault(bytes: &[u8]) -> Fault {
    let error = parse(bytes).unwrap_err();
    assert!(error.to_string().starts_with("x.safetensors: "), "{error}");
    assert_eq!(error.path(), Some(Path::new("x.safetensors")));
    assert_eq!(error.code(), "bad_safetensors");
    match error {
        DataError::Safetensors { fault, .. } => *fault,
        other => panic!("{other}"),
    }
}

/// Two tensors, of 8 and of 4 bytes.
fn pair(first: &str, second: &str) -> Vec<u8> {
    let header = format!(
        r#"{{"a":{{"dtype":"F32","shape":[2],"data_offsets":{first}}},"b":{{"dtype":"F32","shape":[1],"data_offsets":{second}}}}}"#
    );
    file(&header, &[0; 12])
}

fn one(dtype: &str, shape: &str, offsets: &str, data: usize) -> Vec<u8> {
    let header = format!(r#"{{"a":{{"dtype":{dtype},"shape":{shape},"data_offsets":{offsets}}}}}"#);
    file(&header, &vec![0; data])
}

#[test]
fn well_formed_files_are_taken() {
    for good in [
        file("{}", b""),
        file("{}   ", b""),
        file("{ } \n", b""),
        file(r#"{"__metadata__":{}}"#, b""),
        pair("[0,8]", "[8,12]"),
        pair("[4,12]", "[0,4]"),
        one(r#""F32""#, "[]", "[0,4]", 4),
        one(r#""F32""#, "[3,0]", "[0,0]", 0),
        one(r#""BOOL""#, "[3]", "[0,3]", 3),
        one(r#""F4""#, "[2]", "[0,1]", 1),
    ] {
        parse(&good).unwrap();
    }
    // An empty tensor between two others, whatever its name.
    for name in ["0", "z"] {
        let header = format!(
            r#"{{"a":{{"dtype":"U8","shape":[1],"data_offsets":[0,1]}},"b":{{"dtype":"U8","shape":[1],"data_offsets":[1,2]}},"{name}":{{"dtype":"U8","shape":[0],"data_offsets":[1,1]}}}}"#
        );
        assert_eq!(parse(&file(&header, &[1, 2])).unwrap().entries().len(), 3);
    }
}

#[test]
fn the_length_of_the_header() {
    assert_eq!(fault(b""), Fault::Short { length: 0 });
    assert_eq!(fault(&[2, 0, 0, 0, 0, 0, 0]), Fault::Short { length: 7 });
    let announce = |length: u64| [&length.to_le_bytes()[..], b"{}"].concat();
    assert_eq!(fault(&announce(3)), Fault::HeaderPastEnd { found: 3, rest: 2 });
    let longest = 16_777_216;
    let at_most = Fault::HeaderPastEnd {
        found: longest,
        rest: 2,
    };
    assert_eq!(fault(&announce(longest)), at_most);
    for found in [longest + 1, u64::MAX] {
        assert_eq!(fault(&announce(found)), Fault::HeaderTooLong { found, longest });
    }
    // 80 MB of white space, all there: not looked at
    let long = [&80_000_000_u64.to_le_bytes()[..], b"{", &vec![b' '; 80_000_000]].concat();
    assert!(matches!(
        fault(&long),
        Fault::HeaderTooLong {
            found: 80_000_000,
            ..
        }
    ));
    assert!(matches!(fault(&announce(0)), Fault::Json { .. }));
}

#[test]
fn the_text_of_the_header() {
    for first in [" {}", "[]", "\u{feff}{}", "\n{}"] {
        let found = first.as_bytes()[0];
        assert_eq!(fault(&file(first, b"")), Fault::FirstByte { found }, "{first}");
    }
    let mut bytes = file(r#"{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}"#, b"");
    bytes[10] = 0xff;
    assert_eq!(fault(&bytes), Fault::Encoding { position: 2 });
    for text in ["{", "{}}", "{} x", "{,}"] {
        assert!(matches!(fault(&file(text, b"")), Fault::Json { .. }), "{text}");
    }
    assert!(matches!(fault(&file("{\"a\"}", b"")), Fault::Entry { .. }));
    // Nested so deeply that a recursive reader would overflow its stack.
    let deep = format!(
        r#"{{"a":{{"dtype":"U8","shape":[0],"data_offsets":[0,0],"x":{}"#,
        "[".repeat(1 << 20)
    );
    assert!(matches!(fault(&file(&deep, b"")), Fault::Entry { .. }));
}

#[test]
fn names_that_stand_twice() {
    let entry = r#"{"dtype":"U8","shape":[0],"data_offsets":[0,0]}"#;
    let twice = Fault::DuplicateName { name: "a".to_owned() };
    // Also when the second spells its name in another way.
    for second in ["a", "\\u0061"] {
        let header = format!(r#"{{"a":{entry},"b":{entry},"{second}":{entry}}}"#);
        assert_eq!(fault(&file(&header, b"")), twice);
    }
    let header = r#"{"__metadata__":{},"__metadata__":{}}"#;
    assert!(matches!(fault(&file(header, b"")), Fault::DuplicateName { .. }));
    let header = r#"{"__metadata__":{"k":"1","k":"2"}}"#;
    let Fault::Entry { reason, .. } = fault(&file(header, b"")) else {
        panic!()
    };
    assert!(reason.contains("`k` stands there twice"), "{reason}");
}

#[test]
fn entries_that_are_none() {
    for (entry, reason) in [
        (r#"{"dtype":"F31","shape":[1],"data_offsets":[0,4]}"#, "F31"),
        (
            r#"{"dtype":7,"shape":[1],"data_offsets":[0,4]}"#,
            "expected value",
        ),
        (r#"{"shape":[1],"data_offsets":[0,4]}"#, "missing field `dtype`"),
        (r#"{"dtype":"F32","data_offsets":[0,4]}"#, "missing field `shape`"),
        (r#"{"dtype":"F32","shape":[1]}"#, "missing field `data_offsets`"),
        (
            r#"{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}"#,
            "duplicate",
        ),
        (
            r#"{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}"#,
            "invalid value",
        ),
        (
            r#"{"dtype":"F32","shape":[1.0],"data_offsets":[0,4]}"#,
            "invalid type",
        ),
        (
            r#"{"dtype":"F32","shape":[1],"data_offsets":[0]}"#,
            "invalid length",
        ),
        (
            r#"{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}"#,
            "trailing",
        ),
        (
            r#"{"dtype":"F32","shape":[18446744073709551616],"data_offsets":[0,4]}"#,
            "invalid",
        ),
        ("null", "invalid type"),
    ] {
        let header =
            format!(r#"{{"good":{{"dtype":"U8","shape":[0],"data_offsets":[0,0]}},"net.a":{entry}}}"#);
        let Fault::Entry {
            tensor,
            reason: found,
        } = fault(&file(&header, &[0; 4]))
        else {
            panic!("{entry}")
        };
        assert_eq!(tensor, "net.a");
        assert!(found.contains(reason), "{entry}: {found}");
    }
    for metadata in ["null", "[]", r#"{"a":1}"#, r#"{"a":null}"#] {
        let header = format!(r#"{{"__metadata__":{metadata}}}"#);
        assert!(
            matches!(fault(&file(&header, b"")), Fault::Entry { .. }),
            "{metadata}"
        );
    }
}

#[test]
fn offsets_that_do_not_tile_the_data() {
    let tensor = |name: &str| name.to_owned();
    assert_eq!(
        fault(&pair("[8,0]", "[8,12]")),
        Fault::Backwards {
            tensor: tensor("a"),
            begin: 8,
            end: 0
        }
    );
    assert_eq!(
        fault(&pair("[0,8]", "[8,13]")),
        Fault::PastEnd {
            tensor: tensor("b"),
            end: 13,
            length: 12
        }
    );
    assert_eq!(
        fault(&pair("[0,8]", "[7,11]")),
        Fault::Overlap {
            tensor: tensor("b"),
            begin: 7,
            other: tensor("a"),
            end: 8
        }
    );
    assert_eq!(
        fault(&pair("[0,8]", "[0,4]")),
        Fault::Overlap {
            tensor: tensor("a"),
            begin: 0,
            other: tensor("b"),
            end: 4
        }
    );
    assert_eq!(
        fault(&pair("[4,12]", "[1,5]")),
        Fault::Hole {
            tensor: tensor("b"),
            begin: 1,
            expected: 0
        }
    );
    let header = r#"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"U8","shape":[1],"data_offsets":[2,3]}}"#;
    assert_eq!(
        fault(&file(header, &[0; 3])),
        Fault::Hole {
            tensor: tensor("b"),
            begin: 2,
            expected: 1
        }
    );
    assert_eq!(
        fault(&one(r#""F32""#, "[2]", "[0,8]", 9)),
        Fault::Trailing {
            expected: 8,
            found: 9
        }
    );
    assert_eq!(
        fault(&file("{}", &[0])),
        Fault::Trailing {
            expected: 0,
            found: 1
        }
    );
    assert_eq!(
        fault(&one(r#""F32""#, "[2]", "[0,8]", 7)),
        Fault::PastEnd {
            tensor: tensor("a"),
            end: 8,
            length: 7
        }
    );
}

#[test]
fn sizes_that_do_not_fit_type_and_shape() {
    let expected = |dtype: &str, shape: &str, bytes: usize| {
        let offsets = format!("[0,{bytes}]");
        match fault(&one(&format!("\"{dtype}\""), shape, &offsets, bytes)) {
            Fault::Size {
                tensor,
                expected,
                found,
                ..
            } => {
                assert_eq!((tensor.as_str(), found), ("a", bytes as u64));
                expected
            }
            other => panic!("{other}"),
        }
    };
    assert_eq!(expected("F32", "[2]", 9), "8");
    assert_eq!(expected("F64", "[2,3]", 24), "48");
    assert_eq!(expected("BF16", "[]", 4), "2");
    assert_eq!(expected("U8", "[0]", 1), "0");
    assert_eq!(expected("F4", "[3]", 1), "no whole number");
    // Products that come out right only when they wrap around.
    for shape in [
        "[4611686018427387904,4]",
        "[2305843009213693952,8]",
        "[4294967296,4294967296]",
    ] {
        assert_eq!(expected("U8", shape, 0), "more than any file holds", "{shape}");
    }
    assert_eq!(
        expected("F32", "[4611686018427387905]", 4),
        "more than any file holds"
    );
}

/// Eight tensors whose last end, plus the length of the header, wraps around to the length of the file: the
/// `safetensors` crate 0.8.0 adds them unchecked.
#[test]
fn offsets_whose_sum_with_the_header_overflows() {
    let length = (1_u64 << 61) - 1;
    let entries: Vec<String> = (0..9_u64)
        .map(|k| {
            let begin = k * length;
            let size = length.min(u64::MAX - begin);
            let end = begin + size;
            format!(r#""{k}":{{"dtype":"U8","shape":[{size}],"data_offsets":[{begin},{end}]}}"#)
        })
        .collect();
    let header = format!("{{{}}}", entries.join(","));
    assert!(matches!(fault(&file(&header, b"")), Fault::PastEnd { .. }));
}

#[test]
fn pickles_are_refused_with_the_way_out() {
    let error = parse(b"PK\x03\x04\0\0\x08\x08\0\0").unwrap_err();
    assert_eq!(error.code(), "pickle");
    assert!(
        error
            .to_string()
            .contains("hint: convert it to safetensors: python -c"),
        "{error}"
    );
    let good = pair("[0,8]", "[8,12]");
    let by_name = SafetensorsFile::from_bytes(Path::new("m.ckpt"), good).unwrap_err();
    assert_eq!(by_name.code(), "pickle");
}

#[test]
fn more_tensors_than_any_net_has() {
    let entry = |k: usize| format!(r#""{k}":{{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}"#);
    let header = |count: usize| format!("{{{}}}", (0..count).map(entry).collect::<Vec<_>>().join(","));
    assert_eq!(
        parse(&file(&header(100_000), &[])).unwrap().entries().len(),
        100_000
    );
    let Fault::Json { reason } = fault(&file(&header(100_001), &[])) else {
        panic!("another fault");
    };
    assert!(reason.contains("more than 100000 tensors"), "{reason}");
}

#[test] // a shape of a million sides gives a message of one line
fn messages_stay_short() {
    let shape = vec!["1"; 1_000_000].join(",");
    let header = format!(r#"{{"a":{{"dtype":"U8","shape":[{shape}],"data_offsets":[0,2]}}}}"#);
    let text = fault(&file(&header, &[1, 2])).to_string();
    assert!(text.len() < 200 && text.contains("999992 more"), "{text}");
}
