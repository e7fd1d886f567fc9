//! `gibbs ising anneal | temper | exact` as a user meets them: tables, JSON, files. Stops and resumes: `verbs.rs`.
//!
//! The golden values are those of another program.

#[path = "support/cli.rs"]
mod cli;

use cli::{Place, column, fields, numbers};
use serde_json::Value;
use std::fmt::Write as _;

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

#[test]
fn golden_spin_glasses_by_enumeration_and_by_annealing() {
    let place = Place::new();
    for (content, beta, ground, degeneracy, log_z, energy) in [
        (sk(1, 16), "0.25", -36.0, 8, 14.479_259_5, -24.356_829),
        (sk(2, 16), "0.25", -44.0, 2, 14.776_885, -28.320_602),
        (edwards_anderson(2), "1", -20.0, 22, 23.369_77, -18.924_679),
        (edwards_anderson(3), "1", -22.0, 14, 24.801_205, -21.321_259),
    ] {
        place.write("couplings", content);
        let exact = place.json(&format!("ising exact couplings --beta {beta}"));
        assert_eq!(exact["ground_energy"].as_f64(), Some(ground));
        assert_eq!(exact["ground_degeneracy"].as_u64(), Some(degeneracy));
        assert!((exact["log_z"].as_f64().unwrap() - log_z).abs() < 1e-5);
        assert!((exact["energy"].as_f64().unwrap() - energy).abs() < 1e-5);
        let counts = column(&exact["levels"], "configurations");
        assert_eq!(counts.iter().sum::<f64>(), 65_536.0);
        let anneal = place.json("ising anneal couplings --reads 20");
        assert_eq!(anneal["energy"].as_f64(), Some(ground));
    }
}

#[test] // energies x'Qx of (1, 0, 0): -1, (1, 0, 1): -1.25, (0, 1, 1): -1.25, (0, 0, 1): -0.25
fn problems_of_zeros_and_ones() {
    let place = Place::new();
    place.write("qubo.csv", "0,0,-1\n0,1,2.5\n1,2,-1\n2,2,-0.25\n");
    let anneal = place.json("ising anneal qubo.csv --qubo --reads 7");
    assert_eq!(
        (&anneal["energy"], &anneal["energy_exact"]),
        (&Value::from(-1.25), &Value::from("-1.25"))
    );
    let [x, s] = ["x", "state"].map(|field| numbers(&anneal[field]));
    assert!(x == [1.0, 0.0, 1.0] || x == [0.0, 1.0, 1.0], "{x:?}");
    assert!(x.iter().zip(&s).all(|(x, s)| 2.0 * x - 1.0 == *s));
    assert_eq!(numbers(&anneal["energies"]).len(), 7);

    let exact = place.json("ising exact qubo.csv --qubo --beta 2");
    let energies = [0.0, -1.0, 0.0, 1.5, -0.25, -1.25, -1.25, 0.25_f64];
    let z: f64 = energies.iter().map(|e| (-2.0 * e).exp()).sum();
    let mean: f64 = energies.iter().map(|e| e * (-2.0 * e).exp()).sum::<f64>() / z;
    assert!((exact["log_z"].as_f64().unwrap() - z.ln()).abs() < 1e-12);
    assert!((exact["energy"].as_f64().unwrap() - mean).abs() < 1e-12);
    assert_eq!(exact["ground_energy"].as_f64(), Some(-1.25));
    assert_eq!(exact["ground_degeneracy"].as_u64(), Some(2));

    let temper = place.json("ising temper qubo.csv --qubo --sweeps 200 --ladder 0.1,3,4");
    assert_eq!(temper["energy"], -1.25);
    let temperatures = temper["temperatures"].as_array().unwrap();
    assert_eq!(temperatures.len(), 4);
    assert_eq!(temperatures[3]["acceptance"], Value::Null);
    // One field more than other problems have, whose fields are those of the reference.
    for (call, field) in [
        ("anneal qubo.csv --reads 7", "x"),
        ("exact qubo.csv --beta 2", "ground_x"),
        ("temper qubo.csv --ladder 0.1,3,4 --sweeps 200", "x"),
    ] {
        let [with, without] = ["--qubo", ""].map(|more| place.json(&format!("ising {call} {more}")));
        let mut expected = fields(&without);
        expected.push(field);
        expected.sort_unstable();
        assert_eq!(fields(&with), expected);
    }
}

