//! What each command does.

use std::sync::Arc;

use super::args::{Arguments, BuildArguments, Command};
use super::talk::Talk;
use super::{exit, inspect};
use crate::base::clock::{SharedClock, ShiftedClock, SystemClock};
use crate::base::files;
use crate::base::leaving::end_soon;
use crate::base::report::Reporter as _;
use crate::base::text::count;
use crate::base::workers::join_in;
use crate::build::Explanation;
use crate::config::{Config, Environment};
use crate::error::{Error, Kind, Result};
use crate::model::moment::{Moment, NotAMoment};
use crate::model::run::RunType;
use crate::notify::Notifier;
use crate::project::{Options, Project, PushOptions, Summary};
use crate::source::local;
use crate::sync::Queues;

pub(super) fn run(arguments: &Arguments, talk: &Talk) -> Result<u8> {
    match &arguments.command {
        Command::Build(build) => self::build(arguments, build, talk)?,
        Command::Serve(serve) => super::serve::serve(arguments, serve, talk)?,
        Command::Watch(watch) => super::serve::watch(arguments, watch, talk)?,
        Command::Queue { command } => super::queue::queue(arguments, command, talk)?,
        Command::Why { what } => why(arguments, what, talk)?,
        Command::Check(check) => return inspect::check(arguments, check, talk),
        Command::List(list) => inspect::list(arguments, list, talk)?,
        Command::Completions { shell } => inspect::completions(*shell)?,
        Command::Man => inspect::man()?,
        Command::Push { dry_run, retry } => {
            super::push::push(arguments, PushOptions { dry_run: *dry_run, retry: *retry }, talk)?;
        }
        Command::Conflicts { what } => super::push::conflicts(arguments, what, talk)?,
        Command::Init { dir } => {
            let files = local::init(dir)?;
            talk.result(
                || {
                    format!(
                        "{} written; now run: aither build --root {}",
                        count(files.len(), "file", "files"),
                        dir.display()
                    )
                },
                || serde_json::json!({ "ok": true, "files": files }),
            );
        }
        Command::New { what } => {
            let config = config(arguments)?;
            let file = local::new(&config, what, &SystemClock::new())?;
            let path = file.strip_prefix(&config.paths.content).map(files::slashed).unwrap_or_default();
            local::foreign_languages(&config, [&*path]).iter().for_each(|warning| talk.warn(warning));
            talk.result(
                || format!("{} written", file.display()),
                || serde_json::json!({ "ok": true, "files": [file] }),
            );
        }
    }
    Ok(exit::SUCCESS)
}

pub(super) fn config(arguments: &Arguments) -> Result<Config> {
    Config::load(&arguments.root, &Environment::of_process())
}

/// A moment as typed.
pub(super) fn moment(text: &str) -> Result<Moment, NotAMoment> {
    text.parse()
}

fn build(arguments: &Arguments, build: &BuildArguments, talk: &Talk) -> Result<()> {
    let mut config = config(arguments)?;
    config.courses.drafts |= build.drafts;
    config.courses.future |= build.future;
    let clock: SharedClock = match build.at {
        Some(at) => Arc::new(ShiftedClock::new(at.begin(&config.site.time_zone))),
        None => Arc::new(SystemClock::new()),
    };
    let told = config.clone();
    // Nothing comes after it.
    end_soon();
    join_in();
    let mut project = Project::new(config, clock, talk.reporter());
    let options = Options {
        offline: build.offline,
        allow_shrink: build.allow_shrink,
        clean: build.clean,
        dry_run: build.dry_run,
        preview: build.at.is_some(),
        ..Options::default()
    };
    let result = if build.verify {
        project.verify(options)
    } else if build.offline || options.dry_run || options.preview {
        // What does not ask the source, or changes nothing that lasts, is no sync.
        project.build(options).map(|summary| (summary, Vec::new()))
    } else {
        noted(&mut project, &told, options, talk).map(|summary| (summary, Vec::new()))
    };
    talk.finish();
    let (summary, differences) = result?;
    for (path, reason) in &summary.build.reasons {
        let line = format!("{path}: {reason}");
        if build.explain {
            talk.line(&line);
        } else {
            talk.reporter().detail(&line);
        }
    }
    if let Some(note) = remarks(&summary) {
        talk.note(&note);
    }
    if !differences.is_empty() {
        return Err(Error::new(
            Kind::Content,
            format!("the output is not what a clean build gives:\n  {}", differences.join("\n  ")),
        )
        .hint("this is an error of the program: please report it; delete .aither/traces.bin to build anew"));
    }
    talk.result(|| sentence(&summary, build), || object(&summary));
    Ok(())
}

/// Builds as a run that others hear of.
fn noted(project: &mut Project, config: &Config, options: Options, talk: &Talk) -> Result<Summary> {
    if config.notify.is_silent() {
        return project.build_noted(options, RunType::Cli, &Notifier::default());
    }
    let queues = Queues::open(&config.paths.state, &mut fastrand::Rng::new())?;
    let (notifier, listening) = super::queue::notifier(config, &queues, talk);
    project.listen(listening);
    let result = project.build_noted(options, RunType::Cli, &notifier);
    // It listens for the notifier as well, which is to end now.
    project.listen(talk.reporter());
    super::queue::finish(notifier);
    result
}

