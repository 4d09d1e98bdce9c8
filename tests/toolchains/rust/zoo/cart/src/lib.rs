//! A cart.
//!
//! ```
//! assert_eq!(cart::add(1, 1), 2);
//! ```

pub mod price;
mod stock;
#[path = "odd.rs"]
mod renamed;

/// ```
/// assert_eq!(cart::add(1, 1), 3);
/// ```
///
/// ```compile_fail
/// let text: u8 = "text";
/// ```
///
/// ```should_panic
/// panic!("as it should");
/// ```
///
/// ```ignore
/// no code at all
/// ```
///
/// ```
/// let text: u8 = "text";
/// ```
pub fn add(a: i32, b: i32) -> i32 {
    a + b
}

#[cfg(test)]
mod tests {
    // mod commented_out { #[test] fn is_no_test() {} }
    const TEXT: &str = "mod texts { #[test] fn is_no_test() {} ";

    #[test]
    fn adds() {
        assert_eq!(super::add(1, 1), 2);
    }

    mod inner {
        #[test]
        fn adds() {
            assert!(super::TEXT.len() > '{'.len_utf8());
        }
    }
}
