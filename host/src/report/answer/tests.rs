//! Meant to be seen: labels not padded; a hidden field shown; the rest of the rows not named; errors left out of CSV.
use super::*;

struct Level {
    energy: f64,
    error: Option<f64>,
    count: u32,
}

fn levels() -> Rows {
    let levels = [
        Level {
            energy: -2.5,
            error: Some(0.125),
            count: 1,
        },
        Level {
            energy: f64::NAN,
            error: None,
            count: 12,
        },
    ];
    Rows::of("levels", &levels)
        .measured("energy", |level| (level.energy, level.error))
        .count("configurations", |level| level.count)
        .number("half", |level| (level.count > 1).then_some(0.5))
        .text("note, or none", |level| format!("\"{}\"", level.count))
        .hidden()
        .done()
}

#[test]
fn a_table_is_declared_once_and_shown_three_ways() {
    let rows = levels();
    assert_eq!(
        String::from_utf8(rows.to_csv().unwrap()).unwrap(),
        "energy,energy_error,configurations,half,\"note, or none\"\n-2.5,0.125,1,,\"\"\"1\"\"\"\nNaN,,12,0.5,\"\"\"12\"\"\"\n"
    );
    assert_eq!(
        rows.to_json(),
        json!([
            {"energy": -2.5, "energy_error": 0.125, "configurations": 1, "half": null, "note, or none": "\"1\""},
            {"energy": null, "energy_error": null, "configurations": 12, "half": 0.5, "note, or none": "\"12\""},
        ])
    );
    let text = rows.to_text(Style::default(), 9);
    assert!(text.contains("-2.50 ± 0.12"), "{text}");
    assert!(!text.contains("note"), "{text}");
}

#[test]
fn text_and_json_hold_what_is_theirs() {
    let mut answer = Answer::new();
    answer.rows_first(&levels(), 1);
    answer.number("log_z", 1.0 / 3.0).label("ln Z").digits(3);
    answer.number("gap", None);
    answer.flag("met", true);
    answer.measured("energy", -1.5, Some(0.25));
    answer.shown("a longer label", "3 of 4");
    answer.hidden("state", [1, -1]);
    answer.timing("seconds_per_read", 0.5);
    let text = answer.to_text();
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines.contains(&"and 1 more"), "{text}");
    assert!(lines.contains(&"ln Z           0.333"), "{text}");
    assert!(lines.contains(&"gap            none"), "{text}");
    assert!(lines.contains(&"energy         -1.50 ± 0.25"), "{text}");
    assert!(lines.contains(&"a longer label 3 of 4"), "{text}");
    assert!(!text.contains("state"), "{text}");
    let object = Value::Object(answer.to_json(2.0));
    assert_eq!(object["log_z"], json!(1.0 / 3.0));
    assert_eq!(object["energy_error"], json!(0.25));
    assert_eq!(object["state"], json!([1, -1]));
    assert_eq!(object["timing"], json!({"seconds": 2.0, "seconds_per_read": 0.5}));
    assert_eq!(object["levels"].as_array().map(Vec::len), Some(2));
    assert_eq!(object.get("a longer label"), None);
}
