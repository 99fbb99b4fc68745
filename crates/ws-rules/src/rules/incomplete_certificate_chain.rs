//! `incomplete-certificate-chain`: the certificates that a server sends, and clients that refuse them.
//!
//! nginx sends what the file holds, in its order (`event/ngx_event_openssl.c:ngx_ssl_certificate`); it checks neither names
//! nor dates, and no issuer but that the key belongs to the first certificate.

use lint_finding::{Confidence, FixKind, Group, RuleMeta, Severity, Tells};
use ws_model::{Endpoint, ServedCertificates};

use crate::certificates::{Said, judge};
use crate::{Context, FindingBuilder, Findings, Rule, confidence};

pub(super) struct IncompleteCertificateChain;

const META: RuleMeta = RuleMeta {
    name: "incomplete-certificate-chain",
    group: Group::Protocol,
    severity: Severity::Error,
    summary: "some clients, or all of them, reject the certificates that a server sends",
    since: "0.1.0",
    fix: FixKind::None,
    tells: Tells::Socket,
    docs: include_str!("../../pages/incomplete-certificate-chain.md"),
};

impl Rule for IncompleteCertificateChain {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn configuration(&self, cx: &Context<'_, '_>, out: &mut Findings) {
        for (server, endpoint) in cx.model.served() {
            for served in cx.model.certificates(server) {
                for said in judge(&served, endpoint, cx.model.hints.now) {
                    out.push(report(&served, endpoint, said));
                }
            }
        }
    }
}

fn report<'f>(served: &ServedCertificates<'f>, endpoint: &Endpoint<'_>, said: Said) -> FindingBuilder<'f> {
    let Said { mut severity, mut message, help } = said;
    let mut sure = confidence(endpoint);
    if !served.is_sure {
        severity = severity.min(Severity::Warning);
        sure = sure.min(Confidence::Medium);
        message.push_str(" (unless nginx opens another file than this tree has)");
    }
    // Without the name of the endpoint, or of two things said of a line only one would be left.
    let finding = FindingBuilder::argument(&META, &served.directive, 0, message).at_most(severity);
    let finding = finding.confidence(sure).help(help);
    match endpoint.location() {
        Some(location) => finding.label(&location, "its clients come over TLS"),
        None => finding,
    }
}

#[cfg(test)]
mod tests {
    use lint_finding::{Confidence, Severity};

    use crate::pki::{Leaf, Pki, self_signed};
    use crate::testing::{Options, check, check_with, found, help, with_handshake};

    /// 2026-01-01.
    const NOW: Options = Options { now: Some(1_767_225_600), ..Options::version("") };

