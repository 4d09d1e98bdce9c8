"""The Python toolchain end to end: installed through the proxy, run in the sandbox, verdicts told by our reporter."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.sandbox.port import Limits
from bot.sandbox.process import Process
from bot.settings import Checks, Settings
from bot.toolchains.coverage import CoverageError
from bot.toolchains.port import TestRun, ToolchainError, Workspace
from bot.toolchains.python.toolchain import describe_versions, make_toolchain
from tests.support.patience import PATIENCE
from tests.support.sandboxes import bubblewrap
from tests.toolchains.conftest import Make, write

FILE = "tests/test_verdicts.py"


def told(run: TestRun) -> dict[str, tuple[str, str]]:
    return {case.id.removeprefix(f"{FILE}::"): (case.verdict, case.phase) for case in run.cases}


async def test_every_kind_of_verdict_with_its_phase(make: Make) -> None:
    toolchain, workspace = make()
    run = await toolchain.test(workspace)
    assert run.complete
    assert run.command == "python -m pytest --continue-on-collection-errors", "what changes a verdict is shown"
    assert told(run) == {
        "tests/test_cannot_be_collected.py": ("error", "collect"),
        "test_passes": ("passed", "call"),
        "test_fails": ("failed", "call"),
        "test_errs": ("error", "setup"),
        "test_leaks": ("error", "teardown"),
        "test_skips": ("skipped", "setup"),
        "test_expected": ("skipped", "call"),
        "test_many[a b]": ("passed", "call"),
        "test_many[c/d]": ("passed", "call"),
        "test_many[--version]": ("passed", "call"),
        "test_many[$(id)]": ("passed", "call"),
        "test_offline": ("passed", "call"),
        "test_dependencies_are_read_only": ("passed", "call"),
    }
    messages = {case.id: case.message for case in run.cases}
    assert messages[f"{FILE}::test_fails"].startswith("AssertionError: not yet\nassert 42 == 43")
    assert "no_such_module" in messages["tests/test_cannot_be_collected.py"]


async def test_each_id_can_be_run_alone(make: Make) -> None:
    toolchain, workspace = make()
    ids = [f"{FILE}::test_many[{text}]" for text in ("a b", "c/d", "--version", "$(id)")]
    run = await toolchain.test(workspace, ids)
    assert run.complete
    assert run.verdicts() == dict.fromkeys(ids, "passed")
    assert run.command.endswith("'tests/test_verdicts.py::test_many[$(id)]'")


async def test_a_changed_tree_is_what_is_imported(make: Make) -> None:
    toolchain, workspace = make({"src/sample/__init__.py": "def answer():\n    return 43\n"})
    run = await toolchain.test(workspace, [f"{FILE}::test_fails", f"{FILE}::test_passes"])
    assert list(run.verdicts().values()) == ["passed", "failed"]


async def test_a_run_that_is_cut_short_is_not_complete(make: Make) -> None:
    slow = "import time\ndef test_first(): pass\ndef test_slow(): time.sleep(100_000)\n"
    toolchain, workspace = make({"tests/test_slow.py": slow})
    run = await toolchain.test(workspace, ["tests/test_slow.py"], limits=Limits(seconds=8))
    assert not run.complete
    assert run.result.ended == "timeout"
    assert told(run) == {
        "tests/test_slow.py::test_first": ("passed", "call"),
        "tests/test_slow.py::test_slow": ("error", "timeout"),
    }
    assert run.completeness.culprits == ("tests/test_slow.py::test_slow",)
    assert run.completeness.reason == "The run was stopped (timeout). Running then: `tests/test_slow.py::test_slow`."


@pytest.mark.parametrize(
    "code",
    [
        "import os\nos._exit(0)\n",
        "import atexit, os\natexit.register(os._exit, 0)\n",
        "import os\nfor d, _, fs in os.walk('/forgehand/results'):\n"
        "    for f in fs: open(os.path.join(d, f), 'w').write('00 {\"event\": \"end\"}\\n')\n",
        "import os\nopen('/forgehand/results/junit.xml', 'w').write('<suite><testcase name=\"fine\"/></suite>')\n"
        "os._exit(0)\n",
        "import os\nassert os.listdir('/forgehand/results') == ['results.jsonl']\n"
        "os.unlink('/forgehand/results/results.jsonl')\n",
        "import pytest\npytest.exit('enough', returncode=0)\n",
    ],
    ids=["exit", "exit-code", "overwrite", "junit", "unlink", "pytest-exit"],
)
async def test_results_cannot_be_made_up_by_code_of_the_repository(make: Make, code: str) -> None:
    toolchain, workspace = make({"tests/conftest.py": code})
    run = await toolchain.test(workspace, [f"{FILE}::test_fails"])
    assert not (run.complete and all(case.verdict == "passed" for case in run.cases))


# takes the key where it still lies, and tells that all is well
_FORGER = """
import os, sys
def forge(directory):
    key = open(directory + "/key", "rb").read()
    os.unlink(directory + "/key")
    here = [sys.path.remove(place) for place in list(sys.path) if place.startswith("/work") or not place]
    import hashlib, hmac
    chain, lines = hmac.new(key, digestmod=hashlib.sha256), []
    case = '{"event": "case", "case": {"id": "FILE::test_fails", "verdict": "passed"}}'
    for body in (case, '{"event": "end", "exit_code": 0, "cut_short": false}'):
        chain.update(body.encode())
        lines.append(chain.hexdigest() + " " + body)
    open(directory + "/results.jsonl", "w").write("\\n".join(lines) + "\\n")
    os._exit(0)
