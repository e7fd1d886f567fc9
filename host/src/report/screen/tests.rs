//! Meant to be seen: see the list in `claim/tests.rs`.
use super::*;
use crate::report::claim::{Expected, Source};

/// Rows of all verdicts, with words that do not fit on a line.
fn rows() -> Vec<Row> {
    let source =
        || Source::own("a protocol that is described in many words, so that a line of it is far too long");
    let shortfall = Expected::KnownShortfall {
        target: Box::new(Expected::AtLeast(0.6)),
        reason: "the rule selects too few variables where the columns are correlated with each other".into(),
    };
    let row = |name: &str, expected, measured| {
        Row::new(format!("F1 of {name} by fit"), source(), expected, measured)
    };
    vec![
        row("a met one", Expected::AtLeast(0.5), 0.75),
        row("a bad one", Expected::AtLeast(0.5), 0.25),
        row("a noisy one", Expected::sampled(0.5, 0.01), 0.75).with_error(0.2),
        row("a known one", shortfall, 0.25),
        row("an open one", Expected::Informative, 0.25),
    ]
}

fn style(width: Option<usize>) -> Style {
    Style { colour: false, width }
}

#[test]
fn counts_all_and_shows_what_is_not_met() {
    let rows = rows();
    let fine = Group {
        name: "fine",
        rows: &rows[..1],
        failure: None,
        seconds: Some(1.25),
    };
    let groups = [
        fine,
        Group {
            name: "mixed",
            rows: &rows,
            ..fine
        },
        Group {
            name: "broken",
            rows: &[],
            failure: Some("fitting draw 3: the target is constant"),
            seconds: None,
        },
    ];
    let text = screen("experiment", &groups, style(None));
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(words(lines[2]), ["fine", "1", "–", "–", "–", "1.2"]);
    assert_eq!(words(lines[3]), ["mixed", "1", "2", "1", "1", "1.2"]);
    assert_eq!(words(lines[4]), ["broken", "–", "FAILED", "–", "–"]);
    let headings: Vec<_> = lines
        .iter()
        .filter(|line| ["failed", "not met", "known shortfalls"].contains(line))
        .collect();
    assert_eq!(headings, [&"failed", &"not met", &"known shortfalls"]);
    for shown in [
        "fitting draw 3",
        "mixed: F1 of a bad one by fit",
        "mixed: F1 of a noisy one",
        "mixed: F1 of a known one",
        "expected ≥ 0.6000 (own: a protocol",
        "; the rule selects too few",
        "σ ≤ 0.010",
    ] {
        assert!(text.contains(shown), "{shown}\n{text}");
    }
    for hidden in ["a met one", "an open one"] {
        assert!(!text.contains(hidden), "{hidden}\n{text}");
    }
}

#[test] // a terminal of 75 columns and one of 110: no line is longer, for one screen and for all rows
fn no_line_is_longer_than_the_terminal_is_wide() {
    let rows = rows();
    let group = Group {
        name: "mixed",
        rows: &rows,
        failure: None,
        seconds: Some(0.5),
    };
    for width in [75, 110] {
        let all = table_of(&rows).to_text(style(Some(width)));
        for text in [screen("experiment", &[group], style(Some(width))), all] {
            let longest = text.lines().map(|line| line.chars().count()).max();
            assert!(longest <= Some(width), "{longest:?}\n{text}");
        }
    }
    let lines = |style| table_of(&rows).to_text(style).lines().count();
    assert_eq!(
        lines(style(None)),
        2 + rows.len(),
        "one line a row where nobody reads"
    );
}
