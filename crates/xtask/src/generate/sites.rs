//! A web host with many sites: what a company's reverse proxy looks like after some years.
//!
//! Each site has two upstreams, a map and a server with twelve locations: four for WebSockets, four with a pattern, four
//! for static files. Every second WebSocket location takes its header lines from a snippet that all sites share. Some of
//! the others lack a line, so that there is something to find. nginx accepts all of it.

use std::fmt::Write;
use std::iter;

use super::File;

/// Locations of a site, without `location /`.
const LOCATIONS: usize = 12;

/// In every so many sites one of the two locations for WebSockets that have header lines of their own lacks one.
const DEFECTIVE: usize = 5;

const WEBSOCKET: &str = "proxy_http_version 1.1;
proxy_set_header Upgrade $http_upgrade;
proxy_set_header Connection $connection_upgrade;
proxy_set_header Host $host;
proxy_read_timeout 1h;
proxy_send_timeout 1h;
proxy_buffering off;
";

const PROXY: &str = "proxy_http_version 1.1;
proxy_set_header Connection \"\";
proxy_set_header Host $host;
proxy_set_header X-Real-IP $remote_addr;
proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
";

const TLS: &str = "ssl_protocols TLSv1.2 TLSv1.3;
ssl_session_timeout 1d;
ssl_session_cache shared:sessions:10m;
";

/// The main file up to its sites. The paths of temporary files are below the prefix, so that `nginx -t` needs no root.
const HEAD: &str = "worker_processes auto;
pid nginx.pid;
error_log error.log;
events {
    worker_connections 1024;
}
http {
    server_tokens off;
    access_log off;
    server_names_hash_max_size 65536;
    server_names_hash_bucket_size 128;
    variables_hash_max_size 65536;
    map_hash_max_size 65536;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    map $http_upgrade $connection_upgrade {
        default upgrade;
        ''      close;
    }
";

/// A tree: one file a site, and three snippets that all of them include.
pub(crate) fn tree(sites: usize) -> impl Iterator<Item = File> {
    let shared = [
        ("nginx.conf", format!("{HEAD}    include conf.d/*.conf;\n}}\n")),
        ("snippets/websocket.conf", WEBSOCKET.to_owned()),
        ("snippets/proxy.conf", PROXY.to_owned()),
        ("snippets/tls.conf", TLS.to_owned()),
    ];
    let shared = shared.into_iter().map(|(name, text)| (name.to_owned(), text));
    shared.chain((0..sites).map(|number| (format!("conf.d/site-{number:05}.conf"), site(number, include))))
}

/// The parts of one file with everything in it, of at least so many bytes: what is before the sites, one part a site,
/// and the end.
pub(crate) fn single(bytes: usize) -> impl Iterator<Item = String> {
    let mut written = HEAD.len();
    let sites = (0..).map_while(move |number| {
        let text = (written < bytes).then(|| site(number, in_place))?;
        written += text.len();
        Some(text)
    });
    iter::once(HEAD.to_owned()).chain(sites).chain(iter::once("}\n".to_owned()))
}

/// How lines that many places share get to one of them: by name and indentation.
type Shared = fn(&str, &str) -> String;

fn include(name: &str, indent: &str) -> String {
    format!("{indent}include snippets/{name}.conf;\n")
}

fn in_place(name: &str, indent: &str) -> String {
    let text = match name {
        "websocket" => WEBSOCKET,
        "proxy" => PROXY,
        _ => TLS,
    };
    text.lines().map(|line| format!("{indent}{line}\n")).collect()
}

fn site(number: usize, shared: Shared) -> String {
    let mut text = format!("# site {number}\n");
    for which in 0..2 {
        let balancing = if (number + which) % 2 == 0 {
            format!("zone zone_{number}_{which} 64k;")
        } else {
            "ip_hash;".to_owned()
        };
        let port = 8000 + which;
        add(
            &mut text,
            format_args!(
                "upstream backend_{number}_{which} {{
    {balancing}
    server 127.0.0.1:{port};
    server 127.0.0.2:{port} max_fails=3 fail_timeout=30s;
    keepalive 16;
}}
"
            ),
        );
    }
    add(
        &mut text,
        format_args!(
            "map $uri $kind_{number} {{
    default 0;
    \"~^/a/[a-z]{{2,4}}$\" 1;
    /b \"two words\";
}}
server {{
    listen 8080;
    server_name s{number}.example.com www.s{number}.example.com;
{}    # a comment with {{ braces }} and ; semicolons
    location / {{
        return 200 \"site {number}\";
    }}
",
            shared("tls", "    ")
        ),
    );
    for which in 0..LOCATIONS {
        location(&mut text, number, which, shared);
    }
    text.push_str("}\n");
    text
}

fn location(text: &mut String, number: usize, which: usize, shared: Shared) {
    let backend = format!("backend_{number}_{}", which % 2);
    match (which % 3, which / 3 % 2 == 0) {
        (0, true) => add(
            text,
            format_args!(
                "    location /ws{which}/ {{
{}        proxy_pass http://{backend};
    }}
",
                shared("websocket", "        ")
            ),
        ),
        (0, false) => {
            let is_defective = which == 3 && number % DEFECTIVE == 0;
            let connection =
                if is_defective { "" } else { "        proxy_set_header Connection $connection_upgrade;\n" };
            add(
                text,
                format_args!(
                    "    location /ws{which}/ {{
        proxy_pass http://{backend};
        proxy_http_version 1.1;
        proxy_set_header Upgrade $http_upgrade;
{connection}        proxy_set_header Host $host;
        proxy_read_timeout 3600s;
    }}
"
                ),
            );
        }
        (1, _) => add(
            text,
            format_args!(
                "    location ~ \"^/api{which}/(?<id>[0-9]{{1,9}})$\" {{
{}        proxy_pass http://{backend}/v1/$id?$args;
        proxy_read_timeout 30s;
    }}
",
                shared("proxy", "        ")
            ),
        ),
        _ => add(
            text,
            format_args!(
                "    location = /static{which} {{
        root /srv/www;
        expires 30d;
        add_header Cache-Control \"public, max-age=2592000\";
    }}
"
            ),
        ),
    }
}

/// Appends text; a `String` takes all there is.
fn add(text: &mut String, more: std::fmt::Arguments<'_>) {
    let _ = text.write_fmt(more);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_has_a_file_for_each_site_and_some_defects() {
        let files: Vec<File> = tree(10).collect();
        assert_eq!(files.len(), 14);
        assert_eq!(files, tree(10).collect::<Vec<_>>());
        let lacks = |text: &str| {
            let own = text.split("location ").filter(|one| one.contains("Upgrade $http_upgrade"));
            own.filter(|one| !one.contains("Connection $connection_upgrade")).count()
        };
        let defects: usize =
            files.iter().filter(|(name, _)| name.starts_with("conf.d")).map(|(_, text)| lacks(text)).sum();
        assert_eq!(defects, 2);
    }

    #[test]
    fn one_file_is_as_large_as_asked_and_includes_nothing() {
        let text: String = single(100_000).collect();
        assert!(text.len() >= 100_000 && text.len() < 110_000);
        assert!(text.contains("# site 20\n") && !text.contains("include"));
        assert_eq!(text.matches('{').count(), text.matches('}').count());
    }
}
