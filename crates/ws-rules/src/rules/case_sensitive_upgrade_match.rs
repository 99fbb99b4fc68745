//! `case-sensitive-upgrade-match`: a test of `Upgrade` that minds case.
//!
//! Its value has none (RFC 6455 section 4.2.1, RFC 9110 section 7.8); browsers send `websocket`, other clients
//! `WebSocket` too. `=`, `!=`, `~` and `!~` of an `if` mind case, and so do the regexes of a map after `~`; its literal keys
//! do not (`http/ngx_http_variables.c:ngx_http_map_find`).

use lint_finding::{Applicability, FixKind, Group, RuleMeta, Severity, Tells};
use nginx_semantics::pattern::Pattern;
use nginx_semantics::{ContextId, ContextKind, Directive, Part, condition_words, parts};

use crate::context::is_literal;
use crate::map_entry::{decided, safe_for_handshakes};
use crate::{Context, Edits, FindingBuilder, Findings, Rule};

pub(super) struct CaseSensitiveUpgradeMatch;

const META: RuleMeta = RuleMeta {
    name: "case-sensitive-upgrade-match",
    group: Group::Handshake,
    severity: Severity::Warning,
    summary: "a test of `$http_upgrade` is case-sensitive, and some clients write it in another case",
    since: "0.1.0",
    fix: FixKind::Either,
    tells: Tells::Request,
    docs: include_str!("../../pages/case-sensitive-upgrade-match.md"),
};

/// What browsers send.
const BROWSERS: &[u8] = b"websocket";
/// What other clients send.
const OTHERS: &[u8] = b"WebSocket";

/// What a test that minds case misses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Misses {
    /// What browsers send.
    Browsers,
    /// What only other clients send.
    Others,
}

impl Misses {
    /// `None` where it minds no case, or something else.
    fn of(minding: impl Fn(&[u8]) -> Option<bool>, is_meant: bool) -> Option<Self> {
        match (is_meant, minding(BROWSERS)?, minding(OTHERS)?) {
            (true, false, _) => Some(Self::Browsers),
            (true, true, false) => Some(Self::Others),
            _ => None,
        }
    }

    fn severity(self) -> Severity {
        match self {
            Self::Browsers => Severity::Warning,
            Self::Others => Severity::Info,
        }
    }

    fn message(self, what: &str) -> String {
        match self {
            Self::Browsers => {
                format!("{what} is case-sensitive and does not match `websocket`, which all browsers send")
            }
            Self::Others => {
                format!(
                    "{what} is case-sensitive: it matches the `websocket` of browsers, but not the `WebSocket` of other clients"
                )
            }
        }
    }
}

impl Rule for CaseSensitiveUpgradeMatch {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn configuration(&self, cx: &Context<'_, '_>, out: &mut Findings) {
        let configuration = cx.configuration();
        for kind in [ContextKind::If, ContextKind::ServerIf] {
            let tests = configuration.of_kind(kind).filter_map(|context| configuration.opener(context));
            for (test, misses, operator) in tests.filter_map(|test| missed_by_test(test)) {
                let what = format!("`{operator}`");
                let negation = if operator.starts_with('!') { "!" } else { "" };
                let finding = FindingBuilder::new(&META, &test, misses.message(&what));
                let finding = finding.at_most(misses.severity());
                let edits = caseless(&test, operator).unwrap_or_else(Edits::impossible);
                let finding = finding.fix("mind no case", Applicability::Unsafe, edits);
                out.push(finding.help(format!("write `if ($http_upgrade {negation}~* ^websocket$)`")));
            }
        }
        for map in configuration.of_kind(ContextKind::Map) {
            for (entry, misses) in missed_by_map(cx, map) {
                let finding = FindingBuilder::new(&META, &entry, misses.message("this regex"));
                let help = "write `websocket` without `~`, which ignores case, or use `~*` instead of `~`";
                let key = [b"~*", entry.name_bytes().get(1..).unwrap_or_default()].concat();
                let edits = Edits::new().name(&entry, key);
                let finding = finding.fix("mind no case", safe_for_handshakes(cx, map), edits);
                out.push(finding.at_most(misses.severity()).help(help));
            }
        }
    }
}

