"""Gradle with JUnit 4: every verdict right, and no build calls a lost or failing test a success."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import pytest_asyncio

from bot.sandbox.port import Limits
from bot.settings import Checks, Settings
from bot.toolchains.port import TestRun, Workspace
from bot.toolchains.repository import make_toolchain
from tests.support.patience import PATIENCE
from tests.support.sandboxes import bubblewrap
from tests.toolchains.conftest import write
from tests.toolchains.jvm.conftest import Opened
from tests.toolchains.zoos import below, open_zoo, told

pytestmark = pytest.mark.needs("gradle")
ZOO = Path(__file__).parent / "gradle"
LIB = "lib/src/test/java/shop"
PAGE = "web/src/test/java/shop/PageTest.java"
VERDICTS = {
    **below(
        f"{LIB}/CartTest.java",
        {
            "adds": ("passed", "call"),
            "fails": ("failed", "call"),
            "raises": ("failed", "call"),
            "expects": ("passed", "call"),
            "ignored": ("skipped", "call"),
            "assumes": ("skipped", "call"),
            "prints": ("passed", "call"),
            "takesTooLong": ("failed", "call"),
            "findsNoKey": ("failed", "call"),
            "failsLateElsewhere": ("passed", "call"),
        },
    ),
    **below(
        f"{LIB}/EvenTest.java",
        {'even[0: 1 is "even" :: <b>]': ("failed", "call"), 'even[1: 2 is "even" :: <b>]': ("passed", "call")},
    ),
    **below(
        f"{LIB}/HooksTest.java",
        {
            "Broken::one": ("error", "setup"),
            "Broken::two": ("error", "setup"),
            "BeforeFails::waits": ("error", "setup"),
            "AfterFails::passes": ("error", "teardown"),
        },
    ),
    f"{PAGE}::adds": ("passed", "call"),
}
ENDS = """package shop;

public class EndsTest {
    @org.junit.Test
    public void ends() {
        System.exit(0);
    }
}
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def installed(tmp_path_factory: pytest.TempPathFactory) -> Opened:
    return await open_zoo(ZOO, tmp_path_factory.mktemp("gradle"))


async def run(installed: Opened, folder: Path, files: dict[str, str], *targets: str) -> TestRun:
    tree = write(Path(shutil.copytree(ZOO, folder / "tree")), files)
    toolchain = make_toolchain(bubblewrap(), Checks(), tree, Settings())
    workspace = Workspace(tree=tree, env=installed[1].env)
    return await toolchain.test(workspace, targets, limits=Limits(seconds=PATIENCE))


async def test_every_kind_of_verdict_in_all_projects(installed: Opened, tmp_path: Path) -> None:
    """The build script ignores failures: it is not asked."""
    (part,) = installed[0].parts
    assert (part.unit.manager, part.unit.evidence) == ("gradle", ("`settings.gradle`", "`build.gradle`"))
    done = await run(installed, tmp_path, {})
    assert done.complete, done.completeness
    assert done.result.exit_code == 1
    assert told(done) == VERDICTS


async def test_one_class_is_run_alone_with_what_it_holds(installed: Opened, tmp_path: Path) -> None:
    done = await run(installed, tmp_path, {}, f"{LIB}/HooksTest.java", f"{PAGE}::adds")
    assert done.command == "gradle test --tests shop.HooksTest --tests shop.PageTest"
    assert done.complete, done.completeness
    hooks = {name: verdict for name, verdict in VERDICTS.items() if name.startswith((f"{LIB}/HooksTest", PAGE))}
    assert told(done) == hooks


async def test_exit_0_in_a_test_is_no_success(installed: Opened, tmp_path: Path) -> None:
    """Gradle says BUILD SUCCESSFUL, and leaves the test out of its report.

    Now and then the process is gone before Gradle has heard that the test began: then its file is what has no verdict.
    """
    done = await run(installed, tmp_path, {f"{LIB}/EndsTest.java": ENDS}, f"{LIB}/EndsTest.java")
    assert not done.complete
    heard = {f"{LIB}/EndsTest.java::ends": ("error", "crash")}
    assert (done.completeness.culprits, told(done)) in (
        ((f"{LIB}/EndsTest.java::ends",), heard),
        ((), {f"{LIB}/EndsTest.java": ("error", "collect")}),
    )


async def test_what_does_not_compile_is_an_error_of_all_tests(installed: Opened, tmp_path: Path) -> None:
    done = await run(
        installed, tmp_path, {"lib/src/main/java/shop/Cart.java": "package shop;\n\npublic class Cart {}\n"}
    )
    assert not done.ran_any
    assert set(told(done).values()) == {("error", "build")}
    assert {f"{LIB}/CartTest.java::adds", f"{PAGE}::adds"} <= set(told(done))
