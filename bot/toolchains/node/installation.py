"""Install a JavaScript repository: first without the scripts of its dependencies, with them where one cannot be loaded.

Only here do commands have a network. What was installed is moved out of the tree, and shown read-only at its place.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.sandbox.port import CommandResult, Limits, Mount, Sandbox
from bot.sandbox.proxy import CA_TARGET, RegistryProxy, find_certificates
from bot.settings import Settings
from bot.toolchains import submodules
from bot.toolchains.installer import make_error, render
from bot.toolchains.node import programs
from bot.toolchains.node.detection import Manager, Project, list_scripted
from bot.toolchains.node.manifest import read_manifest
from bot.toolchains.port import ToolchainError, Workspace
from bot.toolchains.session import run_in, split_folder
from bot.toolchains.workspace import remove_tree

ENV = "/env"
MODULES = "modules"
_CACHE = f"{ENV}/.cache"
_MANAGER = "manager"
# 1.6 GB was seen; a cold install of 800 packages takes minutes.
_LIMITS = Limits(seconds=1200, memory_mb=4096, processes=512, file_mb=4096, tmp_mb=2048)
_CA_VARIABLES = ("NODE_EXTRA_CA_CERTS", "npm_config_cafile", "YARN_HTTPS_CA_FILE_PATH")
# Files of the tree that managers write to.
_OWN = ("package.json", "package-lock.json", "pnpm-lock.yaml", "yarn.lock", ".yarnrc.yml", ".pnp.cjs")
# Folders below node_modules that runners write to; they are given scratch ones in each run.
WRITTEN = (".vite", ".vite-temp", ".vitest", ".cache")
# Names that cannot be loaded, one a line.
_LOAD = (
    "const r=require('node:module').createRequire(process.cwd()+'/x.js');"
    "(async()=>{for(const n of process.argv.slice(1)){try{r(n)}catch(e){"
    "if(!/ERR_REQUIRE_ESM|ERR_PACKAGE_PATH_NOT_EXPORTED/.test(e.code))console.log('forgehand-unloaded '+n)}}"
    "process.exit(0)})()"
)
_UNLOADED = "forgehand-unloaded "


@dataclass(frozen=True)
class Installer:
    """Installer of the projects of one repository.

    ``setup`` is the policy's own command, if any, ``env`` what every command of the toolchain sees.
    """

    sandbox: Sandbox
    settings: Settings
    setup: Sequence[str]
    env: dict[str, str]

    async def install(self, workspace: Workspace, project: Project) -> Sequence[CommandResult]:
        """Install the project's home into ``workspace.env``.

        Returns what ran, failed attempts included. Raises :class:`ToolchainError` with the last lines of the first
        failure where nothing can be installed, and where node does not fit.
        """
        await asyncio.to_thread(require_node, project)
        workspace.env.mkdir(parents=True, exist_ok=True)
        results: list[CommandResult] = []
        refused: list[str] = []
        kept = await asyncio.to_thread(_read_own, workspace.tree / project.home)
        if self.setup:
            results.append(await self._run(workspace, self.setup, refused))
        elif project.manifest.dependencies or project.home != project.unit.root or project.manifest.workspaces:
            results += await self._install_packages(workspace, project, refused)
        if results and not results[-1].ok:
            first = results[0].model_copy(update={"argv": (_show(results[0].argv),)})
            raise make_error(first, refused, await asyncio.to_thread(submodules.describe_missing, workspace.tree))
        await asyncio.to_thread(_move_modules, workspace)
        await asyncio.to_thread(_restore, kept)
        return [one.model_copy(update={"argv": (_show(one.argv),)}) for one in results]

    async def _install_packages(
        self, workspace: Workspace, project: Project, refused: list[str]
    ) -> list[CommandResult]:
        failed: list[CommandResult] = []
        manager = project.manager
        if manager.name != "npm":
            fetched = await self._run(workspace, _fetch(manager), refused)
            if not fetched.ok:
                return [fetched]
            await asyncio.to_thread(_require_for_manager, workspace.env, manager)
        for argv in list_attempts(manager):
            result = await self._run(workspace, run_in(project.home, argv), refused)
            if result.ok:
                built = await self._build_unloaded(workspace, project, refused)
                return [*failed, *built, result]
            failed.append(result)
        return failed

    async def _build_unloaded(self, workspace: Workspace, project: Project, refused: list[str]) -> list[CommandResult]:
        """Run the install scripts of the packages that cannot be loaded without."""
        names = await asyncio.to_thread(list_scripted, workspace.tree / project.home / "node_modules")
        if not names:
            return []
        argv = run_in(project.home, ["node", "-e", _LOAD, *names])
        tried = await self._run(workspace, argv, [], network=False)
        unloaded = [line.removeprefix(_UNLOADED) for line in tried.output.splitlines() if line.startswith(_UNLOADED)]
        wanted = [name for name in names if name in unloaded]
        if not wanted:
            return []
        built = await self._run(workspace, run_in(project.home, ["npm", "rebuild", *wanted]), refused)
        return [built]

    async def _run(
        self, workspace: Workspace, argv: Sequence[str], refused: list[str], *, network: bool = True
    ) -> CommandResult:
        node = programs.find_node()
        mounts = [Mount(source=workspace.env, target=ENV, writable=True), *(node.mounts() if node else ())]
        bundle, certificate_env = find_certificates()
        env = self.env | _manager_env() | certificate_env
        env |= dict.fromkeys(_CA_VARIABLES, CA_TARGET) if bundle else {}
        if not network:
            return await self.sandbox.run(argv, workspace.tree, mounts=mounts, limits=_LIMITS, env=self.env)
        async with RegistryProxy.from_settings(self.settings) as proxy:
            result = await self.sandbox.run(
                argv, workspace.tree, mounts=[*mounts, *bundle], limits=_LIMITS, network=proxy, env=env
            )
            refused += [host for host in proxy.refused if host not in refused and not result.ok]
        return result


def list_attempts(manager: Manager) -> list[list[str]]:
    """Return the commands that install without scripts, the strictest first."""
    if manager.name == "pnpm":
        program = ["node", f"{ENV}/{_MANAGER}/node_modules/pnpm/bin/pnpm.cjs", "install", "--ignore-scripts"]
        program += [f"--store-dir={_CACHE}/pnpm", "--package-import-method=copy"]
        frozen = [[*program, "--frozen-lockfile"]] if manager.frozen else []
        return [*frozen, [*program, "--no-frozen-lockfile", "--lockfile=false"]]
    if manager.name == "yarn" and is_classic(manager):
        program = ["node", f"{ENV}/{_MANAGER}/node_modules/yarn/bin/yarn.js", "install", "--ignore-scripts"]
        program += ["--non-interactive", f"--cache-folder={_CACHE}/yarn"]
        frozen = [[*program, "--frozen-lockfile"]] if manager.frozen else []
        return [*frozen, [*program, "--pure-lockfile"]]
    if manager.name == "yarn":
        program = [
            "node",
            f"{ENV}/{_MANAGER}/node_modules/@yarnpkg/cli-dist/bin/yarn.js",
            "install",
            "--mode=skip-build",
        ]
        return [[*program, "--immutable"], [*program, "--no-immutable"]]
    options = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    frozen = [["npm", "ci", *options]] if manager.frozen else []
    loose = ["npm", "install", *options, "--no-package-lock"]
    return [*frozen, loose, [*loose, "--legacy-peer-deps"]]


def is_classic(manager: Manager) -> bool:
    """Return whether a yarn is of the first generation."""
    return manager.version.partition(".")[0] in ("", "0", "1")


def _fetch(manager: Manager) -> list[str]:
    """Fetch the repository's manager from the registry.

    Corepack would ask other hosts, and also while tests run.
    """
    name = _package_of(manager)
    version = manager.version or ("1" if name == "yarn" else "9")
    options = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", "--no-package-lock"]
    return ["npm", "install", "--prefix", f"{ENV}/{_MANAGER}", *options, f"{name}@{version}"]


def _manager_env() -> dict[str, str]:
    """Return the settings of npm, pnpm and yarn.

    Yarn 2 and newer ignore the proxy's usual variables.
    """
    return {
        "npm_config_cache": f"{_CACHE}/npm",
        "npm_config_fetch_retry_mintimeout": "1000",
        "npm_config_fetch_retry_maxtimeout": "4000",
        "YARN_HTTPS_PROXY": "{proxy}",
        "YARN_HTTP_PROXY": "{proxy}",
        "YARN_IGNORE_PATH": "1",
        "YARN_NODE_LINKER": "node-modules",
        "YARN_ENABLE_TELEMETRY": "0",
        "YARN_ENABLE_GLOBAL_CACHE": "false",
        "YARN_CACHE_FOLDER": f"{_CACHE}/yarn",
        "YARN_INSTALL_STATE_PATH": f"{_CACHE}/yarn-state.gz",
        "COREPACK_ENABLE_STRICT": "0",
    }


def require_node(project: Project) -> None:
    """Raise :class:`ToolchainError` where no node fits the project. Blocking."""
    node = programs.find_node()
    if node is None:
        raise ToolchainError(programs.MISSING)
    if node.version < programs.OLDEST or not programs.satisfies(node.version, project.manifest.node):
        wanted = project.manifest.node or ">=20"
        raise ToolchainError(f"The repository needs node {wanted}; this machine has {node.text}.")


def _require_for_manager(env: Path, manager: Manager) -> None:
    """Raise :class:`ToolchainError` where the manager needs another node."""
    node = programs.find_node()
    fetched = read_manifest(env / _MANAGER / "node_modules" / _package_of(manager))
    if node is not None and fetched is not None and not programs.satisfies(node.version, fetched.node):
        name = f"{manager.name} {manager.version}".strip()
        raise ToolchainError(f"The repository's {name} needs node {fetched.node}; this machine has {node.text}.")


def _package_of(manager: Manager) -> str:
    return "@yarnpkg/cli-dist" if manager.name == "yarn" and not is_classic(manager) else manager.name


def _read_own(folder: Path) -> dict[Path, bytes | None]:
    """Return the files that a manager may write anew while it installs."""
    files = (folder / name for name in _OWN)
    return {file: file.read_bytes() if file.is_file() and not file.is_symlink() else None for file in files}


def _restore(kept: Mapping[Path, bytes | None]) -> None:
    """Put back what was there: the tree is the repository's, not a manager's."""
    for file, content in kept.items():
        if content is not None:
            if not file.is_file() or file.read_bytes() != content:
                file.write_bytes(content)
        elif file.is_file():
            file.unlink()


def _move_modules(workspace: Workspace) -> None:
    """Move every node_modules of the tree below the environment.

    Their places are noted there.
    """
    places = []
    for folder in _find_modules(workspace.tree):
        for name in WRITTEN:
            (folder / name).mkdir(exist_ok=True)
        place = folder.relative_to(workspace.tree).as_posix()
        target = workspace.env / MODULES / place
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(folder, target)
        places.append(place)
    (workspace.env / f"{MODULES}.json").write_text(json.dumps(places))
    for name in (".cache", _MANAGER):
        remove_tree(workspace.env / name)


def _find_modules(tree: Path) -> list[Path]:
    found = []
    for folder, folders, _ in os.walk(tree):
        if "node_modules" in folders and not (Path(folder) / "node_modules").is_symlink():
            found.append(Path(folder) / "node_modules")
        folders[:] = [name for name in folders if name != "node_modules" and not name.startswith(".git")]
    return found


def _show(argv: Sequence[str]) -> str:
    """Render what a person would type."""
    where, words = split_folder(argv)
    if len(words) > 1 and words[0] == "node" and words[1].startswith(f"{ENV}/{_MANAGER}"):
        words = ["pnpm" if "pnpm" in words[1] else "yarn", *words[2:]]
    kept = [
        word for word in words if not word.startswith((f"--store-dir={ENV}", f"--cache-folder={ENV}", "--loglevel"))
    ]
    return render(kept, where)
