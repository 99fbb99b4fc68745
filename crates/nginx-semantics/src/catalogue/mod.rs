//! What nginx itself knows: its directives, where they may stand, and its variables.
//!
//! The tables are text files in this folder, taken from the `ngx_command_t` and variable tables of nginx's
//! releases, and are read once, at first use. A name that the catalogue lacks may well belong to another
//! module, so an unknown directive is never an error.

mod contexts;
mod names;
mod setters;
mod table;
#[cfg(test)]
mod tests;
mod variables;

use std::fmt;

pub use contexts::Contexts;
pub use setters::{Setter, WordList};
pub use variables::{builtin_variable_since, is_builtin_variable};

use nginx_syntax::NameNumber;

use crate::version::{NginxVersion, VersionRange};

/// A directive's name, interned: equal names have equal ids. Names that this program's code uses are
/// constants (`DirectiveName::PROXY_PASS`) and can be matched on, the other names of the catalogue get their
/// ids when it is read, and names that nobody knows share [`DirectiveName::UNKNOWN`]. The order means
/// nothing.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash)]
pub struct DirectiveName(u16);

impl DirectiveName {
    /// Any name that neither nginx nor this program knows.
    pub const UNKNOWN: Self = Self(0);

    /// The name as it is written in a configuration; empty for [`DirectiveName::UNKNOWN`].
    #[must_use]
    pub fn as_str(self) -> &'static str {
        table::get().text(self)
    }

    /// The name of a number that [`DirectiveName::number`] gave out.
    pub(crate) const fn of_number(number: NameNumber) -> Self {
        Self(number.0)
    }

    /// Its number for the parser.
    pub(crate) const fn number(self) -> NameNumber {
        NameNumber(self.0)
    }

    /// All names in the order of their numbers, the unknown one first.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..u16::try_from(Self::count()).unwrap_or(u16::MAX)).map(Self)
    }

    /// Its number: an index into a table by name, see [`DirectiveName::all`].
    pub const fn index(self) -> usize {
        self.0 as usize
    }

    /// How many names there are, the unknown one included.
    pub(crate) fn count() -> usize {
        table::get().count()
    }

    /// The most arguments that any module takes; `None` where one has no limit, or none has the name.
    pub(crate) fn most_args(self) -> Option<u8> {
        table::get().most_args(self)
    }

    /// Whether the modules take a block; `None` where they differ, or none has the name.
    pub(crate) fn takes_block(self) -> Option<bool> {
        table::get().takes_block(self)
    }

    /// The modules that define the name: none for a name that nginx itself does not have.
    #[must_use]
    pub fn rows(self) -> &'static [Directive] {
        table::get().rows(self)
    }
}

impl fmt::Debug for DirectiveName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.as_str() {
            "" => f.write_str("DirectiveName::UNKNOWN"),
            name => write!(f, "DirectiveName({name})"),
        }
    }
}

/// The name that `name` is. nginx compares directive names byte by byte, so `Proxy_Pass` is unknown.
#[must_use]
pub fn lookup(name: &[u8]) -> DirectiveName {
    table::get().lookup(name)
}

/// Every row of the catalogue, sorted by name and module.
#[must_use]
pub fn directives() -> &'static [Directive] {
    table::get().all()
}

/// A directive as one module of nginx defines it.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Directive {
    /// The name, as [`Directive::id`] spells it.
    pub name: &'static str,
    /// The interned name.
    pub id: DirectiveName,
    /// The defining module, such as `ngx_http_proxy_module`.
    pub module: &'static str,
    /// The module's type.
    pub kind: ModuleKind,
    /// The blocks that accept the directive.
    pub contexts: Contexts,
    /// The least number of arguments.
    pub min_args: u8,
    /// The greatest number of arguments; `None` if there is no limit.
    pub max_args: Option<u8>,
    /// A smaller greatest number, and the first release in which it was [`Directive::max_args`] instead.
    pub former_max_args: Option<(u8, NginxVersion)>,
    /// Whether the one argument is `on` or `off` (`ngx_conf_set_flag_slot`).
    is_flag: bool,
    /// The first release in which it was no flag any more.
    flag_until: Option<NginxVersion>,
    /// Whether the directive takes a block in braces.
    pub block: bool,
    /// Whether nginx is known to refuse a second one in the same block; for flags this is not said.
    pub once: bool,
    /// What its setter makes of the words, where it is one that many directives share.
    pub setter: Setter,
    /// The first release that has this row.
    pub since: NginxVersion,
    /// The first release without this row; `None` while nginx still has it.
    pub removed: Option<NginxVersion>,
    /// The first release in which any module of the same kind had the name.
    pub name_since: NginxVersion,
}

impl Directive {
    /// Whether some release of the range has this row.
    #[must_use]
    pub fn is_in(&self, range: VersionRange) -> bool {
        range.any_since(self.since) && self.removed.is_none_or(|removed| range.min < removed)
    }

    /// Whether every release of the range takes `on` and `off` alone.
    #[must_use]
    pub fn is_flag(&self, range: VersionRange) -> bool {
        self.is_flag && self.flag_until.is_none_or(|until| !range.any_since(until))
    }

    /// Whether some release of the range takes so many arguments.
    #[must_use]
    pub fn takes(&self, arguments: usize, range: VersionRange) -> bool {
        let former = self.former_max_args.filter(|(_, until)| !range.any_since(*until)).map(|(most, _)| most);
        let most = former.or(self.max_args);
        usize::from(self.min_args) <= arguments && most.is_none_or(|most| arguments <= usize::from(most))
    }
}

/// The type of the module that defines a directive.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash, Debug)]
pub enum ModuleKind {
    /// `NGX_CORE_MODULE`: the main level.
    Core,
    /// `NGX_CONF_MODULE`: `include`.
    Conf,
    /// `NGX_EVENT_MODULE`.
    Event,
    /// `NGX_HTTP_MODULE`.
    Http,
    /// `NGX_STREAM_MODULE`.
    Stream,
    /// `NGX_MAIL_MODULE`.
    Mail,
    /// `NGX_IMAP_MODULE`: the mail proxy before 0.5.15.
    Imap,
}
