//! `if` (`http/modules/ngx_http_rewrite_module.c:ngx_http_rewrite_if_condition`).

use std::borrow::Cow;

use super::{Refused, Takes, regexes, script};
use crate::dispatch::judge::Words;

pub(super) fn refused(statement: &Words<'_>) -> Option<Refused> {
    let count = statement.words.len();
    let invalid =
        |word: usize, text: &[u8]| Some(Refused::quoted(word, Takes::Condition, "invalid condition", text));
    let mut words: Vec<(usize, Cow<'_, [u8]>)> =
        (1..count).map(|word| (word, statement.c_string(word))).collect();
    let (first, text) = words.first()?;
    let Some(opened) = text.strip_prefix(b"(") else { return invalid(*first, text) };
    let opened = opened.to_vec();
    if opened.is_empty() {
        words.remove(0);
    } else if let Some((_, text)) = words.first_mut() {
        *text = opened.into();
    }
    // `if (` alone has nothing behind the bracket.
    let Some((last, text)) = words.last() else { return invalid(1, b"(") };
    let Some(closed) = text.strip_suffix(b")") else { return invalid(*last, text) };
    let closed = closed.to_vec();
    if closed.is_empty() {
        // The first word may be this one: nginx looks at what is in memory before it.
        let last = *last;
        words.pop();
        if words.is_empty() {
            return invalid(last, b"");
        }
    } else if let Some((_, text)) = words.last_mut() {
        *text = closed.into();
    }
    compared(&words)
}

/// What stands between the brackets.
fn compared(words: &[(usize, Cow<'_, [u8]>)]) -> Option<Refused> {
    let (at, first) = words.first()?;
    let refused = || Some(Refused::quoted(*at, Takes::Condition, "invalid condition", first));
    match first.as_ref() {
        [b'$', _, ..] => match words {
            [_] => None,
            [_, (at, operator), (last, value)] => match operator.as_ref() {
                b"=" | b"!=" => script::in_text(value, *last),
                b"~" | b"~*" | b"!~" | b"!~*" => regexes::refused(value, *last),
                other => {
                    let message = [b"unexpected \"", other, b"\" in condition"].concat();
                    Some(Refused::new(*at, Takes::Condition, message))
                }
            },
            _ => refused(),
        },
        [b'-', kind] | [b'!', b'-', kind] => match words {
            [_, (last, value)] => script::in_text(value, *last)
                .or_else(|| if matches!(kind, b'f' | b'd' | b'e' | b'x') { None } else { refused() }),
            _ => refused(),
        },
        _ => refused(),
    }
}

#[cfg(test)]
mod tests {
    use crate::dispatch::values::tests::said;

    #[test]
    fn conditions_are_those_of_nginx() {
        let table = [
            ("($host)", None),
            ("( $host )", None),
            ("($host = a)", None),
            ("($host != \"a b\")", None),
            ("($uri ~* ^/a)", None),
            ("($host='a')", None),
            ("(-f $request_filename)", None),
            ("(!-e $request_filename )", None),
            ("$host", Some("invalid condition \"$host\"")),
            ("($host", Some("invalid condition \"$host\"")),
            ("($host = a", Some("invalid condition \"a\"")),
            ("($host == a)", Some("unexpected \"==\" in condition")),
            ("(!$host)", Some("invalid condition \"!$host\"")),
            ("($a && $b)", Some("unexpected \"&&\" in condition")),
            ("($a = 1 || $b = 1)", Some("invalid condition \"$a\"")),
            ("(host = a)", Some("invalid condition \"host\"")),
            ("(-q a)", Some("invalid condition \"-q\"")),
            ("(-f)", Some("invalid condition \"-f\"")),
            ("(! -f a)", Some("invalid condition \"!\"")),
            ("($host = $)", Some("invalid variable name")),
            ("($)", Some("invalid condition \"$\"")),
        ];
        for (condition, expected) in table {
            assert_eq!(said(&format!("if {condition}")).as_deref(), expected, "{condition}");
        }
    }
}
