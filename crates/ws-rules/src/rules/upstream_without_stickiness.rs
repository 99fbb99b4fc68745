//! `upstream-without-stickiness`: the requests of one client reach several servers.
//!
//! Round robin, `least_conn` and `random` choose anew for each request (`http/ngx_http_upstream_round_robin.c:
//! ngx_http_upstream_get_round_robin_peer`). One WebSocket is one request; a client that polls or connects anew is not.

use lint_finding::{Applicability, FixKind, Group, RuleMeta, Severity, Tells};
use nginx_semantics::{Balancing, Directive, Method, NginxVersion};
use ws_model::{Endpoint, Need};

use crate::given;
use crate::{Context, Edits, FindingBuilder, Findings, Rule};

pub(super) struct UpstreamWithoutStickiness;

const META: RuleMeta = RuleMeta {
    name: "upstream-without-stickiness",
    group: Group::Balancing,
    severity: Severity::Warning,
    summary: "a client's requests reach several servers, but only one of them has its session",
    since: "0.1.0",
    fix: FixKind::Unsafe,
    tells: Tells::Nothing,
    docs: include_str!("../../pages/upstream-without-stickiness.md"),
};

/// The first open-source version with `sticky`.
const STICKY: NginxVersion = NginxVersion::new(1, 29, 6);

impl Rule for UpstreamWithoutStickiness {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn endpoint(&self, cx: &Context<'_, '_>, endpoint: &Endpoint<'_>, out: &mut Findings) {
        let Some((opener, balancing)) = cx.model.shared(endpoint) else {
            out.extend(of_containers(cx, endpoint));
            return;
        };
        // One that another line undoes is a matter of order.
        let is_meant = balancing.methods.iter().any(|(method, _)| method.is_sticky());
        let hash = balancing.hash_of_requests();
        if (is_meant && hash.is_none()) || !balancing.sticky.is_empty() {
            return;
        }
        let (severity, reason) = match endpoint.need() {
            Need::Stay(application) => (
                Severity::Warning,
                format!(
                    "{} keeps a session in one server, which must get all of its polling requests: the others answer 400 or 404",
                    application.name
                ),
            ),
            Need::None => return,
            // A WebSocket whose path names what it is about is well kept together by it.
            Need::Unknown if hash.is_some() => return,
            Need::Unknown => (
                Severity::Info,
                "an open WebSocket stays on its server, but a session in one server is lost when the client reconnects or polls"
                    .to_owned(),
            ),
        };
        let how = match balancing.method() {
            None => "in turn (round robin)",
            Some((Method::LeastConn, _)) => "whichever has the fewest connections (`least_conn`)",
            Some((Method::LeastTime, _)) => "whichever is the fastest (`least_time`)",
            Some((Method::Hash, _)) => "by a value that differs per request",
            Some(_) => "at random (`random`)",
        };
        let message =
            format!("nginx sends each request of a client to any of {} servers, {how}", balancing.sharing());
        let mut finding = FindingBuilder::new(&META, &opener, message);
        if let Some((_, method)) = balancing.method() {
            finding = finding.because(&method, "this chooses a server for each request");
        }
        finding = finding.endpoint(endpoint).because(&endpoint.pass.directive, "its requests go there");
        let edits = edits(&opener, balancing);
        finding = finding.fix("write `hash $remote_addr consistent`", Applicability::Unsafe, edits);
        out.push(finding.at_most(severity).help(format!("{}; {reason}", remedy(cx, balancing))));
    }
}

