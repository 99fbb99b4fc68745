//! How the lines of a log are to be read: as requests by a format, as JSON, as messages, or not at all.

use lint_finding::LogKind;
use serde_json::{Map, Value};

use crate::carrier::{Carrier, object};
use crate::format::{COMBINED, Escape, Field, LogFormat, Values};
use crate::messages::Message;
use crate::record::Record;

/// A format with what it is called.
#[derive(Debug, Clone)]
pub struct NamedFormat {
    /// In words.
    pub name: String,
    /// The index of the `log_format` line, for whoever gave it.
    pub line: Option<usize>,
    /// The names of the files that are written by it, without folders; empty if any may be.
    pub files: Vec<String>,
    /// The format.
    pub format: LogFormat,
}

/// Formats that people use and that no configuration tells of here: those of nginx's packages, of ingress-nginx, and of
/// our own pages.
const KNOWN: [(&str, &str); 4] = [
    (
        "that of ingress-nginx",
        "$remote_addr - $remote_user [$time_local] \"$request\" $status $body_bytes_sent \"$http_referer\" \"$http_user_agent\" $request_length $request_time [$proxy_upstream_name] [$proxy_alternative_upstream_name] $upstream_addr $upstream_response_length $upstream_response_time $upstream_status $req_id",
    ),
    (
        "that of the page log-format-blind",
        "$remote_addr $host [$time_local] \"$request\" $status rt=$request_time out=$bytes_sent up=$upstream_addr us=$upstream_status",
    ),
    (
        "main, that of nginx's packages",
        "$remote_addr - $remote_user [$time_local] \"$request\" $status $body_bytes_sent \"$http_referer\" \"$http_user_agent\" \"$http_x_forwarded_for\"",
    ),
    ("combined", COMBINED),
];

/// So many lines tell what a file holds.
const SNIFFED: usize = 16;

/// How lines are read.
#[derive(Debug, Clone)]
pub(crate) enum Lines {
    /// As requests; the number is the index of the format among those that were given.
    Format { format: LogFormat, name: String, line: Option<usize> },
    /// As objects of JSON.
    Json { keys: Vec<(String, Field)> },
    /// As nginx's messages.
    Messages,
}

/// How a log is read.
#[derive(Debug, Clone)]
pub(crate) struct Shape {
    pub(crate) lines: Lines,
    /// What passed its lines on.
    carrier: Option<Carrier>,
}

impl Shape {
    /// The line inside what passed it on.
    pub(crate) fn inner<'l>(&self, line: &'l [u8], scratch: &'l mut Vec<u8>) -> Option<&'l [u8]> {
        match self.carrier {
            None => Some(line),
            Some(carrier) => carrier.inner(line, scratch),
        }
    }

    /// What its lines do not tell.
    pub(crate) fn lacks(&self) -> Vec<&'static str> {
        let has = |field: Field| match &self.lines {
            Lines::Format { format, .. } => format.has(field),
            Lines::Json { keys } => keys.iter().any(|(_, known)| *known == field),
            Lines::Messages => true,
        };
        let wanted: [(&'static str, &[Field]); 7] = [
            ("$time_local", &[Field::TimeLocal, Field::TimeIso, Field::Seconds]),
            ("$request_time", &[Field::Duration, Field::UpstreamDuration]),
            ("$http_upgrade", &[Field::Upgrade]),
            ("$host", &[Field::Host, Field::HttpHost, Field::ServerName]),
            ("$upstream_addr", &[Field::Peer]),
            ("$upstream_status", &[Field::PeerStatus]),
            ("$bytes_sent", &[Field::BytesSent, Field::BodyBytesSent]),
        ];
        let lacking = wanted.into_iter().filter(|(_, fields)| !fields.iter().any(|field| has(*field)));
        lacking.map(|(name, _)| name).collect()
    }

