//! What nginx says of its connections: the page of `stub_status`, and the JSON of NGINX Plus.

use lint_finding::StatusPage;
use serde_json::Value;
use thiserror::Error;

/// Why a text is no page of nginx's status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("it is neither the page of `stub_status` nor the JSON of NGINX Plus's /api/N/connections")]
pub struct StatusError;

/// Reads a page (`http/modules/ngx_http_stub_status_module.c:ngx_http_stub_status_handler`).
///
/// # Errors
/// Where it is something else.
pub fn status_page(source: &str, text: &[u8]) -> Result<StatusPage, StatusError> {
    let text = core::str::from_utf8(text).map_err(|_| StatusError)?;
    stub(source, text).or_else(|| plus(source, text)).ok_or(StatusError)
}

fn stub(source: &str, text: &str) -> Option<StatusPage> {
    let (_, rest) = text.split_once("Active connections: ")?;
    let active = rest.split_whitespace().next()?.parse().ok()?;
    let mut numbers = text.lines().filter_map(|line| {
        let numbers: Vec<u64> =
            line.split_whitespace().map(|word| word.parse().ok()).collect::<Option<_>>()?;
        match numbers.as_slice() {
            [accepted, handled, _] => Some((*accepted, *handled)),
            _ => None,
        }
    });
    let counts = numbers.next();
    Some(StatusPage {
        source: source.to_owned(),
        active,
        accepted: counts.map(|(accepted, _)| accepted),
        dropped: counts.map(|(accepted, handled)| accepted.saturating_sub(handled)),
    })
}

fn plus(source: &str, text: &str) -> Option<StatusPage> {
    let all: Value = serde_json::from_str(text).ok()?;
    let connections = all.get("connections").unwrap_or(&all);
    let number = |name: &str| connections.get(name).and_then(Value::as_u64);
    Some(StatusPage {
        source: source.to_owned(),
        active: number("active")?,
        accepted: number("accepted"),
        dropped: number("dropped"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_pages_are_read() {
        let stub = "Active connections: 291 \nserver accepts handled requests\n 16630948 16630940 31070465 \nReading: 6 Writing: 179 Waiting: 106 \n";
        let page = |active, accepted, dropped| {
            Ok(StatusPage {
                source: "x".to_owned(),
                active,
                accepted: Some(accepted),
                dropped: Some(dropped),
            })
        };
        assert_eq!(status_page("x", stub.as_bytes()), page(291, 16_630_948, 8));
        let plus = r#"{"accepted":4968119,"dropped":2,"active":5,"idle":117}"#;
        assert_eq!(status_page("x", plus.as_bytes()), page(5, 4_968_119, 2));
        for text in ["", "<html>404</html>", "{}", "Active connections: many"] {
            assert_eq!(status_page("x", text.as_bytes()), Err(StatusError), "{text}");
        }
    }
}
