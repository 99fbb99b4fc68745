//! What ends a run before it has an outcome; always exit code 2.

use std::io;
use std::path::PathBuf;

use lint_engine::UnknownRule;
use nginx_semantics::slashed;
use thiserror::Error;

/// What ends a run before it has an outcome.
#[derive(Debug, Error)]
pub(crate) enum Error {
    /// `-` beside other paths.
    #[error("`-` means standard input and must be the only path; write ./- for a file of that name")]
    StdinNotAlone,
    /// `--stdin-filename` without `-`.
    #[error("--stdin-filename names what is read from standard input: give `-` as the path")]
    StdinNameWithoutStdin,
    /// `--host` with a name, or with a file, that another one has.
    #[error("--host names `{}` twice: each machine needs a name and a dump of its own", lint_report::escape(.0))]
    HostTwice(String),
    /// `--unsafe-fixes` without what it is about.
    #[error("--unsafe-fixes needs --fix, which applies them, or --diff, which shows them")]
    UnsafeAlone,
    /// `--path-map` to a link.
    #[error(
        "--path-map is not followed: `{}` leads through a link out of its repository; --host-includes allows that",
        lint_report::escape(&slashed(.0))
    )]
    PathMapLeadsOut(PathBuf),
    /// `--exclude` with what is no pattern.
    #[error("--exclude `{}`: {reason}", lint_report::escape(.text))]
    Exclude {
        /// As given.
        text: String,
        /// Why.
        reason: String,
    },
    /// `--config-base` to something else.
    #[error(
        "--config-base: `{}` is no folder, or a link that leads out of its repository",
        lint_report::escape(&slashed(.0))
    )]
    ConfigBase(PathBuf),
    /// No handler for signals.
    #[error("cannot wait for signals, so nothing is fixed: {0}")]
    Signals(#[source] io::Error),
    /// Standard input gave an error.
    #[error("cannot read standard input: {0}")]
    ReadStdin(#[source] io::Error),
    /// Standard input has more bytes than are read of a file.
    #[error("standard input is larger than {0} bytes")]
    StdinTooLarge(u64),
    /// The working directory is gone, or may not be seen.
    #[error("cannot determine the working directory: {0}")]
    WorkingFolder(#[source] io::Error),
    /// A command with a slip.
    #[error("there is no command or path `{}`; did you mean `{similar}`?", lint_report::escape(.word))]
    UnknownCommand {
        /// As typed.
        word: String,
        /// The command that comes closest, with its argument if it has one.
        similar: String,
    },
    /// `man` of a command that there is not.
    #[error("there is no command `{}`", lint_report::escape(.word))]
    NoSuchCommand {
        /// As typed.
        word: String,
    },
    /// The argument of `explain` is a sentence that nothing is known of.
    #[error(
        "nothing is known of `{}`; give one line of a log or of a browser's console, in quotes, or a status such as 400",
        lint_report::escape(.text)
    )]
    UnknownSymptom {
        /// As given.
        text: String,
    },
    /// `--since` with a text that no commit has.
    #[error("--since compares files with a commit, and standard input is not a file")]
    SinceStdin,
    /// The argument of `explain`, or standard input, is blank.
    #[error(
        "there is nothing to explain; give a rule, a line of a log or of a browser's console, or a status such as 400"
    )]
    NothingToExplain,
    /// The argument of `explain` names nothing that there is.
    #[error("there is no rule, cause or page `{}`, and nothing is known of such a code{}", lint_report::escape(&.unknown.name), hint(.unknown))]
    UnknownRule {
        /// What is known of it.
        unknown: UnknownRule,
    },
    /// The argument of `explain` names a group.
    #[error("`{name}` is a group, not a rule{}", rules_of(.rules))]
    GroupNotRule {
        /// The group.
        name: String,
        /// Its rules.
        rules: Vec<&'static str>,
    },
    /// A report, a page or a baseline would be written to a file that is judged.
    #[error("`{}` is judged, and would be overwritten: write to another file", lint_report::escape(.0))]
    OutputIsInput(String),
    /// A baseline that is none.
    #[error("cannot use the baseline `{path}`: {reason}")]
    Baseline {
        /// As given.
        path: String,
        /// Why.
        reason: String,
    },
    /// `snippet` for what no URL can have.
    #[error("cannot write a configuration for this URL: {0}")]
    Snippet(lint_engine::UrlError),
    /// git cannot tell what was changed.
    #[error("--since: git cannot tell what was changed: {0}")]
    Git(String),
    /// `--add-ignores` without a file to write to.
    #[error("--add-ignores edits files; it cannot edit standard input")]
    IgnoresInStdin,
    /// `config init` where there is a settings file.
    #[error("there is a `{0}` here already, which is left as it is")]
    SettingsThere(&'static str),
    /// `--statistics` with a format that has its own counts.
    #[error("--statistics is a table for people; --format json has `summary`, and every finding its rule")]
    StatisticsFormat,
    /// `logs` without a log.
    #[error(
        "no log is given: name an access log, an error log, or `-` for standard input; --log FILE reads FILE as one whatever it is called"
    )]
    NoLog,
    /// `logs` with `-` twice.
    #[error("`-` stands for standard input, which is read once")]
    StdinTwice,
    /// `--log-format` that cannot be read.
    #[error(
        "lines of --log-format `{}` cannot be taken apart: it needs `$status`, and a text between any two variables",
        lint_report::escape(.0)
    )]
    LogFormat(String),
    /// `--follow` without a plain file.
    #[error("--follow needs a log that is a plain file: packed logs and standard input do not grow")]
    NothingToFollow,
    /// A word of `probe` that cannot be used. It may hold a credential, so it is not shown.
    #[error("{what}: {why}")]
    Probe {
        /// Which one.
        what: &'static str,
        /// Why.
        why: String,
    },
    /// `--watch` of standard input.
    #[error("--watch waits for files to change; standard input is read once")]
    WatchStdin,
    /// `--watch` with a baseline that is gone once it is read.
    #[error("--watch reads the baseline again and again; `{}` can be read once only: name a file", lint_report::escape(.0))]
    WatchPipe(String),
    /// Changes cannot be waited for.
    #[error("cannot watch: {0}")]
    Watch(#[source] notify::Error),
    /// `--relative-to` something else.
    #[error("--relative-to: there is no folder `{}`", lint_report::escape(.0))]
    RelativeTo(String),
    /// Two reports go to one file.
    #[error("two reports go to `{0}`: the second would replace the first")]
    SameFile(String),
    /// A report would replace a log that is read.
    #[error("`{0}` is a log that is read: the report would replace it")]
    OverLog(String),
    /// A report would replace a settings file.
    #[error("`{0}` is a settings file: the report would replace it")]
    OverSettings(String),
    /// A report would replace something else that is read: a baseline, settings, cookies, certificates, a status page.
    #[error("`{0}` is read in this run: the report would replace it")]
    OverInput(String),
    /// `--output` names what cannot be written.
    #[error("cannot write to `{path}`: {error}")]
    WriteFile {
        /// As given.
        path: String,
        /// Why.
        #[source]
        error: io::Error,
    },
    /// Standard output gave an error other than that its reader is gone.
    #[error("cannot write to standard output: {0}")]
    Write(#[source] io::Error),
}

fn hint(unknown: &UnknownRule) -> String {
    match unknown.similar {
        Some(name) => format!("; did you mean `{name}`?"),
        None => {
            "; `nginx-ws-lint rules` lists the rules, `nginx-ws-lint explain causes` the causes".to_owned()
        }
    }
}

fn rules_of(rules: &[&str]) -> String {
    if rules.is_empty() { String::new() } else { format!("; its rules are {}", rules.join(", ")) }
}
