//! The values of options, and how words are read as them. Names of values are contracts.

use std::path::PathBuf;

use clap::ValueEnum;
use lint_engine::Url;
use lint_finding::Severity;
use nginx_semantics::{ListenAddress, PathMap};

/// `endpoints --format`.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub(crate) enum EndpointsFormat {
    #[default]
    /// A table where the terminal is wide enough, else a block for each
    Table,
    /// Everything, for programs
    Json,
    /// A table for a page
    Markdown,
    /// Comma-separated values, for a spreadsheet
    Csv,
}

/// `trace --format`.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub(crate) enum TraceFormat {
    #[default]
    /// Step by step, for people
    Human,
    /// Everything, for programs
    Json,
}

/// `--fail-on`.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub(crate) enum FailOn {
    Error,
    #[default]
    Warning,
    Info,
    Never,
}

impl FailOn {
    /// The mildest severity that counts; `None`: none does.
    pub(crate) fn threshold(self) -> Option<Severity> {
        match self {
            Self::Error => Some(Severity::Error),
            Self::Warning => Some(Severity::Warning),
            Self::Info => Some(Severity::Info),
            Self::Never => None,
        }
    }
}

/// `--format`. CI systems set a variable that nobody filled in to nothing: that is the default.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    #[default]
    #[value(alias = "")]
    /// Excerpts, notices and a summary, for people
    Human,
    /// One line a finding, for editors and grep
    Concise,
    /// Everything, for programs
    Json,
    /// The same as one object a line
    Jsonl,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Annotations on a pull request, by GitHub's workflow commands
    Github,
    /// GitLab's code quality report
    Gitlab,
    /// JUnit's XML, for the test page of a CI system
    Junit,
    /// Checkstyle's XML
    Checkstyle,
    /// reviewdog's diagnostics, with suggestions
    Rdjson,
    /// A comment on a pull request
    Markdown,
    /// Sentences, for a screen reader
    Narrated,
}

impl Format {
    /// Whether whoever reads it looks for files below the top of the repository.
    pub(crate) fn is_of_repository(self) -> bool {
        matches!(self, Self::Sarif | Self::Github | Self::Gitlab | Self::Rdjson | Self::Checkstyle)
    }

    /// Whether it says what could not be done.
    pub(crate) fn has_problems(self) -> bool {
        !matches!(self, Self::Gitlab | Self::Checkstyle | Self::Rdjson | Self::Markdown)
    }

    /// Whether it has a place for what was not judged and what is hidden.
    pub(crate) fn has_summary(self) -> bool {
        matches!(self, Self::Human | Self::Narrated | Self::Json | Self::Jsonl)
    }
}

/// `--report`: one more report, to a file or to standard output.
#[derive(Debug, Clone)]
pub(crate) struct Report {
    pub(crate) format: Format,
    pub(crate) file: Option<PathBuf>,
}

impl std::str::FromStr for Report {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (format, file) = match text.split_once('=') {
            Some((_, "")) => return Err("write a file name after the `=`".to_owned()),
            Some((format, file)) => (format, Some(PathBuf::from(file))),
            None => (text, None),
        };
        if format.is_empty() {
            return Err("write a format, as in sarif=out.sarif or github".to_owned());
        }
        let known = || Format::value_variants().iter().filter_map(Format::to_possible_value);
        let format = Format::from_str(format, false).map_err(|_| {
            let names: Vec<String> = known().map(|value| value.get_name().to_owned()).collect();
            format!("there is no format `{format}`; it is one of {}", names.join(", "))
        })?;
        Ok(Self { format, file })
    }
}

/// `--color`.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub(crate) enum Color {
    #[default]
    Auto,
    Always,
    Never,
}

/// A shell that completions can be made for.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum ShellName {
    Bash,
    Elvish,
    Fish,
    Nushell,
    Powershell,
    Zsh,
}

/// `rules --format`.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub(crate) enum RulesFormat {
    #[default]
    Table,
    Json,
}

pub(super) fn websocket_path(text: &str) -> Result<String, String> {
    if text.starts_with('/') || Url::parse(text).is_ok() {
        return Ok(text.to_owned());
    }
    Err("it must start with `/`, or be a URL such as wss://example.com/ws".to_owned())
}

pub(super) fn reason(text: &str) -> Result<String, String> {
    let text = text.trim();
    match text {
        text if !lint_engine::is_reason(text) => Err("say why".to_owned()),
        text if text.contains(char::is_control) => Err("write it on one line".to_owned()),
        text => Ok(text.to_owned()),
    }
}

pub(super) fn url(text: &str) -> Result<Url, String> {
    Url::parse(text).map_err(|error| error.to_string())
}

pub(crate) fn header(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once(':').ok_or_else(|| "write it as `NAME: VALUE`".to_owned())?;
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || !name.bytes().all(is_token) {
        return Err("the name must be one of a header field (RFC 9110 section 5.6.2)".to_owned());
    }
    if value.contains(['\r', '\n', '\0']) {
        return Err("the value must be on one line".to_owned());
    }
    Ok((name.to_owned(), value.trim().to_owned()))
}

pub(super) fn via_listen(text: &str) -> Result<ListenAddress, String> {
    match ListenAddress::parse(text) {
        ListenAddress::Name(..) => {
            Err("write it as an address and a port, such as 10.0.0.1:443, [::1]:80 or *:80".to_owned())
        }
        address => Ok(address),
    }
}

pub(super) fn host(text: &str) -> Result<(String, PathBuf), String> {
    match text.split_once('=') {
        Some((name, file)) if !name.is_empty() && !file.is_empty() => Ok((name.to_owned(), file.into())),
        _ => Err("write it as NAME=FILE, such as web1=web1.txt".to_owned()),
    }
}

pub(super) fn path_map(text: &str) -> Result<PathMap, String> {
    match text.split_once('=') {
        Some((from, to)) if !from.is_empty() && !to.is_empty() => Ok(PathMap::new(from, to)),
        _ => Err("write it as FROM=TO, such as /etc/nginx=deploy/nginx".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_has_a_format_and_where_it_goes_a_name() {
        for text in ["", "=", "=out.sarif", "sarif=", "sarf", "sarf=x"] {
            assert!(text.parse::<Report>().is_err(), "{text}");
        }
        let report: Report = "sarif=a=b".parse().unwrap();
        assert_eq!((report.format, report.file), (Format::Sarif, Some("a=b".into())));
    }

    #[test]
    fn a_path_map_is_split_at_the_first_sign() {
        let map = PathMap::new("/etc/nginx", "a=b");
        assert_eq!(path_map("/etc/nginx=a=b"), Ok(map));
        for text in ["", "=", "/etc", "/etc=", "=here"] {
            assert!(path_map(text).is_err(), "{text}");
        }
    }
}
