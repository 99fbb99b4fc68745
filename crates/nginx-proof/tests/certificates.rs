//! What clients that trust a root alone make of the certificates that nginx sends, what nginx refuses to load, and
//! whether the linter says the same.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime};

use lint_engine::{Settings, lint, logs};
use lint_finding::{Observation, Place, Severity};
use nginx_proof::{Binary, Browser, Exchange, Probe, Running, Setup, certificate_params, found};
use nginx_semantics::{MemoryFiles, Scope, VersionRange};
use rcgen::{CertificateParams, CertifiedIssuer, KeyPair, date_time_ymd};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore, Stream};
use ws_logs::Book;

const HOST: &str = "chat.example.com";
const CHAIN: &str = "incomplete-certificate-chain";
const WITHOUT_TLS: &str = "certificate-without-tls";

fn params(name: &str, hosts: &[&str], is_ca: bool) -> CertificateParams {
    certificate_params(name, hosts, is_ca).unwrap()
}

/// A root that clients trust, the intermediate that it issued, and a key for servers.
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

    /// What the intermediate issues, valid until a year begins.
    fn server(&self, host: &str, until: i32) -> String {
        let mut params = params("Test Server", &[host], false);
        params.not_after = date_time_ymd(until, 1, 1);
        params.signed_by(&self.key, &self.intermediate).unwrap().pem()
    }
}

/// What a client gets that trusts the root alone: the status of its handshake, or what it says of the certificates.
fn dial(pki: &Pki, port: u16) -> Result<String, String> {
    let mut roots = RootCertStore::empty();
    roots.add(pki.root.der().clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = Arc::new(builder.with_root_certificates(roots).with_no_client_auth());
    let mut tls = ClientConnection::new(config, ServerName::try_from(HOST).unwrap()).unwrap();
    let mut tcp = TcpStream::connect(("127.0.0.1", port)).unwrap();
    tcp.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let mut stream = Stream::new(&mut tls, &mut tcp);
    let request = format!(
        "GET /ws/ HTTP/1.1\r\nHost: {HOST}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).map_err(|error| error.to_string())?;
    let mut head = [0; 12];
    stream.read_exact(&mut head).map_err(|error| error.to_string())?;
    Ok(String::from_utf8_lossy(&head).into_owned())
}

/// The main file, with the certificates and the key that it names.
fn files(pki: &Pki, certificates: &str) -> Vec<(String, String)> {
    let main = format!(
        "events {{}}\nhttp {{\nserver {{\nlisten 443 ssl;\nserver_name {HOST};\nssl_certificate tls/server.pem;\n\
         ssl_certificate_key tls/server.key;\nlocation /ws/ {{\nproxy_pass http://127.0.0.1:9000;\n\
         proxy_http_version 1.1;\nproxy_set_header Upgrade $http_upgrade;\nproxy_set_header Connection upgrade;\n\
         proxy_read_timeout 1h;\n}}\n}}\n}}\n"
    );
    let text = |path: &str, text: &str| (path.to_owned(), text.to_owned());
    let key = pki.key.serialize_pem();
    vec![text("nginx.conf", &main), text("tls/server.pem", certificates), text("tls/server.key", &key)]
}

/// What a rule says of them, with its severity.
fn judged(rule: &str, binary: &Binary, files: &[(String, String)]) -> Option<(Severity, String)> {
    let folder = PathBuf::from("/t");
    let mut memory = MemoryFiles::new();
    for (path, text) in files {
        memory.insert(folder.join(path), text.as_str());
    }
    let scope = Scope { given: vec![folder.clone()], working_folder: folder.clone(), ..Scope::default() };
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let settings = Settings {
        versions: Some(VersionRange::exactly(binary.version)),
        now: Some(i64::try_from(now.as_secs()).unwrap()),
        ..Settings::default()
    };
    let outcome = lint(&memory, &[folder.join("nginx.conf")], &scope, &settings);
    let mut findings = outcome.findings.into_iter().filter(|finding| finding.rule.name == rule);
    let said = findings.next().map(|finding| (finding.severity, finding.message.into_owned()));
    assert!(findings.next().is_none(), "{said:?} and more");
    said
}

/// What it is, the certificates, what a client says of them, and the severity and the words of the rule.
type Case<'c> = (&'c str, String, Option<&'c str>, Option<(Severity, &'c str)>);

