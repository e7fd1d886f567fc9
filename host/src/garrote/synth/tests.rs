//! Oracles: the written law of each protocol (moments, exact supports, the stated noise), and a bit-exact
//! snapshot so that published tables stay reproducible.
//!
//! Statistical bounds are |z| < 6 (two-sided false alarm 2e-9 for a normal statistic), fixed seeds.
//! Mutations seen red: `fresh` without the square root; r and fresh exchanged; the mean of all rows in `standardise`;
//! SNR multiplied instead of divided; wbar without the -1/2; the sign of A always +; stream index 2 + j -> 2;
//! validation cut at 0.

use super::*;
use gibbs_core::random::{FNV_OFFSET, fnv1a};

fn moments(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    (
        mean,
        values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / n,
    )
}

fn parse(text: &str) -> Protocol {
    Protocol::parse(text).unwrap()
}

/// y - X w, the noise as drawn.
fn noise(sample: &Sample, weights: &[f64]) -> Vec<f64> {
    let fit = crate::baseline::linear_prediction(&sample.x, sample.rows, weights, 0.0);
    sample.y.iter().zip(fit).map(|(y, f)| y - f).collect()
}

#[test] // law: garrote-synth
fn shapes_and_truths_are_those_of_the_table() {
    let rows = |name: &str| {
        let d = parse(name).draw(3);
        assert_eq!(d.name, name);
        let relevant = d.weights.iter().filter(|w| **w != 0.0).count();
        assert_eq!(d.train.columns(), d.weights.len());
        assert_eq!(d.test.columns(), d.weights.len());
        assert_eq!(d.train.y.len(), d.train.rows);
        (
            d.train.rows,
            d.validation.map_or(0, |v| v.rows),
            d.test.rows,
            d.weights.len(),
            relevant,
        )
    };
    assert_eq!(rows("A:5"), (256, 0, 256, 256, 5));
    assert_eq!(rows("A:192"), (256, 0, 256, 256, 192));
    assert_eq!(rows("B"), (67, 67, 100, 100, 5));
    assert_eq!(rows("B-large"), (100, 100, 100, 1000, 10));
    assert_eq!(rows("C"), (100, 0, 100, 500, 10));
    assert_eq!(rows("C-hard"), (100, 0, 100, 500, 10));
    assert_eq!(rows("D1"), (1000, 0, 1000, 3, 2));
    assert_eq!(rows("E:250"), (100, 0, 100, 250, 10));
    assert_eq!(rows("F:low:0.35:1"), (100, 100, 100, 10, 5));
    assert_eq!(rows("F:medium:0:0.05"), (500, 500, 500, 100, 5));
    assert_eq!(rows("F:high-5:0.7:6"), (50, 50, 50, 1000, 5));
    assert_eq!(rows("F:high-10:0.35:1.22"), (100, 100, 100, 1000, 10));
    let hard = parse("C-hard").draw(0).weights;
    assert_eq!(
        [hard[200], hard[202], hard[218], hard[201]],
        [1.0, -1.0, -1.0, 0.0]
    );
    assert_eq!(parse("D2").draw(0).weights, [-2.0, 3.0, 0.0]);
}

// E w^2 = 4/rho exactly; |w| in [1, wbar]; both signs; places uniform
#[test] // oracle: garrote-synth
fn weights_of_a_have_second_moment_four_over_rho() {
    let protocol = parse("A:5");
    let widest = (12.0 * 256.0 / 5.0 - 0.75_f64).sqrt() - 0.5;
    let w: Vec<f64> = (0..400)
        .flat_map(|seed| protocol.weights(&mut stream(seed, "test", 0)))
        .filter(|w| *w != 0.0)
        .collect();
    assert!(w.iter().all(|w| (1.0..=widest).contains(&w.abs())));
    let squares: Vec<f64> = w.iter().map(|w| w * w).collect();
    let (mean, variance) = moments(&squares);
    let root = (w.len() as f64).sqrt();
    assert!(
        (mean - 4.0 * 256.0 / 5.0).abs() < 6.0 * variance.sqrt() / root,
        "{mean}"
    );
    let positive = w.iter().filter(|w| **w > 0.0).count() as f64;
    assert!((positive - 1000.0).abs() < 6.0 * 500.0_f64.sqrt(), "{positive}");
    let (place, _) = moments(
        &(0..400)
            .flat_map(|seed| choose(&mut stream(seed, "test", 1), 256, 5))
            .map(|p| p as f64)
            .collect::<Vec<_>>(),
    );
    assert!(
        (place - 127.5).abs() < 6.0 * 256.0 / 12.0_f64.sqrt() / 2000.0_f64.sqrt(),
        "{place}"
    );
}

