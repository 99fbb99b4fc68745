//! `stale-upstream-address`: nginx goes on to the address that a container had when nginx started.
//!
//! Literal names are resolved while the configuration is read (`core/ngx_inet.c:ngx_inet_resolve_host`); `resolve` and
//! names out of variables are looked up while it runs (`http/ngx_http_upstream.c:ngx_http_upstream_init_request`,
//! `http/modules/ngx_http_upstream_zone_module.c`).

use lint_finding::{Confidence, FixKind, Group, RuleMeta, Severity, Tells};
use nginx_semantics::NginxVersion;
use ws_model::{Endpoint, NameService, StartupName};

use crate::startup::{Groups, Names};
use crate::{Context, FindingBuilder, Findings, Rule};

pub(super) struct StaleUpstreamAddress;

const META: RuleMeta = RuleMeta {
    name: "stale-upstream-address",
    group: Group::Lifetime,
    severity: Severity::Info,
    summary: "nginx looks up a back end's name only once, so it loses a container that is recreated",
    since: "0.1.0",
    fix: FixKind::None,
    tells: Tells::Expiry,
    docs: include_str!("../../pages/stale-upstream-address.md"),
};

/// `server … resolve` in open source (nginx 1.27.3's CHANGES).
const RESOLVE: NginxVersion = NginxVersion::new(1, 27, 3);

/// As many further lines with the name are shown.
const MOST_LABELS: usize = 4;

impl Rule for StaleUpstreamAddress {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn configuration(&self, cx: &Context<'_, '_>, out: &mut Findings) {
        let mut groups = Groups::default();
        for endpoint in &cx.model.endpoints {
            let names = cx.model.container_names(endpoint);
            let Some(first) = names.first() else { continue };
            // The literal of another location made the upstream that takes the name out of the variable.
            let is_caught =
                first.upstream.is_none() && first.directive.reference != endpoint.pass.directive.reference;
            let caught = is_caught.then_some(endpoint.pass.directive);
            groups.add(endpoint, &names, first, caught);
        }
        // All of the configuration is read for that, and most have no such names.
        if groups.all.is_empty() {
            return;
        }
        let service = cx.model.name_service();
        if service == NameService::Kubernetes {
            return;
        }
        groups
            .all
            .iter()
            .filter_map(|group| report(cx, group, service))
            .for_each(|finding| out.push(finding));
    }
}

fn report<'f>(
    cx: &Context<'_, '_>,
    group: &Names<'f, 'f>,
    service: NameService,
) -> Option<FindingBuilder<'f>> {
    let (name, others) = group.names.split_first()?;
    let host = &name.host;
    let mut hosts: Vec<&str> = others.iter().map(|other| other.host.as_str()).collect();
    hosts.retain(|other| other != host);
    hosts.sort_unstable();
    hosts.dedup();
    let more = match hosts.len() {
        0 => String::new(),
        1 => " and another name".to_owned(),
        count => format!(" and {count} other names"),
    };
    // While one server fails the others get its handshakes (`proxy_next_upstream error timeout`, the default).
    let then = if name.is_alone {
        "after its address changes, handshakes get 502 or 504 until a reload"
    } else {
        "a server whose address changed gets no handshake until a reload"
    };
    let message = format!("nginx looks up `{host}`{more} only when it starts: {then}");
    let confidence = if service == NameService::Docker { Confidence::Medium } else { Confidence::Low };
    let mut finding = FindingBuilder::argument(&META, &name.directive, 0, message);
    for other in others.iter().take(MOST_LABELS) {
        finding = finding.label(&other.directive, "and here");
    }
    for caught in group.caught.iter().take(MOST_LABELS) {
        finding = finding.because(
            caught,
            "the variable does not help: the literal address already defines an upstream of that name",
        );
    }
    let finding = finding.endpoint(group.endpoint).confidence(confidence);
    let help = if group.caught.is_empty() {
        help(cx, group.endpoint, name)
    } else {
        format!(
            "use a variable for `{host}` everywhere, so that no literal address defines an upstream of that name"
        )
    };
    Some(finding.help(help))
}

fn help(cx: &Context<'_, '_>, endpoint: &Endpoint<'_>, name: &StartupName<'_>) -> String {
    let host = &name.host;
    let address = name.port.map_or_else(|| host.clone(), |port| format!("{host}:{port}"));
    let resolver = match cx.model.resolver(endpoint) {
        Some(_) => "the `resolver` that is set".to_owned(),
        None => "`resolver 127.0.0.11 valid=10s;` (Docker's DNS server)".to_owned(),
    };
    if cx.versions().min >= RESOLVE || !name.is_alone {
        let since =
            if cx.versions().min < RESOLVE { format!(" (since nginx {RESOLVE})") } else { String::new() };
        return format!(
            "write `server {address} resolve;`{since} in an `upstream` with `zone NAME 64k;`, with {resolver} in `http`; or \
             reload nginx after each deployment"
        );
    }
    let pass = endpoint.pass.directive.text_line();
    let pass = pass.split_whitespace().next().unwrap_or_default();
    let scheme = Some(endpoint.target.scheme.as_str()).filter(|scheme| !scheme.is_empty());
    let scheme = scheme.map(|scheme| format!("{scheme}://")).unwrap_or_default();
    let uri = match &endpoint.target.uri {
        Some(uri) => {
            format!(" (nginx then passes the URI unchanged: use `rewrite` instead of `{uri}`)")
        }
        None => String::new(),
    };
    format!(
        "put the name in a variable, so that nginx looks it up again: `set $backend {address};` and `{pass} \
         {scheme}$backend;`{uri}, with {resolver}; since nginx {RESOLVE} `server {address} resolve;` in an `upstream` with \
         `zone` does the same; or reload nginx after each deployment"
    )
}

