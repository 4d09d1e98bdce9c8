#!/usr/bin/env bash
# Which test does bats' JUnit report blame when teardown_file fails?
#
# Seen with bats 1.13.0: the file's last test, which passed. The failure of the hook stands in that test's case, and
# the hook has none of its own; bats' TAP of the same files has "ok" for the test and "not ok ... teardown_file failed".
# So a report shows a broken test where none broke, and another one when a test is added at the file's end.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
printf '{"name": "sample", "private": true}\n' > package.json
npm install --silent --no-audit --no-fund bats@1.13.0
mkdir tests
printf 'teardown_file() { false; }\n@test "loads" { true; }\n@test "stores" { true; }\n' > tests/cart.bats
code() { node_modules/bats/bin/bats "$@" tests > "$2.txt" && echo 0 || echo $?; }
exits="$(code --formatter tap) $(code --formatter junit)"
"${PYTHON:-python3}" - "$exits" <<'PY'
import re
import sys
from xml.etree import ElementTree

with open("tap.txt", encoding="utf-8") as file:
    tap = [(name, verdict) for verdict, name in re.findall(r"^((?:not )?ok) \d+ (.+)$", file.read(), re.M)]
cases = ElementTree.parse("junit.txt").getroot().iter("testcase")
junit = [(case.get("name"), "ok" if case.find("failure") is None else "not ok") for case in cases]
print(f"exit codes {sys.argv[1]}; TAP {tap}; JUnit {junit}")
right = sys.argv[1] == "1 1" and tap == [("loads", "ok"), ("stores", "ok"), ("teardown_file failed", "not ok")]
sys.exit(0 if right and junit == [("loads", "ok"), ("stores", "not ok")] else "changed: what bats tells of the hook")
PY
