//! One self-signed certificate for all of a run: for nginx's listens and for back ends that speak TLS; and clients that
//! take any.

use std::io;
use std::sync::{Arc, OnceLock};

use rcgen::{BasicConstraints, CertificateParams, CertifiedKey, DnType, IsCa, generate_simple_self_signed};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, ServerConfig, SignatureScheme};

use super::Error;

/// The pair in the two forms in which it is needed.
pub(crate) struct Pair {
    /// The certificate for a file.
    pub(crate) certificate: String,
    /// Its key for a file.
    pub(crate) key: String,
    /// Both for a back end.
    pub(crate) server: Arc<ServerConfig>,
}

/// The pair, made at the first call.
pub(crate) fn pair() -> Result<&'static Pair, Error> {
    static PAIR: OnceLock<Result<Pair, String>> = OnceLock::new();
    PAIR.get_or_init(make).as_ref().map_err(|error| Error::Certificate(error.clone()))
}

fn make() -> Result<Pair, String> {
    let names = ["localhost", "example.com", "127.0.0.1"].map(str::to_owned);
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(names).map_err(|error| error.to_string())?;
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(signing_key.serialize_der()));
    let server = ServerConfig::builder_with_provider(Arc::new(provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(vec![cert.der().clone()], key))
        .map_err(|error| error.to_string())?;
    Ok(Pair { certificate: cert.pem(), key: signing_key.serialize_pem(), server: Arc::new(server) })
}

/// The client's end of TLS for a host, which may have a port behind it.
pub(crate) fn client(host: &str) -> io::Result<ClientConnection> {
    static CONFIG: OnceLock<Result<Arc<ClientConfig>, String>> = OnceLock::new();
    let make = || {
        let builder = ClientConfig::builder_with_provider(Arc::new(provider()));
        let builder = builder.with_safe_default_protocol_versions().map_err(|error| error.to_string())?;
        let any = Arc::new(AnyCertificate(provider()));
        Ok(Arc::new(builder.dangerous().with_custom_certificate_verifier(any).with_no_client_auth()))
    };
    let config = CONFIG.get_or_init(make).as_ref().map_err(|error| io::Error::other(error.clone()))?;
    let name = host.split(':').next().unwrap_or_default().to_owned();
    let name = ServerName::try_from(name).or_else(|_| ServerName::try_from("localhost"));
    let name = name.map_err(io::Error::other)?;
    ClientConnection::new(Arc::clone(config), name).map_err(io::Error::other)
}

fn provider() -> CryptoProvider {
    rustls::crypto::ring::default_provider()
}

/// Any certificate will do: who answers is known, and what it says of names is not what is tried.
#[derive(Debug)]
struct AnyCertificate(CryptoProvider);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// What a certificate of a name, for some hosts, is made of; that of a CA if `is_ca`.
///
/// # Errors
/// If a host is none.
pub fn certificate_params(
    name: &str,
    hosts: &[&str],
    is_ca: bool,
) -> Result<CertificateParams, rcgen::Error> {
    let hosts: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
    let mut params = CertificateParams::new(hosts)?;
    params.distinguished_name.push(DnType::CommonName, name);
    params.use_authority_key_identifier_extension = true;
    if is_ca {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    }
    Ok(params)
}
