//! `stateless-balancing`: round robin counts connections handed out, not those that are open.
//!
//! A server that comes back, or a new one, gets its share of the new connections only, and WebSockets are seldom new
//! (`http/ngx_http_upstream_round_robin.c:ngx_http_upstream_get_peer` looks at weights, never at `conns`).

use lint_finding::{FixKind, Group, RuleMeta, Severity, Tells};
use ws_model::{Endpoint, Need};

use crate::{Context, FindingBuilder, Findings, Rule};

pub(super) struct StatelessBalancing;

const META: RuleMeta = RuleMeta {
    name: "stateless-balancing",
    group: Group::Balancing,
    severity: Severity::Pedantic,
    summary: "round robin ignores how many WebSockets each server has open",
    since: "0.1.0",
    fix: FixKind::None,
    tells: Tells::Nothing,
    docs: include_str!("../../pages/stateless-balancing.md"),
};

impl Rule for StatelessBalancing {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn endpoint(&self, cx: &Context<'_, '_>, endpoint: &Endpoint<'_>, out: &mut Findings) {
        let Some((opener, balancing)) = cx.model.shared(endpoint) else { return };
        let is_round_robin = balancing.methods.is_empty() && balancing.sticky.is_empty();
        // Where a client has to stay on its server that comes first.
        if !is_round_robin || matches!(endpoint.need(), Need::Stay(_)) {
            return;
        }
        let message = format!(
            "nginx gives new WebSockets to {} servers in turn, however many each has open",
            balancing.sharing()
        );
        let help = "add `least_conn;`, so that a restarted server gets the new ones; with `zone NAME 64k;` all worker processes count together";
        out.push(
            FindingBuilder::new(&META, &opener, message)
                .endpoint(endpoint)
                .because(&endpoint.pass.directive, "its WebSockets go there")
                .help(help),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Options, check_with};

    const PEDANTIC: Options = Options { is_pedantic: true, ..Options::version("1.22") };

    /// A complete location of an application that needs no server of its own, and its upstream.
    fn with(lines: &str) -> String {
        format!(
            "    upstream app {{\n{lines}\n}}\nserver {{\n location /connection/websocket {{\n proxy_pass http://app;\n proxy_http_version 1.1;\n proxy_set_header Upgrade websocket;\n proxy_set_header Connection upgrade;\n proxy_read_timeout 3600s;\n}}\n}}\n"
        )
    }

    #[test]
    fn round_robin_counts_nothing() {
        check_with(PEDANTIC, &with(
            "   #^^^^^^^^^^^^ pedantic: nginx gives new WebSockets to 2 servers in turn, however many each has open
    server 10.0.0.1:80;
    server 10.0.0.2:80;",
        ));
    }

    #[test]
    fn silent_with_any_other_method() {
        for lines in [
            "least_conn; server 10.0.0.1:80; server 10.0.0.2:80;",
            "hash $remote_addr; server 10.0.0.1:80; server 10.0.0.2:80;",
            "server 10.0.0.1:80;",
        ] {
            check_with(PEDANTIC, &with(lines));
        }
    }
}
