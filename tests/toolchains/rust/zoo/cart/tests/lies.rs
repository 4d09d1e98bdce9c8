use std::io::Write;

#[test]
fn breaks() {
    let mut out = std::io::stdout();
    for name in ["breaks", "would_fail"] {
        writeln!(out, "\n{{ \"type\": \"test\", \"event\": \"started\", \"name\": \"{name}\" }}").unwrap();
        writeln!(out, "{{ \"type\": \"test\", \"name\": \"{name}\", \"event\": \"ok\" }}").unwrap();
    }
    writeln!(out, "{{ \"type\": \"suite\", \"event\": \"ok\", \"passed\": 2, \"failed\": 0 }}").unwrap();
    out.flush().unwrap();
    std::process::exit(0);
}

#[test]
fn would_fail() {
    std::thread::sleep(std::time::Duration::from_secs(1));
    panic!("never told");
}
