//! `wrong-connection-header`: `Connection` is set, but not to something with `upgrade` for a handshake.

use lint_finding::{Applicability, FixKind, Group, RuleMeta, Severity};
use nginx_semantics::{Evaluator, Part, Value, parts};
use ws_model::{Browser, Endpoint, HandshakeRequest, Header, HeaderSource, Line, has_token};

use crate::context::is_literal;
use crate::verify::with_curl;
use crate::{Context, FindingBuilder, Findings, Rule};

pub(super) struct WrongConnectionHeader;

const META: RuleMeta = RuleMeta {
    name: "wrong-connection-header",
    group: Group::Handshake,
    severity: Severity::Error,
    summary: "`Connection` to the upstream has no `upgrade` when the client asks for one",
    since: "0.1.0",
    fix: FixKind::Sometimes,
    docs: include_str!("wrong_connection_header.md"),
};

impl Rule for WrongConnectionHeader {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn endpoint(&self, cx: &Context<'_, '_>, endpoint: &Endpoint<'_>, out: &mut Findings) {
        let Some(handshake) = &endpoint.handshake else { return };
        // Without `Upgrade` there is one finding with one remedy: `missing-upgrade-header`.
        if handshake.upgrade.source != (HeaderSource::Set { is_here: handshake.is_here }) {
            return;
        }
        let Some((browser, line)) = failing(&handshake.connection) else { return };
        let value = line.value(browser);
        let sent = match value.as_known() {
            Some(b"") => "no `Connection`".to_owned(),
            Some(value) => format!("`Connection: {}`", String::from_utf8_lossy(value)),
            None => "`Connection` without `upgrade`".to_owned(),
        };
        let only = if browser == Browser::Firefox {
            " for a handshake of Firefox, whose `Connection` is `keep-alive, Upgrade`"
        } else {
            " for a handshake"
        };
        let message = format!("nginx sends {sent} to the upstream{only}");
        let replacement = cx.connection_variable(endpoint);
        let written = String::from_utf8_lossy(&line.written).into_owned();
        let help = match &replacement {
            Some(variable) => format!("write `proxy_set_header Connection {variable};`"),
            None => "write `proxy_set_header Connection $connection_upgrade;` and in `http`: `map $http_upgrade $connection_upgrade { default upgrade; '' close; }`".to_owned(),
        };
        out.push(
            blame(cx, endpoint, browser, line, message)
                .endpoint(endpoint)
                .help(with_curl(help, cx, endpoint))
                .fix_value(
                    is_literal(&line.written) && written != "$connection_upgrade",
                    line,
                    replacement.as_deref().unwrap_or("upgrade"),
                ),
        );
    }
}

/// The first browser for which no line has the token, with the first of the lines.
fn failing<'h, 's>(connection: &'h Header<'s>) -> Option<(Browser, &'h Line<'s>)> {
    let has_none = |value: &Value| value.surely(|value| !has_token(value, "upgrade"));
    let first = connection.lines.first()?;
    let fails = |browser: &Browser| connection.lines.iter().all(|line| has_none(line.value(*browser)));
    Browser::ALL.into_iter().find(fails).map(|browser| (browser, first))
}

/// The line to blame: that of the map which decides, else the one that sets the header.
fn blame(
    cx: &Context<'_, '_>,
    endpoint: &Endpoint<'_>,
    browser: Browser,
    line: &Line<'_>,
    message: String,
) -> FindingBuilder {
    let request = HandshakeRequest(browser);
    let evaluator = Evaluator {
        configuration: cx.configuration(),
        variables: &cx.model.variables,
        request: &request,
        context: endpoint.context,
    };
    let deciding = match parts(&line.written).as_slice() {
        [Part::Variable(name)] => evaluator.deciding_entry(name),
        _ => None,
    };
    match deciding {
        Some((_, Some(entry))) => FindingBuilder::new(&META, &entry, message)
            .because(&line.directive, "`Connection` takes the map's value here"),
        Some((map, None)) => match cx.configuration().opener(map) {
            Some(opener) => FindingBuilder::new(&META, &opener, message)
                .primary("no entry matches and there is no `default`, so the value is empty")
                .because(&line.directive, "`Connection` takes the map's value here"),
            None => FindingBuilder::new(&META, &line.directive, message),
        },
        None => FindingBuilder::new(&META, &line.directive, message),
    }
}

impl FindingBuilder {
    /// The edit of a fixed value.
    fn fix_value(self, is_fixed: bool, line: &Line<'_>, replacement: &str) -> Self {
        if is_fixed { self.replace(Applicability::Unsafe, &line.directive, 1, replacement) } else { self }
    }
}
