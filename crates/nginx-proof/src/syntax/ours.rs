//! What the program says, by the code that it runs on every configuration.

use std::path::Path;

use nginx_semantics::dispatch::{Build, Doubt, RefusalKind, Verdict, read};
use nginx_semantics::{Configuration, MemoryFiles, Scope, load_main};
use nginx_syntax::SyntaxErrorKind;

/// Where the files lie in memory.
const FOLDER: &str = "/proof";

/// A place as nginx names it: file and 1-based line.
pub(super) type Place = (String, u32);

/// What the program says.
#[derive(Debug, Clone, Default)]
pub(super) struct OurVerdict {
    /// The first thing that is refused.
    pub(super) refusal: Option<(RefusalKind, Place)>,
    /// Where the reader stands at each statement up to the refusal, that not included.
    pub(super) trace: Vec<Place>,
    /// What was not known on the way there, and at which statement.
    pub(super) doubt: Option<(Doubt, usize)>,
    /// What the parser refuses, in the files that were read: what `syntax-error` reports.
    pub(super) errors: Vec<(SyntaxErrorKind, Place)>,
}

pub(super) fn judge(files: &[(String, Vec<u8>)], build: &Build) -> OurVerdict {
    let mut memory = MemoryFiles::new();
    for (path, bytes) in files {
        memory.insert(Path::new(FOLDER).join(path), bytes.clone());
    }
    let scope = Scope { given: vec![FOLDER.into()], working_folder: FOLDER.into(), ..Scope::default() };
    let mut ours = OurVerdict::default();
    let Some((main, _)) = files.first() else { return ours };
    let Ok(loaded) = load_main(&memory, &Path::new(FOLDER).join(main), &scope) else { return ours };
    let place = |file, offset| {
        let file = loaded.sources.get(file)?;
        Some((file.source.path().to_owned(), file.source.line(offset)))
    };
    for layout in &loaded.layouts {
        for step in read(Configuration::new(&loaded.sources, layout), build) {
            let Some(at) = place(step.at.file, step.at.span.start) else { continue };
            match step.verdict {
                Verdict::Refused(kind) => {
                    ours.refusal = Some((kind, at));
                    break;
                }
                // What stands in a block that is not known is a doubt that the block has raised before.
                Verdict::Unknown(doubt) if ours.doubt.is_none() => {
                    ours.doubt = Some((doubt, ours.trace.len()));
                }
                Verdict::Unknown(_) | Verdict::Taken => {}
            }
            ours.trace.push(at);
        }
    }
    for (id, file) in loaded.sources.iter().filter(|(_, file)| !file.is_builtin) {
        let errors = file.tree.errors().iter();
        ours.errors.extend(errors.filter_map(|error| Some((error.kind.clone(), place(id, error.at.start)?))));
    }
    ours
}
