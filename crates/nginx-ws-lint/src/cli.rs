//! The command line. Names of commands, options and values are contracts.

mod graph;
mod logs;
mod probe;
mod snippet;
mod values;

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand, builder::NonEmptyStringValueParser};
use lint_engine::{Selector, Url, similar};
use nginx_semantics::{ListenAddress, PathMap, VersionRange};

use crate::commands::explain;
use crate::error::Error;
use crate::output::Judged;

pub(crate) use self::graph::{GraphArgs, GraphFormat};
pub(crate) use self::logs::{LogEscape, LogsArgs, LogsFormat};
pub(crate) use self::probe::{BrowserName, PollingName, ProbeArgs};
pub(crate) use self::snippet::SnippetArgs;
pub(crate) use self::values::header;
pub(crate) use self::values::{
    Color, EndpointsFormat, FailOn, Format, Report, RulesFormat, ShellName, TraceFormat,
};
use self::values::{host, path_map, reason, url, via_listen, websocket_path};

const AFTER_HELP: &str = "\
Exit codes:
  0  nothing found at or above --fail-on; with --fix, nothing left; with --diff, nothing to change
  1  something found; with --fix, something left; with --diff, something to change
  2  could not do all that was asked: wrong usage, unreadable files, files that could not be fixed, files that are named or included and not judged, nothing judged, parts of a diff that are withheld";

const ENDPOINTS_AFTER_HELP: &str = "\
Exit codes:
  0  they are listed, whatever was found about them
  2  could not do all that was asked: wrong usage, unreadable files";

const EXPLAIN_PATHS: &str =
    "Files and folders to look for it in: findings of these rules, the likeliest first";

const EXPLAIN_AFTER_HELP: &str = "\
Examples:
  nginx-ws-lint explain short-read-timeout
  nginx-ws-lint explain 426 /etc/nginx
  nginx-ws-lint explain 'upstream prematurely closed connection while reading response header from upstream'
  tail -1 /var/log/nginx/error.log | nginx-ws-lint explain -
  nginx-ws-lint explain causes

Pages of the manual:
  adopt, bots, causes, ci, cli, endpoints, files, fixes, fleet, forms, graph, json, logs, probe,
  reports, security, settings, symptoms, trace

Exit codes:
  0  it is explained, and with PATHS nothing of it is found there
  1  something of it is found in PATHS
  2  nothing is known of it, wrong usage, unreadable files";

const GRAPH_AFTER_HELP: &str = "\
Examples:
  nginx-ws-lint graph /etc/nginx                              # Mermaid, to paste into a page
  nginx-ws-lint graph /etc/nginx --format svg -o nginx.svg
  nginx-ws-lint graph /etc/nginx --format dot | dot -Tpdf -o nginx.pdf
  nginx-ws-lint graph --host edge=edge.txt --host inner=inner.txt --server chat.example.com

Exit codes:
  0  it is drawn, whatever was found
  2  could not do all that was asked: no server of that name, wrong usage, unreadable files";

const LOGS_PATHS: &str = "Logs (access or error, plain or packed by gzip or zstd, `-` for standard input), folders of logs, and files and \
     folders of the configuration to compare them with";

const LOGS_AFTER_HELP: &str = "\
Examples:
  nginx-ws-lint logs /var/log/nginx/access.log /var/log/nginx/error.log /etc/nginx
  nginx-ws-lint logs /var/log/nginx /etc/nginx --html report.html
  zcat access.log.*.gz | nginx-ws-lint logs - /etc/nginx
  nginx-ws-lint logs access.log --log-format combined

Exit codes:
  0  the logs were read, and nothing of the following
  1  many connections end at one age, an endpoint refuses most handshakes, or something else was observed
  2  could not do all that was asked: no log, a log that cannot be read, wrong usage, unreadable files";

const PROBE_PATHS: &str = "Files and folders of the configuration to compare with, a dump of `nginx -T`, or `-` for standard input [default: none]";

