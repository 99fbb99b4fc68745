//! What applications send on an idle connection, and whether that is in time for a limit.

use ws_model::Endpoint;
use ws_model::applications::{Application, Heartbeat, Sure};

/// What is known of the messages on an idle connection.
pub(crate) enum Traffic {
    /// An application sends something before the limit: every so many seconds.
    InTime(&'static Application, u32),
    /// It does so at the very moment of the limit.
    Race(&'static Application, u32),
    /// It does so after the limit.
    TooLate(&'static Application, u32),
    /// It sends nothing by itself.
    Nothing(&'static Application),
    /// Nothing is known.
    Unknown,
}

impl Traffic {
    /// What the applications of an endpoint do within a limit in milliseconds: the most of any of them.
    pub(crate) fn of(endpoint: &Endpoint<'_>, limit: u64) -> Self {
        let all = endpoint.applications().into_iter().map(|application| Self::by(application, limit));
        all.reduce(|best, next| if next.rank() < best.rank() { next } else { best }).unwrap_or(Self::Unknown)
    }

    fn by(application: &'static Application, limit: u64) -> Self {
        let Some(Heartbeat { seconds, sure, .. }) = application.heartbeat else { return Self::Unknown };
        let interval = u64::from(seconds) * 1_000;
        // Of an interval that is only likely, twice the time has to fit.
        let is_enough = if sure == Sure::Low { interval * 2 <= limit } else { interval < limit };
        match () {
            () if application.is_silent() => Self::Nothing(application),
            () if seconds == 0 => Self::Unknown,
            () if is_enough => Self::InTime(application, seconds),
            () if sure == Sure::Low => Self::Unknown,
            () if interval == limit => Self::Race(application, seconds),
            () => Self::TooLate(application, seconds),
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::InTime(..) => 0,
            Self::Race(..) => 1,
            Self::TooLate(..) => 2,
            Self::Nothing(_) => 3,
            Self::Unknown => 4,
        }
    }

    /// The end of the help, for a limit as it is shown.
    pub(crate) fn help(&self, limit: &str) -> String {
        let or = format!(", or send a ping from either side more often than every {limit}");
        match self {
            Self::InTime(Application { name, .. }, seconds) => format!(
                "; {name} sends something every {seconds}s by default, which keeps the connection open"
            ),
            Self::Race(Application { name, .. }, seconds) => format!(
                "{or}; {name} sends something every {seconds}s by default, which races the limit: some connections close"
            ),
            Self::TooLate(Application { name, .. }, seconds) => {
                format!("{or}; {name} sends something every {seconds}s by default, which is too late")
            }
            Self::Nothing(Application { name, .. }) => format!("{or}; {name} sends nothing on its own"),
            Self::Unknown => or,
        }
    }
}
