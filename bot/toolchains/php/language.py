"""Declare PHP among the languages."""

from __future__ import annotations

from pathlib import Path

from bot.toolchains.language import Language, Part, Tools
from bot.toolchains.php import config, paths
from bot.toolchains.php.adapter import COUNTER, PhpAdapter, read_requirements
from bot.toolchains.php.programs import describe_version
from bot.toolchains.unit_toolchain import UnitToolchain
from bot.toolchains.units import Unit, is_sample, walk_files

_MARKS = (*config.NAMES, "composer.json")
_PEST = "pestphp/pest"
# its settings: Pest's own repository does not name it
_PEST_FILE = "tests/Pest.php"


def find_units(tree: Path) -> list[Unit]:
    """Return the folders whose tests PHPUnit runs. Blocking.

    That is said by its configuration, or by Composer's.
    """
    files = list(walk_files(tree))
    marked: dict[str, set[str]] = {}
    for path in files:
        folder = "" if str(path.parent) == "." else str(path.parent)
        if path.name in _MARKS and not is_sample(folder):
            marked.setdefault(folder, set()).add(path.name)
    units = []
    for root, names in sorted(marked.items(), key=lambda one: (one[0].count("/"), one[0])):
        required = read_requirements(tree / root)
        said = next((name for name in config.NAMES if name in names), "")
        tests = any(
            paths.is_test_file(str(path)) and Unit(root=root, toolchain="php").holds(str(path)) for path in files
        )
        is_pest = _PEST in required or (tree / root / _PEST_FILE).is_file()
        if tests and not is_pest and (said or "phpunit/phpunit" in required):
            place = f"{root}/{said or 'composer.json'}".removeprefix("/")
            manager = "composer" if required else ""
            units.append(Unit(root=root, toolchain="php", manager=manager, runner="phpunit", evidence=(f"`{place}`",)))
    return units


def _find_parts(tree: Path, tools: Tools) -> list[Part]:
    return [
        Part(unit, UnitToolchain("php", paths, PhpAdapter(unit, tree), tools, tree, COUNTER), unit.root)
        for unit in find_units(tree)
    ]


PHP = Language("php", paths, _find_parts, describe_version)
