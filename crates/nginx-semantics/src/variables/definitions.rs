//! Which variables a configuration defines, and where.
//!
//! A definition anywhere in `http` defines the name globally, whatever the order
//! (`http/ngx_http_variables.c:ngx_http_variables_init_vars`).

use std::borrow::Cow;
use std::sync::{Mutex, OnceLock, PoisonError};

use hashbrown::{HashMap, HashSet};

use super::map::Entries;
use crate::catalogue::{self, DirectiveName};
use crate::configuration::{Configuration, ContextId, ContextKind, Directive, DirectiveRef};
use crate::location::{LocationName, Modifier};
use crate::pattern::group_names;

/// What defines a variable.
#[derive(Debug, Clone, Copy)]
pub enum Definition<'s> {
    /// A `map` block.
    Map(ContextId),
    /// A `set`, in the context that it stands in.
    Set(Directive<'s>, ContextId),
    /// A named group of a regex in this directive.
    Capture(Directive<'s>),
    /// Anything else: `geo`, `split_clients`, a module. Its value is not known.
    Opaque(Directive<'s>),
}

/// Where requests were not followed any further, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cut {
    /// The line.
    pub line: DirectiveRef,
    /// Which budget ended there.
    pub why: CutReason,
}

/// Which budget ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CutReason {
    /// [`budgets::WAYS`]
    Ways,
    /// [`budgets::LINES_OF_WAYS`]
    Lines,
    /// [`budgets::DECLARED`]
    Declared,
}

/// What defines one variable: thousands of servers may do so, each for itself.
#[derive(Debug, Default)]
pub(super) struct Variable<'s> {
    /// In order.
    all: Vec<Definition<'s>>,
    /// The maps among them.
    pub(super) maps: Vec<ContextId>,
    /// The levels with a `set` of it, by server; one inside of an `if` belongs to the level around that.
    pub(super) sets: HashMap<Option<ContextId>, Vec<ContextId>>,
    pub(super) has_opaque: bool,
    /// The last `geo` or `split_clients` that defines it.
    clients: Option<ContextId>,
    pub(super) has_capture: bool,
}

impl<'s> Variable<'s> {
    fn add(&mut self, configuration: Configuration<'s>, definition: Definition<'s>) {
        match definition {
            Definition::Map(map) => self.maps.push(map),
            Definition::Set(_, context) => {
                let this = configuration.context(context);
                let is_if = matches!(this.kind, ContextKind::If | ContextKind::ServerIf);
                let level = if is_if { this.parent } else { Some(context) };
                let server = configuration.enclosing(context, ContextKind::Server);
                let levels = self.sets.entry(server).or_default();
                // Lines of a level stand together, but for those in an `if`.
                levels.extend(level.filter(|level| levels.last() != Some(level)));
            }
            Definition::Capture(_) => self.has_capture = true,
            Definition::Opaque(_) => self.has_opaque = true,
        }
        self.all.push(definition);
    }

    /// The `geo` or `split_clients` that alone defines it.
    pub(super) fn clients(&self) -> Option<ContextId> {
        self.clients.filter(|_| self.all.len() == 1)
    }

    /// Whether nothing but regexes define it.
    pub(super) fn is_capture(&self) -> bool {
        self.has_capture && !self.has_opaque && self.maps.is_empty() && self.sets.is_empty()
    }
}

/// The variables of a configuration.
#[derive(Debug)]
pub struct Variables<'s> {
    configuration: Configuration<'s>,
    by_name: HashMap<Vec<u8>, Variable<'s>>,
    /// A directive that the catalogue does not know, the first of all: its module may bring variables of its own.
    third_party: Option<Directive<'s>>,
    /// See [`Variables::has_regex_in_map`].
    has_regex_in_map: bool,
    /// See [`Variables::has_group_in_map`].
    has_group_in_map: bool,
    /// The maps, sorted when they are asked for first.
    entries: HashMap<ContextId, OnceLock<Box<Entries<'s>>>>,
    /// The names that run a regex when they are read, once they are asked for.
    pub(super) running: OnceLock<HashSet<Vec<u8>>>,
    /// See [`Variables::cut`].
    cut: Mutex<Option<Cut>>,
    /// How many lines the configuration has, each as often as it is included.
    lines: usize,
    /// The levels with a script that runs before a request is passed on: it may write what `set` has defined.
    scripted: HashSet<ContextId>,
}

