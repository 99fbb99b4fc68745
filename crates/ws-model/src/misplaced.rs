//! Locations that look like WebSocket endpoints and cannot be any: their module cannot upgrade, or the `proxy_pass`
//! stands in the location around them.

use nginx_semantics::{ContextId, ContextKind, DirectiveName, Pass, PassModule};

use crate::endpoint::Endpoint;
use crate::evidence::{Evidence, EvidenceKind, Known, is_given};
use crate::idle::IdleLimit;
use crate::model::Model;

impl<'s> Model<'s> {
    /// Locations with a `fastcgi_pass`, `grpc_pass` or `memcached_pass`. A name that PHP may have just as well, and the
    /// names of upstreams, are no evidence here.
    pub(crate) fn unsupported_candidates(&self, known: &Known<'s>) -> Vec<Endpoint<'s>> {
        let is_unsupported = |module: PassModule| {
            matches!(module, PassModule::Fastcgi | PassModule::Grpc | PassModule::Memcached)
        };
        // An include that was not given may bring another `*_pass`, and the last one is the one that works.
        let is_whole = |context: ContextId| {
            let gaps = &self.configuration.context(context).gaps;
            gaps.iter().all(|gap| gap.is_pattern)
        };
        let passes =
            self.passes.iter().filter(|(context, pass)| is_unsupported(pass.module) && is_whole(*context));
        let passes = passes.filter(|(context, _)| self.is_looked_at(*context));
        let mut candidates: Vec<_> = passes
            .filter_map(|&(context, pass)| {
                let mut endpoint = self.candidate_with(context, pass, IdleLimit::NONE, known)?;
                endpoint.evidence.extend(self.own_upgrade_lines(context));
                Some(endpoint)
            })
            .collect();
        for endpoint in &mut candidates {
            let is_php = endpoint.location_text().contains("php");
            let is_fastcgi = endpoint.pass.module == PassModule::Fastcgi;
            endpoint.evidence.retain(|evidence| match evidence.kind {
                EvidenceKind::Declared | EvidenceKind::Configured | EvidenceKind::ApplicationPath => true,
                EvidenceKind::Application => false,
                // `/ws/` is a web service to many a PHP application.
                EvidenceKind::Name => {
                    evidence.is_about_path && !is_php && !(is_fastcgi && evidence.text.ends_with("`ws`"))
                }
            });
        }
        candidates
    }

    /// Locations without a `*_pass` inside of a location that has one.
    pub(crate) fn unproxied_candidates(&self, known: &Known<'s>) -> Vec<Endpoint<'s>> {
        let configuration = self.configuration;
        let locations = configuration.of_kind(ContextKind::Location);
        let mut candidates = Vec::new();
        for context in locations.filter(|&location| self.is_looked_at(location)) {
            let Some(pass) = self.outer_pass(context) else { continue };
            let endpoint = self.candidate_with(context, pass, IdleLimit::NONE, known);
            let Some(mut endpoint) = endpoint else { continue };
            // What it inherits speaks of the location around it, and so does what that one proxies to.
            let is_own = endpoint.handshake.is_some_and(|handshake| handshake.is_here);
            endpoint.evidence.retain(|evidence| match evidence.kind {
                EvidenceKind::Declared => true,
                EvidenceKind::Configured => is_own,
                EvidenceKind::ApplicationPath | EvidenceKind::Application | EvidenceKind::Name => {
                    evidence.is_about_path
                }
            });
            candidates.push(endpoint);
        }
        candidates
    }

    /// The `*_pass` of the nearest location around a location that has none itself.
    pub(crate) fn outer_pass(&self, context: ContextId) -> Option<Pass<'s>> {
        let configuration = self.configuration;
        let mut levels = configuration
            .levels(context)
            .take_while(|&level| configuration.context(level).kind != ContextKind::Server);
        let own = levels.next()?;
        if configuration.context(own).kind != ContextKind::Location
            || Pass::directly_in(configuration, own).is_some()
        {
            return None;
        }
        levels.find_map(|level| Pass::directly_in(configuration, level))
    }

    /// Lines of the location itself that are written for an upgrade, whichever module reads them.
    fn own_upgrade_lines(&self, context: ContextId) -> Vec<Evidence> {
        let lines = self.configuration.directives(context).filter(|line| {
            let is_setter = line.name() == DirectiveName::PROXY_SET_HEADER
                || line.name_bytes().as_ref() == b"grpc_set_header";
            let names_upgrade = line.argument(0).is_some_and(|name| name.eq_ignore_ascii_case(b"upgrade"));
            is_setter
                && names_upgrade
                && !is_given(line)
                && line.argument(1).is_some_and(|value| !value.is_empty())
        });
        lines
            .map(|line| {
                Evidence::new(EvidenceKind::Configured, "`Upgrade` is set for an upgrade", Some(line.at()))
            })
            .collect()
    }
}
