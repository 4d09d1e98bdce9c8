#!/usr/bin/env bash
# What mutation score does cosmic-ray give where the tests could not be run at all?
#
# Seen with cosmic-ray 8.7.0 on a function that no test checks: the best. A test command that does not exist makes each
# mutant "incompetent", one that names a file that does not exist makes each "killed", as any exit code but 0 does. In
# both cases exec ends with 0, cr-rate prints 0.00 percent of survivors, and cr-rate --fail-over 5 ends with 0. The right
# command on the same code: 100.00 and 1. Whether the tests pass without a mutant, `cosmic-ray baseline` tells, if it is
# called before; it notices the wrong file, but ends with 0 for the command that does not exist. So run the test command
# once by itself, and count killed mutants, not surviving ones.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/pip install --quiet --disable-pip-version-check --prefer-binary cosmic-ray==8.7.0
PATH="$PWD/env/bin:$PATH"
printf 'def total(a, b):\n    return a + b\n' > shop.py
printf 'import unittest\n\nimport shop\n\n\nclass Total(unittest.TestCase):\n    def test_runs(self):\n        shop.total(1, 2)\n' \
  > test_shop.py
score() {
  rm -f session.sqlite
  printf '[cosmic-ray]\nmodule-path = "shop.py"\ntimeout = 20.0\nexcluded-modules = []\ntest-command = "%s"\n' "$1" > config.toml
  printf '[cosmic-ray.distributor]\nname = "local"\n' >> config.toml
  local run=0 gate=0 baseline=0
  cosmic-ray init config.toml session.sqlite > log.txt 2>&1
  cosmic-ray exec config.toml session.sqlite >> log.txt 2>&1 || run=$?
  cr-rate --fail-over 5 session.sqlite > rate.txt 2>> log.txt || gate=$?
  cosmic-ray baseline config.toml >> log.txt 2>&1 || baseline=$?
  echo "$(cr-report session.sqlite | grep -o 'TestOutcome.[A-Z]*' | sort | uniq -c | sed 's/^ *//; s/TestOutcome.//')," \
    "rate $(tail -n 1 rate.txt), exec $run, cr-rate $gate, baseline $baseline"
}
right=$(score "python -m unittest -q test_shop")
missing=$(score "unittest-runner -q test_shop")
typing_error=$(score "python -m unittest -q test_shpo")
printf 'right command: %s\nno such command: %s\nno such test: %s\n' "$right" "$missing" "$typing_error"
[[ $right =~ ^[0-9]+\ SURVIVED,\ rate\ 100.00,\ exec\ 0,\ cr-rate\ 1,\ baseline\ 0$ ]] || { echo "changed: the right score"; exit 1; }
[[ $missing =~ ^[0-9]+\ INCOMPETENT,\ rate\ 0.00,\ exec\ 0,\ cr-rate\ 0,\ baseline\ 0$ ]] || { echo "changed: no command"; exit 1; }
[[ $typing_error =~ ^[0-9]+\ KILLED,\ rate\ 0.00,\ exec\ 0,\ cr-rate\ 0,\ baseline\ 1$ ]] || { echo "changed: no test"; exit 1; }