/// One name that stands for several containers of the compose file. Of back ends that need no session nothing is said: that
/// there are several is for the author of that file to decide.
fn of_containers<'f, 's: 'f>(cx: &Context<'_, 's>, endpoint: &'f Endpoint<'f>) -> Option<FindingBuilder<'f>> {
    let Need::Stay(application) = endpoint.need() else { return None };
    let (line, host, count) = cx.model.containers(endpoint)?;
    let annotation = given::annotation_for_stickiness(endpoint);
    let message = match annotation {
        Some(_) => {
            format!("`{host}` is {count} pods, and nginx sends each request of a client to any of them")
        }
        None => format!(
            "`{host}` is {count} containers by the compose file, and nginx sends each request of a client to any of them, in turn"
        ),
    };
    let help = if let Some(annotation) = annotation {
        format!("set the annotation `{annotation}` of the Ingress")
    } else if line.reference == endpoint.pass.directive.reference {
        format!("pass to an `upstream` with `ip_hash;` and `server {host}:PORT;`")
    } else {
        "write `ip_hash;` in the `upstream`, before its `server`".to_owned()
    };
    let reason = format!(
        "{} keeps a session in one server, which must get all of its polling requests: the others answer 400 or 404",
        application.name
    );
    let finding = FindingBuilder::new(&META, &line, message).endpoint(endpoint);
    Some(finding.at_most(Severity::Warning).help(format!("{help}; {reason}")))
}

/// The ways out, the simplest first.
fn remedy(cx: &Context<'_, '_>, balancing: &Balancing<'_>) -> String {
    let instead = balancing
        .method()
        .map(|(_, line)| format!(" instead of `{};`", line.text_line()))
        .unwrap_or_default();
    let behind = if balancing.last_backup().is_some() {
        ", after the `server` lines because one of them has `backup`"
    } else {
        ""
    };
    let sticky = if cx.versions().all_since(STICKY) {
        ", or `sticky cookie NAME;`"
    } else if cx.versions().any_since(STICKY) {
        ", or `sticky cookie NAME;` (nginx 1.29.6 or newer)"
    } else {
        ""
    };
    format!(
        "write `ip_hash;`{instead}{behind}, or `hash $remote_addr consistent;`{sticky}, or store sessions where all servers can read them"
    )
}

/// The whole address decides, in place of what does now; before `keepalive`, which counts only behind it, and behind the
/// servers where one of them has a parameter that it refuses at once.
fn edits(opener: &Directive<'_>, balancing: &Balancing<'_>) -> Edits {
    const LINE: &str = "hash $remote_addr consistent";
    match (balancing.method(), balancing.last_backup()) {
        (Some((_, method)), None) => Edits::new().replace(&method, LINE),
        (Some((_, method)), Some(last)) => Edits::new().remove(&method).after(&last, &[format!("{LINE};")]),
        (None, None) => Edits::new().at_start(opener, &[format!("{LINE};")]),
        (None, Some(last)) => Edits::new().after(&last, &[format!("{LINE};")]),
    }
}

#[cfg(test)]
mod tests {
    use lint_finding::Applicability;

    use crate::testing::{Options, check, check_with, fixed, found, help};

    /// A complete location for a path.
    fn server(path: &str) -> String {
        format!(
            "server {{\n location {path} {{\n proxy_pass http://app;\n proxy_http_version 1.1;\n proxy_set_header Upgrade $http_upgrade;\n proxy_set_header Connection upgrade;\n proxy_read_timeout 3600s;\n}}\n}}\n"
        )
    }

