//! Reading the table of presets.

use std::sync::LazyLock;

use super::{IdlePreset, Passes, Preset};
use crate::applications::Sure;

/// The rows, as text.
const TEXT: &str = include_str!("layers.tsv");

/// The rows; the first call reads them.
pub(super) fn get() -> &'static [Preset] {
    static PRESETS: LazyLock<Vec<Preset>> = LazyLock::new(|| data_lines().filter_map(parse_row).collect());
    &PRESETS
}

/// The lines that are not comments.
pub(super) fn data_lines() -> impl Iterator<Item = &'static str> {
    TEXT.lines().filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// One row; `None` if any field is malformed.
fn parse_row(line: &'static str) -> Option<Preset> {
    let mut fields = line.split('\t');
    let mut field = || fields.next();
    let (id, name, also) = (field()?, field()?, words(field()?));
    let passes = match field()? {
        "yes" => Passes::Yes,
        "opt-in" => Passes::OptIn,
        "no" => Passes::No,
        _ => return None,
    };
    let how = known(field()?);
    let idle = match field()? {
        "-" => IdlePreset::Unknown,
        "none" => IdlePreset::Unlimited,
        seconds => IdlePreset::Seconds(seconds.parse().ok()?),
    };
    let counts_only_server = match field()? {
        "server" => true,
        "either" | "-" => false,
        _ => return None,
    };
    let lifetime_s = match known(field()?) {
        Some(seconds) => Some(seconds.parse().ok()?),
        None => None,
    };
    let raise = known(field()?);
    let preset = Preset {
        id,
        name,
        also,
        passes,
        how,
        idle,
        counts_only_server,
        lifetime_s,
        raise: raise.filter(|raise| *raise != "fixed"),
        is_fixed: raise == Some("fixed"),
        sure: match field()? {
            "low" => Sure::Low,
            "medium" => Sure::Medium,
            "high" => Sure::High,
            _ => return None,
        },
        as_of: field()?,
        sources: words(field()?),
    };
    fields.next().is_none().then_some(preset)
}

/// `None` for `-`.
fn known(field: &'static str) -> Option<&'static str> {
    (field != "-").then_some(field)
}

/// A list of words, or `-`. Leaked: this happens once, for a table that lives as long as the program.
fn words(field: &'static str) -> &'static [&'static str] {
    if field == "-" { &[] } else { field.split(' ').collect::<Vec<_>>().leak() }
}
