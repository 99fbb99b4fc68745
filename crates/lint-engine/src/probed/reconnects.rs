//! The handshakes that followed the first one, each beside what is predicted.

use lint_finding::{AnswerSeen, Difference, DifferenceKind, ProbeSeen, Reconnected};

use super::compare::Comparing;

impl Comparing<'_> {
    /// Those that are answered otherwise than the first one, and than is predicted; alike ones are told once.
    pub(super) fn reconnects(&self) -> Vec<Difference> {
        let Some(all) = &self.seen.reconnects else { return Vec::new() };
        let first = self.seen.answer.as_ref().map(|answer| answer.status);
        let kind = |one: &Reconnected| (one.status, one.failure.as_ref().map(|failure| failure.kind));
        let own = (first, self.seen.failure.as_ref().map(|failure| failure.kind));
        let mut told: Vec<(Vec<usize>, &Reconnected)> = Vec::new();
        for (number, one) in all.each.iter().enumerate().skip(1).filter(|(_, one)| kind(one) != own) {
            match told.iter_mut().find(|(_, known)| kind(known) == kind(one)) {
                Some((numbers, _)) => numbers.push(number + 1),
                None => told.push((vec![number + 1], one)),
            }
        }
        told.into_iter().filter_map(|(numbers, one)| self.reconnect(&numbers, one)).collect()
    }

    fn reconnect(&self, numbers: &[usize], one: &Reconnected) -> Option<Difference> {
        let answer =
            one.status.map(|status| AnswerSeen { status, took_ms: one.took_ms, ..AnswerSeen::default() });
        let seen = ProbeSeen {
            answer,
            failure: one.failure.clone(),
            attempts: self.seen.attempts.clone(),
            tls: self.seen.tls.clone(),
            ..ProbeSeen::default()
        };
        let other = Comparing { seen: &seen, ..*self };
        let predicted = other.predictions();
        if other.agrees(&predicted) != Some(false) {
            return None;
        }
        let which = match numbers {
            [number] => format!("handshake {number}"),
            [first, rest @ ..] => format!("handshake {first} and {} more", rest.len()),
            [] => return None,
        };
        Some(Difference {
            what: DifferenceKind::Status,
            predicted: other.said(&predicted),
            observed: format!("{} ({which})", other.told()),
            reasons: other.reasons(&predicted),
        })
    }
}