const PROBE_AFTER_HELP: &str = "\
Examples:
  nginx-ws-lint probe wss://chat.example.com/ws
  nginx-ws-lint probe wss://chat.example.com/ws /etc/nginx --idle 90s
  nginx-ws-lint probe wss://chat.example.com/ws --resolve chat.example.com:443:10.0.0.5 --idle 90s
  nginx-ws-lint probe 'wss://chat.example.com/socket.io/?EIO=4&transport=websocket' --reconnects 10 --polling

Exit codes:
  0  everything that was tried works
  1  something of it fails: the connection is refused, no answer comes within 5 s or more, the answer is no WebSocket, the certificate, the fallback, or the connection ended while it was held
  2  the answer is unknown: no address, no connection in time, --max-time ended it too soon to tell, wrong usage, unreadable files";

const TRACE_AFTER_HELP: &str = "\
Exit codes:
  0  the handshake can succeed, or with --plain-get the request is answered
  1  it cannot, with one of the nginx versions or at one of the sockets at least
  2  the answer is unknown: no server listens there, it depends on something that the files do not say, wrong usage, unreadable files";

/// Will WebSockets work through this nginx, stay up, and if not, which line is to blame?
#[derive(Debug, Parser)]
#[command(version, after_help = AFTER_HELP, max_term_width = 100)]
#[command(args_conflicts_with_subcommands = true, disable_help_subcommand = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) lint: LintArgs,
}

/// What to do other than lint.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Keep the findings of today in a file, so that only new ones are told
    #[command(subcommand)]
    Baseline(Box<BaselineCommand>),
    /// Print what a shell needs to complete commands and options
    Completions {
        /// The shell
        #[arg(value_enum)]
        shell: ShellName,
        #[command(flatten)]
        output: OutputArgs,
    },
    /// Show, create or describe the settings
    #[command(subcommand)]
    Config(Box<ConfigCommand>),
    /// List every WebSocket endpoint with what is in effect there
    #[command(after_help = ENDPOINTS_AFTER_HELP)]
    Endpoints(Box<EndpointsArgs>),
    /// Print the page of a rule, or what may cause a status, a close code or a line of a log
    #[command(after_help = EXPLAIN_AFTER_HELP, mut_arg("paths", |paths| paths.help(EXPLAIN_PATHS)))]
    Explain(Box<ExplainArgs>),
    /// Draw what requests go through: sockets, servers, locations, upstreams and peers, with the findings at each
    #[command(after_help = GRAPH_AFTER_HELP)]
    Graph(Box<GraphArgs>),
    /// Read nginx's logs: handshakes, lifetimes and disconnects of each endpoint, and the line that ends connections
    #[command(after_help = LOGS_AFTER_HELP, mut_arg("paths", |paths| paths.help(LOGS_PATHS)), mut_arg("stdin_filename", |name| name.hide(true)))]
    Logs(Box<LogsArgs>),
    /// Print the manual page, in roff
    Man {
        /// Of a command [default: of the program]
        command: Option<String>,
        #[command(flatten)]
        output: OutputArgs,
    },
    /// Open a WebSocket as a browser does, and say what comes of it, beside what the configuration says
    #[command(after_help = PROBE_AFTER_HELP, mut_arg("paths", |paths| paths.help(PROBE_PATHS)))]
    Probe(Box<ProbeArgs>),
    /// List the rules
    Rules {
        /// How they are listed
        #[arg(long, value_enum, default_value_t)]
        format: RulesFormat,
        #[command(flatten)]
        output: OutputArgs,
        #[command(flatten)]
        color: ColorArgs,
    },
    /// Print a configuration to copy for a WebSocket, each line with its reason
    Snippet(Box<SnippetArgs>),
    /// Follow one request step by step: server, location, what the back end receives, what the client gets
    #[command(after_help = TRACE_AFTER_HELP)]
    Trace(Box<TraceArgs>),
}

