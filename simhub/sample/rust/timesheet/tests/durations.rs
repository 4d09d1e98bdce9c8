use timesheet::parse;

#[test]
fn one_unit() {
    assert_eq!(parse("2h"), Some(7200));
    assert_eq!(parse("45m"), Some(2700));
    assert_eq!(parse("10s"), Some(10));
}

#[test]
fn no_duration() {
    assert_eq!(parse("soon"), None);
}
