//! Integration tests.

mod golden;
mod liquid_data;
