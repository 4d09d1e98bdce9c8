"""Run the tests of a PHP unit."""

from __future__ import annotations

import asyncio
import json
import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

from bot.sandbox.port import WORK, Mount
from bot.toolchains.coverage import COVERAGE, Counter
from bot.toolchains.events import End, Plan, Problem
from bot.toolchains.installer import render
from bot.toolchains.language import Install, Outcome
from bot.toolchains.lcov import read_lcov
from bot.toolchains.php.config import find_bootstrap, list_files, read_config, write_config
from bot.toolchains.php.paths import is_test
from bot.toolchains.php.programs import find_php, find_phpunit, has_pcov, require_php
from bot.toolchains.placeholders import RESULTS
from bot.toolchains.port import ToolchainError
from bot.toolchains.rounds import Round, run_apart, run_rounds
from bot.toolchains.session import ENV, Session
from bot.toolchains.units import Unit, list_around
from bot.toolchains.workspace import make_mount_point

_INSIDE = "/forgehand/php"
_CONFIG = "/forgehand/phpunit.xml"
# The first is told by a printer, newer ones by their events.
_UNDERSTOOD = range(9, 14)
# pcov looks at files below one folder.
_COUNTING = ["-d", "pcov.enabled=1", "-d", f"pcov.directory={WORK}", "-d", "pcov.exclude=~/vendor/~"]
_COUNTING += ["-d", "opcache.enable_cli=0"]  # which leaves lines out
# Packages that are the platform's, not Composer's.
_PLATFORM = re.compile(r"php(-64bit)?|ext-[\w-]+|lib-[\w-]+|composer-[\w-]+|phpunit/phpunit")


def counts(path: str) -> bool:
    """Return whether lines of a file can be counted. Blocking."""
    return path.endswith(".php") and not is_test(path) and has_pcov()


# Our script names files from the top of the tree.
COUNTER = Counter(counts, read_lcov, {"": ""}, "*.lcov")


def read_requirements(folder: Path) -> dict[str, str]:
    """Return the packages that composer.json names, for tests too. Blocking."""
    path = folder / "composer.json"
    if path.is_symlink() or not path.is_file():
        return {}
    try:
        found = json.loads(path.read_text(errors="replace"))
    except (ValueError, RecursionError):
        return {}
    lists = [found.get(name) for name in ("require", "require-dev")] if isinstance(found, dict) else []
    return {str(name): str(range) for one in lists if isinstance(one, dict) for name, range in one.items()}


def find_home(tree: Path, root: str) -> str:
    """Return the folder that Composer installs for a unit. Blocking.

    It is its own, or where it has none, the nearest around it that names PHPUnit.
    """
    if (tree / root / "composer.json").is_file():
        return root
    return next((one for one in list_around(root) if "phpunit/phpunit" in read_requirements(tree / one)), root)


