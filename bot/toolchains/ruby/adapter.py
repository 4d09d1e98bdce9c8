"""Run the tests of a Ruby unit."""

from __future__ import annotations

import asyncio
import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from bot.sandbox.port import WORK, Mount
from bot.toolchains.coverage import COVERAGE, Counter
from bot.toolchains.events import Plan
from bot.toolchains.installer import render
from bot.toolchains.language import Install, Outcome
from bot.toolchains.lcov import read_lcov
from bot.toolchains.placeholders import RESULTS
from bot.toolchains.rounds import Round, run_rounds
from bot.toolchains.ruby.paths import is_test, is_test_file
from bot.toolchains.ruby.programs import find_ruby, require_bundler, require_ruby, require_runner
from bot.toolchains.session import ENV, Session
from bot.toolchains.units import Unit, list_around, walk_files

_INSIDE = "/forgehand/ruby"
_REQUIRE = "Dir[*ARGV].each { |file| require file }"
_GEMFILES = ("Gemfile", "gems.rb")


def find_gemfile(tree: Path, root: str) -> str | None:
    """Return the Gemfile of a folder, or the nearest around it. Blocking.

    Bundler itself looks for it so.
    """
    places = (posixpath.join(folder, name) for folder in list_around(root) for name in _GEMFILES)
    return next((place for place in places if (tree / place).is_file()), None)


def _name_lock(gemfile: str) -> str:
    """Return the path of the lock that Bundler writes for a Gemfile."""
    return f"{gemfile}.lock" if gemfile.endswith("Gemfile") else gemfile.removesuffix(".rb") + ".locked"


# Our script names files from the top of the tree.
COUNTER = Counter(lambda path: path.endswith(".rb") and not is_test(path), read_lcov, {"": ""}, "*.lcov")


@dataclass(frozen=True)
class RubyAdapter:
    """Adapter of one unit; ``tree`` is the base."""

    unit: Unit
    tree: Path
    written: tuple[str, ...] = ()

    def require(self) -> None:
        """Require Ruby, and what runs the tests where nothing is installed."""
        require_ruby()
        if self._gemfile is None:
            require_runner(self.unit.runner)
        else:
            require_bundler()

    @cached_property
    def _gemfile(self) -> str | None:
        return find_gemfile(self.tree, self.unit.root)

    def mounts(self) -> Sequence[Mount]:
        own = Mount(source=Path(__file__).parent / "inside", target=_INSIDE)
        return [*require_ruby().mounts(), own]

    def environment(self) -> Mapping[str, str]:
        ruby = find_ruby()
        own = f"{ruby.root}/bin:" if ruby is not None else ""
        gemfile = self._gemfile or ""
        bundle = {
            "BUNDLE_GEMFILE": f"{WORK}/{gemfile}",
            "BUNDLE_APP_CONFIG": f"{ENV}/bundle",
            "BUNDLE_FROZEN": "true" if (self.tree / _name_lock(gemfile)).is_file() else "false",
        }
        return {
            "PATH": f"{own}/usr/local/bin:/usr/bin:/bin",
            "CI": "1",
            "TZ": "UTC",
            "NO_COLOR": "1",
            # tests in parallel processes would not be heard
            "PARALLEL_WORKERS": "1",
            "MT_CPU": "1",
            "MT_NO_PLUGINS": "1",
            **(bundle if gemfile else {}),
        }

    def plan_install(self) -> Install:
        """Install the gems, else take the machine's where they are there.

        A lock that the repository does not keep is not left in it.
        """
        if self._gemfile is None:
            return Install()
        lock = _name_lock(self._gemfile)
        made = posixpath.relpath(lock, self.unit.root or ".")
        tidy = [] if (self.tree / lock).is_file() else [["rm", "-f", made]]
        own = [["bundle", "config", "set", "--local", "path", f"{ENV}/gems"], ["bundle", "install"]]
        # installing to where the machine's gems are would ask for sudo, though nothing is missing
        host = [
            ["bundle", "config", "unset", "--local", "path"],
            ["bundle", "config", "set", "--local", "path.system", "true"],
            ["bundle", "check", "--dry-run"],
        ]
        return Install([[*own, *tidy], host], authorities=("SSL_CERT_FILE",))

    async def test(self, session: Session, targets: Sequence[str]) -> Outcome:
        """Run the targets' files, or all."""
        named = list(dict.fromkeys(self.unit.place(target) for target in targets))
        files = named or await asyncio.to_thread(self._list_files, session.workspace.tree)
        env = {"FORGEHAND_RESULTS": RESULTS, "FORGEHAND_ROOT": WORK}
        env |= {"FORGEHAND_COVERAGE": COVERAGE} if session.counted else {}

        async def run(left: Sequence[Plan]) -> Round:
            command = self._write_command(named, files, [plan.key for plan in left])
            return await session.record(command, env=env)

        found = await run_rounds(run)
        return Outcome(self._render(named), found.result, found.records)

    def _list_files(self, tree: Path) -> list[str]:
        """Return the test files of the unit, for runners that take no folder."""
        if self.unit.runner == "rspec":
            return []
        found = (str(path) for path in walk_files(tree / self.unit.root))
        return [path for path in found if is_test_file(path) and path.startswith(("test/", "tests/", "spec/"))]

    def _write_command(self, named: Sequence[str], files: Sequence[str], keys: Sequence[str]) -> list[str]:
        if self.unit.runner == "rspec":
            return ["ruby", f"{_INSIDE}/forgehand_rspec.rb", "--no-color", "--no-fail-fast", *(keys or named)]
        runner = self.unit.runner.replace("-", "_")
        return ["ruby", "-Ilib", "-Itest", "-Ispec", f"{_INSIDE}/forgehand_unit.rb", runner, *files, "--", *keys]

    def _render(self, named: Sequence[str]) -> str:
        if self.unit.runner == "rspec":
            line = ["rspec", *named]
        else:
            files = [f"./{one}" for one in named] or ["./test/**/*.rb"]
            line = ["ruby", "-Ilib", "-Itest", "-e", _REQUIRE, *files]
        return render([*(["bundle", "exec"] if self._gemfile else []), *line], self.unit.root)