fn sentence(summary: &Summary, arguments: &BuildArguments) -> String {
    let build = &summary.build;
    let seconds = summary.elapsed.as_secs_f64();
    let would = if arguments.dry_run { "would be: " } else { "" };
    let verified = if arguments.verify { "; a clean build gives the same" } else { "" };
    format!(
        "{would}{} written, {} unchanged, {} removed in {seconds:.2} s{verified}",
        build.written, build.unchanged, build.removed
    )
}

fn object(summary: &Summary) -> serde_json::Value {
    let reasons = summary.build.reasons.iter();
    let reasons: Vec<_> =
        reasons.map(|(path, reason)| serde_json::json!({ "path": path, "why": reason })).collect();
    serde_json::json!({
        "ok": true,
        "courses": summary.courses,
        "sync": summary.sync,
        "written": summary.build.written,
        "unchanged": summary.build.unchanged,
        "removed": summary.build.removed,
        "rendered": summary.build.rendered,
        "reasons": reasons,
        "elapsedMs": u64::try_from(summary.elapsed.as_millis()).unwrap_or(u64::MAX),
    })
}

fn why(arguments: &Arguments, what: &str, talk: &Talk) -> Result<()> {
    /// A partial may be used by every page of a large site.
    const SHOWN: usize = 20;
    let mut project = Project::new(config(arguments)?, Arc::new(SystemClock::new()), talk.reporter());
    let explanations = project.why(what);
    talk.finish();
    let explanations = explanations?;
    talk.result(
        || {
            let mut text = String::new();
            for explanation in explanations.iter().take(SHOWN) {
                text.push_str(&page_in_words(explanation));
            }
            if explanations.len() > SHOWN {
                text.push_str(&format!("… and {} more pages\n", explanations.len() - SHOWN));
            }
            text.trim_end().to_owned()
        },
        || serde_json::json!({ "ok": true, "pages": explanations }),
    );
    Ok(())
}

fn page_in_words(page: &Explanation) -> String {
    let mut text = format!("{}\n", page.path);
    match &page.stale {
        Some(reason) => text.push_str(&format!("  would be rendered: {reason}\n")),
        None => text.push_str("  is up to date\n"),
    }
    if let Some(at) = page.flips_at.and_then(|at| jiff::Timestamp::from_second(at).ok()) {
        text.push_str(&format!("  looks different from {at} on\n"));
    }
    let lines = |templates: bool| page.reads.iter().filter(move |line| line.is_template == templates);
    for (title, templates) in [("templates", true), ("read", false)] {
        if lines(templates).next().is_some() {
            text.push_str(&format!("  {title}:\n"));
        }
        for line in lines(templates) {
            if line.before == line.now {
                text.push_str(&format!("    {} {:016x}\n", line.what, line.before));
            } else {
                text.push_str(&format!("    {} {:016x} → {:016x}\n", line.what, line.before, line.now));
            }
        }
    }
    text
}

/// What the sync did not get at, in words.
fn remarks(summary: &Summary) -> Option<String> {
    let sync = summary.sync.as_ref()?;
    let mut remarks = Vec::new();
    for failure in &sync.failed {
        remarks.push(format!("the source `{}` failed, its last good records stay", failure.id));
    }
    if sync.refused > 0 {
        remarks.push(format!("{} set aside", count(sync.refused, "record", "records")));
    }
    if sync.details_unread > 0 {
        let courses = count(sync.details_unread, "course", "courses");
        remarks
            .push(format!("the bookings of {courses} were never read yet: a later sync has time for them"));
    }
    let kept = sync.details_left.saturating_sub(sync.details_unread);
    if kept > 0 {
        let courses = count(kept, "course keeps", "courses keep");
        remarks
            .push(format!("{courses} the bookings of an earlier sync until a later one has time for them"));
    }
    Some(remarks.join("; ")).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::SyncSummary;

    #[test]
    fn bookings_that_were_never_read_are_not_said_to_be_kept() {
        let told = |left, unread, refused| {
            let sync = SyncSummary {
                fetched: 1250,
                added: 1250,
                updated: 0,
                removed: 0,
                refused,
                details_read: 86,
                details_left: left,
                details_unread: unread,
                participants_read: 300,
                requests: 90,
                set_aside: Vec::new(),
                failed: Vec::new(),
                parts: Vec::new(),
                templates: 0,
            };
            remarks(&Summary {
                courses: 1250,
                sync: Some(sync),
                build: crate::build::Report::default(),
                next_course: None,
                elapsed: std::time::Duration::ZERO,
            })
        };
        assert_eq!(told(0, 0, 0), None);
        assert_eq!(
            told(775, 775, 0).as_deref(),
            Some("the bookings of 775 courses were never read yet: a later sync has time for them")
        );
        assert_eq!(
            told(3, 1, 2).as_deref(),
            Some(
                "2 records set aside; the bookings of 1 course were never read yet: a later sync has time for them; \
                 2 courses keep the bookings of an earlier sync until a later one has time for them"
            )
        );
    }
}
