//! The certificates that a server sends, and what clients make of them. Signatures are not checked: that a certificate is
//! another one's issuer is told by their names and key identifiers.

use nginx_semantics::{ContextId, Directive, DirectiveName, Effective, PemFault, effective};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::oid_registry::{OID_CT_LIST_SCT, Oid};
use x509_parser::prelude::FromDer;
use x509_parser::time::ASN1Time;
use x509_parser::x509::X509Name;

use crate::model::Model;

/// What an `ssl_certificate` of a server sends.
#[derive(Debug, Clone)]
pub struct ServedCertificates<'s> {
    /// The line.
    pub directive: Directive<'s>,
    /// In the order of the file; those that follow one that cannot be read are left out.
    pub chain: Vec<Certificate>,
    /// Whether all of the file is in `chain`.
    pub is_whole: bool,
    /// Why nginx refuses to load the file.
    pub fault: Option<PemFault>,
    /// Whether the file is surely the one that nginx opens.
    pub is_sure: bool,
}

/// A certificate, as far as it matters here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// The name that people call its subject.
    pub subject: String,
    /// The name that people call its issuer.
    pub issuer: String,
    /// The first second in which it is valid.
    pub not_before: Moment,
    /// The last one.
    pub not_after: Moment,
    /// The host names that it is for, in lower case; `None` where it has no extension for them.
    pub names: Option<Vec<String>>,
    /// Whether it is a CA's.
    pub is_ca: bool,
    /// Whether subject and issuer are one.
    pub is_self_issued: bool,
    /// Whether a CA of the web issued it, which browsers trust: these never issue from a root
    /// (CA/Browser Forum, Baseline Requirements for TLS Server Certificates, section 4.3.1.1).
    pub is_public: bool,
    names_of_both: Names,
}

/// A second.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    /// Since 1970.
    pub seconds: i64,
    /// The day that it belongs to, in UTC: `2026-01-31`.
    pub day: String,
}

impl Moment {
    fn of(time: ASN1Time) -> Self {
        let date = time.to_datetime();
        let day = format!("{:04}-{:02}-{:02}", date.year(), u8::from(date.month()), date.day());
        Self { seconds: time.timestamp(), day }
    }
}

/// What ties a certificate to its issuer.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Names {
    subject: Vec<u8>,
    issuer: Vec<u8>,
    subject_words: String,
    issuer_words: String,
    key: Option<Vec<u8>>,
    issuer_key: Option<Vec<u8>>,
}

/// What is wrong with the certificates that follow the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChainFault {
    /// None of them is that of the first one's issuer.
    IssuerMissing,
    /// They are there in another order: the 0-based `at`th should be the `due`th.
    Disordered {
        /// Where it is.
        at: usize,
        /// Where its turn is, right behind the one that it issued.
        due: usize,
    },
    /// The first is a CA's, and the 0-based one of this number is the server's: the key belongs to that.
    CaFirst(usize),
}

impl Certificate {
    /// Reads one. `None` where it is none, or has something in it that nobody issues.
    pub fn from_der(der: &[u8]) -> Option<Self> {
        let (_, certificate) = X509Certificate::from_der(der).ok()?;
        let extensions = || certificate.extensions().iter();
        let names = certificate.subject_alternative_name().ok()?.map(|all| {
            let name = |name: &GeneralName<'_>| match name {
                GeneralName::DNSName(name) => Some(name.to_ascii_lowercase()),
                _ => None,
            };
            all.value.general_names.iter().filter_map(name).collect()
        });
        let key = extensions().find_map(|extension| match extension.parsed_extension() {
            ParsedExtension::SubjectKeyIdentifier(key) => Some(key.0.to_vec()),
            _ => None,
        });
        let issuer_key = extensions().find_map(|extension| match extension.parsed_extension() {
            ParsedExtension::AuthorityKeyIdentifier(key) => Some(key.key_identifier.as_ref()?.0.to_vec()),
            _ => None,
        });
        let (subject, issuer) = (certificate.subject(), certificate.issuer());
        Some(Self {
            subject: called(subject),
            issuer: called(issuer),
            not_before: Moment::of(certificate.validity().not_before),
            not_after: Moment::of(certificate.validity().not_after),
            names,
            is_ca: certificate.is_ca(),
            is_self_issued: subject.as_raw() == issuer.as_raw(),
            is_public: is_public(&certificate),
            names_of_both: Names {
                subject: subject.as_raw().to_vec(),
                issuer: issuer.as_raw().to_vec(),
                subject_words: folded(subject),
                issuer_words: folded(issuer),
                key,
                issuer_key,
            },
        })
    }

    /// Whether `other` may have issued it: by name, whatever kind of string it is written as
    /// (`crypto/x509/x509_cmp.c:X509_NAME_cmp` of OpenSSL), or by key.
    fn is_issued_by(&self, other: &Self) -> bool {
        let (this, other) = (&self.names_of_both, &other.names_of_both);
        this.issuer == other.subject
            || !this.issuer_words.is_empty() && this.issuer_words == other.subject_words
            || this.issuer_key.is_some() && this.issuer_key == other.key
    }

    /// Whether it is for a host, with `*` for one label (RFC 9525 section 6.3); `None` where it has no names at all.
    pub fn covers(&self, host: &str) -> Option<bool> {
        let host = host.to_ascii_lowercase();
        let domain = host.split_once('.').map(|(_, domain)| domain);
        let is_it = |name: &String| match name.strip_prefix("*.") {
            Some(rest) => domain == Some(rest) || host == *name,
            None => *name == host,
        };
        Some(self.names.as_ref()?.iter().any(is_it))
    }
}

