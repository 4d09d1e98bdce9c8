"""The sample of Maven, installed once through the real proxy from a mirror of this machine's artifacts."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import pytest_asyncio

from bot.settings import Checks, Settings
from bot.toolchains.port import Workspace
from bot.toolchains.repository import RepositoryToolchain, make_toolchain
from tests.support.maven import serve_mirror
from tests.support.sandboxes import bubblewrap
from tests.toolchains.conftest import write
from tests.toolchains.zoos import open_zoo

ZOO = Path(__file__).parent / "zoo"
Opened = tuple[RepositoryToolchain, Workspace]
Lay = Callable[..., Opened]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def installed_zoo(tmp_path_factory: pytest.TempPathFactory) -> Opened:
    folder = tmp_path_factory.mktemp("maven")
    with serve_mirror(folder) as (address, certificate), pytest.MonkeyPatch.context() as patch:
        patch.setenv("FORGEHAND_MAVEN_MIRROR", address)
        patch.setenv("SSL_CERT_FILE", str(certificate))
        return await open_zoo(ZOO, folder)


@pytest.fixture
def lay(installed_zoo: Opened, tmp_path: Path) -> Lay:
    """``lay({"path": "text"}, without=["path"])``: a fresh copy of the sample on the installed artifacts."""

    def build(files: dict[str, str] | None = None, without: tuple[str, ...] = ()) -> Opened:
        tree = tmp_path / "tree"
        shutil.copytree(ZOO, tree)
        for name in without:
            (tree / name).unlink()
        write(tree, files or {})
        toolchain = make_toolchain(bubblewrap(), Checks(), tree, Settings())
        return toolchain, Workspace(tree=tree, env=installed_zoo[1].env)

    return build
