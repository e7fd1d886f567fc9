//! The only place of this crate where unsafe code may stand: thin doors to what has no safe interface.
#![allow(unsafe_code)]

pub(crate) mod product;
