//! Nothing below a given folder is left unsaid: it is judged, or holds no nginx configuration, or is named with a reason
//! and counted.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::run::Tree;

const SERVER: &str =
    "server {\n    server_name a;\n    location /ws {\n        proxy_pass http://10.0.0.1;\n    }\n}\n";

/// A tree with every such thing: a path, its text, and what is to be said of it.
const FILES: [(&str, &str, &str); 58] = [
    (
        "nginx.conf",
        "events {}\nhttp {\n    include conf.d/*.conf;\n    include parts/ws.inc;\n    include listen.conf;\n}\n",
        "judged",
    ),
    ("conf.d/site.conf", SERVER, "included"),
    ("parts/ws.inc", "map $http_upgrade $connection_upgrade {\n    default upgrade;\n}\n", "included"),
    ("parts/other.inc", "proxy_http_version 1.1;\nproxy_set_header Upgrade $http_upgrade;\n", "other-name"),
    ("templates/listen.gotmpl", "server {\n    listen {{ .Port }};\n}\n", "included"),
    ("other/fragment.conf", SERVER, "judged"),
    // Hidden folders, and names without an extension.
    (".docker/nginx/site.conf", SERVER, "judged"),
    (
        ".platform/nginx/conf.d/elasticbeanstalk/ws.conf",
        "location /ws {\n    proxy_pass http://a;\n}\n",
        "judged",
    ),
    (
        ".ebextensions/proxy.config",
        "files:\n  x:\n    content: |\n      server_name a;\n      proxy_pass http://b;\n",
        "judged",
    ),
    (".ebextensions/proxy.config#x", "", "judged"),
    (".nginx.conf", SERVER, "judged"),
    ("nginx/default", SERVER, "other-name"),
    ("etc/sites-available/app", SERVER, "judged"),
    ("debian/nginx.conf", "events {}\nhttp {\n    include sites-enabled/*;\n}\n", "judged"),
    ("debian/sites-available/on", SERVER, "included"),
    ("debian/sites-available/off", SERVER, "not-enabled"),
    // Templates of all kinds.
    (
        "a/jinja.conf",
        "server {\n    {% if tls %}\n    listen 443 ssl;\n    {% endif %}\n    server_name a;\n}\n",
        "judged",
    ),
    ("a/default.conf.template", SERVER, "judged"),
    ("a/x.conf.j2", "server {\n    listen {{ port }};\n}\n", "judged"),
    ("a/x.erb", "server {\n    server_name <%= @name %>;\n    access_log off;\n}\n", "judged"),
    ("a/x.tmpl", SERVER, "judged"),
    (
        "a/docker-gen.tmpl",
        "{{ range groupByMulti $ \"Env.VIRTUAL_HOST\" \",\" }}\nserver {\n    server_name a;\n}\n{{ end }}\n",
        "template",
    ),
    (
        "a/maker.j2",
        "server {\n    server_name {{ '{{' }} name }};\n    {{ '{%' }} if tls {{ '%}' }}\n    access_log off;\n    {{ '{%' }} endif {{ '%}' }}\n}\n",
        "template",
    ),
    // What is kept beside.
    ("b/x.conf.example", SERVER, "other-name"),
    ("b/x.conf.sample", SERVER, "other-name"),
    ("b/x.conf.dist", SERVER, "other-name"),
    ("b/x.conf.bak", SERVER, "other-name"),
    ("b/x.conf~", SERVER, "other-name"),
    ("b/x.txt", SERVER, "other-name"),
    // Other kinds.
    (
        "c/configmap.yaml",
        "data:\n  nginx.conf: |\n    server {\n      server_name a;\n      proxy_pass http://b;\n    }\n",
        "judged",
    ),
    ("c/configmap.yaml#nginx.conf", "", "judged"),
    ("c/values.yaml", "conf:\n  server_name a;\n  proxy_pass http://b;\n", "yaml"),
    ("c/README.md", "```nginx\nlocation /ws {\n    proxy_pass http://a;\n}\n```\n", "markup"),
    (
        "c/setup.sh",
        "cat > x <<EOF\nserver {\n    server_name a;\n    proxy_pass http://b;\n}\nEOF\n",
        "judged",
    ),
    ("c/setup.sh#x", "", "judged"),
    ("c/setup", "#!/bin/sh\ncat > x <<EOF\nserver_name a;\nproxy_pass http://b;\nEOF\n", "judged"),
    ("c/setup#x", "", "judged"),
    ("c/echo.sh", "echo 'server_name a;\nproxy_pass http://b;' > x\n", "shell-script"),
    ("c/main.tf", "user_data = <<EOF\nserver_name a;\nproxy_pass http://b;\nEOF\n", "judged"),
    ("c/main.tf#heredoc-1", "", "judged"),
    (
        "c/Dockerfile",
        "RUN echo 'server_name a; proxy_pass http://b;' > /etc/nginx/conf.d/x.conf\n",
        "dockerfile",
    ),
    ("c/init.pp", "$conf = 'server_name a;\nproxy_pass http://b;'\n", "puppet"),
    ("c/module.nix", "''\n  location /ws {\n    proxy_pass http://a;\n  }\n''\n", "nix"),
    ("c/values.json", "{\"x\": \"location /ws {\\n  proxy_pass http://a;\\n}\"}\n", "json"),
    ("c/make.go", "var t = `\nserver_name a;\nproxy_pass http://b;\n`\n", "source-code"),
    ("c/script.conf", "#!/bin/sh\ncat > x <<EOF\nserver_name a;\nproxy_pass http://b;\nEOF\n", "mixed"),
    // No configuration of nginx.
    ("d/rsyslog.conf", "if $programname == 'a' then {\n    stop\n}\n", "not-nginx"),
    ("d/supervisord.conf", "[program:nginx]\ncommand=nginx\n", "not-nginx"),
    ("d/empty.conf", "# nothing\n", "not-nginx"),
    ("d/binary.conf", "\0\0\0x", "not-nginx"),
    ("d/picture.png", "\u{89}PNG\0", "not-nginx"),
    ("d/main.go", "package main\n", "not-nginx"),
    ("d/script.sh", "#!/bin/sh\nif [[ -f x ]]; then nginx; fi\n", "not-nginx"),
    ("LICENSE", "Do as you like.\n", "not-nginx"),
    // Folders that are not looked into.
    (".git/config", "", "passed over"),
    ("node_modules/a/nginx.conf", SERVER, "passed over"),
    ("target/nginx.conf", SERVER, "passed over"),
    ("vendor/a/nginx.conf", SERVER, "passed over"),
];

