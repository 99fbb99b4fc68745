//! What is asked of a tree: for each socket, name and location an ordinary GET, a POST with a body, a handshake and a
//! request of HTTP/1.0; and handshakes that a back end sends on to what subrequests ask.

use std::collections::BTreeSet;

use proptest::strategy::{Strategy, ValueTree};
use proptest::string::string_regex;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::tree::{Item, Tree};
use crate::harness::backend::{ACCELERATED, REFUSED};
use crate::{Browser, Exchange};

/// As many requests are made of a tree.
const MOST: usize = 44;

/// As many handshakes are sent on by a back end.
const MOST_SENT_ON: usize = 8;

/// So many paths are tried with a cache.
const MOST_CACHED: usize = 6;

/// Paths of requests besides those of the locations.
const ALSO: [&str; 2] = ["/", "/none"];

/// All files below an `include` are looked into, this deep.
const MOST_DEPTH: usize = 8;

/// The requests, as far as they can be told from the files' text.
pub(super) fn requests(tree: &Tree) -> Vec<Exchange> {
    let http = tree.blocks("http").into_iter().next();
    let http = http.and_then(|at| tree.item(&at)).map(|http| flat(tree, http.children(), 0));
    let servers = http.unwrap_or_default().into_iter().filter(|item| item.is_block("server"));
    let mut places = Vec::new();
    for server in servers {
        let items = flat(tree, server.children(), 0);
        let listens = values(&items, "listen", |item| item.argument(0).into_iter().collect());
        let listens = if listens.is_empty() { vec!["80".to_owned()] } else { listens };
        let names = values(&items, "server_name", |item| {
            item.arguments().filter_map(|name| host(&name)).take(2).collect()
        });
        let names = if names.is_empty() { vec!["example.com".to_owned()] } else { names };
        let mut paths = Vec::new();
        located(tree, &items, &mut paths, 0);
        paths.extend(ALSO.map(str::to_owned));
        let mut known = BTreeSet::new();
        paths.retain(|path| known.insert(path.clone()));
        for (index, path) in paths.iter().enumerate() {
            // Every socket and every name has its turn.
            let listen = listens.get(index % listens.len()).cloned().unwrap_or_default();
            let name = names.get(index % names.len()).cloned().unwrap_or_default();
            places.push((listen, name, path.clone()));
        }
    }
    // Handshakes come last: what a cache keeps of one that fails is its own result.
    let kinds: [fn(&str, usize) -> Exchange; 4] = [get, post, old, handshake];
    let mut all = Vec::new();
    for kind in kinds {
        for (index, (listen, name, path)) in places.iter().enumerate() {
            all.push(kind(path, index).host(name).at(listen));
        }
    }
    // Of every kind the first ones.
    let each = MOST / kinds.len();
    let room = MOST.saturating_sub(all.len().min(MOST)) / kinds.len() + each;
    let kept: Vec<Exchange> =
        all.chunks(places.len().max(1)).flat_map(|kind| kind.iter().take(room).cloned()).collect();
    let paths = asked(tree);
    let sent_on = places.iter().flat_map(|place| paths.iter().map(move |path| (place, path)));
    let sent_on = sent_on.take(MOST_SENT_ON).enumerate().map(|(number, ((listen, name, path), to))| {
        handshake(path, number).host(name).at(listen).header(ACCELERATED, &format!("{number} {to}"))
    });
    // A refusal must not get into a cache in place of a page.
    let has_cache =
        tree.all().iter().filter_map(|at| tree.item(at)).any(|item| item.name().ends_with("_cache"));
    let cached = places.iter().filter(|_| has_cache).take(MOST_CACHED).flat_map(|(listen, name, path)| {
        let all = [get(path, 0), handshake(path, 0), get(path, 0)];
        all.map(|one| one.host(name).at(listen).header(REFUSED, "1"))
    });
    kept.into_iter().chain(sent_on).chain(cached).collect()
}

/// The paths that `auth_request` asks for; none where there are mirrors, which ask at the same time as the client.
fn asked(tree: &Tree) -> BTreeSet<String> {
    let all = tree.all();
    let items = || all.iter().filter_map(|at| tree.item(at));
    if items().any(|item| item.name() == "mirror") {
        return BTreeSet::new();
    }
    let askers = items().filter(|item| item.name() == "auth_request");
    askers.filter_map(|item| item.argument(0)).filter(|path| path.starts_with('/')).collect()
}

fn handshake(path: &str, index: usize) -> Exchange {
    let browser = if index.is_multiple_of(2) { Browser::Firefox } else { Browser::Chrome };
    told(Exchange::handshake(path, browser))
}

fn get(path: &str, _: usize) -> Exchange {
    told(Exchange::get(path))
}

/// Every other one in chunks.
fn post(path: &str, index: usize) -> Exchange {
    let post = told(Exchange::new("POST", path));
    if index.is_multiple_of(2) { post.chunked("a=1") } else { post.body("a=1") }
}

fn old(path: &str, _: usize) -> Exchange {
    told(Exchange::new("GET", path).old())
}

/// With fields that a configuration may pass on, change or drop.
fn told(exchange: Exchange) -> Exchange {
    exchange
        .header("Cookie", "id=1")
        .header("X-Token", "t")
        .header("Accept", "*/*")
        .header("X-Forwarded-For", "10.9.8.7")
}

