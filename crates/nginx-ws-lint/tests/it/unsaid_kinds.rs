//! Kinds of files that hold nginx under names, in encodings and behind first lines that hide it; what main files include
//! and nobody may read; what is behind the first part of a large file.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use serde_json::Value;

use crate::run::Tree;

const SERVER: &str =
    "server {\n    listen 80;\n    location /ws {\n        proxy_pass http://10.0.0.1;\n    }\n}\n";
const ROOT: &str = "events {}\nhttp {\n    include conf.d/*.conf;\n}\n";
const UPGRADE: &str = "proxy_set_header Upgrade $http_upgrade;\n";

/// A tree with one file, or several.
fn tree_of(files: &[(&str, &[u8])]) -> Tree {
    let tree = Tree::new(&[]);
    for (path, bytes) in files {
        fs::create_dir_all(tree.path(path).parent().unwrap()).unwrap();
        fs::write(tree.path(path), bytes).unwrap();
    }
    tree
}

/// What is said of each file, and of the run: its exit code.
fn said(tree: &Tree) -> (BTreeMap<String, String>, Option<i32>) {
    let run = tree.run(&["--format", "json", "--fail-on", "never", "--show-files", "."]);
    let output: Value = serde_json::from_str(&run.stdout).unwrap();
    let files = output.get("files").and_then(Value::as_array).unwrap().iter();
    let word = |file: &Value, name: &str| file.get(name).and_then(Value::as_str).map(str::to_owned);
    let of = |file: &Value| word(file, "reason").or_else(|| word(file, "status")).unwrap();
    (files.map(|file| (word(file, "path").unwrap(), of(file))).collect(), run.code)
}

/// Each alone in a tree, beside a main file that has nothing to do with it.
fn assert_said(table: &[(&str, &[u8], &str)]) {
    let mut wrong = Vec::new();
    for (path, bytes, expected) in table {
        let (said, code) = said(&tree_of(&[("main/nginx.conf", b"events {}\nhttp {}\n"), (path, bytes)]));
        let said = said.get(*path).map(String::as_str).unwrap_or_default();
        if said != *expected || code != Some(0) {
            wrong.push(format!("{path}: {said} instead of {expected}, exit code {code:?}"));
        }
    }
    assert_eq!(wrong, [""; 0]);
}

fn utf16(text: &str) -> Vec<u8> {
    std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
}

#[test]
fn a_name_alone_proves_no_kind() {
    let server = SERVER.as_bytes();
    for name in ["a.png", "a.pem", "a.zip", "a.gz", "a.min.js", "a.key", "a.swp", "a.db", "a.so", "a.pdf"] {
        let (said, _) = said(&tree_of(&[("main/nginx.conf", ROOT.as_bytes()), (name, server)]));
        assert!(["other-name", "source-code"].contains(&said[name].as_str()), "{name}: {}", said[name]);
    }
    assert_said(&[
        ("a.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDRproxy_pass http://a; server {", "not-nginx"),
        ("a.pem", b"-----BEGIN CERTIFICATE-----\nMAMCAQU=\n-----END CERTIFICATE-----\n", "not-nginx"),
        ("nginx.conf.gz", b"\x1f\x8b\x08\0\0\0\0\0\0\x03abc", "packed"),
        ("nginx.tgz", b"\x1f\x8b\x08\0\0\0\0\0\0\x03abc", "packed"),
        ("a.zip", b"PK\x03\x04\x14\0\0\0\0\0etc/nginx/nginx.conf", "packed"),
        ("app.js.gz", b"\x1f\x8b\x08\0\0\0\0\0\0\x03abc", "not-nginx"),
        ("a.conf", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "stored-elsewhere"),
        ("a.conf", b"\0GITCRYPT\0\x01\x02\x03", "stored-elsewhere"),
        ("nginx/vault.conf.j2", b"$ANSIBLE_VAULT;1.1;AES256\n6162\n", "stored-elsewhere"),
        ("a.bin", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "not-nginx"),
    ]);
}

