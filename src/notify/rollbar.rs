//! Rollbar's item API (`POST /api/1/item/`).

use serde_json::{Value, json};

use super::post::{Post, request};
use super::{Trouble, Word};
use crate::base::clock::SharedClock;
use crate::base::http::Method;
use crate::base::secret::Secret;
use crate::config::Rollbar;
use crate::model::run::{Run, RunStatus};

/// Tells Rollbar how runs ended, and of troubles.
pub(super) struct Outlet {
    settings: Rollbar,
    post: Post,
    clock: SharedClock,
}

impl Outlet {
    pub(super) fn new(settings: Rollbar, post: Post, clock: SharedClock) -> Self {
        Self { settings, post, clock }
    }

    fn item(&self, level: &str, message: Value) -> Value {
        json!({ "data": {
            "environment": self.settings.environment,
            "level": level,
            "timestamp": self.clock.now().as_second(),
            "platform": std::env::consts::OS,
            "language": "rust",
            "framework": "aither",
            "code_version": env!("CARGO_PKG_VERSION"),
            "uuid": format!("{:016x}{:016x}", fastrand::u64(..), fastrand::u64(..)),
            "body": { "message": message },
            "notifier": { "name": "aither", "version": env!("CARGO_PKG_VERSION") },
        } })
    }
}

/// How a run ended, in the words that alerts are set up for.
fn run_ended(run: &Run) -> Value {
    json!({
        "body": "sync.completed",
        "jobId": run.job_id,
        "runType": run.run_type,
        "connector": run.connector,
        "status": run.status,
        "durationMs": run.duration_ms,
        "courseId": run.figures.next_course_id,
        "coursesFetched": run.figures.courses_fetched,
        "participantsFetched": run.figures.participants_fetched,
        "filesGenerated": run.figures.files_generated,
        "filesSkipped": run.figures.files_skipped,
        "errorCount": run.figures.errors.len(),
    })
}

fn trouble(trouble: &Trouble) -> Value {
    let mut message = json!({ "body": trouble.name });
    for (name, value) in &trouble.facts {
        message[*name] = value.as_str().into();
    }
    message
}

impl super::Outlet for Outlet {
    fn name(&self) -> &'static str {
        "rollbar"
    }

    fn tell(&mut self, word: &Word) -> Result<(), String> {
        let item = match word {
            Word::Began => return Ok(()),
            Word::Ended(run) if run.status == RunStatus::Success => self.item("info", run_ended(run)),
            Word::Ended(run) => self.item("warning", run_ended(run)),
            Word::Trouble(one) => self.item(if one.is_error { "error" } else { "warning" }, trouble(one)),
        };
        let endpoint = Secret::new(self.settings.endpoint.as_str());
        let headers = vec![("Content-Type", "application/json".to_owned())];
        let mut request = request(Method::Post, &endpoint, headers, Some(item.to_string().into_bytes()));
        request.secrets.push(("X-Rollbar-Access-Token", self.settings.token.clone()));
        self.post.send(&request)
    }
}
