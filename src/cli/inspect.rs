//! `aither check`, `aither list`, `aither completions` and `aither man`.

use std::io::Write as _;
use std::sync::Arc;

use clap::CommandFactory as _;

use super::args::{Arguments, CheckArguments, ListArguments, What};
use super::commands;
use super::exit;
use super::talk::Talk;
use crate::base::clock::SystemClock;
use crate::base::text::count;
use crate::check::{Finding, Severity};
use crate::error::{Error, Kind, Result};
use crate::project::{Listed, Project};

/// Looks over the site; the exit code says whether somebody has to do something.
pub(super) fn check(arguments: &Arguments, asked: &CheckArguments, talk: &Talk) -> Result<u8> {
    let mut config = commands::config(arguments)?;
    config.courses.drafts |= asked.drafts;
    let mut project = Project::new(config, Arc::new(SystemClock::new()), talk.reporter());
    let found = project.check(asked.external);
    talk.finish();
    let found = found?;
    let of = |severity| found.findings.iter().filter(move |finding| finding.severity == severity).count();
    let (errors, warnings) = (of(Severity::Error), of(Severity::Warning));
    if !talk.is_json() {
        found.findings.iter().for_each(|finding| talk.line(&in_words(finding)));
    }
    talk.result(
        || {
            let (errors, warnings) =
                (count(errors, "error", "errors"), count(warnings, "warning", "warnings"));
            format!("{errors}, {warnings}; {} looked at", count(found.links, "link", "links"))
        },
        || {
            serde_json::json!({
                "ok": errors == 0,
                "errors": errors,
                "warningCount": warnings,
                "links": found.links,
                "findings": found.findings,
            })
        },
    );
    Ok(if errors == 0 { exit::SUCCESS } else { exit::code(Kind::Content) })
}

fn in_words(finding: &Finding) -> String {
    let place = match (finding.file.as_str(), finding.line) {
        ("", _) => String::new(),
        (file, Some(line)) => format!("{file}:{line}: "),
        (file, None) => format!("{file}: "),
    };
    let severity = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let others = match finding.count.saturating_sub(1) {
        0 => String::new(),
        more => format!(" (and on {})", count(more, "more page", "more pages")),
    };
    format!("{place}{severity}: {}{others} [{}]", finding.message, finding.check)
}

/// Lists what the site has.
pub(super) fn list(arguments: &Arguments, asked: &ListArguments, talk: &Talk) -> Result<()> {
    let mut project =
        Project::new(commands::config(arguments)?, Arc::new(SystemClock::new()), talk.reporter());
    let listed = project.list();
    talk.finish();
    let wanted = |entry: &Listed| match asked.what {
        What::All => true,
        What::Pages => entry.kind == "page",
        What::Courses => entry.kind == "course",
        What::Drafts => entry.kind == "draft",
        What::Future => entry.kind == "future",
        What::Expired => entry.kind == "expired",
        What::Orphans => entry.is_orphan,
    };
    let listed: Vec<Listed> = listed?.into_iter().filter(wanted).collect();
    talk.result(
        || listed.iter().map(line).collect::<Vec<_>>().join("\n"),
        || serde_json::json!({ "ok": true, "entries": listed }),
    );
    Ok(())
}

fn line(entry: &Listed) -> String {
    let mut line = format!("{:<8}", entry.kind);
    let places = [entry.path.as_deref(), entry.source.as_deref()];
    for place in places.into_iter().flatten() {
        line.push(' ');
        line.push_str(place);
    }
    if let Some(at) = entry.at {
        line.push_str(&format!(" ({at})"));
    }
    line
}

/// Writes the completions of a shell.
pub(super) fn completions(shell: clap_complete::Shell) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "aither", &mut script);
    print(&script)
}

/// Writes the manual page.
pub(super) fn man() -> Result<()> {
    let mut page = Vec::new();
    let command = Arguments::command();
    let failed =
        |error: std::io::Error| Error::new(Kind::Io, format!("the manual page cannot be made: {error}"));
    clap_mangen::Man::new(command.clone()).render(&mut page).map_err(failed)?;
    for subcommand in command.get_subcommands() {
        let name = subcommand.get_name();
        let title = format!("\n.SH \"AITHER {}\"\n", name.to_uppercase());
        page.extend_from_slice(title.as_bytes());
        let man = clap_mangen::Man::new(subcommand.clone());
        man.render_synopsis_section(&mut page).map_err(failed)?;
        man.render_description_section(&mut page).map_err(failed)?;
        man.render_options_section(&mut page).map_err(failed)?;
    }
    print(&page)
}

/// To standard output, whoever reads it and for however long.
fn print(bytes: &[u8]) -> Result<()> {
    let mut out = std::io::stdout();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Error::new(Kind::Io, format!("standard output cannot be written: {error}")))
        }
        _ => Ok(()),
    }
}
