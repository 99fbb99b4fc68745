//! Messages begin in lower case and have no full stop; where they are sentences, they need both.

/// The text with a capital at its start; the name of nginx has none.
pub fn capitalised(text: &str) -> String {
    let mut rest = text.chars();
    let first = rest.next().filter(|_| !text.starts_with("nginx"));
    first.map_or_else(|| text.to_owned(), |first| first.to_uppercase().chain(rest).collect())
}
