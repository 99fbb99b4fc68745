//! Helm's charts: what is named elsewhere is followed, and the defaults of `values.yaml` are known.

use std::fs;

use serde_json::Value;

use crate::run::Tree;

fn json(tree: &Tree) -> Value {
    let run = tree.run(&["--format", "json", "--fail-on", "never", "."]);
    serde_json::from_str(&run.stdout).unwrap()
}

/// Rule, file, line and label of each finding.
fn said(tree: &Tree) -> Vec<(String, String, u64, String)> {
    let outcome = json(tree);
    let text =
        |finding: &Value, key: &str| finding.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let findings = outcome.get("findings").and_then(Value::as_array).unwrap().iter();
    findings
        .map(|finding| {
            let line = finding.pointer("/range/start/line").and_then(Value::as_u64).unwrap();
            (text(finding, "rule"), text(finding, "file"), line, text(finding, "label"))
        })
        .collect()
}

const CHART: (&str, &str) = ("chart/Chart.yaml", "apiVersion: v2\nname: chat\nversion: 1.0.0\n");

/// An `Ingress` of a chart with these lines as annotations.
fn ingress(annotations: &str) -> String {
    format!(
        "apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: {{{{ include \"chat.fullname\" . }}}}
  annotations:
{annotations}spec:
  ingressClassName: nginx
  rules:
    - host: {{{{ .Values.host }}}}
      http:
        paths:
          - path: /socket.io/
            pathType: Prefix
            backend:
              service:
                name: chat
                port:
                  number: 3000
"
    )
}

const TIME: &str = "    nginx.ingress.kubernetes.io/proxy-read-timeout: {{ .Values.ingress.time | quote }}\n";

#[test]
fn a_default_value_is_known_and_said() {
    let text = ingress(TIME);
    let with = |values: &str| {
        Tree::new(&[CHART, ("chart/values.yaml", values), ("chart/templates/ingress.yaml", text.as_str())])
    };
    for (values, expected) in [
        (
            "ingress:\n  # in seconds\n  time: 30\n",
            Some("`.Values.ingress.time` is `30` in chart/values.yaml:3"),
        ),
        ("ingress:\n  time: \"45\"\n", Some("`.Values.ingress.time` is `45` in chart/values.yaml:2")),
        ("ingress:\n  time: 3600\n", None),
        // Nothing is known of what is empty, of several words, or a number that Go writes in another way.
        ("ingress:\n  time: ''\n", None),
        ("ingress:\n  time: 1 h\n", None),
        ("ingress:\n  time: 36000000\n", None),
        ("ingress: {}\n", None),
    ] {
        let found = said(&with(values));
        match expected {
            None => assert_eq!(found, [], "{values}"),
            Some(label) => {
                let place = ("short-read-timeout".to_owned(), "chart/templates/ingress.yaml".to_owned(), 6);
                let [(rule, file, line, said)] = found.as_slice() else { panic!("{values}: {found:?}") };
                assert_eq!((rule.clone(), file.clone(), *line), place, "{values}");
                assert!(said.contains(label), "{values}: {said}");
            }
        }
    }
    // Without its chart the file tells nothing of the value.
    let alone = Tree::new(&[
        ("chart/values.yaml", "ingress: {time: 30}\n"),
        ("chart/templates/ingress.yaml", text.as_str()),
    ]);
    assert_eq!(said(&alone), []);
    // What is secret is not shown.
    let secret = ingress(&TIME.replace("ingress.time", "tokenTime"));
    let tree = Tree::new(&[
        CHART,
        ("chart/values.yaml", "tokenTime: 30\n"),
        ("chart/templates/ingress.yaml", secret.as_str()),
    ]);
    assert_eq!(said(&tree), []);
}

#[test]
fn a_default_of_the_template_holds_where_there_is_no_value() {
    let text = ingress(&TIME.replace("| quote", "| default 30 | quote"));
    for (values, is_said) in
        [("a: 1\n", true), ("ingress: {time: 0}\n", true), ("ingress: {time: 3600}\n", false)]
    {
        let tree = Tree::new(&[
            CHART,
            ("chart/values.yaml", values),
            ("chart/templates/ingress.yaml", text.as_str()),
        ]);
        let found = said(&tree);
        assert_eq!(found.len(), usize::from(is_said), "{values}: {found:?}");
        if is_said {
            assert!(
                found[0].3.contains("`.Values.ingress.time` is not set in chart/values.yaml"),
                "{found:?}"
            );
        }
    }
}

