//! What is nginx configuration: files of other programs are not, and a broken file of nginx still is.

use std::fs;
use std::path::PathBuf;

use nginx_semantics::{Loaded, MemoryFiles, Scope, SkipReason, load};

/// Loads a folder whose name says nothing.
fn load_tree(files: &[(&str, &str)]) -> Loaded {
    let folder = PathBuf::from("/srv/tree");
    let mut memory = MemoryFiles::new();
    files.iter().for_each(|(path, text)| memory.insert(folder.join(path), *text));
    let scope = Scope { given: vec![folder.clone()], working_folder: folder.clone(), ..Scope::default() };
    load(&memory, &[folder], &scope)
}

/// Configurations of other programs, written for this test in the shape of real ones.
fn fixtures() -> Vec<(String, String)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/not-nginx");
    let entries = fs::read_dir(folder).unwrap().map(Result::unwrap);
    let mut files: Vec<_> = entries
        .map(|entry| {
            let name = entry.file_name().into_string().unwrap();
            (name, fs::read_to_string(entry.path()).unwrap())
        })
        .collect();
    files.sort();
    files
}

fn reasons(loaded: &Loaded) -> Vec<&SkipReason> {
    loaded.skipped.iter().map(|skipped| &skipped.reason).filter(|reason| !is_of_folder(reason)).collect()
}

fn is_of_folder(reason: &SkipReason) -> bool {
    *reason == SkipReason::NothingFound
}

#[test]
fn other_programs_are_told_apart() {
    let programs = [
        "apache",
        "caddyfile",
        "collectd",
        "dovecot",
        "fail2ban",
        "haproxy",
        "keepalived",
        "krb5",
        "ld.so",
        "lighttpd",
        "logrotate",
        "lua",
        "manticore",
        "mysql",
        "named",
        "nftables",
        "oidentd",
        "openssl",
        "php-fpm",
        "postfix",
        "postgresql",
        "prosody",
        "redis",
        "rsyslog",
        "squid",
        "sshd",
        "supervisord",
        "systemd",
        "tmux",
        "unicorn",
        "varnish",
    ];
    let files = fixtures();
    for program in programs {
        assert!(files.iter().any(|(name, _)| *name == format!("{program}.conf")), "{program}");
    }
    let mut wrong = Vec::new();
    for (name, text) in &files {
        // Where it lies must not make nginx of it: an image for nginx has a supervisord beside it.
        for folder in ["", "conf.d/", "docker/nginx/", "etc/nginx/conf.d/", "snippets/"] {
            let path = format!("{folder}{name}");
            let loaded = load_tree(&[(&path, text)]);
            if reasons(&loaded) != [&SkipReason::NotNginx] {
                wrong.push(format!("{path}: {:?}", reasons(&loaded)));
            }
        }
    }
    assert_eq!(wrong, [""; 0]);
}

