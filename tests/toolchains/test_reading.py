"""What is read without running anything: a repository's own words, paths, JUnit, TAP, signed records, hostile trees."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bot.toolchains.formats import parse_junit, parse_tap
from bot.toolchains.port import ToolchainError
from bot.toolchains.python import commands
from bot.toolchains.python.inside.forgehand_records import Records
from bot.toolchains.python.interpreters import Interpreter, fitting, satisfies
from bot.toolchains.python.paths import is_run_by, is_test, is_test_config, new_test_path
from bot.toolchains.python.project import Project, detect
from bot.toolchains.python.shadows import shadows
from bot.toolchains.results import ResultsChannel, parse_records
from bot.toolchains.workspace import remove_tree
from tests.toolchains.conftest import write


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, Project()),
        ({"requirements.txt": "x", "dev-requirements.txt": "y"},
         Project(requirements=("requirements.txt", "dev-requirements.txt"))),
        ({"setup.py": "setup(python_requires='>=3.7', classifiers=['Programming Language :: Python :: 3.8'])"},
         Project(installable=True, requires_python=">=3.7", pythons=("3.8",))),
        ({"setup.cfg": "[metadata]\nname=x\n[options]\npython_requires = >=3.6\n"
                       "[options.extras_require]\ntesting =\n  a\ndocs = b", "requirements.txt": "x"},
         Project(installable=True, requires_python=">=3.6", extras=("testing",))),
        ({"pyproject.toml": "[build-system]\nrequires=[]\n[dependency-groups]\ndev=['a']\ntest=['b']\n"
                            "[project.optional-dependencies]\ndev=['c']", ".python-version": "3.9.1\n"},
         Project(installable=True, pythons=("3.9",), extras=("dev",), groups=("test",))),
        ({"pyproject.toml": "[project]\nname='x'\ndependencies=['a>1', '--index-url=http://evil']\n"
                            "[project.optional-dependencies]\ntest=['b']"},
         Project(packages=("a>1", "b"), extras=("test",))),
        ({"pyproject.toml": "[build-system]\nrequires=['poetry-core']\n"
                            "[tool.poetry.group.test.dependencies]\nhttpx='^1'\n"},
         Project(installable=True, packages=("httpx",))),
        ({"tox.ini": "[testenv]\ndeps =\n    mock>=2\n    -r req.txt\n    py27: enum34\n    six # old\n"},
         Project(packages=("mock>=2", "six"))),
        ({"pyproject.toml": "not [ toml", "setup.cfg": "also not", "tox.ini": "["}, Project()),
        ({"tests/test_a.py": "import unittest"}, Project(unittest=True)),
        ({"tests/test_a.py": "import unittest", "tests/test_b.py": "import pytest"}, Project()),
        ({"tests/test_a.py": "import unittest", "pytest.ini": ""}, Project()),
    ],
)  # fmt: skip
def test_detection(tmp_path: Path, files: dict[str, str], expected: Project) -> None:
    assert detect(write(tmp_path, files)) == expected


def test_install_is_one_resolution_and_pytest_comes_with_it() -> None:
    project = Project(installable=True, extras=("test",), groups=("lint",), requirements=("requirements-test.txt",))
    (with_uv,) = commands.install(project, uv=True)
    assert with_uv[-5:] == ["--requirement=requirements-test.txt", "--group=lint", "--editable", ".[test]", "pytest"]
    assert commands.custom("pytest {tests}", []) == "pytest"


VERSIONS = tuple(Interpreter(Path(f"/p/{minor}"), (3, minor, 1), Path("/p")) for minor in (11, 13, 12, 9))


@pytest.mark.parametrize(
    ("requires", "named", "minor"),
    [
        (None, (), 11), (">=3.12", (), 13), (">=3.8,<3.10", (), 9), ("~=3.9", (), 11), ("==3.9.*", (), 9),
        ("!=3.11.*", (), 13), (">3.11.1", (), 13), ("<=3.9.1", (), 9), (None, ("3.8", "3.9", "3.12"), 12),
        (">=3.12", ("3.9",), 13), ("~=3.9.0", (), 9), ("nonsense", (), 11), (">=4", (), None), ("<3.9", (), None),
    ],
)  # fmt: skip
def test_the_fitting_interpreter(requires: str | None, named: tuple[str, ...], minor: int | None) -> None:
    found = fitting(requires, named, VERSIONS)
    assert (found.version[1] if found else None) == minor
    assert satisfies((3, 11, 7), ">=3.8, <4")


@pytest.mark.parametrize(
    ("path", "test", "config"),
    [
        ("tests/test_a.py", True, False), ("pkg/tests/data/x.json", True, False), ("pkg/parse_test.py", True, False),
        ("app/tests.py", True, False), ("tests/conftest.py", True, True), ("pyproject.toml", True, True),
        ("sub/pytest.ini", True, True), ("sitecustomize.py", True, True), ("x.pth", True, True),
        ("django/test/client.py", False, False), ("numpy/testing/utils.py", False, False),
        ("testing/run.py", True, False),
        ("src/attest.py", False, False), ("src/contest_rules.py", False, False), ("latest.py", False, False),
    ],
)  # fmt: skip
def test_what_is_a_test(path: str, test: bool, config: bool) -> None:
    assert (is_test(path), is_test_config(path)) == (test, config)


@pytest.mark.parametrize(
    ("line", "path", "run"),
    [
        ("make test", "Makefile", True), ("make -C sub check", "sub/Makefile", True), ("pytest", "Makefile", False),
        ("cd tests && ./runtests.py {modules}", "tests/runtests.py", True),
        ("A=1; python3.11 -u bin/run.py {tests}", "bin/run.py", True), ("bash ../ci/test.sh", "ci/test.sh", True),
        ("scripts/test", "scripts/test", True), ("sh -c 'x'", "src/x.py", False),
        ("pytest --doctest-modules src/a.py && mypy src/a.py", "src/a.py", False),
        ("python -m pytest {tests}", "src/pytest.py", False), ("", "src/a.py", False),
        ("python run.py", "src/rerun.py", False),
    ],
)  # fmt: skip
def test_what_a_custom_command_runs(line: str, path: str, run: bool) -> None:
    assert is_run_by(line, path) is run


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("pytest.py", "an installed one"), ("src/pluggy/__init__.py", "an installed one"),
        ("py.cpython-311-x86_64-linux-gnu.so", "an installed one"), ("json.py", "Python's own"),
        ("lib/json/__init__.py", "Python's own"), ("src/json.pyc", "Python's own"),
        ("sitecustomize/__init__.py", "starts with"), ("forgehand_records.py", "starts with"),
        ("queue.py", None), ("src/packaging/new.py", None), ("src/packaging/json.py", None), ("pkg/json.py", None),
        ("json/data.json", None), ("docs/conf.py", None), ("*.py", None), ("", None), ("src", None),
    ],
)  # fmt: skip
def test_a_new_file_shadows_nothing(tmp_path: Path, path: str, reason: str | None) -> None:
    names = ("pytest/__init__.py", "pluggy/__init__.py", "py.py", "packaging/__init__.py")
    env = write(tmp_path / "env", {f"lib/python3.11/site-packages/{name}": "" for name in names})
    tree = write(tmp_path / "tree", {"queue.py": "", "src/packaging/__init__.py": "", "src/pkg/__init__.py": ""})
    found = shadows(path, tree, env)
    assert found is None if reason is None else found is not None and reason in found


@pytest.mark.parametrize(
    ("paths", "near", "expected"),
    [
        ([], "src/a/parse.py", "tests/test_parse.py"),
        (["tests/test_other.py"], "src/a/parse.py", "tests/test_parse.py"),
        (["tests/test_parse.py"], "src/a/parse.py", "tests/test_parse_regression.py"),
        (["a/tests/test_x.py", "b/tests/test_x.py"], "b/parse.py", "b/tests/test_parse.py"),
        (["core/x_test.py", "core/y_test.py"], "core/parse.py", "core/parse_test.py"),
        (["t/test_parse.py", "t/test_parse_regression.py"], "parse.py", "t/test_parse_regression_2.py"),
        (["tests/test_x.py"], "pkg/__init__.py", "tests/test_pkg.py"),
        (["tests/test_x.py"], "", "tests/test_regression.py"),
    ],
)
def test_where_a_new_test_goes(paths: list[str], near: str, expected: str) -> None:
    found = new_test_path(paths, near)
    assert found == expected
    assert is_test(found)


def test_junit_verdicts() -> None:
    text = b"""<?xml version="1.0"?><testsuites><testsuite>
    <testcase classname="k" name="ok" time="0.5"/>
    <testcase classname="k" name="bad"><failure message="m">t</failure></testcase>
    <testcase name="err" time="1,200.5"><error/></testcase><testcase file="f.js" name="skip"><skipped/></testcase>
    <testcase classname="k" name="ok"><failure/></testcase></testsuite></testsuites>"""
    cases = {case.id: (case.verdict, case.message, case.seconds) for case in parse_junit(text)}
    assert cases == {
        "k::ok": ("failed", "", 0.5),
        "k::bad": ("failed", "m\nt", 0.0),
        "err": ("error", "", 1200.5),
        "f.js::skip": ("skipped", "", 0.0),
    }


LAUGHS = (
    b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><testsuite><testcase name="&b;"/></testsuite>'
)


@pytest.mark.parametrize(
    "text",
    [
        LAUGHS,
        LAUGHS.decode().encode("utf-16"),
        b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><testsuite/>',
        b"<testsuite>",
        b"",
        b"\xff\xfe\x00",
    ],
)
def test_hostile_junit_is_refused(text: bytes) -> None:
    with pytest.raises(ToolchainError, match="JUnit file"):
        parse_junit(text)


def test_tap() -> None:
    text = (
        "TAP version 13\n1..4\nok 1 - a\nnot ok 2 - b\n  ---\n  message: no\nok 3 - c # SKIP later\nnot ok 4 # TODO d\n"
    )
    cases, planned = parse_tap(text)
    assert [(case.id, case.verdict) for case in cases] == [
        ("a", "passed"), ("b", "failed"), ("c", "skipped"), ("test 4", "skipped"),
    ]  # fmt: skip
    assert "message: no" in cases[1].message
    assert planned
    assert parse_tap("1..3\nok 1\nok 2\n")[1] is False
    assert parse_tap("1..1\nok 1\nBail out! disk\n")[1] is False


def test_records_are_believed_only_as_far_as_they_are_signed(tmp_path: Path) -> None:
    channel = ResultsChannel(tmp_path / "results")
    records = Records(str(channel.directory))
    records.case("a", "passed", "call")
    records.case("a", "error", "teardown", "x" * 9000)
    records.end(1, False)
    assert [path.name for path in channel.directory.iterdir()] == ["results.jsonl"]
    found = channel.recorded()
    assert found is not None
    assert [(case.id, case.verdict, len(case.message)) for case in found.cases] == [("a", "error", 4000)]
    assert (found.agrees(1), found.agrees(2), found.agrees(0), found.agrees(None)) == (True, True, False, False)
    lines = (channel.directory / "results.jsonl").read_bytes().splitlines(keepends=True)
    for forged in (lines[1:], [lines[0], lines[2]], [*lines[:2], lines[2].replace(b": 1", b": 0")], lines[:2]):
        again = parse_records(b"".join(forged), channel._key)
        assert not again.agrees(0)
        assert not again.agrees(1)


def test_a_results_file_that_is_a_link_is_not_read(tmp_path: Path) -> None:
    channel = ResultsChannel(tmp_path / "results")
    (channel.directory / "results.jsonl").symlink_to("/etc/passwd")
    assert channel.recorded() is None


def test_hostile_trees_are_removed_and_links_are_not_followed(tmp_path: Path) -> None:
    folder = tmp_path / "task-1"
    folder.mkdir()
    outside = tmp_path / "outside"
    outside.mkdir(mode=0o750)
    (outside / "kept").write_text("kept")
    (folder / "tree").mkdir()
    (folder / "tree" / "out").symlink_to(outside)
    (folder / "tree" / "loop").symlink_to(".")
    (folder / "tree" / "-rf").mkdir()
    (folder / "tree" / "new\nline").write_text("")
    os.mkfifo(folder / "tree" / "pipe")
    descriptor = os.open(folder / "tree", os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("deep", dir_fd=descriptor)
        below = os.open("deep", os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = below
    os.close(descriptor)
    (folder / "tree").chmod(0o500)
    remove_tree(folder)
    remove_tree(folder)
    assert not folder.exists()
    assert (outside / "kept").read_text() == "kept"
    assert outside.stat().st_mode & 0o777 == 0o750
