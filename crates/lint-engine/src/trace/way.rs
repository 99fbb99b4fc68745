//! The steps of one way through nginx's phases, in words.

use lint_finding::{Prospect, Remark, Stage, TraceAnswer, TraceStep, TraceWay};
use nginx_semantics::{
    Answer, AnsweredBy, Configuration, ContextId, ContextKind, Directive, Ending, GapReason, LocationMiss,
    LocationName, Modifier, Presence, Selection, Step, Value, Way, location_rivals,
};

use ws_model::location_words;

use super::choice::{place, remark, step};
use super::{Follow, server_text};

/// As many locations that lose are shown.
const MOST_RIVALS: usize = 8;

/// For words of a file outside the given paths.
pub(super) const NOT_SHOWN: &str = "(not shown)";

/// Text of bytes, for people.
pub(super) fn lossy(bytes: &[u8]) -> String {
    nginx_syntax::lossy(bytes).into_owned()
}

/// What is known of a value, in words.
pub(super) fn value_words(value: &Value) -> String {
    match value {
        Value::OneOf(values) => match values.as_slice() {
            [one] if one.is_empty() => "nothing".to_owned(),
            values => {
                let words: Vec<String> = values.iter().map(|value| format!("`{}`", lossy(value))).collect();
                words.join(" or ")
            }
        },
        Value::NotEmpty => "something unknown".to_owned(),
        Value::Unknown => "an unknown value".to_owned(),
    }
}

fn target_words(path: &[u8], arguments: &[u8]) -> String {
    match arguments {
        [] => format!("`{}`", lossy(path)),
        arguments => format!("`{}?{}`", lossy(path), lossy(arguments)),
    }
}

impl<'s> Follow<'_, 's> {
    /// One way in words; the contexts that it comes to are added to `visited`.
    ///
    /// `is_named`: a name of the server is the reason that it takes the request.
    pub(super) fn way(
        &self,
        (server, is_named): (ContextId, bool),
        way: &Way<'s>,
        visited: &mut Vec<ContextId>,
    ) -> TraceWay {
        let mut words = Words { follow: self, server, assumptions: Vec::new(), is_masked: false };
        let mut steps: Vec<TraceStep> =
            way.steps.iter().filter_map(|step| words.step(step, visited)).collect();
        let Words { assumptions, is_masked, .. } = words;
        let configuration = self.configuration();
        let is_given = |level| configuration.context(level).presence == Presence::Given;
        let misses = way.steps.iter().any(|step| matches!(step, Step::NotGiven(_)));
        let is_fragment = !configuration.levels(server).all(is_given);
        let mut whole = match &way.ending {
            Ending::Answered(answered) => {
                visited.push(answered.context);
                // An `if` that was left is what keeps its pass from anything to pass to.
                if let AnsweredBy::NoUpstream(pass) = answered.by {
                    visited.extend(self.model.context_of(pass));
                }
                TraceWay {
                    assumptions,
                    steps,
                    sent: None,
                    answer: self.answered(way, answered, is_masked),
                    after: vec![self.access_log(answered.context, Some(answered.status))],
                    idle: None,
                    fields: self.added_fields(answered.context, Some(answered.status)),
                    possible: Vec::new(),
                }
            }
            Ending::Passed(passed) => {
                visited.push(passed.context);
                steps.extend(self.before_upstream(passed));
                steps.push(self.upstream(passed));
                let answer = self.got(way, passed);
                let after = self.after(passed, &answer);
                let lives = matches!(answer.handshake, Prospect::Succeeds | Prospect::Unknown);
                let idle = if lives { self.idle_limit(passed) } else { None };
                let fields = self.added_fields(passed.context, answer.status);
                TraceWay {
                    assumptions,
                    steps,
                    sent: self.sent(passed, is_masked),
                    answer,
                    after,
                    idle,
                    fields,
                    possible: self.possible(passed),
                }
            }
            Ending::CannotSay(_) => TraceWay {
                assumptions,
                steps,
                sent: None,
                answer: self.shown(self.model.verdict(way, &self.request)),
                after: Vec::new(),
                idle: None,
                fields: Vec::new(),
                possible: Vec::new(),
            },
        };
        let is_open = match whole.answer.handshake {
            Prospect::Fails => misses || (is_fragment && !(is_named && self.model.follows_from_given(way))),
            Prospect::Succeeds => misses,
            Prospect::Unknown | Prospect::NotAsked => false,
        };
        if is_open {
            whole.answer.remarks.push(remark("unless a file that was not given changes it", None));
        }
        if is_open && whole.answer.handshake == Prospect::Fails {
            whole.answer.handshake = Prospect::Unknown;
        }
        whole
    }

    /// `is_masked`: the path comes from a line that may not be shown.
    fn answered(&self, way: &Way<'s>, answered: &Answer<'s>, is_masked: bool) -> TraceAnswer {
        let mut answer = self.shown(self.model.verdict(way, &self.request));
        let is_shown = match answered.by {
            AnsweredBy::Directive(by) => by.may_be_shown(),
            _ => true,
        };
        let location =
            answered.location.as_ref().filter(|_| is_shown && !is_masked && answered.status != 444);
        if let Some(location) = location {
            answer.text.push_str(&format!("; it sends the client to {}", value_words(location)));
        }
        answer.location = location.and_then(|value| value.as_known()).map(lossy);
        answer
    }
}