fn tree() -> (Tree, BTreeMap<String, &'static str>) {
    // What stands in another file has a name with `#`.
    let files = FILES.iter().filter(|(path, ..)| !path.contains('#'));
    let tree = Tree::new(&files.map(|(path, text, _)| (*path, *text)).collect::<Vec<_>>());
    let mut expected: BTreeMap<String, &str> = FILES
        .iter()
        .filter(|(_, _, said)| *said != "passed over")
        .map(|(path, _, said)| ((*path).to_owned(), *said))
        .collect();
    let mut link = |target: &str, path: &str, said| {
        fs::create_dir_all(tree.path(path).parent().unwrap()).unwrap();
        symlink(target, tree.path(path)).unwrap();
        expected.insert(path.to_owned(), said);
    };
    let outside = "/usr/share/doc";
    link("/etc/hostname", "conf.d/outside.conf", "outside");
    link("/etc/hostname", "d/outside", "outside");
    link("gone.conf", "other/gone.conf", "broken-link");
    link("gone", "d/gone", "not-nginx");
    link(outside, "d/elsewhere", "linked-folder");
    link("../other", "d/inside", "not-nginx");
    link("fragment.conf", "other/link.conf", "judged");
    link("../sites-available/on", "debian/sites-enabled/on", "included");
    assert!(Command::new("mkfifo").arg(tree.path("d/fifo.conf")).status().unwrap().success());
    expected.insert("d/fifo.conf".to_owned(), "unreadable");
    let bytes = OsStr::from_bytes(b"conf.d/caf\xe9.conf");
    fs::write(tree.path("").join(bytes), SERVER).unwrap();
    expected.insert("conf.d/caf\u{fffd}.conf".to_owned(), "included");
    (tree, expected)
}

