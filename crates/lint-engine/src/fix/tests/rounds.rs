//! How often fixes are tried.

use lint_finding::NoticeCode;
use nginx_semantics::{Loaded, Scope, budgets, load};
use ws_rules::{RULES, Rule};

use super::{BadWord, main_file, memory, only_bad_word, server};
use crate::fix::{By, Which, fixed_by, most_checks};

/// Where fixes spoil each other they are tried one by one, but not for ever: the first that is not tried is shown.
#[test]
fn trying_fixes_has_an_end_that_is_said_once() {
    let words = ["bad", "breaks", "bad", "breaks", "breaks", "bad", "breaks", "bad"];
    let memory = memory(&[("nginx.conf", main_file(&server(&words)))]);
    let scope = Scope { given: vec!["/t".into()], working_folder: "/t".into(), ..Scope::default() };
    let rules: Vec<&'static dyn Rule> = RULES.iter().copied().chain([&BadWord as &dyn Rule]).collect();
    for (most_checks, is_cut) in [(most_checks as fn(&Loaded) -> usize, false), (|_| 2, true)] {
        let by = By { rules: &rules, most_checks };
        let arguments = ["/t/nginx.conf".into()];
        let fixed = fixed_by(&by, &memory, &arguments, &scope, &only_bad_word(), Which::Safe, &|_, _| Ok(()));
        let cut = fixed.outcome.notices.iter().filter(|notice| notice.code == NoticeCode::TooLarge);
        let lines: Vec<bool> = cut.map(|notice| notice.place.is_some() && notice.incomplete).collect();
        assert_eq!(lines, vec![true; usize::from(is_cut)]);
        assert_eq!(fixed.outcome.is_incomplete(), is_cut);
    }
}

/// What is large is judged less often, and deep blocks count more.
#[test]
fn what_is_judged_over_and_over_counts() {
    let rounds = |http: &str| {
        let files = memory(&[("nginx.conf", main_file(http))]);
        let scope = Scope { given: vec!["/t".into()], working_folder: "/t".into(), ..Scope::default() };
        most_checks(&load(&files, &["/t/nginx.conf".into()], &scope))
    };
    let locations = |count: usize| (0..count).map(|n| format!("location /{n} {{ }}")).collect::<String>();
    let server = |inside: &str| format!("server {{ {inside} }}");
    assert_eq!(rounds(&server(&locations(10))), budgets::MOST_CHECKS);
    assert_eq!(rounds(&server(&locations(2_000))), budgets::LEAST_CHECKS);
    let deep = |depth: usize| "location /a { ".repeat(depth) + &"}".repeat(depth);
    let (wide, deep) = (rounds(&server(&locations(120))), rounds(&server(&deep(120))));
    assert!(deep < wide && deep > budgets::LEAST_CHECKS, "{deep} {wide}");
}
