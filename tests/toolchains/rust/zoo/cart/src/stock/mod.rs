#[test]
fn counts() {}