/// The chart around sets what one below its `charts` gets.
#[test]
fn a_chart_overrides_the_values_of_those_in_it() {
    let text = ingress(TIME);
    let tree = |own: &str, above: &str| {
        Tree::new(&[
            CHART,
            ("chart/values.yaml", above),
            ("chart/charts/sub/Chart.yaml", "name: sub\n"),
            ("chart/charts/sub/values.yaml", own),
            ("chart/charts/sub/templates/ingress.yaml", text.as_str()),
        ])
    };
    assert_eq!(said(&tree("ingress: {time: 30}\n", "sub: {ingress: {time: 3600}}\n")), []);
    let found = said(&tree("ingress: {time: 3600}\n", "sub:\n  ingress:\n    time: 30\n"));
    assert!(found.len() == 1 && found[0].3.contains("`30` in chart/values.yaml:3"), "{found:?}");
    assert_eq!(said(&tree("ingress: {time: 30}\n", "ingress: {time: 3600}\n")).len(), 1);
}

#[test]
fn named_templates_are_followed() {
    let helpers = "{{/* all */}}\n{{- define \"chat.annotations\" -}}\nnginx.ingress.kubernetes.io/proxy-read-timeout: \"3600s\"\n{{- end }}\n{{ define \"chat.long\" }}\nnginx.ingress.kubernetes.io/proxy-read-timeout: \"3600\"\n{{ end }}\n";
    for (call, is_short) in [
        ("    {{- include \"chat.annotations\" . | nindent 4 }}\n", true),
        ("{{ include \"chat.annotations\" . | indent 4 }}\n", true),
        ("    {{- include \"chat.long\" $ | trim | nindent 4 }}\n", false),
    ] {
        let text = ingress(call);
        let tree = Tree::new(&[
            CHART,
            ("chart/templates/_helpers.tpl", helpers),
            ("chart/templates/ingress.yaml", text.as_str()),
        ]);
        let found = said(&tree);
        assert_eq!(found.len(), usize::from(is_short), "{call}: {found:?}");
        if is_short {
            let label = &found[0].3;
            assert!(label.contains("ingress-nginx ignores `3600s`"), "{label}");
            assert!(label.contains("`chat.annotations` is in chart/templates/_helpers.tpl:2"), "{label}");
        }
        // Nobody edits a call.
        tree.run(&["--fix", "--unsafe-fixes", "--fail-on", "never", "."]);
        assert_eq!(fs::read_to_string(tree.path("chart/templates/ingress.yaml")).unwrap(), text);
    }
    // One that is not there, or gets another value, is unknown as before.
    for call in [
        "{{- include \"other\" . | nindent 4 }}",
        "{{- include \"chat.annotations\" (dict \"a\" .) | sha | nindent 4 }}",
    ] {
        let text = ingress(&format!("    {call}\n"));
        let tree = Tree::new(&[
            CHART,
            ("chart/templates/_helpers.tpl", helpers),
            ("chart/templates/ingress.yaml", text.as_str()),
        ]);
        assert_eq!(said(&tree), [], "{call}");
    }
}

/// Lines of nginx that are named in a chart, or beside a template of Go.
#[test]
fn named_lines_of_nginx_are_followed() {
    let headers = "{{ define \"ws\" }}\nproxy_http_version 1.1;\nproxy_set_header Upgrade $http_upgrade;\nproxy_set_header Connection upgrade;\nproxy_read_timeout {{ .Time }};\n{{ end }}\n";
    let site = |call: &str| {
        format!(
            "server {{\n    listen 80;\n    location /socket.io/ {{\n        proxy_pass http://127.0.0.1:3000;\n        proxy_read_timeout 1h;\n{call}\n    }}\n}}\n"
        )
    };
    let text = site("        {{ template \"ws\" . }}").replace("        proxy_read_timeout 1h;\n", "");
    let tree = Tree::new(&[("nginx/ws.tmpl", headers), ("nginx/site.conf.tmpl", text.as_str())]);
    assert_eq!(said(&tree), []);
    let handshake = json(&tree)["endpoints"][0]["handshake"]["upgrade"].to_string();
    assert!(handshake.contains("$http_upgrade"), "{handshake}");
    let helpers = "{{ define \"chat.ws\" }}\nproxy_http_version 1.1;\nproxy_set_header Upgrade $http_upgrade;\n{{ end }}\n";
    let site: String = site("        {{- include \"chat.ws\" . | nindent 4 }}")
        .lines()
        .map(|line| format!("    {line}\n"))
        .collect();
    let map =
        format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: chat\ndata:\n  chat.conf: |\n{site}");
    let tree =
        Tree::new(&[CHART, ("chart/templates/_ws.tpl", helpers), ("chart/templates/cm.yaml", map.as_str())]);
    let found = said(&tree);
    assert!(found.len() == 1 && found[0].0 == "missing-connection-header", "{found:?}");
}

