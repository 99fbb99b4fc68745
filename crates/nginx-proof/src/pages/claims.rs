//! What a page says in words that can be compared: statuses, messages of `nginx -t`, seconds.

use lint_finding::RuleMeta;

/// Statements of a page outside of its blocks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Claims {
    /// Statuses from 400 that the page names.
    pub(crate) statuses: Vec<u16>,
    /// Statuses from 200 that it names, for what nginx itself answers.
    pub(crate) answers: Vec<u16>,
    /// Whatever stands in backticks; `…` stands for anything.
    pub(crate) quotes: Vec<String>,
    /// The numbers of `after N seconds`.
    pub(crate) seconds: Vec<u64>,
}

/// The headings under which a page says what happens.
const HEADINGS: [&str; 2] = ["Why it breaks WebSockets", "nginx versions"];

impl Claims {
    /// Those of a rule's page.
    pub(crate) fn of(rule: &RuleMeta) -> Self {
        let mut claims = Self::default();
        let sections = rule.docs.split("\n## ").filter_map(|section| section.split_once('\n'));
        for (_, text) in sections.filter(|(title, _)| HEADINGS.contains(title)) {
            claims.quotes.extend(text.split('`').skip(1).step_by(2).map(str::to_owned));
            let words: Vec<&str> =
                text.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).collect();
            let numbers: Vec<u16> = words
                .iter()
                .filter(|word| word.len() == 3)
                .filter_map(|word| word.parse::<u16>().ok())
                .collect();
            claims.statuses.extend(numbers.iter().filter(|status| (400..600).contains(*status)));
            claims.answers.extend(numbers.iter().filter(|status| (200..600).contains(*status)));
            for window in words.windows(3) {
                if let ["after", number, "seconds"] = window {
                    claims.seconds.extend(number.parse::<u64>());
                }
            }
        }
        claims
    }

    /// Whether a message is one that the page quotes, if only in part.
    pub(crate) fn has_message(&self, message: &str) -> bool {
        // A word alone, such as a directive's name, would be in every message.
        self.quotes.iter().filter(|quote| quote.contains(' ')).any(|quote| {
            let mut rest = message;
            quote.split('…').all(|part| match rest.split_once(part) {
                Some((_, after)) => {
                    rest = after;
                    true
                }
                None => false,
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ws_rules::RULES;

    fn claims(name: &str) -> Claims {
        Claims::of(RULES.iter().map(|rule| rule.meta()).find(|rule| rule.name == name).unwrap())
    }

    #[test]
    fn pages_are_read_for_what_they_claim() {
        assert_eq!(claims("wrong-connection-header").statuses, [400, 426]);
        assert_eq!(claims("short-read-timeout").seconds, [60]);
        let include = claims("include-not-found");
        assert!(include.has_message("open() \"a/b.conf\" failed (2: No such file or directory) in x:3"));
        assert!(!include.has_message("include is not allowed here"));
    }
}
