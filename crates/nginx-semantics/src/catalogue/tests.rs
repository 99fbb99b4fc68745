//! Tests of the catalogue: that the data files are whole, and facts that rules rely on.

use super::*;
use crate::catalogue::names::{FOREIGN, NAMED};
use crate::catalogue::table::{TEXT, data_lines};

/// The row of `name` that `module` defines.
fn row(name: &str, module: &str) -> &'static Directive {
    lookup(name.as_bytes()).rows().iter().find(|row| row.module == module).unwrap()
}

fn version(text: &str) -> NginxVersion {
    text.parse().unwrap()
}

#[test]
fn no_row_is_skipped() {
    assert_eq!(data_lines(TEXT).count(), 906);
    assert_eq!(directives().len(), 906);
    let names: std::collections::BTreeSet<_> = directives().iter().map(|row| row.name).collect();
    assert_eq!(names.len(), 724);
}

#[test]
fn every_setter_is_that_of_a_row() {
    let read: Vec<_> = setters::read().collect();
    assert_eq!(read.len(), data_lines(setters::TEXT).count());
    assert!(read.is_sorted_by_key(|(name, module, _)| (*name, *module)));
    for (name, module, setter) in read {
        let row = row(name, module);
        assert_eq!(row.setter, setter, "{name} of {module}");
        assert!(!row.is_flag && !row.block, "{name} of {module}");
    }
    let words = |name, module, versions: &str| match row(name, module).setter {
        Setter::Word(list) => list.words(VersionRange::exactly(version(versions))).collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    assert_eq!(words("proxy_http_version", "ngx_http_proxy_module", "1.28.0"), ["1.0", "1.1"]);
    assert_eq!(words("proxy_http_version", "ngx_http_proxy_module", "1.29.4"), ["1.0", "1.1", "2"]);
}

#[test]
fn rows_are_sorted_and_unique() {
    let keys: Vec<_> = directives().iter().map(|row| (row.name, row.module)).collect();
    assert!(keys.is_sorted_by(|left, right| left < right));
}

#[test]
fn every_row_is_sound_and_found_by_its_name() {
    for row in directives() {
        assert_eq!(lookup(row.name.as_bytes()), row.id);
        assert_eq!(row.id.as_str(), row.name);
        assert!(row.id.rows().contains(row));
        assert!(!row.contexts.is_empty(), "{row:?}");
        assert!(row.max_args.is_none_or(|max| row.min_args <= max), "{row:?}");
        assert!(row.name_since <= row.since, "{row:?}");
    }
    let total: usize = directives().chunk_by(|a, b| a.id == b.id).map(|rows| rows[0].id.rows().len()).sum();
    assert_eq!(total, directives().len());
}

#[test]
fn constants_are_the_names_they_say() {
    for name in NAMED {
        assert_eq!(lookup(name.as_bytes()).as_str(), *name);
    }
    let mut sorted = NAMED.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(sorted.len(), NAMED.len());
    assert_eq!(lookup(b"proxy_pass"), DirectiveName::PROXY_PASS);
    assert_eq!(lookup(b"zone"), DirectiveName::ZONE);
    assert_eq!(format!("{:?}", DirectiveName::IF), "DirectiveName(if)");
    assert!(matches!(lookup(b"limit_except"), DirectiveName::LIMIT_EXCEPT));
}

#[test]
fn only_names_of_other_modules_have_no_rows() {
    assert!(FOREIGN.iter().all(|name| lookup(name.as_bytes()).rows().is_empty()));
    let known = NAMED.iter().chain(FOREIGN);
    let foreign: Vec<_> = known.filter(|name| lookup(name.as_bytes()).rows().is_empty()).collect();
    for name in &foreign {
        let known = ["js_", "more_"];
        assert!(
            known.iter().any(|prefix| name.starts_with(prefix)) || name.contains("_by_lua"),
            "{name} is not a directive of nginx"
        );
    }
}

#[test]
fn unknown_names_share_one_id() {
    for name in ["", "no_such_directive", "Proxy_Pass", "proxy_pass ", "proxy_pas", "more_set_header\0"] {
        assert_eq!(lookup(name.as_bytes()), DirectiveName::UNKNOWN, "{name}");
    }
    assert_eq!(lookup(b"\xff\xfe"), DirectiveName::UNKNOWN);
    assert_eq!(DirectiveName::UNKNOWN.as_str(), "");
    assert!(DirectiveName::UNKNOWN.rows().is_empty());
    assert_eq!(format!("{:?}", DirectiveName::UNKNOWN), "DirectiveName::UNKNOWN");
}

#[test]
fn proxy_http_version() {
    let row = row("proxy_http_version", "ngx_http_proxy_module");
    assert_eq!(row.contexts, Contexts::HTTP | Contexts::HTTP_SERVER | Contexts::HTTP_LOCATION);
    assert_eq!(row.contexts.to_string(), "http, server, location");
    assert_eq!(row.since, version("1.1.4"));
    assert_eq!((row.min_args, row.max_args), (1, Some(1)));
}

#[test]
fn newer_directives() {
    let http2 = row("http2", "ngx_http_v2_module");
    assert_eq!(http2.since, version("1.25.1"));
    assert_eq!(row("sticky", "ngx_http_upstream_sticky_module").since, version("1.29.6"));
    assert_eq!(row("tunnel_pass", "ngx_http_tunnel_module").since, version("1.31.0"));
}

#[test]
fn contexts_and_arguments() {
    let pass = row("proxy_pass", "ngx_http_proxy_module");
    let allowed = Contexts::HTTP_LOCATION | Contexts::HTTP_LOCATION_IF | Contexts::HTTP_LIMIT_EXCEPT;
    assert_eq!(pass.contexts, allowed);
    assert!(!pass.contexts.intersects(Contexts::HTTP_SERVER));
    assert_eq!(lookup(b"proxy_pass").rows().len(), 2);
    assert_eq!(row("include", "ngx_conf_module").contexts, Contexts::ANY);
    assert!(row("location", "ngx_http_core_module").block);
    let server = row("server", "ngx_http_upstream_module");
    assert!(!server.block && server.max_args.is_none());
    assert_eq!(server.name_since, version("0.1.0"));
}

#[test]
fn what_the_parser_asks_is_what_the_rows_say() {
    for number in 0..u16::try_from(DirectiveName::count()).unwrap() {
        let name = DirectiveName(number);
        assert_eq!((name.index(), name), (usize::from(number), DirectiveName::of_number(name.number())));
        let rows = name.rows();
        let most = rows.iter().map(|row| row.max_args).collect::<Option<Vec<u8>>>();
        assert_eq!(name.most_args(), most.and_then(|most| most.into_iter().max()), "{name:?}");
        let is_block = |block| !rows.is_empty() && rows.iter().all(|row| row.block == block);
        assert_eq!(name.takes_block() == Some(true), is_block(true), "{name:?}");
        assert_eq!(name.takes_block() == Some(false), is_block(false), "{name:?}");
    }
    assert_eq!(lookup(b"location").takes_block(), Some(true));
    assert_eq!(lookup(b"server").takes_block(), None);
}

#[test]
fn the_file_of_variables_is_sorted() {
    let lines: Vec<_> = data_lines(variables::HTTP).collect();
    assert_eq!(lines.len(), 164);
    assert!(lines.is_sorted_by(|left, right| left < right));
    assert!(lines.iter().all(|line| *line == line.to_ascii_lowercase().trim()));
    assert!(lines.iter().all(|line| !line.trim_end_matches('*').contains('*')));
}

#[test]
fn variables() {
    for name in ["host", "http_upgrade", "HTTP_Anything", "arg_x", "Remote_Addr", "uri", "upstream_status"] {
        assert!(is_builtin_variable(name.as_bytes()), "{name}");
    }
    for name in ["", "connection_upgrade", "hos", "hostx", "http", "session_time", "http\0"] {
        assert!(!is_builtin_variable(name.as_bytes()), "{name}");
    }
}
