//! A stand-in for the Hemera Academy Service on loopback, to build a site against without an account: the same
//! answers, limits and surprises, over made-up courses and people, and faults on request.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command line talks to its user")]

#[path = "../tests/support/hemera/mod.rs"]
mod hemera;

use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use hemera::{DEMO_KEY, Fault, Options, Plan, Scope, Service};

/// A stand-in for the Hemera Academy Service on 127.0.0.1.
///
/// It serves made-up courses with the routes, envelopes, limits and errors of the real service: the key in
/// `X-API-Key`, at most 500 rows a page, no total, no stable order among courses of the same day, 100 requests a
/// minute, HTML where there is no route. Faults are chosen with `--fault` and can be confined to some requests.
#[derive(Debug, Parser)]
#[command(name = "hemera", after_help = EXAMPLES)]
struct Arguments {
    /// The port on 127.0.0.1; 0 takes any free one.
    #[arg(long, default_value_t = 4100)]
    port: u16,
    /// The valid key, 32 to 256 characters.
    #[arg(long, default_value = DEMO_KEY, value_parser = key)]
    key: String,

    /// How many published courses there are; two drafts come on top.
    #[arg(long, short = 'n', value_name = "N", default_value_t = 24, help_heading = "Catalogue")]
    courses: usize,
    /// What the courses are made up from: the same seed gives the same courses.
    #[arg(long, value_name = "N", default_value_t = 1, help_heading = "Catalogue")]
    seed: u64,

    /// How many requests a window of 60 seconds takes.
    #[arg(long, value_name = "N", default_value_t = 100, help_heading = "Behaviour")]
    rate: u64,
    /// Deploy /api/service/templates, which the real service does not have yet.
    #[arg(long, help_heading = "Behaviour")]
    templates: bool,
    /// Wrap payloads: {courses, total}, {course}, {participation}.
    #[arg(long, help_heading = "Behaviour")]
    wrapped: bool,
    /// Send an ETag and answer 304 to a matching If-None-Match.
    #[arg(long, help_heading = "Behaviour")]
    etag: bool,
    /// Answer `htmlContent: null` for every material, as after a failed fetch.
    #[arg(long, help_heading = "Behaviour")]
    null_materials: bool,

    /// What goes wrong.
    #[arg(long, value_enum, value_name = "KIND", help_heading = "Faults")]
    fault: Option<Kind>,
    /// Let answers wait this long; goes together with any fault.
    #[arg(long, value_name = "MS", help_heading = "Faults")]
    delay: Option<u64>,
    /// Confine the faults to one kind of request.
    #[arg(long, value_enum, value_name = "ROUTE", default_value = "all", help_heading = "Faults")]
    only: Scope,
    /// Begin with the Nth request of that kind.
    #[arg(long, value_name = "N", default_value_t = 1, help_heading = "Faults")]
    from: usize,
    /// End after N requests.
    #[arg(long, value_name = "N", help_heading = "Faults")]
    first: Option<usize>,
    /// The share of the catalogue that `--fault shrink` leaves, 0 to 1.
    #[arg(long, value_name = "SHARE", default_value_t = 0.5, value_parser = share, help_heading = "Faults")]
    share: f64,
    /// The seconds in the `Retry-After` of `--fault limited`.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, help_heading = "Faults")]
    retry_after: u64,
    /// The size of the body of `--fault huge`; without it the body has no end.
    #[arg(long, value_name = "BYTES", help_heading = "Faults")]
    size: Option<u64>,
}

const EXAMPLES: &str = "Examples:
  cargo run --example hemera
  cargo run --example hemera -- --courses 1250 --rate 1000
  cargo run --example hemera -- --fault internal-error --only details --first 3
  cargo run --example hemera -- --fault cut-off --only list --from 2
  cargo run --example hemera -- --delay 2000

