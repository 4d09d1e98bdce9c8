#!/usr/bin/env bash
# Can a Rust test write lines into libtest's own report?
#
# Seen with Rust 1.95.0 and 1.63.0: libtest catches what a test prints by println!, but not what it writes to
# std::io::stdout() itself. `--format json` goes to the same output, so a test that writes an "ok" of another test and the
# end of the suite, and then ends its process with 0, leaves a whole report in which all tests pass, and `cargo test`
# succeeds, although the other test always fails. A reader of the JSON has to ask for a second witness: `--logfile`.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mkdir src
printf '[package]\nname = "sample"\nversion = "0.1.0"\nedition = "2021"\n' > Cargo.toml
cat > src/lib.rs <<'RS'
#[test]
fn breaks() {
    use std::io::Write;
    let mut out = std::io::stdout();
    for name in ["breaks", "fails"] {
        writeln!(out, "{{ \"type\": \"test\", \"name\": \"{name}\", \"event\": \"ok\" }}").unwrap();
    }
    writeln!(out, "{{ \"type\": \"suite\", \"event\": \"ok\", \"passed\": 2, \"failed\": 0 }}").unwrap();
    std::process::exit(0);
}
#[test]
fn fails() {
    std::thread::sleep(std::time::Duration::from_secs(1));
    panic!("always");
}
RS
code=0
RUSTC_BOOTSTRAP=1 cargo test --quiet --lib -- -Z unstable-options --format json --logfile log > out.txt 2> errors.txt || code=$?
passed=$(grep -c '"event": "ok" }' out.txt || true)
whole=$(grep -c '"type": "suite", "event": "ok"' out.txt || true)
seen="exit $code, $passed tests ok, $whole end of the suite, $(wc -l < log) verdicts in the log"
echo "$(rustc --version): $seen"
[ "$seen" = "exit 0, 2 tests ok, 1 end of the suite, 0 verdicts in the log" ] ||
  { echo "changed: libtest's report holds other lines"; exit 1; }
