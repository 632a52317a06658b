//! The `aither` command.
fn main() {}
