#!/usr/bin/env bash
# Does Hypothesis try other examples in the next run of the same test?
#
# Seen with hypothesis 6.170.17: on a developer's machine, but not where the environment has a variable CI, whatever it
# holds: CI=false and an empty CI do the same. Hypothesis then loads its profile "ci", in which draws are derived from the
# test's code, so that all runs try the same examples, and no failing one is kept. Ten runs in CI are one run ten
# times: they say nothing of whether a property is flaky, and a failure seen without CI need not come with it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/pip install --quiet --disable-pip-version-check hypothesis==6.170.17
cat > draws.py <<'PY'
from hypothesis import given, strategies


@given(strategies.integers())
def try_some(number):
    print(number)


try_some()
PY
different() {
  for _ in 1 2 3; do
    rm -rf .hypothesis
    env -i PATH="$PATH" "$@" env/bin/python draws.py | sha256sum
  done | sort -u | wc -l
}
seen="kinds of three runs: $(different) without CI, $(different CI=true) with CI=true, "
seen+="$(different CI=false) with CI=false, $(different CI=) with CI="
echo "$seen"
[ "$seen" = "kinds of three runs: 3 without CI, 1 with CI=true, 1 with CI=false, 1 with CI=" ] ||
  { echo "changed: Hypothesis treats CI in another way"; exit 1; }
