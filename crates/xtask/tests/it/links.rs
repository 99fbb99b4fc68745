//! Links between documents lead somewhere.

use std::path::Path;

use crate::files::{TextFile, text_files};

#[test]
fn relative_links_lead_to_files() {
    let documents = text_files().into_iter().filter(|file| file.has_extension(&["md"]));
    for TextFile { path, text } in documents {
        let folder = xtask::root().join(Path::new(&path).parent().unwrap());
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = target.split('#').next().unwrap();
            if file.is_empty() || target.contains("://") {
                continue;
            }
            assert!(folder.join(file).exists(), "{path}: {target}");
        }
    }
}
