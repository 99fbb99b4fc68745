//! What setters refuse of the words of one statement, in nginx's words.
//!
//! The dispatcher has found the directive, in a place and with an end and a number of words that suit. Here is told what
//! its setter makes of the words, as far as no other line and no file matters. A word that a template may fill in is
//! refused like any other; who asks knows which one it is ([`Refused::word`]).

mod access;
mod cache;
mod condition;
pub(super) mod host_key;
mod http;
mod limits;
mod listen;
mod logs;
mod main;
mod pass;
mod regexes;
mod rewrite;
mod script;
mod slots;
mod upstream;
pub(super) mod url;

use std::borrow::Cow;

use super::Build;
use super::judge::Words;
use crate::catalogue::{Directive, DirectiveName, ModuleKind, WordList};

/// What a word should have been.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// A time; whether years and months may be in it, and no milliseconds.
    Time {
        /// Whether the directive keeps seconds.
        seconds: bool,
    },
    /// A size; whether it may have `g`.
    Size {
        /// Whether it may have `g`.
        gigabytes: bool,
    },
    /// Digits.
    Number,
    /// A number between two.
    Between(u32, u32),
    /// A number and a size.
    Buffers,
    /// A folder, and how many characters names below it have.
    Levels,
    /// A word of a list.
    OneOf(WordList),
    /// A word of a shorter list.
    Words(&'static [&'static str]),
    /// Parameters that start with one of these.
    Parameters(&'static [&'static str]),
    /// Text in which each `$` begins the name of a variable.
    Script,
    /// The name of a variable, with its `$`.
    Name,
    /// The name of a variable that nginx does not set itself.
    OwnName,
    /// `all`, an address or a network.
    Network,
    /// Two addresses of IPv4 with a hyphen between them.
    Range,
    /// An address with a port.
    Address,
    /// A URL with a scheme.
    Url,
    /// A pattern of PCRE.
    Pattern,
    /// What `if` compares.
    Condition,
    /// A status.
    Status,
    /// The name of a zone.
    ZoneName,
    /// A share, or `*`.
    Share,
    /// A zone that is not named.
    Zone,
    /// A zone for keys, with a size.
    KeysZone,
    /// How many at most.
    Maximum,
    /// What a path becomes.
    Replacement,
    /// A multiple of 16.
    Pool,
    /// A name or a wildcard.
    ServerName,
    /// A host name or a wildcard, as the key of a `map`.
    HostKey,
    /// The name of a file.
    File,
    /// A folder that does not depend on itself.
    Folder,
    /// One level.
    OneLevel,
    /// A buffer that suits the log.
    Buffer,
}

/// A word that a setter refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// nginx's message without ` in FILE:LINE`.
    pub message: Vec<u8>,
    /// Which word: the name is 0.
    pub word: usize,
    /// What it should have been.
    pub takes: Takes,
}

impl Refused {
    fn new(word: usize, takes: Takes, message: impl Into<Vec<u8>>) -> Self {
        Self { message: message.into(), word, takes }
    }

    /// A message that ends with a word in quotes.
    fn quoted(word: usize, takes: Takes, before: &str, text: &[u8]) -> Self {
        Self::new(word, takes, [before.as_bytes(), b" \"", text, b"\""].concat())
    }

