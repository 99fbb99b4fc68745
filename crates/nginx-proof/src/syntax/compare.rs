//! Both verdicts side by side.

use nginx_semantics::dispatch::RefusalKind;
use nginx_syntax::SyntaxErrorKind;

use super::message::{Class, Message};
use super::ours::{OurVerdict, Place};
use super::verdict::NginxVerdict;

/// What comes of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Both accept.
    Accepted,
    /// Both refuse the same on the same line.
    Refused(Class),
    /// nginx refuses a value, or something that it finds behind reading, and up to there the program refuses nothing.
    Beyond(Option<Message>),
    /// The program says that it does not know: nothing can be compared.
    NotKnown(&'static str),
    /// They differ; in what.
    Differ(String),
}

/// `E2BIG`-like limits of messages: `NGX_MAX_CONF_ERRSTR` (`core/ngx_conf_file.h`) holds less than a long word.
const MESSAGE: usize = 900;

/// What nginx says of an `access_log` with a format that no line defines.
const UNKNOWN_FORMAT: &[u8] = b"unknown log format \"";

pub(super) fn compare(nginx: &NginxVerdict, ours: &OurVerdict) -> Outcome {
    let outcome = outcome(nginx, ours);
    let is_known = ours.doubt.is_none();
    match outcome {
        Outcome::Differ(_) if !is_known => {
            // A doubt excuses what comes behind it.
            let reached = nginx.message.as_ref().and_then(|message| message.place.as_ref());
            let step = reached.and_then(|place| ours.trace.iter().position(|at| at == place));
            match (step, ours.doubt) {
                (Some(step), Some((_, doubt))) if step < doubt => outcome,
                (_, Some((doubt, _))) => Outcome::NotKnown(doubt_name(doubt)),
                (_, None) => outcome,
            }
        }
        Outcome::Accepted if !ours.errors.is_empty() => {
            Outcome::Differ(format!("nginx accepts, and the parser says {:?}", ours.errors))
        }
        Outcome::Refused(class) => match &ours.refusal {
            Some((RefusalKind::Syntax(kind), place))
                if *kind != SyntaxErrorKind::UnexpectedOpen && !says(ours, kind, place) =>
            {
                Outcome::Differ(format!("the parser does not say {kind} in {place:?} but {:?}", ours.errors))
            }
            _ => Outcome::Refused(class),
        },
        _ => outcome,
    }
}

/// Whether the parser, whose errors are what users see, names the same at the same line.
fn says(ours: &OurVerdict, kind: &SyntaxErrorKind, place: &Place) -> bool {
    ours.errors.iter().any(|(other, at)| at == place && other == kind)
}

fn outcome(nginx: &NginxVerdict, ours: &OurVerdict) -> Outcome {
    let said = ours.refusal.as_ref().map(|(kind, (file, line))| format!("{kind} in {file}:{line}"));
    if nginx.is_accepted {
        return match said {
            None => Outcome::Accepted,
            Some(said) => Outcome::Differ(format!("nginx accepts, the program says: {said}")),
        };
    }
    let Some(message) = &nginx.message else {
        // Some setters refuse without a word: `modern_browser $uri;`.
        return match said {
            Some(said) if ours.trace.is_empty() => {
                Outcome::Differ(format!("nginx says nothing, the program says: {said}"))
            }
            _ => Outcome::Beyond(None),
        };
    };
    let theirs = || {
        let place = message.place.as_ref().map(|(file, line)| format!(" in {file}:{line}"));
        format!("{}{}", String::from_utf8_lossy(&message.text), place.unwrap_or_default())
    };
    let differ = || {
        let said = said.clone().unwrap_or_else(|| "nothing".to_owned());
        Outcome::Differ(format!("nginx says: {}\n    the program: {said}", theirs()))
    };
    let class = message.class();
    if let Some((kind, place)) = &ours.refusal
        && message.place.as_ref() == Some(place)
        && is_same(&in_nginx_words(kind), &message.text)
    {
        return Outcome::Refused(class);
    }
    // Other directives than flags and blocks of the main level may stand once, which only their setters know.
    if !matches!(class, Class::Beyond | Class::Duplicate) {
        return differ();
    }
    match (&ours.refusal, &message.place) {
        (None, _) => Outcome::Beyond(Some(message.clone())),
        // What is found behind reading a block: the reader was at some end of a block before.
        (Some(_), None) if !ours.trace.is_empty() => Outcome::Beyond(Some(message.clone())),
        (Some(_), Some(place)) if ours.trace.contains(place) => Outcome::Beyond(Some(message.clone())),
        // Whether a format is there is asked before the words behind it (`ngx_http_log_module.c:ngx_http_log_set_log`); the
        // program asks it of the whole configuration, apart from reading.
        (Some((_, ours)), Some(place)) if ours == place && message.text.starts_with(UNKNOWN_FORMAT) => {
            Outcome::Beyond(Some(message.clone()))
        }
        _ => differ(),
    }
}

fn is_same(ours: &[u8], nginx: &[u8]) -> bool {
    // Of a pattern, nginx shows the rest that PCRE did not get to, which depends on the release of PCRE.
    if ours.starts_with(b"pcre2_compile() failed: ") {
        return nginx.starts_with(ours);
    }
    ours.iter().take(MESSAGE).eq(nginx.iter().take(MESSAGE))
}

fn doubt_name(doubt: nginx_semantics::dispatch::Doubt) -> &'static str {
    use nginx_semantics::dispatch::Doubt;
    match doubt {
        Doubt::Name => "a directive of a loaded module",
        Doubt::Block => "a block of a loaded module",
        Doubt::Include => "an include that leads out, or back",
        Doubt::TooLarge => "too large",
    }
}

/// The message byte for byte: nginx escapes nothing.
fn in_nginx_words(kind: &RefusalKind) -> Vec<u8> {
    let around =
        |before: &str, name: &[u8], after: &str| [before.as_bytes(), name, after.as_bytes()].concat();
    match kind {
        RefusalKind::Syntax(SyntaxErrorKind::UnexpectedByte(byte)) => around("unexpected \"", &[*byte], "\""),
        RefusalKind::Syntax(SyntaxErrorKind::TooLong(start)) => {
            around("too long parameter \"", start, "...\" started")
        }
        RefusalKind::UnknownDirective(name) => around("unknown directive \"", name, "\""),
        RefusalKind::NotAllowedHere(name) => around("\"", name, "\" directive is not allowed here"),
        RefusalKind::NotTerminated(name) => around("directive \"", name, "\" is not terminated by \";\""),
        RefusalKind::NoOpening(name) => around("directive \"", name, "\" has no opening \"{\""),
        RefusalKind::NumberOfArguments(name) => {
            around("invalid number of arguments in \"", name, "\" directive")
        }
        RefusalKind::NotAFlag { name, value } => {
            let start = around("invalid value \"", value, "\" in \"");
            [start, around("", name, "\" directive, it must be \"on\" or \"off\"")].concat()
        }
        RefusalKind::LocationModifier(word) => around("invalid location modifier \"", word, "\""),
        RefusalKind::Duplicate(name) => around("\"", name, "\" directive is duplicate"),
        RefusalKind::Value(refused) => refused.message.clone(),
        RefusalKind::Syntax(_)
        | RefusalKind::UrlPrefix
        | RefusalKind::MapEntry
        | RefusalKind::GeoEntry
        | RefusalKind::CharsetEntry => kind.to_string().into_bytes(),
    }
}
