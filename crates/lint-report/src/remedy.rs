//! The remedy of a finding for people: it names the place that it is about.

use std::borrow::Cow;

use lint_finding::{Finding, Outcome};

use crate::position::path_line;

/// What stands in the text of a remedy for the location of the finding's endpoint. A finding knows no paths: how a file is
/// called depends on where the report is read.
const HERE: &str = "this location";

/// So much is shown of a location, in characters: its line is said beside it.
const LONGEST: usize = 120;

/// The first characters of a long text.
fn shortened(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => Cow::Owned(format!("{}...", text.get(..end).unwrap_or_default())),
        None => Cow::Borrowed(text),
    }
}

/// The text of a remedy, in which the location has its name and its line; `None` where there is only a fix.
pub(crate) fn text<'a>(outcome: &Outcome, finding: &'a Finding) -> Option<Cow<'a, str>> {
    finding.help.as_ref().and_then(|_| of(outcome, finding))
}

/// The remedy, in which the location has its name and its line; the title of the fix where there is no text.
pub(crate) fn of<'a>(outcome: &Outcome, finding: &'a Finding) -> Option<Cow<'a, str>> {
    let text = finding.help.as_deref().or_else(|| finding.fix.as_ref().map(|fix| fix.title.as_ref()))?;
    let named = finding.endpoint.as_ref().and_then(|endpoint| {
        let place = endpoint.place.filter(|_| text.contains(HERE))?;
        let named = format!("`location {}` ({})", shortened(&endpoint.location), path_line(outcome, place));
        Some(text.replacen(HERE, &named, 1))
    });
    Some(named.map_or(Cow::Borrowed(text), Cow::Owned))
}
