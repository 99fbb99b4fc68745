//! What is refused, in nginx's words.

use nginx_syntax::{SyntaxErrorKind, lossy};
use thiserror::Error;

use super::Refused;

/// Why nginx refuses; the text is its message without ` in FILE:LINE`.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RefusalKind {
    /// The reader gets no further, or a block opens where only entries may stand
    /// (`core/ngx_conf_file.c:ngx_conf_read_token`, `ngx_conf_parse`).
    #[error("{0}")]
    Syntax(SyntaxErrorKind),
    /// No module has the name.
    #[error("unknown directive \"{}\"", .0.escape_ascii())]
    UnknownDirective(Vec<u8>),
    /// Modules have the name, but none for this block.
    #[error("\"{}\" directive is not allowed here", .0.escape_ascii())]
    NotAllowedHere(Vec<u8>),
    /// `{` behind a directive that takes no block.
    #[error("directive \"{}\" is not terminated by \";\"", .0.escape_ascii())]
    NotTerminated(Vec<u8>),
    /// `;` behind one that does.
    #[error("directive \"{}\" has no opening \"{{\"", .0.escape_ascii())]
    NoOpening(Vec<u8>),
    /// More or fewer words than it takes.
    #[error("invalid number of arguments in \"{}\" directive", .0.escape_ascii())]
    NumberOfArguments(Vec<u8>),
    /// Neither `on` nor `off`, for a directive that takes nothing else (`ngx_conf_set_flag_slot`).
    #[error(
        "invalid value \"{}\" in \"{}\" directive, it must be \"on\" or \"off\"",
        .value.escape_ascii(),
        .name.escape_ascii()
    )]
    NotAFlag {
        /// The directive.
        name: Vec<u8>,
        /// Its argument.
        value: Vec<u8>,
    },
    /// Two words behind `location`, and the first is none of `=`, `^~`, `~` and `~*`
    /// (`http/ngx_http_core_module.c:ngx_http_core_location`).
    #[error("invalid location modifier \"{}\"", .0.escape_ascii())]
    LocationModifier(Vec<u8>),
    /// A `proxy_pass` without variables that begins neither with `http://` nor with `https://`
    /// (`http/modules/ngx_http_proxy_module.c:ngx_http_proxy_pass`).
    #[error("invalid URL prefix")]
    UrlPrefix,
    /// A flag, a `proxy_pass`, or a block of the main level, for the second time in one block.
    #[error("\"{}\" directive is duplicate", .0.escape_ascii())]
    Duplicate(Vec<u8>),
    /// A line of `map` that is not two words (`http/modules/ngx_http_map_module.c:ngx_http_map`).
    #[error("invalid number of the map parameters")]
    MapEntry,
    /// The same in `geo` (`http/modules/ngx_http_geo_module.c:ngx_http_geo`).
    #[error("invalid number of the geo parameters")]
    GeoEntry,
    /// The same in `charset_map` (`http/modules/ngx_http_charset_filter_module.c:ngx_http_charset_map`).
    #[error("invalid parameters number")]
    CharsetEntry,
    /// A word that the setter of the directive, or the handler of the block, does not take.
    #[error("{}", shown(&.0.message))]
    Value(Box<Refused>),
}

impl RefusalKind {
    /// Whether it is about words alone, whatever block they stand in.
    pub fn is_about_words(&self) -> bool {
        matches!(self, Self::Value(_) | Self::NotAFlag { .. } | Self::GeoEntry | Self::CharsetEntry)
    }
}

/// A message as it is to be read, without control characters.
fn shown(message: &[u8]) -> String {
    let mut text = String::with_capacity(message.len());
    for character in lossy(message).chars() {
        if character.is_control() {
            text.extend(character.escape_default());
        } else {
            text.push(character);
        }
    }
    text
}
