#[test]
fn before() {}

#[test]
fn kills() {
    std::process::exit(0);
}

#[test]
fn long() {
    std::thread::sleep(std::time::Duration::from_millis(500));
}

#[test]
fn other() {
    panic!("on its own");
}
