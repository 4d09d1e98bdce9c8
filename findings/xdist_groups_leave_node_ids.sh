#!/usr/bin/env bash
# Does a test keep its node id when pytest-xdist sends groups of tests to one worker (--dist loadgroup)?
#
# Seen with pytest-xdist 3.8.0: it depends on pytest. With pytest 8.4.2 the id in every report ends in "@group", so a
# program that runs the whole suite and then one test by its id must cut that off. With pytest 9.2.0 the id is the
# plain one: whoever cuts at the last "@" now cuts parametrized ids that hold an "@" of their own.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/test_groups.py" <<'PY'
import pytest


@pytest.mark.xdist_group("database")
def test_one():
    pass
PY

ids_with() {  # the node ids of the reports with this version of pytest
  "${PYTHON:-python3}" -m venv "$folder/$1"
  "$folder/$1/bin/pip" install --quiet --disable-pip-version-check "pytest==$1" pytest-xdist==3.8.0
  (cd "$folder" && "$1/bin/python" -m pytest -v -n 2 --dist loadgroup -p no:cacheprovider test_groups.py) |
    grep -o 'test_groups.py::test_one[^ ]*' | sort -u
}

old=$(ids_with 8.4.2)
new=$(ids_with 9.2.0)
echo "pytest 8.4.2: $old"
echo "pytest 9.2.0: $new"
[ "$old" = "test_groups.py::test_one@database" ] || { echo "changed: pytest 8.4.2 reports $old"; exit 1; }
[ "$new" = "test_groups.py::test_one" ] || { echo "changed: pytest 9.2.0 reports $new"; exit 1; }
