#!/usr/bin/env bash
# What do the JUnit files of JavaScript's runners say of two tests whose beforeAll throws?
#
# Seen with vitest 4.1.12, bun 1.4.5 and deno 2.9.6, which all end with 1. One would expect two failed tests, as of jest.
# vitest calls both skipped, and adds a case, named after the suite, that is no test. bun drops both and writes one
# case "(unnamed)". deno calls both skipped and writes no failure at all: its file says failures="0" errors="0".
# Whoever compares the tests of two runs by name sees tests that were only switched off, or are gone, where a database
# did not answer; and with deno nothing that failed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
printf '{"name": "sample", "private": true}\n' > package.json
npm install --silent --no-audit --no-fund vitest@4.1.12 bun@1.4.5 deno@2.9.6
mkdir home
export HOME="$folder/home" DENO_DIR="$folder/home/deno" DENO_NO_UPDATE_CHECK=1
tests='describe("cart", () => {
  beforeAll(() => {
    throw new Error("no database");
  });
  it("fills", () => {});
  it("empties", () => {});
});'
printf 'import { beforeAll, describe, it } from "vitest";\n%s\n' "$tests" > v.test.mjs
printf 'import { beforeAll, describe, it } from "bun:test";\n%s\n' "$tests" > b.test.mjs
cat > d.test.mjs <<'JS'
Deno.test.beforeAll(() => {
  throw new Error("no database");
});
Deno.test("fills", () => {});
Deno.test("empties", () => {});
JS
code() { "$@" > /dev/null 2>&1 && echo 0 || echo $?; }
bin=node_modules/.bin
vitest=$(code $bin/vitest run --reporter=junit --outputFile=vitest.xml v.test.mjs)
bun=$(code $bin/bun test --reporter=junit --reporter-outfile=bun.xml ./b.test.mjs)
deno=$(code $bin/deno test --no-check --junit-path=deno.xml d.test.mjs)
"${PYTHON:-python3}" - "$vitest" "$bun" "$deno" <<'PY'
import sys
from xml.etree import ElementTree

seen = {}
for name, code in zip(("vitest", "bun", "deno"), sys.argv[1:]):
    root = ElementTree.parse(f"{name}.xml").getroot()
    kinds = ("skipped", "failure", "error")
    cases = [(case.get("name"), *(child.tag for child in case if child.tag in kinds)) for case in root.iter("testcase")]
    seen[name] = code, root.get("failures"), cases
    print(f"{name}: exit code, failures and cases {seen[name]}")
wanted = {
    "vitest": ("1", "1", [("cart > fills", "skipped"), ("cart > empties", "skipped"), ("cart", "failure")]),
    "bun": ("1", "1", [("(unnamed)", "failure")]),
    "deno": ("1", "0", [("fills", "skipped"), ("empties", "skipped")]),
}
sys.exit(0 if seen == wanted else "changed: a runner reports these tests in another way")
PY
