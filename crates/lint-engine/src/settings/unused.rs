//! What a settings file says and nothing comes of: a slip, or what is left of something that is gone.
//!
//! It is said only where all of the file's folder was looked at: who lints one file of a tree has not seen the others.

use std::collections::BTreeSet;
use std::path::PathBuf;

use memchr::memmem;
use nginx_semantics::{DirectiveName, Loaded, PathPattern, Scope, SourceFile, slashed};
use nginx_syntax::lossy;

use super::void;
use super::{ProblemKind, SetPath, SetPattern, SettingsFile, SettingsFiles, SettingsProblem, similar};
use crate::gather::Gathered;

/// The installed folder, to which relative includes lead.
const INSTALLED: &str = "/etc/nginx";

/// So many pairs of an override and a file are looked at for overrides that change nothing; a tree with more is a stress test.
const MOST_FOLLOWED: usize = 1 << 20;

/// Each entry of a file that changes nothing.
pub(crate) fn unused(
    file: &SettingsFile,
    found: &SettingsFiles<'_>,
    loaded: &Loaded,
    scope: &Scope,
    gathered: &Gathered,
) -> Vec<SettingsProblem> {
    let mut problems = Vec::new();
    let read: Vec<String> =
        loaded.sources.iter().filter_map(|(_, source)| below(file, found, source)).collect();
    for root in file.settings.roots.iter().filter(|root| !found.is_there(&file.resolve(root))) {
        let hint = meant(&root.text, &read);
        let message = format!("there is no `{}`, so nothing is judged as this main file{hint}", root.text);
        // It was asked for.
        problems.push(SettingsProblem { span: root.span, message, kind: ProblemKind::Wrong });
    }
    problems.extend(void::at_top(&file.settings));
    let is_whole = scope.named.is_empty() && scope.given.iter().any(|given| file.base.starts_with(given));
    if !is_whole {
        return problems;
    }
    let mut say = |span, message: String| {
        problems.push(SettingsProblem { span, message, kind: ProblemKind::Unused });
    };
    for pattern in &file.settings.excludes {
        let number = compiled(file, pattern)
            .and_then(|pattern| scope.excludes.iter().position(|exclude| *exclude == pattern));
        // One that does not count, for a file nearer to the given path does, is not in vain.
        if number.is_some_and(|number| !loaded.excludes_used.contains(&number)) {
            say(
                pattern.span,
                format!(
                    "this leaves nothing out: no file below its folder matches `{}`{}",
                    pattern.text,
                    meant(&pattern.text, &read)
                ),
            );
        }
    }
    let files: Vec<_> = if file.settings.overrides.is_empty() {
        Vec::new()
    } else {
        loaded
            .sources
            .iter()
            .filter(|(_, file)| !file.is_builtin)
            .map(|(_, file)| found.on_disk(file))
            .collect()
    };
    // Which overrides count for which files.
    let is_followed = file.settings.overrides.len().saturating_mul(files.len()) <= MOST_FOLLOWED;
    let mut of_files: Vec<Vec<usize>> = vec![Vec::new(); if is_followed { files.len() } else { 0 }];
    for (number, one) in file.settings.overrides.iter().enumerate() {
        for pattern in &one.files {
            let compiled = compiled(file, pattern);
            let matches = |path: &PathBuf| compiled.as_ref().is_some_and(|pattern| pattern.matches(path));
            for (_, of_file) in files.iter().zip(&mut of_files).filter(|(path, _)| matches(path)) {
                if of_file.last() != Some(&number) {
                    of_file.push(number);
                }
            }
            if !files.iter().any(matches) {
                let hint = meant(&pattern.text, &read);
                say(pattern.span, format!("no file that is judged matches `{}`{hint}", pattern.text));
            }
        }
    }
    let counting: BTreeSet<Vec<usize>> = of_files.into_iter().collect();
    for problem in void::in_files(&file.settings, &counting) {
        say(problem.span, problem.message);
    }
    for prefix in file.settings.prefix.iter().filter(|prefix| !found.is_there(&file.resolve(prefix))) {
        let hint = meant(&prefix.text, &read);
        say(prefix.span, format!("there is no `{}` to stand for /etc/nginx{hint}", prefix.text));
    }
    for (from, to) in &file.settings.path_maps {
        let from = from.trim_end_matches('/');
        let is_named = || {
            let finder = memmem::Finder::new(from.as_bytes());
            loaded.sources.iter().any(|(_, file)| finder.find(file.bytes()).is_some())
        };
        if !from.starts_with(INSTALLED) && !is_named() {
            say(to.span, format!("nothing that is judged names `{from}`"));
        }
    }
    let hint = |path: &SetPath| {
        let locations: Vec<String> = loaded.sources.iter().flat_map(|(_, file)| locations(file)).collect();
        let meant =
            similar(&path.text, locations.iter().map(String::as_str)).filter(|name| *name != path.text);
        meant.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default()
    };
    for path in file.settings.websocket_paths.iter().filter(|path| !gathered.is_served(&path.text)) {
        say(path.span, format!("no location that proxies serves `{}`{}", path.text, hint(path)));
    }
    for path in file.settings.not_websocket.iter().filter(|path| !gathered.is_denied(&path.text)) {
        let message =
            format!("without this line, `{}` would be no WebSocket endpoint either{}", path.text, hint(path));
        say(path.span, message);
    }
    problems
}

/// A file that was read, by its path from the folder of a settings file; `None` for one that is not below it.
fn below(file: &SettingsFile, found: &SettingsFiles<'_>, source: &SourceFile) -> Option<String> {
    if source.is_builtin {
        return None;
    }
    let path = found.on_disk(source);
    Some(slashed(path.strip_prefix(&file.base).ok()?).into_owned())
}

/// A hint at the file or folder that a path or pattern may be meant for.
fn meant(text: &str, read: &[String]) -> String {
    let text = text.trim_end_matches('/');
    let folders = read.iter().flat_map(|path| path.match_indices('/').filter_map(|(at, _)| path.get(..at)));
    let names = read.iter().map(String::as_str).chain(folders);
    let hint = similar(text, names).filter(|name| *name != text);
    hint.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default()
}

/// What stands behind each `location`, but for its modifier.
fn locations(file: &SourceFile) -> impl Iterator<Item = String> {
    let lines = file.tree.nodes().filter(|node| file.name(*node) == DirectiveName::LOCATION);
    lines.filter_map(|line| file.words(line).last().map(|word| lossy(&file.value(word)).into_owned()))
}

fn compiled(file: &SettingsFile, pattern: &SetPattern) -> Option<PathPattern> {
    PathPattern::new(&file.base, &pattern.text).ok()
}
