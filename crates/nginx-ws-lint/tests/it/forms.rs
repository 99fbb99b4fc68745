//! nginx in other forms: found, judged, blamed in the file that people edit, and fixed there.

use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::run::Tree;

/// What every fixture holds: an endpoint without `Connection`, beside a map for it.
const SITE: &str = "map $http_upgrade $connection_upgrade {
    default upgrade;
    '' close;
}
server {
    listen 80;
    server_name chat.test;
    location /socket.io/ {
        proxy_pass http://127.0.0.1:3000;
        proxy_http_version 1.1;
        proxy_read_timeout 1h;
        proxy_set_header Upgrade $http_upgrade;
    }
}
";

const RULE: &str = "missing-connection-header";
/// What cures it, as nginx reads it.
const CURE: &str = "proxy_set_header Connection $connection_upgrade;";

fn indented(text: &str, by: usize) -> String {
    let pad = " ".repeat(by);
    text.lines().map(|line| format!("{pad}{line}\n")).collect()
}

/// One file for each form: its name, its text, and what the cure is called there.
fn fixtures() -> Vec<(&'static str, String, String)> {
    let with = |start: &str, text: &str, end: &str| format!("{start}{text}{end}");
    let cure = CURE.to_owned();
    let compose = SITE.replace('$', "$$").replace("listen 80", "listen ${PORT}");
    let unquoted = SITE.replace('$', "\\$").replace("listen 80", "listen $PORT");
    let config_map = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: chat\ndata:\n  chat.conf: |\n";
    let tasks =
        "- name: chat\n  ansible.builtin.copy:\n    dest: /etc/nginx/conf.d/chat.conf\n    content: |\n";
    let cloud = "#cloud-config\nwrite_files:\n  - path: /etc/nginx/conf.d/chat.conf\n    content: |2\n";
    vec![
        ("configmap.yaml", with(config_map, &indented(SITE, 4), "  other: x\n"), cure.clone()),
        (
            "templates/helm.yaml",
            with(
                &format!("{{{{- if .Values.chat }}}}\n{config_map}"),
                &indented(&SITE.replace("chat.test", "{{ .Values.host }}"), 4),
                "{{- end }}\n",
            ),
            cure.clone(),
        ),
        (
            "compose.yaml",
            with(
                "services:\n  web:\n    image: nginx\n    configs:\n      - source: chat\n        target: /etc/nginx/conf.d/chat.conf\nconfigs:\n  chat:\n    content: |\n",
                &indented(&compose, 6),
                "",
            ),
            CURE.replace('$', "$$"),
        ),
        ("tasks/main.yml", with(tasks, &indented(SITE, 6), "  become: true\n"), cure.clone()),
        ("user-data.yaml", with(cloud, &indented(SITE, 6), "packages: [nginx]\n"), cure.clone()),
        (
            ".ebextensions/chat.config",
            with("files:\n  /etc/nginx/conf.d/chat.conf:\n    mode: \"000644\"\n    content: |-\n", &indented(SITE, 6), ""),
            cure.clone(),
        ),
        (
            "install.sh",
            with("#!/bin/bash\nPORT=80\ncat > /etc/nginx/conf.d/chat.conf <<EOF\n", &unquoted, "EOF\necho done\n"),
            CURE.replace('$', "\\$"),
        ),
        (
            "quoted.sh",
            with("#!/bin/sh\ntee /etc/nginx/conf.d/chat.conf <<'EOF' >/dev/null\n", SITE, "EOF\n"),
            cure.clone(),
        ),
        (
            "Dockerfile",
            with("FROM nginx\nCOPY <<'EOF' /etc/nginx/conf.d/chat.conf\n", SITE, "EOF\nEXPOSE 80\n"),
            cure.clone(),
        ),
        (
            "main.tf",
            with("resource \"x\" \"y\" {\n  data = <<-EOT\n", &indented(&SITE.replace("chat.test", "${var.host}"), 4), "  EOT\n}\n"),
            cure.clone(),
        ),
        ("chat.conf.template", SITE.replace("listen 80", "listen ${PORT}"), cure.clone()),
        (
            "chat.conf.j2",
            SITE.replace("    listen 80;\n", "    {% if tls %}\n    listen 443 ssl;\n    ssl_certificate {{ pem }};\n    ssl_certificate_key {{ pem }};\n    {% else %}\n    listen 80;\n    {% endif %}\n"),
            cure.clone(),
        ),
        (
            "chat.conf.erb",
            SITE.replace("    listen 80;\n", "<% if @tls -%>\n    listen 443 ssl;\n    ssl_certificate <%= @pem %>;\n    ssl_certificate_key <%= @pem %>;\n<% else -%>\n    listen <%= @port %>;\n<% end -%>\n"),
            cure.clone(),
        ),
        ("chat.conf.tmpl", SITE.replace("chat.test", "{{ .Host }}{{ range .More }} {{ . }}{{ end }}"), cure.clone()),
        ("windows.yaml", with("conf:\n  chat.conf: |\n", &indented(SITE, 4), "").replace('\n', "\r\n"), cure),
    ]
}