    /// A server that sends `certificates`.
    fn with(lines: &str, certificates: &str) -> String {
        with_handshake(&format!(
            "server {{
    listen 443 ssl; server_name chat.example.com;
    location /ws/ {{ @ proxy_pass http://127.0.0.1:9000; proxy_set_header Host $http_host;
        proxy_set_header X-Forwarded-Proto $scheme; }}
    {lines}
}}
#- server.pem
{certificates}"
        ))
    }

    /// The findings for a server that sends these, each with its severity.
    fn said(certificates: &[&str]) -> Vec<(Severity, String)> {
        let text =
            with("ssl_certificate server.pem; ssl_certificate_key server.key;", &certificates.concat());
        crate::testing::found_with(NOW, &text)
            .into_iter()
            .map(|one| (one.severity, one.message.into_owned()))
            .collect()
    }

    #[test]
    fn the_issuers_certificate_is_missing() {
        let pki = Pki::new();
        let leaf = pki.leaf(&Leaf::default());
        let line = "ssl_certificate server.pem;
                   #^^^^^^^^^^ warning: nginx sends one certificate without that of `Test Intermediate`, which issued the first: clients that do not fetch it by themselves refuse the connection";
        let findings = check_with(NOW, &with(line, &leaf));
        assert_eq!(findings[0].confidence, Confidence::High);
        assert!(help(&findings[0]).ends_with(
            "\n    openssl s_client -connect chat.example.com:443 -servername chat.example.com -verify_hostname \
             chat.example.com -verify_return_error </dev/null"
        ));
        let absolute = line.replace(" server.pem", " /srv/tls/server.pem").replace("#^", "#^^^^^^^^^^");
        let absolute = with(&absolute, &leaf).replace(
            "refuse the connection",
            "refuse the connection (unless nginx opens another file than this tree has)",
        );
        let findings = check_with(NOW, &absolute.replace("#- server.pem", "#- tls/server.pem"));
        assert_eq!(findings[0].confidence, Confidence::Medium);
        assert_eq!(said(&[&leaf, pki.root()]).len(), 1);
        let private = pki.leaf(&Leaf { is_public: false, ..Leaf::default() });
        let (severity, message) = said(&[&private]).remove(0);
        assert_eq!(severity, Severity::Info);
        assert!(
            message.ends_with("clients that do not trust `Test Intermediate` itself refuse the connection")
        );
    }

    #[test]
    fn another_order() {
        let pki = Pki::new();
        let leaf = pki.leaf(&Leaf::default());
        let (severity, message) = said(&[&leaf, pki.root(), pki.intermediate()]).remove(0);
        assert_eq!(severity, Severity::Info);
        assert!(message.starts_with(
            "nginx sends the certificate of `Test Intermediate` as number 3, which should be number 2:"
        ));
        let (severity, message) = said(&[pki.intermediate(), &leaf]).remove(0);
        assert_eq!(severity, Severity::Error);
        assert!(
            message
                .contains("that of the CA `Test Intermediate`, and the key belongs to that of `Test Server`"),
            "{message}"
        );
    }

    #[test]
    fn dates() {
        let pki = Pki::new();
        let leaf = |years| pki.leaf(&Leaf { years, ..Leaf::default() });
        let expired = "the certificate that nginx sends expired on 2025-12-31: clients refuse the connection";
        let early =
            "the certificate that nginx sends is not valid before 2027-01-01: clients refuse the connection";
        let own = self_signed(&Leaf { years: (2020, 2025), ..Leaf::default() });
        for (certificates, message) in [
            ([&leaf((2020, 2025)), pki.intermediate()], expired),
            ([&leaf((2027, 2030)), pki.intermediate()], early),
            ([&own, ""], expired),
        ] {
            assert_eq!(said(&certificates), [(Severity::Warning, message.to_owned())]);
        }
        assert_eq!(said(&[&leaf((2020, 2025))]).len(), 2);
    }

    #[test]
    fn names() {
        let pki = Pki::new();
        let judged = |names: &[&str], server_name: &str| {
            let leaf = pki.leaf(&Leaf { names, ..Leaf::default() });
            let text = with("ssl_certificate server.pem;", &[&leaf, pki.intermediate()].concat());
            let found =
                found(&text.replace("server_name chat.example.com", &format!("server_name {server_name}")));
            let mut found = found.into_iter().filter(|one| one.rule.name == super::META.name);
            found.next().map(|one| (one.severity, one.message.into_owned()))
        };
        let other = Some((
            Severity::Warning,
            "the certificate that nginx sends is for `a.example`, and not for `b.example`: clients that ask for that refuse the connection".to_owned(),
        ));
        assert_eq!(judged(&["a.example"], "b.example"), other);
        assert_eq!(
            judged(&["a.example"], "a.example b.example").map(|(severity, _)| severity),
            Some(Severity::Info)
        );
        assert_eq!(
            judged(&["*.a.example"], "x.y.a.example a.example").map(|(severity, _)| severity),
            Some(Severity::Warning)
        );
        assert!(
            judged(&[], "a.example")
                .is_some_and(|(_, message)| message.contains("names no host in `subjectAltName`"))
        );
        for (names, server_name) in [
            (["*.a.example", "a.example"], "A.example b.a.example *.a.example .a.example"),
            (["x.a.example", "y"], "*.a.example .a.example"),
            (["a.example", "y"], "_ localhost 10.0.0.1 ~^b www.* intranet"),
        ] {
            assert_eq!(judged(&names, server_name), None, "{server_name}");
        }
    }

    #[test]
    fn files_that_nginx_cannot_read() {
        let leaf = Pki::new().leaf(&Leaf::default());
        let glued = format!("{}{leaf}", leaf.trim_end());
        let (severity, message) = said(&[&glued]).remove(0);
        let line = leaf.lines().count();
        assert_eq!(severity, Severity::Error);
        assert_eq!(
            message,
            format!(
                "nginx refuses to start: line {line} of the certificate's file ends one block and begins the next"
            )
        );
        assert_eq!(said(&[""])[0].1, "nginx refuses to start: the file of the certificate is empty");
    }

    #[test]
    fn silent_where_it_is_whole_for_development_a_variables_or_not_given() {
        let pki = Pki::new();
        let leaf = pki.leaf(&Leaf::default());
        for certificates in [
            &[&leaf, pki.intermediate()][..],
            &[&leaf, pki.intermediate(), pki.root()],
            &[&self_signed(&Leaf { names: &["localhost"], ..Leaf::default() })],
            &["{{ certificate }}\n"],
        ] {
            assert_eq!(said(certificates), []);
        }
        for line in [
            "ssl_certificate $ssl_server_name.pem;",
            "ssl_certificate other.pem;",
            "ssl_certificate ../server.pem;",
            "ssl_certificate server.pem; ssl_certificate_key ./server.pem;",
        ] {
            check_with(NOW, &with(line, &leaf));
        }
        check(&with("ssl_certificate server.pem;", &leaf).replace("443 ssl", "80"));
    }
}
