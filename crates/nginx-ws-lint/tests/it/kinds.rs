//! Kinds of hosts and of branches: what is followed, what is an alternative, and what a host makes of nginx's variables.

use std::fs;

use serde_json::Value;

use crate::run::Tree;

const LOCATION: &str = "location /ws {\n  proxy_pass http://127.0.0.1:3000;\n  proxy_http_version 1.1;\n  proxy_set_header Upgrade $http_upgrade;\n  proxy_set_header Connection \"upgrade\";\n";

fn json(tree: &Tree) -> Value {
    serde_json::from_str(&tree.run(&["--format", "json", "--fail-on", "never", "."]).stdout).unwrap()
}

/// Rule, file, line and label of each finding of a severity above info.
fn said(tree: &Tree) -> Vec<(String, String, u64, String)> {
    let outcome = json(tree);
    let text =
        |finding: &Value, key: &str| finding.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let findings = outcome.get("findings").and_then(Value::as_array).unwrap().iter();
    findings
        .filter(|finding| text(finding, "severity") != "info")
        .map(|finding| {
            let line = finding.pointer("/range/start/line").and_then(Value::as_u64).unwrap();
            (text(finding, "rule"), text(finding, "file"), line, text(finding, "label"))
        })
        .collect()
}

fn indented(text: &str, by: usize) -> String {
    text.lines().map(|line| format!("{}{line}\n", " ".repeat(by))).collect()
}

/// Rule, file and line of a finding.
type At<'t> = (&'t str, &'t str, u64);

