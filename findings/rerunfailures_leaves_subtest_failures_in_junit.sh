#!/usr/bin/env bash
# Does the JUnit file agree with the exit code when a test with subtests passes on its rerun?
#
# Seen with pytest 9.0.2 and pytest-rerunfailures 16.7: the subtest that failed in the first attempt stays in the file
# as a failed case. pytest exits with 0 and prints "1 passed"; the file says failures="1". Every case there, the test's
# own and those of its subtests, has the same classname and name, so nothing tells a reader which attempt it was.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check pytest==9.0.2 pytest-rerunfailures==16.7
cat > "$folder/test_queue.py" <<'PY'
from pathlib import Path

attempts = Path(__file__).with_name("attempts")


def test_queue(subtests):
    with attempts.open("a") as file:
        file.write("x")
    with subtests.test(msg="filled at the second attempt"):
        assert len(attempts.read_text()) == 2
    with subtests.test(msg="always"):
        pass
PY
code=0
said=$(cd "$folder" && env/bin/python -m pytest -q --reruns 2 --junitxml report.xml test_queue.py) || code=$?
report=$(cat "$folder/report.xml")
echo "exit code $code; $(echo "$said" | tail -1)"
echo "report: $(echo "$report" | grep -o '<testsuite [^>]*' | grep -oE '(failures|tests)="[0-9]+"' | paste -sd' ' -)"
[ "$code" = 0 ] || { echo "changed: the run does not exit with 0"; exit 1; }
echo "$said" | grep -q '1 passed' || { echo "changed: the test did not pass on its rerun"; exit 1; }
echo "$report" | grep -q 'failures="1"' || { echo "changed: the file no longer counts the failed subtest"; exit 1; }
[ "$(echo "$report" | grep -oE '<testcase [^>]*name="[^"]*"' | grep -oE ' name="[^"]*"' | sort -u | wc -l)" = 1 ] || {
  echo "changed: cases have names of their own"
  exit 1
}
