/// ```
/// assert_eq!(shop::total(), 3);
/// ```
pub fn total() -> i32 {
    cart::add(1, 2)
}

#[test]
fn adds() {
    assert_eq!(total(), 3);
}
