//! `gibbs ising anneal | temper | exact` as a user meets them: tables, JSON, files; signals and resume.
//!
//! The golden values are those of another program. The sets of JSON fields are written out: a field that comes or goes
//! turns a test red.

#[path = "support/cli.rs"]
mod cli;

use cli::{err, fields, object, out, run, text};
use serde_json::Value;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// Couplings ±1 from the top bits of splitmix64 (Steele, Lea, Flood 2014).
fn signs(mut state: u64) -> impl FnMut() -> i32 {
    move || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        if (z ^ (z >> 31)) >> 63 == 1 { 1 } else { -1 }
    }
}

/// Sherrington-Kirkpatrick with N spins, as CSV.
fn sk(seed: u64, n: u32) -> String {
    let mut sign = signs(seed);
    let mut file = String::from("i,j,value\n");
    for i in 0..n {
        for j in i + 1..n {
            writeln!(file, "{i},{j},{}", sign()).unwrap();
        }
    }
    file
}

/// Edwards-Anderson, 4 x 4, periodic, as COO text.
fn edwards_anderson(seed: u64) -> String {
    let mut sign = signs(seed);
    let mut file = String::from("# right, down\n");
    for y in 0..4 {
        for x in 0..4 {
            for j in [4 * y + (x + 1) % 4, (y + 1) % 4 * 4 + x] {
                writeln!(file, "{} {j} {}", 4 * y + x, sign()).unwrap();
            }
        }
    }
    file
}

fn file(dir: &TempDir, name: &str, content: &str) -> PathBuf {
    let path = dir.path().join(name);
    std::fs::write(&path, content).unwrap();
    path
}

fn ising(arguments: &[&str]) -> Value {
    object(&run(&[&["ising"], arguments, &["--json", "--quiet"]].concat()), 0)
}

fn listing(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort_unstable();
    names
}

#[test]
fn golden_spin_glasses_by_enumeration_and_by_annealing() {
    let dir = TempDir::new().unwrap();
    for (content, beta, ground, degeneracy, log_z, energy) in [
        (sk(1, 16), "0.25", -36.0, 8, 14.479_259_5, -24.356_829),
        (sk(2, 16), "0.25", -44.0, 2, 14.776_885, -28.320_602),
        (edwards_anderson(2), "1", -20.0, 22, 23.369_77, -18.924_679),
        (edwards_anderson(3), "1", -22.0, 14, 24.801_205, -21.321_259),
    ] {
        let path = file(&dir, "couplings", &content);
        let exact = ising(&["exact", text(&path), "--beta", beta]);
        assert_eq!(exact["schema"], "gibbs.ising.exact/2");
        assert_eq!(
            (
                exact["ground_energy"].as_f64(),
                exact["ground_degeneracy"].as_u64()
            ),
            (Some(ground), Some(degeneracy))
        );
        assert!((exact["log_z"].as_f64().unwrap() - log_z).abs() < 1e-5);
        assert!((exact["energy"].as_f64().unwrap() - energy).abs() < 1e-5);
        let counts = exact["levels"]
            .as_array()
            .unwrap()
            .iter()
            .map(|l| l["configurations"].as_u64().unwrap());
        assert_eq!(counts.sum::<u64>(), 65_536);
        let anneal = ising(&["anneal", text(&path), "--reads", "20"]);
        assert_eq!(anneal["energy"].as_f64(), Some(ground));
    }
}

#[test]
fn objects_have_the_documented_fields() {
    let dir = TempDir::new().unwrap();
    let path = file(&dir, "qubo.csv", "0,0,-1\n0,1,2.5\n1,2,-1\n2,2,-0.25\n");
    let anneal = ising(&["anneal", text(&path), "--qubo", "--reads", "7"]);
    let expected = [
        "beta_range",
        "ended",
        "energies",
        "energy",
        "energy_exact",
        "files",
        "hits",
        "levels",
        "method",
        "reads",
        "reads_to_solution",
        "schema",
        "seed",
        "spins",
        "state",
        "success",
        "sweeps",
        "target",
        "target_exact",
        "timing",
        "x",
    ];
    assert_eq!(fields(&anneal), expected);
    assert_eq!(anneal["schema"], "gibbs.ising.anneal/2");
    // x'Qx of (1, 0, 0) is -1, of (1, 0, 1) -1.25, of (0, 1, 1) -1.25, of (0, 0, 1) -0.25.
    assert_eq!(
        (&anneal["energy"], &anneal["energy_exact"]),
        (&Value::from(-1.25), &Value::from("-1.25"))
    );
    let x: Vec<i64> = anneal["x"]
        .as_array()
        .unwrap()
        .iter()
        .map(|x| x.as_i64().unwrap())
        .collect();
    let s: Vec<i64> = anneal["state"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| s.as_i64().unwrap())
        .collect();
    assert!(x == [1, 0, 1] || x == [0, 1, 1], "{x:?}");
    assert!(x.iter().zip(&s).all(|(x, s)| 2 * x - 1 == *s));
    assert_eq!(anneal["energies"].as_array().unwrap().len(), 7);
    assert_eq!(
        fields(&anneal["timing"]),
        ["seconds", "seconds_per_read", "seconds_to_solution"]
    );

    let exact = ising(&["exact", text(&path), "--qubo", "--beta", "2"]);
    let expected = [
        "beta",
        "ended",
        "energy",
        "files",
        "ground_degeneracy",
        "ground_energy",
        "ground_energy_exact",
        "ground_state",
        "ground_tolerance",
        "ground_x",
        "heat_capacity",
        "levels",
        "log_z",
        "magnetizations",
        "schema",
        "seed",
        "spins",
        "timing",
    ];
    assert_eq!(fields(&exact), expected);
    let energies = [0.0, -1.0, 0.0, 1.5, -0.25, -1.25, -1.25, 0.25_f64];
    let z: f64 = energies.iter().map(|e| (-2.0 * e).exp()).sum();
    let mean: f64 = energies.iter().map(|e| e * (-2.0 * e).exp()).sum::<f64>() / z;
    assert!((exact["log_z"].as_f64().unwrap() - z.ln()).abs() < 1e-12);
    assert!((exact["energy"].as_f64().unwrap() - mean).abs() < 1e-12);
    assert_eq!(
        (
            exact["ground_energy"].as_f64(),
            exact["ground_degeneracy"].as_u64()
        ),
        (Some(-1.25), Some(2))
    );

    let temper = ising(&[
        "temper",
        text(&path),
        "--qubo",
        "--sweeps",
        "200",
        "--ladder",
        "0.1,3,4",
    ]);
    let expected = [
        "ended",
        "energy",
        "energy_exact",
        "files",
        "permutation",
        "round_trips",
        "rounds",
        "schema",
        "seed",
        "spins",
        "state",
        "swap_every",
        "temperatures",
        "timing",
        "x",
    ];
    assert_eq!(fields(&temper), expected);
    assert_eq!(
        (&temper["schema"], &temper["energy"]),
        (&Value::from("gibbs.ising.temper/2"), &Value::from(-1.25))
    );
    let temperatures = temper["temperatures"].as_array().unwrap();
    assert_eq!(temperatures.len(), 4);
    let expected = ["acceptance", "beta", "energy", "energy_error", "no_error", "tau"];
    assert_eq!(fields(&temperatures[0]), expected);
    assert_eq!(temperatures[3]["acceptance"], Value::Null);
}