/// Runs each on every nginx.
fn compare(pki: &Pki, cases: &[Case<'_>]) {
    for binary in found().unwrap() {
        for (name, certificates, complaint, rule) in cases {
            let files = files(pki, certificates);
            let setup = Setup { files: files.clone(), is_tested: false, ..Setup::default() };
            let running = Running::start(&binary, &setup).unwrap();
            let context = format!("{name}, nginx {}", binary.version);
            assert!(running.is_up(), "{context}: {:?}", running.verdict());
            let seen = dial(pki, running.port("443").unwrap());
            match complaint {
                None => assert_eq!(seen.as_deref(), Ok("HTTP/1.1 101"), "{context}"),
                Some(complaint) => {
                    let error = seen.err().unwrap_or_default();
                    assert!(error.contains(complaint), "{context}: {error:?}");
                }
            }
            let said = judged(CHAIN, &binary, &files);
            assert_eq!(
                said.as_ref().map(|(severity, _)| *severity),
                rule.map(|(severity, _)| severity),
                "{context}"
            );
            let is_in = |(said, words): (&(Severity, String), (Severity, &str))| said.1.contains(words.1);
            assert!(said.as_ref().zip(*rule).is_none_or(is_in), "{context}: {said:?}");
        }
    }
}

#[test]
fn a_client_with_the_root_alone_needs_the_intermediate() {
    let pki = Pki::new();
    let server = pki.server(HOST, 2100);
    let (intermediate, root) = (pki.intermediate.pem(), pki.root.pem());
    let missing = "without that of `Test Intermediate`, which issued the first";
    compare(
        &pki,
        &[
            ("the server's alone", server.clone(), Some("UnknownIssuer"), Some((Severity::Info, missing))),
            (
                "with the root",
                format!("{server}{root}"),
                Some("UnknownIssuer"),
                Some((Severity::Info, missing)),
            ),
            ("with the intermediate", format!("{server}{intermediate}"), None, None),
            ("with both", format!("{server}{intermediate}{root}"), None, None),
            // Most clients sort, and so does this one.
            (
                "out of order",
                format!("{server}{root}{intermediate}"),
                None,
                Some((Severity::Info, "`Test Intermediate` as number 3, which should be number 2")),
            ),
        ],
    );
}

#[test]
fn a_client_looks_at_dates_and_names() {
    let pki = Pki::new();
    let with = |server: String| format!("{server}{}", pki.intermediate.pem());
    compare(
        &pki,
        &[
            (
                "expired",
                with(pki.server(HOST, 2021)),
                Some("certificate expired"),
                Some((Severity::Warning, "expired on 2021-01-01")),
            ),
            (
                "another name",
                with(pki.server("www.example.com", 2100)),
                Some("not valid for name"),
                Some((Severity::Warning, "is for `www.example.com`, and not for `chat.example.com`")),
            ),
            ("a wildcard", with(pki.server("*.example.com", 2100)), None, None),
        ],
    );
}

#[test]
fn what_nginx_cannot_load() {
    let pki = Pki::new();
    let server = pki.server(HOST, 2100);
    let intermediate = pki.intermediate.pem();
    let lines: Vec<&str> = server.lines().collect();
    let cut = lines.get(..4).unwrap().join("\n");
    let without_a_line = [lines.get(..3).unwrap(), lines.get(4..).unwrap()].concat().join("\n");
    for (certificates, message, words) in [
        (String::new(), "no start line", "the file of the certificate is empty"),
        (server.replace("-----BEGIN", " -----BEGIN"), "no start line", "no line of the file begins"),
        (
            format!("{}{intermediate}", server.trim_end()),
            "bad end line",
            "ends one block and begins the next",
        ),
        (cut, "bad end line", "what begins in line 1 of the certificate's file has no end"),
        (
            server.replacen("MII", "M*I", 1),
            "bad base64 decode",
            "line 1 of the certificate's file is no base64",
        ),
        (without_a_line, "too long", "line 1 of the certificate's file is no whole certificate"),
        (format!("{intermediate}{server}"), "key values mismatch", "that of the CA `Test Intermediate`"),
    ] {
        for binary in found().unwrap() {
            let files = files(&pki, &certificates);
            let running =
                Running::start(&binary, &Setup { files: files.clone(), ..Setup::default() }).unwrap();
            let verdict = running.verdict();
            assert!(!verdict.is_accepted && verdict.message.contains(message), "{words}: {verdict:?}");
            let (severity, said) = judged(CHAIN, &binary, &files).unwrap();
            assert_eq!(severity, Severity::Error, "{said}");
            assert!(said.starts_with("nginx refuses to start: ") && said.contains(words), "{said}");
        }
    }
}

#[test]
fn what_nginx_loads_all_the_same() {
    let pki = Pki::new();
    let whole = format!("{}{}", pki.server(HOST, 2100), pki.intermediate.pem());
    let with_key = format!("{}{whole}", KeyPair::generate().unwrap().serialize_pem());
    compare(
        &pki,
        &[
            ("words before", format!("subject=CN=x\n\n{whole}\nthe end\n"), None, None),
            ("a byte order mark", format!("\u{feff}{whole}"), None, None),
            ("carriage returns", whole.replace('\n', "\r\n"), None, None),
            ("an old label", whole.replace(" CERTIFICATE", " X509 CERTIFICATE"), None, None),
            ("another key", with_key, None, None),
        ],
    );
}

#[test]
fn a_certificate_makes_no_port_speak_tls() {
    let pki = Pki::new();
    for binary in found().unwrap() {
        let mut files = files(&pki, &format!("{}{}", pki.server(HOST, 2100), pki.intermediate.pem()));
        let mut start = |listen: &str| {
            let (_, main) = files.first_mut().unwrap();
            *main = main.replace("listen 443 ssl;", listen);
            let said = judged(WITHOUT_TLS, &binary, &files).map(|(severity, _)| severity);
            let setup = Setup { files: files.clone(), ..Setup::default() };
            (Running::start(&binary, &setup).unwrap(), said)
        };
        let (running, said) = start("listen 443 ssl;");
        assert_eq!((dial(&pki, running.port("443").unwrap()), said), (Ok("HTTP/1.1 101".to_owned()), None));

        let (mut running, said) = start("listen 443;");
        assert!(running.verdict().is_accepted && running.verdict().warnings.is_empty());
        let error = dial(&pki, running.port("443").unwrap()).unwrap_err();
        assert!(error.contains("corrupt message"), "{error}");
        assert_eq!(said, Some(Severity::Error));
        let message = "client sent invalid method while reading client request line";
        assert!(running.errors().iter().any(|line| line.contains(message)));
        let plain = running.probe(&Probe::Exchange(Exchange::handshake("/ws/", Browser::Chrome)));
        assert_eq!(plain.status, Some(101));
        // Logged when the client has gone, which nginx has noticed by now.
        assert!(running.access().iter().any(|line| line.contains("\" 400 ")));
    }
}

/// Waits until something is so.
fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(20), "{what}");
        sleep(Duration::from_millis(50));
    }
}

