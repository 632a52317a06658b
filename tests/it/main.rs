//! Integration tests.

mod hemera;
#[path = "../support/hemera/mod.rs"]
mod standin;
