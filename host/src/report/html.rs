//! The page of results: one self-contained HTML file, figures inlined as SVG, readable in light and dark.
//!
//! The same rows and figures give the same bytes: no date, no time, no machine.

use std::fmt::Write as _;

/// How a row is marked on the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// The claim holds.
    Good,
    /// The claim does not hold.
    Bad,
    /// Nothing is claimed.
    Neutral,
}

/// One row of a section's table, already in words.
#[derive(Clone, Debug)]
pub struct PageRow {
    /// quantity, source, expected, tolerance, measured, verdict.
    pub cells: [String; 6],
    /// How the verdict is marked.
    pub mark: Mark,
}

/// One figure of a section.
#[derive(Clone, Debug)]
pub struct PageFigure {
    /// The SVG document, inlined.
    pub svg: String,
    /// Link to the PNG beside the page.
    pub png: String,
    /// The caption below the figure.
    pub caption: String,
}

/// One experiment.
#[derive(Clone, Debug, Default)]
pub struct Section {
    /// Short name; the anchor of the section.
    pub name: String,
    /// The title of the section.
    pub title: String,
    /// Citation of the paper.
    pub paper: String,
    /// What is claimed.
    pub claim: String,
    /// Command that repeats this section alone.
    pub command: String,
    /// The rows of the table.
    pub rows: Vec<PageRow>,
    /// The figures.
    pub figures: Vec<PageFigure>,
    /// Remarks below the table.
    pub notes: Vec<String>,
    /// Why the experiment could not be finished, if so.
    pub failure: Option<String>,
}

/// The whole page.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// The heading of the page.
    pub title: String,
    /// One sentence: how many claims hold.
    pub summary: String,
    /// Version of the program.
    pub version: String,
    /// The seed of the run.
    pub seed: u64,
    /// Command that repeats the page.
    pub command: String,
    /// The experiments.
    pub sections: Vec<Section>,
}

/// Makes text safe inside HTML elements and quoted attributes.
pub fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    safe
}

const STYLE: &str = "
:root { color-scheme: light dark; --ink: #1c1c1c; --paper: #ffffff; --line: #d0d0d0; --soft: #f4f4f4; --good: #00664a; --bad: #b03a00; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e6e6; --paper: #16181b; --line: #3c4046; --soft: #202327; --good: #4fd1a5; --bad: #ff9a5c; } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h1 { margin-bottom: .2rem; } h2 { margin-top: 3rem; border-bottom: 1px solid var(--line); }
.scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-size: .92rem; }
th, td { text-align: left; padding: .35rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; }
th { background: var(--soft); } td.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.good { color: var(--good); } .bad { color: var(--bad); font-weight: 700; }
figure { margin: 1.5rem 0; } figure svg { max-width: 100%; height: auto; background: #fff; border: 1px solid var(--line); }
figcaption { font-size: .92rem; } code { background: var(--soft); padding: .1rem .3rem; } .meta { font-size: .92rem; }
";

impl Page {
    /// The page as an HTML document.
    pub fn to_html(&self) -> String {
        let mut out = String::new();
        let title = escape(&self.title);
        put(
            &mut out,
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n",
        );
        put(
            &mut out,
            "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n",
        );
        put(
            &mut out,
            &format!("<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"),
        );
        put(
            &mut out,
            &format!("<h1>{title}</h1>\n<p>{}</p>\n", escape(&self.summary)),
        );
        let (version, command) = (escape(&self.version), escape(&self.command));
        let meta = format!("gibbs {version} · seed {} · <code>{command}</code>", self.seed);
        put(&mut out, &format!("<p class=\"meta\">{meta}</p>\n"));
        if self.sections.len() > 1 {
            put(&mut out, "<ul>\n");
            for section in &self.sections {
                let (anchor, title) = (escape(&section.name), escape(&section.title));
                put(&mut out, &format!("<li><a href=\"#{anchor}\">{title}</a></li>\n"));
            }
            put(&mut out, "</ul>\n");
        }
        for section in &self.sections {
            section.put(&mut out);
        }
        put(&mut out, "</body>\n</html>\n");
        out
    }
}

impl Section {
    fn put(&self, out: &mut String) {
        put(
            out,
            &format!("<h2 id=\"{}\">{}</h2>\n", escape(&self.name), escape(&self.title)),
        );
        put(
            out,
            &format!(
                "<p>{}</p>\n<p class=\"meta\">{}</p>\n",
                escape(&self.claim),
                escape(&self.paper)
            ),
        );
        if let Some(failure) = &self.failure {
            put(
                out,
                &format!("<p class=\"bad\">Not finished: {}</p>\n", escape(failure)),
            );
        }
        if !self.rows.is_empty() {
            put(out, "<div class=\"scroll\"><table>\n<thead><tr>");
            for head in [
                "quantity",
                "source",
                "expected",
                "tolerance",
                "measured",
                "verdict",
            ] {
                put(out, &format!("<th scope=\"col\">{head}</th>"));
            }
            put(out, "</tr></thead>\n<tbody>\n");
            for row in &self.rows {
                row.put(out);
            }
            put(out, "</tbody>\n</table></div>\n");
        }
        if !self.notes.is_empty() {
            put(out, "<ul>\n");
            for note in &self.notes {
                put(out, &format!("<li>{}</li>\n", escape(note)));
            }
            put(out, "</ul>\n");
        }
        for figure in &self.figures {
            let (png, caption) = (escape(&figure.png), escape(&figure.caption));
            put(
                out,
                &format!(
                    "<figure role=\"group\" aria-label=\"{caption}\">\n{}\n",
                    inline(&figure.svg)
                ),
            );
            put(
                out,
                &format!("<figcaption>{caption} (<a href=\"{png}\">PNG</a>)</figcaption>\n</figure>\n"),
            );
        }
        put(
            out,
            &format!(
                "<p class=\"meta\">Again: <code>{}</code></p>\n",
                escape(&self.command)
            ),
        );
    }
}

impl PageRow {
    fn put(&self, out: &mut String) {
        put(out, "<tr>");
        for (column, cell) in self.cells.iter().enumerate() {
            let class = match (column, self.mark) {
                (2..=4, _) => " class=\"n\"",
                (5, Mark::Good) => " class=\"good\"",
                (5, Mark::Bad) => " class=\"bad\"",
                _ => "",
            };
            put(out, &format!("<td{class}>{}</td>", escape(cell)));
        }
        put(out, "</tr>\n");
    }
}

fn put(out: &mut String, text: &str) {
    // Writing to a string cannot fail.
    let _ = out.write_str(text);
}

/// The `<svg>` element alone, with a `viewBox` so that it shrinks on narrow screens.
fn inline(svg: &str) -> String {
    let element = svg.find("<svg").and_then(|start| svg.get(start..)).unwrap_or(svg);
    let Some((head, rest)) = element.split_once('>') else {
        return element.to_owned();
    };
    let size = |name: &str| {
        let (_, after) = head.split_once(&format!(" {name}=\""))?;
        after.split_once('"').map(|(value, _)| value.to_owned())
    };
    match (size("width"), size("height")) {
        (Some(width), Some(height)) if !head.contains("viewBox") => {
            format!("{head} viewBox=\"0 0 {width} {height}\">{rest}")
        }
        _ => element.to_owned(),
    }
}

#[cfg(test)]
mod tests;
