#!/usr/bin/env bash
# What does node's test runner report of a file in which a test ends the process?
#
# Seen with node 26.10.0 on a file of three tests: the first is wrong, the second calls process.exit(0), as command-line
# tools do when they are tested in the same process, the third is wrong too. None of the three is reported, not even the
# failure that came first. The report (JUnit and TAP alike) holds one passed test that is named like the file, and the
# exit code is 0. A program that reads results has to know what should have run, or to drop cases named like files.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
printf '{"name": "sample", "private": true}\n' > package.json
npm install --silent --no-audit --no-fund node@26.10.0
cat > arithmetic.test.js <<'JS'
const test = require("node:test");
const assert = require("node:assert");
test("adds", () => assert.strictEqual(1 + 1, 3));
test("prints its help and ends", () => process.exit(0));
test("multiplies", () => assert.strictEqual(2 * 3, 5));
JS
code=0
node_modules/.bin/node --test --test-reporter=junit arithmetic.test.js > report.xml || code=$?
cat report.xml
"${PYTHON:-python3}" - "$code" <<'PY'
import sys
from xml.etree import ElementTree

cases = [(case.get("name"), [child.tag for child in case]) for case in ElementTree.parse("report.xml").iter("testcase")]
seen = {"exit": int(sys.argv[1]), "cases": cases}
print(seen)
wanted = {"exit": 0, "cases": [("arithmetic.test.js", [])]}
sys.exit(0 if seen == wanted else "changed: node tells of a file that ends its process in another way")
PY
