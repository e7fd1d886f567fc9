//! Exported source, compiled and run: the host's predictions come out.
//!
//! In f64 bit for bit: the generated functions do the host's operations in the host's order, and constants
//! are printed as shortest exact decimals. In f32 within the bound of rounding analysis, see [`bound`].
//!
//! Mutations tried, each turned a test red: Rust constants with 12 decimals, C constants with 15 digits; the
//! C sum from the last index; the variance with x for x^2; `?` left unescaped in C (trigraphs under
//! -std=c99); MEAN left out of the C function.

use gibbs::data::Table;
use gibbs::garrote::export::{Scalar, export_c, export_rust};
use gibbs::garrote::model::{Model, Prediction};
use gibbs_core::random::{normal, stream};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use support::model;

mod support;

const ROWS: usize = 40;

/// Random rows around the means, exact in f32 so that both precisions see the same input.
fn rows(model: &Model) -> Vec<Vec<f64>> {
    let mut rng = stream(1, "export", 0);
    let entry = |(mean, sd): (&f64, &f64), z: f64| f64::from((mean + sd.max(0.01) * z) as f32);
    let mut row = || {
        model
            .mean
            .iter()
            .zip(&model.scale)
            .map(|pair| entry(pair, normal(&mut rng)))
            .collect()
    };
    (0..ROWS).map(|_| row()).collect()
}

fn host_prediction(model: &Model, rows: &[Vec<f64>]) -> Prediction {
    let column = |index: usize| rows.iter().map(|row| row[index]).collect::<Vec<f64>>();
    let columns = model.variables.iter().enumerate();
    let table = Table::of(columns.map(|(index, name)| (name.as_str(), column(index))));
    model.predict(&table).unwrap()
}

/// Runs a compiler, or says that it is missing: `None`, or a failure where `GIBBS_REQUIRE_TOOLS=1`.
fn compile(test: &str, tool: &str, arguments: &[&str], folder: &Path) -> Option<()> {
    match Command::new(tool).args(arguments).current_dir(folder).output() {
        Ok(output) => {
            let text = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{tool} refuses the export:\n{text}");
            Some(())
        }
        Err(error) => {
            let line = format!("skipped: {test}: cannot run {tool}: {error}");
            assert_ne!(std::env::var("GIBBS_REQUIRE_TOOLS").as_deref(), Ok("1"), "{line}");
            let _ = writeln!(std::io::stderr(), "{line}"); // past the capture of the test harness
            None
        }
    }
}

/// Two numbers a line, in hexadecimal bits.
fn run(folder: &Path) -> Vec<(u64, u64)> {
    let output = Command::new(folder.join("program")).output().unwrap();
    assert!(output.status.success());
    let bits = |word: Option<&str>| u64::from_str_radix(word.unwrap(), 16).unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let line = |line: &str| {
        let mut words = line.split(' ');
        (bits(words.next()), bits(words.next()))
    };
    text.lines().map(line).collect()
}

fn run_rust(test: &str, model: &Model, scalar: Scalar, rows: &[Vec<f64>]) -> Option<Vec<(u64, u64)>> {
    let folder = tempfile::tempdir().unwrap();
    let ty = if scalar == Scalar::F32 { "f32" } else { "f64" };
    std::fs::write(
        folder.path().join("model.rs"),
        export_rust(model, scalar).unwrap(),
    )
    .unwrap();
    std::fs::write(
        folder.path().join("bare.rs"),
        "#![no_std]\n#![deny(missing_docs)]\n//! Bare.\ninclude!(\"model.rs\");\n",
    )
    .unwrap();
    let mut main = format!(
        "mod model;\nfn main() {{\n    let rows: [[{ty}; model::N]; {}] = [\n",
        rows.len()
    );
    for row in rows {
        writeln!(main, "        {row:?},").unwrap();
    }
    main += "    ];\n    for x in &rows {\n        let (y, v) = (model::predict(x), model::variance(x));\n";
    main += "        println!(\"{:x} {:x}\", y.to_bits(), v.to_bits());\n    }\n";
    writeln!(main, "    assert_eq!(model::VARIABLES, {:?});", names(model)).unwrap();
    writeln!(main, "    assert_eq!(model::TARGET, {:?});\n}}", model.target).unwrap();
    std::fs::write(folder.path().join("main.rs"), main).unwrap();
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let bare = [
        "--edition=2024",
        "--crate-type=lib",
        "--emit=metadata",
        "-Dwarnings",
        "bare.rs",
    ];
    compile(test, &rustc, &bare, folder.path())?;
    let program = ["--edition=2024", "-O", "-Dwarnings", "-o", "program", "main.rs"];
    compile(test, &rustc, &program, folder.path())?;
    Some(run(folder.path()))
}

