//! A shape as files that nginx accepts, and which features are in them.

use std::collections::BTreeSet;

use nginx_semantics::Modifier;

use super::features::{self as f, Feature};
use super::shape::{Content, If, Level, Location, Map, Pass, Server, Shape, Statement, Swarm};
use super::topics::{MIRROR_LOCATION, Picks, TOPICS, Topic};
use super::words::{AUTH_LOCATIONS, FILES, USERS};

/// A file being written.
struct Page {
    path: String,
    text: String,
    depth: usize,
}

impl Page {
    fn line(&mut self, text: &str) {
        self.text.push_str(&"    ".repeat(self.depth));
        self.text.push_str(text);
        self.text.push('\n');
    }

    fn open(&mut self, head: &str) {
        self.line(&format!("{head} {{"));
        self.depth += 1;
    }

    fn close(&mut self) {
        self.depth = self.depth.saturating_sub(1);
        self.line("}");
    }
}

/// What is rendered.
pub(super) struct Rendered {
    /// Relative path and text, the main file first.
    pub(super) files: Vec<(String, String)>,
    /// The decoded names of the locations that are no regexes.
    pub(super) names: Vec<String>,
    pub(super) features: BTreeSet<Feature>,
    /// Where servers listen, each port once.
    pub(super) ports: Vec<u16>,
}

/// Where a location stands.
#[derive(Clone, Copy)]
enum Parent<'p> {
    Server,
    Prefix(&'p str),
    Regex,
}

struct Renderer {
    /// The file that is written to is the last one.
    open: Vec<Page>,
    done: Vec<Page>,
    names: Vec<String>,
    features: BTreeSet<Feature>,
    defined: Defined,
    swarm: Swarm,
    ports: Vec<u16>,
}

/// Whether any `set $c` and `set $backend` is there, and groups `part` and `sub`: else the names are unknown to nginx.
#[derive(Clone, Copy)]
struct Defined {
    c: bool,
    backend: bool,
    part: bool,
    sub: bool,
}

/// The files of a shape.
pub(super) fn render(shape: &Shape) -> Rendered {
    let all = Renderer::run(shape, Defined { c: true, backend: true, part: true, sub: true });
    let has = |text: &str| all.files.iter().any(|(_, file)| file.contains(text));
    let defined = Defined {
        c: has("set $c "),
        backend: has("set $backend "),
        part: has("(?<part>"),
        sub: has("(?<sub>"),
    };
    let is_whole = defined.c && defined.backend && defined.part && defined.sub;
    if is_whole { all } else { Renderer::run(shape, defined) }
}

impl Renderer {
    fn run(shape: &Shape, defined: Defined) -> Rendered {
        let page = Page { path: "nginx.conf".to_owned(), text: String::new(), depth: 0 };
        let (done, names, features) = (Vec::new(), Vec::new(), BTreeSet::new());
        let swarm = shape.swarm;
        let ports = Vec::new();
        let mut renderer = Self { open: vec![page], done, names, features, defined, swarm, ports };
        renderer.main(shape);
        renderer.note_if(swarm.files, f::FILES);
        let is_asked = [f::PASSWORD, f::PASSWORDS].iter().any(|it| renderer.features.contains(it));
        let Self { open, done, names, features, ports, .. } = renderer;
        let on_disk = FILES.into_iter().filter(|_| swarm.files).map(|path| (path, "x;\n"));
        let on_disk = on_disk.chain(is_asked.then_some(USERS));
        let on_disk = on_disk.map(|(path, text)| (path.to_owned(), text.to_owned()));
        let files = open.into_iter().chain(done).map(|page| (page.path, page.text)).chain(on_disk).collect();
        Rendered { files, names, features, ports }
    }

    fn note(&mut self, feature: Feature) {
        self.features.insert(feature);
    }

    fn note_if(&mut self, is_there: bool, feature: Feature) {
        if is_there {
            self.note(feature);
        }
    }

