//! `baseline create|prune FILE`: the findings that are known.

use std::path::Path;

use lint_engine::Settings;
use lint_finding::{BaselineRow, Outcome};
use nginx_semantics::slashed;

use super::given::Given;
use super::lint::now;
use crate::adopt::baseline::{self, Judging, Known};
use crate::cli::{BaselineArgs, BaselineCommand, OutputArgs};
use crate::error::Error;
use crate::exit::Exit;
use crate::say;

/// Writes a baseline, or takes out of one what is not found any more.
pub(crate) fn run(command: &BaselineCommand) -> Result<Exit, Error> {
    let (BaselineCommand::Create(args) | BaselineCommand::Prune(args)) = command;
    let BaselineArgs { file, judged } = args;
    let given = Given::new(&judged.input, Some("linting"))?;
    let settings = Settings { now: now(), ..given.settings(judged, false) };
    let mut outcome = given.with(|files, paths, scope| lint_engine::lint(files, paths, scope, &settings));
    let scope = given.scope();
    let output = OutputArgs { output: Some(file.clone()), judged: Default::default() };
    output.check(&outcome, scope)?;
    let judging = Judging { paths: given.paths(), scope, settings: &settings };
    let known = match command {
        BaselineCommand::Create(_) => {
            if let Some(reason) = baseline::is_in_the_way(file, scope) {
                let reason = reason.to_owned();
                return Err(Error::Baseline { path: slashed(file).into_owned(), reason });
            }
            let judged = match given.is_stdin() {
                true => Vec::new(),
                false => given.paths().iter().map(|path| path.to_string_lossy().into_owned()).collect(),
            };
            Known { judged, rows: lint_engine::baseline(&outcome), is_sarif: false }
        }
        BaselineCommand::Prune(_) => {
            let mut known = baseline::read(file, scope)?;
            // A run that did not see everything would take out what it did not see.
            if outcome.is_incomplete() {
                tell_problems(&outcome);
                say(&format!(
                    "{}: nothing taken out, because this run did not judge everything",
                    slashed(file)
                ));
                return Ok(Exit::Failed);
            }
            baseline::take_out(&mut outcome, Vec::new(), &mut known, judging);
            for absent in outcome.baseline.iter().flat_map(|known| &known.absent) {
                let is_same = |row: &&mut BaselineRow| {
                    (&row.path, &row.rule, &row.fingerprint)
                        == (&absent.path, &absent.rule, &absent.fingerprint)
                };
                if let Some(row) = known.rows.iter_mut().find(is_same) {
                    row.count = row.count.saturating_sub(absent.count);
                }
            }
            if !judging.is_whole(&known) {
                let whole = known.judged.join(" ");
                let what =
                    if whole.is_empty() { "all of its files".to_owned() } else { format!("`{whole}`") };
                say(&format!(
                    "note: this run judged a part of what the baseline is about: only files that are gone are taken out; prune it with {}",
                    lint_report::escape(&what)
                ));
            }
            known.rows.retain(|row| row.count > 0);
            known
        }
    };
    output.write(|out| baseline::write(&known, file, scope, out))?;
    tell(command, file, &known.rows, &outcome);
    Ok(if outcome.is_incomplete() { Exit::Failed } else { Exit::Clean })
}

fn tell(command: &BaselineCommand, file: &Path, rows: &[BaselineRow], outcome: &Outcome) {
    let count = BaselineRow::count_all(rows);
    let findings = |count: u64| if count == 1 { "1 finding".to_owned() } else { format!("{count} findings") };
    let file = slashed(file);
    match command {
        BaselineCommand::Create(_) => {
            say(&format!("{file} has {}", findings(count)));
            let refused = outcome.findings.iter().filter(|finding| finding.is_refusal()).count();
            if refused > 0 {
                let what = findings(u64::try_from(refused).unwrap_or(u64::MAX));
                say(&format!("note: {what} left out: nginx refuses to start, which no baseline hides"));
            }
        }
        BaselineCommand::Prune(_) => {
            let gone = outcome.baseline.as_ref().map_or(0, |known| BaselineRow::count_all(&known.absent));
            say(&format!("{file}: {} taken out, {count} left", findings(gone)));
        }
    }
    tell_problems(outcome);
}

fn tell_problems(outcome: &Outcome) {
    for notice in outcome.notices.iter().filter(|notice| notice.incomplete) {
        let place = notice.path.as_ref().map(|path| format!("{path}: ")).unwrap_or_default();
        say(&format!("warning: {}", lint_report::escape(&format!("{place}{}", notice.message))));
    }
}
