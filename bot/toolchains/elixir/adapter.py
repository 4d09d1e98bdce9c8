"""Run the tests of a project of Mix."""

from __future__ import annotations

import asyncio
import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.sandbox.port import WORK, Mount
from bot.toolchains.elixir.paths import is_test_file
from bot.toolchains.elixir.programs import require_elixir
from bot.toolchains.events import End, Plan, Problem
from bot.toolchains.installer import render
from bot.toolchains.language import Install, Outcome
from bot.toolchains.placeholders import RESULTS
from bot.toolchains.results import RESULTS_FILE
from bot.toolchains.rounds import Round, run_apart, run_rounds
from bot.toolchains.session import ENV, Session
from bot.toolchains.units import Unit, walk_files

_INSIDE = "/forgehand/elixir"
_BUILD = "build"
# Dependencies as Mix has them written: {:name, "~> 1.0"}, {:name, git: ...}
_DEPENDENCY = re.compile(r'\{\s*:\w+\s*,\s*(?:"|git:|github:|\[?\s*only:|>=)')
_COMPILE = ["mix", "compile", "--no-deps-check"]
_REPORTING = {"FORGEHAND_RESULTS": RESULTS, "FORGEHAND_ROOT": WORK, "ELIXIR_ERL_OPTIONS": "+S 1:1"}
_HEX = "Hex, which fetches the dependencies, could not be installed from builds.hex.pm."
_GET_HEX = f'mix local.hex --force && mix local.rebar --force || {{ echo "{_HEX}" >&2; exit 1; }}'


@dataclass(frozen=True)
class ElixirAdapter:
    """Adapter of one project; ``tree`` is the base."""

    unit: Unit
    tree: Path
    written: tuple[str, ...] = (_BUILD,)

    def require(self) -> None:
        require_elixir()

    def mounts(self) -> Sequence[Mount]:
        return [*require_elixir().mounts(), Mount(source=Path(__file__).parent / "inside", target=_INSIDE)]

    def environment(self) -> Mapping[str, str]:
        own = [f"{root}/bin" for root in require_elixir().roots]
        return {
            "PATH": ":".join([*own, "/usr/local/bin", "/usr/bin", "/bin"]),
            "MIX_ENV": "test",
            "MIX_HOME": f"{ENV}/mix",
            "MIX_BUILD_PATH": f"{ENV}/{_BUILD}",
            "MIX_DEPS_PATH": f"{ENV}/deps",
            "HEX_HOME": f"{ENV}/hex",
            "HEX_OFFLINE": "1",
            "CI": "1",
            "TZ": "UTC",
            "NO_COLOR": "1",
        }

    def plan_install(self) -> Install:
        """Fetch dependencies where there are any, and compile.

        What does not compile is for the tests to tell.
        """
        folder = self.tree / self.unit.root
        text = (folder / "mix.exs").read_text(errors="replace")
        locked = (folder / "mix.lock").is_file()
        if not locked and not _DEPENDENCY.search(text):
            return Install([[_COMPILE], [["true"]]])
        tidy = [] if locked else [["rm", "-f", "mix.lock"]]
        fetch = [["sh", "-c", _GET_HEX], ["mix", "deps.get"], *tidy, ["mix", "deps.compile"]]
        env = {"HEX_OFFLINE": "0"}
        return Install([[*fetch, _COMPILE], fetch], env, authorities=("HEX_CACERTS_PATH",))

    async def test(self, session: Session, targets: Sequence[str]) -> Outcome:
        """Run the targets' files, or all.

        A project that does not compile is an error of each of them.
        """
        named = list(dict.fromkeys(self.unit.place(target) for target in targets))
        files = named or await asyncio.to_thread(self._list_files, session.workspace.tree)
        line = render(["mix", "test", *named], self.unit.root)
        compiled = await session.run(_COMPILE)
        if not compiled.ok or not files:
            problems = [Problem(id=self._name(file), phase="build", message=compiled.output) for file in files]
            return Outcome(line, compiled, [*problems, End()])
        found = await run_apart(lambda some: self._run_together(session, some), files, self._name)
        return Outcome(line, found.result, found.records)

    def _name(self, file: str) -> str:
        return posixpath.normpath(posixpath.join(self.unit.root, file))

    def _list_files(self, tree: Path) -> list[str]:
        found = (str(path) for path in walk_files(tree / self.unit.root))
        return [path for path in found if path.startswith("test/") and is_test_file(path)]

    async def _run_together(self, session: Session, files: Sequence[str]) -> Round:
        # the seed keeps the order of the files; one module at a time, so that a crash has one culprit
        argv = ["sh", "-c", f'exec 9>{RESULTS}/{RESULTS_FILE} && exec "$@"', "sh"]
        argv += ["elixir", "-r", f"{_INSIDE}/forgehand.exs", "-S", "mix", "test", "--no-deps-check", "--seed", "0"]
        argv += ["--max-cases", "1", "--max-failures", "1000000"]
        argv += ["--formatter", "ForgehandFormatter", "--formatter", "ExUnit.CLIFormatter"]

        async def run(left: Sequence[Plan]) -> Round:
            chosen = [word for plan in left for word in ("--only", f"test:{plan.key}")]
            again = {"FORGEHAND_AGAIN": "1"} if left else {}
            return await session.record([*argv, *chosen, *files], env={**_REPORTING, **again})

        return await run_rounds(run)
