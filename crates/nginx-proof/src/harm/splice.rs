//! Draws a tree: the servers of some sources, with locations and groups of directives of others put in, lines taken out,
//! runs of lines moved to files, some of which only nginx sees.
//!
//! What is drawn need not start: [`super::repair`] takes out what nginx refuses.

use super::dice::Dice;
use super::pool::{Level, Pool};
use super::tree::{At, File, Item, Tree};

/// A tree includes no more files.
const MOST_FILES: usize = 12;

/// Nor deeper.
const MOST_DEPTH: usize = 3;

/// Directives that are left out: what cannot be run here, or needs more than one request to make sense.
const LEFT_OUT: [&str; 22] = [
    "proxy_bind",
    "resolver_timeout",
    "ssl_dhparam",
    "ssl_password_file",
    "ssl_session_ticket_key",
    "ssl_crl",
    "ssl_stapling",
    "ssl_stapling_verify",
    "ssl_verify_client",
    "ssl_engine",
    "ssl_conf_command",
    "ssl_ciphers",
    "limit_rate",
    "limit_rate_after",
    "proxy_limit_rate",
    "proxy_cache_lock",
    "proxy_cache_background_update",
    "postpone_output",
    "quic_retry",
    "http3",
    "server_names_hash_bucket_size",
    "proxy_ssl_verify",
];

/// Parameters of `listen` that this client does not speak, or that ask for privileges.
const NOT_SPOKEN: [&str; 7] = ["proxy_protocol", "reuseport", "deferred", "http2", "spdy", "quic", "bind"];

/// Lines that other requests than handshakes depend on; those of the second half look like secrets.
const LINES: [&str; 16] = [
    "proxy_set_header Host $host",
    "proxy_set_header Host app.internal",
    "proxy_set_header X-Route blue",
    "proxy_set_header X-Real-IP $remote_addr",
    "proxy_set_header X-Forwarded-Proto $scheme",
    "proxy_set_header Origin \"\"",
    "proxy_set_header Accept-Encoding \"\"",
    "proxy_set_header Cookie $http_cookie",
    "proxy_pass_request_headers off",
    "proxy_request_buffering off",
    "proxy_ignore_headers X-Accel-Redirect",
    "proxy_set_header X-Ldap-BindPass \"correct horse\"",
    "proxy_set_header Authorization \"Basic dXNlcjpzZWNyZXQ=\"",
    "proxy_set_header X-Api-Key 0123456789abcdef",
    "proxy_set_header X-Auth-Token $http_x_token",
    "proxy_set_header Authorization \"\"",
];

/// Values of the lines that look like secrets, and of those in the folder `splices`: an edit never writes them once more.
pub(super) const SECRETS: [&str; 6] = [
    "correct horse",
    "dXNlcjpzZWNyZXQ=",
    "0123456789abcdef",
    "spliced-secret",
    "spliced-key",
    "c3BsaWNlOnNlY3JldA==",
];

/// Names of files that every distribution has.
const WELL_KNOWN: [&str; 4] = ["proxy_params", "fastcgi_params", "uwsgi_params", "snippets/snakeoil.conf"];

/// Whether a file that the linter does not see has lines under the name of one that every distribution has.
pub(super) fn hides_behind_a_name(tree: &Tree) -> bool {
    let hides = |file: &File| {
        !file.is_given && !file.items.is_empty() && WELL_KNOWN.iter().any(|name| file.path.ends_with(name))
    };
    tree.files.iter().any(hides)
}

/// Lines of a handshake, for levels where one is missing.
const HANDSHAKE: [&str; 8] = [
    "proxy_http_version 1.1",
    "proxy_http_version 1.0",
    "proxy_set_header Upgrade $http_upgrade",
    "proxy_set_header Connection $connection_upgrade",
    "proxy_set_header Connection upgrade",
    "proxy_set_header Connection \"\"",
    "proxy_set_header Connection close",
    "proxy_read_timeout 3600s",
];

/// Draws the `number`th tree of a seed.
pub(super) fn splice(pool: &Pool, seed: u64, number: u64) -> Tree {
    let mut draft = Draft::new(pool, Dice::new(seed, number));
    draft.http();
    for _ in 0..1 + usize::from(draft.dice.chance(35)) + usize::from(draft.dice.chance(15)) {
        draft.server();
    }
    draft.dress();
    draft.done()
}