results = os.environ.get("FORGEHAND_RESULTS", "")
if os.path.exists(results + "/key"):
    forge(results)
""".replace("FILE", FILE)
_PLANTED = (
    "pytest.py", "pytest/__init__.py", "pytest/__main__.py", "_pytest/__init__.py", "pluggy.py", "iniconfig.py",
    "json.py", "src/json.py", "src/hmac.py", "os.py", "src/os.py", "src/encodings/__init__.py", "site.py", "runpy.py",
    "src/unittest/__init__.py", "importlib/__init__.py", "sitecustomize.py", "src/sitecustomize.py",
    "usercustomize.py", "src/usercustomize.py", "forgehand_pytest.py", "src/forgehand_records.py",
    "forgehand_unittest.py", "evil.pth", "src/evil.pth", "conftest.py",
)  # fmt: skip


@pytest.mark.parametrize(
    "line",
    [
        None,
        "python -m pytest {tests}",
        "pytest {tests}",
        "cd tests && py.test ../{tests}",
        "coverage run -m pytest {tests}",
    ],
)
async def test_no_file_of_the_repository_runs_before_the_key_is_taken(make: Make, line: str | None) -> None:
    planted = dict.fromkeys(_PLANTED, _FORGER)
    toolchain, workspace = make(
        planted | {"src/evil.pth": "import pytest", "evil.pth": "import json"}, Checks(test=line)
    )
    run = await toolchain.test(workspace, [f"{FILE}::test_fails"])
    assert run.verdicts() == {f"{FILE}::test_fails": "failed"}
    assert run.complete


async def test_the_forger_succeeds_where_a_custom_line_itself_runs_it(make: Make) -> None:
    toolchain, workspace = make({"bin/run.py": _FORGER}, Checks(test="python bin/run.py {tests}"))
    run = await toolchain.test(workspace, [f"{FILE}::test_fails"])
    assert (run.complete, run.verdicts()) == (True, {f"{FILE}::test_fails": "passed"})
    # and so no change of ours may touch it
    assert toolchain.is_test_config("bin/run.py")
    assert toolchain.is_test("bin/run.py")


@pytest.mark.parametrize("version", ["3.8", "3.11"])
async def test_nor_before_the_unittest_runner_takes_it(tmp_path: Path, version: str) -> None:
    files = UNITTEST | {".python-version": version, "src/calc/__init__.py": UNITTEST["calc/__init__.py"]}
    workspace = Workspace(tree=write(tmp_path / "tree", files), env=tmp_path / "env")
    toolchain = make_toolchain(bubblewrap(), Checks(), workspace.tree, Settings(registries=["registry.invalid"]))
    await toolchain.install(workspace)
    write(workspace.tree, dict.fromkeys(_PLANTED, _FORGER))
    run = await toolchain.test(workspace, ["tests/test_calc.py::AddTest::test_raises"])
    assert run.complete
    assert run.verdicts() == {"tests/test_calc.py::AddTest::test_raises": "failed"}


async def test_repository_code_cannot_widen_what_a_later_run_sees(make: Make, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "bin").mkdir()
    toolchain, workspace = make()
    env = tmp_path / "env"
    (env / "bin").mkdir(parents=True)
    (env / "pyvenv.cfg").write_text(f"home = {secret}/bin\n")
    with pytest.raises(ToolchainError, match="install the repository first"):
        await toolchain.test(Workspace(tree=workspace.tree, env=env))


async def test_a_shell_line_sees_what_the_tests_see(make: Make) -> None:
    toolchain, workspace = make()
    line = "python -c 'import sample, sys; print(sample.answer(), sys.prefix)'; git log --format=%s; git describe"
    result = await toolchain.run(workspace, line, limits=Limits(seconds=PATIENCE))
    assert result.output == "42 /env\nbase\nv99.0.0\n"


async def test_a_shell_line_that_runs_pytest_reports_nothing_and_leaves_a_file_named_key(make: Make) -> None:
    toolchain, workspace = make({"key": "mine"})
    result = await toolchain.run(
        workspace, f"pytest -q {FILE}::test_passes && ls key *.jsonl", limits=Limits(seconds=PATIENCE)
    )
    assert "1 passed" in result.output
    assert "\nkey\n" in result.output
    assert (workspace.tree / "key").read_text() == "mine"


async def test_custom_command_with_our_reporter(make: Make) -> None:
    checks = Checks(test="cd tests && pytest -q ../{tests} || exit 7")
    toolchain, workspace = make(checks=checks)
    run = await toolchain.test(workspace, [FILE])
    assert run.command == "cd tests && pytest -q ../tests/test_verdicts.py || exit 7"
    assert run.complete
    assert told(run)["test_fails"] == ("failed", "call")
    assert told(run)["test_passes"] == ("passed", "call")


async def test_custom_command_cannot_be_injected_by_a_path(make: Make) -> None:
    toolchain, workspace = make(checks=Checks(test="pytest -q {tests}"))
    run = await toolchain.test(workspace, ["tests/a.py; touch /work/injected", "$(touch /work/injected)", "--version"])
    assert not (workspace.tree / "injected").exists()
    assert not run.verdicts()


async def test_custom_command_judged_by_its_exit_code(make: Make) -> None:
    runner = "import sys\nsys.exit('bad' in ''.join(sys.argv[1:]))\n"
    files = {"bin/run.py": runner, "tests/admin/good.py": "", "tests/admin/bad.py": ""}
    toolchain, workspace = make(files, Checks(test="python bin/run.py {modules:tests}", results="exit"))
    good = await toolchain.test(workspace, ["tests/admin/good.py"])
    bad = await toolchain.test(workspace, ["tests/admin/bad.py::Case::test"])
    assert (good.command, good.complete) == ("python bin/run.py admin.good", True)
    assert [(case.id, case.verdict) for case in good.cases] == [(good.command, "passed")]
    assert [(case.id, case.verdict) for case in bad.cases] == [("python bin/run.py admin.bad.Case.test", "failed")]
    everything = await toolchain.test(workspace)
    again = await toolchain.test(workspace, list(everything.verdicts()))
    assert again.verdicts() == everything.verdicts() == {"python bin/run.py": "passed"}


@pytest.mark.parametrize(
    ("line", "code", "said"), [("no-such-runner -x", 127, "not found"), ("./tests", 126, "ermission denied")]
)
async def test_custom_command_that_cannot_be_run_tells_nothing(make: Make, line: str, code: int, said: str) -> None:
    toolchain, workspace = make(checks=Checks(test=line, results="exit"))
    run = await toolchain.test(workspace)
    assert (run.complete, run.cases, run.result.exit_code) == (False, (), code)
    assert said in run.result.output


async def test_custom_command_that_writes_junit_or_tap(make: Make) -> None:
    junit = (
        "<testsuite><testcase classname='a' name='b'/><testcase name='c'><failure>no</failure></testcase></testsuite>"
    )
    toolchain, workspace = make({"r.xml": junit}, Checks(test="cp r.xml {results}; exit 1"))
    run = await toolchain.test(workspace)
    assert (run.complete, run.verdicts()) == (True, {"a::b": "passed", "c": "failed"})
    lying = make_toolchain(bubblewrap(), Checks(test="cp r.xml {results}"), workspace.tree, Settings())
    assert not (await lying.test(workspace)).complete
    tap = make_toolchain(
        bubblewrap(),
        Checks(test="printf '1..2\\nok 1 - one\\nnot ok 2 - two\\n'; exit 1", results="tap"),
        workspace.tree,
        Settings(),
    )
    run = await tap.test(workspace)
    assert (run.complete, run.verdicts()) == (True, {"one": "passed", "two": "failed"})


UNITTEST = {
    "calc/__init__.py": "def add(a, b):\n    return a + b\n",
    "tests/test_calc.py": """