#[test]
fn encodings_that_nginx_does_not_read_are_said() {
    let (server, upgrade) = (utf16(SERVER), utf16(UPGRADE));
    let with_nul = SERVER.replace("listen", "lis\0ten");
    let page = utf16(&format!("# Title\n{SERVER}"));
    assert_said(&[
        ("a.conf", &server, "encoding"),
        ("a.conf", &server[2..], "encoding"),
        ("ws.inc", &upgrade, "encoding"),
        ("a.txt", &server, "encoding"),
        ("a.md", &page, "encoding"),
        ("a.conf", with_nul.as_bytes(), "encoding"),
        ("a.txt", with_nul.as_bytes(), "encoding"),
        ("a.txt", &utf16("Nothing to see here.\n"), "not-nginx"),
        ("a.conf", &utf16("[section]\nkey = value\n"), "not-nginx"),
        ("a.conf", format!("\u{feff}{SERVER}").as_bytes(), "judged"),
        ("a.conf", &[b"# caf\xe9\n", SERVER.as_bytes()].concat(), "judged"),
        ("a.conf", SERVER.replace('\n', "\r\n").as_bytes(), "judged"),
    ]);
    for bytes in [&server, &with_nul.into_bytes()] {
        let tree = tree_of(&[("nginx.conf", ROOT.as_bytes()), ("conf.d/a.conf", bytes)]);
        assert_eq!(said(&tree).1, Some(2), "a main file includes it");
        assert_eq!(tree.run(&["--fail-on=never", "conf.d/a.conf"]).code, Some(2), "it is named");
    }
}

#[test]
fn a_first_line_for_an_interpreter_is_a_comment() {
    let with = |line: &str, text: &str| format!("{line}\n{text}").into_bytes();
    let heredoc = format!("cat > x <<EOF\nupstream a {{\n    server b:1;\n}}\n{SERVER}EOF\n");
    assert_said(&[
        ("x/nginx.conf", &with("#!/bin/sh", ROOT), "judged"),
        ("x/b.conf", &with("#!/usr/sbin/nginx -c", ROOT), "judged"),
        ("x/c.conf", &with("#!/usr/bin/env nginx", SERVER), "judged"),
        ("x/d.conf", &with("\n#!/bin/sh", SERVER), "judged"),
        ("x/run", &with("#!/usr/sbin/nginx -c", ROOT), "other-name"),
        ("x/e.conf", &with("#!/bin/sh", &heredoc), "mixed"),
        ("x/f.conf", &with("#!/bin/sh\nset -e", &heredoc), "mixed"),
        ("x/g.conf", &with("<?php ?>", SERVER), "mixed"),
    ]);
    let tree = tree_of(&[("run", &with("#!/bin/sh", ROOT)), ("script", &with("#!/bin/sh", &heredoc))]);
    assert_eq!(tree.run(&["--fail-on=never", "run"]).code, Some(0));
    assert_eq!(tree.run(&["--fail-on=never", "script"]).code, Some(0));
}

#[test]
fn one_line_is_enough_where_it_is_nginxs_or_its_neighbours_are() {
    assert_said(&[
        ("x/websocket.conf", UPGRADE.as_bytes(), "judged"),
        ("x/upgrade.inc", UPGRADE.as_bytes(), "other-name"),
        ("x/ws_params", UPGRADE.as_bytes(), "other-name"),
        ("x/proxy_params", b"proxy_http_version 1.1;\n", "other-name"),
        ("x/redirect.conf", b"return 301 https://$host$request_uri;\n", "judged"),
        ("nginx/snippet", b"return 204;\n", "other-name"),
        ("conf.d/ws", b"proxy_buffering off;\n", "judged"),
        ("x/listen.conf.in", b"listen @PORT@;\n", "not-nginx"),
        ("x/deny.conf", b"deny all;\n", "not-nginx"),
        ("x/notes", b"return;\n", "not-nginx"),
    ]);
    for text in ["gzip on;\n", "deny all;\n", "root /srv;\n", "set $x 1;\n", "include /etc/nginx/ws.conf;\n"]
    {
        let tree = tree_of(&[("x/site.conf", SERVER.as_bytes()), ("x/one.conf", text.as_bytes())]);
        assert_eq!(said(&tree).0["x/one.conf"], "judged", "{text}");
    }
    let tree = tree_of(&[("x/site.conf", SERVER.as_bytes()), ("x/listen.conf.in", b"listen @PORT@;\n")]);
    assert_eq!(said(&tree).0["x/listen.conf.in"], "template");
    for text in ["[a]\ngzip on;\n", "user a;\nkey = b\n", "deny;\n", "options { directory \"/x\"; };\n"] {
        let tree = tree_of(&[("x/site.conf", SERVER.as_bytes()), ("x/one.conf", text.as_bytes())]);
        assert_eq!(said(&tree).0["x/one.conf"], "not-nginx", "{text}");
    }
}

