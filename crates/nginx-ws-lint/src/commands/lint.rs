//! Lints paths: what the program does when no command is named.

use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime};

use lint_engine::Settings;
use lint_finding::{FileStatus, Outcome};
use nginx_semantics::{Files, Past, Scope};

use super::given::Given;
use super::{fix, say_notices, say_silenced, say_skipped, to_stderr, watch};
use crate::adopt;
use crate::adopt::baseline::Judging;
use crate::cli::{Format, LintArgs};
use crate::error::Error;
use crate::exit::Exit;
use crate::reports::Reports;
use crate::say;

/// Lints what the arguments name, once or whenever it changes.
pub(crate) fn run(args: &LintArgs) -> Result<Exit, Error> {
    if args.watch { watch::run(args) } else { once(args, |_, _| ()) }
}

/// Lints what the arguments name and writes the outcome; `seen` gets all that was read before anything is left out.
pub(super) fn once(args: &LintArgs, seen: impl FnOnce(&Outcome, &Scope)) -> Result<Exit, Error> {
    let given = Given::new(&args.judged.input, (!args.quiet).then_some("linting"))?;
    if args.since.is_some() && given.is_stdin() {
        return Err(Error::SinceStdin);
    }
    let reports = Reports::new(args)?;
    if args.fixing.unsafe_fixes && !args.fixing.is_asked_for() {
        return Err(Error::UnsafeAlone);
    }
    let settings =
        Settings { no_ignores: args.no_ignores, now: now(), ..given.settings(&args.judged, args.verbose) };
    if let Some(reason) = args.fixing.ignores() {
        return fix::add_ignores(args, &given, &settings, reason);
    }
    if args.fixing.is_asked_for() {
        return fix::run(args, &given, &settings);
    }
    let mut outcome = given.with(|files, paths, scope| lint_engine::lint(files, paths, scope, &settings));
    seen(&outcome, given.scope());
    reports.check(&outcome, given.scope())?;
    given.add_unlisted(&mut outcome);
    let judge_past = |before, left: Vec<PathBuf>| {
        given.with_quietly(|files, paths, scope| {
            let paths: Vec<PathBuf> = paths.iter().chain(&left).cloned().collect();
            let past = Past::new(files, before);
            let mut scope = scope.clone();
            for path in left {
                if past.is_folder(&path) {
                    scope.given.push(path);
                } else {
                    scope.given.extend(path.parent().map(Path::to_owned));
                    scope.named.push(path);
                }
            }
            lint_engine::lint(&past, &paths, &scope, &settings)
        })
    };
    let judging = Judging { paths: given.paths(), scope: given.scope(), settings: &settings };
    adopt::apply(&mut outcome, args, judging, judge_past)?;
    if args.quiet {
        outcome.notices.retain(|notice| notice.incomplete);
    }
    prepare(&mut outcome, args);
    let exit = exit(&outcome, args);
    say_what_is_not_written(&outcome, args);
    let start = Instant::now();
    reports.write(&mut outcome, given.scope(), exit, false)?;
    if args.timings {
        outcome.timings.push(("written", start.elapsed()));
        say_timings(&outcome);
    }
    Ok(exit)
}

/// A line for each stage.
fn say_timings(outcome: &Outcome) {
    for (stage, took) in &outcome.timings {
        say(&format!("{:>10.3} ms  {stage}", took.as_secs_f64() * 1_000.0));
    }
}

/// How a run ended.
pub(super) fn exit(outcome: &Outcome, args: &LintArgs) -> Exit {
    if args.fail_on_skipped {
        Exit::with_skipped(outcome, args.fail_on)
    } else {
        Exit::of(outcome, args.fail_on)
    }
}

/// Leaves out what was not asked for: of files that hold no nginx configuration only the number is said.
pub(super) fn prepare(outcome: &mut Outcome, args: &LintArgs) {
    if !args.show_files {
        outcome.reports.retain(|report| report.status != FileStatus::NotNginx);
        outcome.excluded.clear();
    }
}

/// Seconds since 1970, by which the dates of certificates are judged.
pub(super) fn now() -> Option<i64> {
    let elapsed = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).ok()?;
    i64::try_from(elapsed.as_secs()).ok()
}

/// What settings hide and which files were not judged, where the format has no place for it.
pub(super) fn say_what_is_not_written(outcome: &Outcome, args: &LintArgs) {
    let has_summary = match args.format {
        Format::Human | Format::Narrated => !args.quiet,
        format => format.has_summary(),
    };
    if !has_summary {
        say_notices(outcome, args.format);
        say_silenced(outcome);
        if args.show_files {
            to_stderr(|out| lint_report::files(outcome, out));
        } else {
            say_skipped(outcome);
        }
    }
}