fn findings(tree: &Tree, arguments: &[&str]) -> Vec<Value> {
    let run = tree.run(&[&["--format", "json", "--fail-on", "never"], arguments].concat());
    let output: Value = serde_json::from_str(&run.stdout).unwrap();
    output.get("findings").and_then(Value::as_array).cloned().unwrap()
}

#[test]
fn each_form_is_judged_and_blamed_in_the_file_itself() {
    for (name, text, _) in fixtures() {
        let tree = Tree::new(&[(name, text.as_str())]);
        let found = findings(&tree, &["."]);
        let errors: Vec<&Value> = found.iter().filter(|finding| finding["severity"] == "error").collect();
        assert_eq!(errors.len(), 1, "{name}: {found:#?}");
        let finding = errors[0];
        assert_eq!((&finding["rule"], &finding["file"]), (&Value::from(RULE), &Value::from(name)), "{name}");
        // The range is the line on disk.
        let range = &finding["range"];
        let offset = |end: &str| usize::try_from(range[end]["offset"].as_u64().unwrap()).unwrap();
        let blamed = &text[offset("start")..offset("end")];
        assert!(blamed.starts_with("proxy_set_header Upgrade"), "{name}: {blamed}");
        let line = range["start"]["line"].as_u64().unwrap();
        assert_eq!(text[..offset("start")].matches('\n').count() as u64 + 1, line, "{name}");
    }
}

/// What is said of a file does not depend on whether it or its folder is given, but for what other files tell.
#[test]
fn a_file_that_is_named_is_judged_as_in_its_folder() {
    let config_map = fixtures().remove(0).1;
    let dump = format!(
        "# configuration file /etc/nginx/nginx.conf:\nevents {{}}\nhttp {{ include conf.d/*.conf; }}\n# configuration file /etc/nginx/conf.d/a.conf:\n{SITE}"
    );
    let script = format!("#!/bin/sh\ncat > /etc/nginx/conf.d/a.conf <<'EOF'\n{SITE}EOF\n");
    let page = format!("# Chat\n\n```nginx\n{SITE}```\n");
    let gitlab = format!(
        "nginx['custom_nginx_config'] = \"include x;\"\nnginx['custom_gitlab_server_config'] = <<'EOS'\n{SITE}EOS\n"
    );
    let others = [
        ("deploy/cm.yaml.j2", config_map.replace("chat.test", "{{ host }}")),
        ("roles/web/templates/cm.yml", config_map.clone()),
        ("cm.tpl", config_map.replace("name: chat", "name: {{ .Name }}")),
        ("bin/install", script),
        ("Dockerfile.web", format!("FROM nginx\nCOPY <<'EOF' /etc/nginx/conf.d/a.conf\n{SITE}EOF\n")),
        ("web.dockerfile", format!("FROM nginx\nRUN cat > /etc/nginx/conf.d/a.conf <<'EOF'\n{SITE}EOF\n")),
        ("host.txt", dump.clone()),
        ("host.conf", dump),
        ("README.md", page),
        ("gitlab.rb", gitlab),
        ("site", SITE.to_owned()),
        ("site.txt", SITE.to_owned()),
        ("chat.conf.in", SITE.replace("chat.test", "@HOST@")),
        ("nginx.tmpl", SITE.replace("chat.test", "{{ .Host }}")),
        ("chat.conf.bak", SITE.to_owned()),
        ("ingress.yaml", "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: a\n  annotations: {nginx.ingress.kubernetes.io/proxy-read-timeout: 30s}\nspec:\n  ingressClassName: nginx\n  rules:\n    - http:\n        paths:\n          - path: /ws\n            backend: {service: {name: ws, port: {number: 1}}}\n".to_owned()),
    ];
    let forms = fixtures().into_iter().map(|(name, text, _)| (name, text));
    for (name, text) in forms.chain(others) {
        let tree = Tree::new(&[(name, text.as_str())]);
        let said = |arguments: &[&str]| -> Vec<String> {
            let shown = |one: &Value| format!("{} {} {}", one["rule"], one["range"], one["message"]);
            findings(&tree, arguments).iter().map(shown).collect()
        };
        let (in_folder, named) = (said(&["."]), said(&[name]));
        // Naming a file is how one is judged whose name folders are not searched for.
        if !in_folder.is_empty() {
            assert_eq!(named, in_folder, "{name}");
        }
        let whole = tree.path(name);
        assert_eq!(said(&[whole.to_str().unwrap()]).len(), named.len(), "{name}");
        if name == "README.md" {
            assert_eq!(said(&["--docs", name]), said(&["--docs", "."]), "{name}");
        }
        let refused = named.iter().any(|said| said.contains("refuses to start"));
        assert!(!refused, "{name}: {named:#?}");
    }
}

