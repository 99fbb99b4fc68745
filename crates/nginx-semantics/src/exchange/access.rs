//! What may refuse a request before its content is asked for, and what passes it on
//! (`http/ngx_http_core_module.c:ngx_http_core_access_phase` and the modules that hook into it).

use core::net::IpAddr;

use ipnet::IpNet;

use nginx_syntax::lossy;

use super::subrequest::Kept;
use super::way::{Follower, Next};
use super::{AnsweredBy, Ending, Passed, Step, UpstreamVersion};
use crate::catalogue::DirectiveName as N;
use crate::configuration::Directive;
use crate::effective::{Effective, effective};
use crate::mistakes::{Mistake, makes};
use crate::upstream::{Pass, PassModule, down_upstream};
use crate::variables::Value;

/// As many statuses are tried of a back end whose answer is not known.
const MOST_ANSWERS: usize = 8;

/// What limits requests, and the directive of the status that it refuses with.
const LIMITS: [(N, N); 2] = [(N::LIMIT_REQ, N::LIMIT_REQ_STATUS), (N::LIMIT_CONN, N::LIMIT_CONN_STATUS)];

/// What one handler of the access phase says.
pub(super) struct Verdict<'s> {
    pub(super) directive: Directive<'s>,
    pub(super) refused: Option<u16>,
    pub(super) is_known: bool,
}

