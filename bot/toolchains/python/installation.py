"""Install a Python repository into a virtual environment.

Only here do commands have a network.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bot.sandbox.index import make_url_inside
from bot.sandbox.port import CommandResult, Limits, Mount, Sandbox
from bot.sandbox.proxy import RegistryProxy, find_certificates
from bot.settings import Settings
from bot.toolchains import submodules
from bot.toolchains.installer import make_error
from bot.toolchains.port import ToolchainError, Workspace
from bot.toolchains.python import commands, requirements
from bot.toolchains.python.config import read_toml
from bot.toolchains.python.interpreters import Interpreter, find_interpreters, find_uv, pick_interpreter
from bot.toolchains.python.project import Project, detect
from bot.toolchains.python.units import is_python
from bot.toolchains.workspace import remove_tree

# Compiling one C extension takes minutes; resolving 800 packages took 1.1 GB.
_LIMITS = Limits(seconds=1200, memory_mb=4096, processes=512, file_mb=4096)
# Steps before anything is installed: a repository and an environment.
_BEFORE = 2
# Installs spent on finding the requirements that are not available.
_MOST_TRIES = 24
_NO_TESTS = (
    "I find no tests that I can run here: none of Python, nor of another language by a build and a runner that I know "
    "(docs/languages.md of Forgehand lists them). Set `checks.setup` and `checks.test` in .github/forgehand.yml to the "
    "commands that install and test it."
)


@dataclass(frozen=True)
class Installer:
    """Installer of one repository.

    ``setup`` is the policy's own command, if any, ``env`` what every command of the toolchain sees.
    """

    sandbox: Sandbox
    settings: Settings
    setup: Sequence[str]
    env: dict[str, str]

    async def install(self, workspace: Workspace) -> Sequence[CommandResult]:
        """Make ``workspace.env`` and install ``workspace.tree`` into it, editable.

        What cannot be installed is left out step by step (:func:`plan_attempts`). The results, failed attempts
        included, hold what a person would type. Raises :class:`ToolchainError` with the first failure's last lines
        where every attempt fails, and where no Python fits.
        """
        attempts = await asyncio.to_thread(lambda: list(plan_attempts(workspace.tree)))
        interpreter = await asyncio.to_thread(_find_interpreter, attempts[0])
        workspace.env.mkdir(parents=True, exist_ok=True)
        failed: list[CommandResult] = []
        refused: list[str] = []
        for project in attempts[:1] if self.setup else attempts:
            steps = self._steps(workspace, project, interpreter)
            results = await self._run(workspace, steps, interpreter, refused)
            # With unittest, nothing that is unavailable may be needed.
            if results[-1].ok:
                if project.optional:
                    results += await self._add_optional(workspace, project, interpreter, refused)
                await asyncio.to_thread(remove_tree, workspace.env / ".cache")
                # The repository and the environment are made once, whatever fails afterwards.
                shown = [*failed, *results[1:]]
                return [one.model_copy(update={"argv": (commands.render_command(one.argv),)}) for one in shown]
            failed.append(results[-1])
        first = failed[0].model_copy(update={"argv": (commands.render_command(failed[0].argv),)})
        raise make_error(first, refused, await asyncio.to_thread(submodules.describe_missing, workspace.tree))

    def _steps(self, workspace: Workspace, project: Project, interpreter: Interpreter) -> list[list[str]]:
        if project.locked and not self.setup:
            (workspace.env / commands.CONSTRAINTS).write_text("\n".join(project.locked))
        uv = find_uv() is not None
        program = str(interpreter.program)
        foreign = None if uv else interpreter.pip
        pip = None if uv else commands.call_pip(foreign)
        if pip is not None:
            project = replace(project, groups=(), packages=(*project.packages, *_list_groups(project, workspace.tree)))
        installs = [list(self.setup)] if self.setup else commands.install(project, pip)
        seeded = bool(self.setup) or (not uv and foreign is None and bool(installs))
        return [commands.make_repository(), commands.make_environment(program, uv=uv, pip=seeded), *installs]

    async def _add_optional(
        self, workspace: Workspace, project: Project, interpreter: Interpreter, refused: list[str]
    ) -> list[CommandResult]:
        """Add the optional requirements that are available.

        They are halved until what cannot be had stands alone; then any version of it will do. Returns the last
        success, and what failed alone.
        """
        waiting = [project.optional]
        added: list[CommandResult] = []
        alone: list[CommandResult] = []
        for _ in range(_MOST_TRIES):
            if not waiting:
                break
            lines = waiting.pop(0)
            more = replace(project, packages=(*project.packages, *lines))
            steps = self._steps(workspace, more, interpreter)[_BEFORE:]
            ran = await self._run(workspace, steps, interpreter, refused)
            if ran[-1].ok:
                project = more
                added = ran
            elif len(lines) > 1:
                waiting += [lines[: len(lines) // 2], lines[len(lines) // 2 :]]
            else:
                alone.append(ran[-1])
                loose = requirements.loosen(lines[0])
                waiting += [(loose,)] if loose not in (None, lines[0]) else []
        return [*alone, *added]

    async def _run(
        self, workspace: Workspace, steps: Sequence[Sequence[str]], interpreter: Interpreter, refused: list[str]
    ) -> list[CommandResult]:
        """Run steps up to the first that fails; collect what hosts were refused."""
        mounts = [Mount(source=workspace.env, target=commands.ENV, writable=True), *interpreter.mounts()]
        if uv := find_uv():
            mounts.append(Mount(source=uv, target=commands.UV))
        bundle, certificate_env = find_certificates()
        env = self.env | certificate_env | _index_env(self.settings)
        results: list[CommandResult] = []
        async with RegistryProxy.from_settings(self.settings) as proxy:
            for argv in steps:
                result = await self.sandbox.run(
                    argv, workspace.tree, mounts=[*mounts, *bundle], limits=_LIMITS, network=proxy, env=env
                )
                results.append(result)
                if not result.ok:
                    refused += [host for host in proxy.refused if host not in refused]
                    break
        return results


def require_python(tree: Path) -> None:
    """Raise :class:`ToolchainError` where there is no Python. It blocks."""
    if not is_python(tree):
        raise ToolchainError(_NO_TESTS)


def plan_attempts(tree: Path) -> Iterator[Project]:
    """Yield what to install, less of it each time. Blocking.

    A lock may be for another Python, or outdated: today's versions are the better guess. An application that cannot be
    built is tested from the tree with its dependencies. One requirement that cannot be had (a git address, an old pin)
    must not keep the package, its test runner or the other requirements away, and one of the package's own not what
    else it needs.
    """
    whole = detect(tree)
    unbuilt = detect(tree, build=False)
    bare = replace(
        whole,
        requirements=(),
        packages=(),
        groups=(),
        extras=(),
        members=tuple(member.partition("[")[0] for member in whole.members),
    )
    each = _list_each(unbuilt, tree)
    bare = replace(bare, locked=(), optional=each)
    projects = [whole, replace(whole, locked=()), unbuilt, replace(unbuilt, locked=())]
    projects += [bare, replace(bare, installable=False, members=())]
    yield from dict.fromkeys(projects)


def _list_each(project: Project, tree: Path) -> tuple[str, ...]:
    """Return every requirement of the project by itself. Blocking."""
    listed = [*project.packages]
    for name in project.requirements:
        listed += requirements.read_file(tree, name)
    listed += _list_groups(project, tree)
    return tuple(dict.fromkeys(line for line in listed if not line.startswith("-")))


def _list_groups(project: Project, tree: Path) -> list[str]:
    """Return the requirements of the project's groups. Blocking."""
    listed = []
    for group in project.groups:
        file, _, name = group.rpartition(":")
        listed += requirements.read_group(read_toml(tree / (file or "pyproject.toml")), name)
    return listed


def require_interpreter(tree: Path) -> None:
    """Raise :class:`ToolchainError` where no Python here fits. Blocking."""
    _find_interpreter(detect(tree))


def _find_interpreter(project: Project) -> Interpreter:
    found = pick_interpreter(project.requires_python, project.pythons, find_interpreters())
    if found is None:
        here = ", ".join(one.text for one in find_interpreters())
        raise ToolchainError(
            f"The repository needs Python {project.requires_python}; this machine has {here}. Install a fitting one, "
            "for example with `uv python install`."
        )
    return found


def _index_env(settings: Settings) -> dict[str, str]:
    env = {
        "UV_CACHE_DIR": f"{commands.ENV}/.cache",
        "PIP_NO_CACHE_DIR": "1",
        "UV_PYTHON_DOWNLOADS": "never",
        # the environment is read-only afterwards
        "UV_COMPILE_BYTECODE": "1",
        "UV_HTTP_TIMEOUT": "120",
    }
    index = make_url_inside(settings)
    return env | ({"UV_DEFAULT_INDEX": index, "PIP_INDEX_URL": index} if index else {})
