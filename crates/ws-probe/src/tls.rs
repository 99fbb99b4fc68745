//! TLS: the handshake, what the server shows, and what a browser makes of it.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use lint_finding::{CertificateSeen, ProbeFailure, ProbeFault, TlsSeen};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    AlertDescription, CertificateError, ClientConfig, ClientConnection, DigitallySignedStruct, Error,
    ProtocolVersion, RootCertStore, SignatureScheme, StreamOwned,
};
use thiserror::Error;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer;
use x509_parser::time::ASN1Time;
use x509_parser::x509::X509Name;

use crate::plan::Plan;
use crate::wire::{Paced, Wire, is_late, is_reset, milliseconds};

/// So many names of a certificate are shown, and so many certificates of a chain.
const MOST_NAMES: usize = 5;
const MOST_CERTIFICATES: usize = 10;

/// What browsers offer for a WebSocket: nothing else can be upgraded.
const ALPN: &[u8] = b"http/1.1";

/// Why a file of certificates cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RootsError {
    /// There is none in it.
    #[error("it has no certificate in PEM")]
    None,
    /// One of them cannot be read.
    #[error("certificate {0} in it cannot be read")]
    Unreadable(usize),
}

/// The certificates of a file in PEM, as DER.
///
/// # Errors
/// If there is none, or one cannot be read.
pub fn roots_of_pem(pem: &[u8]) -> Result<Vec<Vec<u8>>, RootsError> {
    let mut all = Vec::new();
    for (index, certificate) in CertificateDer::pem_slice_iter(pem).enumerate() {
        let unreadable = RootsError::Unreadable(index + 1);
        let certificate = certificate.map_err(|_| unreadable.clone())?;
        X509Certificate::from_der(&certificate).map_err(|_| unreadable)?;
        all.push(certificate.to_vec());
    }
    if all.is_empty() { Err(RootsError::None) } else { Ok(all) }
}

/// Checks certificates as usual, and keeps what was shown.
#[derive(Debug)]
struct Keeper {
    inner: Option<Arc<WebPkiServerVerifier>>,
    /// The certificates that are trusted, in DER.
    trusted: Vec<Vec<u8>>,
    provider: Arc<CryptoProvider>,
    chain: Mutex<Vec<Vec<u8>>>,
}

