//! The `aither` command.

use std::process::ExitCode;

// A build makes millions of small texts on several threads: the system's allocator spends a third of it in the kernel.
// Without huge pages (a feature of the dependency) it takes a quarter less memory, and no more time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    aither::cli::run(std::env::args_os())
}
