//! One test a rule; `tests/pattern_vs_pcre2.rs` compares with PCRE2 itself.

use super::*;

fn matches(pattern: &str, subject: &[u8]) -> Option<bool> {
    Pattern::new(pattern.as_bytes(), false).unwrap().is_match(subject)
}

#[track_caller]
fn assert_matches(pattern: &str, yes: &[&[u8]], no: &[&[u8]]) {
    for subject in yes {
        assert_eq!(matches(pattern, subject), Some(true), "{pattern} on {}", subject.escape_ascii());
    }
    for subject in no {
        assert_eq!(matches(pattern, subject), Some(false), "{pattern} on {}", subject.escape_ascii());
    }
}

#[track_caller]
fn assert_refused(pattern: &str, reason: &NotEvaluated) {
    assert_eq!(Pattern::new(pattern.as_bytes(), false).as_ref().unwrap_err(), reason, "{pattern}");
}

/// What the groups hold, for comparing: `-` is "took no part".
fn groups(pattern: &str, subject: &str) -> Option<Option<Vec<String>>> {
    let show =
        |group: Option<&[u8]>| group.map_or("-".to_owned(), |text| String::from_utf8(text.to_vec()).unwrap());
    let found = Pattern::new(pattern.as_bytes(), false).unwrap().captures(subject.as_bytes())?;
    Some(found.map(|found| found.numbered().map(show).collect()))
}

#[test]
fn patterns_of_real_configurations() {
    assert_matches(r"\.php(/|$)", &[b"/index.php", b"/index.php/x"], &[b"/index.phpx"]);
    assert_matches(r"^/socket\.io/", &[b"/socket.io/"], &[b"/socketxio/", b"/x/socket.io/"]);
    assert_matches(r"^/[\w-]+/ws$", &[b"/a-b/ws"], &[b"/a.b/ws"]);
}

#[test]
fn caseless_is_about_ascii() {
    let pattern = Pattern::new("^[a-c]é$".as_bytes(), true).unwrap();
    assert_eq!(pattern.is_match("Bé".as_bytes()), Some(true));
    assert_eq!(pattern.is_match("BÉ".as_bytes()), Some(false));
    let pattern = Pattern::new(br"^[^a]\x41[[:upper:]][[:^lower:]]$", true).unwrap();
    assert_eq!(pattern.is_match(b"bab1"), Some(true));
    assert_eq!(pattern.is_match(b"Aab1"), Some(false));
    assert_eq!(pattern.is_match(b"babA"), Some(false));
}

#[test]
fn a_byte_is_a_character() {
    assert_matches("^é+$", &["é".as_bytes(), b"\xc3\xa9\xa9"], &["éé".as_bytes()]);
    assert_matches("^[é]$", &[b"\xc3", b"\xa9"], &["é".as_bytes()]);
    assert_matches("^.$", &[b"\xff", b"\r", b"\0"], &[b"", "é".as_bytes()]);
    assert_matches("a.b", &[b"a\rb"], &[b"a\nb"]);
    let pattern = Pattern::new(b"^\xff[\x80-\xfe]$", false).unwrap();
    assert_eq!(pattern.is_match(b"\xff\x81"), Some(true));
}

#[test]
fn a_dollar_before_a_final_newline_is_unknown() {
    assert_eq!(matches("a$", b"a\n"), None);
    assert_eq!(matches("a$", b"a\nb"), Some(false));
    assert_eq!(matches(r"[$]\$", b"$$\n"), Some(true));
    assert_eq!(groups("(a)$", "a\n"), None);
    assert_matches(r"\Aa\z", &[b"a"], &[b"a\n", b"ba"]);
}

#[test]
fn shorthands_are_about_ascii() {
    assert_matches(r"^\s$", &[b" ", b"\x0b", b"\x0c"], &[b"\x85", b"\xa0"]);
    assert_matches(r"^\w\d$", &[b"_1"], &[b"\xe91"]);
    assert_matches(r"a\b\xff", &[b"a\xff"], &[]);
}

#[test]
fn escapes() {
    assert_matches(r"^\<\>\/\-\_\ \&\#$", &[b"<>/-_ &#"], &[]);
    assert_matches(r"^\a\t\n\f\r\e\x2e$", &[b"\x07\t\n\x0c\r\x1b."], &[]);
    for pattern in [r"\v", r"\h", r"\R", r"\K", r"\Q.\E", r"\Z", r"\G", r"\cA", r"\x4", r"\x{41}", r"\pL"] {
        assert_refused(pattern, &NotEvaluated::Escape { at: 0 });
    }
    for pattern in [r"\1", r"\0", r"\g1", r"\k<n>", "(?P=n)"] {
        let at = 0;
        assert_refused(pattern, &NotEvaluated::BackReference { at });
    }
    assert_refused("a\\", &NotEvaluated::Unbalanced { at: 1 });
}

