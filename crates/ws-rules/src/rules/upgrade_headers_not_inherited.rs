//! `upgrade-headers-not-inherited`: an outer level sets the upgrade lines, and a line of the location's own drops them.
//!
//! `proxy_set_header` is inherited all or not at all
//! (`http/modules/ngx_http_proxy_module.c:ngx_http_proxy_merge_loc_conf`).

use lint_finding::{FixKind, Group, RuleMeta, Severity};
use ws_model::{Endpoint, Handshake, Line, Lost};

use crate::verify::with_curl;
use crate::{Context, FindingBuilder, Findings, Rule};

pub(super) struct UpgradeHeadersNotInherited;

const META: RuleMeta = RuleMeta {
    name: "upgrade-headers-not-inherited",
    group: Group::Handshake,
    severity: Severity::Error,
    summary: "upgrade headers of an outer level are dropped by a `proxy_set_header` of the location's own",
    since: "0.1.0",
    fix: FixKind::None,
    docs: include_str!("upgrade_headers_not_inherited.md"),
};

impl Rule for UpgradeHeadersNotInherited {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn endpoint(&self, cx: &Context<'_, '_>, endpoint: &Endpoint<'_>, out: &mut Findings) {
        let Some(handshake) = &endpoint.handshake else { return };
        let Some(lost) = &handshake.lost else { return };
        let lacks = |name: &str| match name {
            "upgrade" => handshake.upgrade.is_default(),
            "connection" => handshake.connection.is_default(),
            _ => false,
        };
        let dropped = dropped_lines(handshake, lost);
        let matters = dropped.iter().any(|line| lacks(&line.name.to_ascii_lowercase()));
        if !matters {
            return;
        }
        let names: Vec<String> = dropped.iter().map(|line| format!("`{}`", line.name)).collect();
        let message = format!(
            "this `proxy_set_header` drops all that the location would inherit: {}",
            names.join(", ")
        );
        let mut finding = FindingBuilder::new(&META, &lost.dropped_by, message)
            .endpoint(endpoint)
            .assumed(handshake.upgrade.is_assumed());
        for line in &dropped {
            finding = finding.because(&line.directive, format!("`{}` is set here, and dropped", line.name));
        }
        let lines: Vec<String> =
            dropped.iter().map(|line| format!("`{};`", line.directive.text_line())).collect();
        let help = format!("repeat the dropped lines in the location: {}", lines.join(" "));
        out.push(finding.help(with_curl(help, cx, endpoint)));
    }
}

/// The lines of the outer level whose field the nearer one does not set, in order.
fn dropped_lines<'h, 's>(handshake: &'h Handshake<'s>, lost: &'h Lost<'s>) -> Vec<&'h Line<'s>> {
    let is_set = |line: &Line<'_>| {
        let own =
            [&handshake.upgrade.lines, &handshake.connection.lines, &handshake.host.lines, &handshake.others];
        own.into_iter().flatten().any(|other| other.name.eq_ignore_ascii_case(&line.name))
    };
    lost.lines.iter().filter(|line| !is_set(line)).collect()
}
