//! `gibbs ising sample` as a user meets it: table, JSON, files, refusals. Stops and resumes: `verbs.rs`.
//!
//! Mutations tried, each seen red: sweeps of the table counted without the burn-in; options that the rule does not
//! read accepted; the asked temperature printed as the effective one; `--resume` ignored; ±J started ordered; a field
//! renamed; a temperature of many with the seed of the whole.

#[path = "support/cli.rs"]
mod cli;

use cli::{Place, column, err, out};
use serde_json::Value;
use std::path::Path;

/// The object without its times.
fn json(words: &str) -> Value {
    let mut found = Place::new().json(&format!("ising sample {words}"));
    found.as_object_mut().unwrap().remove("timing");
    found
}

/// The rows of observables.csv.
fn observables(table: &str) -> Vec<[i64; 4]> {
    let mut lines = table.lines();
    assert_eq!(
        lines.next(),
        Some("sweep,energy,magnetization,staggered_magnetization")
    );
    let row = |line: &str| -> Vec<i64> { line.split(',').map(|cell| cell.parse().unwrap()).collect() };
    lines.map(|line| row(line).try_into().unwrap()).collect()
}

/// Shape and entries of an array.
fn npy<T: npyz::Deserialize>(path: &Path) -> (Vec<u64>, Vec<T>) {
    let bytes = std::fs::read(path).unwrap();
    let file = npyz::NpyFile::new(&bytes[..]).unwrap();
    let shape = file.shape().to_vec();
    (shape, file.into_vec().unwrap())
}

/// Energy, magnetisation and staggered magnetisation of a ferromagnet of `width` columns.
fn measured(spins: &[i8], width: usize) -> [i64; 3] {
    let height = spins.len() / width;
    let at = |x: usize, y: usize| i64::from(spins[y % height * width + x % width]);
    let mut sums = [0; 3];
    for y in 0..height {
        for x in 0..width {
            sums[0] -= at(x, y) * (at(x + 1, y) + at(x, y + 1));
            sums[1] += at(x, y);
            sums[2] += if (x + y) % 2 == 0 { at(x, y) } else { -at(x, y) };
        }
    }
    sums
}

#[test] // oracle: Kaufman's energy of 8 x 8 at 2.5, within 5 standard errors
fn the_object_says_what_was_run_and_measured() {
    let found = json("--size 8 --temperature 2.5 --sweeps 20000 --bits 12");
    for name in [
        "energy",
        "abs_magnetization",
        "magnetization2",
        "binder",
        "specific_heat",
        "susceptibility",
    ] {
        let of = |field: &str| found[name][field].as_f64().unwrap();
        assert!(of("error") > 0.0 && of("tau") >= 0.5, "{name}");
    }
    for (field, value) in [
        ("temperature", Value::from(2.5)),
        ("sweeps", 20000.into()),
        ("burn_in", 4000.into()),
        ("measurements", 20000.into()),
        ("seed", 0.into()),
        ("coupling", "ferro".into()),
        ("start", "random".into()),
        ("correlation_length", Value::Null),
    ] {
        assert_eq!(found[field], value, "{field}");
    }
    // 4096 e^(-4/2.5) = 826.96
    let effective = -4.0 / (827.0_f64 / 4096.0).ln();
    assert!((found["temperature_effective"].as_f64().unwrap() - effective).abs() < 1e-12);
    let energy = &found["energy"];
    let off = energy["mean"].as_f64().unwrap() + 1.222_320_6;
    assert!(
        off.abs() < 5.0 * energy["error"].as_f64().unwrap() + 1e-3,
        "{energy}"
    );
}

