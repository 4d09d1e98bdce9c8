#[test]
fn is_elsewhere() {}
