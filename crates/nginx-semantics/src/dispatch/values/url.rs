//! Addresses and the beginnings of URLs (`core/ngx_inet.c`).

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::number;

/// For what an address is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum For {
    /// `listen`.
    Listen,
    /// What has no URI part, such as `server`.
    Server,
    /// What may have one, such as `proxy_pass`.
    Pass,
}

/// Why `core/ngx_inet.c:ngx_parse_url` refuses a text. Whether a name resolves is another question.
pub(super) fn error(url: &[u8], what: For) -> Option<&'static str> {
    if url.get(..5).is_some_and(|start| start.eq_ignore_ascii_case(b"unix:")) {
        let path = url.get(5..).unwrap_or_default();
        let path = match what {
            For::Pass => path.split(|byte| *byte == b':').next().unwrap_or_default(),
            For::Listen | For::Server => path,
        };
        // The path and its end have to fit (`struct sockaddr_un` has 108 bytes; other systems have fewer).
        return match path.len() {
            0 => Some("no path in the unix domain socket"),
            length if length >= 108 => Some("too long path in the unix domain socket"),
            _ => None,
        };
    }
    if let [b'[', rest @ ..] = url { inet6(rest, what) } else { inet(url, what) }
}

/// `ngx_parse_inet_url`.
fn inet(url: &[u8], what: For) -> Option<&'static str> {
    let find = |byte: u8| url.iter().position(|other| *other == byte);
    let uri = find(b'/').into_iter().chain(find(b'?')).min();
    let mut end = url.len();
    let mut colon = find(b':');
    if let Some(uri) = uri {
        if what != For::Pass {
            return Some("invalid host");
        }
        end = uri;
        colon = colon.filter(|colon| *colon < uri);
    }
    if let Some(colon) = colon {
        let port = url.get(colon + 1..end).unwrap_or_default();
        if let Some(error) = port_error(port, what) {
            return Some(error);
        }
        end = colon;
    } else if uri.is_none() && what == For::Listen {
        // The whole may be a port, or two with a dash.
        let (first, last) = split_dash(url);
        let last = match last {
            Some(last) => match number(last) {
                Some(last) => Some(last),
                None => return None,
            },
            None => None,
        };
        if let Some(first) = number(first) {
            let is_port = |port: u64| (1..=65_535).contains(&port);
            if !is_port(first) || last.is_some_and(|last| !is_port(last)) {
                return Some("invalid port");
            }
            return last.is_some_and(|last| first > last).then_some("invalid port range");
        }
    }
    (end == 0).then_some("no host")
}

/// `ngx_parse_inet6_url`; `rest` is what follows the `[`.
fn inet6(rest: &[u8], what: For) -> Option<&'static str> {
    let Some(close) = rest.iter().position(|byte| *byte == b']') else { return Some("invalid host") };
    let (host, tail) = (rest.get(..close).unwrap_or_default(), rest.get(close + 1..).unwrap_or_default());
    let uri = tail.iter().position(|byte| *byte == b'/');
    if uri.is_some() && what != For::Pass {
        return Some("invalid host");
    }
    let tail = tail.get(..uri.unwrap_or(tail.len())).unwrap_or_default();
    match tail {
        [] => {}
        [b':', port @ ..] => {
            if let Some(error) = port_error(port, what) {
                return Some(error);
            }
        }
        _ => return Some("invalid host"),
    }
    if host.is_empty() {
        return Some("no host");
    }
    inet6_address(host).is_none().then_some("invalid IPv6 address")
}

fn port_error(port: &[u8], what: For) -> Option<&'static str> {
    let (first, last) = if what == For::Listen { split_dash(port) } else { (port, None) };
    let valid = |text: &[u8]| number(text).filter(|port| (1..=65_535).contains(port));
    let last = last.map(valid);
    match (valid(first), last) {
        (_, Some(None)) | (None, _) => Some("invalid port"),
        (Some(first), Some(Some(last))) if first > last => Some("invalid port range"),
        _ => None,
    }
}

