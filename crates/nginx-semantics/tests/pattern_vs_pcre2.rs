//! Generated patterns, given to `pattern` and to PCRE2: wherever `pattern` answers, PCRE2 answers the same.
//!
//! `PROPTEST_CASES` sets how many patterns each test tries.

#![expect(
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::use_debug,
    reason = "all of this file is a test, also what stands outside the test functions"
)]

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use nginx_semantics::pattern::{Pattern, certain_error, count_captures, group_names};
use pcre2::bytes::{Regex, RegexBuilder};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::TestRunner;

/// Text that stands for one character or has no width; the last list is refused or malformed.
const LITERALS: &[&str] = &[
    "a", "b", "A", "B", "ab", "k", "Z", "1", "9", "_", "/", "-", " ", "<", ">", "#", "&", "~", ",", ":", "=",
    "!", "\"", "%", "@", "{", "}", "]", "{x", "{1", "{a}", "{}", "a{1,2", "é", "É", "\r", "\t", "\u{b}",
    "\n",
];
const ESCAPES: &[&str] = &[
    r"\d", r"\D", r"\w", r"\W", r"\s", r"\S", r"\t", r"\n", r"\r", r"\f", r"\a", r"\e", r"\x41", r"\x0b",
    r"\x80", r"\xff", r"\xE9", r"\.", r"\/", r"\-", r"\<", r"\>", r"\[", r"\]", r"\{", r"\}", r"\\", r"\$",
    r"\^", r"\ ", r"\_", r"\&", r"\é", r"\#", r"\'", "\\\n", r"\~",
];
const ASSERTIONS: &[&str] = &["^", "^", "$", "$", "$", r"\b", r"\B", r"\A", r"\z", "(?i)", "(?-i)"];
const QUANTIFIERS: &[&str] = &[
    "*", "+", "?", "*?", "+?", "??", "{2}", "{1,}", "{0,2}", "{1,3}", "{2}?", "{1,}?", "{0,2}?", "{1}",
    "{0,1}",
];
const REFUSED: &[&str] = &[
    "(?=a)",
    "(?!a)",
    "(?<=a)",
    "(?<!a)",
    "(?>a|ab)",
    "(?|(a)|(b))",
    "(?#a)",
    "(a)?(?(1)b|a)",
    "(?R)?",
    "(?1)",
    "(?s)",
    "(?m)",
    "(?x)",
    "(?U)",
    "(?^)",
    "(?)",
    "(*ACCEPT)",
    "(*UTF)",
    r"\1",
    r"\g1",
    r"\k<n>",
    r"\K",
    r"\R",
    r"\h",
    r"\v",
    r"\Q.*\E",
    r"\Z",
    r"\G",
    r"\X",
    r"\N",
    r"\C",
    r"\cA",
    r"\x",
    r"\x{41}",
    r"\x4",
    r"\0",
    r"\07",
    r"\p{L}",
    r"\L",
    "a*+",
    "a++",
    "a?+",
    "a{2}+",
    "a**",
    "a{2}{3}",
    "a{1}*",
    "^*",
    r"\b+",
    "$?",
    "*a",
    "+",
    "?",
    "{2}",
    "{,2}",
    "a{,2}",
    "a{ 1}",
    "a{1, 2}",
    "a{0}",
    "(|^){0}?",
    "a{0,0}",
    "a{,}",
    "a{2,1}",
    "(",
    ")",
    "[",
    "[]",
    "[^]",
    r"\",
    "(?",
    "(?<",
    "(?<1a>a)",
    "(?'n>a)",
    "(?i-i)",
    "(?i)*",
    "(?P=n)",
    "(?P>n)",
    "[[:<:]]",
    "[[:>:]]",
    "[:alpha:]",
    "[.a.]",
    "[[.a.]]",
    "[[=a=]]",
    r"[\w-a]",
    r"[a-\d]",
    "[z-a]",
    "[a-[:alpha:]]",
    "[[:alpha:]-z]",
    "[[:nope:]]",
    r"[\B]",
    r"[\R]",
    r"[\Q]\E]",
    "(?:a{60000})",
];
const CLASS_ITEMS: &[&str] = &[
    "a",
    "b",
    "A",
    "Z",
    "k",
    "0",
    "9",
    "_",
    ".",
    "/",
    "-",
    "--",
    "-",
    "&",
    "&&",
    "~~",
    "[",
    "[a",
    "^",
    "$",
    "|",
    "(",
    "*",
    "#",
    " ",
    ":",
    "=",
    "<",
    "é",
    "{",
    "}",
    "'",
    "a-z",
    "A-Z",
    "0-9",
    "a-b",
    "Z-a",
    "A-z",
    "+--",
    "--/",
    "!-~",
    "[-]",
    "é-ÿ",
    r"\d",
    r"\D",
    r"\w",
    r"\W",
    r"\s",
    r"\S",
    r"\b",
    r"\n",
    r"\r",
    r"\t",
    r"\e",
    r"\x41",
    r"\x80-\xff",
    r"\x00-\x1f",
    r"\-",
    r"\]",
    r"\[",
    r"\^",
    r"\\",
    r"\.",
    r"\/",
    r"\<",
    r"\x41-\x5a",
    r"a-\x7a",
    r"\--\/",
    "[:alpha:]",
    "[:^alpha:]",
    "[:upper:]",
    "[:^upper:]",
    "[:lower:]",
    "[:^lower:]",
    "[:digit:]",
    "[:space:]",
    "[:punct:]",
    "[:^punct:]",
    "[:word:]",
    "[:cntrl:]",
    "[:print:]",
    "[:graph:]",
    "[:blank:]",
    "[:xdigit:]",
    "[:alnum:]",
    "[:ascii:]",
    "[:^ascii:]",
];
/// What random patterns are made of.
const SPECIAL: &[&str] = &[
    "(", ")", "[", "]", "{", "}", "*", "+", "?", "|", "^", "$", ".", "\\", "-", ":", "<", ">", "'", "=", "!",
    "&", "~", "#", ",", " ", "i", "P", "n", "a", "B", "b", "d", "w", "x", "1", "2", "0", "4", "(?", "(?i",
    "[:", ":]", "[^", "é", "(?<n>", "(?:", "\n", "Q", "E", "\u{b}", "_", "/",
];
const SUBJECT: &[u8] =
    b"aaaabbbABkKzZ019__//--..  \n\n\r[]<>{},:=&~#^$\x08\x0b\x1b\x7f\x80\xc3\xa9\xff\xe9(){}\\\"'!";

