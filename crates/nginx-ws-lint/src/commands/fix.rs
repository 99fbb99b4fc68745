//! Applies fixes, or shows what they would change.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use lint_engine::{Fixed, Ignored, Settings, Which};
use lint_finding::{Notice, NoticeCode, Outcome};
use lint_report::DiffFor;
use nginx_semantics::{Files, Scope, is_dump};

use super::given::Given;
use super::{lint, say_silenced, to_stderr};
use crate::cli::{Color, LintArgs};
use crate::disk::Disk;
use crate::error::Error;
use crate::exit::Exit;
use crate::replace::{Replacer, remove_leftovers, wait_for_whole_files};
use crate::reports::Reports;
use crate::{say, terminal};

/// Fixes what the arguments name, and writes what is left.
pub(super) fn run(args: &LintArgs, given: &Given, settings: &Settings) -> Result<Exit, Error> {
    let reports = Reports::new(args)?;
    let which = if args.fixing.unsafe_fixes { Which::All } else { Which::Safe };
    let is_dry = args.fixing.diff;
    if !is_dry && given.stdin().is_none() {
        wait_for_whole_files().map_err(Error::Signals)?;
    }
    let scope = given.scope().clone();
    let replacer = Replacer::new(given.disk(), &scope.given);
    let stdin: Option<(PathBuf, Vec<u8>)> =
        given.stdin().map(|(path, bytes)| (path.to_owned(), bytes.to_owned()));
    let may_edit = |path: &Path, old: &[u8]| match &stdin {
        // What a patch of it says can be read, and made in the files that it was printed from.
        _ if !is_dry && is_dump(old) => {
            Err("it is what `nginx -T` printed; --diff shows the edits of the files that it was made of"
                .to_owned())
        }
        Some((name, _)) if name.as_path() != path => {
            Err("only what comes from standard input is fixed".to_owned())
        }
        None if !is_dry => replacer.may_replace(path, old),
        _ => Ok(()),
    };
    let mut fixed =
        given.with(|files, paths, scope| lint_engine::fixed(files, paths, scope, settings, which, &may_edit));
    // What comes from standard input may go where it came from.
    args.output.distrust(&scope);
    if is_dry || stdin.is_none() {
        reports.check(&fixed.outcome, &scope)?;
    }
    given.add_unlisted(&mut fixed.outcome);
    refused(&mut fixed);
    lint::prepare(&mut fixed.outcome, args);
    if is_dry {
        return show(args, fixed);
    }
    match stdin {
        Some((_, bytes)) => {
            let text = fixed.texts.first().map_or(bytes.as_slice(), |changed| changed.new.bytes());
            args.output.write(|out| out.write_all(text))?;
            tell(args, &reports, &mut fixed.outcome, &scope, true)
        }
        None => {
            leftovers(&mut fixed, given.disk(), &scope);
            replace(&mut fixed, &replacer);
            tell(args, &reports, &mut fixed.outcome, &scope, false)
        }
    }
}

/// Adds comments that suppress what is found, and writes what is left.
pub(super) fn add_ignores(
    args: &LintArgs,
    given: &Given,
    settings: &Settings,
    reason: &str,
) -> Result<Exit, Error> {
    let reports = Reports::new(args)?;
    if given.stdin().is_some() {
        return Err(Error::IgnoresInStdin);
    }
    wait_for_whole_files().map_err(Error::Signals)?;
    let scope = given.scope().clone();
    let replacer = Replacer::new(given.disk(), &scope.given);
    let may_edit = |path: &Path, old: &[u8]| replacer.may_replace(path, old);
    let Ignored { texts, suppressed, refused, mut outcome } = given.with(|files, paths, scope| {
        lint_engine::add_ignores(files, paths, scope, settings, reason, &may_edit)
    });
    reports.check(&outcome, &scope)?;
    given.add_unlisted(&mut outcome);
    for (path, why) in refused {
        outcome.notices.push(incomplete(
            NoticeCode::NotWritten,
            &path,
            format!("no comment was added: {why}"),
        ));
    }
    let files = texts.len();
    let mut fixed = Fixed { texts, refused: BTreeMap::new(), outcome };
    replace(&mut fixed, &replacer);
    lint::prepare(&mut fixed.outcome, args);
    let exit = tell(args, &reports, &mut fixed.outcome, &scope, false)?;
    let (one, comments) = (suppressed == 1, files == 1);
    say(&format!(
        "{suppressed} {} suppressed by comments in {files} {}",
        if one { "finding is" } else { "findings are" },
        if comments { "file" } else { "files" }
    ));
    Ok(exit)
}