impl ServerCertVerifier for Keeper {
    fn verify_server_cert(
        &self,
        own: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let shown = std::iter::once(own).chain(others).take(MOST_CERTIFICATES).map(|one| one.to_vec());
        *self.chain.lock().unwrap_or_else(PoisonError::into_inner) = shown.collect();
        match &self.inner {
            Some(inner) => inner.verify_server_cert(own, others, name, ocsp, now).or_else(|error| {
                // `openssl req -x509` makes certificates of CAs. curl and browsers take one that is trusted itself.
                match is_of_ca(&error) && self.trusted.iter().any(|trusted| trusted == own.as_ref()) {
                    true => verify_alone(own, name, now),
                    false => Err(error),
                }
            }),
            // No one is trusted.
            None => Err(Error::InvalidCertificate(CertificateError::UnknownIssuer)),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// Whether a certificate is refused because a CA has it.
fn is_of_ca(error: &Error) -> bool {
    matches!(error, Error::InvalidCertificate(CertificateError::Other(other)) if other.to_string().contains("CaUsedAsEndEntity"))
}

/// Checks a certificate that is trusted as it is: its name and its dates.
fn verify_alone(
    own: &CertificateDer<'_>,
    name: &ServerName<'_>,
    now: UnixTime,
) -> Result<ServerCertVerified, Error> {
    verify_server_name(&ParsedCertificate::try_from(own)?, name)?;
    let bad = Error::InvalidCertificate;
    let (_, certificate) = X509Certificate::from_der(own).map_err(|_| bad(CertificateError::BadEncoding))?;
    let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
    let validity = certificate.validity();
    if now < validity.not_before.timestamp() {
        return Err(bad(CertificateError::NotValidYet));
    }
    if now > validity.not_after.timestamp() {
        return Err(bad(CertificateError::Expired));
    }
    Ok(ServerCertVerified::assertion())
}

/// What all connections of a probe share.
pub(crate) struct Tls {
    config: Arc<ClientConfig>,
    keeper: Arc<Keeper>,
    name: ServerName<'static>,
}

impl Tls {
    /// For the host of a plan.
    pub(crate) fn new(plan: &Plan) -> Result<Self, ProbeFailure> {
        let failed = |text: String| ProbeFailure { kind: ProbeFault::TlsFailed, text };
        let provider = Arc::new(ring::default_provider());
        let mut roots = RootCertStore::empty();
        // Those of the system may be older than what is understood here: they are left out, as browsers do.
        roots.add_parsable_certificates(plan.roots.iter().map(|root| CertificateDer::from(root.clone())));
        let inner =
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build().ok();
        let (trusted, chain) = (plan.roots.clone(), Mutex::default());
        let keeper = Arc::new(Keeper { inner, trusted, provider: Arc::clone(&provider), chain });
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let builder = builder.map_err(|error| failed(error.to_string()))?;
        let verifier: Arc<dyn ServerCertVerifier> = Arc::<Keeper>::clone(&keeper);
        let mut config = builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth();
        config.alpn_protocols = vec![ALPN.to_vec()];
        let host = plan.host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let name = ServerName::try_from(host)
            .map_err(|_| failed(format!("no certificate can be for `{}`", plan.host)))?;
        Ok(Self { config: Arc::new(config), keeper, name })
    }

    /// Shakes hands.
    pub(crate) fn open(&self, mut paced: Paced, now: i64) -> (TlsSeen, Result<Wire, ProbeFailure>) {
        let start = Instant::now();
        let mut seen = TlsSeen::default();
        if let ServerName::DnsName(name) = &self.name {
            seen.name = Some(name.as_ref().to_owned());
        }
        let connection = ClientConnection::new(Arc::clone(&self.config), self.name.clone());
        let mut connection = match connection {
            Ok(connection) => connection,
            Err(error) => {
                return (seen, Err(ProbeFailure { kind: ProbeFault::TlsFailed, text: error.to_string() }));
            }
        };
        let mut result = Ok(());
        while result.is_ok() && connection.is_handshaking() {
            result = match connection.complete_io(&mut paced) {
                Ok((0, 0)) => Err(io::ErrorKind::UnexpectedEof.into()),
                other => other.map(|_| ()),
            };
        }
        seen.took_ms = milliseconds(start.elapsed());
        seen.version = connection.protocol_version().map(version);
        seen.alpn = connection.alpn_protocol().map(|name| String::from_utf8_lossy(name).into_owned());
        let chain = std::mem::take(&mut *self.keeper.chain.lock().unwrap_or_else(PoisonError::into_inner));
        seen.chain = chain.iter().filter_map(|der| certificate(der, now)).collect();
        match result {
            Ok(()) => (seen, Ok(Wire::Tls(Box::new(StreamOwned::new(connection, paced))))),
            Err(error) => {
                let failure = failure(&error, &seen);
                (seen, Err(failure))
            }
        }
    }
}

fn version(version: ProtocolVersion) -> String {
    match version {
        ProtocolVersion::TLSv1_2 => "TLS 1.2".to_owned(),
        ProtocolVersion::TLSv1_3 => "TLS 1.3".to_owned(),
        other => format!("{other:?}"),
    }
}

fn certificate(der: &[u8], now: i64) -> Option<CertificateSeen> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    let names: Vec<String> = match certificate.subject_alternative_name() {
        Ok(Some(all)) => all.value.general_names.iter().filter_map(shown).collect(),
        _ => Vec::new(),
    };
    let validity = certificate.validity();
    Some(CertificateSeen {
        subject: called(certificate.subject()),
        issuer: called(certificate.issuer()),
        more_names: names.len().saturating_sub(MOST_NAMES),
        names: names.into_iter().take(MOST_NAMES).collect(),
        not_before: day(validity.not_before),
        not_after: day(validity.not_after),
        days_left: validity.not_after.timestamp().saturating_sub(now).div_euclid(86_400),
        is_self_issued: certificate.subject().as_raw() == certificate.issuer().as_raw(),
    })
}

fn shown(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some(name.to_ascii_lowercase()),
        GeneralName::IPAddress(bytes) => match bytes.len() {
            4 => <[u8; 4]>::try_from(*bytes).ok().map(|octets| std::net::Ipv4Addr::from(octets).to_string()),
            _ => <[u8; 16]>::try_from(*bytes).ok().map(|octets| std::net::Ipv6Addr::from(octets).to_string()),
        },
        _ => None,
    }
}

/// The common name, else the organisation, else all of it.
fn called(name: &X509Name<'_>) -> String {
    let common = name.iter_common_name().next().and_then(|name| name.as_str().ok());
    let organisation = name.iter_organization().next().and_then(|name| name.as_str().ok());
    common.or(organisation).map_or_else(|| name.to_string(), str::to_owned)
}

fn day(time: ASN1Time) -> String {
    let date = time.to_datetime();
    format!("{:04}-{:02}-{:02}", date.year(), u8::from(date.month()), date.day())
}

fn failure(error: &io::Error, seen: &TlsSeen) -> ProbeFailure {
    let (kind, text) = match error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
        Some(Error::InvalidCertificate(why)) => refused(why, seen),
        Some(
            Error::AlertReceived(AlertDescription::NoApplicationProtocol) | Error::NoApplicationProtocol,
        ) => (
            ProbeFault::NoHttp11,
            "the server does not offer HTTP/1.1 by ALPN, and a WebSocket needs it".to_owned(),
        ),
        Some(Error::AlertReceived(alert)) => {
            (ProbeFault::TlsFailed, format!("the server ends the TLS handshake with the alert {alert:?}"))
        }
        Some(Error::InvalidMessage(_)) => {
            (ProbeFault::TlsFailed, "the server does not speak TLS on this port".to_owned())
        }
        Some(other) => (ProbeFault::TlsFailed, format!("the TLS handshake fails: {other}")),
        None if is_late(error) => {
            (ProbeFault::NoAnswer, "the TLS handshake was not answered in time".to_owned())
        }
        None if error.kind() == io::ErrorKind::UnexpectedEof => {
            (ProbeFault::TlsFailed, "the server closes the connection during the TLS handshake".to_owned())
        }
        None if is_reset(error) => {
            (ProbeFault::TlsFailed, "the server resets the connection during the TLS handshake".to_owned())
        }
        None => (ProbeFault::TlsFailed, format!("the TLS handshake fails: {error}")),
    };
    ProbeFailure { kind, text }
}

