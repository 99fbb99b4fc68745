//! A server for one WebSocket, each line with its reason: what to write, where `lint` says what is wrong.

use std::fmt::Write;

use nginx_semantics::{NginxVersion, VersionRange};
use ws_model::applications::{Application, Heartbeat, HeartbeatBy, OriginCheck, handshake_query};
use ws_model::layers::{IdlePreset, Passes, Preset};

use crate::trace::{Query, Url, UrlError};

/// How long a connection may be silent, in seconds: longer than any ping's interval, and than most layers allow.
const IDLE_S: u32 = 3_600;

/// How often somebody should ping where nothing in front closes earlier, in seconds (RFC 6455 section 5.5.2 has no number;
/// most libraries use 20 to 30).
const PING_S: u32 = 30;

/// Since this version a location writes `http2 on;` of its own (changes of nginx 1.25.1).
const HTTP2_DIRECTIVE: NginxVersion = NginxVersion::new(1, 25, 1);

/// What the text is for.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The path of the WebSocket; `None`: the application's, or else `/ws/`.
    pub path: Option<String>,
    /// The servers of the upstream, as `server` takes them: `HOST:PORT` or `unix:PATH`. Never empty.
    pub servers: Vec<String>,
    /// Whether they speak TLS.
    pub is_tls: bool,
    /// The host name of the site.
    pub name: String,
    /// Which nginx it has to work in.
    pub versions: VersionRange,
    /// What the servers run.
    pub application: Option<&'static Application>,
    /// What is in front of nginx, from the outside in.
    pub layers: Vec<&'static Preset>,
}

/// A text in the making. Each line has its reason above it.
struct Lines {
    text: String,
    indent: usize,
}

impl Lines {
    fn line(&mut self, line: &str) {
        let width = if line.is_empty() { 0 } else { self.indent * 4 };
        // A `String` takes everything.
        let _ = writeln!(self.text, "{:width$}{line}", "");
    }

    fn comment(&mut self, text: &str) {
        for line in text.lines() {
            self.line(format!("# {line}").trim_end());
        }
    }

    fn open(&mut self, head: &str) {
        self.line(&format!("{head} {{"));
        self.indent += 1;
    }

    fn close(&mut self) {
        self.indent -= 1;
        self.line("}");
    }
}

impl Wanted {
    /// The path of the WebSocket.
    pub fn path(&self) -> String {
        let own = || {
            let known = self.application?.socket_paths().first()?.text;
            Some(if known.starts_with('/') { known.to_owned() } else { format!("/{known}") })
        };
        self.path.clone().or_else(own).unwrap_or_else(|| "/ws/".to_owned())
    }

    /// What is read into `http`, with comments.
    ///
    /// # Errors
    /// A path or a name that no URL can have.
    pub fn text(&self) -> Result<String, UrlError> {
        let query = self.query()?;
        let mut out = Lines { text: String::new(), indent: 0 };
        out.comment("Include this file in `http`. In the main file, outside `http`, also add\n    worker_shutdown_timeout 1h;\nwithout which old workers keep running after a reload until their last WebSocket closes.");
        out.line("");
        self.map(&mut out);
        self.log_format(&mut out);
        self.upstream(&mut out);
        self.server(&mut out);
        out.line("");
        out.comment("Check that this answers 101:");
        out.comment(&format!("    {}", query.curl()));
        if let Some(text) = self.ping() {
            out.comment(&text);
        }
        Ok(out.text)
    }

    fn query(&self) -> Result<Query, UrlError> {
        let path = self.path();
        let url = Url::parse(&format!("wss://{}{path}{}", self.name, handshake_query(&path)))?;
        Ok(Query::handshake(url))
    }

    fn map(&self, out: &mut Lines) {
        out.comment("Forwards an upgrade only if the client asks for one. The empty value sends no\n`Connection` with ordinary requests, so that connections to the back end stay open.");
        out.open("map $http_upgrade $connection_upgrade");
        out.line("default upgrade;");
        out.line("''      '';");
        out.close();
        out.line("");
    }

