//! The pages of the manual that people need where there is no network.

use ws_rules::symptoms::CAUSES_PAGE;

macro_rules! page {
    ($name:literal) => {
        ($name, include_str!(concat!("../../../docs/", $name, ".md")))
    };
}

/// All but how fast the program is and what was proven of it.
const PAGES: [(&str, &str); 19] = [
    page!("adopt"),
    page!("bots"),
    ("causes", CAUSES_PAGE),
    page!("ci"),
    page!("cli"),
    page!("endpoints"),
    page!("files"),
    page!("fixes"),
    page!("fleet"),
    page!("forms"),
    page!("graph"),
    page!("json"),
    page!("logs"),
    page!("probe"),
    page!("reports"),
    page!("security"),
    page!("settings"),
    page!("symptoms"),
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

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    /// What nobody needs where there is no network.
    const NOT_EMBEDDED: [&str; 3] = ["model-proof", "performance", "proofs"];

    #[test]
    fn every_page_is_embedded() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
        let files =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut pages: Vec<String> =
            files.filter_map(|name| name.strip_suffix(".md").map(str::to_owned)).collect();
        pages.retain(|page| !NOT_EMBEDDED.contains(&page.as_str()));
        pages.sort();
        assert_eq!(pages, names().collect::<Vec<_>>());
    }
}
