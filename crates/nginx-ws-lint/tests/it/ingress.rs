//! `Ingress` objects: judged as what their controller writes, blamed and fixed in their annotations.

use std::fs;

use serde_json::Value;

use crate::run::Tree;

/// A file of the fixture tree.
fn fixture(name: &str) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/ingress");
    fs::read_to_string(format!("{folder}/{name}")).unwrap()
}

fn json(tree: &Tree, arguments: &[&str]) -> Value {
    let mut all = vec!["--format", "json", "--fail-on", "never"];
    all.extend(arguments);
    serde_json::from_str(&tree.run(&all).stdout).unwrap()
}

/// Rule, line and severity of each finding.
fn said(tree: &Tree) -> Vec<(String, u64, String)> {
    let outcome = json(tree, &["."]);
    let findings = outcome.get("findings").and_then(Value::as_array).unwrap().iter();
    let text = |finding: &Value, key: &str| finding.get(key).and_then(Value::as_str).unwrap().to_owned();
    let line = |finding: &Value| finding.pointer("/range/start/line").and_then(Value::as_u64).unwrap();
    findings.map(|finding| (text(finding, "rule"), line(finding), text(finding, "severity"))).collect()
}

fn only(rule: &str, line: u64, severity: &str) -> Vec<(String, u64, String)> {
    vec![(rule.to_owned(), line, severity.to_owned())]
}

/// The edits of `--fix` in a file.
fn fixed(name: &str, text: &str, arguments: &[&str]) -> String {
    let tree = Tree::new(&[(name, text)]);
    let mut all = vec!["--fix", "--fail-on", "never"];
    all.extend(arguments);
    all.push(".");
    tree.run(&all);
    fs::read_to_string(tree.path(name)).unwrap()
}

#[test]
fn a_time_with_a_unit_is_ignored_and_written_without() {
    let text = fixture("chat.yaml");
    let tree = Tree::new(&[("chat.yaml", text.as_str())]);
    assert_eq!(said(&tree), only("short-read-timeout", 8, "warning"));
    let finding = &json(&tree, &["."])["findings"][0];
    assert_eq!(
        finding["label"],
        "ingress-nginx ignores `3600s`: it wants a number of seconds without a unit"
    );
    assert_eq!(finding["view"]["name"], "chat.yaml#ingress");
    let after = fixed("chat.yaml", &text, &["--unsafe-fixes"]);
    assert_eq!(after, text.replace("\"3600s\"", "\"3600\""));
    let tree = Tree::new(&[("chat.yaml", after.as_str())]);
    assert!(said(&tree).is_empty(), "{:?}", said(&tree));
}

#[test]
fn a_service_that_is_not_named_gets_no_upgrade() {
    let text = fixture("cafe.yaml");
    let tree = Tree::new(&[("cafe.yaml", text.as_str())]);
    assert_eq!(said(&tree), only("missing-upgrade-header", 22, "warning"));
    let help = json(&tree, &["."])["findings"][0]["help"].as_str().unwrap().to_owned();
    assert!(
        help.starts_with("set the annotation `nginx.org/websocket-services: \"tea-ws,coffee-ws\"`"),
        "{help}"
    );
    let after = fixed("cafe.yaml", &text, &[]);
    assert_eq!(after, text.replace("\"tea-ws\"", "\"tea-ws,coffee-ws\""));
    assert!(said(&Tree::new(&[("cafe.yaml", after.as_str())])).is_empty());
    // The named one is declared, whatever its path is called.
    let plain = text
        .replace("/tea/ws", "/tea")
        .replace("tea-ws", "tea")
        .replace("    nginx.org/proxy-read-timeout: \"1h\"\n", "");
    let found = said(&Tree::new(&[("cafe.yaml", plain.as_str())]));
    assert!(found.contains(&("short-read-timeout".to_owned(), 14, "warning".to_owned())), "{found:?}");
}

/// NGINX Inc's controller finds no service whose name starts with a blank.
#[test]
fn a_blank_in_a_list_of_services_is_part_of_a_name() {
    let text = fixture("cafe.yaml").replace("\"tea-ws\"", "\"tea-ws, coffee-ws\"");
    let tree = Tree::new(&[("cafe.yaml", text.as_str())]);
    assert_eq!(said(&tree), only("missing-upgrade-header", 7, "error"));
    let finding = &json(&tree, &["."])["findings"][0];
    let label = finding["label"].as_str().unwrap();
    assert!(label.starts_with("NGINX Ingress Controller rejects the Ingress: a blank"), "{label}");
    let after = fixed("cafe.yaml", &text, &[]);
    assert_eq!(after, text.replace("tea-ws, coffee-ws", "tea-ws,coffee-ws"));
    assert!(said(&Tree::new(&[("cafe.yaml", after.as_str())])).is_empty());
}

