//! The words of a comment for this program.

use std::ops::Range;

use time::Date;
use time::format_description::well_known::Iso8601;

use crate::settings::{Selector, similar};

/// How a comment may be written; the second word is what it means where the first is often written instead.
const VERBS: [&str; 5] = ["ignore", "ignore-file", "websocket", "not-websocket", "context"];

/// What other linters call it.
const OTHER_VERBS: [(&str, &str); 11] = [
    ("allow", "ignore"),
    ("disable", "ignore"),
    ("disable-file", "ignore-file"),
    ("disable-line", "ignore"),
    ("disable-next-line", "ignore"),
    ("file-ignore", "ignore-file"),
    ("ignore-block", "ignore"),
    ("ignore-line", "ignore"),
    ("ignore-next-line", "ignore"),
    ("noqa", "ignore"),
    ("suppress", "ignore"),
];

/// With what other linters begin such words: `ignore-next`, `disable-rule-in-file`.
const IGNORES: [&str; 4] = ["ignore", "disable", "suppress", "allow"];

/// A comment that suppresses findings.
#[derive(Debug)]
pub(super) struct Ignore<'c> {
    pub(super) is_for_file: bool,
    /// What it names, with the bytes of the comment where that stands.
    pub(super) names: Vec<(Selector, Range<usize>)>,
    /// The last day on which it counts.
    pub(super) until: Option<Date>,
    pub(super) reason: &'c str,
}

/// What begins every comment that is for this program.
pub(super) const MARK: &str = "nginx-ws-lint";

/// The words of the mark. In another case, with another sign between them or with none it is nearly one.
const MARK_WORDS: [&[u8]; 3] = [b"nginx", b"ws", b"lint"];

/// The bytes at the start of a text that are the mark or nearly so; 0 if none are.
fn mark_length(text: &[u8]) -> usize {
    let mut rest = text;
    for (number, word) in MARK_WORDS.iter().enumerate() {
        if number > 0 {
            rest = rest
                .strip_prefix(b"-")
                .or_else(|| rest.strip_prefix(b"_"))
                .or_else(|| rest.strip_prefix(b" "))
                .or_else(|| rest.strip_prefix(b"."))
                .unwrap_or(rest);
        }
        match rest.split_at_checked(word.len()) {
            Some((start, behind)) if start.eq_ignore_ascii_case(word) => rest = behind,
            _ => return 0,
        }
    }
    text.len() - rest.len()
}

/// Where the mark, or what is nearly one, stands in a text.
pub(super) fn marks(text: &[u8]) -> impl Iterator<Item = usize> {
    // Its rarest letter is the last one of `nginx`.
    memchr::memchr2_iter(b'x', b'X', text).filter_map(|at| {
        let start = at.checked_sub(4)?;
        (mark_length(text.get(start..)?) > 0).then_some(start)
    })
}

/// Whether a text has a mark, or what is nearly one.
pub(super) fn has_mark(text: &[u8]) -> bool {
    marks(text).next().is_some()
}

/// What a comment says to this program, behind the mark and its colon.
pub(super) fn for_us(comment: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(comment).ok()?;
    Some(text.trim_start_matches('#').trim().strip_prefix(MARK)?.strip_prefix(':')?.trim())
}

/// The first word of a comment that says what a location or a file is; `None` for any other comment.
pub(super) fn declaration(comment: &[u8]) -> Option<&'static str> {
    let word = for_us(comment)?.split(|next: char| next.is_whitespace() || next == ',').next()?;
    ["websocket", "not-websocket", "context"].into_iter().find(|known| *known == word)
}

/// Reads a comment; `None` for one that suppresses nothing and need not, `Err` for one that says too little or is nearly
/// one that suppresses.
pub(super) fn ignore(comment: &[u8]) -> Option<Result<Ignore<'_>, String>> {
    let Some(rest) = for_us(comment) else { return without_colon(comment).map(Err) };
    let is_of_verb = |next: &char| next.is_alphanumeric() || matches!(next, '-' | '_');
    let verb: String = rest.chars().take_while(is_of_verb).collect();
    let behind = rest.get(verb.len()..).unwrap_or_default();
    let is_for_file = match verb.as_str() {
        "ignore" => false,
        "ignore-file" => true,
        verb if VERBS.contains(&verb) => return None,
        verb => return Some(Err(unknown(verb))),
    };
    let start = comment.len() - text_behind(comment, behind);
    Some(names(behind, start, is_for_file))
}

/// How many bytes of a comment begin with this text, which is a part of it.
fn text_behind(comment: &[u8], part: &str) -> usize {
    comment.len() - (part.as_ptr() as usize - comment.as_ptr() as usize)
}

