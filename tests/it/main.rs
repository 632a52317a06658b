//! Integration tests.

mod docs_liquid;
mod golden;
mod liquid_data;
mod liquid_errors;
mod liquid_hostile;
mod liquid_oracle;
mod liquid_reads;
mod liquid_render;
