//! The rewrite phases: `set`, `if`, `rewrite`, `return` and `break`
//! (`http/modules/ngx_http_rewrite_module.c`, `http/ngx_http_script.c`).

use super::script::{self, Progress};
use super::way::{Follower, Next};
use super::{Answer, AnsweredBy, Ending, Obstacle, Step, uri};
use crate::catalogue::DirectiveName as N;
use crate::configuration::{ContextId, ContextKind, Directive};
use crate::mistakes::{Mistake, makes};
use crate::placeholder;
use crate::upstream::Pass;
use crate::variables::{Definition, Part, Value, parts};

/// How a phase ends.
pub(super) enum Rewrite<'s> {
    /// The next phase follows.
    Done,
    /// It does not.
    Ends(Next<'s>),
}

/// What follows a line.
enum After<'s> {
    Goes,
    /// `break`, `last`: the phase is over.
    Stops,
    Ends(Next<'s>),
}

impl<'s> Follower<'_, 's> {
    /// Runs the lines of a server or location; those of an `if` stand between them.
    pub(super) fn run_script(&mut self, level: ContextId) -> Rewrite<'s> {
        let configuration = self.all.configuration;
        // ngx_http_rewrite_handler: what is captured is escaped until a `rewrite` has matched.
        self.quotes = true;
        let lines = |level| script::lines(configuration, level).into_iter();
        let scripts = self.all.locations.long_scripts();
        let progress = |level| scripts.get(level).map(Progress::new);
        // The blocks of the `if` lines come in the order of the lines, so each is looked for behind the one before.
        let blocks = |level| configuration.children(level).iter().copied();
        let mut running = vec![(lines(level), blocks(level), progress(level))];
        while let Some((rest, ahead, progress_here)) = running.last_mut() {
            let vain = progress_here.as_mut().map_or(0, |progress| progress.vain(&self.path));
            if vain > 0 {
                self.lines_run += vain;
                self.gathered.tested_in_vain();
            }
            let Some(line) = rest.nth(vain) else {
                running.pop();
                continue;
            };
            self.lines_run += 1;
            let after = match line.name() {
                N::IF => {
                    let is_it =
                        |child: &ContextId| configuration.context(*child).opener == Some(line.reference);
                    let mut behind = ahead.clone();
                    // One that is past a budget has no block.
                    let Some(inside) = behind.find(is_it) else { continue };
                    *ahead = behind;
                    if self.holds(line) {
                        self.enter_if(inside);
                        running.push((lines(inside), blocks(inside), progress(inside)));
                    }
                    After::Goes
                }
                N::SET => self.set(line),
                N::BREAK => {
                    // ngx_http_script_break_code
                    if self.is_to_be_found {
                        (self.is_below_location, self.is_to_be_found) = (false, false);
                    }
                    After::Stops
                }
                N::RETURN => After::Ends(self.return_(line)),
                _ => self.rewrite(line),
            };
            match after {
                After::Goes => {}
                After::Stops => break,
                After::Ends(next) => return Rewrite::Ends(next),
            }
        }
        Rewrite::Done
    }

    fn holds(&mut self, line: Directive<'s>) -> bool {
        let live = self.live(None);
        self.gathered.escape_captures(self.quotes && self.is_quoted());
        let known = self.evaluator(&live).condition_with(&line, &self.gathered);
        self.gathered.escape_captures(false);
        let (holds, is_known) = match known {
            Some(_) => self.decide(known),
            None => self.decide_once(&line),
        };
        self.steps.push(Step::If { directive: line, holds, is_known });
        holds
    }

    /// What a condition that is not known is taken for: the same each time, where it reads nothing that may change meanwhile.
    fn decide_once(&mut self, line: &Directive<'s>) -> (bool, bool) {
        let condition: Vec<u8> = line.arguments().collect::<Vec<_>>().join(&b' ');
        if !self.is_lasting(line) {
            return self.decide(None);
        }
        if let Some((_, holds)) = self.decided.iter().find(|(known, _)| *known == condition) {
            return (*holds, false);
        }
        let (holds, is_known) = self.decide(None);
        self.decided.push((condition, holds));
        (holds, is_known)
    }

    /// Whether what a condition reads is the same as long as the request lasts: it is the client's, or a value that nginx
    /// keeps once it was asked for.
    fn is_lasting(&self, line: &Directive<'s>) -> bool {
        const LASTING: [&[u8]; 4] = [b"remote_addr", b"remote_port", b"remote_user", b"request_method"];
        let configuration = self.all.configuration;
        let is_kept = |definition: &Definition<'s>| match definition {
            Definition::Map(map) => {
                configuration.directives(*map).all(|entry| entry.name_bytes().as_ref() != b"volatile")
            }
            Definition::Opaque(line) => matches!(line.name(), N::GEO | N::SPLIT_CLIENTS),
            Definition::Set(..) | Definition::Capture(_) => false,
        };
        let is_lasting = |name: &[u8]| {
            let name = name.to_ascii_lowercase();
            let is_clients = [&b"http_"[..], b"cookie_", b"ssl_"].iter().any(|start| name.starts_with(start))
                || LASTING.contains(&name.as_slice());
            match self.all.variables.definitions(&name) {
                [] => is_clients,
                definitions => definitions.iter().all(is_kept),
            }
        };
        let words: Vec<_> = line.arguments().collect();
        // A `$` of a pattern is its end.
        let is_pattern = words.get(1).is_some_and(|word| word.contains(&b'~'));
        let read = words.iter().take(if is_pattern { 1 } else { words.len() });
        read.into_iter().flat_map(|word| parts(word)).all(|part| match part {
            Part::Variable(name) => is_lasting(name),
            Part::Literal(_) => true,
            Part::Capture(_) | Part::Invalid => false,
        })
    }

    /// `ngx_http_script_if_code`: the `if` of a location takes its place, whatever came before.
    fn enter_if(&mut self, inside: ContextId) {
        let configuration = self.all.configuration;
        if configuration.context(inside).kind != ContextKind::If {
            return;
        }
        self.context = inside;
        if let Some(pass) = Pass::directly_in(configuration, inside) {
            self.handler = Some(pass);
        }
    }

    fn set(&mut self, line: Directive<'s>) -> After<'s> {
        let target = line.argument(0).unwrap_or_default();
        let Some(name) = target.strip_prefix(b"$").map(<[u8]>::to_ascii_lowercase) else {
            return After::Goes;
        };
        let text = line.argument(1).unwrap_or_default();
        let value = if self.quotes { self.escaped(&text) } else { self.value(&text) };
        self.steps.push(Step::Set { directive: line, value: value.clone() });
        if name == b"args" {
            // ngx_http_variable_set_args
            return match value.as_known() {
                Some(known) => {
                    self.arguments = known.to_vec();
                    self.is_unchanged = false;
                    After::Goes
                }
                None => After::Ends(Next::End(Ending::CannotSay(Obstacle::Value(line)))),
            };
        }
        self.gathered.set(name, value);
        After::Goes
    }

    /// `ngx_http_script_return_code`, and the end of `ngx_http_rewrite_handler`.
    fn return_(&mut self, line: Directive<'s>) -> Next<'s> {
        let first = line.argument(0).unwrap_or_default();
        if placeholder::is_unknown(&first) {
            return Next::End(Ending::CannotSay(Obstacle::Value(line)));
        }
        let by = AnsweredBy::Directive(line);
        let code = std::str::from_utf8(&first).ok().and_then(|code| code.parse::<u16>().ok());
        let text = line.argument(1);
        let (status, text) = match code {
            Some(code) => (code, text),
            // Only a URL.
            None => (302, Some(first)),
        };
        let has_text = text.as_deref().is_some_and(|text| !text.is_empty());
        if status >= 400 && !has_text {
            return self.refuse(status, by);
        }
        let answer = self.answer(status, by);
        if is_redirect(status) {
            let location = text.as_deref().map(|text| self.value(text));
            return Next::Special(Answer { location, ..answer });
        }
        Next::End(Ending::Answered(Answer { status: self.error_status.unwrap_or(status), ..answer }))
    }

    fn rewrite(&mut self, line: Directive<'s>) -> After<'s> {
        let cannot_say = || After::Ends(Next::End(Ending::CannotSay(Obstacle::Value(line))));
        let regex = line.argument(0).unwrap_or_default();
        let replacement = line.argument(1).unwrap_or_default();
        let flag = line.argument(2).unwrap_or_default();
        if placeholder::is_unknown(&flag) {
            return cannot_say();
        }
        let pattern = self.all.configuration.pattern(&regex, false);
        match pattern.and_then(|pattern| self.gathered.tests(&pattern, &self.path)) {
            None => return cannot_say(),
            Some(false) => return After::Goes,
            Some(true) => {}
        }
        let begins = |prefix: &[u8]| replacement.get(..prefix.len()) == Some(prefix);
        let is_url = begins(b"http://") || begins(b"https://") || begins(b"$scheme");
        let status = match flag.as_ref() {
            b"permanent" => Some(301),
            b"redirect" => Some(302),
            _ => is_url.then_some(302),
        };
        // A final `?` keeps the arguments of the request from being added.
        let (text, adds_arguments) = match replacement.strip_suffix(b"?") {
            Some(text) => (text, false),
            None => (replacement.as_ref(), true),
        };
        if let Some(status) = status {
            let location = self.redirect_target(text, adds_arguments);
            let answer = self.answer(status, AnsweredBy::Directive(line));
            return After::Ends(Next::Special(Answer { location: Some(location), ..answer }));
        }
        let (path, arguments) = uri::split(text);
        let has_arguments = path.len() < text.len();
        let Some(path) = self.value(path).as_known().map(<[u8]>::to_vec) else { return cannot_say() };
        let Some(mut arguments) = self.escaped(arguments).as_known().map(<[u8]>::to_vec) else {
            return cannot_say();
        };
        if adds_arguments && has_arguments && !self.arguments.is_empty() {
            arguments.push(b'&');
            arguments.extend_from_slice(&self.arguments);
        } else if adds_arguments && !has_arguments {
            arguments.clone_from(&self.arguments);
        }
        if path.is_empty() {
            // "the rewritten URI has a zero length"
            return After::Ends(self.refuse(500, AnsweredBy::Directive(line)));
        }
        self.steps.push(Step::Rewritten {
            directive: line,
            path: path.clone(),
            arguments: arguments.clone(),
        });
        (self.path, self.arguments) = (path, arguments);
        (self.is_internal, self.is_unchanged) = (true, false);
        let breaks = flag.as_ref() == b"break";
        (self.is_to_be_found, self.quotes) = (!breaks, false);
        if breaks {
            self.is_below_location = false;
        }
        if breaks || flag.as_ref() == b"last" { After::Stops } else { After::Goes }
    }

    /// `ngx_http_script_regex_end_code`
    fn redirect_target(&self, text: &[u8], adds_arguments: bool) -> Value {
        let target = self.escaped(text);
        // Of one that is not known it stays that it is not empty.
        let is_unescaped = target != Value::NotEmpty && !makes(Mistake::RedirectsNotUnescaped);
        let target = if is_unescaped { target.map(uri::unescape_redirect) } else { target };
        if !adds_arguments || self.arguments.is_empty() {
            return target;
        }
        let mark = if text.contains(&b'?') { "&" } else { "?" };
        target.then(Value::known(mark)).then(Value::known(self.arguments.clone()))
    }

    /// The value of a text where captures are escaped: in arguments, in redirects, and in what `set` and `if` read
    /// (`ngx_http_script_copy_capture_code`).
    fn escaped(&self, text: &[u8]) -> Value {
        self.gathered.escape_captures(self.is_quoted());
        let value = self.value(text);
        self.gathered.escape_captures(false);
        value
    }

    /// Whether the path came with an escape or a plus; that of a subrequest did not come at all
    /// (`r->quoted_uri`, `r->plus_in_uri`).
    fn is_quoted(&self) -> bool {
        let (path, _) = uri::split(self.request.uri());
        !makes(Mistake::CapturesNotEscaped)
            && !self.is_subrequest
            && (path.contains(&b'%') || path.contains(&b'+'))
    }
}

/// The statuses of `ngx_http_send_response` that have a `Location`.
pub(super) fn is_redirect(status: u16) -> bool {
    matches!(status, 301 | 302 | 303 | 307 | 308)
}
