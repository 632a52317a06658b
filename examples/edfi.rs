//! A stand-in for an Ed-Fi ODS/API on loopback, to build a site against without an account.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a command line talks to its user"
)]

#[path = "../tests/support/edfi.rs"]
mod edfi;
#[path = "../tests/support/stand.rs"]
mod stand;

use std::process::ExitCode;

use clap::Parser;
use edfi::{CLIENT, Data, Habits, Service};

/// A stand-in for an Ed-Fi ODS/API on 127.0.0.1.
#[derive(Debug, Parser)]
#[command(name = "edfi")]
struct Arguments {
    /// The port on 127.0.0.1; 0 takes any free one.
    #[arg(long, default_value_t = 4300)]
    port: u16,
    /// How many courses are made up; each has two sections.
    #[arg(long, default_value_t = 12)]
    courses: usize,
    /// Hand out tokens for pages, as from version 7.3 on.
    #[arg(long)]
    tokens: bool,
    /// Do not count changes.
    #[arg(long)]
    no_changes: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let habits = Habits {
        version: if arguments.tokens { "7.3" } else { "7.2" },
        gives_tokens: arguments.tokens,
        counts_changes: !arguments.no_changes,
        ..Habits::default()
    };
    let service = match Service::start(arguments.port, habits, Data::made_up(arguments.courses)) {
        Ok(service) => service,
        Err(error) => {
            eprintln!("cannot listen on port {}: {error}", arguments.port);
            return ExitCode::FAILURE;
        }
    };
    println!("source = \"edfi\" in aither.toml, and:\n");
    println!("export EDFI_BASE_URL={}", service.stand.url());
    println!("export EDFI_CLIENT_ID={}\nexport EDFI_CLIENT_SECRET={}", CLIENT.0, CLIENT.1);
    println!("\nCtrl-C stops.");
    loop {
        std::thread::park();
    }
}
