//! `logs`: what nginx's logs say about WebSockets, beside what the configuration says.

mod frames;
mod source;
mod status;

use std::io::{self, IsTerminal, Write};
use std::iter;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use lint_engine::{Configured, NotConfigured, Settings};
use lint_finding::{LogKind, LogReport};
use lint_report::Style;
use nginx_semantics::slashed;
use ws_logs::{Book, Escape, LogFormat, LogId, NamedFormat, Resolver};

use self::source::{Source, Tail};
use super::TOOL;
use super::given::Given;
use super::lint::now;
use crate::cli::{InputArgs, LogEscape, LogsArgs, LogsFormat, OutputArgs};
use crate::error::Error;
use crate::exit::Exit;
use crate::progress::Progress;
use crate::{say, system, terminal};

/// Between two looks at logs that grow.
const LOOK: Duration = Duration::from_millis(250);
/// Between two reports of logs that grow.
const AGAIN: Duration = Duration::from_secs(2);
/// Clears a terminal and goes to its first line.
const CLEAR: &str = "\x1b[2J\x1b[3J\x1b[H";

/// Reads the logs and reports.
pub(crate) fn run(args: &LogsArgs) -> Result<Exit, Error> {
    let (logs, paths) = parted(args);
    if logs.is_empty() {
        return Err(Error::NoLog);
    }
    keep_logs(args, &logs)?;
    let status = args.status.as_deref().map(Path::new);
    let inputs = || status.into_iter().chain(args.input.config.as_deref());
    for output in iter::once(&args.output).chain(&page(args)) {
        output.keep(inputs())?;
    }
    if logs.iter().filter(|log| *log == Path::new("-")).count() > 1 {
        return Err(Error::StdinTwice);
    }
    let (logs, same) = source::distinct(logs);
    for (path, first) in same {
        let shown = |path: &Path| lint_report::escape(&slashed(path)).into_owned();
        say(&format!("note: `{}` is the same file as `{}`, which is read once", shown(&path), shown(&first)));
    }
    let forced = args.log_format.as_deref().map(|text| forced(text, args.log_escape)).transpose()?;
    if paths.is_empty() && args.input.host.is_empty() {
        let resolver = NotConfigured;
        let book = Book::new(&resolver, Vec::new(), forced);
        return read(args, logs, book, &|report| report, None);
    }
    let input = InputArgs { paths, ..args.input.clone() };
    let given = Given::new(&input, None)?;
    let settings = Settings {
        versions: given.versions(&input, true),
        config: Given::config(&input),
        now: now(),
        ..Settings::default()
    };
    given.with_quietly(|files, paths, scope| {
        lint_engine::logs(files, paths, scope, &settings, |configured: &Configured<'_, '_>| {
            let complete = |report: LogReport| {
                let mut report = configured.complete(report);
                given.add_unlisted(&mut report.outcome);
                report
            };
            let book = Book::new(configured as &dyn Resolver, configured.formats(), forced);
            read(args, logs, book, &complete, Some(&given))
        })
    })
}

/// Keeps logs from being overwritten by what is said of them, and reports by each other.
fn keep_logs(args: &LogsArgs, logs: &[PathBuf]) -> Result<(), Error> {
    let real = |path: &Path| system::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let outputs: Vec<&Path> = args.output.file().into_iter().chain(args.html.as_deref()).collect();
    for output in &outputs {
        if logs.iter().any(|log| real(log) == real(output)) {
            return Err(Error::OverLog(slashed(output).into_owned()));
        }
    }
    match outputs.as_slice() {
        [one, other] if real(one) == real(other) => Err(Error::SameFile(slashed(one).into_owned())),
        _ => Ok(()),
    }
}

/// The logs and the paths of configuration.
fn parted(args: &LogsArgs) -> (Vec<PathBuf>, Vec<PathBuf>) {
    let (mut logs, mut paths) = (args.log.clone(), Vec::new());
    for path in &args.input.paths {
        if source::is_log(path) {
            logs.push(path.clone());
        } else if let Some(of_folder) = source::logs_of_folder(path) {
            logs.extend(of_folder);
        } else {
            paths.push(path.clone());
        }
    }
    if logs.is_empty() {
        // A folder that holds both, or whose logs are called otherwise.
        paths.retain(|path| {
            let found = source::logs_among(path);
            logs.extend(found.iter().cloned());
            found.is_empty() || source::has_configuration(path)
        });
    }
    (logs, paths)
}

/// The format that the command line names.
fn forced(text: &str, escape: LogEscape) -> Result<NamedFormat, Error> {
    let escape = match escape {
        LogEscape::Default => Escape::Default,
        LogEscape::Json => Escape::Json,
        LogEscape::None => Escape::None,
    };
    let format = match text {
        "combined" => LogFormat::combined(),
        text => LogFormat::new(text.as_bytes(), escape),
    };
    let format = format.ok_or_else(|| Error::LogFormat(text.to_owned()))?;
    let name = if text == "combined" { "combined, as --log-format says" } else { "that of --log-format" };
    Ok(NamedFormat { name: name.to_owned(), line: None, files: Vec::new(), format })
}

