#!/usr/bin/env bash
# Does Robot Framework's output.xml hold the status that a test ended with?
#
# Seen with robotframework 7.5 on two tests that pass, in a suite whose teardown fails: no. Robot prints "2 tests, 0 passed,
# 2 failed", ends with exit code 2 (it counts failed tests), and its xunit file has two failures. In output.xml both tests
# have status="PASS", and in its JSON form too; the suite alone has FAIL. Robot's own reader hands the failure down to
# the tests, a plain reader of the file does not. Take robot.api's ExecutionResult, or the xunit file.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/pip install --quiet --disable-pip-version-check --only-binary :all: robotframework==7.5
cat > cart.robot <<'ROBOT'
*** Settings ***
Suite Teardown    Fail    cannot close

*** Test Cases ***
Adds
    Should Be Equal    1    1

Removes
    Should Be Equal    2    2
ROBOT
run() {
  local code=0
  env/bin/robot --log NONE --report NONE "$@" cart.robot > out.txt 2>&1 || code=$?
  echo "$code"
}
export EXITS
EXITS="$(run --output output.xml --xunit xunit.xml) $(run --output output.json)"
grep -E '^[0-9]+ tests' out.txt
env/bin/python - <<'PY'
import json
import os
import sys
from xml.etree import ElementTree

from robot.api import ExecutionResult

with open("output.json", encoding="utf-8") as file:
    in_json = json.load(file)["suite"]["tests"]
cases = ElementTree.parse("xunit.xml").getroot().iter("testcase")
tests = ElementTree.parse("output.xml").getroot().iter("test")
seen = {
    "output.xml": [test.find("status").get("status") for test in tests],
    "output.json": [test["status"] for test in in_json],
    "xunit.xml": [child.tag for case in cases for child in case],
    "ExecutionResult": [test.status for test in ExecutionResult("output.xml").suite.all_tests],
}
print(f"exit codes {os.environ['EXITS']}; {seen}")
wanted = {
    "output.xml": ["PASS", "PASS"],
    "output.json": ["PASS", "PASS"],
    "xunit.xml": ["failure", "failure"],
    "ExecutionResult": ["FAIL", "FAIL"],
}
right = os.environ["EXITS"] == "2 2" and seen == wanted
sys.exit(0 if right else "changed: which status the files hold")
PY
