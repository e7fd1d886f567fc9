//! `gibbs ising sample` as a user meets it: table, JSON, files, signals and resume, refusals.
//!
//! Mutations tried, each seen red: sweeps of the table counted without the burn-in; options that the rule does not
//! read accepted; the asked temperature printed as the effective one; `--resume` ignored; ±J started ordered; a field
//! renamed.

#[path = "support/cli.rs"]
mod cli;

use cli::{err, fields, gibbs, object, out, run, text};
use serde_json::Value;
use std::path::Path;
use std::process::Output;
use tempfile::TempDir;

fn sample(arguments: &[&str]) -> Output {
    run(&[&["ising", "sample"], arguments].concat())
}

fn json(arguments: &[&str]) -> Value {
    object(&sample(&[arguments, &["--json", "--quiet"]].concat()), 0)
}

fn listing(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort_unstable();
    names
}

/// The rows of observables.csv.
fn observables(folder: &Path) -> Vec<[i64; 4]> {
    let table = std::fs::read_to_string(folder.join("observables.csv")).unwrap();
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

#[test] // the fields of the issue, and what else is needed to do it again
fn the_object_has_the_documented_fields() {
    let found = json(&[
        "--size",
        "8",
        "--temperature",
        "2.5",
        "--sweeps",
        "20000",
        "--bits",
        "12",
    ]);
    let expected = [
        "abs_magnetization",
        "binder",
        "bits",
        "burn_in",
        "coupling",
        "energy",
        "every",
        "height",
        "magnetization2",
        "measurements",
        "rule",
        "schema",
        "seed",
        "specific_heat",
        "staggered",
        "start",
        "stream",
        "susceptibility",
        "sweeps",
        "temperature",
        "temperature_effective",
        "width",
    ];
    assert_eq!(fields(&found), expected);
    for name in [
        "energy",
        "abs_magnetization",
        "magnetization2",
        "binder",
        "specific_heat",
        "susceptibility",
    ] {
        assert_eq!(fields(&found[name]), ["error", "mean", "reason", "tau"]);
        assert!(found[name]["error"].as_f64().unwrap() > 0.0 && found[name]["tau"].as_f64().unwrap() >= 0.5);
    }
    assert_eq!(found["schema"], "gibbs.ising.sample/1");
    assert_eq!(
        (&found["temperature"], &found["sweeps"], &found["seed"]),
        (&2.5.into(), &20000.into(), &0.into())
    );
    assert_eq!(
        (&found["burn_in"], &found["measurements"]),
        (&4000.into(), &20000.into())
    );
    assert_eq!(
        (&found["coupling"], &found["start"]),
        (&"ferro".into(), &"random".into())
    );
    // 4096 e^(-4/2.5) = 826.96
    let effective = -4.0 / (827.0_f64 / 4096.0).ln();
    assert!((found["temperature_effective"].as_f64().unwrap() - effective).abs() < 1e-12);
    // Kaufman's energy of 8 x 8 at 2.5, 5 sigma
    let energy = &found["energy"];
    let off = energy["mean"].as_f64().unwrap() + 1.222_320_6;
    assert!(
        off.abs() < 5.0 * energy["error"].as_f64().unwrap() + 1e-3,
        "{energy}"
    );
}

#[test]
fn the_table_says_what_was_run() {
    let words = [
        "--size",
        "8",
        "--height",
        "6",
        "--beta",
        "0.4",
        "--sweeps",
        "6000",
        "--coupling",
        "antiferro",
    ];
    let output = sample(&[&words[..], &["--bits", "8", "--seed", "3"]].concat());
    let shown = out(&output);
    // 256 e^-1.6 = 51.69
    let effective = format!("T          2.5, exact at {:.10}", -4.0 / (52.0_f64 / 256.0).ln());
    for line in [
        "lattice    8 x 6\n",
        "rule       metropolis, stream ising-lanes\n",
        "coupling   antiferro\n",
        "sweeps     6000 after 1200 from random, measured every 1\n",
        "seed       3\n",
        &effective,
    ] {
        assert!(shown.contains(line), "{line} {shown}");
    }
    for name in [
        "energy",
        "|magnetization|",
        "magnetization²",
        "Binder cumulant",
        "specific heat",
        "susceptibility",
    ] {
        assert!(shown.contains(name), "{shown}");
    }
    assert!(shown.contains(" ± "), "{shown}");
    // Without an error it says why, once, and not on standard output.
    let short = sample(&["--size", "8", "--temperature", "2", "--sweeps", "5"]);
    assert!(short.status.success());
    let notes = err(&short);
    assert_eq!(
        notes
            .matches("note: no error of energy, |magnetization|, ")
            .count(),
        1,
        "{notes}"
    );
    assert!(!out(&short).contains("note"));
}

#[test] // every rule; cold starts are ordered; infinite temperature with the rules that mix there
fn rules_couplings_and_streams() {
    for (words, stream) in [
        (&["--rule", "heat-bath"][..], "ising-lanes"),
        (&["--rule", "heat-bath", "--stream", "scalar"], "ising-scalar"),
        (&["--rule", "wolff"], "ising-cluster"),
        (&["--rule", "swendsen-wang", "--size", "9"], "ising-cluster"),
        (&["--draw", "fixed", "--bits", "16"], "ising-lanes"),
        (&["--coupling", "plus-minus=0.5"], "ising-lanes"),
        (&["--size", "2", "--multigraph"], "ising-lanes"),
    ] {
        let size = if words.contains(&"--size") {
            &[][..]
        } else {
            &["--size", "8"]
        };
        let found = json(&[words, size, &["--temperature", "2", "--sweeps", "50"]].concat());
        assert_eq!(found["stream"], stream);
        let glass = words.contains(&"plus-minus=0.5");
        assert_eq!(found["start"], if glass { "random" } else { "ordered" });
        assert_eq!(found["bits"].is_null(), words.contains(&"--rule"));
    }
    for rule in ["heat-bath", "wolff", "swendsen-wang"] {
        let found = json(&["--size", "4", "--beta", "0", "--rule", rule, "--sweeps", "50"]);
        assert_eq!(
            (&found["temperature"], &found["start"]),
            (&Value::Null, &"random".into())
        );
    }
}

#[test] // files: the kept configurations have the energies of the table, the pictures are configurations
fn files_agree_with_each_other() {
    let dir = TempDir::new().unwrap();
    let [whole, bits] = ["whole", "bits"].map(|name| dir.path().join(name));
    let words = [
        "--size",
        "12",
        "--height",
        "10",
        "--temperature",
        "2.4",
        "--sweeps",
        "40",
        "--every",
        "4",
    ];
    let words = [
        &words[..],
        &["--burn-in", "7", "--keep-every", "2", "--snapshots", "5"],
    ]
    .concat();
    let output = sample(&[&words[..], &["--out", text(&whole)]].concat());
    assert!(output.status.success(), "{}", err(&output));
    let pictures = [15, 23, 31, 39, 47].map(|sweep| format!("snapshot-{sweep:09}.png"));
    let mut names = vec!["configurations.npy".to_owned(), "observables.csv".to_owned()];
    names.extend(pictures.clone());
    assert_eq!(listing(&whole), names, "the checkpoint is gone");
    for name in &names {
        assert!(err(&output).contains(&format!("wrote {}", whole.join(name).display())));
    }
    let table = observables(&whole);
    assert!(table.iter().map(|row| row[0]).eq((11..=47).step_by(4)));
    let (shape, spins) = npy::<i8>(&whole.join("configurations.npy"));
    assert_eq!(shape, [5, 10, 12]);
    let kept: Vec<&[i8]> = spins.chunks(120).collect();
    for (k, spins) in kept.iter().enumerate() {
        assert!(spins.iter().all(|s| s.abs() == 1));
        assert_eq!(measured(spins, 12), table[2 * k + 1][1..], "{k}");
    }
    // The snapshots are due at the same sweeps.
    for (picture, spins) in pictures.iter().zip(&kept) {
        let file = std::fs::read(whole.join(picture)).unwrap();
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
    let output = sample(&[&words[..], &["--out", text(&bits), "--form", "bits"]].concat());
    assert!(output.status.success(), "{}", err(&output));
    let (shape, packed) = npy::<u8>(&bits.join("configurations-bits.npy"));
    assert_eq!(shape, [5, 10, 2]);
    for (row, pair) in spins.chunks(12).zip(packed.chunks(2)) {
        let word = row.iter().fold(0_u16, |word, s| word << 1 | u16::from(*s > 0)) << 4;
        assert_eq!(pair, word.to_be_bytes());
    }
}

#[test] // several bands of rows: enough for threads to matter, if they did
fn results_do_not_depend_on_threads() {
    let words = [
        "--size",
        "256",
        "--height",
        "1200",
        "--temperature",
        "2.2",
        "--sweeps",
        "20",
        "--every",
        "5",
    ];
    let one = json(&[&words[..], &["--threads", "1"]].concat());
    assert_eq!(one, json(&[&words[..], &["--threads", "3"]].concat()));
    assert_ne!(one, json(&[&words[..], &["--seed", "1"]].concat()));
}

/// Starts a run, stops it when its first picture is there, refuses to go on with another, resumes, and compares
/// with one that was left alone: the same object, the same files.
#[cfg(unix)]
fn stops_and_resumes(options: &[&str]) {
    use std::process::{Command, Stdio};
    let dir = TempDir::new().unwrap();
    let [stopped, whole] = ["stopped", "whole"].map(|name| dir.path().join(name));
    let common = [
        "--temperature",
        "2.3",
        "--every",
        "4",
        "--burn-in",
        "10",
        "--keep-every",
        "500",
        "--snapshots",
        "10",
    ];
    let words = |folder: &Path, more: &[&str]| -> Vec<String> {
        let folder = ["--json", "--quiet", "--out", text(folder)];
        let all = [&["ising", "sample"][..], &common, options, &folder, more].concat();
        all.into_iter().map(str::to_owned).collect()
    };
    let start = |folder: &Path, more: &[&str]| {
        let words = words(folder, more);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        gibbs(&words)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let child = start(&stopped, &[]);
    for _ in 0..4000 {
        if stopped.is_dir() && listing(&stopped).iter().any(|name| name.starts_with("snapshot")) {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let kill = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(kill.unwrap().success());
    let refusal = object(&child.wait_with_output().unwrap(), 130);
    assert_eq!(refusal["schema"], "gibbs.error/1");
    let done = refusal["finished"].as_u64().unwrap();
    assert!(done > 0);
    assert!(refusal["message"].as_str().unwrap().contains("--resume"));
    let left = listing(&stopped);
    assert!(left.contains(&"sample.checkpoint".to_owned()) && !left.contains(&"observables.csv".to_owned()));

    for (other, words) in [
        (&["--seed", "1"][..], "its seed is 0, but 1 was asked for"),
        (&["--start", "ordered"], "its start is Random"),
    ] {
        let other = start(&stopped, &[other, &["--resume"]].concat())
            .wait_with_output()
            .unwrap();
        let refusal = object(&other, 2);
        assert!(refusal["message"].as_str().unwrap().contains(words), "{refusal}");
        assert_eq!(refusal["file"], text(&stopped.join("sample.checkpoint")));
    }

    let resumed = start(&stopped, &["--resume"]).wait_with_output().unwrap();
    let direct = start(&whole, &[]).wait_with_output().unwrap();
    let object_of_whole = object(&direct, 0);
    assert!(
        done < object_of_whole["sweeps"].as_u64().unwrap(),
        "it was not stopped in time"
    );
    assert_eq!(object(&resumed, 0), object_of_whole);
    assert_eq!(listing(&stopped), listing(&whole), "the checkpoint is gone");
    for name in listing(&whole) {
        let [one, other] = [&stopped, &whole].map(|folder| std::fs::read(folder.join(&name)).unwrap());
        assert!(one == other, "{name}");
    }
}

#[cfg(unix)]
#[test]
fn a_stopped_run_of_lanes_resumes_to_the_same_bits() {
    stops_and_resumes(&[
        "--size",
        "128",
        "--coupling",
        "plus-minus=0.8",
        "--sweeps",
        "40000",
    ]);
}

#[cfg(unix)]
#[test]
fn a_stopped_run_of_the_scalar_stream_resumes_to_the_same_bits() {
    stops_and_resumes(&[
        "--size",
        "32",
        "--stream",
        "scalar",
        "--rule",
        "heat-bath",
        "--sweeps",
        "10000",
    ]);
}

#[cfg(unix)]
#[test]
fn a_stopped_run_of_clusters_resumes_to_the_same_bits() {
    stops_and_resumes(&["--size", "32", "--rule", "wolff", "--sweeps", "12000"]);
}

#[test]
fn a_checkpoint_that_is_none_is_refused() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("sample.checkpoint");
    let words = [
        "--size",
        "8",
        "--temperature",
        "2",
        "--sweeps",
        "50",
        "--out",
        text(dir.path()),
    ];
    for content in [&b""[..], b"{}", b"\x10\0\0\0\0\0\0\0{\"__metadata__\":"] {
        std::fs::write(&file, content).unwrap();
        let refusal = object(&sample(&[&words[..], &["--resume", "--json"]].concat()), 2);
        let message = refusal["message"].as_str().unwrap();
        assert!(
            message.contains("damaged") && message.contains(text(&file)),
            "{message}"
        );
        assert_eq!(listing(dir.path()), ["sample.checkpoint"], "nothing is written");
    }
    // Without --resume a new run takes its place; without a checkpoint --resume starts one.
    for more in [&[][..], &["--resume"]] {
        assert!(sample(&[&words[..], more].concat()).status.success());
        assert_eq!(listing(dir.path()), ["observables.csv"]);
    }
}

#[test]
fn bad_input_is_refused_with_a_hint() {
    let dir = TempDir::new().unwrap();
    let taken = dir.path().join("taken");
    std::fs::write(&taken, "a file").unwrap();
    let t = ["--temperature", "2"];
    for (arguments, words) in [
        (
            &["--size", "9", t[0], t[1]][..],
            &["odd side", "--rule wolff"][..],
        ),
        (&["--size", "8", "--height", "7", t[0], t[1]], &["odd side"]),
        (&["--size", "2", t[0], t[1]], &["side of 2", "--multigraph"]),
        (
            &["--size", "8", "--height", "2", t[0], t[1]],
            &["side of 2", "--multigraph"],
        ),
        (
            &["--size", "192", t[0], t[1]],
            &["--size 192", "128 or 256", "--stream scalar"],
        ),
        (&["--size", "130", t[0], t[1]], &["128 or 256, or a free side"]),
        (
            &["--size", "66", t[0], t[1], "--stream", "scalar"],
            &["32 bits", "64 or 128"],
        ),
        (&["--size", "0", t[0], t[1]], &["--size"]),
        (&["--size", "100000", t[0], t[1]], &["--size"]),
        (
            &["--size", "32768", t[0], t[1], "--rule", "wolff"],
            &["32768 x 32768 sites are more than 268435456"],
        ),
        (
            &["--size", "8", "--temperature", "0.5", "--bits", "8"],
            &["rounds to 0 at 8 bits", "more --bits"],
        ),
        (
            &["--size", "8", "--temperature", "0.05"],
            &["rounds to 0 at 64 bits", "hint: a higher --temperature"],
        ),
        (
            &["--size", "8", "--temperature", "0.1", "--rule", "heat-bath"],
            &["e^(-8/T)", "higher --temperature"],
        ),
        (
            &["--size", "8", "--temperature", "1e-310", "--rule", "wolff"],
            &["too near to 0"],
        ),
        (
            &["--size", "8", "--temperature", "0"],
            &["--temperature 0", "gibbs ising anneal"],
        ),
        (
            &["--size", "8", "--beta", "inf"],
            &["--beta inf", "gibbs ising anneal"],
        ),
        (
            &["--size", "8", "--temperature", "-1"],
            &["--temperature -1", "--coupling antiferro"],
        ),
        (
            &["--size", "8", "--beta", "-0.4"],
            &["--beta -0.4", "--coupling antiferro"],
        ),
        (
            &["--size", "8", "--temperature", "nan"],
            &["--temperature is not a number"],
        ),
        (&["--size", "8", "--beta", "nan"], &["--beta is not a number"]),
        (&["--size", "8", "--temperature", "warm"], &["--temperature"]),
        (
            &["--size", "8", "--temperature", "inf"],
            &["rounds to 1", "--rule heat-bath"],
        ),
        (
            &["--size", "8", "--temperature", "3000", "--bits", "8"],
            &["rounds to 1 at 8 bits", "more --bits"],
        ),
        (
            &["--size", "8", "--temperature", "2", "--beta", "1"],
            &["cannot be used with"],
        ),
        (&["--size", "8"], &["--temperature"]),
        (&[t[0], t[1]], &["--size"]),
        (
            &["--size", "8", t[0], t[1], "--sweeps", "10", "--every", "11"],
            &["--every 11", "--sweeps 10"],
        ),
        (&["--size", "8", t[0], t[1], "--every", "0"], &["--every"]),
        (&["--size", "8", t[0], t[1], "--sweeps", "0"], &["--sweeps"]),
        (
            &["--size", "8", t[0], t[1], "--sweeps", "10000000000"],
            &["measurements", "--every"],
        ),
        (
            &["--size", "8", t[0], t[1], "--coupling", "plus-minus=1.5"],
            &["1.5 is no probability"],
        ),
        (
            &["--size", "8", t[0], t[1], "--coupling", "plus-minus=nan"],
            &["no probability"],
        ),
        (
            &["--size", "8", t[0], t[1], "--coupling", "glass"],
            &["plus-minus=P"],
        ),
        (
            &[
                "--size",
                "8",
                t[0],
                t[1],
                "--coupling",
                "plus-minus=0.5",
                "--rule",
                "wolff",
            ],
            &["frustrated"],
        ),
        (
            &["--size", "8", t[0], t[1], "--rule", "wolff", "--bits", "8"],
            &["--bits", "metropolis"],
        ),
        (
            &["--size", "8", t[0], t[1], "--rule", "heat-bath", "--draw", "lazy"],
            &["--draw", "metropolis"],
        ),
        (
            &["--size", "8", t[0], t[1], "--rule", "wolff", "--stream", "scalar"],
            &["--stream"],
        ),
        (&["--size", "8", t[0], t[1], "--bits", "65"], &["--bits"]),
        (&["--size", "8", t[0], t[1], "--resume"], &["--out"]),
        (&["--size", "8", t[0], t[1], "--snapshots", "2"], &["--out"]),
        (&["--size", "8", t[0], t[1], "--keep-every", "2"], &["--out"]),
        (&["--size", "8", t[0], t[1], "--form", "bits"], &["--keep-every"]),
        (
            &["--size", "8", t[0], t[1], "--out", text(&taken)],
            &[text(&taken)],
        ),
    ] {
        let output = sample(&[arguments, &["--json"]].concat());
        let refusal = object(&output, 2);
        let message = refusal["message"].as_str().unwrap();
        assert_eq!(
            (&refusal["schema"], &refusal["code"]),
            (&"gibbs.error/1".into(), &2.into())
        );
        for word in words {
            assert!(message.contains(word), "`{word}` is not in: {message}");
        }
        assert!(err(&output).contains(message), "{}", err(&output));
    }
    let folder = dir.path().join("kept");
    for (arguments, word) in [
        (
            ["--size", "8", "--sweeps", "10", "--keep-every", "11"],
            "--keep-every 11: more than the 10",
        ),
        (
            ["--size", "65536", "--sweeps", "10", "--keep-every", "2"],
            "keep fewer",
        ),
    ] {
        let out = ["--temperature", "2", "--out", text(&folder), "--json"];
        let refusal = object(&sample(&[&arguments[..], &out].concat()), 2);
        assert!(refusal["message"].as_str().unwrap().contains(word), "{refusal}");
        assert!(!folder.exists(), "nothing is written");
    }
}