fn split_dash(text: &[u8]) -> (&[u8], Option<&[u8]>) {
    match text.iter().position(|byte| *byte == b'-') {
        Some(dash) => (text.get(..dash).unwrap_or_default(), text.get(dash + 1..)),
        None => (text, None),
    }
}

/// An IPv4 address as `ngx_inet_addr` reads it, which takes leading zeros and an empty last part.
pub(super) fn inet_address(text: &[u8]) -> Option<Ipv4Addr> {
    let (mut address, mut octet, mut dots) = (0_u32, 0_u32, 0);
    for byte in text {
        match byte {
            b'0'..=b'9' => octet = octet * 10 + u32::from(byte - b'0'),
            b'.' => {
                address = (address << 8) | octet;
                octet = 0;
                dots += 1;
            }
            _ => return None,
        }
        if octet > 255 {
            return None;
        }
    }
    // 255.255.255.255 is what stands for none.
    let address = (address << 8) | octet;
    (dots == 3 && address != u32::MAX).then(|| Ipv4Addr::from(address))
}

/// An IPv6 address as `ngx_inet6_addr` reads it.
pub(super) fn inet6_address(text: &[u8]) -> Option<Ipv6Addr> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// Whether a text is a network as `core/ngx_inet.c:ngx_ptocidr` reads it.
pub(super) fn is_network(text: &[u8]) -> bool {
    let slash = text.iter().position(|byte| *byte == b'/');
    let address = text.get(..slash.unwrap_or(text.len())).unwrap_or_default();
    let ip = inet_address(address).map(IpAddr::V4).or_else(|| inet6_address(address).map(IpAddr::V6));
    let Some(ip) = ip else { return false };
    let Some(slash) = slash else { return true };
    let most = if ip.is_ipv4() { 32 } else { 128 };
    text.get(slash + 1..).and_then(number).is_some_and(|shift| shift <= most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_by_nginx() {
        use For::{Listen, Pass, Server};
        let table = [
            ("127.0.0.1:80", Listen, None),
            ("80", Listen, None),
            ("8000-8010", Listen, None),
            ("127.0.0.1:8000-8010", Listen, None),
            ("8010-8000", Listen, Some("invalid port range")),
            ("0", Listen, Some("invalid port")),
            ("99999", Listen, Some("invalid port")),
            ("my-host", Listen, None),
            ("80x", Listen, None),
            ("*:80", Listen, None),
            (":80", Listen, Some("no host")),
            ("a:", Listen, Some("invalid port")),
            ("a/b", Listen, Some("invalid host")),
            ("http://a:80", Server, Some("invalid host")),
            ("a:80/x", Pass, None),
            ("a:99999/x", Pass, Some("invalid port")),
            ("/x", Pass, Some("no host")),
            ("", Pass, Some("no host")),
            ("a/b:c", Pass, None),
            ("a?b:c", Pass, None),
            ("a:80", Server, None),
            ("a:0", Server, Some("invalid port")),
            ("unix:", Server, Some("no path in the unix domain socket")),
            ("unix::/x", Pass, Some("no path in the unix domain socket")),
            ("unix:/x:/y", Pass, None),
            ("[::1]:80", Listen, None),
            ("[::1]", Server, None),
            ("[::1", Server, Some("invalid host")),
            ("[]:80", Listen, Some("no host")),
            ("[::x]:80", Listen, Some("invalid IPv6 address")),
            ("[::1]80", Listen, Some("invalid host")),
            ("[::1]/x", Pass, None),
        ];
        for (url, what, expected) in table {
            assert_eq!(error(url.as_bytes(), what), expected, "{url} {what:?}");
        }
    }

    #[test]
    fn networks_are_read_as_by_nginx() {
        for text in ["10.0.0.0/8", "1.2.3.4", "01.2.3.4", "1.2.3.", "::1", "fe80::/10", "10.0.0.1/0"] {
            assert!(is_network(text.as_bytes()), "{text}");
        }
        for text in [
            "10.0.0/8",
            "10.0.0.0/33",
            "a",
            "",
            "1.2.3.4/",
            "::1/129",
            "[::1]",
            "255.255.255.255",
            "1.2.3.4:5",
        ] {
            assert!(!is_network(text.as_bytes()), "{text}");
        }
    }
}
