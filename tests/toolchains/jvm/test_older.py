"""JUnit 4 and TestNG under Surefire 2.22, by its own report: every verdict right, a crash never green."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import pytest_asyncio

from bot.settings import Checks, Settings
from bot.toolchains.port import Workspace
from bot.toolchains.repository import make_toolchain
from tests.support.maven import DEBIAN, serve_mirror
from tests.support.sandboxes import bubblewrap
from tests.toolchains.conftest import write
from tests.toolchains.jvm.conftest import Opened
from tests.toolchains.zoos import below, open_zoo, told

pytestmark = [pytest.mark.needs("maven of Debian", "sandbox"), pytest.mark.xdist_group("maven of Debian")]
ZOO = Path(__file__).parent / "older"
TESTS = "src/test/java/shop"
WANTED = {
    "junit4": below(
        f"{TESTS}/CartTest.java",
        {
            "adds": ("passed", "call"), "fails": ("failed", "call"), "raises": ("failed", "call"),
            "waits": ("skipped", "call"), "assumes": ("skipped", "call"), "expects": ("passed", "call"),
            "takesTooLong": ("failed", "call"), "prints": ("passed", "call"), "isNotPrepared": ("error", "setup"),
            "isNotTidied": ("error", "teardown"),
        },
    )
    | below(f"{TESTS}/EvenTest.java", {"even[0]": ("failed", "call"), "even[1]": ("passed", "call")})
    | below(f"{TESTS}/BrokenTest.java", {"one": ("error", "setup"), "two": ("error", "setup")}),
    # what could not be set up is skipped for TestNG, and its hook a failed test of that name
    "testng": below(
        f"{TESTS}/CartTest.java",
        {
            "adds": ("passed", "call"), "fails": ("failed", "call"), "raises": ("failed", "call"),
            "skips": ("skipped", "call"), "needsAnother": ("skipped", "call"), "expects": ("passed", "call"),
            "even": ("failed", "call"), "even#2": ("passed", "call"),
        },
    )
    | below(f"{TESTS}/BrokenTest.java", {"open": ("error", "setup"), "one": ("skipped", "call")}),
}  # fmt: skip


@pytest_asyncio.fixture(scope="module", loop_scope="session", params=list(WANTED))
async def installed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Opened:
    folder = tmp_path_factory.mktemp("older")
    with serve_mirror(folder, DEBIAN) as (address, certificate), pytest.MonkeyPatch.context() as patch:
        patch.setenv("FORGEHAND_MAVEN_MIRROR", address)
        patch.setenv("SSL_CERT_FILE", str(certificate))
        return await open_zoo(ZOO / request.param, folder / request.param)


def lay(installed: Opened, folder: Path, files: dict[str, str]) -> Opened:
    """Return a fresh copy of the sample, with more files, on the installed artifacts."""
    shutil.copytree(ZOO / installed[1].tree.parent.name, folder / "tree")
    tree = write(folder / "tree", files)
    return make_toolchain(bubblewrap(), Checks(), tree, Settings()), Workspace(tree=tree, env=installed[1].env)


async def test_every_kind_of_verdict(installed: Opened, tmp_path: Path) -> None:
    toolchain, workspace = lay(installed, tmp_path, {})
    run = await toolchain.test(workspace)
    assert run.complete, (run.completeness, run.result.output[-2000:])
    assert told(run) == WANTED[installed[1].tree.parent.name]


async def test_one_that_ends_the_process_is_never_green_and_its_file_is_named(
    installed: Opened, tmp_path: Path
) -> None:
    package = "org.junit" if installed[1].tree.parent.name == "junit4" else "org.testng.annotations"
    text = (
        f"package shop;\n\npublic class ExitTest {{\n    @{package}.Test public void ends() {{ System.exit(0); }}\n}}\n"
    )
    toolchain, workspace = lay(installed, tmp_path, {f"{TESTS}/ExitTest.java": text})
    run = await toolchain.test(workspace)
    if "junit" in package:
        assert f"{TESTS}/ExitTest.java" in run.completeness.culprits
    else:
        # TestNG writes one report for all classes, which is lost as a whole
        assert set(run.verdicts().values()) == {"error"}
    alone = await toolchain.test(workspace, [f"{TESTS}/ExitTest.java"])
    assert alone.verdicts() == {f"{TESTS}/ExitTest.java::ends": "error"}