#[test]
fn each_form_is_fixed_in_the_file_itself() {
    for (name, text, cure) in fixtures() {
        let tree = Tree::new(&[(name, text.as_str())]);
        let run = tree.run(&["--fix", "--fail-on", "never", "."]);
        let fixed = fs::read_to_string(tree.path(name)).unwrap();
        assert!(fixed.contains(&cure), "{name}: {}\n{fixed}", run.shown());
        // Nothing else has changed.
        let added: Vec<&str> =
            fixed.lines().filter(|line| !text.lines().any(|other| other == *line)).collect();
        assert_eq!(added.len(), 1, "{name}: {added:?}");
        let kept: Vec<&str> = fixed.lines().filter(|line| !added.contains(line)).collect();
        assert_eq!(kept, text.lines().collect::<Vec<_>>(), "{name}");
        assert!(findings(&tree, &["."]).iter().all(|finding| finding["rule"] != RULE), "{name}");
        // A second run has nothing to do.
        tree.run(&["--fix", "--fail-on", "never", "."]);
        assert_eq!(fs::read_to_string(tree.path(name)).unwrap(), fixed, "{name}");
        if name.ends_with(".sh") {
            let checked = Command::new("bash").arg("-n").arg(tree.path(name)).status();
            assert!(checked.unwrap().success(), "{name}");
        }
    }
}

/// What the edit of a finding says is the edit that `--fix` makes.
#[test]
fn edits_in_json_are_those_of_the_file() {
    for (name, text, _) in fixtures() {
        let tree = Tree::new(&[(name, text.as_str())]);
        let found = findings(&tree, &["."]);
        let finding = found.iter().find(|finding| finding["rule"] == RULE).unwrap();
        let edits = finding["fix"]["edits"].as_array().unwrap();
        let mut edited = text.clone();
        for edit in edits.iter().rev() {
            assert_eq!(edit["file"], name);
            let offset = |end: &str| usize::try_from(edit["range"][end]["offset"].as_u64().unwrap()).unwrap();
            edited.replace_range(offset("start")..offset("end"), edit["replacement"].as_str().unwrap());
        }
        tree.run(&["--fix", "--fail-on", "never", "."]);
        assert_eq!(fs::read_to_string(tree.path(name)).unwrap(), edited, "{name}");
    }
}

/// A line of which nobody knows where it ends is not edited, and neither is what stands beside a mark.
#[test]
fn what_a_template_fills_in_is_not_edited() {
    let value = "proxy_set_header Connection {{ connection }};";
    let text = SITE.replace(
        "        proxy_set_header Upgrade $http_upgrade;\n",
        "        {% if x %}proxy_set_header Upgrade $http_upgrade;{% endif %}\n",
    );
    for text in [
        text,
        SITE.replace("proxy_set_header Upgrade", &format!("{value}\n        proxy_set_header Upgrade")),
    ] {
        let tree = Tree::new(&[("chat.conf.j2", text.as_str())]);
        tree.run(&["--fix", "--unsafe-fixes", "--fail-on", "never", "."]);
        let fixed = fs::read_to_string(tree.path("chat.conf.j2")).unwrap();
        for mark in ["{% if x %}", "{% endif %}", value] {
            assert_eq!(fixed.contains(mark), text.contains(mark), "{fixed}");
        }
    }
}

