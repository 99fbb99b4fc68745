//! What comes of one request, predicted or seen, in the same words.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};

use crate::{Head, Seen};

/// The place of a request that nginx has not logged.
const NOWHERE: &str = "nowhere";

/// What comes of one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The block whose configuration is in effect in the end, as `file:line`.
    pub place: String,
    /// Of the answer; `None` where the connection is closed without one.
    pub status: Option<u16>,
    /// What the client met instead of an answer; of what is predicted nothing, and never compared.
    pub failure: Option<String>,
    /// `Location` of a redirect.
    pub location: Option<String>,
    /// What the upstream received: its address and the request; the last one of several.
    pub asked: Option<Asked>,
    /// Whether a subrequest may have asked another one, which nobody compares.
    pub is_open: bool,
    /// What was received before the last one.
    pub before: Vec<Asked>,
}

/// What an upstream received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// As the configuration has it.
    pub backend: String,
    /// The request line.
    pub line: String,
    /// The headers by their names in lower case, in order for each name, as sent.
    pub headers: BTreeMap<String, Vec<String>>,
}

impl Asked {
    /// From what was received, or would be.
    pub(super) fn new(backend: &str, head: &Head) -> Self {
        let mut headers = BTreeMap::<String, Vec<String>>::new();
        for (name, value) in &head.headers {
            headers.entry(name.to_ascii_lowercase()).or_default().push(format!("{name}: {value}"));
        }
        // nginx compares the names of upstreams without case, and the port of the scheme is no difference.
        let backend = backend.to_ascii_lowercase();
        let backend = [":80", ":443"].iter().find_map(|port| backend.strip_suffix(port)).unwrap_or(&backend);
        let backend = backend.to_owned();
        Self { backend, line: head.line.clone(), headers }
    }
}

impl Outcome {
    /// What was seen.
    pub(super) fn seen(seen: &Seen) -> Self {
        let place = seen.answered.as_ref();
        let place = place.map(|answered| format!("{}:{}", answered.place.file, answered.place.line));
        let place = place.unwrap_or_else(|| NOWHERE.to_owned());
        let is_location = |(name, _): &&(String, String)| name.eq_ignore_ascii_case("location");
        let is_redirect = matches!(seen.status, Some(300..=399));
        let location = seen.headers.iter().find(is_location).filter(|_| is_redirect);
        let location = location.map(|(_, value)| value.clone());
        let all = seen.received.iter().map(|received| Asked::new(&received.backend, &received.head));
        let mut before: Vec<Asked> = all.collect();
        let asked = before.pop();
        Self {
            place,
            status: seen.status,
            failure: seen.failure.clone(),
            location,
            asked,
            is_open: false,
            before,
        }
    }

    /// Whether the connection ended and nginx knows nothing of the request.
    pub(super) fn is_lost(&self) -> bool {
        self.status.is_none() && self.place == NOWHERE
    }

    /// Whether this was seen.
    pub(super) fn is(&self, seen: &Self) -> bool {
        (&self.place, self.status, &self.location) == (&seen.place, seen.status, &seen.location)
            && (self.asked == seen.asked
                || self.is_open && self.asked.as_ref().is_none_or(|asked| seen.before.contains(asked)))
    }
}

impl Display for Outcome {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { place, status, failure, location, asked, .. } = self;
        match status {
            Some(status) => write!(f, "{place} answers {status}")?,
            None => write!(f, "{place} closes the connection")?,
        }
        if let Some(failure) = failure {
            write!(f, " ({failure})")?;
        }
        if let Some(location) = location {
            write!(f, " to {location}")?;
        }
        let Some(Asked { backend, line, headers }) = asked else { return Ok(()) };
        write!(f, "; {backend} is asked\n        {line}")?;
        for header in headers.values().flatten() {
            write!(f, "\n        {header}")?;
        }
        Ok(())
    }
}
