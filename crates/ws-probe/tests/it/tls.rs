//! What TLS shows: certificates, names, dates, ALPN.

use std::io::Write;
use std::net::{Ipv4Addr, TcpStream};
use std::sync::Arc;

use lint_finding::{ProbeFault, ProbeSeen, ProbeVerdict};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use ws_probe::{Plan, Resolve, roots_of_pem};

use crate::server::{accept, accepted, drain, plan, read_head, say, seen};

const HOST: &str = "chat.example.com";

fn params(name: &str, hosts: &[&str], is_ca: bool) -> CertificateParams {
    let hosts: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
    let mut params = CertificateParams::new(hosts).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.use_authority_key_identifier_extension = true;
    if is_ca {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    }
    params
}

struct Pki {
    root: CertifiedIssuer<'static, KeyPair>,
    intermediate: CertifiedIssuer<'static, KeyPair>,
    key: KeyPair,
}

impl Pki {
    fn new() -> Self {
        let key = || KeyPair::generate().unwrap();
        let root = CertifiedIssuer::self_signed(params("Test Root", &[], true), key()).unwrap();
        let intermediate =
            CertifiedIssuer::signed_by(params("Test Intermediate", &[], true), key(), &root).unwrap();
        Self { root, intermediate, key: key() }
    }

    fn server(&self, host: &str, years: (i32, i32)) -> CertificateDer<'static> {
        let mut params = params("Test Server", &[host, "*.example.org"], false);
        (params.not_before, params.not_after) = (date_time_ymd(years.0, 1, 1), date_time_ymd(years.1, 1, 1));
        params.signed_by(&self.key, &self.intermediate).unwrap().der().clone()
    }

    fn own(&self) -> CertificateDer<'static> {
        params(HOST, &[HOST], false).self_signed(&self.key).unwrap().der().clone()
    }

    /// What a probe sees of a server with these certificates.
    fn probed(
        &self,
        chain: Vec<CertificateDer<'static>>,
        alpn: &[&str],
        change: impl FnOnce(&mut Plan),
    ) -> (ProbeSeen, ProbeVerdict) {
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(self.key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder =
            ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let mut config = builder.with_no_client_auth().with_single_cert(chain, key).unwrap();
        config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        let config = Arc::new(config);
        let address = accept(Ipv4Addr::LOCALHOST.into(), move |stream: TcpStream, _| {
            let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut tls = StreamOwned::new(connection, stream);
            let head = read_head(&mut tls);
            if !head.is_empty() {
                say(&mut tls, accepted(&head, ""));
            }
            drain(&mut tls);
        });
        let mut plan = plan(address, "/ws");
        plan.is_tls = true;
        plan.host = HOST.to_owned();
        plan.roots = roots_of_pem(self.root.pem().as_bytes()).unwrap();
        plan.resolve = vec![Resolve { host: HOST.to_owned(), port: plan.port, address }];
        change(&mut plan);
        seen(&plan)
    }
}

#[test]
fn a_whole_chain_is_shown() {
    let pki = Pki::new();
    let chain = vec![pki.server(HOST, (2020, 2096)), pki.intermediate.der().clone()];
    let (seen, verdict) = pki.probed(chain, &["h2", "http/1.1"], |_| {});
    assert_eq!(verdict, ProbeVerdict::Works, "{seen:?}");
    let tls = seen.tls.unwrap();
    assert_eq!(
        (tls.version.as_deref(), tls.alpn.as_deref(), tls.name.as_deref()),
        (Some("TLS 1.3"), Some("http/1.1"), Some(HOST))
    );
    let [own, intermediate] = tls.chain.as_slice() else { panic!("{tls:?}") };
    assert_eq!((own.subject.as_str(), own.issuer.as_str()), ("Test Server", "Test Intermediate"));
    assert_eq!((own.not_before.as_str(), own.not_after.as_str()), ("2020-01-01", "2096-01-01"));
    assert_eq!(own.names, [HOST, "*.example.org"]);
    assert!(own.days_left > 20_000 && intermediate.issuer == "Test Root");
}