@dataclass(frozen=True)
class PhpAdapter:
    """Adapter of one unit; ``tree`` is the base."""

    unit: Unit
    tree: Path
    written: tuple[str, ...] = ()

    @property
    def _folder(self) -> Path:
        return self.tree / self.unit.root

    @property
    def _inside(self) -> str:
        return posixpath.normpath(posixpath.join(WORK, self.unit.root))

    @cached_property
    def _home(self) -> str:
        return find_home(self.tree, self.unit.root)

    @property
    def _needs(self) -> dict[str, str]:
        return read_requirements(self.tree / self._home)

    def require(self) -> None:
        """Require PHP, and a PHPUnit where none is installed."""
        require_php()
        if "phpunit/phpunit" not in self._needs and find_phpunit() not in _UNDERSTOOD:
            raise ToolchainError("composer.json names no PHPUnit, and this machine has none of 9 to 13. Name it there.")

    def mounts(self) -> Sequence[Mount]:
        return [*require_php().mounts(), Mount(source=Path(__file__).parent / "inside", target=_INSIDE)]

    def environment(self) -> Mapping[str, str]:
        php = find_php()
        own = f"{php.root}/bin:" if php is not None else ""
        return {
            "PATH": f"{own}/usr/local/bin:/usr/bin:/bin",
            "COMPOSER_VENDOR_DIR": f"{ENV}/vendor",
            "COMPOSER_HOME": f"{ENV}/composer",
            "COMPOSER_NO_INTERACTION": "1",
            "CI": "1",
            "TZ": "UTC",
            "NO_COLOR": "1",
        }

    def plan_install(self) -> Install:
        """Install what Composer names, without scripts and plugins.

        Where nothing but PHPUnit is missing, the machine's own is taken.
        """
        home = self.tree / self._home
        if not (home / "composer.json").is_file():
            return Install()
        to_home = posixpath.relpath(self._home or ".", self.unit.root or ".")
        composer = ["composer"] if to_home == "." else ["composer", f"--working-dir={to_home}"]
        tidy = [] if (home / "composer.lock").is_file() else [["rm", "-f", posixpath.join(to_home, "composer.lock")]]
        install = [*composer, "install", "--no-scripts", "--no-plugins", "--no-progress", "--prefer-dist"]
        attempts = [[install, *tidy]]
        if find_phpunit() == 9 and all(_PLATFORM.fullmatch(name) for name in self._needs):
            attempts.append([[*composer, "dump-autoload", "--dev", "--no-scripts", "--no-plugins"]])
        return Install(attempts, authorities=("SSL_CERT_FILE",))

    async def test(self, session: Session, targets: Sequence[str]) -> Outcome:
        """Run the targets' files, or all.

        What cannot be parsed would end all of the run, so it is left out and told.
        """
        named = list(dict.fromkeys(self.unit.place(target) for target in targets))
        config = await asyncio.to_thread(read_config, self._folder)
        files = named or await asyncio.to_thread(list_files, config, session.workspace.tree / self.unit.root)
        line = render(["phpunit", *named], self.unit.root)
        parsed = await session.run(["php", f"{_INSIDE}/forgehand_parse.php", *files], report="parse.jsonl")
        broken = _read_broken(await asyncio.to_thread(session.read_report, "parse.jsonl"))
        problems = [Problem(id=self._name(file), phase="collect", message=text) for file, text in broken.items()]
        sound = [file for file in files if file not in broken]
        found = Round(parsed, [End()])
        if sound:
            found = await run_apart(lambda some: self._run_together(session, config, some), sound, self._name)
        if problems and found.result.exit_code == 0:
            # as PHPUnit itself would have ended
            found = found._replace(result=found.result.model_copy(update={"exit_code": 1}))
        return Outcome(line, found.result, [*problems, *found.records])

    def _name(self, file: str) -> str:
        return posixpath.normpath(posixpath.join(self.unit.root, file))

    async def _run_together(self, session: Session, config: ElementTree.Element, files: Sequence[str]) -> Round:
        prepared = await asyncio.to_thread(self._prepare, session, config, files)
        own = replace(session, mounts=[*session.mounts, *prepared.mounts])
        argv = [
            "php",
            *(_COUNTING if session.counted else ["-d", "pcov.enabled=0"]),
            "-d",
            f"auto_prepend_file={_INSIDE}/forgehand_records.php",
            prepared.program,
            "-c",
            _CONFIG,
        ]
        argv += ["--do-not-cache-result", "--random-order-seed", "1"]
        argv += [] if prepared.by_events else ["--printer", "ForgehandPrinter"]
        env = {"FORGEHAND_RESULTS": RESULTS, "FORGEHAND_ROOT": WORK, "FORGEHAND_BOOTSTRAP": prepared.bootstrap}
        env |= {"FORGEHAND_COVERAGE": COVERAGE} if session.counted else {}

        async def run(left: Sequence[Plan]) -> Round:
            names = "|".join(re.escape(plan.key).replace("/", r"\/") for plan in left)
            chosen = ["--filter", f"/^(?:{names})$/"] if left else []
            return await own.record([*argv, *chosen], env=env)

        return await run_rounds(run)

    def _prepare(self, session: Session, config: ElementTree.Element, files: Sequence[str]) -> _Prepared:
        """Write the configuration and show what Composer installed. Blocking."""
        vendor = session.workspace.env / "vendor"
        shown = posixpath.join(WORK, self._home, "vendor")
        mounts = []
        if vendor.is_dir():
            make_mount_point(session.workspace.tree, posixpath.join(self._home, "vendor"))
            mounts.append(Mount(source=vendor, target=shown))
        autoload = f"{shown}/autoload.php" if (vendor / "autoload.php").is_file() else ""
        program, by_events = _find_program(vendor, shown)
        bootstrap = find_bootstrap(config, self._inside, autoload)
        loaded = f"{_INSIDE}/forgehand_bootstrap.php" if by_events else bootstrap
        written = session.reports / "phpunit.xml"
        written.write_text(write_config(config, files, self._inside, loaded, by_events=by_events))
        mounts.append(Mount(source=written, target=_CONFIG))
        return _Prepared(program, by_events, bootstrap, mounts)


class _Prepared(NamedTuple):
    """PHPUnit to run, whether it tells by events, the repository's bootstrap."""

    program: str
    by_events: bool
    bootstrap: str
    mounts: Sequence[Mount]


def _find_program(vendor: Path, shown: str) -> tuple[str, bool]:
    """Return the PHPUnit that Composer installed, else the machine's own.

    The second: it tells by events.
    """
    listed = vendor / "composer" / "installed.json"
    found = re.search(r'"name": "phpunit/phpunit",\s*"version": "v?(\d+)\.', _read(listed))
    major = int(found[1]) if found is not None else find_phpunit()
    if major not in _UNDERSTOOD:
        raise ToolchainError(
            f"PHPUnit {major} runs the tests; PHPUnit 9 to 13 are understood. Set `checks.test` to "
            "`vendor/bin/phpunit --log-junit {results} {tests}` and `checks.results` to `junit`."
        )
    own = f"{shown}/phpunit/phpunit/phpunit" if found is not None else "/usr/bin/phpunit"
    return own, major != 9


def _read(path: Path) -> str:
    return path.read_text(errors="replace") if path.is_file() else ""


def _read_broken(report: bytes) -> dict[str, str]:
    """Read which files cannot be parsed, and why."""
    lines = [json.loads(line) for line in report.splitlines()]
    return {str(file): str(message) for file, message in lines}
