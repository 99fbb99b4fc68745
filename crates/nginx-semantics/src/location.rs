//! Which location serves a path: `http/ngx_http_core_module.c:ngx_http_core_find_location`, as a pure function.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::OnceLock;

use crate::configuration::{Configuration, ContextId, ContextKind, Directive};
use crate::exchange::LongScripts;
use crate::mistakes::{Mistake, makes};
use crate::pattern::PatternList;
use crate::placeholder;
use crate::server::{Socket, sockets};
use crate::upstream::Pass;

/// How a location compares its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Modifier {
    /// `= /name`
    Exact,
    /// `/name`
    Prefix,
    /// `^~ /name`: the regexes of its own level are not tried.
    PriorityPrefix,
    /// `~ regex`
    Regex,
    /// `~* regex`
    CaselessRegex,
    /// `@name`: reached by internal redirects only.
    Named,
}

/// The words after `location`, as nginx reads them: the modifier may be glued to the name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocationName<'s> {
    /// How it is compared.
    pub modifier: Modifier,
    /// The name or regex.
    pub name: Cow<'s, [u8]>,
}

impl<'s> LocationName<'s> {
    /// Reads the words of a `location` directive; `None` where nginx refuses them.
    pub fn of(location: &Directive<'s>) -> Option<Self> {
        let mut words = location.arguments();
        let (first, second) = (words.next()?, words.next());
        // The modifier, and how much of the first word it takes.
        let (modifier, length) = match (first.as_ref(), &second) {
            (b"=", Some(_)) | ([b'=', ..], None) => (Modifier::Exact, 1),
            (b"^~", Some(_)) | ([b'^', b'~', ..], None) => (Modifier::PriorityPrefix, 2),
            (b"~*", Some(_)) | ([b'~', b'*', ..], None) => (Modifier::CaselessRegex, 2),
            (b"~", Some(_)) | ([b'~', ..], None) => (Modifier::Regex, 1),
            (_, Some(_)) => return None,
            ([b'@', ..], None) => (Modifier::Named, 0),
            (_, None) => (Modifier::Prefix, 0),
        };
        let glued = || match first {
            Cow::Borrowed(first) => Cow::Borrowed(first.get(length..).unwrap_or_default()),
            Cow::Owned(mut first) => Cow::Owned(first.split_off(length)),
        };
        Some(Self { modifier, name: second.unwrap_or_else(glued) })
    }
}

/// What nginx does with a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// This location serves it.
    Location(ContextId),
    /// None matches: the server's own level serves it.
    Server,
    /// nginx answers 301 to the path with a final slash, because this location proxies and its name ends in one.
    SlashRedirect(ContextId),
    /// A regex on the way cannot be evaluated, or not for this path; or a placeholder stands in a name that may match.
    CannotSay {
        /// Its location.
        location: ContextId,
    },
}

