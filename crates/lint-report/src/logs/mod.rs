//! What logs say, for a person at a terminal, for a spreadsheet, and as a page.

mod page;
mod pictures;
mod words;

use std::io::{self, Write};

use lint_finding::{LogEndpoint, LogReport, PeerTraffic, Traffic};

pub(crate) use self::page::write as write_page;
use crate::position::path_line;
use crate::table::csv_cell;
use crate::wrap::wrap;
use crate::{Style, columns, escape, human, silenced};

const BOLD: &str = "1";
const RED: &str = "31";
const CYAN: &str = "36";

/// So many symptoms and peers are shown without `-v`.
const FEW: usize = 6;

const HEADINGS: [&str; 10] =
    ["ENDPOINT", "HANDSHAKES", "101", "REFUSED", "P50", "P90", "P99", "ENDS/MIN", "OPEN", "SENT"];

pub(crate) fn write(report: &LogReport, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page { report, style: Style { width: style.width.clamp(40, 200), ..*style }, out };
    page.title()?;
    page.inputs()?;
    page.endpoints()?;
    page.cliffs()?;
    page.refusals()?;
    page.pictures()?;
    page.peers()?;
    page.symptoms()?;
    page.observations()?;
    page.status()?;
    if !report.outcome.notices.is_empty() {
        writeln!(page.out)?;
        human::notices(&report.outcome, style, page.out)?;
    }
    human::skipped(&report.outcome, style, page.out)?;
    silenced::write(&report.outcome, page.out)
}

/// A step of lifetimes in words.
pub(crate) fn cliff_text(report: &LogReport, cliff: &lint_finding::Cliff) -> String {
    words::cliff(report, cliff, true)
}

/// What was observed, in words.
pub(crate) fn observation_text(report: &LogReport, observation: &lint_finding::Observation) -> String {
    words::observation(report, observation)
}

struct Page<'a> {
    report: &'a LogReport,
    style: Style,
    out: &'a mut dyn Write,
}