#[test]
fn the_table_says_what_was_run() {
    let place = Place::new();
    let words = "--size 8 --height 6 --beta 0.4 --sweeps 6000 --coupling antiferro --bits 8 --seed 3";
    let shown = place.shown(&format!("ising sample {words}"));
    // 256 e^-1.6 = 51.69
    let effective = format!("T          2.5, exact at {:.10}", -4.0 / (52.0_f64 / 256.0).ln());
    for line in [
        "lattice    8 x 6\n",
        "rule       metropolis, stream ising-lanes\n",
        "coupling   antiferro\n",
        "sweeps     6000 after 1200 from random, measured every 1\n",
        "seed       3\n",
        &effective,
        "energy",
        "|magnetization|",
        "magnetization²",
        "Binder cumulant",
        "specific heat",
        "susceptibility",
        " ± ",
    ] {
        assert!(shown.contains(line), "{line} {shown}");
    }
    // Without an error it says why, once, and not on standard output.
    let short = place.call("ising sample --size 8 --temperature 2 --sweeps 5");
    assert!(short.status.success());
    let notes = err(&short);
    let note = "note: no error of energy, |magnetization|, ";
    assert_eq!(notes.matches(note).count(), 1, "{notes}");
    assert!(!out(&short).contains("note"));
}

#[test] // every rule; cold starts are ordered; infinite temperature with the rules that mix there
fn rules_couplings_and_streams() {
    for (words, stream) in [
        ("--size 8 --rule heat-bath", "ising-lanes"),
        ("--size 8 --rule heat-bath --stream scalar", "ising-scalar"),
        ("--size 8 --rule wolff", "ising-cluster"),
        ("--size 9 --rule swendsen-wang", "ising-cluster"),
        ("--size 8 --draw fixed --bits 16", "ising-lanes"),
        ("--size 8 --coupling plus-minus=0.5", "ising-lanes"),
        ("--size 2 --multigraph", "ising-lanes"),
    ] {
        let found = json(&format!("{words} --temperature 2 --sweeps 50"));
        assert_eq!(found["stream"], stream);
        let glass = words.contains("plus-minus");
        assert_eq!(found["start"], if glass { "random" } else { "ordered" });
        assert_eq!(found["bits"].is_null(), words.contains("--rule"));
    }
    for rule in ["heat-bath", "wolff", "swendsen-wang"] {
        let found = json(&format!("--size 4 --beta 0 --rule {rule} --sweeps 50"));
        let (temperature, start) = (&found["temperature"], &found["start"]);
        assert_eq!((temperature, start), (&Value::Null, &"random".into()));
    }
}

#[test] // law: I9: a Wolff burn-in counts flipped sites, and what has no error says why
fn wolff_at_a_high_temperature_is_equilibrated() {
    let found = json("--size 64 --temperature 3 --rule wolff --start ordered --sweeps 20000 --seed 1");
    // The energy of the infinite lattice at T = 3 (Onsager): 64 sites are 40 correlation lengths.
    let energy = &found["energy"];
    let off = energy["mean"].as_f64().unwrap() + 0.817_280;
    assert!(off.abs() < 0.02, "{energy}");
}

