//! Takes out of a drawn tree what nginx refuses, until it starts or is given up.

use std::time::Duration;

use super::tree::{File, Item, Tree};
use crate::{Binary, Error, Manner, Running, Setup};

/// So many refusals, and a tree is given up.
const MOST_REFUSALS: usize = 14;

/// Where variables are defined that nothing else defines.
const VARIABLES: &str = "unseen/variables.conf";

/// What is not answered by then is not answered at all, such as a request whose target nginx asks a resolver for that is
/// not there. What load delays for longer counts as a matter of chance.
const PATIENCE: Duration = Duration::from_secs(2);

/// Starts nginx with a tree as it is.
///
/// # Errors
/// When the system or the harness fails; what nginx refuses is no error.
pub(super) fn start(binary: &Binary, files: Vec<(String, String)>) -> Result<Running, Error> {
    let setup = Setup {
        files,
        manner: Manner::Telling,
        is_tested: false,
        places: true,
        patience: PATIENCE,
        ..Setup::default()
    };
    Running::start(binary, &setup)
}

/// The tree without what nginx refuses, and nginx with it; `None` if it does not come to that.
///
/// # Errors
/// As [`start`].
pub(super) fn started(binary: &Binary, mut tree: Tree) -> Result<Option<(Tree, Running)>, Error> {
    for _ in 0..MOST_REFUSALS {
        let running = match start(binary, tree.texts()) {
            Ok(running) => running,
            // It took the configuration and does not serve it, such as one whose sockets are none of TCP.
            Err(Error::NotStarted { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        if running.is_up() {
            return Ok(Some((tree, running)));
        }
        if !repair(&mut tree, &running.verdict().message) {
            return Ok(None);
        }
    }
    Ok(None)
}

/// Whether something was done about a refusal.
fn repair(tree: &mut Tree, message: &str) -> bool {
    if let Some(name) = message.strip_prefix("unknown \"").and_then(|rest| rest.split_once("\" variable")) {
        return define(tree, name.0);
    }
    let Some((path, line)) = message.rsplit_once(" in ").and_then(|(_, place)| place.rsplit_once(':')) else {
        return false;
    };
    let Some(at) = line.trim().parse().ok().and_then(|line| tree.on_line(path, line)) else { return false };
    let is_head = tree.item(&at).is_some_and(|item| item.is_block("http") || item.is_block("events"));
    !is_head && tree.remove(&at).is_some()
}

/// Lets a file that only nginx sees define a variable.
fn define(tree: &mut Tree, name: &str) -> bool {
    let map = Item::block(&format!("map $host ${name}"), vec![Item::line(&format!("default {name}"))]);
    if let Some(file) = tree.files.iter_mut().find(|file| file.path == VARIABLES) {
        file.items.push(map);
        return true;
    }
    let Some(http) = tree.blocks("http").into_iter().next() else { return false };
    let Some(body) = tree.body(&http) else { return false };
    body.insert(0, Item::line(&format!("include /etc/nginx/{VARIABLES}")));
    tree.files.push(File { path: VARIABLES.to_owned(), items: vec![map], is_given: false });
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree() -> Tree {
        Tree::new(&[("nginx.conf".to_owned(), "events { }\nhttp {\nserver { a; b; }\n}\n".to_owned())])
    }

    #[test]
    fn what_is_refused_is_taken_out() {
        let mut tree = tree();
        assert!(repair(&mut tree, "unknown directive \"a\" in nginx.conf:5"));
        assert!(!tree.text().contains("a;") && tree.text().contains("b;"));
        assert!(!repair(&mut tree, "something in nginx.conf:3"), "without http nothing is left");
        assert!(!repair(&mut tree, "no place"));
    }

    #[test]
    fn a_variable_is_defined_where_the_linter_does_not_see_it() {
        let mut tree = tree();
        for name in ["x", "y"] {
            assert!(repair(&mut tree, &format!("unknown \"{name}\" variable")));
        }
        assert_eq!(tree.files[1].items.len(), 2);
        assert!(!tree.is_given(VARIABLES));
    }
}