/// The diff for programs and for people, and whether there is one.
fn show(args: &LintArgs, mut fixed: Fixed) -> Result<Exit, Error> {
    let style = terminal::style(args.color.color, &args.output, false, !args.quiet);
    let diff_for = match (args.output.is_file(), args.output.is_terminal()) {
        (true, _) => DiffFor::File,
        (false, true) => DiffFor::Terminal { color: style.color },
        // A variable for all programs must not break `--diff | patch`.
        (false, false) => DiffFor::Log { color: matches!(args.color.color, Color::Always) },
    };
    fixed.texts.sort_by(|a, b| a.old.path().cmp(b.old.path()));
    let mut withheld: Vec<Notice> = Vec::new();
    args.output.write(|out| {
        fixed.texts.iter().try_for_each(|changed| {
            let (path, old, new) = (changed.old.path(), changed.old.bytes(), changed.new.bytes());
            let lines = lint_report::diff(path, old, new, diff_for, out)?;
            withheld.extend(
                (!lines.is_empty()).then(|| incomplete(NoticeCode::HunkWithheld, path, said(&lines))),
            );
            Ok(())
        })
    })?;
    fixed.outcome.notices.extend(withheld);
    if args.quiet {
        fixed.outcome.notices.retain(|notice| notice.incomplete);
    }
    to_stderr(|out| lint_report::would_fix(&fixed.outcome, &style, out));
    if args.quiet {
        say_silenced(&fixed.outcome);
    }
    let is_skipped = args.fail_on_skipped && fixed.outcome.summary.not_judged > 0;
    Ok(match (fixed.outcome.is_incomplete() || is_skipped, fixed.texts.is_empty()) {
        (true, _) => Exit::Failed,
        (false, false) => Exit::Findings,
        (false, true) => Exit::Clean,
    })
}

/// Of hunks that are withheld, by their first lines.
fn said(lines: &[usize]) -> String {
    let (hunks, hold) =
        if lines.len() == 1 { ("the hunk at line", "holds") } else { ("the hunks at lines", "hold") };
    let lines: Vec<String> = lines.iter().map(usize::to_string).collect();
    let lines = lines.join(", ");
    format!(
        "this patch is incomplete: {hunks} {lines} {hold} what a CI system or a terminal takes for a command; `--output FILE` writes all of it"
    )
}

/// What was fixed and what is left, on standard error where the text itself is on standard output.
fn tell(
    args: &LintArgs,
    reports: &Reports<'_>,
    outcome: &mut Outcome,
    scope: &Scope,
    has_text: bool,
) -> Result<Exit, Error> {
    if args.quiet {
        outcome.notices.retain(|notice| notice.incomplete);
    }
    let exit = lint::exit(outcome, args);
    lint::say_what_is_not_written(outcome, args);
    reports.write(outcome, scope, exit, has_text)?;
    Ok(exit)
}

fn incomplete(code: NoticeCode, path: &str, message: String) -> Notice {
    Notice { code, message, place: None, path: Some(path.to_owned()), incomplete: true }
}

/// Says of which files fixes were kept away.
fn refused(fixed: &mut Fixed) {
    let Fixed { refused, outcome, .. } = fixed;
    for (path, reason) in refused.iter() {
        outcome.notices.push(incomplete(NoticeCode::NotWritten, path, format!("not fixed: {reason}")));
    }
}

/// Removes what earlier runs have left behind, and says so.
fn leftovers(fixed: &mut Fixed, disk: &Disk, scope: &Scope) {
    let folder = |path: &str| {
        let path = disk.identity(&scope.working_folder.join(path))?;
        path.parent().map(Path::to_owned)
    };
    let folders: BTreeSet<PathBuf> =
        fixed.outcome.files.iter().filter_map(|file| folder(file.source.path())).collect();
    let given =
        folders.into_iter().filter(|folder| scope.given.iter().any(|given| folder.starts_with(given)));
    for (path, result) in remove_leftovers(given) {
        let (message, is_there) = match result {
            Ok(()) => ("a killed run had left this file; it was removed".to_owned(), false),
            Err(error) => {
                (format!("a killed run had left this file, and it cannot be removed: {error}"), true)
            }
        };
        fixed.outcome.notices.push(Notice {
            code: NoticeCode::Leftover,
            message,
            place: None,
            path: Some(scope.shown(&path)),
            incomplete: is_there,
        });
    }
}

/// Replaces the files, main files first; after one that cannot be, no other is touched, for it may need what was to be
/// defined there.
fn replace(fixed: &mut Fixed, replacer: &Replacer<'_>) {
    let mut failed: Option<String> = None;
    for changed in &fixed.texts {
        let shown = changed.old.path();
        let result = match &failed {
            Some(first) => Err(format!("`{first}` had to be written first")),
            None => replacer.replace(&changed.path, changed.old.bytes(), changed.new.bytes()),
        };
        if let Err(reason) = result {
            failed.get_or_insert_with(|| shown.to_owned());
            let message = format!("not fixed, although what is said of it supposes so: {reason}");
            fixed.outcome.notices.push(incomplete(NoticeCode::NotWritten, shown, message));
        }
    }
}