fn dump() -> String {
    format!(
        "$ sudo nginx -T\nnginx: the configuration file /etc/nginx/nginx.conf syntax is ok\n\
         # configuration file /etc/nginx/nginx.conf:\nevents {{}}\nhttp {{\n    include /etc/nginx/conf.d/*.conf;\n    include /usr/share/own/*.conf;\n}}\n\n\
         # configuration file /etc/nginx/conf.d/chat.conf:\n{SITE}\n"
    )
}

#[test]
fn a_dump_is_the_tree_that_was_dumped() {
    let dump = dump();
    let prefixed: String = dump.lines().map(|line| format!("web-1  | {line}\n")).collect();
    for (name, text) in [("dump.txt", dump.clone()), ("dump.conf", dump.clone()), ("log.txt", prefixed)] {
        let tree = Tree::new(&[(name, text.as_str())]);
        for argument in [".", name] {
            let found = findings(&tree, &[argument]);
            let finding = found.iter().find(|finding| finding["rule"] == RULE).unwrap();
            let view = &finding["view"];
            let line = SITE.lines().position(|line| line.contains("Upgrade $http")).unwrap() + 1;
            assert_eq!(view["path"], "/etc/nginx/conf.d/chat.conf", "{name}");
            assert_eq!(view["line"], line, "{name}");
            assert_eq!(finding["file"], name);
            // Everything is known: nothing is said to depend on other files.
            assert!(!finding["message"].as_str().unwrap().contains("was not given"), "{finding}");
            assert_eq!(finding["confidence"], "high");
        }
    }
    let tree = Tree::new(&[("dump.txt", dump.as_str())]);
    let run = tree.run(&["--fix", "."]);
    assert!(run.stdout.contains("is what `nginx -T` printed"), "{}", run.shown());
    assert_eq!(fs::read_to_string(tree.path("dump.txt")).unwrap(), dump);
    let run = tree.run(&["--diff", "."]);
    assert!(run.stdout.contains(&format!("+        {CURE}")), "{}", run.shown());
    // What stands before the cut is as known as ever, and what would stand behind it is not.
    for (missing, is_known) in [(3, true), (20, false)] {
        let cut = dump.split_at(dump.len() - missing).0.to_owned();
        let tree = Tree::new(&[("dump.txt", cut.as_str())]);
        let is_found = findings(&tree, &["."]).iter().any(|finding| finding["rule"] == RULE);
        assert_eq!(is_found, is_known, "{cut}");
    }
}

#[test]
fn dumps_of_several_machines_are_told_apart() {
    let other = dump().replace("chat.test", "other.test");
    let tree = Tree::new(&[("a.txt", dump().as_str()), ("b.txt", other.as_str())]);
    let found = findings(&tree, &["--host", "web1=a.txt", "--host", "web2=b.txt"]);
    let of = |host: &str| {
        found.iter().filter(|finding| finding["view"]["host"] == host && finding["rule"] == RULE).count()
    };
    assert_eq!((of("web1"), of("web2")), (1, 1), "{found:#?}");
    let run = tree.run(&["--format", "concise", "--host", "web1=a.txt"]);
    assert!(run.stdout.contains("(web1:/etc/nginx/conf.d/chat.conf:"), "{}", run.shown());
    for (second, twice) in [("web1=b.txt", "web1"), ("web2=./a.txt", "./a.txt")] {
        let run = tree.run(&["--host", "web1=a.txt", "--host", second]);
        assert_eq!(run.code, Some(2), "{}", run.shown());
        assert!(run.stderr.contains(&format!("--host names `{twice}` twice")), "{}", run.shown());
    }
}

#[test]
fn documentation_is_read_on_request_and_never_refused() {
    let page = format!(
        "# Chat\n\n```nginx\n{SITE}```\n\n```nginx\nlocation /x {{\n    ...\n    proxy_passs http://a;\n```\n"
    );
    let tree = Tree::new(&[("README.md", page.as_str()), ("nginx.conf", "events {}\nhttp {}\n")]);
    assert!(findings(&tree, &["."]).iter().all(|finding| finding["file"] != "README.md"));
    let found = findings(&tree, &["--docs", "."]);
    assert!(
        found.iter().any(|finding| finding["file"] == "README.md" && finding["rule"] == RULE),
        "{found:#?}"
    );
    let refuses =
        |finding: &Value| finding["message"].as_str().unwrap().starts_with("nginx refuses to start");
    assert!(!found.iter().any(refuses), "{found:#?}");
}

