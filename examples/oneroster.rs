//! A stand-in for a OneRoster 1.2 server on loopback, to build a site against without an account: 532 recorded classes of a
//! made-up district, with the habits of real servers.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command line talks to its user")]

#[path = "../tests/support/oneroster.rs"]
mod oneroster;
#[path = "../tests/support/stand.rs"]
mod stand;

use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use oneroster::{Auth, BEARER, CLIENT, Habits, Links, Service};

/// A stand-in for a OneRoster 1.2 server on 127.0.0.1.
#[derive(Debug, Parser)]
#[command(name = "oneroster")]
struct Arguments {
    /// The port on 127.0.0.1; 0 takes any free one.
    #[arg(long, default_value_t = 4200)]
    port: u16,
    /// How clients sign.
    #[arg(long, value_enum, default_value = "bearer")]
    auth: Way,
    /// The most records that are handed out at once, whatever is asked for.
    #[arg(long, default_value_t = 500)]
    clamp: usize,
    /// Send `X-Total-Count`.
    #[arg(long)]
    total: bool,
    /// Send `Link` headers that name another host.
    #[arg(long)]
    foreign_links: bool,
    /// Answer filters with 400.
    #[arg(long)]
    no_filter: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Way {
    Bearer,
    Oauth1,
    Oauth2,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let habits = Habits {
        auth: match arguments.auth {
            Way::Bearer => Auth::Bearer,
            Way::Oauth1 => Auth::OAuth1(aither::base::oauth1::Algorithm::Sha256),
            Way::Oauth2 => Auth::OAuth2,
        },
        clamp: arguments.clamp,
        total: arguments.total,
        links: if arguments.foreign_links { Links::OtherHost } else { Links::None },
        refuses_filter: arguments.no_filter,
        ..Habits::default()
    };
    let service = match Service::start(arguments.port, habits) {
        Ok(service) => service,
        Err(error) => {
            eprintln!("cannot listen on port {}: {error}", arguments.port);
            return ExitCode::FAILURE;
        }
    };
    println!("source = \"oneroster\" in aither.toml, and:\n");
    println!("export ONEROSTER_BASE_URL={}", service.base_url());
    match arguments.auth {
        Way::Bearer => println!("export ONEROSTER_TOKEN={BEARER}"),
        way => {
            if matches!(way, Way::Oauth2) {
                println!("export ONEROSTER_TOKEN_URL={}/token", service.stand.url());
            } else {
                println!("# and auth = \"oauth1\" in [oneroster]");
            }
            println!("export ONEROSTER_CLIENT_ID={}\nexport ONEROSTER_CLIENT_SECRET={}", CLIENT.0, CLIENT.1);
        }
    }
    println!("\nCtrl-C stops.");
    loop {
        std::thread::park();
    }
}
