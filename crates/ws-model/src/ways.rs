//! What becomes of handshakes on their way, as several rules ask it: nginx's own answers, and what is to blame for them.

use nginx_semantics::{
    Answer, AnsweredBy, ContextId, ContextKind, Directive, DirectiveName, DirectiveRef, Ending, Exchange,
    LocationName, PassModule, Step, Way,
};

use crate::endpoint::Endpoint;
use crate::evidence::{Evidence, EvidenceKind};
use crate::model::Model;
use crate::paths::LostPath;
use crate::walk::{Probe, Walks, is_settled};

/// What is to blame for an answer of nginx's own.
#[derive(Debug, Clone, Copy)]
pub enum Blame<'s> {
    /// A line.
    Line(Directive<'s>),
    /// A location whose name is the path and a slash.
    Slash(ContextId),
    /// A level that has only files.
    Files(ContextId),
}

/// nginx's own answer to a handshake.
#[derive(Debug, Clone, Copy)]
pub struct Refusal<'e, 's> {
    /// The first path that is answered so.
    pub path: &'e str,
    /// The answer.
    pub answer: &'e Answer<'s>,
    /// What makes it.
    pub blame: Blame<'s>,
    /// What came before.
    pub way: &'e Way<'s>,
}

impl Endpoint<'_> {
    /// The handshakes of an endpoint that are judged together: each path that is known by itself, else all.
    pub fn groups<'p, 's>(&self, probes: &'p [Probe<'s>]) -> Vec<&'p [Probe<'s>]> {
        match probes {
            [] => Vec::new(),
            [first, ..] if self.knows_path(&first.path) => probes.chunks(1).collect(),
            all => vec![all],
        }
    }

    /// Whether the location is `internal` by a line of its own: then something leads to it, a `rewrite` or `X-Accel-Redirect`
    /// of an upstream for one, unless clients are known to ask for the path. A path that the user names may come here from
    /// another location.
    pub fn is_led_to(&self, answer: &Answer<'_>, path: &str) -> bool {
        let AnsweredBy::Internal(line) = answer.by else { return false };
        let mut own = self.configuration.named(self.context, DirectiveName::INTERNAL);
        let is_asked = self.evidence.iter().any(|evidence| {
            let is_sure = matches!(evidence.kind, EvidenceKind::Declared | EvidenceKind::ApplicationPath);
            is_sure && evidence.path.as_deref() == Some(path)
        });
        own.any(|other| other.reference == line.reference) && !is_asked
    }
}

impl<'s> LostPath<'s> {
    /// nginx's own answer to the path.
    pub fn refusal(&self) -> Option<Refusal<'_, 's>> {
        of_ways(&self.path, &self.exchange.ways)
    }
}

impl<'s> Walks<'_, 's> {
    /// nginx's own answer to all handshakes of a group, where all get it for the same reason in the endpoint's own
    /// location, or at its server.
    pub fn refusal<'p>(&self, endpoint: &Endpoint<'_>, group: &'p [Probe<'s>]) -> Option<Refusal<'p, 's>> {
        // What is passed on is not refused, wherever that is.
        if self.straight_to(group.first()?).is_some() {
            return None;
        }
        let own = endpoint.configuration.enclosing(endpoint.context, ContextKind::Location);
        // An `if` with a `proxy_pass` of its own is asked only where its condition holds.
        let opener = endpoint
            .configuration
            .opener(endpoint.context)
            .filter(|opener| opener.name() == DirectiveName::IF);
        let is_entered = |way: &Way<'_>| {
            opener.is_none_or(|opener| {
                way.steps.iter().any(|step| {
                    matches!(step, Step::If { directive, holds: true, .. } if directive.reference == opener.reference)
                })
            })
        };
        let is_own = |way: &Way<'_>| match way.selected() {
            Some(location) => Some(location) == own,
            None => {
                !way.steps.iter().any(|step| matches!(step, Step::Selected { .. } | Step::Rewritten { .. }))
            }
        };
        let mut refusals = group.iter().map(|probe| {
            let exchange = self.exchange(probe);
            let is_own = exchange.ways.iter().all(|way| is_own(way) && is_entered(way));
            answer_of(&probe.path, exchange).filter(|_| is_own)
        });
        let first = refusals.next()??;
        let is_same = |other: Option<Refusal<'_, '_>>| {
            other.is_some_and(|other| {
                (other.answer.status, place_of(other.blame)) == (first.answer.status, place_of(first.blame))
            })
        };
        refusals.all(is_same).then_some(first)
    }

    /// The `try_files` on the way to a named location that finds a directory for a path of the user's: `$uri/` is the folder
    /// of the location itself where the path is its name (`ngx_http_try_files_handler`). A location that is set up for WebSockets beside it says
    /// that the path is a page's.
    pub fn directory(&self, endpoint: &Endpoint<'_>, probe: &Probe<'s>) -> Option<Directive<'s>> {
        let path = probe.path.trim_end_matches('/');
        let is_users = |evidence: &Evidence| {
            evidence.kind == EvidenceKind::Declared && evidence.path.as_deref() == Some(&probe.path)
        };
        if !endpoint.evidence.iter().any(is_users) || self.model.configured_sibling(endpoint).is_some() {
            return None;
        }
        let exchange = self.exchange(probe);
        let way = exchange.only_way().filter(|way| matches!(way.ending, Ending::Passed(_)))?;
        let location = way.selected()?;
        let name = LocationName::of(&self.model.configuration.opener(location)?)?;
        let has_alias = self.model.configuration.named(location, DirectiveName::ALIAS).next().is_some();
        let is_folder = path.is_empty()
            || (has_alias && name.name.strip_suffix(b"/").unwrap_or(&name.name) == path.as_bytes());
        let tried = way.steps.iter().find_map(|step| match step {
            Step::TriedFiles(line) => Some(*line),
            _ => None,
        })?;
        let tries_folder = tried.arguments().any(|word| word.as_ref() == b"$uri/");
        (is_folder && tries_folder).then_some(tried)
    }
}

