"""Plain make: TAP is believed with its plan, an exit code alone is not, and what does not compile is an error."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from bot.settings import Checks, Settings
from bot.toolchains.cpp.language import find_units
from bot.toolchains.port import TestRun, Workspace
from bot.toolchains.repository import RepositoryToolchain, make_toolchain
from tests.support.sandboxes import bubblewrap
from tests.toolchains.conftest import write

BUILT = "all: t\nt: t.c\n\t$(CC) -o t t.c\n"
MAKEFILE = f"{BUILT}check test: t\n\t./t\n"
ALONE = {"Makefile": MAKEFILE}
PRINTS = '#include <stdio.h>\nint main(void) {{ puts("{}"); return {}; }}\n'


@pytest.mark.parametrize(
    ("files", "units"),
    [
        ({"Makefile": MAKEFILE, "t.c": ""}, [("", "make check")]),
        ({"GNUmakefile": f"{BUILT}test:\n\t./t\n", "Makefile": MAKEFILE, "t.c": ""}, [("", "make test")]),
        ({"Makefile": MAKEFILE, "meson.build": "project('a')\ntest('a', a)\n", "t.c": ""}, [("", "meson test")]),
        # no target, a variable, a comment; nothing compiled; no code
        ({"Makefile": BUILT, "t.c": ""}, []), ({"Makefile": f"{BUILT}test := a\n# check: t\n", "t.c": ""}, []),
        ({"Makefile": "test:\n\tgo test\n", "t.c": ""}, []), ({"Makefile": MAKEFILE, "t.go": ""}, []),
    ],
)  # fmt: skip
def test_a_makefile_that_compiles_and_tests_is_a_unit(
    tmp_path: Path, files: dict[str, str], units: list[tuple[str, str]]
) -> None:
    assert [(unit.root, unit.runner) for unit in find_units(write(tmp_path, files))] == units


def test_other_languages_come_first_and_the_makefile_is_protected(tmp_path: Path) -> None:
    def open_tree(name: str, files: dict[str, str]) -> RepositoryToolchain:
        tree = write(tmp_path / name, {"Makefile": MAKEFILE, "t.c": "", **files})
        return make_toolchain(bubblewrap(), Checks(), tree, Settings())

    assert open_tree("both", {"go.mod": "module a\n", "a_test.go": "package a\n"}).name == "go"
    alone = open_tree("alone", {})
    assert (alone.name, alone.is_test_config("Makefile"), alone.is_test_config("t.c")) == ("cpp", True, False)


@pytest.mark.needs("sandbox", "cmake")
async def test_what_a_makefile_says_is_believed_as_far_as_it_proves_something(tmp_path: Path) -> None:
    async def run(name: str, program: str, files: Mapping[str, str] = ALONE) -> TestRun:
        tree = write(tmp_path / name, {**files, "t.c" if "Makefile" in files else "src/t.c": program})
        toolchain = make_toolchain(bubblewrap(), Checks(), tree, Settings())
        workspace = Workspace(tree=tree, env=tmp_path / f"{name}-env")
        await toolchain.install(workspace)
        return await toolchain.test(workspace)

    points = await run("points", PRINTS.format(r"1..2\nok 1 - adds\nnot ok 2 - sums", 1))
    assert (points.complete, points.verdicts()) == (True, {"Makefile::adds": "passed", "Makefile::sums": "failed"})
    cut = await run("cut", PRINTS.format(r"1..2\nok 1 - adds", 0))
    assert (cut.complete, cut.completeness.reason) == (False, "The report ends before the run did.")
    plain = await run("plain", PRINTS.format("all tests passed, ok 1", 0))
    assert (plain.complete, plain.cases, plain.notes[0][:44]) == (
        False,
        (),
        "`make check` prints no plan of tests (TAP), ",
    )
    beside = {"src/Makefile": f"{BUILT}test: t\n\tcd .. && cat plan && src/t\n", "plan": "1..1\n"}
    (inner,) = (await run("inner", PRINTS.format("ok 1 - adds", 0), beside)).cases
    assert (inner.id, inner.verdict) == ("src/Makefile::adds", "passed")
    broken = await run("broken", "int main(void) { return }\n")
    assert (broken.complete, [(case.id, case.phase) for case in broken.cases]) == (True, [("Makefile", "build")])
