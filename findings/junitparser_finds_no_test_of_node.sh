#!/usr/bin/env bash
# What does junitparser find in the JUnit file of node's own test runner?
#
# Seen with junitparser 5.0.3 and node 26.10.0: nothing. node writes a test outside of describe() as a <testcase>
# directly below <testsuites>; junitparser only looks into suites, so a file with one failure in two tests has 0 tests
# and 0 failures, `junitparser verify` ends with exit code 0, and `junitparser merge` writes a file without any case.
# node itself ends with 1. Whoever reads such files has to walk over every <testcase>, wherever it stands.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
printf '{"name": "sample", "private": true}\n' > package.json
npm install --silent --no-audit --no-fund node@26.10.0
"${PYTHON:-python3}" -m venv env
env/bin/pip install --quiet --disable-pip-version-check junitparser==5.0.3
cat > arithmetic.test.js <<'JS'
const test = require("node:test");
const assert = require("node:assert");
test("adds", () => assert.strictEqual(1 + 1, 3));
test("multiplies", () => assert.strictEqual(2 * 3, 6));
JS
code() { "$@" > /dev/null 2>&1 && echo 0 || echo $?; }
run=$(code node_modules/.bin/node --test --test-reporter=junit --test-reporter-destination=report.xml arithmetic.test.js)
verify=$(code env/bin/junitparser verify report.xml)
env/bin/junitparser merge report.xml report.xml merged.xml
written=$(grep -c '<testcase ' report.xml || true)
left=$(grep -c '<testcase ' merged.xml || true)
found=$(env/bin/python -c '
from junitparser import JUnitXml
report = JUnitXml.fromfile("report.xml")
print(len([case for suite in report for case in suite]))')
seen="node exits $run and writes $written cases; junitparser finds $found, verify exits $verify, merge keeps $left"
echo "$seen"
[ "$seen" = "node exits 1 and writes 2 cases; junitparser finds 0, verify exits 0, merge keeps 0" ] ||
  { echo "changed: junitparser reads, or node writes, cases in another place"; exit 1; }
