//! Who may call what.

use hyper::StatusCode;
use hyper::header::{self, HeaderMap};
use subtle::{Choice, ConstantTimeEq as _};

use super::reply::Failure;
use crate::base::digest::Digest;
use crate::base::secret::Secret;
use crate::config::Tokens;

/// Who an operation is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// Everybody.
    Anyone,
    /// Whoever is on this machine, and the administrator from anywhere.
    Here,
    /// The administrator and whoever may sync.
    Sync,
    /// The administrator and the scheduler; `bearer` says that its secret may come as a bearer token.
    Scheduler { bearer: bool },
    /// The administrator.
    Admin,
    /// Whoever signs the body: checked when it has been read.
    Signed,
}

/// The hashes of the tokens: comparing hashes takes the same time whatever the lengths, and none of the secrets stays in memory here.
#[derive(Debug)]
pub(super) struct Keys {
    admin: Vec<Digest>,
    sync: Vec<Digest>,
    cron: Vec<Digest>,
}

/// What a request has shown.
#[derive(Debug, Clone, Copy, Default)]
struct Shown {
    admin: bool,
    sync: bool,
    cron_header: bool,
    cron_bearer: bool,
}

impl Keys {
    pub(super) fn new(tokens: &Tokens) -> Self {
        let hashes = |secrets: &[Secret]| secrets.iter().map(|s| Digest::of(s.reveal().as_bytes())).collect();
        Self { admin: hashes(&tokens.admin), sync: hashes(&tokens.sync), cron: hashes(&tokens.cron) }
    }

    /// Lets a request through or says why not: 401 for nobody we know, 403 for somebody who may do other things.
    pub(super) fn check(&self, access: Access, headers: &HeaderMap, is_local: bool) -> Result<(), Failure> {
        if matches!(access, Access::Anyone | Access::Signed) || (access == Access::Here && is_local) {
            return Ok(());
        }
        let shown = self.shown(headers);
        let allowed = match access {
            Access::Anyone | Access::Signed => true,
            Access::Here | Access::Admin => shown.admin,
            Access::Sync => shown.admin || shown.sync,
            Access::Scheduler { bearer } => shown.admin || shown.cron_header || (bearer && shown.cron_bearer),
        };
        if allowed {
            return Ok(());
        }
        if shown.admin || shown.sync || shown.cron_header || shown.cron_bearer {
            let message = "these credentials are not for this";
            return Err(Failure::new(StatusCode::FORBIDDEN, "FORBIDDEN", message));
        }
        let failure =
            Failure::new(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", "credentials are missing or unknown");
        Err(failure.header(header::WWW_AUTHENTICATE, "Bearer realm=\"aither\""))
    }

    fn shown(&self, headers: &HeaderMap) -> Shown {
        let mut shown = Shown::default();
        let bearer = one(headers, header::AUTHORIZATION.as_str()).and_then(|value| {
            let (scheme, token) = value.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
        });
        if let Some(token) = bearer {
            let hash = Digest::of(token.as_bytes());
            shown.admin = is_among(&hash, &self.admin);
            shown.sync = is_among(&hash, &self.sync);
            shown.cron_bearer = is_among(&hash, &self.cron);
        }
        if let Some(secret) = one(headers, "x-cron-secret") {
            shown.cron_header = is_among(&Digest::of(secret.trim().as_bytes()), &self.cron);
        }
        shown
    }
}

/// The value of a header that may stand there once.
fn one<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?;
    if values.next().is_some() { None } else { value.to_str().ok() }
}

/// Compares with all of them, always, each in constant time.
fn is_among(hash: &Digest, known: &[Digest]) -> bool {
    known.iter().fold(Choice::from(0), |found, key| found | key.as_bytes().ct_eq(hash.as_bytes())).into()
}

/// A token for one run of the server: 256 random bits as hexadecimal digits.
pub(super) fn random_token() -> crate::error::Result<Secret> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|e| {
        crate::error::Error::new(crate::error::Kind::Io, format!("the system gives no random bytes: {e}"))
    })?;
    Ok(Secret::new(Digest::from_bytes(bytes).to_string()))
}
