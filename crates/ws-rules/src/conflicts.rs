//! Lines that nginx refuses because of others, with the remedy: a part of `directive-not-allowed-here`.

use std::collections::HashSet;

use nginx_semantics::dispatch::{Conflict, Cure, Reported, conflicts};
use nginx_semantics::{Configuration, ContextId, Directive, DirectiveName};
use nginx_syntax::Place;

use crate::Context;
use crate::commercial::is_commercial;
use crate::refused::Refused;

/// Behind a message that nginx gives for another line than the one to blame.
pub(crate) const NAMED_BY_NGINX: &str = "nginx's message names this line";

/// All of them; a file that several blocks include is blamed once.
pub(crate) fn refused_together<'s>(cx: &Context<'_, 's>) -> Vec<Refused<'s>> {
    let configuration = cx.configuration();
    let mut seen = HashSet::new();
    let mut all = Vec::new();
    for conflict in conflicts(configuration) {
        // NGINX Plus fills upstreams while it runs.
        if matches!(conflict.cure, Cure::AddServer | Cure::AddPrimary) && is_commercial(cx) {
            continue;
        }
        let line = conflict.line.reference;
        if !seen.insert((line.file, line.node, conflict.message.clone())) {
            continue;
        }
        let help = help(&conflict);
        let Conflict { line, block, message, other, reported, cure } = conflict;
        let named = match reported {
            Reported::AtEndOf(block) => closing_brace(configuration, block),
            Reported::Here | Reported::Nowhere => None,
        };
        let other = other.map(|other| (other, label(cure)));
        all.push(Refused { line, block, message, other, named, help, instead: None });
    }
    all
}

/// The brace that ends a block.
fn closing_brace(configuration: Configuration<'_>, block: ContextId) -> Option<Place> {
    let opener = configuration.opener(block).filter(Directive::may_be_shown)?;
    let span = opener.file()?.tree.close(opener.reference.node)?;
    Some(Place { file: opener.reference.file, span })
}

fn label(cure: Cure) -> &'static str {
    match cure {
        Cure::DefineFormat => "nginx reads this format only after the line that uses it",
        Cure::NoDefault => "this is the line with variables",
        _ => "this one came first",
    }
}

