//! In which cases something holds, in words: of ways through branches, by what each takes for granted.

/// A condition of a template with whether it holds.
pub(crate) type Premise<'v> = (&'v str, bool);

/// As many cases are told.
const MOST_CASES: usize = 2;

/// As many conditions of a case.
const MOST_CONDITIONS: usize = 4;

/// As many ways are compared.
const MOST_WAYS: usize = 256;

/// `` `a` holds and `b` does not hold, or where `c` holds ``: what tells the ways on which something holds from the others.
/// `None` where that takes too many words, or is not told by conditions.
pub(super) fn cases(with: &[Vec<Premise<'_>>], without: &[Vec<Premise<'_>>]) -> Option<String> {
    if without.is_empty() || with.len() + without.len() > MOST_WAYS {
        return None;
    }
    let mut cases: Vec<Vec<Premise<'_>>> = Vec::new();
    for way in with {
        let is_said = |case: &Vec<Premise<'_>>| case.iter().all(|premise| way.contains(premise));
        if cases.iter().any(is_said) {
            continue;
        }
        let mut case = way.clone();
        if !tells(&case, without) {
            return None;
        }
        // What is asked first decides least.
        let mut at = 0;
        while at < case.len() {
            let premise = case.remove(at);
            if !tells(&case, without) {
                case.insert(at, premise);
                at += 1;
            }
        }
        cases.push(case);
    }
    let is_short = cases.len() <= MOST_CASES && cases.iter().all(|case| case.len() <= MOST_CONDITIONS);
    if !is_short || cases.iter().any(Vec::is_empty) {
        return None;
    }
    let case = |case: &Vec<Premise<'_>>| case.iter().map(shown).collect::<Vec<_>>().join(" and ");
    Some(cases.iter().map(case).collect::<Vec<_>>().join(", or where "))
}

/// What all of these ways take for granted and none of the others: values of an environment do not say which others they
/// exclude.
pub(super) fn common(with: &[Vec<Premise<'_>>], without: &[Vec<Premise<'_>>]) -> Option<String> {
    let first = with.first()?;
    let is_common = |premise: &&Premise<'_>| {
        with.iter().all(|way| way.contains(premise)) && !without.iter().any(|way| way.contains(premise))
    };
    let all: Vec<String> = first.iter().filter(is_common).take(MOST_CONDITIONS).map(shown).collect();
    (!all.is_empty()).then(|| all.join(" and "))
}

/// `` `a` holds ``.
pub(crate) fn shown((text, holds): &Premise<'_>) -> String {
    format!("`{text}` {}", if *holds { "holds" } else { "does not hold" })
}

/// Whether these premises hold on none of the ways.
fn tells(case: &[Premise<'_>], without: &[Vec<Premise<'_>>]) -> bool {
    let contradicts = |way: &Vec<Premise<'_>>| {
        case.iter().any(|(text, holds)| way.iter().any(|(other, is)| other == text && is != holds))
    };
    without.iter().all(contradicts)
}

#[cfg(test)]
mod tests {
    use super::cases;

    #[test]
    fn what_decides_is_told_and_nothing_else() {
        for (with, without, expected) in [
            (
                &[&[("a", true), ("b", true)][..]][..],
                &[&[("a", true), ("b", false)][..]][..],
                Some("`b` holds"),
            ),
            (
                &[&[("a", true), ("b", true)]],
                &[&[("a", true), ("b", false)], &[("a", false), ("b", true)]],
                Some("`a` holds and `b` holds"),
            ),
            // Either of two.
            (
                &[&[("a", true), ("old", true)], &[("a", false)]],
                &[&[("a", true), ("old", false)]],
                Some("`old` holds, or where `a` does not hold"),
            ),
            // Nothing is known of what decides.
            (&[&[]], &[&[("a", true)]], None),
            (&[&[("a", true)]], &[], None),
        ] {
            let all =
                |ways: &[&[(&'static str, bool)]]| ways.iter().map(|way| way.to_vec()).collect::<Vec<_>>();
            assert_eq!(cases(&all(with), &all(without)).as_deref(), expected, "{with:?} {without:?}");
        }
    }
}