import unittest
from calc import add

class AddTest(unittest.TestCase):
    def test_add(self):
        self.assertEqual(add(1, 2), 3)

    def test_wrong(self):
        for n in (1, 2):
            with self.subTest(n=n):
                self.assertEqual(add(n, 0), 1)

    def test_raises(self):
        raise KeyError("lost")

    @unittest.skip("later")
    def test_later(self):
        pass

class SetUpTest(unittest.TestCase):
    def setUp(self):
        raise OSError("no disk")

    def test_never(self):
        pass
""",
    "tests/test_gone.py": "import unittest\nimport no_such_module\n",
}


async def test_a_plain_unittest_project_needs_nothing_installed(tmp_path: Path) -> None:
    workspace = Workspace(tree=write(tmp_path / "tree", UNITTEST), env=tmp_path / "env")
    nowhere = Settings(registries=["registry.invalid"])
    toolchain = make_toolchain(bubblewrap(), Checks(), workspace.tree, nowhere)
    assert len(await toolchain.install(workspace)) == 1
    run = await toolchain.test(workspace)
    assert run.complete
    assert {case.id: (case.verdict, case.phase) for case in run.cases} == {
        "tests/test_gone.py": ("error", "collect"),
        "tests/test_calc.py::AddTest::test_add": ("passed", "call"),
        "tests/test_calc.py::AddTest::test_wrong": ("failed", "call"),
        "tests/test_calc.py::AddTest::test_raises": ("failed", "call"),
        "tests/test_calc.py::AddTest::test_later": ("skipped", "call"),
        "tests/test_calc.py::SetUpTest::test_never": ("error", "setup"),
    }
    alone = await toolchain.test(workspace, ["tests/test_calc.py::AddTest::test_raises"])
    assert alone.command == "python -m unittest tests.test_calc.AddTest.test_raises"
    assert [(case.verdict, case.message.split("\n")[0]) for case in alone.cases] == [("failed", "KeyError: 'lost'")]


async def test_what_a_package_of_unittests_defines_itself_runs_once(tmp_path: Path) -> None:
    """simplejson: a class in the package's own file, beside a function that loads all others."""
    package = """
import unittest

class OwnTest(unittest.TestCase):
    def runTest(self):
        self.skipTest("no speedups")

Again = OwnTest
from .test_calc import AddTest

def load_tests(loader, tests, pattern):
    return loader.loadTestsFromName("tests.test_calc")
"""
    module = "import unittest\n\nclass AddTest(unittest.TestCase):\n    def test_add(self):\n        pass\n"
    workspace = Workspace(
        tree=write(tmp_path / "tree", {"tests/__init__.py": package, "tests/test_calc.py": module}),
        env=tmp_path / "env",
    )
    toolchain = make_toolchain(bubblewrap(), Checks(), workspace.tree, Settings())
    await toolchain.install(workspace)
    wanted = {"tests/__init__.py::OwnTest::runTest": "skipped", "tests/test_calc.py::AddTest::test_add": "passed"}
    run = await toolchain.test(workspace)
    assert (run.complete, run.verdicts()) == (True, wanted)
    alone = await toolchain.test(workspace, ["tests/__init__.py::OwnTest::runTest"])
    assert (alone.complete, alone.verdicts()) == (True, {"tests/__init__.py::OwnTest::runTest": "skipped"})


