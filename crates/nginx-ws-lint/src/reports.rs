//! The reports of a run: that of `--format`, and those of `--report`.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::{Component, Path, PathBuf};

use lint_finding::{Outcome, RuleMeta};
use lint_report::{SarifRun, ToolInfo};
use nginx_semantics::{Scope, normalize, repository, slashed};
use ws_rules::RULES;

use crate::cli::{Format, LintArgs, OutputArgs};
use crate::disk::Disk;
use crate::error::Error;
use crate::exit::Exit;
use crate::{system, terminal};

/// The program, for reports that name it.
pub(crate) const TOOL: ToolInfo<'_> = ToolInfo {
    name: env!("CARGO_PKG_NAME"),
    version: env!("CARGO_PKG_VERSION"),
    commit: option_env!("NGINX_WS_LINT_COMMIT"),
};

/// The reports that the arguments ask for, that of `--format` first.
pub(crate) struct Reports<'a> {
    args: &'a LintArgs,
    all: Vec<(Format, OutputArgs)>,
}

impl<'a> Reports<'a> {
    /// # Errors
    /// Two reports to one file, names that would be relative to no folder.
    pub(crate) fn new(args: &'a LintArgs) -> Result<Self, Error> {
        let more = args.report.iter().map(|report| {
            (report.format, OutputArgs { output: report.file.clone(), judged: args.output.judged.clone() })
        });
        let main = OutputArgs { output: args.output.output.clone(), judged: args.output.judged.clone() };
        let all: Vec<(Format, OutputArgs)> = std::iter::once((args.format, main)).chain(more).collect();
        if args.statistics && args.format != Format::Human {
            return Err(Error::StatisticsFormat);
        }
        if let Some(base) = args.relative_to.as_ref().filter(|base| !base.is_dir()) {
            return Err(Error::RelativeTo(slashed(base).into_owned()));
        }
        let inputs = || args.baseline.as_deref().into_iter().chain(args.judged.input.config.as_deref());
        all.iter().try_for_each(|(_, output)| output.keep(inputs()))?;
        let mut files = BTreeSet::new();
        for file in all.iter().filter_map(|(_, output)| output.file()) {
            if !files.insert(file) {
                return Err(Error::SameFile(slashed(file).into_owned()));
            }
        }
        Ok(Self { args, all })
    }

    /// Keeps configurations from being overwritten by what is said of them.
    ///
    /// # Errors
    /// A report to a file that was judged.
    pub(crate) fn check(&self, outcome: &Outcome, scope: &Scope) -> Result<(), Error> {
        self.all.iter().try_for_each(|(_, output)| output.check(outcome, scope))
    }

    /// Writes all of them. Where the text itself was written, its place, `--output` or standard output, is taken: that of
    /// `--format` goes to standard error.
    ///
    /// # Errors
    /// What cannot be written.
    pub(crate) fn write(
        &self,
        outcome: &mut Outcome,
        scope: &Scope,
        exit: Exit,
        has_text: bool,
    ) -> Result<(), Error> {
        let is_main =
            |report: &(Format, OutputArgs)| self.all.first().is_some_and(|main| std::ptr::eq(main, report));
        let one = |outcome: &Outcome, report: &(Format, OutputArgs)| {
            let (format, output) = report;
            if has_text && (!output.is_file() || is_main(report)) {
                super::commands::to_stderr(|out| self.format(*format, outcome, output, exit, out));
                return Ok(());
            }
            output.write(|out| self.format(*format, outcome, output, exit, out))
        };
        if let Some(base) = &self.args.relative_to {
            let base = normalize(&scope.working_folder.join(base));
            outcome.rename_paths(|path| relative(path, scope, &base, true));
            return self.all.iter().try_for_each(|report| one(outcome, report));
        }
        let is_of_repository = |report: &&(Format, OutputArgs)| report.0.is_of_repository();
        self.all
            .iter()
            .filter(|report| !is_of_repository(report))
            .try_for_each(|report| one(outcome, report))?;
        if self.all.iter().any(|report| is_of_repository(&report)) {
            let top = top(scope);
            outcome.rename_paths(|path| relative(path, scope, &top, false));
        }
        self.all.iter().filter(is_of_repository).try_for_each(|report| one(outcome, report))
    }