/// Everything on the disk that is no folder, by its path from the tree, links to folders not followed.
fn on_disk(tree: &Tree) -> BTreeSet<String> {
    let top = tree.path("");
    let mut folders = vec![top.clone()];
    let mut found = BTreeSet::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
            } else {
                let path = entry.path();
                found.insert(path.strip_prefix(&top).unwrap().to_string_lossy().into_owned());
            }
        }
    }
    found
}

fn json(tree: &Tree, arguments: &[&str]) -> Value {
    let run = tree.run(&[&["--format", "json", "--fail-on", "never"], arguments].concat());
    serde_json::from_str(&run.stdout).unwrap()
}

/// What is said of each file: its status, or the reason why it is not judged.
fn said(output: &Value) -> BTreeMap<String, String> {
    let files = output["files"].as_array().unwrap().iter();
    files
        .map(|file| {
            let reason = file["reason"].as_str().or(file["status"].as_str()).unwrap();
            assert_eq!(file["reason"].is_string(), file["status"] == "not-judged", "{file}");
            assert_eq!(file["text"].is_string(), file["status"] == "not-judged", "{file}");
            (file["path"].as_str().unwrap().to_owned(), reason.to_owned())
        })
        .collect()
}

#[test]
fn everything_on_the_disk_is_said() {
    let (tree, expected) = tree();
    let output = json(&tree, &["--show-files", "."]);
    let said = said(&output);
    let passed_over: Vec<&Path> = output["passed_over"]
        .as_array()
        .unwrap()
        .iter()
        .map(|path| Path::new(path.as_str().unwrap()))
        .collect();
    assert_eq!(passed_over, [".git", "node_modules", "target", "vendor"].map(Path::new));
    // The set of all files is asked of the disk, so that no kind can be forgotten.
    for path in on_disk(&tree) {
        let is_below = passed_over.iter().any(|folder| Path::new(&path).starts_with(folder));
        assert!(said.contains_key(&path) || is_below, "nothing is said of {path}");
    }
    let expected: BTreeMap<String, String> =
        expected.into_iter().map(|(path, said)| (path, said.to_owned())).collect();
    assert_eq!(said, expected);

    let count = |status: &str| {
        output["files"].as_array().unwrap().iter().filter(|file| file["status"] == status).count()
    };
    let summary = &output["summary"];
    assert_eq!(summary["not_judged"], count("not-judged"));
    assert_eq!(summary["not_nginx"], count("not-nginx"));
    assert_eq!(summary["passed_over"], 4);
    // Two paths of one file are two files on the disk and one that is judged; a file that holds others is none itself.
    let held = FILES.iter().filter(|(path, ..)| path.contains('#')).count();
    assert_eq!(summary["files"], count("judged") + count("included") - 2 - held);
}

#[test]
fn what_holds_no_configuration_is_counted_only() {
    let (tree, _) = tree();
    let (all, few) = (json(&tree, &["--show-files", "."]), json(&tree, &["."]));
    assert_eq!(all["summary"], few["summary"]);
    let listed = few["files"].as_array().unwrap();
    assert!(listed.iter().all(|file| file["status"] != "not-nginx"));
    let hidden = all["files"].as_array().unwrap().len() - listed.len();
    assert_eq!(few["summary"]["not_nginx"], hidden);
}