#[test]
fn what_browsers_refuse_is_named() {
    let pki = Pki::new();
    let intermediate = || pki.intermediate.der().clone();
    let good = || pki.server(HOST, (2020, 2096));
    let cases = [
        (vec![good()], ProbeFault::UnknownIssuer, "the intermediate certificate is missing"),
        (vec![pki.own()], ProbeFault::SelfSigned, "self-signed"),
        (vec![pki.server(HOST, (2020, 2021)), intermediate()], ProbeFault::Expired, "expired on 2021-01-01"),
        (vec![pki.server(HOST, (2090, 2096)), intermediate()], ProbeFault::NotYetValid, "before 2090-01-01"),
        (
            vec![pki.server("other.example.com", (2020, 2096)), intermediate()],
            ProbeFault::OtherName,
            "`other.example.com`",
        ),
    ];
    for (chain, kind, said) in cases {
        let length = chain.len();
        let (seen, verdict) = pki.probed(chain, &[], |_| {});
        let failure = seen.failure.unwrap();
        assert_eq!((failure.kind, verdict), (kind, ProbeVerdict::Fails), "{}", failure.text);
        assert!(failure.text.contains(said), "{}", failure.text);
        assert_eq!(seen.tls.unwrap().chain.len(), length);
        // Nothing is sent to whom is not trusted.
        assert_eq!(seen.answer, None);
    }
}

#[test]
fn without_a_trusted_issuer_nothing_is_accepted() {
    let pki = Pki::new();
    let chain = vec![pki.server(HOST, (2020, 2096)), pki.intermediate.der().clone()];
    let (seen, verdict) = pki.probed(chain, &[], |plan| plan.roots.clear());
    assert_eq!((seen.failure.unwrap().kind, verdict), (ProbeFault::UnknownIssuer, ProbeVerdict::Fails));
}

#[test]
fn a_port_for_http2_alone_is_named() {
    let pki = Pki::new();
    let chain = || vec![pki.server(HOST, (2020, 2096)), pki.intermediate.der().clone()];
    let (seen, _) = pki.probed(chain(), &["h2"], |_| {});
    assert_eq!(seen.failure.unwrap().kind, ProbeFault::NoHttp11);
}

#[test]
fn a_port_without_tls_is_named() {
    let address = accept(Ipv4Addr::LOCALHOST.into(), |mut stream, _| {
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        drain(&mut stream);
    });
    let mut plan = plan(address, "/");
    plan.is_tls = true;
    let (seen, verdict) = seen(&plan);
    let failure = seen.failure.unwrap();
    assert_eq!((failure.kind, verdict), (ProbeFault::TlsFailed, ProbeVerdict::Fails));
    assert!(failure.text.contains("does not speak TLS"), "{}", failure.text);
}

#[test]
fn a_file_of_issuers_has_certificates() {
    let pki = Pki::new();
    let both = format!("# a comment\n{}{}", pki.root.pem(), pki.intermediate.pem());
    assert_eq!(roots_of_pem(both.as_bytes()).unwrap().len(), 2);
    for bad in [
        "",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\n",
    ] {
        assert!(roots_of_pem(bad.as_bytes()).is_err(), "{bad}");
    }
}

/// What `openssl req -x509` makes: a certificate of a CA that signs itself. curl and browsers take it where it is trusted.
#[test]
fn a_certificate_that_is_trusted_itself_is_taken() {
    let pki = Pki::new();
    let own = |host: &str, is_ca: bool, years: (i32, i32)| {
        let mut params = params(host, &[host], is_ca);
        (params.not_before, params.not_after) = (date_time_ymd(years.0, 1, 1), date_time_ymd(years.1, 1, 1));
        params.self_signed(&pki.key).unwrap().der().clone()
    };
    let good = || own(HOST, true, (2020, 2096));
    for (certificate, trusted, fault) in [
        (good(), vec![good()], None),
        (own(HOST, false, (2020, 2096)), vec![own(HOST, false, (2020, 2096))], None),
        (good(), vec![], Some(ProbeFault::SelfSigned)),
        (good(), vec![pki.root.der().clone()], Some(ProbeFault::SelfSigned)),
        (own(HOST, true, (2020, 2021)), vec![own(HOST, true, (2020, 2021))], Some(ProbeFault::Expired)),
        (own(HOST, true, (2090, 2096)), vec![own(HOST, true, (2090, 2096))], Some(ProbeFault::NotYetValid)),
        (
            own("other.example.com", true, (2020, 2096)),
            vec![own("other.example.com", true, (2020, 2096))],
            Some(ProbeFault::OtherName),
        ),
    ] {
        // Each is made with another serial number: the same bytes are served and trusted.
        let trusted: Vec<Vec<u8>> = match trusted.len() == 1 && fault != Some(ProbeFault::SelfSigned) {
            true => vec![certificate.to_vec()],
            false => trusted.iter().map(|one| one.to_vec()).collect(),
        };
        let (seen, _) = pki.probed(vec![certificate], &[], |plan| plan.roots = trusted);
        assert_eq!(seen.failure.as_ref().map(|failure| failure.kind), fault, "{:?}", seen.failure);
    }
}
