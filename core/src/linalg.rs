//! Dense linear algebra over lent slices.
