"""Run the tests of a Ruby unit."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
from bot.toolchains.units import Unit, walk_files

_INSIDE = "/forgehand/ruby"
_REQUIRE = "Dir[*ARGV].each { |file| require file }"
_GEMFILES = ("Gemfile", "gems.rb")


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

    @property
    def _gemfile(self) -> str | None:
        folder = self.tree / self.unit.root
        return next((name for name in _GEMFILES if (folder / name).is_file()), None)

    def mounts(self) -> Sequence[Mount]:
        own = Mount(source=Path(__file__).parent / "inside", target=_INSIDE)
        return [*require_ruby().mounts(), own]

    def environment(self) -> Mapping[str, str]:
        ruby = find_ruby()
        own = f"{ruby.root}/bin:" if ruby is not None else ""
        bundle = {
            "BUNDLE_GEMFILE": f"{WORK}/{self.unit.root}/{self._gemfile}".replace("//", "/"),
            "BUNDLE_APP_CONFIG": f"{ENV}/bundle",
            "BUNDLE_FROZEN": "true" if self._has_lock else "false",
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
            **(bundle if self._gemfile else {}),
        }

    @property
    def _has_lock(self) -> bool:
        folder = self.tree / self.unit.root
        return any((folder / name).is_file() for name in ("Gemfile.lock", "gems.locked"))

    def plan_install(self) -> Install:
        """Install the gems, else take the machine's where they are there.

        A lock that the repository does not keep is not left in it.
        """
        if self._gemfile is None:
            return Install()
        made = "gems.locked" if self._gemfile == "gems.rb" else "Gemfile.lock"
        tidy = [] if self._has_lock else [["rm", "-f", made]]
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
