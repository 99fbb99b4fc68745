//! The entry of a map that decides a value.

use lint_finding::Applicability;
use nginx_semantics::pattern::Pattern;
use nginx_semantics::{ContextId, ContextKind, Directive, DirectiveName, Part, parts};
use nginx_syntax::lossy;
use ws_model::{Browser, Endpoint, HandshakeRequest, Line, ORDINARY_CONNECTIONS};

use crate::verify::is_as_sent;
use crate::{Context, Edits};

/// What takes handshakes in a map of `$http_connection`.
const OF_CONNECTION: &str = "~*upgrade";

/// The map that decides the value, and its entry where one matches.
pub(crate) struct Deciding<'s> {
    /// The map.
    pub(crate) map: ContextId,
    /// The entry; `None` where none matches.
    pub(crate) entry: Option<Directive<'s>>,
}

impl<'s> Deciding<'s> {
    /// Where the value is one variable, and one map defines it.
    pub(crate) fn of(
        cx: &Context<'_, 's>,
        endpoint: &Endpoint<'_>,
        browser: Browser,
        line: &Line<'_>,
    ) -> Option<Self> {
        let [Part::Variable(name)] = parts(&line.written)[..] else { return None };
        let request = HandshakeRequest(browser);
        let (map, entry) = cx.model.evaluator(&request, endpoint.context).deciding_entry(name)?;
        Some(Self { map, entry })
    }

    /// The entry that gives a handshake `upgrade` and leaves other requests what they have, with the edit for it.
    pub(crate) fn mended(&self, cx: &Context<'_, '_>) -> Option<(String, Edits)> {
        let opener = cx.configuration().opener(self.map)?;
        let key = match opener.argument(0)?.to_ascii_lowercase().as_slice() {
            b"$http_upgrade" => "websocket",
            b"$http_connection" => OF_CONNECTION,
            _ => return None,
        };
        let new = format!("{key} upgrade;");
        Some(match &self.entry {
            Some(entry) if entry.name_bytes().as_ref() == b"default" => {
                (new.clone(), Edits::new().after(entry, &[new]))
            }
            // Other requests would get it too.
            Some(entry) if key == OF_CONNECTION && takes_others(entry) => return None,
            Some(entry) => {
                let key = lossy(&entry.name_bytes()).into_owned();
                (format!("{key} upgrade;"), Edits::new().argument(entry, 0, "upgrade"))
            }
            None => (new.clone(), Edits::new().at_end(&opener, &[new])),
        })
    }
}

/// Safe where nothing but `Upgrade` and `Connection` gets the variable of a map, and no file that was not given may; and
/// where no line reads what a regex captured, if the map has regexes or gets one: a request that another entry takes has
/// other captures then.
pub(crate) fn safe_for_handshakes(cx: &Context<'_, '_>, map: ContextId) -> Applicability {
    let configuration = cx.configuration();
    let name = configuration.opener(map).and_then(|opener| opener.argument(1)).unwrap_or_default();
    let name = name.strip_prefix(b"$").unwrap_or(&name).to_owned();
    let names_it = |word: &[u8]| {
        let mut all = parts(word).into_iter();
        all.any(|part| matches!(part, Part::Variable(other) if other.eq_ignore_ascii_case(&name)))
    };
    let is_field = |line: &Directive<'_>| {
        let field = line.argument(0).unwrap_or_default().to_ascii_lowercase();
        line.name() == DirectiveName::PROXY_SET_HEADER
            && [&b"upgrade"[..], b"connection"].contains(&field.as_slice())
    };
    let is_used_otherwise = |(id, context): (ContextId, &nginx_semantics::Context)| {
        let is_gap = |gap: &nginx_semantics::Gap| !(gap.is_pattern && context.kind == ContextKind::Main);
        // The last word of its own line defines it.
        let is_own = |line: &Directive<'_>| configuration.context(map).opener == Some(line.reference);
        let mut lines = configuration.directives(id).filter(|line| !is_field(line) && !is_own(line));
        context.unseen().any(is_gap) || lines.any(|line| line.arguments().any(|word| names_it(&word)))
    };
    let source = configuration.opener(map).and_then(|opener| opener.argument(0)).unwrap_or_default();
    let may_capture = source.eq_ignore_ascii_case(b"$http_connection") || cx.model.has_regex_or_unseen(map);
    let is_capturing = may_capture && cx.model.reads_captures();
    let is_safe = is_as_sent(cx) && !is_capturing && !configuration.contexts().any(is_used_otherwise);
    if is_safe { Applicability::Safe } else { Applicability::Unsafe }
}

