//! The body of an OpenResty `*_by_lua_block`, which nginx hands to the module's own lexer.
//!
//! Braces balance as Lua sees them: not in strings, comments and long brackets
//! (lua-nginx-module, `src/ngx_http_lua_lex.c`).

use memchr::memmem;
use nom::branch::alt;
use nom::bytes::complete::{tag, take, take_till, take_while, take_while1};
use nom::combinator::recognize;
use nom::sequence::preceded;
use nom::{IResult, Parser};

/// Whether a directive of this name has a Lua body.
pub(crate) fn has_lua_body(directive: &[u8]) -> bool {
    directive.ends_with(b"_by_lua_block")
}

/// The length in bytes of the body behind the opening brace, up to and without the brace that closes it; `None` when
/// none does.
pub(crate) fn body_length(input: &[u8]) -> Option<usize> {
    let mut rest = input;
    let mut depth = 0_usize;
    loop {
        let before = rest;
        let Ok((after, piece)) = piece(rest) else { return None };
        rest = after;
        match piece {
            b"{" => depth += 1,
            b"}" if depth == 0 => return Some(input.len() - before.len()),
            b"}" => depth -= 1,
            _ => {}
        }
    }
}

/// One comment, string, long bracket, brace, or run of other bytes.
fn piece(input: &[u8]) -> IResult<&[u8], &[u8]> {
    alt((
        take_while1(|byte| !matches!(byte, b'{' | b'}' | b'-' | b'[' | b'"' | b'\'')),
        recognize(preceded(tag("--"), alt((long_bracket, take_till(|byte| byte == b'\n'))))),
        long_bracket,
        string,
        take(1usize),
    ))
    .parse(input)
}

/// `[[ … ]]`, `[=[ … ]=]`, …
fn long_bracket(input: &[u8]) -> IResult<&[u8], &[u8]> {
    let (_, open) = recognize((tag("["), take_while(|byte| byte == b'='), tag("["))).parse(input)?;
    let close: Vec<u8> = open.iter().map(|&byte| if byte == b'[' { b']' } else { byte }).collect();
    let body = input.get(open.len()..).unwrap_or_default();
    let length = memmem::find(body, &close).map_or(input.len(), |at| at + 2 * open.len());
    take(length).parse(input)
}

/// A quoted string; a newline ends it too, so that an apostrophe in broken Lua does not swallow the file.
fn string(input: &[u8]) -> IResult<&[u8], &[u8]> {
    let (body, quote) = alt((tag("\""), tag("'"))).parse(input)?;
    let quote = quote.first().copied().unwrap_or_default();
    let mut escaped = false;
    let end = body.iter().position(|&byte| {
        let ends = !escaped && (byte == quote || byte == b'\n');
        escaped = !escaped && byte == b'\\';
        ends
    });
    take(end.map_or(input.len(), |at| at + 2)).parse(input)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn braces_balance_as_lua_sees_them() {
        let table = [
            ("}", Some(0)),
            (" local t = {} }", Some(14)),
            ("-- don't break }\n}", Some(17)),
            ("--[[ } ]] }", Some(10)),
            ("--[==[ ]] } ]==] }", Some(17)),
            ("s = [[ } ; ' ]] }", Some(16)),
            ("s = 'a\\'b{' }", Some(12)),
            ("s = \"}\" n = #t }", Some(15)),
            ("a[1] = b - c }", Some(13)),
            ("{ { }", None),
            ("", None),
        ];
        for (input, length) in table {
            assert_eq!(body_length(input.as_bytes()), length, "{input}");
        }
    }
}
