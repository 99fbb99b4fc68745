//! A tree that is judged again while its files are edited, as editors need it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use lint_finding::{FileId, Outcome};
use nginx_semantics::{Files, Scope};
use ws_rules::RULES;

use crate::as_set;
use crate::fix::{Given, State};
use crate::on_disk::OnDisk;
use crate::settings::{Settings, SettingsFiles};

/// Why a file could not be edited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// It is no file that was read.
    #[error("this file was not read")]
    NotRead,
    /// It holds nginx in another form, and has other texts or branches now: a new session has to read it.
    #[error("this file has other texts of nginx than it had; read the tree again")]
    OtherTexts,
    /// It would be larger than what is read of a file.
    #[error("a file would get larger than is read")]
    TooLarge,
}

/// A judged tree. Files are edited in memory, one after the other, and of what was said only that is judged again which
/// an edit may change.
///
/// The findings, endpoints and notices are those of [`crate::lint`]; what settings files and comments hide is not counted,
/// which would take another run.
pub struct Session<'a> {
    files: &'a dyn Files,
    settings: &'a Settings,
    found: SettingsFiles<'a>,
    arguments: Vec<PathBuf>,
    scope: Scope,
    state: State,
    /// What is said, with places of files on disk, where some hold nginx in another form.
    on_disk: Option<Outcome>,
}

fn on_disk(state: &State) -> Option<Outcome> {
    let places = OnDisk::of(&state.loaded)?;
    let mut outcome = state.outcome().clone();
    places.outcome(&mut outcome);
    Some(outcome)
}

impl<'a> Session<'a> {
    /// Judges what the arguments mean.
    pub fn new(
        files: &'a dyn Files,
        arguments: &[PathBuf],
        scope: &'a Scope,
        settings: &'a Settings,
    ) -> Self {
        let found = SettingsFiles::new(files, scope, &settings.config);
        let (arguments, scope) = as_set(files, arguments, scope, &found);
        let mut this =
            Self { files, settings, found, arguments, scope, state: State::default(), on_disk: None };
        this.state = State::first(&this.given());
        this.on_disk = on_disk(&this.state);
        this
    }

    /// What is said of the files as they are now.
    pub fn outcome(&self) -> &Outcome {
        self.on_disk.as_ref().unwrap_or_else(|| self.state.outcome())
    }

    /// The path by which a file was opened, and whether another file holds its text; `None` for what is part of the program.
    pub(crate) fn opened(&self, id: FileId) -> Option<(PathBuf, bool)> {
        let file = self.state.loaded.sources.get(id).filter(|file| !file.is_builtin)?;
        Some((file.path.clone(), file.hosted().is_some()))
    }

    /// Gives a file, by the path that was opened, other bytes, and judges again.
    ///
    /// # Errors
    /// A file that was not read, or that gets too large; nothing has changed then.
    pub fn edit(&mut self, path: &Path, bytes: Vec<u8>) -> Result<&Outcome, EditError> {
        self.edit_all([(path, bytes)])
    }

    /// The same for several files, which are judged together once.
    ///
    /// # Errors
    /// As [`Session::edit`], of any of them.
    pub(crate) fn edit_all<'p>(
        &mut self,
        edits: impl IntoIterator<Item = (&'p Path, Vec<u8>)>,
    ) -> Result<&Outcome, EditError> {
        let sources = &self.state.loaded.sources;
        let mut texts = BTreeMap::new();
        for (path, bytes) in edits {
            let of_host = sources.texts_of_host(path, &bytes).map_err(|_| EditError::OtherTexts)?;
            if of_host.is_empty() {
                let found = sources.iter().find(|(_, file)| !file.is_builtin && file.path == path);
                let (id, _) = found.ok_or(EditError::NotRead)?;
                texts.insert(id, bytes.into());
            } else {
                texts.extend(of_host);
            }
        }
        let after = self.state.with(&self.given(), &texts);
        self.state = after.ok_or(EditError::TooLarge)?;
        self.on_disk = on_disk(&self.state);
        Ok(self.outcome())
    }

    fn given(&self) -> Given<'_> {
        Given {
            files: self.files,
            arguments: &self.arguments,
            scope: &self.scope,
            settings: self.settings,
            found: &self.found,
            is_fixing: false,
            rules: RULES,
        }
    }
}
