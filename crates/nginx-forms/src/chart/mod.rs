//! What the files of a chart tell its templates: the named templates of Go, and the default values of Helm's
//! `values.yaml`.
//!
//! A call of a named template is replaced by its body, and `{{ .Values.a.b }}` by its default, where that is one plain
//! word. What comes out is a view of the host file, and whatever is read out of it knows what was filled in.

mod call;
mod named;
mod values;

use std::collections::BTreeMap;
use std::sync::Arc;

use nginx_syntax::Span;

use crate::build::ViewBuilder;
use crate::template::meaning::Meaning;
use crate::template::scan::{Token, tokens};
use crate::view::{Told, View, WrittenAs};

use call::Call;
pub(crate) use named::texts;
pub use named::{Named, is_all_named, named};
pub use values::{Value, values};

/// Named templates call others no deeper.
const DEEPEST: usize = 8;

/// As many bytes are looked at to fill them in, all calls of one file together.
const MOST_FILLED_IN: usize = 4 << 20;

/// The bodies of named templates.
type Bodies = BTreeMap<Vec<u8>, Body>;

/// The body of a named template.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Body {
    text: Vec<u8>,
    /// Where it is written, in words.
    place: String,
    /// The line that includes it, if it is a text by itself.
    include: Option<Vec<u8>>,
}

/// What the templates of a chart, or of a folder, can call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chart {
    /// Each with where it is written.
    values: BTreeMap<String, (String, String)>,
    /// The file that the values are from, so that one without a value is known to have none.
    values_file: Option<String>,
    named: Arc<Bodies>,
}

/// A stretch of a text, and what is filled in there.
struct Part {
    span: Span,
    by: Vec<u8>,
    /// Where it comes from, in words; empty for an include, which leads there.
    told: String,
}

impl Chart {
    /// Adds the default values of a file; `shown` is its path. Those of a later file count.
    pub fn add_values(&mut self, shown: &str, all: impl IntoIterator<Item = Value>) {
        self.values_file.get_or_insert_with(|| shown.to_owned());
        for Value { path, text, line } in all {
            self.values.insert(path, (text, format!("{shown}:{line}")));
        }
    }

    /// Adds the named templates of a file. The first of a name counts.
    pub fn add_named(&mut self, shown: &str, all: impl IntoIterator<Item = Named>) {
        let named = Arc::make_mut(&mut self.named);
        for Named { name, body, line, .. } in all {
            let place = format!("{shown}:{line}");
            named.entry(name).or_insert(Body { text: body, place, include: None });
        }
    }

    /// Adds a named template that is a text by itself: a call of it is an include of `path`.
    pub fn add_included(&mut self, shown: &str, one: Named, path: &str) {
        let place = format!("{shown}:{}", one.line);
        let include = Some(format!("include \"{path}\";").into_bytes());
        Arc::make_mut(&mut self.named).entry(one.name).or_insert(Body { text: one.body, place, include });
    }

    /// Whether nothing is told.
    pub fn is_empty(&self) -> bool {
        self.values_file.is_none() && self.named.is_empty()
    }

    /// A template with what is told filled in; `None` where it asks for nothing of it.
    pub fn filled(&self, text: &[u8]) -> Option<View> {
        memchr::memmem::find(text, b"{{")?;
        let own = named(text);
        if !own.is_empty() {
            let mut with = self.clone();
            let named = Arc::make_mut(&mut with.named);
            for Named { name, body, line, .. } in own.into_iter().rev() {
                let place = format!("line {line}");
                named.insert(name, Body { text: body, place, include: None });
            }
            return with.filled_in(text);
        }
        if self.is_empty() { None } else { self.filled_in(text) }
    }

    /// The same of a file that holds named templates alone: each is a text by itself.
    pub(crate) fn filled_apart(&self, text: &[u8]) -> Option<View> {
        if self.is_empty() { None } else { self.filled_in(text) }
    }

