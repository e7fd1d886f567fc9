//! What a run leaves for a reader: figures (SVG and PNG), tables for the terminal, one HTML page.
//!
//! Everything here takes plain numbers and names; it knows no method. Map:
//!
//! * [`figure`]: a finished figure and how it is written; [`style`]: the palette and the chart builder.
//! * One file per kind of figure that serves several families: [`curves`], [`comparison`], [`scaling`]. Those of one
//!   family are in its `figures`.
//! * [`answer`]: the result of a verb, as text and as JSON; [`rows`]: a table of it, as CSV as well.
//! * [`claim`]: what was expected, what was measured, the verdict; [`screen`]: many of them on one screen.
//! * [`number`]: how numbers are printed; [`table`]: aligned text and Markdown; [`html`]: the page.
//!
//! Every output is written by [`crate::files`]: under a temporary name, then renamed.

pub mod answer;
pub mod claim;
pub mod comparison;
pub mod curves;
pub mod figure;
pub mod html;
pub mod number;
pub mod rows;
pub mod scaling;
pub mod screen;
pub mod style;
pub mod table;