/// Each branch is an alternative.
#[test]
fn annotations_of_each_branch_are_judged() {
    let time = |time: &str| format!("    nginx.ingress.kubernetes.io/proxy-read-timeout: \"{time}\"\n");
    for (first, second, line) in [("3600", "30", Some(9)), ("30", "3600", Some(7)), ("3600", "7200", None)] {
        let text = ingress(&format!(
            "    {{{{- if .Values.ws }}}}\n{}    {{{{- else }}}}\n{}    {{{{- end }}}}\n",
            time(first),
            time(second)
        ));
        let tree = Tree::new(&[("templates/ingress.yaml", text.as_str())]);
        let found = said(&tree);
        assert_eq!(found.iter().map(|(_, _, line, _)| *line).collect::<Vec<_>>(), Vec::from_iter(line));
        tree.run(&["--fix", "--unsafe-fixes", "--fail-on", "never", "."]);
        let fixed = fs::read_to_string(tree.path("templates/ingress.yaml")).unwrap();
        assert_eq!(fixed, text.replace("\"30\"", "\"3600\""));
    }
    // What is not set in one branch is said with the branch.
    let text = ingress(&format!(
        "    {{{{- if .Values.ws }}}}\n{}    {{{{- else }}}}\n    a: b\n    {{{{- end }}}}\n",
        time("3600")
    ));
    let found = said(&Tree::new(&[("templates/ingress.yaml", text.as_str())]));
    assert!(
        found.len() == 1 && found[0].3 == "where `.Values.ws` does not hold in the template",
        "{found:?}"
    );
}

#[test]
fn a_branch_that_is_filled_in_is_unknown() {
    let text = ingress(
        "    {{- if .Values.ws }}\n    nginx.ingress.kubernetes.io/proxy-read-timeout: \"3600\"\n    {{- else }}\n    {{- toYaml .Values.annotations | nindent 4 }}\n    {{- end }}\n",
    );
    assert_eq!(said(&Tree::new(&[("templates/ingress.yaml", text.as_str())])), []);
}

/// A mark at the start of a block is longer than its indent, which YAML refuses of blanks.
#[test]
fn a_text_that_starts_with_a_branch_is_judged() {
    let site = "    {{ if .Values.relay.enabled }}\n    upstream relay { server relay:1; }\n    {{ end -}}\n\n    server {\n      listen {{ template \"port\" }};\n      location /socket.io/ {\n        proxy_pass http://127.0.0.1:3000;\n        proxy_read_timeout 1h;\n        proxy_http_version 1.1;\n        proxy_set_header Upgrade $http_upgrade;\n      }\n    }\n";
    let map = format!(
        "{{{{- if .Values.on }}}}\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{{{ .Release.Name }}}}-web\ndata:\n  chat.conf: |\n{site}{{{{- end }}}}\n"
    );
    for text in [map.clone(), map.replace('\n', "\r\n")] {
        let tree = Tree::new(&[("templates/cm.yaml", text.as_str())]);
        let found = said(&tree);
        assert!(found.len() == 1 && found[0].0 == "missing-connection-header", "{found:?}");
        tree.run(&["--fix", "--fail-on", "never", "."]);
        let fixed = fs::read_to_string(tree.path("templates/cm.yaml")).unwrap();
        assert!(fixed.contains("        proxy_set_header Connection $connection_upgrade;"), "{fixed}");
        assert_eq!(said(&tree), [], "{fixed}");
    }
}

/// A name that a template makes is not shown as what stands for it.
#[test]
fn names_that_are_filled_in_are_not_shown() {
    let text = ingress("    nginx.ingress.kubernetes.io/proxy-read-timeout: 30s\n");
    let finding = &json(&Tree::new(&[("templates/ingress.yaml", text.as_str())]))["findings"][0];
    assert_eq!(finding["view"]["name"], "templates/ingress.yaml#ingress");
}