impl<'s> Follower<'_, 's> {
    /// The phases from preaccess to content.
    pub(super) fn content(&mut self) -> Next<'s> {
        self.find_client();
        if let Some(next) = self.limited() {
            return next;
        }
        // ngx_http_core_access_phase: "r != r->main"
        if !self.is_subrequest {
            if let Some(next) = self.access() {
                return next;
            }
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
        let intercepting = self.intercepting(pass);
        let has_no_http2 = self.all.premises.has_no_http2;
        let kept = (intercepting.is_some() || has_no_http2).then(|| self.kept());
        let request = match pass.module {
            PassModule::Proxy => match self.proxied(pass) {
                Ok(request) => Some(request),
                Err(next) => return next,
            },
            _ => match down_upstream(self.all.configuration, self.context, &pass.target()) {
                Some(group) => return self.refuse(502, AnsweredBy::AllDown(group)),
                None => None,
            },
        };
        let (context, status) = (self.context, self.error_status);
        let passed = Box::new(Passed { pass, context, request, status, also });
        let is_http2 =
            passed.request.as_ref().is_some_and(|request| request.version == UpstreamVersion::Http2);
        let replaced = match intercepting {
            _ if has_no_http2 && is_http2 => Some((502, true)),
            Some(statuses) => self.intercepted(&statuses, &passed),
            None => None,
        };
        match replaced.zip(kept) {
            Some(((status, is_known), kept)) => self.replace(status, is_known, passed, kept),
            None => Next::End(Ending::Passed(passed)),
        }
    }

    /// The statuses of `error_page` that are replaced where `proxy_intercept_errors` is on, and what back ends
    /// answer is asked; none where they replace nothing.
    fn intercepting(&mut self, pass: Pass<'s>) -> Option<Vec<u16>> {
        let is_asked = pass.module == PassModule::Proxy
            && self.all.premises.back_end.is_some()
            && !makes(Mistake::NothingIsIntercepted);
        if !is_asked || !self.flag(N::PROXY_INTERCEPT_ERRORS, false) {
            return None;
        }
        let lines = self.in_effect(N::ERROR_PAGE);
        let statuses = lines.iter().flat_map(super::answer::statuses).filter(|status| *status >= 300);
        let mut all: Vec<u16> = statuses.collect();
        all.sort_unstable();
        all.dedup();
        Some(all).filter(|all| !all.is_empty())
    }

    /// What the back end answers, where that can be told.
    pub(super) fn told(&self, passed: &Passed<'s>) -> Option<u16> {
        let premises = self.all.premises;
        let ask = premises.back_end.filter(|_| !self.is_subrequest || premises.answers_subrequests)?;
        let request = passed.request.as_ref()?;
        // A subrequest has the length of the client's body and no body: who waits for it answers nothing in time. That of a
        // line it has.
        let own_body = effective(self.all.configuration, passed.context, N::PROXY_SET_BODY);
        let is_bodiless = self.is_subrequest && !matches!(own_body, Effective::Set(_));
        let fields = is_bodiless.then(|| self.all.some_fields(request, &["Content-Length"]));
        let has_length = |value: &Value| value.as_known().is_some_and(|length| !matches!(length, b"" | b"0"));
        if fields.is_some_and(|fields| fields.of("Content-Length").any(has_length)) {
            return Some(504);
        }
        ask(self.all, request)
    }

    /// `http/ngx_http_upstream.c:ngx_http_upstream_intercept_errors`: an answer that an `error_page` names is replaced. Of
    /// one that is not known, each status is tried.
    fn intercepted(&mut self, statuses: &[u16], passed: &Passed<'s>) -> Option<(u16, bool)> {
        match self.told(passed) {
            Some(status) => statuses.contains(&status).then_some((status, true)),
            None => {
                let mut likely = statuses.iter().copied().take(MOST_ANSWERS);
                likely.find(|_| !self.decide(None).0).map(|status| (status, false))
            }
        }
    }

    /// nginx goes on with a status of its own instead of the back end's answer.
    fn replace(&mut self, status: u16, is_known: bool, passed: Box<Passed<'s>>, kept: Kept<'s>) -> Next<'s> {
        self.restore(kept);
        if let Some(request) = &passed.request {
            self.gathered = self.all.gathered_after(request);
        }
        let by = AnsweredBy::Intercepted(passed.pass.directive);
        self.steps.push(Step::Intercepted { passed, status, is_known });
        self.refuse(status, by)
    }

    /// The preaccess phase: `limit_req` is asked first (the modules' order, reversed), and each of the two once for a request
    /// and its subrequests (`ngx_http_limit_req_handler`: `r->main->limit_req_status`).
    fn limited(&mut self) -> Option<Next<'s>> {
        if !self.all.premises.may_be_limited {
            return None;
        }
        for (index, (name, status)) in LIMITS.into_iter().enumerate() {
            let Some(line) = self.in_effect(name).first().copied() else { continue };
            if self.is_limit_asked.get(index) != Some(&false) {
                continue;
            }
            if let Some(is_asked) = self.is_limit_asked.get_mut(index) {
                *is_asked = true;
            }
            let (is_let_in, is_known) = self.decide(None);
            let status = self.in_effect(status).first().and_then(|line| line.argument(0));
            let status = status.and_then(|word| lossy(&word).parse().ok()).unwrap_or(503);
            let refused = (!is_let_in).then_some(status);
            self.steps.push(Step::Checked { directive: line, refused, is_known });
            if let Some(status) = refused {
                return Some(self.refuse(status, AnsweredBy::Directive(line)));
            }
        }
        None
    }

    /// The access phase; `None` where it lets the request through.
    fn access(&mut self) -> Option<Next<'s>> {
        let satisfy = self.in_effect(N::SATISFY);
        let is_any = satisfy.first().and_then(|line| line.argument(0)).as_deref() == Some(b"any");
        let mut worst: Option<Verdict<'s>> = None;
        // In the order in which nginx asks: the modules' order, reversed.
        for handler in [Self::addresses, Self::password, Self::auth_request] {
            let Some(verdict) = handler(self) else { continue };
            let Verdict { directive, refused, is_known } = verdict;
            self.steps.push(Step::Checked { directive, refused, is_known });
            match refused {
                None if is_any => return None,
                None => {}
                // 401 is told rather than 403: it asks for a password.
                Some(401 | 403)
                    if is_any && worst.as_ref().is_some_and(|worst| worst.refused == Some(401)) => {}
                Some(401 | 403) if is_any => worst = Some(verdict),
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
        // Nor whether the file is there: without it nobody's is.
        let (is_wrong, _) = if is_let_in { (true, true) } else { self.decide(known.map(|_| true)) };
        let refused = if is_wrong { 401 } else { 403 };
        Some(Verdict { directive: line, refused: (!is_let_in).then_some(refused), is_known })
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
