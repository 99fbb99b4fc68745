//! Which socket a request comes to, and which server of it takes it.

use core::net::SocketAddr;
use std::sync::Arc;

use lint_finding::{
    Instead, Place, Prospect, Remark, Responder, Stage, TraceAnswer, TraceRun, TraceStep, TraceWay,
};
use nginx_semantics::{
    ClientRequest, Configuration, ContextId, ContextKind, Directive, DirectiveName, Exchange, Exchanges,
    ListenAddress, NameMatch, NameMiss, ServerSelection, Socket, Step, name_rivals, placeholder,
    select_server, server_names,
};
use nginx_syntax::lossy;
use ws_model::{Admission, barred, is_open};

use super::{Follow, Followed, Query, server_text};

/// As many names or addresses that lose are shown.
const MOST_RIVALS: usize = 6;

/// As many addresses are shown where none is the one that was asked for.
const MOST_ADDRESSES: usize = 20;

/// The `stream` servers of the port.
pub(super) fn streams(configuration: Configuration<'_>, query: &Query) -> Vec<String> {
    let servers = configuration.of_kind(ContextKind::StreamServer);
    let lines = servers.flat_map(|server| configuration.named(server, DirectiveName::LISTEN));
    let is_it = |line: &Directive<'_>| {
        let all = ListenAddress::all_of(&lossy(&line.argument(0).unwrap_or_default()));
        all.iter().any(|address| {
            query.via.as_ref().map_or(address.port() == Some(query.url.port), |via| via == address)
        })
    };
    lines.filter(is_it).map(|line| line.text_line()).collect()
}

/// Why no server takes the request.
pub(super) fn no_socket(query: &Query, mut open: Vec<String>, streams: &[String]) -> String {
    if let Some(stream) = streams.first() {
        return format!(
            "a `stream` server listens there (`{stream}`): it forwards bytes without reading them, so another program answers"
        );
    }
    open.sort();
    open.dedup();
    let Query { url, via, .. } = query;
    let asked = match (via, url.ip()) {
        (Some(via), _) => format!("at {via}"),
        (None, Some(address)) => format!("at {}", SocketAddr::new(address, url.port)),
        (None, None) => format!("on port {}", url.port),
    };
    match open.as_slice() {
        [] => format!("no server listens {asked}: the given files have no server that listens at all"),
        open => {
            let more = open.len().saturating_sub(MOST_ADDRESSES);
            let shown = open.get(..MOST_ADDRESSES.min(open.len())).unwrap_or_default().join(", ");
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            format!("no server listens {asked}: there are {shown}{more}")
        }
    }
}

pub(super) fn place(line: &Directive<'_>) -> Place {
    line.visible().at()
}

pub(super) fn step(stage: Stage, text: impl Into<String>, place: Option<Place>) -> TraceStep {
    TraceStep { stage, text: text.into(), place, remarks: Vec::new() }
}

pub(super) fn remark(text: impl Into<String>, place: Option<Place>) -> Remark {
    Remark { text: text.into(), place }
}

/// What a client with a password sends (RFC 7617 section 2): `user` and `password`.
const PASSWORD: &str = "Basic dXNlcjpwYXNzd29yZA==";

