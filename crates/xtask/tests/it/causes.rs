//! docs/causes.md names every cause and every rule.

use std::collections::BTreeSet;

use ws_rules::RULES;

use crate::files::{names, read, table};

/// The names of causes, sorted: contracts, to which others are added.
const CAUSES: [&str; 42] = [
    "auth-on-handshake",
    "buffering",
    "cache",
    "capacity",
    "connection-header-missing",
    "connection-header-wrong",
    "forwarded-proto-missing",
    "gzip",
    "handshake-header-stripped",
    "headers-in-wrong-context",
    "headers-lost-by-inheritance",
    "host-header",
    "http-version-missing",
    "http-version-wrong",
    "http2-or-http3",
    "ip-hash-behind-proxy",
    "k8s-annotation",
    "keepalive-conflict",
    "limit-req/limit-conn",
    "location-not-matched",
    "map-missing",
    "map-wrong",
    "not-nginx",
    "other-proxy",
    "outer-layer-timeout",
    "path-rewrite",
    "proxy-scheme",
    "proxy-ssl-sni",
    "read-timeout-default",
    "read-timeout-short",
    "redirect-on-handshake",
    "reload-drops",
    "resolver/dns-stale",
    "response-filter",
    "stream-timeout",
    "syntax-error",
    "tls-chain",
    "upgrade-header-missing",
    "upgrade-header-wrong",
    "upstream-not-sticky",
    "worker-connections",
    "wrong-protocol-module",
];

#[test]
fn every_cause_and_every_rule_is_there() {
    let document = read("docs/causes.md");
    let rows = table(&document, "cause");
    let causes: Vec<&str> = rows.iter().map(|row| row[0]).collect();
    assert_eq!(causes, CAUSES);
    for row in &rows {
        assert!(row[1].ends_with('.') && row[2].split_once("none: ").is_none_or(|(_, why)| !why.is_empty()));
        assert_eq!(row[2].starts_with("none: "), !row[2].starts_with('['), "{}", row[0]);
    }
    let of_causes = rows.iter().filter(|row| row[2].starts_with('['));
    let of_causes: BTreeSet<String> = of_causes.flat_map(|row| names(row[2])).collect();
    let others = table(&document, "rule");
    assert!(others.iter().all(|row| row[1].ends_with('.')));
    let others: BTreeSet<String> = others.iter().flat_map(|row| names(row[0])).collect();
    let both: Vec<_> = of_causes.intersection(&others).collect();
    assert!(both.is_empty(), "{both:?}");
    let named: BTreeSet<String> = of_causes.union(&others).cloned().collect();
    let rules: BTreeSet<String> = RULES.iter().map(|rule| rule.meta().name.to_owned()).collect();
    assert_eq!(named, rules);
}
