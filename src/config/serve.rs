//! `[serve]`: where the server listens, whom it answers, and how much it takes from one client.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::RangeInclusive;
use std::time::Duration;

use super::{Environment, Freshness};
use crate::base::mistakes::{self, Mistake};
use crate::base::secret::Secret;
use crate::base::tables::{Found, Sheet, Table};

/// `[serve]`. [`Default`] is what holds where a key is absent.
#[derive(Debug, Clone)]
pub struct Serve {
    /// `host`, an IP address: where to listen. 127.0.0.1.
    pub host: IpAddr,
    /// `port`. 8080; 0 takes any that is free.
    pub port: u16,
    /// `hosts`: names in the `Host` header that are answered besides localhost, IP addresses and the base URL's. Without
    /// such a list, a page on the internet could reach a server on this machine by a name of its own (DNS rebinding).
    pub hosts: Vec<String>,
    /// `trusted_proxies`: addresses that one client's share of the connections does not apply to. 127.0.0.1 and ::1.
    pub trusted_proxies: Vec<IpAddr>,
    /// How much is too much.
    pub limits: ServeLimits,
    /// `sync_timeout_seconds`, or `SYNC_TIMEOUT_MS` in milliseconds: a sync that takes longer is given up. 1,800 s.
    pub sync_timeout: Duration,
    /// `content_security_policy`: the header of that name (W3C CSP Level 3); empty for none.
    pub content_security_policy: Cow<'static, str>,
    /// `referrer_policy`: the header of that name; empty for none.
    pub referrer_policy: Cow<'static, str>,
    /// `cache_bytes`: memory for small files that are asked for often. 16 MiB; 0 for none.
    pub cache_bytes: u64,
    /// Who may call the API; never in the file.
    pub tokens: Tokens,
    /// What `[freshness]` says: `health` tells by it how old data are.
    pub freshness: Freshness,
}

/// Limits of the listener, each a key of `[serve]`. Durations stand there in seconds, as `…_seconds`.
#[derive(Debug, Clone)]
pub struct ServeLimits {
    /// `header_timeout_seconds`: for a request's head, and between two requests on one connection. 10 s.
    pub header_timeout: Duration,
    /// `max_headers`: header fields in one request. 64.
    pub max_headers: usize,
    /// `max_head_bytes`: bytes of a request's head. 32 KiB.
    pub max_head: usize,
    /// `max_uri_bytes`: bytes of a request's target. 4,096.
    pub max_uri: usize,
    /// `max_body_bytes`: bytes of a request's body, refused by its declared length before any of it is read. 1 MiB.
    pub max_body: u64,
    /// `body_timeout_seconds`: for a whole body. 15 s.
    pub body_timeout: Duration,
    /// `write_floor_bytes`: a client that takes less than this within `write_window` is put out. 4 KiB.
    pub write_floor: usize,
    /// `write_window_seconds`. 15 s.
    pub write_window: Duration,
    /// `lifetime_seconds`: of a connection; event streams may live longer. 300 s.
    pub lifetime: Duration,
    /// `connections`: at the same time, less where the system allows fewer open files. 4,096.
    pub connections: usize,
    /// `connections_per_address`: of one address, an IPv6 network of 64 bits counting as one. 64.
    pub connections_per_address: usize,
    /// `shutdown_seconds`: for requests under way when the server is told to stop. 10 s.
    pub shutdown: Duration,
}

/// The secrets of the API. Several values, separated by commas in the environment, may hold while one is exchanged.
#[derive(Debug, Clone, Default)]
pub struct Tokens {
    /// `AITHER_ADMIN_TOKEN`: everything.
    pub admin: Vec<Secret>,
    /// `AITHER_SYNC_TOKEN`: start a sync and ask after it.
    pub sync: Vec<Secret>,
    /// `CRON_SECRET`: the routes for schedulers.
    pub cron: Vec<Secret>,
    /// `WEBHOOK_SECRET`: signatures of webhooks.
    pub webhook: Vec<Secret>,
}