/// One key includes the others, and mounts say where they are.
#[test]
fn the_keys_of_a_config_map_are_files_of_one_folder() {
    let main = "events {}\nhttp {\n    map $http_upgrade $connection_upgrade { default upgrade; '' close; }\n    include /etc/nginx/sites/*.conf;\n}\n";
    let (_, server) = SITE.split_at(SITE.find("server {").unwrap());
    let text = format!(
        "kind: ConfigMap\nmetadata:\n  name: web\ndata:\n  main: |\n{}  chat.conf: |\n{}---\nkind: Deployment\nspec:\n  template:\n    spec:\n      containers:\n        - name: web\n          volumeMounts:\n            - {{name: c, mountPath: /etc/nginx/nginx.conf, subPath: main}}\n            - {{name: c, mountPath: /etc/nginx/sites}}\n      volumes:\n        - name: c\n          configMap: {{name: web}}\n",
        indented(main, 4),
        indented(server, 4)
    );
    let tree = Tree::new(&[("web.yaml", text.as_str())]);
    let found = findings(&tree, &["."]);
    let finding = found.iter().find(|finding| finding["rule"] == RULE).unwrap();
    assert_eq!(finding["view"]["name"], "web.yaml#chat.conf");
    assert!(!finding["message"].as_str().unwrap().contains("was not given"), "{finding:#?}");
    let run = tree.run(&["--show-files", "--fail-on", "never", "."]);
    assert!(run.stdout.contains("included    web.yaml#chat.conf"), "{}", run.shown());
}

/// A branch is an alternative: what is in the other one is neither a duplicate nor inherited.
#[test]
fn branches_are_alternatives() {
    let ways = "server {
    listen 80;
    server_name a.test;
    {% if v2 %}
    location /ws/ {
        proxy_pass http://127.0.0.1:1;
        proxy_http_version 1.1;
        proxy_read_timeout 1h;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection upgrade;
    }
    {% else %}
    location /ws/ {
        proxy_pass http://127.0.0.1:2;
    }
    {% endif %}
}
";
    let tree = Tree::new(&[("a.conf.j2", ways)]);
    let found = findings(&tree, &["."]);
    let rules: Vec<&str> = found.iter().filter_map(|finding| finding["rule"].as_str()).collect();
    assert!(!rules.contains(&"duplicate-location"), "{rules:?}");
    assert!(rules.contains(&"missing-upgrade-header"), "{rules:?}");
    // The line is on one way alone, so there is nothing to add.
    let text = ways
        .replace("    {% else %}\n    location /ws/ {\n        proxy_pass http://127.0.0.1:2;\n    }\n", "");
    let half = text.replace(
        "        proxy_set_header Connection upgrade;\n",
        "        {% if x %}\n        proxy_set_header Connection upgrade;\n        {% endif %}\n",
    );
    let tree = Tree::new(&[("a.conf.j2", half.as_str())]);
    let found = findings(&tree, &["."]);
    let finding = found.iter().find(|finding| finding["rule"] == RULE).unwrap();
    assert_eq!(finding["label"], "where `x` does not hold in the template");
}

#[test]
fn templates_stand_for_the_files_that_are_made_of_them() {
    let main = "events {}\nhttp {\n    include /etc/nginx/conf.d/*.conf;\n}\n";
    for folder in ["templates", "conf.d", "conf.d/templates"] {
        let path = format!("nginx/{folder}/chat.conf.template");
        let tree = Tree::new(&[("nginx/nginx.conf", main), (path.as_str(), SITE)]);
        let run = tree.run(&["--show-files", "--fail-on", "never", "."]);
        assert!(run.stdout.contains(&format!("included    {path}")), "{}", run.shown());
    }
}