/// The locations directly in a server or location, sorted by how they are tried.
#[derive(Debug, Default)]
struct Level<'s> {
    /// Exact names and prefixes, sorted by name.
    names: Vec<(Cow<'s, [u8]>, Modifier, ContextId)>,
    /// In order.
    regexes: PatternList<ContextId>,
    /// Names in which a placeholder stands, none of them a regex or `@name`.
    unknown: Vec<(Cow<'s, [u8]>, Modifier, ContextId)>,
    /// The `@name`s; of several of a name the first.
    named: HashMap<Cow<'s, [u8]>, ContextId>,
}

impl<'s> Level<'s> {
    fn new(configuration: Configuration<'s>, parent: ContextId) -> Self {
        let mut level = Self::default();
        for &child in configuration.children(parent) {
            if configuration.context(child).kind != ContextKind::Location {
                continue;
            }
            let Some(name) = configuration.opener(child).and_then(|opener| LocationName::of(&opener)) else {
                continue;
            };
            match name.modifier {
                Modifier::Named => {
                    level.named.entry(name.name).or_insert(child);
                }
                Modifier::Regex => level.regexes.push(configuration.pattern(&name.name, false), child),
                Modifier::CaselessRegex => {
                    level.regexes.push(configuration.pattern(&name.name, true), child);
                }
                modifier if placeholder::is_unknown(&name.name) => {
                    level.unknown.push((name.name, modifier, child));
                }
                modifier => level.names.push((name.name, modifier, child)),
            }
        }
        level.names.sort();
        level.names.shrink_to_fit();
        level.regexes.shrink_to_fit();
        level
    }

    /// The locations whose name is exactly `name`: the names are sorted.
    fn of_name(&self, name: &[u8]) -> &[(Cow<'s, [u8]>, Modifier, ContextId)] {
        let from = self.names.partition_point(|(other, ..)| other.as_ref() < name);
        let to = self.names.partition_point(|(other, ..)| other.as_ref() <= name);
        self.names.get(from..to).unwrap_or_default()
    }

    /// A location that may serve the path before the one whose name is `known` does: a placeholder stands in its own
    /// name, and what is known of that is no shorter.
    fn may_precede(&self, path: &[u8], known: Option<&[u8]>) -> Option<ContextId> {
        let known = known.map_or(0, <[u8]>::len);
        let may = |(name, modifier, _): &&(Cow<'_, [u8]>, Modifier, ContextId)| {
            let start = memchr::memmem::find(name, b"${").unwrap_or(name.len());
            match modifier {
                Modifier::Exact => start >= known && placeholder::may_be(name, path),
                _ => start >= known && path.starts_with(name.get(..start).unwrap_or_default()),
            }
        };
        self.unknown.iter().find(may).map(|(_, _, location)| *location)
    }

    fn exact(&self, path: &[u8]) -> Option<ContextId> {
        let found = self.of_name(path).iter().find(|(_, modifier, _)| *modifier == Modifier::Exact);
        found.map(|(_, _, location)| *location)
    }

    fn longest_prefix(&self, path: &[u8]) -> Option<(&[u8], Modifier, ContextId)> {
        let mut key = path;
        loop {
            // The last name that is not behind the key: where it is no beginning of it, the one that is looked for is no
            // longer than what the two have in common.
            let at = self.names.partition_point(|(name, ..)| name.as_ref() <= key);
            let (last, ..) = at.checked_sub(1).and_then(|at| self.names.get(at))?;
            if !key.starts_with(last) {
                let common = last.iter().zip(key).take_while(|(one, other)| one == other).count();
                key = key.get(..common)?;
                continue;
            }
            let all = self.of_name(last).iter();
            if let Some((name, modifier, location)) =
                all.into_iter().find(|(_, modifier, _)| *modifier != Modifier::Exact)
            {
                return Some((name, *modifier, *location));
            }
            key = key.get(..last.len().checked_sub(1)?)?;
        }
    }

    /// The location whose name is the path and a slash, and that makes nginx redirect.
    fn slash_redirect(&self, configuration: Configuration<'_>, path: &[u8]) -> Option<ContextId> {
        if makes(Mistake::NoSlashRedirect) {
            return None;
        }
        let name = [path, b"/"].concat();
        // A `*_pass` sets `auto_redirect` of the location that it stands in; one inside an `if` does not.
        let proxies = |location: ContextId| Pass::directly_in(configuration, location).is_some();
        // One node of the tree holds both `= /name/` and `/name/`: either makes it redirect, and the exact one is taken
        // (`http/ngx_http_core_module.c:ngx_http_core_find_static_location`).
        let both = self.of_name(&name);
        let exact = both.iter().find(|(_, modifier, _)| *modifier == Modifier::Exact).or(both.first());
        exact
            .filter(|_| both.iter().any(|(_, _, location)| proxies(*location)))
            .map(|(_, _, location)| *location)
    }
}

/// The locations of a configuration, sorted once by how they are tried.
#[derive(Debug)]
pub struct Locations<'s> {
    configuration: Configuration<'s>,
    /// By context.
    levels: Vec<OnceLock<Option<Box<Level<'s>>>>>,
    /// Of the many contexts without locations.
    empty: Level<'s>,
    /// By `http`: its sockets.
    sockets: OnceLock<BTreeMap<ContextId, Vec<Socket<'s>>>>,
    /// The levels with many `rewrite` lines.
    long_scripts: OnceLock<LongScripts>,
}

impl<'s> Locations<'s> {
    /// Sorts nothing yet.
    pub fn new(configuration: Configuration<'s>) -> Self {
        let levels = configuration.contexts().map(|_| OnceLock::new()).collect();
        Self {
            configuration,
            levels,
            empty: Level::default(),
            sockets: OnceLock::new(),
            long_scripts: OnceLock::new(),
        }
    }

    /// The sockets of an `http` block, in the order in which they are first named.
    pub fn sockets(&self, http: ContextId) -> &[Socket<'s>] {
        let all = self.sockets.get_or_init(|| {
            let https = self.configuration.of_kind(ContextKind::Http);
            https.map(|http| (http, sockets(self.configuration, http))).collect()
        });
        all.get(&http).map(Vec::as_slice).unwrap_or_default()
    }

    /// The levels with many `rewrite` lines.
    pub(crate) fn long_scripts(&self) -> &LongScripts {
        self.long_scripts.get_or_init(|| LongScripts::of(self.configuration))
    }

    /// The configuration that they are of.
    pub(crate) fn configuration(&self) -> Configuration<'s> {
        self.configuration
    }

    /// See [`select`].
    pub fn select(&self, server: ContextId, path: &[u8]) -> Selection {
        select(self, server, path)
    }

    /// The location `@name` directly in a server; the first of several.
    pub(crate) fn named(&self, server: ContextId, name: &[u8]) -> Option<ContextId> {
        self.level(server)?.named.get(name).copied()
    }

    /// `None` for a context of another configuration.
    fn level(&self, parent: ContextId) -> Option<&Level<'s>> {
        let level = self.levels.get(parent.index())?.get_or_init(|| {
            let is_location =
                |child: &ContextId| self.configuration.context(*child).kind == ContextKind::Location;
            let has_any = self.configuration.children(parent).iter().any(is_location);
            has_any.then(|| Box::new(Level::new(self.configuration, parent)))
        });
        Some(level.as_deref().unwrap_or(&self.empty))
    }
}