    fn log_format(&self, out: &mut Lines) {
        out.comment(
            "Shows the status of each handshake, how long each WebSocket lived, and on which server.",
        );
        out.line("log_format websocket '$remote_addr - $host [$time_local] \"$request\" $status '");
        out.line(
            "                     '$request_time $upstream_addr $upstream_status \"$http_user_agent\"';",
        );
        out.line("");
    }

    fn upstream(&self, out: &mut Lines) {
        out.open("upstream websocket_backend");
        if self.servers.len() > 1 {
            out.comment("All worker processes share what they know of the servers.");
            out.line("zone websocket_backend 64k;");
            out.comment("A client always gets the same server, which may hold its session.");
            out.line("hash $remote_addr consistent;");
        }
        for server in &self.servers {
            out.line(&format!("server {server};"));
        }
        out.close();
        out.line("");
    }

    fn server(&self, out: &mut Lines) {
        let Self { name, versions, .. } = self;
        out.open("server");
        out.comment("Browsers open WebSockets over HTTP/1.1, whatever the rest of the page uses.");
        if versions.all_since(HTTP2_DIRECTIVE) {
            out.line("listen 443 ssl;");
            out.line("http2 on;");
        } else {
            out.line("listen 443 ssl;");
        }
        out.line(&format!("server_name {name};"));
        out.comment("The server's certificate with all intermediate ones: without them some clients fail.");
        out.line(&format!("ssl_certificate /etc/ssl/{name}/fullchain.pem;"));
        out.line(&format!("ssl_certificate_key /etc/ssl/{name}/privkey.pem;"));
        if self.layers.iter().any(|layer| layer.passes != Passes::No) {
            out.comment("The client's address comes in a header: name the addresses of the proxy in front,\nor else all clients seem to have one address.");
            out.comment("set_real_ip_from 192.0.2.0/24;\nreal_ip_header X-Forwarded-For;");
        }
        out.line("");
        self.location(out);
        out.close();
    }

    fn location(&self, out: &mut Lines) {
        out.open(&format!("location {}", quoted(&self.path())));
        let scheme = if self.is_tls { "https" } else { "http" };
        out.line(&format!("proxy_pass {scheme}://websocket_backend;"));
        if self.is_tls {
            out.comment("The name that the back end's certificate is for.");
            out.line("proxy_ssl_server_name on;");
            // The path of a Unix socket is no name, so the certificate is likely for the site's own.
            let is_named = |server: &&String| !server.starts_with("unix:");
            let host =
                self.servers.iter().find(is_named).map_or(self.name.as_str(), |server| host_of(server));
            out.line(&format!("proxy_ssl_name {host};"));
        }
        out.comment("A handshake is HTTP/1.1 with these two fields; nginx does not forward them by itself.");
        out.line("proxy_http_version 1.1;");
        out.line("proxy_set_header Upgrade $http_upgrade;");
        out.line("proxy_set_header Connection $connection_upgrade;");
        self.forwarded(out);
        let heartbeat = self.heartbeat().unwrap_or_default();
        out.comment(&format!(
            "Closes a WebSocket that is silent for an hour (the default is 60 s).{heartbeat}"
        ));
        out.line(&format!("proxy_read_timeout {IDLE_S}s;"));
        if self.application.is_some_and(Application::polls)
            || self.application.is_some_and(|application| application.fallback.is_some())
        {
            out.comment("Clients that get no WebSocket use HTTP: nothing may hold its messages back.");
            out.line("proxy_buffering off;");
            out.line("gzip off;");
        }
        out.comment("What happened to each WebSocket, and why nginx closed it.");
        out.line("access_log /var/log/nginx/websocket.log websocket;");
        out.line("error_log /var/log/nginx/websocket_error.log info;");
        out.close();
    }

