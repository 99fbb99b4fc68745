//! Ways that depend on what no configuration says: what answers a subrequest.

use std::sync::Arc;

use lint_finding::{Prospect, Responder, TraceWay};
use nginx_semantics::{ContextId, Directive, DirectiveName, Ending, Step, Way};
use ws_model::Reading;

use super::Follow;
use super::choice::{answer, place, unfollowed};

impl<'s> Follow<'_, 's> {
    /// What may happen instead on a way whose words are `words`.
    pub(super) fn besides(&self, server: ContextId, way: &Way<'s>, words: &TraceWay) -> Vec<TraceWay> {
        let mut all = Vec::new();
        // The words of a way begin with those of its steps, one each.
        for (index, step) in way.steps.iter().enumerate() {
            let until = || words.steps.iter().take(index).cloned().collect::<Vec<_>>();
            match step {
                Step::Checked { directive, refused: None, .. }
                    if directive.name() == DirectiveName::AUTH_REQUEST
                        && self.upgrades(server, directive) =>
                {
                    let assumption = format!(
                        "the back end of `{}` treats the subrequest as a handshake and switches protocols",
                        directive.text_line()
                    );
                    let text =
                        "no answer: nginx closes the connection over `connection upgrade in subrequest`";
                    all.push(self.instead(
                        words,
                        until(),
                        assumption,
                        None,
                        Responder::Nobody,
                        text.to_owned(),
                        directive,
                    ));
                }
                _ => {}
            }
        }
        if let Ending::Passed(passed) = &way.ending {
            let mirrors = passed.also.iter().filter(|line| line.name() == DirectiveName::MIRROR);
            for line in mirrors.filter(|line| self.upgrades(server, line)) {
                let assumption = format!(
                    "the back end that gets the copy of `{}` treats it as a handshake and switches protocols",
                    line.text_line()
                );
                let text = "nginx closes the connection over `connection upgrade in subrequest`, before the 101 or soon after it";
                let steps = words.steps.clone();
                all.push(self.instead(
                    words,
                    steps,
                    assumption,
                    None,
                    Responder::Nobody,
                    text.to_owned(),
                    line,
                ));
            }
        }
        all
    }

    #[expect(clippy::too_many_arguments, reason = "one place that builds them all")]
    fn instead(
        &self,
        words: &TraceWay,
        steps: Vec<lint_finding::TraceStep>,
        assumption: String,
        status: Option<u16>,
        by: Responder,
        text: String,
        line: &Directive<'_>,
    ) -> TraceWay {
        let prospect = if self.query.is_plain { Prospect::NotAsked } else { Prospect::Fails };
        let answer = answer(status, by, text, Some(place(line)), prospect);
        let mut assumptions = words.assumptions.clone();
        assumptions.push(assumption);
        TraceWay { assumptions, steps, ..unfollowed(answer) }
    }

    /// Whether the subrequest of a line is a handshake to whoever gets it.
    fn upgrades(&self, server: ContextId, line: &Directive<'s>) -> bool {
        if self.query.is_plain {
            return false;
        }
        let uri = line.argument(0).unwrap_or_default();
        let exchange = self.exchanges().run_subrequest(server, Arc::clone(&self.request), &uri);
        exchange.ways.iter().any(|way| match &way.ending {
            Ending::Passed(passed) => passed
                .request
                .as_ref()
                .is_some_and(|request| self.model.reading(request) == Reading::Switches),
            Ending::Answered(_) | Ending::CannotSay(_) => false,
        })
    }
}
