//! `aither serve` and `aither watch`.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use super::args::{Arguments, ServeArguments, WatchArguments};
use super::commands;
use super::talk::Talk;
use crate::base::clock::{Clock as _, SystemClock};
use crate::base::text::count;
use crate::config::{Config, Environment, Source};
use crate::error::Result;
use crate::model::run::{Run, RunType};
use crate::serve::{self, DashboardOptions, Freshness, Notice, Options, Progress, Server};
use crate::sync::Queues;

pub(super) fn serve(arguments: &Arguments, asked: &ServeArguments, talk: &Talk) -> Result<()> {
    serve::stay_small();
    start(arguments, asked, talk, false, (false, false))?.wait()
}

pub(super) fn watch(arguments: &Arguments, watch: &WatchArguments, talk: &Talk) -> Result<()> {
    let server = start(arguments, &watch.serve, talk, true, (watch.drafts, watch.future))?;
    let config = commands::config(arguments)?;
    let (root, is_polling) = (arguments.root.clone(), watch.poll);
    let again = move || {
        let config = Config::load(&root, &Environment::of_process()).ok()?;
        Some(serve::watching(&config, is_polling))
    };
    // First: what is saved while the first build reads the files is to be seen.
    server.watch(serve::watching(&config, watch.poll), again)?;
    server.rebuild();
    if let Some(seconds) = watch.pull {
        let pull = server.puller(RunType::Scheduled);
        let wait = Duration::from_secs(seconds);
        drop(std::thread::spawn(move || {
            loop {
                SystemClock::new().sleep(wait);
                pull();
            }
        }));
    }
    listen_to_keys(server.puller(RunType::Manual), talk);
    server.wait()
}

fn start(
    arguments: &Arguments,
    asked: &ServeArguments,
    talk: &Talk,
    live: bool,
    (drafts, future): (bool, bool),
) -> Result<Server> {
    let root = arguments.root.clone();
    let load = move || -> Result<Config> {
        let mut config = Config::load(&root, &Environment::of_process())?;
        config.courses.drafts |= drafts;
        config.courses.future |= future;
        Ok(config)
    };
    let config = load()?;
    let mut settings = config.serve.clone();
    settings.host = asked.host.unwrap_or(settings.host);
    settings.port = asked.port.unwrap_or(settings.port);
    let clock = Arc::new(SystemClock::new());
    let connectors = match &config.source {
        Source::Several(entries) => {
            // The first is what a sync is called that names none.
            std::iter::once("all".to_owned()).chain(entries.iter().map(|entry| entry.id.clone())).collect()
        }
        one => vec![one.kind().to_owned()],
    };
    let teller = talk.clone();
    let root = config.root.clone();
    let queues = Queues::open(&config.paths.state, &mut fastrand::Rng::new())?;
    let (notifier, listening) = super::queue::notifier(&config, &queues, talk);
    let progress = Arc::new(Progress::over(listening));
    let options = Options {
        serve: settings,
        base_url: config.site.base_url.clone(),
        output: config.paths.output.clone(),
        state: config.paths.state.clone(),
        connectors,
        live,
        signals: true,
        clock: clock.clone(),
        reporter: talk.reporter(),
        audience: Arc::new(move |notice| tell(&teller, &root, notice)),
        queues,
        notifier,
        dashboard: DashboardOptions {
            title: config.site.title.clone(),
            language: config.site.language.clone(),
            accent: config.theme.options.get("accent").and_then(|value| value.as_str()).map(str::to_owned),
            time_zone: config.site.time_zone.clone(),
            freshness: freshness(&config),
            progress: progress.clone(),
        },
    };
    let server = Server::start(options, serve::work_on(load, clock, progress))?;
    let base_path = config.site.base_url.splitn(4, '/').nth(3).unwrap_or_default();
    let slash = if base_path.is_empty() { "" } else { "/" };
    let address = format!("http://{}/{base_path}{slash}", server.address());
    talk.result(
        || format!("{address} (Ctrl-C stops)"),
        || serde_json::json!({ "ok": true, "address": address }),
    );
    talk.note(&format!("dashboard: http://{}/dashboard", server.address()));
    match server.token() {
        None => {}
        // Logs are kept, and sent elsewhere: no place for a secret.
        Some(_) if talk.is_logged() => talk.note(
            "AITHER_ADMIN_TOKEN is not set: nobody can call the API or sign in to the dashboard in this run",
        ),
        Some(token) => {
            let token = token.reveal();
            talk.note(&format!("admin token of this run, as AITHER_ADMIN_TOKEN is not set: {token}"));
        }
    }
    if asked.open {
        open_in_browser(&address, talk);
    }
    Ok(server)
}

