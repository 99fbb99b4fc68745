//! What is wrong with the certificates that a server sends, in words.

use lint_finding::Severity;
use nginx_semantics::PemFault;
use ws_model::{Certificate, ChainFault, Endpoint, ServedCertificates};

use crate::verify::with_s_client;

/// What is said of a file; there may be several things wrong with it.
pub(crate) struct Said {
    /// How bad it is, where the file is surely the one that nginx opens.
    pub(crate) severity: Severity,
    /// What nginx and clients do.
    pub(crate) message: String,
    /// The remedy.
    pub(crate) help: String,
}

/// All that is wrong with a file for the clients of an endpoint; `now` in seconds since 1970.
pub(crate) fn judge(served: &ServedCertificates<'_>, endpoint: &Endpoint<'_>, now: Option<i64>) -> Vec<Said> {
    if let Some(fault) = served.fault {
        return vec![unreadable(fault)];
    }
    let Some(first) = served.chain.first() else { return Vec::new() };
    let mut said = Vec::new();
    let fault = served.chain_fault();
    if let Some(fault) = &fault {
        said.extend(chain(served, first, fault));
        if matches!(fault, ChainFault::CaFirst(_)) {
            return said;
        }
    }
    let issuer = served.chain.get(1).filter(|_| fault.is_none() && !first.is_self_issued);
    let owners = [(Some(first), "the certificate".to_owned())].into_iter().chain([(
        issuer,
        issuer
            .map(|issuer| format!("the certificate of the issuer `{}`", issuer.subject))
            .unwrap_or_default(),
    )]);
    let dates = owners.filter_map(|(owner, what)| date(owner?, &what, now?));
    said.extend(dates);
    said.extend(name(first, &endpoint.server_names));
    for said in &mut said {
        said.help = with_s_client(&said.help, endpoint);
    }
    said
}

fn unreadable(fault: PemFault) -> Said {
    let (what, help) = match fault {
        PemFault::Empty => {
            ("the file of the certificate is empty".to_owned(), "put the certificates into it")
        }
        PemFault::Der => (
            "the file of the certificate is in binary form (DER)".to_owned(),
            "convert it: `openssl x509 -inform der -in FILE -out FILE.pem`",
        ),
        PemFault::NoCertificate => (
            "no line of the file begins a certificate".to_owned(),
            "name the file of the certificate; its lines start in the first column",
        ),
        PemFault::Glued(line) => (
            format!("line {line} of the certificate's file ends one block and begins the next"),
            "put a line break between `-----END CERTIFICATE-----` and `-----BEGIN CERTIFICATE-----`",
        ),
        PemFault::BadEnd(line) => (
            format!("line {line} of the certificate's file ends a block that was not opened"),
            "build the file from the certificates again",
        ),
        PemFault::NoEnd(line) => (
            format!("what begins in line {line} of the certificate's file has no end"),
            "build the file from the certificates again",
        ),
        PemFault::BadBase64(line) => (
            format!("what begins in line {line} of the certificate's file is no base64"),
            "build the file from the certificates again",
        ),
        PemFault::Truncated(line) => (
            format!("what begins in line {line} of the certificate's file is no whole certificate"),
            "build the file from the certificates again",
        ),
    };
    Said {
        severity: Severity::Error,
        message: format!("nginx refuses to start: {what}"),
        help: format!("{help}; `nginx -t` says whether nginx can read it"),
    }
}