/// Whether a regex is meant for a handshake: without case it takes one.
fn is_meant(regex: &[u8]) -> bool {
    let caseless = Pattern::new(regex, true).ok();
    caseless.and_then(|pattern| pattern.is_match(BROWSERS)) == Some(true)
}

fn missed_by_test<'s>(test: Directive<'s>) -> Option<(Directive<'s>, Misses, &'static str)> {
    let words = condition_words(&test);
    let [variable, operator, text] = words.as_slice() else { return None };
    if !variable.eq_ignore_ascii_case(b"$http_upgrade") {
        return None;
    }
    let operator = ["=", "!=", "~", "!~"].into_iter().find(|one| one.as_bytes() == operator.as_ref())?;
    let misses = if operator.ends_with('=') {
        let is_meant = is_literal(text) && text.eq_ignore_ascii_case(BROWSERS);
        Misses::of(|value| Some(value == text.as_ref()), is_meant)
    } else {
        let pattern = Pattern::new(text, false).ok()?;
        Misses::of(|value| pattern.is_match(value), is_meant(text))
    };
    Some((test, misses?, operator))
}

/// The operator that minds no case in place of this one, which stands as a word of its own.
fn caseless(test: &Directive<'_>, operator: &str) -> Option<Edits> {
    let words: Vec<_> = test.arguments().collect();
    let index = words.iter().position(|word| word.as_ref() == operator.as_bytes())?;
    let negation = if operator.starts_with('!') { "!" } else { "" };
    let edits = Edits::new().argument(test, index, format!("{negation}~*"));
    if operator.ends_with('~') {
        return Some(edits);
    }
    // A parenthesis may be part of the word.
    let text = words.get(index + 1)?;
    let end = if text.ends_with(b")") { ")" } else { "" };
    Some(edits.argument(test, index + 1, format!("^websocket${end}")))
}

/// The entries of a map on `$http_upgrade` that mind case, where another entry decides for what they miss.
fn missed_by_map<'s>(cx: &Context<'_, 's>, map: ContextId) -> Vec<(Directive<'s>, Misses)> {
    let configuration = cx.configuration();
    let opener = configuration.opener(map);
    let source = opener.and_then(|opener| opener.argument(0)).unwrap_or_default();
    let name = opener.and_then(|opener| opener.argument(1)).unwrap_or_default();
    if !source.eq_ignore_ascii_case(b"$http_upgrade") || !configuration.context(map).gaps.is_empty() {
        return Vec::new();
    }
    let entries: Vec<_> = configuration.directives(map).filter(|entry| entry.argument(0).is_some()).collect();
    let mut found = Vec::new();
    for entry in &entries {
        let key = entry.name_bytes();
        let [b'~', regex @ ..] = key.as_ref() else { continue };
        let Ok(pattern) = Pattern::new(regex, false) else { continue };
        if regex.first() == Some(&b'*') {
            continue;
        }
        let Some(misses) = Misses::of(|value| pattern.is_match(value), is_meant(regex)) else { continue };
        let missed = if misses == Misses::Browsers { BROWSERS } else { OTHERS };
        let is_same = decided(&entries, missed)
            .is_none_or(|value| Some(value) == entry.argument(0).as_deref().map(<[u8]>::to_vec));
        let is_blamed = || misses == Misses::Browsers && is_blamed_elsewhere(cx, &name);
        if !is_same && !is_blamed() {
            found.push((*entry, misses));
        }
    }
    found
}

/// Whether an endpoint takes its `Upgrade` or `Connection` from the variable and fails: the rules for these lines blame
/// the entry then.
fn is_blamed_elsewhere(cx: &Context<'_, '_>, variable: &[u8]) -> bool {
    let name = variable.strip_prefix(b"$").unwrap_or(variable);
    cx.model.sent_lines().failing().any(|written| {
        parts(written)
            .into_iter()
            .any(|part| matches!(part, Part::Variable(other) if other.eq_ignore_ascii_case(name)))
    })
}

#[cfg(test)]
mod tests {
    use lint_finding::{Applicability, Severity};

    use crate::testing::{check, fixed, found, help};

    /// What the rule says of a text.
    fn severities(text: &str) -> Vec<Severity> {
        let findings = found(text);
        let own = findings.iter().filter(|finding| finding.rule.name == "case-sensitive-upgrade-match");
        own.map(|finding| finding.severity).collect()
    }

