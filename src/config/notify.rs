//! What goes out after a run: all of it by the environment, for all of it is secret or an address of somebody.

use super::Environment;
use crate::base::mistakes::{self, Mistake};
use crate::base::secret::Secret;

/// Who hears of runs. Addresses are secrets: many a service's address is all that one needs to write to it.
#[derive(Debug, Clone, Default)]
pub struct Notify {
    /// `SYNC_WEBHOOK_URLS`, separated by commas: what is told of each run.
    pub webhooks: Vec<Secret>,
    /// `WEBHOOK_SECRET`: what these are signed with.
    pub webhook_secrets: Vec<Secret>,
    /// Rollbar, if `ROLLBAR_ENABLED` is 1.
    pub rollbar: Option<Rollbar>,
    /// E-mail, if `NOTIFY_EMAIL_TO` is set.
    pub mail: Option<Mail>,
    /// `NOTIFY_PING_URL`: asked for when a run begins (`/start`), succeeds, and fails (`/fail`).
    pub ping: Option<Secret>,
}

/// Rollbar.
#[derive(Debug, Clone)]
pub struct Rollbar {
    /// `ROLLBAR_SERVER_TOKEN`.
    pub token: Secret,
    /// `ROLLBAR_ENVIRONMENT`; `production`.
    pub environment: String,
    /// `ROLLBAR_ENDPOINT`; the service's own.
    pub endpoint: String,
}

/// E-mail.
#[derive(Debug, Clone)]
pub struct Mail {
    /// `SMTP_URL`: `smtps://user:password@host:465`, `smtp://…?tls=required`.
    pub server: Secret,
    /// `NOTIFY_EMAIL_FROM`.
    pub from: String,
    /// `NOTIFY_EMAIL_TO`, separated by commas.
    pub to: Vec<String>,
    /// `NOTIFY_FAILURE_THRESHOLD`: runs in a row that have to fail before anybody is written to. 3.
    pub threshold: u32,
}

impl Notify {
    /// What the environment says.
    pub(super) fn read(environment: &Environment, mistakes: &mut Vec<Mistake>) -> Self {
        let list = |name: &str| -> Vec<String> {
            let values = environment.get(name).unwrap_or_default().split(',').map(str::trim);
            values.filter(|value| !value.is_empty()).map(str::to_owned).collect()
        };
        let mut wrong = |name: &str, trouble: String, hint: &str| {
            mistakes.push(Mistake::new(name, trouble).hint(Some(hint.to_owned())));
        };
        let is_web = |url: &str| {
            let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
            rest.is_some_and(|rest| !rest.is_empty()) && url.bytes().all(|byte| byte.is_ascii_graphic())
        };
        let mut addresses = |name: &str| -> Vec<Secret> {
            let (good, bad): (Vec<_>, Vec<_>) = list(name).into_iter().partition(|url| is_web(url));
            if !bad.is_empty() {
                wrong(
                    name,
                    "holds something that is no address".into(),
                    "such as https://hooks.example/sync",
                );
            }
            good.into_iter().map(Secret::new).collect()
        };
        let webhooks = addresses("SYNC_WEBHOOK_URLS");
        let ping = addresses("NOTIFY_PING_URL").into_iter().next();
        let webhook_secrets: Vec<Secret> = list("WEBHOOK_SECRET").into_iter().map(Secret::new).collect();
        if !webhooks.is_empty() && webhook_secrets.is_empty() {
            let hint = "set WEBHOOK_SECRET, which they are signed with";
            wrong(
                "SYNC_WEBHOOK_URLS",
                "webhooks are to be sent, and there is no secret to sign them with".into(),
                hint,
            );
        }
        let is_on = |text: &str| matches!(text.trim(), "1" | "true" | "yes" | "on");
        let rollbar = environment.get("ROLLBAR_ENABLED").filter(|text| is_on(text)).and_then(|_| {
            let Some(token) = environment.get("ROLLBAR_SERVER_TOKEN") else {
                let hint = "set ROLLBAR_SERVER_TOKEN, or take ROLLBAR_ENABLED away";
                wrong("ROLLBAR_ENABLED", "Rollbar is switched on, and there is no token for it".into(), hint);
                return None;
            };
            let text = |name: &str, default: &str| environment.get(name).unwrap_or(default).trim().to_owned();
            Some(Rollbar {
                token: Secret::new(token.trim()),
                environment: text("ROLLBAR_ENVIRONMENT", "production"),
                endpoint: text("ROLLBAR_ENDPOINT", "https://api.rollbar.com/api/1/item/"),
            })
        });
        let threshold = environment.get("NOTIFY_FAILURE_THRESHOLD").map_or(Some(3), |text| {
            let number = text.trim().parse().ok().filter(|number| (1..=1_000).contains(number));
            if number.is_none() {
                let trouble =
                    format!("must be a number of runs from 1 to 1000, found `{}`", mistakes::shown(text));
                wrong("NOTIFY_FAILURE_THRESHOLD", trouble, "such as 3");
            }
            number
        });
        let to = list("NOTIFY_EMAIL_TO");
        let mail = (!to.is_empty()).then_some(to).and_then(|to| {
            let (server, from) = (environment.get("SMTP_URL"), environment.get("NOTIFY_EMAIL_FROM"));
            let (Some(server), Some(from)) = (server, from) else {
                let hint = "set SMTP_URL (smtps://user:password@host) and NOTIFY_EMAIL_FROM as well";
                wrong("NOTIFY_EMAIL_TO", "mail is to be sent, and it is not said how".into(), hint);
                return None;
            };
            let (server, from) = (Secret::new(server.trim()), from.trim().to_owned());
            Some(Mail { server, from, to, threshold: threshold? })
        });
        Self { webhooks, webhook_secrets, rollbar, mail, ping }
    }

    /// Whether nobody hears of anything.
    pub fn is_silent(&self) -> bool {
        self.webhooks.is_empty() && self.rollbar.is_none() && self.mail.is_none() && self.ping.is_none()
    }
}
