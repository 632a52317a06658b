//! Integration tests: one binary, each module a subject.

mod config;
mod theme;
