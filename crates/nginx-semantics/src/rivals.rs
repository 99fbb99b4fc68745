//! What was not chosen, and why: for those who read what nginx does with a request. The choices themselves are made in
//! `server.rs` and `location.rs`.

use std::cell::LazyCell;
use std::collections::HashSet;

use nginx_syntax::lossy;

use crate::catalogue::DirectiveName;
use crate::configuration::{Configuration, ContextId, ContextKind, Directive};
use crate::location::{LocationName, Locations, Modifier, Selection};
use crate::server::{Comparison, ListenAddress, Socket, sockets};

/// A location that does not serve a path, although one may think so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocationRival {
    /// Which.
    pub location: ContextId,
    /// Why not.
    pub why: LocationMiss,
}

/// Why a location does not serve a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LocationMiss {
    /// It matches, but an exact name ends the search.
    BehindExact,
    /// It is a prefix, and a longer one matches.
    Shorter,
    /// It is a prefix without `^~`, and a regex matches.
    BehindRegex,
    /// It is a regex that matches, but comes after another one.
    Later,
    /// It is a regex that matches, but the longest prefix has `^~`.
    BehindPriority,
    /// It is a regex that matches, but the redirect to the path with a slash comes first.
    BehindRedirect,
    /// Its name is the path but for a final slash.
    SlashApart,
    /// Its name differs in case.
    CaseApart,
}

/// The locations of the levels that the search went through which lose, in the order in which they are written.
pub fn location_rivals(
    locations: &Locations<'_>,
    server: ContextId,
    path: &[u8],
    selection: &Selection,
) -> Vec<LocationRival> {
    let configuration = locations.configuration();
    let selected = match selection {
        Selection::Location(location)
        | Selection::SlashRedirect(location)
        | Selection::CannotSay { location } => Some(*location),
        Selection::Server => None,
    };
    let mut rivals = Vec::new();
    let chain: Vec<ContextId> = selected.map_or_else(
        || vec![server],
        |selected| configuration.levels(selected).take_while(|&level| level != server).collect(),
    );
    // Each level on the way with what was chosen in it.
    let mut parents: Vec<(ContextId, Option<ContextId>)> = vec![(server, chain.last().copied())];
    if selected.is_some() {
        parents.extend(chain.windows(2).filter_map(|pair| Some((*pair.get(1)?, pair.first().copied()))));
    } else {
        parents = vec![(server, None)];
    }
    for (parent, chosen) in parents {
        let winner = chosen.and_then(|chosen| name_of(configuration, chosen));
        let mut is_after = false;
        for &location in configuration.children(parent) {
            if configuration.context(location).kind != ContextKind::Location {
                continue;
            }
            if Some(location) == chosen {
                is_after = true;
                continue;
            }
            let Some(name) = name_of(configuration, location) else { continue };
            let is_redirect = matches!(selection, Selection::SlashRedirect(_)) && chosen == selected;
            let why = if is_match(locations, &name, path) == Some(true) {
                loses(&name, winner.as_ref(), is_redirect, is_after)
            } else {
                nearly(&name, path)
            };
            rivals.extend(why.map(|why| LocationRival { location, why }));
        }
    }
    rivals
}

fn name_of<'s>(configuration: Configuration<'s>, location: ContextId) -> Option<LocationName<'s>> {
    configuration.opener(location).and_then(|opener| LocationName::of(&opener))
}

fn is_match(locations: &Locations<'_>, name: &LocationName<'_>, path: &[u8]) -> Option<bool> {
    match name.modifier {
        Modifier::Exact => Some(name.name == path),
        Modifier::Prefix | Modifier::PriorityPrefix => Some(path.starts_with(&name.name)),
        Modifier::Named => Some(false),
        Modifier::Regex | Modifier::CaselessRegex => {
            let is_caseless = name.modifier == Modifier::CaselessRegex;
            locations.configuration().pattern(&name.name, is_caseless)?.is_match(path)
        }
    }
}

/// Why one that matches loses against the winner of its level; `None` where there is none.
fn loses(
    name: &LocationName<'_>,
    winner: Option<&LocationName<'_>>,
    is_redirect: bool,
    is_after: bool,
) -> Option<LocationMiss> {
    let is_regex =
        |name: &LocationName<'_>| matches!(name.modifier, Modifier::Regex | Modifier::CaselessRegex);
    let winner = winner?;
    Some(match (is_regex(name), winner.modifier) {
        (true, _) if is_redirect => LocationMiss::BehindRedirect,
        (_, Modifier::Exact) => LocationMiss::BehindExact,
        (true, Modifier::PriorityPrefix) => LocationMiss::BehindPriority,
        (true, Modifier::Regex | Modifier::CaselessRegex) if is_after => LocationMiss::Later,
        // A regex of an outer level, where one of an inner level or its `^~` has ended the search.
        (true, _) => LocationMiss::Later,
        (false, Modifier::Regex | Modifier::CaselessRegex) => LocationMiss::BehindRegex,
        (false, _) => LocationMiss::Shorter,
    })
}