impl<'s> Variables<'s> {
    /// Gathers them.
    pub fn new(configuration: Configuration<'s>) -> Self {
        let mut this = Self {
            configuration,
            by_name: HashMap::new(),
            third_party: None,
            has_regex_in_map: false,
            has_group_in_map: false,
            entries: HashMap::new(),
            running: OnceLock::new(),
            cut: Mutex::default(),
            lines: 0,
            scripted: HashSet::new(),
        };
        for (id, context) in configuration.contexts() {
            let opener = configuration.opener(id);
            this.lines += configuration.directives(id).count();
            match (context.kind, opener) {
                (ContextKind::Map, Some(opener)) => {
                    this.entries.insert(id, OnceLock::new());
                    this.define_argument(opener, 1, Definition::Map(id));
                }
                (ContextKind::Geo | ContextKind::SplitClients, Some(opener)) => {
                    this.define_clients(opener, id);
                }
                (kind, _) if kind.has_entries() => {}
                (ContextKind::Stream | ContextKind::StreamServer | ContextKind::StreamUpstream, _) => {
                    continue;
                }
                _ => {
                    for directive in configuration.directives(id) {
                        this.directive(directive, id);
                    }
                    continue;
                }
            }
            for entry in configuration.directives(id) {
                let key = entry.name_bytes();
                this.has_regex_in_map |= key.first() == Some(&b'~');
                this.has_group_in_map |= key.first() == Some(&b'~') && key.contains(&b'(');
                this.captures(entry, &key);
            }
        }
        this
    }

    /// Whether an entry of any map is a regex: what it captures when a value is asked for stays for later ones.
    pub(crate) fn has_regex_in_map(&self) -> bool {
        self.has_regex_in_map
    }

    /// Whether one of them may capture something.
    pub(crate) fn has_group_in_map(&self) -> bool {
        self.has_group_in_map
    }

