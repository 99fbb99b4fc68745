//! What the endpoints of a configuration send for an upgrade, taken together: what is asked of all of them.

use std::collections::{BTreeMap, BTreeSet};

use nginx_semantics::DirectiveRef;

use crate::browser::{Browser, has_token};
use crate::handshake::Line;
use crate::model::Model;
use crate::source::Source;

/// The lines by which endpoints send `Upgrade`, `Connection` and the HTTP version.
#[derive(Debug, Default)]
pub struct SentLines {
    /// The values of `Upgrade` and `Connection` as written, each with whether it surely is wrong for some endpoint.
    written: BTreeMap<Vec<u8>, bool>,
    /// The `proxy_http_version` lines in effect.
    versions: BTreeSet<DirectiveRef>,
}

impl SentLines {
    /// Of all endpoints, whose handshakes are made for it one after the other.
    fn of(model: &Model<'_>) -> Self {
        let mut this = Self::default();
        for handshake in model.endpoints.iter().filter_map(|endpoint| model.handshake(endpoint)) {
            handshake.upgrade.lines.iter().for_each(|line| this.add(line, "websocket"));
            handshake.connection.lines.iter().for_each(|line| this.add(line, "upgrade"));
            if let Source::Set { directive, .. } = handshake.version.source {
                this.versions.insert(directive.reference);
            }
        }
        this
    }

    fn add(&mut self, line: &Line<'_>, token: &str) {
        let fails = line.value(Browser::Chrome).surely(|value| !has_token(value, token));
        *self.written.entry(line.written.to_vec()).or_default() |= fails;
    }

    /// Whether `Upgrade` or `Connection` of any endpoint is written as these bytes, in any case.
    pub fn are_written(&self, bytes: &[u8]) -> bool {
        self.written.keys().any(|written| written.eq_ignore_ascii_case(bytes))
    }

    /// What is written for `Upgrade` or `Connection` and surely wrong for Chrome's handshake at some endpoint.
    pub fn failing(&self) -> impl Iterator<Item = &[u8]> {
        self.written.iter().filter(|(_, fails)| **fails).map(|(written, _)| written.as_slice())
    }

    /// Whether a `proxy_http_version` line is in effect at an endpoint.
    pub fn have_version_of(&self, line: DirectiveRef) -> bool {
        self.versions.contains(&line)
    }
}

impl Model<'_> {
    /// What its endpoints send for an upgrade.
    pub fn sent_lines(&self) -> &SentLines {
        self.sent_lines.get_or_init(|| SentLines::of(self))
    }
}