/// What is found in a file and judged says nothing of the rest of it.
#[test]
fn lines_of_nginx_beside_the_texts_that_are_judged_are_said() {
    let script = format!(
        "#!/bin/sh\ncat > /etc/nginx/conf.d/chat.conf <<'EOF'\n{SITE}EOF\necho 'server_name a; proxy_pass http://b;' > x\n"
    );
    let tree = Tree::new(&[("install.sh", script.as_str())]);
    let run = tree.run(&["--show-files", "--fail-on", "never", "."]);
    assert!(run.stdout.contains("judged      install.sh#chat.conf"), "{}", run.shown());
    assert!(run.stdout.contains("not-judged  install.sh: shell script"), "{}", run.shown());
    assert_eq!(tree.run(&["--fail-on", "never", "install.sh"]).code, Some(2));
}

/// The name of a service in a cluster is stable; that of a container is not.
#[test]
fn names_of_a_cluster_are_stable() {
    let site = SITE.replace("127.0.0.1", "chat");
    let rule = "stale-upstream-address";
    let map = format!("apiVersion: v1\nkind: ConfigMap\ndata:\n  chat.conf: |\n{}", indented(&site, 4));
    for (name, text, is_blamed) in [("a.yaml", map.as_str(), false), ("a.conf", site.as_str(), true)] {
        let tree = Tree::new(&[(name, text)]);
        let found = findings(&tree, &["."]);
        assert_eq!(found.iter().any(|finding| finding["rule"] == rule), is_blamed, "{name}");
    }
}

#[test]
fn absolute_links_of_a_copied_tree_lead_into_it() {
    let main = "events {}\nhttp {\n    include /etc/nginx/sites-enabled/*;\n}\n";
    let tree =
        Tree::new(&[("srv/nginx.conf", main), ("srv/sites-available/chat", SITE), ("other/chat", SITE)]);
    fs::create_dir(tree.path("srv/sites-enabled")).unwrap();
    let link = |target: &str, name: &str| std::os::unix::fs::symlink(target, tree.path(name)).unwrap();
    link("/etc/nginx/sites-available/chat", "srv/sites-enabled/chat");
    link("/etc/hostname", "srv/sites-enabled/outside");
    let run = tree.run(&["--show-files", "--fail-on", "never", "srv"]);
    assert!(run.stdout.contains("included    srv/sites-enabled/chat"), "{}", run.shown());
    assert!(run.stdout.contains("not-judged  srv/sites-enabled/outside"), "{}", run.shown());
    assert!(findings(&tree, &["srv"]).iter().any(|finding| finding["rule"] == RULE));
}

/// A template that another one includes is judged where it comes out.
#[test]
fn templates_include_templates() {
    let (map, server) = SITE.split_at(SITE.find("server {").unwrap());
    let lines = "        proxy_set_header Upgrade $http_upgrade;\n";
    let site = format!("{map}{}", server.replace(lines, "        {% include 'headers.j2' %}\n"));
    let tree = Tree::new(&[("nginx/site.conf.j2", site.as_str()), ("nginx/headers.j2", lines)]);
    let found = findings(&tree, &["."]);
    let finding = found.iter().find(|finding| finding["rule"] == RULE).unwrap();
    assert_eq!(finding["file"], "nginx/headers.j2");
    // One that is not there is like any include that was not given.
    let tree = Tree::new(&[("nginx/site.conf.j2", site.as_str())]);
    assert!(findings(&tree, &["."]).iter().all(|finding| finding["severity"] != "error"));
}

/// Whatever path a text says that it has, it stays inside the file that holds it.
#[test]
fn no_path_leads_out_of_the_file() {
    let hostile = format!(
        "write_files:\n  - path: /../../site.conf\n    content: |\n{}  - path: /etc/nginx/../../../nginx.conf\n    content: |\n{}",
        indented(SITE, 6),
        indented(SITE, 6)
    );
    let plain = "server {\n    listen 81;\n}\n";
    let main = "events {}\nhttp {\n    include site.conf;\n}\n";
    let tree =
        Tree::new(&[("a/cloud.yaml", hostile.as_str()), ("a/site.conf", plain), ("a/nginx.conf", main)]);
    let run = tree.run(&["--show-files", "--fail-on", "never", "a"]);
    assert!(run.stdout.contains("included    a/site.conf: of a/nginx.conf\n"), "{}", run.shown());
    let found = findings(&tree, &["a"]);
    assert!(found.iter().any(|finding| finding["rule"] == RULE), "{found:#?}");
    assert!(
        found
            .iter()
            .filter(|finding| finding["rule"] == RULE)
            .all(|finding| finding["file"] == "a/cloud.yaml")
    );
}

