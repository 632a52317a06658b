//! How a service knows who asks: a bearer token, OAuth 1.0a signatures, OAuth 2 client credentials.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use crate::base::encode;
use crate::base::http::Method;
use crate::base::oauth1::{Consumer, Once};
use crate::base::secret::Secret;

/// A token that says it lives longer is asked for anew all the same; some servers write the moment of its end where its
/// life belongs.
const LONGEST: Duration = Duration::from_secs(3_600);

/// The life of a token that says nothing of it.
const USUAL: Duration = Duration::from_secs(300);

/// A token is exchanged so long before its end.
const EARLY: Duration = Duration::from_secs(30);

/// The credentials.
#[derive(Debug, Clone)]
pub(in crate::source) enum Auth {
    /// A token that does not change.
    Bearer(Secret),
    /// Each request is signed.
    OAuth1(Consumer),
    /// A token for name and secret.
    OAuth2 { token_url: String, id: String, secret: Secret, scope: Option<String> },
}

/// Makes what goes along with each request.
pub(super) struct Signer {
    auth: Auth,
    token: Option<(Secret, Timestamp)>,
}

/// How to ask for a token.
pub(super) struct TokenRequest {
    pub(super) url: String,
    pub(super) basic: Secret,
    pub(super) form: String,
}

impl Signer {
    pub(super) fn new(auth: Auth) -> Self {
        Self { auth, token: None }
    }

    pub(super) fn set_token_url(&mut self, url: String) {
        if let Auth::OAuth2 { token_url, .. } = &mut self.auth {
            *token_url = url;
        }
    }

    /// From now on a token is to allow this.
    pub(super) fn set_scope(&mut self, wanted: &str) {
        if let Auth::OAuth2 { scope, .. } = &mut self.auth
            && scope.as_deref() != Some(wanted)
        {
            *scope = Some(wanted.to_owned());
            self.token = None;
        }
    }

    /// What to ask for before the next request; nothing where there is a token, or none is needed.
    pub(super) fn token_request(&self, now: Timestamp) -> Option<TokenRequest> {
        let Auth::OAuth2 { token_url, id, secret, scope } = &self.auth else { return None };
        if self.token.as_ref().is_some_and(|(_, until)| now < *until) {
            return None;
        }
        let mut pairs = vec![("grant_type", "client_credentials")];
        pairs.extend(scope.as_deref().map(|scope| ("scope", scope)));
        Some(TokenRequest {
            url: token_url.clone(),
            basic: encode::basic(id, secret),
            form: encode::form(pairs),
        })
    }

    /// Takes the token out of an answer.
    pub(super) fn learn(&mut self, body: &[u8], now: Timestamp) -> Result<(), &'static str> {
        let answer: Value = serde_json::from_slice(body).map_err(|_| "the answer is not JSON")?;
        let token = answer.get("access_token").and_then(Value::as_str).filter(|token| !token.is_empty());
        let token = token.ok_or("the answer holds no `access_token`")?;
        if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("the token holds characters that no header can");
        }
        let life = answer.get("expires_in").and_then(|life| match life {
            Value::String(text) => text.trim().parse().ok(),
            other => other.as_f64(),
        });
        let life = life.and_then(|life: f64| Duration::try_from_secs_f64(life).ok()).unwrap_or(USUAL);
        let life = life.min(LONGEST);
        let life = life.saturating_sub(EARLY.min(life / 2));
        let until = now.checked_add(life).unwrap_or(now);
        self.token = Some((Secret::new(token), until));
        Ok(())
    }

    /// Forgets the token, and says whether there is any use in asking for another one.
    pub(super) fn forget(&mut self) -> bool {
        self.token.take().is_some()
    }

    /// The value of `Authorization` for a request that goes now.
    pub(super) fn authorization(
        &self,
        method: Method,
        url: &str,
        now: Timestamp,
        random: &mut fastrand::Rng,
    ) -> Option<Secret> {
        let bearer = |token: &Secret| Secret::new(format!("Bearer {}", token.reveal()));
        match &self.auth {
            Auth::Bearer(token) => Some(bearer(token)),
            Auth::OAuth1(consumer) => {
                let nonce = format!("{:032x}", random.u128(..));
                let once = Once { nonce: &nonce, timestamp: now.as_second() };
                Some(consumer.authorization(method.name(), url, once))
            }
            Auth::OAuth2 { .. } => self.token.as_ref().map(|(token, _)| bearer(token)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signer() -> Signer {
        Signer::new(Auth::OAuth2 {
            token_url: "https://a.example/token".into(),
            id: "id".into(),
            secret: Secret::new("geheim"),
            scope: Some("a b".into()),
        })
    }

    #[test]
    fn a_life_that_is_a_moment_is_an_hour_at_most() {
        let now: Timestamp = "2026-11-21T10:00:00Z".parse().unwrap();
        for (life, seconds) in [
            ("1795255200", 3_570),
            ("\"1800\"", 1_770),
            ("1800", 1_770),
            ("20", 10),
            ("null", 270),
            ("-5", 270),
        ] {
            let mut signer = signer();
            let answer =
                format!("{{\"access_token\":\"t\",\"expires_in\":{life},\"token_type\":\"bearer\"}}");
            signer.learn(answer.as_bytes(), now).unwrap();
            let last = now + jiff::SignedDuration::from_secs(seconds - 1);
            assert!(signer.token_request(last).is_none(), "{life}");
            assert!(signer.token_request(last + jiff::SignedDuration::from_secs(1)).is_some(), "{life}");
        }
    }

    #[test]
    fn a_token_is_asked_for_with_name_secret_and_scope() {
        let asked = signer().token_request(Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(asked.form, "grant_type=client_credentials&scope=a%20b");
        assert_eq!(asked.basic.reveal(), "Basic aWQ6Z2VoZWlt");
        assert!(signer().learn(b"<html>", Timestamp::UNIX_EPOCH).is_err());
        assert!(signer().learn(b"{\"access_token\":\"a\\nb\"}", Timestamp::UNIX_EPOCH).is_err());
    }
}