    /// The variable that tells how much was sent.
    pub(crate) fn sent(&self) -> Option<&'static str> {
        let has = |field: Field| match &self.lines {
            Lines::Format { format, .. } => format.has(field),
            Lines::Json { keys } => keys.iter().any(|(_, known)| *known == field),
            Lines::Messages => false,
        };
        let all = [("$bytes_sent", Field::BytesSent), ("$body_bytes_sent", Field::BodyBytesSent)];
        all.into_iter().find(|(_, field)| has(*field)).map(|(name, _)| name)
    }

    /// Whether its lines tell `Upgrade`.
    pub(crate) fn tells_upgrade(&self) -> bool {
        !self.lacks().contains(&"$http_upgrade")
    }

    /// The format in words.
    pub(crate) fn words(&self) -> String {
        let inside = self.carrier.map_or("", Carrier::words);
        let own = match &self.lines {
            Lines::Format { name, .. } => name.as_str(),
            Lines::Json { .. } => "objects of JSON",
            Lines::Messages => "",
        };
        format!("{own}{inside}")
    }

    /// As the user says; what passed the lines on is seen from them.
    pub(crate) fn forced(format: &NamedFormat, sample: &[Vec<u8>]) -> Self {
        let NamedFormat { name, line, format, .. } = format.clone();
        let fitting = |lines: &[Vec<u8>]| lines.iter().filter(|line| reads(&format, line)).count();
        let carriers = Carrier::ALL.map(Some).into_iter().chain([None]);
        let counts = carriers.map(|carrier| (fitting(&carried(sample, carrier)), carrier));
        // The first of equals; what no line fits in is read as it is.
        let best = counts.filter(|(count, _)| *count > 0).rev().max_by_key(|(count, _)| *count);
        Self { carrier: best.and_then(|(_, carrier)| carrier), lines: Lines::Format { format, name, line } }
    }

    /// How most of these lines can be read; formats that were given come first.
    pub(crate) fn of(sample: &[Vec<u8>], file: &str, given: &[NamedFormat]) -> Option<Self> {
        let mut ways: Vec<(usize, usize, Self)> = Vec::new();
        // A variable at the beginning of a format may take what a carrier wrote: what is inside is tried first.
        for carrier in Carrier::ALL.map(Some).into_iter().chain([None]) {
            let lines = carried(sample, carrier);
            if lines.len() * 2 > sample.len() {
                Self::ways(&lines, file, given, &mut |count, rank, lines| {
                    ways.push((count, rank, Self { lines, carrier }));
                });
            }
        }
        // The most lines, then the most that is known of each; the first of equals.
        ways.retain(|(count, ..)| *count * 2 > sample.len());
        ways.into_iter().rev().max_by_key(|(count, rank, _)| (*count, *rank)).map(|(.., shape)| shape)
    }

    fn ways(sample: &[Vec<u8>], file: &str, given: &[NamedFormat], way: &mut dyn FnMut(usize, usize, Lines)) {
        let messages = sample.iter().filter(|line| Message::of(line).is_some()).count();
        // A container writes requests and messages to one log: messages count with any format that enough lines have.
        let count = |fits: &dyn Fn(&[u8]) -> bool| {
            let fitting = sample.iter().filter(|line| fits(line)).count();
            if fitting * 4 >= messages { fitting + messages } else { fitting }
        };
        // A format of the configuration for this very file, then one of the configuration, then one that is known.
        const OF_FILE: usize = 200;
        const GIVEN: usize = 100;
        let mut try_format = |format: LogFormat, name: &str, line: Option<usize>, rank: usize| {
            let fits = |line: &[u8]| reads(&format, line);
            let (count, known) = (count(&fits), format.known());
            let name = name.to_owned();
            way(count, rank + known, Lines::Format { format, name, line });
        };
        for named in given {
            let is_of_file = named.files.iter().any(|name| is_rotated_from(file, name));
            let rank = if is_of_file { OF_FILE } else { GIVEN };
            try_format(named.format.clone(), &named.name, named.line, rank);
        }
        for (name, text) in KNOWN {
            if let Some(format) = LogFormat::new(text.as_bytes(), Escape::Default) {
                try_format(format, name, None, 0);
            }
        }
        if let Some(format) = LogFormat::combined() {
            // Less than any that fits to the end.
            let format = format.open();
            let fits = |line: &[u8]| reads(&format, line);
            let count = count(&fits);
            let name = "combined, and more that is not read".to_owned();
            way(count, 0, Lines::Format { format, name, line: None });
        }
        way(messages, 0, Lines::Messages);
        let keys = keys(sample);
        if keys.iter().any(|(_, field)| *field == Field::Status) {
            let fits =
                |line: &[u8]| object(line).is_some_and(|object| json(&object, &keys, |_, _| ()).is_some());
            way(count(&fits), 1, Lines::Json { keys });
        }
    }
}

