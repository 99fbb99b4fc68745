//! Annotated snippets: a comment line whose carets point at the line above says which finding stands there.
//!
//! ```text
//!     proxy_read_timeout 30s;
//!    #^^^^^^^^^^^^^^^^^^^^^^^ warning: nginx closes the WebSocket after 30s…
//! ```
//! The `#` itself costs a column, so it stands one to the left. The message is whole, or a beginning that ends in `…`.
//! All rules but pedantic ones run, so that a neighbour which nobody expects fails the test too. A text without `http` is wrapped: into
//! `http` where it starts with a block of that level, else into `http { server { … } }`, with a main level and logs that
//! no rule speaks about; `events {}` and `http {` as the first lines stand for these too. Lines `#- path` start files.

use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;

use lint_finding::{Applicability, Finding, Place, Severity};
use nginx_semantics::{Configuration, Loaded, MemoryFiles, Scope, load};
use ws_model::layers::Layer;
use ws_model::{Hints, Model, Url};

use crate::{Findings, RULES, Rule, visit};

/// How a snippet is judged.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Options {
    /// As for `--nginx-version`; empty: unknown.
    pub(crate) version: &'static str,
    /// As for `--ws-path`.
    pub(crate) websocket_path: Option<&'static str>,
    /// As for `expected-connections`.
    pub(crate) expected_connections: Option<u64>,
    /// As for `heartbeat`.
    pub(crate) heartbeat_ms: Option<u64>,
    /// As for `[[layers]]`: name, idle limit in seconds, whether it passes WebSockets.
    pub(crate) layers: &'static [(&'static str, Option<u64>, Option<bool>)],
    /// The time of the run, in seconds since 1970.
    pub(crate) now: Option<i64>,
    /// Whether pedantic rules run too.
    pub(crate) is_pedantic: bool,
    /// Whether the text is taken as it is, a fragment where it has no `http`.
    pub(crate) is_bare: bool,
}

impl Options {
    /// For one version, or a range.
    pub(crate) const fn version(version: &'static str) -> Self {
        Self { version, ..Self::plain() }
    }

    /// Not wrapped.
    pub(crate) const fn bare() -> Self {
        Self { is_bare: true, ..Self::plain() }
    }

    /// The default.
    const fn plain() -> Self {
        Self {
            version: "",
            websocket_path: None,
            expected_connections: None,
            heartbeat_ms: None,
            layers: &[],
            now: None,
            is_pedantic: false,
            is_bare: false,
        }
    }
}

/// Judges for an unknown version; fails unless the annotations are the findings. Returns the findings in their order.
#[track_caller]
pub(crate) fn check(text: &str) -> Vec<Finding> {
    check_with(Options::default(), text)
}

/// [`check`], otherwise judged.
#[track_caller]
pub(crate) fn check_with(options: Options, text: &str) -> Vec<Finding> {
    let files = files(text, options.is_bare);
    let mut expected: Vec<Annotation> =
        files.iter().flat_map(|(path, text)| annotations(path, text)).collect();
    let (found, places) = judge(options, &files);
    let mut unexpected: Vec<&Annotation> = Vec::new();
    for annotation in &places {
        match expected.iter().position(|wanted| wanted.accepts(annotation)) {
            Some(index) => drop(expected.remove(index)),
            None => unexpected.push(annotation),
        }
    }
    if !expected.is_empty() || !unexpected.is_empty() {
        let list = |all: Vec<String>| if all.is_empty() { "  none\n".to_owned() } else { all.concat() };
        let expected = expected.iter().map(ToString::to_string).collect();
        let unexpected = unexpected.iter().map(ToString::to_string).collect();
        panic!("annotated, not found:\n{}found, not annotated:\n{}", list(expected), list(unexpected));
    }
    found
}

/// Judges for an unknown version and compares nothing.
pub(crate) fn found(text: &str) -> Vec<Finding> {
    judge(Options::default(), &files(text, false)).0
}

/// [`found`], otherwise judged.
pub(crate) fn found_with(options: Options, text: &str) -> Vec<Finding> {
    judge(options, &files(text, options.is_bare)).0
}

