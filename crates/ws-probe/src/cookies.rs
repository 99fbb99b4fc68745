//! Cookies of a file: the jar of a browser or of curl, or `NAME=VALUE` as developer tools show them.

/// The cookies of a file that a browser would send to a host and a path.
///
/// A line of seven columns parted by tabs is one of a jar in Netscape's format, and counts where its host, path, expiry
/// and TLS fit. Any other line has `NAME=VALUE`, several parted by `; `, behind `Cookie:` or not.
#[must_use]
pub fn cookies(text: &str, host: &str, target: &str, is_tls: bool, now: i64) -> Vec<(String, String)> {
    let path = target.split('?').next().unwrap_or_default();
    let mut all: Vec<(String, String)> = Vec::new();
    for line in text.lines() {
        // curl marks those that scripts do not see so.
        let line = line.strip_prefix("#HttpOnly_").unwrap_or(line);
        if line.starts_with('#') {
            continue;
        }
        let columns: Vec<&str> = line.split('\t').collect();
        if let [domain, _, prefix, secure, expires, name, value] = columns.as_slice() {
            let is_for_tls = secure.eq_ignore_ascii_case("true");
            let expires: i64 = expires.trim().parse().unwrap_or(0);
            let is_live = expires == 0 || expires > now;
            if is_of(domain, host) && is_below(prefix, path) && (is_tls || !is_for_tls) && is_live {
                all.push(((*name).to_owned(), value.trim_end().to_owned()));
            }
            continue;
        }
        let line = line.trim();
        let is_named = line.get(..7).is_some_and(|start| start.eq_ignore_ascii_case("cookie:"));
        let pairs = if is_named { line.get(7..).unwrap_or_default() } else { line };
        let pairs = pairs.split(';').filter_map(|pair| pair.trim().split_once('='));
        all.extend(pairs.map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned())));
    }
    // They become one line of a request.
    let is_clean = |text: &str| !text.chars().any(char::is_control);
    all.retain(|(name, value)| !name.is_empty() && is_clean(name) && is_clean(value));
    all
}

/// Whether a cookie of a domain is for a host (RFC 6265 section 5.1.3).
fn is_of(domain: &str, host: &str) -> bool {
    let bare = domain.trim_start_matches('.');
    let is_below = || {
        host.len() > bare.len()
            && host.ends_with(bare)
            && host.as_bytes().get(host.len() - bare.len() - 1) == Some(&b'.')
    };
    !bare.is_empty() && (host.eq_ignore_ascii_case(bare) || (domain.starts_with('.') && is_below()))
}

/// Whether a cookie of a path is for another one (RFC 6265 section 5.1.4).
fn is_below(prefix: &str, path: &str) -> bool {
    match path.strip_prefix(prefix) {
        Some(rest) => rest.is_empty() || rest.starts_with('/') || prefix.ends_with('/'),
        None => false,
    }
}

/// Name and value of a `Set-Cookie`, if it is for a path.
pub(crate) fn set<'v>(value: &'v str, target: &str) -> Option<(&'v str, &'v str)> {
    let mut parts = value.split(';');
    let (name, cookie) = parts.next()?.split_once('=')?;
    let path = parts
        .filter_map(|part| part.trim().split_once('='))
        .find(|(key, _)| key.eq_ignore_ascii_case("path"));
    let is_here =
        path.is_none_or(|(_, prefix)| is_below(prefix.trim(), target.split('?').next().unwrap_or_default()));
    is_here.then_some((name.trim(), cookie.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_those_for_the_url_are_sent() {
        let jar = "# Netscape HTTP Cookie File\n\
            .example.com\tTRUE\t/\tFALSE\t0\ta\t1\n\
            #HttpOnly_chat.example.com\tFALSE\t/ws\tTRUE\t4000000000\tb\t2\n\
            .example.com\tTRUE\t/\tFALSE\t1000\told\t3\n\
            .ample.com\tTRUE\t/\tFALSE\t0\tother\t4\n\
            chat.example.com\tFALSE\t/w\tFALSE\t0\tpath\t5\n";
        let sent = |host: &str, is_tls| {
            let all = cookies(jar, host, "/ws/room?x=/", is_tls, 2000);
            all.into_iter().map(|(name, _)| name).collect::<String>()
        };
        assert_eq!(sent("chat.example.com", true), "ab");
        assert_eq!(sent("chat.example.com", false), "a");
        assert_eq!(sent("example.com", true), "a");
        assert_eq!(sent("notexample.com", true), "");
    }

    #[test]
    fn plain_lines_are_sent_as_they_are() {
        let all = cookies("Cookie: a=1; b=2=3\nc=4\r\n=5\nd=\u{1b}[0m\n", "h", "/", false, 0);
        let shown: Vec<String> = all.iter().map(|(name, value)| format!("{name}:{value}")).collect();
        assert_eq!(shown, ["a:1", "b:2=3", "c:4"]);
    }

    #[test]
    fn a_cookie_that_is_set_has_a_name_and_a_path() {
        assert_eq!(set("route=a; Path=/ws; HttpOnly", "/ws/x?y"), Some(("route", "a")));
        assert_eq!(set("route=a; Path=/other", "/ws"), None);
        assert_eq!(set("nothing", "/"), None);
    }
}
