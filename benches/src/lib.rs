//! Criterion benches live in `benches/`, comparisons with other packages in `peers/`.