/// [`found`], where the user names a path or URL.
pub(crate) fn found_at(websocket_path: Option<&'static str>, text: &str) -> Vec<Finding> {
    found_with(Options { websocket_path, ..Options::default() }, text)
}

/// The text after the first fix of a rule, as it is, line ends too, without what wraps it but for a `server` around
/// locations; further files follow their `#- path` lines. Fails unless there is one, of this applicability. Of a finding
/// that has a fix of each the unsafe one does more.
#[track_caller]
pub(crate) fn fixed(applicability: Applicability, rule: &str, text: &str) -> String {
    fixed_with(Options::default(), applicability, rule, text)
}

/// [`fixed`], otherwise judged.
#[track_caller]
pub(crate) fn fixed_with(options: Options, applicability: Applicability, rule: &str, text: &str) -> String {
    let mut files: Vec<(String, String)> =
        text.split_inclusive('\n').fold(vec![("nginx.conf".to_owned(), String::new())], |mut files, line| {
            match line.trim().strip_prefix("#- ") {
                Some(path) => files.push((path.to_owned(), String::new())),
                None => files.last_mut().expect("a file").1.push_str(line),
            }
            files
        });
    let is_whole = options.is_bare || is_whole(&files[0].1);
    if !is_whole {
        files[0].1 = wrapped(&files[0].1);
    }
    let (found, loaded) = judge_as_is(options, &files);
    let of_rule = found.iter().filter(|finding| finding.rule.name == rule);
    let fix = of_rule.into_iter().find_map(|one| match applicability {
        Applicability::Safe => one.fix.as_ref(),
        Applicability::Unsafe => one.unsafe_fix.as_ref().or(one.fix.as_ref()),
    });
    let fix = fix.unwrap_or_else(|| panic!("no fix of {rule} in {found:#?}"));
    assert_eq!(fix.applicability, applicability, "{}", fix.title);
    for edit in fix.edits.iter().rev() {
        let path = &loaded.sources.get(edit.place.file).expect("a file").path;
        let file = files.iter_mut().find(|(name, _)| path == &PathBuf::from(format!("/t/{name}")));
        let mut bytes = file.as_ref().expect("a file of the text").1.clone().into_bytes();
        bytes.splice(edit.place.span.range(), edit.replacement.iter().copied());
        file.expect("a file of the text").1 = String::from_utf8(bytes).expect("text");
    }
    if let (false, Some((_, text))) = (is_whole, files.first_mut()) {
        let rest = text.strip_prefix(HEAD).and_then(|rest| rest.strip_suffix("}\n")).expect("what wraps it");
        *text = rest.to_owned();
    }
    let mut all = files.into_iter().map(|(path, text)| (format!("#- {path}\n"), text));
    let first = all.next().expect("a file").1;
    all.fold(first, |all, (path, text)| all + &path + &text)
}

/// A text with the lines of a complete handshake, and an hour of silence, in place of each `@`.
pub(crate) fn with_handshake(text: &str) -> String {
    let lines = "proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; \
        proxy_set_header Connection $http_connection; proxy_read_timeout 1h;";
    text.replace('@', lines)
}

/// A complete location with these lines in place of its `proxy_pass`, in a server, behind other blocks.
pub(crate) fn passing(before: &str, lines: &str) -> String {
    format!(
        "{before}\nserver {{\n location /ws/ {{\n{lines}\n proxy_http_version 1.1;\n proxy_set_header Upgrade $http_upgrade;\n proxy_set_header Connection upgrade;\n proxy_read_timeout 3600s;\n}}\n}}\n"
    )
}

/// A server with these lines, a certificate and a complete location.
pub(crate) fn with_certificate(lines: &str) -> String {
    let rest = passing("", " proxy_pass http://127.0.0.1:9000;");
    let certificate = " ssl_certificate c.pem; ssl_certificate_key k.pem;";
    rest.trim_start().replacen("server {\n", &format!("server {{\n{lines}\n{certificate}\n"), 1)
}

