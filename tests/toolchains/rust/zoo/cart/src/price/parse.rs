#[test]
fn parses() {}