fn reads(format: &LogFormat, line: &[u8]) -> bool {
    format.values(line).is_some_and(|values| {
        Record::of(&values, format.escape(), false).is_some_and(|record| {
            // Neither addresses nor names have blanks: what has one holds what something else wrote before it.
            let words = [record.client, record.host, record.server_name];
            is_method(record.method) && words.into_iter().flatten().all(|word| !word.contains(&b' '))
        })
    })
}

/// Whether a word may be the method of a request: nginx writes an empty one for what is none.
fn is_method(word: &[u8]) -> bool {
    word.len() < 20 && word.iter().all(|byte| byte.is_ascii_uppercase() || *byte == b'-')
}

/// Whether a file is a log, or an older one of it: `access.log`, `access.log.1`, `access.log-20240501.gz`,
/// `access-2024-05-01.log`.
#[must_use]
pub fn is_rotated_from(file: &str, log: &str) -> bool {
    let stem = |name: &str| -> String {
        let name = name.trim_end_matches(".gz").trim_end_matches(".zst");
        let is_mark = |character: char| character.is_ascii_digit() || matches!(character, '.' | '-' | '_');
        let name = name.trim_end_matches(is_mark);
        match name.strip_suffix(".log") {
            Some(name) => name.trim_end_matches(is_mark).to_owned(),
            None => name.to_owned(),
        }
    };
    !log.is_empty() && stem(file) == stem(log)
}

/// The lines that something passed on, as they were before; `None`: those that nothing did.
fn carried(sample: &[Vec<u8>], carrier: Option<Carrier>) -> Vec<Vec<u8>> {
    let mut scratch = Vec::new();
    let mut inner = |line: &[u8], carrier: Carrier| carrier.inner(line, &mut scratch).map(<[u8]>::to_vec);
    match carrier {
        Some(carrier) => sample.iter().filter_map(|line| inner(line, carrier)).collect(),
        None => sample.to_vec(),
    }
}

/// The keys of objects that are known, each field once: the first of several.
fn keys(sample: &[Vec<u8>]) -> Vec<(String, Field)> {
    let mut keys: Vec<(String, Field)> = Vec::new();
    for object in sample.iter().filter_map(|line| object(line)) {
        // `request` is a line of HTTP in most formats; a path alone in some.
        for key in object.keys() {
            let Some(field) = Field::of_key(key) else { continue };
            if !keys.iter().any(|(_, known)| *known == field) {
                keys.push((key.clone(), field));
            }
        }
    }
    keys
}