/// The texts of a finding's labels, in order.
pub(crate) fn labels(finding: &Finding) -> Vec<&str> {
    finding.labels.iter().map(|label| label.message.as_ref()).collect()
}

/// The help text; empty where there is none.
pub(crate) fn help(finding: &Finding) -> &str {
    finding.help.as_deref().unwrap_or_default()
}

/// What stands, or should stand, at the columns of a line.
#[derive(Debug)]
struct Annotation {
    path: String,
    /// 1-based.
    line: usize,
    /// 0-based, the end not included.
    columns: (usize, usize),
    /// Severity and message.
    text: String,
}

impl Annotation {
    fn accepts(&self, found: &Self) -> bool {
        let is_text = match self.text.strip_suffix('…') {
            Some(start) => found.text.starts_with(start),
            None => found.text == self.text,
        };
        is_text && (&self.path, self.line, self.columns) == (&found.path, found.line, found.columns)
    }
}

impl fmt::Display for Annotation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (start, end) = self.columns;
        let carets = "^".repeat(end - start);
        writeln!(
            f,
            "  {}:{}\n  {}#{carets} {}",
            self.path,
            self.line,
            " ".repeat(start.saturating_sub(1)),
            self.text
        )
    }
}

/// The files of a text, each with its path, the first one wrapped.
fn files(text: &str, is_bare: bool) -> Vec<(String, String)> {
    let mut files = vec![("nginx.conf".to_owned(), String::new())];
    for line in text.lines() {
        if let Some(path) = line.trim_start().strip_prefix("#- ") {
            files.push((path.trim().to_owned(), String::new()));
        } else if let Some((_, text)) = files.last_mut() {
            text.push_str(line);
            text.push('\n');
        }
    }
    if let (false, Some((_, text))) = (is_bare, files.first_mut()) {
        *text = wrapped(text);
    }
    files
}

/// The main level and the logs of a configuration that is ready for production, on two lines: what rules say of these is
/// no part of a snippet.
const HEAD: &str = "worker_shutdown_timeout 1h; error_log /var/log/nginx/error.log info; events { worker_connections 1024; }\n\
    http { proxy_cache_path /c keys_zone=a:1m; proxy_cache_path /p keys_zone=pages:1m; \
    uwsgi_cache_path /u keys_zone=answers:1m; log_format websocket '$remote_addr [$time_local] \"$request\" $status rt=$request_time \
    up=$upstream_addr us=$upstream_status'; access_log /var/log/nginx/access.log websocket;\n";

/// A main file with a complete endpoint, but for `events` and `worker_shutdown_timeout`: for rules about these.
pub(crate) const REST: &str = "error_log logs/error.log info;
http {
    log_format ws '$status $request_time $upstream_addr';
    access_log logs/access.log ws;
    server {
        location /ws/ {
            proxy_pass http://127.0.0.1:9000;
            proxy_http_version 1.1;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection upgrade;
            proxy_read_timeout 1h;
        }
    }
}
";

/// Whether the text is a main file already.
fn is_whole(text: &str) -> bool {
    text.lines().any(|line| ["events", "http"].contains(&line.split_whitespace().next().unwrap_or_default()))
}

/// As a whole main file.
fn wrapped(text: &str) -> String {
    let mut heads =
        text.lines().filter(|line| !line.trim_start().starts_with('#')).flat_map(str::split_whitespace);
    // Most whole texts are about something else than their main level.
    if let Some(rest) = text.trim_start().strip_prefix("events {}\nhttp {\n") {
        return format!("\n{HEAD}{rest}");
    }
    match heads.next() {
        _ if is_whole(text) => text.to_owned(),
        Some("map" | "upstream" | "server") => format!("{HEAD}{text}}}\n"),
        _ => format!("{HEAD}server {{\n{text}}}\n}}\n"),
    }
}

/// The annotations of a file.
fn annotations(path: &str, text: &str) -> Vec<Annotation> {
    let mut all = Vec::new();
    let mut above = 0;
    for (index, line) in text.lines().enumerate() {
        let Some((start, carets)) = carets(line) else {
            above = index + 1;
            continue;
        };
        let text = line[start + carets..].trim().to_owned();
        all.push(Annotation { path: path.to_owned(), line: above, columns: (start, start + carets), text });
    }
    all
}

