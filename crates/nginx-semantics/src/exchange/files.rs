//! What is on the disk: `try_files`, `index`, and the files of locations that pass nothing on
//! (`http/modules/ngx_http_try_files_module.c`, `ngx_http_index_module.c`, `ngx_http_static_module.c`).
//!
//! Whether a file is there no configuration says: where [`super::Premises::has_files`], each is a question, asked once on
//! a way; else none is there.

use std::borrow::Cow;
use std::mem;

use super::way::{Follower, Next};
use super::{Answer, AnsweredBy, Ending, Obstacle, Step, uri};
use crate::catalogue::DirectiveName as N;
use crate::configuration::{ContextId, ContextKind, Directive, DirectiveRef};
use crate::location::{LocationName, Modifier};
use crate::mistakes::{Mistake, makes};
use crate::variables::{Value, has_variables};

/// What `index` says where it is not written.
const INDEX: &[u8] = b"index.html";

/// A file or directory that was asked for.
pub(super) struct OnDisk {
    /// The `root` or `alias`.
    root: Option<DirectiveRef>,
    /// The path of the URI, without a final slash.
    path: Vec<u8>,
    is_directory: bool,
    is_there: bool,
}

impl OnDisk {
    /// What it says of another one: a path is a file or a directory, and what lies in a directory needs it.
    fn tells(&self, path: &[u8], is_directory: bool) -> Option<bool> {
        let is_below = |path: &[u8], folder: &[u8]| {
            path.strip_prefix(folder).is_some_and(|rest| rest.first() == Some(&b'/'))
        };
        if self.path == path {
            return match self.is_directory == is_directory {
                true => Some(self.is_there),
                false => self.is_there.then_some(false),
            };
        }
        if self.is_there && is_below(&self.path, path) {
            return Some(is_directory);
        }
        (!self.is_there && self.is_directory && is_below(path, &self.path)).then_some(false)
    }
}

