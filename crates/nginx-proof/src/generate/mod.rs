//! Random small configurations of what the model covers, and requests to them.
//!
//! A [`Case`] is drawn in three steps: [`strategy`] draws a [`shape`], [`render`] makes files of it that nginx accepts,
//! [`requests`] makes requests near the paths that they name. The words are few ([`words`]), so that names, keys and
//! headers collide.
//!
//! To widen it: a field in `shape`, a line in `strategy` that draws it, a branch in `render` that writes it and notes
//! its line of [`FEATURES`].
//!
//! Not covered: see [`NOT_COVERED`].

mod features;
mod render;
mod requests;
mod shape;
mod strategy;
mod topics;
mod words;

use std::collections::BTreeSet;

use nginx_semantics::NginxVersion;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

pub use features::{FEATURES, Feature};
pub use requests::Request;

use crate::Error;

/// What no configuration that is drawn has, and the model knows something about.
pub const NOT_COVERED: [&str; 6] = [
    "HTTP/2 and HTTP/3 of clients: a WebSocket comes by CONNECT there, which nginx does not take",
    "`location` names that differ on systems without case",
    "files that cannot be read: the harness may be root",
    "answers that come from a cache: what is stored depends on what was asked before",
    "other modules than `proxy_pass`: the harness speaks no FastCGI, uwsgi, SCGI or gRPC",
    "includes that were not given: a real nginx refuses them",
];

/// A configuration and what is asked of it.
#[derive(Debug, Clone)]
pub struct Case {
    /// Relative path and text, the main file first.
    pub files: Vec<(String, String)>,
    /// The requests.
    pub requests: Vec<Request>,
    /// What is in it.
    pub features: BTreeSet<Feature>,
}

impl Case {
    fn of(shape: &shape::Shape) -> Self {
        let render::Rendered { files, names, mut features, ports } = render::render(shape);
        let requests: Vec<Request> =
            shape.asks.iter().map(|ask| requests::request(ask, &names, &ports)).collect();
        features.extend(requests.iter().flat_map(requests::features));
        Self { files, requests, features }
    }
}

impl Case {
    /// The case without what an nginx does not have.
    #[must_use]
    pub fn known_to(self, version: NginxVersion) -> Self {
        Self { files: known_to(&self.files, version), ..self }
    }

    /// Whether what comes of a request hangs on others: copies that may end it, and limits that others have used up.
    pub fn hangs_on_others(&self) -> bool {
        [features::MIRROR, features::LIMITS].iter().any(|feature| self.features.contains(feature))
    }
}

/// nginx speaks HTTP/2 to back ends since this version.
const VERSION_2_SINCE: NginxVersion = NginxVersion::new(1, 29, 4);

/// Files of a case without what an nginx does not have.
pub fn known_to(files: &[(String, String)], version: NginxVersion) -> Vec<(String, String)> {
    let is_old = version < VERSION_2_SINCE;
    let known = |text: &str| match is_old {
        true => text.replace("proxy_http_version 2;", "proxy_http_version 1.1;"),
        false => text.to_owned(),
    };
    files.iter().map(|(path, text)| (path.clone(), known(text))).collect()
}

/// A case that can be made smaller.
pub struct Drawn(Box<dyn ValueTree<Value = shape::Shape>>);

impl Drawn {
    /// The `number`th case of a seed: always the same.
    ///
    /// # Errors
    /// When proptest gives up.
    pub fn new(seed: u64, number: u64) -> Result<Self, Error> {
        let mut bytes = [0; 32];
        for (byte, from) in bytes.iter_mut().zip(seed.to_le_bytes().into_iter().chain(number.to_le_bytes())) {
            *byte = from;
        }
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
        let mut runner = TestRunner::new_with_rng(Config::default(), rng);
        let tree = strategy::shape().new_tree(&mut runner);
        let tree = tree.map_err(|reason| Error::NotDrawn { reason: reason.to_string() })?;
        Ok(Self(Box::new(tree)))
    }

    /// The case as it is now.
    pub fn case(&self) -> Case {
        Case::of(&self.0.current())
    }

    /// Makes it smaller as long as `is_still_so`, in at most `tries`.
    pub fn shrink(&mut self, tries: usize, mut is_still_so: impl FnMut(&Case) -> bool) -> Case {
        let mut smallest = self.case();
        let mut goes_on = self.0.simplify();
        for _ in 0..tries {
            if !goes_on {
                break;
            }
            let case = self.case();
            goes_on = if is_still_so(&case) {
                smallest = case;
                self.0.simplify()
            } else {
                self.0.complicate()
            };
        }
        smallest
    }
}
