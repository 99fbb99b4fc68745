//! What fixes make parses no worse than what was there, and fixing twice is fixing once.

use lint_engine::{Fixed, Which, fixed};
use lint_report::DiffFor;
use nginx_semantics::Files;
use nginx_syntax::{NoVocabulary, parse};

use crate::parse::hangs_together;
use crate::tree::Tree;

pub(crate) fn check(input: &[u8]) {
    for which in [Which::Safe, Which::All] {
        let mut tree = Tree::new(input);
        let first = fix(&tree, which);
        for changed in &first.texts {
            let (old, new) = (changed.old.bytes(), changed.new.bytes());
            assert_eq!(
                tree.files.read(&changed.path).ok().as_deref(),
                Some(old),
                "what was judged is replaced"
            );
            assert_ne!(old, new, "a file that changes differs");
            let errors = |text: &[u8]| parse(text, &NoVocabulary).errors().len();
            assert!(errors(new) <= errors(old), "a fix breaks the syntax of {:?}", changed.path);
            hangs_together(new, &parse(new, &NoVocabulary));
        }
        for changed in &first.texts {
            tree.files.insert(changed.path.clone(), changed.new.bytes());
        }
        let again: Vec<_> = fix(&tree, which).texts.into_iter().map(|changed| changed.path).collect();
        assert!(again.is_empty(), "a second run of {which:?} changes {again:?}");
        for changed in &first.texts {
            let mut out = Vec::new();
            let path = changed.old.path();
            let done = lint_report::diff(
                path,
                changed.old.bytes(),
                changed.new.bytes(),
                DiffFor::Terminal { color: false },
                &mut out,
            );
            assert!(done.is_ok(), "a diff can be written");
            // Tabs are kept, so that indentation looks as it is.
            crate::run::is_harmless(&out.split(|byte| *byte == b'\t').collect::<Vec<_>>().concat());
        }
    }
}

fn fix(tree: &Tree, which: Which) -> Fixed {
    fixed(&tree.files, &tree.arguments, &tree.scope, &tree.settings, which, &|_, _| Ok(()))
}