async def test_custom_setup_has_pip_and_reaches_only_registries(tmp_path: Path) -> None:
    tree = write(tmp_path / "tree", {"tests/test_a.py": "import iniconfig\ndef test_a(): pass\n"})
    workspace = Workspace(tree=tree, env=tmp_path / "env")
    checks = Checks(setup="pip install --quiet iniconfig && curl -sS https://evil.example/")
    toolchain = make_toolchain(bubblewrap(), checks, tree, Settings())
    with pytest.raises(ToolchainError, match=r"CONNECT tunnel failed, response 403") as failure:
        await toolchain.install(workspace)
    assert "Refused hosts: evil.example:443" in failure.value.message
    assert list(workspace.env.glob("lib/python3*/site-packages/iniconfig"))


async def test_an_interpreter_fitting_the_repository_is_used_or_named(tmp_path: Path) -> None:
    files = {"setup.cfg": "[metadata]\nname = x\n[options]\npython_requires = >=4\n", "x.py": ""}
    workspace = Workspace(tree=write(tmp_path / "tree", files), env=tmp_path / "env")
    with pytest.raises(ToolchainError, match=r"needs Python >=4; this machine has 3\."):
        await make_toolchain(bubblewrap(), Checks(), workspace.tree, Settings()).install(workspace)
    assert describe_versions().startswith("Python 3.")


