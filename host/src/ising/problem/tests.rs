//! Readers and conversions against written-out sums.

use super::*;
use gibbs_core::ising::Model as _;
use proptest::prelude::*;
use std::fmt::Write as _;

fn parse(text: &str, kind: Kind) -> Result<Problem, ProblemError> {
    Problem::parse(Path::new("file"), text.as_bytes(), kind, None)
}

fn ising(text: &str) -> Problem {
    parse(text, Kind::Ising).unwrap()
}

fn refused(text: &str, kind: Kind) -> String {
    parse(text, kind).unwrap_err().to_string()
}

/// All 2^n configurations.
fn all(n: usize) -> impl Iterator<Item = Vec<i8>> {
    (0..1_u32 << n).map(move |word| (0..n).map(|i| if word >> i & 1 == 1 { 1 } else { -1 }).collect())
}

/// The energy that a solver would report, in the units of the file.
fn of_weights(problem: &Problem, state: &[i8]) -> f64 {
    let Weights { values, unit, offset } = problem.weights().unwrap();
    let energy = match &values {
        Values::Integer(couplings) => f64::from(couplings.view().unwrap().energy(state).unwrap()),
        Values::Float(couplings) => couplings.view().unwrap().energy(state).unwrap(),
    };
    (energy + offset) * unit
}

#[test] // E = - J s s - h s by hand: J_01 = 1.5, J_12 = -2, h_0 = 0.25
fn the_sign_convention_is_that_of_physics() {
    let problem = ising("i,j,value\n0,1,1.5\n1,2,-2\n0,0,0.25\n");
    assert_eq!(problem.spins(), 3);
    for (state, energy) in [
        ([1, 1, 1], "0.25"),
        ([1, 1, -1], "-3.75"),
        ([-1, -1, 1], "-3.25"),
        ([-1, 1, 1], "3.75"),
    ] {
        assert_eq!(problem.energy(&state).to_string(), energy, "{state:?}");
        assert_eq!(of_weights(&problem, &state), problem.energy(&state).nearest());
    }
    // The same problem as D-Wave's packages write it, E = + Σ J s s + Σ h s: all signs turned.
    let theirs = |s: [i8; 3]| {
        let [a, b, c] = s.map(f64::from);
        -1.5 * a * b + 2.0 * b * c - 0.25 * a
    };
    for s in all(3) {
        assert_eq!(problem.energy(&s).nearest(), theirs([s[0], s[1], s[2]]));
    }
}

#[test]
fn both_forms_comments_headers_and_line_ends_mean_the_same() {
    let expected = ising("0,1,1\n1,2,-2\n2,2,3\n");
    for text in [
        "i,j,value\r\n0,1,1\r\n1,2,-2\r\n2,2,3\r\n",
        "\u{feff}a, b, c\n0, 1, 1.0\n\n1 ,2,-2e0\n2,2,30e-1",
        "# a comment, with a comma\n0 1 1 # another\n  1\t2  -2\n2 2 3\n",
        "i j J\n0 1 1\n1 0 1.00\n1 2 -2\n2 2 3\n",
        "2 2 3\n2 1 -2\n1 0 1\n",
    ] {
        let problem = ising(text);
        for state in all(3) {
            assert_eq!(problem.energy(&state), expected.energy(&state), "{text}");
            assert_eq!(
                of_weights(&problem, &state),
                of_weights(&expected, &state),
                "{text}"
            );
        }
    }
}