/// What other programs call it.
const ELSEWHERE: [(&str, &str); 13] = [
    ("add-ignores", "--add-ignores REASON PATHS"),
    ("check", "nginx-ws-lint PATHS"),
    ("create", "baseline create FILE PATHS"),
    ("diff", "--diff PATHS"),
    ("fix", "--fix PATHS"),
    ("help", "--help"),
    ("init", "config init"),
    ("lint", "nginx-ws-lint PATHS"),
    ("prune", "baseline prune FILE PATHS"),
    ("schema", "config schema"),
    ("test", "nginx-ws-lint PATHS"),
    ("version", "--version"),
    ("watch", "--watch PATHS"),
];

impl Command {
    /// All of them.
    pub(crate) const NAMES: [&str; 12] = [
        "baseline",
        "completions",
        "config",
        "endpoints",
        "explain",
        "graph",
        "logs",
        "man",
        "probe",
        "rules",
        "snippet",
        "trace",
    ];

    /// As typed.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Baseline(_) => "baseline",
            Self::Completions { .. } => "completions",
            Self::Config(_) => "config",
            Self::Endpoints(_) => "endpoints",
            Self::Explain(_) => "explain",
            Self::Graph(_) => "graph",
            Self::Logs(_) => "logs",
            Self::Man { .. } => "man",
            Self::Probe(_) => "probe",
            Self::Rules { .. } => "rules",
            Self::Snippet(_) => "snippet",
            Self::Trace(_) => "trace",
        }
    }

    /// Keeps a command with a slip from being linted as a path that is not there.
    ///
    /// # Errors
    /// The first path is not there and is nearly the name of a command.
    pub(crate) fn check_slip(paths: &[PathBuf]) -> Result<(), Error> {
        let Some(word) = paths.first().filter(|path| path.symlink_metadata().is_err()) else { return Ok(()) };
        let word = word.to_string_lossy();
        // A command behind an option: that it is taken as a path is said elsewhere.
        if Self::NAMES.contains(&word.as_ref()) {
            return Ok(());
        }
        let elsewhere =
            ELSEWHERE.iter().find(|(other, _)| *other == word).map(|(_, ours)| (*ours).to_owned());
        // What `explain` has a page of is no path that somebody lints.
        let explained = || explain::is_known(&word).then(|| format!("explain {word}"));
        let slip = || similar(&word, Self::NAMES.into_iter()).map(str::to_owned);
        match elsewhere.or_else(explained).or_else(slip) {
            Some(similar) => Err(Error::UnknownCommand { word: word.into_owned(), similar }),
            None => Ok(()),
        }
    }

    /// Whether the word could have been meant as a path.
    pub(crate) fn is_also_a_path(&self) -> bool {
        Path::new(self.name()).symlink_metadata().is_ok()
    }
}

/// What to do with a baseline.
#[derive(Debug, Subcommand)]
pub(crate) enum BaselineCommand {
    /// Write all findings of today to FILE
    Create(BaselineArgs),
    /// Remove from FILE the findings that no longer exist
    Prune(BaselineArgs),
}

/// Which baseline, and of what.
#[derive(Debug, Args)]
pub(crate) struct BaselineArgs {
    /// The baseline; its paths are relative to its folder
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) judged: JudgedArgs,
}

/// What to do with settings.
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Show which settings file counts and what it sets
    Show(ConfigShowArgs),
    /// Write a .nginx-ws-lint.toml to begin with to the working directory
    Init,
    /// Print the JSON Schema of a settings file, for editors
    Schema {
        #[command(flatten)]
        output: OutputArgs,
    },
}

