//! The proof of the proof: edits that do harm, each in the way of a fix that goes wrong, and some that do none.

use nginx_proof::harm::{Asks, Edited, Tree};

/// An edit of all trees.
pub(crate) struct Edit {
    /// What it does.
    pub(crate) name: &'static str,
    pub(crate) edit: &'static (dyn Fn(&Tree, &Asks) -> Option<Edited> + Sync),
    /// As which harm it may be told; none if it does none.
    pub(crate) kinds: &'static [&'static str],
}

const FIELDS: &[&str] = &["other header fields for the upstream", "a handshake carries other header fields"];

pub(crate) const HARMFUL: &[Edit] = &[
    Edit {
        name: "lines of a handshake bring `Host` along",
        edit: &|tree, _| {
            proxied(tree, |lines| has(lines, HEADER).then(|| vec!["proxy_set_header Host app.test;"]))
        },
        kinds: FIELDS,
    },
    Edit {
        name: "new lines drop the inherited ones",
        edit: &|tree, _| {
            proxied(tree, |lines| {
                (!has(lines, HEADER)).then(|| vec!["proxy_set_header Upgrade $http_upgrade;"])
            })
        },
        kinds: &[
            "other header fields for the upstream",
            "a handshake carries other header fields",
            "a handshake that worked fails",
        ],
    },
    Edit {
        name: "a secret gets to other locations",
        edit: &|tree, _| proxied(tree, |_| Some(vec!["proxy_set_header X-Ldap-BindPass secret;"])),
        kinds: FIELDS,
    },
    Edit {
        name: "a secret is written once more",
        edit: &|tree, _| {
            let is_secret = |line: &&&str| {
                ["correct horse", "dXNlcjpzZWNyZXQ="].iter().any(|secret| line.contains(secret))
            };
            edited(tree, |text| {
                let secret = text
                    .lines()
                    .collect::<Vec<_>>()
                    .iter()
                    .find(is_secret)
                    .map(|line| line.trim().to_owned());
                secret.map(|line| format!("{text}# {line}\n"))
            })
        },
        kinds: &["a secret is copied"],
    },
    Edit {
        name: "what only subrequests ask gets a handshake's lines",
        edit: &|tree, _| {
            let is_asked = |head: &str| {
                ["/auth", "/check", "/_copy", "/ldap", "/copy", "/ws/auth"]
                    .iter()
                    .any(|path| head.ends_with(path))
            };
            let lines = [VERSION, UPGRADE, "proxy_set_header Connection $http_connection;"];
            added(tree, |block| {
                (is_asked(block.head)
                    && !has(&block.lines, HEADER)
                    && !has(&block.lines, "proxy_http_version "))
                .then(|| lines.to_vec())
            })
        },
        kinds: &[
            "a handshake that worked fails",
            // The 101 ends the request before the location's own upstream is asked.
            "a handshake goes to another upstream",
            "other header fields for the upstream",
            "a handshake carries other header fields",
            // A check that got `Connection: upgrade` from an outer level gets the client's, and another answer.
            "another status",
        ],
    },
    Edit {
        name: "every request says `Connection: upgrade`",
        edit: &|tree, _| {
            changed(tree, |line| line.replace("Connection $connection_upgrade", "Connection upgrade"))
        },
        kinds: &["another status"],
    },
    Edit {
        name: "`Upgrade` is sent to nobody",
        edit: &|tree, _| changed(tree, |line| line.replace("Upgrade $http_upgrade", "Upgrade \"\"")),
        kinds: &["a handshake that worked fails"],
    },
    Edit {
        name: "the path is cut",
        edit: &|tree, _| {
            changed(tree, |line| match line.strip_suffix(';') {
                Some(pass)
                    if pass.starts_with("proxy_pass ")
                        && !pass.contains('$')
                        && pass.matches('/').count() == 2 =>
                {
                    format!("{pass}/cut;")
                }
                _ => line.to_owned(),
            })
        },
        kinds: &[
            "another upstream or request line",
            "a handshake goes to another upstream",
            "nginx no longer starts",
        ],
    },
    Edit {
        name: "another method is asked for",
        edit: &|tree, _| {
            proxied(tree, |lines| (!has(lines, "proxy_method")).then(|| vec!["proxy_method GET;"]))
        },
        kinds: &["another upstream or request line"],
    },
    Edit {
        name: "a location answers by itself",
        edit: &|tree, _| proxied(tree, |_| Some(vec!["if ($http_upgrade = \"\") {", "return 426;", "}"])),
        kinds: &["another status", "another block answers"],
    },
    Edit {
        name: "a variable that nothing defines",
        edit: &|tree, _| proxied(tree, |_| Some(vec!["proxy_set_header X-A $defined_nowhere;"])),
        kinds: &["nginx no longer starts"],
    },
];