#[test]
fn tables_and_files() {
    let place = Place::new();
    place.write("ring.csv", "0,1,1\n1,2,1\n2,3,1\n3,0,-1\n");
    let shown = place.shown("ising anneal ring.csv --reads 5 --out best");
    for line in [
        "energy     -2\n",
        "hits       5 of 5 reads reached the best energy",
    ] {
        assert!(shown.contains(line), "{shown}");
    }
    assert_eq!(
        place.names("best"),
        ["reads.csv", "state.csv"],
        "the checkpoint is gone"
    );
    let state = place.read("best/state.csv");
    assert!(state.starts_with("spin,s\n0,") && state.lines().count() == 5);
    assert_eq!(place.read("best/reads.csv").lines().nth(1), Some("0,-2"));

    let shown = place.shown("ising exact ring.csv --beta 0.5 --out sums");
    // A frustrated ring: Z = (2 cosh K)^4 - (2 sinh K)^4.
    let k = 0.5_f64;
    let log_z = ((2.0 * k.cosh()).powi(4) - (2.0 * k.sinh()).powi(4)).ln();
    let log_z = format!("ln Z          {log_z:.9}");
    for line in [&log_z, "degeneracy    8", "    -2               8"] {
        assert!(shown.contains(line), "{shown}");
    }
    assert_eq!(
        place.names("sums"),
        ["ground_state.csv", "levels.csv", "magnetizations.csv"]
    );
    assert_eq!(
        place.read("sums/levels.csv"),
        "energy,configurations\n-2,8\n2,8\n"
    );

    let shown = place.shown("ising temper ring.csv --betas 0.2,0.5,1 --sweeps 500 --out run");
    assert!(shown.contains("energy     -2\n"), "{shown}");
    assert_eq!(place.names("run"), ["state.csv", "temperatures.csv"]);
    let table = place.read("run/temperatures.csv");
    assert!(
        table
            .starts_with("beta,energy,energy_error,tau,heat_capacity,heat_capacity_error,abs_magnetization,")
    );
    assert_eq!(table.lines().count(), 4);
}

#[test]
fn a_missed_target_is_exit_code_1_with_the_result() {
    let place = Place::new();
    place.write("pair.csv", "0,1,1\n");
    let missed = place.answer("ising anneal pair.csv --target -1.5 --reads 3", 1);
    assert_eq!(
        (&missed["hits"], &missed["energy"]),
        (&0.into(), &Value::from(-1.0))
    );
    assert_eq!(missed["reads_to_solution"]["estimate"], Value::Null);
    let met = place.json("ising anneal pair.csv --target -1 --reads 3");
    assert_eq!(met["hits"], 3);
}

#[test] // states of one run are the start of another; the best of them, and those of all reads
fn states_go_round() {
    let place = Place::new();
    place.write("ring.csv", "0,1,1\n1,2,1\n2,3,1\n3,0,-1\n");
    let found = place.json("ising anneal ring.csv --reads 40 --best 3 --states --out found");
    let best = found["best"].as_array().unwrap();
    assert_eq!(best.len(), 3);
    assert_eq!(best[0]["state"], found["state"]);
    assert!(best.iter().all(|one| one["energy"] == -2.0));
    assert!(best[0]["state"] != best[1]["state"] && best[1]["state"] != best[2]["state"]);
    assert_eq!(
        place.names("found"),
        ["best.csv", "reads.csv", "state.csv", "states.csv"]
    );
    let header = |file: &str| place.read(file).lines().next().unwrap().to_owned();
    assert_eq!(header("found/best.csv"), "spin,s0,s1,s2");
    assert_eq!(header("found/states.csv").split(',').count(), 41);
    // A sweep in the cold stays in a ground state.
    for (file, states) in [("state", 1), ("best", 3)] {
        let call = format!("ising anneal ring.csv --start found/{file}.csv --sweeps 1 --beta-range 60,60");
        let again = place.json(&format!("{call} --reads {states} --states --out again"));
        assert_eq!(again["energies"], Value::from(vec![-2.0; states]));
        assert_eq!(
            place.read("again/states.csv"),
            place.read(&format!("found/{file}.csv"))
        );
    }
    // What an earlier run left is not taken for that of this one.
    place.json("ising anneal ring.csv --reads 2 --out found");
    assert_eq!(place.names("found"), ["reads.csv", "state.csv"]);
}