fn class() -> impl Strategy<Value = String> {
    (any::<bool>(), prop::bool::weighted(0.1), vec(select(CLASS_ITEMS), 1..4)).prop_map(
        |(negated, bracket, items)| {
            let negated = if negated { "^" } else { "" };
            let bracket = if bracket { "]" } else { "" };
            format!("[{negated}{bracket}{}]", items.concat())
        },
    )
}

/// Patterns of everything that is evaluated, and now and then something that is not.
fn pattern() -> impl Strategy<Value = String> {
    let quantifier = prop_oneof![2 => Just(""), 3 => select(QUANTIFIERS)];
    let atom = prop_oneof![
        40 => select(LITERALS).prop_map(str::to_owned),
        20 => (select(&["a", "b", "k", ".", "é"][..]), quantifier.clone()).prop_map(|(item, quantifier)| format!("{item}{quantifier}")),
        12 => (select(ESCAPES), quantifier.clone()).prop_map(|(item, quantifier)| format!("{item}{quantifier}")),
        16 => (class(), quantifier.clone()).prop_map(|(item, quantifier)| format!("{item}{quantifier}")),
        10 => select(ASSERTIONS).prop_map(str::to_owned),
        2 => Just(String::new()),
        1 => select(REFUSED).prop_map(str::to_owned),
    ];
    let opening =
        select(&["(", "(", "(", "(?:", "(?:", "(?<\0>", "(?P<\0>", "(?'\0'", "(?i:", "(?-i:", "(?i)(?:"][..]);
    let piece = atom.prop_recursive(3, 12, 3, move |inner| {
        let branches = vec(vec(inner, 0..3).prop_map(|items| items.concat()), 1..4)
            .prop_map(|branches| branches.join("|"));
        (opening.clone(), branches, quantifier.clone())
            .prop_map(|(opening, inside, quantifier)| format!("{opening}{inside}){quantifier}"))
    });
    let branch = vec(piece, 0..5).prop_map(|pieces| pieces.concat());
    let whole = prop_oneof![
        3 => branch.clone(),
        1 => vec(branch, 2..4).prop_map(|branches| branches.join("|")),
    ];
    // Names differ, or PCRE2 refuses them.
    whole.prop_map(|text| {
        let named = |(number, part): (usize, &str)| {
            if number == 0 { part.to_owned() } else { format!("n_{number}{part}") }
        };
        text.split('\0').enumerate().map(named).collect()
    })
}

