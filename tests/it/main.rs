//! Integration tests: one binary, each module a subject.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failed expectation is a failed test")]

mod academy;
mod bench_site;
mod config;
mod filters;
mod sample;
mod theme;
