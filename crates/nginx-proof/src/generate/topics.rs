//! Subjects that a configuration may have besides, each as lines for the levels where nginx takes them. A swarm draws some
//! of them, so that none hides another.

use super::features::{self as f, Feature};

/// A subject.
pub(super) struct Topic {
    pub(super) feature: Feature,
    /// Lines of `http`, all of them.
    pub(super) http: &'static [&'static str],
    /// Lines of a server, of which it has one or none.
    pub(super) server: &'static [&'static str],
    /// The same of a location that has a path.
    pub(super) location: &'static [&'static str],
    /// What words of other lists are where the subject is not drawn.
    pub(super) otherwise: &'static [(&'static str, &'static str)],
}

/// What one level has of each topic: nothing, or the line of this number, from 1.
pub(super) type Picks = Vec<u8>;

/// As large may a pick be; what is beyond a topic's lines is nothing.
pub(super) const MOST_PICKED: u8 = 12;

const NOTHING: Topic = Topic { feature: "", http: &[], server: &[], location: &[], otherwise: &[] };

pub(super) const TOPICS: [Topic; 16] = [
    Topic {
        feature: f::SOCKETS,
        // What a server listens at, for the first one beside port 80.
        server: &[
            "listen 8080;",
            "listen 80; listen 8080;",
            "listen 8443 ssl; ssl_certificate cert.pem; ssl_certificate_key key.pem;",
            "listen 80; listen 8443 ssl; ssl_certificate cert.pem; ssl_certificate_key key.pem;",
            "listen 8080; listen [::]:8080;",
            "listen localhost:8081;",
        ],
        ..NOTHING
    },
    Topic {
        feature: f::REAL_IP,
        server: &[
            "set_real_ip_from 127.0.0.1;",
            "set_real_ip_from 127.0.0.0/8; real_ip_header X-Forwarded-For;",
            "set_real_ip_from 127.0.0.1; set_real_ip_from 10.0.0.0/8; real_ip_header X-Forwarded-For; real_ip_recursive on;",
            "set_real_ip_from 10.0.0.0/8;",
        ],
        location: &["set_real_ip_from 127.0.0.1; real_ip_header X-A;", "real_ip_header X-Forwarded-For;"],
        ..NOTHING
    },
    Topic {
        feature: f::ANSWERS,
        server: &[
            "proxy_redirect off;",
            "proxy_redirect / /y/;",
            "proxy_cookie_path / /x;",
            "proxy_cookie_domain off;",
            "proxy_hide_header Upgrade;",
            "add_header X-Y z always;",
        ],
        location: &[
            "proxy_redirect off;",
            "proxy_cookie_path ~^/(.+)$ /x/$1;",
            "proxy_cookie_flags ~ secure;",
            "proxy_hide_header X-Y;",
            "proxy_pass_header Server;",
            "proxy_buffering off;",
            "expires 1h;",
            "gzip on; gzip_types *;",
        ],
        ..NOTHING
    },
    Topic {
        feature: f::MIRROR,
        server: &["mirror /mirror;", "mirror /none;"],
        location: &[
            "mirror /mirror;",
            "mirror /ws;",
            "mirror off;",
            "mirror /mirror; mirror_request_body off;",
        ],
        ..NOTHING
    },
    Topic {
        feature: f::LIMITS,
        http: &[
            "limit_req_zone $binary_remote_addr zone=r:1m rate=1r/m;",
            "limit_conn_zone $server_name zone=c:1m;",
        ],
        server: &["limit_req zone=r;", "limit_conn c 1;", "limit_req zone=r burst=9 nodelay;"],
        location: &[
            "limit_req zone=r;",
            "limit_req zone=r; limit_req_status 429;",
            "limit_conn c 1; limit_conn_status 404;",
            "limit_req zone=r burst=9 nodelay;",
        ],
        ..NOTHING
    },
    Topic {
        feature: f::ERROR_PAGES,
        server: &["recursive_error_pages on;"],
        location: &[
            "recursive_error_pages on;",
            "error_page 403 404 500 502 https://other.test$request_uri;",
            "error_page 404 426 =301 http://$host/moved;",
            "error_page 404 = /x$uri;",
            "error_page 400 403 404 =200 /ws$is_args$args;",
            "error_page 404 /$http_x_a;",
        ],
        ..NOTHING
    },
    Topic {
        feature: f::PEERS,
        http: &[
            "upstream two { server a:8000; server b:8001; }",
            "upstream spare { ip_hash; server a:8000 down; server c:8002; server b:8001 weight=2; }",
            "upstream last { server a:8000 down; server c:8002 backup; }",
            "upstream local { server unix:/run/local.sock; keepalive 2; }",
        ],
        otherwise: &[("//two", "//app"), ("//spare", "//app"), ("//last", "//api"), ("//local", "//api")],
        ..NOTHING
    },
    Topic {
        feature: f::TLS_PEER,
        otherwise: &[("https://b", "http://b"), ("https://c", "http://c")],
        ..NOTHING
    },
    Topic {
        feature: f::ROOTS,
        server: &["root html;", "root none;", "root html/ws;"],
        location: &["root html;", "root html/$arg_a;", "alias html/;", "alias html/ws;", "alias none/;"],
        otherwise: &[
            ("!-f $request_filename", "$args"),
            ("-f $request_filename", "$args"),
            ("!-e $request_filename", "$args"),
            ("-d $document_root$uri", "$args"),
        ],
        ..NOTHING
    },
    Topic {
        feature: f::PASSWORDS,
        server: &["auth_basic x; auth_basic_user_file users;", "auth_basic_user_file none;"],
        location: &[
            "auth_basic x; auth_basic_user_file users;",
            "auth_basic $http_x_a; auth_basic_user_file users;",
            "auth_basic x; auth_basic_user_file none;",
        ],
        ..NOTHING
    },
    Topic {
        feature: f::OTHER_VARIABLES,
        http: &[
            "geo $geo { default close; 127.0.0.0/8 upgrade; 10.0.0.0/8 websocket; }",
            "geo $http_x_a $told { default close; 10.0.0.0/8 upgrade; }",
            "split_clients $request_uri $split { 50% upgrade; * close; }",
        ],
        otherwise: &[("$geo", "geo"), ("$told", "told"), ("$split", "split")],
        ..NOTHING
    },
    Topic {
        feature: f::HOSTNAMES,
        http: &[
            "map $host $hosted { hostnames; default x; *.test y; .a.test upgrade; example.com websocket; www.* z; ~^b w; }",
            "map $http_upgrade $twice { default a; websocket b; }",
            "map $http_origin $twice { default upgrade; \"\" close; }",
        ],
        otherwise: &[("$hosted", "hosted"), ("$twice", "twice")],
        ..NOTHING
    },
    Topic {
        feature: f::BUFFERS,
        server: &[
            "client_header_buffer_size 64; large_client_header_buffers 2 512;",
            "client_header_buffer_size 128; large_client_header_buffers 4 1k;",
            "connection_pool_size 128; client_header_buffer_size 32; large_client_header_buffers 4 128;",
        ],
        ..NOTHING
    },
    Topic {
        feature: f::CACHE,
        http: &["proxy_cache_path cache keys_zone=z:1m;"],
        server: &["proxy_cache z; proxy_cache_min_uses 1000;"],
        location: &[
            "proxy_cache z; proxy_cache_min_uses 1000;",
            "proxy_cache off;",
            "proxy_cache z; proxy_cache_min_uses 1000; proxy_cache_methods POST;",
            "proxy_cache z; proxy_cache_min_uses 1000; proxy_cache_bypass $http_upgrade;",
        ],
        ..NOTHING
    },
    Topic { feature: f::RESOLVER, http: &["resolver 127.0.0.1;"], ..NOTHING },
    // Its lines are those of levels.
    Topic { feature: f::VERSION_2, ..NOTHING },
];

/// The location of every server that has one of [`f::MIRROR`]'s subrequests.
pub(super) const MIRROR_LOCATION: &str = "location = /mirror { internal; proxy_pass http://b:8001/mirror; }";