#[test] // edge: garrote-synth
fn choose_gives_distinct_places_in_both_regimes() {
    for (len, count) in [(256, 200), (256, 128), (10, 10), (100_000, 10)] {
        let mut places = choose(&mut stream(1, "test", 0), len, count);
        places.sort_unstable();
        places.dedup();
        assert_eq!(places.len(), count);
        assert!(places.iter().all(|p| *p < len));
    }
}

// columns k apart correlate r^k, all have unit variance: lag products of 50,000 entries
#[test] // oracle: garrote-synth
fn the_chain_has_its_correlation() {
    for (name, r) in [("C", 0.7_f64), ("C-hard", 0.9)] {
        let d = parse(name).draw(5);
        let m = d.train.rows;
        let lag = |k: usize| {
            let pairs = d.train.x.iter().zip(&d.train.x[k * m..]);
            pairs.map(|(a, b)| a * b).sum::<f64>() / (d.train.x.len() - k * m) as f64
        };
        // variance of a lag product at most 2, of a mean over a chain at most (1 + r^2)/(1 - r^2) times more
        let inflation = (1.0 + r * r) / (1.0 - r * r);
        let bound = 6.0 * (2.0 * inflation / 50_000.0_f64).sqrt();
        for (k, want) in [1.0, r, r * r, r * r * r].into_iter().enumerate() {
            assert!(
                (lag(k) - want).abs() < bound,
                "{name} lag {k}: {} against {want}",
                lag(k)
            );
        }
    }
}

// noise variance = w'Sw/SNR: ones 50 apart in C: 10 (1 + tiny); B: exactly 1
#[test] // law: garrote-synth
fn the_noise_has_its_stated_size() {
    for name in ["A:8", "B", "C", "C-hard", "D1", "F:medium:0.35:2"] {
        let d = parse(name).draw(11);
        let (mean, variance) = moments(&noise(&d.train, &d.weights));
        let rows = d.train.rows as f64;
        let ratio = variance / (d.noise_sd * d.noise_sd);
        assert!((ratio - 1.0).abs() < 6.0 * (2.0 / rows).sqrt(), "{name}: {ratio}");
        assert!(mean.abs() < 6.0 * d.noise_sd / rows.sqrt(), "{name}: {mean}");
    }
    assert_eq!(parse("B").draw(0).noise_sd, 1.0);
    let c = parse("C").draw(0).noise_sd;
    assert!((c * c - 10.0 / 3.0).abs() < 1e-6, "{c}");
    let a = parse("A:8").draw(4);
    let power: f64 = a.weights.iter().map(|w| w * w).sum();
    assert!((a.noise_sd * a.noise_sd * 3.0 / power - 1.0).abs() < 1e-12);
    // C-hard: S between neighbours at distance 2 d is 0.81^d, signs alternate
    let hard = parse("C-hard").draw(0).noise_sd;
    let power = (0..10)
        .flat_map(|i| {
            (0..10).map(move |j: i32| f64::from(1 - 2 * ((i + j) % 2)) * 0.81_f64.powi((i - j).abs()))
        })
        .sum::<f64>();
    assert!((hard * hard * 3.0 / power - 1.0).abs() < 1e-12);
}

#[test] // law: garrote-synth
fn standardised_protocols_have_unit_training_columns() {
    for name in ["B", "B-large", "E:64"] {
        let d = parse(name).draw(2);
        for column in d.train.x.chunks_exact(d.train.rows) {
            let (mean, variance) = moments(column);
            assert!(
                mean.abs() < 1e-13 && (variance - 1.0).abs() < 1e-13,
                "{name}: {mean} {variance}"
            );
        }
        let (_, variance) = moments(&d.test.x[..d.test.rows]);
        assert!(
            (variance - 1.0).abs() > 1e-6,
            "the test rows take the scale of the training rows"
        );
    }
}

// the third column has unit variance and correlation 2/3 with the first two
#[test] // oracle: garrote-synth
fn zhao_yu_third_column() {
    let d = parse("D1").draw(1);
    let m = d.train.rows;
    let column = |j: usize| &d.train.x[j * m..(j + 1) * m];
    let product =
        |i: usize, j: usize| column(i).iter().zip(column(j)).map(|(a, b)| a * b).sum::<f64>() / m as f64;
    let bound = 6.0 * (2.0 / m as f64).sqrt();
    for (i, j, want) in [(2, 2, 1.0), (0, 2, 2.0 / 3.0), (1, 2, 2.0 / 3.0), (0, 1, 0.0)] {
        assert!((product(i, j) - want).abs() < bound, "({i}, {j})");
    }
    assert_eq!(Law::ZhaoYu.signal_variance(&[1.0, 1.0, 1.0]), 3.0 + 8.0 / 3.0);
}

