//! The host names on the way to a back end that nginx looks up once, when it reads its configuration.
//!
//! A literal name in `proxy_pass` or in a `server` of an `upstream` is resolved while the file is read
//! (`core/ngx_inet.c:ngx_inet_resolve_host`), and its addresses stay until the next reload. A name that comes out of a
//! variable is looked up by `resolver` for requests, unless an upstream of that name and port was configured, which a
//! literal `proxy_pass` elsewhere is enough for (`http/ngx_http_upstream.c:ngx_http_upstream_init_request`).

use std::borrow::Cow;
use std::collections::HashMap;

use nginx_semantics::{
    Configuration, ContextId, ContextKind, Directive, DirectiveName, Effective, Pass, Presence, Target,
    effective, peers,
};
use nginx_syntax::lossy;

use crate::endpoint::Endpoint;
use crate::model::Model;

/// A name that is looked up once.
#[derive(Debug, Clone)]
pub struct StartupName<'s> {
    /// The `server` of the upstream, or the `*_pass`.
    pub directive: Directive<'s>,
    /// In lower case.
    pub host: String,
    /// Where one is written.
    pub port: Option<u16>,
    /// The `upstream` block around it.
    pub upstream: Option<ContextId>,
    /// Whether no other server takes the requests that this one cannot.
    pub is_alone: bool,
}

impl StartupName<'_> {
    /// Whether people give such names to containers: one label that is not the machine's own name for itself. What has a dot
    /// belongs to some DNS zone, of which nothing is known, and a single letter stands for a name that is yet to be written,
    /// as these words do.
    pub fn may_be_container(&self) -> bool {
        const TO_BE_WRITTEN: [&str; 4] = ["hostname", "address", "your", "example"];
        let is_own = self.host.starts_with("localhost")
            || self.host.starts_with("ip6-")
            || TO_BE_WRITTEN.iter().any(|word| self.host.contains(word));
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        !is_own
            && self.host.len() > 1
            && self.host.bytes().all(is_plain)
            && self.host.starts_with(|first: char| first.is_ascii_alphanumeric())
            && self.host.contains(|letter: char| letter.is_ascii_alphabetic())
    }
}

/// What is known of the network that names without a dot are looked up in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameService {
    /// Docker's own server at 127.0.0.11 is named: names are those of containers, whose addresses change.
    Docker,
    /// Names of Kubernetes are in use: a service keeps its address as long as it exists.
    Kubernetes,
    /// Nothing.
    Unknown,
}

/// Where Docker's DNS server listens in every container of a network that a user defines.
const DOCKER: &[u8] = b"127.0.0.11";

impl<'s> Model<'s> {
    /// The names that lead to an endpoint's back ends, that are looked up once, and that people give to containers.
    pub fn container_names(&self, endpoint: &Endpoint<'s>) -> Cow<'_, [StartupName<'s>]> {
        let configuration = self.configuration;
        let target = &endpoint.target;
        let is_missing = |level| configuration.context(level).gaps.iter().any(|gap| !gap.is_pattern);
        if configuration.levels(endpoint.context).any(is_missing) {
            // What the missing file sets may be how names are looked up here.
            return Cow::default();
        }
        if let Some(block) = endpoint.block {
            // nginx refuses the name of a block with a port: `upstream "…" may not have port …`.
            if target.port.is_some() {
                return Cow::default();
            }
            let names = self.names_of_blocks.get(block, || {
                let mut names = in_upstream(configuration, block);
                names.retain(StartupName::may_be_container);
                names
            });
            return names.map(|names| Cow::Borrowed(names.as_slice())).unwrap_or_default();
        }
        let pass = if Target::parse(&endpoint.pass.target()).has_variables {
            // The implicit upstream of a literal elsewhere takes it.
            self.literal(target)
        } else {
            Some(endpoint.pass)
        };
        let name =
            pass.filter(|_| is_host(configuration, endpoint.context, target)).map(|pass| StartupName {
                directive: pass.directive,
                host: target.host.clone(),
                port: target.port,
                upstream: None,
                is_alone: true,
            });
        Cow::Owned(name.into_iter().filter(StartupName::may_be_container).collect())
    }

    /// The first pass without variables that has the host and port.
    fn literal(&self, target: &Target) -> Option<Pass<'s>> {
        let literals = self.literals.get_or_init(|| {
            let mut literals = HashMap::new();
            for (number, (_, pass)) in self.passes.iter().enumerate() {
                let target = Target::parse(&pass.target());
                if !target.has_variables {
                    let port = target.port_or_default();
                    literals.entry((target.host, port)).or_insert(number);
                }
            }
            literals
        });
        let number = *literals.get(&(target.host.clone(), target.port_or_default()))?;
        self.passes.get(number).map(|(_, pass)| *pass)
    }

