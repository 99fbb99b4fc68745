//! The value in effect for a directive at a level, and where it comes from.
//!
//! "Declared" is as written at a level; "effective" is after inheritance. nginx merges http → server → location →
//! nested location once all is read, so the order within a block does not matter (`http/ngx_http.c:
//! ngx_http_merge_servers`, `ngx_http_merge_locations`). Scalars and arrays alike come from the nearest level that has
//! the directive at all: one `proxy_set_header` in a location drops every inherited one
//! (`http/modules/ngx_http_proxy_module.c:ngx_http_proxy_merge_loc_conf`).

use crate::catalogue::DirectiveName;
use crate::configuration::{Configuration, ContextId, ContextKind, Directive, Gap, Presence, Unset};
use crate::mistakes::{Mistake, makes};
use crate::version::VersionRange;

/// What a level declares.
#[derive(Debug, Clone)]
pub struct Declared<'s> {
    /// The level.
    pub level: ContextId,
    /// The directives of the name at that level, in order; never empty.
    pub directives: Vec<Directive<'s>>,
    /// An include at the same level that may add more.
    pub gap: Option<Gap>,
    /// Whether the level is the one that was asked about, or an `if`'s or `limit_except`'s own location.
    pub is_here: bool,
    /// Whether a level in between was not given, or not wholly, and may set something else.
    pub is_assumed: bool,
}

/// The value in effect.
#[derive(Debug, Clone)]
pub enum Effective<'s> {
    /// Declared at this level or inherited.
    Set(Declared<'s>),
    /// No level sets it.
    Default {
        /// Whether a level that was not given may.
        is_assumed: bool,
    },
    /// An include that was not given stands where it may be set, or it is this line, and a placeholder stands for its
    /// value.
    Unknown(Gap),
}

impl Effective<'_> {
    /// Whether it is `on`, written or by default; false where it is unknown.
    pub fn is_on(&self, default: bool) -> bool {
        match self {
            Self::Set(declared) => {
                let word = declared.directives.first().and_then(|directive| directive.argument(0));
                word.is_some_and(|word| word.eq_ignore_ascii_case(b"on"))
            }
            Self::Default { .. } => default,
            Self::Unknown(_) => false,
        }
    }
}

/// The levels at which nginx keeps values for a request that ends in `context`, innermost first.
///
/// `if` in a server is no level, and nothing above `http` is asked.
pub fn levels<'s>(
    configuration: Configuration<'s>,
    context: ContextId,
) -> impl Iterator<Item = ContextId> + use<'s> {
    configuration.levels(context).filter(move |&level| {
        use ContextKind as K;
        let kind = configuration.context(level).kind;
        matches!(
            kind,
            K::Http | K::Server | K::Location | K::If | K::LimitExcept | K::Stream | K::StreamServer
        )
    })
}

/// The value in effect for `name` in `context`.
pub fn effective<'s>(
    configuration: Configuration<'s>,
    context: ContextId,
    name: DirectiveName,
) -> Effective<'s> {
    if !configuration.has_any(name) {
        return match configuration.unset(context) {
            Unset::Default { is_assumed } => Effective::Default { is_assumed },
            Unset::Unknown(gap) => Effective::Unknown(gap),
        };
    }
    let mut is_assumed = false;
    let mut is_here = true;
    for level in levels(configuration, context) {
        let this = configuration.context(level);
        let directives: Vec<_> = configuration.named(level, name).collect();
        if !directives.is_empty() {
            let mut directives = directives;
            // Of what stands in one line the value is the whole; what stands in several is judged word by word.
            if let Some(line) = directives.iter().find(|line| line.has_unknown()) {
                if is_one_line(name) {
                    return Effective::Unknown(Gap::placeholder(line));
                }
            }
            if name == DirectiveName::PROXY_SET_HEADER && makes(Mistake::ArraysMerged) {
                let outer = levels(configuration, level).skip(1);
                directives.extend(outer.flat_map(|level| configuration.named(level, name)));
            }
            let gap = this.gaps.first().copied();
            return Effective::Set(Declared { level, directives, gap, is_here, is_assumed });
        }
        if let Some(gap) = this.gaps.iter().find(|gap| !gap.is_pattern) {
            return Effective::Unknown(*gap);
        }
        is_assumed |= this.presence != Presence::Given || !this.gaps.is_empty();
        is_here &= matches!(this.kind, ContextKind::If | ContextKind::LimitExcept);
    }
    Effective::Default { is_assumed }
}

fn is_one_line(name: DirectiveName) -> bool {
    name.rows().iter().any(|row| row.once || row.is_flag(VersionRange::DISTRIBUTIONS))
}

/// What each level declares, nearest first: the first one is in effect, the others are dropped where it is an array.
pub fn declared<'s>(
    configuration: Configuration<'s>,
    context: ContextId,
    name: DirectiveName,
) -> impl Iterator<Item = Declared<'s>> + use<'s> {
    let mut next = Some(context);
    let mut is_first = true;
    std::iter::from_fn(move || {
        let Effective::Set(mut declared) = effective(configuration, next?, name) else {
            next = None;
            return None;
        };
        declared.is_here &= is_first;
        (is_first, next) = (false, configuration.context(declared.level).parent);
        Some(declared)
    })
}