/// What Helm fills in may set anything; what is written is judged.
#[test]
fn what_a_chart_says_is_judged() {
    let text = fixture("helm/templates/ingress.yaml");
    let tree = Tree::new(&[("chart/templates/ingress.yaml", text.as_str())]);
    assert_eq!(said(&tree), only("http10-upstream", 7, "warning"));
    let notices = json(&tree, &["."])["notices"].to_string();
    assert!(notices.contains("annotations that are not written here"), "{notices}");
}

/// No location is one for WebSockets because its controller can do them.
#[test]
fn what_a_controller_writes_is_no_evidence() {
    let text = fixture("chat.yaml").replace("/ws", "/app");
    let tree = Tree::new(&[("chat.yaml", text.as_str())]);
    let outcome = json(&tree, &["."]);
    assert_eq!(outcome["endpoints"].as_array().map(Vec::len), Some(0), "{outcome:#}");
    assert!(said(&tree).is_empty());
    // With the user's word it is one.
    let outcome = json(&tree, &["--ws-path", "/app", "."]);
    assert_eq!(outcome["endpoints"].as_array().map(Vec::len), Some(2), "{outcome:#}");
}

#[test]
fn settings_of_the_controller_hold_for_what_says_nothing() {
    let text =
        fixture("chat.yaml").replace("    nginx.ingress.kubernetes.io/proxy-read-timeout: \"3600s\"\n", "");
    let settings = |time: &str| {
        format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ingress-nginx-controller\ndata:\n  proxy-read-timeout: \"{time}\"\n"
        )
    };
    let alone = Tree::new(&[("a/chat.yaml", text.as_str())]);
    let message = json(&alone, &["."])["findings"][0]["message"].to_string();
    assert!(message.contains("(unless the controller's ConfigMap sets it)"), "{message}");
    let long = settings("3600");
    let tree = Tree::new(&[("a/chat.yaml", text.as_str()), ("controller/cm.yaml", long.as_str())]);
    assert!(said(&tree).is_empty(), "{:?}", said(&tree));
    let short = settings("90");
    let tree = Tree::new(&[("a/chat.yaml", text.as_str()), ("controller/cm.yaml", short.as_str())]);
    let finding = &json(&tree, &["."])["findings"][0];
    assert_eq!(
        (&finding["file"], &finding["rule"]),
        (&"controller/cm.yaml".into(), &"short-read-timeout".into())
    );
    assert!(finding["message"].as_str().unwrap().contains("after 90s"), "{finding:#}");
    // Of two that are as near nobody knows which is meant.
    let tree = Tree::new(&[
        ("a/chat.yaml", text.as_str()),
        ("x/cm.yaml", long.as_str()),
        ("y/cm.yaml", short.as_str()),
    ]);
    assert_eq!(said(&tree).len(), 1);
    assert!(json(&tree, &["."])["findings"][0]["message"].to_string().contains("unless"));
}

/// An annotation is of all paths: a fix that changes another one is not safe.
#[test]
fn a_fix_that_changes_other_paths_is_not_safe() {
    let more = "          - path: /\n            pathType: Prefix\n            backend:\n              service:\n                name: web\n                port:\n                  number: 80\n---";
    let text = fixture("chat.yaml").replacen("---", more, 1);
    assert_eq!(fixed("chat.yaml", &text, &[]), text);
    assert_eq!(fixed("chat.yaml", &text, &["--unsafe-fixes"]), text.replace("\"3600s\"", "\"3600\""));
}

#[test]
fn comments_suppress_and_declare() {
    let text = fixture("chat.yaml");
    let path = "          - path: /ws\n";
    let ignored = text.replacen(
        path,
        &format!("          # nginx-ws-lint: ignore[short-read-timeout] pings\n{path}"),
        1,
    );
    let tree = Tree::new(&[("chat.yaml", ignored.as_str())]);
    assert!(said(&tree).is_empty(), "{:?}", said(&tree));
    let denied = text.replace(path, &format!("          # nginx-ws-lint: not-websocket\n{path}"));
    assert!(said(&Tree::new(&[("chat.yaml", denied.as_str())])).is_empty());
    let declared = text.replace("/ws", "/app").replacen("- path: /app", "- path: /app # websockets", 1);
    assert_eq!(said(&Tree::new(&[("chat.yaml", declared.as_str())])).len(), 1);
}

