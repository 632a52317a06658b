//! What goes wrong at the source, and what becomes of it: the kind, the message, the number of attempts.

use std::time::Duration;

use aither::base::clock::Clock;
use aither::base::secret::Secret;
use aither::error::{Error, Kind};

use super::Client;
use super::academy::DEMO_KEY;

/// All that an error shows to anybody.
fn shown(error: &Error) -> String {
    format!("{error} {error:?} {:?}", error.hints())
}

/// Pulls with a status at every request.
fn status(status: u16) -> (Client, Error) {
    let mut client = Client::of(20);
    (client.academy.state().faults.status, client.academy.state().faults.fail_every) =
        (Some(status), Some(1));
    let error = client.pull().unwrap_err();
    (client, error)
}

#[test]
fn each_status_has_its_kind_and_its_number_of_attempts() {
    for (code, kind, attempts, says) in [
        (400, Kind::Refused, 1, "VALIDATION_ERROR, “Ungültige Anfrage”, request "),
        (401, Kind::Credentials, 1, "does not accept the API key"),
        (403, Kind::Credentials, 1, "FORBIDDEN"),
        (404, Kind::Refused, 1, "nothing under this address"),
        (418, Kind::Refused, 1, "unexpected status"),
        (429, Kind::Unavailable, 4, "RATE_LIMITED"),
        (500, Kind::Unavailable, 4, "INTERNAL_ERROR"),
        (502, Kind::Unavailable, 4, "status 502"),
        (503, Kind::Unavailable, 4, "authentication is not configured"),
    ] {
        let (client, error) = status(code);
        assert_eq!((error.kind(), client.academy.state().log.len()), (kind, attempts), "{code}: {error}");
        let message = error.message();
        assert!(message.contains(says), "{message}");
        assert!(message.starts_with("GET /api/service/courses?limit=500&offset=0: "), "{message}");
        assert!(message.contains(&format!("status {code}")), "{message}");
        assert!(!shown(&error).contains(DEMO_KEY), "{code}");
        assert!(client.clock.elapsed() <= Duration::from_secs(7), "1, 2 and 4 s at most");
    }
}

#[test]
fn a_failure_that_passes_is_not_noticed() {
    for failures in 1..=3 {
        let mut client = Client::of(20);
        client.academy.state().faults.fail_next = failures;
        assert_eq!(client.pull().unwrap().changes.len(), 20);
        assert_eq!(client.academy.count("/courses"), failures + 1);
    }
    let mut client = Client::of(20);
    client.academy.state().faults.fail_every = Some(3);
    assert_eq!(client.pull().unwrap().changes.len(), 20);
}

#[test]
fn without_retries_the_first_failure_counts() {
    let mut client = Client::of(20);
    client.config.retries = 0;
    client.academy.state().faults.fail_next = 1;
    assert_eq!(client.pull().unwrap_err().kind(), Kind::Unavailable);
    assert_eq!(client.academy.state().log.len(), 1);
}

#[test]
fn an_answer_that_cannot_be_used_is_refused_and_says_how() {
    type Break = fn(&mut super::academy::Faults);
    let cases: [(Break, &str, usize); 4] = [
        (|faults| faults.html = true, "answered with HTML where JSON was expected", 1),
        (|faults| faults.garbage = true, "not JSON", 1),
        (|faults| faults.half_json = true, "ends in the middle of its JSON", 1),
        (|faults| faults.cut_off = true, "the answer was cut off, 4 times", 4),
    ];
    for (fault, says, attempts) in cases {
        let mut client = Client::of(20);
        fault(&mut client.academy.state().faults);
        let error = client.pull().unwrap_err();
        assert_eq!(error.kind(), Kind::Refused);
        assert!(error.message().contains(says), "{error}");
        assert_eq!(client.academy.state().log.len(), attempts, "{says}");
        assert!(!shown(&error).contains(DEMO_KEY) && !shown(&error).contains("Ruhig"), "{error:?}");
    }
    let mut client = Client::of(20);
    client.config.max_body = 100;
    let error = client.pull().unwrap_err();
    assert_eq!(error.kind(), Kind::Refused);
    assert!(error.message().contains("too long") && error.hints()[0].contains("max_body_bytes"), "{error}");
}

