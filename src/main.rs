//! The `aither` command.

use std::process::ExitCode;

// A build makes millions of small texts on several threads: the system's allocator spends a third of it in the kernel.
// The second generation of this one, not the third: where the system gives huge pages to whoever asks, a build with few
// changes takes a fifth less time by them, and they are nearly full. With the third it would take twice the memory.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    aither::cli::run(std::env::args_os())
}
