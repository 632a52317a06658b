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
    /// `is_read` says that nothing is changed by it.
    pub(super) fn check(
        &self,
        access: Access,
        headers: &HeaderMap,
        is_local: bool,
        is_read: bool,
    ) -> Result<(), Failure> {
        if matches!(access, Access::Anyone | Access::Signed) || (access == Access::Here && is_local) {
            return Ok(());
        }
        let mut shown = self.shown(headers);
        // The first clients of this API send the token so. Other sites could make a browser send a cookie: it opens nothing
        // that changes anything.
        let is_read = is_read && matches!(access, Access::Admin | Access::Sync);
        if let Some(token) = is_read.then(|| session_token(headers)).flatten() {
            let hash = Digest::of(token.as_bytes());
            shown.admin |= is_among(&hash, &self.admin);
            shown.sync |= is_among(&hash, &self.sync);
        }
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

    /// Lets the administrator read internal pages: by the token as a bearer, or, so that a browser can ask for it, as the
    /// password of any user.
    pub(super) fn check_reader(&self, headers: &HeaderMap) -> Result<(), Failure> {
        let by_password = one(headers, header::AUTHORIZATION.as_str()).and_then(password);
        let is_admin = by_password.is_some_and(|token| is_among(&Digest::of(token.as_bytes()), &self.admin));
        if is_admin || self.shown(headers).admin {
            return Ok(());
        }
        let failure = Failure::new(
            StatusCode::UNAUTHORIZED,
            "UNAUTHORIZED",
            "internal pages are for the administrator",
        );
        Err(failure.header(header::WWW_AUTHENTICATE, "Basic realm=\"aither, internal\", charset=\"UTF-8\""))
    }

    /// Whether this is the administrator's token.
    pub(super) fn is_admin(&self, token: &str) -> bool {
        is_among(&Digest::of(token.as_bytes()), &self.admin)
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

/// The token in the cookie of the first clients.
fn session_token(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == "next-auth.session-token").map(|(_, token)| token)
}

/// The value of a header that may stand there once.
fn one<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?;
    if values.next().is_some() { None } else { value.to_str().ok() }
}

/// The password in `Basic dXNlcjpwYXNz` (RFC 7617).
fn password(value: &str) -> Option<String> {
    let (scheme, encoded) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(base64(encoded.trim())?).ok()?;
    text.split_once(':').map(|(_, password)| password.to_owned())
}

/// The bytes of a text in base64 (RFC 4648, section 4).
fn base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count) = (0_u32, 0_u32);
    for byte in text.trim_end_matches('=').bytes() {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    Some(bytes)
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