impl<'s> Follow<'_, 's> {
    /// From the socket on.
    pub(super) fn through(&self, socket: &Socket<'s>, sockets: &[Socket<'s>]) -> Followed {
        let mut run = TraceRun {
            versions: String::new(),
            root: self.root(),
            listen: socket.address.to_string(),
            steps: vec![self.listen(socket, sockets)],
            ways: Vec::new(),
            is_cut: false,
            has_proxy_protocol: socket.listens.iter().any(|listen| listen.has("proxy_protocol")),
            handshake: Prospect::Unknown,
        };
        let mut visited = Vec::new();
        let mut is_named = false;
        match barred(self.configuration(), socket, &self.request, self.version) {
            Some(verdict) => {
                // What is said of the line is on the way.
                let has_line = |server: &ContextId| {
                    let mut lines = self.configuration().directives(*server);
                    lines.any(|line| verdict.line.is_some_and(|own| own.reference == line.reference))
                };
                visited.extend(socket.listens.iter().map(|listen| listen.server).find(has_line));
                run.ways.push(unfollowed(self.shown(verdict)));
            }
            None => is_named = self.server(socket, &mut run, &mut visited),
        }
        run.handshake = self.prospect(&run);
        Followed { run, visited, is_named }
    }

    fn root(&self) -> Option<String> {
        let configuration = self.configuration();
        let file = configuration.sources.get(configuration.root()?)?;
        Some(file.source.path().to_owned())
    }

    /// It can where it can on one way.
    fn prospect(&self, run: &TraceRun) -> Prospect {
        let has = |prospect| run.ways.iter().any(|way| way.answer.handshake == prospect);
        match () {
            () if self.query.is_plain => Prospect::NotAsked,
            () if has(Prospect::Succeeds) => Prospect::Succeeds,
            () if has(Prospect::Unknown) || run.is_cut || run.ways.is_empty() => Prospect::Unknown,
            () => Prospect::Fails,
        }
    }

    fn listen(&self, socket: &Socket<'s>, sockets: &[Socket<'s>]) -> TraceStep {
        let query = self.query;
        let why = match (&query.via, query.url.ip()) {
            _ if is_open(&[socket], query.asked()) => {
                "nginx resolves this name when it starts: it may be this address or another".to_owned()
            }
            (Some(via), _) if *via == socket.address => "as asked for".to_owned(),
            (Some(via), _) => {
                format!("no socket has the address {via}, so the one for all addresses takes it")
            }
            (None, Some(ip)) if !socket.address.is_wildcard() => {
                format!("it has the address {ip}")
            }
            (None, Some(ip)) => {
                format!("no socket has the address {ip}, so the one for all addresses takes it")
            }
            (None, None) if query.url.is_localhost() && !socket.address.is_wildcard() => {
                format!("`{}` is this machine", query.url.host)
            }
            (None, None) if socket.address.is_wildcard() => {
                format!("it takes port {} of all addresses", query.url.port)
            }
            (None, None) => format!(
                "the address decides: `{}` may be one of several; --via-listen says which",
                query.url.host
            ),
        };
        let tls = if socket.is_tls() { " with TLS" } else { "" };
        let line = socket.listens.first().and_then(|listen| listen.directive);
        let text = format!("{}{tls}: {why}", socket.address);
        let mut step = step(Stage::Listen, text, line.map(|line| place(&line)));
        if line.is_none() {
            step.remarks.push(remark("there is no `listen`, which means *:80 for root", None));
        }
        let others = sockets.iter().filter(|other| {
            let is_same_port = other.address.port() == socket.address.port();
            other.address != socket.address && is_same_port && !other.address.is_wildcard()
        });
        for other in others.clone().take(MOST_RIVALS) {
            let line = other.listens.first().and_then(|listen| listen.directive);
            let text = format!("not {}: it takes connections to that address", other.address);
            step.remarks.push(remark(text, line.map(|line| place(&line))));
        }
        let more = others.skip(MOST_RIVALS).count();
        if more > 0 {
            step.remarks.push(remark(format!("and {more} more addresses"), None));
        }
        if let Some(listen) = socket.listens.iter().find(|listen| listen.has("proxy_protocol")) {
            let text = "this socket expects the PROXY protocol: nginx closes connections without it, such as a browser's";
            step.remarks.push(remark(text, listen.directive.map(|line| place(&line))));
        }
        step
    }

    /// The server and all that follows; whether one of its names is why it takes the request.
    fn server(&self, socket: &Socket<'s>, run: &mut TraceRun, visited: &mut Vec<ContextId>) -> bool {
        let configuration = self.configuration();
        let host = self.request.host();
        let (server, why) = match select_server(configuration, socket, host.as_deref()) {
            Some(ServerSelection::Server(server, why)) => (server, why),
            Some(ServerSelection::CannotSay(server)) => {
                let opener = configuration.opener(server).map(|line| place(&line));
                let mut names = server_names(configuration, server).into_iter();
                let text = match names.any(|name| placeholder::is_unknown(name.as_bytes())) {
                    true => "a `server_name` has a placeholder, so any server may take it",
                    false => "a regex of `server_name` cannot be evaluated here, so any server may take it",
                };
                run.steps.push(step(Stage::Server, text, opener));
                run.ways.push(unfollowed(answer(None, Responder::Unknown, text, opener, Prospect::Unknown)));
                return true;
            }
            None => return false,
        };
        let own = socket.listens.iter().find(|listen| listen.server == server);
        if let (Some(step), Some(own)) = (run.steps.first_mut(), own) {
            step.place = own.directive.map(|line| place(&line));
        }
        run.steps.push(self.server_step(socket, server, &why, host.as_deref().unwrap_or_default()));
        visited.push(server);
        let exchanges = self.exchanges();
        let request = Arc::clone(&self.request);
        let mut unfit: Option<(String, Option<Place>)> = None;
        let mut exchange = match self.model.admission(socket, server, &request, self.query.url.is_tls) {
            Admission::Taken => exchanges.run(server, request),
            Admission::Plain(line) => {
                // 497: "The plain HTTP request was sent to HTTPS port".
                let text = "the request is plain HTTP on a TLS socket: 497";
                let at = line.map(|line| place(&line));
                run.steps.push(step(Stage::Access, text, at));
                unfit = Some(("the request is plain HTTP, and this socket speaks TLS".to_owned(), at));
                exchanges.run_refused(server, request, 497)
            }
            Admission::Uncertified(line) => {
                // 496: "No required SSL certificate was sent".
                let why = format!("the client sends no certificate, which `{}` demands", line.text_line());
                run.steps.push(step(Stage::Access, format!("{why}: 496"), Some(place(&line))));
                unfit = Some((why, Some(place(&line))));
                exchanges.run_refused(server, request, 496)
            }
            Admission::Misdirected(line, first) => {
                let why = format!(
                    "the client names `{}` in TLS but another host in the request, and `{}` asks for a certificate",
                    self.request.sni.as_deref().unwrap_or_default(),
                    line.text_line()
                );
                run.steps.push(step(Stage::Access, format!("{why}: 421"), Some(place(&line))));
                unfit = Some((why, Some(place(&line))));
                exchanges.run_refused(first, request, 421)
            }
        };
        if unfit.is_none() {
            self.add_ways_with_password(server, &mut exchange);
        }
        let demanded = self.model.demanded(server, &self.request);
        // Whatever is refused before is refused with or without one.
        let demanded = demanded.filter(|_| !self.request.has_no_certificate && unfit.is_none());
        run.is_cut = exchange.is_cut;
        let is_named = !matches!(why, NameMatch::Default | NameMatch::First);
        let mut told: Vec<TraceWay> =
            exchange.ways.iter().map(|way| self.way((server, is_named), way, visited)).collect();
        // nginx refuses it by itself, unless an `error_page` answers in its place.
        if let Some((why, at)) = unfit {
            let bare = told.iter_mut().map(|way| &mut way.answer);
            let bare = bare.filter(|answer| answer.by == Responder::Nginx && answer.place.is_none());
            for answer in bare {
                let status = answer.status.map(|status| format!("{status} from nginx: ")).unwrap_or_default();
                (answer.text, answer.place) = (format!("{status}{why}"), at);
            }
        }
        let besides =
            exchange.ways.iter().zip(&told).flat_map(|(way, words)| self.besides(server, way, words));
        let besides: Vec<TraceWay> = besides.collect();
        // What differs in a subrequest alone is told once.
        for mut way in told.into_iter().chain(besides) {
            told_once(&mut way.steps);
            if !run.ways.contains(&way) {
                run.ways.push(way);
            }
        }
        if let Some(line) = demanded {
            for way in &mut run.ways {
                way.answer.instead.push(Instead {
                    status: 400,
                    by: Responder::Nginx,
                    condition: "if the client sends no certificate that nginx accepts".to_owned(),
                    place: Some(place(&line)),
                });
            }
        }
        if let Some(listen) = socket.listens.iter().find(|listen| listen.has("proxy_protocol")) {
            for way in &mut run.ways {
                way.assumptions.insert(0, "a proxy in front speaks the PROXY protocol".to_owned());
            }
            let at = listen.directive.map(|line| place(&line));
            let text = "no answer: nginx waits for a line of the PROXY protocol, and closes the connection";
            let mut direct = unfollowed(answer(None, Responder::Nobody, text, at, Prospect::Fails));
            direct.assumptions.push("the client connects directly".to_owned());
            run.ways.push(direct);
        }
        is_named
    }

    /// Where a password is asked for that the client is not known to have, it may have the right one.
    fn add_ways_with_password(&self, server: ContextId, exchange: &mut Exchange<'s>) {
        let asks = |step: &Step<'_>| matches!(step, Step::Checked { directive, refused: Some(401), is_known: true } if directive.name() == DirectiveName::AUTH_BASIC);
        let has_password = self.request.field("authorization").next().is_some();
        if has_password || !exchange.ways.iter().any(|way| way.steps.iter().any(asks)) {
            return;
        }
        let mut request = ClientRequest::clone(&self.request);
        request.headers.push(("Authorization".to_owned(), PASSWORD.as_bytes().to_vec()));
        let with = self.exchanges().run(server, request);
        let is_let_in = |step: &Step<'_>| matches!(step, Step::Checked { directive, refused: None, is_known: false } if directive.name() == DirectiveName::AUTH_BASIC);
        exchange.is_cut |= with.is_cut;
        exchange.ways.extend(with.ways.into_iter().filter(|way| way.steps.iter().any(is_let_in)));
    }

    /// What nginx does, where the disk is not known, the host is the client's own, and back ends are strict.
    pub(super) fn exchanges(&self) -> Exchanges<'_, 's> {
        self.model.strict_exchanges(self.version, self.effort)
    }

    fn server_step(&self, socket: &Socket<'s>, server: ContextId, why: &NameMatch, host: &str) -> TraceStep {
        let configuration = self.configuration();
        let count = {
            let mut servers: Vec<ContextId> = socket.listens.iter().map(|listen| listen.server).collect();
            servers.dedup();
            servers.len()
        };
        let who = server_text(configuration, server);
        let shown = |name: &str| match who.as_str() {
            "(not shown)" => "a name that is not shown".to_owned(),
            _ => format!("`{name}`"),
        };
        let reason = match why {
            NameMatch::Exact(name) => format!("its name {} is the host", shown(name)),
            NameMatch::LeadingWildcard(name) | NameMatch::TrailingWildcard(name) => {
                format!("its name {} matches the host, and no exact name does", shown(name))
            }
            NameMatch::Regex(name) => format!("its regex {} is the first that matches the host", shown(name)),
            NameMatch::Default | NameMatch::First if count == 1 => {
                "it is the only server on this socket".to_owned()
            }
            NameMatch::Default => {
                format!("no server name on this socket matches `{host}`, and this is the default server")
            }
            NameMatch::First => {
                format!("no server name on this socket matches `{host}`, and this is the first server")
            }
        };
        let opener = configuration.opener(server).map(|line| place(&line));
        let mut step = step(Stage::Server, format!("{who}: {reason}"), opener);
        let rivals = name_rivals(configuration, self.http, socket, host, server);
        let more = rivals.len().saturating_sub(MOST_RIVALS);
        for rival in rivals.iter().take(MOST_RIVALS) {
            let name = match rival.directive.may_be_shown() {
                true => format!("`{}`", rival.name),
                false => "(not shown)".to_owned(),
            };
            let text = match &rival.why {
                NameMiss::Loses => {
                    format!(
                        "not {name}: it matches too, but exact names come first, then the longest wildcard, then the first regex, and of equal names the first"
                    )
                }
                NameMiss::Elsewhere(addresses) => {
                    let addresses: Vec<String> = addresses.iter().map(ToString::to_string).collect();
                    format!("not {name}: its server does not listen here, but at {}", addresses.join(", "))
                }
                NameMiss::Bare => format!("not {name}: an asterisk matches at least one label"),
                NameMiss::Similar => format!("not {name}: it is another name"),
            };
            step.remarks.push(remark(text, Some(place(&rival.directive))));
        }
        if more > 0 {
            step.remarks.push(remark(format!("and {more} more names that are not selected"), None));
        }
        step
    }
}

