//! Integration tests: one binary, each module a subject.

mod academy;
mod bench_site;
mod config;
mod filters;
mod sample;
mod theme;