/// Whose settings to show.
#[derive(Debug, Args)]
pub(crate) struct ConfigShowArgs {
    #[command(flatten)]
    pub(crate) input: InputArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

/// What is read.
#[derive(Debug, Clone, Args)]
pub(crate) struct InputArgs {
    /// Files and folders, `-` for standard input [default: /etc/nginx if there is one, else .]
    pub(crate) paths: Vec<PathBuf>,
    /// What to call standard input; relative includes are looked for beside it
    #[arg(long, value_name = "NAME", help_heading = "Input")]
    pub(crate) stdin_filename: Option<PathBuf>,
    /// Judge for this nginx: a release (1.22.1), a branch (1.22) or a range (1.18-1.30)
    ///
    /// Without it, what `nginx -v` says when /etc/nginx of this machine is read, else all that distributions ship.
    #[arg(long, value_name = "V", help_heading = "Input")]
    pub(crate) nginx_version: Option<VersionRange>,
    /// Look for included files below TO that the configuration names below FROM (repeatable)
    #[arg(long, value_name = "FROM=TO", value_parser = path_map, help_heading = "Input")]
    pub(crate) path_map: Vec<PathMap>,
    /// Leave out files and folders below the working directory, such as vendor or '**/*.bak' (repeatable)
    ///
    /// What a judged file includes is read all the same, and what the command line names is judged.
    #[arg(long, value_name = "PATTERN", value_parser = NonEmptyStringValueParser::new(), help_heading = "Input")]
    pub(crate) exclude: Vec<String>,
    /// Judge the blocks of nginx in Markdown, reStructuredText and AsciiDoc too
    #[arg(long, help_heading = "Input")]
    pub(crate) docs: bool,
    /// Read FILE, which `nginx -T` printed on the machine NAME (repeatable)
    #[arg(long, value_name = "NAME=FILE", value_parser = host, help_heading = "Input")]
    pub(crate) host: Vec<(String, PathBuf)>,
    /// Read included files and links from this machine wherever they are; do not use it on files you do not trust
    #[arg(long, help_heading = "Input")]
    pub(crate) host_includes: bool,
    /// Take the settings from this file alone [default: the nearest .nginx-ws-lint.toml at or above each root]
    #[arg(long, value_name = "FILE", conflicts_with = "isolated", help_heading = "Input")]
    pub(crate) config: Option<PathBuf>,
    /// Resolve the paths in the file of --config from this folder [default: the folder of that file]
    ///
    /// A CI job can take the settings from the base branch and judge the tree of a pull request with them.
    #[arg(long, value_name = "DIR", requires = "config", help_heading = "Input")]
    pub(crate) config_base: Option<PathBuf>,
    /// Read no settings file
    #[arg(long, help_heading = "Input")]
    pub(crate) isolated: bool,
}

/// What the user knows of WebSockets.
#[derive(Debug, Args)]
pub(crate) struct EvidenceArgs {
    /// A path that carries WebSockets, in every server, or a URL in the one that gets it (repeatable)
    #[arg(long, value_name = "PATH_OR_URL", value_parser = websocket_path, help_heading = "Input")]
    pub(crate) ws_path: Vec<String>,
    /// Treat everything that proxies, in `http` and `stream`, as a WebSocket endpoint
    #[arg(long, help_heading = "Input")]
    pub(crate) assume_websocket: bool,
}

/// Which rules run.
#[derive(Debug, Args)]
pub(crate) struct RulesArgs {
    /// Run only these rules or groups (comma-separated, repeatable)
    #[arg(long, value_name = "RULE_OR_GROUP", value_delimiter = ',', help_heading = "Rules")]
    pub(crate) select: Vec<Selector>,
    /// Do not run these rules or groups (comma-separated, repeatable)
    #[arg(long, value_name = "RULE_OR_GROUP", value_delimiter = ',', help_heading = "Rules")]
    pub(crate) ignore: Vec<Selector>,
}

/// What is judged, by what the user knows and which rules.
#[derive(Debug, Args)]
pub(crate) struct JudgedArgs {
    #[command(flatten)]
    pub(crate) input: InputArgs,
    #[command(flatten)]
    pub(crate) evidence: EvidenceArgs,
    #[command(flatten)]
    pub(crate) rules: RulesArgs,
}

/// How to lint, the default.
#[derive(Debug, Args)]
pub(crate) struct LintArgs {
    #[command(flatten)]
    pub(crate) judged: JudgedArgs,
    /// The mildest severity that makes the exit code 1
    #[arg(long, value_name = "SEVERITY", value_enum, default_value_t, help_heading = "Rules")]
    pub(crate) fail_on: FailOn,
    /// Report only findings that are not in FILE: one made by `baseline create`, or the SARIF file of an earlier run
    #[arg(long, value_name = "FILE", conflicts_with_all = ["fix", "diff", "add_ignores"], help_heading = "Rules")]
    pub(crate) baseline: Option<PathBuf>,
    /// Report only findings whose line, or a line that explains them, was changed since this commit; the whole tree is still judged
    #[arg(long, value_name = "GIT_REF", value_parser = NonEmptyStringValueParser::new(), conflicts_with_all = ["fix", "diff", "add_ignores"], help_heading = "Rules")]
    pub(crate) since: Option<String>,
    /// Show what comments suppress too
    #[arg(long, help_heading = "Rules")]
    pub(crate) no_ignores: bool,
    /// Exit with 2 if a file looks like nginx configuration but was not judged, even if you did not name it
    #[arg(long, help_heading = "Rules")]
    pub(crate) fail_on_skipped: bool,
    #[command(flatten)]
    pub(crate) fixing: FixArgs,

