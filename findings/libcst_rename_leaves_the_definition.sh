#!/usr/bin/env bash
# Does libcst's RenameCommand, given a function's full name, rename the function?
#
# Seen with libcst 1.9.0: it renames every use and leaves the definition, so the package can no longer be imported. An
# import in a function's body moves to the top of the module, where it may close a cycle, and an alias is dropped and
# written out. Exit code 0, "0 warnings were generated". Rename the definition yourself, and run what you renamed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/pip install --quiet --disable-pip-version-check --only-binary :all: libcst==1.9.0
mkdir shop
touch shop/__init__.py
cat > shop/prices.py <<'PY'
def total(items):
    return sum(items)
PY
cat > shop/late.py <<'PY'
def show(items):
    from shop.prices import total

    return total(items)
PY
cat > shop/alias.py <<'PY'
from shop.prices import total as add_up

print(add_up([1, 2]))
PY
printf "modules: ['libcst.codemod.commands']\nformatter: ['cat']\nrepo_root: '.'\n" > .libcst.codemod.yaml
echo "before: $(env/bin/python -c 'import shop.alias')"
code=0
env/bin/python -m libcst.tool codemod rename.RenameCommand \
  --old_name shop.prices.total --new_name shop.prices.sum_of -j 1 shop > log 2>&1 || code=$?
after=$(env/bin/python -c 'import shop.alias' 2>&1 | tail -1 | cut -d'(' -f1 || true)
echo "exit code $code, $(grep -o '[0-9]* warnings' log); after: $after"
head shop/*.py
changed() { echo "changed: $1" >&2; exit 1; }
[ "$code" = 0 ] && grep -q ' 0 warnings' log || changed "what it says"
grep -q 'def total' shop/prices.py || changed "the definition is renamed"
[ "$(head -1 shop/late.py)" = 'from shop.prices import sum_of' ] || changed "the import in the function"
grep -q 'print(sum_of(' shop/alias.py || changed "the alias is kept"
[[ $after == "ImportError: cannot import name 'sum_of'"* ]] || changed "the package can be imported"
