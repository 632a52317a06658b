//! Integration tests.
mod theme;
