//! One finding, in however many contexts it holds.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use lint_finding::{Applicability, EndpointName, FileId, Finding, Fix, Label, LabelRole, Place, Text};

use crate::plan::Plan;

/// The label of a further place of a finding about the whole.
const HERE_TOO: &str = "here too";

/// As many further places of a finding are pointed at.
const MOST_PLACES: usize = 4;

/// One configuration of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part {
    /// Its number.
    pub(super) number: usize,
    /// The same for all ways through the branches of templates.
    pub(super) kin: Option<FileId>,
}

/// In how many places a line is in effect. Of ways through the branches of templates, no two are there at once.
#[derive(Debug, Default)]
struct Places {
    /// On other main files than the last.
    before: usize,
    /// On the way that has most, of the ways of the last.
    most: usize,
    /// On the last way.
    last: usize,
    part: Option<Part>,
}

impl Places {
    fn add(&mut self, part: Option<Part>) {
        let is_kin = |other: Part| part.is_some_and(|part| part.kin.is_some() && part.kin == other.kin);
        match self.part {
            _ if self.part == part => {}
            Some(other) if is_kin(other) => self.last = 0,
            _ => {
                self.before += std::mem::take(&mut self.most);
                self.last = 0;
            }
        }
        self.part = part;
        self.last += 1;
        self.most = self.most.max(self.last);
    }

    fn count(&self) -> usize {
        self.before + self.most
    }
}

/// A finding with the contexts in which it holds. All findings of a run are kept as these until its end, so what few of
/// them have is in boxes.
#[derive(Debug)]
pub(super) struct Merged {
    /// The most severe one, without its fixes.
    pub(super) finding: Finding,
    contexts: usize,
    places: Places,
    /// The endpoint of the first context, where the finding is that of another one.
    first: Option<Box<EndpointName>>,
    /// The number of the configuration that said it first; `None` for what is said of files and of several nginxes.
    pub(super) part: Option<usize>,
    /// The numbers of all configurations that said it, each once.
    pub(super) parts: Vec<usize>,
    /// At how many further lines it holds, where one finding speaks for the whole main file.
    more: usize,
    fix: MergedFix,
    /// What `--unsafe-fixes` writes: the fix of each context that has nothing more. `None` while none of them has more: it
    /// is the same as `fix` then.
    unsafe_fix: Option<Box<MergedFix>>,
}

impl Merged {
    pub(super) fn new(mut finding: Finding, part: Option<Part>) -> Self {
        finding.labels.shrink_to_fit();
        let fix = MergedFix::new(finding.fix.take());
        let unsafe_fix = finding.unsafe_fix.take().map(|fix| Box::new(MergedFix::One(fix)));
        let mut places = Places::default();
        places.add(part);
        let part = part.map(|part| part.number);
        let parts = part.into_iter().collect();
        Self { finding, contexts: 1, places, first: None, part, parts, more: 0, fix, unsafe_fix }
    }

    /// Adds the same of one more context; the highest severity and confidence are kept.
    pub(super) fn add(&mut self, mut finding: Finding, part: Option<Part>) {
        self.contexts += 1;
        self.places.add(part);
        self.parts.extend(part.map(|part| part.number).filter(|number| !self.parts.contains(number)));
        self.add_fixes(finding.fix.take(), finding.unsafe_fix.take());
        let confidence = self.finding.confidence.max(finding.confidence);
        if finding.severity > self.finding.severity {
            finding.labels.shrink_to_fit();
            let before = std::mem::replace(&mut self.finding, finding);
            self.first = self.first.take().or(before.endpoint);
        }
        self.finding.confidence = confidence;
    }

    fn add_fixes(&mut self, fix: Option<Box<Fix>>, unsafe_fix: Option<Box<Fix>>) {
        if unsafe_fix.is_some() || self.unsafe_fix.is_some() {
            let all = self.unsafe_fix.get_or_insert_with(|| Box::new(self.fix.clone()));
            all.add(unsafe_fix.or_else(|| fix.clone()));
        }
        self.fix.add(fix);
    }