/// A snippet is judged where the controller puts it.
#[test]
fn snippets_are_judged_in_their_location() {
    let snippet =
        "    nginx.ingress.kubernetes.io/configuration-snippet: |\n      proxy_read_timeout 3600s;\n";
    let line = "    nginx.ingress.kubernetes.io/proxy-read-timeout: \"3600s\"\n";
    let text = fixture("chat.yaml").replace(line, snippet);
    let tree = Tree::new(&[("chat.yaml", text.as_str())]);
    let found = said(&tree);
    assert!(found.iter().any(|(_, line, severity)| *line == 9 && severity == "error"), "{found:?}");
}

#[test]
fn a_controller_that_is_kept_no_longer_is_a_note() {
    let (one, other) = (fixture("chat.yaml"), fixture("cafe.yaml"));
    let tree = Tree::new(&[("a.yaml", one.as_str()), ("b/a.yaml", one.as_str())]);
    let said = |tree: &Tree| {
        tree.run(&["--fail-on", "never", "."]).stdout.matches("ingress-nginx is retired").count()
    };
    assert_eq!(said(&tree), 1);
    assert_eq!(said(&Tree::new(&[("a.yaml", other.as_str())])), 0);
}

#[test]
fn requests_are_followed_through_an_ingress() {
    let text = fixture("chat.yaml");
    let tree = Tree::new(&[("chat.yaml", text.as_str())]);
    let run = tree.run(&["trace", "wss://chat.example.com/ws", "."]);
    assert_eq!(run.code, Some(0), "{}", run.shown());
    assert!(run.stdout.contains("chat.yaml:18"), "{}", run.shown());
}

/// Routes that are not read are counted, with the reason.
#[test]
fn routes_of_a_gateway_are_said() {
    let policy = "apiVersion: gateway.nginx.org/v1alpha1\nkind: ClientSettingsPolicy\nmetadata:\n  name: a\n---\napiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata:\n  name: a\n";
    let transport = "apiVersion: k8s.nginx.org/v1\nkind: TransportServer\nmetadata:\n  name: a\n";
    let tree = Tree::new(&[
        ("a.yaml", policy),
        ("b.yaml", transport),
        ("c.yaml", "apiVersion: v1\nkind: Service\n"),
        ("chat.yaml", fixture("chat.yaml").as_str()),
    ]);
    let run = tree.run(&["--fail-on", "never", "--show-files", "."]);
    assert!(run.stdout.contains("2 files with routes of a gateway"), "{}", run.shown());
    assert!(run.stdout.contains("not-judged  a.yaml: has routes of NGINX Gateway Fabric"), "{}", run.shown());
}

/// Pods of an application that keeps sessions: a client has to keep its pod.
#[test]
fn pods_without_stickiness() {
    let rule = "upstream-without-stickiness";
    let text = fixture("chat.yaml").replace("path: /ws", "path: /socket.io").replace("3600s", "3600");
    let app = |replicas: &str| {
        format!(
            "apiVersion: v1\nkind: Service\nmetadata:\n  name: chat\nspec:\n  selector:\n    app: chat\n---\napiVersion: apps/v1\nkind: Deployment\nspec:\n  replicas: {replicas}\n  template:\n    metadata:\n      labels:\n        app: chat\n    spec:\n      containers:\n        - image: own/chat\n"
        )
    };
    let line = "    cert-manager.io/cluster-issuer: letsencrypt\n";
    for (annotation, replicas, is_said) in [
        ("", "3", true),
        ("", "1", false),
        ("    nginx.ingress.kubernetes.io/affinity: cookie\n", "3", false),
        ("    nginx.ingress.kubernetes.io/upstream-hash-by: $remote_addr\n", "3", false),
    ] {
        let (text, app) = (text.replace(line, annotation), app(replicas));
        let tree = Tree::new(&[("ingress.yaml", text.as_str()), ("app.yaml", app.as_str())]);
        let found = said(&tree);
        assert_eq!(
            found.iter().any(|(name, ..)| name == rule),
            is_said,
            "{annotation} {replicas}: {found:?}"
        );
    }
}

