//! A template of envsubst with the values that its container has.

use std::sync::Arc;

use nginx_syntax::Span;

use crate::build::ViewBuilder;
use crate::view::{Told, View};

/// The view with known values in place of `$NAME` and `${NAME}`; `None` where none of the names stands in it. `is_only`:
/// whether the template has no other values, so that no premise tells which they are.
pub fn filled(view: &Arc<View>, values: &[(String, String)], is_only: bool) -> Option<View> {
    let text = view.bytes();
    let mut builder = ViewBuilder::new(text);
    let (mut done, mut at) = (0, 0);
    let mut used: Vec<&(String, String)> = Vec::new();
    let mut told: Vec<Told> = Vec::new();
    // Where what stood behind a value stands now.
    let mut moves: Vec<(u32, i64)> = Vec::new();
    let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    while let Some(found) = text.get(at..).and_then(|rest| memchr::memchr(b'$', rest)) {
        let start = at + found;
        at = start + 1;
        let rest = text.get(at..).unwrap_or_default();
        let is_braced = rest.first() == Some(&b'{');
        let name = rest.get(usize::from(is_braced)..).unwrap_or_default();
        let length = name.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
        let name = name.get(..length).unwrap_or_default();
        if is_braced && rest.get(length + 1) != Some(&b'}') {
            continue;
        }
        let Some(known) = values.iter().find(|(known, _)| known.as_bytes() == name) else { continue };
        let end = at + length + if is_braced { 2 } else { 0 };
        builder.copy(Span::new(offset(done), offset(start)));
        let from = offset(builder.bytes().len());
        builder.replace(Span::new(offset(start), offset(end)), known.1.as_bytes());
        if is_only {
            let words = format!("`{}` is `{}` in the container's environment", known.0, known.1);
            told.push(Told { span: Span::new(from, offset(builder.bytes().len())), words });
        }
        moves.push((offset(end), offset(builder.bytes().len()).into()));
        (done, at) = (end, end);
        if !used.contains(&known) {
            used.push(known);
        }
    }
    if used.is_empty() {
        return None;
    }
    builder.copy(Span::new(offset(done), offset(text.len())));
    let mut filled = builder.finish(Some(Arc::clone(view)), crate::view::WrittenAs::default());
    let moved = |gap: u32| {
        let last = moves.iter().rfind(|(from, _)| *from <= gap);
        last.map_or(gap, |(from, to)| u32::try_from(to + i64::from(gap - from)).unwrap_or(gap))
    };
    filled.gaps = view.gaps.iter().map(|gap| moved(*gap)).collect();
    filled.told = told;
    filled.premises.clone_from(&view.premises);
    filled.premises.extend(used.iter().map(|(name, value)| (format!("{name}={value}"), true)));
    filled.placeholders.clone_from(&view.placeholders);
    Some(filled)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use nginx_syntax::Span;

    use super::filled;
    use crate::template::{Manner, alternatives};

    #[test]
    fn values_stand_for_names() {
        let text =
            b"server {\n listen ${PORT};\n ${LINES}\n proxy_pass http://$HOST:$PORT/$uri;\n gzip on;\n}\n";
        let view = alternatives(text, None, Manner { is_by_name: true, ..Manner::default() }).views.remove(0);
        let values = [("PORT".to_owned(), "8080".to_owned()), ("HOST".to_owned(), "chat".to_owned())];
        let view = filled(&Arc::new(view), &values, true).unwrap();
        let shown = String::from_utf8(view.bytes().to_vec()).unwrap();
        assert!(shown.contains("listen 8080;\n") && shown.contains("http://chat:8080/$uri;"), "{shown}");
        assert!(shown.get(view.gaps()[0] as usize..).unwrap().starts_with("${LINES}"), "{shown}");
        assert_eq!(view.premises().last().unwrap().0, "HOST=chat");
        let host = u32::try_from(shown.find("chat").unwrap()).unwrap();
        assert_eq!(view.told(Span::new(host, host + 1)), ["`HOST` is `chat` in the container's environment"]);
        // What stands elsewhere is edited, what is filled in is not.
        let gzip = u32::try_from(shown.find("on;").unwrap()).unwrap();
        let (span, _) = view.edit(Span::new(gzip, gzip + 2), b"off").unwrap();
        assert_eq!(span.of(text), b"on");
        let port = u32::try_from(shown.find("8080").unwrap()).unwrap();
        assert!(view.edit(Span::new(port, port + 4), b"81").is_err());
        assert!(filled(&Arc::new(view), &[("X".to_owned(), String::new())], true).is_none());
    }
}
