//! Generated documents are as they would be generated.

#[test]
fn they_are_up_to_date() {
    if let Err(error) = xtask::check() {
        panic!("{error}");
    }
}