/// Patterns of few characters with many loops and groups: these are about which match is found.
fn loops() -> impl Strategy<Value = String> {
    let atom = select(&["a", "b", "ab", "a?", "b*?", ".", "[ab]", r"\b", "$"][..]).prop_map(str::to_owned);
    let piece = atom.prop_recursive(4, 24, 3, |inner| {
        let branches = vec(vec(inner, 1..3).prop_map(|items| items.concat()), 1..4)
            .prop_map(|branches| branches.join("|"));
        (select(&["(", "(?:"][..]), branches, prop_oneof![Just(""), select(QUANTIFIERS)])
            .prop_map(|(opening, inside, quantifier)| format!("{opening}{inside}){quantifier}"))
    });
    vec(piece, 1..4).prop_map(|pieces| pieces.concat())
}

fn subjects() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let two = vec(select(&b"aab"[..]), 0..8);
    let few = vec(select(&b"aaabbABk1/\n \xc3\xa9"[..]), 0..8);
    vec(prop_oneof![two, few, vec(select(SUBJECT), 0..12)], 8)
}

/// Compares the engines on a pattern; whether there was something to compare, and if not, why.
fn compare(pattern: &str, caseless: bool, subjects: &[Vec<u8>], seen: &Seen) -> Result<(), TestCaseError> {
    let reference = RegexBuilder::new().caseless(caseless).build(pattern);
    if let Ok(reference) = &reference {
        let names: Vec<_> = reference.capture_names().iter().flatten().cloned().collect();
        if !pattern.contains("(?x") && !pattern.contains("(?J") {
            // Comments in extended mode and repeated names are the two cases in which they may differ.
            prop_assert_eq!(group_names(pattern.as_bytes()), names);
        }
    }
    seen.patterns.set(seen.patterns.get() + 1);
    let ours = match Pattern::new(pattern.as_bytes(), caseless) {
        Ok(ours) => ours,
        Err(refusal) => {
            seen.refused.set(seen.refused.get() + 1);
            let name = format!("{refusal:?}");
            let name = name.split(' ').next().unwrap_or_default().to_owned();
            *seen.reasons.borrow_mut().entry(name).or_default() += 1;
            return Ok(());
        }
    };
    let reference = match reference {
        Ok(reference) => reference,
        Err(error) => return Err(TestCaseError::fail(format!("{pattern:?}: PCRE2 refuses: {error}"))),
    };
    for subject in subjects {
        same(pattern, &ours, &reference, subject, seen)?;
    }
    Ok(())
}

fn same(
    pattern: &str,
    ours: &Pattern,
    reference: &Regex,
    subject: &[u8],
    seen: &Seen,
) -> Result<(), TestCaseError> {
    // An error is the match limit: nginx would answer 500, which is not what is compared.
    let Ok(expected) = reference.is_match(subject) else { return Ok(()) };
    let of = || format!("{pattern:?} on {:?}", subject.escape_ascii().to_string());
    seen.subjects.set(seen.subjects.get() + 1);
    if let Some(answer) = ours.is_match(subject) {
        prop_assert_eq!(answer, expected, "{}", of());
        seen.matched.set(seen.matched.get() + usize::from(answer));
    } else {
        seen.unknown.set(seen.unknown.get() + 1);
    }
    let Some(answer) = ours.captures(subject) else { return Ok(()) };
    let mut locations = reference.capture_locations();
    let found = reference
        .captures_read(&mut locations, subject)
        .map_err(|error| TestCaseError::fail(error.to_string()))?;
    prop_assert_eq!(answer.is_some(), found.is_some(), "{}", of());
    let Some(answer) = answer else { return Ok(()) };
    let bytes = |number: usize| locations.get(number).map(|(start, end)| &subject[start..end]);
    seen.captured.set(seen.captured.get() + 1);
    let expected: Vec<_> = (1..reference.captures_len()).map(bytes).collect();
    prop_assert_eq!(answer.get(0), bytes(0), "the match of {}", of());
    prop_assert_eq!(answer.numbered().collect::<Vec<_>>(), expected, "the groups of {}", of());
    for (number, name) in reference.capture_names().iter().enumerate() {
        if let Some(name) = name {
            prop_assert_eq!(answer.named(name), bytes(number), "{} of {}", name, of());
        }
    }
    Ok(())
}

