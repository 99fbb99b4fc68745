//! What stands around the excerpts: footers, notices, the summary.

use insta::assert_snapshot;
use lint_finding::{Applicability, Fix, Notice, NoticeCode, Severity};
use lint_report::Style;
use nginx_syntax::Span;

use crate::build::{PLAIN, concise, drawn, file, finding, human, label, place, two_labels};

#[test]
fn other_files_help_and_long_texts_stand_in_the_footer() {
    let mut outcome = two_labels();
    outcome.files.push(file("conf.d/proxy.conf", "#\n#\nproxy_set_header Connection x;\n"));
    let finding = &mut outcome.findings[0];
    finding.primary.message =
        "`Upgrade` is forwarded here, but that alone does not make a handshake: the other \
        header is missing from the request"
            .into();
    let inherited = "sets `Connection`, but it is not inherited because this location has its own \
        `proxy_set_header`";
    finding.labels.push(label(1, Span::new(4, 34), inherited));
    finding.help = Some(
        "add `proxy_set_header Connection $connection_upgrade;` next to it, and the map that gives the variable \
        its value to the http block\nsecond line"
            .into(),
    );
    finding.fix = Some(Box::new(Fix {
        title: "add `proxy_set_header Connection`".into(),
        applicability: Applicability::Safe,
        edits: Vec::new(),
    }));
    assert_snapshot!(drawn(&outcome, &Style { width: 80, ..PLAIN }), @"
    error[missing-connection-header]: `Connection` is not forwarded, so nginx
      sends `Connection: close`
       ╭─[app.conf:6:9]
     4 │     location /ws/ {
       ·     ──────┬──────
       ·           ╰── this location proxies WebSocket traffic
     5 │         proxy_pass http://app;
     6 │         proxy_set_header Upgrade $http_upgrade;
       ·         ───────────────────┬───────────────────
       ·                            ╰─┤ `Upgrade` is forwarded here, but that
       ·                              │ alone does not make a handshake: the
       ·                              │ other header is missing from the
       ·                              │ request
     7 │     }
       ╰────
      help: add `proxy_set_header Connection $connection_upgrade;` next to it, and
            the map that gives the variable its value to the http block
            second line
      note: conf.d/proxy.conf:3: sets `Connection`, but it is not inherited because
            this location has its own `proxy_set_header`
    ");
}

#[test]
fn a_file_not_to_be_shown_is_only_named() {
    let mut outcome = two_labels();
    outcome.files[0].may_be_shown = false;
    assert_snapshot!(drawn(&outcome, &PLAIN), @"
    error[missing-connection-header]: `Connection` is not forwarded, so nginx sends
      `Connection: close`
      at app.conf:6:9 (not shown)
      note: app.conf:4: this location proxies WebSocket traffic
    ");
}

#[test]
fn severities_notices_and_summary() {
    let mut outcome = two_labels();
    for severity in [Severity::Warning, Severity::Info] {
        let mut finding = finding(label(0, Span::new(0, 6), "this server"), Vec::new());
        finding.severity = severity;
        outcome.findings.push(finding);
    }
    let notice = |code, incomplete| Notice {
        code,
        message: "what there is to know".into(),
        place: None,
        path: None,
        incomplete,
    };
    let with_place =
        Notice { place: Some(place(0, Span::at(20))), ..notice(NoticeCode::IncludeNotGiven, false) };
    let with_path = Notice { path: Some("x.conf".into()), ..notice(NoticeCode::UnreadableFile, true) };
    outcome.notices = vec![with_place, with_path, notice(NoticeCode::CommandLine, false)];
    outcome.summary.warnings = 1;
    outcome.summary.infos = 1;
    outcome.summary.fixable = 2;
    assert_snapshot!(human(&outcome, &PLAIN));
    assert_snapshot!(concise(&outcome), @"
    app.conf:6:9: error[missing-connection-header] `Connection` is not forwarded, so nginx sends `Connection: close`
    app.conf:1:1: warning[missing-connection-header] `Connection` is not forwarded, so nginx sends `Connection: close`
    app.conf:1:1: info[missing-connection-header] `Connection` is not forwarded, so nginx sends `Connection: close`
    x.conf: warning[unreadable-file] what there is to know
    ");
}

#[test]
fn a_clean_run() {
    let mut outcome = two_labels();
    outcome.findings.clear();
    outcome.summary.errors = 0;
    assert_snapshot!(human(&outcome, &PLAIN), @"
    1 file judged, 1 WebSocket endpoint
    no findings
    ");
    assert_snapshot!(concise(&outcome), @"");
}