#[test]
fn lines_of_nginx_in_other_kinds() {
    let dockerfile = format!("FROM nginx\nRUN <<EOF cat > /etc/nginx/nginx.conf\n{ROOT}EOF\n");
    let brace_below = "server\n{\n    listen 80;\n}\n";
    let long = format!("x: \"{} {}\"\n", "a".repeat(9_000), SERVER.replace('\n', "\\n"));
    assert_said(&[
        ("Dockerfile", dockerfile.as_bytes(), "judged"),
        ("a.md", b"```nginx\nproxy_read_timeout 1h;\n```\n", "markup"),
        ("a.rst", b".. code-block:: nginx\n\n   listen 80;\n", "markup"),
        ("a.md", b"```nginx\n$ nginx -t\n```\n", "not-nginx"),
        ("a.ini", b"conf = server { listen 80; proxy_pass http://a; }\n", "toml"),
        ("a.yaml", b"nginx.org/server-snippets: |\n  proxy_buffering off;\n", "judged"),
        ("a.yaml", b"nginx.org/proxy-read-timeout: 1h\n", "not-nginx"),
        ("a.yaml", long.as_bytes(), "judged"),
        ("a.txt", brace_below.as_bytes(), "other-name"),
        ("a.txt", b"location /ws {\n}\n", "other-name"),
        ("a.txt", SERVER.replace('\n', "\r").as_bytes(), "other-name"),
    ]);
}

#[test]
fn what_is_behind_the_first_part_of_a_large_file_is_looked_at() {
    let pad = "-- nothing of note\n".repeat(200_000);
    let (early, late) = (format!("{pad}x\n"), format!("{pad}{SERVER}"));
    let yaml = format!("{pad}x: |\n{}", SERVER.replace('\n', "\n  "));
    assert_said(&[
        ("a.sql", early.as_bytes(), "not-nginx"),
        ("a.sql", late.as_bytes(), "source-code"),
        ("a.yaml", yaml.as_bytes(), "yaml"),
        ("a.txt", late.as_bytes(), "other-name"),
    ]);
    // A sparse file of blanks costs no disk; what no run reads to its end is said.
    let tree = tree_of(&[("nginx.conf", b"events {}\nhttp {}\n"), ("small.txt", SERVER.as_bytes())]);
    let large = " ".repeat(1 << 20);
    let mut file = fs::File::create(tree.path("large.txt")).unwrap();
    (0..258).for_each(|_| std::io::Write::write_all(&mut file, large.as_bytes()).unwrap());
    let (said, code) = said(&tree);
    assert_eq!((said["large.txt"].as_str(), code), ("not-looked-into", Some(0)));
    assert_eq!(said["small.txt"], "other-name");
}

#[test]
fn what_a_main_file_includes_is_judged_or_exit_code_2() {
    let server = SERVER.as_bytes();
    for (include, path, status, code) in [
        ("conf.d/.hidden.conf", "conf.d/.hidden.conf", "included", 0),
        ("conf.d/.websocket", "conf.d/.websocket", "included", 0),
        ("conf.d/.w*", "conf.d/.websocket", "included", 0),
        (".hidden/x", ".hidden/x", "included", 0),
        (".hidden/*", ".hidden/x", "included", 0),
        ("node_modules/m/x.inc", "node_modules/m/x.inc", "included", 0),
        // As in glob(3), `*` matches no leading dot.
        ("conf.d/*", "conf.d/.websocket", "other-name", 0),
        (".env", ".env", "not-nginx", 2),
        (".git/x.conf", "", "", 2),
        ("out.conf", "out.conf", "outside", 2),
        ("folder/x.conf", "folder", "linked-folder", 2),
        ("folder/*", "folder", "linked-folder", 2),
        ("fifo.inc", "fifo.inc", "unreadable", 2),
        ("gone.conf", "", "", 0),
        ("../elsewhere.conf", "", "", 0),
    ] {
        let root = format!("events {{}}\nhttp {{\n    include {include};\n}}\n");
        let tree = tree_of(&[
            ("a/nginx.conf", root.as_bytes()),
            ("a/conf.d/.hidden.conf", server),
            ("a/conf.d/.websocket", server),
            ("a/.hidden/x", server),
            ("a/node_modules/m/x.inc", server),
            ("a/.env", b"TOKEN=hunter2;\nSERVER {\n"),
            ("a/.git/x.conf", server),
            ("out/x.conf", server),
            ("elsewhere.conf", server),
        ]);
        symlink("../elsewhere.conf", tree.path("a/out.conf")).unwrap();
        symlink("../out", tree.path("a/folder")).unwrap();
        assert!(Command::new("mkfifo").arg(tree.path("a/fifo.inc")).status().unwrap().success());
        let run = tree.run(&["--format", "json", "--fail-on", "never", "--show-files", "a"]);
        assert_eq!(run.code, Some(code), "{include}: {}", run.shown());
        assert!(!run.stdout.contains("hunter2"), "{include}");
        let output: Value = serde_json::from_str(&run.stdout).unwrap();
        let files = output["files"].as_array().unwrap();
        let is_it = |file: &&Value| file["path"] == format!("a/{path}");
        let file = files.iter().find(is_it).map(|file| file["reason"].as_str().or(file["status"].as_str()));
        assert_eq!(file.flatten().unwrap_or_default(), status, "{include}");
        if code == 2 {
            let concise = tree.run(&["--format=concise", "--fail-on=never", "a"]);
            assert!(concise.stdout.contains("warning[unreadable-file]"), "{include}: {}", concise.shown());
        }
    }
}