A fault never hides the 401 of a wrong key or the 429 of a full window.";

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// 500 INTERNAL_ERROR.
    InternalError,
    /// 503 AUTH_CONFIGURATION_ERROR, without `meta`.
    AuthConfiguration,
    /// 401, as if the key had been withdrawn.
    Unauthorized,
    /// 429 to everything (see --retry-after).
    Limited,
    /// The connection is closed in the middle of a body.
    CutOff,
    /// Half of the JSON with a length that fits.
    Truncated,
    /// Random bytes for JSON.
    Garbage,
    /// An HTML page with status 200.
    Html,
    /// Status 200 and no body.
    Empty,
    /// Numbers where texts belong, and the other way round.
    WrongTypes,
    /// `success: false` with status 200.
    NotSuccessful,
    /// A very long body (see --size).
    Huge,
    /// Connections are refused; with --only, --from or --first they are closed without a byte.
    Refuse,
    /// Only a part of the catalogue is left (see --share).
    Shrink,
    /// The list is empty.
    NoCourses,
    /// Every third course is listed twice.
    Duplicates,
    /// Three courses don't validate: an unknown level, no title, a bad date.
    BadRecords,
}

impl Arguments {
    fn faults(&self) -> Vec<Plan> {
        let delay = self.delay.map(|time| Fault::Delay(Duration::from_millis(time)));
        let fault = self.fault.map(|kind| match kind {
            Kind::InternalError => Fault::InternalError,
            Kind::AuthConfiguration => Fault::AuthConfiguration,
            Kind::Unauthorized => Fault::Unauthorized,
            Kind::Limited => Fault::Limited(self.retry_after),
            Kind::CutOff => Fault::CutOff,
            Kind::Truncated => Fault::Truncated,
            Kind::Garbage => Fault::Garbage,
            Kind::Html => Fault::Html,
            Kind::Empty => Fault::Empty,
            Kind::WrongTypes => Fault::WrongTypes,
            Kind::NotSuccessful => Fault::NotSuccessful,
            Kind::Huge => Fault::Huge(self.size.unwrap_or(u64::MAX)),
            Kind::Refuse => Fault::Refuse,
            Kind::Shrink => Fault::Shrink(self.share),
            Kind::NoCourses => Fault::NoCourses,
            Kind::Duplicates => Fault::Duplicates,
            Kind::BadRecords => Fault::BadRecords,
        });
        let confined = |fault: Fault| {
            let plan = fault.only(self.only).starting_at(self.from);
            match self.first {
                Some(count) => plan.first(count),
                None => plan,
            }
        };
        delay.into_iter().chain(fault).map(confined).collect()
    }
}

fn key(text: &str) -> Result<String, String> {
    let length = text.chars().count();
    if !(32..=256).contains(&length) {
        return Err(format!("a key has 32 to 256 characters, this one has {length}"));
    }
    if !text.chars().all(|letter| letter.is_ascii_graphic()) {
        return Err("a key travels in a header: ASCII letters, digits and signs only".to_owned());
    }
    Ok(text.to_owned())
}

fn share(text: &str) -> Result<f64, String> {
    let share = text.parse().map_err(|error| format!("{error}"))?;
    if (0.0..=1.0).contains(&share) { Ok(share) } else { Err("a share is between 0 and 1".to_owned()) }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let faults = arguments.faults();
    let started = Service::start(Options {
        port: arguments.port,
        key: arguments.key,
        courses: arguments.courses,
        seed: arguments.seed,
        today: None,
        rate: arguments.rate,
        templates: arguments.templates,
        wrapped: arguments.wrapped,
        etag: arguments.etag,
        null_materials: arguments.null_materials,
    });
    let service = match started {
        Ok(service) => service,
        Err(error) => {
            eprintln!("error: cannot listen on port {}: {error}", arguments.port);
            eprintln!("hint: another stand-in may be running; `--port 0` takes any free port");
            return ExitCode::FAILURE;
        }
    };
    for fault in faults {
        service.add_fault(fault);
    }
    println!("Hemera stand-in with {} courses at {}", arguments.courses, service.url());
    println!("Build a site from it in another terminal:");
    println!();
    println!(
        "HEMERA_API_BASE_URL={} HEMERA_API_KEY={} cargo run --release -- build",
        service.url(),
        service.key()
    );
    println!();
    println!("Ctrl-C stops it.");
    service.serve_for_ever()
}
