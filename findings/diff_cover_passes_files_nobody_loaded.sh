#!/usr/bin/env bash
# What does diff-cover say of a new file that no test has loaded?
#
# Seen with diff-cover 11.0.1 and coverage 7.17.5: nothing. Four new lines in a module that nobody imports, one new line
# in a module that the tests know: "Coverage: 100%", and --fail-under 100 ends with 0. The module is not among the files
# of coverage's report, which by default holds what was loaded, and for diff-cover a file without figures has no lines.
# If the new module is all there is in the diff, it prints "No lines with coverage information in this diff." and passes
# too. The worst tested code is the one that a gate on changed lines does not see; coverage has to be run with --source,
# which lists files that were never loaded.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/pip install --quiet --disable-pip-version-check --only-binary :all: diff-cover==11.0.1 coverage==7.17.5
PATH="$PWD/env/bin:$PATH"
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
git init --quiet --initial-branch main tree
cd tree
git config user.name sample && git config user.email sample@example.com
printf 'coverage.xml\n.coverage\n' > .gitignore
printf 'def total(a, b):\n    return a + b\n' > cart.py
printf 'import cart\n\nassert cart.total(1, 2) == 3\n' > check.py
git add . && git commit --quiet --message before
git checkout --quiet -b change
printf 'def refund(amount):\n    if amount:\n        return -amount\n    return None\n' > refund.py
git add . && git commit --quiet --message alone
gate() {
  local code=0
  coverage run "$@" check.py && coverage xml --quiet
  diff-cover coverage.xml --compare-branch main --fail-under 100 > report.txt 2>&1 || code=$?
  echo "exit code $code, $(grep -E '^(Total|Coverage|No lines)' report.txt | paste -sd ' ' | tr -s ' ')"
}
alone=$(gate)
printf 'def total(a, b):\n    return sum([a, b])\n' > cart.py
git commit --quiet --all --message both
both=$(gate)
source=$(gate --source .)
printf 'alone: %s\nbeside a covered line: %s\nthe same with --source: %s\n' "$alone" "$both" "$source"
[ "$alone" = "exit code 0, No lines with coverage information in this diff." ] || { echo "changed: the file alone"; exit 1; }
[ "$both" = "exit code 0, Total: 1 line Coverage: 100%" ] || { echo "changed: the file beside a covered line"; exit 1; }
[ "$source" = "exit code 1, Total: 5 lines Coverage: 20%" ] || { echo "changed: what --source brings"; exit 1; }