    fn filled_in(&self, text: &[u8]) -> Option<View> {
        let mut left = MOST_FILLED_IN;
        let parts = self.parts(text, 0, &mut left);
        if parts.is_empty() {
            return None;
        }
        let mut builder = ViewBuilder::new(text);
        let mut told = Vec::with_capacity(parts.len());
        let mut done = 0;
        let length = |bytes: &[u8]| u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        for part in parts {
            builder.copy(Span::new(done, part.span.start));
            let start = length(builder.bytes());
            // What is said of the body is said of the mark, not of the blanks before it that it takes away.
            let own = part.span.of(text);
            let blanks = length(own) - length(own.trim_ascii_start());
            let mark = part.span.start + blanks;
            let (line, body) = part.by.split_at(usize::from(blanks > 0 && part.by.starts_with(b"\n")));
            if blanks > 0 {
                builder.replace(Span::new(part.span.start, mark), line);
            }
            builder.replace(Span::new(mark, part.span.end), body);
            if part.told.is_empty() {
                // People are shown the call.
                builder.name(part.span, part.by.trim_ascii());
            }
            if !part.told.is_empty() {
                told.push(Told { span: Span::new(start, length(builder.bytes())), words: part.told });
            }
            done = part.span.end;
        }
        builder.copy(Span::new(done, length(text)));
        let mut view = builder.finish(None, WrittenAs::default());
        view.told = told;
        Some(view)
    }

    /// What is filled in, in order.
    fn parts(&self, text: &[u8], depth: usize, left: &mut usize) -> Vec<Part> {
        let mut parts: Vec<Part> = Vec::new();
        let mut end = 0;
        for Token { span, meaning } in tokens(text) {
            let Meaning::Output(expression) = meaning else { continue };
            let found = match self.value(&expression) {
                Some((by, told)) => Some(Part { span, by, told }),
                None => self.body(text, span, end, &expression, depth, left),
            };
            let Some(part) = found else { continue };
            match left.checked_sub(part.by.len()) {
                Some(rest) => *left = rest,
                None => break,
            }
            end = part.span.end;
            parts.push(part);
        }
        parts
    }

    /// The default of a value, as the expression puts it out.
    fn value(&self, expression: &[u8]) -> Option<(Vec<u8>, String)> {
        let file = self.values_file.as_ref()?;
        let asked = values::asked(expression)?;
        let known = self.values.get(asked.path);
        let is_set = known.is_some_and(|(text, _)| !matches!(text.as_str(), "" | "0" | "false"));
        let path = asked.path;
        let (text, told) = match (known, asked.default) {
            (Some((text, place)), default) if is_set || default.is_none() => {
                (text.as_str(), format!("`.Values.{path}` is `{text}` in {place}"))
            }
            (_, Some(default)) => (default, format!("`.Values.{path}` is not set in {file}")),
            _ => return None,
        };
        (values::is_plain(text) && (!asked.is_number || text.bytes().all(|byte| byte.is_ascii_digit())))
            .then(|| (asked.quote.map_or_else(|| text.into(), |quote| format!("{quote}{text}{quote}")), told))
            .map(|(text, told)| (text.into_bytes(), told))
    }

    /// The body of a named template in the place of its call; `from` is where what is filled in before it ends.
    fn body(
        &self,
        text: &[u8],
        span: Span,
        from: u32,
        expression: &[u8],
        depth: usize,
        left: &mut usize,
    ) -> Option<Part> {
        let call = Call::of(expression)?;
        let Body { text: body, place, include } = self.named.get(call.name).filter(|_| depth < DEEPEST)?;
        if let Some(include) = include.as_ref().filter(|_| call.is_of_root) {
            let (span, by) = call.placed(text, span, from, include)?;
            return Some(Part { span, by, told: String::new() });
        }
        *left = left.checked_sub(body.len() + 1)?;
        // What it asks for is looked up in another value than the chart's.
        if !call.is_of_root && memchr::memmem::find(body, b"{{").is_some() {
            return None;
        }
        let inner = self.parts(body, depth + 1, left);
        let body = applied(body, &inner);
        let (span, by) = call.placed(text, span, from, &body)?;
        let name = String::from_utf8_lossy(call.name);
        let mut told = format!("`{name}` is in {place}");
        for part in inner.iter().filter(|part| part.told.starts_with("`.Values")).take(2) {
            told.push_str("; ");
            told.push_str(&part.told);
        }
        Some(Part { span, by, told })
    }
}

