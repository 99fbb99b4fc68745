//! `open-connect-tunnel`: `tunnel_pass` without access restrictions.
//!
//! Without an address it connects to whatever a CONNECT names (`http/modules/ngx_http_tunnel_module.c`, nginx 1.31.0).

use lint_finding::{FixKind, Group, RuleMeta, Severity, Tells};
use nginx_semantics::{
    Configuration, ContextId, ContextKind, Directive, DirectiveName, Effective, ListenAddress, Part,
    effective, parts,
};
use nginx_syntax::lossy;

use crate::{Context, FindingBuilder, Findings, Rule};

pub(super) struct OpenConnectTunnel;

const META: RuleMeta = RuleMeta {
    name: "open-connect-tunnel",
    group: Group::Security,
    severity: Severity::Warning,
    summary: "anyone can make nginx connect to any address",
    since: "0.1.0",
    fix: FixKind::None,
    tells: Tells::Nothing,
    docs: include_str!("../../pages/open-connect-tunnel.md"),
};

/// Variables that say what the client asked for.
const OF_CLIENT: [&[u8]; 5] = [b"host", b"http_host", b"request_port", b"request_uri", b"uri"];

/// Directives that restrict who gets in, with the word that switches each off.
const RESTRICTIONS: [(DirectiveName, &[u8]); 4] = [
    (DirectiveName::DENY, b""),
    (DirectiveName::AUTH_BASIC, b"off"),
    (DirectiveName::AUTH_REQUEST, b"off"),
    (DirectiveName::SSL_VERIFY_CLIENT, b"off"),
];

impl Rule for OpenConnectTunnel {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn configuration(&self, cx: &Context<'_, '_>, out: &mut Findings) {
        let configuration = cx.configuration();
        let kinds = [ContextKind::Server, ContextKind::Location];
        for context in kinds.into_iter().flat_map(|kind| configuration.of_kind(kind)) {
            for tunnel in configuration.named(context, DirectiveName::TUNNEL_PASS) {
                if !is_for_any_address(&tunnel) {
                    continue;
                }
                let Some(is_assumed) = is_open(configuration, context) else { continue };
                let message = "anyone who sends a CONNECT can make nginx connect to any address: nothing here says who may";
                out.push(
                    FindingBuilder::new(&META, &tunnel, message)
                        .assumed(is_assumed)
                        .help("add `allow` for your own clients and `deny all;`, or `auth_basic`, or give `tunnel_pass` one fixed address"),
                );
            }
        }
    }
}

/// Whether the address is what the client asks for.
fn is_for_any_address(tunnel: &Directive<'_>) -> bool {
    let Some(address) = tunnel.argument(0) else { return true };
    let mut variables = parts(&address).into_iter().filter_map(|part| match part {
        Part::Variable(name) => Some(name.to_ascii_lowercase()),
        _ => None,
    });
    // Of one without variables, or with others, a map for instance, nothing is known.
    variables.next().is_some_and(|name| matches!(name.as_slice(), b"host" | b"http_host"))
        && variables.all(|name| OF_CLIENT.contains(&name.as_slice()))
}

/// Whether nothing restricts who gets to the context, and whether that is assumed; `None` where something does or may.
fn is_open(configuration: Configuration<'_>, context: ContextId) -> Option<bool> {
    let mut is_open_to_doubt = false;
    for (name, off) in RESTRICTIONS {
        match effective(configuration, context, name) {
            Effective::Set(declared) => {
                let is_off = |line: &Directive<'_>| line.argument(0).is_some_and(|word| *word == *off);
                if !declared.directives.iter().all(is_off) {
                    return None;
                }
            }
            Effective::Default { is_assumed } => is_open_to_doubt |= is_assumed,
            Effective::Unknown(_) => return None,
        }
    }
    let levels = || configuration.levels(context);
    // A condition may refuse, and other modules have directives of their own for it.
    let may_refuse = |line: Directive<'_>| {
        let name = line.name_bytes();
        matches!(line.name(), DirectiveName::IF | DirectiveName::RETURN)
            || name.starts_with(b"access_by_lua")
            || name.starts_with(b"rewrite_by_lua")
            || name.starts_with(b"js_access")
            || (name.starts_with(b"auth_") && line.name() == DirectiveName::UNKNOWN)
    };
    if levels().flat_map(|level| configuration.directives(level)).any(may_refuse) {
        return None;
    }
    let server = levels().find(|&level| configuration.context(level).kind == ContextKind::Server)?;
    let mut listens = configuration.named(server, DirectiveName::LISTEN).peekable();
    let is_inside = |listen: Directive<'_>| {
        let word = listen.argument(0).unwrap_or_default();
        match ListenAddress::first_of(&lossy(&word)) {
            ListenAddress::Ip(ip, _) => ip.is_loopback(),
            ListenAddress::Name(name, _) => name == "localhost",
            ListenAddress::Unix(_) | ListenAddress::Unknown(_) => true,
        }
    };
    let is_inner = listens.peek().is_some() && listens.all(is_inside);
    (!is_inner).then_some(is_open_to_doubt)
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, found};

    #[test]
    fn nobody_is_asked() {
        check(
            r#"
server {
    listen 3128;
    tunnel_pass;
   #^^^^^^^^^^^ warning: anyone who sends a CONNECT can make nginx connect to any address: nothing here says who may
}
server {
    listen 3129;
    auth_basic off;
    tunnel_pass $host:$request_port;
   #^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ warning: anyone who sends a CONNECT…
}
"#,
        );
    }

    #[test]
    fn silent_where_somebody_is_or_may_be() {
        for lines in [
            "allow 10.0.0.0/8; deny all;",
            "auth_basic proxy;",
            "auth_request /auth;",
            "ssl_verify_client on;",
            "if ($blocked) { return 403; }",
            "include /opt/access.conf;",
            "listen 127.0.0.1:3128;",
        ] {
            let text = format!("server {{ {lines} tunnel_pass; }}");
            let findings = found(&text);
            assert!(findings.iter().all(|one| one.rule.name != "open-connect-tunnel"), "{lines}");
        }
        assert!(found("server { listen 80; tunnel_pass 10.0.0.1:22; }").is_empty());
        let text = "map $host $target { default ''; a b:1; } server { listen 80; tunnel_pass $target; }";
        assert!(found(text).is_empty());
    }
}
