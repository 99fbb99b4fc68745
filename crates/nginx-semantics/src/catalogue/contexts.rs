//! The blocks that a directive may stand in.

use std::fmt;
use std::ops::BitOr;

use super::table::Fields;

/// A set of kinds of blocks.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug, Default)]
pub struct Contexts(u32);

/// Every single context: its flag, its name in the table, and its name in nginx's documentation.
const NAMES: [(Contexts, &str, &str); 16] = [
    (Contexts::MAIN, "main", "main"),
    (Contexts::EVENTS, "events", "events"),
    (Contexts::HTTP, "http", "http"),
    (Contexts::HTTP_SERVER, "http/server", "server"),
    (Contexts::HTTP_LOCATION, "http/location", "location"),
    (Contexts::HTTP_SERVER_IF, "http/server/if", "if in server"),
    (Contexts::HTTP_LOCATION_IF, "http/location/if", "if in location"),
    (Contexts::HTTP_LIMIT_EXCEPT, "http/limit_except", "limit_except"),
    (Contexts::HTTP_UPSTREAM, "http/upstream", "upstream"),
    (Contexts::STREAM, "stream", "stream"),
    (Contexts::STREAM_SERVER, "stream/server", "stream server"),
    (Contexts::STREAM_UPSTREAM, "stream/upstream", "stream upstream"),
    (Contexts::MAIL, "mail", "mail"),
    (Contexts::MAIL_SERVER, "mail/server", "mail server"),
    (Contexts::IMAP, "imap", "imap"),
    (Contexts::IMAP_SERVER, "imap/server", "imap server"),
];

impl Contexts {
    /// No block.
    pub const NONE: Self = Self(0);
    /// Outside all blocks.
    pub const MAIN: Self = Self(1);
    /// `events`.
    pub const EVENTS: Self = Self(1 << 1);
    /// `http`.
    pub const HTTP: Self = Self(1 << 2);
    /// A `server` of `http`.
    pub const HTTP_SERVER: Self = Self(1 << 3);
    /// A `location`.
    pub const HTTP_LOCATION: Self = Self(1 << 4);
    /// An `if` in a server.
    pub const HTTP_SERVER_IF: Self = Self(1 << 5);
    /// An `if` in a location.
    pub const HTTP_LOCATION_IF: Self = Self(1 << 6);
    /// `limit_except`.
    pub const HTTP_LIMIT_EXCEPT: Self = Self(1 << 7);
    /// An `upstream` of `http`.
    pub const HTTP_UPSTREAM: Self = Self(1 << 8);
    /// `stream`.
    pub const STREAM: Self = Self(1 << 9);
    /// A `server` of `stream`.
    pub const STREAM_SERVER: Self = Self(1 << 10);
    /// An `upstream` of `stream`.
    pub const STREAM_UPSTREAM: Self = Self(1 << 11);
    /// `mail`.
    pub const MAIL: Self = Self(1 << 12);
    /// A `server` of `mail`.
    pub const MAIL_SERVER: Self = Self(1 << 13);
    /// `imap`, before 0.5.15.
    pub const IMAP: Self = Self(1 << 14);
    /// A `server` of `imap`, before 0.5.15.
    pub const IMAP_SERVER: Self = Self(1 << 15);
    /// Every block: `include`.
    pub const ANY: Self = Self((1 << 16) - 1);

    /// Whether every block of `other` is in this set.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether some block is in both sets.
    #[must_use]
    pub const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether there is no block in the set.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The blocks in both sets.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Reads the table's form: names separated by commas, or `any`.
    pub(super) fn parse(field: &'static str) -> Option<Self> {
        if field == "any" {
            return Some(Self::ANY);
        }
        Fields::of(field, b',').try_fold(Self::NONE, |set, name| {
            let (context, _, _) = NAMES.iter().find(|(_, written, _)| *written == name)?;
            Some(set | *context)
        })
    }
}

impl BitOr for Contexts {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// As nginx's documentation lists them: `http, server, location, if in location`.
impl fmt::Display for Contexts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::ANY {
            return f.write_str("any");
        }
        let mut separator = "";
        for (context, _, shown) in NAMES {
            if self.contains(context) {
                write!(f, "{separator}{shown}")?;
                separator = ", ";
            }
        }
        Ok(())
    }
}
