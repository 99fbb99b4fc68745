//! Settings of `GitLab`'s omnibus package, which are Ruby: `nginx['custom_gitlab_server_config'] = "location …"`.

use std::sync::Arc;

use nginx_syntax::Span;

use crate::build::ViewBuilder;
use crate::form::Found;
use crate::lines::lines;
use crate::view::{View, WrittenAs};

/// The texts of the settings whose names start with `custom_`. `outer`: the view that the text is of.
pub(crate) fn settings(text: &[u8], outer: Option<&Arc<View>>) -> Vec<Found> {
    let mut found = Vec::new();
    let mut behind = 0;
    for line in lines(text) {
        // What a value holds is no setting.
        if line.start < behind {
            continue;
        }
        let Some((name, at)) = setting(line.of(text)) else { continue };
        let start = line.start + at;
        let value = value(text, start, outer).or_else(|| heredoc(text, start, outer));
        let Some((view, end)) = value else { continue };
        behind = end;
        found.push(Found::named(&format!("{name}.conf"), view));
    }
    found
}

/// The name of a setting, and where its value starts behind the `=`.
fn setting(line: &[u8]) -> Option<(String, u32)> {
    let text = std::str::from_utf8(line).ok()?;
    let (prefix, rest) = text.split_once("nginx[")?;
    let is_word = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !is_word(prefix.trim_start()) {
        return None;
    }
    let quote = rest.chars().next().filter(|first| matches!(first, '\'' | '"'))?;
    let (name, rest) = rest.get(1..)?.split_once(quote)?;
    let value = rest.trim_start().strip_prefix(']')?.trim_start().strip_prefix('=')?.trim_start();
    let at = u32::try_from(text.len() - value.len()).ok()?;
    (name.starts_with("custom_") && is_word(name)).then(|| (name.to_owned(), at))
}

/// The text of a string that starts at an offset, and where it ends.
fn value(text: &[u8], start: u32, outer: Option<&Arc<View>>) -> Option<(View, u32)> {
    let offset = |at: usize| u32::try_from(at).ok();
    let first = start as usize;
    let quote = *text.get(first).filter(|byte| matches!(byte, b'"' | b'\''))?;
    let mut builder = ViewBuilder::new(text);
    let (mut done, mut at) = (first + 1, first + 1);
    loop {
        let rest = text.get(at..)?;
        let plain: &[u8] = match (quote, rest) {
            (_, [byte, ..]) if *byte == quote => break,
            (b'"', [b'\\', b'n', ..]) => b"\n",
            (b'"', [b'\\', b't', ..]) => b"\t",
            (_, [b'\\', b'\\', ..]) => b"\\",
            (_, [b'\\', byte, ..]) if *byte == quote => {
                if quote == b'"' {
                    b"\""
                } else {
                    b"'"
                }
            }
            (b'"', [b'\\', b'$', ..]) => b"$",
            (b'"', [b'#', b'{', ..]) => {
                let length = memchr::memchr(b'}', rest)? + 1;
                let span = Span::new(offset(at)?, offset(at + length)?);
                builder.copy(Span::new(offset(done)?, offset(at)?));
                builder.placeholder(span, format!("${{RUBY_{at}}}").as_bytes());
                at += length;
                done = at;
                continue;
            }
            (_, []) => return None,
            _ => {
                at += 1;
                continue;
            }
        };
        builder.copy(Span::new(offset(done)?, offset(at)?));
        builder.unescape(Span::new(offset(at)?, offset(at + 2)?), plain);
        at += 2;
        done = at;
    }
    builder.copy(Span::new(offset(done)?, offset(at)?));
    let mut view = builder.finish(outer.cloned(), WrittenAs::default());
    view.sealed = Some("it is a string of Ruby");
    Some((view, offset(at + 1)?))
}

/// The text of `<<EOS`, `<<-EOS`, `<<~EOS` or of one with quotes, and where it ends. Blanks at the start of its lines are
/// nothing to nginx.
fn heredoc(text: &[u8], start: u32, outer: Option<&Arc<View>>) -> Option<(View, u32)> {
    let rest = text.get(start as usize..)?;
    let head = rest.get(..memchr::memchr(b'\n', rest)?)?;
    let word = head.trim_ascii().strip_prefix(b"<<")?;
    let word = word.strip_prefix(b"-").or_else(|| word.strip_prefix(b"~")).unwrap_or(word);
    let is_raw = word.first() == Some(&b'\'');
    let quoted = |quote: &[u8]| word.strip_prefix(quote).and_then(|word| word.strip_suffix(quote));
    let word = quoted(b"'").or_else(|| quoted(b"\"")).unwrap_or(word);
    if word.is_empty() || !word.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_') {
        return None;
    }
    let first = start.checked_add(u32::try_from(head.len()).ok()?)?.checked_add(1)?;
    let mut builder = ViewBuilder::new(text);
    for line in lines(text).skip_while(|line| line.start < first) {
        if line.of(text).trim_ascii() == word {
            return Some((builder.finish(outer.cloned(), WrittenAs::default()), line.end));
        }
        if is_raw { builder.copy(line) } else { of_ruby(&mut builder, text, line) }
    }
    None
}

/// A line that Ruby fills in.
fn of_ruby(builder: &mut ViewBuilder<'_>, text: &[u8], line: Span) {
    let (mut done, mut at) = (line.start, line.start);
    while at < line.end {
        let rest = Span::new(at, line.end).of(text);
        let length = match rest {
            [b'#', b'{', ..] => memchr::memchr(b'}', rest).and_then(|end| u32::try_from(end + 1).ok()),
            [b'\\', b'\\' | b'#', ..] => Some(2),
            _ => None,
        };
        let Some(length) = length else {
            at += 1;
            continue;
        };
        builder.copy(Span::new(done, at));
        let span = Span::new(at, at + length);
        match rest {
            [b'\\', plain, ..] => builder.unescape(span, &[*plain]),
            _ => builder.placeholder(span, format!("${{RUBY_{at}}}").as_bytes()),
        }
        at += length;
        done = at;
    }
    builder.copy(Span::new(done, line.end));
}

#[cfg(test)]
mod tests {
    use super::settings;

    #[test]
    fn strings_of_settings() {
        let text = br#"external_url 'https://git.test'
# nginx['custom_nginx_config'] = "no;"
nginx['custom_gitlab_server_config'] = "location /ws {\n  proxy_pass http://#{host};\n}\n"
mattermost_nginx["custom_nginx_config"] = 'include /a\'s/*.conf;
gzip on;'
nginx['redirect'] = true
"#;
        let found = settings(text, None);
        let texts: Vec<String> =
            found.iter().map(|one| String::from_utf8_lossy(one.view.bytes()).into_owned()).collect();
        assert_eq!(found[0].name, "custom_gitlab_server_config.conf");
        assert!(texts[0].starts_with("location /ws {\n  proxy_pass http://${RUBY_"), "{texts:?}");
        assert_eq!(texts[1], "include /a's/*.conf;\ngzip on;");
        assert_eq!(texts.len(), 2);
        let text = b"nginx['custom_nginx_config'] = <<~EOS\n  map $a $b { default \\\\d; }\n  x #{y};\n  EOS\nnginx['custom_x'] = <<EOS\nno end";
        let found = settings(text, None);
        let texts: Vec<String> =
            found.iter().map(|one| String::from_utf8_lossy(one.view.bytes()).into_owned()).collect();
        assert!(
            matches!(texts.as_slice(), [one] if one.starts_with("  map $a $b { default \\d; }\n  x ${RUBY_")),
            "{texts:?}"
        );
    }
}