    /// `invalid parameter "…"`.
    fn parameter(words: &Words<'_>, word: usize, known: &'static [&'static str]) -> Self {
        Self::quoted(word, Takes::Parameters(known), "invalid parameter", &words.c_string(word))
    }

    /// What a setter gives back, and `core/ngx_conf_file.c:ngx_conf_handler` says of the directive.
    fn of_directive(words: &Words<'_>, word: usize, takes: Takes, what: &str) -> Self {
        let name = words.c_string(0);
        Self::new(word, takes, [b"\"".as_slice(), &name, b"\" directive ", what.as_bytes()].concat())
    }
}

/// What is refused of a statement that a row of the catalogue is for.
pub(super) fn refused(statement: &Words<'_>, row: &Directive, build: &Build) -> Option<Refused> {
    use DirectiveName as N;
    let of_slot = slots::refused(statement, row, build);
    if of_slot.is_some() {
        return of_slot;
    }
    match row.kind {
        ModuleKind::Http => {}
        ModuleKind::Core | ModuleKind::Event => return main::refused(statement),
        _ => return None,
    }
    match statement.name {
        N::LISTEN => listen::refused(statement, build),
        N::SERVER if !row.block => upstream::server(statement),
        N::HASH | N::KEEPALIVE | N::ZONE | N::RANDOM => upstream::refused(statement, build),
        N::RETURN => rewrite::returned(statement),
        N::REWRITE => rewrite::rewritten(statement),
        N::SET => rewrite::set(statement, build),
        N::IF => condition::refused(statement),
        N::MAP | N::SPLIT_CLIENTS => rewrite::defined(statement, build, Some(1)),
        N::GEO => rewrite::defined(statement, build, (statement.words.len() == 3).then_some(1)),
        N::AUTH_REQUEST_SET => rewrite::assigned(statement, build),
        N::ALLOW | N::DENY => access::rule(statement),
        N::ERROR_PAGE => http::error_page(statement),
        N::TRY_FILES => http::try_files(statement),
        N::ROOT | N::ALIAS => http::root(statement),
        N::LOCATION => regexes::location(statement),
        N::SERVER_NAME => http::server_name(statement),
        N::LIMIT_EXCEPT => http::limit_except(statement),
        N::KEEPALIVE_TIMEOUT => http::keepalive_timeout(statement),
        N::ADD_HEADER => http::add_header(statement),
        N::EXPIRES => http::expires(statement),
        N::DIRECTIO => http::directio(statement),
        N::OPEN_FILE_CACHE => http::open_file_cache(statement),
        N::LIMIT_REQ => limits::limit_req(statement),
        N::LIMIT_CONN => limits::limit_conn(statement),
        N::LIMIT_REQ_ZONE | N::LIMIT_CONN_ZONE => limits::zone(statement),
        N::ACCESS_LOG => logs::access_log(statement),
        N::ERROR_LOG => logs::error_log(statement),
        N::LOG_FORMAT => logs::format(statement),
        N::OPEN_LOG_FILE_CACHE => logs::open_log_file_cache(statement),
        N::RESOLVER => access::resolver(statement, build),
        N::SET_REAL_IP_FROM => access::real_ip(statement),
        N::CONNECTION_POOL_SIZE | N::REQUEST_POOL_SIZE => http::pool(statement),
        N::PROXY_PASS | N::FASTCGI_PASS | N::UWSGI_PASS | N::SCGI_PASS | N::GRPC_PASS | N::MEMCACHED_PASS => {
            pass::refused(statement)
        }
        N::PROXY_REDIRECT | N::PROXY_COOKIE_PATH | N::PROXY_COOKIE_DOMAIN => pass::rewritten(statement),
        N::PROXY_CACHE_KEY | N::PROXY_CACHE | N::FASTCGI_CACHE | N::UWSGI_CACHE | N::SCGI_CACHE => {
            script::refused(statement, 1)
        }
        N::SUB_FILTER => script::refused(statement, 1).or_else(|| script::refused(statement, 2)),
        N::INDEX => http::index(statement),
        N::DISABLE_SYMLINKS => http::disable_symlinks(statement),
        N::PROXY_BIND | N::FASTCGI_BIND | N::UWSGI_BIND | N::SCGI_BIND | N::GRPC_BIND => {
            pass::bind(statement)
        }
        N::PROXY_CACHE_PATH | N::FASTCGI_CACHE_PATH | N::UWSGI_CACHE_PATH | N::SCGI_CACHE_PATH => {
            cache::path(statement)
        }
        N::PROXY_CACHE_VALID | N::FASTCGI_CACHE_VALID | N::UWSGI_CACHE_VALID | N::SCGI_CACHE_VALID => {
            cache::valid(statement)
        }
        N::SSL_SESSION_CACHE => cache::tls_sessions(statement),
        N::FASTCGI_SPLIT_PATH_INFO => regexes::split_path_info(statement),
        N::GZIP_DISABLE => regexes::gzip_disable(statement),
        N::VALID_REFERERS => regexes::valid_referers(statement),
        _ => None,
    }
}

/// What is refused of text with variables, for those who know where it stands.
pub(super) fn refused_text(text: &[u8], word: usize) -> Option<Refused> {
    script::in_text(text, word)
}

/// What is refused of a line of a block whose lines go to a handler of its own, and has two words.
pub(super) fn refused_entry(block: DirectiveName, entry: &Words<'_>) -> Option<Refused> {
    match block {
        DirectiveName::MAP => script::refused(entry, 1).or_else(|| regexes::map_key(entry)),
        DirectiveName::SPLIT_CLIENTS => upstream::percent(entry),
        _ => None,
    }
}

/// The same of a line of `map`, whose keys may be host names.
pub(super) fn refused_map_entry(entry: &Words<'_>, has_hostnames: bool) -> Option<Refused> {
    let key = || if has_hostnames { host_key::refused(entry) } else { None };
    refused_entry(DirectiveName::MAP, entry).or_else(key)
}

/// What is refused of a line of `geo`, which is read as networks or as ranges.
pub(super) fn refused_geo_entry(entry: &Words<'_>, has_ranges: bool) -> Option<Refused> {
    access::geo(entry, has_ranges)
}

/// Digits, as `core/ngx_string.c:ngx_atoi` reads them.
pub(super) fn number(text: &[u8]) -> Option<u64> {
    let is_number = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    let text = std::str::from_utf8(text).ok().filter(|_| is_number)?;
    text.parse().ok().filter(|number| *number <= i64::MAX as u64)
}

/// What follows a prefix such as `zone=`.
fn after<'w>(word: &'w [u8], prefix: &str) -> Option<&'w [u8]> {
    word.strip_prefix(prefix.as_bytes())
}

