#!/usr/bin/env bash
# Which functions does mutmut change, and which does it count?
#
# Seen with mutmut 3.8.1: none that has a decorator, other than staticmethod and classmethod. One test calls four
# functions and checks the result of one. mutmut makes a mutant of that one, which is killed: "total": 1, "survived": 0,
# a perfect score. The cached function, the property and the context manager have the same body and the same mutants in
# them, and no line of the output, of `mutmut results --all true` or of the statistics says that they were left out. In
# a web application, where each handler has a decorator, the score is that of the helpers. Compare the functions that
# have mutants with those that are there.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/pip install --quiet --disable-pip-version-check --prefer-binary mutmut==3.8.1 pytest==9.2.0
PATH="$PWD/env/bin:$PATH"
mkdir -p src/shop tests
cat > src/shop/__init__.py <<'PY'
import contextlib
import functools


def plain(a, b):
    return a + b


@functools.cache
def cached(a, b):
    return a + b


@contextlib.contextmanager
def managed(a, b):
    yield a + b


class Cart:
    @property
    def total(self):
        return self.a + self.b
PY
cat > tests/test_shop.py <<'PY'
import shop


def test_shop():
    cart = shop.Cart()
    cart.a = cart.b = 1
    assert shop.plain(1, 2) == 3
    shop.cached(1, 2)
    cart.total
    with shop.managed(1, 2):
        pass
PY
printf '[mutmut]\nsource_paths=src/\n' > setup.cfg
mutmut run > log.txt 2>&1
mutmut export-cicd-stats > /dev/null
"${PYTHON:-python3}" - "$(mutmut results --all true)" <<'PY'
import json
import sys

results = sys.argv[1].split()
with open("mutants/mutmut-cicd-stats.json", encoding="utf-8") as file:
    stats = {key: count for key, count in json.load(file).items() if count}
named = [name for name in ("cached", "managed", "total") if name in open("log.txt", encoding="utf-8").read()]
print(f"results {results}, counts {stats}, decorated functions that the log names {named}")
right = results == ["shop.x_plain__mutmut_1:", "killed"] and stats == {"killed": 1, "total": 1} and not named
sys.exit(0 if right else "changed: mutmut changes decorated functions, or says that it does not")
PY