/// Own scripts and styles, pictures from anywhere, and one thing more than the strictest: the attribute `style`, which
/// themes set colours by.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; \
    img-src 'self' data: https:; media-src 'self' https:; font-src 'self'; connect-src 'self'; manifest-src 'self'; \
    frame-src 'self' https:; form-action 'self' https:; base-uri 'self'; frame-ancestors 'self'";

/// What a server answers itself below its root, by the first part of the address: a page there would never be seen. Of these
/// `internal` stands below the address of the site, all others below that of the host.
pub const KEPT: [&str; 6] = ["api", "dashboard", "healthz", "internal", "metrics", "readyz"];

impl Default for Serve {
    fn default() -> Self {
        Self {
            host: Ipv4Addr::LOCALHOST.into(),
            port: 8080,
            hosts: Vec::new(),
            trusted_proxies: vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()],
            limits: ServeLimits::default(),
            sync_timeout: Duration::from_secs(1_800),
            content_security_policy: POLICY.into(),
            referrer_policy: "strict-origin-when-cross-origin".into(),
            cache_bytes: 16 << 20,
            tokens: Tokens::default(),
            freshness: Freshness::default(),
        }
    }
}

impl Default for ServeLimits {
    fn default() -> Self {
        Self {
            header_timeout: Duration::from_secs(10),
            max_headers: 64,
            max_head: 32 << 10,
            max_uri: 4_096,
            max_body: 1 << 20,
            body_timeout: Duration::from_secs(15),
            write_floor: 4 << 10,
            write_window: Duration::from_secs(15),
            lifetime: Duration::from_secs(300),
            connections: 4_096,
            connections_per_address: 64,
            shutdown: Duration::from_secs(10),
        }
    }
}

impl Tokens {
    /// The tokens with the names of their variables.
    fn named(&self) -> [(&'static str, &[Secret]); 4] {
        [
            ("AITHER_ADMIN_TOKEN", &self.admin),
            ("AITHER_SYNC_TOKEN", &self.sync),
            ("CRON_SECRET", &self.cron),
            ("WEBHOOK_SECRET", &self.webhook),
        ]
    }

    /// The tokens in the environment.
    pub fn of(environment: &Environment) -> Self {
        let secrets = |name| -> Vec<Secret> {
            let values = environment.get(name).unwrap_or_default().split(',').map(str::trim);
            values.filter(|value| !value.is_empty()).map(Secret::new).collect()
        };
        Self {
            admin: secrets("AITHER_ADMIN_TOKEN"),
            sync: secrets("AITHER_SYNC_TOKEN"),
            cron: secrets("CRON_SECRET"),
            webhook: secrets("WEBHOOK_SECRET"),
        }
    }
}

/// The variable that says how long a sync may take.
const TIMEOUT: &str = "SYNC_TIMEOUT_MS";

fn timeout(text: &str) -> Result<Duration, String> {
    const DAY: u64 = 86_400_000;
    let millis = text.trim().parse().ok().filter(|millis| (1..=DAY).contains(millis));
    millis.map(Duration::from_millis).ok_or_else(|| {
        let shown = mistakes::shown(text);
        format!("must be a whole number of milliseconds from 1 to {DAY} (one day), found `{shown}`")
    })
}

impl Serve {
    /// What `[serve]` and the environment ask for.
    pub(super) fn read(
        sheet: &Sheet<'_>,
        table: Option<Table<'_, '_>>,
        environment: &Environment,
        mistakes: &mut Vec<Mistake>,
    ) -> Self {
        let mut serve = Self { tokens: Tokens::of(environment), ..Self::default() };
        if let Some(mut table) = table {
            serve.read_keys(sheet, &mut table);
            table.finish(None);
        }
        match environment.get(TIMEOUT).map(timeout) {
            None => {}
            Some(Ok(timeout)) => serve.sync_timeout = timeout,
            Some(Err(trouble)) => mistakes.push(Mistake::new(TIMEOUT, trouble)),
        }
        for (name, secrets) in serve.tokens.named() {
            if secrets.iter().any(|secret| !secret.reveal().bytes().all(|byte| byte.is_ascii_graphic())) {
                mistakes.push(Mistake::new(name, "holds characters that a header cannot carry"));
            }
        }
        serve
    }

