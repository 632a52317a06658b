//! Bookings are read for the courses that need them, inside the limit and the budget; the rest keeps what is known.

use std::time::Duration;

use aither::base::clock::Clock;
use aither::config::Details;
use aither::error::Kind;
use aither::model::participant::Personal;

use super::academy::Ties;
use super::{Client, published};

fn text(value: Option<&Personal>) -> Option<String> {
    value.map(|value| value.reveal().to_string())
}

/// The ids of the courses that were asked for in detail since the last look, in order.
fn asked(client: &Client) -> Vec<String> {
    let mut state = client.academy.state();
    let ids = state.log.iter().filter_map(|one| one.target.strip_prefix("/api/service/courses/"));
    let ids = ids.map(str::to_owned).collect();
    state.log.clear();
    ids
}

/// How many courses have bookings, cancelled ones included.
fn booked(client: &Client) -> usize {
    let state = client.academy.state();
    state.courses.iter().filter(|course| course.bookings.len() + course.cancelled > 0).count()
}

#[test]
fn bookings_are_merged_and_in_the_order_of_their_ids() {
    for wrapped in [false, true] {
        let mut client = Client::with_details(12, Details::All);
        client.academy.state().wrapped = wrapped;
        let pull = client.sync();
        assert_eq!((pull.details_read, pull.details_left), (10, 0), "two of twelve were never booked");
        assert_eq!(pull.participants_read, 18);
        let course = client.course("ck00000003demo");
        let participants: Vec<_> = course.participants.as_ref().unwrap().iter().collect();
        let ids: Vec<_> = participants.iter().map(|one| one.booking_id.reveal().to_string()).collect();
        assert_eq!(ids, ["cbk00000300", "cbk00000301", "cbk00000302"]);
        assert_eq!(text(participants[2].name.as_ref()), None);
        assert!(participants.iter().all(|one| one.created_at.is_some()), "from `participations`");
        assert!(participants.iter().all(|one| one.image_url.is_some() && one.result_notes.is_none()));
        assert_eq!(
            client.course("ck00000000demo").participants.as_ref().map(|people| people.len()),
            Some(0),
            "nobody, and known so"
        );
    }
}

#[test]
fn details_says_whose_bookings_are_read() {
    let mut none = Client::with_details(30, Details::None);
    none.sync();
    assert_eq!(asked(&none), [""; 0]);
    assert_eq!(none.course("ck00000003demo").participants, None);
    let mut upcoming = Client::with_details(30, Details::Upcoming);
    upcoming.sync();
    let ids = asked(&upcoming);
    assert!(!ids.is_empty());
    for id in &ids {
        let course = upcoming.course(id);
        let over = course.end.or(course.start).is_some_and(|end| end.to_string().as_str() < "2026-11-21");
        assert!(!over, "{id} is over");
    }
    assert!(
        ids.iter().any(|id| upcoming.course(id).start.is_none()),
        "a course without a date is still to come"
    );
}

#[test]
fn where_nothing_of_a_participant_can_be_shown_nobody_is_read_by_default() {
    let mut client = Client::with_details(30, Details::Needed);
    client.sync();
    assert!(!asked(&client).is_empty(), "a field is public");
    let read = client.known.iter().filter(|course| course.participants.is_some()).count();
    assert!(read > 0);
    client.participants_wanted = false;
    client.clock.advance(Duration::from_secs(601));
    let pull = client.sync();
    assert_eq!(asked(&client), [""; 0]);
    assert_eq!((pull.details_read, pull.details_left, pull.participants_read), (0, 0, 0));
    assert!(
        client.known.iter().all(|course| course.participants.is_none() && course.details_at.is_none()),
        "what was known is forgotten as well"
    );
    let mut explicit = Client::with_details(30, Details::Upcoming);
    explicit.participants_wanted = false;
    explicit.sync();
    assert!(!asked(&explicit).is_empty(), "who says so is heeded");
}

