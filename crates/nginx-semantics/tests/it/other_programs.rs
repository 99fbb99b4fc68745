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
        "bird",
        "caddyfile",
        "collectd",
        "consul-template",
        "dhcpd",
        "dovecot",
        "envoy",
        "fail2ban",
        "freeradius",
        "haproxy",
        "hocon",
        "hocon-server",
        "keepalived",
        "krb5",
        "ld.so",
        "lighttpd",
        "logrotate",
        "lua",
        "manticore",
        "mosquitto",
        "mysql",
        "named",
        "nftables",
        "nftables-rules",
        "nomad",
        "oidentd",
        "openbsd-httpd",
        "openbsd-httpd-locations",
        "openssl",
        "openssl-ca",
        "pf",
        "php-fpm",
        "play",
        "postfix",
        "postgresql",
        "prosody",
        "radsecproxy",
        "redis",
        "relayd",
        "rspamd",
        "rsyslog",
        "shell",
        "softhsm2",
        "squid",
        "sshd",
        "strongswan",
        "supervisord",
        "syslog-ng",
        "systemd",
        "tmux",
        "traefik",
        "unicorn",
        "varnish",
        "vault",
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
        ("a.conf", "server {\n<<<<<<< HEAD\n    listen 80;\n=======\n    listen 81;\n>>>>>>> other\n}\n"),
        (
            "a.conf",
            "<<<<<<< HEAD\nworker_processes 1;\n=======\nworker_processes 2;\n>>>>>>> other\nevents {}\nhttp {\n    gzip on;\n}\n",
        ),
        (
            "a.conf",
            "server\n{# all\n    listen 80;\n    location /\n    {# files\n        root /srv;\n    }\n}\n",
        ),
        ("a.conf", "events {}\n"),
        ("a.conf", "worker_processes = 4;\nevents {}\nhttp {\n    server { listen 80; }\n}\n"),
        ("a.conf", "http {\n    server {\n        location / {\n        }\n    }\n}\n"),
        (
            "a.conf",
            "http {\n    server {\n        listen = 80;\n        root /srv;\n        server_name a;\n    }\n}\n",
        ),
        ("a.conf", "server example.com {\n    listen 80;\n    location / { root /srv; }\n}\n"),
        ("a.conf", "server {\n    listen 80;\n    . . .\n}\nserver {\n    . . .\n}\n. . .\n"),
        ("conf.d/mime.types.conf", "types {\n    text/html html htm;\n    text/css css;\n}\n"),
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
        "http { server { idle-timeout = 60s } }\n",
        "http {\n  server { port = 80 }\n  include \"x\"\n}\n",
        "types { text/css css }\nserver \"a\" { listen on * port 80 }\n",
    ] {
        let loaded = load_tree(&[("x/a.conf", text)]);
        assert_eq!(reasons(&loaded), [&SkipReason::NotNginx], "{text}");
    }
}