#[cfg(test)]
mod tests {
    use lint_finding::Confidence;

    use crate::testing::{Options, check, check_with, found, help, labels, with_handshake};

    #[test]
    fn a_server_of_an_upstream() {
        let findings = check(&with_handshake(
            "
upstream sockets {
    server chat:6042;
          #^^^^^^^^^ info: nginx looks up `chat` only when it starts: after its address changes, handshakes get 502 or 504 until a reload
}
server { location /ws/ { @ proxy_pass http://sockets; proxy_set_header Host $http_host; } }
",
        ));
        assert_eq!(findings[0].confidence, Confidence::Low);
        assert!(help(&findings[0]).starts_with(
            "put the name in a variable, so that nginx looks it up again: `set $backend chat:6042;` and `proxy_pass \
             http://$backend;`, with `resolver 127.0.0.11 valid=10s;` (Docker's DNS server); since nginx 1.27.3 "
        ));
    }

    #[test]
    fn servers_beside_others() {
        let findings = check(&with_handshake(
            "
upstream sockets {
    hash $remote_addr;
    server chat-1:6042;
          #^^^^^^^^^^^ info: nginx looks up `chat-1` and another name only when it starts: a server whose address changed gets no handshake until a reload
    server chat-2:6042;
    server 10.0.0.7:6042;
}
server { location /ws/ { @ proxy_pass http://sockets; proxy_set_header Host $http_host; }
    location /websocket/ { @ proxy_pass http://sockets; proxy_set_header Host $http_host; } }
",
        ));
        assert_eq!(labels(&findings[0]).iter().filter(|label| **label == "and here").count(), 1);
        assert!(
            help(&findings[0]).starts_with("write `server chat-1:6042 resolve;` (since nginx 1.27.3) in an")
        );
    }

    #[test]
    fn a_pass_is_named_once() {
        let text = with_handshake(
            "
server {
    resolver 127.0.0.11;
    location /ws/ {
        @ proxy_set_header Host $http_host;
        proxy_pass http://chat:6042;
                  #^^^^^^^^^^^^^^^^ info: nginx looks up `chat` only when it starts…
    }
    location /websocket/ { @ proxy_set_header Host $http_host; proxy_pass http://chat:6042; }
}
",
        );
        let findings = check(&text);
        assert_eq!(findings[0].confidence, Confidence::Medium);
        assert!(labels(&findings[0]).contains(&"and here"));
        assert!(help(&findings[0]).contains("with the `resolver` that is set; since"));
        let findings = check_with(Options::version("1.28"), &text);
        assert!(
            help(&findings[0]).starts_with("write `server chat:6042 resolve;` in an `upstream` with `zone")
        );
    }

    #[test]
    fn a_variable_of_which_a_literal_elsewhere_made_an_upstream() {
        let findings = check(&with_handshake(
            "
server {
    resolver 127.0.0.11;
    location /ws/ { @ proxy_set_header Host $http_host; set $chat chat; proxy_pass http://$chat:80; }
    location / {
        proxy_pass http://chat;
                  #^^^^^^^^^^^ info: nginx looks up `chat`…
    }
}
",
        ));
        assert!(labels(&findings[0])[0].starts_with("the variable does not help"));
    }

    #[test]
    fn silent_where_it_is_looked_up_again_or_may_not_be_a_container() {
        for pass in [
            "http://127.0.0.1:6042",
            "http://[::1]:6042",
            "http://localhost:6042",
            "http://a:6042",
            "http://your-server:6042",
            "http://unix:/run/chat.sock",
            "http://chat.example.com:6042",
            "http://chat.default.svc.cluster.local",
            "http://$name:6042",
            "http://$unknown:6042",
            "http://resolved",
            "http://lua",
            "http://gone",
        ] {
            let text = with_handshake(&format!(
                "resolver 127.0.0.11; upstream resolved {{ zone z 64k; server chat:6042 resolve; }} \
                 upstream lua {{ server chat; balancer_by_lua_file a.lua; }} \
                 upstream gone {{ server 10.0.0.1; server chat down; }} \
                 server {{ set $name chat; location /ws/ {{ @ proxy_set_header Host $http_host; proxy_pass {pass}; }} }}"
            ));
            let raised = found(&text);
            assert!(
                raised.iter().all(|finding| finding.rule.name != "stale-upstream-address"),
                "{pass}: {raised:#?}"
            );
        }
    }

    #[test]
    fn silent_where_it_may_be_an_upstream_that_was_not_given_or_a_service_of_kubernetes() {
        let pass = |pass: &str| {
            with_handshake(&format!(
                "location /ws/ {{ @ proxy_set_header Host $http_host; proxy_pass {pass}; }}"
            ))
        };
        check_with(Options::bare(), &pass("http://chat"));
        check(
            &format!("include upstreams/*.conf; server {{ {} }}", pass("http://chat"))
                .replace("include", "map $a $b { } include"),
        );
        check(&format!(
            "server {{ {} location /api/ {{ proxy_pass http://api.default.svc; }} }}",
            pass("http://chat:80")
        ));
        check(&format!("server {{ resolver kube-dns.kube-system; {} }}", pass("http://chat:80")));
    }
}
