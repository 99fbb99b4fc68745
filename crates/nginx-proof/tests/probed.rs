//! What `probe` sees of a real nginx is what it predicts, and where another configuration runs it says so.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

mod probing;

use std::collections::BTreeSet;
use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use lint_finding::{DifferenceKind, HoldEnd, ProbeFault, ProbeVerdict, ReasonKind, Responder};
use nginx_proof::{
    Binary, EXAMPLES, Heading, Listen, PageBlock, Running, Setup, certificate_params, executed, found,
    page_blocks, root, say,
};
use rcgen::{CertificateParams, CertifiedIssuer, KeyPair, date_time_ymd};
use ws_probe::{Plan, roots_of_pem};

use crate::probing::{HOST, UPGRADE, causes, compared, files, plan, seen, start};

/// Most of a run is waiting.
const THREADS: usize = 8;

/// Times of pages are divided by this.
const SCALE: u32 = 30;

/// What became of one block of a page.
enum Block {
    /// nginx refuses it, or listens nowhere.
    NotRun,
    /// What was seen is predicted. If the handshake fails: which rule's page it is, and whether that rule is named.
    Agrees(Option<(&'static str, bool)>),
    /// Nothing was predicted.
    NotSaid(String),
    Differs(String),
}

fn block(binary: &Binary, block: &PageBlock) -> Block {
    let setup = Setup {
        files: block.files.clone(),
        scale: SCALE,
        manner: block.manner,
        is_tested: false,
        ..Setup::default()
    };
    let running = Running::start(binary, &setup).unwrap();
    let Some(listen) = running.listens().first().filter(|_| running.is_up()) else { return Block::NotRun };
    let report = compared(binary, &plan(listen, HOST, &block.path), &block.files);
    let comparison = report.comparison.as_ref().unwrap();
    let shown = || {
        let PageBlock { rule, heading, number, .. } = block;
        let (seen, differences) = (&report.seen, &comparison.differences);
        format!(
            "{rule}, {} {number}, nginx {}: {differences:?}\n  failure {:?}, answer {:?}\n  predicted {:?}",
            heading.name(),
            binary.version,
            seen.failure,
            seen.answer,
            comparison.predicted
        )
    };
    match comparison.agrees {
        _ if !comparison.differences.is_empty() => Block::Differs(shown()),
        Some(true) => {
            let named = comparison.causes.iter().any(|cause| cause.rule == block.rule);
            let is_failure = report.verdict == ProbeVerdict::Fails && block.heading == Heading::Example;
            Block::Agrees(is_failure.then_some((block.rule, named)))
        }
        Some(false) => Block::Differs(shown()),
        None => Block::NotSaid(shown()),
    }
}

#[test]
fn of_every_page_the_predicted_is_seen() {
    let found = found().unwrap();
    if found.is_empty() {
        return;
    }
    let blocks: Vec<PageBlock> =
        page_blocks().into_iter().filter(|block| block.heading != Heading::Fixed).collect();
    let cases: Vec<(&Binary, &PageBlock)> =
        found.iter().flat_map(|binary| blocks.iter().map(move |block| (binary, block))).collect();
    let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while let Some((binary, case)) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let result = block(binary, case);
                    done.lock().unwrap_or_else(PoisonError::into_inner).push(result);
                }
            });
        }
    });
    let done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    let count = |is_it: fn(&Block) -> bool| done.iter().filter(|block| is_it(block)).count();
    let agrees = count(|block| matches!(block, Block::Agrees(_)));
    let not_run = count(|block| matches!(block, Block::NotRun));
    let text = |block: &Block| match block {
        Block::Differs(text) => Some(text.clone()),
        _ => None,
    };
    let differ: Vec<String> = done.iter().filter_map(text).collect();
    let said = |block: &Block| if let Block::NotSaid(text) = block { Some(text.clone()) } else { None };
    let not_said: Vec<String> = done.iter().filter_map(said).collect();
    say(&format!(
        "of {} blocks on {} nginx {agrees} agree, {} differ, of {} nothing is predicted, {not_run} are not run",
        blocks.len(),
        found.len(),
        differ.len(),
        not_said.len()
    ));
    let failures =
        done.iter().filter_map(|block| if let Block::Agrees(found) = block { *found } else { None });
    let (named, unnamed): (Vec<_>, Vec<_>) = failures.partition(|(_, is_named)| *is_named);
    let unnamed: BTreeSet<&str> = unnamed.into_iter().map(|(rule, _)| rule).collect();
    say(&format!(
        "of {} examples that fail the rule is named, of pages such as {unnamed:?} it is not",
        named.len()
    ));
    assert!(named.len() > 10 * unnamed.len(), "{unnamed:?}");
    assert!(differ.is_empty(), "{} differ\n{}", differ.len(), differ.join("\n"));
    assert!(not_said.len() * 20 < agrees, "too little is predicted\n{}", not_said.join("\n"));
    assert!(agrees > not_run, "{agrees} agree, {not_run} are not run");
}