fn chain(served: &ServedCertificates<'_>, first: &Certificate, fault: &ChainFault) -> Option<Said> {
    let issuer = &first.issuer;
    let said = match fault {
        ChainFault::IssuerMissing => {
            let who = if first.is_public {
                "clients that do not fetch it by themselves".to_owned()
            } else {
                format!("clients that do not trust `{issuer}` itself")
            };
            let count = served.chain.len();
            let sent =
                if count == 1 { "one certificate".to_owned() } else { format!("{count} certificates") };
            Said {
                severity: if first.is_public { Severity::Warning } else { Severity::Info },
                message: format!(
                    "nginx sends {sent} without that of `{issuer}`, which issued the first: {who} refuse the connection"
                ),
                help: format!(
                    "put the certificate of `{issuer}` right behind the server's in the file, as certbot's `fullchain.pem` \
                     has it and `cert.pem` has not"
                ),
            }
        }
        ChainFault::Disordered { at, due } => Said {
            severity: Severity::Info,
            message: format!(
                "nginx sends the certificate of `{}` as number {}, which should be number {}: clients that keep to the order \
                 refuse the connection",
                served.chain.get(*at)?.subject,
                at + 1,
                due + 1
            ),
            help: "write first the server's certificate, then that of its issuer, then that issuer's"
                .to_owned(),
        },
        ChainFault::CaFirst(at) => {
            let server = served.chain.get(*at)?;
            Said {
                severity: Severity::Error,
                message: format!(
                    "nginx refuses to start: the first certificate of the file is that of the CA `{}`, and the key belongs \
                     to that of `{}`",
                    first.subject, server.subject
                ),
                help: "write first the server's certificate, then that of its issuer".to_owned(),
            }
        }
    };
    Some(said)
}

/// Dates are whole days in UTC here; certificates are exact to the second.
fn date(certificate: &Certificate, what: &str, now: i64) -> Option<Said> {
    let (from, to) = (&certificate.not_before, &certificate.not_after);
    let (message, help) = if now > to.seconds {
        (format!("{what} that nginx sends expired on {}", to.day), "renew it, and reload nginx")
    } else if now < from.seconds {
        (
            format!("{what} that nginx sends is not valid before {}", from.day),
            "name the certificate before it until then",
        )
    } else {
        return None;
    };
    Some(Said {
        severity: Severity::Warning,
        message: format!("{message}: clients refuse the connection"),
        help: help.to_owned(),
    })
}

fn name(first: &Certificate, names: &[String]) -> Option<Said> {
    if first.is_self_issued {
        return None;
    }
    let hosts: Vec<&str> = names.iter().filter_map(|name| host(name)).collect();
    let Some(own) = &first.names else {
        return (!hosts.is_empty()).then(|| Said {
            severity: Severity::Warning,
            message: "the certificate that nginx sends names no host in `subjectAltName`: browsers refuse the connection"
                .to_owned(),
            help: "get a new one for the server's names".to_owned(),
        });
    };
    let uncovered: Vec<&str> = hosts.iter().copied().filter(|host| !is_covered(first, own, host)).collect();
    let missing = uncovered.first()?;
    let are_all = uncovered.len() == hosts.len();
    let own = own.first().map_or_else(|| "no host".to_owned(), |name| format!("`{name}`"));
    Some(Said {
        severity: if are_all { Severity::Warning } else { Severity::Info },
        message: format!(
            "the certificate that nginx sends is for {own}, and not for `{missing}`: clients that ask for that refuse the \
             connection"
        ),
        help: "get a new one for all names of the server, or use the right one".to_owned(),
    })
}

/// The name in `server_name`, where it is one that certificates are issued for: no regex, no address, no name of one
/// network, and nothing that ends in a wildcard.
fn host(name: &str) -> Option<&str> {
    let host = name.trim_start_matches("*.").trim_start_matches('.');
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    let is_address = host.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    (host.contains('.') && !host.ends_with('.') && !is_address && host.bytes().all(is_plain)).then_some(name)
}

/// Of a name that stands for many, one that is covered is enough: which of them clients ask for is not known.
fn is_covered(first: &Certificate, own: &[String], name: &str) -> bool {
    let domain = name.strip_prefix("*.").or(name.strip_prefix('.')).map(str::to_ascii_lowercase);
    let Some(domain) = domain else { return first.covers(name) != Some(false) };
    own.iter().any(|own| *own == domain || own.strip_suffix(&domain).is_some_and(|sub| sub.ends_with('.')))
}
