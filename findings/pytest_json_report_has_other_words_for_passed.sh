#!/usr/bin/env bash
# Is a test that passed "passed" in pytest-json-report's file?
#
# Seen with pytest 9.2.0, pytest-json-report 1.5.0, pytest-rerunfailures 16.7: not where it needed a second attempt,
# which makes its outcome "rerun", nor where it has subtests that all pass, which makes it "subtests passed". Both are
# words of pytest's summary line and count under these in "summary", which holds no "passed" here although pytest
# ends with 0 and its JUnit file holds no failure. Whoever reads "passed" as the one good outcome sees two that broke.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/pip install --quiet --disable-pip-version-check --only-binary :all: \
  pytest==9.2.0 pytest-json-report==1.5.0 pytest-rerunfailures==16.7
cat > test_cart.py <<'PY'
attempts = []


def test_opens():
    attempts.append(1)
    assert len(attempts) > 1


def test_adds(subtests):
    for number in range(3):
        with subtests.test(number=number):
            assert number in range(3)
PY
code=0
env/bin/python -m pytest --quiet -p no:cacheprovider --reruns 1 --junit-xml report.xml \
  --json-report --json-report-file report.json > output.txt 2>&1 || code=$?
env/bin/python - "$code" <<'PY'
import json
import sys
from xml.etree import ElementTree

with open("report.json", encoding="utf-8") as file:
    report = json.load(file)
outcomes = {test["nodeid"].split("::")[1]: test["outcome"] for test in report["tests"]}
suite = next(ElementTree.parse("report.xml").getroot().iter("testsuite"))
failures = suite.get("failures"), suite.get("errors")
print(f"exit code {sys.argv[1]}; {outcomes}; summary {report['summary']}; JUnit failures and errors {failures}")
wanted = {"test_opens": "rerun", "test_adds": "subtests passed"}
right = sys.argv[1] == "0" and failures == ("0", "0") and "passed" not in report["summary"]
sys.exit(0 if right and outcomes == wanted else "changed: what pytest-json-report calls these tests")
PY
