//! What may refuse a request before its content is asked for, and the content
//! (`http/ngx_http_core_module.c:ngx_http_core_access_phase` and the modules that hook into it).

use core::net::IpAddr;

use ipnet::IpNet;

use nginx_syntax::lossy;

use super::way::{Follower, Next};
use super::{AnsweredBy, Ending, Obstacle, Passed, Step};
use crate::catalogue::DirectiveName as N;
use crate::configuration::{ContextKind, Directive};
use crate::effective::{Effective, effective};
use crate::upstream::{Pass, PassModule};

/// What one handler of the access phase says.
struct Verdict<'s> {
    directive: Directive<'s>,
    refused: Option<u16>,
    is_known: bool,
}

impl<'s> Follower<'_, 's> {
    /// The phases from preaccess to content.
    pub(super) fn content(&mut self) -> Next<'s> {
        self.find_client();
        // ngx_http_core_access_phase: "r != r->main"
        if !self.is_subrequest
            && let Some(next) = self.access()
        {
            return next;
        }
        if let Some(next) = self.try_files() {
            return next;
        }
        let Some(handler) = self.handler else { return self.own_content() };
        let in_effect = Pass::in_effect(self.all.configuration, self.context);
        let Some(pass) = in_effect.filter(|pass| pass.module == handler.module) else {
            // Another `if` has taken the place of the one that passes: "no upstream configuration".
            return self.refuse(500, AnsweredBy::NoUpstream(handler.directive));
        };
        let mut also: Vec<Directive<'s>> = Vec::new();
        for name in [N::MIRROR, N::LIMIT_REQ, N::LIMIT_CONN] {
            also.extend(self.in_effect(name).into_iter().filter(|line| !is_off(line)));
        }
        let request = match pass.module {
            PassModule::Proxy => match self.proxied(pass) {
                Ok(request) => Some(request),
                Err(next) => return next,
            },
            _ => None,
        };
        let (context, status) = (self.context, self.error_status);
        Next::End(Ending::Passed(Box::new(Passed { pass, context, request, status, also })))
    }

    /// The access phase; `None` where it lets the request through.
    fn access(&mut self) -> Option<Next<'s>> {
        let satisfy = self.in_effect(N::SATISFY);
        let is_any = satisfy.first().and_then(|line| line.argument(0)).as_deref() == Some(b"any");
        let mut worst: Option<Verdict<'s>> = None;
        // In the order in which nginx asks: the modules' order, reversed.
        for handler in [Self::addresses, Self::password, Self::subrequest] {
            let Some(verdict) = handler(self) else { continue };
            let Verdict { directive, refused, is_known } = verdict;
            self.steps.push(Step::Checked { directive, refused, is_known });
            match refused {
                None if is_any => return None,
                None => {}
                // 401 is told rather than 403: it asks for a password.
                Some(_) if is_any && worst.as_ref().is_some_and(|worst| worst.refused == Some(401)) => {}
                Some(_) if is_any => worst = Some(verdict),
                Some(status) => return Some(self.refuse(status, AnsweredBy::Directive(directive))),
            }
        }
        let Verdict { directive, refused, .. } = worst?;
        Some(self.refuse(refused?, AnsweredBy::Directive(directive)))
    }

    /// `allow` and `deny`: the first line that matches decides (`ngx_http_access_handler`).
    fn addresses(&mut self) -> Option<Verdict<'s>> {
        let configuration = self.all.configuration;
        if !configuration.has_any(N::ALLOW) && !configuration.has_any(N::DENY) {
            return None;
        }
        // One array for both, so a level that has one of them drops those of the outer levels.
        let mut level = Some(self.context);
        let lines = loop {
            let lines = configuration.named_any(level?, &[N::ALLOW, N::DENY]);
            if !lines.is_empty() {
                break lines;
            }
            level = configuration.context(level?).parent;
        };
        for line in lines {
            let word = line.argument(0).unwrap_or_default();
            let is_match = address_matches(&lossy(&word), self.client);
            let (is_match, is_known) = self.decide(is_match);
            if is_match {
                let refused = (line.name() == N::DENY).then_some(403);
                return Some(Verdict { directive: line, refused, is_known });
            }
        }
        None
    }

    /// `auth_basic`, which asks for nothing without `auth_basic_user_file` (`ngx_http_auth_basic_handler`).
    fn password(&mut self) -> Option<Verdict<'s>> {
        let line = self.in_effect(N::AUTH_BASIC).first().copied().filter(|line| !is_off(line))?;
        let realm = self.value(&line.argument(0).unwrap_or_default());
        if realm.surely(|realm| realm == b"off") {
            return None;
        }
        let users = effective(self.all.configuration, self.context, N::AUTH_BASIC_USER_FILE);
        if matches!(users, Effective::Default { is_assumed: false }) {
            return None;
        }
        let has_none = self.request.field("authorization").next().is_none();
        // Whether a password is right is not to be known here.
        let known = if has_none && realm.surely(|realm| realm != b"off") { Some(false) } else { None };
        let (is_let_in, is_known) = self.decide(known);
        Some(Verdict { directive: line, refused: (!is_let_in).then_some(401), is_known })
    }

    /// `auth_request`: what the other location answers decides.
    fn subrequest(&mut self) -> Option<Verdict<'s>> {
        let line = self.in_effect(N::AUTH_REQUEST).first().copied().filter(|line| !is_off(line))?;
        let (is_let_in, is_known) = self.decide(None);
        Some(Verdict { directive: line, refused: (!is_let_in).then_some(401), is_known })
    }

    /// `try_files` of this level alone: nothing inherits it (`ngx_http_try_files_module.c`). No file is there.
    fn try_files(&mut self) -> Option<Next<'s>> {
        let line = self.all.configuration.named(self.context, N::TRY_FILES).next()?;
        let last = line.arguments().last().unwrap_or_default();
        self.steps.push(Step::TriedFiles(line));
        if let Some(code) = last.strip_prefix(b"=") {
            let code = std::str::from_utf8(code).ok().and_then(|code| code.parse().ok());
            let Some(code) = code else { return Some(Next::End(Ending::CannotSay(Obstacle::Value(line)))) };
            return Some(self.refuse(code, AnsweredBy::Directive(line)));
        }
        let value = self.value(&last);
        let Some(target) = value.as_known() else {
            return Some(Next::End(Ending::CannotSay(Obstacle::Value(line))));
        };
        if target.first() == Some(&b'@') {
            return Some(self.redirect_to_named(target, line));
        }
        let (path, arguments) = super::uri::split(target);
        Some(self.redirect(path.to_vec(), arguments.to_vec()))
    }

    /// A location that passes nothing on.
    fn own_content(&mut self) -> Next<'s> {
        let configuration = self.all.configuration;
        let location = configuration.enclosing(self.context, ContextKind::Location);
        let levels = [Some(self.context), location.filter(|&location| location != self.context)];
        for line in levels.into_iter().flatten().flat_map(|level| configuration.directives(level)) {
            match line.name() {
                N::STUB_STATUS | N::EMPTY_GIF => {
                    return Next::End(Ending::Answered(self.answer(200, AnsweredBy::Directive(line))));
                }
                // It takes CONNECT alone (ngx_http_tunnel_module.c).
                N::TUNNEL_PASS => return self.refuse(405, AnsweredBy::Directive(line)),
                name if name == N::PERL || name.rows().is_empty() => {
                    return Next::End(Ending::CannotSay(Obstacle::Module(line)));
                }
                _ => {}
            }
        }
        let is_served = matches!(self.method.as_str(), "GET" | "HEAD" | "POST");
        self.refuse(if is_served { 404 } else { 405 }, AnsweredBy::NoFile)
    }
}

fn is_off(line: &Directive<'_>) -> bool {
    line.argument(0).as_deref() == Some(b"off")
}

/// Whether the word of an `allow` or `deny` means this client; `None` where that cannot be said.
pub(super) fn address_matches(word: &str, client: Option<IpAddr>) -> Option<bool> {
    if word == "all" {
        return Some(true);
    }
    let client = client?;
    if word == "unix:" {
        return Some(false);
    }
    if let Ok(network) = word.parse::<IpNet>() {
        return Some(network.contains(&client));
    }
    Some(word.parse::<IpAddr>().ok()? == client)
}
