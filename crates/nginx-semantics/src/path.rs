//! The path that locations are compared with.

/// The path that locations are compared with, where `merge_slashes` is on, as it is by default. `None` where nginx
/// answers 400.
pub fn normalize_path(uri: &[u8]) -> Option<Vec<u8>> {
    normalize_path_as(uri, true)
}

/// Whether `merge_slashes` surely makes no difference to a path: no two slashes stand in a row, and none may come out of
/// what is decoded.
pub(crate) fn is_same_merged(uri: &[u8]) -> bool {
    !uri.contains(&b'%') && !uri.windows(2).any(|two| two == b"//")
}

/// The same with `merge_slashes` on or off: without arguments and fragment, decoded, `.` and `..` resolved, and `//` as
/// `/` or as it is (`http/ngx_http_parse.c:ngx_http_parse_complex_uri`). Between two slashes is a name that is empty, and
/// `..` takes that away like any other.
pub fn normalize_path_as(uri: &[u8], merges_slashes: bool) -> Option<Vec<u8>> {
    let end = uri.iter().position(|byte| matches!(byte, b'?' | b'#')).unwrap_or(uri.len());
    let raw = uri.get(..end)?;
    let mut decoded = Vec::with_capacity(raw.len());
    let mut bytes = raw.iter();
    while let Some(&byte) = bytes.next() {
        if byte != b'%' {
            decoded.push(byte);
            continue;
        }
        let mut digit = || bytes.next().and_then(|byte| char::from(*byte).to_digit(16));
        let (high, low) = (digit()?, digit()?);
        match u8::try_from(high * 16 + low).ok()? {
            0 => return None,
            byte => decoded.push(byte),
        }
    }
    let mut names = decoded.strip_prefix(b"/")?.split(|byte| *byte == b'/').peekable();
    let mut path: Vec<&[u8]> = Vec::new();
    while let Some(name) = names.next() {
        match name {
            b"" if merges_slashes => {}
            b"." => {}
            b".." => drop(path.pop()?),
            name => {
                path.push(name);
                continue;
            }
        }
        if names.peek().is_none() {
            // The slash before it is the end.
            path.push(b"");
        }
    }
    Some([b"/".as_slice(), &path.join(&b'/')].concat())
}