fn names(behind: &str, start: usize, is_for_file: bool) -> Result<Ignore<'_>, String> {
    let opened = behind.trim_start().strip_prefix('[');
    let Some((list, rest)) = opened.and_then(|opened| opened.split_once(']')) else {
        return Err(
            "this comment suppresses nothing: name the rules, as in `ignore[short-read-timeout] why`"
                .to_owned(),
        );
    };
    let list_at = start + behind.len() - behind.trim_start().len() + 1;
    let mut names = Vec::new();
    let mut at = list_at;
    for part in list.split(',') {
        let name = part.trim();
        let from = at + part.len() - part.trim_start().len();
        at += part.len() + 1;
        if name.is_empty() {
            continue;
        }
        let selector = name.parse().map_err(|error| format!("this comment suppresses nothing: {error}"))?;
        names.push((selector, from..from + name.len()));
    }
    if names.is_empty() {
        return Err("this comment suppresses nothing: write a rule between the brackets".to_owned());
    }
    let rest = rest.trim();
    let (until, reason) = match rest.strip_prefix("until=") {
        None => (None, rest),
        Some(rest) => {
            let (date, reason) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
            let until = Date::parse(date, &Iso8601::DATE).map_err(|_| {
                format!(
                    "this comment suppresses nothing: `{date}` is no date; write it as `until=2027-01-31`"
                )
            })?;
            (Some(until), reason.trim())
        }
    };
    if !is_reason(reason) {
        return Err("this comment suppresses nothing: write a reason after the `]`".to_owned());
    }
    if until.is_none() && has_other_expiry(reason) {
        return Err(
            "this comment suppresses nothing: write the date right after the `]`, as in `until=2027-01-31 why`"
                .to_owned(),
        );
    }
    Ok(Ignore { is_for_file, names, until, reason })
}

/// Whether a text says why: a dash or a dot alone says nothing.
pub fn is_reason(text: &str) -> bool {
    text.contains(char::is_alphanumeric)
}

/// What stands before a date that ends something.
const ENDS: [&str; 13] = [
    "until",
    "untill",
    "till",
    "through",
    "thru",
    "expires",
    "expire",
    "expiry",
    "expiration",
    "valid",
    "deadline",
    "remove",
    "due",
];

/// Whether a reason has a date that seems to say how long it counts, where the comment would suppress for ever: at its
/// beginning, alone or behind a word with `=` or `:`, or behind `until` and the like.
fn has_other_expiry(reason: &str) -> bool {
    let is_between =
        |next: char| next.is_whitespace() || matches!(next, '=' | ':' | '"' | '\'' | '(' | '[' | '<');
    let words: Vec<&str> = reason.split(is_between).filter(|word| !word.is_empty()).collect();
    let is_end = |word: &str| ENDS.iter().any(|end| word.eq_ignore_ascii_case(end));
    let is_first = words.first().is_some_and(|word| is_date(word));
    let first_end = words.first().map_or(0, |word| reason.find(word).unwrap_or(0) + word.len());
    let is_assigned = reason.get(first_end..).is_some_and(|rest| rest.trim_start().starts_with(['=', ':']))
        && words.get(1).is_some_and(|word| is_date(word));
    let is_behind_end = words.windows(2).any(|two| matches!(two, [word, date] if is_end(word) && is_date(date)))
        // `valid by 2027-01-31`
        || words.windows(3).any(|three| {
            matches!(three, [word, small, date] if is_end(word) && small.len() <= 3 && is_date(date))
        });
    is_first || is_assigned || is_behind_end
}

/// Whether a word is a date: three numbers with the same sign between them, of which one is a year.
fn is_date(word: &str) -> bool {
    // A time may stand behind it.
    let word = word.split(['T', 't']).next().unwrap_or_default();
    let word = word.trim_end_matches(|last: char| !last.is_ascii_digit());
    ['-', '/', '.'].iter().any(|sign| {
        let numbers: Vec<&str> = word.split(*sign).collect();
        let is_number = |number: &&str, most: usize| {
            (1..=most).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit())
        };
        match numbers.as_slice() {
            [year, month, day] if year.len() == 4 => {
                is_number(year, 4) && is_number(month, 2) && is_number(day, 2)
            }
            [day, month, year] if year.len() == 4 => {
                is_number(year, 4) && is_number(month, 2) && is_number(day, 2)
            }
            _ => false,
        }
    })
}