/// Which location of `server` serves `path`: decoded, without arguments, as [`normalize_path`] gives it.
///
/// Exact names win at once; the longest prefix is remembered and its nested locations are searched first; then the
/// regexes of each level are tried, inner level first, unless the prefix of that level is `^~`. Inside a regex location
/// only regexes are: nginx builds no tree for the names there (`http/ngx_http.c:ngx_http_init_static_location_trees`
/// comes after the regexes have left the list).
fn select(levels: &Locations<'_>, server: ContextId, path: &[u8]) -> Selection {
    let configuration = levels.configuration;
    let mut selected = None;
    let mut from = server;
    let mut is_in_regex = false;
    'descend: loop {
        // The regexes of the levels on the way, to be tried from the innermost out.
        let mut pending: Vec<&Level<'_>> = Vec::new();
        let mut parent = from;
        while let Some(level) = levels.level(parent) {
            if is_in_regex {
                pending.push(level);
                break;
            }
            if let Some(location) = level.exact(path) {
                return Selection::Location(location);
            }
            let prefix = level.longest_prefix(path);
            if let Some(location) = level.may_precede(path, prefix.map(|(name, ..)| name)) {
                return Selection::CannotSay { location };
            }
            if prefix.is_none_or(|(name, ..)| name != path) {
                if let Some(location) = level.slash_redirect(configuration, path) {
                    return Selection::SlashRedirect(location);
                }
            }
            let found = prefix.map(|(_, modifier, location)| (modifier, location));
            let is_priority = found.is_some_and(|(modifier, _)| modifier == Modifier::PriorityPrefix);
            if is_priority && makes(Mistake::NestedPriorityProtects) {
                pending.clear();
            }
            if !is_priority || makes(Mistake::RegexBeforePriority) {
                pending.push(level);
            }
            let Some((_, location)) = found else { break };
            selected = Some(location);
            parent = location;
        }
        for (pattern, location) in pending.iter().rev().flat_map(|level| level.regexes.candidates(path)) {
            let location = *location;
            match pattern.as_ref().and_then(|pattern| pattern.is_match(path)) {
                Some(false) => {}
                Some(true) => {
                    selected = Some(location);
                    from = location;
                    is_in_regex = true;
                    continue 'descend;
                }
                None => return Selection::CannotSay { location },
            }
        }
        return selected.map_or(Selection::Server, Selection::Location);
    }
}