    #[test]
    fn polling_needs_its_server() {
        let text = "upstream app {
   #^^^^^^^^^^^^ warning: nginx sends each request of a client to any of 2 servers, whichever has the fewest connections (`least_conn`)
    least_conn;
    server 10.0.0.1:80;
    server 10.0.0.2:80;
}
";
        // The comment's columns are those of the first line.
        let text = text.replacen("upstream app", "    upstream app", 1);
        let findings = check_with(Options::version("1.30"), &(text + &server("/socket.io/")));
        let said = help(&findings[0]);
        let start = "write `ip_hash;` instead of `least_conn;`, or `hash $remote_addr consistent;`, or `sticky cookie NAME;`, or store";
        assert!(said.starts_with(start), "{said}");
    }

    #[test]
    fn a_hash_of_what_changes_keeps_nobody() {
        let text = "    upstream app {
   #^^^^^^^^^^^^ warning: nginx sends each request of a client to any of 2 servers, by a value that differs per request
    hash $request_uri consistent;
    server 10.0.0.1:80;
    server 10.0.0.2:80;
}
";
        let findings = check_with(Options::version("1.22"), &(text.to_owned() + &server("/socket.io/")));
        assert!(
            help(&findings[0]).starts_with("write `ip_hash;` instead of `hash $request_uri consistent;`")
        );
        for (key, path) in [("$uri", "/socket.io/"), ("$arg_room", "/socket.io/"), ("$request_uri", "/ws/")] {
            let text = format!("upstream app {{ hash {key}; server 10.0.0.1:80; server 10.0.0.2:80; }}\n");
            assert!(
                found(&(text + &server(path)))
                    .iter()
                    .all(|one| one.rule.name != "upstream-without-stickiness")
            );
        }
    }

    #[test]
    fn what_nobody_knows_is_information() {
        let text = "    upstream app {
   #^^^^^^^^^^^^ info: nginx sends each request of a client to any of 2 servers, at random (`random`)
    random;
    server 10.0.0.1:80 weight=5;
    server 10.0.0.2:80;
    server 10.0.0.3:80 down;
}
";
        let findings = check_with(Options::version("1.22"), &(text.to_owned() + &server("/ws/")));
        assert!(!help(&findings[0]).contains("sticky cookie"));
    }

    #[test]
    fn servers_of_an_include_count() {
        let text = "    upstream app {
   #^^^^^^^^^^^^ warning: nginx sends each request of a client to any of 2 servers, whichever…
    least_conn;
    server 10.0.0.1:80;
    include peers.conf;
}
";
        check(&(text.to_owned() + &server("/socket.io/") + "#- peers.conf\nserver 10.0.0.2:80;\n"));
    }

    #[test]
    fn silent_where_one_server_gets_all() {
        for lines in [
            "server 10.0.0.1:80;",
            "server 10.0.0.1:80; server 10.0.0.2:80 backup;",
            "server 10.0.0.1:80; server 10.0.0.2:80 down;",
            "server 10.0.0.1:80; server 10.0.0.1;",
            "server localhost:80; server 127.0.0.1:80; server [::1]:80;",
            "hash $remote_addr; server 10.0.0.1:80; server 10.0.0.2:80;",
            "sticky cookie c; server 10.0.0.1:80; server 10.0.0.2:80;",
            "sticky; server 10.0.0.1:80; server 10.0.0.2:80;",
            "fair; server 10.0.0.1:80; server 10.0.0.2:80;",
            "server 10.0.0.1:80; server 10.0.0.2:80; include /opt/elsewhere/*.conf;",
        ] {
            let text = format!("upstream app {{ {lines} }}\n{}", server("/socket.io/"));
            let findings = found(&text);
            assert!(findings.is_empty(), "{lines}: {findings:?}");
        }
    }

    #[test]
    fn silent_where_the_block_is_not_named() {
        let text = "upstream app { server 10.0.0.1:80; server 10.0.0.2:80; }\n".to_owned();
        let findings = found(&(text + &server("/socket.io/").replace("http://app", "http://app:81")));
        let rules: Vec<_> = findings.iter().map(|finding| finding.rule.name).collect();
        assert_eq!(rules, ["directive-not-allowed-here"]);
    }

    #[test]
    fn the_address_decides_in_place_of_the_method() {
        let text = |first: &str, last: &str| {
            crate::testing::with_handshake(&format!(
                "upstream b {{\n{first}    server a:1;\n    server b:1;\n{last}    keepalive 4;\n}}\nserver {{\n    location /socket.io/ {{ proxy_pass http://b; @ }}\n}}\n"
            ))
        };
        let after =
            |first, last| fixed(Applicability::Unsafe, "upstream-without-stickiness", &text(first, last));
        let line = "    hash $remote_addr consistent;\n";
        assert_eq!(after("    least_conn;\n", ""), text(line, ""));
        assert_eq!(after("", ""), text(line, ""));
        let backup = "    server c:1 backup;\n";
        assert_eq!(after("    least_conn;\n", backup), text("", &[backup, line].concat()));
    }
}
