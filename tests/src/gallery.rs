//! The gallery of the book: the figures of a report of `gibbs reproduce`, with their commands and their claims.

use crate::{Failure, failed, read, root};
use serde_json::Value;
use std::fmt::Write;
use std::path::Path;

/// The page, from the root of the repository.
pub const PAGE: &str = "docs/src/gallery.md";

/// The folder of its figures, from the root of the repository.
const FIGURES: &str = "docs/src/figures/gallery";

const HEAD: &str = "\
# Gallery

Every figure of `gibbs reproduce`, with the command that draws it, what was expected and what was measured. The rows that are
not shown here (details and rows for information) are in the report that the command writes. *Source* says who vouches for
the expected value: published (printed in a paper that was read), oracle (a closed form, an enumeration or an independent
program), or own (a protocol or an earlier measurement of this project). A known shortfall is a target that is missed and
named as such.

This page is made by two commands:

```text
cargo run --release -- reproduce --json --out report > report.json
cargo run -p gibbs-tests --bin gallery -- report.json report
```
";

/// Writes the page and copies its figures from the folder of the report; the number of pictures.
///
/// # Errors
/// A report that is no report, a figure that is missing, a page that cannot be written.
pub fn write(report: &Path, folder: &Path) -> Result<usize, Failure> {
    let text = read(report)?;
    let report: Value = serde_json::from_str(&text).map_err(failed(report.display()))?;
    let target = root().join(FIGURES);
    std::fs::create_dir_all(&target).map_err(failed(target.display()))?;
    for stale in std::fs::read_dir(&target)
        .map_err(failed(target.display()))?
        .flatten()
    {
        std::fs::remove_file(stale.path()).map_err(failed(stale.path().display()))?;
    }
    let mut pictures = 0;
    for name in figures(&report) {
        std::fs::copy(folder.join(name), target.join(name)).map_err(failed(name))?;
        pictures += 1;
    }
    let page = root().join(PAGE);
    std::fs::write(&page, page_of(&report)?).map_err(failed(page.display()))?;
    Ok(pictures)
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value
        .get(key)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// The file names of all figures.
fn figures(report: &Value) -> impl Iterator<Item = &str> {
    let all = list(report, "experiments")
        .iter()
        .flat_map(|experiment| list(experiment, "figures"));
    all.map(|figure| text(figure, "svg"))
}

/// The page of a report.
///
/// # Errors
/// A report without experiments.
pub fn page_of(report: &Value) -> Result<String, Failure> {
    let experiments = list(report, "experiments");
    if experiments.is_empty() {
        return Err(Failure("the report holds no experiments".to_owned()));
    }
    let full = report.get("full").and_then(Value::as_bool).unwrap_or_default();
    let size = if full {
        "The full versions"
    } else {
        "The quick versions"
    };
    let seed = report.get("seed").and_then(Value::as_u64).unwrap_or_default();
    let mut page = format!("{HEAD}\n{size}, seed {seed}.\n");
    for experiment in experiments {
        section(&mut page, experiment, full);
    }
    Ok(page)
}

fn section(page: &mut String, experiment: &Value, full: bool) {
    let name = text(experiment, "name");
    let option = if full { " --full" } else { "" };
    let _ = write!(
        page,
        "\n## {}\n\n`gibbs reproduce {name}{option}` · {}\n\n*{}*\n",
        text(experiment, "title"),
        text(experiment, "paper"),
        text(experiment, "claim")
    );
    for figure in list(experiment, "figures") {
        let (file, caption) = (text(figure, "svg"), text(figure, "caption"));
        let _ = write!(page, "\n![{caption}](figures/gallery/{file})\n\n{caption}\n");
    }
    let rows: Vec<&Value> = list(experiment, "rows")
        .iter()
        .filter(|row| claims(row))
        .collect();
    if !rows.is_empty() {
        page.push_str("\n| quantity | source | expected | measured | verdict |\n|---|---|---:|---:|---|\n");
    }
    for row in rows {
        let unit = text(row, "unit");
        let _ = writeln!(
            page,
            "| {} | {} | {} | {} {unit} | {} |",
            cell(text(row, "quantity")),
            text(&row["source"], "kind"),
            expected(&row["expected"]),
            measured(row),
            text(row, "verdict").replace('_', " ")
        );
    }
}

/// Whether a row says what it expects and does not depend on the clock.
fn claims(row: &Value) -> bool {
    text(row, "verdict") != "informative" && row.get("timed") != Some(&Value::Bool(true))
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

/// A number with the digits that a reader wants.
fn number(value: &Value) -> String {
    let Some(value) = value.as_f64() else {
        return "not a number".to_owned();
    };
    let size = value.abs();
    if value == value.trunc() && size < 1e6 {
        format!("{value}")
    } else if (1e-3..1e5).contains(&size) {
        let digits = 5 - 1 - size.log10().floor() as i32;
        let digits = usize::try_from(digits).unwrap_or_default();
        let text = format!("{value:.digits$}");
        if text.contains('.') {
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        } else {
            text
        }
    } else {
        format!("{value:.2e}")
    }
}

fn expected(value: &Value) -> String {
    let of = |key: &str| number(&value[key]);
    match text(value, "kind") {
        "equal" => format!("{} ± {}", of("value"), of("tolerance")),
        "sampled" => format!(
            "{} within {} errors, each at most {}",
            of("value"),
            of("sigmas"),
            of("largest_error")
        ),
        "at_least" => format!("at least {}", of("value")),
        "at_most" => format!("at most {}", of("value")),
        "within" => format!("{} to {}", of("low"), of("high")),
        "known_shortfall" => expected(&value["target"]),
        other => other.replace('_', " "),
    }
}

fn measured(row: &Value) -> String {
    match row.get("error").and_then(Value::as_f64) {
        Some(error) if error > 0.0 => format!("{} ± {}", number(&row["measured"]), number(&row["error"])),
        _ => number(&row["measured"]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // A page shows each figure and each claim, and no row that claims nothing.
    #[test]
    fn a_report_becomes_a_page() {
        let report: Value = serde_json::json!({
            "seed": 3, "full": false,
            "experiments": [{
                "name": "melting", "title": "A magnet melts", "paper": "Yang 1952", "claim": "It does.",
                "figures": [{"svg": "melting.svg", "caption": "The curve."}],
                "rows": [
                    {"quantity": "|m|", "source": {"kind": "oracle"}, "unit": "", "verdict": "met", "error": 0.001,
                     "expected": {"kind": "equal", "value": 0.5, "tolerance": 0.01}, "measured": 0.501},
                    {"quantity": "hidden", "source": {"kind": "own"}, "unit": "", "verdict": "informative",
                     "expected": {"kind": "informative"}, "measured": 1.0, "error": 0.0},
                ],
            }],
        });
        let page = page_of(&report).expect("a page");
        for part in [
            "seed 3.",
            "`gibbs reproduce melting` · Yang 1952",
            "![The curve.](figures/gallery/melting.svg)",
            "| \\|m\\| | oracle | 0.5 ± 0.01 | 0.501 ± 0.001  | met |",
        ] {
            assert!(page.contains(part), "{part}\n{page}");
        }
        assert!(!page.contains("hidden"));
        assert!(page_of(&serde_json::json!({})).is_err());
    }

    // Small, large and whole numbers.
    #[test]
    fn numbers_are_short() {
        for (value, text) in [
            (0.0, "0"),
            (2.0, "2"),
            (0.012_345_67, "0.012346"),
            (-1.5e-9, "-1.50e-9"),
        ] {
            assert_eq!(number(&Value::from(value)), text);
        }
    }
}