#[test]
fn braces() {
    assert_matches("^a{2}{x{1,}}]{a$", &[], &[b"aa"]);
    assert_matches("^a{x}{1{}]$", &[b"a{x}{1{}]"], &[]);
    assert_matches("^a{2,3}?b{1,}$", &[b"aabb", b"aaab"], &[b"ab"]);
    for pattern in ["a{,2}", "a{ 1}", "a{1, 2}", "a{,}", "a{1,2,3}"] {
        assert_refused(pattern, &NotEvaluated::Braces { at: 1 });
    }
    for pattern in ["a{2,1}", "a{65536}", "a{99999999999999999999999}"] {
        assert_refused(pattern, &NotEvaluated::Quantifier { at: 1 });
    }
}

#[test]
fn quantifiers() {
    for pattern in ["a*+", "a++", "a?+"] {
        assert_refused(pattern, &NotEvaluated::Possessive { at: 1 });
    }
    assert_refused("a{2}+", &NotEvaluated::Possessive { at: 1 });
    assert_refused("a**", &NotEvaluated::Quantifier { at: 2 });
    assert_refused("a{2}{3}", &NotEvaluated::Quantifier { at: 4 });
    assert_refused("a*??", &NotEvaluated::Quantifier { at: 3 });
    assert_refused("*a", &NotEvaluated::Quantifier { at: 0 });
    assert_refused("{2}", &NotEvaluated::Quantifier { at: 0 });
    assert_refused("a|+", &NotEvaluated::Quantifier { at: 2 });
    assert_refused("(?:+)", &NotEvaluated::Quantifier { at: 3 });
    assert_refused("^*", &NotEvaluated::Quantifier { at: 1 });
    assert_refused(r"\b+", &NotEvaluated::Quantifier { at: 2 });
    assert_refused("(?i)*", &NotEvaluated::Quantifier { at: 4 });
    assert_refused("(|^){0}?b", &NotEvaluated::Quantifier { at: 4 });
}

#[test]
fn groups_that_are_refused() {
    let at = 1;
    for pattern in ["a(?=b)", "a(?!b)", "a(?<=b)", "a(?<!b)", "a(?*b)"] {
        assert_refused(pattern, &NotEvaluated::Lookaround { at });
    }
    for pattern in ["a(?R)", "a(?0)", "a(?1)", "a(?-1)", "a(?+1)", "a(?&n)", "a(?P>n)"] {
        assert_refused(pattern, &NotEvaluated::Recursion { at });
    }
    for pattern in ["a(?s)", "a(?im)", "a(?i-s:b)", "a(?^)", "a(?)", "a(?C1)", "a(?", "a(?[a])"] {
        assert_refused(pattern, &NotEvaluated::Group { at });
    }
    for pattern in ["a(?<1>b)", "a(?<n b)", "a(?'n>b)", "a(?<>b)", "a(?P<n'b)"] {
        assert_refused(pattern, &NotEvaluated::GroupName { at });
    }
    assert_refused("a(?>b)", &NotEvaluated::AtomicGroup { at });
    assert_refused("a(?(1)b)", &NotEvaluated::Conditional { at });
    assert_refused("a(?|b)", &NotEvaluated::BranchReset { at });
    assert_refused("a(?#b)", &NotEvaluated::Comment { at });
    assert_refused("a(*UTF)", &NotEvaluated::Verb { at });
    assert_refused("a(b", &NotEvaluated::Unbalanced { at });
    assert_refused("a)b", &NotEvaluated::Unbalanced { at });
    assert_refused("(?<n>a)(?<n>b)", &NotEvaluated::GroupName { at: 7 });
    assert_refused(&format!("(?<{}>a)", "n".repeat(33)), &NotEvaluated::GroupName { at: 0 });
}

#[test]
fn an_option_lasts_to_the_end_of_its_group() {
    assert_matches("^(?:a(?i)b|c)d$", &[b"aBd", b"Cd", b"cd"], &[b"Abd", b"abD"]);
    assert_matches("^a(?i:b(?-i)c)d$", &[b"aBcd"], &[b"aBCd", b"abcD"]);
}

