//! Integration tests.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod docs_liquid;
mod golden;
mod liquid_data;
mod liquid_errors;
mod liquid_hostile;
mod liquid_oracle;
mod liquid_reads;
mod liquid_render;