fn nearly(name: &LocationName<'_>, path: &[u8]) -> Option<LocationMiss> {
    let is_prefix = matches!(name.modifier, Modifier::Prefix | Modifier::PriorityPrefix);
    if !is_prefix && name.modifier != Modifier::Exact {
        return None;
    }
    let without = |text: &[u8]| text.strip_suffix(b"/").map(<[u8]>::to_vec);
    if name.name.len() > 1
        && (without(&name.name).as_deref() == Some(path)
            || without(path).is_some_and(|path| !path.is_empty() && name.name == path))
    {
        return Some(LocationMiss::SlashApart);
    }
    let length = if is_prefix { name.name.len() } else { path.len() };
    let start = path.get(..length)?;
    (start.len() > 1 && start.eq_ignore_ascii_case(&name.name)).then_some(LocationMiss::CaseApart)
}

/// A server name that does not take a host, although one may think so.
#[derive(Debug, Clone)]
pub struct NameRival<'s> {
    /// The server.
    pub server: ContextId,
    /// The line.
    pub directive: Directive<'s>,
    /// The word.
    pub name: String,
    /// Why not.
    pub why: NameMiss,
}

/// Why a server name does not take a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NameMiss {
    /// It matches, but a name of a kind that is tried earlier does too, or a longer or earlier one.
    Loses,
    /// The server has the name, but does not listen here: on these sockets.
    Elsewhere(Vec<ListenAddress>),
    /// `*.example.com` does not take `example.com` itself.
    Bare,
    /// It differs by `www.`, or in one letter.
    Similar,
}

/// The names that lose, in the order in which they are written; `host` as for [`crate::select_server`].
pub fn name_rivals<'s>(
    configuration: Configuration<'s>,
    http: ContextId,
    socket: &Socket<'s>,
    host: &str,
    selected: ContextId,
) -> Vec<NameRival<'s>> {
    if host.is_empty() {
        return Vec::new();
    }
    let here: HashSet<ContextId> = socket.listens.iter().map(|listen| listen.server).collect();
    // Most hosts are the names of one server alone.
    let all = LazyCell::new(|| sockets(configuration, http));
    let mut rivals = Vec::new();
    let servers = configuration.children(http).iter().copied();
    for server in servers.filter(|&server| configuration.context(server).kind == ContextKind::Server) {
        if server == selected {
            continue;
        }
        let is_here = here.contains(&server);
        for directive in configuration.named(server, DirectiveName::SERVER_NAME) {
            for word in directive.arguments() {
                let name = lossy(&word);
                let why = match (takes(configuration, &name, host), is_here) {
                    (true, true) => Some(NameMiss::Loses),
                    (true, false) => {
                        let opens = |socket: &&Socket<'_>| {
                            socket.listens.iter().any(|listen| listen.server == server)
                        };
                        let addresses = all.iter().filter(opens).map(|socket| socket.address.clone());
                        Some(NameMiss::Elsewhere(addresses.collect()))
                    }
                    (false, true) => nearly_named(&name, host),
                    (false, false) => None,
                };
                if let Some(why) = why {
                    rivals.push(NameRival { server, directive, name: name.into_owned(), why });
                }
            }
        }
    }
    rivals
}

fn takes(configuration: Configuration<'_>, name: &str, host: &str) -> bool {
    match name.strip_prefix('~') {
        Some(regex) => {
            let caseless = regex.bytes().any(|byte| byte.is_ascii_uppercase());
            let pattern = configuration.pattern(regex.as_bytes(), caseless);
            pattern.and_then(|pattern| pattern.is_match(host.as_bytes())) == Some(true)
        }
        None => Comparison::of(name, host).is_some(),
    }
}

fn nearly_named(name: &str, host: &str) -> Option<NameMiss> {
    let name = name.to_ascii_lowercase();
    if name.strip_prefix("*.") == Some(host) {
        return Some(NameMiss::Bare);
    }
    let bare = |name: &str| name.strip_prefix("www.").unwrap_or(name).to_owned();
    let is_similar = bare(&name) == bare(host) || differs_in_one(name.as_bytes(), host.as_bytes());
    is_similar.then_some(NameMiss::Similar)
}

/// Whether one letter is put in, left out or replaced, or two neighbours are exchanged.
fn differs_in_one(one: &[u8], other: &[u8]) -> bool {
    let (short, long) = if one.len() <= other.len() { (one, other) } else { (other, one) };
    if long.len() - short.len() > 1 || short.len() < 4 {
        return false;
    }
    let same = short.iter().zip(long).take_while(|(one, other)| one == other).count();
    let swapped =
        |text: &[u8]| text.get(same..same + 2).map(|two| two.iter().rev().copied().collect::<Vec<_>>());
    if short.len() == long.len()
        && short != long
        && swapped(short).as_deref() == long.get(same..same + 2)
        && short.get(same + 2..) == long.get(same + 2..)
    {
        return true;
    }
    let rest_of = |text: &[u8], from: usize| text.get(from..).unwrap_or_default().to_vec();
    let from = if short.len() == long.len() { same + 1 } else { same };
    short != long && rest_of(short, from) == rest_of(long, same + 1)
}

#[cfg(test)]
mod tests {
    use super::differs_in_one;

    #[test]
    fn one_slip_of_the_pen() {
        for (one, other, expected) in [
            ("example.com", "exampel.com", true),
            ("example.com", "examples.com", true),
            ("example.com", "exanple.com", true),
            ("example.com", "example.com", false),
            ("example.com", "exapmel.com", false),
            ("a.b", "a.c", false),
        ] {
            assert_eq!(differs_in_one(one.as_bytes(), other.as_bytes()), expected, "{one} {other}");
        }
    }
}
