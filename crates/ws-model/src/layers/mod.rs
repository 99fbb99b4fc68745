//! What stands in front of nginx, and what it does with WebSockets.
//!
//! The facts stand in `layers.tsv` beside this file, each row with its sources and their date, and are read once, at
//! first use. A [`Layer`] is what the user says of one; what it leaves out, the preset of its name says. Nothing of a
//! configuration tells that there is such a layer.

mod signs;
mod table;
#[cfg(test)]
mod tests;

use crate::applications::Sure;

pub use self::signs::{Sign, signs};

/// A kind of proxy with the limits that it comes with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preset {
    /// Short and unique: what settings call it.
    pub id: &'static str,
    /// The name for messages.
    pub name: &'static str,
    /// Other names that settings may call it by.
    pub also: &'static [&'static str],
    /// Whether it passes a handshake on.
    pub passes: Passes,
    /// What has to be switched on, or, where it passes none, what it does instead.
    pub how: Option<&'static str>,
    /// How long a connection may be silent.
    pub idle: IdlePreset,
    /// Whether only what comes from nginx counts as traffic.
    pub counts_only_server: bool,
    /// After how many seconds it closes a WebSocket, silent or not.
    pub lifetime_s: Option<u32>,
    /// Where the limit is raised; `None`: unknown, or nowhere.
    pub raise: Option<&'static str>,
    /// Whether the limit cannot be raised.
    pub is_fixed: bool,
    /// How well all this is known.
    pub sure: Sure,
    /// When the sources were read, or are of: year, month, day.
    pub as_of: &'static str,
    /// Where to check: an address, or `owner/repository:file` on github.com. Never empty.
    pub sources: &'static [&'static str],
}

/// Whether a preset passes handshakes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Passes {
    /// As it comes.
    Yes,
    /// Where it is switched on.
    OptIn,
    /// Never.
    No,
}

/// How long a preset lets a connection be silent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdlePreset {
    /// It depends, or nobody says.
    Unknown,
    /// As long as it likes.
    Unlimited,
    /// So many seconds.
    Seconds(u32),
}

/// Every preset, sorted by id.
#[must_use]
pub fn all() -> &'static [Preset] {
    table::get()
}

/// The preset that goes by a name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Preset> {
    all().iter().find(|preset| preset.id == name || preset.also.contains(&name))
}

/// A proxy in front of nginx, as the user describes it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Layer {
    /// What it is called; a preset where it is one's name.
    pub name: String,
    /// How long it keeps a silent connection, in milliseconds; `None`: what the preset says.
    pub idle_timeout_ms: Option<u64>,
    /// Whether it passes handshakes on; `None`: what the preset says.
    pub websocket: Option<bool>,
}

/// After how long a layer closes a WebSocket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LayerLimit {
    /// In milliseconds.
    pub milliseconds: u64,
    /// Whether traffic does not help.
    pub is_lifetime: bool,
    /// Whether it is the preset's, which the user may have changed.
    pub is_preset: bool,
}

/// What must be asked before a layer can be judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// There is no preset of its name, and nothing else is said.
    Unknown,
    /// How long it keeps a silent connection.
    IdleTimeout,
    /// Whether it passes handshakes on.
    WebSocket,
}

impl Layer {
    /// Its preset, however well that is known.
    #[must_use]
    pub fn preset(&self) -> Option<&'static Preset> {
        find(&self.name)
    }

    /// The preset, where its facts are sure enough to speak about.
    #[must_use]
    pub fn sure_preset(&self) -> Option<&'static Preset> {
        self.preset().filter(|preset| preset.sure > Sure::Low)
    }

    /// The name for messages.
    #[must_use]
    pub fn shown(&self) -> String {
        self.preset().map_or_else(|| format!("`{}`", self.name), |preset| preset.name.to_owned())
    }

    /// What closes a WebSocket first; `None`: nothing, or it is not known.
    #[must_use]
    pub fn limit(&self) -> Option<LayerLimit> {
        self.limits().min_by_key(|limit| limit.milliseconds)
    }

    /// Its limit on silence, then that on the life of a connection, as far as there are any. What the user says stands in
    /// place of the preset's limit on silence, and of that on its life where it has no other.
    pub fn limits(&self) -> impl Iterator<Item = LayerLimit> + use<> {
        let preset = self.sure_preset();
        let limit =
            |milliseconds, is_lifetime, is_preset| LayerLimit { milliseconds, is_lifetime, is_preset };
        let lifetime = preset.and_then(|preset| preset.lifetime_s);
        let lifetime = lifetime.map(|seconds| limit(u64::from(seconds) * 1_000, true, true));
        let idle = preset.and_then(|preset| match preset.idle {
            IdlePreset::Seconds(seconds) => Some(limit(u64::from(seconds) * 1_000, false, true)),
            IdlePreset::Unknown | IdlePreset::Unlimited => None,
        });
        let (idle, lifetime) = match (self.idle_timeout_ms, idle, lifetime) {
            (Some(said), None, Some(_)) => (None, Some(limit(said, true, false))),
            (said, idle, lifetime) => (said.map(|said| limit(said, false, false)).or(idle), lifetime),
        };
        idle.into_iter().chain(lifetime)
    }

    /// What the user has to say of it before anything can be said.
    #[must_use]
    pub fn questions(&self) -> Vec<Question> {
        let Some(preset) = self.preset() else {
            let is_said = self.idle_timeout_ms.is_some() || self.websocket == Some(false);
            return if is_said { Vec::new() } else { vec![Question::Unknown] };
        };
        let is_weak = preset.sure == Sure::Low;
        let mut questions = Vec::new();
        if is_weak && preset.passes != Passes::Yes && self.websocket.is_none() {
            questions.push(Question::WebSocket);
        }
        let passes = self.websocket.unwrap_or(preset.passes != Passes::No);
        let has_limit = preset.idle != IdlePreset::Unknown || preset.lifetime_s.is_some();
        if passes && self.idle_timeout_ms.is_none() && (is_weak || !has_limit) {
            questions.push(Question::IdleTimeout);
        }
        questions
    }
}