#[test]
fn folders_passed_over_are_counted_in_every_format() {
    let root = "events {}\nhttp {}\n";
    let tree = Tree::new(&[("nginx.conf", root), (".git/config", ""), ("x/vendor/a.conf", SERVER)]);
    symlink("vendor", tree.path("x/link")).unwrap();
    symlink(".", tree.path("x/loop")).unwrap();
    let (files, code) = said(&tree);
    assert_eq!(files["x/link"], "link-into-passed-over");
    assert_eq!((files["x/loop"].as_str(), code), ("not-nginx", Some(0)));
    for arguments in [
        &["--format", "concise", "."][..],
        &["-q", "."],
        &["--diff", "."],
        &["endpoints", "-q", "."],
        &["endpoints", "--format=csv", "."],
    ] {
        let run = tree.run(arguments);
        assert!(run.stderr.contains("2 folders passed over"), "{arguments:?}: {}", run.shown());
    }
    let run = tree.run(&["."]);
    assert!(run.stdout.contains("2 folders passed over"), "{}", run.shown());
}

#[test]
fn paths_too_long_to_open_are_exit_code_2() {
    let tree = Tree::new(&[("nginx.conf", "events {}\nhttp {}\n")]);
    let deep = |top: &str| {
        let path =
            std::iter::repeat_n("0".repeat(200), 12).fold(tree.path(top), |path, name| path.join(name));
        fs::create_dir_all(&path).unwrap();
        path
    };
    let (first, second) = (deep("first"), deep("second"));
    fs::write(second.join("x.conf"), "server {}\n").unwrap();
    fs::rename(tree.path("second"), first.join("second")).unwrap();
    let run = tree.run(&["--fail-on=never", "."]);
    assert_eq!(run.code, Some(2), "{}", run.shown());
    assert!(run.stdout.contains("are too long"), "{}", run.shown());
}

#[test]
fn a_template_stands_for_what_a_main_file_includes() {
    let root = "events {}\nhttp {\n    server {\n        include listen.conf;\n    }\n}\n";
    let template = "listen {{ .Port }};\n";
    let alone = Tree::new(&[("nginx.conf", "events {}\nhttp {}\n"), ("templates/listen.gotmpl", template)]);
    assert_eq!(said(&alone).0["templates/listen.gotmpl"], "not-nginx");
    let tree = Tree::new(&[("nginx.conf", root), ("templates/listen.gotmpl", template)]);
    assert_eq!(said(&tree).0["templates/listen.gotmpl"], "included");
}

/// What a main file includes and cannot be judged is no file without nginx, whatever it looks like.
#[test]
fn what_is_included_in_vain_is_counted() {
    let root = "events {}\nhttp {\n    include one.tpl;\n    include wide.txt;\n}\n";
    let template = "{{ if whereExist . \"x\" }}\ngzip on;\n{{ end }}\n";
    let wide = utf16("gzip on;\n");
    let files: [(&str, &[u8]); 3] =
        [("nginx.conf", root.as_bytes()), ("one.tpl", template.as_bytes()), ("wide.txt", &wide)];
    let (said, code) = said(&tree_of(&files));
    assert_eq!(
        (said["one.tpl"].as_str(), said["wide.txt"].as_str(), code),
        ("template", "encoding", Some(2))
    );
}