impl Page<'_> {
    fn paint(&self, text: &str, color: &str) -> String {
        self.style.painted(text, color)
    }

    fn heading(&mut self, text: &str) -> io::Result<()> {
        let text = self.paint(text, BOLD);
        writeln!(self.out, "\n{text}")
    }

    /// Text that is wrapped below its first line, two columns in.
    fn item(&mut self, text: &str, color: Option<&str>) -> io::Result<()> {
        self.nested(text, color, 2)
    }

    fn nested(&mut self, text: &str, color: Option<&str>, indent: usize) -> io::Result<()> {
        for (index, line) in wrap(text, self.style.width.saturating_sub(indent + 2)).iter().enumerate() {
            let line = color.map_or_else(|| line.clone(), |color| self.paint(line, color));
            let more = if index == 0 { 0 } else { 2 };
            writeln!(self.out, "{}{line}", " ".repeat(indent + more))?;
        }
        Ok(())
    }

    fn title(&mut self) -> io::Result<()> {
        let report = self.report;
        let total = &report.total;
        let text = format!(
            "{}, {} answered with 101 ({})",
            words::counted(total.handshakes, "WebSocket handshake", "WebSocket handshakes"),
            words::count(total.succeeded),
            words::percent(total.succeeded, total.handshakes)
        );
        let text = self.paint(&text, BOLD);
        writeln!(self.out, "{text}")?;
        if let Some((first, last)) = report.span {
            let (first, last) = (words::time(report, first), words::time(report, last));
            writeln!(self.out, "{first} to {last} ({})", words::zone(report))?;
        }
        Ok(())
    }

    fn inputs(&mut self) -> io::Result<()> {
        self.heading("read")?;
        for input in &self.report.inputs {
            let text = format!("{}: {}", escape(&input.path), words::input(self.report, input));
            self.item(&text, None)?;
            for flaw in words::flaws(input) {
                self.nested(&flaw, None, 4)?;
            }
        }
        Ok(())
    }

    fn endpoints(&mut self) -> io::Result<()> {
        let report = self.report;
        if report.endpoints.is_empty() {
            return match report.has_access {
                true => writeln!(self.out, "\nno WebSocket handshake in these logs"),
                false => writeln!(self.out, "\nno access log was read: nothing is known of handshakes"),
            };
        }
        writeln!(self.out)?;
        let mut rows: Vec<[String; 10]> = report
            .endpoints
            .iter()
            .map(|endpoint| row(&endpoint.server, &endpoint.location, &endpoint.traffic))
            .collect();
        if rows.len() > 1 {
            rows.push(row("", "all", &report.total));
        }
        if !columns::write(HEADINGS, &rows, &self.style, self.out)? {
            for row in &rows {
                let [endpoint, facts @ ..] = row;
                writeln!(self.out, "{}", self.paint(endpoint, BOLD))?;
                for (name, value) in HEADINGS.iter().skip(1).zip(facts) {
                    writeln!(self.out, "  {:10}  {value}", name.to_lowercase())?;
                }
            }
        }
        if !report.knows_upgrade && report.has_access {
            writeln!(self.out)?;
            let text = "No log has `$http_upgrade`: refused handshakes are those of paths and queries that ask for a WebSocket.";
            self.item(text, None)?;
        }
        if report.unplaced > 0 {
            let number = words::counted(report.unplaced, "handshake", "handshakes");
            self.item(
                &format!(
                    "{number} came to no location that can be told: see their paths above. If the configuration has more files, give all of them, or what `nginx -T` prints."
                ),
                None,
            )?;
        }
        Ok(())
    }

    fn cliffs(&mut self) -> io::Result<()> {
        let report = self.report;
        let all: Vec<_> = report
            .endpoints
            .iter()
            .flat_map(|endpoint| endpoint.cliffs.iter().map(move |cliff| (endpoint, cliff)))
            .collect();
        if all.is_empty() {
            return Ok(());
        }
        self.heading("connections that end at one age")?;
        for (endpoint, cliff) in all {
            let text = format!("{}: {}", name(endpoint), words::cliff(report, cliff, self.style.unicode));
            self.item(&text, Some(RED))?;
        }
        Ok(())
    }

    fn refusals(&mut self) -> io::Result<()> {
        let report = self.report;
        if report.total.refusals.is_empty() {
            return Ok(());
        }
        self.heading("refused handshakes")?;
        for endpoint in report.endpoints.iter().filter(|endpoint| !endpoint.traffic.refusals.is_empty()) {
            let statuses: Vec<String> = endpoint
                .traffic
                .refusals
                .iter()
                .map(|(status, count)| format!("{status}: {}", words::count(*count)))
                .collect();
            self.item(&format!("{}: {}", name(endpoint), statuses.join(", ")), None)?;
            for cause in &endpoint.causes {
                let text = format!(
                    "{} may be {} {}: {} ({})",
                    cause.status,
                    cause.severity,
                    cause.rule,
                    escape(&cause.message),
                    path_line(&report.outcome, cause.place)
                );
                self.nested(&text, None, 4)?;
            }
            for line in &endpoint.refusing {
                self.nested(&words::refusing(report, line), None, 4)?;
            }
        }
        Ok(())
    }

    fn pictures(&mut self) -> io::Result<()> {
        let report = self.report;
        let Style { width, unicode, .. } = self.style;
        if let Some(lifetimes) = &report.total.lifetimes {
            self.heading("how long WebSockets lived")?;
            self.picture(&pictures::histogram(lifetimes, width, unicode))?;
        }
        if self.style.verbose {
            for endpoint in report.endpoints.iter().filter(|_| report.endpoints.len() > 1) {
                if let Some(lifetimes) = &endpoint.traffic.lifetimes {
                    self.heading(&format!("how long those of {} lived", name(endpoint)))?;
                    self.picture(&pictures::histogram(lifetimes, width, unicode))?;
                }
            }
        }
        let lines = pictures::disconnects(report, &report.total, width, unicode);
        if !lines.is_empty() && report.total.succeeded > 0 {
            self.heading(&words::a_minute(report.total.step_s))?;
            self.picture(&lines)?;
        }
        let lines = pictures::heat(report, &report.heat, unicode);
        if !lines.is_empty() {
            self.heading("age at the end, over time")?;
            self.picture(&lines)?;
        }
        Ok(())
    }

    fn picture(&mut self, lines: &[String]) -> io::Result<()> {
        for line in lines {
            let line = self.paint(line, CYAN);
            writeln!(self.out, "{line}")?;
        }
        Ok(())
    }

    fn peers(&mut self) -> io::Result<()> {
        let report = self.report;
        let is_shared = |endpoint: &&LogEndpoint| endpoint.traffic.peers.len() > 1;
        if !report.endpoints.iter().any(|endpoint| is_shared(&endpoint)) {
            return Ok(());
        }
        self.heading("peers")?;
        for endpoint in report.endpoints.iter().filter(is_shared) {
            self.item(&name(endpoint), None)?;
            let most = if self.style.verbose { usize::MAX } else { FEW };
            for peer in endpoint.traffic.peers.iter().take(most) {
                self.nested(&words::peer(&peer_name(peer), peer, endpoint.traffic.handshakes), None, 4)?;
            }
            let more = endpoint.traffic.peers.len().saturating_sub(most);
            if more > 0 {
                self.nested(&format!("and {more} more; -v shows them"), None, 4)?;
            }
        }
        Ok(())
    }

    fn symptoms(&mut self) -> io::Result<()> {
        let report = self.report;
        if report.symptoms.is_empty() && report.unexplained == 0 {
            return Ok(());
        }
        self.heading("error log")?;
        let most = if self.style.verbose { usize::MAX } else { FEW };
        for symptom in report.symptoms.iter().take(most) {
            let tied = match symptom.tied {
                0 => String::new(),
                tied => format!(", {} of them of these handshakes", words::count(tied)),
            };
            let text =
                format!("{} ({}{tied})", symptom.title, words::counted(symptom.lines, "line", "lines"));
            self.item(&text, None)?;
            self.nested(symptom.meaning, None, 4)?;
            self.nested(&format!("next: {}", symptom.next), None, 4)?;
            if self.style.verbose {
                self.nested(&format!("such as: {}", escape(&symptom.example)), None, 4)?;
            }
        }
        let more = report.symptoms.len().saturating_sub(most);
        if more > 0 {
            self.item(&format!("and {more} more kinds; -v shows them"), None)?;
        }
        if report.unexplained > 0 {
            let number = words::counted(report.unexplained, "line", "lines");
            self.item(&format!("{number} about other things"), None)?;
        }
        Ok(())
    }

    fn observations(&mut self) -> io::Result<()> {
        if self.report.observations.is_empty() {
            return Ok(());
        }
        self.heading("observed")?;
        for observation in &self.report.observations {
            let text = words::observation(self.report, observation);
            self.item(&text, Some(RED))?;
        }
        Ok(())
    }

    fn status(&mut self) -> io::Result<()> {
        let Some(status) = &self.report.status else { return Ok(()) };
        self.heading("now")?;
        let active = words::counted(status.active, "connection is open", "connections are open");
        self.item(
            &format!("{active}, nginx says ({}): WebSockets and others", escape(&status.source)),
            None,
        )?;
        if let Some(peak) = self.report.total.peak_open {
            let text = format!(
                "at most {peak:.1} WebSockets were open at once by the logs, which have those that ended alone"
            );
            self.item(&text, None)?;
        }
        if let Some(dropped) = status.dropped.filter(|dropped| *dropped > 0) {
            let dropped = words::counted(dropped, "connection was", "connections were");
            self.item(
                &format!("{dropped} dropped: `worker_connections` or the limit of open files"),
                Some(RED),
            )?;
        }
        Ok(())
    }
}

