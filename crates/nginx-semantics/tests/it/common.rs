//! Configurations in memory.

use std::path::PathBuf;

use nginx_semantics::{
    Configuration, ContextId, ContextKind, Evaluator, Loaded, Locations, MemoryFiles, Request, Scope, Value,
    Variables, load,
};

/// The folder that is given.
pub(crate) const TREE: &str = "/repo/nginx";

/// Files below [`TREE`].
pub(crate) fn files(files: &[(&str, &str)]) -> MemoryFiles {
    let mut memory = MemoryFiles::new();
    for (path, text) in files {
        memory.insert(PathBuf::from(TREE).join(path), *text);
    }
    memory
}

pub(crate) fn scope() -> Scope {
    Scope { given: vec![TREE.into()], working_folder: TREE.into(), ..Scope::default() }
}

/// Loads the whole folder.
pub(crate) fn load_tree(tree: &[(&str, &str)]) -> Loaded {
    load(&files(tree), &[TREE.into()], &scope())
}

/// Loads one main file, named, with others beside it.
pub(crate) fn load_root(text: &str, others: &[(&str, &str)]) -> Loaded {
    let mut all = vec![("nginx.conf", text)];
    all.extend(others);
    load(&files(&all), &[PathBuf::from(TREE).join("nginx.conf")], &scope())
}

/// The only configuration.
pub(crate) fn only(loaded: &Loaded) -> Configuration<'_> {
    assert_eq!(loaded.layouts.len(), 1, "skipped: {:?}", loaded.skipped);
    Configuration::new(&loaded.sources, &loaded.layouts[0])
}

/// What a location, `if` or other block is called: the words of its opener.
pub(crate) fn label(configuration: Configuration<'_>, context: ContextId) -> String {
    configuration.opener(context).map_or_else(
        || configuration.context(context).kind.name().to_owned(),
        |opener| opener.arguments_text(),
    )
}

/// The context of a kind whose opener has these words.
pub(crate) fn find(configuration: Configuration<'_>, kind: ContextKind, words: &str) -> ContextId {
    let mut all = configuration.of_kind(kind);
    all.find(|&context| label(configuration, context) == words).expect(words)
}

/// The first location called so.
pub(crate) fn location(configuration: Configuration<'_>, words: &str) -> ContextId {
    find(configuration, ContextKind::Location, words)
}

/// Selects in the first server.
pub(crate) fn select(configuration: Configuration<'_>, uri: &str) -> nginx_semantics::Selection {
    let server = configuration.of_kind(ContextKind::Server).next().expect("a server");
    let path = nginx_semantics::normalize_path(uri.as_bytes()).expect("a path");
    Locations::new(configuration).select(server, &path)
}

/// The built-in variables of one request; those that are not listed are unknown.
pub(crate) struct Fixed(pub(crate) Vec<(&'static str, Value)>);

impl Request for Fixed {
    fn variable(&self, name: &[u8]) -> Value {
        let found = self.0.iter().find(|(known, _)| known.as_bytes() == name);
        found.map_or(Value::Unknown, |(_, value)| value.clone())
    }
}

/// A value in a context, shown: `a` when known, `a|b` for one of several, `NOT EMPTY` or `?`.
pub(crate) fn show(value: &Value) -> String {
    match value {
        Value::OneOf(values) => {
            let texts: Vec<_> =
                values.iter().map(|value| String::from_utf8_lossy(value).into_owned()).collect();
            texts.join("|")
        }
        Value::NotEmpty => "NOT EMPTY".to_owned(),
        Value::Unknown => "?".to_owned(),
    }
}

/// Evaluates `text` in a context for a request with these variables.
pub(crate) fn evaluate(
    configuration: Configuration<'_>,
    context: ContextId,
    request: &Fixed,
    text: &str,
) -> String {
    let variables = Variables::new(configuration);
    let evaluator = Evaluator::new(configuration, &variables, request, context);
    show(&evaluator.value(text.as_bytes()))
}

pub(crate) fn known(text: &str) -> Value {
    Value::known(text)
}