/// Reads an object of JSON as the values of a line.
fn json<T>(
    object: &Map<String, Value>,
    keys: &[(String, Field)],
    then: impl FnOnce(&Record<'_>, Option<&[u8]>) -> T,
) -> Option<T> {
    let texts: Vec<(Field, String)> = keys
        .iter()
        .filter_map(|(key, field)| {
            let text = match object.get(key)? {
                Value::String(text) => text.clone(),
                Value::Number(number) => number.to_string(),
                _ => return None,
            };
            Some((*field, text))
        })
        .collect();
    let mut values = Values::NONE;
    for (field, text) in &texts {
        values.set(*field, text.as_bytes());
    }
    let tells_upgrade = keys.iter().any(|(_, field)| *field == Field::Upgrade);
    Record::of(&values, Escape::None, tells_upgrade).map(|record| then(&record, values.get(Field::Request)))
}

/// What the beginning of a file holds, by its lines alone.
#[must_use]
pub fn kind_of(beginning: &[u8]) -> LogKind {
    let lines = beginning.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let lines: Vec<Vec<u8>> = lines.take(SNIFFED).map(<[u8]>::to_vec).collect();
    match Shape::of(&lines, "", &[]).map(|shape| shape.lines) {
        None => LogKind::Unknown,
        Some(Lines::Messages) => LogKind::Error,
        Some(Lines::Format { .. } | Lines::Json { .. }) => LogKind::Access,
    }
}

impl Lines {
    /// Reads a line as a request; `None` if it is none.
    pub(crate) fn request<T>(
        &self,
        line: &[u8],
        then: impl FnOnce(&Record<'_>, Option<&[u8]>) -> T,
    ) -> Option<T> {
        match self {
            Self::Format { format, .. } => {
                let values = format.values(line)?;
                let record = Record::of(&values, format.escape(), format.has(Field::Upgrade))?;
                Some(then(&record, values.get(Field::Request)))
            }
            Self::Json { keys } => json(&object(line)?, keys, then),
            Self::Messages => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(lines: &[&str], given: &[NamedFormat], file: &str) -> Option<String> {
        let sample: Vec<Vec<u8>> = lines.iter().map(|line| line.as_bytes().to_vec()).collect();
        Shape::of(&sample, file, given).map(|shape| match shape.lines {
            Lines::Messages => "messages".to_owned(),
            _ => shape.words(),
        })
    }

    const LINE: &str =
        r#"10.0.0.9 - - [01/May/2024:10:00:00 +0000] "GET /ws HTTP/1.1" 101 34 "-" "Mozilla/5.0""#;

    #[test]
    fn logs_are_known_by_their_lines() {
        let more = format!("{LINE} \"-\"");
        let other = format!("{LINE} 0.010 x");
        let docker = format!(
            "{{\"log\":{},\"stream\":\"stdout\",\"time\":\"2024-05-01T10:00:00.1Z\"}}",
            serde_json::to_string(&format!("{LINE}\n")).unwrap()
        );
        let syslog = format!("May  1 10:00:00 web1 nginx: {LINE}");
        let runtime = format!("2024-05-01T10:00:00.123Z stdout F {LINE}");
        for (line, expected) in [
            (LINE, "combined"),
            (more.as_str(), "main, that of nginx's packages"),
            (other.as_str(), "combined, and more that is not read"),
            (docker.as_str(), "combined, in Docker's JSON"),
            (syslog.as_str(), "combined, passed on by syslog"),
            (runtime.as_str(), "combined, passed on by a container runtime"),
            ("2024/05/01 10:00:00 [notice] 1#1: start worker process 7", "messages"),
            (
                r#"{"time":"2024-05-01T10:00:00+00:00","status":101,"request":"GET /ws HTTP/1.1","request_time":"60.001"}"#,
                "objects of JSON",
            ),
        ] {
            assert_eq!(told(&[line, line], &[], "x.log").as_deref(), Some(expected), "{line}");
        }
        for line in [
            "",
            "hello",
            "{}",
            "server { listen 80; }",
            "10.0.0.9 - - [x] \"GET / HTTP/1.1\" 101 34 \"-\" \"-\"",
        ] {
            assert_eq!(told(&[line, line], &[], "x.log"), None, "{line}");
        }
    }

    #[test]
    fn the_format_for_the_file_is_taken_first() {
        let named = |name: &str, file: &str| NamedFormat {
            name: name.to_owned(),
            line: None,
            files: vec![file.to_owned()],
            format: LogFormat::combined().unwrap(),
        };
        let given = [named("a", "a.log"), named("b", "b.log")];
        assert_eq!(told(&[LINE], &given, "b.log.2.gz").as_deref(), Some("b"));
        assert_eq!(told(&[LINE], &given, "other.log").as_deref(), Some("a"));
    }

    #[test]
    fn rotated_logs_are_those_of_their_file() {
        for file in [
            "access.log",
            "access.log.1",
            "access.log.12.gz",
            "access.log-20240501.zst",
            "access-2024-05-01.log",
        ] {
            assert!(is_rotated_from(file, "access.log"), "{file}");
        }
        for file in ["error.log", "access2.txt", "my-access.log", ""] {
            assert!(!is_rotated_from(file, "access.log"), "{file}");
        }
    }

    #[test]
    fn keys_of_json_are_known() {
        let line = br#"{"@timestamp":"2024-05-01T10:00:00Z","request_uri":"/ws","request_method":"GET","status":"400","http_upgrade":"websocket"}"#;
        let shape = Shape::of(&[line.to_vec()], "x", &[]).unwrap();
        let seen =
            shape.lines.request(line, |record, _| (record.status, record.path().to_vec(), record.asks));
        assert_eq!(seen, Some((400, b"/ws".to_vec(), Some(true))));
        assert_eq!(
            shape.lacks(),
            ["$request_time", "$host", "$upstream_addr", "$upstream_status", "$bytes_sent"]
        );
    }
}
