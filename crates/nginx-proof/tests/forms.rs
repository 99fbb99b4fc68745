//! What is said of configurations that other files hold is what `nginx -t` says of what becomes of them.
//!
//! Each configuration is packed into every form, in the way of that form and not by the code that reads it. nginx gets the
//! files themselves, the linter gets the form: "refuses to start" is said where nginx refuses, and nowhere else.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

use std::path::PathBuf;

use lint_engine::{Settings, lint};
use lint_finding::Severity;
use nginx_proof::{Binary, Running, Setup, found};
use nginx_semantics::{MemoryFiles, Scope, VersionRange};

const MAIN: &str = "worker_processes 1;
events {}
http {
    map $http_upgrade $connection_upgrade {
        default upgrade;
        '' close;
    }
    include /etc/nginx/conf.d/*.conf;
}
";

const SITE: &str = "server {
    listen 8080;
    server_name chat.test;
    # '$uri' and \"quotes\" stay as they are.
    location /socket.io/ {
        proxy_pass http://127.0.0.1:3000;
        proxy_http_version 1.1;
        proxy_read_timeout 1h;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection $connection_upgrade;
        proxy_set_header X-Path \"${uri}\\\\d\";
    }
    location ~ ^/a\\d{2}$ { return 204; }
}
";

/// A change of the main file or the site: what stands there, and what stands there instead.
const CHANGES: &[(&str, &str)] = &[
    ("", ""),
    ("listen 8080;", "listen 8080 default_server;"),
    ("    listen 8080;", "    listen 8080;\n    listen 8080;"),
    ("proxy_read_timeout 1h;", "proxy_read_timeout 1h"),
    ("proxy_read_timeout 1h;", "proxy_read_timeout soon;"),
    ("proxy_read_timeout 1h;", "proxy_read_timeout 1h; proxy_read_timeout 2h;"),
    ("proxy_http_version 1.1;", "proxy_http_version 1.2;"),
    ("proxy_pass http://127.0.0.1:3000;", "proxy_pass ws://127.0.0.1:3000;"),
    ("location ~ ^/a\\d{2}$ {", "location ~ \"^/a\\d{2}$\" {"),
    ("return 204;", "return 204 a b;"),
    ("return 204;", "listen 1;"),
    ("$connection_upgrade;\n        proxy_set_header X", "$connection_upgarde;\n        proxy_set_header X"),
    ("events {}", "events {}\nevents {}"),
    ("include /etc/nginx/conf.d/*.conf;", "include /etc/nginx/conf.d/chat.conf;"),
    ("include /etc/nginx/conf.d/*.conf;\n}", "include /etc/nginx/conf.d/*.conf;"),
    ("        '' close;\n", "        '' close;\n        '' upgrade;\n"),
];

/// The files of nginx, the main one first.
type Tree = Vec<(&'static str, String)>;

fn trees() -> Vec<Tree> {
    let changed = |(from, to): &(&str, &str)| {
        let tree = [("nginx.conf", MAIN), ("conf.d/chat.conf", SITE)];
        let all: Tree = tree.map(|(name, text)| (name, text.replacen(from, to, 1))).to_vec();
        let count = [MAIN, SITE].iter().filter(|text| text.contains(from)).count();
        assert!(count == 1 || from.is_empty(), "{from}");
        // An error of the fixture that all of them have would prove nothing.
        let is_mended = from.is_empty() || from.contains("\\d{2}");
        match is_mended {
            true => all,
            false => all
                .into_iter()
                .map(|(name, text)| (name, text.replace("^/a\\d{2}$", "\"^/a\\d{2}$\"")))
                .collect(),
        }
    };
    CHANGES.iter().map(changed).collect()
}

fn indented(text: &str, by: usize) -> String {
    let pad = " ".repeat(by);
    text.lines()
        .map(|line| if line.is_empty() { "\n".to_owned() } else { format!("{pad}{line}\n") })
        .collect()
}

/// A name of a form, its file, and what that holds.
type Packed = (&'static str, &'static str, String);

/// The files in each form.
fn packed(tree: &Tree) -> Vec<Packed> {
    let join = |one: &dyn Fn(&str, &str) -> String| -> String {
        tree.iter().map(|(name, text)| one(name, text)).collect()
    };
    let key = |name: &str| name.rsplit('/').next().unwrap_or_default().to_owned();
    let map = join(&|name, text| format!("  {}: |\n{}", key(name), indented(text, 4)));
    let map = format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: web\ndata:\n{map}");
    let deployment = "---\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  template:\n    spec:\n      containers:\n        - name: nginx\n          image: nginx\n          volumeMounts:\n            - name: conf\n              mountPath: /etc/nginx/nginx.conf\n              subPath: nginx.conf\n            - name: conf\n              mountPath: /etc/nginx/conf.d/chat.conf\n              subPath: chat.conf\n      volumes:\n        - name: conf\n          configMap:\n            name: web\n";
    let configs = join(&|name, text| {
        format!(
            "  {}:\n    content: |\n{}",
            key(name).replace('.', "-"),
            indented(&text.replace('$', "$$"), 6)
        )
    });
    let targets = join(&|name, _| {
        format!("      - source: {}\n        target: /etc/nginx/{name}\n", key(name).replace('.', "-"))
    });
    let compose = format!("services:\n  web:\n    image: nginx\n    configs:\n{targets}configs:\n{configs}");
    let quoted = join(&|name, text| format!("cat > /etc/nginx/{name} <<'EOF'\n{text}EOF\n"));
    let unquoted = join(&|name, text| {
        let text = text.replace('\\', "\\\\").replace('$', "\\$");
        format!("tee /etc/nginx/{name} >/dev/null <<EOF\n{text}EOF\n")
    });
    let docker = join(&|name, text| format!("COPY <<'EOF' /etc/nginx/{name}\n{text}EOF\n"));
    let cloud =
        join(&|name, text| format!("  - path: /etc/nginx/{name}\n    content: |\n{}", indented(text, 6)));
    let tasks = join(&|name, text| {
        format!("- ansible.builtin.copy:\n    dest: /etc/nginx/{name}\n    content: |\n{}", indented(text, 6))
    });
    vec![
        ("ConfigMap", "web.yaml", map.clone()),
        ("ConfigMap with mounts", "web.yaml", format!("{map}{deployment}")),
        ("Windows", "web.yaml", map.replace('\n', "\r\n")),
        ("compose", "compose.yaml", compose),
        ("quoted heredoc", "install.sh", format!("#!/bin/sh\n{quoted}")),
        ("heredoc", "install.sh", format!("#!/bin/sh\n{unquoted}")),
        ("Dockerfile", "Dockerfile", format!("FROM nginx\n{docker}")),
        ("cloud-init", "user-data.yaml", format!("#cloud-config\nwrite_files:\n{cloud}")),
        ("Ansible", "tasks/main.yml", tasks),
    ]
}

/// What is said that nginx refuses: as an error, and as anything less.
fn refusals(files: &[(&str, &str)], versions: VersionRange) -> (Vec<String>, Vec<String>) {
    let folder = PathBuf::from("/tree");
    let mut memory = MemoryFiles::new();
    for (name, text) in files {
        memory.insert(folder.join(name), text.as_bytes().to_vec());
    }
    let scope = Scope { given: vec![folder.clone()], working_folder: folder.clone(), ..Scope::default() };
    let settings = Settings { versions: Some(versions), ..Settings::default() };
    let outcome = lint(&memory, &[folder], &scope, &settings);
    let refusing = outcome.findings.iter().filter(|finding| finding.message.contains("refuses to start"));
    let (errors, others): (Vec<_>, Vec<_>) =
        refusing.partition(|finding| finding.severity == Severity::Error);
    let messages = |all: Vec<&lint_finding::Finding>| all.iter().map(|one| one.message.to_string()).collect();
    (messages(errors), messages(others))
}

/// What a real nginx refuses; empty where it starts.
fn verdict(binary: &Binary, tree: &[(&str, String)]) -> String {
    let files = tree.iter().map(|(name, text)| ((*name).to_owned(), text.clone())).collect();
    let setup = Setup { files, ..Setup::default() };
    let running = Running::start(binary, &setup).unwrap();
    running.verdict().message.clone()
}

#[test]
fn what_nginx_refuses_of_a_text_is_said_of_the_file_that_holds_it() {
    let found = found().unwrap();
    let (mut refused, mut all) = (0, 0);
    for binary in &found {
        for tree in trees() {
            let message = verdict(binary, &tree);
            let versions = VersionRange::exactly(binary.version);
            let plain: Vec<(&str, &str)> = tree.iter().map(|(name, text)| (*name, text.as_str())).collect();
            let (said, _) = refusals(&plain, versions);
            assert_eq!(
                said.is_empty(),
                message.is_empty(),
                "nginx {}: {message} / {said:#?}",
                binary.version
            );
            for (form, name, text) in packed(&tree) {
                let (errors, _) = refusals(&[(name, text.as_str())], versions);
                all += 1;
                refused += usize::from(!message.is_empty());
                assert_eq!(
                    errors.is_empty(),
                    message.is_empty(),
                    "nginx {} on {form}: {message:?} / {errors:#?}\n{text}",
                    binary.version
                );
                // The same mistake, not any.
                assert_eq!(errors, said, "{form}\n{text}");
            }
        }
    }
    // One half of the proof without the other proves nothing.
    assert!(found.is_empty() || refused * 2 > all && refused < all, "{refused} of {all}");
}

/// A template with what engines make of it.
struct Template {
    name: &'static str,
    text: &'static str,
    /// What stands for what, in each rendering.
    renderings: &'static [&'static [(&'static str, &'static str)]],
}

const TEMPLATES: &[Template] = &[
    Template {
        name: "templates/chat.conf.template",
        text: "server {\n    listen ${PORT};\n    location / {\n        proxy_pass http://${APP};\n        proxy_read_timeout ${TIME};\n    }\n}\n",
        renderings: &[&[("${PORT}", "8080"), ("${APP}", "127.0.0.1:1"), ("${TIME}", "1h")]],
    },
    Template {
        name: "templates/chat.conf.template",
        text: "server {\n    listen ${PORT};\n    location / {\n        proxy_pass http://${APP};\n        proxy_read_timeout ${TIME};\n        proxy_read_timeout 1h;\n    }\n}\n",
        renderings: &[&[("${PORT}", "8080"), ("${APP}", "127.0.0.1:1"), ("${TIME}", "1h")]],
    },
    Template {
        name: "chat.conf.j2",
        text: "server {\n{% if tls %}\n    listen 8443 ssl;\n    ssl_certificate cert.pem;\n    ssl_certificate_key key.pem;\n{% else %}\n    listen 8080;\n{% endif %}\n    location / { return 204; }\n}\n",
        renderings: &[
            &[("{% if tls %}", ""), ("{% else %}\n    listen 8080;\n{% endif %}", "")],
            &[
                (
                    "{% if tls %}\n    listen 8443 ssl;\n    ssl_certificate cert.pem;\n    ssl_certificate_key key.pem;\n{% else %}",
                    "",
                ),
                ("{% endif %}", ""),
            ],
        ],
    },
    // One way is refused, the other is not.
    Template {
        name: "chat.conf.j2",
        text: "server {\n    listen 8080;\n{% if big %}\n    client_max_body_size 1m;\n{% endif %}\n    client_max_body_size 2m;\n    location / { return 204; }\n}\n",
        renderings: &[
            &[("{% if big %}", ""), ("{% endif %}", "")],
            &[("{% if big %}\n    client_max_body_size 1m;\n{% endif %}", "")],
        ],
    },
    // Both are.
    Template {
        name: "chat.conf.erb",
        text: "server {\n    listen 8080;\n<% if @a -%>\n    root /a;\n<% else -%>\n    root /b;\n<% end -%>\n    root /c;\n    location / { return 204; }\n}\n",
        renderings: &[
            &[("<% if @a -%>", ""), ("<% else -%>\n    root /b;\n<% end -%>", "")],
            &[("<% if @a -%>\n    root /a;\n<% else -%>", ""), ("<% end -%>", "")],
        ],
    },
    // A mistake that stands in one branch alone.
    Template {
        name: "chat.conf.tmpl",
        text: "server {\n    listen 8080;\n    {{ if .Long }}\n    proxy_read_timeout sonn;\n    {{ end }}\n    location / { return {{ .Code }}; }\n}\n",
        renderings: &[
            &[("{{ if .Long }}", ""), ("{{ end }}", ""), ("{{ .Code }}", "204")],
            &[("{{ if .Long }}\n    proxy_read_timeout sonn;\n    {{ end }}", ""), ("{{ .Code }}", "404")],
        ],
    },
];

#[test]
fn what_nginx_refuses_of_renderings_is_said_of_their_template() {
    let found = found().unwrap();
    for binary in &found {
        for Template { name, text, renderings } in TEMPLATES {
            let rendered = renderings.iter().map(|marks| {
                marks.iter().fold((*text).to_owned(), |text, (mark, by)| {
                    assert!(text.contains(mark), "{mark}\n{text}");
                    text.replace(mark, by)
                })
            });
            let verdicts: Vec<String> = rendered
                .map(|text| verdict(binary, &[("nginx.conf", MAIN.to_owned()), ("conf.d/chat.conf", text)]))
                .collect();
            let main = MAIN.replace("/etc/nginx/conf.d/*.conf", "/etc/nginx/conf.d/chat.conf");
            let (errors, others) =
                refusals(&[("nginx.conf", &main), (name, text)], VersionRange::exactly(binary.version));
            let count = verdicts.iter().filter(|message| !message.is_empty()).count();
            let expected = match count {
                0 => (true, true),
                all if all == verdicts.len() => (false, true),
                // A wrong word in a branch is wrong wherever the branch is taken.
                _ if !errors.is_empty() && others.is_empty() && text.contains("sonn") => (false, true),
                _ => (true, false),
            };
            assert_eq!(
                (errors.is_empty(), others.is_empty()),
                expected,
                "{verdicts:?} / {errors:?} {others:?}\n{text}"
            );
        }
    }
}