impl<'s> Follower<'_, 's> {
    /// `try_files` of this level alone: nothing inherits it. A file that is there becomes the URI, and the content follows.
    pub(super) fn try_files(&mut self) -> Option<Next<'s>> {
        let line = self.all.configuration.named(self.context, N::TRY_FILES).next()?;
        let cannot_say = || Some(Next::End(Ending::CannotSay(Obstacle::Value(line))));
        let mut words: Vec<Cow<'_, [u8]>> = line.arguments().collect();
        let last = words.pop().unwrap_or_default();
        for word in words.iter().filter(|_| self.all.premises.has_files) {
            let (text, is_directory) = match word.strip_suffix(b"/") {
                Some(text) => (text, true),
                None => (word.as_ref(), false),
            };
            let value = self.value(text);
            let Some(named) = value.as_known() else {
                if self.decide(None).0 {
                    continue;
                }
                return cannot_say();
            };
            // A path that ends with a slash is none of a file.
            if !is_directory && named.last() == Some(&b'/') {
                continue;
            }
            let path = self.of_alias(named, is_directory);
            if self.is_there(Some(line), &path, is_directory) {
                self.path = path;
                return None;
            }
        }
        self.steps.push(Step::TriedFiles(line));
        if let Some(code) = last.strip_prefix(b"=") {
            let code = std::str::from_utf8(code).ok().and_then(|code| code.parse().ok());
            let Some(code) = code else { return cannot_say() };
            return Some(self.refuse(code, AnsweredBy::Directive(line)));
        }
        let value = self.value(&last);
        let Some(target) = value.as_known() else { return cannot_say() };
        if target.first() == Some(&b'@') {
            return Some(self.redirect_to_named(target, line));
        }
        let target = if has_variables(&last) { self.below_alias(target) } else { target.to_vec() };
        let (path, arguments) = uri::split(&target);
        // What is tried last is meant to be there.
        self.is_expected = true;
        Some(self.redirect(path.to_vec(), arguments.to_vec()))
    }

    /// What `try_files` makes of text with variables below an `alias`: it takes the name of the location off where the text
    /// begins like the path, from the last word too, which is a URI (`ngx_http_try_files_handler`).
    fn below_alias(&self, text: &[u8]) -> Vec<u8> {
        let configuration = self.all.configuration;
        let alias = self.root().filter(|(_, line)| line.name() == N::ALIAS);
        let location = alias.and_then(|(level, _)| configuration.enclosing(level, ContextKind::Location));
        let opener = location.and_then(|location| configuration.opener(location));
        match opener.and_then(|opener| LocationName::of(&opener)) {
            Some(name) if !matches!(name.modifier, Modifier::Regex | Modifier::CaselessRegex) => {
                let start = self.path.get(..name.name.len());
                start.and_then(|start| text.strip_prefix(start)).unwrap_or(text).to_vec()
            }
            _ => text.to_vec(),
        }
    }

    /// The URI of what `try_files` has found: below an `alias` the name of the location stays.
    fn of_alias(&self, named: &[u8], is_directory: bool) -> Vec<u8> {
        let Some((level, line)) = self.root() else { return named.to_vec() };
        if line.name() != N::ALIAS {
            return named.to_vec();
        }
        let configuration = self.all.configuration;
        let location = configuration.enclosing(level, ContextKind::Location);
        let opener = location.and_then(|location| configuration.opener(location));
        let name = opener.and_then(|opener| LocationName::of(&opener));
        match name {
            Some(name) if matches!(name.modifier, Modifier::Regex | Modifier::CaselessRegex) => {
                if is_directory {
                    self.path.clone()
                } else {
                    named.to_vec()
                }
            }
            Some(name) => {
                let start = self.path.get(..name.name.len()).unwrap_or_default();
                let rest = named.strip_prefix(start).unwrap_or(named);
                [start, rest].concat()
            }
            None => named.to_vec(),
        }
    }

    /// The `root` or `alias` in effect, and its level.
    fn root(&self) -> Option<(ContextId, Directive<'s>)> {
        let configuration = self.all.configuration;
        configuration.levels(self.context).find_map(|level| {
            let line = configuration.named_any(level, &[N::ROOT, N::ALIAS]).last().copied()?;
            Some((level, line))
        })
    }

    /// Whether a file or a directory is there, by the path of its URI.
    fn is_there(&mut self, directive: Option<Directive<'s>>, path: &[u8], is_directory: bool) -> bool {
        if !self.all.premises.has_files || makes(Mistake::NoFileIsThere) {
            return false;
        }
        let root = self.root().map(|(_, line)| line.reference);
        let bare = path.strip_suffix(b"/").unwrap_or(path);
        let mut before = self.on_disk.iter().filter(|known| known.root == root);
        let known = before.find_map(|known| known.tells(bare, is_directory));
        let (is_there, is_known) = match mem::take(&mut self.is_expected) {
            true => self.decide(known),
            false => {
                let (is_missing, is_known) = self.decide(known.map(|is_there| !is_there));
                (!is_missing, is_known)
            }
        };
        self.on_disk.push(OnDisk { root, path: bare.to_vec(), is_directory, is_there });
        if is_there && !is_known {
            let (context, path) = (self.context, path.to_vec());
            self.steps.push(Step::Found { directive, context, path, is_directory });
        }
        is_there
    }

    /// A location that passes nothing on.
    pub(super) fn own_content(&mut self) -> Next<'s> {
        let configuration = self.all.configuration;
        let location = configuration.enclosing(self.context, ContextKind::Location);
        let levels = [Some(self.context), location.filter(|&location| location != self.context)];
        let is_get = matches!(self.method.as_str(), "GET" | "HEAD");
        // Of several the last one has set the handler.
        for line in levels.into_iter().flatten().flat_map(|level| configuration.directives(level).rev()) {
            match line.name() {
                N::STUB_STATUS | N::EMPTY_GIF if is_get => return self.served(AnsweredBy::Directive(line)),
                N::STUB_STATUS | N::EMPTY_GIF | N::FLV | N::MP4 if !is_get => {
                    return self.refuse(405, AnsweredBy::Directive(line));
                }
                // They serve files, and leave directories to others.
                N::FLV | N::MP4 => break,
                // It takes CONNECT alone (ngx_http_tunnel_module.c).
                N::TUNNEL_PASS => return self.refuse(405, AnsweredBy::Directive(line)),
                name if name == N::PERL || name.rows().is_empty() => {
                    return Next::End(Ending::CannotSay(Obstacle::Module(line)));
                }
                _ => {}
            }
        }
        if !matches!(self.method.as_str(), "GET" | "HEAD" | "POST") {
            return self.refuse(405, AnsweredBy::NoFile);
        }
        if self.path.last() == Some(&b'/') { self.index() } else { self.file() }
    }

    /// `ngx_http_static_handler`
    fn file(&mut self) -> Next<'s> {
        let path = self.path.clone();
        if self.is_there(None, &path, false) {
            return match self.method.as_str() {
                "POST" => self.refuse(405, AnsweredBy::File),
                _ => self.served(AnsweredBy::File),
            };
        }
        if self.is_there(None, &path, true) {
            let path = [uri::Escape::Path.apply(&path), b"/".to_vec()].concat();
            let target = Value::known(uri::join(&path, &self.arguments));
            let answer = self.answer(301, AnsweredBy::Directory);
            return Next::Special(Answer { location: Some(target), ..answer });
        }
        self.refuse(404, AnsweredBy::NoFile)
    }

    /// `ngx_http_index_handler`, and what follows where it finds nothing (`ngx_http_core_content_phase`).
    fn index(&mut self) -> Next<'s> {
        let lines = match self.all.configuration.has_any(N::INDEX) {
            true => self.in_effect(N::INDEX),
            false => Vec::new(),
        };
        let mut names: Vec<(Option<Directive<'s>>, Cow<'_, [u8]>)> =
            lines.iter().flat_map(|line| line.arguments().map(|name| (Some(*line), name))).collect();
        if names.is_empty() {
            names.push((None, INDEX.into()));
        }
        let folder = self.path.clone();
        let mut is_tested = false;
        for (line, name) in names {
            let value = self.value(&name);
            match (value.as_known(), line) {
                // Which is not tried.
                (Some(name @ [b'/', ..]), _) => return self.redirect(name.to_vec(), self.arguments.clone()),
                (Some(name), _) => {
                    let path = [folder.as_slice(), name].concat();
                    if self.is_there(line, &path, false) {
                        return self.redirect(path, self.arguments.clone());
                    }
                }
                (None, Some(line)) if self.all.premises.has_files => {
                    return Next::End(Ending::CannotSay(Obstacle::Value(line)));
                }
                (None, _) => {}
            }
            if !mem::replace(&mut is_tested, true) && !self.is_there(None, &folder, true) {
                return self.refuse(404, AnsweredBy::NoFile);
            }
        }
        if self.method != "POST" && self.flag(N::AUTOINDEX, false) {
            return self.served(AnsweredBy::Directory);
        }
        self.refuse(403, AnsweredBy::Directory)
    }

    fn served(&self, by: AnsweredBy<'s>) -> Next<'s> {
        Next::End(Ending::Answered(self.answer(self.error_status.unwrap_or(200), by)))
    }
}