    fn read_keys(&mut self, sheet: &Sheet<'_>, table: &mut Table<'_, '_>) {
        for key in ["admin_token", "sync_token", "cron_secret", "webhook_secret"] {
            table.forbid(key, "a secret must not stand in a file", "set it in the environment");
        }
        set(&mut self.host, table.checked("host", listen_address).map(|found| found.value));
        set(&mut self.port, table.integer("port", 0..=u16::MAX));
        if let Some(hosts) = table.strings("hosts") {
            for Found { value, span } in &hosts {
                if value.is_empty() || value.contains(['/', ':', ' ', '*']) {
                    let shown = mistakes::shown(value);
                    let message = format!("`{shown}` is no host: a name without scheme, port and path");
                    sheet.wrong(span, message, Some("such as academy.example".into()));
                }
            }
            self.hosts = hosts.into_iter().map(|host| host.value.to_ascii_lowercase()).collect();
        }
        if let Some(proxies) = table.strings("trusted_proxies") {
            self.trusted_proxies.clear();
            for proxy in proxies {
                match proxy.value.parse() {
                    Ok(address) => self.trusted_proxies.push(address),
                    Err(_) => {
                        let message = format!("{:?} is not an IP address", mistakes::shown(&proxy.value));
                        sheet.wrong(&proxy.span, message, Some("such as 10.0.0.1".into()));
                    }
                }
            }
        }
        set(&mut self.sync_timeout, seconds(table, "sync_timeout_seconds", 1..=86_400));
        set(
            &mut self.content_security_policy,
            table.checked("content_security_policy", header).map(|found| found.value),
        );
        set(&mut self.referrer_policy, table.checked("referrer_policy", header).map(|found| found.value));
        set(&mut self.cache_bytes, table.integer("cache_bytes", 0..=1 << 32));
        self.limits.read_keys(table);
    }
}

impl ServeLimits {
    fn read_keys(&mut self, table: &mut Table<'_, '_>) {
        set(&mut self.header_timeout, seconds(table, "header_timeout_seconds", 1..=300));
        set(&mut self.max_headers, table.integer("max_headers", 8..=1_000));
        set(&mut self.max_head, table.integer("max_head_bytes", 8_192..=1 << 20));
        set(&mut self.max_uri, table.integer("max_uri_bytes", 256..=1 << 16));
        set(&mut self.max_body, table.integer("max_body_bytes", 1_024..=1 << 26));
        set(&mut self.body_timeout, seconds(table, "body_timeout_seconds", 1..=300));
        set(&mut self.write_floor, table.integer("write_floor_bytes", 1..=1 << 20));
        set(&mut self.write_window, seconds(table, "write_window_seconds", 1..=300));
        set(&mut self.lifetime, seconds(table, "lifetime_seconds", 1..=86_400));
        set(&mut self.connections, table.integer("connections", 8..=65_536));
        set(&mut self.connections_per_address, table.integer("connections_per_address", 1..=65_536));
        set(&mut self.shutdown, seconds(table, "shutdown_seconds", 0..=300));
    }
}

fn set<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}

fn seconds(table: &mut Table<'_, '_>, key: &'static str, range: RangeInclusive<u64>) -> Option<Duration> {
    table.integer(key, range).map(Duration::from_secs)
}

/// The address to listen on, as people write it.
pub fn listen_address(text: &str) -> Result<IpAddr, String> {
    if text == "localhost" {
        return Ok(Ipv4Addr::LOCALHOST.into());
    }
    text.parse().map_err(|_| not_an_address(text))
}

fn not_an_address(text: &str) -> String {
    format!("{text:?} is not an IP address: 127.0.0.1 for this machine, 0.0.0.0 for all its networks")
}

/// A text that may stand in a header.
fn header(text: &str) -> Result<Cow<'static, str>, String> {
    if text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        Ok(Cow::Owned(text.to_owned()))
    } else {
        Err("a header holds printable ASCII characters only".into())
    }
}
