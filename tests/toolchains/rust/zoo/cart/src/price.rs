mod parse;

#[test]
fn adds() {}

macro_rules! cases {
    ($($name:ident: $value:expr,)*) => { mod many { $(#[test] fn $name() { assert!($value > 0); })* } };
}

cases! {
    one: 1,
    none: 0,
}
