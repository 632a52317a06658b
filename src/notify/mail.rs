//! E-mail: one when runs have failed several times in a row, and one when they work again. How often they have failed
//! outlives the process.

use std::path::{Path, PathBuf};
use std::time::Duration;

use lettre::message::Mailbox;
use lettre::{Message, SmtpTransport, Transport as _};
use serde::{Deserialize, Serialize};

use super::Word;
use crate::base::files;
use crate::config::Mail;
use crate::model::run::{Run, iso_millis};

/// What is remembered between runs.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Memory {
    /// Runs that have failed in a row.
    failed: u32,
    /// Whether somebody has been written to since.
    told: bool,
}

/// Writes e-mails.
pub(super) struct Outlet {
    settings: Mail,
    file: PathBuf,
}

impl Outlet {
    pub(super) fn new(settings: Mail, state: &Path) -> Self {
        Self { settings, file: state.join("alerts.json") }
    }

    fn memory(&self) -> Memory {
        let bytes = files::read_if_present(&self.file).ok().flatten().unwrap_or_default();
        serde_json::from_slice(&bytes).unwrap_or_default()
    }

    fn keep(&self, memory: &Memory) -> Result<(), String> {
        let bytes = serde_json::to_vec(memory).unwrap_or_default();
        files::replace(&self.file, &bytes).map_err(|error| error.message().to_owned())
    }

    fn send(&self, subject: &str, text: String) -> Result<(), String> {
        let mailbox = |address: &str| -> Result<Mailbox, String> {
            address
                .parse()
                .map_err(|_| "an address of NOTIFY_EMAIL_FROM or NOTIFY_EMAIL_TO is none".to_owned())
        };
        let mut message = Message::builder().from(mailbox(&self.settings.from)?).subject(subject);
        for to in &self.settings.to {
            message = message.to(mailbox(to)?);
        }
        let message = message.body(text).map_err(|_| "the message could not be made".to_owned())?;
        // What is wrong with the address may be told, but not the address: it holds a password.
        let server = SmtpTransport::from_url(self.settings.server.reveal())
            .map_err(|_| "SMTP_URL cannot be understood".to_owned())?
            .timeout(Some(Duration::from_secs(10)))
            .build();
        server.send(&message).map(drop).map_err(|error| {
            let what = if error.is_permanent() { "for good" } else { "for now" };
            format!("the server did not take the message ({what})")
        })
    }

    fn run_ended(&self, run: &Run) -> Result<(), String> {
        let mut memory = self.memory();
        let site = &run.connector;
        if run.has_failed() {
            memory.failed = memory.failed.saturating_add(1);
            self.keep(&memory)?;
            if memory.failed >= self.settings.threshold && !memory.told {
                let times = memory.failed;
                let trouble = run.figures.errors.last().map_or("", |error| &error.message);
                let text = format!(
                    "{times} syncs in a row with the source {site} have failed. The site is as it was.\n\n\
                     The last one: {} at {}\n{trouble}\n\nYou will hear of it once more: when a sync works again.\n",
                    run.job_id,
                    iso_millis(run.end_time.unwrap_or(run.start_time)),
                );
                self.send(&format!("aither: {times} syncs in a row have failed"), text)?;
                self.keep(&Memory { told: true, ..memory })?;
            }
            return Ok(());
        }
        if memory.told {
            let text = format!(
                "The sync {} with the source {site} has worked, after {} that failed.\n",
                run.job_id, memory.failed
            );
            self.send("aither: syncs work again", text)?;
        }
        if memory != Memory::default() {
            self.keep(&Memory::default())?;
        }
        Ok(())
    }
}

impl super::Outlet for Outlet {
    fn name(&self) -> &'static str {
        "mail"
    }

    fn tell(&mut self, word: &Word) -> Result<(), String> {
        match word {
            Word::Ended(run) => self.run_ended(run),
            _ => Ok(()),
        }
    }
}