/// The location with its server and line.
fn name(endpoint: &LogEndpoint) -> String {
    let server = match endpoint.server.as_str() {
        "" => String::new(),
        server => format!(" of {}", escape(server)),
    };
    format!("{}{server}", escape(&endpoint.location))
}

/// The address of a peer; those that are not counted one by one have none.
fn peer_name(peer: &PeerTraffic) -> String {
    if peer.address.is_empty() { "(others)".to_owned() } else { escape(&peer.address).into_owned() }
}

fn row(server: &str, location: &str, traffic: &Traffic) -> [String; 10] {
    let lifetimes = traffic.lifetimes.as_ref();
    let age = |of: fn(&lint_finding::Lifetimes) -> u64| {
        lifetimes.map_or_else(|| "?".to_owned(), |lifetimes| narrow(&words::duration(of(lifetimes))))
    };
    [
        escape(format!("{location} {server}").trim_end()).into_owned(),
        words::count(traffic.handshakes),
        words::percent(traffic.succeeded, traffic.handshakes),
        words::count(traffic.handshakes - traffic.succeeded),
        age(|lifetimes| lifetimes.p50),
        age(|lifetimes| lifetimes.p90),
        age(|lifetimes| lifetimes.p99),
        format!("{:.1}", traffic.most_disconnects),
        traffic.peak_open.map_or_else(|| "?".to_owned(), |open| format!("{open:.1}")),
        traffic.bytes_sent.map_or_else(|| "?".to_owned(), |sent| narrow(&words::bytes(sent))),
    ]
}

/// Without its blank, so that a table does not fold there.
fn narrow(text: &str) -> String {
    text.replace(' ', "")
}

/// A row for each endpoint and step of time (RFC 4180).
pub(crate) fn csv(report: &LogReport, out: &mut dyn Write) -> io::Result<()> {
    write!(out, "start,step_s,server,endpoint,handshakes,refused,disconnects,open\r\n")?;
    for endpoint in &report.endpoints {
        for moment in &endpoint.traffic.moments {
            write!(
                out,
                "{},{},{},{},{},{},{},{:.3}\r\n",
                words::time(report, moment.start),
                endpoint.traffic.step_s,
                csv_cell(&escape(&endpoint.server)),
                csv_cell(&escape(&endpoint.location)),
                moment.handshakes,
                moment.refused,
                moment.disconnects,
                moment.open
            )?;
        }
    }
    Ok(())
}
