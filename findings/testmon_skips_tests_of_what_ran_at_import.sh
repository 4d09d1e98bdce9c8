#!/usr/bin/env bash
# Does pytest-testmon run a test again when the code behind a value that it checks has changed?
#
# Seen with pytest-testmon 2.2.0 and pytest 9.2.0: not if that code ran when the module was imported. A constant is set
# by calling a function of the same module, and a test compares a result with it. The function's body is changed, so
# that the test fails under plain pytest; with --testmon it is "no tests ran" and exit code 0. testmon watches which
# functions run during a test; this one had run before, while tests were collected. A change of the line with the
# constant itself it does see. Settings, tables of routes and registries are filled that way. A green run with it is a
# hint, not a proof, and all tests have to run somewhere.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/pip install --quiet --disable-pip-version-check --prefer-binary pytest==9.2.0 pytest-testmon==2.2.0
export PYTHONDONTWRITEBYTECODE=1
cat > before.py <<'PY'
def read_rate():
    return 2


RATE = read_rate()


def price(amount):
    return amount * RATE
PY
printf 'import shop\n\n\ndef test_price():\n    assert shop.price(1) == 2\n' > test_shop.py
run() {
  local code=0
  env/bin/python -m pytest -q "$@" > output.txt 2>&1 || code=$?
  echo "exit code $code, $(tail -n 1 output.txt | sed 's/ in .*//')"
}
cp before.py shop.py
first=$(run --testmon)
sed 's/return 2/return 3/' before.py > shop.py
body=$(run --testmon)
plain=$(run -p no:testmon)
sed 's/^RATE = .*/RATE = 3/' before.py > shop.py
line=$(run --testmon)
printf 'before: %s\nbody changed: %s\nthe same without testmon: %s\nline changed: %s\n' "$first" "$body" "$plain" "$line"
[ "$first" = "exit code 0, 1 passed" ] || { echo "changed: the first run"; exit 1; }
[ "$body" = "exit code 0, no tests ran" ] || { echo "changed: testmon knows what ran at import"; exit 1; }
[ "$plain;$line" = "exit code 1, 1 failed;exit code 1, 1 failed" ] || { echo "changed: the runs that notice"; exit 1; }
