//! Every trap of the services' contracts, and every promise of the sync API, with the test that holds it.

use std::path::Path;

/// What it is, and the test for it.
type Held = (&'static str, &'static str);

const ONEROSTER: &[Held] = &[
    ("an href may be relative", "a_class_is_a_course_run"),
    ("booleans as true, \"true\", 1", "people_are_asked_for_only_where_they_are_shown_and_are_sealed"),
    ("booleans as 1 and TRUE, dates without time", "dates_come_with_and_without_times"),
    ("no courseCode, an empty title, dates that are null", "what_is_missing_or_odd_in_a_record_does_no_harm"),
    ("the limit is clamped without a word", "all_classes_of_the_recorded_server_arrive"),
    ("Link to another host, or without the filter", "links_are_followed_only_where_they_can_be_trusted"),
    ("the same, address by address", "a_link_is_followed_only_to_the_same_place"),
    ("sorted after the page was cut", "the_last_record_again_and_pages_that_are_sorted_late_change_nothing"),
    (
        "seconds are rounded, the last row comes again",
        "the_last_record_again_and_pages_that_are_sorted_late_change_nothing",
    ),
    ("a tombstone", "after_the_first_pull_only_changes_are_asked_for"),
    ("a record vanishes without a tombstone", "what_vanished_without_a_word_is_found_by_a_full_reading"),
    ("400 on the filter", "a_server_that_does_not_filter_is_read_in_full"),
    ("imsx_codeMinor as a text, or another shape", "every_shape_of_an_error_is_shown"),
    (
        "columns in another order, metadata.*, TRUE, a manifest without files",
        "csv_is_read_by_the_names_of_its_columns",
    ),
    ("OAuth vectors", "the_oauth_vectors_pass"),
    ("each way to sign", "each_way_to_sign_is_taken"),
    ("the scope of a gradebook", "a_gradebook_is_asked_for_the_right_to_write"),
    ("PUT /lineItems and /results", "lines_of_a_gradebook_go_before_the_scores_on_them"),
    ("429 and 5xx", "limits_and_failures_are_waited_out_or_leave_the_site_as_it_is"),
    ("bulk and delta of CSV", "a_delta_of_csv_changes_what_the_bulk_was"),
    ("delta of enrollments", "a_delta_of_enrollments_changes_who_is_counted"),
];

const EDFI: &[Held] = &[
    (
        "not every server is under /data/v3; a tenant or year in the path",
        "a_tenant_has_its_place_in_the_addresses",
    ),
    ("expires_in is a moment", "a_life_that_is_a_moment_is_an_hour_at_most"),
    ("the same, from a server", "a_section_is_a_course_run"),
    ("a scalar academicSubjectDescriptor", "older_records_and_odd_ones_do_no_harm"),
    ("a descriptor is what follows the last #", "a_descriptor_is_what_follows_the_last_hash"),
    (
        "maxChangeVersion is left out; offsets and tokens are not mixed",
        "all_pages_come_by_offset_and_by_token",
    ),
    ("changes, tombstones, other keys", "changes_tombstones_and_other_keys_are_followed"),
    ("other keys of courses and students", "keys_of_courses_and_students_change_without_losing_anything"),
    ("a record vanishes without a tombstone", "what_vanished_without_a_tombstone_is_found_by_a_full_reading"),
    ("saved < oldest", "a_history_that_was_cut_or_begun_anew_means_a_full_reading"),
    ("the cursor is saved when the site is published", "changes_that_were_cut_off_go_on_where_they_were"),
    ("412 is a conflict", "a_record_that_changes_under_a_push_is_a_conflict"),
    ("PUT is a full replacement", "texts_of_courses_go_to_edfi_as_a_full_replacement"),
    ("an error is told by its shape", "an_error_is_told_by_its_shape"),
    ("429 and 5xx", "failures_are_waited_out_or_leave_the_site_as_it_is"),
];

