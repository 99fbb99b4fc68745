//! `commercial-directive`: what only NGINX Plus has.
//!
//! Open-source nginx refuses to start with it: an unknown directive (`core/ngx_conf_file.c:ngx_conf_handler`), or a parameter
//! that a setter does not know. Whether the nginx that reads a configuration is NGINX Plus, the configuration does not tell.

use std::collections::BTreeSet;

use lint_finding::{Confidence, FixKind, Group, RuleMeta, Severity, Tells};
use nginx_semantics::Directive;
use nginx_syntax::lossy;

use crate::certain::is_mended;
use crate::commercial::{commercial_word, is_commercial_directive};
use crate::{Context, FindingBuilder, Findings, Rule};

pub(super) struct CommercialDirective;

const META: RuleMeta = RuleMeta {
    name: "commercial-directive",
    group: Group::Configuration,
    severity: Severity::Warning,
    summary: "a directive or parameter that open-source nginx does not have, only NGINX Plus",
    since: "0.1.0",
    fix: FixKind::None,
    tells: Tells::Nothing,
    docs: include_str!("../../pages/commercial-directive.md"),
};

impl Rule for CommercialDirective {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn configuration(&self, cx: &Context<'_, '_>, out: &mut Findings) {
        let configuration = cx.configuration();
        let mut all = Vec::new();
        for (id, context) in configuration.contexts() {
            if context.kind.commands().is_none() {
                continue;
            }
            for line in configuration.directives(id) {
                let what = if is_commercial_directive(&line) {
                    format!("`{}`", lossy(&line.name_bytes()))
                } else if let Some(word) = commercial_word(&line) {
                    format!("`{}` of `{}`", lossy(&word), line.name().as_str())
                } else {
                    continue;
                };
                if !is_mended(&line) && line.may_be_shown() {
                    all.push((line, what));
                }
            }
        }
        // Several different ones are a configuration of NGINX Plus: that is said once.
        let Some((first, what)) = all.first() else { return };
        let others =
            all.iter().map(|(_, other)| other).filter(|other| *other != what).collect::<BTreeSet<_>>().len();
        if others > 0 {
            let message = format!(
                "{what} and {others} more in this configuration are not in open source nginx, only in NGINX Plus"
            );
            out.push(said(first, message).at_most(Severity::Info));
            return;
        }
        for (line, what) in &all {
            out.push(said(line, format!("{what} is not in open source nginx, only in NGINX Plus")));
        }
    }
}

fn said<'f>(line: &Directive<'f>, message: String) -> FindingBuilder<'f> {
    FindingBuilder::new(&META, line, message)
        .confidence(Confidence::Medium)
        .help("remove it unless this file is for NGINX Plus: `nginx -V` shows which one you run")
}

#[cfg(test)]
mod tests {
    use lint_finding::Severity;

    use crate::testing::found;

    fn raised(text: &str) -> Vec<(Severity, String)> {
        let of_rule = found(text).into_iter().filter(|one| one.rule.name == "commercial-directive");
        of_rule.map(|one| (one.severity, one.message.into_owned())).collect()
    }

    #[test]
    fn one_is_a_warning_and_several_are_a_sign_of_nginx_plus() {
        let text = "limit_req_zone $binary_remote_addr zone=a:10m rate=1r/s sync;\nserver { location / { root /srv; } }\n";
        let said = "`sync` of `limit_req_zone` is not in open source nginx, only in NGINX Plus";
        assert_eq!(raised(text), [(Severity::Warning, said.to_owned())]);
        let text = "upstream app { zone app 64k; server 127.0.0.1:1 slow_start=30s; queue 10; }\nserver { location / { proxy_pass http://app; health_check; } }\n";
        let said = "`slow_start=30s` of `server` and 2 more in this configuration are not in open source nginx, only in NGINX Plus";
        assert_eq!(raised(text), [(Severity::Info, said.to_owned())]);
    }

    #[test]
    fn never_refused_and_silent_about_others() {
        let text = "upstream app { zone app 64k; state /var/lib/app.state; }\nserver { location / { proxy_pass http://app; } }\n";
        assert!(found(text).iter().all(|one| !one.message.contains("refuses")));
        assert!(raised("map $a $b { queue 1; }\nserver { location / { root /srv; } }\n").is_empty());
        assert!(raised("server { location / { more_set_headers a; root /srv; } }\n").is_empty());
    }
}
