//! nginx's own answers, and what `error_page` makes of them (`http/ngx_http_special_response.c`).

use super::rewrite::is_redirect;
use super::way::{Follower, Next};
use super::{Answer, AnsweredBy, Ending, Obstacle, Step, uri};
use crate::catalogue::DirectiveName as N;
use crate::configuration::Directive;
use crate::placeholder;

/// Closes the connection without an answer (`NGX_HTTP_CLOSE`); so do 408 and 499 (`ngx_http_finalize_request`).
pub(super) const CLOSE: u16 = 444;

/// The words of an `error_page`.
struct ErrorPage {
    statuses: Vec<u16>,
    /// What follows the `=`: 0 where nothing does, `None` without `=`.
    replaced_by: Option<u16>,
    target: Vec<u8>,
    /// Whether a placeholder stands for one of the statuses.
    is_open: bool,
    /// Whether a placeholder may be the `=`, or stands behind it.
    is_unclear: bool,
}

impl ErrorPage {
    fn of(line: &Directive<'_>) -> Option<Self> {
        let mut words: Vec<_> = line.arguments().collect();
        let target = words.pop()?.into_owned();
        let is_unclear = words.last().is_some_and(|word| placeholder::is_unknown(word));
        let number = |word: &[u8]| std::str::from_utf8(word).ok()?.parse::<u16>().ok();
        let replaced_by = words.last().and_then(|word| word.strip_prefix(b"="));
        let replaced_by = replaced_by.map(|rest| number(rest).unwrap_or(0));
        if replaced_by.is_some() {
            words.pop();
        }
        // 494 to 497 are told to the client as 400, and are named by their own number here.
        let statuses = words.iter().filter_map(|word| number(word)).collect();
        let is_open = words.iter().any(|word| placeholder::is_unknown(word));
        Some(Self { statuses, replaced_by, target, is_open, is_unclear })
    }
}

/// The statuses that an `error_page` names.
pub(super) fn statuses(line: &Directive<'_>) -> Vec<u16> {
    ErrorPage::of(line).map(|page| page.statuses).unwrap_or_default()
}

impl<'s> Follower<'_, 's> {
    /// A status that refuses the request.
    pub(super) fn refuse(&mut self, status: u16, by: AnsweredBy<'s>) -> Next<'s> {
        match status {
            408 | 499 | CLOSE => Next::End(Ending::Answered(self.answer(CLOSE, by))),
            status => Next::Special(self.answer(status, by)),
        }
    }

    /// `ngx_http_send_error_page`
    fn error_page(&mut self, line: Directive<'s>, page: &ErrorPage, answer: &Answer<'s>) -> Next<'s> {
        self.steps.push(Step::ErrorPage { directive: line, status: answer.status });
        if let Some(status) = page.replaced_by {
            self.error_status = Some(status).filter(|status| *status != 0);
        }
        let value = self.value(&page.target);
        let Some(target) = value.as_known() else {
            return Next::End(Ending::CannotSay(Obstacle::Value(line)));
        };
        match target.first() {
            Some(b'/') => {
                if self.method != "HEAD" {
                    "GET".clone_into(&mut self.method);
                }
                let (path, arguments) = uri::split(target);
                self.redirect(path.to_vec(), arguments.to_vec())
            }
            Some(b'@') => self.redirect_to_named(target, line),
            _ => {
                let status = page.replaced_by.filter(|status| is_redirect(*status)).unwrap_or(302);
                let answer = self.answer(status, AnsweredBy::Directive(line));
                Next::End(Ending::Answered(Answer { location: Some(value), ..answer }))
            }
        }
    }
}

/// `ngx_http_special_response_handler`
pub(super) fn special<'s>(follower: &mut Follower<'_, 's>, answer: Answer<'s>) -> Next<'s> {
    follower.error_status = Some(answer.status);
    let lines = follower.in_effect(N::ERROR_PAGE);
    if !follower.has_used_error_page && !lines.is_empty() && follower.uri_changes > 0 {
        follower.has_used_error_page = !follower.flag(N::RECURSIVE_ERROR_PAGES, false);
        let pages = lines.into_iter().filter_map(|line| Some((line, ErrorPage::of(&line)?)));
        for (line, page) in pages {
            let is_it = page.statuses.contains(&answer.status);
            let is_unclear = if is_it { page.is_unclear } else { page.is_open };
            if is_unclear {
                return Next::End(Ending::CannotSay(Obstacle::Value(line)));
            }
            if is_it {
                return follower.error_page(line, &page, &answer);
            }
        }
    }
    let status = match answer.status {
        // The client's request was at fault.
        494..=497 => 400,
        status => status,
    };
    Next::End(Ending::Answered(Answer { status, ..answer }))
}
