#!/usr/bin/env bash
# Which tests does pytest leave out for --deselect test_cart.py::test_add?
#
# Seen with pytest 9.2.0: each whose node id begins so. test_add_many and test_add_twice are left out as well, with
# whatever they would have found; the run is green, and "3 deselected" is all that is said. The same id without the
# option runs one test. The option takes prefixes and has no exact form: whoever puts a flaky test in quarantine by it
# switches off its neighbours, and has to compare what is left out with what was meant, or to do it by a hook.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/pip install --quiet --disable-pip-version-check --only-binary :all: pytest==9.2.0
cat > test_cart.py <<'PY'
def test_add():
    pass


def test_add_many():
    assert [1] + [2] == [2, 1]


def test_add_twice():
    assert 1 + 1 == 3


def test_remove():
    pass
PY
run() {
  local code=0
  env/bin/python -m pytest --quiet -p no:cacheprovider "$@" > out.txt 2>&1 || code=$?
  echo "$(tail -n 1 out.txt | sed 's/ in .*//'), exit code $code"
}
exact=$(run test_cart.py::test_add)
without=$(run --deselect test_cart.py::test_add)
all=$(run)
echo "pytest $(env/bin/python -c 'import pytest; print(pytest.__version__)'): all: $all; that one: $exact; without it: $without"
right="2 failed, 2 passed, exit code 1; 1 passed, exit code 0; 1 passed, 3 deselected, exit code 0"
[ "$all; $exact; $without" = "$right" ] || { echo "changed: which tests --deselect leaves out"; exit 1; }
