//! `logs` on what a real nginx wrote under traffic that is known: each figure is compared with what the clients saw.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail like tests")]

use std::collections::BTreeMap;
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use lint_engine::{Settings, logs};
use lint_finding::{Cliff, CliffCause, LogEndpoint, LogReport, Observation, Place};
use nginx_proof::{Binary, Running, Setup, found};
use nginx_semantics::{MemoryFiles, Scope};
use ws_logs::Book;

/// Between two looks at all clients.
const TICK: Duration = Duration::from_millis(4);
/// No client waits longer.
const PATIENCE: Duration = Duration::from_secs(20);
/// So many are open at once: nginx has 2,048 files, and each tunnel takes two.
const AT_ONCE: usize = 600;
/// What nginx, a busy machine and the ticks of this test add to an age.
const SLACK_MS: u64 = 120;

/// Numbers that look like chance, the same each time.
struct Dice(u64);

impl Dice {
    /// Below 1.
    fn roll(&mut self) -> f64 {
        // Knuth's MMIX.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        f64::from(u32::try_from(self.0 >> 32).unwrap()) / f64::from(u32::MAX)
    }

    /// An age of a few hundred milliseconds to a few seconds, without a step.
    fn age(&mut self) -> Duration {
        Duration::from_secs_f64((0.2 - (1.0 - self.roll()).max(1e-9).ln() * 1.1).min(4.0))
    }
}

/// What a client is to do.
#[derive(Debug, Clone)]
struct Plan {
    path: String,
    /// When it closes; `None` if it stays until it is closed.
    stays: Option<Duration>,
    /// Whether it asks for the upgrade with a key; without one back ends refuse.
    has_key: bool,
}

/// What a client saw.
#[derive(Debug, Clone)]
struct Seen {
    path: String,
    status: u16,
    /// From the first byte sent to the end.
    age: Duration,
    received: u64,
    is_cut: bool,
}

struct Client {
    plan: Plan,
    stream: TcpStream,
    start: Instant,
    received: Vec<u8>,
    end: Option<Seen>,
}

impl Client {
    fn new(port: u16, plan: Plan) -> Self {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
        let key = if plan.has_key { "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" } else { "" };
        let request = format!(
            "GET {} HTTP/1.1\r\nHost: a.test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n{key}\r\n",
            plan.path
        );
        let start = Instant::now();
        stream.write_all(request.as_bytes()).unwrap();
        stream.set_nonblocking(true).unwrap();
        Self { plan, stream, start, received: Vec::new(), end: None }
    }

    fn look(&mut self) {
        if self.end.is_some() {
            return;
        }
        let mut buffer = [0; 4_096];
        let is_cut = loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => break true,
                Ok(length) => self.received.extend(buffer.get(..length).unwrap()),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break false,
                Err(_) => break true,
            }
        };
        let is_answered = self.received.windows(4).any(|end| end == b"\r\n\r\n");
        let status =
            || String::from_utf8_lossy(self.received.get(9..12).unwrap_or_default()).parse().unwrap_or(0);
        let is_refused = is_answered && status() != 101;
        let leaves = is_answered && self.plan.stays.is_some_and(|stays| self.start.elapsed() >= stays);
        if is_cut || is_refused || leaves {
            let _ = self.stream.shutdown(std::net::Shutdown::Both);
            self.end = Some(Seen {
                path: self.plan.path.clone(),
                status: status(),
                age: self.start.elapsed(),
                received: self.received.len() as u64,
                is_cut,
            });
        }
        assert!(self.start.elapsed() < PATIENCE, "{:?}", self.plan);
    }
}

/// Has all clients do what they are to do, so many at once; `halfway` is called when half of them have begun.
fn drive(port: u16, plans: Vec<Plan>, mut halfway: impl FnMut()) -> Vec<Seen> {
    let half = plans.len() / 2;
    let mut plans = plans.into_iter();
    let (mut open, mut seen): (Vec<Client>, Vec<Seen>) = (Vec::new(), Vec::new());
    let mut begun = 0;
    loop {
        // A few at a time: a queue of connections would make them older than nginx thinks.
        let room = AT_ONCE.saturating_sub(open.len()).min(20);
        for plan in plans.by_ref().take(room) {
            open.push(Client::new(port, plan));
            begun += 1;
            if begun == half {
                halfway();
            }
        }
        open.iter_mut().for_each(Client::look);
        open.retain_mut(|client| client.end.take().map(|end| seen.push(end)).is_none());
        if open.is_empty() && plans.len() == 0 {
            return seen;
        }
        sleep(TICK);
    }
}

