//! One request of an access log: what its values mean.

use std::borrow::Cow;

use crate::format::{Escape, Field, Values, unescaped};
use crate::moment::{self, Moment};

/// A request as logged.
#[derive(Debug, Clone)]
pub(crate) struct Record<'l> {
    pub(crate) when: Option<Moment>,
    pub(crate) status: u16,
    pub(crate) method: &'l [u8],
    /// With the query.
    pub(crate) target: Cow<'l, [u8]>,
    /// In milliseconds.
    pub(crate) duration: Option<u64>,
    pub(crate) bytes_sent: Option<u64>,
    pub(crate) bytes_received: Option<u64>,
    /// The one that answered.
    pub(crate) peer: Option<&'l [u8]>,
    /// The list with those that were asked before it; `None` if there were none.
    pub(crate) peers: Option<&'l [u8]>,
    /// What it said.
    pub(crate) peer_status: Option<u16>,
    /// Whether `Upgrade` asks for a WebSocket; `None` where it is not logged.
    pub(crate) asks: Option<bool>,
    pub(crate) host: Option<&'l [u8]>,
    pub(crate) server_name: Option<&'l [u8]>,
    pub(crate) port: Option<u16>,
    pub(crate) is_tls: Option<bool>,
    pub(crate) client: Option<&'l [u8]>,
    pub(crate) connection: Option<u64>,
}

/// No request takes longer, in milliseconds: ten years.
const OLDEST: u64 = 315_360_000_000;

fn number<T: core::str::FromStr>(text: &[u8]) -> Option<T> {
    core::str::from_utf8(text.trim_ascii()).ok()?.parse().ok()
}

/// The last of those that nginx lists where it asked several (`http/ngx_http_upstream.c:ngx_http_upstream_addr_variable`).
fn last(list: &[u8]) -> &[u8] {
    let from = list.windows(2).rposition(|two| matches!(two, b", " | b": "));
    list.get(from.map_or(0, |at| at + 2)..).unwrap_or(list).trim_ascii()
}

/// Those of such a list that failed and that another one of their group was asked after.
pub(crate) fn failed(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = list;
    core::iter::from_fn(move || {
        loop {
            let at = rest.windows(2).position(|two| matches!(two, b", " | b": "))?;
            let (item, behind) = rest.split_at(at);
            let is_next = behind.first() == Some(&b',');
            rest = behind.get(2..)?;
            if is_next {
                return Some(item.trim_ascii());
            }
        }
    })
}

impl<'l> Record<'l> {
    /// The request of a line's values; `None` where they are not those of a request.
    pub(crate) fn of(values: &Values<'l>, escape: Escape, logs_upgrade: bool) -> Option<Self> {
        let status = values.get(Field::Status)?;
        let status: u16 = (status.len() == 3).then(|| number(status))??;
        let when =
            match (values.get(Field::TimeLocal), values.get(Field::TimeIso), values.get(Field::Seconds)) {
                (Some(text), ..) => Some(moment::local(text)?),
                (_, Some(text), _) => Some(
                    moment::iso(text).or_else(|| moment::local(text)).or_else(|| moment::since_1970(text))?,
                ),
                (.., Some(text)) => Some(moment::since_1970(text)?),
                _ => None,
            };
        let mut words = values.get(Field::Request).unwrap_or_default().split(|byte| *byte == b' ');
        let of_request = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let method = values.get(Field::Method).unwrap_or(of_request.0);
        let raw = values.get(Field::Target).or(values.get(Field::Path)).unwrap_or(of_request.1);
        let target = match escape {
            Escape::None => Cow::Borrowed(raw),
            _ if memchr::memchr(b'\\', raw).is_none() => Cow::Borrowed(raw),
            Escape::Default | Escape::Json => Cow::Owned(unescaped(raw)),
        };
        let asks = values.get(Field::Upgrade).map(|value| value.eq_ignore_ascii_case(b"websocket"));
        let sent = values.get(Field::BytesSent).or(values.get(Field::BodyBytesSent));
        let duration = values.get(Field::Duration).or(values.get(Field::UpstreamDuration));
        Some(Self {
            when,
            status,
            method,
            target,
            duration: duration.and_then(moment::milliseconds).filter(|duration| *duration <= OLDEST),
            bytes_sent: sent.and_then(number),
            bytes_received: values.get(Field::UpstreamBytesSent).map(last).and_then(number),
            peer: values.get(Field::Peer).map(last),
            peers: values.get(Field::Peer).filter(|list| memchr::memchr(b' ', list).is_some()),
            peer_status: values.get(Field::PeerStatus).map(last).and_then(number),
            asks: asks.or(logs_upgrade.then_some(false)),
            host: values.get(Field::Host).or(values.get(Field::HttpHost)),
            server_name: values.get(Field::ServerName),
            port: values.get(Field::Port).and_then(number),
            is_tls: values.get(Field::Scheme).map(|scheme| scheme.eq_ignore_ascii_case(b"https")),
            client: values.get(Field::Client),
            connection: values.get(Field::Connection).and_then(number),
        })
    }

    /// The path, without the query.
    pub(crate) fn path(&self) -> &[u8] {
        self.target.split(|byte| *byte == b'?').next().unwrap_or_default()
    }

    /// The query, without the question mark.
    pub(crate) fn query(&self) -> &[u8] {
        let at = memchr::memchr(b'?', &self.target);
        at.and_then(|at| self.target.get(at + 1..)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::LogFormat;

    #[test]
    fn a_record_has_what_its_line_tells() {
        let format = "$remote_addr $host [$time_local] \"$request\" $status rt=$request_time out=$bytes_sent up=$upstream_addr us=$upstream_status";
        let format = LogFormat::new(format.as_bytes(), Escape::Default).unwrap();
        let line = b"10.0.0.9 a.test [01/May/2024:10:00:00 +0000] \"GET /ws?x=1 HTTP/1.1\" 101 rt=60.001 out=1234 up=10.0.0.1:80, [::1]:81 us=502, 101";
        let values = format.values(line).unwrap();
        let record = Record::of(&values, Escape::Default, false).unwrap();
        assert_eq!((record.path(), record.query(), record.method), (&b"/ws"[..], &b"x=1"[..], &b"GET"[..]));
        assert_eq!((record.status, record.duration, record.bytes_sent), (101, Some(60_001), Some(1_234)));
        assert_eq!((record.peer, record.peer_status), (Some(&b"[::1]:81"[..]), Some(101)));
        assert_eq!((record.asks, record.host), (None, Some(&b"a.test"[..])));
        assert_eq!(
            record.peers.map(|list| failed(list).collect::<Vec<_>>()),
            Some(vec![&b"10.0.0.1:80"[..]])
        );
        let values = format.values(b"10.0.0.9 a [01/May/2024:10:00:00 +0000] \"GET /ws HTTP/1.1\" 101 rt=999999999999.999 out=- up=- us=-");
        assert_eq!(Record::of(&values.unwrap(), Escape::Default, false).unwrap().duration, None);
        let failed =
            |list: &'static str| failed(list.as_bytes()).map(String::from_utf8_lossy).collect::<Vec<_>>();
        assert_eq!(failed("a:1, b:2 : c:3, d:4"), ["a:1", "c:3"]);
        assert_eq!(failed("a:1 : b:2"), [""; 0]);
    }
}