fn run_c(test: &str, model: &Model, scalar: Scalar, rows: &[Vec<f64>]) -> Option<Vec<(u64, u64)>> {
    let folder = tempfile::tempdir().unwrap();
    let (ty, bits) = if scalar == Scalar::F32 {
        ("float", "uint32_t")
    } else {
        ("double", "uint64_t")
    };
    std::fs::write(
        folder.path().join("model.h"),
        export_c(model, "vg", scalar).unwrap(),
    )
    .unwrap();
    let mut main = String::from("#include <inttypes.h>\n#include <stdio.h>\n#include <string.h>\n");
    main += "#include \"model.h\"\n#include \"model.h\"\n"; // twice: the guard
    writeln!(main, "static const {ty} rows[{}][VG_N] = {{", rows.len()).unwrap();
    for row in rows {
        writeln!(
            main,
            "    {{{}}},",
            row.iter()
                .map(|x| format!("({ty}){x:e}"))
                .collect::<Vec<_>>()
                .join(", ")
        )
        .unwrap();
    }
    main += "};\nint main(void) {\n    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {\n";
    writeln!(
        main,
        "        const {ty} y = vg_predict(rows[i]), v = vg_variance(rows[i]);\n        {bits} a, b;"
    )
    .unwrap();
    main += "        memcpy(&a, &y, sizeof a);\n        memcpy(&b, &v, sizeof b);\n";
    main += "        printf(\"%\" PRIx64 \" %\" PRIx64 \"\\n\", (uint64_t)a, (uint64_t)b);\n    }\n";
    for (index, name) in names(model).iter().enumerate() {
        let bytes: Vec<String> = name
            .bytes()
            .chain([0])
            .map(|byte| format!("(char){byte}"))
            .collect();
        writeln!(
            main,
            "    {{\n        const char name[] = {{{}}};",
            bytes.join(", ")
        )
        .unwrap();
        writeln!(
            main,
            "        if (strcmp(name, VG_VARIABLES[{index}]) != 0) return 1;\n    }}"
        )
        .unwrap();
    }
    main += "    return VG_TARGET[0] == 't' ? 0 : 1;\n}\n";
    std::fs::write(folder.path().join("main.c"), main).unwrap();
    let flags = [
        "-std=c99",
        "-O2",
        "-Wall",
        "-Wextra",
        "-Werror",
        "-pedantic",
        "-ffp-contract=off",
        "-o",
        "program",
        "main.c",
    ];
    compile(test, "cc", &flags, folder.path())?;
    Some(run(folder.path()))
}

fn names(model: &Model) -> Vec<&str> {
    model.variables.iter().map(String::as_str).collect()
}

fn same_bits(got: &[(u64, u64)], expected: &Prediction) {
    assert_eq!(got.len(), ROWS);
    for (row, ((mean, variance), (y, sd))) in
        got.iter().zip(expected.mean.iter().zip(&expected.sd)).enumerate()
    {
        assert_eq!(
            *mean,
            y.to_bits(),
            "row {row}: {} against {y}",
            f64::from_bits(*mean)
        );
        assert_eq!(
            f64::from_bits(*variance).sqrt().to_bits(),
            sd.to_bits(),
            "row {row}: sd {sd}"
        );
    }
}

/// Largest error of the f32 prediction, u = 2^-24: the mean and the coefficient are rounded, then a
/// difference, a product, and N sums; each of these N + 4 errors is at most u times the sum of all absolute
/// terms. 1.01 stands for the terms in u^2.
fn bound(model: &Model, row: &[f64]) -> f64 {
    let parts = row.iter().zip(&model.mean).zip(model.coefficients());
    let terms: f64 = parts
        .map(|((x, mean), c)| ((x - mean).abs() + mean.abs()) * c.abs())
        .sum();
    1.01 * (row.len() as f64 + 4.0) * 2.0_f64.powi(-24) * (model.target_mean.abs() + terms)
}

