//! Forms of files against energies written out here.
//!
//! Meant to be seen: the offset forgotten, its sign turned; the sign of dimod's spins kept; rudy counted
//! from 0; a cut with the sign of the couplings; the counts of `p qubo` not looked at.

use crate::ising::{Kind, Problem};
use std::path::Path;

fn parse(text: &str, kind: Kind) -> Result<Problem, String> {
    Problem::parse(Path::new("file"), text.as_bytes(), kind, None).map_err(|error| error.to_string())
}

fn states(n: usize) -> impl Iterator<Item = Vec<i8>> {
    (0..1_u32 << n).map(move |word| (0..n).map(|i| if word >> i & 1 == 1 { 1 } else { -1 }).collect())
}

/// The problem has these energies, and the weights that solvers take give them too.
fn energies(text: &str, kind: Kind, found: Kind, n: usize, energy: impl Fn(&[f64]) -> f64) {
    let problem = parse(text, kind).unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert_eq!((problem.kind(), problem.spins()), (found, n), "{text}");
    let exact = crate::ising::exact::exact(&problem, 0.3).unwrap();
    let mut sum = 0.0;
    for state in states(n) {
        let variables: Vec<f64> = match found {
            Kind::Qubo => state.iter().map(|s| f64::from(s + 1) / 2.0).collect(),
            Kind::Ising | Kind::MaxCut => state.iter().map(|s| f64::from(*s)).collect(),
        };
        let wanted = energy(&variables);
        assert!(
            (problem.energy(&state).nearest() - wanted).abs() < 1e-12,
            "{text}: {state:?}"
        );
        sum += (-0.3 * wanted).exp();
    }
    assert!(
        (exact.log_z - sum.ln()).abs() < 1e-12,
        "{text}: ln Z {} {}",
        exact.log_z,
        sum.ln()
    );
}

// as dimod's reader takes it: any comment `vartype:` or `vartype=`, in any place
#[test]
fn the_header_of_dimod_decides() {
    let qubo = |x: &[f64]| -x[0] - x[1] + 3.0 * x[0] * x[1];
    for header in [
        "# problem 7, vartype: BINARY",
        "# vartype=BINARY",
        "#vartype = binary, from a run",
        "0 0 0 # vartype:BINARY",
    ] {
        let text = format!("{header}\n0 0 -1\n1 1 -1\n0 1 3\n");
        energies(&text, Kind::Ising, Kind::Qubo, 2, qubo);
        energies(&text, Kind::Qubo, Kind::Qubo, 2, qubo);
        let problem = parse(&text, Kind::Ising).unwrap();
        assert!(problem.taken_for().contains("a QUBO"), "{}", problem.taken_for());
        assert!(
            parse(&text, Kind::MaxCut)
                .unwrap_err()
                .contains("leave out --max-cut")
        );
    }
    let spin = |s: &[f64]| 2.0 * s[0] - 0.5 * s[1] * s[2] + 1.5;
    let text = "# vartype=SPIN\n# offset: 1.5\n0 0 2.000000\n1 2 -0.500000\n";
    energies(text, Kind::Ising, Kind::Ising, 3, spin);
    assert!(parse(text, Kind::Qubo).unwrap_err().contains("leave out --qubo"));
}

#[test]
fn offsets_are_added_to_every_energy() {
    for (text, kind) in [
        ("# offset=42\n0 1 1\n", Kind::Ising),
        ("# vartype=BINARY offset=-0.125\n0,1,1\n0,0,-3\n", Kind::Qubo),
        ("# offset=1e17\n0 1 1\n", Kind::Ising),
        ("# offset=1e-45\n0 1 1e45\n", Kind::Ising),
    ] {
        let with = parse(text, kind).unwrap();
        let bare: Vec<&str> = text.lines().skip(1).collect();
        let bare = bare.join("\n");
        let without = parse(&bare, with.kind()).unwrap();
        let offset: f64 = text
            .split("offset=")
            .nth(1)
            .unwrap()
            .lines()
            .next()
            .unwrap()
            .parse()
            .unwrap();
        for state in states(2) {
            let expected = without.energy(&state).nearest() + offset;
            assert_eq!(with.energy(&state).nearest(), expected, "{text}");
        }
        assert_ne!(
            with.key(""),
            without.key(""),
            "a run of the one is not a run of the other"
        );
        let (one, other) = (with.weights().unwrap(), without.weights().unwrap());
        assert_eq!(one.unit, other.unit, "an offset does not change the weights");
    }
}

