#!/usr/bin/env bash
# Does a promise that is rejected and never awaited fail a test under mocha?
#
# Seen with mocha 12.0.3 on node 20.20.2: a test rejects a promise that nobody handles, a later one waits 100 ms, so
# that the rejection is reported while tests run. All tests pass, nothing is printed and the exit code is 0, although
# node by itself ends a program for that with exit code 1, and its own test runner fails the test. A green run of mocha
# says nothing about work that tests did not wait for; whoever wants to know has to listen for unhandledRejection.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
printf '{"name": "sample", "private": true}\n' > package.json
npm install --silent --no-audit --no-fund mocha@12.0.3
cat > mocha.js <<'JS'
it("saves without waiting", () => {
  Promise.reject(new Error("the disk is full"));
});
it("waits", (done) => setTimeout(done, 100));
JS
cat > node.test.js <<'JS'
require("node:test")("saves without waiting", () => {
  Promise.reject(new Error("the disk is full"));
});
JS
printf 'Promise.reject(new Error("the disk is full"));\n' > plain.js
code() { "$@" > out.txt 2>&1 && echo 0 || echo $?; }
by_mocha=$(code node_modules/.bin/mocha mocha.js)
passing=$(grep -c '2 passing' out.txt || true)
named=$(grep -c 'disk is full' out.txt || true)
seen="mocha exits $by_mocha, passing $passing, named $named; node --test exits $(code node --test node.test.js); node exits $(code node plain.js)"
echo "node $(node --version): $seen"
[ "$seen" = "mocha exits 0, passing 1, named 0; node --test exits 1; node exits 1" ] ||
  { echo "changed: mocha treats unhandled rejections in another way"; exit 1; }