/// A reload brings a certificate that has expired, the next one cannot load its file, and the last one mends it: `logs` says
/// each of them by the error log, with the line.
#[test]
fn changes_of_a_certificate_are_told_from_the_error_log() {
    let pki = Pki::new();
    let chain = |until| format!("{}{}", pki.server(HOST, until), pki.intermediate.pem());
    let text = format!(
        "events {{}}\nhttp {{\nserver {{\nlisten 443 ssl;\nserver_name {HOST};\nssl_certificate tls/server.pem;\n\
         ssl_certificate_key tls/server.key;\nlocation / {{ return 204; }}\n}}\n}}\n"
    );
    for binary in found().unwrap() {
        let files = vec![
            ("nginx.conf".to_owned(), text.clone()),
            ("tls/server.pem".to_owned(), chain(2099)),
            ("tls/server.key".to_owned(), pki.key.serialize_pem()),
        ];
        let running =
            Running::start(&binary, &Setup { files, is_tested: false, has_master: true, ..Setup::default() })
                .unwrap();
        let port = running.port("443").unwrap();
        let reload = |certificates: &str| {
            running.replace("tls/server.pem", certificates).unwrap();
            running.reloader().unwrap().reload().unwrap();
        };
        let works = || dial(&pki, port).is_ok();
        assert!((0..3).all(|_| works()));
        reload(&chain(2020));
        until("the certificate that has expired", || !works());
        // The old worker may take a few more.
        sleep(Duration::from_millis(700));
        assert!((0..10).all(|_| !works()));
        reload("-----BEGIN CERTIFICATE-----\nbroken\n");
        until("a reload that fails", || running.errors().iter().any(|line| line.contains("[emerg]")));
        // Times of an error log are whole seconds.
        sleep(Duration::from_millis(1_100));
        reload(&chain(2099));
        until("the certificate that is mended", works);
        sleep(Duration::from_millis(700));
        assert!((0..3).all(|_| works()));

        let own = text.replace("443", &port.to_string());
        let mut memory = MemoryFiles::new();
        memory.insert("/etc/nginx/nginx.conf", own.as_bytes());
        let scope =
            Scope { given: vec!["/etc/nginx".into()], working_folder: "/".into(), ..Scope::default() };
        let report = logs(&memory, &["/etc/nginx".into()], &scope, &Settings::default(), |configured| {
            let mut book = Book::new(configured, configured.formats(), None);
            let log = book.open("error.log");
            running.errors().iter().for_each(|line| book.feed(log, format!("{line}\n").as_bytes()));
            book.close(log, None);
            configured.complete(book.report())
        });
        let line = |place: &Place| report.outcome.file(place.file).unwrap().source.line(place.span.start);
        let [
            Observation::ReloadFailed { text: why, place: Some(failed), .. },
            Observation::CertificateRefused {
                reload: Some(since), mended: Some(mended), alerts, places, ..
            },
        ] = &report.observations[..]
        else {
            panic!("nginx {}: {:?}\n{:#?}", binary.version, report.observations, running.errors())
        };
        assert!(why.contains("tls/server.pem"), "{why}");
        assert_eq!((line(failed), places.iter().map(line).collect::<Vec<_>>()), (6, vec![6]));
        assert!(matches!(&alerts[..], [("certificate expired", 10..)]), "{alerts:?}");
        assert_eq!(report.reloads, [*since, *mended], "the one that failed is none");
        assert!(report.symptoms.iter().any(|one| one.causes.contains(&"tls-chain")), "{:?}", report.symptoms);
    }
}
