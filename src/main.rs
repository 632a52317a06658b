//! The `aither` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    aither::cli::run(std::env::args_os())
}
