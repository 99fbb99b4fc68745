//! What nginx takes instead of a word that it refuses, as the help of a finding says it.

use nginx_semantics::VersionRange;
use nginx_semantics::dispatch::{Refused, Takes};
use nginx_syntax::lossy;

/// The help for a word that a directive does not take.
pub(crate) fn instead(name: &str, refused: &Refused, written: &[u8], versions: VersionRange) -> String {
    let list = |words: &[&str]| {
        let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
        words.join(", ")
    };
    match refused.takes {
        Takes::Time { seconds: false } => {
            format!("`{name}` takes a time such as `60s`, `5m` or `1h30m`, without spaces or decimal points")
        }
        Takes::Time { seconds: true } => format!("`{name}` takes a time such as `30s`, `10m` or `1d`"),
        Takes::Size { gigabytes: false } => format!("`{name}` takes a size such as `512`, `8k` or `1m`"),
        Takes::Size { gigabytes: true } => format!("`{name}` takes a size such as `8k`, `10m` or `1g`"),
        Takes::Number => format!("`{name}` takes a whole number"),
        Takes::Between(least, most) => format!("`{name}` takes a number from {least} to {most}"),
        Takes::Buffers => format!("`{name}` takes a number and a size, such as `8 16k`"),
        Takes::Levels => format!("`{name}` takes a folder and up to three numbers, such as `/var/cache/x 1 2`"),
        Takes::OneOf(words) => {
            let words: Vec<&str> = words.words(versions).collect();
            format!("`{name}` takes {}", list(&words))
        }
        Takes::Words(words) => format!("`{name}` takes {}", list(words)),
        Takes::Parameters([]) => format!("`{name}` takes nothing after that; drop it"),
        Takes::Parameters(words) => {
            format!("`{name}` takes these parameters: {}; drop or correct this one", list(words))
        }
        Takes::Script => script(written),
        Takes::Name => "write a `$` before the name of the variable".to_owned(),
        Takes::OwnName => "nginx sets this variable itself; choose another name".to_owned(),
        Takes::Network => format!(
            "`{name}` takes `all`, an address such as `10.0.0.1`, or a network such as `10.0.0.0/8`; it resolves no names"
        ),
        Takes::Address => {
            "write an address such as `127.0.0.1:8000`, `[::1]:8000` or `unix:/run/app.sock`".to_owned()
        }
        Takes::Url => {
            "write the host, and a port if there is one, such as `http://127.0.0.1:8000`".to_owned()
        }
        Takes::Pattern => {
            "correct the pattern; write `\\` before a literal character, such as `\\(`".to_owned()
        }
        Takes::Condition => "`if` takes one comparison: `($variable)`, `($variable = text)` or `!=`, `($variable ~ pattern)` or `~*`, `!~`, `!~*`, or `(-f path)`; it has no `&&`, `||`, `==` or `!$variable`".to_owned(),
        Takes::Status => format!("`{name}` takes a status such as `301`, `404` or `503` here"),
        Takes::ZoneName => "write a name for the zone".to_owned(),
        Takes::Share => "write a share such as `50%` or `0.5%`, or `*` for the rest".to_owned(),
        Takes::Zone => format!("add `zone=NAME` to `{name}`"),
        Takes::KeysZone => format!("add `keys_zone=NAME:10m` to `{name}`"),
        Takes::Maximum => format!("add `max=1000` to `{name}`, or write `{name} off;`"),
        Takes::Replacement => "write what the path becomes, such as `/`".to_owned(),
        Takes::Pool => format!("`{name}` takes a multiple of 16, and at least 256"),
        Takes::ServerName => "a wildcard is `*.example.com` or `.example.com`; for every name write `_` and make the server the default".to_owned(),
        Takes::File => "write the name of a file, such as `index.html`".to_owned(),
        Takes::HostKey => "with `hostnames`, a wildcard is `*.example.com`, `.example.com` or `www.example.*`".to_owned(),
        Takes::Range => "with `ranges`, write two addresses of IPv4, the lower one first: `10.0.0.0-10.0.0.255`".to_owned(),
        Takes::Folder => "nginx makes this variable of `root` itself; write the folder".to_owned(),
        Takes::OneLevel => "leave one level; it includes the more severe ones".to_owned(),
        Takes::Buffer => "buffers are for files without variables in the name, and `flush=` needs one: add `buffer=32k`, or drop `flush=`, `buffer=` and `gzip`".to_owned(),
    }
}

pub(crate) fn script(written: &[u8]) -> String {
    let text = lossy(written);
    if let Some((_, name)) = text.split_once("$$") {
        if name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_') {
            let name: String = name.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
            return format!("write `${name}`: `$$` is how files of Docker Compose and make write one `$`");
        }
    }
    "each `$` must begin the name of a variable, `$name` or `${name}`".to_owned()
}

/// Whether somebody, or a template engine that is not known, is to put something else in the place of a word.
pub(crate) fn is_to_fill_in(refused: &Refused, written: &[u8]) -> bool {
    let is_known = |known: &str| known.trim_end_matches('=').as_bytes().eq_ignore_ascii_case(written);
    // A pattern has signs of all sorts.
    if refused.takes == Takes::Pattern {
        return false;
    }
    let is_misspelt = |known: &&str| {
        let text = lossy(written).to_ascii_lowercase();
        known.len() > 2 && strsim::damerau_levenshtein(&text, &known.to_ascii_lowercase()) == 1
    };
    let known = match refused.takes {
        Takes::Words(words) => words.iter().any(|word| is_known(word) || is_misspelt(word)),
        Takes::Parameters(words) => words.iter().any(|word| is_known(word)),
        Takes::Network => is_known("all"),
        _ => false,
    };
    !known && holds_placeholder(written)
}

/// Whether a word has a part in capitals, as `PORT`, or signs in which people and template engines put names.
pub(crate) fn holds_placeholder(word: &[u8]) -> bool {
    let is_of_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    // What follows a `$` is a variable's name.
    let mut parts = word.split(|byte| !is_of_name(byte)).filter(|part| !part.is_empty());
    let is_capitals = |part: &[u8]| {
        part.len() > 2
            && part.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_')
            && part.iter().filter(|byte| byte.is_ascii_uppercase()).count() > 2
    };
    let is_crossed = |part: &[u8]| part.len() > 1 && part.iter().all(|byte| matches!(byte, b'x' | b'X'));
    parts.any(|part| is_capitals(part) || is_crossed(part))
        || word.windows(2).any(|two| matches!(two, b"__" | b"{{" | b"}}" | b"<%" | b"%>" | b"@@" | b"%%"))
        || !word.is_ascii()
        || matches!(word, [b'@' | b'%', .., b'@' | b'%'] | [b'<', .., b'>'])
        || word.windows(3).any(|three| three == b"...")
}
