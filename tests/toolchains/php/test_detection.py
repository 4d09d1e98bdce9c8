"""Which folders PHPUnit tests, what their paths are, and where a new test goes."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.toolchains.php import paths
from bot.toolchains.php.language import find_units
from tests.toolchains.conftest import write

PHPUNIT = '{"require-dev": {"phpunit/phpunit": "^9.6"}}'
PEST = '{"require-dev": {"phpunit/phpunit": "^9.6", "pestphp/pest": "1"}}'


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"phpunit.xml": "", "tests/ATest.php": ""}, [("", "", "`phpunit.xml`")]),
        ({"phpunit.xml.dist": "", "composer.json": PHPUNIT, "tests/ATest.php": ""},
         [("", "composer", "`phpunit.xml.dist`")]),
        ({"composer.json": PHPUNIT, "tests/ATest.php": ""}, [("", "composer", "`composer.json`")]),
        ({"api/composer.json": PHPUNIT, "api/tests/ATest.php": ""}, [("api", "composer", "`api/composer.json`")]),
        # installed by the folder around; which is no unit, as it has no tests where PHPUnit would look without settings
        ({"composer.json": PHPUNIT, "lib/php/phpunit.xml": "", "lib/php/test/ATest.php": ""},
         [("lib/php", "composer", "`lib/php/phpunit.xml`")]),
        # another runner, no tests, no PHPUnit, a sample, what is no JSON
        ({"phpunit.xml": "", "composer.json": PEST, "tests/ATest.php": ""}, []),
        ({"phpunit.xml": "", "src/A.php": ""}, []), ({"composer.json": "{}", "tests/ATest.php": ""}, []),
        ({"phpunit.xml": "", "composer.json": PHPUNIT, "tests/Pest.php": "", "tests/ATest.php": ""}, []),
        ({"tests/fixtures/phpunit.xml": "", "tests/fixtures/ATest.php": ""}, []), ({"tests/ATest.php": ""}, []),
        ({"composer.json": "[[", "tests/ATest.php": ""}, []), ({"composer.json": "[]", "tests/ATest.php": ""}, []),
        ({"vendor/a/phpunit.xml": "", "vendor/a/tests/ATest.php": ""}, []),
    ],
)  # fmt: skip
def test_folders_that_name_phpunit_and_have_tests_are_units(
    tmp_path: Path, files: dict[str, str], expected: list[tuple[str, str, str]]
) -> None:
    found = find_units(write(tmp_path, files))
    assert [(unit.root, unit.manager, unit.evidence[0]) for unit in found] == expected


@pytest.mark.parametrize(
    ("path", "test", "config"),
    [
        ("tests/CartTest.php", True, False), ("src/CartTest.php", True, False), ("tests/Support/Db.php", True, False),
        ("tests/bootstrap.php", True, True), ("phpunit.xml", True, True), ("phpunit.xml.dist", True, True),
        ("api/phpunit.ci.xml", True, True), ("composer.json", True, True), ("vendor/autoload.php", True, True),
        ("src/Cart.php", False, False), ("src/Contest.php", False, False), ("bootstrap.php", False, False),
        ("tests/data.json", False, False),
    ],
)  # fmt: skip
def test_what_is_a_test(path: str, test: bool, config: bool) -> None:
    assert (paths.is_test(path), paths.is_test_config(path)) == (test, config)


@pytest.mark.parametrize(
    ("existing", "near", "expected"),
    [
        ([], "src/Cart.php", "api/tests/CartTest.php"),
        (["tests/Unit/PriceTest.php"], "src/Cart.php", "tests/Unit/CartTest.php"),
        (["tests/CartTest.php"], "src/Cart.php", "tests/CartRegressionTest.php"),
        ([], "", "api/tests/RegressionTest.php"),
        ([], "src/read-prices.php", "api/tests/ReadpricesTest.php"),
    ],
)
def test_a_new_test_is_named_as_its_class_must_be(existing: list[str], near: str, expected: str) -> None:
    assert paths.new_test_path(existing, near, "api") == expected


def test_helpers_and_samples_are_not_given_to_the_runner(tmp_path: Path) -> None:
    files = ["tests/ATest.php", "tests/bootstrap.php", "tests/fixtures/BTest.php", "src/A.php"]
    assert paths.pick_targets(files) == ["tests/ATest.php"]
    assert paths.find_conflict("vendor/a.php", tmp_path) == "`vendor/a.php` lies in vendor, where dependencies are."
    assert paths.find_conflict("src/A.php", tmp_path) is None
