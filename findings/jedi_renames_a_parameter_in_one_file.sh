#!/usr/bin/env bash
# Which keyword arguments does jedi rename with a parameter?
#
# Seen with jedi 0.20.1: it depends on where the cursor is. Asked at the definition, it renames the parameter and the
# calls in that file; a call in another file keeps the old keyword and raises TypeError from now on. Asked for the same
# rename at that call, it changes both files. The function's own name it renames everywhere from either end, and rope
# 1.15.2 renames the parameter in both files. No warning says that the rename is a part. Ask from each use that
# get_references finds for the function, or search for the keyword afterwards.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/pip install --quiet --disable-pip-version-check --prefer-binary jedi==0.20.1 rope==1.15.2
mkdir tree
printf 'def total(amount, tax=0):\n    return amount + tax\n\n\nprint(total(1, tax=2))\n' > tree/cart.py
printf 'import cart\n\nprint(cart.total(1, tax=2))\n' > tree/use.py
env/bin/python - <<'PY'
import pathlib
import sys

import jedi
from rope.base.project import Project
from rope.refactor.rename import Rename

project = jedi.Project("tree")


def rename(name, line, word):
    path = pathlib.Path("tree", name)
    column = path.read_text(encoding="utf-8").splitlines()[line - 1].index(word)
    changes = jedi.Script(path=path, project=project).rename(line, column, new_name="changed")
    return sorted(path.name for path in changes.get_changed_files())


rope = Project("tree", ropefolder=None)
cart = rope.get_resource("cart.py")
changes = Rename(rope, cart, cart.read().index("tax")).get_changes("changed")
seen = {
    "parameter, from its definition": rename("cart.py", 1, "tax"),
    "parameter, from a call": rename("use.py", 3, "tax"),
    "function, from its definition": rename("cart.py", 1, "total"),
    "parameter, by rope": sorted(resource.name for resource in changes.get_changed_resources()),
}
rope.close()
for name, files in seen.items():
    print(name, files)
both = ["cart.py", "use.py"]
sys.exit(0 if [*seen.values()] == [["cart.py"], both, both, both] else "changed: which files jedi or rope change")
PY
