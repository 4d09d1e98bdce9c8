#!/usr/bin/env bash
# Does the CTRF report of pytest-json-ctrf show that a test file could not be loaded?
#
# Seen with pytest 9.2.0, pytest-json-ctrf 0.6.1: nowhere. With --continue-on-collection-errors pytest tells one error
# and ends with 1; the report holds the tests of the other file, all passed, and "failed": 0. Without that option pytest
# ends with 2, and the report holds no test and no failure. A reader of the report alone takes the run for green;
# pytest's own JUnit file has the error. Read the exit code beside such a report.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/pip install --quiet --disable-pip-version-check --only-binary :all: pytest==9.2.0 pytest-json-ctrf==0.6.1
printf 'def test_adds():\n    assert 1 + 2 == 3\n' > test_cart.py
printf 'import not_installed_here\n\n\ndef test_pays():\n    pass\n' > test_payment.py
run() {
  local code=0
  env/bin/python -m pytest --quiet -p no:cacheprovider --ctrf "$1.json" --junit-xml "$1.xml" "${@:2}" \
    > "$1.txt" 2>&1 || code=$?
  echo "$code"
}
export EXITS
EXITS="$(run all --continue-on-collection-errors) $(run none)"
env/bin/python - <<'PY'
import json
import os
import sys
from xml.etree import ElementTree

seen = {}
for name in ("all", "none"):
    with open(f"{name}.json", encoding="utf-8") as file:
        results = json.load(file)["results"]
    tests = [(test["name"], test["status"]) for test in results["tests"]]
    suite = next(ElementTree.parse(f"{name}.xml").getroot().iter("testsuite"))
    seen[name] = tests, results["summary"]["failed"], results["summary"]["other"], suite.get("errors")
print(f"exit codes {os.environ['EXITS']}; tests, failed, other, errors in the JUnit file: {seen}")
wanted = {"all": ([("test_cart.py::test_adds", "passed")], 0, 0, "1"), "none": ([], 0, 0, "1")}
right = os.environ["EXITS"] == "1 2" and seen == wanted
sys.exit(0 if right else "changed: what the CTRF report tells of a file that does not load")
PY