    /// The `resolver` in effect for an endpoint.
    pub fn resolver(&self, endpoint: &Endpoint<'_>) -> Option<Directive<'s>> {
        match effective(self.configuration, endpoint.context, DirectiveName::RESOLVER) {
            Effective::Set(declared) => declared.directives.first().copied(),
            Effective::Default { .. } | Effective::Unknown(_) => None,
        }
    }

    /// What the configuration tells of its name service.
    pub fn name_service(&self) -> NameService {
        let configuration = self.configuration;
        // A text of a `ConfigMap`: what it names are services.
        let mut hosts = self.passes.iter().filter_map(|(_, pass)| pass.directive.file()?.hosted());
        if hosts.any(nginx_semantics::Hosted::is_in_cluster) {
            return NameService::Kubernetes;
        }
        let contexts = configuration.contexts().map(|(id, _)| id);
        let resolvers = contexts.flat_map(|id| configuration.named(id, DirectiveName::RESOLVER));
        let mut is_docker = false;
        for word in resolvers.flat_map(|resolver| resolver.arguments().collect::<Vec<_>>()) {
            let host = word.split(|byte| *byte == b':').next().unwrap_or_default();
            is_docker |= host == DOCKER;
            if host.starts_with(b"kube-dns") || is_of_kubernetes(&lossy(host)) {
                return NameService::Kubernetes;
            }
        }
        let passes = self.passes.iter().map(|(_, pass)| pass.target());
        let blocks = configuration.of_kind(ContextKind::Upstream);
        let servers = blocks.flat_map(|block| configuration.named(block, DirectiveName::SERVER));
        let mut addresses = passes.chain(servers.filter_map(|server| server.argument(0)));
        let may_be_one = |address: &[u8]| address.windows(4).any(|part| part.eq_ignore_ascii_case(b".svc"));
        if addresses.any(|address| may_be_one(&address) && is_of_kubernetes(&Target::parse(&address).host)) {
            NameService::Kubernetes
        } else if is_docker {
            NameService::Docker
        } else {
            NameService::Unknown
        }
    }
}

/// `NAME.NAMESPACE.svc`, with or without the domain of the cluster.
fn is_of_kubernetes(host: &str) -> bool {
    host.ends_with(".svc") || host.contains(".svc.")
}

/// The names in an `upstream`, unless nginx or another module looks them up again.
fn in_upstream<'s>(configuration: Configuration<'s>, block: ContextId) -> Vec<StartupName<'s>> {
    // Lua and the like choose peers by themselves; their `server` is there for nginx's parser.
    let is_foreign = |directive: Directive<'_>| directive.name().rows().is_empty();
    if configuration.directives(block).any(is_foreign) {
        return Vec::new();
    }
    let all: Vec<_> = peers(configuration, block).filter(|peer| !peer.has("down")).collect();
    let is_alone = all.len() < 2 && configuration.context(block).gaps.is_empty();
    let peers = all.into_iter().filter(|peer| !peer.has("resolve"));
    let name = |peer: nginx_semantics::Peer<'s>| {
        let target = Target::parse(peer.address.as_bytes());
        // An address is looked up by nobody.
        let is_name = !target.has_variables && !target.is_address();
        let Target { host, port, .. } = target;
        let (directive, upstream) = (peer.directive, Some(block));
        is_name.then_some(StartupName { directive, host, port, upstream, is_alone })
    };
    peers.filter_map(name).collect()
}

/// Whether the host can be no `upstream` of a file that was not given: that takes no port.
fn is_host(configuration: Configuration<'_>, context: ContextId, target: &Target) -> bool {
    let Some(http) = configuration.enclosing(context, ContextKind::Http) else { return false };
    let http = configuration.context(http);
    let is_whole = http.presence == Presence::Given && http.gaps.is_empty();
    !target.host.contains('$') && (target.port.is_some() || is_whole)
}
