#!/usr/bin/env bash
# Does meson's JUnit file show that a TAP program ended before its plan was met, or with an exit code?
#
# Seen with meson 1.12.1: it does not. `meson test` calls both an ERROR and ends with 1, and testlog.json says so; in
# testlog.junit.xml there is a suite for each program with what it printed as "ok", errors="0" and failures="0", so a
# reader counts passes only. (A program without TAP is shown as failed.) Read testlog.json, or the exit code too.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/pip install --quiet --disable-pip-version-check --only-binary :all: meson==1.12.1 ninja==1.13.2
cat > meson.build <<'MESON'
project('sample')
python = find_program('python3')
test('ends early', python, args: ['-c', 'print("1..3"); print("ok 1 - opens")'], protocol: 'tap')
test('ends with 1', python, args: ['-c', 'print("1..1"); print("ok 1 - closes"); exit(1)'], protocol: 'tap')
test('without TAP', python, args: ['-c', 'exit(1)'])
MESON
PATH="$folder/env/bin:$PATH"
meson setup build > /dev/null
code=0
meson test -C build > /dev/null 2>&1 || code=$?
python - "$code" <<'PY'
import json
import sys
from xml.etree import ElementTree

with open("build/meson-logs/testlog.json", encoding="utf-8") as file:
    results = {told["name"].split(":")[-1]: told["result"] for told in map(json.loads, file)}
suites = ElementTree.parse("build/meson-logs/testlog.junit.xml").getroot().iter("testsuite")
junit = {}
for suite in suites:
    cases = {case.get("name").split(":")[-1]: [child.tag for child in case] for case in suite.iter("testcase")}
    junit[suite.get("name").split(":")[-1]] = cases, suite.get("errors"), suite.get("failures")
print(f"exit code {sys.argv[1]}; testlog.json {results}")
print(f"testlog.junit.xml {junit}")
right = sys.argv[1] == "1" and results == {"ends early": "ERROR", "ends with 1": "ERROR", "without TAP": "FAIL"}
wanted = {
    "ends early": ({"1 - opens": []}, "0", "0"),
    "ends with 1": ({"1 - closes": []}, "0", "0"),
    "sample": ({"without TAP": ["failure"]}, "0", "1"),
}
sys.exit(0 if right and junit == wanted else "changed: meson's JUnit file, or what meson makes of these tests")
PY