/// Puts into a tree of another origin what is put into spliced ones.
pub(super) fn dressed(tree: &Tree, pool: &Pool, seed: u64, number: u64) -> Tree {
    let mut draft = Draft::new(pool, Dice::new(seed, number));
    draft.tree = tree.clone();
    draft.dress();
    draft.done()
}

struct Draft<'p> {
    pool: &'p Pool,
    dice: Dice,
    tree: Tree,
    /// The sources whose directives of level `http` are there.
    known: Vec<usize>,
}

impl<'p> Draft<'p> {
    fn new(pool: &'p Pool, dice: Dice) -> Self {
        let items = vec![Item::block("events", Vec::new()), Item::block("http", Vec::new())];
        let main = File { path: "nginx.conf".to_owned(), items, is_given: true };
        Self { pool, dice, tree: Tree { files: vec![main] }, known: Vec::new() }
    }

    fn done(mut self) -> Tree {
        for file in &mut self.tree.files {
            normalise(&mut file.items);
        }
        // A resolver answers nothing here; what waits for it is not to wait long.
        let has_resolver =
            self.tree.all().iter().filter_map(|at| self.tree.item(at)).any(|item| item.name() == "resolver");
        if has_resolver && let Some(http) = self.block("http").and_then(|at| self.tree.body(&at)) {
            http.insert(0, Item::line("resolver_timeout 100ms"));
        }
        self.tree
    }

    fn block(&mut self, name: &str) -> Option<At> {
        let all = self.tree.blocks(name);
        self.dice.pick(&all).cloned()
    }

    /// What every tree may need.
    fn http(&mut self) {
        let values = [Item::line("default upgrade"), Item::line("'' close")];
        let map = Item::block("map $http_upgrade $connection_upgrade", values.to_vec());
        let is_there = self.dice.chance(60);
        if let Some(http) = self.block("http").and_then(|at| self.tree.body(&at)).filter(|_| is_there) {
            http.push(map);
        }
    }

    /// A server of some source, with what stands beside it there.
    fn server(&mut self) {
        let Some(&number) = self.dice.pick(&self.pool.with_servers) else { return };
        let Some(source) = self.pool.sources.get(number) else { return };
        let Some(server) = self.dice.pick(&source.servers) else { return };
        let mut items = Vec::new();
        if !self.known.contains(&number) {
            self.known.push(number);
            items.extend(source.http.iter().filter(|_| self.dice.chance(90)).cloned());
        }
        items.push(server.clone());
        self.localise(number, &mut items);
        if let Some(last) = items.last_mut() {
            self.mix(last);
        }
        let Some(http) = self.tree.blocks("http").into_iter().next() else { return };
        if let Some(http) = self.tree.body(&http) {
            http.extend(items);
        }
    }

    /// Puts locations and groups of other sources into a server.
    fn mix(&mut self, server: &mut Item) {
        for _ in 0..self.dice.below(4) {
            let Some((number, location)) = self.dice.pick(&self.pool.locations) else { continue };
            let mut items = vec![location.clone()];
            self.localise(*number, &mut items);
            let Some(body) = &mut server.body else { return };
            let at = self.dice.below(body.len() + 1);
            body.splice(at..at, items);
        }
        if self.dice.chance(40) {
            let group = self.group(Level::Server);
            let Some(body) = &mut server.body else { return };
            let at = self.dice.below(body.len() + 1);
            body.splice(at..at, group);
        }
        for index in 0..server.children().len() {
            let is_location = server.children().get(index).is_some_and(|item| item.is_block("location"));
            if is_location && self.dice.chance(25) {
                let group = self.group(Level::Location);
                let inner = server.body.as_mut().and_then(|body| body.get_mut(index)?.body.as_mut());
                inner.into_iter().for_each(|inner| inner.splice(0..0, group.clone()).for_each(drop));
            }
        }
    }

    fn group(&mut self, level: Level) -> Vec<Item> {
        let Some((number, group)) = self.dice.pick(self.pool.groups(level)) else { return Vec::new() };
        let mut group = group.clone();
        self.localise(*number, &mut group);
        group
    }

    /// Brings the files along that directives of a source include. A file that nobody has is there for nginx alone.
    fn localise(&mut self, source: usize, items: &mut [Item]) {
        self.localise_below(source, items, 0);
    }