#[test]
fn reads_end_at_the_target_or_in_time() {
    let place = Place::new();
    place.write("sk.csv", sk(1, 60));
    let all = place.json("ising anneal sk.csv --reads 30 --sweeps 2 --out all");
    let energies = numbers(&all["energies"]);
    let first = energies
        .iter()
        .position(|e| Some(*e) == all["energy"].as_f64())
        .unwrap();
    let call = format!(
        "ising anneal sk.csv --reads 30 --sweeps 2 --target {}",
        all["energy"]
    );
    for threads in [1, 3] {
        let found = place.json(&format!("{call} --stop-at-target --threads {threads}"));
        assert_eq!(numbers(&found["energies"]), energies[..=first]);
        assert_eq!(
            (&found["ended"], &found["hits"]),
            (&"target_reached".into(), &1.into())
        );
        let estimate = found["success"]["estimate"].as_f64().unwrap();
        assert!((estimate * (first + 1) as f64 - 1.0).abs() < 1e-12);
    }
    // No time is left for a second read; the run goes on later.
    let short = place.json("ising anneal sk.csv --reads 30 --sweeps 2 --time-limit 1e-9 --out short");
    assert_eq!(
        (&short["ended"], &short["reads"]),
        (&"time_limit".into(), &1.into())
    );
    assert_eq!(numbers(&short["energies"]), energies[..1]);
    place.refused(
        "ising anneal sk.csv --reads 30 --sweeps 2 --out short",
        "--resume",
    );
    let resumed = place.json("ising anneal sk.csv --reads 30 --sweeps 2 --out short --resume");
    assert_eq!(resumed["energies"], all["energies"]);
    assert_eq!(place.names("short"), ["reads.csv", "state.csv"]);
    place.answer("ising anneal sk.csv --target -1e6 --time-limit 1e-9", 1);
}

#[test] // edge: R5: gzip and standard input, as the help says
fn problems_from_standard_input_and_packed() {
    use std::process::Stdio;
    let place = Place::new();
    let text = "0,1,1\n1,2,-2\n";
    place.write("pair.csv", text);
    let expected = place.json("ising exact pair.csv --beta 1");
    let packed = place.path("pair.csv.gz");
    let mut writer = flate2::write::GzEncoder::new(
        std::fs::File::create(&packed).unwrap(),
        flate2::Compression::fast(),
    );
    std::io::Write::write_all(&mut writer, text.as_bytes()).unwrap();
    writer.finish().unwrap();
    let found = place.json("ising exact pair.csv.gz --beta 1");
    assert_eq!(found["log_z"], expected["log_z"]);
    for verb in ["exact - --beta 1", "anneal - --reads 2", "temper - --sweeps 200"] {
        let mut words = vec!["ising"];
        words.extend(verb.split(' '));
        words.extend(["--json", "--quiet"]);
        let mut command = cli::gibbs(&words);
        let input = std::fs::File::open(place.path("pair.csv")).unwrap();
        let output = command.stdin(Stdio::from(input)).output().unwrap();
        let found = cli::object(&output, 0);
        assert_eq!(found["spins"], expected["spins"], "{verb}");
    }
}
