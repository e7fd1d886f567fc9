//! Mutations seen red: a cell written without `escape`; the viewBox left out.
use super::*;

fn page() -> Page {
    let hostile = "<script>alert('x & \"y\"')</script>";
    let row = PageRow {
        cells: std::array::from_fn(|k| format!("{hostile}{k}")),
        mark: Mark::Bad,
    };
    let svg = "<?xml?><svg xmlns=\"s\" width=\"70\" height=\"40\"><g/></svg>".to_owned();
    let figure = PageFigure {
        svg,
        png: "a.png".to_owned(),
        caption: hostile.to_owned(),
    };
    let section = Section {
        name: hostile.to_owned(),
        title: hostile.to_owned(),
        paper: hostile.to_owned(),
        claim: hostile.to_owned(),
        command: hostile.to_owned(),
        rows: vec![row],
        figures: vec![figure],
        notes: vec![hostile.to_owned()],
        failure: Some(hostile.to_owned()),
    };
    Page {
        title: hostile.to_owned(),
        summary: hostile.to_owned(),
        sections: vec![section],
        ..Page::default()
    }
}

#[test]
fn every_text_is_escaped() {
    let html = page().to_html();
    assert!(!html.contains("<script"), "{html}");
    assert_eq!(
        html.matches("&lt;script&gt;alert(&#39;x &amp; &quot;y&quot;&#39;)")
            .count(),
        18
    );
}

#[test]
fn figures_are_inlined_and_can_shrink() {
    let html = page().to_html();
    assert!(html.contains("<svg xmlns=\"s\" width=\"70\" height=\"40\" viewBox=\"0 0 70 40\"><g/></svg>"));
    assert!(!html.contains("<?xml"));
}