/// What a test has seen, so that it can tell that it did not just refuse everything.
#[derive(Default)]
struct Seen {
    patterns: Cell<usize>,
    refused: Cell<usize>,
    subjects: Cell<usize>,
    matched: Cell<usize>,
    unknown: Cell<usize>,
    captured: Cell<usize>,
    reasons: RefCell<BTreeMap<String, usize>>,
}

/// Runs the comparison on the patterns of a strategy.
fn run(patterns: impl Strategy<Value = String>) -> Seen {
    let mut config = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = 2000;
    }
    let seen = Seen::default();
    let result = TestRunner::new(config)
        .run(&(patterns, any::<bool>(), subjects()), |(pattern, caseless, subjects)| {
            compare(&pattern, caseless, &subjects, &seen)
        });
    if let Err(error) = result {
        panic!("{error}");
    }
    println!(
        "{} patterns, {} refused {:?}; {} subjects, {} matched, {} unknown, {} with captures",
        seen.patterns.get(),
        seen.refused.get(),
        seen.reasons.borrow(),
        seen.subjects.get(),
        seen.matched.get(),
        seen.unknown.get(),
        seen.captured.get(),
    );
    seen
}

#[test]
fn patterns_of_the_grammar_match_as_in_pcre2() {
    let seen = run(pattern());
    assert!(seen.refused.get() * 2 < seen.patterns.get(), "most patterns are evaluated");
    assert!(seen.matched.get() * 10 > seen.subjects.get(), "many subjects match");
}

#[test]
fn loops_find_the_match_of_pcre2() {
    let seen = run(loops());
    assert!(seen.captured.get() * 8 > seen.subjects.get(), "captures are compared for many subjects");
}

#[test]
fn random_patterns_match_as_in_pcre2() {
    run(vec(select(SPECIAL), 0..8).prop_map(|pieces| pieces.concat()));
}

#[test]
fn every_refused_construct_is_refused() {
    for pattern in REFUSED {
        assert!(Pattern::new(pattern.as_bytes(), false).is_err(), "{pattern}");
    }
}

/// What is said to be refused PCRE2 refuses, for the same reason; and where the captures are counted, there are so many.
#[test]
fn certain_errors_are_those_of_pcre2() {
    let pieces = [
        LITERALS,
        ESCAPES,
        ASSERTIONS,
        QUANTIFIERS,
        REFUSED,
        &[
            "(",
            ")",
            "(?:",
            "(?<n>",
            "(?<1>",
            "(?P<m>",
            "(?<n",
            "[",
            "]",
            "[^",
            "[a-z]",
            "[z-a]",
            "[[:alpha:]]",
            "[[:x:]]",
            "|",
            "\\",
            "{2,1}",
            "{99999}",
            "**",
            "(?i:",
        ],
    ]
    .concat();
    let (mut errors, mut counted) = (BTreeMap::<&str, u32>::new(), 0);
    let errors_seen = RefCell::new(&mut errors);
    let counted_seen = RefCell::new(&mut counted);
    let patterns = vec(select(pieces), 1..8).prop_map(|pieces| pieces.concat());
    TestRunner::default()
        .run(&patterns, |pattern| {
            let compiled = RegexBuilder::new().build(&pattern);
            if let Some(error) = certain_error(pattern.as_bytes()) {
                *errors_seen.borrow_mut().entry(error).or_default() += 1;
                let said = compiled.as_ref().err().map(ToString::to_string);
                let known = said.as_ref().is_some_and(|said| said.contains(error));
                prop_assert!(known, "{pattern:?}: {error}, PCRE2: {said:?}");
            }
            if let (Some(count), Ok(regex)) = (count_captures(pattern.as_bytes()), &compiled) {
                **counted_seen.borrow_mut() += 1;
                prop_assert_eq!(count + 1, regex.captures_len(), "{}", pattern);
            }
            Ok(())
        })
        .unwrap_or_else(|error| panic!("{error}"));
    println!("{errors:?}, {counted} counted");
}