/// The places of all findings, with parts of their labels.
fn assert_said(files: &[(&str, &str)], expected: &[(At<'_>, &str)]) {
    let found = said(&Tree::new(files));
    let places: Vec<At<'_>> =
        found.iter().map(|(rule, file, line, _)| (rule.as_str(), file.as_str(), *line)).collect();
    assert_eq!(places, expected.iter().map(|(place, _)| *place).collect::<Vec<_>>(), "{files:#?} {found:#?}");
    for ((_, label), (.., said)) in expected.iter().zip(&found) {
        assert!(said.contains(label), "{said} has no {label}");
    }
}

#[test]
fn named_templates_with_blocks_are_included_where_they_are_called() {
    let helpers = format!(
        "{{{{/* all of it */}}}}\n{{{{- define \"chat.server\" -}}}}\nserver {{\n  listen 80;\n  {{{{ include \"chat.lines\" . }}}}\n{}  }}\n}}\n{{{{- end }}}}\n{{{{ define \"chat.lines\" }}}}client_max_body_size 1m;{{{{ end }}}}\n",
        indented(LOCATION, 2)
    );
    let main = |timeout: &str| {
        format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\ndata:\n  nginx.conf: |\n    events {{}}\n    http {{\n      access_log off;\n      {timeout}\n      {{{{- include \"chat.server\" . | nindent 6 }}}}\n    }}\n"
        )
    };
    let tree = |timeout: &str| {
        let main = main(timeout);
        Tree::new(&[
            ("chart/Chart.yaml", "apiVersion: v2\nname: chat\nversion: 1.0.0\n"),
            ("chart/templates/_helpers.tpl", helpers.as_str()),
            ("chart/templates/cm.yaml", main.as_str()),
        ])
    };
    // What is around the call is known in it.
    assert_eq!(said(&tree("proxy_read_timeout 1h;")), []);
    let found = said(&tree("proxy_read_timeout 30s;"));
    let [(rule, file, ..)] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((rule.as_str(), file.as_str()), ("short-read-timeout", "chart/templates/cm.yaml"));
    let bare = tree("");
    let found = said(&bare);
    let [(rule, file, line, _)] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(
        (rule.as_str(), file.as_str(), *line),
        ("short-read-timeout", "chart/templates/_helpers.tpl", 7)
    );
    // The text of the named template is fixed where it is written.
    bare.run(&["--fix", "--fail-on", "never", "."]);
    let after = fs::read_to_string(bare.path("chart/templates/_helpers.tpl")).unwrap();
    let line = "    proxy_read_timeout 3600s;\n";
    assert_eq!(after.replace(line, ""), helpers);
    assert!(after.contains(line), "{after}");
    // The endpoint is told once.
    assert_eq!(json(&bare)["summary"]["endpoints"], 1);
}

#[test]
fn an_else_of_a_loop_is_an_alternative() {
    let text = format!(
        "server {{\n{{% for host in hosts %}}\nlocation /{{{{ host }}}} {{ proxy_pass http://a; }}\n{{% else %}}\n{LOCATION}}}\n{{% endfor %}}\n}}\n"
    );
    assert_said(&[("a.conf.j2", &text)], &[(("short-read-timeout", "a.conf.j2", 6), "")]);
    // Both are never there at once, and what a condition says of the same holds for the loop too.
    for (start, or) in [
        ("{% for host in hosts %}", "{% else %}"),
        ("{{ range $i, $host := .hosts }}", "{{ else }}"),
        ("@forelse ($hosts as $host)", "@empty"),
    ] {
        let end = match start {
            "{% for host in hosts %}" => "{% endfor %}",
            "@forelse ($hosts as $host)" => "@endforelse",
            _ => "{{ end }}",
        };
        let text = format!(
            "server {{\n{start}\nlocation /a/ {{ root /a; }}\n{or}\nlocation /a/ {{ root /b; }}\n{end}\n{LOCATION}proxy_read_timeout 1h;\n}}\n}}\n"
        );
        let name = if start.starts_with('@') { "a.conf.tpl" } else { "a.conf.tmpl" };
        assert_said(&[(name, &text)], &[]);
    }
}

/// An `Ingress` of which lines as annotations are given.
fn ingress(annotations: &str) -> String {
    format!(
        "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: chat\n  annotations:\n    a: b\n{annotations}spec:\n  ingressClassName: nginx\n  rules:\n    - host: chat.test\n      http:\n        paths:\n          - path: /socket.io/\n            pathType: Prefix\n            backend:\n              service: {{name: chat-websocket, port: {{number: 80}}}}\n"
    )
}

#[test]
fn annotations_that_may_be_missing_are_judged_both_ways() {
    let time = |seconds: &str| {
        format!(
            "    {{{{- if .Values.long }}}}\n    nginx.ingress.kubernetes.io/proxy-read-timeout: \"{seconds}\"\n    nginx.ingress.kubernetes.io/proxy-send-timeout: \"{seconds}\"\n    {{{{- end }}}}\n"
        )
    };
    let labels = |annotations: &str| -> Vec<String> {
        let tree = Tree::new(&[("templates/ingress.yaml", ingress(annotations).as_str())]);
        let outcome = json(&tree);
        let findings = outcome["findings"].as_array().unwrap().iter();
        let texts = findings.filter(|finding| {
            finding["rule"] == "missing-http-version" || finding["rule"] == "short-read-timeout"
        });
        texts.map(|finding| finding["label"].as_str().unwrap_or_default().to_owned()).collect()
    };
    let given = labels("");
    assert_eq!(given.len(), 1, "{given:?}");
    assert_eq!(labels(&time("3600")), ["where `.Values.long` does not hold in the template"]);
    let short = labels(&time("5"));
    assert!(short.iter().any(|label| !label.contains("does not hold")), "{short:?}");
}

#[test]
fn variables_that_the_host_takes_for_its_own_are_lost() {
    let site = |variable: &str| {
        format!(
            "server {{\n  listen 80;\n{}    proxy_read_timeout 1h;\n  }}\n}}\n",
            indented(&LOCATION.replace("$http_upgrade", variable), 2)
        )
    };
    let script = |before: &str, word: &str, variable: &str| {
        format!("#!/bin/sh\n{before}\ncat > /etc/nginx/conf.d/a.conf <<{word}\n{}EOF\n", site(variable))
    };
    let lost = "the shell replaces `$http_upgrade` with nothing";
    let refused = ("directive-not-allowed-here", "a.sh", 9);
    let wrong = ("wrong-upgrade-header", "a.sh", 9);
    assert_said(&[("a.sh", &script("", "EOF", "$http_upgrade"))], &[(refused, lost), (wrong, lost)]);
    // Nothing is left between the quotes.
    assert_said(&[("a.sh", &script("", "EOF", "\"$http_upgrade\""))], &[(wrong, lost)]);
    for (before, word, variable) in [
        ("", "'EOF'", "$http_upgrade"),
        ("", "EOF", "\\$http_upgrade"),
        ("http_upgrade='$http_upgrade'", "EOF", "$http_upgrade"),
        ("export http_upgrade=x", "EOF", "${http_upgrade}"),
    ] {
        assert_said(&[("a.sh", &script(before, word, variable))], &[]);
    }
    let compose = |variable: &str| {
        format!(
            "services:\n  web:\n    image: nginx\n    configs: [{{source: site, target: /etc/nginx/conf.d/default.conf}}]\nconfigs:\n  site:\n    content: |\n{}",
            indented(&site(variable), 6)
        )
    };
    let found = said(&Tree::new(&[("compose.yaml", compose("$http_upgrade").as_str())]));
    let rules: Vec<&str> = found.iter().map(|(rule, ..)| rule.as_str()).collect();
    assert_eq!(rules, ["directive-not-allowed-here", "wrong-upgrade-header"]);
    assert!(found.iter().all(|(.., label)| label.contains("write `$$http_upgrade`")), "{found:?}");
    assert_said(&[("compose.yaml", &compose("$$http_upgrade"))], &[]);
}

#[test]
fn branches_of_another_file_are_told() {
    let main =
        format!("events {{}}\nhttp {{\nserver {{\nlisten 80;\n{LOCATION}include snip.conf;\n}}\n}}\n}}\n");
    let snippet = "{% if long and not old %}\nproxy_read_timeout 1h;\n{% endif %}\nproxy_buffering off;\n";
    assert_said(
        &[("nginx.conf", &main), ("snip.conf.j2", snippet)],
        &[(
            ("short-read-timeout", "nginx.conf", 6),
            "where `old` holds, or where `long` does not hold in snip.conf.j2",
        )],
    );
    // The same in one file: neither condition alone decides.
    let one = format!("server {{\nlisten 80;\n{LOCATION}{snippet}}}\n}}\n");
    assert_said(
        &[("a.conf.j2", &one)],
        &[(
            ("short-read-timeout", "a.conf.j2", 4),
            "where `old` holds, or where `long` does not hold in the template",
        )],
    );
}

#[test]
fn a_template_beside_it_stops_no_fix() {
    let plain = format!("server {{\nlisten 80;\n{LOCATION}}}\n}}\n");
    let template = format!(
        "server {{\n{{% if tls %}}\nlisten 443;\n{{% else %}}\nlisten 81;\n{{% endif %}}\n{{{{ extra }}}}\n{LOCATION}{{{{ lines }}}}\n}}\n}}\n"
    );
    let tree = Tree::new(&[("a.conf", plain.as_str()), ("b.conf.j2", template.as_str())]);
    let run = tree.run(&["--fix", "--fail-on", "never", "."]);
    assert_eq!(
        fs::read_to_string(tree.path("a.conf")).unwrap(),
        plain.replace("\"upgrade\";\n", "\"upgrade\";\n  proxy_read_timeout 3600s;\n"),
        "{}",
        run.stderr
    );
}

#[test]
fn no_name_of_a_placeholder_is_shown() {
    let text = "upstream be {\n{% for n in nodes %}\nserver {{ n.host }}:{{ n.port }};\n{% endfor %}\n}\nserver {\nlisten 80;\nlocation = /x/ws {\nproxy_pass http://be;\nproxy_set_header X-A \"{{ a.b }}\";\nproxy_set_header Host {{ host | lower }};\nproxy_set_header Upgrade $http_upgrade;\nproxy_set_header Connection upgrade;\n}\nlocation /old/ws { return 301 https://{{ domain }}/y; }\nlocation /r/ws { rewrite ^/r/(.*)$ /{{ r }}/$1 break; proxy_pass http://{{ up }}; }\n}\n";
    let tree = Tree::new(&[("a.conf.j2", text)]);
    for arguments in [
        &["--format", "json", "."][..],
        &["--format", "human", "."],
        &["--format", "sarif", "."],
        &["endpoints", "--format", "json", "."],
        &["graph", "."],
        &["trace", "http://localhost/x/ws", "."],
        &["trace", "--format", "json", "http://localhost/r/ws", "."],
        &["trace", "http://localhost/old/ws", "."],
    ] {
        let run = tree.run(arguments);
        assert!(!run.stdout.contains("${") && !run.stderr.contains("${"), "{arguments:?} {}", run.stdout);
    }
    assert!(tree.run(&["trace", "http://localhost/x/ws", "."]).stdout.contains("{{ n.host }}:{{ n.port }}"));
}

#[test]
fn what_follows_a_dump_is_another_command() {
    let dump = format!(
        "# configuration file /etc/nginx/nginx.conf:\nevents {{}}\nhttp {{\naccess_log off;\nserver {{\nlisten 80;\n{LOCATION}proxy_read_timeout 1h;\n}}\n}}\n}}\n"
    );
    for prompt in ["root#", "$", "[root nginx]#", "web1 ~ #", "me@x:~$", "# sudo", "PS C:\\>"] {
        let text = format!(
            "Help!\n\n{prompt} nginx -T\n{dump}\n{prompt} curl -i http://x/\nHTTP/1.1 400 Bad Request\nlocation {{ a; }} proxi_pass x;\n"
        );
        assert_said(&[("a.txt", &text)], &[]);
    }
}

#[test]
fn yaml_in_heredocs_is_read() {
    let object = format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\ndata:\n  a.conf: |\n    server {{\n      listen 80;\n{}      }}\n    }}\n",
        indented(LOCATION, 6)
    );
    let script = format!("kubectl apply -f - <<'EOF'\n{object}EOF\n");
    assert_said(&[("deploy.sh", &script)], &[(("short-read-timeout", "deploy.sh", 11), "")]);
    // A script that has nothing else of nginx.
    let script =
        format!("cat <<EOF | kubectl apply -f -\n{}EOF\n", ingress("").replace("chat.test", "$DOMAIN"));
    let outcome = json(&Tree::new(&[("deploy.sh", script.as_str())]));
    assert_eq!(outcome["summary"]["endpoints"], 1, "{outcome:#}");
    let cloud = format!(
        "resource \"x\" \"y\" {{\n  user_data = <<-EOT\n    #cloud-config\n    write_files:\n      - path: /etc/nginx/conf.d/a.conf\n        content: |\n          server {{\n            listen 80;\n{}            }}\n          }}\n  EOT\n}}\n",
        indented(LOCATION, 12)
    );
    let tree = Tree::new(&[("main.tf", cloud.as_str())]);
    assert_eq!(said(&tree).len(), 1);
    tree.run(&["--fix", "--fail-on", "never", "."]);
    let line = "              proxy_read_timeout 3600s;\n";
    let after = fs::read_to_string(tree.path("main.tf")).unwrap();
    assert_eq!(after.replace(line, ""), cloud);
    assert!(after.contains(line), "{after}");
}

#[test]
fn a_part_of_a_file_is_no_file() {
    let play = format!(
        "- hosts: web\n  tasks:\n    - copy:\n        dest: /etc/nginx/nginx.conf\n        content: |\n          events {{}}\n          http {{ include /etc/nginx/sites-enabled/*; access_log off; }}\n    - blockinfile:\n        path: /etc/nginx/sites-enabled/b\n        block: |\n{}            proxy_read_timeout 1h;\n          }}\n",
        indented(LOCATION, 10)
    );
    assert_said(&[("play.yml", &play)], &[]);
    // What the file goes on with closes the last block.
    let pups = format!(
        "run:\n  - replace:\n      filename: /etc/nginx/conf.d/discourse.conf\n      from: \"location @discourse {{\"\n      to: |\n{}          proxy_read_timeout 1h;\n        }}\n        location @discourse {{\n",
        indented(LOCATION, 8)
    );
    let tree = Tree::new(&[("app.yml", pups.as_str())]);
    assert_eq!(said(&tree), []);
    assert_eq!(json(&tree)["summary"]["endpoints"], 1);
}

#[test]
fn config_maps_of_a_folder_and_of_a_list_are_of_one_machine() {
    let main = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: main}\ndata:\n  nginx.conf: |\n    events {}\n    http {\n      access_log off;\n      proxy_read_timeout 1h;\n      include /etc/nginx/conf.d/*.conf;\n    }\n";
    let site = format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: site}}\ndata:\n  a.conf: |\n    server {{\n      listen 80;\n{}      }}\n    }}\n",
        indented(LOCATION, 6)
    );
    assert_said(&[("k8s/main.yaml", main), ("k8s/site.yaml", &site)], &[]);
    // Another machine's, with a main file of its own.
    let found = said(&Tree::new(&[
        ("k8s/main.yaml", main),
        ("k8s/site.yaml", site.replace("data:\n", "data:\n  nginx.conf: |\n    events {}\n    http { include conf.d/*.conf; access_log off; }\n").as_str()),
    ]));
    assert_eq!(found.len(), 1, "{found:?}");
    let list = format!(
        "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: ConfigMap\n  metadata: {{name: web}}\n  data:\n    nginx.conf: |\n      events {{}}\n      http {{\n        access_log off;\n        proxy_read_timeout 1h;\n        include http.d/*.conf;\n      }}\n    a: |\n      server {{\n        listen 80;\n{}        }}\n      }}\n- apiVersion: v1\n  kind: Pod\n  metadata: {{name: p}}\n  spec:\n    containers:\n    - name: n\n      volumeMounts:\n      - {{name: v, mountPath: /etc/nginx}}\n    volumes:\n    - name: v\n      projected:\n        sources:\n        - configMap:\n            name: web\n            items:\n            - {{key: nginx.conf, path: nginx.conf}}\n            - {{key: a, path: http.d/a.conf}}\n",
        indented(LOCATION, 8)
    );
    assert_said(&[("all.yaml", &list)], &[]);
}

#[test]
fn a_template_whose_name_tells_nothing_is_read_by_its_first_lines() {
    let object = format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{{{ .Values.name }}}}\ndata:\n  a.conf: |\n    server {{\n      listen 80;\n{}      }}\n    }}\n",
        indented(LOCATION, 6)
    );
    assert_said(&[("configmap.tpl", &object)], &[(("short-read-timeout", "configmap.tpl", 10), "")]);
    let script =
        format!("#!/bin/bash\ncat > /etc/nginx/conf.d/a.conf <<'EOF'\nserver {{\n{LOCATION}}}\n}}\nEOF\n");
    assert_said(&[("user_data.tpl", &script)], &[(("short-read-timeout", "user_data.tpl", 5), "")]);
    // Lines of a template of nginx's own may say so too.
    let plain = format!("# kind: x\nserver {{\nlisten {{{{ port }}}};\n{LOCATION}}}\n}}\n");
    assert_said(&[("a.tpl", &plain)], &[(("short-read-timeout", "a.tpl", 5), "")]);
}