#[test]
fn refusals_name_the_line_and_the_remedy() {
    for (text, words) in [
        ("0,1,1\n0,1,1\n", "line 2: the pair 0, 1 is already on line 1"),
        (
            "0,1,1\n1,0,2\n",
            "line 2: J(1, 0) = 2, but line 1 says J(0, 1) = 1",
        ),
        (
            "0,0,1\n2,1,1\n0,0,1\n1,2,0\n",
            "line 3: the pair 0, 0 is already on line 1",
        ),
        (
            "0,1,1\n1,0,1\n1,0,1\n",
            "line 3: the pair 1, 0 is already on line 2",
        ),
        ("0,1,NaN\n", "line 1: value `NaN` is not finite"),
        ("0,1,-inf\n", "line 1: value `-inf` is not finite"),
        ("0,1,1e999\n", "line 1: value `1e999` is not finite, or beyond"),
        ("0,1,1e-999\n", "line 1: value `1e-999` is not finite, or beyond"),
        ("0,1,x\n", "line 1: value `x` is no number"),
        ("0,1,\n", "line 1: value `` is no number"),
        ("0,-1,1\n", "line 1: index `-1` is negative"),
        (
            "0,1.0,1\n",
            "line 1: index `1.0` is not written as a whole number",
        ),
        (
            "i,j,v\n\n0,0.5,1\n",
            "line 3: index `0.5` is not written as a whole number",
        ),
        ("0,one,1\n", "line 1: index `one` is no number"),
        (
            "0,1\n",
            "line 1: 2 cells, expected 3: i,j,value\nhint: give the value",
        ),
        (
            "0,1,1,5\n",
            "line 1: 4 cells, expected 3: i,j,value\nhint: numbers have a decimal point",
        ),
        ("0 1 1\n0;2;1\n", "line 2: 1 cells, expected 3: i j value"),
        ("0,1,1\n1 2 1\n", "line 2: 1 cells, expected 3: i,j,value"),
        ("", "file: no entry, so no spin (N = 0)"),
        ("i,j,value\n", "no entry"),
        ("# only\n\n", "no entry"),
        (
            "0,1,1\n0,99999999,1\n",
            "line 2: index 99999999 is too large: at most 67108864",
        ),
        (
            "0,1,1\n0,99999999999999999999999,1\n",
            "line 2: index 18446744073709551614 is too large",
        ),
        (
            "0,1,1\n0,5000000,1\n",
            "line 2: index 5000000 means 5000001 spins, in a file of 2 entries",
        ),
        (
            "# vartype=INTEGER\n0 1 1\n",
            "line 1: the file says vartype INTEGER",
        ),
        (
            "# vartype=SPIN\n0 1 1\n# vartype: BINARY\n",
            "line 3: the file says vartype BINARY, and another one above",
        ),
        ("# offset=x\n0 1 1\n", "line 1: value `x` is no number"),
    ] {
        let message = refused(text, Kind::Ising);
        assert!(
            message.contains(words) && message.starts_with("file: "),
            "{text:?}: {message}"
        );
    }
    assert!(refused("#vartype=SPIN\n0 1 1", Kind::Qubo).contains("leave out --qubo"));
    let bytes = b"0,1,1\n\xff\n";
    let error = Problem::parse(Path::new("file"), bytes, Kind::Ising, None).unwrap_err();
    assert!(error.to_string().starts_with("file: line 2: not UTF-8"));
    let error = Problem::parse(Path::new("file"), b"0,5,1", Kind::Ising, Some(5)).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("line 1: index 5 is not below --spins 5")
    );
}

#[test] // for a QUBO they all add
fn repeated_pairs_of_a_qubo_add() {
    let problem = parse("0,1,1\n0,1,1\n1,0,0.5\n1,1,-2\n1,1,-2\n", Kind::Qubo).unwrap();
    for (state, energy) in [([1, 1], "-1.5"), ([-1, 1], "-4"), ([1, -1], "0"), ([-1, -1], "0")] {
        assert_eq!(problem.energy(&state).to_string(), energy);
        assert_eq!(of_weights(&problem, &state), problem.energy(&state).nearest());
    }
}

#[test]
fn notes_say_what_was_assumed() {
    assert!(ising("1,2,1\n").notes()[0].contains("spin 0"));
    assert!(ising("# vartype=SPIN\n0 1 1\n").notes()[0].contains("dimod"));
    assert!(ising("0,1,1e-30\n1,2,1e30\n").notes()[0].contains("38 decimal digits"));
    assert!(ising("0,1,1\n").notes().is_empty());
}

#[test]
fn isolated_spins_are_added_on_request() {
    let problem = Problem::parse(Path::new("file"), b"0,5000000,1", Kind::Ising, Some(5_000_001)).unwrap();
    assert_eq!(problem.spins(), 5_000_001);
}

