//! Requests of HTTP/1.1 without `Host`, which RFC 9112 (section 3.2) has back ends refuse.

use lint_finding::RuleMeta;
use nginx_semantics::defaults;
use ws_model::{Endpoint, Handshake};

use crate::repair::Repair;
use crate::verify::with_curl_of_page;
use crate::{Context, FindingBuilder, Stake};

/// What is said of the line that leaves a handshake of HTTP/1.1 without any `Host`; `None` where none does. Since nginx
/// 1.31.4 an empty value is the default there.
pub(crate) fn finding<'f>(
    meta: &'static RuleMeta,
    cx: &Context<'_, '_>,
    endpoint: &'f Endpoint<'f>,
    handshake: &Handshake<'f>,
) -> Option<FindingBuilder<'f>> {
    let is_http11 = match handshake.version.written.as_deref() {
        Some(version) => version == "1.1",
        None => cx.versions().all_since(defaults::HTTP11_BY_DEFAULT),
    };
    let lines = &handshake.host.lines;
    let is_removed = lines.iter().all(|line| line.written.trim_ascii().is_empty());
    let is_ever = is_http11 && is_removed && !cx.versions().all_since(defaults::ONE_HOST_SINCE);
    let line = lines.first().filter(|_| is_ever)?;
    let message = match line.written.is_empty() {
        true => "nginx sends no `Host` to the back end, but HTTP/1.1 requires one",
        false => "nginx sends an empty `Host` to the back end, but HTTP/1.1 requires one",
    };
    let help = "write `proxy_set_header Host $http_host;`\nstrict back ends refuse a request without `Host` with 400";
    let finding = FindingBuilder::argument(meta, &line.directive, 1, message)
        .endpoint_at_stake(endpoint, Stake::Handshake)
        .help(with_curl_of_page(help.to_owned(), endpoint));
    let repair = Repair::new(cx, endpoint, handshake).header("Host", "$http_host");
    Some(repair.fix(finding, "forward the client's host"))
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, found};

    /// With a handshake but for its version for `@`.
    fn with(text: &str) -> String {
        text.replace('@', "proxy_read_timeout 1h; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; proxy_pass http://127.0.0.1:9000;")
    }

    #[test]
    fn an_empty_value_leaves_none() {
        let findings = check(&with(
            r#"
server {
    listen 80;
    location /ws/ {
        @
        proxy_http_version 1.1;
        proxy_set_header Host "";
                             #^^ warning: nginx sends no `Host` to the back end, but HTTP/1.1 requires one
    }
}
"#,
        ));
        assert!(findings[0].fix.is_some());
        check(&with(
            r#"
server {
    listen 80;
    location /ws/ {
        @
        proxy_http_version 1.1;
        proxy_set_header Host " ";
                             #^^^ warning: nginx sends an empty `Host` to the back end, but HTTP/1.1 requires one
    }
}
"#,
        ));
    }

    #[test]
    fn silent_where_one_is_sent_or_none_is_needed() {
        for lines in [
            "proxy_set_header Host ''; proxy_http_version 1.0;",
            "proxy_set_header Host ''; proxy_set_header Host $http_host; proxy_http_version 1.1;",
            "proxy_set_header Host $http_host; proxy_http_version 1.1;",
            "proxy_http_version 1.1;",
        ] {
            let findings = found(&with(&format!("server {{ listen 80; location /ws/ {{ @ {lines} }} }}")));
            let is_own = |finding: &lint_finding::Finding| finding.message.contains("no `Host`");
            assert!(!findings.iter().any(is_own), "{lines}: {findings:?}");
        }
    }
}