async def test_a_repository_without_python_is_told_what_to_set(tmp_path: Path) -> None:
    workspace = Workspace(tree=write(tmp_path / "tree", {"main.go": "package main\n"}), env=tmp_path / "env")
    with pytest.raises(ToolchainError, match=r"Set `checks.setup` and `checks.test`"):
        await make_toolchain(bubblewrap(), Checks(), workspace.tree, Settings()).install(workspace)
    named = Checks(setup="true", test="sh check.sh", results="exit")
    await make_toolchain(bubblewrap(), named, workspace.tree, Settings()).install(workspace)


async def test_the_process_tier_imports_the_tree_it_is_given(tmp_path: Path) -> None:
    workspace = Workspace(tree=write(tmp_path / "tree", UNITTEST), env=tmp_path / "env")
    toolchain = make_toolchain(Process(trust_code=True), Checks(), workspace.tree, Settings())
    await toolchain.install(workspace)
    changed = write(tmp_path / "changed", UNITTEST | {"calc/__init__.py": "def add(a, b):\n    return 0\n"})
    run = await toolchain.test(Workspace(tree=changed, env=workspace.env), ["tests/test_calc.py::AddTest::test_add"])
    assert (run.complete, list(run.verdicts().values())) == (True, ["failed"])


async def test_cancelling_a_test_run_leaves_no_results_behind(make: Make, tmp_path: Path) -> None:
    toolchain, workspace = make({"tests/test_slow.py": "import time\ndef test_slow(): time.sleep(60)\n"})
    task = asyncio.ensure_future(toolchain.test(workspace, ["tests/test_slow.py"]))
    await asyncio.sleep(0.5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_lines_are_counted_where_coverage_is_installed(make: Make) -> None:
    text = "def answer():\n    if False:\n        pass\n    return 42\n\n\ndef unused():\n    return 1\n"
    idle = "def idle():\n    return 1\n"
    module = "src/sample/__init__.py"
    # `parallel` names the data after the process; thresholds are no verdict
    settings = "[run]\nparallel = true\n[report]\nfail_under = 100\n"
    blinding = "import sys\n\ndef test_blinds():\n    sys.settrace(None)\n"
    files = {module: text, "src/sample/idle.py": idle, ".coveragerc": settings, "tests/test_blinds.py": blinding}
    toolchain, workspace = make(files)
    counted = {module: text, "src/sample/idle.py": idle}
    assert all(toolchain.counts(path, workspace.env) for path in counted)
    assert not toolchain.counts("tests/test_verdicts.py", workspace.env)
    run = await toolchain.test(workspace, ["tests/test_verdicts.py::test_passes"], counted=counted)
    assert run.verdicts() == {"tests/test_verdicts.py::test_passes": "passed"}
    assert run.command == "python -m pytest --continue-on-collection-errors tests/test_verdicts.py::test_passes"
    assert run.hits == {module: {1: 1, 2: 1, 4: 1, 7: 1, 8: 0}, "src/sample/idle.py": {1: 0, 2: 0}}
    with pytest.raises(CoverageError):
        await toolchain.test(workspace, ["tests/test_blinds.py"], counted=counted)
