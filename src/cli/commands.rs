//! What each command does.

use std::sync::Arc;

use super::args::{Arguments, BuildArguments, Command};
use super::talk::Talk;
use crate::base::clock::SystemClock;
use crate::base::text::count;
use crate::config::{Config, Environment};
use crate::error::Result;
use crate::project::{Options, Project, Summary};
use crate::source::local;

pub(super) fn run(arguments: &Arguments, talk: &Talk) -> Result<()> {
    match &arguments.command {
        Command::Build(build) => self::build(arguments, build, talk),
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
            Ok(())
        }
        Command::New { what } => {
            let file = local::new(&config(arguments)?, what, &SystemClock::new())?;
            talk.result(
                || format!("{} written", file.display()),
                || serde_json::json!({ "ok": true, "files": [file] }),
            );
            Ok(())
        }
    }
}

fn config(arguments: &Arguments) -> Result<Config> {
    Config::load(&arguments.root, &Environment::of_process())
}

fn build(arguments: &Arguments, build: &BuildArguments, talk: &Talk) -> Result<()> {
    let mut config = config(arguments)?;
    config.courses.drafts |= build.drafts;
    let mut project = Project::new(config, Arc::new(SystemClock::new()), talk.reporter());
    let options = Options { offline: build.offline, allow_shrink: build.allow_shrink, clean: build.clean };
    let summary = project.build(options);
    talk.finish();
    let summary = summary?;
    for (path, reason) in &summary.build.reasons {
        talk.reporter().detail(&format!("{path}: {reason}"));
    }
    if let Some(note) = remarks(&summary) {
        talk.note(&note);
    }
    talk.result(
        || {
            let build = &summary.build;
            let seconds = summary.elapsed.as_secs_f64();
            format!(
                "{} written, {} unchanged, {} removed in {seconds:.2} s",
                build.written, build.unchanged, build.removed
            )
        },
        || {
            serde_json::json!({
                "ok": true,
                "courses": summary.courses,
                "sync": summary.sync,
                "written": summary.build.written,
                "unchanged": summary.build.unchanged,
                "removed": summary.build.removed,
                "rendered": summary.build.rendered,
                "elapsedMs": u64::try_from(summary.elapsed.as_millis()).unwrap_or(u64::MAX),
            })
        },
    );
    Ok(())
}

/// What the sync did not get at, in words.
fn remarks(summary: &Summary) -> Option<String> {
    let sync = summary.sync.as_ref()?;
    let mut remarks = Vec::new();
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
            };
            let build = crate::build::Report::default();
            remarks(&Summary { courses: 1250, sync: Some(sync), build, elapsed: std::time::Duration::ZERO })
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