/// As many steps come again and again in a loop of redirects.
const MOST_IN_LOOP: usize = 8;

/// Tells steps that come again and again once, with how often.
fn told_once(steps: &mut Vec<TraceStep>) {
    for period in 1..=MOST_IN_LOOP {
        let mut start = 0;
        while let (Some(first), rest) = (steps.get(start..start + period), steps.get(start + period..)) {
            let again = rest.unwrap_or_default().chunks(period).take_while(|next| *next == first).count();
            if again < 2 {
                start += 1;
                continue;
            }
            steps.drain(start + period..start + period * (again + 1));
            start += period;
            if let Some(last) = steps.get_mut(start - 1) {
                let what = if period == 1 { "this" } else { "these steps" };
                last.remarks.push(remark(format!("and {what} {again} times more"), None));
            }
        }
    }
}

/// A way that is over before there is one.
pub(super) fn unfollowed(answer: TraceAnswer) -> TraceWay {
    TraceWay {
        assumptions: Vec::new(),
        steps: Vec::new(),
        sent: None,
        answer,
        after: Vec::new(),
        idle: None,
        fields: Vec::new(),
        possible: Vec::new(),
    }
}

pub(super) fn answer(
    status: Option<u16>,
    by: Responder,
    text: impl Into<String>,
    place: Option<Place>,
    handshake: Prospect,
) -> TraceAnswer {
    let text = text.into();
    TraceAnswer {
        status,
        by,
        reason: None,
        location: None,
        text,
        place,
        instead: Vec::new(),
        remarks: Vec::new(),
        handshake,
    }
}

#[cfg(test)]
mod tests {
    use core::net::{IpAddr, Ipv4Addr};

    use ws_model::Url;

    use super::*;

    #[test]
    fn where_nothing_listens_all_that_do_are_named() {
        let url = Url::parse("wss://example.com/ws").unwrap();
        let query = Query::handshake(url);
        let open = vec![ListenAddress::Ip(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 80).to_string(); 2];
        assert_eq!(no_socket(&query, open.clone(), &[]), "no server listens on port 443: there are *:80");
        let query = Query { url: Url::parse("wss://[::1]/ws").unwrap(), ..query };
        assert_eq!(no_socket(&query, open, &[]), "no server listens at [::1]:443: there are *:80");
    }
}
