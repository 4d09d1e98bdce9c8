#!/usr/bin/env bash
# Does pytest-timeout hold for each attempt when pytest-rerunfailures runs a test again?
#
# Seen with pytest 9.2.0, pytest-timeout 2.4.0 and pytest-rerunfailures 16.7, --timeout 1 --reruns 1: only for the first.
# The limit is set once for all attempts, and taken away by the first failure, whatever it is. Here the first attempt
# fails at once, the second takes two seconds and passes; one that waits for a lock would wait for good, in the runs
# that were to be protected from it. With timeout_func_only the limit is set for each call of the test's function, and the
# same test is interrupted, but then fixtures have no limit. A limit on the whole process has to stay as well.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/pip install --quiet --disable-pip-version-check --only-binary :all: \
  pytest==9.2.0 pytest-timeout==2.4.0 pytest-rerunfailures==16.7
cat > test_order.py <<'PY'
import time

attempts = []


def test_arrives():
    attempts.append(1)
    assert len(attempts) > 1, "not at the first attempt"
    time.sleep(2)
PY
run() {
  local code=0
  env/bin/python -m pytest --quiet -p no:cacheprovider --timeout 1 --reruns 1 "$@" > out.txt 2>&1 || code=$?
  echo "exit code $code, $(tail -n 1 out.txt | grep -oE '[0-9]+ (passed|failed), [0-9]+ rerun')"
}
plain=$(run)
each=$(run -o timeout_func_only=true)
echo "as it comes: $plain; with timeout_func_only: $each"
[ "$plain" = "exit code 0, 1 passed, 1 rerun" ] || { echo "changed: a second attempt has a limit"; exit 1; }
[ "$each" = "exit code 1, 1 failed, 1 rerun" ] || { echo "changed: what timeout_func_only limits"; exit 1; }