#[test]
fn bookings_that_were_just_read_are_not_read_again_unless_the_list_says_that_something_changed() {
    let mut client = Client::with_details(12, Details::All);
    let first = client.sync();
    assert_eq!(first.details_read, booked(&client));
    asked(&client);
    let before = client.known.clone();
    client.clock.advance(Duration::from_secs(599));
    client.academy.state().courses[3].title.push_str(" (neu)");
    let pull = client.sync();
    assert_eq!(asked(&client), ["ck00000003demo"]);
    assert_eq!((pull.details_read, pull.details_left), (1, 0));
    for course in before.iter() {
        assert_eq!(client.course(course.id.as_str()).participants.is_some(), course.participants.is_some());
    }
    // Old enough, all but the one that was read in between.
    client.clock.advance(Duration::from_secs(2));
    assert_eq!(client.sync().details_read, booked(&client) - 1);
    client.full = true;
    assert_eq!(client.sync().details_read, booked(&client), "who asks for everything gets it");
    client.full = false;
    // Whoever makes results public wants to see them with the next build.
    client.results_wanted = true;
    let pull = client.sync();
    assert_eq!(pull.details_read, booked(&client));
    assert!(client.academy.count("/participations") > 0);
}

#[test]
fn upcoming_comes_before_past_changed_before_unchanged_and_then_the_longest_unread() {
    let mut client = Client::with_details(60, Details::All);
    client.sync();
    let first = asked(&client);
    let past = |id: &String| {
        let course = client.course(id);
        course.end.or(course.start).is_some_and(|end| end.to_string().as_str() < "2026-11-21")
    };
    // Every eighth turn belongs to those that are over, as they would never have one else.
    let coming = first.iter().filter(|id| !past(id)).count();
    for (place, id) in first.iter().take(coming + 3).enumerate() {
        assert_eq!(past(id), place % 8 == 7, "{place}: {first:?}");
    }
    let over: Vec<_> = first.iter().filter(|id| past(id)).cloned().collect();
    assert!(
        over.is_sorted_by_key(|id| std::cmp::Reverse(client.course(id).start.unwrap().to_string())),
        "{over:?}"
    );
    // What changed comes before what did not, among those to come and among those that are over.
    let (coming, gone) = (first[25].clone(), over.last().unwrap().clone());
    client.clock.advance(Duration::from_secs(600));
    for course in &mut client.academy.state().courses {
        if course.id == coming || course.id == gone {
            course.title.push_str(" (neu)");
        }
    }
    client.sync();
    let second = asked(&client);
    assert_eq!((&second[0], &second[7]), (&coming, &gone));
}

#[test]
fn a_catalogue_too_large_for_one_minute_is_read_in_turns_inside_the_limit() {
    let mut client = Client::with_details(500, Details::All);
    let mut left = Vec::new();
    for _ in 0..16 {
        let begin = client.clock.elapsed();
        let pull = client.sync();
        assert_eq!(pull.changes.len(), 500);
        assert!(client.clock.elapsed() - begin < Duration::from_secs(60), "500 courses sync within 60 s");
        assert!(pull.requests <= 90);
        assert!(pull.details_read + pull.details_left <= booked(&client));
        let unread = client.known.iter().filter(|course| course.participants.is_none()).count();
        assert_eq!(pull.details_unread, unread, "the rest of those left keeps what is known");
        left.push(pull.details_left);
        client.clock.advance(Duration::from_secs(61));
    }
    assert_eq!(left[0], booked(&client) - 78, "81 requests less two for the list and one for the templates");
    let unread = client.known.iter().filter(|course| course.participants.is_none()).count();
    assert_eq!(unread, 0, "in the end everybody had a turn");
    let state = client.academy.state();
    assert!(state.log.iter().all(|one| one.status != 429));
    let times: Vec<_> = state.log.iter().map(|one| one.at).collect();
    for (index, begin) in times.iter().enumerate() {
        let inside = times[index..].iter().filter(|time| **time - *begin < Duration::from_secs(60)).count();
        assert!(inside <= 90, "{inside} requests within 60 s");
    }
}