pub(crate) const HARMLESS: &[Edit] = &[
    Edit {
        name: "longer time-outs",
        edit: &|tree, _| {
            proxied(tree, |lines| {
                (!has(lines, "proxy_read_timeout") && !has(lines, "include "))
                    .then(|| vec!["proxy_read_timeout 2h;"])
            })
        },
        kinds: &[],
    },
    Edit {
        name: "HTTP/1.1 to all upstreams",
        edit: &|tree, _| {
            // Where an outer level says 2, requests that had no answer get one.
            if tree.text().contains("proxy_http_version 2") {
                return None;
            }
            proxied(tree, |lines| {
                (!has(lines, "proxy_http_version") && !has(lines, "include ")).then(|| vec![VERSION])
            })
        },
        kinds: &[],
    },
];

const HEADER: &str = "proxy_set_header ";
const VERSION: &str = "proxy_http_version 1.1;";
const UPGRADE: &str = "proxy_set_header Upgrade $http_upgrade;";

fn has(lines: &[&str], start: &str) -> bool {
    lines.iter().any(|line| line.starts_with(start))
}

/// A block: its head without the brace, and the lines right in it.
struct Block<'t> {
    head: &'t str,
    lines: Vec<&'t str>,
}

/// The tree with more lines at the end of blocks.
fn added(tree: &Tree, more: impl Fn(&Block<'_>) -> Option<Vec<&'static str>>) -> Option<Edited> {
    edited(tree, |text| {
        let mut open = vec![Block { head: "", lines: Vec::new() }];
        let mut done = Vec::new();
        for line in text.lines().map(str::trim) {
            if line == "}" {
                let block = open.pop()?;
                done.extend(more(&block).unwrap_or_default());
            } else if let Some(head) = line.strip_suffix(" {").filter(|line| !line.starts_with('#')) {
                open.push(Block { head, lines: Vec::new() });
            } else if let Some(block) = open.last_mut() {
                block.lines.push(line);
            }
            done.push(line);
        }
        Some(done.join("\n") + "\n")
    })
}

/// The same for locations with a `proxy_pass`.
fn proxied(tree: &Tree, more: impl Fn(&[&str]) -> Option<Vec<&'static str>>) -> Option<Edited> {
    added(tree, |block| {
        let is_proxied = block.head.starts_with("location ") && has(&block.lines, "proxy_pass ");
        is_proxied.then(|| more(&block.lines)).flatten()
    })
}

/// The tree with other lines.
fn changed(tree: &Tree, other: impl Fn(&str) -> String) -> Option<Edited> {
    edited(tree, |text| Some(text.lines().map(|line| other(line.trim()) + "\n").collect()))
}

fn edited(tree: &Tree, edit: impl Fn(&str) -> Option<String>) -> Option<Edited> {
    let plain = |text: &str| text.lines().map(|line| line.trim().to_owned() + "\n").collect::<String>();
    let mut files = tree.texts();
    let mut is_changed = false;
    for (path, text) in &mut files {
        let new = edit(text).filter(|_| tree.is_given(path));
        if let Some(new) = new.filter(|new| *new != plain(text)) {
            *text = new;
            is_changed = true;
        }
    }
    is_changed.then(|| Edited { files, by: vec![("the edit", "done on purpose".to_owned())], is_safe: true })
}