/// The image behind a service names the application, though the service is called otherwise.
#[test]
fn images_in_a_cluster_name_applications() {
    let text = fixture("chat.yaml").replace("path: /ws", "path: /");
    let app = "kind: Service\nmetadata: {name: chat}\nspec: {selector: {app: a}}\n---\nkind: Deployment\nspec:\n  template:\n    metadata: {labels: {app: a}}\n    spec:\n      containers: [{image: 'grafana/grafana:11'}]\n";
    let tree = Tree::new(&[("ingress.yaml", text.as_str()), ("app.yaml", app)]);
    let outcome = json(&tree, &["."]);
    let evidence = outcome["endpoints"][0]["evidence"].to_string();
    assert!(evidence.contains("whose image `grafana/grafana` is called after Grafana"), "{outcome:#}");
}

/// What helps is said in the author's words: no line of nginx that nobody can write.
#[test]
fn help_names_annotations() {
    let line = "    nginx.ingress.kubernetes.io/proxy-read-timeout: \"3600s\"\n";
    let long = "    nginx.ingress.kubernetes.io/proxy-read-timeout: \"3600\"\n";
    let with = |annotation: &str, path: &str| {
        fixture("chat.yaml").replace(line, &format!("{long}{annotation}")).replacen("/ws", path, 1)
    };
    for (annotation, path, rule, start) in [
        (
            "    nginx.ingress.kubernetes.io/connection-proxy-header: keep-alive\n",
            "/ws",
            "wrong-connection-header",
            "remove the annotation `nginx.ingress.kubernetes.io/connection-proxy-header`",
        ),
        (
            "    nginx.ingress.kubernetes.io/backend-protocol: GRPC\n",
            "/ws",
            "unsupported-upstream-protocol",
            "give the path its own Ingress without `nginx.ingress.kubernetes.io/backend-protocol`",
        ),
        (
            "    nginx.ingress.kubernetes.io/rewrite-target: /$2\n",
            "/socket.io(/|$)(.*)",
            "path-rewritten",
            "give `/socket.io/` its own Ingress",
        ),
        (
            "    nginx.ingress.kubernetes.io/configuration-snippet: |\n      proxy_set_header Upgrade $http_upgrade;\n",
            "/ws",
            "duplicate-handshake-header",
            "remove the line: the controller sends `Upgrade` for every path",
        ),
    ] {
        let text = with(annotation, path);
        let outcome = json(&Tree::new(&[("chat.yaml", text.as_str())]), &["."]);
        let all = outcome["findings"].as_array().unwrap();
        let finding = all.iter().find(|finding| finding["rule"] == rule);
        let help = finding.and_then(|finding| finding["help"].as_str()).unwrap_or_default();
        assert!(help.starts_with(start), "{rule}: {outcome:#}");
    }
}

/// YAML takes a key once in a mapping: what several paths need is written once.
#[test]
fn an_annotation_that_several_paths_need_is_written_once() {
    let text = "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: shop\n  annotations:\n    \
                nginx.org/client-max-body-size: \"4m\"\nspec:\n  ingressClassName: nginx\n  rules:\n    - host: \
                shop.example.com\n      http:\n        paths:\n          - path: /ws\n            pathType: Prefix\n            \
                backend: {service: {name: chat, port: {number: 80}}}\n          - path: /socket.io\n            pathType: \
                Prefix\n            backend: {service: {name: feed, port: {number: 80}}}\n";
    let tree = Tree::new(&[("shop.yaml", text)]);
    for options in [&["--fix"][..], &["--fix", "--unsafe-fixes"]] {
        tree.run(&[options, &["shop.yaml"]].concat());
        let fixed = fs::read_to_string(tree.path("shop.yaml")).unwrap();
        for key in ["nginx.org/proxy-read-timeout:", "nginx.org/websocket-services:"] {
            assert_eq!(fixed.matches(key).count(), 1, "{fixed}");
        }
    }
}

/// What an alias or a merge brings stands elsewhere: nothing is said to be missing, and nothing is added beside it.
#[test]
fn annotations_that_are_merged_in_are_unknown() {
    let text = |annotations: &str| {
        format!(
            "x-base: &base\n  nginx.ingress.kubernetes.io/proxy-read-timeout: \"7200\"\napiVersion: \
             networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: a\n  annotations:{annotations}\nspec:\n  \
             ingressClassName: nginx\n  rules:\n    - host: a.example.com\n      http:\n        paths:\n          - path: \
             /ws\n            pathType: Prefix\n            backend: {{service: {{name: chat, port: {{number: 80}}}}}}\n"
        )
    };
    for (annotations, is_found) in [(" {}", true), ("\n    <<: *base", false), (" *base", false)] {
        let tree = Tree::new(&[("a.yaml", text(annotations).as_str())]);
        let run = tree.run(&["--select", "short-read-timeout", "--format", "concise", "a.yaml"]);
        assert_eq!(run.stdout.contains("[short-read-timeout]"), is_found, "{annotations}: {}", run.shown());
        let before = text(annotations);
        tree.run(&["--fix", "a.yaml"]);
        let after = fs::read_to_string(tree.path("a.yaml")).unwrap();
        assert!(is_found || after == before, "{after}");
    }
}

