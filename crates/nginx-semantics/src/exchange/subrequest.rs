//! `auth_request`: what another location answers decides (`http/modules/ngx_http_auth_request_module.c`).

use std::mem;

use super::access::Verdict;
use super::answer::CLOSE;
use super::way::{Follower, MOST_URI_CHANGES, Next};
use super::{Ending, Step};
use crate::catalogue::DirectiveName as N;
use crate::configuration::{ContextId, Gap, Presence};
use crate::mistakes::{Mistake, makes};
use crate::upstream::Pass;

/// What a request is, but for what it has gathered: another one may come in between.
pub(super) struct Kept<'s> {
    path: Vec<u8>,
    arguments: Vec<u8>,
    method: String,
    is_internal: bool,
    is_subrequest: bool,
    is_unchanged: bool,
    is_below_location: bool,
    is_to_be_found: bool,
    uri_changes: u32,
    error_status: Option<u16>,
    has_used_error_page: bool,
    context: ContextId,
    handler: Option<Pass<'s>>,
}

impl<'s> Follower<'_, 's> {
    /// What the request is now.
    pub(super) fn kept(&self) -> Kept<'s> {
        Kept {
            path: self.path.clone(),
            arguments: self.arguments.clone(),
            method: self.method.clone(),
            is_internal: self.is_internal,
            is_subrequest: self.is_subrequest,
            is_unchanged: self.is_unchanged,
            is_below_location: self.is_below_location,
            is_to_be_found: self.is_to_be_found,
            uri_changes: self.uri_changes,
            error_status: self.error_status,
            has_used_error_page: self.has_used_error_page,
            context: self.context,
            handler: self.handler,
        }
    }

    /// Goes on with what the request was.
    pub(super) fn restore(&mut self, kept: Kept<'s>) {
        (self.path, self.arguments, self.method) = (kept.path, kept.arguments, kept.method);
        (self.is_internal, self.is_subrequest) = (kept.is_internal, kept.is_subrequest);
        (self.is_unchanged, self.is_below_location) = (kept.is_unchanged, kept.is_below_location);
        (self.is_to_be_found, self.uri_changes) = (kept.is_to_be_found, kept.uri_changes);
        (self.error_status, self.has_used_error_page) = (kept.error_status, kept.has_used_error_page);
        (self.context, self.handler) = (kept.context, kept.handler);
    }

    /// `auth_request`: 2xx lets the request in, 401 and 403 are told to the client, and all else is 500
    /// (`ngx_http_auth_request_handler`).
    pub(super) fn auth_request(&mut self) -> Option<Verdict<'s>> {
        let line = self.in_effect(N::AUTH_REQUEST).first().copied();
        let line = line.filter(|line| line.argument(0).as_deref() != Some(b"off"))?;
        let before = self.questions;
        let refused = match self.asked(&line.argument(0).unwrap_or_default()) {
            Some(_) if makes(Mistake::AuthIsGranted) => None,
            Some(200..=299) => None,
            Some(_) if makes(Mistake::AuthRefusalsAre401) => Some(401),
            Some(status @ (401 | 403 | CLOSE)) => Some(status),
            None if self.decide(None).0 => None,
            None if self.decide(None).0 => Some(401),
            None if self.decide(None).0 => Some(403),
            Some(_) | None => Some(500),
        };
        Some(Verdict { directive: line, refused, is_known: self.questions == before })
    }

    /// The status that a subrequest is answered with; `None` where that is the back end's, or cannot be said.
    ///
    /// It has the variables of the request, so that what it sets stays, and captures of its own
    /// (`http/ngx_http_core_module.c:ngx_http_subrequest`). Its URI is not parted at a `?`.
    fn asked(&mut self, uri: &[u8]) -> Option<u16> {
        let kept = self.kept();
        let captures = self.gathered.take_captures();
        let steps = mem::take(&mut self.steps);
        self.main_method = Some(self.method.clone());
        (self.path, self.arguments, self.method) = (uri.to_vec(), Vec::new(), "GET".to_owned());
        (self.is_internal, self.is_subrequest, self.is_unchanged) = (true, true, false);
        (self.is_below_location, self.is_to_be_found) = (true, false);
        (self.uri_changes, self.error_status) = (MOST_URI_CHANGES + 1, None);
        (self.has_used_error_page, self.context, self.handler) = (false, self.server, None);
        let ending = self.follow_from(Next::Server);
        let status = match &ending {
            Ending::Answered(answer) => Some(answer.status),
            Ending::Passed(passed) => {
                if let Some(request) = &passed.request {
                    self.gathered = self.all.gathered_after(request);
                }
                match self.told(passed) {
                    // "connection upgrade in subrequest": ngx_http_upstream_upgrade
                    Some(101) => Some(CLOSE),
                    told => passed.status.or(told),
                }
            }
            Ending::CannotSay(_) => None,
        };
        let gaps: Vec<Gap> = mem::replace(&mut self.steps, steps)
            .into_iter()
            .filter_map(|step| if let Step::NotGiven(gap) = step { Some(gap) } else { None })
            .collect();
        // What may be missing on its way may answer it, and may be missing on that of the request.
        let configuration = self.all.configuration;
        let is_given = |level| configuration.context(level).presence == Presence::Given;
        let is_whole = gaps.is_empty() && configuration.levels(self.server).all(is_given);
        gaps.into_iter().for_each(|gap| self.note_gap(gap));
        self.gathered.restore_captures(captures);
        self.restore(kept);
        self.main_method = None;
        status.filter(|_| is_whole)
    }
}
