//! How a silent connection ended, beside how long nginx leaves it open.

use lint_finding::{
    Difference, DifferenceKind, HoldEnd, HoldSeen, LikelyReason, Prediction, ReasonKind, TraceIdle,
};
use nginx_semantics::time;
use ws_logs::is_by;

use super::compare::Comparing;
use super::reasons::{is_reached, reason};

impl Comparing<'_> {
    fn hold(&self) -> Option<&HoldSeen> {
        self.seen.hold.as_ref()
    }

    /// Whether nginx's own limit ended the connection.
    pub(super) fn is_ended_by_limit(&self, agrees: Option<bool>) -> bool {
        let limits = self
            .trace
            .runs
            .iter()
            .flat_map(|run| &run.ways)
            .filter_map(|way| way.idle.as_ref()?.milliseconds);
        let Some(hold) = self.hold().filter(|hold| is_without_a_word(&hold.end)) else {
            return false;
        };
        agrees == Some(true) && limits.into_iter().any(|limit| is_by(limit, hold.silent_ms))
    }

    pub(super) fn idle(&self, agreeing: &[&Prediction]) -> Option<Difference> {
        let hold = self.hold()?;
        // The first that agrees speaks for all, unless another one fits.
        let idles: Vec<&TraceIdle> = agreeing.iter().filter_map(|one| one.idle.as_ref()).collect();
        let idle = idles.first()?;
        let limits: Vec<u64> = idles.iter().filter_map(|idle| idle.milliseconds).collect();
        let (shortest, longest) = (*limits.iter().min()?, *limits.iter().max()?);
        let is_ended = is_without_a_word(&hold.end);
        let is_late = hold.silent_ms > longest && !is_by(longest, hold.silent_ms);
        let reasons = match &hold.end {
            _ if is_ended && limits.iter().any(|limit| is_by(*limit, hold.silent_ms)) => return None,
            HoldEnd::StillOpen | HoldEnd::Fin | HoldEnd::FinInFrame | HoldEnd::Reset if is_late => vec![
                reason(ReasonKind::OtherConfiguration, self.other_configuration().text, idle.place),
                reason(
                    ReasonKind::Traffic,
                    "traffic that the probe does not see keeps it open: a layer in front pings nginx itself"
                        .to_owned(),
                    None,
                ),
                reason(
                    ReasonKind::Layer,
                    "another layer in front answers the client, and keeps its side open when nginx closes"
                        .to_owned(),
                    None,
                ),
            ],
            HoldEnd::FinInFrame if hold.silent_ms < shortest => self.breaks_off(),
            HoldEnd::Fin | HoldEnd::Reset if hold.silent_ms < shortest => self.closes_first(),
            HoldEnd::CloseFrame { .. } => vec![reason(
                ReasonKind::BackEnd,
                "nginx sends no close frames: the back end closes, or a proxy that speaks WebSocket itself"
                    .to_owned(),
                None,
            )],
            HoldEnd::NotFrames(_) => vec![reason(
                ReasonKind::BackEnd,
                "nginx passes frames on as they are: the back end sends this, or a proxy that speaks WebSocket itself"
                    .to_owned(),
                None,
            )],
            _ => return None,
        };
        Some(Difference {
            what: DifferenceKind::Idle,
            predicted: self.limit_words(idle),
            observed: how(hold),
            reasons,
        })
    }

    fn limit_words(&self, idle: &TraceIdle) -> String {
        let limit = idle.milliseconds.map_or_else(|| "unknown".to_owned(), time::display_ms);
        let default = if idle.is_default { ", its default" } else { "" };
        format!("nginx closes after {limit} of silence (`{}`{default})", idle.directive)
    }

    /// Why a connection may end in the middle of a frame: somebody was just sending.
    fn breaks_off(&self) -> Vec<LikelyReason> {
        let text = "the back end stopped in the middle of sending a frame: it crashed, was restarted, or closes before it has sent everything";
        let mut all = vec![reason(ReasonKind::BackEnd, text.to_owned(), None)];
        all.extend(self.closes_first().into_iter().filter(|one| one.kind != ReasonKind::BackEnd));
        all
    }

    /// Why a connection may end before nginx ends it, the likeliest first.
    fn closes_first(&self) -> Vec<LikelyReason> {
        let lasted = self.hold().map_or(0, |hold| hold.lasted_ms);
        let reloaded = self.made_possible(|one| one.status.is_none() && is_reached(one.after_ms, lasted));
        let mut all = Vec::new();
        let mut layer = reason(ReasonKind::Layer, "something in front closes first".to_owned(), None);
        layer.layers = self.guesses.to_vec();
        let signed = self.signed();
        // A limit that is known, or a proxy that gives itself away, is more than a guess.
        let is_likely = !self.guesses.is_empty() || !signed.is_empty();
        let back_end = reason(
            ReasonKind::BackEnd,
            "the back end, or something between nginx and it, closes by a timer of its own without a close frame".to_owned(),
            None,
        );
        if is_likely {
            all.push(layer);
            all.extend(signed);
            all.extend(reloaded);
            all.push(self.other_configuration());
            all.extend(self.includes());
            all.push(back_end);
        } else {
            all.extend(reloaded);
            all.push(back_end);
            all.push(self.other_configuration());
            all.extend(self.includes());
            all.push(layer);
        }
        all
    }
}

/// Whether TCP was closed without a close frame before.
fn is_without_a_word(end: &HoldEnd) -> bool {
    matches!(end, HoldEnd::Fin | HoldEnd::FinInFrame | HoldEnd::Reset)
}

/// How a connection ended, in words.
fn how(hold: &HoldSeen) -> String {
    let tenths = hold.silent_ms.saturating_add(50) / 100;
    let silent = format!("{}.{} s", tenths / 10, tenths % 10);
    match &hold.end {
        HoldEnd::StillOpen => format!("still open after {silent} of silence"),
        HoldEnd::CloseFrame { code: Some(code), .. } => {
            format!("a close frame with {code} after {silent} of silence")
        }
        HoldEnd::CloseFrame { code: None, .. } => {
            format!("a close frame without a code after {silent} of silence")
        }
        HoldEnd::FinInFrame => format!("closed (FIN) in the middle of a frame after {silent} of silence"),
        HoldEnd::Reset => format!("reset (RST) after {silent} of silence"),
        HoldEnd::NotFrames(_) => format!("a frame that browsers refuse after {silent} of silence"),
        HoldEnd::Fin | HoldEnd::TooLarge => {
            format!("closed (FIN) after {silent} of silence")
        }
    }
}