#[test]
fn retry_after_is_waited_for_inside_the_budget_and_not_beyond() {
    // Somebody else has used up the limit; the window ends in 40 s.
    let used_up = |at: u64| {
        let client = Client::of(20);
        let key = [("x-api-key".to_owned(), DEMO_KEY.to_owned())];
        for _ in 0..100 {
            client.academy.answer(&super::academy::Asked {
                target: "/api/service/courses".to_owned(),
                headers: key.to_vec(),
            });
        }
        client.clock.advance(Duration::from_secs(at));
        client
    };
    let mut client = used_up(20);
    assert_eq!(client.pull().unwrap().changes.len(), 20);
    assert_eq!(client.clock.elapsed(), Duration::from_secs(60));
    assert_eq!(
        client.academy.state().log.iter().filter(|one| one.status == 429).count(),
        1,
        "asked once, then waited"
    );

    let mut client = used_up(20);
    client.config.budget = Duration::from_secs(30);
    let error = client.pull().unwrap_err();
    assert_eq!(error.kind(), Kind::Unavailable);
    assert!(error.message().contains("next attempt is due in 40 s"), "{error}");
    assert_eq!(client.clock.elapsed(), Duration::from_secs(20), "it is told now, not after a wait in vain");
}

#[test]
fn a_source_that_is_too_slow_ends_with_the_budget() {
    let mut client = Client::of(20);
    client.academy.state().faults.delay = Duration::from_secs(600);
    let error = client.pull().unwrap_err();
    assert_eq!(error.kind(), Kind::Unavailable);
    assert!(client.clock.elapsed() <= Duration::from_secs(60), "{:?}", client.clock.elapsed());
}

#[test]
fn a_key_that_cannot_be_one_is_told_before_anything_is_sent() {
    for (key, says) in [
        (None, "is not set"),
        (Some("kurz".to_owned()), "has 4 characters"),
        (Some("k".repeat(31)), "has 31 characters"),
        (Some("k".repeat(257)), "has 257 characters"),
        (Some(format!("{}\u{e4}", "k".repeat(40))), "holds characters"),
        (Some(format!("{}\r\nX-Evil: 1", "k".repeat(40))), "holds characters"),
    ] {
        let mut client = Client::of(3);
        client.config.api_key = key.clone().map(Secret::new);
        let error = client.pull().unwrap_err();
        assert_eq!(error.kind(), Kind::Config, "{error}");
        assert!(error.message().starts_with("aither.toml: the source `hemera` needs a key"), "{error}");
        assert!(!error.hints().is_empty() && error.message().contains(&format!("HEMERA_API_KEY {says}")));
        assert!(key.is_none_or(|key| !shown(&error).contains(&key)), "{error:?}");
        assert_eq!(client.academy.state().log.len(), 0);
    }
    for length in [32, 256] {
        let mut client = Client::of(3);
        client.academy.state().key = "k".repeat(length);
        client.config.api_key = Some(Secret::new(format!(" {}\n", "k".repeat(length))));
        assert_eq!(client.pull().unwrap().changes.len(), 3, "space around a key is nobody's key");
    }
}

#[test]
fn a_wrong_address_is_told_and_one_with_the_services_root_is_understood() {
    let mut client = Client::of(3);
    client.config.base_url = "hemera.example".to_owned();
    assert_eq!(client.pull().unwrap_err().kind(), Kind::Config);
    client.config.base_url = "http://hemera.test/api/service/".to_owned();
    assert_eq!(client.pull().unwrap().changes.len(), 3);
}

#[test]
fn nothing_that_can_be_printed_holds_the_key() {
    let mut client = Client::of(3);
    client.pull().unwrap();
    let shown = format!("{:?} {:?}", client.source.as_ref().unwrap(), client.config);
    assert!(!shown.contains(DEMO_KEY), "{shown}");
}
