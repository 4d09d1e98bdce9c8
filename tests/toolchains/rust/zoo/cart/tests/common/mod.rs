#[test]
fn helps() {}
