//! A configuration that once was a difference, with its requests in comments.
//!
//! ```text
//! # handshake /ws?a=1
//! # > Origin: http://a.test
//! # POST /ws
//! events {}
//! http { … }
//! # file: other.conf
//! …
//! ```
//!
//! A line with `>` is one more header of the request above it, or its `Host`; one with `<` says how it is sent: `http/1.0`,
//! `no host`, `port 8080`, `body abc`, `chunked abc`.

use crate::generate::Request;

/// A configuration and what is asked of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Regression {
    /// Relative path and text, the main file first.
    pub files: Vec<(String, String)>,
    /// The requests.
    pub requests: Vec<Request>,
}

impl Regression {
    /// Reads one.
    pub fn read(text: &str) -> Self {
        let mut files = vec![("nginx.conf".to_owned(), String::new())];
        let mut requests: Vec<Request> = Vec::new();
        for line in text.lines() {
            let comment = line.strip_prefix("# ").unwrap_or_default();
            if let Some(path) = comment.strip_prefix("file: ") {
                files.push((path.trim().to_owned(), String::new()));
            } else if let Some((_, text)) = files.last_mut() {
                text.push_str(line);
                text.push('\n');
            }
            if let Some((name, value)) = comment.strip_prefix("> ").and_then(|header| header.split_once(": "))
            {
                if let Some(request) = requests.last_mut() {
                    request.headers.retain(|(known, _)| name != "Host" || known != name);
                    let at = if name == "Host" { 0 } else { request.headers.len() };
                    request.headers.insert(at, (name.to_owned(), value.to_owned()));
                }
                continue;
            }
            if let (Some(how), Some(request)) = (comment.strip_prefix("< "), requests.last_mut()) {
                match how.split_once(' ').unwrap_or((how, "")) {
                    ("http/1.0", _) => request.is_http10 = true,
                    ("no", "host") => request.headers.retain(|(name, _)| name != "Host"),
                    ("port", port) => request.port = port.parse().ok(),
                    ("body" | "chunked", body) => {
                        (request.body, request.is_chunked) = (body.to_owned(), how.starts_with("chunked"));
                    }
                    _ => {}
                }
                continue;
            }
            match comment.split_once(' ') {
                Some(("handshake", target)) => requests.push(Request::handshake(target)),
                Some((method @ ("GET" | "POST" | "HEAD" | "DELETE"), target)) => {
                    requests.push(Request::plain(method, target));
                }
                _ => {}
            }
        }
        Self { files, requests }
    }

    /// As it is read.
    pub fn text(files: &[(String, String)], requests: &[Request]) -> String {
        let mut text = String::new();
        for request in requests {
            text.push_str(&format!("# {} {}\n", request.method, request.target));
            let is_first = |port: &u16| *port == 80;
            let how = [
                request.is_http10.then(|| "http/1.0".to_owned()),
                request.headers.iter().all(|(name, _)| name != "Host").then(|| "no host".to_owned()),
                request.port.filter(|port| !is_first(port)).map(|port| format!("port {port}")),
                (!request.body.is_empty()).then(|| {
                    format!("{} {}", if request.is_chunked { "chunked" } else { "body" }, request.body)
                }),
            ];
            for how in how.into_iter().flatten() {
                text.push_str(&format!("# < {how}\n"));
            }
            for (name, value) in &request.headers {
                text.push_str(&format!("# > {name}: {value}\n"));
            }
        }
        for (index, (path, file)) in files.iter().enumerate() {
            if index > 0 {
                text.push_str(&format!("# file: {path}\n"));
            }
            text.push_str(file);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::Regression;

    #[test]
    fn what_is_written_is_read() {
        let text = "# GET /a\n# > Host: b\n# > X-A: c\nhttp {\n}\n# file: d.conf\ne;\n";
        let Regression { files, requests } = Regression::read(text);
        assert_eq!(requests[0].headers.len(), 2);
        assert_eq!(files[1], ("d.conf".to_owned(), "e;\n".to_owned()));
        let requests_first = files[0].1.split_once("http").map(|(comments, _)| comments.len()).unwrap();
        let files = [("nginx.conf".to_owned(), files[0].1[requests_first..].to_owned()), files[1].clone()];
        assert_eq!(Regression::text(&files, &requests), text);
    }
}