#[test]
fn one_sync_after_the_other_never_meets_the_servers_limit() {
    // New processes, so that only the server's word tells what was used up; and a second user of the same key.
    let mut client = Client::with_details(200, Details::All);
    for _ in 0..3 {
        client.restart();
        let pull = client.sync();
        assert_eq!(pull.changes.len(), 200);
        client.clock.advance(Duration::from_secs(2));
    }
    let state = client.academy.state();
    assert!(
        state.log.iter().all(|one| one.status != 429),
        "what can be left out leaves room for what cannot"
    );
    assert!(client.clock.elapsed() < Duration::from_secs(60), "and nobody had to wait");
}

#[test]
fn a_detail_that_fails_keeps_what_is_known_and_is_told_without_names() {
    let mut client = Client::with_details(8, Details::All);
    client.sync();
    let before = client.course("ck00000003demo").clone();
    for (status, breaks) in [(404, ""), (400, ""), (500, ""), (200, "half"), (200, "html"), (200, "garbage")]
    {
        client.clock.advance(Duration::from_secs(601));
        {
            let mut state = client.academy.state();
            state.courses[3].bookings[0].name = Some("Ana Anders".to_owned());
            state.faults.only = Some("/courses/ck00000003demo".to_owned());
            state.faults.status = Some(status);
            state.faults.fail_every = (status != 200).then_some(1);
            state.faults.half_json = breaks == "half";
            state.faults.html = breaks == "html";
            state.faults.garbage = breaks == "garbage";
        }
        let pull = client.sync();
        assert_eq!((pull.changes.len(), pull.details_left), (8, 1), "{status} {breaks}");
        assert_eq!(client.course("ck00000003demo").participants, before.participants);
        assert_eq!(client.course("ck00000003demo").details_at, before.details_at);
    }
    let warnings = client.reporter.warnings().join("\n");
    assert!(warnings.contains("ck00000003demo"), "{warnings}");
    assert!(!warnings.contains("Ana") && !warnings.contains("cbk"), "{warnings}");
}

#[test]
fn a_key_that_is_refused_at_a_detail_fails_the_pull() {
    for status in [401, 403] {
        let mut client = Client::with_details(8, Details::All);
        {
            let mut state = client.academy.state();
            state.faults.only = Some("/courses/".to_owned());
            (state.faults.status, state.faults.fail_every) = (Some(status), Some(1));
        }
        assert_eq!(client.pull().unwrap_err().kind(), Kind::Credentials);
    }
}

#[test]
fn a_source_that_is_ill_is_left_alone_and_a_limit_ends_the_details() {
    let mut client = Client::with_details(60, Details::All);
    client.academy.state().faults.only = Some("/courses/".to_owned());
    client.academy.state().faults.fail_every = Some(1);
    let pull = client.pull().unwrap();
    assert_eq!((pull.details_read, pull.details_left), (0, booked(&client)));
    assert!(client.academy.count("/courses/") <= 12, "three courses, four attempts each");

    let mut client = Client::with_details(60, Details::All);
    client.academy.state().faults.only = Some("/courses/".to_owned());
    (client.academy.state().faults.status, client.academy.state().faults.fail_every) = (Some(429), Some(20));
    let pull = client.pull().unwrap();
    assert_eq!(
        pull.details_read, 17,
        "the twentieth request was one too many: two were for list and templates"
    );
    assert!(client.clock.elapsed() < Duration::from_secs(1), "and nothing was waited for");
}

#[test]
fn details_end_with_the_budget() {
    let mut client = Client::with_details(120, Details::All);
    client.academy.state().faults.delay = Duration::from_secs(2);
    let pull = client.pull().unwrap();
    assert!(client.clock.elapsed() <= Duration::from_secs(60));
    assert!((20..=30).contains(&pull.details_read), "{}", pull.details_read);
    assert_eq!(pull.details_read + pull.details_left, booked(&client));
}

