//! The shape of output version 1.

use insta::assert_snapshot;
use lint_finding::{Applicability, Edit, EndpointName, Fix, LabelRole, Notice, NoticeCode, Outcome};
use nginx_syntax::Span;

use crate::build::{file, json, label, marked, place};

#[test]
fn empty_lists_are_printed() {
    assert_snapshot!(json(&Outcome::default()), @r#"
    {
      "schema": "urn:nginx-ws-lint:output:v1",
      "version": 1,
      "tool": {
        "name": "nginx-ws-lint",
        "version": "0.1.0",
        "commit": null
      },
      "findings": [],
      "suppressed": [],
      "baseline": null,
      "endpoints": [],
      "settings": [],
      "summary": {
        "files": 0,
        "not_judged": 0,
        "not_nginx": 0,
        "passed_over": 0,
        "excluded": 0,
        "endpoints": 0,
        "proxied_locations": 0,
        "errors": 0,
        "warnings": 0,
        "info": 0,
        "suppressed": 0,
        "suppressed_refusals": 0,
        "known": 0,
        "not_changed": 0,
        "hidden_by_settings": 0,
        "lowered_by_settings": 0,
        "denied_by_comments": 0,
        "endpoints_denied_by_comments": 0,
        "unknown_lines": 0,
        "fixable": 0,
        "fixable_safely": 0
      },
      "notices": [],
      "files": [],
      "passed_over": [],
      "excluded": [],
      "fixes": null
    }
    "#);
}

#[test]
fn everything_that_a_finding_may_have() {
    let text = "‹location› /é/ {\n    ‹!proxy_set_header Upgrade $http_upgrade;›\n}\n";
    let mut outcome = marked(text, &["this location"]);
    outcome.files.push(file("proxy.conf", "#\nproxy_set_header Connection x;\n"));
    let finding = &mut outcome.findings[0];
    finding.labels[0].role = LabelRole::Context;
    finding.labels.push(label(1, Span::new(2, 32), "is not inherited"));
    finding.primary.message = "is forwarded here".into();
    finding.help = Some("add the other one".into());
    let after = finding.primary.place.span.end;
    finding.fix = Some(Box::new(Fix {
        title: "add `Connection`".into(),
        applicability: Applicability::Unsafe,
        edits: vec![Edit { place: place(0, Span::at(after)), replacement: b"\n    caf\xe9;".to_vec() }],
    }));
    finding.endpoint = Some(Box::new(EndpointName {
        server: "app.example".into(),
        location: "/é/".into(),
        is_path: false,
        place: None,
    }));
    outcome.notices.push(Notice {
        code: NoticeCode::UnreadableFile,
        message: "permission denied".into(),
        place: None,
        path: Some("secret.conf".into()),
        incomplete: true,
    });
    assert_snapshot!(json(&outcome));
}