#[test]
fn people_are_told_in_every_format() {
    let (tree, _) = tree();
    let count = json(&tree, &["."])["summary"]["not_judged"].as_u64().unwrap();
    let line = format!("{count} files may be nginx and were not judged: ");
    let human = tree.run(&["."]);
    assert!(human.stdout.contains(&line) && human.stderr.is_empty(), "{}", human.shown());
    for arguments in [&["--format", "concise", "."][..], &["-q", "."]] {
        let run = tree.run(arguments);
        assert!(run.stderr.lines().any(|said| said.starts_with(&format!("note: {line}"))), "{}", run.shown());
        let is_unknown = |said: &&str| said.contains("for lines that were not read");
        assert_eq!(run.stderr.lines().filter(|said| !is_unknown(said)).count(), 1, "{}", run.stderr);
    }
    for arguments in [&["--diff", "."][..], &["endpoints", "."], &["trace", "ws://a/ws", "."]] {
        let run = tree.run(arguments);
        assert!((run.stdout.clone() + &run.stderr).contains(&line), "{}", run.shown());
    }
    for arguments in [&["--show-files", "."][..], &["--show-files", "--format", "concise", "."]] {
        let run = tree.run(arguments);
        let text = run.stdout + &run.stderr;
        assert!(text.contains("not-judged  c/values.yaml: YAML file with lines of nginx"), "{text}");
        assert!(text.contains("not-nginx   LICENSE\n"), "{text}");
    }
}

#[test]
fn walked_files_change_the_exit_code_on_request_only() {
    let files = [
        ("nginx.conf", "events {}\nhttp {}\n"),
        ("c.yaml", "x:\n  server_name a;\n  proxy_pass http://b;\n"),
    ];
    let tree = Tree::new(&files);
    let code = |arguments: &[&str]| tree.run(arguments).code;
    assert_eq!(code(&["."]), Some(0));
    assert_eq!(code(&["--fail-on-skipped", "."]), Some(2));
    assert_eq!(code(&["--fail-on-skipped", "nginx.conf"]), Some(0));
    assert_eq!(code(&["--fail-on-skipped", "--diff", "."]), Some(2));
}

#[test]
fn what_is_named_or_alone_and_not_judged_is_exit_code_2() {
    let (tree, _) = tree();
    let code = |arguments: &[&str]| tree.run(&[&["--fail-on", "never"], arguments].concat()).code;
    for named in [
        "c/values.yaml",
        "c/README.md",
        "c/echo.sh",
        "c/Dockerfile",
        "a/docker-gen.tmpl",
        "a/maker.j2",
        "d/binary.conf",
        "d/fifo.conf",
        "d/empty.conf",
        "LICENSE.txt",
        "other/gone.conf",
    ] {
        assert_eq!(code(&[named]), Some(2), "{named}");
        if named != "d/empty.conf" {
            assert_eq!(code(&["nginx.conf", named]), Some(2), "{named}");
        }
    }
    // Nothing in them is judged.
    assert_eq!(code(&["d"]), Some(2));
    assert_eq!(code(&["c"]), Some(0));
    assert_eq!(code(&["nginx.conf", "d"]), Some(2));
    // Named under whatever name it is judged.
    for named in [
        "b/x.conf.bak",
        "parts/other.inc",
        "nginx/default",
        "a/default.conf.template",
        "a/jinja.conf",
        "c/setup.sh",
    ] {
        assert_eq!(code(&[named]), Some(0), "{named}");
    }
}

#[test]
fn a_template_that_a_main_file_includes_and_nobody_reads_is_exit_code_2() {
    let root = "events {}\nhttp {\n    include parts/*.conf;\n}\n";
    let template = "{{ range groupByMulti $ \"a\" }}\nserver {\n    listen 443 ssl;\n}\n{{ end }}\n";
    let tree = Tree::new(&[("nginx.conf", root), ("parts/a.conf", template), ("parts/b.conf", SERVER)]);
    let output = json(&tree, &["."]);
    assert_eq!(
        output["findings"].as_array().unwrap().iter().filter(|one| one["severity"] == "error").count(),
        0
    );
    assert_eq!(said(&output)["parts/a.conf"], "template");
    assert_eq!(said(&output)["parts/b.conf"], "included");
    let run = tree.run(&["--fail-on", "never", "."]);
    assert_eq!(run.code, Some(2));
    assert!(run.stdout.contains("warning[template]: `parts/a.conf` is not linted"), "{}", run.stdout);
    // What is not known of a root silences nothing else, and one that nobody includes is no reason to fail.
    let tree = Tree::new(&[("nginx.conf", "events {}\nhttp {}\n"), ("parts/a.conf", template)]);
    assert_eq!(tree.run(&["--fail-on", "never", "."]).code, Some(0));
}

