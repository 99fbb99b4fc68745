//! Several handshakes: which back end answers.

use lint_finding::ProbeVerdict;

use crate::server::{accepted, drain, field, plan, say, seen, serve};

/// The letters of the back ends, by what they are told apart, and the verdict.
fn reconnected(
    times: usize,
    wanted: &[&str],
    answer: impl Fn(&str, usize) -> String + Send + 'static,
) -> (String, Option<String>, ProbeVerdict) {
    let server = serve(move |mut stream, head, number| {
        say(&mut stream, answer(head, number));
        drain(&mut stream);
    });
    let mut plan = plan(server.address, "/ws");
    plan.reconnects = times;
    plan.settle = std::time::Duration::ZERO;
    plan.max_time = std::time::Duration::from_secs(10);
    plan.peer_headers = wanted.iter().map(|name| (*name).to_owned()).collect();
    let (seen, verdict) = seen(&plan);
    let all = seen.reconnects.unwrap();
    assert_eq!(all.each.len(), times);
    let letters = all.each.iter().map(|one| one.back_end.as_deref().unwrap_or("-")).collect();
    (letters, all.told_by, verdict)
}

#[test]
fn back_ends_are_told_by_fields() {
    let by_field = |head: &str, number: usize| accepted(head, &format!("X-Served-By: app{}\r\n", number % 2));
    let (letters, told_by, verdict) = reconnected(4, &[], by_field);
    assert_eq!(
        (letters.as_str(), told_by.as_deref(), verdict),
        ("ABAB", Some("the field `x-served-by`"), ProbeVerdict::Works)
    );
    let by_own = |head: &str, number: usize| {
        accepted(head, &format!("X-Served-By: all\r\nX-Zone: {}\r\n", number / 2))
    };
    assert_eq!(reconnected(4, &["x-zone"], by_own).0, "AABB");
}

#[test]
fn a_cookie_is_sent_back_as_browsers_do() {
    // It sets one only where none comes.
    let sticky = |head: &str, number: usize| match field(head, "Cookie") {
        Some(_) => accepted(head, ""),
        None => accepted(head, &format!("Set-Cookie: route=s{number}; Path=/\r\n")),
    };
    let (letters, told_by, _) = reconnected(3, &[], sticky);
    assert_eq!((letters.as_str(), told_by.as_deref()), ("AAA", Some("the cookie `route`")));
    // It takes no notice of it.
    let fickle = |head: &str, number: usize| accepted(head, &format!("Set-Cookie: route=s{number}\r\n"));
    assert_eq!(reconnected(3, &[], fickle).0, "ABC");
}

#[test]
fn what_cannot_be_told_is_not() {
    let (letters, told_by, _) = reconnected(2, &[], |head, _| accepted(head, "Set-Cookie: sid=abc\r\n"));
    assert_eq!((letters.as_str(), told_by), ("--", None));
}

#[test]
fn what_only_some_answers_tell_is_told_of_those() {
    let some = |head: &str, number: usize| match number % 2 {
        0 => accepted(head, ""),
        _ => accepted(head, &format!("X-Backend: app{}\r\n", number / 2)),
    };
    let (letters, told_by, _) = reconnected(4, &[], some);
    assert_eq!((letters.as_str(), told_by.as_deref()), ("-A-B", Some("the field `x-backend`")));
    // What all answers have tells more than what one has.
    let both = |head: &str, number: usize| {
        let one = if number == 0 { "X-Backend: a\r\n" } else { "" };
        accepted(head, &format!("{one}X-Pod: p{number}\r\n"))
    };
    assert_eq!(
        reconnected(3, &[], both),
        ("ABC".to_owned(), Some("the field `x-pod`".to_owned()), ProbeVerdict::Works)
    );
}

#[test]
fn one_that_fails_is_a_failure() {
    let (_, _, verdict) = reconnected(3, &[], |head, number| match number {
        1 => "HTTP/1.1 502 Bad Gateway\r\n\r\n".to_owned(),
        _ => accepted(head, ""),
    });
    assert_eq!(verdict, ProbeVerdict::Fails);
}