/// Whether the entry of a map of `$http_connection` takes requests that ask for no upgrade, or may.
fn takes_others(entry: &Directive<'_>) -> bool {
    ORDINARY_CONNECTIONS.iter().any(|connection| takes(entry, connection.as_bytes()) != Some(false))
}

/// Whether the key of an entry takes an input, were it the only one; `None` where that cannot be said.
fn takes(entry: &Directive<'_>, input: &[u8]) -> Option<bool> {
    let key = entry.name_bytes();
    let pattern = match key.as_ref() {
        [b'~', b'*', regex @ ..] => Pattern::new(regex, true),
        [b'~', regex @ ..] => Pattern::new(regex, false),
        _ => return Some(key.eq_ignore_ascii_case(input)),
    };
    pattern.ok()?.is_match(input)
}

/// The value of the entry that takes an input, empty where none does; `None` where that cannot be said.
pub(crate) fn decided(entries: &[Directive<'_>], input: &[u8]) -> Option<Vec<u8>> {
    let value = |entry: &Directive<'_>| entry.argument(0).map(|value| value.to_vec()).unwrap_or_default();
    let literal = entries.iter().find(|entry| entry.name_bytes().eq_ignore_ascii_case(input));
    if let Some(entry) = literal {
        return Some(value(entry));
    }
    for entry in entries {
        if takes(entry, input)? {
            return Some(value(entry));
        }
    }
    let default = entries.iter().find(|entry| entry.name_bytes().as_ref() == b"default");
    Some(default.map(value).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use lint_finding::Applicability;

    use crate::testing::fixed;

    /// The map, and the value for `Connection`, before and after.
    #[test]
    fn what_handshakes_get_is_mended_and_nothing_else() {
        let text = |map: &str, value: &str| {
            format!(
                "map {map} }}\nserver {{ location / {{ proxy_pass http://a; proxy_http_version 1.1;
             proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection {value}; }} }}\n"
            )
        };
        let right = "$http_upgrade $c { default upgrade; '' close;";
        for (map, value, new_map, new_value) in [
            (right, "\"\"", right, "\"$c\""),
            (right, "close", right, "$c"),
            ("$http_upgrade $c { '' close;", "$c", "$http_upgrade $c { '' close; websocket upgrade;", "$c"),
            (
                "$http_upgrade $c { default close; x y;",
                "$c",
                "$http_upgrade $c { default close; websocket upgrade; x y;",
                "$c",
            ),
            ("$http_upgrade $c { websocket 'close';", "$c", "$http_upgrade $c { websocket 'upgrade';", "$c"),
            (
                "$http_connection $c { Upgrade upgrade; default close;",
                "$c",
                "$http_connection $c { Upgrade upgrade; default close; ~*upgrade upgrade;",
                "$c",
            ),
        ] {
            let after = fixed(Applicability::Safe, "wrong-connection-header", &text(map, value));
            assert_eq!(after, text(new_map, new_value));
        }
    }

    /// An entry that takes other requests too is not what handshakes need: they would get `upgrade` as well.
    #[test]
    fn an_entry_that_takes_others_stays() {
        for entry in
            ["'~*keep-alive' close; default upgrade;", "'~.' close;", "keep-alive a; '~^[Uk]' close;"]
        {
            let text = format!(
                "map $http_connection $c {{ {entry} }}\nserver {{ location / {{ proxy_pass http://a; proxy_http_version 1.1;
             proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $c; }} }}\n"
            );
            let after = fixed(Applicability::Safe, "wrong-connection-header", &text);
            assert!(after.contains(entry), "{after}");
            assert!(after.contains("proxy_set_header Connection $connection_upgrade;"), "{after}");
        }
    }
}
