//! Makes everything that a rule consists of, with [`MARK`] where a person has to write: a test fails while one is left.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use ws_rules::RULES;

use crate::documents::{Document, PAGES};
use crate::{Error, root};

/// What stands where something has to be written.
const MARK: &str = "FILL-IN";

const RULES_FOLDER: &str = "crates/ws-rules/src/rules";
const EXPECTED: &str = "crates/nginx-proof/src/pages/expected.rs";
const CAUSES: &str = "docs/causes.md";
const CHANGELOG: &str = "CHANGELOG.md";

/// `new-rule NAME`.
///
/// # Errors
/// Wrong usage, a name that is taken or not in kebab case, a file that is not as it is expected to be.
pub fn new_rule(arguments: &[String]) -> Result<(), Error> {
    let [name] = arguments else { return Err(Error::Usage) };
    if !is_kebab_case(name) {
        return Err(Error::Usage);
    }
    if RULES.iter().any(|rule| rule.meta().name == name) {
        return Err(Error::Taken(name.clone()));
    }
    // Nothing is written unless all of it can be made.
    let documents = documents(name)?;
    let mut told = String::new();
    for Document { path, text } in &documents {
        let full = root().join(path);
        fs::write(&full, text).map_err(|error| Error::file(&full, error))?;
        told.push_str(&format!("wrote {}\n", path.display()));
    }
    told.push_str(&format!(
        "CONTRIBUTING.md, section \"A rule\", says what comes next; `{MARK}` marks each place.\n"
    ));
    let out = io::stderr().lock().write_all(told.as_bytes());
    out.map_err(|error| Error::file(Path::new("standard error"), error))
}

