//! The main level and `events` (`core/nginx.c`, `event/ngx_event.c`).

use super::{Refused, Takes, logs, number};
use crate::catalogue::DirectiveName;
use crate::dispatch::judge::Words;

pub(super) fn refused(statement: &Words<'_>) -> Option<Refused> {
    let word = statement.c_string(1);
    match statement.name {
        DirectiveName::ERROR_LOG => logs::error_log(statement),
        // `ngx_set_worker_processes`
        DirectiveName::WORKER_PROCESSES if word.as_ref() != b"auto" && number(&word).is_none() => {
            Some(Refused::of_directive(statement, 1, Takes::Number, "invalid value"))
        }
        // `ngx_event_connections`
        DirectiveName::WORKER_CONNECTIONS if number(&word).is_none() => {
            Some(Refused::quoted(1, Takes::Number, "invalid number", &word))
        }
        _ => None,
    }
}