#[test]
fn classes() {
    assert_matches("^[]a]$", &[b"]", b"a"], &[b"b"]);
    assert_matches("^[^]a]$", &[b"b", b"\xff", b"\r"], &[b"]", b"a"]);
    assert_matches("^[[a&&b~~]$", &[b"[", b"&", b"~", b"b"], &[b"]", b"d"]);
    assert_matches("^[+--][--/]$", &[b",.", b"--"], &[b"./"]);
    assert_matches("^[a-c-e0-9-]$", &[b"b", b"-", b"e"], &[b"d"]);
    assert_matches(r"^[\w.\-][\d-]$", &[b"--", b"a1"], &[b"/1"]);
    assert_matches(r"^[\b\x41-\x43\]]$", &[b"\x08", b"B", b"]"], &[b"b"]);
    assert_matches("^[.][:.][=]$", &[b".:="], &[]);
    assert_matches("^[[:alpha:]_][[:^alpha:]-]$", &[b"a-", b"_1"], &[b"1a"]);
    for (pattern, at) in [("[z-a]", 3), (r"[a-\d]", 3), ("[a-[:alpha:]]", 3)] {
        assert_refused(pattern, &NotEvaluated::ClassRange { at });
    }
    assert_refused(r"[\w-a]", &NotEvaluated::ClassRange { at: 3 });
    assert_refused("[[:alpha:]-z]", &NotEvaluated::ClassRange { at: 10 });
    for (pattern, at) in
        [("[:alpha:]", 0), ("[.a.]", 0), (r"[.\.]", 0), ("[[.a.]]", 1), ("[[:nope:]]", 1), ("[[:<:]]", 1)]
    {
        assert_refused(pattern, &NotEvaluated::PosixClass { at });
    }
    assert_refused(r"[\B]", &NotEvaluated::Escape { at: 1 });
    assert_refused("a[]", &NotEvaluated::Unbalanced { at: 1 });
    assert_refused("a[a-", &NotEvaluated::Unbalanced { at: 1 });
}

#[test]
fn captures_by_number_and_name() {
    let pattern = Pattern::new(br"^/(?<a>\w+)/(?:x|(y))(?'b'\d)?(?P<c>.*)$", false).unwrap();
    assert_eq!(pattern.capture_names().collect::<Vec<_>>(), ["a", "b", "c"]);
    let found = pattern.captures(b"/u/x7/z").unwrap().unwrap();
    assert_eq!(found.get(0), Some(&b"/u/x7/z"[..]));
    assert_eq!(found.get(1), Some(&b"u"[..]));
    assert_eq!(found.get(2), None);
    assert_eq!(found.named("b"), Some(&b"7"[..]));
    assert_eq!(found.named("c"), Some(&b"/z"[..]));
    assert_eq!(found.named("d"), None);
    assert_eq!(found.get(5), None);
    assert_eq!(pattern.captures(b"/"), Some(None));
}

#[test]
fn captures_of_loops() {
    assert_eq!(groups("^(?:(a)|(b))+$", "ab"), Some(Some(vec!["a".into(), "b".into()])));
    assert_eq!(groups("(a|b*)*c", "abc"), None);
    assert_eq!(groups("(a|b*)*c", "ab"), Some(None));
    assert_eq!(matches("(a|b*)*c", b"abc"), Some(true));
}

/// <https://github.com/rust-lang/regex/issues/1360>
#[test]
fn the_first_branch_that_matches_wins() {
    assert_eq!(groups("((?:a*ab|a*c?))", "aab"), Some(Some(vec!["aab".into()])));
    assert_eq!(groups(r"(.)((b*?\b|b*?b))", "abb"), Some(Some(vec!["a".into(), "bb".into(), "bb".into()])));
    assert_eq!(groups("(?:(a*)ab|a*(c?))(d)?", "aab"), Some(Some(vec!["a".into(), "-".into(), "-".into()])));
}

#[test]
fn limits() {
    assert!(Pattern::new(&[b'a'; 4096], true).is_ok());
    assert_eq!(Pattern::new(&[b'a'; 4097], false).unwrap_err(), NotEvaluated::TooLong { limit: 4096 });
    assert_refused("((a{900}){900}){900}", &NotEvaluated::TooLarge);
    assert_refused(&"(".repeat(4096), &NotEvaluated::Unbalanced { at: 4095 });
    let nested = format!("{}{}", "(".repeat(2000), ")".repeat(2000));
    assert_refused(&nested, &NotEvaluated::Engine);
}

#[test]
fn names_in_patterns_that_are_not_evaluated() {
    let names = |pattern: &str| group_names(pattern.as_bytes());
    assert_eq!(names(r"(?=x)(?<a>.)(?P<b>\1)(?'c'x)"), ["a", "b", "c"]);
    assert_eq!(names(r"\(?<a>[(?<b>](?#(?<c>)[[:alpha:]](?<d>)\Q(?<e>\E(?<f>"), ["d", "f"]);
    assert_eq!(names("(?<=a)(?<!b)(?<a>(?<b>)(?|(?<c>a)|(?<c>b))"), ["a", "b", "c"]);
    assert_eq!(names("(?<1a>)(?<a'(?<"), Vec::<String>::new());
}