#[test] // files: the kept configurations have the energies of the table, the pictures are configurations
fn files_agree_with_each_other() {
    let place = Place::new();
    let call = "ising sample --size 12 --height 10 --temperature 2.4 --sweeps 40 --every 4 --burn-in 7 \
                --keep-every 2 --snapshots 5";
    let output = place.call(&format!("{call} --out whole"));
    assert!(output.status.success(), "{}", err(&output));
    let pictures = [15, 23, 31, 39, 47].map(|sweep| format!("snapshot-{sweep:09}.png"));
    let mut names = vec!["configurations.npy".to_owned(), "observables.csv".to_owned()];
    names.extend(pictures.clone());
    assert_eq!(place.names("whole"), names, "the checkpoint is gone");
    for name in &names {
        let wrote = format!("wrote {}", Path::new("whole").join(name).display());
        assert!(err(&output).contains(&wrote), "{}", err(&output));
    }
    let table = observables(&place.read("whole/observables.csv"));
    assert!(table.iter().map(|row| row[0]).eq((11..=47).step_by(4)));
    let (shape, spins) = npy::<i8>(&place.path("whole/configurations.npy"));
    assert_eq!(shape, [5, 10, 12]);
    let kept: Vec<&[i8]> = spins.chunks(120).collect();
    for (k, spins) in kept.iter().enumerate() {
        assert!(spins.iter().all(|s| s.abs() == 1));
        assert_eq!(measured(spins, 12), table[2 * k + 1][1..], "{k}");
    }
    // The snapshots are due at the same sweeps.
    for (picture, spins) in pictures.iter().zip(&kept) {
        let file = place.bytes(&format!("whole/{picture}"));
        let mut reader = png::Decoder::new(std::io::Cursor::new(file)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        assert_eq!(
            (info.width, info.height, info.bit_depth),
            (12, 10, png::BitDepth::One)
        );
        let white = |i: usize| pixels[i / 12 * 2 + i % 12 / 8] >> (7 - i % 12 % 8) & 1 == 1;
        assert!((0..120).all(|i| white(i) == (spins[i] > 0)), "{picture}");
    }
    // numpy.packbits along columns, 1 for +1, rows filled up with zeros.
    place.shown(&format!("{call} --form bits --out bits"));
    let (shape, packed) = npy::<u8>(&place.path("bits/configurations-bits.npy"));
    assert_eq!(shape, [5, 10, 2]);
    for (row, pair) in spins.chunks(12).zip(packed.chunks(2)) {
        let word = row.iter().fold(0_u16, |word, s| word << 1 | u16::from(*s > 0)) << 4;
        assert_eq!(pair, word.to_be_bytes());
    }
}

#[test] // edge: E4: only the files of the last run lie there
fn another_run_in_the_folder_leaves_no_stale_files() {
    let place = Place::new();
    for (words, files) in [
        (
            "--temperature 2 --keep-every 4 --snapshots 4",
            &["configurations.npy", "observables.csv", "snapshot"][..],
        ),
        (
            "--temperatures 2,3",
            &["temperatures.csv", "temperatures.png", "temperatures.svg"],
        ),
        ("--temperature 2", &["observables.csv"]),
    ] {
        place.shown(&format!("ising sample --size 8 --sweeps 40 {words} --out out"));
        let found = place.names("out");
        let known = |name: &String| files.iter().any(|file| name.starts_with(file));
        assert!(found.iter().all(known), "{found:?}");
        let there = |file: &&str| found.iter().any(|name| name.starts_with(file));
        assert!(files.iter().all(there), "{found:?}");
    }
}

#[test] // several bands of rows: enough for threads to matter, if they did
fn results_do_not_depend_on_threads() {
    let words = "--size 256 --height 1200 --temperature 2.2 --sweeps 20 --every 5 --correlation-length";
    let one = json(&format!("{words} --threads 1"));
    assert_eq!(one, json(&format!("{words} --threads 3")));
    assert_ne!(one, json(&format!("{words} --seed 1")));
}

#[test] // law: each temperature of many is the same run alone, with the seed that the table names
fn many_temperatures_in_one_table() {
    let place = Place::new();
    let found = place.json("ising sample --size 16 --temperatures 1.5:3.5:5 --sweeps 3000 --out out");
    let rows = &found["temperatures"];
    assert_eq!(column(rows, "temperature"), [1.5, 2.0, 2.5, 3.0, 3.5]);
    for row in [&rows[0], &rows[3]] {
        let (temperature, seed) = (&row["temperature"], &row["seed"]);
        let alone = json(&format!(
            "--size 16 --temperature {temperature} --sweeps 3000 --seed {seed} --correlation-length"
        ));
        for name in [
            "energy",
            "abs_magnetization",
            "specific_heat",
            "correlation_length",
        ] {
            assert_eq!(alone[name]["mean"], row[name], "{name}");
            assert_eq!(alone[name]["error"], row[&format!("{name}_error")], "{name}");
        }
        assert_eq!(alone["start"], row["start"]);
    }
    assert_eq!(place.read("out/temperatures.csv").lines().count(), 6);
    let figure = place.read("out/temperatures.svg");
    for words in ["Specific heat", "Correlation length", "T_c"] {
        assert!(figure.contains(words), "{words}");
    }
}

#[test]
fn bad_input_is_refused_with_a_hint() {
    let place = Place::new();
    place.refusals(
        "ising sample",
        "
        --size 8 --temperature 0.5 --bits 8 => rounds to 0 at 8 bits & more --bits
        --size 8 --temperature 0.05 => rounds to 0 at 64 bits & hint: a higher --temperature
        --size 8 --temperature 0.1 --rule heat-bath => e^(-8/T) & higher --temperature
        --size 8 --temperature 1e-310 --rule wolff => too near to 0
        --size 8 --temperature 0 => --temperature 0 & gibbs ising anneal
        --size 8 --beta inf => --beta inf & gibbs ising anneal
        --size 8 --temperature -1 => --temperature -1 & --coupling antiferro
        --size 8 --beta -0.4 => --beta -0.4 & --coupling antiferro
        --size 8 --temperature nan => --temperature NaN: not a number
        --size 8 --beta nan => --beta NaN: not a number
        --size 8 --temperature warm => --temperature
        --size 8 --temperature inf => rounds to 1 & --rule heat-bath
        --size 8 --temperature 3000 --bits 8 => rounds to 1 at 8 bits & more --bits
        --size 8 --temperature 2 --beta 1 => cannot be used with
        --size 8 => --temperature
        --size 9 --temperature 2 => odd side & --rule wolff
        --size 8 --height 7 --temperature 2 => odd side
        --size 2 --temperature 2 => side of 2 & --multigraph
        --size 8 --height 2 --temperature 2 => side of 2 & --multigraph
        --size 192 --temperature 2 => --size 192 & 128 or 256 & --stream scalar
        --size 130 --temperature 2 => 128 or 256, or a free side
        --size 66 --stream scalar --temperature 2 => 32 bits & 64 or 128
        --size 0 --temperature 2 => --size
        --size 100000 --temperature 2 => --size
        --size 32768 --rule wolff --temperature 2 => 32768 x 32768 sites are more than 268435456
        --temperature 2 => --size
        --size 8 --sweeps 10 --every 11 --temperature 2 => --every 11 & --sweeps 10
        --size 8 --every 0 --temperature 2 => --every
        --size 8 --sweeps 0 --temperature 2 => --sweeps
        --size 8 --sweeps 10000000000 --temperature 2 => measurements & --every
        --size 8 --coupling plus-minus=1.5 --temperature 2 => 1.5 is no probability
        --size 8 --coupling plus-minus=nan --temperature 2 => no probability
        --size 8 --coupling glass --temperature 2 => plus-minus=P
        --size 8 --coupling plus-minus=0.5 --rule wolff --temperature 2 => frustrated
        --size 8 --rule wolff --bits 8 --temperature 2 => --bits & metropolis
        --size 8 --rule heat-bath --draw lazy --temperature 2 => --draw & metropolis
        --size 8 --rule wolff --stream scalar --temperature 2 => --stream
        --size 8 --bits 65 --temperature 2 => --bits
        --size 8 --resume --temperature 2 => --out
        --size 8 --snapshots 2 --temperature 2 => --out
        --size 8 --keep-every 2 --temperature 2 => --out
        --size 8 --form bits --temperature 2 => --keep-every
        --size 8 --temperatures 2:3 => --temperatures 2:3 & 1.5:3.5:21
        --size 8 --temperatures 2:3:1 => FIRST:LAST:COUNT & 2 to 1000
        --size 8 --temperatures 2:3:1001 => 2 to 1000
        --size 8 --temperatures 2,warm => --temperatures
        --size 8 --temperatures 0,2 => --temperatures 0 & gibbs ising anneal
        --size 8 --temperatures 2,nan => not a number
        --size 8 --temperatures 2,inf => rounds to 1 & --rule heat-bath
        --size 8 --temperatures 2,3 --temperature 2 => cannot be used with
        --size 8 --temperatures 2,3 --snapshots 2 --out x => cannot be used with
        --size 8 --sweeps 10 --keep-every 11 --temperature 2 --out kept => --keep-every 11: more than the 10
        --size 65536 --sweeps 10 --keep-every 2 --temperature 2 --out kept => keep fewer
        ",
    );
    assert!(!place.path("kept").exists(), "nothing is written");
}
