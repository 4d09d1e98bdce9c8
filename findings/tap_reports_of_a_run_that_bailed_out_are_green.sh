#!/usr/bin/env bash
# What do tap-xunit and tap-junit write of a TAP stream that ends before its plan does?
#
# Seen with tap-xunit 2.4.1 and tap-junit 5.0.4: mostly a green report. The plan is three tests; one passed, then comes
# "Bail out!", TAP's own word for "this run is worth nothing". Both write one passed case and no failure, and end with
# 0; tap-xunit does so as well where the stream just stops. (tap-junit counts a failure then, in its totals but in no
# case, and ends with 0 for failed tests too.) Neither says how many tests were planned. prove of the same stream ends
# with an error. Whoever converts TAP to JUnit has to keep the exit code of the program that wrote it, and to look for
# the plan.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
printf '{"name": "sample", "private": true}\n' > package.json
npm install --silent --no-audit --no-fund tap-xunit@2.4.1 tap-junit@5.0.4
printf 'TAP version 13\n1..3\nok 1 - adds\n' > stopped.tap
{ cat stopped.tap && echo 'Bail out! no database'; } > bailed.tap
for name in stopped bailed; do
  for tool in tap-xunit tap-junit; do
    code=0
    npx "$tool" < "$name.tap" > "$name.$tool.xml" || code=$?
    echo "$name $tool $code"
  done
done > codes.txt
prove=0
prove bailed.tap > prove.txt 2>&1 --exec cat || prove=$?
"${PYTHON:-python3}" - "$prove" <<'PY'
import sys
from xml.etree import ElementTree

seen = {}
for line in open("codes.txt", encoding="utf-8"):
    name, tool, code = line.split()
    root = ElementTree.parse(f"{name}.{tool}.xml").getroot()
    suite = root if root.tag == "testsuite" else root.find("testsuite")
    cases = [[child.tag for child in case] for case in root.iter("testcase")]
    seen[name, tool] = int(code), suite.get("tests"), suite.get("failures"), cases
    print(name, tool, *seen[name, tool])
print("prove ends with", sys.argv[1])
green = (0, "1", "0", [[]])
wanted = {
    ("bailed", "tap-xunit"): green,
    ("bailed", "tap-junit"): green,
    ("stopped", "tap-xunit"): green,
    ("stopped", "tap-junit"): (0, "1", "1", [[]]),
}
sys.exit(0 if seen == wanted and sys.argv[1] != "0" else "changed: what becomes of a plan that is not met")
PY