/// From when on data count as old: as the default theme is told by its options of these names.
fn freshness(config: &Config) -> Freshness {
    let minutes = |name: &str, default: Option<Duration>| match config.theme.options.get(name) {
        Some(value) => {
            let minutes = value.as_integer().and_then(|minutes| u64::try_from(minutes).ok());
            minutes.filter(|minutes| *minutes > 0).map(|minutes| Duration::from_secs(60 * minutes))
        }
        None => default,
    };
    let default = Freshness::default();
    Freshness {
        warning: minutes("warning_minutes", default.warning),
        error: minutes("error_minutes", default.error),
    }
}

/// What the server has to say, for the terminal.
fn tell(talk: &Talk, root: &Path, notice: &Notice) {
    // Of a change that touches every page the first ones say enough.
    const SHOWN: usize = 5;
    talk.finish();
    match notice {
        Notice::Rebuilt { changed, rebuilt, took, shown } => {
            let names: Vec<String> = (changed.iter().take(SHOWN))
                .map(|path| path.strip_prefix(root).unwrap_or(path).display().to_string())
                .collect();
            let more = changed.len().saturating_sub(SHOWN);
            let what = match (names.is_empty(), more) {
                (true, _) => "built".to_owned(),
                (false, 0) => names.join(", "),
                (false, more) => format!("{} and {more} more", names.join(", ")),
            };
            let rendered = count(rebuilt.rendered.len(), "page", "pages");
            let written = count(rebuilt.written, "file", "files");
            let shown =
                shown.map(|shown| format!("; what you look at was there after {} ms", shown.as_millis()));
            talk.note(&format!(
                "{what}: {rendered} rendered, {written} written in {} ms{}",
                took.as_millis(),
                shown.unwrap_or_default()
            ));
            for (path, reason) in rebuilt.rendered.iter().take(SHOWN) {
                talk.note(&format!("  {path}: {reason}"));
            }
            if rebuilt.rendered.len() > SHOWN {
                talk.note(&format!("  and {} more", rebuilt.rendered.len() - SHOWN));
            }
        }
        Notice::Broken { message, hints } => talk.problem(message, hints),
        Notice::Synced { run, hints } if run.has_failed() => {
            let why = run.figures.errors.last().map_or("it failed", |error| &error.message);
            talk.problem(&format!("sync {}: {why}", run.job_id), hints);
        }
        Notice::Synced { run, .. } => talk.note(&synced(run)),
        Notice::Remark(text) => talk.note(text),
    }
}

/// What a sync brought.
fn synced(run: &Run) -> String {
    let (figures, changed) = (&run.figures, run.figures.changed);
    let set_aside = match figures.errors.len() {
        0 => String::new(),
        _ => format!("; {} set aside", count(figures.errors.len(), "record was", "records were")),
    };
    format!(
        "sync {}: {} read, {} new, {} changed, {} gone; {} written, {} removed in {} ms{set_aside}",
        run.job_id,
        counted(figures.courses_fetched, "course", "courses"),
        changed.added,
        changed.updated,
        changed.removed,
        counted(figures.files_generated, "file", "files"),
        figures.files_removed,
        run.duration_ms.unwrap_or_default(),
    )
}

fn counted(number: u64, one: &str, many: &str) -> String {
    count(usize::try_from(number).unwrap_or(usize::MAX), one, many)
}

/// `r` and Enter ask the source. Lines, not keys: the terminal stays as it was, whatever ends the program.
fn listen_to_keys(pull: impl Fn() + Send + 'static, talk: &Talk) {
    use std::io::IsTerminal as _;
    if !std::io::stdin().is_terminal() {
        return;
    }
    talk.note("r and Enter: ask the source");
    drop(std::thread::spawn(move || {
        for line in std::io::stdin().lines().map_while(Result::ok) {
            if line.trim().eq_ignore_ascii_case("r") {
                pull();
            }
        }
    }));
}

fn open_in_browser(address: &str, talk: &Talk) {
    let (program, arguments): (&str, &[&str]) = match std::env::consts::OS {
        "macos" => ("open", &[]),
        "windows" => ("cmd", &["/c", "start", ""]),
        _ => ("xdg-open", &[]),
    };
    let mut command = Command::new(program);
    command.args(arguments).arg(address).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    if let Err(error) = command.spawn() {
        talk.note(&format!("cannot open a browser ({program}: {error}); the address is {address}"));
    }
}
