"""What a JavaScript repository says of itself: units, managers, runners, test scripts. Nothing runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.sandbox.process import NoSandbox
from bot.settings import Checks, Settings
from bot.toolchains.node.detection import find_projects, list_scripted
from bot.toolchains.node.programs import satisfies
from bot.toolchains.node.script import Command, Script, read_script
from bot.toolchains.repository import make_toolchain
from bot.toolchains.units import Unit, find_nearest
from tests.toolchains.conftest import write


def package(**fields: object) -> str:
    return json.dumps(fields)


@pytest.mark.parametrize(
    ("scripts", "expected"),
    [
        ({"test": "node --test"}, Command("node:test")),
        # the repositories that these lines are taken from: p-queue, express, commander, marked, shiki
        ({"test": "xo && node --import=tsx/esm --test test/*.ts && del-cli dist && tsc && tsd"},
         Command("node:test", node=("--import=tsx/esm",), files=("test/*.ts",))),
        ({"test": "mocha --require test/support/env --reporter spec --check-leaks test/ test/acceptance/"},
         Command("mocha", ("--require", "test/support/env", "--check-leaks"), files=("test/", "test/acceptance/"))),
        ({"test": "npm run test:types; node --test", "test:types": "tsd && tsc -p tsconfig.ts.json"},
         Command("node:test")),
        ({"test": "npm run build:reset && npm run unit && npm run lint",
          "unit": "node --test --test-reporter=spec test/unit/*.test.js"},
         Command("node:test", files=("test/unit/*.test.js",))),
        ({"test": "NODE_ENV=test cross-env TZ=UTC c8 -r lcov vitest run --coverage --bail 1"},
         Command("vitest", variables={"NODE_ENV": "test", "TZ": "UTC"})),
        ({"test": "NODE_OPTIONS=--experimental-vm-modules jest --watchAll=false -c jest.json"},
         Command("jest", ("-c", "jest.json"), variables={"NODE_OPTIONS": "--experimental-vm-modules"})),
        ({"test": "node --experimental-vm-modules node_modules/jest/bin/jest.js -i"},
         Command("jest", ("-i",), ("--experimental-vm-modules",))),
        ({"test": "npx ava 'test/**/*.js'"}, Command("ava", files=("test/**/*.js",))),
        ({"test": "yarn vitest --run"}, Command("vitest")),
        ({"test": "tsx --test src/a.ts"}, Command("node:test", node=("--import", "tsx"), files=("src/a.ts",))),
        ({"test": "pnpm run unit", "unit": "pnpm exec mocha -t 5000"}, Command("mocha", ("-t", "5000"))),
        ({"test": "node --no-warnings node_modules/.bin/mocha --import tsx -r ./a.js --loader=b -n expose-gc t"},
         Command("mocha", ("--import", "tsx", "-r", "./a.js", "--loader=b", "-n", "expose-gc"), ("--no-warnings",),
                 ("t",))),
        # no runner that is known: another language, a loop, what is no line, members of a workspace
        ({"test": "bin/bats test"}, None), ({"test": "npm run test"}, None), ({"test": "jest 'unclosed"}, None),
        ({"test": "pnpm -r test"}, None), ({"test": "npm test --workspaces"}, None), ({"test": "turbo run test"}, None),
        ({"test": "echo 'Error: no test specified' && exit 1"}, None), ({"test": "node test.js"}, None),
    ],
)  # fmt: skip
def test_the_runner_in_a_test_script(scripts: dict[str, str], expected: Command | None) -> None:
    found = read_script(scripts, "test").commands
    assert next(iter(found), None) == expected


def test_what_builds_runs_before_and_what_lints_does_not() -> None:
    scripts = {
        "test": "npm run lint && npm run build && tsc --noEmit && mocha",
        "build": "tsc -p .",
        "lint": "eslint .",
    }
    assert read_script(scripts, "test") == Script((Command("mocha"),), ("npm run build",))
    before = {"pretest": "npm run compile", "compile": "tsc", "test": "tsc -b && ava"}
    assert read_script(before, "test").builds == ("npm run compile", "tsc -b")
    assert read_script({"test": "npm run build", "build": "tsc"}, "test") == Script(), "a build alone is no test"


def shapes(tree: Path) -> list[tuple[str, str, str]]:
    return [(one.unit.root, one.unit.manager, one.unit.runner) for one in find_projects(tree)]


def calling(test: str, **scripts: str) -> str:
    return package(workspaces=["a", "b"], devDependencies={"jest": "29"}, scripts={"test": test, **scripts})


MOCHA = package(scripts={"test": "mocha"}, devDependencies={"mocha": "1"})


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        # managers: the field before the lock, the lock before nothing
        ({"package.json": package(packageManager="pnpm@9.4.0+sha512.x", scripts={"test": "vitest"}), "yarn.lock": ""},
         [("", "pnpm@9.4.0", "vitest")]),
        ({"package.json": MOCHA, "yarn.lock": "", ".yarnrc.yml": ""}, [("", "yarn@4", "mocha")]),
        ({"package.json": MOCHA, "yarn.lock": ""}, [("", "yarn@1", "mocha")]),
        ({"package.json": MOCHA, "pnpm-lock.yaml": "lockfileVersion: '6.0'\n"}, [("", "pnpm@8", "mocha")]),
        ({"package.json": MOCHA, "package-lock.json": "{}"}, [("", "npm", "mocha")]),
        ({"package.json": MOCHA}, [("", "npm", "mocha")]),
        # runners: configuration, dependencies, files
        ({"package.json": package(jest={"testEnvironment": "node"})}, [("", "npm", "jest")]),
        ({"package.json": package(), "vitest.config.ts": ""}, [("", "npm", "vitest")]),
        ({"package.json": package(devDependencies={"ava": "7"})}, [("", "npm", "ava")]),
        ({"package.json": package(), "test/a.js": "const test = require('node:test')"}, [("", "npm", "node:test")]),
        # a runner nobody knows: only the script's exit code
        ({"package.json": package(scripts={"test": "tape t/*.js"}, devDependencies={"tape": "5"})},
         [("", "npm", "npm test")]),
        # one dependency says which runs, several do not
        ({"package.json": package(scripts={"test": "node script/test.js"}, devDependencies={"mocha": "8"}),
          "test/a.js": ""}, [("", "npm", "mocha")]),
        # mocha alone would find no test: the script knows where they are
        ({"package.json": package(scripts={"test": "node script/test.js"}, devDependencies={"mocha": "8"}),
          "tests/a.js": ""}, [("", "npm", "npm test")]),
        ({"package.json": package(scripts={"test": "node t.js"}, devDependencies={"jest": "26", "mocha": "8"}),
          "test/own.test.mjs": "import 'node:test'"}, [("", "npm", "npm test")]),
        # not JavaScript: the shell's bats, what has no tests, what is no manifest
        ({"package.json": package(scripts={"test": "bin/bats test"})}, []),
        ({"package.json": package(scripts={"test": "bats ${CI+-t} test"}, devDependencies={"bats": "1"})}, []),
        ({"package.json": package(scripts={"test": "./run all"}, devDependencies={"bats": "1"}),
          "run": "#!/usr/bin/env bash\nnode_modules/.bin/bats test\n"}, []),
        ({"package.json": package(scripts={"test": "bats t && tape t"}, devDependencies={"bats": "1"})},
         [("", "npm", "npm test")]),
        ({"package.json": package(scripts={"test": "echo 'no test specified'"}, dependencies={"a": "1"})}, []),
        ({"package.json": "[1]"}, []), ({"package.json": "{"}, []), ({"package.json": "[" * 9999}, []),
        ({"package.json": package(scripts=7, dependencies=[1], workspaces={"packages": 3}, engines="x")}, []),
        # workspaces: one runner at the root is one unit; else the members are, installed at the root
        ({"package.json": package(workspaces=["libs/*"], scripts={"test": "vitest"}), "libs/a/package.json": MOCHA},
         [("", "npm", "vitest")]),
        ({"package.json": package(workspaces=["packages/*", "!packages/old"], scripts={"test": "npm test -ws"}),
          "package-lock.json": "{}", "packages/a/package.json": MOCHA, "packages/b/package.json": package(ava={"a": 1}),
          "packages/old/package.json": MOCHA, "packages/a/fixtures/x/package.json": MOCHA},
         [("packages/a", "npm", "mocha"), ("packages/b", "npm", "ava")]),
        # a script that only calls those of members, by a manager or a tool for workspaces, is none of its own
        ({"package.json": calling("turbo run test"), "a/package.json": MOCHA,
          "b/package.json": package(scripts={"test": "tape t"}, dependencies={"tape": "5"})},
         [("a", "npm", "mocha"), ("b", "npm", "npm test")]),
        ({"package.json": calling("yarn all", all="yarn workspaces foreach -A run test"), "a/package.json": MOCHA},
         [("a", "npm", "mocha")]),
        ({"package.json": package(workspaces=["a"], dependencies={"x": "1"},
                                  scripts={"test": "npx lerna run test && node t.js"}),
          "a/package.json": MOCHA}, [("", "npm", "npm test")]),
        ({"package.json": calling("nx run-many -t test"), "a/package.json": "{}"}, [("", "npm", "npm test")]),
        ({"package.json": package(private=True), "pnpm-workspace.yaml": "packages: ['libs/**']\n",
          "pnpm-lock.yaml": "lockfileVersion: '9.0'", "libs/x/y/package.json": MOCHA},
         [("libs/x/y", "pnpm@9", "mocha")]),
        ({"package.json": MOCHA, "pnpm-workspace.yaml": "packages: []\n"}, [("", "npm", "mocha")]),
        # folders of their own, where they have a lock or nothing is around them; samples never
        ({"server/package.json": MOCHA, "web/package.json": MOCHA},
         [("server", "npm", "mocha"), ("web", "npm", "mocha")]),
        ({"package.json": MOCHA, "web/package.json": MOCHA, "site/package.json": MOCHA, "site/yarn.lock": ""},
         [("", "npm", "mocha"), ("site", "yarn@1", "mocha")]),
        ({"examples/a/package.json": MOCHA, "test/fixtures/package.json": MOCHA}, []),
        ({"node_modules/x/package.json": MOCHA}, []),
    ],
)  # fmt: skip
def test_units_managers_and_runners(
    tmp_path: Path, files: dict[str, str], expected: list[tuple[str, str, str]]
) -> None:
    assert shapes(write(tmp_path, files)) == expected


def test_each_unit_says_how_it_was_seen(tmp_path: Path) -> None:
    write(tmp_path, {"package.json": MOCHA, "yarn.lock": "", "pyproject.toml": "", "test_gen.py": "import unittest"})
    parts = make_toolchain(NoSandbox(), Checks(), tmp_path, Settings()).parts
    assert [(part.unit.toolchain, part.unit.evidence) for part in parts] == [
        ("python", ("`pyproject.toml`",)),
        ("node", ("script `test` of package.json", "`yarn.lock`")),
    ]


def test_a_script_of_another_language_makes_no_python_repository(tmp_path: Path) -> None:
    toolchain = make_toolchain(
        NoSandbox(), Checks(), write(tmp_path, {"package.json": MOCHA, "gen.py": ""}), Settings()
    )
    assert toolchain.name == "node"
    alone = make_toolchain(NoSandbox(), Checks(), write(tmp_path / "b", {"calc.py": ""}), Settings())
    assert alone.name == "python"
    assert make_toolchain(NoSandbox(), Checks(test="make"), tmp_path, Settings()).name == "node"


def test_a_path_belongs_to_the_innermost_unit() -> None:
    units = [Unit(root=root, toolchain="node") for root in ("", "web", "web/app")]
    found = {path: find_nearest(units, path) for path in ("a.js", "web/a.js", "webs/a.js", "web/app/x/a.js")}
    assert {path: unit.root if unit else None for path, unit in found.items()} == {
        "a.js": "", "web/a.js": "web", "webs/a.js": "", "web/app/x/a.js": "web/app",
    }  # fmt: skip
    assert find_nearest(units[1:], "a.js") is None


@pytest.mark.parametrize(
    ("wanted", "holds"),
    [
        ("", True), (">=20", True), (">=22.12", False), ("^20.19.0 || >=22.12.0", True), ("^18 || ^22", False),
        ("20.x", True), ("~20.20.1", True), ("~20.19", False), (">=18 <20", False), (">=18 <21", True), ("<=20", True),
        (">20", False), ("20", True), ("18 - 22", True), ("lts/*", True),
    ],
)  # fmt: skip
def test_the_node_that_a_repository_needs(wanted: str, holds: bool) -> None:
    assert satisfies((20, 20, 2), wanted) is holds


def test_packages_with_install_scripts(tmp_path: Path) -> None:
    write(tmp_path, {
        "a/package.json": package(scripts={"postinstall": "node x"}), "@s/b/package.json": "{}", "@s/b/binding.gyp": "",
        "c/package.json": package(scripts={"test": "x"}), "d/package.json": "7",
    })  # fmt: skip
    assert list_scripted(tmp_path) == ["@s/b", "a"]