fn start(binary: &Binary, text: &str, has_master: bool) -> Running {
    let files = vec![("nginx.conf".to_owned(), text.to_owned())];
    let setup = Setup { files, is_tested: false, has_master, ..Setup::default() };
    let running = Running::start(binary, &setup).unwrap();
    assert!(running.is_up(), "{:?}", running.verdict());
    running
}

/// What `logs` says of a run, when all lines are written.
fn report(running: &Running, text: &str, lines: usize) -> LogReport {
    let access = std::iter::repeat_with(|| {
        sleep(Duration::from_millis(20));
        running.access()
    });
    let access = access.take(500).find(|access| access.len() >= lines).unwrap();
    assert_eq!(access.len(), lines);
    let mut files = MemoryFiles::new();
    files.insert("/etc/nginx/nginx.conf", text.as_bytes());
    let scope = Scope { given: vec!["/etc/nginx".into()], working_folder: "/".into(), ..Scope::default() };
    let paths = [Path::new("/etc/nginx").to_owned()];
    logs(&files, &paths, &scope, &Settings::default(), |configured| {
        let mut book = Book::new(configured, configured.formats(), None);
        for (name, lines) in [("error.log", running.errors()), ("access.log", access)] {
            let log = book.open(name);
            lines.iter().for_each(|line| book.feed(log, format!("{line}\n").as_bytes()));
            book.close(log, None);
        }
        configured.complete(book.report())
    })
}

/// The number of the line, from 1, that a cliff is tied to.
fn line(report: &LogReport, cliff: &Cliff) -> Option<u32> {
    let CliffCause::Limit { place, .. } = cliff.cause else { return None };
    line_of(report, place)
}

fn line_of(report: &LogReport, place: Place) -> Option<u32> {
    Some(report.outcome.file(place.file)?.source.line(place.span.start))
}

