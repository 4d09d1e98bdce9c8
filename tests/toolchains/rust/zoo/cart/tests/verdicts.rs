mod common;

#[test]
fn passes() {}

#[test]
fn fails() {
    println!("said before");
    assert_eq!(cart::add(1, 1), 3, "not yet");
}

#[test]
fn panics() {
    let prices: Vec<u32> = Vec::new();
    let first = prices[cart::add(0, 0) as usize];
    assert_eq!(first, 0);
}

#[test]
fn returns_an_error() -> Result<(), String> {
    Err("no such price".to_string())
}

#[test]
fn throws_a_number() {
    std::panic::panic_any(5);
}

#[test]
#[should_panic]
fn panics_as_it_should() {
    panic!("as it should");
}

#[test]
#[should_panic(expected = "other")]
fn panics_with_another_text() {
    panic!("this\nok fails\n");
}

#[test]
#[should_panic]
fn does_not_panic() {}

#[test]
#[ignore]
fn is_ignored() {}

#[test]
#[ignore = "not today"]
fn is_ignored_with_a_reason() {
    panic!();
}

#[test]
fn größe_zählt() {}

#[test]
fn r#match() {}

#[test]
fn a_thread_panics() {
    assert!(std::thread::spawn(|| panic!("in a thread")).join().is_err());
}

mod group {
    #[test]
    fn passes() {}

    mod inner {
        #[test]
        fn passes() {
            panic!("the innermost");
        }
    }
}