// the graph of four vertices, 1-based: a cut of 3.5 separates {1, 3} from {2, 4}
#[test]
fn rudy_graphs_count_from_one() {
    let text = "4 4\n1 2 1\n2 3 1.5\n3 4\n1 3 -2\n";
    let cut = |s: &[f64]| {
        let edges = [(0, 1, 1.0), (1, 2, 1.5), (2, 3, 1.0), (0, 2, -2.0)];
        -edges
            .iter()
            .map(|(i, j, w)| w * (1.0 - s[*i] * s[*j]) / 2.0)
            .sum::<f64>()
    };
    energies(text, Kind::MaxCut, Kind::MaxCut, 4, cut);
    let problem = parse(text, Kind::MaxCut).unwrap();
    assert_eq!(problem.energy(&[1, -1, 1, -1]).to_string(), "-3.5");
    assert!(
        problem.taken_for().contains("E = - cut"),
        "{}",
        problem.taken_for()
    );
    let ising = |s: &[f64]| -(s[0] * s[1] + 1.5 * s[1] * s[2] + s[2] * s[3] - 2.0 * s[0] * s[2]);
    energies(text, Kind::Ising, Kind::Ising, 4, ising);
    let qubo = |x: &[f64]| x[0] * x[1] - 4.0 * x[2];
    energies("3 2\n1 2 1\n3 3 -4\n", Kind::Qubo, Kind::Qubo, 3, qubo);
    // An edge list is a graph as well, and isolated vertices at the end are vertices.
    energies("0,1,1\n", Kind::MaxCut, Kind::MaxCut, 2, |s| {
        (s[0] * s[1] - 1.0) / 2.0
    });
    energies("3 1\n1 2 1\n", Kind::MaxCut, Kind::MaxCut, 3, |s| {
        (s[0] * s[1] - 1.0) / 2.0
    });
    for (text, words) in [
        ("3 2\n1 2 1\n", "2 edges in its first line, but 1 follow"),
        (
            "3 1\n1 4 1\n",
            "line 2: the file says vertex 4, but its first line says 3",
        ),
        (
            "3 1\n0 1 1\n",
            "line 2: index `0` is below 1, a whole number from 1",
        ),
        ("3 1\n1 1 1\n", "line 2: an edge from vertex 0 to itself"),
        ("0 0\n", "index 0"),
        ("3 2\n1 2 1\n2 1 3\n", "line 3: J(1, 0) = 3, but line 2"),
        ("3 1\n1 2 3 4\n", "line 2: 4 cells"),
    ] {
        let message = parse(text, Kind::MaxCut).unwrap_err();
        assert!(message.contains(words), "{text:?}: {message}");
    }
}

// the example of qbsolv's manual page, in spirit: four variables, one of them in no entry
#[test]
fn qubo_files() {
    let text = "c a comment\nc\np qubo 0 4 2 1\n0 0 -1.5\n1 1 2\nc couplers\n0 1 -3\n";
    let energy = |x: &[f64]| -1.5 * x[0] + 2.0 * x[1] - 3.0 * x[0] * x[1];
    energies(text, Kind::Ising, Kind::Qubo, 4, energy);
    energies(text, Kind::Qubo, Kind::Qubo, 4, energy);
    for (text, words) in [
        (
            "p qubo 0 4 2 1\n0 0 1\n",
            "2 nodes and 1 couplers after `p qubo`, but has 1 and 0",
        ),
        ("p qubo 0 2 0 1\n0 2 1\n", "line 2: index 2 is not below"),
        ("p qubo 0 2\n0 1 1\n", "without the four words"),
        ("p qubo 0 2 0 1\n0 1\n", "line 2: 2 cells"),
        ("p qubo 0 2 0 0\np qubo 0 2 0 0\n", "`p qubo` twice"),
        ("p qubo 0 99999999999 0 0\n", "too large"),
    ] {
        let message = parse(text, Kind::Ising).unwrap_err();
        assert!(message.contains(words), "{text:?}: {message}");
    }
    assert!(
        parse(text, Kind::MaxCut)
            .unwrap_err()
            .contains("leave out --max-cut")
    );
}

/// As dimod 0.12 writes `BinaryQuadraticModel({'a': 1, 'b': 0, 'c': -0.5}, {'ab': 2, 'bc': -0.25}, 0.75, kind)`.
fn bqm(kind: &str) -> String {
    format!(
        r#"{{"type": "BinaryQuadraticModel", "version": {{"bqm_schema": "3.0.0"}}, "use_bytes": false,
        "index_type": "uint16", "bias_type": "float32", "num_variables": 3, "num_interactions": 2,
        "variable_labels": ["a", "b", "c"], "variable_type": "{kind}", "offset": 0.75, "info": {{}},
        "linear_biases": [1.0, 0.0, -0.5], "quadratic_biases": [2.0, -0.25], "quadratic_head": [0, 1],
        "quadratic_tail": [1, 2]}}"#
    )
}

#[test]
fn models_of_dimod_as_json() {
    let energy = |v: &[f64]| v[0] - 0.5 * v[2] + 2.0 * v[0] * v[1] - 0.25 * v[1] * v[2] + 0.75;
    energies(&bqm("SPIN"), Kind::Ising, Kind::Ising, 3, energy);
    energies(&bqm("BINARY"), Kind::Ising, Kind::Qubo, 3, energy);
    let problem = parse(&bqm("BINARY"), Kind::Qubo).unwrap();
    assert!(
        problem
            .notes()
            .iter()
            .any(|note| note.contains("variable_labels"))
    );
    for (from, to, words) in [
        ("3.0.0", "1.0.0", "bqm_schema 1.0.0"),
        ("false", "true", "use_bytes"),
        ("[1, 2]", "[1, 3]", "place 3 among 3 variables"),
        ("[1, 2]", "[1]", "different lengths"),
        ("[1, 2]", "[1, 1]", "variable 1 with itself"),
        ("1.0, 0.0", "1.0", "3 variables, but 2 linear biases"),
        ("2.0, -0.25", "2.0, \"x\"", "no number"),
        ("\"info\": {}", "\"info\": {", "JSON that ends early"),
        ("BinaryQ", "Q", "no \"type\""),
        ("SPIN", "REAL", "variable_type REAL"),
    ] {
        let message = parse(&bqm("SPIN").replace(from, to), Kind::Ising).unwrap_err();
        assert!(message.contains(words), "{message}");
    }
    assert!(
        parse(&bqm("SPIN"), Kind::Qubo)
            .unwrap_err()
            .contains("leave out --qubo")
    );
}
