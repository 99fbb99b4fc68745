//! The causes, as docs/causes.md has them: a test holds its table to this form.

use std::sync::LazyLock;

use crate::RULES;

/// docs/causes.md.
pub const CAUSES_PAGE: &str = include_str!("../../causes.md");

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// Its name, which stays.
    pub key: &'static str,
    /// What is seen, in Markdown.
    pub seen: &'static str,
    /// The names of the rules that report it.
    pub rules: Vec<&'static str>,
    /// Why there is no rule, where there is none.
    pub why_none: Option<&'static str>,
}

/// All causes, in the order of their names.
pub fn causes() -> &'static [Cause] {
    static CAUSES: LazyLock<Vec<Cause>> = LazyLock::new(|| {
        let rows = CAUSES_PAGE.lines().skip_while(|line| !line.starts_with("| cause |")).skip(2);
        rows.map_while(row).collect()
    });
    &CAUSES
}

/// `| key | what is seen | [`rule`](rules/rule.md), … |`
fn row(line: &'static str) -> Option<Cause> {
    let mut cells = line.strip_prefix("| ")?.strip_suffix(" |")?.split(" | ");
    let (key, seen, rules) = (cells.next()?, cells.next()?, cells.next()?);
    let is_linked = |name: &&str| rules.contains(&format!("(rules/{name}.md)"));
    let names = RULES.iter().map(|rule| rule.meta().name);
    Some(Cause {
        key,
        seen,
        rules: names.filter(is_linked).collect(),
        why_none: rules.strip_prefix("none: "),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_the_page_is_a_cause() {
        let rows = CAUSES_PAGE.lines().filter(|line| line.starts_with("| ") && line.contains("](rules/"));
        let of_causes = rows.filter(|line| !line.starts_with("| [`")).count();
        let with_rules = causes().iter().filter(|cause| !cause.rules.is_empty()).count();
        assert_eq!(with_rules, of_causes);
        for cause in causes() {
            assert_eq!(cause.rules.is_empty(), cause.why_none.is_some(), "{}", cause.key);
        }
    }
}