#[test]
fn nginx_is_nginx_however_broken() {
    let table = [
        // Words that are misspelt, and what is missing.
        ("a.conf", "evnts {\n}\nhttp {\n    server {\n        listen 80;\n    }\n}\n"),
        (
            "a.conf",
            "events {}\nhtp {\n    server {\n        listen 80;\n        location / { root /srv; }\n    }\n}\n",
        ),
        ("a.conf", "events {}\nhttp {\n    server {\n        listen 80;\n"),
        ("a.conf", "server {\n    listen 80;\n    location / {\n        proxy_pass http://a;\n\n"),
        ("a.conf", "server\n    listen 80;\n    location / {\n        proxy_pass http://a;\n    }\n}\n"),
        ("a.conf", "server {\n    listen 80\n    server_name a;\n    root /srv;\n}\n"),
        ("a.conf", "sever {\n    listen 80;\n    location / { return 204; }\n}\n"),
        ("a.conf", "server {\n    listen 80;\n}\n}\n"),
        ("a.conf", "http {\n"),
        ("a.conf", "events {}\n"),
        // Parts, by their blocks alone.
        ("snippets/ws.conf", "location = /ws {\n    proxy_pass http://a;\n}\n"),
        ("x/ws.conf", "location ~* ^/(a|b)$ {\n    return 204;\n}\n"),
        ("x/a.conf", "upstream a {\n    server 10.0.0.1:80;\n}\n"),
        ("x/a.conf", "map $http_upgrade $connection_upgrade {\n    default upgrade;\n    '' close;\n}\n"),
        ("x/a.conf", "stream {\n    server { listen 1; proxy_pass a:1; }\n}\n"),
        // Directives of other modules first, and around.
        (
            "x/a.conf",
            &*format!(
                "{}server {{\n    listen 80;\n}}\n",
                "vhost_traffic_status_zone;\nmore_x y;\n".repeat(20)
            ),
        ),
        ("x/a.conf", "server {\n    more_a b;\n    more_c d;\n    more_e f;\n    listen 80;\n}\n"),
        ("x/a.conf", "lua_block_of_a_module {\n    x;\n}\nserver {\n    listen 80;\n}\n"),
        (
            "include/a.conf",
            "location ~ /websockify$ {\n    websockify_pass a:1;\n    websockify_read_timeout 5d;\n}\n",
        ),
        ("x/a.conf", "server {\n    modsecurity on;\n    modsecurity_rules_file x;\n}\n"),
        ("x/a.conf", "if ($http_origin ~* (^https://a$)) {\n    add_header X y;\n}\n"),
        // Directives alone.
        (
            "x/a.conf",
            "proxy_set_header Upgrade $http_upgrade;\nproxy_set_header Connection $connection_upgrade;\n",
        ),
        ("x/a.conf", "proxy_read_timeout 1h;\n"),
        ("nginx/a.conf", "gzip on;\n"),
        ("conf.d/a.conf", "gzip on;\n"),
        ("nginx/a.conf", "return 301 https://$host$request_uri;\n"),
        ("a.conf", "# nginx-ws-lint: context server\nindex x;\n"),
    ];
    for (path, text) in table {
        let loaded = load_tree(&[(path, text)]);
        assert_eq!(reasons(&loaded), [&SkipReason::NotNginx; 0], "{path}: {text}");
        assert_eq!(loaded.judged.len(), 1, "{path}: {text}");
    }
}

#[test]
fn words_that_others_have_too_are_no_proof() {
    for text in [
        "user a;\n",
        "if (x) { return 1; }\n",
        "set a b;\nreturn;\n",
        "index x;\ntimeout 5;\n",
        "include \"x\";\n",
        "server { port = 80 }\n",
        "events { a = b; }\n",
        "location here { a; }\n",
        "map a b { c d; }\n",
    ] {
        let loaded = load_tree(&[("x/a.conf", text)]);
        assert_eq!(reasons(&loaded), [&SkipReason::NotNginx], "{text}");
    }
}

#[test]
fn a_text_that_holds_nginx_is_named_and_not_judged() {
    let table = [
        (
            "nginx/a.conf",
            "name = \"x\"\nauthor = \"y\"\nlocation / {\n    proxy_pass http://a;\n    proxy_buffering off;\n}\n",
        ),
        (
            "a.conf",
            "#!/bin/sh\ncat > x <<EOF\nserver {\n    server_name a;\n    proxy_pass http://b;\n}\nEOF\n",
        ),
        (
            "a.conf",
            "[files]\npath = x\ncontent = '\nserver_name a;\nproxy_pass http://b;\n'\nother = 1\nmore = 2\n",
        ),
    ];
    for (path, text) in table {
        assert_eq!(reasons(&load_tree(&[(path, text)])), [&SkipReason::Mixed], "{text}");
    }
}

#[test]
fn a_template_is_one_of_nginx_only_with_nginxs_words() {
    let template = |mark: &str| SkipReason::Template(mark.to_owned());
    let table = [
        ("x/a.conf", "{% if tls %}\nserver {\n    listen {{ port }};\n}\n{% endif %}\n", template("{%")),
        (
            "x/a.conf",
            "upstream <%= @name %> {\n    <% @all.each do |one| %>\n    server <%= one %>;\n    <% end %>\n}\n",
            template("<%"),
        ),
        ("x/a.conf", "[{{ section }}]\nport = {{ port }}\n", SkipReason::NotNginx),
        ("x/a.conf", "frontend {{ name }}\n    bind *:{{ port }}\n", SkipReason::NotNginx),
        ("x/a.conf", "#!/bin/bash\nif [[ -f /x ]]; then\n    exit 0\nfi\n", SkipReason::NotNginx),
        ("conf.d/a.conf", "user = <%= @user %>\nlisten = <%= @listen %>\n", SkipReason::NotNginx),
    ];
    for (path, text, expected) in &table {
        assert_eq!(reasons(&load_tree(&[(path, text)])), [expected], "{text}");
    }
}
