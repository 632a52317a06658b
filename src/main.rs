//! The `aither` command.

use std::process::ExitCode;

// A build makes millions of small texts on several threads: the system's allocator spends a third of it in the kernel.
// Without huge pages (a feature of the dependency) it takes a fifth less memory. With them a build with few changes is a fifth
// quicker where their memory is at hand; on a virtual machine whose host has to find it first it takes half as long again, or
// twice as long.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    aither::cli::run(std::env::args_os())
}