#[test] // law: garrote-synth
fn draws_repeat_and_do_not_depend_on_threads() {
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let d = parse("C").draw(7);
    assert_eq!(d, one.install(|| parse("C").draw(7)));
    assert_ne!(d.train.x, parse("C").draw(8).train.x);
    let (truth, data) = (parse("A:8").draw(1), parse("A:8").draw(2));
    let mixed = parse("A:8").draw_ensemble(1, 2);
    assert_eq!((mixed.weights, mixed.train.x), (truth.weights, data.train.x));
    let b = parse("B").draw(0);
    let v = b.validation.unwrap();
    assert_ne!(v.x[0], b.train.x[0]);
    assert_ne!(v.x[0], b.test.x[0]);
}

/// FNV-1a over the bits of design, target and weights: published numbers refer to exactly these draws. Made by
/// this code; a change here changes every published table.
#[test] // golden: garrote-synth
fn draws_are_the_published_ones() {
    let hash = |name: &str| {
        let d = parse(name).draw(0);
        let all = d
            .train
            .x
            .iter()
            .chain(&d.train.y)
            .chain(&d.test.x)
            .chain(&d.test.y)
            .chain(&d.weights);
        all.fold(FNV_OFFSET, |hash, v| fnv1a(hash, &v.to_bits().to_le_bytes()))
    };
    let got = ["A:5", "B", "C", "D1", "E:50"].map(hash);
    let expected = [
        6_218_446_935_689_956_274,
        1_431_947_886_159_512_390,
        11_860_328_882_023_773_758,
        17_713_571_095_469_049_459,
        3_452_241_110_093_787_016,
    ];
    assert_eq!(got, expected);
}

#[test] // edge: garrote-synth
fn names_round_trip_and_bad_names_say_why() {
    for name in [
        "A:1",
        "A:256",
        "B",
        "B-large",
        "C",
        "C-hard",
        "D1",
        "D2",
        "E:10",
        "F:high-5:0.35:1.22",
    ] {
        assert_eq!(parse(name).to_string(), name);
    }
    assert_eq!(parse("b-LARGE"), Protocol::BLarge);
    for (bad, word) in [
        ("", "family"),
        ("G", "family"),
        ("B:2", "family"),
        ("A", "after a colon"),
        ("A:0", "1 to 256"),
        ("A:257", "1 to 256"),
        ("A:x", "1 to 256"),
        ("E", "after a colon"),
        ("E:9", "10 to"),
        ("F", "three parts"),
        ("F:tall:0:1", "shape"),
        ("F:low:1:1", "correlation"),
        ("F:low:NaN:1", "correlation"),
        ("F:low:0:0", "ratio"),
        ("F:low:0:inf", "ratio"),
    ] {
        let message = Protocol::parse(bad).unwrap_err().to_string();
        assert!(
            message.contains(word) && message.contains("hint: "),
            "{bad}: {message}"
        );
    }
}

#[test]
fn files_read_back_to_the_same_bits() {
    let dir = tempfile::tempdir().unwrap();
    let d = parse("B").draw(1);
    let paths = write(&d, &dir.path().join("new")).unwrap();
    assert_eq!(paths.len(), 4);
    let read = |name: &str| {
        let mut reader = csv::Reader::from_path(dir.path().join("new").join(name)).unwrap();
        let header: Vec<String> = reader.headers().unwrap().iter().map(String::from).collect();
        let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        (header, rows)
    };
    for (name, sample) in [
        ("train.csv", &d.train),
        ("validation.csv", d.validation.as_ref().unwrap()),
        ("test.csv", &d.test),
    ] {
        let (header, rows) = read(name);
        assert_eq!(
            (header.len(), &header[0][..], &header[99][..], &header[100][..]),
            (101, "x0", "x99", "y")
        );
        assert_eq!(rows.len(), sample.rows);
        for (r, row) in rows.iter().enumerate() {
            for j in 0..100 {
                assert_eq!(row[j].parse::<f64>().unwrap(), sample.x[j * sample.rows + r]);
            }
            assert_eq!(row[100].parse::<f64>().unwrap(), sample.y[r]);
        }
    }
    let (header, rows) = read("truth.csv");
    assert_eq!(header, ["column", "weight", "noise_sd"]);
    assert!(
        rows.iter()
            .zip(&d.weights)
            .all(|(row, w)| row[1].parse::<f64>().unwrap() == *w)
    );
    let blocked = dir.path().join("new").join("train.csv").join("inside-a-file");
    let message = write(&d, &blocked).unwrap_err().to_string();
    assert!(
        message.contains("inside-a-file") && message.contains("hint: "),
        "{message}"
    );
}
