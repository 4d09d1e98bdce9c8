#!/usr/bin/env bash
# What does CTest's own JUnit file say of a test whose program was never built?
#
# Seen with CMake 4.1.0 of PyPI. Of three tests one has no program and one needs a fixture whose program is missing too.
# CTest prints "0% tests passed, 3 tests failed out of 3" and ends with 8. The file that it writes for --output-junit
# has failures="0" and a <skipped> in each case, the same element as for a test that skipped itself, so that a reader
# of elements or counts takes a build that brought nothing for a green run. Only status="notrun" and the message tell,
# and a test that skips itself has that status as well.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/pip install --quiet --disable-pip-version-check cmake==4.1.0 ninja==1.13.0
PATH="$folder/env/bin:$PATH"
cat > CMakeLists.txt <<'END'
cmake_minimum_required(VERSION 3.21)
project(shop NONE)
enable_testing()
add_test(NAME cart COMMAND ${CMAKE_BINARY_DIR}/cart)
add_test(NAME database COMMAND ${CMAKE_BINARY_DIR}/database)
add_test(NAME orders COMMAND ${CMAKE_COMMAND} -E true)
add_test(NAME skips COMMAND ${CMAKE_COMMAND} -E false)
set_tests_properties(database PROPERTIES FIXTURES_SETUP database)
set_tests_properties(orders PROPERTIES FIXTURES_REQUIRED database)
set_tests_properties(skips PROPERTIES SKIP_RETURN_CODE 1)
END
cmake -S . -B build -G Ninja >/dev/null
run() { ctest --test-dir build --output-junit "$folder/$1.xml" "${@:2}" > "$1.txt" 2>&1 && echo 0 || echo $?; }
broken=$(run broken -E skips)
skipping=$(run skipping -R skips)
grep 'tests passed' broken.txt
"${PYTHON:-python3}" - "$broken" "$skipping" <<'PY'
import sys
from xml.etree import ElementTree

seen = []
for name, code in zip(("broken", "skipping"), sys.argv[1:]):
    suite = ElementTree.parse(f"{name}.xml").getroot()
    cases = [(case.get("status"), *(child.tag for child in case if child.tag in ("failure", "error", "skipped")))
             for case in suite.iter("testcase")]
    seen.append((code, suite.get("tests"), suite.get("failures"), suite.get("skipped"), cases))
    print(f"{name}: exit code, tests, failures, skipped and cases {seen[-1]}")
case = ("notrun", "skipped")
wanted = [("8", "3", "0", "3", [case] * 3), ("0", "1", "0", "1", [case])]
sys.exit(0 if seen == wanted else "changed: CTest writes of tests that did not run in another way")
PY