const HEAD: &str = "worker_shutdown_timeout 1h;
events { worker_connections 2000; }
http {
log_format live '$remote_addr $host [$time_local] \"$request\" $status rt=$request_time '
'out=$bytes_sent up=$upstream_addr us=$upstream_status u=$http_upgrade c=$connection';
proxy_http_version 1.1;
proxy_set_header Upgrade $http_upgrade;
proxy_set_header Connection \"upgrade\";
";

/// Twenty endpoints whose silent connections nginx ends, by limits of their own at four levels, and twenty that it does not
/// end: among all of them the steps are found with their lines, and no other is.
#[test]
fn steps_are_found_where_there_are_any() {
    const EACH: usize = 60;
    let Some(binary) = found().unwrap().pop() else { return };
    let mut dice = Dice(20);
    let mut text = HEAD.to_owned();
    let mut expected: BTreeMap<String, u32> = BTreeMap::new();
    text.push_str("access_log /var/log/nginx/access.log live;\nserver {\nlisten 80;\nserver_name a.test;\n");
    for number in 0..20_u32 {
        let limit = 1_000 + number * 97;
        match number % 3 {
            0 => text.push_str(&format!("location /cut{number}/ws {{\nproxy_pass http://10.0.0.1:9000;\nproxy_read_timeout {limit}ms;\n}}\n")),
            1 => text.push_str(&format!("location /cut{number}/ws {{\nproxy_read_timeout {limit}ms;\nproxy_pass http://10.0.0.1:9000;\n}}\n")),
            _ => text.push_str(&format!("location /cut{number}/ {{\nproxy_read_timeout {limit}ms;\nlocation /cut{number}/ws {{\nproxy_pass http://10.0.0.1:9000;\n}}\n}}\n")),
        }
        let said = format!("proxy_read_timeout {limit}ms;");
        let line = text.lines().position(|line| line == said).unwrap() + 1;
        expected.insert(format!("/cut{number}/ws"), u32::try_from(line).unwrap());
    }
    for number in 0..20 {
        text.push_str(&format!(
            "location /free{number}/ws {{\nproxy_pass http://10.0.0.1:9000;\nproxy_read_timeout 1h;\n}}\n"
        ));
    }
    text.push_str("}\n}\n");
    let mut plans = Vec::new();
    for client in 0..EACH {
        for number in 0..20 {
            let plan = |path, stays| Plan { path, stays, has_key: true };
            // Every third leaves by itself before.
            let leaves = (client % 3 == 0).then(|| dice.age());
            plans.push(plan(format!("/cut{number}/ws"), leaves));
            plans.push(plan(format!("/free{number}/ws"), Some(dice.age())));
        }
    }
    let count = plans.len();
    assert!(count >= 2_000);
    let running = start(&binary, &text, false);
    let seen = drive(running.port("80").unwrap(), plans, || {});
    let report = report(&running, &text, count);
    assert_eq!((report.total.handshakes, report.total.succeeded), (count as u64, count as u64));
    let mut right = 0;
    for endpoint in &report.endpoints {
        match expected.get(&endpoint.location) {
            None => assert_eq!(endpoint.cliffs, [], "{}", endpoint.location),
            Some(&expected) => {
                let lines: Vec<_> = endpoint.cliffs.iter().map(|cliff| line(&report, cliff)).collect();
                if lines == [Some(expected)] {
                    right += 1;
                    compare_cut(endpoint, &seen);
                } else {
                    println!("{}: {:?}, expected line {expected}", endpoint.location, endpoint.cliffs);
                }
            }
        }
    }
    assert_eq!(report.endpoints.len(), 40);
    assert!(right >= 19, "{right} of 20");
}

/// Those that nginx cut are those that clients saw cut, and the error log says the same.
fn compare_cut(endpoint: &LogEndpoint, seen: &[Seen]) {
    let cut = seen.iter().filter(|seen| seen.path == endpoint.location && seen.is_cut).count() as u64;
    let [cliff] = &endpoint.cliffs[..] else { panic!("{:?}", endpoint.cliffs) };
    // One that left by itself may have done so at the same moment.
    assert!(cliff.count.abs_diff(cut) <= 3, "{}: {cliff:?}, clients saw {cut}", endpoint.location);
    assert!(cliff.timed_out.is_some_and(|said| said.abs_diff(cut) <= 3), "{cliff:?} {cut}");
}

/// Handshakes, refusals, ages, bytes, what was open and when, shares of peers, a reload: all as the clients saw it, on each
/// nginx.
#[test]
fn figures_are_those_of_the_clients() {
    for binary in found().unwrap() {
        let text = format!(
            "{HEAD}access_log /var/log/nginx/access.log live;\nupstream two {{ server 10.0.0.1:9000; server 10.0.0.2:9000; }}\n\
             server {{\nlisten 80;\nserver_name a.test;\n\
             location /ws/ {{\nproxy_pass http://two;\nproxy_read_timeout 1h;\n}}\n\
             location /page {{\nreturn 204;\n}}\n}}\n}}\n"
        );
        let mut dice = Dice(7);
        let mut plans = Vec::new();
        for number in 0..700 {
            let has_key = number % 10 != 3;
            plans.push(Plan { path: format!("/ws/{number}"), stays: Some(dice.age()), has_key });
        }
        let count = plans.len();
        let running = start(&binary, &text, true);
        let reloader = running.reloader().unwrap();
        let seen = drive(running.port("80").unwrap(), plans, || reloader.reload().unwrap());
        let report = report(&running, &text, count);
        let [endpoint] = &report.endpoints[..] else { panic!("{:?}", report.endpoints) };
        let traffic = &endpoint.traffic;
        let of = |status: u16| seen.iter().filter(move |seen| seen.status == status);
        let version = binary.version;
        assert_eq!(endpoint.location, "/ws/");
        assert_eq!(traffic.handshakes, count as u64, "{version}");
        assert_eq!(traffic.succeeded, of(101).count() as u64, "{version}");
        assert_eq!(traffic.refusals, [(400, of(400).count() as u64)], "{version}");
        // Every byte that clients got over tunnels.
        assert_eq!(traffic.bytes_sent, Some(of(101).map(|seen| seen.received).sum()), "{version}");
        let mut ages: Vec<u64> = of(101).map(|seen| u64::try_from(seen.age.as_millis()).unwrap()).collect();
        ages.sort_unstable();
        let lifetimes = traffic.lifetimes.as_ref().unwrap();
        assert_eq!(lifetimes.count, ages.len() as u64);
        for (told, part) in [(lifetimes.p50, 50), (lifetimes.p90, 90), (lifetimes.p99, 99)] {
            let clients = ages[(ages.len() * part / 100).min(ages.len() - 1)];
            assert!(told.abs_diff(clients) <= SLACK_MS + clients / 50, "p{part}: {told} {clients} {version}");
        }
        // The integral of what was open is the sum of all ages.
        let seconds: f64 = traffic.moments.iter().map(|moment| moment.open * 60.0).sum();
        let clients: f64 = of(101).map(|seen| seen.age.as_secs_f64()).sum();
        assert!((seconds - clients).abs() < clients * 0.05 + 2.0, "{seconds} {clients} {version}");
        assert_eq!(traffic.moments.iter().map(|moment| moment.disconnects).sum::<u64>(), traffic.succeeded);
        // In turn; each worker begins with the first one.
        let shares: Vec<u64> = traffic.peers.iter().map(|peer| peer.handshakes).collect();
        assert!(shares.len() == 2 && shares[0].abs_diff(shares[1]) <= 2, "{:?} {version}", traffic.peers);
        assert_eq!(endpoint.cliffs, [], "{version}");
        assert_eq!(report.reloads.len(), 1, "{version}");
        // One in ten is refused before the reload and after it.
        let is_refused = |one: &Observation| matches!(one, Observation::RefusedAfterReload { .. });
        assert!(!report.observations.iter().any(is_refused), "{:?} {version}", report.observations);
        let all = report.symptoms.iter().map(|symptom| symptom.lines).sum::<u64>() + report.unexplained;
        assert_eq!(all, running.errors().len() as u64, "{version}");
    }
}

/// Another nginx in front ends connections, and this one has a limit of an hour: no line of it is blamed.
#[test]
fn a_proxy_in_front_is_not_blamed_on_this_configuration() {
    let Some(binary) = found().unwrap().pop() else { return };
    let server = |limit: &str, pass: &str| {
        format!(
            "{HEAD}access_log /var/log/nginx/access.log live;\nserver {{\nlisten 80;\nserver_name a.test;\n\
             location /ws/ {{\nproxy_pass http://{pass};\nproxy_set_header Host $host;\nproxy_set_header Upgrade $http_upgrade;\n\
             proxy_set_header Connection upgrade;\nproxy_read_timeout {limit};\n}}\n}}\n}}\n"
        )
    };
    let (inner, front) = (server("1h", "10.0.0.1:9000"), server("1700ms", "10.9.9.9:80"));
    let back = start(&binary, &inner, false);
    let setup = Setup { files: vec![("nginx.conf".to_owned(), front)], is_tested: false, ..Setup::default() };
    let before = Running::start_before(&binary, &setup, &[("10.9.9.9:80", &back)]).unwrap();
    let mut dice = Dice(3);
    let plan = |number: usize, stays| Plan { path: format!("/ws/{number}"), stays, has_key: true };
    let plans = (0..200).map(|number| plan(number, (number % 4 == 0).then(|| dice.age()))).collect();
    let seen = drive(before.port("80").unwrap(), plans, || {});
    let report = report(&back, &inner, 200);
    let [endpoint] = &report.endpoints[..] else { panic!("{:?}", report.endpoints) };
    let [cliff] = &endpoint.cliffs[..] else { panic!("{:?}", endpoint.cliffs) };
    let cut = seen.iter().filter(|seen| seen.is_cut).count() as u64;
    assert!(cliff.at_ms.abs_diff(1_700) <= SLACK_MS && cliff.count.abs_diff(cut) <= 5, "{cliff:?} {cut}");
    assert!(matches!(&cliff.cause, CliffCause::Layers(guesses) if guesses.is_empty()), "{cliff:?}");
    // Its error log, of level `info`, has nothing of a time-out.
    assert_eq!(cliff.timed_out, None, "{cliff:?}");
}

/// Two peers, one of which refuses connections: each attempt is told in lists, and however the format parts them the figures
/// are the same.
#[test]
fn a_peer_that_is_passed_over_is_told() {
    for binary in found().unwrap() {
        for format in [
            "$status $upstream_addr $upstream_status $upstream_response_time $request_time $bytes_sent [$time_local] \"$request\" $http_upgrade",
            "$status,$upstream_addr,$upstream_status,$request_time,$bytes_sent,$time_iso8601,\"$request\",$http_upgrade",
            "$status\t$upstream_addr\t$upstream_status\t$request_time\t$bytes_sent\t$msec\t$request\t$http_upgrade",
        ] {
            let text = format!(
                "{HEAD}\nlog_format lists '{format}';\naccess_log /var/log/nginx/access.log lists;\n\
                 upstream two {{ server 10.0.0.1:9000 max_fails=0; server 10.0.0.2:9000 max_fails=0; }}\n\
                 server {{\nlisten 80;\nserver_name a.test;\nlocation /ws/ {{\nproxy_pass http://two;\nproxy_read_timeout 1h;\n}}\n}}\n}}\n"
            );
            let stays = Some(Duration::from_millis(50));
            let plan = |number| Plan { path: format!("/ws/{number}"), stays, has_key: true };
            // Nothing listens there any more.
            let dead = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
            let files = vec![("nginx.conf".to_owned(), text.clone())];
            let setup = Setup { files, is_tested: false, ..Setup::default() };
            let running = Running::start_beside(&binary, &setup, &[("10.0.0.1:9000", dead.port())]).unwrap();
            assert!(running.is_up(), "{:?}", running.verdict());
            let seen = drive(running.port("80").unwrap(), (0..40).map(plan).collect(), || {});
            let report = report(&running, &text, 40);
            let [endpoint] = &report.endpoints[..] else { panic!("{:?}", report.endpoints) };
            let traffic = &endpoint.traffic;
            assert_eq!(seen.iter().filter(|seen| seen.status == 101).count(), 40);
            assert_eq!((traffic.handshakes, traffic.succeeded), (40, 40), "{format}");
            assert_eq!(traffic.bytes_sent, Some(seen.iter().map(|seen| seen.received).sum()), "{format}");
            let [good, bad] = &traffic.peers[..] else { panic!("{format}: {:?}", traffic.peers) };
            assert_eq!((good.handshakes, good.succeeded, good.failed_over), (40, 40, 0), "{format}");
            // In turn, and every second one begins with the peer that refuses.
            assert_eq!((bad.address.as_str(), bad.handshakes), (dead.to_string().as_str(), 0), "{format}");
            assert!((15..=25).contains(&bad.failed_over), "{format}: {bad:?}");
            let told = report.observations.iter().find_map(|one| match one {
                Observation::RefusingPeer { address, refused, of, .. } => {
                    Some((address.as_str(), *refused, *of))
                }
                _ => None,
            });
            assert_eq!(told, Some((dead.to_string().as_str(), bad.failed_over, bad.failed_over)), "{format}");
        }
    }
}

/// What nginx refuses itself is told with its line.
#[test]
fn lines_by_which_nginx_refuses_are_named() {
    let Some(binary) = found().unwrap().pop() else { return };
    let text = format!(
        "{HEAD}access_log /var/log/nginx/access.log live;\nserver {{\nlisten 80;\nserver_name a.test;\n\
         location /denied/ws {{\ndeny all;\nproxy_pass http://10.0.0.1:9000;\n}}\n\
         location /gone/ws {{\nreturn 410;\n}}\n\
         location /partly/ws {{\nallow 10.0.0.0/8;\ndeny all;\nproxy_pass http://10.0.0.1:9000;\n}}\n}}\n}}\n"
    );
    let paths = ["/denied/ws", "/gone/ws", "/partly/ws"];
    let plan = |number: usize| Plan { path: paths[number % 3].to_owned(), stays: None, has_key: true };
    let running = start(&binary, &text, false);
    drive(running.port("80").unwrap(), (0..30).map(plan).collect(), || {});
    let report = report(&running, &text, 30);
    let number = |said: &str, which: usize| {
        let mut lines = text.lines().enumerate().filter(|(_, line)| *line == said);
        lines.nth(which).map(|(number, _)| u32::try_from(number).unwrap() + 1)
    };
    for (path, status, expected) in [
        (paths[0], 403, number("deny all;", 0)),
        (paths[1], 410, number("return 410;", 0)),
        (paths[2], 403, number("deny all;", 1)),
    ] {
        let endpoint = report.endpoints.iter().find(|one| one.location == path).unwrap();
        assert_eq!(endpoint.traffic.refusals, [(status, 10)], "{path}");
        let lines: Vec<_> =
            endpoint.refusing.iter().map(|one| (one.status, line_of(&report, one.place))).collect();
        assert_eq!(lines, [(status, expected)], "{path}: {:?}", endpoint.refusing);
    }
}
