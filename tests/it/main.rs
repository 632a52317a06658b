//! Integration tests: one binary, each module a subject.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod config;
mod sample;
mod theme;