    fn line(&mut self, text: &str) {
        if let Some(page) = self.open.last_mut() {
            page.line(text);
        }
    }

    fn block(&mut self, head: &str, body: impl FnOnce(&mut Self)) {
        if let Some(page) = self.open.last_mut() {
            page.open(head);
        }
        body(self);
        if let Some(page) = self.open.last_mut() {
            page.close();
        }
    }

    /// The body, in a file of its own if so.
    fn perhaps_included(&mut self, is_included: bool, what: &str, body: impl FnOnce(&mut Self)) {
        if !is_included {
            return body(self);
        }
        let path = format!("{what}-{}.conf", self.done.len() + self.open.len());
        self.line(&format!("include {path};"));
        self.open.push(Page { path, text: String::new(), depth: 0 });
        body(self);
        self.done.extend(self.open.pop());
    }

    /// The word with variables that nothing defines replaced.
    fn defined(&self, word: &str) -> String {
        let mut word = word.to_owned();
        if !self.defined.c {
            word = match word.as_str() {
                "$c" => "$host".to_owned(),
                "$c = upgrade" => "$host = upgrade".to_owned(),
                other => other.replace("${c}", "c"),
            };
        }
        if !self.defined.part {
            word = word.replace("$part", "part");
        }
        if !self.defined.sub {
            word = word.replace("$sub", "sub");
        }
        if !self.defined.backend {
            word = word.replace("$backend", "app");
        }
        for topic in self.topics(false) {
            for (of_it, instead) in topic.otherwise {
                word = word.replace(of_it, instead);
            }
        }
        word
    }

