//! The pages of the manual that people need where there is no network.

use ws_rules::symptoms::CAUSES_PAGE;

macro_rules! page {
    ($name:literal) => {
        ($name, include_str!(concat!("../../../docs/", $name, ".md")))
    };
}

const PAGES: [(&str, &str); 10] = [
    page!("adopt"),
    ("causes", CAUSES_PAGE),
    page!("cli"),
    page!("fixes"),
    page!("forms"),
    page!("json"),
    page!("reports"),
    page!("security"),
    page!("settings"),
    page!("trace"),
];

/// A page by its name.
pub(super) fn named(name: &str) -> Option<&'static str> {
    PAGES.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// All names, sorted.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    PAGES.iter().map(|(name, _)| *name)
}