impl<'s> Model<'s> {
    /// Whether a way ends at an upstream that gets `Upgrade`, or where that cannot be said.
    pub fn may_upgrade(&self, way: &Way<'s>) -> bool {
        match &way.ending {
            Ending::Passed(passed) => match (passed.pass.module, &passed.request) {
                (PassModule::Proxy, Some(request)) => !self.field(request, "Upgrade").sent.is_empty(),
                (PassModule::Proxy | PassModule::Uwsgi | PassModule::Scgi, _) => true,
                (PassModule::Fastcgi | PassModule::Grpc | PassModule::Memcached, _) => false,
            },
            Ending::Answered(answer) => {
                is_about_client(answer)
                    || matches!(answer.by, AnsweredBy::NoUpstream(_) | AnsweredBy::AllDown(_))
            }
            Ending::CannotSay(_) => true,
        }
    }
}

/// The `auth_basic` that refuses a handshake without a password, whatever else is unknown.
pub fn password<'s>(exchange: &Exchange<'s>) -> Option<Directive<'s>> {
    let mut ways = exchange.ways.iter();
    let of = |way: &Way<'s>| match &way.ending {
        Ending::Answered(Answer { status: 401, by: AnsweredBy::Directive(line), .. }) => {
            Some(*line).filter(|line| line.name() == DirectiveName::AUTH_BASIC)
        }
        _ => None,
    };
    let first = ways.next().and_then(of)?;
    ways.all(|way| of(way).is_some()).then_some(first)
}

/// Whether a file that was not given may change a way.
pub fn is_partial(way: &Way<'_>) -> bool {
    way.steps.iter().any(|step| matches!(step, Step::NotGiven(_)))
}

/// nginx's own answer to a path.
fn answer_of<'p, 's>(path: &'p str, exchange: &'p Exchange<'s>) -> Option<Refusal<'p, 's>> {
    is_settled(exchange).then(|| of_ways(path, &exchange.ways))?
}

/// The answer that all ways end with; one that is no question of who asks.
fn of_ways<'p, 's>(path: &'p str, ways: &'p [Way<'s>]) -> Option<Refusal<'p, 's>> {
    let mut all = Vec::new();
    for way in ways {
        let Ending::Answered(answer) = &way.ending else { return None };
        all.push(Refusal { path, answer, blame: blame(way, answer)?, way });
    }
    let is_open = |refusal: &&Refusal<'_, '_>| !is_about_client(refusal.answer);
    all.iter().find(is_open).copied()
}

/// Whether an answer may depend on who asks: on a password, or on what a subrequest says.
pub(crate) fn is_about_client(answer: &Answer<'_>) -> bool {
    let AnsweredBy::Directive(line) = answer.by else { return false };
    matches!(line.name(), DirectiveName::AUTH_BASIC | DirectiveName::AUTH_REQUEST)
}

/// What makes the answer; `None` where it takes the place of one that comes of an upstream, which may be there in time.
fn blame<'s>(way: &Way<'s>, answer: &Answer<'s>) -> Option<Blame<'s>> {
    let leading = way.steps.iter().rev().find_map(|step| match step {
        Step::TriedFiles(line)
        | Step::Rewritten { directive: line, .. }
        | Step::ErrorPage { directive: line, .. } => Some(Blame::Line(*line)),
        _ => None,
    });
    let is_of_upstream = |step: &Step<'_>| matches!(step, Step::ErrorPage { status: 500.., .. });
    if way.steps.iter().any(is_of_upstream) {
        return None;
    }
    match answer.by {
        AnsweredBy::Directive(line) | AnsweredBy::Internal(line) | AnsweredBy::NoNamedLocation(line) => {
            Some(Blame::Line(line))
        }
        AnsweredBy::MissingSlash(location) => Some(Blame::Slash(location)),
        AnsweredBy::NoFile | AnsweredBy::File | AnsweredBy::Directory => {
            Some(leading.unwrap_or(Blame::Files(answer.context)))
        }
        AnsweredBy::RedirectLimit => leading,
        AnsweredBy::NoUpstream(_)
        | AnsweredBy::AllDown(_)
        | AnsweredBy::Intercepted(_)
        | AnsweredBy::BadRequest => None,
    }
}

fn place_of(blame: Blame<'_>) -> (Option<DirectiveRef>, Option<ContextId>) {
    match blame {
        Blame::Line(line) => (Some(line.reference), None),
        Blame::Slash(context) | Blame::Files(context) => (None, Some(context)),
    }
}
