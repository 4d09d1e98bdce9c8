"""Tasks that find what an earlier one installed, in the real sandbox: what is shared, with whom, and what never is."""

from __future__ import annotations

import asyncio
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.git.changes import Changes
from bot.git.mirrors import Mirror
from bot.sandbox.port import Limits
from bot.settings import Checks, Settings
from bot.toolchains.port import ToolchainError
from bot.toolchains.repository import RepositoryToolchain, make_toolchain
from bot.work.environments import Shelf
from bot.work.workshop import BaseInstallation, Workshop
from tests.support.sandboxes import bubblewrap
from tests.toolchains.conftest import write

TEST = "import unittest, calc\nclass Case(unittest.TestCase):\n    def test(self): self.assertEqual(calc.two(), {})\n"
FILES = {"calc.py": "def two(): return 2\n", "requirements-test.txt": "\n", "tests/test_a.py": TEST.format(2)}
# tells one installation from the next
SETUP = 'python -c \'import uuid; open("/env/made-by", "w").write(uuid.uuid4().hex)\''
SHORT = Limits(seconds=30)


@dataclass(frozen=True)
class Repository:
    """A repository with its mirror, its shelf and folders of tasks."""

    folder: Path

    def commit(self, files: dict[str, str], branch: str = "main") -> str:
        """Commit files to a branch, and bring it into the mirror."""
        source = self.folder / "source"
        if not source.exists():
            source.mkdir(parents=True)
            self._git("init", "-q", "-b", "main")
            subprocess.run(["git", "init", "-q", "--bare", str(self.folder / "mirror.git")], check=True)
        if branch != "main":
            self._git("checkout", "-q", "-B", branch)
        write(source, files)
        self._git("add", ".")
        self._git("-c", "user.name=Mara", "-c", "user.email=mara@example.com", "commit", "-q", "-m", "a")
        kept = f"refs/forgehand/mirror/refs%2Fheads%2F{branch}"
        self._git("push", "-q", "-f", str(self.folder / "mirror.git"), f"HEAD:{kept}")
        return self._git("rev-parse", "HEAD").strip()

    def _git(self, *argv: str) -> str:
        done = subprocess.run(["git", *argv], cwd=self.folder / "source", check=True, capture_output=True, text=True)
        return done.stdout

    def task(
        self,
        name: str,
        sha: str,
        checks: Checks = Checks(),  # noqa: B008
        *,
        shelf: str = "1",
        settings: Settings = Settings(registries=["registry.invalid"]),  # noqa: B008
    ) -> Workshop:
        sandbox = bubblewrap()

        async def mirror() -> Mirror:
            return Mirror(self.folder / "mirror.git", "http://127.0.0.1", "http://127.0.0.1/octo/sample.git")

        def toolchain(tree: Path) -> RepositoryToolchain:
            return make_toolchain(sandbox, checks, tree, settings)

        return Workshop(
            self.folder / name, mirror, sha, sandbox, toolchain, Shelf(self.folder / "shelves" / shelf, "main")
        )

    def kept(self) -> list[Path]:
        return list((self.folder / "shelves").glob("*/*/kept.json"))


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path)


async def passes(workshop: Workshop) -> bool:
    return (await workshop.test(Changes())).result.ok


async def test_the_second_task_of_an_older_environment_tests_its_own_code(repository: Repository) -> None:
    first = await repository.task("one", repository.commit(FILES)).ready()
    later = repository.commit({"calc.py": "def two(): return 22\n", "tests/test_a.py": TEST.format(22)})
    workshop = repository.task("two", later)
    second = await workshop.ready()
    assert first.reused is None
    assert second.reused is not None
    assert second.reused.base_sha == first.base_sha
    assert second.commands == first.commands
    assert str(second.reused).endswith(f"for commit {first.base_sha[:8]}")
    assert await passes(workshop)
    assert (await workshop.run("git rev-parse --git-dir", Changes(), SHORT)).ok, "what builds ask is there again"


async def test_what_decides_an_environment_makes_a_new_one(repository: Repository) -> None:
    sha = repository.commit(FILES)
    await repository.task("one", sha).ready()
    assert (await repository.task("two", sha, Checks(minutes=3)).ready()).reused is None
    assert (await repository.task("three", sha, shelf="2").ready()).reused is None
    assert (await repository.task("four", repository.commit({"setup.cfg": "[options]\n"})).ready()).reused is None
    assert (await repository.task("five", repository.commit({"fast.c": "int x;\n"})).ready()).reused is None


async def test_a_link_in_what_decides_is_never_trusted(repository: Repository) -> None:
    repository.commit(FILES)
    (repository.folder / "source/requirements-dev.txt").symlink_to("deps")
    await repository.task("one", repository.commit({"deps": "\n"})).ready()
    assert (await repository.task("two", repository.commit({"deps": "# other\n"})).ready()).reused is None


async def test_a_pull_request_takes_what_the_default_branch_has_and_leaves_nothing(repository: Repository) -> None:
    base = repository.commit(FILES)
    await repository.task("one", base).ready()
    same = repository.commit({"calc.py": "def two(): return 3\n"}, "topic")
    other = repository.commit({"requirements-test.txt": "# changed\n"}, "topic")
    workshop = repository.task("two", same)
    assert (await workshop.ready()).reused is not None
    assert not (await workshop.run("echo planted > /env/bin/python", Changes(), SHORT)).ok
    assert not (await workshop.run("chmod 777 /env/bin", Changes(), SHORT)).ok
    assert (await repository.task("three", other).ready()).reused is None
    assert len(repository.kept()) == 1
    assert await passes(repository.task("four", base))


async def test_only_the_newest_commit_of_the_branch_is_kept(repository: Repository) -> None:
    old = repository.commit(FILES)
    repository.commit({"requirements-test.txt": "# newer\n"})
    await repository.task("one", old).ready()
    assert repository.kept() == []


async def test_a_setup_of_its_own_serves_the_very_same_tree_with_all_it_left(repository: Repository) -> None:
    checks = Checks(setup=f"{SETUP} && cp calc.py built.py")
    sha = repository.commit(FILES)
    await repository.task("one", sha, checks).ready()
    workshop = repository.task("two", sha, checks)
    assert (await workshop.ready()).reused is not None
    assert (await workshop.run("cmp calc.py built.py", Changes(), SHORT)).ok
    assert (workshop.env / "made-by").read_text() == (repository.folder / "one/env/made-by").read_text()
    other = repository.commit({"calc.py": "def two(): return 4\n"})
    assert (await repository.task("three", other, checks).ready()).reused is None


async def test_what_failed_or_ran_only_in_part_is_not_kept(repository: Repository) -> None:
    sha = repository.commit(FILES)
    with pytest.raises(ToolchainError):
        await repository.task("one", sha, Checks(setup="exit 3")).ready()
    # a requirement that cannot be had is left out, and may be there tomorrow
    absent = repository.commit({"requirements-test.txt": "no-such-package-anywhere\n"})
    assert not all(run.ok for run in (await repository.task("two", absent).ready()).commands)
    assert repository.kept() == []


async def test_two_tasks_at_once_both_have_one_and_one_is_kept(repository: Repository) -> None:
    sha = repository.commit(FILES)
    shops = [repository.task(name, sha) for name in ("one", "two")]
    installed: list[BaseInstallation] = await asyncio.gather(*(shop.ready() for shop in shops))
    assert [each.reused for each in installed] == [None, None]
    assert await asyncio.gather(*map(passes, shops)) == [True, True]
    assert len(repository.kept()) == 1
