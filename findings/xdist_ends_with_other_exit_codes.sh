#!/usr/bin/env bash
# Does pytest end with the same exit code when pytest-xdist distributes the tests?
#
# Seen with pytest 9.2.0 and pytest-xdist 3.8.0: not always. A failed test under -x ends with 1, "tests failed", but
# with -n 1 with 2, which pytest documents as interrupted by the user. A test that does not exist ends with 4, a wrong
# command line, and is named; with -n 1 it ends with 5, "no tests collected", and nothing says which name was wrong, so
# that a typing error looks like a repository without tests. Whoever tells a red run from one that did not take place
# by pytest's exit code has to know whether xdist was loaded, for instance by addopts.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/pip install --quiet --disable-pip-version-check pytest==9.2.0 pytest-xdist==3.8.0
cat > test_cart.py <<'PY'
def test_fills():
    assert 1 + 1 == 3
PY
run() { env -u PYTEST_ADDOPTS env/bin/pytest -q "$@" > out.txt 2>&1 && echo 0 || echo $?; }
seen=""
for count in 0 1; do
  seen+="-n $count: $(run -n $count test_cart.py) without -x, $(run -n $count -x test_cart.py) with it, "
  seen+="$(run -n $count test_cart.py::test_emties) for a wrong name, named $(grep -c test_emties out.txt || true) times; "
done
echo "$seen"
wanted="-n 0: 1 without -x, 1 with it, 4 for a wrong name, named 1 times; "
wanted+="-n 1: 1 without -x, 2 with it, 5 for a wrong name, named 0 times; "
[ "$seen" = "$wanted" ] || { echo "changed: xdist ends with other exit codes"; exit 1; }
