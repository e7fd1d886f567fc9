//! Mutations seen red: padding counted in bytes; `|` not escaped; control characters let through.
use super::*;

fn sample() -> Table {
    let mut table = Table::new(&["name", "value"]).right(&[1]);
    table.push(["größe", "1.5"]);
    table.push(["ß|c", "-12.25"]);
    table
}

#[test]
fn columns_line_up_by_characters() {
    let text = sample().to_text(Style::default());
    assert_eq!(
        text,
        "name    value\n-----  ------\ngröße     1.5\nß|c    -12.25\n"
    );
}

#[test]
fn markdown_escapes_the_bar() {
    let text = sample().to_markdown();
    assert_eq!(
        text,
        "| name | value |\n| --- | ---: |\n| größe | 1.5 |\n| ß\\|c | -12.25 |\n"
    );
}

#[test]
fn paint_does_not_shift_and_controls_are_escaped() {
    let mut table = Table::new(&["a", "b"]);
    table.push([Cell::painted("x", Paint::Bad), Cell::from("\u{1b}[2Jy")]);
    let colour = Style {
        colour: true,
        width: None,
    };
    assert_eq!(
        table.to_text(colour),
        "a  b\n-  ----------\n\u{1b}[1;31mx\u{1b}[0m  \\u{1b}[2Jy\n"
    );
    assert!(!table.to_text(Style::default()).contains('\u{1b}'));
}

#[test]
fn long_cells_wrap_at_words_only_when_asked() {
    let mut table = Table::new(&["t", "n"]).right(&[1]);
    table.push(["one two three", "1"]);
    let narrow = table.to_text(Style {
        colour: false,
        width: Some(11),
    });
    assert_eq!(narrow, "t        n\n-------  -\none two  1\nthree\n");
    assert!(table.to_text(Style::default()).contains("one two three  1"));
}