#[test]
fn a_text_that_holds_nginx_is_named_and_not_judged() {
    let table = [
        (
            "a.conf",
            "$ checker /etc/x.conf\n\n===== Results =====\nPseudo config:\n\nserver {\n    location ~ /v1/(?<action>[^.]*)$ {\n        add_header X-Action $action;\n    }\n}\n\nTotal issues:\n    High: 1\n",
        ),
        (
            "a.conf",
            "root@host:~# cat /etc/x.conf\nserver {\n    server_name a;\n    proxy_read_timeout 1h;\n}\n",
        ),
        ("a.conf", "---\ntitle: A page\n---\nserver {\n    server_name a;\n    proxy_read_timeout 1h;\n}\n"),
        (
            "nginx/a.conf",
            "# Start\nname = \"x\"\nabout = { en = \"y\" }\n# End\nlocation / {\n    try_files $uri /index.html;\n    proxy_buffering off;\n}\n",
        ),
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
    for text in [
        "{% if tls %}\nserver {\n    listen {{ port }};\n}\n{% endif %}\n",
        "upstream <%= @name %> {\n    <% @all.each do |one| %>\n    server <%= one %>;\n    <% end %>\n}\n",
        "> if user then\nuser $(user);\n> end\nserver {\n> for _, entry in ipairs(all) do\n    listen $(entry.listener);\n> end\n}\n",
        "> if x then\n> end\nserver {\n>-- listen 80;\n    root /srv;\n}\n",
        "{# made by a tool #}\nserver {\n    listen 80;\n}\n",
    ] {
        let loaded = load_tree(&[("x/a.conf", text)]);
        assert_eq!((reasons(&loaded).len(), loaded.judged.is_empty()), (0, false), "{text}");
    }
    let table = [
        ("x/a.conf", "[{{ section }}]\nport = {{ port }}\n", SkipReason::NotNginx),
        ("x/a.conf", "frontend {{ name }}\n    bind *:{{ port }}\n", SkipReason::NotNginx),
        ("x/a.conf", "#!/bin/bash\nif [[ -f /x ]]; then\n    exit 0\nfi\n", SkipReason::NotNginx),
        ("conf.d/a.conf", "user = <%= @user %>\nlisten = <%= @listen %>\n", SkipReason::NotNginx),
    ];
    for (path, text, expected) in &table {
        assert_eq!(reasons(&load_tree(&[(path, text)])), [expected], "{text}");
    }
}

#[test]
fn a_folder_that_is_kept_aside_is_said_and_not_judged() {
    let part = "server {\n    listen 80;\n    location / { proxy_pass http://a; }\n}\n";
    for (folder, expected) in [
        ("conf.d.bak", vec![&SkipReason::OtherName]),
        ("conf.d.backup.20250624", vec![&SkipReason::OtherName]),
        ("backup", vec![]),
        ("conf.d", vec![]),
    ] {
        let loaded = load_tree(&[(&format!("nginx/{folder}/a.conf"), part), ("nginx/b.conf", part)]);
        assert_eq!(reasons(&loaded), expected, "{folder}");
    }
}

#[test]
fn what_nginx_dumps_is_several_files() {
    let dump = "# configuration file /etc/nginx/nginx.conf:\nevents {}\nhttp {\n    include conf.d/*.conf;\n}\n\n\
                # configuration file /etc/nginx/conf.d/a.conf:\nserver {\n    listen 80;\n}\n";
    let loaded = load_tree(&[("nginx/dump.conf", dump)]);
    assert_eq!(reasons(&loaded), [&SkipReason::Dump; 0]);
    let paths: Vec<&str> = loaded.sources.iter().filter_map(|(_, file)| file.hosted()?.name()).collect();
    assert_eq!(paths, ["/etc/nginx/nginx.conf", "/etc/nginx/conf.d/a.conf"]);
    assert_eq!(
        (loaded.judged.len(), loaded.layouts.len()),
        (2, 1),
        "the second one is included by the first"
    );
    let (one, _) = dump.rsplit_once("# configuration").unwrap();
    assert_eq!(load_tree(&[("nginx/dump.conf", one)]).judged.len(), 1, "one file is itself");
}

#[test]
fn a_named_file_in_another_language_is_not_judged() {
    let named = |text: &str| {
        let path = PathBuf::from("/srv/tree/a.conf");
        let mut memory = MemoryFiles::new();
        memory.insert(path.clone(), text);
        let scope = Scope { given: vec![path.clone()], working_folder: "/srv".into(), ..Scope::default() };
        load(&memory, &[path], &scope)
    };
    for (text, expected) in [
        ("$ checker x\nserver {\n    server_name a;\n    proxy_pass http://b;\n}\n", SkipReason::Mixed),
        ("name = \"x\"\n\nserver_name a;\nproxy_pass http://b;\n", SkipReason::Mixed),
        ("[ ca ]\ndefault_ca = myca\n", SkipReason::NotNginx),
        ("directories.tokendir = /x\n", SkipReason::NotNginx),
        ("bind 127.0.0.1\nport 6379\nsave 900 1\n", SkipReason::NotNginx),
        ("set -g mouse on\nbind r source-file ~/.tmux.conf\nset -g status off\n", SkipReason::NotNginx),
        ("zone \"a\" {\n    type master;\n    file \"a.db\";\n};\n", SkipReason::NotNginx),
    ] {
        let loaded = named(text);
        assert_eq!(reasons(&loaded), [&expected], "{text}");
        assert!(loaded.judged.is_empty(), "{text}");
    }
    for text in [
        "worker_processes = 4;\nevents {}\n",
        "evnts {\n}\n",
        "servr",
        "root /srv",
        "...\nserver { listen 80; }\n",
        "x y;\n",
        "sever {\n    listen 80;\n    location /ws { proxy_pass http://a; }\n}\n",
        "sticky_thing on;\nmore_things \"a\";\nallow 10.0.0.0/8;\nproxy_buffering off\n",
        "allow 10.0.0.0/8;\nallow 10.1.0.0/16;\ndeny all;\n",
    ] {
        assert_eq!(named(text).judged.len(), 1, "{text}");
    }
}

/// What nginx starts with is judged, whatever its comments say.
#[test]
fn comments_make_no_dump_and_no_other_encoding() {
    let head = "# configuration file /a:\n# configuration file /b:\n";
    let main = "events {}\nhttp {\n    server {\n        listen 80;\n    }\n}\n";
    for text in [
        format!("{head}{main}"),
        format!("{main}{head}"),
        main.replace("http", &format!("{head}http")),
        main.replace("    server", &format!("{head}include a.conf; server")),
        format!("# a\0b\n{main}"),
        main.replace("listen 80;", "listen 80; # \0"),
    ] {
        let loaded = load_tree(&[("nginx.conf", &text)]);
        assert_eq!((reasons(&loaded).len(), loaded.judged.len()), (0, 1), "{text:?}");
    }
    for end in ["server { listen 81; }", "types { a b; }", "http { }", "events { }", "}"] {
        let loaded = load_tree(&[("nginx.conf", &format!("{head}{main}{end}\n"))]);
        let is_dump =
            |file: &nginx_semantics::SourceFile| file.hosted().is_some_and(nginx_semantics::Hosted::is_dump);
        assert!(loaded.sources.iter().any(|(_, file)| is_dump(file)), "{end}");
    }
    for (text, reason) in [
        (main.replace("listen 80;", "listen 8\x000;"), SkipReason::Encoded("a text with NUL bytes")),
        (format!("{main}# \0\n}}"), SkipReason::Encoded("a text with NUL bytes")),
    ] {
        assert_eq!(reasons(&load_tree(&[("nginx.conf", &text)])), [&reason], "{text:?}");
    }
}