fn near(got: &[(u64, u64)], model: &Model, rows: &[Vec<f64>], expected: &Prediction) {
    assert_eq!(got.len(), ROWS);
    for ((mean, _), (row, y)) in got.iter().zip(rows.iter().zip(&expected.mean)) {
        let mean = f64::from(f32::from_bits(u32::try_from(*mean).unwrap()));
        assert!(
            (mean - y).abs() <= bound(model, row),
            "{mean} against {y}, bound {}",
            bound(model, row)
        );
    }
}

#[test]
fn rust_f64_has_the_bits_of_the_host() {
    let (model, rows) = (model(), rows(&model()));
    if let Some(got) = run_rust("rust_f64_has_the_bits_of_the_host", &model, Scalar::F64, &rows) {
        same_bits(&got, &host_prediction(&model, &rows));
    }
}

#[test]
fn c_f64_has_the_bits_of_the_host() {
    let (model, rows) = (model(), rows(&model()));
    if let Some(got) = run_c("c_f64_has_the_bits_of_the_host", &model, Scalar::F64, &rows) {
        same_bits(&got, &host_prediction(&model, &rows));
    }
}

#[test]
fn f32_is_within_rounding_and_equal_in_both_languages() {
    let test = "f32_is_within_rounding_and_equal_in_both_languages";
    let (model, rows) = (model(), rows(&model()));
    let expected = host_prediction(&model, &rows);
    let rust = run_rust(test, &model, Scalar::F32, &rows);
    let c = run_c(test, &model, Scalar::F32, &rows);
    for got in [&rust, &c].into_iter().flatten() {
        near(got, &model, &rows, &expected);
    }
    if let (Some(rust), Some(c)) = (rust, c) {
        assert_eq!(rust, c);
    }
}

#[test]
fn what_cannot_be_exported_is_refused() {
    let code = |result: Result<String, gibbs::data::DataError>| result.unwrap_err().code();
    for prefix in ["", "1x", "a b", "a-b", "\u{e9}", "_x"] {
        assert_eq!(
            code(export_c(&model(), prefix, Scalar::F64)),
            "bad_prefix",
            "{prefix:?}"
        );
    }
    let large = Model {
        target_mean: 1e39,
        ..model()
    };
    assert!(export_rust(&large, Scalar::F64).is_ok());
    assert_eq!(code(export_rust(&large, Scalar::F32)), "bad_model");
    assert_eq!(code(export_c(&large, "vg", Scalar::F32)), "bad_model");
    assert_eq!(code(export_rust(&Model::default(), Scalar::F64)), "bad_model");
    // all numbers of a target of 1e-50 would become 0 in f32, and the variance of one of 1e-170 in f64
    let in_units_of = |unit: f64| Model {
        target_mean: unit * model().target_mean,
        target_sd: unit * model().target_sd,
        noise_sd: unit * model().noise_sd,
        refit_noise_sd: unit * model().refit_noise_sd,
        weight: model().weight.iter().map(|w| unit * w).collect(),
        refit: model().refit.iter().map(|w| unit * w).collect(),
        ..model()
    };
    for unit in [1e-25, 1e-50] {
        let small = in_units_of(unit);
        assert_eq!(code(export_c(&small, "vg", Scalar::F32)), "bad_model", "{unit:e}");
        assert_eq!(code(export_rust(&small, Scalar::F32)), "bad_model", "{unit:e}");
        assert!(export_c(&small, "vg", Scalar::F64).is_ok());
    }
    assert_eq!(code(export_rust(&in_units_of(1e-170), Scalar::F64)), "bad_model");
    // what is too small to matter beside the data may vanish: an inclusion of 1e-60
    let negligible = Model {
        inclusion: vec![0.999_9, 0.75, 0.3, 1e-60, 0.0],
        ..model()
    };
    assert!(export_rust(&negligible, Scalar::F32).is_ok());
}
