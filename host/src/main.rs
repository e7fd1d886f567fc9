//! The `gibbs` command.

fn main() {}
