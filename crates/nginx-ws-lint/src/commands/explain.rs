//! `explain`: the page of a rule, of a cause, or of the manual; from a code or a line of a log to what may cause it.

mod pages;
mod symptom;

use lint_engine::layers::{Preset, find};
use lint_engine::{Settings, UnknownRule, find_rule, similar};
use lint_finding::{Group, Outcome, RuleMeta};
use lint_report::Style;
use ws_rules::RULES;
use ws_rules::symptoms::{Symptom, cause, causes, rules_of, symptoms_of};

use super::given::Given;
use super::lint::now;
use crate::cli::{ExplainArgs, FailOn};
use crate::disk::read_at_most;
use crate::error::Error;
use crate::exit::Exit;
use crate::{markdown, terminal};

/// What an argument of `explain` means.
enum Meant {
    Rule(&'static RuleMeta),
    Cause(&'static str),
    Page(&'static str),
    Layer(&'static Preset),
    Symptoms(Vec<&'static Symptom>),
}

impl Meant {
    fn of(text: &str) -> Result<Self, Error> {
        let rule = find_rule(text);
        if let Ok(rule) = rule {
            return Ok(Self::Rule(rule));
        }
        if let Some(cause) = cause(text) {
            return Ok(Self::Cause(cause.key));
        }
        if let Some(page) = pages::named(text) {
            return Ok(Self::Page(page));
        }
        // As people write it who have it from a heading, a path or an address.
        let lower = text.to_lowercase();
        let plain = lower.rsplit('/').next().filter(|_| !text.contains(char::is_whitespace));
        let plain = plain.unwrap_or_default();
        let plain = plain.split(".md").next().unwrap_or_default();
        if plain != text && is_known(plain) {
            return Self::of(plain);
        }
        if let Some(layer) = find(plain) {
            return Ok(Self::Layer(layer));
        }
        let symptoms = symptoms_of(text);
        if symptoms.is_empty() { Err(unknown(text, rule.err())) } else { Ok(Self::Symptoms(symptoms)) }
    }

    /// In Markdown.
    fn page(&self) -> String {
        match self {
            Self::Rule(rule) => format!("{}\n\n{}\n", header(rule), without_card(rule.docs).trim_end()),
            Self::Cause(key) => symptom::of_cause(key),
            Self::Page(page) => (*page).to_owned(),
            Self::Layer(layer) => symptom::of_layer(layer),
            Self::Symptoms(symptoms) => symptom::page(symptoms),
        }
    }

    /// The rules that it leads to, the likeliest first.
    fn rules(&self) -> Vec<&'static RuleMeta> {
        match self {
            Self::Rule(rule) => vec![rule],
            Self::Cause(key) => rules_of(key),
            Self::Page(_) => Vec::new(),
            Self::Layer(_) => symptom::rules_of_layers(),
            Self::Symptoms(symptoms) => symptom::rules(symptoms),
        }
    }
}

/// Whether a word is a rule, a cause or a page.
pub(crate) fn is_known(word: &str) -> bool {
    find_rule(word).is_ok() || cause(word).is_some() || pages::named(word).is_some()
}

/// Prints what is known of something, and with paths what is found of it there.
pub(crate) fn run(args: &ExplainArgs) -> Result<Exit, Error> {
    let text = match args.what.trim() {
        "-" => stdin()?,
        text => text.to_owned(),
    };
    if text.trim().is_empty() {
        return Err(Error::NothingToExplain);
    }
    let meant = Meant::of(text.trim())?;
    let input = &args.judged.input;
    let found =
        if input.paths.is_empty() && input.host.is_empty() { None } else { Some(lint(args, &meant)?) };
    let style = terminal::style(args.color.color, &args.output, false, true);
    args.output.write(|out| {
        if args.output.is_terminal() || style.color {
            markdown::write(&meant.page(), &style, out)?;
        } else {
            out.write_all(meant.page().as_bytes())?;
        }
        if let Some(found) = &found {
            writeln!(out)?;
            lint_report::human_in_order(found, &Style { verbose: false, ..style }, out)?;
        }
        Ok(())
    })?;
    Ok(found.map_or(Exit::Clean, |outcome| Exit::of(&outcome, FailOn::Info)))
}

/// What the rules in question find, in their order.
fn lint(args: &ExplainArgs, meant: &Meant) -> Result<Outcome, Error> {
    let given = Given::new(&args.judged.input, Some("linting"))?;
    let settings = Settings { now: now(), ..given.settings(&args.judged, true) };
    let mut outcome = given.with(|files, paths, scope| lint_engine::lint(files, paths, scope, &settings));
    args.output.check(&outcome, given.scope())?;
    given.add_unlisted(&mut outcome);
    let rules = meant.rules();
    let rank = |name: &str| rules.iter().position(|rule| rule.name == name);
    // Where nginx does not start, nothing works, whatever the symptom.
    outcome.findings.retain(|finding| finding.is_refusal() || rank(finding.rule.name).is_some());
    outcome.findings.sort_by_key(|finding| rank(finding.rule.name).unwrap_or(0));
    outcome.count_findings();
    Ok(outcome)
}

/// So much is repeated of a line that nothing is known of, in characters.
const LONGEST_SHOWN: usize = 200;

/// So much is read of standard input: one line is explained.
const MOST: u64 = 1 << 20;

fn stdin() -> Result<String, Error> {
    let bytes = read_at_most(std::io::stdin().lock(), MOST, 0).map_err(Error::ReadStdin)?;
    let bytes = bytes.ok_or(Error::StdinTooLarge(MOST))?;
    let text = String::from_utf8_lossy(&bytes);
    Ok(text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default().to_owned())
}

/// The page without the line under its title, of which the header says the same.
fn without_card(page: &str) -> String {
    let mut paragraphs = page.splitn(3, "\n\n");
    let title = paragraphs.next().unwrap_or_default();
    format!("{title}\n\n{}", paragraphs.nth(1).unwrap_or_default())
}

fn header(rule: &RuleMeta) -> String {
    let RuleMeta { name, group, severity, since, .. } = rule;
    format!("{name}: group {group}, severity {severity}, fix {}, since {since}", rule.fix.name())
}

/// A group is known wherever rules are chosen, but has no page.
fn unknown(text: &str, unknown: Option<UnknownRule>) -> Error {
    if let Some(group) = Group::ALL.iter().find(|group| group.name() == text) {
        let rules = RULES.iter().map(|rule| rule.meta()).filter(|rule| rule.group == *group);
        return Error::GroupNotRule { name: text.to_owned(), rules: rules.map(|rule| rule.name).collect() };
    }
    // What has blanks is a sentence; else it is a name with a slip.
    if text.contains(char::is_whitespace) {
        let shown: String = text.chars().take(LONGEST_SHOWN).collect();
        return Error::UnknownSymptom { text: shown };
    }
    let others = causes().iter().map(|cause| cause.key).chain(pages::names());
    let similar = unknown.and_then(|rule| rule.similar).or_else(|| similar(text, others));
    Error::UnknownRule { unknown: UnknownRule { name: text.to_owned(), similar } }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;
    use lint_finding::{FixKind, Severity};

    use super::*;

    #[test]
    fn the_card_is_told_once() {
        assert_eq!(without_card("# a\n\nx · y\n\n## B\n\nC\n"), "# a\n\n## B\n\nC\n");
    }

    #[test]
    fn the_header_is_the_card() {
        let rule = RuleMeta {
            name: "upgrade-missing",
            group: Group::Handshake,
            severity: Severity::Error,
            summary: "",
            since: "0.1.0",
            fix: FixKind::Either,
            tells: lint_finding::Tells::Nothing,
            docs: "",
        };
        assert_eq!(
            header(&rule),
            "upgrade-missing: group handshake, severity error, fix safe or unsafe, since 0.1.0"
        );
    }

    #[test]
    fn help_names_every_page() {
        let command = crate::cli::Cli::command();
        let explain = command.get_subcommands().find(|one| one.get_name() == "explain").unwrap();
        let help = explain.get_after_help().unwrap().to_string();
        let (_, pages) = help.split_once("Pages of the manual:").unwrap();
        let pages =
            pages.split("\n\n").next().unwrap().split([',', ' ', '\n']).filter(|word| !word.is_empty());
        assert!(pages.eq(pages::names()), "{help}");
    }

    #[test]
    fn no_name_means_two_things() {
        assert!(pages::names().all(|name| find_rule(name).is_err() && cause(name).is_none()));
        // A rule and its cause may have the same name: the rule's page says more.
        for cause in causes().iter().filter(|cause| find_rule(cause.key).is_ok()) {
            assert!(cause.rules.contains(&cause.key));
        }
    }
}