#[test]
fn tables_and_files() {
    let dir = TempDir::new().unwrap();
    let path = file(&dir, "ring.csv", "0,1,1\n1,2,1\n2,3,1\n3,0,-1\n");
    let (best, sums, run_of) = (
        dir.path().join("best"),
        dir.path().join("sums"),
        dir.path().join("run"),
    );
    let output = run(&[
        "ising",
        "anneal",
        text(&path),
        "--reads",
        "5",
        "--out",
        text(&best),
    ]);
    assert!(output.status.success(), "{}", err(&output));
    let shown = out(&output);
    assert!(
        shown.contains("energy     -2\n")
            && shown.contains("hits       5 of 5 reads reached the best energy"),
        "{shown}"
    );
    assert_eq!(
        listing(&best),
        ["reads.csv", "state.csv"],
        "the checkpoint is gone"
    );
    let state = std::fs::read_to_string(best.join("state.csv")).unwrap();
    assert!(state.starts_with("spin,s\n0,") && state.lines().count() == 5);
    assert_eq!(
        std::fs::read_to_string(best.join("reads.csv"))
            .unwrap()
            .lines()
            .nth(1),
        Some("0,-2")
    );

    let output = run(&[
        "ising",
        "exact",
        text(&path),
        "--beta",
        "0.5",
        "--out",
        text(&sums),
    ]);
    let shown = out(&output);
    // A frustrated ring: Z = (2 cosh K)^4 - (2 sinh K)^4.
    let k = 0.5_f64;
    let log_z = ((2.0 * k.cosh()).powi(4) - (2.0 * k.sinh()).powi(4)).ln();
    assert!(shown.contains(&format!("ln Z          {log_z:.9}")), "{shown}");
    assert!(
        shown.contains("degeneracy    8") && shown.contains("    -2               8"),
        "{shown}"
    );
    assert_eq!(
        listing(&sums),
        ["ground_state.csv", "levels.csv", "magnetizations.csv"]
    );
    let levels = std::fs::read_to_string(sums.join("levels.csv")).unwrap();
    assert_eq!(levels, "energy,configurations\n-2,8\n2,8\n");

    let betas = ["--betas", "0.2,0.5,1", "--sweeps", "500", "--out", text(&run_of)];
    let output = run(&[&["ising", "temper", text(&path)], &betas[..]].concat());
    assert!(out(&output).contains("energy     -2\n"), "{}", out(&output));
    assert_eq!(listing(&run_of), ["state.csv", "temperatures.csv"]);
    let table = std::fs::read_to_string(run_of.join("temperatures.csv")).unwrap();
    assert!(
        table.starts_with("beta,energy,energy_error,tau,acceptance,no_error\n0.2,")
            && table.lines().count() == 4
    );
}

#[test]
fn a_missed_target_is_exit_code_1_with_the_result() {
    let dir = TempDir::new().unwrap();
    let path = file(&dir, "pair.csv", "0,1,1\n");
    let output = run(&[
        "ising",
        "anneal",
        text(&path),
        "--target",
        "-1.5",
        "--reads",
        "3",
        "--json",
    ]);
    let result = object(&output, 1);
    assert_eq!(
        (&result["hits"], &result["energy"]),
        (&Value::from(0), &Value::from(-1.0))
    );
    assert_eq!(result["reads_to_solution"]["estimate"], Value::Null);
    let output = run(&[
        "ising",
        "anneal",
        text(&path),
        "--target",
        "-1",
        "--reads",
        "3",
        "--json",
    ]);
    assert_eq!(object(&output, 0)["hits"], 3);
}