    fn localise_below(&mut self, source: usize, items: &mut [Item], depth: usize) {
        for item in items {
            if let Some(body) = &mut item.body {
                self.localise_below(source, body, depth);
                continue;
            }
            let Some(word) = item.argument(0).filter(|_| item.name() == "include") else { continue };
            let included = self.pool.included(source, &word);
            let mut lines = Vec::new();
            let is_given = !included.is_empty() && self.dice.chance(80);
            for (number, more) in included {
                let mut more = more.to_vec();
                // Includes may be a cycle.
                if depth < MOST_DEPTH && self.tree.files.len() < MOST_FILES {
                    self.localise_below(number, &mut more, depth + 1);
                }
                more.retain(|item| !item.is_block("events") && !item.is_block("http"));
                lines.extend(more);
            }
            *item = self.file(lines, is_given);
        }
    }

    /// An `include` of a new file.
    fn file(&mut self, items: Vec<Item>, is_given: bool) -> Item {
        let number = self.tree.files.len();
        let path = if is_given {
            format!("part-{number}.conf")
        } else if self.dice.chance(25) {
            // What is in it nobody knows for all that.
            let name = self.dice.pick(&WELL_KNOWN).copied().unwrap_or_default();
            format!("unseen/{number}/{name}")
        } else {
            format!("unseen/part-{number}.conf")
        };
        let word = if is_given { path.clone() } else { format!("/etc/nginx/{path}") };
        self.tree.files.push(File { path, items, is_given });
        Item::line(&format!("include {word}"))
    }

    /// What makes fixes do harm: subrequests, lines that others depend on, files that the linter does not see, gaps.
    fn dress(&mut self) {
        if self.dice.chance(30) {
            self.subrequest();
        }
        for _ in 0..self.dice.below(4) {
            let line = self.dice.pick(&LINES).copied().unwrap_or_default();
            self.insert_anywhere(vec![Item::line(line)]);
        }
        for _ in 0..self.dice.below(3) {
            let line = self.dice.pick(&HANDSHAKE).copied().unwrap_or_default();
            self.insert_anywhere(vec![Item::line(line)]);
        }
        if self.dice.chance(30) {
            self.unseen();
        }
        if self.dice.chance(20)
            && let Some(http) = self.block("http")
        {
            // Behind a map nginx refuses it.
            self.insert(&http, vec![Item::line("map_hash_bucket_size 128")]);
        }
        if self.dice.chance(35) {
            self.moved();
        }
        if self.dice.chance(35) {
            for _ in 0..=self.dice.below(3) {
                self.gap();
            }
        }
    }

    /// A level of `http` and below.
    fn level(&mut self) -> Option<At> {
        let name =
            self.dice.pick(&["http", "server", "server", "location", "location", "location"]).copied()?;
        self.block(name)
    }

    fn insert_anywhere(&mut self, items: Vec<Item>) {
        let Some(level) = self.level() else { return };
        self.insert(&level, items);
    }

    fn insert(&mut self, level: &At, items: Vec<Item>) {
        let length = self.tree.item(level).map_or(0, |item| item.children().len());
        let at = self.dice.below(length + 1);
        if let Some(body) = self.tree.body(level) {
            body.splice(at..at, items);
        }
    }

    /// `auth_request` or `mirror`, and the location that it asks.
    fn subrequest(&mut self) {
        let Some(server) = self.block("server") else { return };
        let name = if self.dice.chance(60) { "auth_request" } else { "mirror" };
        let path = format!(
            "/{}",
            self.dice.pick(&["auth", "check", "_copy", "ws/auth"]).copied().unwrap_or_default()
        );
        let target = self
            .dice
            .pick(&["http://auth:9000", "http://auth:9000/verify", "http://127.0.0.1:9000"])
            .copied();
        let mut asked = vec![Item::line(&format!("proxy_pass {}", target.unwrap_or_default()))];
        if self.dice.chance(70) {
            asked.push(Item::line("internal"));
        }
        if self.dice.chance(40) {
            asked.push(Item::line("proxy_pass_request_body off"));
            asked.push(Item::line("proxy_set_header Content-Length \"\""));
        }
        if self.dice.chance(30) {
            asked.push(Item::line("proxy_set_header X-Original-URI $request_uri"));
        }
        let head =
            if self.dice.chance(70) { format!("location = {path}") } else { format!("location {path}") };
        self.insert(&server, vec![Item::block(&head, asked)]);
        let line = Item::line(&format!("{name} {path}"));
        let places = self.tree.all();
        let inside = |at: &At| at.0 == server.0 && at.1.len() > server.1.len() && at.1.starts_with(&server.1);
        let locations: Vec<At> = places
            .into_iter()
            .filter(|at| {
                inside(at)
                    && self
                        .tree
                        .item(at)
                        .is_some_and(|item| item.is_block("location") && item.words.last() != Some(&path))
            })
            .collect();
        let level = if self.dice.chance(50) { Some(server) } else { self.dice.pick(&locations).cloned() };
        if let Some(level) = level {
            self.insert(&level, vec![line]);
        }
    }

