//! Edits that give an endpoint's location a value of its own.

use lint_finding::Applicability;
use nginx_semantics::{ContextKind, Directive};
use nginx_syntax::NodeId;
use ws_model::Endpoint;

use crate::edit::copied;
use crate::repair::is_open;
use crate::secret::{has_secret_variable, is_secret};
use crate::{Context, Edits};

/// The line `name value;` for an endpoint: where its location has the directive, this gets the value, else the location
/// gets the line. What the location inherits stays as it is for others.
pub(crate) fn set(cx: &Context<'_, '_>, endpoint: &Endpoint<'_>, name: &str, value: &str) -> Edits {
    match own(cx, endpoint, name) {
        Some(line) => Edits::new().argument(&line, 0, value),
        None => add(cx, endpoint, &[format!("{name} {value};")]),
    }
}

/// The directive that the endpoint's location has itself, be it in a file that it includes.
pub(crate) fn own<'s>(cx: &Context<'_, 's>, endpoint: &Endpoint<'_>, name: &str) -> Option<Directive<'s>> {
    let configuration = cx.configuration();
    let location = configuration.enclosing(endpoint.context, ContextKind::Location)?;
    configuration.named(location, nginx_semantics::catalogue::lookup(name.as_bytes())).next_back()
}

/// One line more of a directive that may stand several times: beside those that the location has, else beside those that
/// it inherits, which a line of its own drops.
pub(crate) fn beside(
    cx: &Context<'_, '_>,
    endpoint: &Endpoint<'_>,
    inherited: &[Directive<'_>],
    name: &str,
    value: &str,
) -> Edits {
    let line = format!("{name} {value};");
    if let Some(own) = own(cx, endpoint, name) {
        return Edits::new().after(&own, &[line]);
    }
    let location = cx.configuration().enclosing(endpoint.context, ContextKind::Location);
    let opener = location.and_then(|location| cx.configuration().opener(location));
    let into = opener.map_or(endpoint.pass.directive.reference.file, |opener| opener.reference.file);
    let copies = inherited.iter().map(|line| copied(line, into));
    let Some(mut lines) = copies.collect::<Option<Vec<_>>>() else { return Edits::impossible() };
    lines.push(line);
    add(cx, endpoint, &lines)
}

/// Lines for an endpoint's location, behind the last of its lines about what it passes requests to.
fn add(cx: &Context<'_, '_>, endpoint: &Endpoint<'_>, lines: &[String]) -> Edits {
    let configuration = cx.configuration();
    let location = configuration.enclosing(endpoint.context, ContextKind::Location);
    let Some(location) = location.and_then(|location| configuration.opener(location)) else {
        return Edits::impossible();
    };
    let Some(file) = location.file() else { return Edits::impossible() };
    let node = location.reference.node;
    let family = |name: &'static str| name.split('_').next().unwrap_or_default();
    let own = family(endpoint.pass.directive.name().as_str());
    let is_kin = |child: &NodeId| !file.tree.is_block(*child) && family(file.name(*child).as_str()) == own;
    match file.tree.children(node).filter(is_kin).last() {
        Some(last) => {
            let mut line = location;
            line.reference.node = last;
            Edits::new().after(&line, lines)
        }
        None => Edits::new().at_end(&location, lines),
    }
}

/// Safe where the location gets nothing but handshakes, and all of it was given.
pub(crate) fn safe_if_alone(endpoint: &Endpoint<'_>) -> Applicability {
    if endpoint.may_serve_ordinary_requests() { Applicability::Unsafe } else { safe_if_given(endpoint) }
}

/// Safe where no file that was not given may set the value too: nginx takes it once in a block.
pub(crate) fn safe_if_given(endpoint: &Endpoint<'_>) -> Applicability {
    let location = endpoint.configuration.enclosing(endpoint.context, ContextKind::Location);
    let is_open = is_open(endpoint.configuration, location.unwrap_or(endpoint.context));
    if is_open { Applicability::Unsafe } else { Applicability::Safe }
}

/// Has handshakes get past the cache, and nothing of theirs into it: an answer to one that is refused would take the place
/// of the page that others get. `no_cache` is `None` where nothing gets in already.
pub(crate) fn past_the_cache(
    cx: &Context<'_, '_>,
    endpoint: &Endpoint<'_>,
    prefix: &str,
    bypass: &[Directive<'_>],
    no_cache: Option<&[Directive<'_>]>,
) -> (String, Applicability, Edits) {
    let name = format!("{prefix}_cache_bypass");
    let title = format!("let handshakes get past the cache with `{name} $http_upgrade`");
    let past = beside(cx, endpoint, bypass, &name, "$http_upgrade");
    let (title, edits) = match no_cache {
        None => (title, past),
        Some(lines) => {
            let name = format!("{prefix}_no_cache");
            let out = beside(cx, endpoint, lines, &name, "$http_upgrade");
            (format!("{title}, and out of it with `{name} $http_upgrade`"), past.and(out))
        }
    };
    // Of its own lines none is copied.
    let is_copied = |name: &str| own(cx, endpoint, name).is_none();
    let of = |name: &str, lines: &[Directive<'_>]| {
        is_copied(name) && lines.iter().any(|line| is_secret(line) || has_secret_variable(cx, line))
    };
    let is_secret = of(&name, bypass) || of(&format!("{prefix}_no_cache"), no_cache.unwrap_or_default());
    let applicability = if is_secret { Applicability::Unsafe } else { safe_if_given(endpoint) };
    (title, applicability, edits)
}

#[cfg(test)]
mod tests {
    use lint_finding::Applicability;

    use crate::testing::{fixed, found, help, with_handshake as with};

    #[test]
    fn a_line_stands_behind_its_kin() {
        let text = |more: &str| {
            format!(
                "server {{\n\tlocation /ws/ {{\n\t\tproxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; \
                 proxy_set_header Connection upgrade;\n\t\tproxy_pass http://a; # there\n{more}\t\troot /srv;\n\t}}\n}}\n"
            )
        };
        let after = fixed(Applicability::Safe, "short-read-timeout", &text(""));
        assert_eq!(after, text("\t\tproxy_read_timeout 3600s;\n"));
    }

    #[test]
    fn what_is_inherited_is_repeated() {
        let text = |own: &str| {
            with(&format!(
                "server {{\n    proxy_cache a;\n    proxy_cache_bypass 0;\n    location / {{ # nginx-ws-lint: websocket\n        \
                 proxy_pass http://b;\n        @\n{own}    }}\n}}\n"
            ))
        };
        let more = "        proxy_cache_bypass $http_upgrade;\n";
        let out = "        proxy_no_cache $http_upgrade;\n";
        let kept = "        proxy_cache_bypass 0;\n";
        let after = |own: &str| fixed(Applicability::Safe, "cached-handshake", &text(own));
        assert_eq!(after(""), text(&[kept, more, out].concat()));
        // Lines about the cache stand behind each other.
        assert_eq!(after(kept), text(&[kept, more, out].concat()));
    }

    #[test]
    fn lines_that_are_inherited_are_repeated() {
        let location = with("location / { proxy_pass http://a; @ }");
        let findings =
            found(&format!("server {{ proxy_cache a; proxy_cache_bypass $http_nocache '0'; {location} }}"));
        assert!(help(&findings[0]).contains("proxy_cache_bypass $http_nocache '0' $http_upgrade;"));
    }
}