    /// In how many contexts it holds.
    pub(super) fn contexts(&self) -> usize {
        self.contexts
    }

    /// Whether one finding speaks for all of the configuration.
    pub(super) fn is_once_per_root(&self) -> bool {
        self.finding.rule.is_once_per_root()
    }

    /// Adds the same, said of another place.
    pub(super) fn join(&mut self, other: Self) {
        self.more += 1;
        let here_too = |label: &&Label| label.message == HERE_TOO;
        if self.finding.labels.iter().filter(here_too).count() < MOST_PLACES {
            let (place, message) = (other.finding.primary.place, Text::Borrowed(HERE_TOO));
            self.finding.labels.push(Label { place, message, role: LabelRole::Context });
        }
        let Self { fix, unsafe_fix, .. } = other;
        if unsafe_fix.is_some() || self.unsafe_fix.is_some() {
            let all = self.unsafe_fix.get_or_insert_with(|| Box::new(self.fix.clone()));
            all.add(unsafe_fix.map_or_else(|| fix.clone(), |all| *all).finish());
        }
        self.fix.add(fix.finish());
    }

    /// The finding with its fixes, which says in how many contexts and places it holds, where there is more than one.
    pub(super) fn finish(self) -> Finding {
        let Self { mut finding, places, first, fix, unsafe_fix, more, .. } = self;
        let contexts = places.count();
        finding.fix = fix.finish();
        finding.unsafe_fix =
            unsafe_fix.filter(|_| is_safe(&finding)).and_then(|unsafe_fix| unsafe_fix.finish());
        if let Some(first) = first.as_ref().or(finding.endpoint.as_ref()).filter(|_| contexts > 1) {
            let server = if first.server.is_empty() { "without a name" } else { &first.server };
            let note = format!(
                "the line is in effect in {contexts} places, the first in server {server}, location {}",
                first.location
            );
            add_to_help(&mut finding, &note);
        }
        if more > 0 {
            let places = if more == 1 { "one more place".to_owned() } else { format!("{more} more places") };
            add_to_help(&mut finding, &format!("the same holds at {places} of this configuration"));
        }
        finding
    }
}

/// What makes two findings the same one in several contexts: place and rule, and what is said where it is not about an
/// endpoint, for one place may have several things wrong with it.
pub(super) fn key(finding: &Finding) -> (Place, &str, &str) {
    (finding.primary.place, finding.rule.name, said(finding))
}

fn said(finding: &Finding) -> &str {
    if finding.endpoint.is_none() { &finding.message } else { "" }
}

/// The order of findings whose files are in order already.
pub(super) fn order(one: &Finding, other: &Finding) -> Ordering {
    let (here, there) = (one.primary.place, other.primary.place);
    (here.span, one.rule.name)
        .cmp(&(there.span, other.rule.name))
        // The most severe one speaks for the others.
        .then_with(|| other.severity.cmp(&one.severity))
        .then_with(|| (here.file, said(one)).cmp(&(there.file, said(other))))
}