#[test]
fn what_cannot_be_read_is_exit_code_2_by_its_name_alone() {
    let tree = Tree::new(&[("nginx.conf", "events {}\nhttp {}\n"), ("x.conf", ""), ("password", "")]);
    let forbid =
        |name: &str, mode| fs::set_permissions(tree.path(name), fs::Permissions::from_mode(mode)).unwrap();
    forbid("password", 0o000);
    // The superuser reads everything.
    if fs::read(tree.path("password")).is_ok() {
        return;
    }
    assert_eq!(tree.run(&["."]).code, Some(0));
    assert_eq!(said(&json(&tree, &["."]))["password"], "unreadable");
    forbid("x.conf", 0o000);
    assert_eq!(tree.run(&["."]).code, Some(2));
}

#[test]
fn the_baseline_of_the_checklist_is_a_few_lines() {
    let baseline = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/baseline");
    let tree = Tree::new(&[]);
    let run = tree.run(&[baseline]);
    assert_eq!(run.code, Some(0), "{}", run.shown());
    assert!(run.stdout.lines().count() <= 8, "{}", run.stdout);
    assert!(run.stdout.contains("info[no-shutdown-timeout]: "), "{}", run.stdout);
    // However many servers, each rule about the main file says it once, in one line.
    let text = fs::read_to_string(format!("{baseline}/nginx.conf")).unwrap();
    let server = text.find("    server {\n        listen").unwrap();
    let (head, servers) = text.split_at(server);
    let (one, end) = servers.split_at(servers.rfind('}').unwrap());
    let other = one.replace("live.example.com", "more.example.com");
    let two = Tree::new(&[("nginx.conf", &format!("{head}{one}{other}{end}"))]);
    let lines = |run: &str| run.lines().filter(|line| line.starts_with("info[")).count();
    let both = two.run(&["."]);
    assert_eq!(lines(&both.stdout), lines(&run.stdout), "{}", both.stdout);
    assert_eq!(both.stdout.lines().count(), run.stdout.lines().count(), "{}", both.stdout);
    let verbose = tree.run(&["-v", baseline]);
    assert!(verbose.stdout.contains("help: add `worker_shutdown_timeout 1h;`"), "{}", verbose.stdout);
}

/// In whose context a file is judged is for programs too.
#[test]
fn a_file_says_what_it_is_a_part_of() {
    let tree = Tree::new(&[
        ("nginx.conf", "events {}\nhttp {\n    include conf.d/*.conf;\n}\n"),
        ("conf.d/a.conf", "server { listen 80; include snippets/ws.conf; }\n"),
        ("snippets/ws.conf", "location /ws { proxy_pass http://127.0.0.1:9; }\n"),
        ("other/b.conf", "server { listen 81; }\n"),
    ]);
    let run = tree.run(&[".", "--format", "json"]);
    let outcome: Value = serde_json::from_str(&run.stdout).unwrap();
    let files: Vec<String> = outcome["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| {
            let word = |key: &str| file[key].as_str().unwrap_or("-").to_owned();
            let of: Vec<&str> =
                file["part_of"].as_array().unwrap().iter().filter_map(|of| of.as_str()).collect();
            format!(
                "{} {} of [{}] with {} as {}",
                word("path"),
                word("status"),
                of.join(" "),
                word("adopted_by"),
                word("block")
            )
        })
        .collect();
    assert_eq!(
        files,
        [
            "conf.d/a.conf included of [nginx.conf] with - as -",
            "nginx.conf judged of [] with - as -",
            "other/b.conf judged of [] with nginx.conf as http",
            "snippets/ws.conf included of [nginx.conf] with - as -",
        ]
    );
}
