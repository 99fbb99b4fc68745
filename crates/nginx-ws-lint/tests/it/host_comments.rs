//! Comments of files that hold nginx's text, outside of that text: they count for it, or it is said that they do not.

use std::fs;

use serde_json::Value;

use crate::run::Tree;

const SITE: &str = "server {
    listen 80;
    server_name chat.test;
    location /ws {
        proxy_pass http://127.0.0.1:3000;
        proxy_http_version 1.1;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection upgrade;
    }
    location /other/ws {
        proxy_pass http://127.0.0.1:3000;
        proxy_http_version 1.1;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection upgrade;
    }
}
";

const FILE_WIDE: &str = "nginx-ws-lint: ignore-file[short-read-timeout] clients ping";

fn indented(text: &str, by: usize) -> String {
    let pad = " ".repeat(by);
    text.lines().map(|line| format!("{pad}{line}\n")).collect()
}

fn config_map(comment: &str) -> String {
    format!(
        "{comment}\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: chat\ndata:\n  chat.conf: |\n{}",
        indented(SITE, 4)
    )
}

/// How many findings of the rule are left and suppressed, the notices about comments, and the unused ones.
fn told(name: &str, text: &str) -> (usize, usize, Vec<String>, usize) {
    let tree = Tree::new(&[(name, text)]);
    let value: Value = serde_json::from_str(&tree.run(&[".", "--format", "json"]).stdout).unwrap();
    let all = |list: &str| value.get(list).and_then(Value::as_array).unwrap();
    let of = |list: &str, rule: &str| all(list).iter().filter(|one| one["rule"] == rule).count();
    let notices = all("notices").iter();
    let notices = notices.filter(|notice| notice["code"] == "suppression");
    let notices = notices.map(|notice| {
        assert_eq!(notice["file"], name);
        format!("{}: {}", notice["line"], notice["message"].as_str().unwrap())
    });
    for one in all("suppressed") {
        assert_eq!(one["reason"], "clients ping", "{one}");
    }
    (
        of("findings", "short-read-timeout"),
        of("suppressed", "short-read-timeout"),
        notices.collect(),
        of("findings", "unused-suppression"),
    )
}

#[test]
fn a_file_wide_comment_is_for_all_texts_of_the_file() {
    let yaml = config_map(&format!("# {FILE_WIDE}"));
    assert_eq!(told("cm.yaml", &yaml), (0, 2, vec![], 0));
    // Below the text, and behind a key.
    let below = format!("{}\n  # {FILE_WIDE}\n", config_map("#"));
    assert_eq!(told("cm.yaml", &below), (0, 2, vec![], 0));
    let behind = config_map("#").replace("\ndata:", &format!("\ndata: # {FILE_WIDE}"));
    assert_eq!(told("cm.yaml", &behind), (0, 2, vec![], 0));
    let script = |comment: &str| {
        format!("#!/bin/sh\n{comment}\ncat > /etc/nginx/conf.d/chat.conf <<'EOF'\n{SITE}EOF\n")
    };
    assert_eq!(told("install.sh", &script("")), (2, 0, vec![], 0));
    assert_eq!(told("install.sh", &script(&format!("# {FILE_WIDE}"))), (0, 2, vec![], 0));
    // A comment of a template, which nginx never sees.
    for (name, comment) in
        [("chat.conf.j2", format!("{{# {FILE_WIDE} #}}")), ("chat.conf.erb", format!("<%# {FILE_WIDE} -%>"))]
    {
        let text = format!("{comment}\n{}", SITE.replace("chat.test", "{{ host }}"));
        let text = if name.ends_with(".erb") { text.replace("{{ host }}", "<%= @host %>") } else { text };
        assert_eq!(told(name, &text), (0, 2, vec![], 0), "{text}");
    }
}

#[test]
fn a_comment_above_a_line_is_for_that_line_and_its_block() {
    let line = "nginx-ws-lint: ignore[short-read-timeout] clients ping";
    let text = format!("{{# {line} #}}\n{}", SITE.replace("chat.test", "{{ host }}"));
    assert_eq!(told("chat.conf.j2", &text), (0, 2, vec![], 0));
    let inner = SITE.replace("    location /ws", &format!("    {{# {line} #}}\n    location /ws"));
    let inner = inner.replace("chat.test", "{{ host }}");
    assert_eq!(told("chat.conf.j2", &inner), (1, 1, vec![], 0));
}