    fn forwarded(&self, out: &mut Lines) {
        let checks = self.application.and_then(|application| application.checks_origin);
        let name = self.application.map_or("", |application| application.name);
        match checks {
            Some(OriginCheck::Host) => {
                out.comment(&format!("{name} compares `Origin` with `Host`, and refuses the handshake if they differ."));
            }
            Some(OriginCheck::ForwardedHost) => out.comment(&format!(
                "{name} compares `Origin` with `X-Forwarded-Host` or `Host`, and refuses the handshake if they differ."
            )),
            Some(OriginCheck::AllowList) => out.comment(&format!(
                "{name} compares `Origin` with its own settings: add https://{} there.",
                self.name
            )),
            Some(OriginCheck::Any) | None => {
                out.comment("What the client asked for, and who it is.");
            }
        }
        out.line("proxy_set_header Host $http_host;");
        if checks == Some(OriginCheck::ForwardedHost) {
            out.line("proxy_set_header X-Forwarded-Host $http_host;");
        }
        out.line("proxy_set_header X-Real-IP $remote_addr;");
        out.line("proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;");
        if self.application.is_some_and(|application| application.needs_forwarded_proto == Some(true)) {
            out.comment(&format!("{name} has to know that the client came over TLS."));
        }
        out.line("proxy_set_header X-Forwarded-Proto $scheme;");
    }

    /// What the application sends on an idle connection.
    fn heartbeat(&self) -> Option<String> {
        let application = self.application?;
        let Heartbeat { seconds, by, .. } = application.heartbeat?;
        let name = application.name;
        Some(match by {
            HeartbeatBy::Nobody => {
                format!("\n{name} sends nothing on an idle connection.")
            }
            HeartbeatBy::Server => format!("\n{name} sends a ping every {seconds} s."),
            HeartbeatBy::Client => format!("\nClients of {name} send a ping every {seconds} s."),
            HeartbeatBy::Both => format!("\n{name} and its clients send a ping every {seconds} s."),
        })
    }

    /// What closes first in front of nginx, and how often somebody has to ping because of it.
    fn ping(&self) -> Option<String> {
        let mut text = String::new();
        let mut shortest = IDLE_S;
        for layer in &self.layers {
            let Preset { name, passes, how, idle, raise, is_fixed, lifetime_s, as_of, .. } = layer;
            match (passes, how) {
                (Passes::No, _) => {
                    let _ = writeln!(
                        text,
                        "{name} does not forward WebSockets: {}.",
                        how.unwrap_or("route them around it")
                    );
                }
                (Passes::OptIn, Some(how)) => {
                    let _ = writeln!(text, "{name} forwards WebSockets only with {how}.");
                }
                _ => {}
            }
            if let IdlePreset::Seconds(seconds) = idle {
                shortest = shortest.min(*seconds);
                let raise = match raise {
                    Some(raise) if !is_fixed => format!("; raise it with {raise}"),
                    _ => String::new(),
                };
                let _ = writeln!(
                    text,
                    "{name} closes a WebSocket that is silent for {seconds} s (as of {as_of}){raise}."
                );
            }
            if let Some(seconds) = lifetime_s {
                let _ =
                    writeln!(text, "{name} closes every WebSocket after {seconds} s: let clients reconnect.");
            }
        }
        let pings = self.application.and_then(|application| application.heartbeat);
        let is_pinged = pings.is_some_and(|one| one.by != HeartbeatBy::Nobody && one.seconds < shortest);
        if !is_pinged {
            let every = PING_S.min(shortest / 2).max(1);
            let _ = writeln!(
                text,
                "Send a ping every {every} s from either side, so that nothing closes an idle WebSocket."
            );
        }
        (!text.is_empty()).then(|| format!("\n{}", text.trim_end()))
    }
}

/// The host of `HOST:PORT`.
fn host_of(server: &str) -> &str {
    if server.starts_with('[') {
        return server.split_inclusive(']').next().unwrap_or(server);
    }
    server.split(':').next().unwrap_or(server)
}

/// A path as one word of nginx.
fn quoted(path: &str) -> String {
    if path.contains([' ', ';', '{', '}', '"', '\'', '\\', '#']) {
        return format!("\"{}\"", path.replace('\\', "\\\\").replace('"', "\\\""));
    }
    path.to_owned()
}