/// All words behind the first `skipped`, with their numbers.
fn rest<'w>(
    statement: &'w Words<'_>,
    skipped: usize,
) -> impl Iterator<Item = (usize, Cow<'w, [u8]>)> + use<'w> {
    (skipped..statement.words.len()).map(|word| (word, statement.c_string(word)))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::dispatch::{Build, RefusalKind, refusals};
    use crate::{Configuration, MemoryFiles, NginxVersion, Scope, VersionRange, load_main};

    /// What is refused of a statement, in a location or else in the first block that takes it.
    pub(super) fn said(statement: &str) -> Option<String> {
        let end = if ["if", "map", "geo", "split_clients", "location", "limit_except"]
            .iter()
            .any(|block| statement.starts_with(&format!("{block} ")))
        {
            "{ }"
        } else {
            ";"
        };
        let around = [
            "http { server { location / { @ } } }",
            "http { server { @ } }",
            "http { upstream u { @ } }",
            "http { @ }",
            "@",
        ];
        around.iter().find_map(|around| {
            let mut files = MemoryFiles::new();
            let text = around.replace('@', &format!("{statement}{end}"));
            files.insert(Path::new("/x/nginx.conf").to_owned(), format!("events {{ }} {text}"));
            let scope = Scope { given: vec!["/x".into()], working_folder: "/x".into(), ..Scope::default() };
            let loaded = load_main(&files, Path::new("/x/nginx.conf"), &scope).unwrap();
            let build = Build::any(VersionRange::exactly(NginxVersion::new(1, 26, 3)));
            let configuration = Configuration::new(&loaded.sources, &loaded.layouts[0]);
            let all: Vec<RefusalKind> =
                refusals(configuration, &build).into_iter().map(|refusal| refusal.kind).collect();
            match all.first() {
                Some(RefusalKind::NotAllowedHere(_)) => None,
                first => Some(first.map(RefusalKind::to_string)),
            }
        })?
    }

    #[test]
    fn setters_say_what_nginx_says() {
        let table = include_str!("said.txt");
        for line in table.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let (statement, expected) = line.split_once(" => ").unwrap_or((line, ""));
            assert_eq!(said(statement.trim()).unwrap_or_default(), expected.trim(), "{statement}");
        }
    }
}
