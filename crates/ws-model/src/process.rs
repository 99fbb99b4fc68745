//! What the main level and `events` set for nginx's processes.

use nginx_semantics::{ContextId, ContextKind, Directive, DirectiveName, Gap, Presence};

use crate::model::Model;
use crate::source::Source;

impl<'s> Model<'s> {
    /// What the main file sets on its top level. Assumed where no main file with both `events` and `http` was given:
    /// such settings live nowhere else.
    pub fn in_main(&self, name: DirectiveName) -> Source<'s> {
        self.at_top(self.configuration.of_kind(ContextKind::Main).next(), name)
    }

    /// What the main file sets in `events`.
    pub fn in_events(&self, name: DirectiveName) -> Source<'s> {
        self.at_top(self.configuration.of_kind(ContextKind::Events).next(), name)
    }

    /// `worker_connections`, where it is known, with the line that sets it; 512 by default
    /// (`event/ngx_event.c:DEFAULT_CONNECTIONS`).
    pub fn worker_connections(&self) -> Option<(u64, Option<Directive<'s>>)> {
        match self.in_events(DirectiveName::WORKER_CONNECTIONS) {
            Source::Set { directive, .. } => Some((number(&directive)?, Some(directive))),
            Source::Default { is_assumed: false } => Some((512, None)),
            Source::Default { is_assumed: true } | Source::Unknown(_) => None,
        }
    }

    /// The `events` line of a main file.
    pub fn events(&self) -> Option<Directive<'s>> {
        let events = self.configuration.of_kind(ContextKind::Events).next()?;
        self.configuration.opener(events)
    }

    fn at_top(&self, level: Option<ContextId>, name: DirectiveName) -> Source<'s> {
        let configuration = self.configuration;
        let is_whole = configuration.root().is_some()
            && [ContextKind::Events, ContextKind::Http]
                .into_iter()
                .all(|kind| configuration.of_kind(kind).next().is_some());
        let Some(level) = level.filter(|_| is_whole) else { return Source::Default { is_assumed: true } };
        // nginx refuses a second one.
        if let Some(directive) = configuration.named(level, name).next() {
            return Source::Set { directive, is_here: true, is_assumed: false };
        }
        let this = configuration.context(level);
        let mut gaps = this.gaps.iter().filter(|gap| !self.loads_modules(gap));
        match gaps.clone().find(|gap| !gap.is_pattern) {
            Some(gap) => Source::Unknown(*gap),
            None => Source::Default { is_assumed: this.presence != Presence::Given || gaps.next().is_some() },
        }
    }

    /// Whether an include is the one of distributions that brings `load_module` lines in, and nothing else:
    /// `modules-enabled/*.conf`, `/usr/share/nginx/modules/*.conf`.
    fn loads_modules(&self, gap: &Gap) -> bool {
        let pattern = self.configuration.directive(gap.include).argument(0).unwrap_or_default();
        let mut folders = pattern.rsplit(|byte| *byte == b'/').skip(1);
        gap.is_pattern && folders.next().is_some_and(|folder| folder.starts_with(b"modules"))
    }
}

/// The number that is a directive's first word (`core/ngx_string.c:ngx_atoi`).
pub fn number(directive: &Directive<'_>) -> Option<u64> {
    let word = directive.argument(0)?;
    let is_number = !word.is_empty() && word.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(&word).ok().filter(|_| is_number)?.parse().ok()
}
