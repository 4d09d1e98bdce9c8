"""Which folders test themselves in Ruby and by which runner, what their paths are, and where a new test goes."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.sandbox.process import NoSandbox
from bot.settings import Checks, Settings
from bot.toolchains.repository import make_toolchain
from bot.toolchains.ruby import paths
from bot.toolchains.ruby.language import find_units
from tests.toolchains.conftest import write

MINITEST = 'require "minitest/autorun"\n'
TEST_UNIT = "require 'test/unit'\n"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"Gemfile": "", "spec/a_spec.rb": ""}, [("", "rspec")]),
        ({".rspec": "", "spec/a_spec.rb": MINITEST}, [("", "rspec")]),
        ({"a.gemspec": "", "spec/a_spec.rb": MINITEST}, [("", "minitest")]),
        ({"Rakefile": "", "test/a_test.rb": MINITEST}, [("", "minitest")]),
        ({"Rakefile": "", "test/test_a.rb": "", "test/helper.rb": TEST_UNIT}, [("", "test-unit")]),
        # as rack has it
        ({"Rakefile": "", "test/spec_a.rb": MINITEST, "test/spec_helper.rb": ""}, [("", "minitest")]),
        ({"gems.rb": "", "test/a_test.rb": "class A < ActiveSupport::TestCase\n"}, [("", "minitest")]),
        # a name of older days, beside the newer one
        ({"Rakefile": "", "test/a_test.rb": "", "test/test_helper.rb": "Minitest::Test = MiniTest::Unit::TestCase\n"},
         [("", "minitest")]),
        # both: RSpec
        ({"Gemfile": "", "spec/a_spec.rb": "", "test/a_test.rb": MINITEST}, [("", "rspec")]),
        ({"Gemfile": "", "test/a_test.rb": "", "gems/b/b.gemspec": "", "gems/b/spec/b_spec.rb": ""},
         [("", "minitest"), ("gems/b", "rspec")]),
        # for the pages of another language, for a sample, without tests, without a mark
        ({"docs/Gemfile": "", "package.json": "{}"}, []),
        ({"test/fixtures/a/Gemfile": "", "test/fixtures/a/spec/a_spec.rb": ""}, []),
        ({"Gemfile": "", "lib/a.rb": "", "test/test_helper.rb": MINITEST}, []), ({"spec/a_spec.rb": ""}, []),
        ({"Gemfile": "", "vendor/a/spec/a_spec.rb": ""}, []), ({"Gemfile": "", "spec/fixtures/a_spec.rb": ""}, []),
    ],
)  # fmt: skip
def test_folders_with_a_mark_and_tests_are_units(
    tmp_path: Path, files: dict[str, str], expected: list[tuple[str, str]]
) -> None:
    assert [(unit.root, unit.runner) for unit in find_units(write(tmp_path, files))] == expected


def test_what_was_seen_is_said(tmp_path: Path) -> None:
    (unit,) = find_units(write(tmp_path, {"web/Gemfile": "", "web/spec/a_spec.rb": ""}))
    assert (unit.manager, unit.evidence) == ("bundler", ("`web/Gemfile`", "`web/spec/a_spec.rb`"))


def test_gems_of_one_gemfile_around_them_are_installed_once(tmp_path: Path) -> None:
    files = {"Gemfile": "", "a/a.gemspec": "", "a/spec/a_spec.rb": "", "b/gems.rb": "", "b/spec/b_spec.rb": ""}
    parts = make_toolchain(NoSandbox(), Checks(), write(tmp_path, files), Settings()).parts
    assert [(part.unit.manager, part.unit.evidence[:-1], part.home) for part in parts] == [
        ("bundler", ("`a/a.gemspec`", "`Gemfile`"), ""), ("bundler", ("`b/gems.rb`",), "b"),
    ]  # fmt: skip


@pytest.mark.parametrize("root", ["", "a"])
def test_a_gem_without_a_gemfile_is_installed_for_its_own_folder(tmp_path: Path, root: str) -> None:
    write(tmp_path / root, {"Rakefile": "", "test/a_test.rb": MINITEST})
    (part,) = make_toolchain(NoSandbox(), Checks(), tmp_path, Settings()).parts
    assert (part.unit.root, part.home) == (root, root)


@pytest.mark.parametrize(
    ("path", "test", "config"),
    [
        ("spec/cart_spec.rb", True, False), ("test/cart_test.rb", True, False), ("test/test_cart.rb", True, False),
        ("spec/factories/cart.rb", True, False), ("lib/cart_spec.rb", True, False),
        ("spec/spec_helper.rb", True, True), ("test/test_helper.rb", True, True), ("spec/support/db.rb", True, True),
        ("Gemfile", True, True), ("cart.gemspec", True, True), ("Rakefile", True, True), (".rspec", True, True),
        ("web/.rspec", True, True), (".bundle/config", True, True),
        ("lib/cart.rb", False, False), ("lib/contest.rb", False, False), ("app/support/db.rb", False, False),
        ("lib/testing.rb", False, False), ("spec/data.json", False, False),
    ],
)  # fmt: skip
def test_what_is_a_test(path: str, test: bool, config: bool) -> None:
    assert (paths.is_test(path), paths.is_test_config(path)) == (test, config)


def test_helpers_and_samples_are_not_given_to_the_runner() -> None:
    files = ["spec/a_spec.rb", "spec/spec_helper.rb", "spec/fixtures/b_spec.rb", "lib/a.rb", "test/test_helper.rb"]
    assert paths.pick_targets(files) == ["spec/a_spec.rb"]


@pytest.mark.parametrize(
    ("runner", "existing", "near", "expected"),
    [
        ("rspec", [], "lib/cart.rb", "spec/cart_spec.rb"),
        ("rspec", ["spec/cart_spec.rb"], "lib/cart.rb", "spec/cart_regression_spec.rb"),
        ("rspec", ["spec/models/user_spec.rb"], "app/models/cart.rb", "spec/models/cart_spec.rb"),
        ("minitest", [], "lib/cart.rb", "test/cart_test.rb"),
        ("minitest", ["test/test_cart.rb"], "lib/price.rb", "test/test_price.rb"),
        ("test-unit", [], "", "test/test_regression.rb"),
    ],
)
def test_a_new_test_is_named_as_the_others(
    tmp_path: Path, runner: str, existing: list[str], near: str, expected: str
) -> None:
    require = {"rspec": "", "minitest": MINITEST, "test-unit": TEST_UNIT}[runner]
    files = {"Gemfile": "", ("spec/a_spec.rb" if runner == "rspec" else "test/test_a.rb"): require}
    toolchain = make_toolchain(NoSandbox(), Checks(), write(tmp_path, files), Settings())
    assert toolchain.new_test_path(existing, near) == expected


@pytest.mark.needs("ruby")
def test_no_new_file_stands_in_for_a_library(tmp_path: Path) -> None:
    tree = write(tmp_path, {"lib/json.rb": ""})
    refused = ["lib/set.rb", "spec/rspec.rb", "lib/minitest/own_plugin.rb", "test/net/http.rb", "vendor/a.rb"]
    assert all(paths.find_conflict(path, tree) for path in refused)
    assert paths.find_conflict("lib/set.rb", tree) == (
        "`lib/set.rb` would be loaded in place of Ruby's own `set.rb`, or of a runner's."
    )
    allowed = ["lib/cart.rb", "lib/json.rb", "spec/cart_spec.rb", "app/set.rb", "spec/set.json"]
    assert not any(paths.find_conflict(path, tree) for path in allowed)
