//! One self-signed certificate for all of a run: for nginx's listens and for back ends that speak TLS.

use std::sync::{Arc, OnceLock};

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::Error;

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
    let server = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(vec![cert.der().clone()], key))
        .map_err(|error| error.to_string())?;
    Ok(Pair { certificate: cert.pem(), key: signing_key.serialize_pem(), server: Arc::new(server) })
}
