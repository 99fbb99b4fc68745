//! One file of the configuration, questions about it, and edits on it.

use std::borrow::Cow;
use std::collections::BTreeSet;

use nginx_semantics::NginxVocabulary;
use nginx_syntax::{NodeId, Span, Tree, parse, unquote};

use super::{WITH_SCHEME, WITHOUT_SCHEME};

/// New text for spans; they may lie inside one another.
pub(super) type Edits = Vec<(Span, String)>;

/// A file with its tree.
pub(super) struct File<'t> {
    pub(super) path: &'t str,
    pub(super) text: &'t [u8],
    pub(super) tree: Tree,
}

impl<'t> File<'t> {
    pub(super) fn new(path: &'t str, text: &'t [u8]) -> Self {
        Self { path, text, tree: parse(text, &NginxVocabulary) }
    }

    pub(super) fn name(&self, id: NodeId) -> Cow<'t, [u8]> {
        self.tree.name(id, self.text)
    }

    pub(super) fn is(&self, id: NodeId, name: &str) -> bool {
        *self.name(id) == *name.as_bytes()
    }

    pub(super) fn argument(&self, id: NodeId, index: usize) -> Option<(Span, String)> {
        let span = self.tree.words(id).nth(index + 1)?;
        Some((span, String::from_utf8_lossy(&unquote(span.of(self.text))).into_owned()))
    }

    pub(super) fn has_listen(&self) -> bool {
        self.tree.nodes().any(|id| self.is(id, "listen"))
    }
}

/// The names of `upstream` blocks and of variables in addresses.
#[derive(Default)]
pub(super) struct Names {
    /// All upstreams.
    pub(super) all: BTreeSet<String>,
    /// Variables, with their `$`, in the address of a `*_pass`.
    pub(super) variables: BTreeSet<String>,
    /// Whether nginx can resolve names that it meets in variables.
    pub(super) has_resolver: bool,
}

impl Names {
    pub(super) fn collect(&mut self, file: &File<'_>) {
        for id in file.tree.nodes() {
            let Some((_, word)) = file.argument(id, 0) else { continue };
            self.has_resolver |= file.is(id, "resolver");
            if WITH_SCHEME.iter().chain(&WITHOUT_SCHEME).any(|name| file.is(id, name)) {
                let variables = word.split('$').skip(1).map(|rest| {
                    let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
                    format!("${}", rest.get(..end.unwrap_or(rest.len())).unwrap_or_default())
                });
                self.variables.extend(variables);
            }
            if file.is(id, "upstream") && file.tree.is_block(id) {
                self.all.insert(word);
            }
        }
    }
}

/// What one port of the harness stands for: the wildcard addresses are one.
pub(super) fn listen_key(address: &str) -> &str {
    let any = ["*:", "0.0.0.0:", "[::]:"].iter().find_map(|any| address.strip_prefix(any));
    any.unwrap_or(address)
}

/// Whether an IPv6 listen stands beside an IPv4 one of the same port: here they would be the same.
pub(super) fn is_repeated(file: &File<'_>, id: NodeId, address: &str) -> bool {
    let siblings =
        file.tree.children(file.tree.parent(id)).filter(|&one| one != id && file.is(one, "listen"));
    let mut others = siblings.filter_map(|one| file.argument(one, 0));
    address.starts_with('[')
        && others.any(|(_, other)| !other.starts_with('[') && listen_key(&other) == listen_key(address))
}

pub(super) fn after_open(file: &File<'_>, id: NodeId) -> Option<Span> {
    file.tree.terminator(id).map(|open| Span::at(open.end))
}

pub(super) fn apply(text: &[u8], mut edits: Edits) -> Vec<u8> {
    edits.sort_by_key(|(span, _)| *span);
    let mut done = Vec::with_capacity(text.len() + 512);
    let mut at = 0;
    for (span, new) in edits.into_iter().filter(|(span, _)| span.end as usize <= text.len()) {
        // What lies inside an edit that was made is gone.
        if span.start >= at {
            done.extend_from_slice(Span::new(at, span.start).of(text));
            done.extend_from_slice(new.as_bytes());
            at = span.end;
        }
    }
    done.extend_from_slice(text.get(at as usize..).unwrap_or_default());
    done
}
