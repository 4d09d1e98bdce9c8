"""Declare PHP among the languages."""

from __future__ import annotations

import posixpath
from pathlib import Path, PurePosixPath

from bot.toolchains.language import Language, Part, Tools
from bot.toolchains.php import config, paths
from bot.toolchains.php.adapter import COUNTER, PhpAdapter, find_home, read_requirements
from bot.toolchains.php.programs import describe_version
from bot.toolchains.unit_toolchain import UnitToolchain
from bot.toolchains.units import Unit, is_sample, walk_files

_MARKS = (*config.NAMES, "composer.json")
_PEST = "pestphp/pest"
# its settings: Pest's own repository does not name it
_PEST_FILE = "tests/Pest.php"


def find_units(tree: Path) -> list[Unit]:
    """Return the folders whose tests PHPUnit runs. Blocking.

    Its configuration says so, or Composer's.
    """
    files = list(walk_files(tree))
    marked: dict[str, set[str]] = {}
    for path in files:
        folder = "" if str(path.parent) == "." else str(path.parent)
        if path.name in _MARKS and not is_sample(folder):
            marked.setdefault(folder, set()).add(path.name)
    tested = {folder for path in files if paths.is_test_file(str(path)) for folder in path.parents}
    units = []
    for root, names in sorted(marked.items(), key=lambda one: (one[0].count("/"), one[0])):
        home = find_home(tree, root)
        required = read_requirements(tree / home)
        said = next((name for name in config.NAMES if name in names), "")
        # without a configuration PHPUnit is given only these
        places = [root] if said else [posixpath.join(root, name) for name in ("tests", "test")]
        tests = any(PurePosixPath(place) in tested for place in places)
        is_pest = _PEST in required or (tree / root / _PEST_FILE).is_file()
        if tests and not is_pest and (said or "phpunit/phpunit" in required):
            around = [] if home == root else [posixpath.join(home, "composer.json")]
            evidence = tuple(f"`{one}`" for one in (posixpath.join(root, said or "composer.json"), *around))
            manager = "composer" if required else ""
            units.append(Unit(root=root, toolchain="php", manager=manager, runner="phpunit", evidence=evidence))
    return units


def _find_parts(tree: Path, tools: Tools) -> list[Part]:
    return [
        Part(
            unit, UnitToolchain("php", paths, PhpAdapter(unit, tree), tools, tree, COUNTER), find_home(tree, unit.root)
        )
        for unit in find_units(tree)
    ]


PHP = Language("php", paths, _find_parts, describe_version)
