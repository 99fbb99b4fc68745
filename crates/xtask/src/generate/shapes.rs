//! Configurations of one kind of line or block, many times over: what finds code whose cost is not in proportion to its
//! input.
//!
//! Half of them are common in real files, only not so many times. The others are what somebody sends who wants to keep a
//! checker busy.

use super::File;

/// One kind of configuration, of any size.
pub(crate) struct Shape {
    /// What it is called in reports.
    pub(crate) name: &'static str,
    /// What it holds many times, in words.
    pub(crate) about: &'static str,
    /// How the program is asked about it.
    pub(crate) way: &'static [&'static str],
    /// Its size where instructions are counted, fifty times slower than running: its double is counted too.
    pub(crate) counted: usize,
    /// Its size where time is measured: its double is measured too.
    pub(crate) timed: usize,
    text: fn(usize) -> String,
}

impl Shape {
    /// The file with so many of what it is about.
    pub(crate) fn file(&self, size: usize) -> File {
        ("nginx.conf".to_owned(), (self.text)(size))
    }
}

const JSON: &[&str] = &["--format", "json"];
const HUMAN: &[&str] = &["--format", "human"];
const UNSAFE_DIFF: &[&str] = &["--diff", "--unsafe-fixes"];
const TRACE: &[&str] = &["trace", "ws://a.example.com/ws/", "--format", "json"];

/// All of them: first what is common, then what is hostile.
pub(crate) const SHAPES: [Shape; 12] = [
    Shape {
        name: "set-in-each-server",
        about: "servers, each of which sets the same variable and proxies to it",
        way: JSON,
        counted: 120,
        timed: 2000,
        text: |size| {
            let location = |number: usize| {
                format!("location /ws/ {{ set $up http://back{number}:80; proxy_pass $up; {LINES} }}")
            };
            http(&format!("resolver 127.0.0.1;\n{}", many(size, |number| server(number, &location(number)))))
        },
    },
    Shape {
        name: "rewrites-before-locations",
        about: "locations, in a server with a tenth as many `rewrite` lines",
        way: JSON,
        counted: 120,
        timed: 1000,
        text: |size| {
            let rewrites = many(size / 10, |number| format!("rewrite ^/a{number}/(.*)$ /b{number}/$1;"));
            http(&server(0, &format!("\n{rewrites}{}", many(size, complete))))
        },
    },
    Shape {
        name: "headers-of-the-server",
        about: "`proxy_set_header` lines of a server, inherited by a quarter as many locations",
        way: JSON,
        counted: 120,
        timed: 1000,
        text: |size| {
            let headers = many(size, |number| format!("proxy_set_header X-{number} $host;"));
            let locations = many(size / 4, |number| location(number, ""));
            http(&server(0, &format!("{LINES}\n{headers}{locations}")))
        },
    },
    Shape {
        name: "findings-on-one-line",
        about: "locations that lack a line for WebSockets, all on one line of the file",
        way: JSON,
        counted: 150,
        timed: 1000,
        text: |size| one_line(size, UPGRADE),
    },
    Shape {
        name: "names-of-one-server",
        about: "names of one server with a quarter as many locations",
        way: JSON,
        counted: 160,
        timed: 2000,
        text: |size| {
            let names = many(size, |number| format!("a{number}.example.com"));
            let names = format!("server_name\n{names};\n{}", many(size / 4, complete));
            http(&format!("server {{ listen 8080;\n{names}}}"))
        },
    },
    Shape {
        name: "peers-of-an-upstream",
        about: "servers of one upstream that a quarter as many locations proxy to",
        way: JSON,
        counted: 300,
        timed: 2000,
        text: |size| {
            let peer = |number: usize| format!("server 10.0.{}.{}:80;", number / 250, number % 250);
            let location =
                |number: usize| format!("location /ws{number}/ {{ proxy_pass http://peers; {LINES} }}");
            let peers = many(size, peer);
            http(&format!("upstream peers {{\n{peers}}}\n{}", server(0, &many(size / 4, location))))
        },
    },
    Shape {
        name: "locations-on-one-line",
        about: "complete locations for WebSockets on one line of the file",
        way: JSON,
        counted: 120,
        timed: 1000,
        text: |size| one_line(size, LINES),
    },
    Shape {
        name: "nested-locations",
        about: "locations in each other, each of which proxies, fixed with `--diff --unsafe-fixes`",
        way: UNSAFE_DIFF,
        counted: 12,
        timed: 25,
        text: |size| {
            let open = format!("location / {{ proxy_pass http://127.0.0.1:9; {UPGRADE} ").repeat(size);
            http(&server(0, &format!("{open}{}", "}".repeat(size))))
        },
    },
    Shape {
        name: "locations-one-a-line",
        about: "locations that lack a line for WebSockets, one on each line",
        way: JSON,
        counted: 150,
        timed: 2000,
        text: |size| http(&server(0, &many(size, |number| location(number, UPGRADE)))),
    },
    Shape {
        name: "findings-shown-on-one-line",
        about: "locations with several findings each, all on one line of the file, shown to people",
        way: HUMAN,
        counted: 80,
        timed: 1000,
        text: |size| one_line(size, "proxy_set_header Upgrade $http_upgrade; proxy_read_timeout 1s;"),
    },
    Shape {
        name: "ignore-comments",
        about: "comments that ignore a rule where it finds nothing",
        way: JSON,
        counted: 2000,
        timed: 10_000,
        text: |size| {
            let comments = "# nginx-ws-lint: ignore[handshake] of no use\n".repeat(size);
            format!("{comments}{}", http(&server(0, &location(0, UPGRADE))))
        },
    },
    Shape {
        name: "addresses-of-one-server",
        about: "`listen` lines of one server, in `trace`",
        way: TRACE,
        counted: 500,
        timed: 500,
        text: |size| {
            let listens = many(size, |number| format!("listen 10.0.{}.{}:80;", number / 250, number % 250));
            let location = format!("location /ws/ {{ proxy_pass http://127.0.0.1:9000; {LINES} }}");
            http(&format!("server {{ server_name a.example.com;\n{listens}{location}\n}}"))
        },
    },
];