/// One finding for each main file of what is about the whole of it: the first, with the places and edits of the others.
pub(super) fn once_per_root(
    all: Vec<Merged>,
    in_order: impl Fn(&Finding, &Finding) -> Ordering,
) -> Vec<Merged> {
    let (mut of_roots, mut kept): (Vec<Merged>, Vec<Merged>) =
        all.into_iter().partition(|merged| merged.is_once_per_root() && merged.part.is_some());
    // The most severe one speaks for the others.
    of_roots.sort_by(|one, other| {
        let (one, other) = (&one.finding, &other.finding);
        other.severity.cmp(&one.severity).then_with(|| in_order(one, other))
    });
    let mut first: BTreeMap<(&'static str, Option<usize>), usize> = BTreeMap::new();
    for merged in of_roots {
        let number = *first.entry((merged.finding.rule.name, merged.part)).or_insert(kept.len());
        match kept.get_mut(number) {
            Some(this) => this.join(merged),
            None => kept.push(merged),
        }
    }
    kept
}

/// Whether it has an edit that may be applied unseen.
pub(super) fn is_safe(finding: &Finding) -> bool {
    finding.fix.as_ref().is_some_and(|fix| fix.applicability == Applicability::Safe)
}

fn add_to_help(finding: &mut Finding, note: &str) {
    match &mut finding.help {
        Some(help) => {
            let help = help.to_mut();
            help.push('\n');
            help.push_str(note);
        }
        None => finding.help = Some(note.to_owned().into()),
    }
}

/// The fix of all contexts of a finding.
#[derive(Debug, Clone)]
enum MergedFix {
    /// One of them has none, or they do not go together: what one server needs in a shared file may be wrong for another.
    Never,
    /// The same in all of them.
    One(Box<Fix>),
    /// The first one, with the applicability of them all, and what cures it in all of them.
    Several(Box<(Fix, Plan)>),
}

impl MergedFix {
    fn new(fix: Option<Box<Fix>>) -> Self {
        fix.map_or(Self::Never, Self::One)
    }

    fn add(&mut self, fix: Option<Box<Fix>>) {
        *self = match (std::mem::replace(self, Self::Never), fix) {
            (Self::Never, _) | (_, None) => Self::Never,
            (Self::One(mut first), Some(fix)) if first.edits == fix.edits => {
                first.applicability = first.applicability.max(fix.applicability);
                Self::One(first)
            }
            (Self::One(first), Some(fix)) => {
                let mut plan = Plan::default();
                if plan.add(&first.edits) { Self::both(*first, plan, &fix) } else { Self::Never }
            }
            (Self::Several(both), Some(fix)) => Self::both(both.0, both.1, &fix),
        };
    }

    fn both(mut first: Fix, mut plan: Plan, fix: &Fix) -> Self {
        if !plan.agrees(&fix.edits) || !plan.add(&fix.edits) {
            return Self::Never;
        }
        first.applicability = first.applicability.max(fix.applicability);
        Self::Several(Box::new((first, plan)))
    }

    fn finish(self) -> Option<Box<Fix>> {
        match self {
            Self::Never => None,
            Self::One(fix) => Some(fix),
            Self::Several(both) => Some(Box::new(Fix { edits: both.1.into_edits(), ..both.0 })),
        }
    }
}

#[cfg(test)]
mod tests {
    use lint_finding::{Edit, FileId};
    use nginx_syntax::Span;

    use super::*;

    fn fix(title: &'static str, edits: &[(u32, &str)], applicability: Applicability) -> Box<Fix> {
        let edit = |(at, text): &(u32, &str)| Edit {
            place: Place { file: FileId(0), span: Span::at(*at) },
            replacement: text.as_bytes().to_vec(),
        };
        Box::new(Fix { title: title.into(), applicability, edits: edits.iter().map(edit).collect() })
    }

    fn merged(fixes: impl IntoIterator<Item = Option<Box<Fix>>>) -> Option<Box<Fix>> {
        let mut fixes = fixes.into_iter();
        let mut merged = MergedFix::new(fixes.next().unwrap());
        fixes.for_each(|fix| merged.add(fix));
        merged.finish()
    }

    #[test]
    fn a_fix_cures_all_contexts_or_is_none() {
        use Applicability::{Safe, Unsafe};
        let one = || Some(fix("one", &[(2, "a\n"), (5, "b\n")], Safe));
        let other = || Some(fix("other", &[(2, "a\n"), (7, "c\n")], Unsafe));
        let clashing = || Some(fix("clashing", &[(2, "d\n")], Safe));
        let both = Some(fix("one", &[(2, "a\n"), (5, "b\n"), (7, "c\n")], Unsafe));
        assert_eq!(merged([one()]), one());
        assert_eq!(merged([one(), one(), one()]), one());
        assert_eq!(merged([one(), other()]), both);
        assert_eq!(merged([one(), one(), other(), one()]), both);
        for with_none in [
            vec![None],
            vec![None, one()],
            vec![one(), None, one()],
            vec![one(), clashing()],
            vec![one(), other(), clashing(), one()],
        ] {
            assert_eq!(merged(with_none), None);
        }
    }
}