#[test]
fn integers_where_they_fit_and_floats_where_not() {
    let integer = |text: &str| matches!(ising(text).weights().unwrap().values, Values::Integer(_));
    assert!(integer("0,1,0.001\n1,2,1000\n"));
    assert!(integer("0,1,1000000000\n"));
    assert!(!integer("0,1,2000000000\n"), "2 |J| leaves 31 bits");
    assert!(!integer("0,1,0.12345678901\n"));
    let huge = ising("0,1,1e308\n1,2,1e308\n").weights();
    assert_eq!(huge.unwrap_err(), Trouble::Overflow);
}

#[test] // a quarter of all pairs: 7 of 28 at N = 8 are not more, 8 are
fn dense_from_a_quarter_of_all_pairs() {
    let dense = |bonds: u32| {
        let mut text = String::new();
        for k in 0..bonds {
            writeln!(text, "{},{},1", k / 7, k / 7 + 1 + k % (7 - k / 7)).unwrap();
        }
        let weights = Problem::parse(Path::new("f"), text.as_bytes(), Kind::Ising, Some(8))
            .unwrap()
            .weights();
        match weights.unwrap().values {
            Values::Integer(couplings) => couplings.is_dense(),
            Values::Float(couplings) => couplings.is_dense(),
        }
    };
    assert!(!dense(7) && dense(8));
}

#[test]
fn rounded_sums_are_exact_before_they_are_rounded() {
    assert_eq!(rounded_sum([1e100, 1.0, -1e100].into_iter()), 1.0);
    assert_eq!(
        rounded_sum([1e16, 1.0, 1e-16].into_iter()),
        1e16 + 2.0,
        "above the tie"
    );
    assert_eq!(rounded_sum([1e16, 1.0, -1e-16].into_iter()), 1e16, "below it");
    assert_eq!(rounded_sum([0.1; 10].into_iter()), 1.0);
    let problem = ising("0,1,1e40\n2,3,1\n1,4,-1e40\n4,5,0.000000001\n");
    assert!(matches!(problem.energy(&[1; 6]), Energy::Rounded(value) if value == -1.000_000_001));
}

/// Entries of a random problem, several per pair.
fn entries() -> impl Strategy<Value = (usize, Vec<(u32, u32, f64)>)> {
    (1_u32..=12).prop_flat_map(|n| {
        let value = prop_oneof![
            (-9_i32..=9).prop_map(f64::from),
            (-100_000_i64..=100_000).prop_map(|k| k as f64 / 1000.0),
            -1e3_f64..1e3,
        ];
        (
            Just(n as usize),
            prop::collection::vec((0..n, 0..n, value), 1..40),
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test] // all 2^N energies of a QUBO and of its Ising form agree to 1e-12
    fn a_qubo_and_its_spins_agree((n, list) in entries()) {
        let mut text = String::from("i,j,value\n");
        for (i, j, q) in &list {
            writeln!(text, "{i},{j},{q:?}").unwrap();
        }
        let problem = Problem::parse(Path::new("f"), text.as_bytes(), Kind::Qubo, Some(n)).unwrap();
        let weights = problem.weights().unwrap();
        let scale: f64 = list.iter().map(|(_, _, q)| q.abs()).sum::<f64>().max(1.0);
        let energy = |state: &[i8]| match &weights.values {
            Values::Integer(c) => f64::from(c.view().unwrap().energy(state).unwrap()),
            Values::Float(c) => c.view().unwrap().energy(state).unwrap(),
        };
        for state in all(n) {
            let x = |i: u32| f64::from(state[i as usize] + 1) / 2.0;
            let direct: f64 = list.iter().map(|(i, j, q)| q * x(*i) * x(*j)).sum();
            let spins = (energy(&state) + weights.offset) * weights.unit;
            prop_assert!((direct - spins).abs() <= 1e-12 * scale, "{} {}", direct, spins);
            prop_assert!((direct - problem.energy(&state).nearest()).abs() <= 1e-12 * scale);
        }
    }

    #[test] // no bytes make the reader panic
    fn any_text_is_read_or_refused(text in "([0-9]{1,3}[, ;.-]){0,9}\n?([ -~]|\n){0,60}", qubo in any::<bool>()) {
        let kind = if qubo { Kind::Qubo } else { Kind::Ising };
        if let Ok(problem) = parse(&text, kind) {
            let state = vec![1; problem.spins()];
            prop_assert!(problem.energy(&state).nearest().is_finite());
        }
    }
}
