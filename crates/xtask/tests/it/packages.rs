//! What is installed says the same everywhere: names, versions and the README's first screen.

use crate::files::{read, text_files};

fn toml(path: &str) -> toml::Table {
    read(path).parse().unwrap()
}

/// Of all crates.
fn version() -> String {
    let manifest = read("Cargo.toml");
    let (_, rest) = manifest.split_once("\nversion = \"").unwrap();
    rest.split_once('"').unwrap().0.to_owned()
}

#[test]
fn what_pre_commit_installs_is_the_wheel_of_the_same_version() {
    let stub = toml("pyproject.toml");
    assert_eq!(stub["project"]["version"].as_str(), Some(version().as_str()));
    let wheel = toml("crates/nginx-ws-lint/pyproject.toml");
    let name = wheel["project"]["name"].as_str().unwrap();
    let needed: Vec<&str> =
        stub["project"]["dependencies"].as_array().unwrap().iter().filter_map(toml::Value::as_str).collect();
    assert_eq!(needed, [format!("{name}=={}", version())]);
    // The wheel takes its version from the crate.
    assert_eq!(wheel["project"]["dynamic"].as_array().unwrap()[0].as_str(), Some("version"));
}

#[test]
fn what_pre_commit_compiles_is_the_program_that_the_hook_runs() {
    let manifest = toml("Cargo.toml");
    let binary = manifest["bin"][0]["name"].as_str().unwrap();
    let hooks = read(".pre-commit-hooks.yaml");
    let (_, hook) = hooks.split_once("- id: nginx-ws-lint-rust\n").unwrap();
    assert!(hook.contains(&format!("  entry: {binary}\n  language: rust\n")), "{hook}");
}

#[test]
fn our_crates_are_asked_for_in_the_version_that_they_have() {
    let manifest = toml("Cargo.toml");
    for (name, dependency) in manifest["workspace"]["dependencies"].as_table().unwrap() {
        if dependency.get("path").is_some() && name != "fuzz" {
            assert_eq!(
                dependency.get("version").and_then(toml::Value::as_str),
                Some(version().as_str()),
                "{name}"
            );
        }
    }
}

#[test]
fn the_oldest_rust_is_the_one_that_the_documents_name() {
    let manifest = toml("Cargo.toml");
    let oldest = manifest["workspace"]["package"]["rust-version"].as_str().unwrap();
    for path in ["README.md", "CONTRIBUTING.md", "docs/ci.md"] {
        assert!(read(path).contains(oldest), "{path} does not name Rust {oldest}");
    }
}

#[test]
fn the_readme_is_short_and_begins_with_how_to_run_it() {
    let readme = read("README.md");
    assert!(readme.lines().count() < 200, "{} lines", readme.lines().count());
    let first_screen: Vec<&str> = readme.lines().take(24).collect();
    assert!(first_screen.iter().any(|line| line.contains("nginx-ws-lint -- fixtures/demo")));
    assert!(first_screen.contains(&"## What it finds"));
}

/// An action by its tag may be another one tomorrow.
#[test]
fn actions_are_pinned_by_commit() {
    let is_workflow =
        |path: &str| path.starts_with(".github/workflows/") || path == "action.yml" || path == "docs/ci.md";
    let mut pinned = 0;
    for file in text_files().into_iter().filter(|file| is_workflow(&file.path)) {
        for line in
            file.text.lines().filter_map(|line| line.trim_start_matches([' ', '-']).strip_prefix("uses: "))
        {
            // Our own, in an example.
            if line == "OWNER/nginx-ws-lint@COMMIT" {
                continue;
            }
            let (_, reference) = line.split_once('@').unwrap();
            let (commit, tag) = reference.split_once(" # v").unwrap_or((reference, ""));
            let is_commit = commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
            assert!(is_commit && !tag.is_empty(), "{}: {line}", file.path);
            pinned += 1;
        }
    }
    assert!(pinned > 5, "{pinned}");
}