    /// How findings are written
    #[arg(
        long,
        env = "NGINX_WS_LINT_FORMAT",
        hide_env_values = true,
        value_enum,
        default_value_t,
        help_heading = "Output"
    )]
    pub(crate) format: Format,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
    /// Write one more report, to FILE or else to standard output, such as sarif=out.sarif or github (repeatable)
    #[arg(long, value_name = "FORMAT[=FILE]", conflicts_with = "diff", help_heading = "Output")]
    pub(crate) report: Vec<Report>,
    /// Name files relative to DIR in all reports [default: the working directory; for sarif, github, gitlab, rdjson and
    /// checkstyle the top of the repository]
    #[arg(long, value_name = "DIR", help_heading = "Output")]
    pub(crate) relative_to: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) color: ColorArgs,
    /// List each file with what became of it: judged, included, not judged and why, no nginx configuration
    #[arg(long, help_heading = "Output")]
    pub(crate) show_files: bool,
    /// Count what each rule finds, in place of the findings
    #[arg(long, conflicts_with_all = ["fix", "diff", "add_ignores"], help_heading = "Output")]
    pub(crate) statistics: bool,
    /// Lint again whenever a file below the given folders changes, until it is interrupted
    #[arg(long, conflicts_with_all = ["fix", "diff", "add_ignores", "output", "report"], help_heading = "Output")]
    pub(crate) watch: bool,
    /// Say on standard error how long each stage took
    #[arg(long, help_heading = "Output")]
    pub(crate) timings: bool,
    /// Findings only: no summary, no notices except about what could not be done
    #[arg(short, long, help_heading = "Output")]
    pub(crate) quiet: bool,
    /// List the endpoints too, with the values in effect there and the lines that set them
    #[arg(short, long, conflicts_with = "quiet", help_heading = "Output")]
    pub(crate) verbose: bool,
}

/// What is done with the fixes.
#[derive(Debug, Args)]
pub(crate) struct FixArgs {
    /// Apply the fixes that are safe: each is checked first, and files are replaced as a whole
    ///
    /// The text that is fixed goes to standard output where it came from standard input.
    #[arg(long, help_heading = "Fixing")]
    pub(crate) fix: bool,
    /// Apply the others too, with --fix or --diff: they may change what other requests get
    #[arg(long, help_heading = "Fixing")]
    pub(crate) unsafe_fixes: bool,
    /// Show what --fix would change as a unified diff, and change nothing
    ///
    /// Outside a terminal, hunks that a CI system or a terminal would obey are withheld; --output writes them too.
    #[arg(long, help_heading = "Fixing")]
    pub(crate) diff: bool,
    /// Write a comment with this reason above each line with findings, so that they are suppressed from now on
    #[arg(long, value_name = "REASON", value_parser = reason, conflicts_with_all = ["fix", "diff"], help_heading = "Fixing")]
    pub(crate) add_ignores: Option<String>,
}