#[test]
fn results_are_read_only_where_they_are_wanted_and_kept_where_they_are_not_read() {
    let mut client = Client::with_details(8, Details::All);
    client.sync();
    assert_eq!(client.academy.count("/participations"), 0);
    client.results_wanted = true;
    client.clock.advance(Duration::from_secs(601));
    client.sync();
    let having = |client: &Client| {
        let participants = client.known.iter().filter_map(|course| course.participants.as_ref());
        participants.flat_map(|people| people.iter()).filter(|one| one.result_outcome.is_some()).count()
    };
    let wanted: usize = {
        let state = client.academy.state();
        state.courses.iter().flat_map(|course| &course.bookings).filter(|one| one.outcome.is_some()).count()
    };
    assert!(wanted > 0);
    assert_eq!(having(&client), wanted);
    // A template that no longer shows them does not make them unknown.
    client.results_wanted = false;
    client.clock.advance(Duration::from_secs(601));
    client.sync();
    assert_eq!(having(&client), wanted);
    // A participation that has gone keeps its last result; the rest is read.
    client.results_wanted = true;
    client.clock.advance(Duration::from_secs(601));
    {
        let mut state = client.academy.state();
        state.faults.only = Some("/participations/".to_owned());
        (state.faults.status, state.faults.fail_every) = (Some(404), Some(1));
    }
    let pull = client.sync();
    assert_eq!((having(&client), pull.details_left), (wanted, 0));
}

#[test]
fn a_booking_that_does_not_validate_is_set_aside_without_personal_data() {
    let mut client = Client::with_details(8, Details::All);
    client.sync();
    client.clock.advance(Duration::from_secs(601));
    {
        let mut state = client.academy.state();
        state.courses[3].bookings[1].intent = Some("Geheimes ".repeat(400));
        state.courses[7].bookings[0].status = "Ganz Neu".to_owned();
    }
    let pull = client.sync();
    let told: Vec<_> = pull
        .refused
        .iter()
        .map(|one| (one.entity, one.reason.as_str(), one.id.split(',').next().unwrap()))
        .collect();
    assert!(
        told.contains(&("booking", "preparationIntent is longer than 2000 characters", "ck00000003demo")),
        "{told:?}"
    );
    assert!(told.iter().any(|(_, reason, _)| *reason == "status is not a word in capitals"), "{told:?}");
    assert!(!format!("{:?}", pull.refused).contains("Geheimes"));
    let kept = client.course("ck00000003demo").participants.clone().unwrap();
    assert_eq!(kept.len(), 3, "the last good value stays");
    assert!(kept.iter().all(|one| one.preparation_intent.is_none_or(|text| text.reveal().len() < 100)));
}

#[test]
fn validators_are_sent_when_they_were_given_and_unchanged_means_as_known() {
    let mut client = Client::with_details(40, Details::All);
    {
        let mut state = client.academy.state();
        (state.etags, state.ties) = (true, Ties::Stable);
    }
    let first = client.sync();
    assert!(first.validators.contains_key("/courses?limit=500&offset=0"));
    let before = client.known.clone();
    client.clock.advance(Duration::from_secs(601));
    client.academy.state().log.clear();
    let second = client.sync();
    let unchanged = client.academy.state().log.iter().filter(|one| one.status == 304).count();
    assert!(unchanged > 1, "the list, at least: {unchanged}");
    assert_eq!(second.changes.len(), 40);
    for course in before.iter() {
        assert_eq!(client.course(course.id.as_str()).summary_digest(), course.summary_digest());
    }
    client.academy.state().courses[0].title = "Ganz anders".to_owned();
    client.clock.advance(Duration::from_secs(601));
    client.sync();
    assert_eq!(&*client.course("ck00000000demo").title, "Ganz anders");
    // A snapshot that was lost makes its validators worthless.
    client.known = Default::default();
    client.clock.advance(Duration::from_secs(601));
    assert_eq!(super::ids(&client.pull().unwrap()), published(&client.academy));
}
