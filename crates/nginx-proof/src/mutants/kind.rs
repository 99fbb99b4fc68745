//! What is wrong with a mutant.

/// A kind of mistake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A `$` that begins no variable, a bracket that does not end.
    Variable,
    /// A variable that nothing defines, a number where no capture is known.
    Undefined,
    /// `listen`.
    Listen,
    /// `server` of an upstream.
    Peer,
    /// What else stands in an `upstream`.
    Upstream,
    /// `return`.
    Return,
    /// `if`.
    Condition,
    /// `allow` and `deny`, and other addresses.
    Access,
    /// `error_page`.
    ErrorPage,
    /// `try_files`.
    TryFiles,
    /// Neither `on` nor `off`.
    Flag,
    /// A number.
    Number,
    /// A time.
    Time,
    /// A size.
    Size,
    /// A word that is none of a list.
    Word,
    /// A line of `map`.
    Map,
    /// A line of `geo` or `split_clients`.
    Geo,
    /// `location`.
    Location,
    /// Sizes of buffers that do not fit each other.
    Buffers,
    /// `limit_req` and `limit_conn`, and their zones.
    Limit,
    /// Directives that newer releases do not have.
    Gone,
    /// Twice in one block.
    Twice,
    /// In another block.
    Place,
    /// Too few words, or too many.
    Arity,
    /// `;` for a block, a block for `;`.
    End,
    /// A name that nothing defines: a zone, a format.
    Missing,
    /// A pattern.
    Pattern,
    /// `rewrite`.
    Rewrite,
    /// `set`, and other names of variables.
    Set,
    /// `proxy_pass` and its kin.
    Pass,
    /// Quotes, braces, semicolons.
    Token,
    /// `include`.
    Include,
    /// Logs.
    Log,
    /// `resolver`.
    Resolver,
    /// Headers of answers.
    Header,
    /// Caches.
    Cache,
    /// A directive's name.
    Name,
    /// Nothing: it only looks odd.
    Right,
}

/// All, each with its word in `mutants/wrong.txt` and in words for a table.
const ALL: [(Kind, &str, &str); 38] = [
    (Kind::Variable, "variable", "names of variables: `$`, `$$x`, `${x`"),
    (Kind::Undefined, "undefined", "variables and captures that nothing defines"),
    (Kind::Listen, "listen", "`listen`"),
    (Kind::Peer, "peer", "`server` in `upstream`"),
    (Kind::Upstream, "upstream", "`upstream`"),
    (Kind::Return, "return", "`return`"),
    (Kind::Condition, "condition", "`if`"),
    (Kind::Access, "access", "`allow`, `deny`, networks"),
    (Kind::ErrorPage, "error-page", "`error_page`"),
    (Kind::TryFiles, "try-files", "`try_files`"),
    (Kind::Flag, "flag", "`on` and `off`"),
    (Kind::Number, "number", "numbers"),
    (Kind::Time, "time", "times"),
    (Kind::Size, "size", "sizes"),
    (Kind::Word, "word", "words of a list"),
    (Kind::Map, "map", "lines of `map`"),
    (Kind::Geo, "geo", "lines of `geo`, `split_clients`"),
    (Kind::Location, "location", "`location`"),
    (Kind::Buffers, "buffers", "buffers that do not fit"),
    (Kind::Limit, "limit", "`limit_req`, `limit_conn`"),
    (Kind::Gone, "gone", "directives that are gone"),
    (Kind::Twice, "twice", "twice in one block"),
    (Kind::Place, "place", "in the wrong block"),
    (Kind::Arity, "arity", "number of words"),
    (Kind::End, "end", "`;` or a block"),
    (Kind::Missing, "missing", "names of nothing: zones, formats"),
    (Kind::Pattern, "pattern", "patterns"),
    (Kind::Rewrite, "rewrite", "`rewrite`"),
    (Kind::Set, "set", "`set` and its kin"),
    (Kind::Pass, "pass", "`proxy_pass` and its kin"),
    (Kind::Token, "token", "quotes, braces, semicolons"),
    (Kind::Include, "include", "`include`"),
    (Kind::Log, "log", "logs"),
    (Kind::Resolver, "resolver", "`resolver`"),
    (Kind::Header, "header", "`add_header`, `expires`"),
    (Kind::Cache, "cache", "caches"),
    (Kind::Name, "name", "names of directives"),
    (Kind::Right, "right", "odd, and right"),
];

impl Kind {
    /// The kind of a word in `mutants/wrong.txt`.
    pub(super) fn of(word: &str) -> Option<Self> {
        ALL.iter().find(|(_, own, _)| *own == word).map(|(kind, ..)| *kind)
    }

    /// In a table.
    pub fn name(self) -> &'static str {
        ALL.iter().find(|(kind, ..)| *kind == self).map_or("", |(_, _, name)| name)
    }
}
