//! Certificates for tests: a root, the intermediate that it issued, and what that one issues for servers.

use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DnType, IsCa, Issuer, KeyPair, date_time_ymd,
};

/// Two CAs, the second issued by the first.
pub(crate) struct Pki {
    root: String,
    intermediate: String,
    issuer: Issuer<'static, KeyPair>,
}

/// What a certificate of a server is to be like.
pub(crate) struct Leaf<'l> {
    /// Its names; none: no extension for them.
    pub(crate) names: &'l [&'l str],
    /// The first and the last year in which it is valid.
    pub(crate) years: (i32, i32),
    /// Whether it looks like one of the web's.
    pub(crate) is_public: bool,
}

impl Default for Leaf<'_> {
    fn default() -> Self {
        Self { names: &["chat.example.com"], years: (2020, 2120), is_public: true }
    }
}

/// `certificatePolicies` with 2.23.140.1.2.1 alone.
const DOMAIN_VALIDATED: [u8; 12] = [0x30, 10, 0x30, 8, 6, 6, 0x67, 0x81, 0x0c, 1, 2, 1];

impl Pki {
    pub(crate) fn new() -> Self {
        let key = || KeyPair::generate().expect("a key");
        let root = ca("Test Root");
        let root_key = key();
        let root_pem = root.self_signed(&root_key).expect("a root").pem();
        let intermediate = ca("Test Intermediate");
        let intermediate_key = key();
        let signed = intermediate.signed_by(&intermediate_key, &Issuer::new(root, root_key));
        Self {
            root: root_pem,
            intermediate: signed.expect("an intermediate").pem(),
            issuer: Issuer::new(intermediate, intermediate_key),
        }
    }

    pub(crate) fn root(&self) -> &str {
        &self.root
    }

    pub(crate) fn intermediate(&self) -> &str {
        &self.intermediate
    }

    /// What the intermediate issues.
    pub(crate) fn leaf(&self, leaf: &Leaf<'_>) -> String {
        let key = KeyPair::generate().expect("a key");
        params(leaf).signed_by(&key, &self.issuer).expect("a certificate").pem()
    }
}

/// One that nobody issued.
pub(crate) fn self_signed(leaf: &Leaf<'_>) -> String {
    params(leaf).self_signed(&KeyPair::generate().expect("a key")).expect("a certificate").pem()
}

fn params(leaf: &Leaf<'_>) -> CertificateParams {
    let names: Vec<String> = leaf.names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).expect("names");
    params.distinguished_name.push(DnType::CommonName, "Test Server");
    params.not_before = date_time_ymd(leaf.years.0, 1, 1);
    params.not_after = date_time_ymd(leaf.years.1, 12, 31);
    if leaf.is_public {
        let policies = CustomExtension::from_oid_content(&[2, 5, 29, 32], DOMAIN_VALIDATED.to_vec());
        params.custom_extensions.push(policies);
    }
    params
}

fn ca(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2121, 1, 1);
    params
}