fn is_kebab_case(name: &str) -> bool {
    let is_word = |word: &str| {
        !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    name.starts_with(|first: char| first.is_ascii_lowercase()) && name.split('-').all(is_word)
}

/// The new files, and the old ones with their new lines.
fn documents(name: &str) -> Result<Vec<Document>, Error> {
    let file = name.replace('-', "_");
    let type_name = type_name(name);
    let template = |text: &str| {
        let text = text.replace("NAME", name).replace("TYPE", &type_name).replace("FILE", &file);
        text.replace("VERSION", env!("CARGO_PKG_VERSION"))
    };
    let folder = Path::new(RULES_FOLDER);
    let registry = folder.join("mod.rs");
    let edited = |path: &Path, edit: &dyn Fn(&str) -> Option<String>| {
        let full = root().join(path);
        let text = fs::read_to_string(&full).map_err(|error| Error::file(&full, error))?;
        let text = edit(&text).ok_or(Error::Malformed { path: full })?;
        Ok(Document { path: path.to_owned(), text })
    };
    let module = format!("mod {file};");
    let entry = format!("    &{file}::{type_name},");
    let expected = format!("    Expected {{ rule: \"{name}\", ..ANY }},");
    let row = format!(
        "| [`{name}`](rules/{name}.md) | {MARK} why it stands for no cause, or move it to the row of one. |"
    );
    let change = format!("- Rule `{name}`: {MARK} what it finds.");
    Ok(vec![
        Document { path: folder.join(format!("{file}.rs")), text: template(include_str!("rule.rs.txt")) },
        Document {
            path: Path::new(PAGES).join(format!("{name}.md")),
            text: template(include_str!("page.md.txt")),
        },
        edited(&registry, &|text| {
            let text =
                sorted_in(text, "\nmod ", &module, |line| line.strip_prefix("mod ")?.strip_suffix(';'))?;
            sorted_in(&text, "pub static RULES", &entry, |line| {
                line.strip_prefix("    &")?.split("::").next()
            })
        })?,
        edited(Path::new(EXPECTED), &|text| {
            let key = |line: &str| -> Option<String> {
                line.split("rule: \"").nth(1)?.split('"').next().map(str::to_owned)
            };
            into_slice(text, "EXPECTED: &[Expected]", &expected, key)
        })?,
        edited(Path::new(CAUSES), &|text| {
            sorted_in(text, "\n| rule |", &row, |line| line.strip_prefix("| [`")?.split('`').next())
        })?,
        edited(Path::new(CHANGELOG), &|text| {
            let added = text.find("### Added\n")?;
            let end = added + text.get(added..)?.find("\n\n### ")?;
            Some(format!("{}\n{change}{}", text.get(..end)?, text.get(end..)?))
        })?,
    ])
}

/// `small-header-buffers` → `SmallHeaderBuffers`.
fn type_name(name: &str) -> String {
    let word = |word: &str| {
        let mut characters = word.chars();
        characters.next().map(|first| first.to_ascii_uppercase().to_string() + characters.as_str())
    };
    name.split('-').filter_map(word).collect()
}

/// Puts a line into the first run of lines that have a key, from some text on, where it belongs by its own key.
fn sorted_in(text: &str, from: &str, line: &str, key: impl Fn(&str) -> Option<&str>) -> Option<String> {
    let from = text.find(from)?;
    let own = key(line)?;
    let mut place = None;
    let mut at = 0;
    for old in text.split_inclusive('\n') {
        let start = at;
        at += old.len();
        if at <= from {
            continue;
        }
        match key(old.trim_end()) {
            Some(other) if other < own => place = Some(at),
            Some(_) => return inserted(text, start, line),
            None if place.is_some() => break,
            None => {}
        }
    }
    inserted(text, place?, line)
}

/// Puts a line into a slice whose elements begin with four spaces and `Expected {` and may go on over several lines.
fn into_slice(text: &str, from: &str, line: &str, key: impl Fn(&str) -> Option<String>) -> Option<String> {
    let from = text.find(from)?;
    let end = from + text.get(from..)?.find("\n];")? + 1;
    let own = key(line)?;
    let mut at = from;
    let elements = text.get(from..end)?.match_indices("\n    Expected {").map(|(place, _)| from + place + 1);
    for place in elements.chain([end]) {
        at = place;
        if key(text.get(place..)?).is_none_or(|other| other > own) || place == end {
            break;
        }
    }
    inserted(text, at, line)
}

fn inserted(text: &str, at: usize, line: &str) -> Option<String> {
    Some(format!("{}{line}\n{}", text.get(..at)?, text.get(at..)?))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    #[test]
    fn each_line_goes_to_its_place() {
        for (name, before, after) in [
            ("aaa", "", "access-log-off"),
            ("small-response-buffer", "small-header-buffers", "stale-upstream-address"),
            ("zzz", "wrong-upgrade-header", ""),
        ] {
            let documents: Vec<PathBuf> = documents(name).unwrap().into_iter().map(|one| one.path).collect();
            assert_eq!(documents.len(), 6);
            let text = |path: &str| {
                let all = super::documents(name).unwrap();
                all.into_iter().find(|one| one.path == Path::new(path)).unwrap().text
            };
            let between = |text: &str, own: &str, shown: &dyn Fn(&str) -> String| {
                let line = text.lines().position(|line| line.contains(own)).unwrap();
                let lines: Vec<&str> = text.lines().collect();
                let near =
                    |name: &str, lines: &[&str]| name.is_empty() || lines.join("\n").contains(&shown(name));
                assert!(near(before, &lines[line.saturating_sub(8)..line]), "{name} behind {before}: {own}");
                assert!(
                    near(after, &lines[line + 1..(line + 9).min(lines.len())]),
                    "{name} before {after}: {own}"
                );
            };
            let file = |name: &str| name.replace('-', "_");
            let registry = text("crates/ws-rules/src/rules/mod.rs");
            between(&registry, &format!("mod {};", file(name)), &|name| format!("mod {};", file(name)));
            between(&registry, &format!("    &{}::", file(name)), &|name| format!("    &{}::", file(name)));
            between(&text(EXPECTED), &format!("rule: \"{name}\""), &|name| format!("rule: \"{name}\""));
            assert!(text(CHANGELOG).contains(&format!("\n- Rule `{name}`: {MARK}")));
            let causes = text(CAUSES);
            let rows: Vec<&str> = causes.split("| rule |").nth(1).unwrap().lines().skip(2).collect();
            let rows: Vec<&str> = rows.into_iter().take_while(|row| row.starts_with("| [")).collect();
            assert!(rows.is_sorted() && rows.iter().any(|row| row.contains(name)), "{rows:#?}");
        }
    }

    #[test]
    fn names_are_contracts() {
        assert_eq!(type_name("http2-only-listener"), "Http2OnlyListener");
        for (name, is_good) in
            [("small-buffer", true), ("Small", false), ("a--b", false), ("2fast", false), ("", false)]
        {
            assert_eq!(is_kebab_case(name), is_good, "{name}");
        }
    }
}