/// A symptom of docs/causes.md: lines of a server, a path, the status if one comes, and the rule that is named.
type Symptom = (&'static str, &'static str, &'static str, Option<u16>, &'static str);

#[test]
fn symptoms_are_tied_to_their_lines() {
    let symptoms: [Symptom; 12] = [
        (
            "upgrade-header-missing",
            "location /ws { proxy_pass http://app; proxy_http_version 1.1; }",
            "/ws",
            Some(426),
            "missing-upgrade-header",
        ),
        (
            "connection-header-missing",
            "location /ws { proxy_pass http://app; proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; }",
            "/ws",
            Some(400),
            "missing-connection-header",
        ),
        (
            "connection-header-wrong",
            "location /ws { proxy_pass http://app; proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection close; }",
            "/ws",
            Some(400),
            "wrong-connection-header",
        ),
        (
            "http-version-wrong",
            "location /ws { proxy_pass http://app; proxy_http_version 1.0; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; }",
            "/ws",
            Some(426),
            "http10-upstream",
        ),
        (
            "headers-lost-by-inheritance",
            "proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; location /ws { proxy_pass http://app; proxy_set_header Host $host; }",
            "/ws",
            Some(426),
            "upgrade-headers-not-inherited",
        ),
        (
            "redirect-on-handshake",
            "location /ws { return 301 https://$host$request_uri; }",
            "/ws",
            Some(301),
            "",
        ),
        (
            "auth-on-handshake",
            "location /ws { UPGRADE proxy_pass http://app; deny all; }",
            "/ws",
            Some(403),
            "",
        ),
        (
            "location-not-matched",
            "location /ws/ { UPGRADE proxy_pass http://app; } location / { return 404; }",
            "/wsx",
            Some(404),
            "",
        ),
        (
            "read-timeout-short",
            "location /ws { UPGRADE proxy_pass http://app; proxy_read_timeout 0; }",
            "/ws",
            Some(504),
            "short-read-timeout",
        ),
        (
            "handshake-header-stripped",
            "location /ws { UPGRADE proxy_set_header Sec-WebSocket-Key ''; proxy_pass http://app; }",
            "/ws",
            Some(400),
            "handshake-headers-stripped",
        ),
        (
            "nothing is wrong",
            "location /ws { UPGRADE proxy_pass http://app; proxy_read_timeout 1h; }",
            "/ws",
            Some(101),
            "",
        ),
        ("closed", "location /ws { return 444; }", "/ws", None, ""),
    ];
    let mut faults = Vec::new();
    for binary in found().unwrap() {
        for (name, lines, path, status, rule) in symptoms {
            let files = files(&format!(
                "server {{ listen 80; server_name {HOST};\n{}\n}}",
                lines.replace("UPGRADE", UPGRADE)
            ));
            let report = seen(&binary, &files, path, |_| {});
            let comparison = report.comparison.as_ref().unwrap();
            let seen = report.seen.answer.as_ref().map(|answer| answer.status);
            let works = if status == Some(101) { ProbeVerdict::Works } else { ProbeVerdict::Fails };
            let causes = causes(&report);
            let is_named = if rule.is_empty() {
                status != Some(101) || causes.is_empty()
            } else {
                causes.contains(&rule)
            };
            let agrees = comparison.agrees == Some(true) && comparison.differences.is_empty();
            if seen != status || report.verdict != works || !agrees || !is_named {
                faults
                    .push(format!("{name}, nginx {}: {seen:?}, {causes:?}, {comparison:?}", binary.version));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn an_idle_end_is_tied_to_the_limit_or_to_what_is_in_front() {
    let location = |limit: &str, to: &str| {
        files(&format!(
            "server {{ listen 80; location /ws {{ {UPGRADE} proxy_pass http://{to}; proxy_read_timeout {limit}; }} }}"
        ))
    };
    let hold = |plan: &mut Plan| plan.idle = Some(Duration::from_secs(4));
    for binary in found().unwrap() {
        let report = seen(&binary, &location("2s", "app"), "/ws", hold);
        let held = report.seen.hold.as_ref().unwrap();
        assert_eq!(held.end, HoldEnd::Fin, "{report:?}");
        assert!((1_900..2_600).contains(&held.silent_ms), "{held:?}");
        let comparison = report.comparison.as_ref().unwrap();
        assert!(comparison.differences.is_empty(), "{comparison:?}");
        assert_eq!(causes(&report), ["short-read-timeout"]);

        // The one in front closes first, and the one behind is what is looked at.
        let (inner, outer) = (location("1h", "app"), location("1s", "inner:8081"));
        let behind = start(&binary, &inner, &[]);
        let front = start(&binary, &outer, &[("inner:8081", &behind)]);
        let mut plan = plan(front.listens().first().unwrap(), HOST, "/ws");
        hold(&mut plan);
        let report = compared(&binary, &plan, &inner);
        let comparison = report.comparison.as_ref().unwrap();
        let [difference] = comparison.differences.as_slice() else { panic!("{comparison:?}") };
        assert_eq!(difference.what, DifferenceKind::Idle);
        assert!(
            difference.reasons.iter().any(|reason| reason.text == "something in front closes first"),
            "{difference:?}"
        );
        assert!(causes(&report).is_empty(), "{comparison:?}");

        // Pings of the client keep it open.
        let report = seen(&binary, &location("2s", "app"), "/ws", |plan| {
            plan.idle = Some(Duration::from_secs(3));
            plan.ping = Some(Duration::from_secs(1));
        });
        assert_eq!(report.verdict, ProbeVerdict::Works, "{report:?}");
        assert!(report.comparison.unwrap().differences.is_empty());
    }
}

#[test]
fn another_configuration_is_told() {
    let good = files(&format!(
        "server {{ listen 80; add_header X-Release 7 always; location /ws {{ {UPGRADE} proxy_pass http://app; }} }}"
    ));
    let old = files("server { listen 80; location /ws { return 404; } }");
    for binary in found().unwrap() {
        let running = start(&binary, &old, &[]);
        let report = compared(&binary, &plan(running.listens().first().unwrap(), HOST, "/ws"), &good);
        let comparison = report.comparison.as_ref().unwrap();
        assert_eq!(comparison.agrees, Some(false), "{comparison:?}");
        let kinds: Vec<ReasonKind> =
            comparison.differences.iter().flat_map(|one| &one.reasons).map(|reason| reason.kind).collect();
        assert_eq!(kinds, [ReasonKind::BackEnd, ReasonKind::OtherConfiguration, ReasonKind::Layer]);

        // The same answer, and a field that only the new one adds.
        let before =
            files(&format!("server {{ listen 80; location /ws {{ {UPGRADE} proxy_pass http://app; }} }}"));
        let running = start(&binary, &before, &[]);
        let report = compared(&binary, &plan(running.listens().first().unwrap(), HOST, "/ws"), &good);
        let comparison = report.comparison.as_ref().unwrap();
        let [difference] = comparison.differences.as_slice() else { panic!("{comparison:?}") };
        assert_eq!(
            (difference.what, difference.predicted.as_str()),
            (DifferenceKind::Header, "`X-Release: 7`")
        );
        assert_eq!(
            difference.reasons.first().map(|reason| reason.kind),
            Some(ReasonKind::OtherConfiguration)
        );
        let report = seen(&binary, &good, "/ws", |_| {});
        assert!(report.comparison.unwrap().differences.is_empty());
    }
}

#[test]
fn an_include_that_was_not_given_is_a_reason() {
    let running_one = files("server { listen 80; location /ws { return 404; } }");
    let given = files(&format!(
        "server {{ listen 80; include snippets/ws.conf; location /ws {{ {UPGRADE} proxy_pass http://app; }} }}"
    ));
    for binary in found().unwrap() {
        let running = start(&binary, &running_one, &[]);
        let report = compared(&binary, &plan(running.listens().first().unwrap(), HOST, "/ws"), &given);
        let comparison = report.comparison.as_ref().unwrap();
        // Either nothing is said for certain, or the include is among the reasons.
        let has_include = comparison
            .differences
            .iter()
            .flat_map(|one| &one.reasons)
            .any(|reason| reason.kind == ReasonKind::Include && reason.place.is_some());
        assert!(comparison.agrees.is_none() || has_include, "{comparison:?}");
    }
}

#[test]
fn reconnects_tell_back_ends_apart() {
    let balanced = |how: &str| {
        files(&format!(
            "upstream app {{ {how} server 10.0.0.1:8000; server 10.0.0.2:8000; }}\n\
             server {{ listen 80; location /ws {{ {UPGRADE} proxy_pass http://app; add_header X-Backend $upstream_addr always; }} }}"
        ))
    };
    for binary in found().unwrap() {
        for (how, number) in [("", 2), ("ip_hash;", 1)] {
            let report = seen(&binary, &balanced(how), "/ws", |plan| plan.reconnects = 4);
            let reconnects = report.seen.reconnects.unwrap();
            assert_eq!((reconnects.back_ends, reconnects.each.len()), (Some(number), 4), "{reconnects:?}");
            assert_eq!(reconnects.told_by.as_deref(), Some("the field `x-backend`"));
        }
    }
}

fn issued(name: &str, hosts: &[&str], is_ca: bool) -> CertificateParams {
    certificate_params(name, hosts, is_ca).unwrap()
}

#[test]
fn a_certificate_that_browsers_refuse_is_tied_to_its_line() {
    let key = || KeyPair::generate().unwrap();
    let ca = CertifiedIssuer::self_signed(issued("Test Root", &[], true), key()).unwrap();
    let between = CertifiedIssuer::signed_by(issued("Test Intermediate", &[], true), key(), &ca).unwrap();
    let own = key();
    let server = |host: &str| issued("Test Server", &[host], false).signed_by(&own, &between).unwrap().pem();
    let mut old = issued("Test Server", &[HOST], false);
    old.not_after = date_time_ymd(2020, 1, 1);
    let old = old.signed_by(&own, &between).unwrap().pem();
    let http = format!(
        "server {{ listen 443 ssl; server_name {HOST}; ssl_certificate tls/server.pem; ssl_certificate_key tls/server.key;\n\
         location /ws {{ {UPGRADE} proxy_pass http://app; proxy_read_timeout 1h; }} }}"
    );
    for binary in found().unwrap() {
        for (chain, fault) in [
            (format!("{}{}", server(HOST), between.pem()), None),
            (server(HOST), Some(ProbeFault::UnknownIssuer)),
            (format!("{}{}", server("www.example.com"), between.pem()), Some(ProbeFault::OtherName)),
            (format!("{old}{}", between.pem()), Some(ProbeFault::Expired)),
        ] {
            let mut files = files(&http);
            files.push(("tls/server.pem".to_owned(), chain));
            files.push(("tls/server.key".to_owned(), own.serialize_pem()));
            let report =
                seen(&binary, &files, "/ws", |plan| plan.roots = roots_of_pem(ca.pem().as_bytes()).unwrap());
            assert_eq!(report.seen.failure.as_ref().map(|failure| failure.kind), fault, "{report:?}");
            let expected: &[&str] = if fault.is_some() { &["incomplete-certificate-chain"] } else { &[] };
            assert_eq!(causes(&report), expected, "{report:?}");
            assert_eq!(report.seen.tls.unwrap().alpn.as_deref(), Some("http/1.1"));
        }
    }
}

/// The probe has no certificate of its own, and what nginx makes of that is predicted.
#[test]
fn a_server_that_demands_a_certificate_is_told_with_its_line() {
    let http = |verify: &str, more: &str| {
        files(&format!(
            "server {{ listen 443 ssl; server_name {HOST}; ssl_certificate c.pem; ssl_certificate_key c.key;\n\
             ssl_client_certificate ca.pem; ssl_verify_client {verify};\n\
             location /ws {{ {more} {UPGRADE} proxy_pass http://app; proxy_read_timeout 1h; }} }}"
        ))
    };
    let tested = "if ($ssl_client_verify != SUCCESS) { return 403; }";
    for binary in found().unwrap() {
        for (verify, more, status, by) in [
            ("on", "", 400, Responder::Nginx),
            ("optional", "", 101, Responder::Backend),
            ("optional", tested, 403, Responder::Nginx),
            ("optional_no_ca", tested, 403, Responder::Nginx),
            ("off", "", 101, Responder::Backend),
        ] {
            let files = http(verify, more);
            let report = seen(&binary, &files, "/ws", |_| {});
            let comparison = report.comparison.as_ref().unwrap();
            assert_eq!(report.seen.answer.as_ref().map(|answer| answer.status), Some(status), "{report:?}");
            let [predicted] = comparison.predicted.as_slice() else { panic!("{comparison:?}") };
            assert_eq!(
                (predicted.status, predicted.by, predicted.agrees, predicted.condition.as_deref()),
                (Some(status), by, true, None),
                "{verify}: {comparison:?}"
            );
            assert_eq!(causes(&report), [""; 0], "{verify}: {comparison:?}");
        }
    }
}

#[test]
fn a_plain_handshake_at_a_tls_port_and_tls_at_a_plain_one() {
    let files = files(&format!(
        "server {{ listen 443 ssl; ssl_certificate c.pem; ssl_certificate_key c.key; location /ws {{ {UPGRADE} proxy_pass http://app; }} }}\n\
         server {{ listen 80; location /ws {{ {UPGRADE} proxy_pass http://app; }} }}"
    ));
    for binary in found().unwrap() {
        let running = start(&binary, &files, &[]);
        for listen in running.listens() {
            let mut other = plan(&Listen { is_tls: !listen.is_tls, ..listen.clone() }, HOST, "/ws");
            other.max_time = Duration::from_secs(4);
            let report = compared(&binary, &other, &files);
            let comparison = report.comparison.as_ref().unwrap();
            assert_eq!(report.verdict, ProbeVerdict::Fails);
            assert_eq!(comparison.agrees, Some(true), "{:?} {comparison:?}", report.seen);
        }
    }
}

#[test]
fn the_examples_of_the_page_are_what_is_printed() {
    let found = found().unwrap();
    let Some(binary) = found.first() else { return };
    let page = fs::read_to_string(root().join(EXAMPLES)).unwrap();
    assert!(page.contains("$ nginx-ws-lint probe "), "no example");
    assert_eq!(
        page,
        executed(binary, &page).unwrap(),
        "`cargo run -p nginx-proof --example probe > {EXAMPLES}` writes it anew"
    );
}
