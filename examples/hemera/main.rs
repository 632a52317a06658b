//! A stand-in for the Hemera Academy Service API on this machine, with made-up courses and people.
//!
//! ```console
//! $ cargo run --example hemera
//! $ HEMERA_API_BASE_URL=http://127.0.0.1:4100 HEMERA_API_KEY=demo-key-of-the-hemera-stand-in-0001 aither build
//! ```
//!
//! `--help` lists the switches, most of which make something go wrong.

#![allow(clippy::print_stdout, reason = "its address and its log are what it is run for")]

#[path = "../../tests/support/hemera/mod.rs"]
mod hemera;

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use aither::base::clock::{Clock, SystemClock};
use clap::Parser;
use hemera::{Academy, DEMO_KEY, Server, Ties, courses};

/// A stand-in for the Hemera Academy Service API, with made-up courses and people.
#[derive(Debug, Parser)]
#[command(name = "hemera", version)]
struct Arguments {
    /// The port on 127.0.0.1; 0 for any that is free
    #[arg(long, default_value_t = 4100)]
    port: u16,
    /// How many courses there are
    #[arg(long, value_name = "N", default_value_t = 40)]
    courses: usize,
    /// The API key that is accepted, 32 to 256 characters
    #[arg(long, default_value = DEMO_KEY)]
    key: String,
    /// Wrap the data: {courses,total}, {course}, {participation}
    #[arg(long)]
    wrapped: bool,
    /// Let all courses begin on one day
    #[arg(long)]
    same_date: bool,
    /// Let no course have a date
    #[arg(long, conflicts_with = "same_date")]
    no_dates: bool,
    /// Keep the order among courses of one date, which otherwise changes at every request
    #[arg(long)]
    stable: bool,
    /// Requests that a key may make in 60 seconds
    #[arg(long, value_name = "N", default_value_t = 100)]
    rate_limit: u32,
    /// Offer templates, a route that is not deployed today
    #[arg(long)]
    templates: bool,
    /// Answer every material with htmlContent: null
    #[arg(long)]
    materials_null: bool,
    /// Give answers an ETag and heed If-None-Match
    #[arg(long)]
    etags: bool,
    /// Begin this course's title with the word "Neu: " (the id, or its number from 0)
    #[arg(long, value_name = "COURSE")]
    retitle: Vec<String>,
    /// Make every nth row of the list invalid
    #[arg(long, value_name = "N")]
    spoil_every: Option<usize>,
    #[command(flatten)]
    faults: Faults,
    /// Do not print the requests
    #[arg(long, short)]
    quiet: bool,
}

/// What goes wrong.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Faults")]
struct Faults {
    /// Fault only paths that begin like this, for example /courses/ for the details
    #[arg(long, value_name = "PATH")]
    only: Option<String>,
    /// Take this long for every answer
    #[arg(long, value_name = "MS", default_value_t = 0)]
    delay: u64,
    /// Answer every nth request with 500, or every one
    #[arg(long, value_name = "EVERY", num_args = 0..=1, default_missing_value = "1")]
    fail_500: Option<usize>,
    /// Answer every request with this status: 400, 401, 403, 404, 429, 503 …
    #[arg(long, value_name = "STATUS", conflicts_with = "fail_500")]
    status: Option<u16>,
    /// End the connection in the middle of every answer
    #[arg(long)]
    cut_off: bool,
    /// End the JSON in the middle, in an answer that is whole
    #[arg(long)]
    half_json: bool,
    /// Answer with noise
    #[arg(long)]
    garbage: bool,
    /// Answer with a web page and status 200
    #[arg(long)]
    html: bool,
    /// Refuse connections: print the address, but do not listen
    #[arg(long)]
    refuse: bool,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments = Arguments::parse();
    if arguments.faults.refuse {
        let address = TcpListener::bind(("127.0.0.1", arguments.port))?.local_addr()?;
        introduce(&format!("http://{address}"), &arguments.key);
        println!("Nobody listens there: connections are refused. Ctrl-C ends this.");
        loop {
            std::thread::park();
        }
    }
    let clock = Arc::new(SystemClock::new());
    let academy = Academy::new(courses(arguments.courses, clock.now()), clock);
    prepare(&academy, &arguments);
    let server = Server::start(academy, arguments.port)?;
    introduce(&server.url(), &arguments.key);
    println!("{} courses. Ctrl-C ends this.", arguments.courses);
    let mut told = 0;
    loop {
        std::thread::park_timeout(Duration::from_millis(200));
        let log: Vec<_> = server.academy.state().log.iter().skip(told).cloned().collect();
        told += log.len();
        if !arguments.quiet {
            log.iter().for_each(|one| println!("{} {} {}", one.status, one.method, one.target));
        }
    }
}

fn introduce(url: &str, key: &str) {
    println!("Hemera stand-in at {url}");
    println!("Use it with:");
    println!("  HEMERA_API_BASE_URL={url} HEMERA_API_KEY={key} aither build");
}

/// Sets the academy up as it was asked for.
fn prepare(academy: &Academy, arguments: &Arguments) {
    let mut state = academy.state();
    state.key.clone_from(&arguments.key);
    state.wrapped = arguments.wrapped;
    state.rate_limit = arguments.rate_limit;
    state.materials_null = arguments.materials_null;
    state.etags = arguments.etags;
    if arguments.stable {
        state.ties = Ties::Stable;
    }
    if arguments.templates {
        state.templates = Some(vec![serde_json::json!({
            "id": "ctemplate0001", "name": "course", "kind": "layout",
            "markup": "<h1>{{ course.title }}</h1>", "updatedAt": "2026-11-01T08:00:00.000Z",
        })]);
    }
    let date = state.courses.first().and_then(|course| course.start.clone());
    for (number, course) in state.courses.iter_mut().enumerate() {
        if arguments.same_date || arguments.no_dates {
            course.start = date.clone().filter(|_| arguments.same_date);
            course.end = None;
        }
        if arguments.retitle.iter().any(|which| *which == course.id || *which == number.to_string()) {
            course.title.insert_str(0, "Neu: ");
        }
        if arguments.spoil_every.is_some_and(|every| (number + 1).is_multiple_of(every.max(1))) {
            course.spoilt = Some(serde_json::json!({"level": "EXPERT"}));
        }
    }
    let faults = &arguments.faults;
    state.faults = hemera::Faults {
        only: faults.only.clone(),
        delay: Duration::from_millis(faults.delay),
        fail_every: faults.fail_500.or(faults.status.map(|_| 1)),
        fail_next: 0,
        status: faults.status,
        cut_off: faults.cut_off,
        half_json: faults.half_json,
        garbage: faults.garbage,
        html: faults.html,
    };
}
