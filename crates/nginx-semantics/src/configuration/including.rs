//! Which blocks get `proxy_set_header` lines by an include.

use std::collections::{HashMap, HashSet};

use super::{Configuration, ContextId};
use nginx_syntax::FileId;

use crate::catalogue::DirectiveName;

/// The blocks that get `proxy_set_header` lines by an include, looked for once: each of thousands of locations may be
/// mended by the include of another one.
#[derive(Debug, Default)]
pub struct IncludingHeaders {
    all: HashSet<ContextId>,
    /// By the level around them and the file that they are written in, in order.
    blocks: HashMap<(ContextId, Option<FileId>), Vec<ContextId>>,
}

impl IncludingHeaders {
    pub(super) fn of(configuration: Configuration<'_>) -> Self {
        let mut this = Self::default();
        for (id, context) in configuration.contexts() {
            let mut headers = configuration.named(id, DirectiveName::PROXY_SET_HEADER);
            if !headers.any(|header| header.included_by().is_some()) {
                continue;
            }
            this.all.insert(id);
            if let Some(parent) = context.parent {
                let file = context.opener.map(|opener| opener.file);
                this.blocks.entry((parent, file)).or_default().push(id);
            }
        }
        this
    }

    /// Whether a block is one of them.
    pub fn has(&self, block: ContextId) -> bool {
        self.all.contains(&block)
    }

    /// Those directly in a level that are written in a file, in order.
    pub fn blocks(&self, level: ContextId, file: Option<FileId>) -> &[ContextId] {
        self.blocks.get(&(level, file)).map(Vec::as_slice).unwrap_or_default()
    }
}
