#!/usr/bin/env bash
# Is every unittest test listed in the JUnit file of unittest-xml-reporting?
#
# Seen with unittest-xml-reporting 4.0.0: a test with a failing subtest is not there under its own name, only as
# "test_name (number=2)"; a test whose subtests all pass is there as one case under its own name. So a test that begins
# to fail in a subtest vanishes, and another one appears: compared by name, nothing that passed has failed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check unittest-xml-reporting==4.0.0
cat > "$folder/test_numbers.py" <<'PY'
import unittest


class Numbers(unittest.TestCase):
    def test_all_even(self):
        for number in (2, 4):
            with self.subTest(number=number):
                self.assertEqual(number % 2, 0)

    def test_one_odd(self):
        for number in (2, 3):
            with self.subTest(number=number):
                self.assertEqual(number % 2, 0)
PY
(cd "$folder" && env/bin/python -m xmlrunner --output-file report.xml test_numbers >/dev/null 2>&1) || true
names=$("$folder/env/bin/python" - "$folder/report.xml" <<'PY'
import sys
import xml.etree.ElementTree as tree

print("\n".join(sorted(case.get("name") for case in tree.parse(sys.argv[1]).iter("testcase"))))
PY
)
echo "cases: $(echo "$names" | paste -sd, -)"
echo "$names" | grep -qx 'test_all_even' || { echo "changed: the passing test is not listed by its name"; exit 1; }
echo "$names" | grep -qx 'test_one_odd' && { echo "changed: the failing test is listed by its own name"; exit 1; }
echo "$names" | grep -q 'test_one_odd.*number=3' || { echo "changed: the failing subtest is not listed"; exit 1; }
