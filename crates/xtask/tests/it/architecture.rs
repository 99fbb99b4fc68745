//! The architecture is what ARCHITECTURE.md says.

use std::collections::{BTreeMap, BTreeSet};

use crate::files::{TextFile, crates, dependencies, manifest, names, read, table, text_files};

const BINARY: &str = "nginx-ws-lint";

/// The files of a crate's own code, tests apart.
fn sources(of: &[&str]) -> Vec<TextFile> {
    let is_source = |file: &TextFile| {
        let mut parts = file.path.split('/');
        file.has_extension(&["rs"])
            && parts.next() == Some("crates")
            && parts.next().is_some_and(|name| of.contains(&name))
            && parts.next() == Some("src")
    };
    text_files().into_iter().filter(is_source).collect()
}

#[test]
fn arrows_are_those_of_the_table() {
    let document = read("ARCHITECTURE.md");
    let rows = table(&document, "crate");
    let said: BTreeMap<String, BTreeSet<String>> =
        rows.iter().map(|row| (row[0].trim_matches('`').to_owned(), names(row[1]))).collect();
    let ours = crates();
    let real = |name: &String| {
        let all = dependencies(&manifest(name), "dependencies");
        (name.clone(), all.into_iter().filter(|one| ours.contains(one)).collect())
    };
    let real: BTreeMap<String, BTreeSet<String>> = ours.iter().map(real).collect();
    assert_eq!(said, real);
}

#[test]
fn every_crate_has_its_line() {
    let document = read("crates/README.md");
    let said: Vec<&str> = table(&document, "crate").iter().map(|row| row[0]).map(link_text).collect();
    let mut sorted: Vec<&str> = said.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, crates());
}

#[test]
fn every_dependency_has_its_reason() {
    let ours = crates();
    let mut used: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for name in &ours {
        for kind in ["dependencies", "dev-dependencies", "build-dependencies"] {
            let all = dependencies(&manifest(name), kind);
            for dependency in all.into_iter().filter(|one| !ours.contains(one)) {
                used.entry(dependency).or_default().insert(name.clone());
            }
        }
    }
    let document = read("crates/README.md");
    let rows = table(&document, "dependency");
    let said: BTreeMap<String, BTreeSet<String>> =
        rows.iter().map(|row| (row[0].trim_matches('`').to_owned(), names(row[1]))).collect();
    assert_eq!(said, used);
    assert!(rows.iter().all(|row| !row[2].is_empty()));
}

#[test]
fn rendering_and_serialisation_stay_at_the_edge() {
    for name in crates() {
        let all = dependencies(&manifest(&name), "dependencies");
        let is_edge = matches!(name.as_str(), "lint-report" | BINARY);
        for edge in ["miette", "serde", "serde_json"] {
            // Logs are JSON on many machines, sessions of a fallback too, and are read where their bytes come in; nothing is
            // written there.
            let reads_json = matches!(name.as_str(), "ws-logs" | "ws-probe") && edge == "serde_json";
            assert!(is_edge || reads_json || !all.contains(edge), "{name} depends on {edge}");
        }
        assert_eq!(all.contains("clap"), name == BINARY, "{name}");
    }
}

/// What runs an nginx is not made for what is proven by it: neither rules nor pages are known there.
#[test]
fn the_harness_of_proofs_knows_nothing_above_it() {
    let mut harness = sources(&["nginx-proof"]);
    harness.retain(|file| file.path.contains("/src/harness/"));
    assert!(harness.len() > 10, "{}", harness.len());
    for TextFile { path, text } in harness {
        assert!(!text.replace("crate::harness", "").contains("crate::"), "{path} names what is above it");
        assert!(!["ws_rules", "lint_engine", "lint_finding"].iter().any(|one| text.contains(one)), "{path}");
    }
}

#[test]
fn only_the_binary_touches_the_system() {
    let inner: Vec<String> = crates()
        .into_iter()
        .filter(|name| !matches!(name.as_str(), BINARY | "fuzz" | "nginx-proof" | "xtask"))
        .collect();
    let inner: Vec<&str> = inner.iter().map(String::as_str).collect();
    let words = [
        "std::fs",
        "std::env",
        "std::net",
        "std::process",
        "fs::",
        "env::",
        ".exists()",
        ".is_dir()",
        ".is_file()",
        ".canonicalize()",
        ".metadata()",
        ".read_dir()",
        ".read_link()",
        "SystemTime",
    ];
    for TextFile { path, text } in sources(&inner) {
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        for line in code {
            // A probe is made for the network.
            let is_meant = |word: &str| word == "std::net" && path.starts_with("crates/ws-probe/");
            let found = words.iter().find(|word| line.contains(*word) && !is_meant(word));
            assert_eq!(found, None, "{path}: {line}");
        }
    }
}

/// What is different on each system is in few files, so that whoever adds one knows where to look.
#[test]
fn few_files_know_the_system() {
    let ours = crates();
    let names: Vec<&str> = ours
        .iter()
        .map(String::as_str)
        .filter(|name| !matches!(*name, "fuzz" | "nginx-proof" | "xtask"))
        .collect();
    let words =
        ["cfg(unix", "cfg(windows", "cfg!(", "os::unix", "os::windows", "os::fd", "rustix", "winapi_util"];
    let is_meant = |path: &str| {
        let of_program = ["system", "disk/handle"].map(|part| format!("crates/{BINARY}/src/{part}"));
        let of_paths = ["nginx-semantics/src/slashes.rs", "lint-report/src/sarif/uri.rs"];
        of_program.iter().any(|part| path.starts_with(part))
            || of_paths.iter().any(|file| path.ends_with(file))
    };
    for TextFile { path, text } in sources(&names).into_iter().filter(|file| !is_meant(&file.path)) {
        // Tests make links and FIFOs.
        if ["tests.rs", "race.rs"].iter().any(|name| path.ends_with(name)) {
            continue;
        }
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for line in code.lines().filter(|line| !line.trim_start().starts_with("//")) {
            let found = words.iter().find(|word| line.contains(*word));
            assert_eq!(found, None, "{path}: {line}");
        }
    }
}

#[test]
fn rules_do_not_read_syntax_trees_from_files() {
    for TextFile { path, text } in sources(&["ws-rules"]) {
        assert!(!text.contains("nginx_syntax::parse"), "{path} parses by itself");
    }
}

/// Each row names its tests as `file` and `function`.
#[test]
fn invariants_name_tests_that_exist() {
    let document = read("ARCHITECTURE.md");
    for row in table(&document, "invariant") {
        let tests: Vec<&str> = row[1].split('`').skip(1).step_by(2).collect();
        assert!(!tests.is_empty(), "{}", row[0]);
        for test in tests {
            let (file, function) = test.rsplit_once("::").unwrap();
            let is_there = read(&format!("crates/{file}")).contains(&format!("fn {function}("));
            assert!(is_there, "{test}");
        }
    }
}

/// `[text](target)`.
fn link_text(cell: &str) -> &str {
    let text = cell.strip_prefix('[').and_then(|rest| rest.split_once(']')).map_or(cell, |(text, _)| text);
    text.trim_matches('`')
}