const HEMERA: &[Held] = &[
    (
        "routes that are not deployed: 404 with HTML",
        "templates_come_when_the_route_is_there_and_are_none_before",
    ),
    ("the same, as recorded", "every_recording_is_understood_where_a_list_is_expected"),
    ("a bad id and a bad key are 400", "recordings_in_the_place_of_a_detail_fail_no_pull_but_for_the_key"),
    (
        "requestId and timestamp differ in every answer",
        "a_second_sync_of_the_same_data_writes_only_the_time_of_the_sync",
    ),
    ("data may be wrapped", "the_wrapped_shapes_are_the_same_courses"),
    ("the default limit is 100", "all_of_1250_courses_come_in_few_requests"),
    ("no total and no next", "the_end_is_found_also_where_a_page_is_exactly_full"),
    ("the order has no tie-break", "courses_of_one_date_or_of_none_that_fit_into_no_window_are_all_found"),
    ("a border repeats or skips a row", "what_was_there_all_the_time_is_never_lost"),
    ("imageUrl is unstable", "a_second_sync_of_the_same_data_writes_only_the_time_of_the_sync"),
    ("bookings in no promised order", "bookings_are_merged_and_in_the_order_of_their_ids"),
    (
        "one request a course, a hundred a minute",
        "a_catalogue_too_large_for_one_minute_is_read_in_turns_inside_the_limit",
    ),
    ("htmlContent: null", "what_the_service_cannot_hand_over_stays_as_it_was"),
    ("429 with Retry-After", "retry_after_of_the_recording_is_waited_for"),
    ("no other 4xx is tried again", "each_status_has_its_kind_and_its_number_of_attempts"),
    ("PUT …/result", "results_go_to_hemera_once"),
];

const SYNC_API: &[Held] = &[
    (
        "the envelope; 404, 405 with Allow, 411, 413, 415",
        "wrong_requests_get_the_status_that_says_what_is_wrong",
    ),
    ("500 in the envelope", "a_fault_in_a_run_is_a_failed_run"),
    (
        "the request id is echoed, and kept where it is well formed",
        "a_request_id_is_kept_if_it_is_well_formed",
    ),
    ("the request id stands in the log", "logs_for_machines_name_requests_and_jobs_and_no_secret"),
    ("lists: limit, offset, pagination", "every_list_is_paged_in_one_way"),
    ("who may call", "tokens_let_in_whom_they_are_for_and_nobody_else"),
    ("several values of each secret", "of_each_secret_several_values_may_be_good_at_once"),
    ("a token is made for this run; a public address needs one", "a_public_address_needs_a_token"),
    ("202 at once, 409 with the job, the history", "a_sync_is_started_asked_after_and_found_in_the_history"),
    ("Prefer: wait, 200", "the_history_outlives_a_restart_and_is_paged"),
    ("Prefer: wait, 202 where time runs out", "whoever_waits_hears_when_the_time_is_up"),
    ("Prefer: wait, 502", "a_failed_sync_tells_why_and_leaves_the_lock_free"),
    (
        "500 SYNC_INITIALIZATION_FAILED, and the lock is free",
        "a_sync_that_cannot_start_is_a_500_and_leaves_the_lock_free",
    ),
    ("404 NO_SYNC_JOB; the cron route", "the_commands_of_a_crontab"),
    ("one at a time across threads", "of_two_hundred_at_once_exactly_one_starts"),
    ("one at a time across processes", "the_lock_is_shared_with_other_processes"),
    (
        "SYNC_TIMEOUT_MS: ended as timed_out, thrown away",
        "a_run_that_takes_too_long_is_given_up_and_cannot_publish",
    ),
    ("signatures; 401, 400, 413", "whoever_does_not_sign_is_not_let_in"),
    ("on disk before the 202; duplicates", "a_signed_event_is_followed_by_a_run_for_just_what_it_names"),
    ("72 hours", "what_is_accepted_outlives_the_process_and_is_done_once"),
    (
        "events together, events during a sync",
        "events_that_come_together_are_one_run_and_those_that_come_during_a_run_are_the_next",
    ),
    ("process and queue", "the_commands_of_the_webhooks"),
    ("three tries, full jitter, ten at a time", "three_tries_with_growing_waits_then_a_dead_letter"),
    ("dead letters: list, retry", "what_fails_is_tried_three_times_and_is_a_dead_letter_then"),
    ("dead letters: drop", "a_dead_letter_can_be_dropped_and_process_waits_until_all_is_done"),
    ("pushes by the same queue", "a_server_tries_again_what_was_asked_for_and_nothing_else"),
    ("conflicts", "the_api_lists_and_resolves_conflicts"),
    ("health: 200, 503", "what_fails_is_tried_three_times_and_is_a_dead_letter_then"),
    ("every operation is described", "the_description_names_every_operation"),
];

#[test]
fn every_trap_and_every_promise_has_its_test() {
    let mut text = String::new();
    for folder in ["tests", "src"] {
        for entry in
            walkdir::WalkDir::new(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).into_iter().flatten()
        {
            if entry.path().extension().is_some_and(|extension| extension == "rs") {
                text.push_str(&std::fs::read_to_string(entry.path()).unwrap());
            }
        }
    }
    let missing: Vec<&Held> = [ONEROSTER, EDFI, HEMERA, SYNC_API]
        .into_iter()
        .flatten()
        .filter(|(_, test)| !text.contains(&format!("fn {test}(")))
        .collect();
    assert!(missing.is_empty(), "{missing:#?}");
}
