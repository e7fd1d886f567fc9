//! Reading the pages of the book, and running what stands in them.

#[path = "book/commands.rs"]
pub(crate) mod commands;
#[path = "book/pages.rs"]
pub(crate) mod pages;