    #[test]
    fn tests_of_an_if() {
        use Severity::{Info, Warning};
        for (test, expected) in [
            (r#"= "WebSocket""#, vec![Warning]),
            (r#"!= "WebSocket""#, vec![Warning]),
            ("~ ^WebSocket$", vec![Warning]),
            ("~ WEBSOCKET", vec![Warning]),
            (r#"= "websocket""#, vec![Info]),
            ("!= websocket", vec![Info]),
            ("~ websocket", vec![Info]),
            ("~ [Ww]eb[Ss]ocket", vec![]),
            ("~* WebSocket", vec![]),
            ("!~* ^websocket$", vec![]),
            ("= h2c", vec![]),
            (r#"= """#, vec![]),
            ("= $wanted", vec![]),
            (r"~ (?=websocket)", vec![]),
        ] {
            let text = format!("location / {{ if ($http_upgrade {test}) {{ set $a 1; }} root /srv/www; }}");
            assert_eq!(severities(&text), expected, "{test}");
        }
    }

    #[test]
    fn the_words_say_who_is_missed() {
        let findings = check(
            r#"
server {
    if ($http_upgrade = "WebSocket") {
   #^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ warning: `=` is case-sensitive and does not match `websocket`, which all browsers send
        set $a 1;
    }
    if ($http_upgrade != "websocket") {
   #^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ info: `!=` is case-sensitive: it matches the `websocket` of browsers, but not the `WebSocket` of other clients
        set $b 1;
    }
}
"#,
        );
        assert_eq!(help(&findings[1]), "write `if ($http_upgrade !~* ^websocket$)`");
    }

    #[test]
    fn entries_of_a_map() {
        use Severity::{Info, Warning};
        for (entries, expected) in [
            ("default pages; ~^WebSocket$ sockets;", vec![Warning]),
            ("default pages; ~^websocket$ sockets;", vec![Info]),
            ("default pages; WebSocket sockets;", vec![]),
            ("default pages; ~*^WebSocket$ sockets;", vec![]),
            // Another entry takes the rest, to the same value or by itself.
            ("default pages; ~^WebSocket$ sockets; ~^websocket$ sockets;", vec![]),
            ("default pages; ~^WebSocket$ sockets; websocket sockets;", vec![]),
            ("default sockets; ~^WebSocket$ sockets; '' pages;", vec![]),
            ("default pages; ~^WebSocket$ sockets; include /opt/more.map;", vec![]),
            ("default pages; ~^h2c$ other;", vec![]),
        ] {
            assert_eq!(
                severities(&format!("map $http_upgrade $backend {{ {entries} }}")),
                expected,
                "{entries}"
            );
        }
        assert!(severities("map $http_origin $backend { default a; ~^WebSocket$ b; }").is_empty());
    }

    #[test]
    fn a_map_that_fails_the_handshake_is_blamed_once() {
        let text = "map $http_upgrade $connection_upgrade { default close; ~WebSocket upgrade; }
            server { location /ws/ { proxy_pass http://a; proxy_http_version 1.1; proxy_read_timeout 1h;
            proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade; } }";
        let findings = found(text);
        let names: Vec<_> = findings.iter().map(|finding| finding.rule.name).collect();
        assert_eq!(names, ["wrong-connection-header"]);
    }

    #[test]
    fn the_operator_or_the_key_minds_no_case() {
        use Applicability::{Safe, Unsafe};
        for (applicability, before, after) in [
            (Unsafe, "server { if ($http_upgrade = WebSocket) { set $a 1; } }", "~* ^websocket$"),
            (Unsafe, "server { if ($http_upgrade != 'WebSocket' ) { set $a 1; } }", "!~* '^websocket$'"),
            (Unsafe, "server { if ($http_upgrade ~ ^Web) { set $a 1; } }", "~* ^Web"),
            (Safe, "map $http_upgrade $a { '~^WebSocket$' 1; default 0; }", "'~*^WebSocket$'"),
            // Handshakes that had another answer.
            (
                Unsafe,
                "map $http_upgrade $a { '~^WebSocket$' b; default c; } server { location / { proxy_pass http://$a; } }",
                "'~*^WebSocket$'",
            ),
        ] {
            let text = fixed(applicability, "case-sensitive-upgrade-match", &format!("{before}\n"));
            assert!(text.contains(&format!(" {after}")), "{text}");
        }
    }
}
