//! The shape of files, so that nobody has to discuss it.

use crate::files::{TextFile, crates, manifest, text_files};

/// What is written by hand, line by line.
const PROSE_AND_CODE: [&str; 8] = ["rs", "md", "toml", "yml", "yaml", "tsv", "conf", "txt"];

fn rust() -> impl Iterator<Item = TextFile> {
    text_files().into_iter().filter(|file| file.has_extension(&["rs"]))
}

#[test]
fn every_source_opens_with_what_it_is() {
    for TextFile { path, text } in rust().filter(|file| file.path.contains("/src/")) {
        assert!(text.starts_with("//! "), "{path}");
    }
}

#[test]
fn no_file_is_called_after_nothing() {
    for TextFile { path, .. } in rust().filter(|file| file.path.contains("/src/")) {
        let name = path.rsplit('/').next().unwrap();
        assert!(!matches!(name, "utils.rs" | "util.rs" | "helpers.rs" | "common.rs" | "misc.rs"), "{path}");
    }
}

#[test]
fn no_file_is_too_long() {
    for TextFile { path, text } in rust() {
        let is_rule = path.starts_with("crates/ws-rules/src/rules/");
        let most = if is_rule { 300 } else { 600 };
        let lines = text.lines().count();
        assert!(lines <= most, "{path} has {lines} lines, more than {most}");
    }
}

#[test]
fn nothing_is_left_to_do() {
    // Written in two parts, so that this file does not find itself.
    let marks = [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("todo", "!("),
        concat!("unimplemented", "!("),
        // What `cargo xtask new-rule` writes where a person has to.
        concat!("FILL", "-IN"),
    ];
    let is_looked_at = |file: &TextFile| {
        // The task itself, and the guide to it, name the mark.
        let is_about_it =
            file.path.starts_with("crates/xtask/src/new_rule/") || file.path == "CONTRIBUTING.md";
        file.has_extension(&["rs", "md"]) && !is_about_it
    };
    for TextFile { path, text } in text_files().into_iter().filter(is_looked_at) {
        let line = text.lines().find(|line| marks.iter().any(|mark| line.contains(mark)));
        assert_eq!(line, None, "{path}");
    }
}

#[test]
fn lines_end_where_their_text_does() {
    for TextFile { path, text } in text_files().iter().filter(|file| file.has_extension(&PROSE_AND_CODE)) {
        let line = text.lines().find(|line| line.ends_with([' ', '\t']));
        assert_eq!(line, None, "{path}: trailing white space");
        assert!(text.is_empty() || text.ends_with('\n'), "{path}: no newline at the end");
        assert!(!text.ends_with("\n\n"), "{path}: empty lines at the end");
        assert!(!text.contains('\r'), "{path}: carriage returns");
    }
}

#[test]
fn folders_are_called_after_their_packages() {
    for name in crates() {
        assert_eq!(manifest(&name)["package"]["name"].as_str(), Some(name.as_str()));
    }
}

#[test]
fn crates_inherit_what_the_workspace_says() {
    for name in crates() {
        let manifest = manifest(&name);
        let is_inherited =
            |table: &toml::Value| table.get("workspace").and_then(toml::Value::as_bool) == Some(true);
        assert!(is_inherited(&manifest["lints"]), "{name}: lints");
        for key in ["version", "edition", "rust-version", "license"] {
            // What proves the rules runs on no user's machine.
            let may_differ = key == "rust-version" && name == "nginx-proof";
            assert!(may_differ || is_inherited(&manifest["package"][key]), "{name}: {key}");
        }
        // What no user runs is not published.
        let is_kept = manifest["package"].get("publish").and_then(toml::Value::as_bool) == Some(false);
        assert_eq!(is_kept, matches!(name.as_str(), "fuzz" | "nginx-proof" | "xtask"), "{name}: publish");
    }
}

#[test]
fn no_file_names_the_machine_it_was_written_on() {
    let home = concat!("/wo", "rk/");
    let scratch = concat!("/t", "mp/");
    for TextFile { path, text } in text_files() {
        for line in text.lines() {
            for (at, _) in line.match_indices(home) {
                let is_inside = line[..at]
                    .ends_with(|before: char| before.is_alphanumeric() || "_-./$}".contains(before));
                let is_pattern = line[at + home.len()..].starts_with(['"', '*', '[']);
                assert!(is_inside || is_pattern, "{path}: {line}");
            }
            assert!(
                path.ends_with(".rs") || path.contains("/snapshots/") || !line.contains(scratch),
                "{path}: {line}"
            );
        }
    }
}