fn help(conflict: &Conflict<'_>) -> String {
    let name = conflict.line.name();
    match conflict.cure {
        Cure::DefineZone if name == DirectiveName::LIMIT_CONN => {
            "define the zone in `http`: `limit_conn_zone $binary_remote_addr zone=NAME:10m;`, or correct its name".to_owned()
        }
        Cure::DefineZone => {
            "define the zone in `http`: `limit_req_zone $binary_remote_addr zone=NAME:10m rate=10r/s;`, or correct its name".to_owned()
        }
        Cure::DefineCache => format!(
            "define the zone in `http`: `{}_path /var/cache/nginx keys_zone=NAME:10m;`, or correct its name",
            name.as_str()
        ),
        Cure::DefineFormat => {
            "define the format with `log_format` above this line, in `http`, or correct its name".to_owned()
        }
        Cure::Rename => "remove one of the two, or give it another name".to_owned(),
        Cure::DropOne => "keep only one of the two".to_owned(),
        Cure::AddServer => "add a `server` line with the address of a back end, or remove the block".to_owned(),
        Cure::AddPrimary => "drop `backup` from at least one `server` line".to_owned(),
        Cure::FitBuffers(prefix) => format!(
            "set all three together, such as `{prefix}_buffer_size 16k; {prefix}_buffers 8 16k; {prefix}_busy_buffers_size 32k;`"
        ),
        Cure::NoAlias => "use `root`, or a location that is not named".to_owned(),
        Cure::LessShares => "make the shares add up to 100 % at most".to_owned(),
        Cure::Script => {
            let word = conflict.line.arguments().last().unwrap_or_default();
            crate::takes::script(&word)
        }
        Cure::BelowPass => "move it below the `proxy_pass` of this block".to_owned(),
        Cure::FitPool => "write a size that is not smaller, such as `large_client_header_buffers 4 8k;`".to_owned(),
        Cure::AddCertificate => {
            "drop the line and write `ssl` in each `listen` that speaks TLS, with `ssl_certificate`".to_owned()
        }
        Cure::SizeZone => "add a size, such as `zone NAME 64k;`".to_owned(),
        Cure::SameSize => "write the same size in both, or give one another name".to_owned(),
        Cure::CorrectName => {
            "an asterisk stands alone at the beginning or the end: `*.example.com`, `www.*`; a regex begins with `~`".to_owned()
        }
        Cure::NoDefault => "write both addresses, such as `proxy_redirect http://app/ /;`, or `proxy_redirect off;`".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::NAMED_BY_NGINX;
    use crate::testing::{check, found, help, labels};

    #[test]
    fn what_nothing_defines() {
        let findings = check(
            r#"
server {
    access_log /a.log nosuch;
   #^^^^^^^^^^^^^^^^^^^^^^^^ error: nginx refuses to start: unknown log format "nosuch"
    location /a {
        limit_req zone=nosuch;
       #^^^^^^^^^^^^^^^^^^^^^ error: nginx refuses to start: zero size shared memory zone "nosuch"
        limit_conn other 1;
       #^^^^^^^^^^^^^^^^^^ error: nginx refuses to start: zero size shared memory zone "other"
        proxy_cache texts;
       #^^^^^^^^^^^^^^^^^ error: nginx refuses to start: "proxy_cache" zone "texts" is unknown
        root /srv;
    }
}
"#,
        );
        assert!(help(&findings[0]).starts_with("define the format with `log_format` above"));
        let of_cache = findings.iter().find(|one| one.message.contains("proxy_cache")).unwrap();
        assert_eq!(labels(of_cache), [NAMED_BY_NGINX]);
        // What was not given may define it.
        for text in [
            "events {} http { include /opt/zones.conf; server { location / { limit_req zone=z; root /srv; } } }",
            "events {} http { include /opt/x.conf; server { access_log /a.log x; location / { root /srv; } } }",
        ] {
            assert!(found(text).iter().all(|one| !one.message.contains("refuses")), "{text}");
        }
        // And a format may be in a file that was included above.
        let text = "events {}\nhttp {\n  include a.conf;\n  access_log /a.log x;\n  server { location / { root /srv; } }\n}\n#- a.conf\nlog_format x '$uri';\n";
        assert!(found(text).iter().all(|one| !one.message.contains("refuses")), "{:?}", found(text));
    }

    #[test]
    fn what_two_lines_define() {
        check(
            r#"
 upstream App { server 127.0.0.1:1; }
 upstream app { server 127.0.0.1:2; }
#^^^^^^^^^^^^ error: nginx refuses to start: duplicate upstream "app"
 upstream none { }
#^^^^^^^^^^^^^ error: nginx refuses to start: no servers are inside upstream
 upstream spare { server 127.0.0.1:1 backup; }
#^^^^^^^^^^^^^^ error: nginx refuses to start: no servers in upstream "spare"
 limit_conn_zone $host zone=a:1m;
 limit_conn_zone $uri zone=a:1m;
#^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ error: nginx refuses to start: limit_conn_zone "a" is already bound to key "$host"
server {
    listen 127.0.0.1:81 default_server;
    listen 127.0.0.1:81;
   #^^^^^^^^^^^^^^^^^^^ error: nginx refuses to start: a duplicate listen 127.0.0.1:81
    location /a { limit_conn a 1; limit_conn a 2; root /srv; }
                                 #^^^^^^^^^^^^^^ error: nginx refuses to start: "limit_conn" directive is duplicate
}
server {
    listen 127.0.0.1:81 default_server;
   #^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ error: nginx refuses to start: a duplicate default server for 127.0.0.1:81
    server_name b;
    location / { root /srv; }
}
"#,
        );
    }

    #[test]
    fn buffers_fit_each_other() {
        let findings = check(
            r#"
server {
    location /a {
        proxy_buffer_size 128k;
       #^^^^^^^^^^^^^^^^^^^^^^ error: nginx refuses to start: "proxy_busy_buffers_size" must be less than the size of all "proxy_buffers" minus one buffer
        proxy_pass http://127.0.0.1:9000;
    }
    location /b {
        proxy_buffers 4 4k;
        proxy_busy_buffers_size 2k;
       #^^^^^^^^^^^^^^^^^^^^^^^^^^ error: nginx refuses to start: "proxy_busy_buffers_size" must be equal to or greater than the maximum of the value of "proxy_buffer_size" and one of the "proxy_buffers"
        proxy_pass http://127.0.0.1:9000;
    }
    location /c {
        proxy_buffer_size 128k;
        proxy_buffers 4 256k;
        proxy_busy_buffers_size 256k;
        proxy_pass http://127.0.0.1:9000;
    }
}
"#,
        );
        assert_eq!(labels(&findings[0]), [NAMED_BY_NGINX]);
        assert!(help(&findings[0]).starts_with("set all three together"));
    }

    #[test]
    fn dollars_that_begin_no_name() {
        let findings = found(
            "server {\n    location /ws/ {\n        proxy_pass http://127.0.0.1:9000;\n        proxy_set_header Upgrade $$http_upgrade;\n    }\n}\n",
        );
        let this = findings.iter().find(|one| one.message.contains("invalid variable")).unwrap();
        assert_eq!(labels(this), [NAMED_BY_NGINX]);
        assert!(help(this).starts_with("write `$http_upgrade`: `$$` is how files of Docker Compose"));
    }
}