/// What is kept while the steps of a way are put into words.
struct Words<'f, 'a, 's> {
    follow: &'f Follow<'a, 's>,
    server: ContextId,
    assumptions: Vec<String>,
    /// Whether the path comes from a line that may not be shown.
    is_masked: bool,
}

impl<'s> Words<'_, '_, 's> {
    fn configuration(&self) -> Configuration<'s> {
        self.follow.configuration()
    }

    /// What is taken for true is said once, however often it is asked for.
    fn assume(&mut self, text: String) {
        if !self.assumptions.contains(&text) {
            self.assumptions.push(text);
        }
    }

    fn path(&mut self, path: &[u8], arguments: &[u8], by: Option<&Directive<'_>>) -> String {
        self.is_masked |= by.is_some_and(|line| !line.may_be_shown());
        if self.is_masked { NOT_SHOWN.to_owned() } else { target_words(path, arguments) }
    }

    fn step(&mut self, taken: &Step<'s>, visited: &mut Vec<ContextId>) -> Option<TraceStep> {
        let configuration = self.configuration();
        Some(match taken {
            Step::Set { directive, value } => {
                let shown = if directive.may_be_shown() { value_words(value) } else { NOT_SHOWN.to_owned() };
                let text = format!("`{}`: the value is {shown}", directive.text_line());
                step(Stage::Rewrite, text, Some(place(directive)))
            }
            Step::If { directive, holds, is_known } => {
                let says = if *holds { "holds" } else { "does not hold" };
                let line = format!("`{}`", directive.text_line());
                if !is_known {
                    self.assume(format!("{line} {says}"));
                }
                let how = if *is_known { "" } else { " (assumed: the configuration does not decide it)" };
                step(Stage::Rewrite, format!("{line} {says}{how}"), Some(place(directive)))
            }
            Step::Rewritten { directive, path, arguments } => {
                let target = self.path(path, arguments, Some(directive));
                let text = format!("`{}` changes it to {target}", directive.text_line());
                step(Stage::Rewrite, text, Some(place(directive)))
            }
            Step::Selected { path, selection } => {
                if let Selection::Location(location) = selection {
                    visited.push(*location);
                }
                self.selected(path, selection)
            }
            Step::Limited(context) => {
                visited.push(*context);
                let text = format!(
                    "{} restricts the method, and applies instead of the location",
                    location_words(configuration, *context)
                );
                step(Stage::Access, text, configuration.opener(*context).map(|line| place(&line)))
            }
            Step::Checked { directive, refused, is_known } => {
                let line = format!("`{}`", directive.text_line());
                let says = match refused {
                    Some(status) => format!("refuses with {status}"),
                    None => "lets the request through".to_owned(),
                };
                if !is_known {
                    self.assume(format!("{line} {says}"));
                }
                let how = if *is_known { "" } else { " (assumed: the configuration does not decide it)" };
                step(Stage::Access, format!("{line} {says}{how}"), Some(place(directive)))
            }
            Step::TriedFiles(directive) => {
                self.is_masked |= !directive.may_be_shown();
                let text = format!(
                    "`{}` finds no file (assumed), so its last argument is used",
                    directive.text_line()
                );
                step(Stage::Redirect, text, Some(place(directive)))
            }
            Step::Found { directive, context, path, is_directory } => {
                self.is_masked |= directive.is_some_and(|line| !line.may_be_shown());
                let what = if *is_directory { "directory" } else { "file" };
                let shown = self.path(path, b"", None);
                self.assume(format!("the {what} {shown} exists"));
                let at = match directive {
                    Some(line) => Some(place(line)),
                    None => configuration.opener(*context).map(|line| place(&line)),
                };
                step(Stage::Redirect, format!("the {what} {shown} exists (assumed)"), at)
            }
            Step::Intercepted { passed, status, is_known } => {
                visited.push(passed.context);
                let line = passed.pass.directive;
                let says = format!("`{}` is answered with {status}", line.text_line());
                if !is_known {
                    self.assume(says.clone());
                }
                let text = format!("{says}, and `proxy_intercept_errors` intercepts it");
                step(Stage::Upstream, text, Some(place(&line)))
            }
            Step::ErrorPage { directive, status } => {
                self.is_masked |= !directive.may_be_shown();
                let text = format!("`{}` handles the {status}", directive.text_line());
                step(Stage::Redirect, text, Some(place(directive)))
            }
            Step::Redirected { path, arguments } => {
                let target = self.path(path, arguments, None);
                step(
                    Stage::Redirect,
                    format!("an internal redirect to {target}: processing starts over"),
                    None,
                )
            }
            Step::Named(location) => {
                visited.push(*location);
                let text = format!("on to {}", location_words(configuration, *location));
                step(Stage::Redirect, text, configuration.opener(*location).map(|line| place(&line)))
            }
            Step::NotGiven(gap) => {
                let include = configuration.directive(gap.include);
                let why = match gap.reason {
                    GapReason::NotGiven => "was not given",
                    GapReason::Placeholder => "has a placeholder",
                    GapReason::Budget => "exceeds a limit of this program, so it is not judged here",
                };
                let text = format!("`{}` {why}, and may change what follows", include.text_line());
                step(Stage::NotGiven, text, Some(place(&include)))
            }
        })
    }

    fn selected(&mut self, path: &[u8], selection: &Selection) -> TraceStep {
        let configuration = self.configuration();
        let name =
            |location: ContextId| configuration.opener(location).and_then(|opener| LocationName::of(&opener));
        let line = |context: ContextId| configuration.opener(context).map(|line| place(&line));
        let shown = self.path(path, b"", None);
        let (text, at) = match selection {
            Selection::Location(location) => {
                let why = match name(*location).map(|name| name.modifier) {
                    Some(Modifier::Exact) => "an exact match",
                    Some(Modifier::Prefix) => "the longest prefix, and no regex matches",
                    Some(Modifier::PriorityPrefix) => "the longest prefix, and `^~` skips the regexes",
                    Some(Modifier::Regex | Modifier::CaselessRegex) => "the first regex that matches",
                    Some(Modifier::Named) | None => "led to",
                };
                (
                    format!(
                        "{} for {shown}: {why}",
                        location_words(configuration, *location).trim_start_matches("location ")
                    ),
                    line(*location),
                )
            }
            Selection::Server => {
                let who = server_text(configuration, self.server);
                (format!("none matches {shown}: {who} itself serves it"), line(self.server))
            }
            Selection::SlashRedirect(location) => (
                format!(
                    "{} for {shown}: nginx redirects to its name, because it passes requests on",
                    location_words(configuration, *location).trim_start_matches("location ")
                ),
                line(*location),
            ),
            Selection::CannotSay { location } => (
                format!(
                    "this program cannot evaluate the regex of {}",
                    location_words(configuration, *location)
                ),
                line(*location),
            ),
        };
        let mut found = step(Stage::Location, text, at);
        let rivals = location_rivals(&self.follow.model.locations, self.server, path, selection);
        let more = rivals.len().saturating_sub(MOST_RIVALS);
        for rival in rivals.iter().take(MOST_RIVALS) {
            let words = location_words(configuration, rival.location);
            let words = words.trim_start_matches("location ");
            found
                .remarks
                .push(remark(format!("not {words}: {}", miss_words(rival.why)), line(rival.location)));
        }
        if more > 0 {
            found.remarks.push(Remark {
                text: format!("and {more} more locations that are not selected"),
                place: None,
            });
        }
        if let Selection::Location(location) = selection {
            let around = configuration
                .levels(*location)
                .skip(1)
                .filter(|&level| configuration.context(level).kind == ContextKind::Location);
            for outer in around {
                let text = format!("inside {}", location_words(configuration, outer));
                found.remarks.push(remark(text, line(outer)));
            }
        }
        found
    }
}

fn miss_words(miss: LocationMiss) -> &'static str {
    match miss {
        LocationMiss::BehindExact => "an exact match comes first",
        LocationMiss::Shorter => "a shorter prefix",
        LocationMiss::BehindRegex => "a prefix without `^~`, and a regex comes before it",
        LocationMiss::Later => "a regex that matches too, but comes later",
        LocationMiss::BehindPriority => "a regex that would match, but `^~` skips it",
        LocationMiss::BehindRedirect => "a regex that would match, but the redirect comes first",
        LocationMiss::SlashApart => "a slash at the end makes it another path",
        LocationMiss::CaseApart => "case makes it another path",
    }
}
