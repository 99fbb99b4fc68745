//! Blocks whose statements go to a handler of their own (`cf->handler`).

use nginx_syntax::SyntaxErrorKind;

use super::judge::{Level, Words};
use super::{Build, RefusalKind, Verdict, values};
use crate::catalogue::DirectiveName;
use crate::version::NginxVersion;

/// The first release whose `geo` knows `volatile`.
const GEO_VOLATILE: NginxVersion = NginxVersion::new(1, 29, 3);

/// What the handler of a block says of the number of words, and of the words.
pub(super) fn judge(level: &mut Level, statement: &Words<'_>, build: &Build) -> Verdict {
    use DirectiveName as N;
    // `core/ngx_conf_file.c:ngx_conf_parse` asks before it calls the handler.
    if statement.opens {
        return Verdict::Refused(RefusalKind::Syntax(SyntaxErrorKind::UnexpectedOpen));
    }
    let block = level.opener;
    let (count, first) = (statement.words.len(), statement.c_string(0));
    let first = first.as_ref();
    let is_include = first == b"include";
    let refusal = match block {
        // `http/ngx_http_core_module.c:ngx_http_core_type`
        N::TYPES if is_include && count != 2 => RefusalKind::NumberOfArguments(first.to_vec()),
        N::MAP if count == 1 && matches!(first, b"hostnames" | b"volatile") => {
            level.has_hostnames |= first == b"hostnames";
            return Verdict::Taken;
        }
        N::MAP if count != 2 => RefusalKind::MapEntry,
        N::GEO if count == 1 && is_alone_in_geo(first, build) => {
            level.has_ranges |= first == b"ranges";
            return Verdict::Taken;
        }
        N::GEO if count != 2 => RefusalKind::GeoEntry,
        N::CHARSET_MAP if count != 2 => RefusalKind::CharsetEntry,
        // A placeholder may stand for any value.
        _ if statement.has_unknown() || is_include && block != N::SPLIT_CLIENTS => return Verdict::Taken,
        // `split_clients` does not count.
        _ => {
            let refused = match block {
                N::GEO => values::refused_geo_entry(statement, level.has_ranges),
                N::MAP => values::refused_map_entry(statement, level.has_hostnames),
                block => values::refused_entry(block, statement),
            };
            match refused {
                Some(refused) => RefusalKind::Value(Box::new(refused)),
                None => return Verdict::Taken,
            }
        }
    };
    Verdict::Refused(refusal)
}

fn is_alone_in_geo(word: &[u8], build: &Build) -> bool {
    match word {
        b"ranges" | b"proxy_recursive" => true,
        b"volatile" => build.versions.any_since(GEO_VOLATILE),
        _ => false,
    }
}