/// A text with what is filled in.
fn applied(text: &[u8], parts: &[Part]) -> Vec<u8> {
    let mut all = Vec::with_capacity(text.len());
    let mut done = 0;
    for part in parts {
        all.extend_from_slice(Span::new(done, part.span.start).of(text));
        all.extend_from_slice(&part.by);
        done = part.span.end;
    }
    all.extend_from_slice(text.get(done as usize..).unwrap_or_default());
    all
}

#[cfg(test)]
mod tests {
    use nginx_syntax::Span;

    use super::{Chart, named, values};

    fn chart() -> Chart {
        let mut chart = Chart::default();
        chart.add_values("values.yaml", values(b"time: 30s\nhost: ''\n"));
        let helpers = b"{{ define \"lines\" }}\na {{ .Values.time }};\nb;\n{{ end }}{{ define \"word\" }}w{{ end }}{{ define \"loop\" }}{{ include \"loop\" . }}{{ include \"loop\" . }}{{ end }}";
        chart.add_named("_helpers.tpl", named(helpers));
        chart
    }

    fn filled(text: &str) -> Option<String> {
        chart().filled(text.as_bytes()).map(|view| String::from_utf8(view.bytes().to_vec()).unwrap())
    }

    #[test]
    fn what_is_told_is_filled_in() {
        for (text, expected) in [
            ("x {{ .Values.time | quote }};", "x \"30s\";"),
            ("x:\n  {{- include \"lines\" . | nindent 2 }}\ny", "x:\n  a 30s;\n  b;\ny"),
            ("{{ template \"lines\" . }}\n", "a 30s;\nb;\n"),
            ("x-{{ include \"word\" . }}-y", "x-w-y"),
        ] {
            assert_eq!(filled(text).as_deref(), Some(expected), "{text}");
        }
        // Lines in the midst of one, what is not there, and what is empty stay as they are.
        for text in
            ["x {{ include \"lines\" . }} y", "{{ include \"other\" . }}", "x {{ .Values.host }};", "plain"]
        {
            assert_eq!(filled(text), None, "{text}");
        }
        // One that calls itself ends.
        assert!(filled("{{ include \"loop\" . }}").is_some_and(|text| text.len() < 8 << 20));
    }

    #[test]
    fn what_is_filled_in_tells_where_it_comes_from_and_is_not_edited() {
        let text = "x {{ .Values.time }};\n{{ template \"lines\" . }}\ny;\n";
        let view = chart().filled(text.as_bytes()).unwrap();
        let shown = String::from_utf8(view.bytes().to_vec()).unwrap();
        let at = |word: &str| {
            let start = u32::try_from(shown.find(word).unwrap()).unwrap();
            Span::new(start, start + u32::try_from(word.len()).unwrap())
        };
        assert_eq!(
            view.told(at("30s;\na")),
            [
                "`.Values.time` is `30s` in values.yaml:1",
                "`lines` is in _helpers.tpl:1; `.Values.time` is `30s` in values.yaml:1"
            ]
        );
        assert!(view.told(at("y;")).is_empty());
        assert!(view.edit(at("30s"), b"1h").is_err());
        assert_eq!(view.on_host(at("b;")).of(text.as_bytes()), b"{{ template \"lines\" . }}");
        assert_eq!(view.edit(at("y"), b"z").unwrap().0.of(text.as_bytes()), b"y");
    }
}
