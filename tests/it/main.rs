//! Integration tests: one binary, each module a subject.

mod academy;
mod config;
mod content;
mod sample;
mod scaffold;
mod theme;