const INGRESS: &str = "apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: chat
  annotations:
    nginx.ingress.kubernetes.io/proxy-read-timeout: \"30\"
spec:
  ingressClassName: nginx
  rules:
    - host: chat.test
      http:
        paths:
          - path: /ws
            pathType: Prefix
            backend:
              service:
                name: chat
                port:
                  number: 80
";

#[test]
fn comments_of_an_ingress_count() {
    assert_eq!(told("chat.yaml", INGRESS), (1, 0, vec![], 0));
    let text = format!("# {FILE_WIDE}\n{INGRESS}");
    assert_eq!(told("chat.yaml", &text), (0, 1, vec![], 0));
    let line = "    # nginx-ws-lint: ignore[short-read-timeout] clients ping\n    nginx.ingress";
    assert_eq!(told("chat.yaml", &INGRESS.replacen("    nginx.ingress", line, 1)), (0, 1, vec![], 0));
    // Above another line.
    let line = "  # nginx-ws-lint: ignore[short-read-timeout] clients ping\n  name: chat\n";
    assert_eq!(told("chat.yaml", &INGRESS.replacen("  name: chat\n", line, 1)), (1, 0, vec![], 1));
}

#[test]
fn what_does_nothing_is_said() {
    let of = |comment: &str| told("cm.yaml", &config_map(&format!("# {comment}")));
    let unused = of("nginx-ws-lint: ignore-file[http10-upstream] clients ping");
    assert_eq!(unused, (2, 0, vec![], 1));
    let (.., said, _) = of("nginx-ws-lint: ignore-file[short-read-timeout]");
    assert_eq!(said, ["1: this comment suppresses nothing: write a reason after the `]`"]);
    let (.., said, _) = of("nginx-ws-lint: ignore-file[short-read-timeout] until=2020-01-01 old");
    assert_eq!(said, ["1: this comment suppresses nothing any more: it expired on 2020-01-01"]);
    let (.., said, _) = of("nginx-ws-lint: disable");
    assert!(said[0].contains("did you mean `ignore["), "{said:?}");
    let (.., said, _) = of("nginx-ws-lint: not-websocket");
    assert_eq!(
        said,
        [
            "1: this comment does nothing: `not-websocket` counts in nginx's own text only, and this is outside of it"
        ]
    );
}

/// No edit of the text removes what stands outside of it.
#[test]
fn an_unused_comment_outside_is_not_removed_but_told() {
    let text = config_map("# nginx-ws-lint: ignore-file[http10-upstream] clients ping");
    let tree = Tree::new(&[("cm.yaml", text.as_str())]);
    let run = tree.run(&["--select", "unused-suppression,http10-upstream", "--fix", "--unsafe-fixes", "."]);
    assert!(run.stdout.contains("finds nothing here (cm.yaml:1)"), "{}", run.stdout);
    assert_eq!(fs::read_to_string(tree.path("cm.yaml")).unwrap(), text);
}

/// What nginx refuses is hidden at its own line alone.
#[test]
fn a_refusal_is_hidden_by_no_file_wide_comment() {
    let text = |comment: &str, line: &str| {
        let site = SITE.replace("http://127.0.0.1:3000", "ws://127.0.0.1:3000").replacen(
            "    location",
            &format!("{line}    location"),
            1,
        );
        format!("{comment}\n{}", site.replace("chat.test", "{{ host }}"))
    };
    let count = |text: String| {
        let tree = Tree::new(&[("chat.conf.j2", text.as_str())]);
        let value: Value = serde_json::from_str(&tree.run(&[".", "--format", "json"]).stdout).unwrap();
        let findings = value["findings"].as_array().unwrap().iter();
        findings.filter(|one| one["rule"] == "websocket-scheme-in-proxy-pass").count()
    };
    let plain = count(text("", ""));
    assert!(plain > 0);
    let wide = "{# nginx-ws-lint: ignore-file[websocket-scheme-in-proxy-pass] clients ping #}";
    assert_eq!(count(text(wide, "")), plain);
    // Above a block is not at the line either.
    let near = "    {# nginx-ws-lint: ignore[websocket-scheme-in-proxy-pass] clients ping #}\n";
    assert_eq!(count(text("", near)), plain);
}
