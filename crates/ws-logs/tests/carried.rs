//! Lines that something else passed on are read as those that nginx wrote, however their format is known.

mod nothing;

use lint_finding::{LogKind, LogReport};
use nothing::Nothing;
use ws_logs::{Book, Escape, LogFormat, NamedFormat};

const BEFORE: [&str; 14] = [
    "",
    "<190>May  1 10:00:00 web1 nginx: ",
    "<190>May  1 10:00:00 nginx: ",
    "<190>May  1 10:00:00 web1 shop: ",
    "May  1 10:00:00 web1 nginx[31]: ",
    "May 01 10:00:00.123456 web1 nginx[31]: ",
    "2024-05-01T10:00:00.123456+02:00 web1 nginx: ",
    "2024-05-01T10:00:00+0200 web1 nginx[31]: ",
    "<190>1 2024-05-01T10:00:00.1Z web1 nginx 31 - - ",
    "2024-05-01T10:00:00.123456789Z stdout F ",
    "2024-05-01T10:00:00.123456789Z ",
    "nginx-1  | ",
    "[pod/web-7c5/nginx] ",
    "DOCKER",
];

/// Formats, each with a line of it, and whether its host is told.
const FORMATS: [(&str, Escape, &str, bool); 5] = [
    (
        "$host $remote_addr [$time_local] \"$request\" $status $request_time",
        Escape::Default,
        "a.test 10.0.0.9 [01/May/2024:10:00:00 +0200] \"GET /ws HTTP/1.1\" 101 60.001",
        true,
    ),
    (
        "$request_id $host $time_iso8601 $request_method $request_uri $status",
        Escape::Default,
        "5f3a a.test 2024-05-01T10:00:00+02:00 GET /ws 101",
        true,
    ),
    (
        "$time_iso8601 $host \"$request\" $status",
        Escape::None,
        "2024-05-01T10:00:00+02:00 a.test \"GET /ws HTTP/1.1\" 101",
        true,
    ),
    (
        "{\"host\":\"$host\",\"uri\":\"$request_uri\",\"status\":\"$status\",\"t\":\"$msec\"}",
        Escape::Json,
        "{\"host\":\"a.test\",\"uri\":\"/ws\",\"status\":\"101\",\"t\":\"1714557600.1\"}",
        true,
    ),
    (
        "$remote_addr - $remote_user [$time_local] \"$request\" $status $body_bytes_sent \"$http_referer\" \"$http_user_agent\"",
        Escape::Default,
        "10.0.0.9 - - [01/May/2024:10:00:00 +0200] \"GET /ws HTTP/1.1\" 101 34 \"-\" \"x: y\"",
        false,
    ),
];

fn carried(before: &str, line: &str) -> String {
    if before == "DOCKER" {
        let quoted = format!("{line}\n").replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        return format!(
            "{{\"log\":\"{quoted}\",\"stream\":\"stdout\",\"time\":\"2024-05-01T10:00:00.1Z\"}}\n"
        );
    }
    format!("{before}{line}\n")
}

fn report(text: &str, formats: Vec<NamedFormat>, forced: Option<NamedFormat>) -> LogReport {
    let mut book = Book::new(&Nothing, formats, forced);
    let log = book.open("access.log");
    book.feed(log, text.as_bytes());
    book.close(log, None);
    book.report()
}

fn named(text: &str, escape: Escape) -> Option<NamedFormat> {
    let format = LogFormat::new(text.as_bytes(), escape)?;
    Some(NamedFormat { name: "own".to_owned(), line: None, files: Vec::new(), format })
}

fn check(report: &LogReport, host: &str, what: &str) {
    let inputs: Vec<_> = report.inputs.iter().map(|input| (input.kind, input.unreadable)).collect();
    assert_eq!(inputs, [(LogKind::Access, 0)], "{what}");
    let told = report.endpoints.iter().map(|one| (&*one.server, &*one.location, one.traffic.succeeded));
    assert_eq!(told.collect::<Vec<_>>(), [(host, "/ws", 3)], "{what}");
}

#[test]
fn what_passed_lines_on_is_in_no_value() {
    for before in BEFORE {
        for (text, escape, line, tells_host) in FORMATS {
            let log = carried(before, line).repeat(3);
            let host = if tells_host { "a.test" } else { "" };
            let what = format!("{before}{line}");
            assert!(named(text, escape).is_some(), "{what}");
            check(
                &report(&log, named(text, escape).into_iter().collect(), None),
                host,
                &format!("configured: {what}"),
            );
            check(&report(&log, Vec::new(), named(text, escape)), host, &format!("named: {what}"));
            // What no configuration tells of: `combined`, and objects of JSON.
            if line.starts_with('{') {
                check(
                    &report(
                        &log.replace("\"uri\"", "\"url\"").replace("\\\"uri\\\"", "\\\"url\\\""),
                        Vec::new(),
                        None,
                    ),
                    host,
                    &format!("detected: {what}"),
                );
            }
            if !tells_host {
                check(&report(&log, Vec::new(), None), host, &format!("detected: {what}"));
            }
        }
    }
}

/// A container writes its access log and its error log to one place.
#[test]
fn messages_between_requests_are_read() {
    let (format, escape, line, _) = FORMATS[0];
    let error = "2024/05/01 10:00:00 [info] 31#31: *5 upstream timed out (110: Connection timed out) while proxying upgraded connection, client: 10.0.0.9, server: a.test, request: \"GET /ws HTTP/1.1\", upstream: \"http://127.0.0.1:9000/ws\", host: \"a.test\"";
    for before in BEFORE {
        let log = (carried(before, error) + &carried(before, line)).repeat(3);
        for (formats, forced) in
            [(named(format, escape).into_iter().collect(), None), (Vec::new(), named(format, escape))]
        {
            let report = report(&log, formats, forced);
            check(&report, "a.test", before);
            let [symptom] = &report.symptoms[..] else { panic!("{before}: {:?}", report.symptoms) };
            assert_eq!((symptom.lines, symptom.tied), (3, 3), "{before}");
        }
    }
}