/// What a location for WebSockets needs beside `proxy_pass`.
const LINES: &str = "proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; \
    proxy_set_header Connection $connection_upgrade;";

/// Not enough of it.
const UPGRADE: &str = "proxy_set_header Upgrade $http_upgrade;";

fn http(text: &str) -> String {
    format!(
        "events {{}}\nhttp {{\nmap $http_upgrade $connection_upgrade {{ default upgrade; '' close; }}\n{text}\n}}\n"
    )
}

fn server(number: usize, text: &str) -> String {
    format!("server {{ listen 8080; server_name s{number}.example.com; {text} }}")
}

fn location(number: usize, lines: &str) -> String {
    format!("location /ws{number}/ {{ proxy_pass http://127.0.0.1:9000; {lines} }}")
}

fn complete(number: usize) -> String {
    location(number, LINES)
}

fn many(size: usize, one: impl Fn(usize) -> String) -> String {
    (0..size).map(|number| one(number) + "\n").collect()
}

fn one_line(size: usize, lines: &str) -> String {
    http(&server(0, &many(size, |number| location(number, lines)).replace('\n', " ")))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_has_a_name_of_its_own_and_grows() {
        let names: BTreeSet<&str> = SHAPES.iter().map(|shape| shape.name).collect();
        assert_eq!(names.len(), SHAPES.len());
        for shape in &SHAPES {
            let [(_, one), (_, two)] = [40, 80].map(|size| shape.file(size));
            assert_eq!(one.matches('{').count(), one.matches('}').count(), "{}", shape.name);
            let growth = two.len() as f64 / one.len() as f64;
            assert!(growth > 1.7 && growth < 2.1, "{}: {growth}", shape.name);
        }
    }
}