/// Column and count of an annotation's carets.
fn carets(line: &str) -> Option<(usize, usize)> {
    let rest = line.trim_start().strip_prefix('#')?;
    let count = rest.bytes().take_while(|byte| *byte == b'^').count();
    (count > 0).then_some((line.len() - rest.len(), count))
}

fn layer(&(name, seconds, websocket): &(&str, Option<u64>, Option<bool>)) -> Layer {
    Layer { name: name.to_owned(), idle_timeout_ms: seconds.map(|seconds| seconds * 1_000), websocket }
}

/// The findings, each once per rule and place, with where they stand.
fn judge(options: Options, files: &[(String, String)]) -> (Vec<Finding>, Vec<Annotation>) {
    let blanked = |text: &str| {
        // Their words are no comments of the configuration: some of them would say WebSocket.
        let lines = text.lines().map(|line| if carets(line).is_some() { "" } else { line });
        lines.collect::<Vec<_>>().join("\n") + "\n"
    };
    let files: Vec<_> = files.iter().map(|(path, text)| (path.clone(), blanked(text))).collect();
    let (found, loaded) = judge_as_is(options, &files);
    let annotation = |finding: &Finding| {
        let Place { file, span } = finding.primary.place;
        let source = &loaded.sources.get(file).expect("a file that was read").source;
        let line = source.line(span.start);
        let of_line = source.line_span(line);
        let start = span.start - of_line.start;
        // One that spans lines is shown on the first, and what is empty as one column.
        let end = (span.end.min(of_line.end) - of_line.start).max(start + 1);
        Annotation {
            path: source.path().trim_start_matches("/t/").to_owned(),
            line: line as usize,
            columns: (start as usize, end as usize),
            text: format!("{}: {}", finding.severity, finding.message),
        }
    };
    let annotations = found.iter().map(annotation).collect();
    (found, annotations)
}

fn judge_as_is(options: Options, files: &[(String, String)]) -> (Vec<Finding>, Loaded) {
    let mut memory = MemoryFiles::new();
    for (path, text) in files {
        memory.insert(format!("/t/{path}"), text.as_str());
    }
    let folder = PathBuf::from("/t");
    let scope = Scope { given: vec![folder.clone()], working_folder: folder.clone(), ..Scope::default() };
    let loaded = load(&memory, &[folder.join("nginx.conf")], &scope);
    let hints = Hints {
        versions: (!options.version.is_empty()).then(|| options.version.parse().expect("a version")),
        expected_connections: options.expected_connections,
        heartbeat_ms: options.heartbeat_ms,
        layers: options.layers.iter().map(layer).collect(),
        now: options.now,
        websocket_paths: options
            .websocket_path
            .filter(|path| path.starts_with('/'))
            .map(str::to_owned)
            .into_iter()
            .collect(),
        websocket_urls: options.websocket_path.and_then(|url| Url::parse(url).ok()).into_iter().collect(),
        ..Hints::default()
    };
    let mut found = Vec::new();
    for layout in &loaded.layouts {
        let model = Model::new(Configuration::new(&loaded.sources, layout), &hints);
        let is_on = |rule: &&&dyn Rule| options.is_pedantic || rule.meta().severity > Severity::Pedantic;
        let rules: Vec<&dyn Rule> = RULES.iter().filter(is_on).copied().collect();
        visit(&rules, &model, None, &|_, _, more| more, &mut |more| found.extend(more));
    }
    let mut out = Findings::default();
    for (id, file) in
        loaded.sources.iter().filter(|(id, file)| loaded.judged.contains(id) && !file.is_builtin)
    {
        RULES.iter().for_each(|rule| rule.file(id, file, &mut out));
    }
    found.extend(out.into_vec());
    let mut seen = BTreeSet::new();
    found.retain(|finding| seen.insert((finding.rule.name, finding.primary.place, finding.message.clone())));
    found.sort_by_key(|finding| (finding.primary.place, finding.rule.name));
    (found, loaded)
}
