//! Integration tests: one binary, each module a subject.

mod academy;
mod config;
mod sample;
mod theme;