/// The directives of a level with those of the files that it includes.
fn flat(tree: &Tree, items: &[Item], depth: usize) -> Vec<Item> {
    let mut all = Vec::new();
    for item in items {
        let word = item.argument(0).filter(|_| item.name() == "include" && depth < MOST_DEPTH);
        let pattern =
            word.and_then(|word| glob::Pattern::new(word.strip_prefix("/etc/nginx/").unwrap_or(&word)).ok());
        match pattern {
            None => all.push(item.clone()),
            Some(pattern) => {
                for file in tree.files.iter().filter(|file| pattern.matches(&file.path)) {
                    all.extend(flat(tree, &file.items, depth + 1));
                }
            }
        }
    }
    all
}

fn values(items: &[Item], name: &str, of: impl Fn(&Item) -> Vec<String>) -> Vec<String> {
    let mut known = BTreeSet::new();
    let all = items.iter().filter(|item| item.name() == name).flat_map(of);
    all.filter(|value| known.insert(value.clone())).collect()
}

/// A host that a word of `server_name` means.
fn host(name: &str) -> Option<String> {
    let name = name.strip_prefix("*.").map_or_else(|| name.to_owned(), |rest| format!("a.{rest}"));
    let name = name.strip_suffix(".*").map_or_else(|| name.clone(), |rest| format!("{rest}.test"));
    let name = name.strip_prefix('.').unwrap_or(&name).to_owned();
    let name = match name.strip_prefix('~') {
        Some(regex) => example(regex)?,
        None => name,
    };
    let is_host = |char: char| char.is_ascii_alphanumeric() || matches!(char, '.' | '-' | '_');
    (!name.is_empty() && name != "_" && name.chars().all(is_host)).then_some(name)
}

/// The paths that the locations of a level suggest.
fn located(tree: &Tree, items: &[Item], paths: &mut Vec<String>, depth: usize) {
    for location in items.iter().filter(|item| item.is_block("location")) {
        let words: Vec<String> = location.arguments().collect();
        match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            ["~" | "~*", regex] => paths.extend(example(regex).map(|path| rooted(&path))),
            ["=", path] => paths.push(escaped(path)),
            ["^~", path] | [path] if path.starts_with('/') => {
                paths.push(escaped(path));
                paths.push(format!("{}/x?q=1", escaped(path).trim_end_matches('/')));
            }
            _ => {}
        }
        if depth < MOST_DEPTH {
            let inner = flat(tree, location.children(), 0);
            located(tree, &inner, paths, depth + 1);
        }
    }
}

fn rooted(path: &str) -> String {
    let path = escaped(path);
    if path.starts_with('/') { path } else { format!("/{path}") }
}

/// As a client sends it.
fn escaped(path: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte);
    path.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// A text that a regex matches, as plain as possible; `None` if it cannot be told.
fn example(regex: &str) -> Option<String> {
    // Named groups are written otherwise in PCRE, and what any character may be is best a letter.
    let regex = regex.trim_start_matches('^').trim_end_matches('$').replace("(?<", "(?P<");
    let simple = regex.replace(".*", "x").replace(".+", "x").replace("[^/]+", "x").replace("[^/]*", "x");
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let mut tree = string_regex(&simple).ok()?.new_tree(&mut runner).ok()?;
    for _ in 0..64 {
        if !tree.simplify() {
            break;
        }
    }
    Some(tree.current()).filter(|text| !text.is_empty() && text.len() < 200 && !text.contains('\0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_location_of_each_server_is_asked() {
        let main = "http { server { listen 80; listen 81; server_name a.test *.b.test; location = /x { } include l; } \
            server { location ~ ^/(chat|ws)/\\d+$ { } } }";
        let files = [("nginx.conf", main), ("l", "location /y/ { location /y/z { } }")];
        let tree = Tree::new(&files.map(|(path, text)| (path.to_owned(), text.to_owned())));
        let asked = requests(&tree);
        let targets: BTreeSet<&str> = asked.iter().map(|one| one.target.as_str()).collect();
        assert!(
            ["/x", "/y/", "/y/x?q=1", "/y/z", "/none"].iter().all(|path| targets.contains(path)),
            "{targets:?}"
        );
        assert!(
            targets.iter().any(|path| path.starts_with("/chat/") || path.starts_with("/ws/")),
            "{targets:?}"
        );
        let hosts: BTreeSet<&str> = asked.iter().filter_map(|one| one.host.as_deref()).collect();
        assert_eq!(hosts, BTreeSet::from(["a.test", "a.b.test", "example.com"]));
        let methods: BTreeSet<(&str, bool)> =
            asked.iter().map(|one| (one.method.as_str(), one.is_http10)).collect();
        assert_eq!(methods.len(), 3);
    }

    #[test]
    fn an_example_of_a_regex_matches_it() {
        for (regex, expected) in [("^/socket\\.io/", "/socket.io/"), ("^/ws/(?<room>.*)$", "/ws/x")] {
            assert_eq!(example(regex).as_deref(), Some(expected));
        }
        assert_eq!(example("(?!a)b"), None);
    }
}