/// How a report is completed by what only the configuration knows.
type Complete<'c> = &'c dyn Fn(LogReport) -> LogReport;

fn read(
    args: &LogsArgs,
    logs: Vec<PathBuf>,
    mut book: Book<'_>,
    complete: Complete<'_>,
    given: Option<&Given>,
) -> Result<Exit, Error> {
    let progress = (!args.follow).then(|| Progress::start("reading logs"));
    let mut sources: Vec<Result<Source, (PathBuf, io::Error)>> =
        logs.into_iter().map(|path| Source::open(&path).map_err(|error| (path, error))).collect();
    // Lines of error logs wait for those of the requests that they are about.
    sources.sort_by_key(|source| !matches!(source, Ok(source) if source.kind == LogKind::Error));
    let mut tails: Vec<(LogId, String, Tail)> = Vec::new();
    let mut buffer = vec![0; 1 << 18];
    for source in sources {
        let mut source = match source {
            Ok(source) => source,
            Err((path, error)) => {
                let log = book.open(&slashed(&path));
                book.close(log, Some(error.to_string()));
                continue;
            }
        };
        let log = book.open(&source.name);
        let mut read = 0;
        let problem = loop {
            match source.read(&mut buffer) {
                Ok(0) => break None,
                Ok(length) => {
                    read += length as u64;
                    book.feed(log, buffer.get(..length).unwrap_or_default());
                }
                Err(error) => break Some(error.to_string()),
            }
        };
        match source.tail(read).filter(|_| args.follow && problem.is_none()) {
            Some(tail) => {
                book.settle(log);
                tails.push((log, source.name, tail));
            }
            None => book.close(log, problem),
        }
    }
    drop(progress);
    let report = |book: &Book<'_>| {
        let mut report = complete(book.report());
        let mut problem = None;
        if let Some(source) = &args.status {
            match status::read(source) {
                Ok(page) => report.status = Some(page),
                Err(error) => {
                    let shown = ws_probe::without_user(source).0;
                    let shown = shown.split('?').next().unwrap_or_default().to_owned();
                    problem = Some(format!("{shown}: {error}"));
                }
            }
        }
        (report, problem)
    };
    let (first, problem) = report(&book);
    if let Some(given) = given {
        args.output.check(&first.outcome, given.scope())?;
        if let Some(page) = page(args) {
            page.check(&first.outcome, given.scope())?;
        }
    }
    write(args, &first)?;
    if let Some(problem) = &problem {
        say(&format!("error: no status page: {problem}"));
    }
    if !args.follow {
        return Ok(Exit::of_logs(&first, problem.is_some()));
    }
    follow(args, &mut book, tails, &|book| report(book).0)
}

/// Reads on as logs grow, and reports again, until it is interrupted.
fn follow(
    args: &LogsArgs,
    book: &mut Book<'_>,
    mut tails: Vec<(LogId, String, Tail)>,
    report: &dyn Fn(&Book<'_>) -> LogReport,
) -> Result<Exit, Error> {
    if tails.is_empty() {
        return Err(Error::NothingToFollow);
    }
    let mut last = Instant::now();
    let mut has_new = false;
    loop {
        let mut is_busy = false;
        for (log, name, tail) in &mut tails {
            // A file that cannot be read now may be there again in a moment: it is being rotated.
            let Ok(grown) = tail.grown() else { continue };
            if grown.is_new {
                book.close(*log, None);
                *log = book.open(name);
            }
            if !grown.bytes.is_empty() {
                is_busy = true;
                book.feed(*log, &grown.bytes);
                book.settle(*log);
            }
        }
        has_new |= is_busy;
        if has_new && last.elapsed() >= AGAIN {
            if io::stdout().is_terminal() {
                // What is gone from the screen is not looked at any more.
                let _ = write!(io::stdout(), "{CLEAR}");
            }
            write(args, &report(book))?;
            last = Instant::now();
            has_new = false;
        }
        if !is_busy {
            sleep(LOOK);
        }
    }
}

/// Where the page goes.
fn page(args: &LogsArgs) -> Option<OutputArgs> {
    let path = args.html.clone()?;
    Some(OutputArgs { output: Some(path), judged: args.output.judged.clone() })
}

fn write(args: &LogsArgs, report: &LogReport) -> Result<(), Error> {
    let style = terminal::style(args.color.color, &args.output, args.verbose, true);
    let style = Style { unicode: style.unicode && !args.ascii, ..style };
    args.output.write(|out| match args.format {
        LogsFormat::Human => lint_report::logs(report, &style, out),
        LogsFormat::Json => lint_report::logs_json(report, &TOOL, out),
        LogsFormat::Csv => lint_report::logs_csv(report, out),
    })?;
    if let Some(page) = page(args) {
        page.write(|out| lint_report::logs_html(report, &TOOL, out))?;
    }
    Ok(())
}
