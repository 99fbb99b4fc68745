//! The figures of `cargo xtask instructions` and where they are checked.

use crate::files::read;

/// With another compiler the check allows more, so the workflow has a job with this one.
#[test]
fn the_workflow_has_the_compiler_of_the_record() {
    let record = read("crates/xtask/instructions.tsv");
    let compiler = record.lines().find_map(|line| line.strip_prefix("compiler\trustc ")).unwrap();
    let version = compiler.split(' ').next().unwrap();
    let workflow = read(".github/workflows/ci.yml");
    assert!(workflow.contains(&format!("container: rust:{version}\n")), "{version}");
}