const GUARDED: &str = "apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: chat
  annotations:
    nginx.ingress.kubernetes.io/proxy-read-timeout: \"3600\"
    ANNOTATION
spec:
  ingressClassName: nginx
  tls: [{hosts: [chat.example.com], secretName: x}]
  rules:
    - host: chat.example.com
      http:
        paths:
          - path: /ws
            pathType: Prefix
            backend: {service: {name: chat, port: {number: 80}}}
";

/// What a controller writes besides the way to the back end decides requests, and nobody is blamed for it.
#[test]
fn what_answers_in_place_of_the_back_end_is_followed() {
    let (plain, tls) = ("ws://chat.example.com/ws", "wss://chat.example.com/ws");
    for (annotation, url, client, code, shown) in [
        ("a: b", plain, "10.1.1.1", 1, "308 from nginx"),
        ("a: b", tls, "10.1.1.1", 0, "101 Switching Protocols"),
        (
            "nginx.ingress.kubernetes.io/ssl-redirect: \"false\"",
            plain,
            "10.1.1.1",
            0,
            "101 Switching Protocols",
        ),
        (
            "nginx.ingress.kubernetes.io/whitelist-source-range: 10.0.0.0/8, 192.168.1.1",
            tls,
            "10.1.1.1",
            0,
            "`allow 10.0.0.0/8`",
        ),
        (
            "nginx.ingress.kubernetes.io/whitelist-source-range: 10.0.0.0/8, 192.168.1.1",
            tls,
            "8.8.8.8",
            1,
            "403 from nginx",
        ),
        (
            "nginx.ingress.kubernetes.io/denylist-source-range: 8.8.8.0/24",
            tls,
            "8.8.8.8",
            1,
            "403 from nginx",
        ),
        (
            "nginx.ingress.kubernetes.io/auth-url: https://auth.example.com/verify",
            tls,
            "10.1.1.1",
            0,
            "`auth_request /_external-auth-0`",
        ),
        // With the password it is let through.
        ("nginx.ingress.kubernetes.io/auth-type: basic", tls, "10.1.1.1", 0, "401"),
        ("nginx.ingress.kubernetes.io/auth-tls-secret: ns/ca", tls, "10.1.1.1", 0, "403 from nginx"),
        (
            "nginx.ingress.kubernetes.io/whitelist-source-range: {{ .Values.ranges }}",
            tls,
            "10.1.1.1",
            0,
            "403 from nginx",
        ),
    ] {
        let text = GUARDED.replace("ANNOTATION", annotation);
        let tree = Tree::new(&[("chat.yaml", text.as_str())]);
        let run = tree.run(&["trace", url, "--client-ip", client, "."]);
        assert_eq!(run.code, Some(code), "{annotation} {url} {client}: {}", run.shown());
        assert!(run.stdout.contains(shown), "{annotation} {url}: {}", run.shown());
        assert!(said(&tree).is_empty(), "{annotation}: {:?}", said(&tree));
    }
}

/// A route that leads to no single upstream is there, and what answers is not known.
#[test]
fn a_route_that_leads_elsewhere_is_unknown() {
    let text = |route: &str| {
        format!(
            "apiVersion: k8s.nginx.org/v1\nkind: VirtualServer\nmetadata:\n  name: app\nspec:\n  host: app.example.com\n  upstreams:\n    - name: app\n      service: app\n      port: 80\n      read-timeout: 1h\n  routes:\n    - path: /ws\n      {route}\n    - path: /\n      action: {{pass: app}}\n"
        )
    };
    for (route, code) in [
        ("action: {pass: app}", 0),
        ("action: {return: {code: 200, body: x}}", 2),
        ("action: {redirect: {url: http://a.test}}", 2),
        ("splits: [{weight: 50, action: {pass: app}}, {weight: 50, action: {pass: app}}]", 2),
        ("route: other/app", 2),
        ("policies: [{name: allow-office}]\n      action: {pass: app}", 0),
    ] {
        let text = text(route);
        let tree = Tree::new(&[("app.yaml", text.as_str())]);
        let run = tree.run(&["trace", "ws://app.example.com/ws", "."]);
        assert_eq!(run.code, Some(code), "{route}: {}", run.shown());
    }
}

