//! What nginx does when the name of a back end gets another address, and whether the linter says the same.
//!
//! Literal names are looked up by the system, so nginx runs in a mount namespace with a hosts file of its own; those out
//! of variables by a DNS server that the test is itself.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests may fail like tests")]

use std::fs;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use lint_engine::{Settings, lint};
use nginx_proof::{Binary, found};
use nginx_semantics::{MemoryFiles, Scope, VersionRange};

const PATIENCE: Duration = Duration::from_secs(15);

/// Loopback addresses stand for those that Docker gives.
fn address(last: u8) -> Ipv4Addr {
    Ipv4Addr::new(127, 0, 0, last)
}

/// A back end that answers its own address, until it is dropped.
struct Container {
    at: SocketAddrV4,
    is_gone: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Container {
    fn new(last: u8, port: u16) -> Self {
        let listener = TcpListener::bind((address(last), port)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let is_gone = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&is_gone);
        let thread = thread::spawn(move || {
            while let Ok((mut stream, _)) = listener.accept() {
                if flag.load(Ordering::Relaxed) {
                    return;
                }
                let _ = head(&mut stream);
                let body = address(last).to_string();
                let length = body.len();
                let _ = write!(
                    stream,
                    "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
                );
            }
        });
        Self { at: SocketAddrV4::new(address(last), port), is_gone, thread: Some(thread) }
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        self.is_gone.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(self.at);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// Up to the empty line.
fn head(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut all = Vec::new();
    let mut byte = [0];
    while !all.ends_with(b"\r\n\r\n") && stream.read(&mut byte)? == 1 {
        all.push(byte[0]);
    }
    Ok(all)
}

/// A DNS server that has one address for all names (RFC 1035 section 4), valid for a second; it ends with the process.
fn name_server(last: &Arc<AtomicU8>) -> u16 {
    let socket = UdpSocket::bind((address(1), 0)).unwrap();
    let port = socket.local_addr().unwrap().port();
    let last = Arc::clone(last);
    thread::spawn(move || {
        let mut query = [0; 512];
        while let Ok((length, client)) = socket.recv_from(&mut query) {
            // The question ends in type and class; anything but A has no answer.
            let question = &query[12..length];
            let is_a = question[question.len() - 4..] == [0, 1, 0, 1];
            let mut answer =
                [&query[..2], &[0x81, 0x80, 0, 1, 0, u8::from(is_a), 0, 0, 0, 0], question].concat();
            if is_a {
                let ip = address(last.load(Ordering::Relaxed)).octets();
                answer.extend([&[0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4][..], &ip].concat());
            }
            let _ = socket.send_to(&answer, client);
        }
    });
    port
}

/// nginx with a hosts file of its own.
struct Nginx {
    child: Child,
    port: u16,
}

impl Nginx {
    fn start(binary: &Binary, folder: &Path, port: u16) -> Self {
        let script = "mount --bind \"$0/hosts\" /etc/hosts && exec \"$1\" -p \"$0\" -c \"$0/nginx.conf\" -e \"$0/error.log\"";
        let mut command = Command::new("unshare");
        command.args(["-rm", "sh", "-c", script]).arg(folder).arg(&binary.path).stderr(Stdio::null());
        let child = command.spawn().unwrap();
        let this = Self { child, port };
        let log = folder.join("error.log");
        let text = || fs::read_to_string(&log).unwrap_or_default();
        assert!(until(|| TcpStream::connect((address(1), port)).is_ok()), "{}", text());
        this
    }

    /// The status, and the body of a 200. A worker that a reload ends may reset what it has just accepted, which is
    /// asked again.
    fn get(&self, path: &str) -> String {
        let mut answer = None;
        assert!(until(|| {
            answer = self.try_get(path).ok();
            answer.is_some()
        }));
        answer.unwrap()
    }

    fn try_get(&self, path: &str) -> io::Result<String> {
        let mut stream = TcpStream::connect((address(1), self.port))?;
        write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")?;
        let head = String::from_utf8(head(&mut stream)?).map_err(io::Error::other)?;
        let status = head.split(' ').nth(1).ok_or(io::ErrorKind::UnexpectedEof)?.to_owned();
        let mut body = String::new();
        stream.read_to_string(&mut body)?;
        Ok(if status == "200" { body } else { status })
    }

    fn signal(&self, name: &str) -> bool {
        let id = self.child.id().to_string();
        Command::new("kill").args([name, &id]).status().is_ok_and(|status| status.success())
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // Killed, the master would leave its worker behind.
        self.signal("-TERM");
        if !until(|| !matches!(self.child.try_wait(), Ok(None))) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

fn until(mut condition: impl FnMut() -> bool) -> bool {
    let start = Instant::now();
    while !condition() {
        if start.elapsed() > PATIENCE {
            return false;
        }
        thread::sleep(Duration::from_millis(20));
    }
    true
}

/// The lines for a location that hands on to `pass`, behind `more`.
fn location(name: &str, more: &str, pass: &str) -> String {
    format!(
        "location {name} {{ {more} proxy_pass {pass}; proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade;\n\
         proxy_set_header Connection upgrade; proxy_read_timeout 1h; }}\n"
    )
}

/// The lines on which the linter reports a name.
fn reported(binary: &Binary, text: &str) -> Vec<String> {
    let folder = PathBuf::from("/t");
    let mut memory = MemoryFiles::new();
    memory.insert(folder.join("nginx.conf"), text);
    let scope = Scope { given: vec![folder.clone()], working_folder: folder.clone(), ..Scope::default() };
    let settings = Settings { versions: Some(VersionRange::exactly(binary.version)), ..Settings::default() };
    let outcome = lint(&memory, &[folder.join("nginx.conf")], &scope, &settings);
    let findings = outcome.findings.iter().filter(|finding| finding.rule.name == "stale-upstream-address");
    let places = findings.flat_map(|finding| {
        let labels = finding.labels.iter().filter(|label| label.message.starts_with("the variable"));
        std::iter::once(&finding.primary).chain(labels).map(|label| label.place.span).collect::<Vec<_>>()
    });
    let mut found: Vec<String> =
        places.map(|span| text[span.start as usize..span.end as usize].to_owned()).collect();
    found.sort();
    found
}

#[test]
fn a_literal_name_keeps_its_address_until_a_reload_and_one_out_of_a_variable_does_not() {
    let can_mount = Command::new("unshare").args(["-rm", "true"]).stderr(Stdio::null()).status();
    if !can_mount.is_ok_and(|status| status.success()) {
        let _ = writeln!(io::stderr(), "nginx-proof: no mount namespaces here, so names were not looked up");
        return;
    }
    let last = Arc::new(AtomicU8::new(1));
    let dns = name_server(&last);
    for binary in found().unwrap() {
        last.store(1, Ordering::Relaxed);
        let old = Container::new(1, 0);
        let port = old.at.port();
        let new = Container::new(2, port);
        let listen = TcpListener::bind((address(1), 0)).unwrap().local_addr().unwrap().port();
        let locations = [
            location("/literal/ws", "", &format!("http://literal:{port}")),
            location("/upstream/ws", "", "http://sockets"),
            location("/variable/ws", &format!("set $name variable:{port};"), "http://$name"),
            // The upstream that the literal made takes it, whatever the resolver says.
            location("/caught/ws", &format!("set $name literal:{port};"), "http://$name"),
        ];
        let text = format!(
            "daemon off; user root root; worker_processes 1; pid nginx.pid; error_log error.log info;\nevents {{}}\nhttp {{\n\
             access_log off; client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3; uwsgi_temp_path t4; scgi_temp_path t5;\n\
             resolver 127.0.0.1:{dns} valid=1s ipv6=off;\n\
             upstream sockets {{\nserver named:{port};\n}}\nserver {{\nlisten 127.0.0.1:{listen};\n{}}}\n}}\n",
            locations.concat()
        );
        let folder = tempfile::tempdir().unwrap();
        let hosts = |last| {
            let line = format!("{} literal named\n", address(last));
            // In place, for the file is mounted.
            fs::write(folder.path().join("hosts"), line).unwrap();
        };
        hosts(1);
        fs::write(folder.path().join("nginx.conf"), &text).unwrap();
        let nginx = Nginx::start(&binary, folder.path(), listen);
        let seen =
            || ["/literal/ws", "/upstream/ws", "/variable/ws", "/caught/ws"].map(|path| nginx.get(path));
        let version = binary.version;
        assert_eq!(seen(), ["127.0.0.1"; 4], "nginx {version}");

        // The container is recreated.
        hosts(2);
        last.store(2, Ordering::Relaxed);
        drop(old);
        assert!(until(|| nginx.get("/variable/ws") == "127.0.0.2"), "nginx {version}: {:?}", seen());
        assert_eq!(seen(), ["502", "502", "127.0.0.2", "502"], "nginx {version}");

        assert!(nginx.signal("-HUP"));
        // The old worker takes a few more until it has heard of it.
        assert!(until(|| seen() == ["127.0.0.2"; 4]), "nginx {version}: {:?}", seen());

        let literal = format!("http://literal:{port}");
        let caught = "proxy_pass http://$name".to_owned();
        let expected = [literal, format!("named:{port}"), caught];
        assert_eq!(reported(&binary, &text), expected, "nginx {version}");
        drop(new);
    }
}
