#[test]
fn before() {}

#[test]
fn kills() {
    std::process::exit(3);
}

#[test]
fn long() {
    std::thread::sleep(std::time::Duration::from_millis(500));
}

#[test]
fn other() {
    panic!("on its own");
}
