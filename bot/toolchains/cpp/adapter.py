"""Build a project out of its tree, and run its tests and new ones that no build file names."""

from __future__ import annotations

import asyncio
import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bot.sandbox.port import CommandResult, Mount
from bot.toolchains.cpp.adoption import Adoption, rank_siblings
from bot.toolchains.cpp.ninja import MAKE, Made, adopt, make
from bot.toolchains.cpp.paths import COMPILED, is_test_file
from bot.toolchains.cpp.processes import Told, list_cases, make_process, run_alone
from bot.toolchains.cpp.registered import Registered
from bot.toolchains.cpp.report import Process
from bot.toolchains.cpp.sources import read_sources
from bot.toolchains.cpp.survey import Survey
from bot.toolchains.cpp.system import FOLDER, BuildSystem
from bot.toolchains.cpp.targets import Build
from bot.toolchains.events import End, Problem, Record
from bot.toolchains.installer import render
from bot.toolchains.language import Install, Outcome
from bot.toolchains.rounds import join_results
from bot.toolchains.session import Session
from bot.toolchains.units import Unit, walk_files

# A command line shown to people names at most so many tests.
_NAMED = 5
# A new test runs as its sibling does.
_KEPT = ("WORKING_DIRECTORY", "ENVIRONMENT")


@dataclass
class Adopted:
    """New test files, built without a build file.

    ``processes`` can run, ``told`` are those that could not be built.
    """

    processes: list[Process] = field(default_factory=list)
    told: Told = field(default_factory=Told)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class BuildAdapter:
    """Adapter of one project; ``tree`` is the base."""

    unit: Unit
    tree: Path
    system: BuildSystem
    written: tuple[str, ...] = (FOLDER,)

    def require(self) -> None:
        """Require the build system, Ninja and compilers."""
        self.system.require()

    def mounts(self) -> Sequence[Mount]:
        return ()

    def environment(self) -> Mapping[str, str]:
        # meson fills memory with a byte by chance, unless it is named
        return {"CI": "1", "TZ": "UTC", "NO_COLOR": "1", "MALLOC_PERTURB_": "165"}

    def plan_install(self) -> Install:
        """Configure with tests switched on, and build.

        What cannot be built is for the tests to tell.
        """
        steps = self.system.list_configure_steps(self.tree / self.unit.root)
        return Install([[*steps, MAKE], steps])

    async def test(self, session: Session, targets: Sequence[str]) -> Outcome:
        """Build what changed, then run the tests of the targets, or all."""
        made = await make(session, self.system)
        if not made.configured:
            problem = Problem(id=self.unit.root or ".", phase="build", message=made.result.output)
            return Outcome(self._render([]), made.result, [problem, End()])
        plan = await self.system.plan(session)
        new = await asyncio.to_thread(self._list_new, session.workspace.tree, made.build, targets)
        survey = await asyncio.to_thread(self._survey, session.workspace.tree, made, plan, new)
        unbuilt = list(survey.tell_unbuilt())
        told = Told([made.result] if unbuilt else [], unbuilt)
        adopted = await self._adopt(session, survey, new)
        told.add(adopted.told)
        registered = [one for one in await self._list(session, survey) if one.is_wanted(targets)]
        if registered:
            told.add(await self.system.run(session, registered))
        told.add(await run_alone(session, adopted.processes))
        line = self._render([one.registered.name for one in registered] if targets else [])
        records: list[Record] = [*told.records, End()] if told.records else []
        notes = await asyncio.to_thread(self._note_uncompiled, session.workspace.tree, made.build)
        return Outcome(line, join_results(told.results or [made.result]), records, (*adopted.notes, *notes))

    def _list_new(self, tree: Path, build: Build, targets: Sequence[str]) -> list[str]:
        """Return the test files that no build file names and the base has not.

        One of the base is built where an option that is off says so.
        """
        wanted = [target.partition("::")[0] for target in targets] or [
            posixpath.join(self.unit.root, str(place)) for place in walk_files(tree / self.unit.root)
        ]
        known = build.list_sources()
        new = [path for path in dict.fromkeys(wanted) if is_test_file(path) and path not in known]
        return [path for path in new if not (self.tree / path).exists()]

    def _note_uncompiled(self, tree: Path, build: Build) -> list[str]:
        """Say of changed files that nothing compiled them, so no test saw them."""
        known = build.list_sources()
        files = (posixpath.join(self.unit.root, str(place)) for place in walk_files(tree / self.unit.root))
        aside = [path for path in files if path.endswith(COMPILED) and path not in known and not is_test_file(path)]
        changed = [path for path in aside if _read(tree / path) != _read(self.tree / path)]
        return [f"`{path}` is changed and nothing that is built here compiles it: no test saw it." for path in changed]

    def _survey(self, tree: Path, made: Made, plan: Sequence[Registered], new: Sequence[str]) -> Survey:
        programs = (target for target in made.build.targets if target.is_program)
        texts = read_sources(tree, [*new, *(path for target in programs for path in target.sources)])
        default = posixpath.join(self.unit.root, self.system.build_file)
        return Survey(made.build, plan, texts, made.missing, made.result.output, default)

    async def _list(self, session: Session, survey: Survey) -> list[Process]:
        """List what CTest can run, with the cases of googletest in it."""
        cases = await list_cases(session, survey.list_programs())
        return [
            make_process(
                test, survey.find_file(test), cases.get(test.command[0] if test.command else "", {}), survey.build
            )
            for test in survey.list_built()
        ]

    async def _adopt(self, session: Session, survey: Survey, new: Sequence[str]) -> Adopted:
        """Build new test files as their siblings are."""
        adopted = Adopted()
        programs = survey.list_programs()
        for number, path in enumerate(path for path in new if path in survey.texts):
            ranked = rank_siblings(path, survey.build, programs, survey.texts)
            chosen, built = await adopt(session, ranked, survey.build, survey.texts)
            if chosen is None:
                adopted.told.add(_tell_unbuilt(path, built))
                continue
            cases = await list_cases(session, [chosen.program])
            test = _register(chosen, -1 - number, survey)
            adopted.processes.append(make_process(test, path, cases.get(chosen.program, {}), survey.build))
            adopted.notes = (*adopted.notes, chosen.note)
        return adopted

    def _render(self, names: Sequence[str]) -> str:
        return render(self.system.render(names if len(names) <= _NAMED else []), self.unit.root)


def _read(file: Path) -> bytes | None:
    return file.read_bytes() if file.is_file() and not file.is_symlink() else None


def _tell_unbuilt(path: str, result: CommandResult | None) -> Told:
    alone = "No build file names it, and no test is registered that it could be built like."
    problem = Problem(id=path, phase="build", message=alone if result is None else result.output)
    return Told([] if result is None else [result], [problem])


def _register(adoption: Adoption, number: int, survey: Survey) -> Registered:
    """Return the test that a new program would be.

    It runs where and as its sibling does.
    """
    sibling = next(test for test in survey.plan if survey.find_owner(test) == adoption.target)
    given = {name: sibling.properties[name] for name in _KEPT if name in sibling.properties}
    name = posixpath.splitext(posixpath.basename(adoption.path))[0]
    return Registered(number, name, (adoption.program,), properties=given)