/// `GitLab`'s omnibus package takes lines of nginx in strings of Ruby, in a file of its own or in a compose file.
#[test]
fn settings_of_omnibus_are_read() {
    let site = SITE.split_at(SITE.find("server {").unwrap()).1.replace('\n', "\\n");
    let setting = format!("nginx['custom_nginx_config'] = \"{site}\"\n");
    let compose = format!(
        "services:\n  git:\n    image: gitlab/gitlab-ce\n    environment:\n      GITLAB_OMNIBUS_CONFIG: |\n{}",
        indented(&setting.replace('$', "$$"), 8)
    );
    for (name, text) in [("gitlab.rb", setting.as_str()), ("compose.yaml", compose.as_str())] {
        let tree = Tree::new(&[(name, text)]);
        let found = findings(&tree, &["."]);
        let finding = found.iter().find(|finding| finding["rule"] == RULE).unwrap();
        assert_eq!(finding["view"]["name"], format!("{name}#custom_nginx_config.conf"), "{name}");
        assert!(finding["fix"].is_null(), "{name}");
    }
}

/// Terraform fills in `*.tftpl`, nginx's own text or YAML that holds some.
#[test]
fn templates_of_terraform_are_read() {
    let site = SITE.replace("chat.test", "${host}");
    let cloud = format!(
        "#cloud-config\nwrite_files:\n  - path: /etc/nginx/conf.d/chat.conf\n    content: |\n{}",
        indented(&site, 6)
    );
    for (name, text) in [
        ("nginx.conf.tftpl", site.as_str()),
        ("cloud-init.yaml.tftpl", cloud.as_str()),
        ("chat.tftpl", site.as_str()),
    ] {
        let tree = Tree::new(&[(name, text)]);
        let found = findings(&tree, &["."]);
        assert!(found.iter().any(|finding| finding["rule"] == RULE), "{name}: {found:#?}");
    }
}

/// What `--fix` does not write is not called fixable, and whoever edits it by hand is told how it is kept.
#[test]
fn what_is_not_written_is_not_called_fixable() {
    let dump = format!(
        "# configuration file /etc/nginx/nginx.conf:\nevents {{}}\nhttp {{ include conf.d/*.conf; }}\n# configuration file /etc/nginx/conf.d/a.conf:\n{SITE}"
    );
    let folded = fixtures().remove(0).1.replace("chat.conf: |", "chat.conf: >");
    for (name, text, is_dump) in [("dump.txt", dump, true), ("cm.yaml", folded, false)] {
        let tree = Tree::new(&[(name, text.as_str())]);
        let run = tree.run(&["--format", "json", "--fail-on", "never", "."]);
        let outcome: Value = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!(
            (&outcome["summary"]["fixable"], &outcome["summary"]["fixable_safely"]),
            (&0.into(), &0.into())
        );
        let error = outcome["findings"].as_array().unwrap().iter().find(|one| one["rule"] == RULE).unwrap();
        let help = error["help"].as_str().unwrap();
        assert_eq!(
            help.contains("no fix edits this text: it is a folded scalar"),
            !is_dump,
            "{name}: {help}"
        );
        let shown = tree.run(&["--fail-on", "never", "."]).shown();
        assert!(!shown.contains("fixable"), "{name}: {shown}");
    }
}

/// A log may hold what several machines print: none of them is left out, and none has files of another.
#[test]
fn each_dump_of_a_log_is_judged() {
    let dump = |machine: &str| {
        format!(
            "root@{machine}:~# nginx -T\n# configuration file /etc/nginx/nginx.conf:\nevents {{}}\nhttp {{\n    include /etc/nginx/conf.d/*.conf;\n}}\n\n# configuration file /etc/nginx/conf.d/{machine}.conf:\nserver {{\n    listen 80;\n    server_name {machine}.test;\n    location /ws {{\n        proxy_pass http://127.0.0.1:1;\n        proxy_set_header Upgrade $http_upgrade;\n    }}\n}}\n\n"
        )
    };
    let both = [dump("one"), dump("two")].concat();
    let tree = Tree::new(&[("dumps.txt", both.as_str())]);
    let found = findings(&tree, &["dumps.txt"]);
    let count = found.iter().filter(|finding| finding["rule"] == "missing-connection-header").count();
    assert_eq!(count, 2, "{found:?}");
}