/// Whoever edits a `ConfigMap` of a controller reads of its keys, and an object has no lines of nginx.
#[test]
fn settings_and_objects_are_called_what_they_are() {
    let settings = "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ingress-nginx-controller\ndata:\n  worker-shutdown-timeout: \"10s\"\n";
    let text = format!("{}{settings}", fixture("chat.yaml"));
    let tree = Tree::new(&[("all.yaml", text.as_str())]);
    let outcome = json(&tree, &["."]);
    let findings = outcome["findings"].as_array().unwrap();
    let finding = findings.iter().find(|one| one["rule"] == "shutdown-timeout-drops").unwrap();
    let help = finding["help"].as_str().unwrap();
    assert!(help.starts_with("write `worker-shutdown-timeout: \"1h\"`"), "{help}");
    let files = outcome["files"].as_array().unwrap();
    assert!(files.iter().all(|file| file["block"].is_null()), "{files:#?}");
    let shown = tree.run(&["--show-files", "--fail-on", "never", "."]).shown();
    assert!(shown.contains("#ingress: below the settings of all.yaml#ingress-nginx-controller"), "{shown}");
}

/// The object of a test, with a value of `proxy-read-timeout`.
fn with_timeout(value: &str) -> String {
    format!(
        "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: chat\n  annotations:\n    nginx.ingress.kubernetes.io/proxy-read-timeout: \"{value}\"\nspec:\n  ingressClassName: nginx\n  rules:\n    - host: chat.test\n      http:\n        paths:\n          - path: /ws\n            backend: {{service: {{name: chat, port: {{number: 80}}}}}}\n"
    )
}

/// Go reads a sign and zeros before a number, and nginx refuses what is below nothing.
#[test]
fn numbers_are_read_as_the_controller_reads_them() {
    for (value, rule) in [
        ("3600", None),
        ("+3600", None),
        ("03600", None),
        ("1e4", Some("short-read-timeout")),
        ("0060", Some("short-read-timeout")),
        ("-1", Some("directive-not-allowed-here")),
    ] {
        let tree = Tree::new(&[("a.yaml", with_timeout(value).as_str())]);
        let rules: Vec<String> = said(&tree).into_iter().map(|(rule, ..)| rule).collect();
        assert_eq!(rules, rule.map(str::to_owned).into_iter().collect::<Vec<_>>(), "{value}");
    }
    let tree = Tree::new(&[("a.yaml", with_timeout("-1").as_str())]);
    let label = json(&tree, &["."])["findings"][0]["label"].to_string();
    assert!(label.contains("ingress-nginx writes `-1s`, which nginx refuses"), "{label}");
}

/// ingress-nginx listens on port 443 for every host; what has no certificate gets its default one.
#[test]
fn a_host_without_a_certificate_gets_the_default_one() {
    let plain = with_timeout("3600");
    let text = format!(
        "{plain}---\n{}",
        plain
            .replace("chat.test", "tls.test")
            .replace("  rules:", "  tls:\n    - hosts: [tls.test]\n  rules:")
    );
    let tree = Tree::new(&[("a.yaml", text.as_str())]);
    let server = |url: &str| tree.run(&["trace", url, "."]).shown();
    let shown = server("wss://chat.test/ws");
    assert!(shown.contains("server    `chat.test`: its name"), "{shown}");
    assert!(shown.contains("sends its default one"), "{shown}");
    let shown = server("wss://tls.test/ws");
    assert!(shown.contains("server    `tls.test`: its name") && !shown.contains("default one"), "{shown}");
    let shown = server("wss://other.test/ws");
    assert!(shown.contains("the controller's own server") && shown.contains("404 from nginx"), "{shown}");
    // The other controller listens there for what `tls` names alone.
    let text = text.replace("nginx.ingress.kubernetes.io/proxy-read-timeout", "nginx.org/proxy-read-timeout");
    let tree = Tree::new(&[("a.yaml", text.as_str())]);
    let shown = tree.run(&["trace", "wss://chat.test/ws", "."]).shown();
    assert!(shown.contains("for hosts that have no server here or no `tls`"), "{shown}");
}
