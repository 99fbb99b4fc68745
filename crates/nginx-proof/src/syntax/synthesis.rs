//! Statements made of the directive catalogue, in right and in wrong places, with right and wrong numbers of words.

use nginx_semantics::catalogue::{self, Contexts, Directive, ModuleKind};
use nginx_semantics::{NginxVersion, VersionRange};
use proptest::prelude::*;
use proptest::sample::Index;

use super::mutation::{choose, pick};

/// A block, with what stands around it. The statement comes where `@` is.
struct Place {
    contexts: Contexts,
    text: &'static str,
}

const PLACES: [Place; 14] = [
    Place { contexts: Contexts::MAIN, text: "@\nevents {}\nhttp {\n}\n" },
    Place { contexts: Contexts::EVENTS, text: "events {\n    @\n}\nhttp {\n}\n" },
    Place { contexts: Contexts::HTTP, text: "events {}\nhttp {\n    @\n}\n" },
    Place {
        contexts: Contexts::HTTP_SERVER,
        text: "events {}\nhttp {\n    server {\n        listen 127.0.0.1:18080;\n        @\n    }\n}\n",
    },
    Place {
        contexts: Contexts::HTTP_LOCATION,
        text: "events {}\nhttp {\n    server {\n        location / {\n            @\n        }\n    }\n}\n",
    },
    Place {
        contexts: Contexts::HTTP_SERVER_IF,
        text: "events {}\nhttp {\n    server {\n        if ($uri) {\n            @\n        }\n    }\n}\n",
    },
    Place {
        contexts: Contexts::HTTP_LOCATION_IF,
        text: "events {}\nhttp {\n server {\n  location / {\n   if ($uri) {\n    @\n   }\n  }\n }\n}\n",
    },
    Place {
        contexts: Contexts::HTTP_LIMIT_EXCEPT,
        text: "events {}\nhttp {\n server {\n  location / {\n   limit_except GET {\n    @\n   }\n  }\n }\n}\n",
    },
    Place {
        contexts: Contexts::HTTP_UPSTREAM,
        text: "events {}\nhttp {\n    upstream u {\n        server 127.0.0.1:9000;\n        @\n    }\n}\n",
    },
    Place { contexts: Contexts::NONE, text: "events {}\nhttp {\n    map $uri $x {\n        @\n    }\n}\n" },
    Place { contexts: Contexts::NONE, text: "events {}\nhttp {\n    geo $x {\n        @\n    }\n}\n" },
    Place { contexts: Contexts::NONE, text: "events {}\nhttp {\n    types {\n        @\n    }\n}\n" },
    Place {
        contexts: Contexts::NONE,
        text: "events {}\nhttp {\n    split_clients $uri $x {\n        @\n    }\n}\n",
    },
    Place {
        contexts: Contexts::NONE,
        text: "events {}\nhttp {\n    charset_map a b {\n        @\n    }\n}\n",
    },
];

/// Values that many setters take, by the end of the directive's name.
const VALUES: [(&str, &[&str]); 73] = [
    ("_timeout", &["10s", "75s"]),
    ("_time", &["10s"]),
    ("_delay", &["10s"]),
    ("_size", &["8k", "64k"]),
    ("_buffers", &["4", "64k"]),
    ("_buffer", &["64k"]),
    ("_level", &["1"]),
    ("_rate", &["10k"]),
    ("_lowat", &["0"]),
    ("_connections", &["64"]),
    ("_requests", &["64"]),
    ("_tries", &["2"]),
    ("_path", &["./temp", "1"]),
    ("_types", &["text/css", "text/plain"]),
    ("_certificate", &["cert.pem"]),
    ("_certificate_key", &["key.pem"]),
    ("_pass", &["127.0.0.1:9000"]),
    ("proxy_pass", &["http://127.0.0.1:9000"]),
    ("grpc_pass", &["grpc://127.0.0.1:9000"]),
    ("listen", &["127.0.0.1:18081"]),
    ("_log", &["./a.log"]),
    ("_bind", &["$uri"]),
    ("_cache_methods", &["GET"]),
    ("_cache_path", &["./cache", "keys_zone=a:1m"]),
    ("_cache_use_stale", &["error", "timeout"]),
    ("_ignore_headers", &["Expires", "Vary"]),
    ("_keys_zone", &["a:1m"]),
    ("_log_level", &["warn"]),
    ("_next_upstream", &["error", "timeout"]),
    ("_ssl_certificate_cache", &["off"]),
    ("_ssl_protocols", &["TLSv1.2", "TLSv1.3"]),
    ("_ssl_verify_depth", &["1"]),
    ("_status", &["404"]),
    ("_store_access", &["user:rw"]),
    ("access_log", &["./a.log"]),
    ("allow", &["127.0.0.1"]),
    ("auth_request_set", &["$v", "1"]),
    ("autoindex_format", &["html"]),
    ("connection_pool_size", &["8k"]),
    ("dav_access", &["user:rw"]),
    ("dav_methods", &["off"]),
    ("debug_points", &["stop"]),
    ("deny", &["127.0.0.1"]),
    ("env", &["A"]),
    ("error_log", &["./a.log", "warn"]),
    ("fastcgi_split_path_info", &["^(a)(b)$"]),
    ("gzip_hash", &["8k"]),
    ("gzip_http_version", &["1.1"]),
    ("gzip_proxied", &["any"]),
    ("gzip_window", &["8k"]),
    ("if_modified_since", &["off"]),
    ("include", &["./none/*"]),
    ("keepalive_disable", &["msie6"]),
    ("limit_conn", &["z", "1"]),
    ("limit_conn_zone", &["$uri", "zone=z:1m"]),
    ("limit_req", &["zone=z"]),
    ("limit_req_zone", &["$uri", "zone=z:1m", "rate=1r/s"]),
    ("log_format", &["a", "$uri"]),
    ("open_file_cache", &["off"]),
    ("open_log_file_cache", &["off"]),
    ("proxy_http_version", &["1.1"]),
    ("satisfy", &["any"]),
    ("set", &["$v", "1"]),
    ("set_real_ip_from", &["127.0.0.1"]),
    ("ssl_protocols", &["TLSv1.2", "TLSv1.3"]),
    ("ssl_session_cache", &["off"]),
    ("use", &["epoll"]),
    ("user", &["root"]),
    ("userid_flags", &["off"]),
    ("worker_processes", &["1"]),
    ("expires", &["1h"]),
    ("return", &["204"]),
    ("error_page", &["404", "/x"]),
];
const ANY_VALUES: [&str; 10] = ["1", "a", "$uri", "/x", "8k", "off", "on", "\"a b\"", "10", "'x'"];
const FLAGS: [&str; 8] = ["on", "off", "on", "off", "ON", "\"off\"", "yes", "1"];

