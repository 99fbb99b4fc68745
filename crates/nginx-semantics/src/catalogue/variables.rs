//! The variables that nginx's own modules define.

use std::hash::BuildHasherDefault;
use std::sync::LazyLock;

use hashbrown::HashSet;

use super::table::{NameHasher, data_lines};
use crate::variables::lower;
use crate::version::NginxVersion;

pub(super) const HTTP: &str = include_str!("variables.txt");

/// Whether `$name` is a variable of nginx's http modules, such as `host` or `http_upgrade`: one that no
/// `set`, `map` or other module has to define. nginx compares variable names without regard to case.
#[must_use]
pub fn is_builtin_variable(name: &[u8]) -> bool {
    static VARIABLES: LazyLock<Variables> = LazyLock::new(|| Variables::read(HTTP));
    VARIABLES.contains(name)
}

/// Variables of these releases and later ones, which a configuration of an older one may use by mistake; with `*` all
/// that begin so.
const NEW: [(&str, NginxVersion); 7] = [
    ("http3", NginxVersion::new(1, 25, 0)),
    ("is_request_port", NginxVersion::new(1, 29, 3)),
    ("proxy_protocol_tlv_*", NginxVersion::new(1, 23, 2)),
    ("request_port", NginxVersion::new(1, 29, 3)),
    ("ssl_alpn_protocol", NginxVersion::new(1, 21, 4)),
    ("ssl_curve", NginxVersion::new(1, 21, 5)),
    ("ssl_sigalg", NginxVersion::new(1, 29, 3)),
];

/// The first release that has a variable of nginx's own, where that is known and not long ago.
#[must_use]
pub fn builtin_variable_since(name: &[u8]) -> Option<NginxVersion> {
    let name = lower(name);
    let is_it = |known: &str| match known.strip_suffix('*') {
        Some(prefix) => name.starts_with(prefix.as_bytes()),
        None => *name == *known.as_bytes(),
    };
    NEW.iter().find(|(known, _)| is_it(known)).map(|(_, since)| *since)
}

struct Variables {
    exact: HashSet<&'static [u8], BuildHasherDefault<NameHasher>>,
    /// Without the `*`.
    prefixes: Vec<&'static [u8]>,
}

impl Variables {
    fn read(text: &'static str) -> Self {
        let (mut exact, mut prefixes) = (HashSet::default(), Vec::new());
        for line in data_lines(text) {
            match line.strip_suffix('*') {
                Some(prefix) => prefixes.push(prefix.as_bytes()),
                None => _ = exact.insert(line.as_bytes()),
            }
        }
        Self { exact, prefixes }
    }

    fn contains(&self, name: &[u8]) -> bool {
        let name = lower(name);
        self.exact.contains(&*name) || self.prefixes.iter().any(|prefix| name.starts_with(prefix))
    }
}