impl FixArgs {
    /// Whether comments are to be added.
    pub(crate) fn ignores(&self) -> Option<&str> {
        self.add_ignores.as_deref()
    }

    /// Whether fixes are looked at at all.
    pub(crate) fn is_asked_for(&self) -> bool {
        self.fix || self.diff
    }
}

/// `--output`.
#[derive(Debug, Args)]
pub(crate) struct OutputArgs {
    /// Write to FILE instead of standard output (`-`); it is replaced as a whole, once everything is known
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    pub(crate) output: Option<PathBuf>,
    #[arg(skip)]
    pub(crate) judged: Judged,
}

/// `--color`.
#[derive(Debug, Args)]
pub(crate) struct ColorArgs {
    #[arg(
        help = "When to use colours; auto honours NO_COLOR, FORCE_COLOR, CLICOLOR and CLICOLOR_FORCE",
        long,
        value_name = "WHEN",
        value_enum,
        default_value_t,
        help_heading = "Output"
    )]
    pub(crate) color: Color,
}

/// What to explain, and where to look for it.
#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// A rule, a cause, a status (426), a close code (1006), a line of nginx's error log or of a browser's console, a page
    /// of the manual (causes, settings, forms, ...), or `-` for a line from standard input
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub(crate) what: String,
    #[command(flatten)]
    pub(crate) judged: JudgedArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
    #[command(flatten)]
    pub(crate) color: ColorArgs,
}

/// What to trace.
#[derive(Debug, Args)]
pub(crate) struct TraceArgs {
    /// What a client opens: ws://, wss://, http:// or https://
    #[arg(value_parser = url)]
    pub(crate) url: Url,
    #[command(flatten)]
    pub(crate) input: InputArgs,
    /// A header field that the client sends too, or in place of its own; `NAME:` alone removes one (repeatable)
    #[arg(short = 'H', long, value_name = "NAME: VALUE", value_parser = header, help_heading = "Request")]
    pub(crate) header: Vec<(String, String)>,
    /// Where the client is, for `allow`, `deny` and `$remote_addr`; without it each way is shown
    #[arg(long, value_name = "ADDRESS", help_heading = "Request")]
    pub(crate) client_ip: Option<IpAddr>,
    /// The socket that the request comes to, where several have the port, such as 10.0.0.1:443
    #[arg(long, value_name = "ADDR:PORT", value_parser = via_listen, help_heading = "Request")]
    pub(crate) via_listen: Option<ListenAddress>,
    /// Trace an ordinary GET, not a handshake
    #[arg(long, help_heading = "Request")]
    pub(crate) plain_get: bool,
    #[command(flatten)]
    pub(crate) rules: RulesArgs,
    /// How it is written
    #[arg(long, value_enum, default_value_t, help_heading = "Output")]
    pub(crate) format: TraceFormat,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
    #[command(flatten)]
    pub(crate) color: ColorArgs,
}

/// Which endpoints to list, and how.
#[derive(Debug, Args)]
pub(crate) struct EndpointsArgs {
    #[command(flatten)]
    pub(crate) judged: JudgedArgs,
    /// How they are written
    #[arg(long, value_enum, default_value_t, help_heading = "Output")]
    pub(crate) format: EndpointsFormat,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
    #[command(flatten)]
    pub(crate) color: ColorArgs,
    /// The table only: no count, no notices except about what could not be done
    #[arg(short, long, help_heading = "Output")]
    pub(crate) quiet: bool,
    /// Show each endpoint with the lines that set its values
    #[arg(short, long, conflicts_with = "quiet", help_heading = "Output")]
    pub(crate) verbose: bool,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn clap_finds_no_contradiction() {
        Cli::command().debug_assert();
    }

    #[test]
    fn commands_have_their_names() {
        let command = Cli::command();
        assert!(command.get_subcommands().map(clap::Command::get_name).eq(Command::NAMES));
    }
}