    /// The entries of a map.
    pub(super) fn entries(&self, configuration: Configuration<'s>, map: ContextId) -> Option<&Entries<'s>> {
        Some(self.entries.get(&map)?.get_or_init(|| Box::new(Entries::new(configuration, map))))
    }

    /// Remembers where a budget ended: the first such line.
    pub fn note_cut(&self, cut: Option<Cut>) {
        let mut known = self.cut.lock().unwrap_or_else(PoisonError::into_inner);
        *known = known.into_iter().chain(cut).min();
    }

    /// The first line from which on requests were not followed to their end; `None` where all were.
    pub fn cut(&self) -> Option<Cut> {
        *self.cut.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many lines the configuration has, each as often as it is included.
    pub fn lines(&self) -> usize {
        self.lines
    }

    /// Whether a script may change what `set` has given to variables, before a request of a context is passed on:
    /// `ngx.var.NAME = …` of Lua, `r.variables.NAME = …` of njs. Locations inherit the scripts of their server.
    pub(super) fn is_scripted(&self, context: ContextId) -> bool {
        !self.scripted.is_empty()
            && self.configuration.levels(context).any(|level| self.scripted.contains(&level))
    }

    fn directive(&mut self, directive: Directive<'s>, context: ContextId) {
        use DirectiveName as N;
        if directive.name().rows().is_empty() && is_script(&directive.name_bytes()) {
            self.scripted.insert(context);
        }
        match directive.name() {
            N::SET => self.define_argument(directive, 0, Definition::Set(directive, context)),
            N::AUTH_REQUEST_SET | N::PERL_SET | N::JS_SET | N::JS_VAR => {
                self.define_argument(directive, 0, Definition::Opaque(directive));
            }
            N::SERVER_NAME
            | N::LOCATION
            | N::IF
            | N::REWRITE
            | N::PROXY_REDIRECT
            | N::PROXY_COOKIE_PATH
            | N::PROXY_COOKIE_DOMAIN
            | N::PROXY_COOKIE_FLAGS => {
                for pattern in capturing(&directive) {
                    self.captures(directive, &pattern);
                }
            }
            N::LOAD_MODULE if !is_nginx_own_module(&directive) => {
                self.third_party = self.third_party.or(Some(directive));
            }
            name if name.rows().is_empty() => {
                self.third_party = self.third_party.or(Some(directive));
                for argument in directive.arguments() {
                    self.define(&argument, Definition::Opaque(directive));
                }
            }
            _ => {}
        }
    }

    fn define_argument(&mut self, directive: Directive<'s>, index: usize, definition: Definition<'s>) {
        if let Some(argument) = directive.argument(index) {
            self.define(&argument, definition);
        }
    }

    /// The last word of `geo` and `split_clients` is the variable.
    fn define_clients(&mut self, opener: Directive<'s>, block: ContextId) {
        let Some(word) = opener.arguments().last() else { return };
        self.define(&word, Definition::Opaque(opener));
        let name = word.strip_prefix(b"$").map(<[u8]>::to_ascii_lowercase);
        if let Some(variable) = name.and_then(|name| self.by_name.get_mut(&name)) {
            variable.clients = Some(block);
        }
    }

    fn captures(&mut self, directive: Directive<'s>, pattern: &[u8]) {
        if memchr::memchr(b'(', pattern).is_none() {
            return;
        }
        for name in group_names(pattern) {
            self.add(name.to_ascii_lowercase().into_bytes(), Definition::Capture(directive));
        }
    }

    /// `argument` with its `$`; braces are part of the name here (`http/ngx_http_rewrite_module.c:ngx_http_rewrite_set`).
    fn define(&mut self, argument: &[u8], definition: Definition<'s>) {
        if let Some(name) = argument.strip_prefix(b"$") {
            self.add(name.to_ascii_lowercase(), definition);
        }
    }

    fn add(&mut self, name: Vec<u8>, definition: Definition<'s>) {
        self.by_name.entry(name).or_default().add(self.configuration, definition);
    }

    /// What defines a name in lower case.
    pub(super) fn variable(&self, name: &[u8]) -> Option<&Variable<'s>> {
        self.by_name.get(name)
    }

    /// All definitions of a name, in any case, in order.
    pub fn definitions(&self, name: &[u8]) -> &[Definition<'s>] {
        self.by_name.get(&*super::lower(name)).map(|variable| variable.all.as_slice()).unwrap_or_default()
    }

    /// All names that the configuration defines, in lower case and in no order, with their definitions in order.
    pub fn all(&self) -> impl Iterator<Item = (&[u8], &[Definition<'s>])> {
        self.by_name.iter().map(|(name, variable)| (name.as_slice(), variable.all.as_slice()))
    }

    /// Whether nginx itself or the configuration defines the name.
    pub fn is_defined(&self, name: &[u8]) -> bool {
        catalogue::is_builtin_variable(name) || !self.definitions(name).is_empty()
    }

    /// Whether each variable of a text is defined.
    pub fn has_all(&self, text: &[u8]) -> bool {
        super::parts(text).into_iter().all(|part| match part {
            super::Part::Variable(name) => self.is_defined(name),
            super::Part::Literal(_) | super::Part::Capture(_) => true,
            super::Part::Invalid => false,
        })
    }

    /// The first directive of a module that is not nginx's own; such a module may define variables without a word in
    /// the configuration.
    pub fn third_party(&self) -> Option<Directive<'s>> {
        self.third_party
    }
}

/// The regexes of a line whose named groups are variables: those that nginx compiles with
/// `http/ngx_http_variables.c:ngx_http_regex_compile`. Patterns of `valid_referers`, `gzip_disable` and
/// `fastcgi_split_path_info` are compiled otherwise, and define nothing.
fn capturing<'s>(directive: &Directive<'s>) -> Vec<Cow<'s, [u8]>> {
    use DirectiveName as N;
    let is_regex = |word: &Cow<'_, [u8]>| word.first() == Some(&b'~');
    let mut words = directive.arguments();
    match directive.name() {
        N::SERVER_NAME => words.filter(is_regex).collect(),
        N::LOCATION => match LocationName::of(directive) {
            Some(LocationName { modifier: Modifier::Regex | Modifier::CaselessRegex, name }) => vec![name],
            // A placeholder may stand for the modifier.
            None => words.collect(),
            Some(_) => Vec::new(),
        },
        N::IF => {
            let words: Vec<_> = words.collect();
            let compares = words.iter().any(|word| matches!(word.as_ref(), b"=" | b"!="));
            if compares { Vec::new() } else { words }
        }
        // `rewrite`, and the first word of what rewrites header fields of answers.
        N::REWRITE => words.next().into_iter().collect(),
        _ => words.next().filter(is_regex).into_iter().collect(),
    }
}

/// Whether a directive of another module runs a script in the phases before the content handler.
fn is_script(name: &[u8]) -> bool {
    const BEFORE: [&[u8]; 5] =
        [b"server_rewrite_by_lua", b"rewrite_by_lua", b"access_by_lua", b"set_by_lua", b"js_access"];
    BEFORE.iter().any(|start| name.starts_with(start))
}

/// Dynamic modules that are built from nginx's own source.
fn is_nginx_own_module(load_module: &Directive<'_>) -> bool {
    const OWN: &[&str] = &[
        "ngx_http_geoip_module.so",
        "ngx_http_image_filter_module.so",
        "ngx_http_perl_module.so",
        "ngx_http_xslt_filter_module.so",
        "ngx_mail_module.so",
        "ngx_stream_geoip_module.so",
        "ngx_stream_module.so",
    ];
    let path = load_module.argument(0).unwrap_or_default();
    OWN.iter().any(|own| path.ends_with(own.as_bytes()))
}
