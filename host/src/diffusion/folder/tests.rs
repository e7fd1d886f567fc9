//! Configurations, keys, folders: what is taken, and each refusal by name.

mod configs;
mod folders;
mod schedulers;