/// A certificate that browsers refuse.
fn refused(why: &CertificateError, seen: &TlsSeen) -> (ProbeFault, String) {
    let own = seen.chain.first().cloned().unwrap_or_default();
    match why {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            // It may be one of the issuers.
            let expired = seen.chain.iter().find(|one| one.days_left < 0).unwrap_or(&own);
            (
                ProbeFault::Expired,
                format!("the certificate of `{}` expired on {}", expired.subject, expired.not_after),
            )
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => (
            ProbeFault::NotYetValid,
            format!("the certificate of `{}` is not valid before {}", own.subject, own.not_before),
        ),
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            let names = match own.names.as_slice() {
                [] => "no name at all".to_owned(),
                names => names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "),
            };
            let more =
                if own.more_names > 0 { format!(" and {} more", own.more_names) } else { String::new() };
            (ProbeFault::OtherName, format!("the certificate is not for this host: it is for {names}{more}"))
        }
        CertificateError::UnknownIssuer if own.is_self_issued => (
            ProbeFault::SelfSigned,
            format!("the certificate of `{}` is self-signed and not trusted", own.subject),
        ),
        // Unless it is trusted itself (RFC 5280 section 4.2.1.9).
        CertificateError::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => {
            let (subject, is_own) = (&own.subject, own.is_self_issued);
            let (fault, text) = match is_own {
                true => (
                    ProbeFault::SelfSigned,
                    format!(
                        "the certificate of `{subject}` is self-signed and not trusted: --ca with this very certificate trusts it"
                    ),
                ),
                false => (
                    ProbeFault::BadCertificate,
                    format!(
                        "the certificate of `{subject}` is that of a CA (`CA:TRUE`), which a server must not use"
                    ),
                ),
            };
            (fault, text)
        }
        CertificateError::Other(other) if other.to_string().contains("UnsupportedCertVersion") => (
            ProbeFault::BadCertificate,
            format!("the certificate of `{}` is not of X.509 version 3", own.subject),
        ),
        CertificateError::UnknownIssuer => {
            let last = seen.chain.last().cloned().unwrap_or_default();
            let sent = match seen.chain.len() {
                1 => "the server sends its own certificate only".to_owned(),
                number => format!("the server sends {number} certificates"),
            };
            let text = format!(
                "{sent}, and `{}`, the issuer of the last one, is not trusted: the intermediate certificate is missing, or the CA is a private one (--ca)",
                last.issuer
            );
            (ProbeFault::UnknownIssuer, text)
        }
        other => (ProbeFault::BadCertificate, format!("the certificate is not acceptable: {other}")),
    }
}