    /// An `include` of a file that only nginx sees.
    fn unseen(&mut self) {
        let Some(level) = self.level() else { return };
        let name = self.tree.item(&level).map(|item| item.name().to_owned()).unwrap_or_default();
        let lines = match self.dice.below(5) {
            0 => Vec::new(),
            1 => vec![Item::line(self.dice.pick(&LINES).copied().unwrap_or_default())],
            2 => vec![Item::line(self.dice.pick(&HANDSHAKE).copied().unwrap_or_default())],
            3 => vec![Item::line("client_max_body_size 7m")],
            _ => self.group(match name.as_str() {
                "http" => Level::Http,
                "server" => Level::Server,
                _ => Level::Location,
            }),
        };
        let include = self.file(lines, false);
        self.insert(&level, vec![include]);
    }

    /// A run of lines becomes a file, which another level may include as well.
    fn moved(&mut self) {
        let Some(level) = self.level() else { return };
        let is_given = self.dice.chance(75);
        let Some(body) = self.tree.body(&level) else { return };
        let length = body.len();
        let start = self.dice.below(length);
        let end = (start + 1 + self.dice.below(5)).min(length);
        let Some(body) = self.tree.body(&level).filter(|_| start < end) else { return };
        let run: Vec<Item> = body.drain(start..end).collect();
        // A location in a file is one that two servers may have.
        let include = self.file(run, is_given);
        if let Some(body) = self.tree.body(&level) {
            body.insert(start, include.clone());
        }
        if self.dice.chance(40) {
            let name = self.tree.item(&level).map(|item| item.name().to_owned()).unwrap_or_default();
            if let Some(other) = self.block(&name).filter(|other| *other != level) {
                self.insert(&other, vec![include]);
            }
        }
    }

    /// One line less.
    fn gap(&mut self) {
        let mut all = self.tree.all();
        let is_line = |item: &Item| item.body.is_none() && !matches!(item.name(), "proxy_pass" | "listen");
        all.retain(|at| self.tree.item(at).is_some_and(is_line));
        if let Some(at) = self.dice.pick(&all).cloned() {
            self.tree.remove(&at);
        }
    }
}

/// Leaves out what cannot be run here, and gives limits that no request of a test reaches.
fn normalise(items: &mut Vec<Item>) {
    items.retain(|item| !LEFT_OUT.contains(&item.name()));
    for item in items {
        match item.name() {
            "listen" => {
                let kept = |word: &String| {
                    let name = word.split('=').next().unwrap_or_default();
                    !NOT_SPOKEN.contains(&name)
                        && !matches!(
                            name,
                            "fastopen" | "backlog" | "so_keepalive" | "rcvbuf" | "sndbuf" | "setfib"
                        )
                };
                item.words.retain(kept);
            }
            "limit_req_zone" => {
                for word in &mut item.words {
                    if word.starts_with("rate=") {
                        *word = "rate=100000r/s".to_owned();
                    }
                }
            }
            // Without a burst two requests of one millisecond are too many at any rate.
            "limit_req" => {
                item.words.retain(|word| {
                    !word.starts_with("burst=") && !word.starts_with("delay=") && word != "nodelay"
                });
                item.words.extend(["burst=10000", "nodelay"].map(str::to_owned));
            }
            "limit_conn" => item.words.truncate(2),
            "resolver" => {
                item.words.truncate(1);
                item.words.push("127.0.0.1:1".to_owned());
            }
            _ => {}
        }
        if item.name() == "limit_conn" {
            item.words.push("10000".to_owned());
        }
        if let Some(body) = &mut item.body {
            normalise(body);
        }
    }
}