    /// The topics that are drawn, or those that are not.
    fn topics(&self, is_drawn: bool) -> impl Iterator<Item = &'static Topic> + use<> {
        let bits = self.swarm.topics;
        let all = TOPICS.iter().enumerate();
        all.filter(move |(index, _)| (bits >> index & 1 == 1) == is_drawn).map(|(_, topic)| topic)
    }

    fn has(&self, feature: Feature) -> bool {
        self.topics(true).any(|topic| topic.feature == feature)
    }

    /// What a level has of the topics, `lines` being those of its kind.
    fn picked(&mut self, picks: &Picks, is_named: bool, lines: fn(&Topic) -> &'static [&'static str]) {
        for (topic, pick) in TOPICS.iter().zip(picks) {
            let line = usize::from(*pick).checked_sub(1).and_then(|index| lines(topic).get(index));
            // The lines of sockets are written where the server begins, and a named location has no path that an `alias`
            // could stand for.
            let is_written = self.has(topic.feature) && topic.feature != f::SOCKETS;
            if let Some(line) = line.filter(|line| is_written && !(is_named && line.starts_with("alias"))) {
                self.note(topic.feature);
                self.line(line);
            }
        }
    }

    fn main(&mut self, shape: &Shape) {
        self.line("events {}");
        self.block("http", |this| {
            this.map("$connection_upgrade", &shape.connection);
            this.map("$mapped", &shape.mapped);
            this.line("upstream app { server a:8000; }");
            this.note_if(shape.swarm.down, f::DOWN);
            let down = if shape.swarm.down { " down" } else { "" };
            this.line(&format!("upstream api {{ server a:8080{down}; }}"));
            for topic in this.topics(true) {
                let has_no_lines = topic.server.is_empty() && topic.location.is_empty();
                this.note_if(has_no_lines && topic.feature != f::VERSION_2, topic.feature);
                for line in topic.http {
                    this.line(line);
                }
            }
            this.picked(&shape.http.picks, false, |topic| topic.server);
            this.merge_slashes(shape.merge_slashes);
            this.level(&shape.http, &[], f::HEADERS_HTTP);
            let default = shape.servers.iter().position(|server| server.is_default);
            this.note_if(shape.servers.len() > 1, f::SERVERS);
            this.note_if(shape.servers.len() > 1 && default.is_some(), f::DEFAULT_SERVER);
            for (index, server) in shape.servers.iter().enumerate() {
                this.block("server", |this| {
                    this.listens(server, index == 0, default == Some(index));
                    this.server(server, &shape.http);
                });
            }
        });
    }

    fn map(&mut self, variable: &str, map: &Map) {
        self.note_if(map.is_included, f::MAP_INCLUDED);
        self.note(if map.default.is_some() { f::MAP_DEFAULT } else { f::MAP_NO_DEFAULT });
        let source = if map.source == "$c" { self.defined("$c") } else { map.source.to_owned() };
        self.block(&format!("map {} {variable}", quoted(&source)), |this| {
            this.perhaps_included(map.is_included, "map", |this| {
                if map.is_volatile {
                    this.note(f::MAP_VOLATILE);
                    this.line("volatile;");
                }
                let mut literals = BTreeSet::new();
                let value = |text: &'static str| match (variable, text) {
                    // It would be its own value.
                    ("$mapped", "$mapped") => "mapped",
                    _ => text,
                };
                for &(key, text) in &map.entries {
                    let is_regex = key.starts_with('~');
                    if !is_regex && !literals.insert(key.to_ascii_lowercase()) {
                        continue;
                    }
                    this.note(match key {
                        "" => f::MAP_EMPTY_KEY,
                        _ if key.starts_with("~*") => f::MAP_CASELESS,
                        _ if is_regex => f::MAP_REGEX,
                        _ => f::MAP_LITERAL,
                    });
                    this.note_if(is_regex && text.contains("$1"), f::MAP_CAPTURE);
                    this.line(&format!("{} {};", quoted(key), quoted(value(text))));
                }
                if let Some(text) = map.default {
                    this.line(&format!("default {};", quoted(value(text))));
                }
            });
        });
    }

    /// `outer` are the lists of the levels around.
    fn level(&mut self, level: &Level, outer: &[bool], feature: Feature) {
        let Level { headers, http_version, scalars, is_included, .. } = level;
        if headers.is_empty() && http_version.is_none() && scalars.is_empty() {
            return;
        }
        self.note_if(*is_included, f::HEADERS_INCLUDED);
        self.note_if(http_version.is_some(), f::HTTP_VERSION);
        if !headers.is_empty() {
            self.note(feature);
            self.note_if(outer.contains(&true), f::HEADERS_REPLACED);
        }
        self.perhaps_included(*is_included, "headers", |this| {
            let mut names = BTreeSet::new();
            for (name, value) in headers {
                this.note_if(!names.insert(name.to_ascii_lowercase()), f::HEADER_TWICE);
                this.note_if(value.is_empty(), f::HEADER_EMPTY);
                let value = this.defined(value);
                this.line(&format!("proxy_set_header {name} {};", quoted(&value)));
            }
            if let Some(version) = http_version {
                // Where it is a topic, 1.0 becomes 2 too: it would be rare otherwise.
                let version = match (*version, this.has(f::VERSION_2)) {
                    ("1.1", _) | ("2", false) => "1.1",
                    (_, true) => "2",
                    (version, false) => version,
                };
                this.note_if(version == "2", f::VERSION_2);
                this.line(&format!("proxy_http_version {version};"));
            }
            for (name, value) in scalars {
                this.note_if(name.ends_with("_redirect"), f::REDIRECT_URL);
                this.line(&format!("{name} {value};"));
            }
        });
    }

    fn listens(&mut self, server: &Server, is_first: bool, is_default: bool) {
        let sockets = TOPICS.iter().zip(&server.level.picks).find(|(topic, _)| topic.feature == f::SOCKETS);
        let drawn = sockets.filter(|(topic, _)| self.has(topic.feature)).and_then(|(topic, pick)| {
            usize::from(*pick).checked_sub(1).and_then(|index| topic.server.get(index))
        });
        self.note_if(drawn.is_some(), f::SOCKETS);
        let mut lines = drawn.map_or("listen 80;", |line| line).to_owned();
        if is_first && !lines.contains("listen 80;") {
            lines = format!("listen 80; {lines}");
        }
        if is_default {
            lines = lines.replace("listen 80;", "listen 80 default_server;");
        }
        for port in [80, 8080, 8443] {
            if lines.contains(&format!("listen {port}")) && !self.ports.contains(&port) {
                self.ports.push(port);
            }
        }
        self.line(&lines);
    }

    fn server(&mut self, server: &Server, http: &Level) {
        if self.swarm.captures {
            self.note(f::CAPTURES);
            self.line(&format!("server_name {};", server.captures));
        } else if !server.names.is_empty() {
            self.line(&format!("server_name {};", server.names));
        }
        self.more(server);
        self.picked(&server.level.picks, false, |topic| topic.server);
        if self.has(f::MIRROR) {
            self.line(MIRROR_LOCATION);
        }
        self.merge_slashes(server.merge_slashes);
        let headers = [!http.headers.is_empty(), !server.level.headers.is_empty()];
        let outer = [!http.headers.is_empty()];
        // Where a line of a level stands makes no difference to what is nested in it.
        let is_first = server.locations.len() % 2 == 1;
        if is_first {
            self.level(&server.level, &outer, f::HEADERS_SERVER);
        }
        self.statements(&server.statements, false, false);
        self.access(&server.access);
        self.error_page(server.error_page);
        self.perhaps_included(server.is_included, "locations", |this| {
            let mut taken = BTreeSet::new();
            for location in &server.locations {
                this.location(location, Parent::Server, &headers, &mut taken);
            }
            for (location, name) in server.named.iter().zip(["@x", "@y"]) {
                this.note(f::LOCATION_NAMED);
                this.body(name, location, true, Parent::Regex, &headers);
            }
        });
        if !is_first {
            self.level(&server.level, &outer, f::HEADERS_SERVER);
        }
    }

    /// What a swarm may have of a server.
    fn more(&mut self, server: &Server) {
        let swarm = self.swarm;
        if swarm.fields && !server.fields.is_empty() {
            self.note(f::FIELDS);
            self.line(server.fields);
        }
        if let Some(body) = server.body.filter(|_| swarm.body) {
            self.note(f::BODY);
            let body = self.defined(body).replace("$c-", "c-");
            self.line(&format!("proxy_set_body {};", quoted(&body)));
        }
        if swarm.files && !server.index.is_empty() {
            self.line(server.index);
        }
        if swarm.intercept {
            self.note(f::INTERCEPT);
            self.line("proxy_intercept_errors on;");
        }
        if swarm.any {
            self.note(f::ANY);
            self.line("satisfy any;");
        }
        self.auth(server.auth);
        if swarm.auth {
            for (path, lines) in AUTH_LOCATIONS {
                self.line(&format!("location = {path} {{ {lines} }}"));
            }
        }
    }

    fn auth(&mut self, target: Option<&str>) {
        if let Some(target) = target.filter(|_| self.swarm.auth) {
            self.note(f::AUTH);
            self.line(&format!("auth_request {target};"));
        }
    }

    fn location(
        &mut self,
        location: &Location,
        parent: Parent<'_>,
        headers: &[bool],
        taken: &mut BTreeSet<(bool, String)>,
    ) {
        let is_nested = !matches!(parent, Parent::Server);
        let modifier = match (parent, location.modifier) {
            // nginx compares the name with the text of the regex.
            (Parent::Regex, Modifier::Exact | Modifier::Prefix | Modifier::PriorityPrefix) => Modifier::Regex,
            (_, modifier) => modifier,
        };
        let name = match parent {
            Parent::Prefix(parent) => format!("{parent}{}", location.suffix),
            Parent::Server | Parent::Regex => location.path.to_owned(),
        };
        let (mark, feature, nested) = match modifier {
            Modifier::Exact => ("= ", f::LOCATION_EXACT, f::NESTED_EXACT),
            Modifier::Prefix | Modifier::Named => ("", f::LOCATION_PREFIX, f::NESTED_PREFIX),
            Modifier::PriorityPrefix => ("^~ ", f::LOCATION_PRIORITY, f::NESTED_PRIORITY),
            Modifier::Regex => ("~ ", f::LOCATION_REGEX, f::NESTED_REGEX),
            Modifier::CaselessRegex => ("~* ", f::LOCATION_CASELESS, f::NESTED_REGEX),
        };
        let is_regex = matches!(modifier, Modifier::Regex | Modifier::CaselessRegex);
        if is_regex {
            let head = format!("{mark}{}", quoted(location.regex));
            self.note(if is_nested { nested } else { feature });
            self.body(&head, location, true, Parent::Regex, headers);
        } else if taken.insert((modifier == Modifier::Exact, name.clone())) {
            self.note(if is_nested { nested } else { feature });
            self.names.push(name.clone());
            let head = format!("{mark}{}", quoted(&name));
            // Nothing may stand in an exact location.
            let inner = if modifier == Modifier::Exact { Parent::Server } else { Parent::Prefix(&name) };
            self.body(&head, location, false, inner, headers);
        }
    }

    /// `is_bare`: no URI is allowed. `inner` is what nested locations stand in; none may where it is the server.
    fn body(&mut self, head: &str, location: &Location, is_bare: bool, inner: Parent<'_>, outer: &[bool]) {
        let is_nested = outer.len() > 2;
        self.block(&format!("location {head}"), |this| {
            let feature = if is_nested { f::HEADERS_NESTED } else { f::HEADERS_LOCATION };
            this.level(&location.level, outer, feature);
            this.picked(&location.level.picks, head.starts_with('@'), |topic| topic.location);
            this.access(&location.access);
            this.auth(location.auth);
            this.error_page(location.error_page);
            this.statements(&location.statements, true, false);
            if let Some(limit) = &location.limit {
                this.note(f::LIMIT_EXCEPT);
                this.block(&format!("limit_except {}", limit.methods), |this| {
                    this.access(&limit.access);
                    this.pass(limit.pass.as_ref(), true);
                });
            }
            this.content(&location.content, is_bare);
            if !matches!(inner, Parent::Server) && !head.starts_with('@') {
                let headers = [outer, &[!location.level.headers.is_empty()]].concat();
                let mut taken = BTreeSet::new();
                for nested in &location.nested {
                    this.location(nested, inner, &headers, &mut taken);
                }
            }
        });
    }

    fn merge_slashes(&mut self, switch: Option<&str>) {
        if let Some(switch) = switch {
            self.note_if(switch == "off", f::MERGE_SLASHES);
            self.line(&format!("merge_slashes {switch};"));
        }
    }

    fn access(&mut self, lines: &[&str]) {
        let mut has_password = false;
        for line in lines {
            // A second line of that name is a duplicate.
            let is_taken = self.has(f::PASSWORDS);
            if line.starts_with("auth_basic") && (is_taken || std::mem::replace(&mut has_password, true)) {
                continue;
            }
            self.note(match *line {
                "internal;" => f::INTERNAL,
                "auth_basic x;" => f::PASSWORD,
                _ => f::ACCESS,
            });
            self.line(line);
            if *line == "auth_basic x;" {
                self.line("auth_basic_user_file users;");
            }
        }
    }

    fn error_page(&mut self, page: Option<(&str, &str)>) {
        if let Some((words, target)) = page {
            self.note(if target.starts_with('@') { f::ERROR_PAGE_NAMED } else { f::ERROR_PAGE_PATH });
            self.line(&format!("error_page {words} {target};"));
        }
    }

    fn pass(&mut self, pass: Option<&Pass>, is_bare: bool) {
        let Some(Pass { target, plain }) = pass else { return };
        let written = if is_bare && !target.contains('$') { plain } else { target };
        let text = self.defined(written);
        let has_variables = text.contains('$');
        let has_uri = text.splitn(4, '/').nth(3).is_some();
        self.note(match (has_variables, has_uri) {
            (true, _) => f::PASS_VARIABLES,
            (false, true) => f::PASS_URI,
            (false, false) => f::PASS_PLAIN,
        });
        // Without the variable it may be a URI where none is allowed.
        let text = if is_bare && has_uri && !has_variables { "http://app" } else { &text };
        self.line(&format!("proxy_pass {text};"));
    }

    fn content(&mut self, content: &Content, is_bare: bool) {
        match content {
            Content::Files => self.note(f::NO_PASS),
            Content::Pass(pass) => self.pass(Some(pass), is_bare),
            Content::Try(last, pass) => {
                self.note(f::TRY_FILES);
                self.line(&format!("try_files /missing $uri {last};"));
                self.pass(pass.as_ref(), is_bare);
            }
            Content::Teapot(target) => {
                self.error_page(Some(("418 =", target)));
                self.note(f::RETURN);
                self.line("return 418;");
            }
        }
    }

    fn statements(&mut self, statements: &[Statement], is_location: bool, is_if: bool) {
        for statement in statements {
            match statement {
                Statement::Set(value) => {
                    self.note(f::SET);
                    let value = self.defined(value);
                    self.line(&format!("set $c {};", quoted(&value)));
                }
                Statement::SetOwn(name, value) => {
                    self.note(f::SET_OWN);
                    self.line(&format!("set ${name} {value};"));
                }
                Statement::SetBackend(value) => {
                    self.note(f::SET);
                    // Without a resolver the harness leaves the name as it is, so that it is no longer that of a `proxy_pass`.
                    let value =
                        if self.has(f::RESOLVER) || !value.starts_with("b:") { value } else { "app:80" };
                    self.line(&format!("set $backend {};", quoted(value)));
                }
                Statement::Return(words) => {
                    self.note(f::RETURN);
                    self.line(&format!("return {words};"));
                }
                Statement::Rewrite(regex, replacement, flag) => {
                    self.note(match *flag {
                        "last" | "" => f::REWRITE_LAST,
                        "break" => f::REWRITE_BREAK,
                        _ => f::REWRITE_REDIRECT,
                    });
                    let flag = if flag.is_empty() { String::new() } else { format!(" {flag}") };
                    self.line(&format!("rewrite {} {replacement}{flag};", quoted(regex)));
                }
                Statement::Break => {
                    self.note(f::BREAK);
                    self.line("break;");
                }
                Statement::If(inside) if !is_if => self.if_(inside, is_location),
                Statement::If(_) => {}
            }
        }
    }

    fn if_(&mut self, inside: &If, is_location: bool) {
        self.note(if is_location { f::IF_LOCATION } else { f::IF_SERVER });
        let condition = self.defined(inside.condition);
        self.block(&format!("if ({condition})"), |this| {
            this.statements(&inside.body, is_location, true);
            if is_location && let Some(pass) = &inside.pass {
                this.note(f::IF_PASS);
                this.pass(Some(pass), true);
            }
        });
    }
}

/// A word as nginx has to read it.
fn quoted(word: &str) -> String {
    let is_plain = |char: char| !char.is_whitespace() && !matches!(char, '{' | '}' | ';' | '"' | '\'' | '\\');
    let is_plain = !word.is_empty() && word.chars().all(is_plain);
    if is_plain || (word.starts_with("${") && !word.contains(' ')) {
        word.to_owned()
    } else {
        format!("\"{}\"", word.replace('\\', "\\\\").replace('"', "\\\""))
    }
}