    fn format(
        &self,
        format: Format,
        outcome: &Outcome,
        output: &OutputArgs,
        exit: Exit,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let LintArgs { color, verbose, quiet, show_files, statistics, .. } = self.args;
        match format {
            Format::Human => {
                if *show_files && !quiet {
                    lint_report::files(outcome, out)?;
                    writeln!(out)?;
                }
                let style = terminal::style(color.color, output, *verbose, !quiet);
                if *statistics {
                    return lint_report::statistics(outcome, &style, out);
                }
                lint_report::human(outcome, &style, out)
            }
            Format::Concise => lint_report::concise(outcome, out),
            Format::Json => lint_report::json(outcome, &TOOL, out),
            Format::Jsonl => lint_report::jsonl(outcome, &TOOL, out),
            Format::Sarif => {
                let rules: Vec<&'static RuleMeta> = RULES.iter().map(|rule| rule.meta()).collect();
                let run = SarifRun { tool: &TOOL, rules: &rules, exit_code: exit.code() };
                lint_report::sarif(outcome, &run, out)
            }
            Format::Github => lint_report::github(outcome, out),
            Format::Gitlab => lint_report::gitlab(outcome, out),
            Format::Junit => lint_report::junit(outcome, out),
            Format::Checkstyle => lint_report::checkstyle(outcome, out),
            Format::Rdjson => lint_report::rdjson(outcome, &TOOL, out),
            Format::Markdown => lint_report::markdown(outcome, out),
            Format::Narrated => lint_report::narrated(outcome, !quiet, out),
        }
    }
}

/// The top of the repository of what is judged, or else the working directory.
pub(crate) fn top(scope: &Scope) -> PathBuf {
    let disk = Disk::default();
    let folders = scope.given.iter().chain([&scope.working_folder]);
    let mut tops = folders.filter_map(|folder| repository(&disk, folder));
    tops.next().unwrap_or_else(|| scope.working_folder.clone())
}

/// A path as it is shown, relative to another folder: with `..` where that is asked for, else absolute where it lies
/// outside. What is no path, as `<stdin>`, stays.
pub(crate) fn relative(shown: &str, scope: &Scope, base: &Path, may_lead_up: bool) -> String {
    if shown.starts_with('<') {
        return shown.to_owned();
    }
    let path = normalize(&scope.working_folder.join(shown));
    if let Ok(rest) = path.strip_prefix(base) {
        return slashed(rest).into_owned();
    }
    // The same folder may be named through a link.
    let real = system::canonicalize(&path).ok().zip(system::canonicalize(base).ok());
    if let Some(Ok(rest)) = real.as_ref().map(|(path, base)| path.strip_prefix(base)) {
        return slashed(rest).into_owned();
    }
    if !may_lead_up {
        return slashed(&path).into_owned();
    }
    let common = path.components().zip(base.components()).take_while(|(one, other)| one == other).count();
    let up = base.components().skip(common).map(|_| Component::ParentDir);
    slashed(&up.chain(path.components().skip(common)).collect::<PathBuf>()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_relative_to_what_is_asked() {
        let scope = Scope { working_folder: "/repo/deploy".into(), ..Scope::default() };
        for (shown, base, up, expected) in [
            ("nginx/a.conf", "/repo", false, "deploy/nginx/a.conf"),
            ("/etc/nginx/nginx.conf", "/repo", false, "/etc/nginx/nginx.conf"),
            ("/etc/nginx/nginx.conf", "/etc", true, "nginx/nginx.conf"),
            ("nginx/a.conf", "/repo/other/x", true, "../../deploy/nginx/a.conf"),
            ("<stdin>", "/repo", false, "<stdin>"),
        ] {
            assert_eq!(relative(shown, &scope, Path::new(base), up), expected, "{shown} {base}");
        }
    }
}