impl ServedCertificates<'_> {
    /// What is wrong behind the first certificate. `None` too where that is one for itself, as in development.
    pub fn chain_fault(&self) -> Option<ChainFault> {
        let (first, others) = self.chain.split_first()?;
        if first.is_self_issued || !self.is_whole {
            return None;
        }
        if first.is_ca {
            let server = others.iter().position(|other| !other.is_ca && other.is_issued_by(first))?;
            return Some(ChainFault::CaFirst(server + 1));
        }
        let mut current = first;
        // One step for each, for two may be issued by one another.
        for expected in 0..others.len().max(1) {
            let issuer = others.iter().position(|other| current.is_issued_by(other));
            match issuer.and_then(|at| Some((at, others.get(at)?))) {
                None if expected == 0 => return Some(ChainFault::IssuerMissing),
                Some((at, _)) if at > expected => {
                    return Some(ChainFault::Disordered { at: at + 1, due: expected + 1 });
                }
                Some((at, issuer)) if at == expected && !issuer.is_self_issued => current = issuer,
                _ => return None,
            }
        }
        None
    }
}

impl<'s> Model<'s> {
    /// What the server sends to clients that ask for it over TLS, one for each `ssl_certificate` that was given; nothing
    /// where it does not listen for TLS.
    pub fn certificates(&self, server: ContextId) -> Vec<ServedCertificates<'s>> {
        let configuration = self.configuration;
        if !self.sockets_of(server).iter().any(|socket| socket.is_tls) {
            return Vec::new();
        }
        let Effective::Set(declared) = effective(configuration, server, DirectiveName::SSL_CERTIFICATE)
        else {
            return Vec::new();
        };
        let served = declared.directives.into_iter().filter_map(|directive| {
            let file = configuration.certificate_file(&directive)?;
            let read = file.certificates.iter().map_while(|der| Certificate::from_der(der));
            let chain: Vec<Certificate> = read.collect();
            let is_whole = chain.len() == file.certificates.len() && file.fault.is_none();
            Some(ServedCertificates { directive, chain, is_whole, fault: file.fault, is_sure: file.is_sure })
        });
        served.collect()
    }
}

/// The policies of the CA/Browser Forum by which a certificate says how its holder was validated: 2.23.140.1.1 extended,
/// 2.23.140.1.2.x domain, organization, individual (Baseline Requirements, section 7.1.6.1).
const VALIDATED: [&[u64]; 2] = [&[2, 23, 140, 1, 1], &[2, 23, 140, 1, 2]];

/// Whether it has one of these policies, or timestamps of Certificate Transparency (RFC 6962 section 3.3).
fn is_public(certificate: &X509Certificate<'_>) -> bool {
    let starts = |oid: &Oid<'_>, prefix: &[u64]| {
        oid.iter().is_some_and(|mut parts| prefix.iter().all(|part| parts.next() == Some(*part)))
    };
    certificate.extensions().iter().any(|extension| match extension.parsed_extension() {
        ParsedExtension::CertificatePolicies(policies) => {
            policies.iter().any(|policy| VALIDATED.iter().any(|prefix| starts(&policy.policy_id, prefix)))
        }
        _ => extension.oid == OID_CT_LIST_SCT,
    })
}

/// The common name, else the organization, else all of it; no longer than a line has room for.
fn called(name: &X509Name<'_>) -> String {
    let mut named = name.iter_common_name().chain(name.iter_organization());
    let text = named.find_map(|attribute| attribute.as_str().ok()).map(str::to_owned);
    text.unwrap_or_else(|| name.to_string()).chars().take(64).collect()
}

/// All of a name in lower case and with single blanks; empty where it cannot be written.
fn folded(name: &X509Name<'_>) -> String {
    let text = name.to_string().to_lowercase();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