/// How a statement is made.
#[derive(Debug, Clone)]
pub(super) struct Synthesis {
    directive: Index,
    place: Index,
    is_anywhere: bool,
    /// Another number of words than the directive takes.
    arguments: Option<usize>,
    has_wrong_end: bool,
    is_repeated: bool,
    values: Vec<Index>,
}

pub(super) fn synthesis() -> impl Strategy<Value = Synthesis> {
    let odd = |percent: u32| prop::bool::weighted(f64::from(percent) / 100.0);
    let arguments = prop_oneof![3 => Just(None), 2 => (0usize..10).prop_map(Some)];
    let values = prop::collection::vec(any::<Index>(), 12);
    (any::<Index>(), any::<Index>(), odd(40), arguments, odd(20), odd(15), values).prop_map(
        |(directive, place, is_anywhere, arguments, has_wrong_end, is_repeated, values)| Synthesis {
            directive,
            place,
            is_anywhere,
            arguments,
            has_wrong_end,
            is_repeated,
            values,
        },
    )
}

/// The rows that some supported version may have. Those of `mail` and `stream`, which distributions build to be loaded,
/// mostly share their names with others.
fn directives() -> Vec<&'static Directive> {
    let oldest = NginxVersion::new(1, 18, 0);
    let is_alive = |row: &&Directive| row.removed.is_none_or(|removed| removed > oldest);
    let is_built = |row: &&Directive| {
        matches!(row.kind, ModuleKind::Core | ModuleKind::Conf | ModuleKind::Event | ModuleKind::Http)
            || row.block
            || row.name.len().is_multiple_of(8)
    };
    catalogue::directives().iter().filter(is_alive).filter(is_built).collect()
}

impl Synthesis {
    /// The configuration.
    pub(super) fn text(&self) -> Option<Vec<u8>> {
        let row = *pick(&self.directive, &directives())?;
        let right: Vec<&Place> = PLACES
            .iter()
            .filter(|place| self.is_anywhere || place.contexts.intersects(row.contexts))
            .collect();
        let place = match pick(&self.place, &right) {
            Some(place) => *place,
            None => pick(&self.place, &PLACES)?,
        };
        let opens = row.block != self.has_wrong_end;
        let (least, most) = (usize::from(row.min_args), row.max_args.map_or(3, usize::from));
        let last = self.values.last()?;
        let count = self.arguments.unwrap_or(least + last.index(most.saturating_sub(least) + 1));
        let mut statement = row.name.to_owned();
        for (number, index) in self.values.iter().take(count).enumerate() {
            statement.push_str(if index.index(5) == 0 { "\n            " } else { " " });
            statement.push_str(value(row, number, index)?);
        }
        statement.push_str(if opens { " {\n}" } else { ";" });
        if self.is_repeated {
            statement = format!("{statement}\n    {statement}");
        }
        Some(place.text.replace('@', &statement).into_bytes())
    }
}

fn value(row: &Directive, number: usize, index: &Index) -> Option<&'static str> {
    if row.is_flag(VersionRange::exactly(row.since)) {
        return pick(index, &FLAGS).copied();
    }
    let by_name = VALUES.iter().filter(|(end, _)| row.name.ends_with(end)).max_by_key(|(end, _)| end.len());
    match (row.name, by_name) {
        ("if", _) => Some("($uri)"),
        ("location", _) => Some("/a"),
        ("map" | "geo" | "split_clients", _) => pick_at(&["$uri", "$y"], number),
        (_, Some((_, values))) => pick_at(values, number),
        (_, None) => {
            let at = choose(index, ANY_VALUES.len())?;
            ANY_VALUES.get(at).copied()
        }
    }
}

fn pick_at(values: &[&'static str], number: usize) -> Option<&'static str> {
    values.get(number.min(values.len().saturating_sub(1))).copied()
}
