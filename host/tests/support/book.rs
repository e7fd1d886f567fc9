//! Reading the pages of the book, running what stands in them, and making the reference.

#[path = "book/commands.rs"]
pub(crate) mod commands;
#[path = "book/pages.rs"]
pub(crate) mod pages;
#[path = "book/reference.rs"]
pub(crate) mod reference;
