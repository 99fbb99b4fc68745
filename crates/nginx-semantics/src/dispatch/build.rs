//! Which nginx reads the configuration.

use std::collections::BTreeSet;

use crate::catalogue::Directive;
use crate::version::VersionRange;

/// The modules that are linked into an nginx.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Modules {
    /// Unknown: any of nginx's own may be there, and any of others.
    #[default]
    Any,
    /// These, by the names that nginx's sources have for them, such as `ngx_http_proxy_module`, and no others.
    Exactly(BTreeSet<&'static str>),
}

/// Which nginx reads the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Build {
    /// Its version, or those that are possible. What one of them takes is not refused.
    pub versions: VersionRange,
    /// Its modules.
    pub modules: Modules,
    /// Directives that it takes though its release is older than they are: distributions bring fixes back, and some
    /// fixes come with a directive.
    pub backported: BTreeSet<&'static str>,
}

impl Build {
    /// Any build of these versions.
    #[must_use]
    pub fn any(versions: VersionRange) -> Self {
        Self { versions, modules: Modules::Any, backported: BTreeSet::new() }
    }

    /// Whether a directive may be there.
    #[must_use]
    pub fn has(&self, directive: &Directive) -> bool {
        let is_built = match &self.modules {
            Modules::Any => true,
            Modules::Exactly(modules) => modules.contains(directive.module),
        };
        is_built && (directive.is_in(self.versions) || self.backported.contains(directive.name))
    }
}
