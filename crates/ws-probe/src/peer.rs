//! Which back end answered, where an answer tells: by a field or by the cookie of a load balancer.

use std::collections::BTreeMap;

use lint_finding::Reconnected;

use crate::cookies;
use crate::head::Head;

/// Fields that name the server behind a proxy.
const FIELDS: [&str; 16] = [
    "x-backend",
    "x-backend-server",
    "x-backend-host",
    "x-upstream",
    "x-upstream-addr",
    "x-served-by",
    "x-server",
    "x-server-name",
    "x-server-id",
    "x-instance",
    "x-instance-id",
    "x-node",
    "x-hostname",
    "x-host",
    "x-pod",
    "x-pod-name",
];

/// Cookies by which load balancers find a server again, with the same value for the same server. (`AWSALB` is another one
/// each time.)
const COOKIES: [&str; 13] = [
    "route",
    "srv_id",
    "serverid",
    "server_id",
    "sticky",
    "gclb",
    "ingresscookie",
    "arraffinity",
    "applicationgatewayaffinity",
    "awselb",
    "do-lb",
    "__cflb",
    "x-oracle-bmc-lbs-route",
];

/// How the names of others begin.
const COOKIE_PREFIXES: [&str; 1] = ["bigipserver"];

/// What one answer tells.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tokens {
    fields: BTreeMap<String, String>,
    cookies: BTreeMap<String, String>,
}

impl Tokens {
    /// What an answer tells, with the cookies that were sent.
    pub(crate) fn of(head: &Head, target: &str, wanted: &[String], sent: &[(String, String)]) -> Self {
        let is_telling = |name: &str| {
            FIELDS.iter().any(|known| name.eq_ignore_ascii_case(known))
                || wanted.iter().any(|known| name.eq_ignore_ascii_case(known))
        };
        let fields = head.headers.iter().filter(|(name, _)| is_telling(name));
        let set = head.all("Set-Cookie").filter_map(|value| cookies::set(value, target));
        let kept = sent.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        // A server that is pleased with the cookie that it gets sets none.
        let all = kept.chain(set).filter(|(name, _)| is_affinity(name));
        Self {
            fields: fields.map(|(name, value)| (name.to_ascii_lowercase(), value.clone())).collect(),
            cookies: all.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        }
    }
}

fn is_affinity(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    COOKIES.contains(&name.as_str()) || COOKIE_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// What an answer may name its back end by.
#[derive(Debug, Clone, Copy)]
enum By<'t> {
    Field(&'t str),
    Cookie(&'t str),
}

impl By<'_> {
    /// What an answer says of its back end.
    fn of(self, tokens: &Tokens) -> Option<&String> {
        match self {
            Self::Field(name) => tokens.fields.get(name),
            Self::Cookie(name) => tokens.cookies.get(name),
        }
    }
}

/// Names the back ends of several answers; returns by what they are told apart and how many they are. An answer that does
/// not say it gets no name.
pub(crate) fn name(
    each: &mut [Reconnected],
    tokens: &[Option<Tokens>],
    wanted: &[String],
) -> Option<(String, usize)> {
    let answered: Vec<&Tokens> = tokens.iter().flatten().collect();
    let fields = answered.iter().flat_map(|tokens| tokens.fields.keys()).map(|name| By::Field(name));
    let cookies = answered.iter().flat_map(|tokens| tokens.cookies.keys()).map(|name| By::Cookie(name));
    // What the user names counts first, then what most answers have, then a field.
    let is_wanted = |by: &By<'_>| match by {
        By::Field(name) => wanted.iter().any(|known| known.eq_ignore_ascii_case(name)),
        By::Cookie(_) => false,
    };
    let count = |by: By<'_>| answered.iter().filter(|tokens| by.of(tokens).is_some()).count();
    let by = fields.chain(cookies).min_by_key(|by| (!is_wanted(by), std::cmp::Reverse(count(*by))))?;
    let what = match by {
        By::Field(name) => format!("the field `{name}`"),
        By::Cookie(name) => format!("the cookie `{name}`"),
    };
    let mut known: Vec<&String> = Vec::new();
    for (one, tokens) in each.iter_mut().zip(tokens) {
        let Some(value) = tokens.as_ref().and_then(|tokens| by.of(tokens)) else { continue };
        let number = known.iter().position(|known| *known == value).unwrap_or_else(|| {
            known.push(value);
            known.len() - 1
        });
        one.back_end = Some(letter(number));
    }
    Some((what, known.len()))
}

/// `A` to `Z`, then numbers.
fn letter(number: usize) -> String {
    match u8::try_from(number) {
        Ok(small) if small < 26 => char::from(b'A' + small).to_string(),
        _ => (number + 1).to_string(),
    }
}