/// What to say of a first word that is none of ours.
fn unknown(verb: &str) -> String {
    let lower = &*verb.to_ascii_lowercase();
    let same = VERBS.into_iter().find(|ours| *ours == lower);
    let meant = same.or_else(|| OTHER_VERBS.iter().find(|(other, _)| *other == lower).map(|(_, ours)| *ours));
    let is_of_ignore = IGNORES.iter().any(|other| lower.starts_with(other));
    let of_ignore = is_of_ignore.then(|| if lower.contains("file") { "ignore-file" } else { "ignore" });
    let meant = meant.or(of_ignore).or_else(|| similar(lower, VERBS.into_iter()));
    let hint = match meant {
        Some("ignore") => "; did you mean `ignore[short-read-timeout] why`?".to_owned(),
        Some("ignore-file") => "; did you mean `ignore-file[short-read-timeout] why`?".to_owned(),
        Some(other) => format!("; did you mean `{other}`?"),
        None => format!("; it knows {}", VERBS.map(|verb| format!("`{verb}`")).join(", ")),
    };
    format!("this comment does nothing: nginx-ws-lint does not know `{verb}`{hint}")
}

/// What to say of `# nginx-ws-lint ignore[…]` and other spellings of the mark; `None` for a comment that only speaks of the
/// program.
fn without_colon(comment: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(comment).ok()?.trim_start_matches('#').trim();
    let rest = text.get(mark_length(text.as_bytes())..).filter(|rest| rest.len() < text.len())?;
    let rest = rest
        .trim_start_matches(|next: char| next.is_whitespace() || matches!(next, '-' | '=' | ':'))
        .trim_end();
    let verb = rest.split(|next: char| !(next.is_alphanumeric() || next == '-')).next().unwrap_or_default();
    let behind = rest.get(verb.len()..).unwrap_or_default();
    let verb = &*verb.to_ascii_lowercase();
    let is_verb = VERBS.contains(&verb) || OTHER_VERBS.iter().any(|(other, _)| *other == verb);
    // `# nginx-ws-lint websocket endpoints` may be a heading.
    let is_meant = is_verb && (behind.contains('[') || behind.is_empty());
    is_meant.then(|| {
        format!("this comment does nothing: write `{MARK}` and a colon, as in `{MARK}: {verb}{behind}`")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_known_with_their_places() {
        let comment = b"#  nginx-ws-lint: ignore-file[ lifetime,short-read-timeout ,] until=2027-01-31 the client  pings ";
        let read = ignore(comment).unwrap().unwrap();
        let names: Vec<(&str, Selector)> = read
            .names
            .iter()
            .map(|(selector, at)| (std::str::from_utf8(&comment[at.clone()]).unwrap(), *selector))
            .collect();
        assert_eq!(
            names,
            [
                ("lifetime", "lifetime".parse().unwrap()),
                ("short-read-timeout", "short-read-timeout".parse().unwrap())
            ]
        );
        assert!(read.is_for_file);
        assert_eq!(read.until.map(|date| date.to_string()).as_deref(), Some("2027-01-31"));
        assert_eq!(read.reason, "the client  pings");
    }

    #[test]
    fn a_date_of_the_past_is_a_reason_like_others() {
        for reason in [
            "measured on 2020-02-20, the client pings",
            "since 2020-02-20 clients ping",
            "see RFC 6455, 2011",
            "back end 10.0.3.20 pings",
            "1.2.3.4 pings",
            "nginx 1.22.0: pings",
            "TICKET-2020-1: pings",
        ] {
            let comment = format!("# nginx-ws-lint: ignore[capacity] {reason}");
            let read = ignore(comment.as_bytes()).unwrap().unwrap();
            assert_eq!((read.reason, read.until), (reason, None));
        }
    }

    #[test]
    fn marks_are_found_whatever_their_case() {
        let found = |text: &str| marks(text.as_bytes()).collect::<Vec<_>>();
        assert_eq!(found("xx nginx-ws-lint nginxwslint NGINX_WS_LINT nginx-ws"), [3, 17, 29]);
        assert_eq!(found("nginx"), [0; 0]);
        assert_eq!(found("x"), [0; 0]);
    }

    #[test]
    fn what_is_nearly_one_of_ours_is_said() {
        for (comment, said) in [
            ("# nginx-ws-lint: disable", Some("did you mean `ignore[short-read-timeout] why`?")),
            ("# nginx-ws-lint: ignore-next-line[capacity] x", Some("did you mean `ignore[")),
            ("# nginx-ws-lint: ingore[capacity] x", Some("did you mean `ignore[")),
            ("# nginx-ws-lint: ignore-next[capacity] x", Some("did you mean `ignore[")),
            ("# nginx-ws-lint: ignore-nextline[capacity] x", Some("did you mean `ignore[")),
            ("# nginx-ws-lint: suppress-next-line[capacity] x", Some("did you mean `ignore[")),
            ("# nginx-ws-lint: ignore-whole-file[capacity] x", Some("did you mean `ignore-file[")),
            ("# nginx-ws-lint: disable-file", Some("did you mean `ignore-file[")),
            ("# nginx-ws-lint: websockets", Some("did you mean `websocket`?")),
            ("# nginx-ws-lint: hello", Some("it knows `ignore`, `ignore-file`")),
            (
                "# nginx-ws-lint ignore[capacity] x",
                Some("and a colon, as in `nginx-ws-lint: ignore[capacity] x`"),
            ),
            ("# nginx-ws-lint-disable", Some("and a colon")),
            ("# nginx-ws-lint : ignore[capacity] x", Some("and a colon")),
            ("# nginx_ws_lint: ignore[capacity] x", Some("and a colon")),
            ("# Nginx-WS-Lint: ignore[capacity] x", Some("as in `nginx-ws-lint: ignore[capacity] x`")),
            ("# NGINX-WS-LINT: IGNORE[capacity] x", Some("as in `nginx-ws-lint: ignore[capacity] x`")),
            ("# nginxwslint: ignore[capacity] x", Some("as in `nginx-ws-lint: ignore[capacity] x`")),
            ("# nginx-wslint: ignore-file[capacity] x", Some("and a colon")),
            ("# nginx ws lint: ignore[capacity] x", Some("and a colon")),
            ("# nginx-ws-lint: IGNORE[capacity] x", Some("did you mean `ignore[")),
            ("# NGINX_WS_LINT: websocket", Some("as in `nginx-ws-lint: websocket`")),
            ("# Nginx-ws-lint ignores this file", None),
            ("# nginx-ws-linter: ignore[capacity]", None),
            ("# nginx-ws-lint: ignore[capacity] 2020-02-20 clients ping", Some("right after the `]`")),
            ("# nginx-ws-lint: ignore[capacity] (2020-02-20) clients ping", Some("right after the `]`")),
            ("# nginx-ws-lint: ignore[capacity] expires=2020-02-20 xx", Some("right after the `]`")),
            ("# nginx-ws-lint: ignore[capacity] expires 2020-02-20: xx", Some("right after the `]`")),
            ("# nginx-ws-lint: ignore[capacity] exp: 2020-02-20 xx", Some("right after the `]`")),
            ("# nginx-ws-lint: ignore[capacity] valid till 31.12.2020", Some("right after the `]`")),
            ("# nginx-ws-lint: ignore[capacity] 2020/2/3", Some("right after the `]`")),
            ("# nginx-ws-lint: ignore[capacity] x, remove by 2020-02-20T00:00", Some("right after the `]`")),
            ("# nginx-ws-lint: ignore[capacity] until 2027-02-03 x", Some("right after the `]`")),
            ("# nginx-ws-lint: ignore[capacity] until: 2027-02-03 x", Some("right after the `]`")),
            ("# nginx-ws-lint: ignore[capacity] Until=2027-02-03 x", Some("right after the `]`")),
            ("# nginx-ws-lint: ignore[capacity] ok until=2027-02-03", Some("right after the `]`")),
            ("# nginx-ws-lint: ignore[capacity] until=tomorrow x", Some("`tomorrow` is no date")),
            ("# nginx-ws-lint: ignore[capacity] until=2027-02-30 x", Some("is no date")),
            ("# nginx-ws-lint: ignore[capacity] until=2027-02-03", Some("write a reason")),
            ("# nginx-ws-lint: ignore[capacity] until=2027-02-03 --", Some("write a reason")),
            ("# nginx-ws-lint: ignore[capacity] --", Some("write a reason")),
            ("# nginx-ws-lint: ignore[capacity] .", Some("write a reason")),
            ("# nginx-ws-lint: ignore-file[capacity]: -", Some("write a reason")),
            ("# nginx-ws-lint: websocket", None),
            ("# nginx-ws-lint: not-websocket, they poll", None),
            ("# nginx-ws-lint: context http,server", None),
            ("# nginx-ws-lint ignores this file when it is empty", None),
            ("# checked by nginx-ws-lint: ignore what it says", None),
            ("# nginx ws: ignore[capacity]", None),
        ] {
            let read = ignore(comment.as_bytes()).map(|read| read.map(|_| ()).unwrap_err());
            assert_eq!(read.is_some(), said.is_some(), "{comment}: {read:?}");
            assert!(said.is_none_or(|said| read.as_deref().unwrap().contains(said)), "{comment}: {read:?}");
        }
    }
}
