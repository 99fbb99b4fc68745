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
        let Some((view, end)) = value(text, start, outer) else { continue };
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
    }
}
