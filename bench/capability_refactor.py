"""Measure the API fingerprint beside griffe's, and a rename over a real package that is taken back.

``python -m bench.capability_refactor`` prints what was missed, and the figures last. The changes are planted in
``api_plants.yml``; the package is sympy, from PyPI.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from typing import Any

from bench.api_plants import PACKAGE, PLANTS, PURE, plant
from bot.codemod.proof import prove
from bot.codemod.rename import Codemod
from bot.codemod.target import Rename
from bot.git.output import as_text
from bot.surface.comparison import compare
from bot.surface.levels import Level

_WORK = Path(".bench/refactor")
_PEER = "griffe==2.4.1"
_PACKAGE = "sympy==1.13.3"
_RENAME = Rename(old="sympy.core.symbol", new="sympy.core.symbolic")
_GRIFFE = """
import json, sys
from pathlib import Path
import griffe
def load(folder):
    return griffe.load("shop", search_paths=[folder], allow_inspection=False, resolve_aliases=True)
base, *others = json.loads(sys.stdin.read())
old = load(base)
print(json.dumps([any(True for _ in griffe.find_breaking_changes(old, load(other))) for other in others]))
"""


async def measure(work: Path = _WORK) -> dict[str, Any]:
    """Return the figures of refactorings; ``work`` keeps what was downloaded."""
    work.mkdir(parents=True, exist_ok=True)
    return {
        **await asyncio.to_thread(_fingerprint),
        **await asyncio.to_thread(_griffe, work),
        **await asyncio.to_thread(_rename, work),
    }


def _fingerprint() -> dict[str, int]:
    """Count the planted changes that are seen, and the pure edits that are taken for one."""
    missed = [edit.kind for edit in PLANTS if not _sees(plant(edit))]
    alarms = [edit.kind for edit in PURE if _sees(plant(edit))]
    print(f"missed: {missed}, alarmed about: {alarms}")
    return {
        "api_planted": len(PLANTS),
        "api_found": len(PLANTS) - len(missed),
        "api_pure": len(PURE),
        "api_false": len(alarms),
    }


def _sees(files: Any) -> bool:
    changes = compare(PACKAGE, files).changes
    return any(change.level is not Level.PRIVATE and change.fact != "added" for change in changes)


def _griffe(work: Path) -> dict[str, int]:
    """Let griffe look for breaking changes in the same trees."""
    python = work / "venv" / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", work / "venv"], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", _PEER], check=True)
    with tempfile.TemporaryDirectory() as folder:
        trees = [PACKAGE, *(plant(edit) for edit in (*PLANTS, *PURE))]
        places = [Path(folder) / str(number) for number in range(len(trees))]
        for place, files in zip(places, trees, strict=True):
            for path, text in files.items():
                (place / path).parent.mkdir(parents=True, exist_ok=True)
                (place / path).write_text(text)
        asked = json.dumps([str(place) for place in places])
        done = subprocess.run([python, "-c", _GRIFFE], input=asked, capture_output=True, text=True, check=True)
    seen = json.loads(done.stdout)
    return {"griffe_found": sum(seen[: len(PLANTS)]), "griffe_false": sum(seen[len(PLANTS) :])}


def _rename(work: Path) -> dict[str, Any]:
    """Rename a module that hundreds of files import, prove it, and revert the commit."""
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder)
        with zipfile.ZipFile(_download(work)) as wheel:
            wheel.extractall(tree)
        _git(tree, "init", "-q")
        before = _commit(tree, "Start")
        read = {path: as_text((tree / path).read_bytes()) for path in _git(tree, "ls-files").splitlines()}
        files = {path: text for path, text in read.items() if text is not None}
        started = time.process_time()
        changes = Codemod(files, _RENAME, [path for path in read if path not in files]).changes()
        renamed = time.process_time()
        faults = prove(files, changes, _RENAME)
        proved = time.process_time()
        for path, text in changes.files.items():
            if text is None:
                (tree / path).unlink()
            else:
                (tree / path).write_bytes(text.encode())
        _commit(tree, "Rename")
        _git(tree, *_SOMEBODY, "revert", "--no-edit", "HEAD")
        print("\n".join(faults))
        return {
            "rename_files": len(changes.files),
            "rename_s": round(proved - started, 1),
            "rename_alone_s": round(renamed - started, 1),
            "rename_faults": len(faults),
            "rename_undone": _git(tree, "rev-parse", "HEAD^{tree}") == before,
        }


_SOMEBODY = ("-c", "user.name=bench", "-c", "user.email=bench@example.com")


def _download(work: Path) -> Path:
    if not list(work.glob("sympy-*.whl")):
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(work), _PACKAGE]
        subprocess.run(command, check=True)
    (wheel,) = work.glob("sympy-*.whl")
    return wheel


def _commit(tree: Path, message: str) -> str:
    """Commit everything, and return the tree's sha."""
    _git(tree, "add", "--all", "--force")
    _git(tree, *_SOMEBODY, "commit", "-q", "-m", message)
    return _git(tree, "rev-parse", "HEAD^{tree}")


def _git(tree: Path, *argv: str) -> str:
    return subprocess.run(["git", "-C", tree, *argv], capture_output=True, text=True, check=True).stdout.strip()


if __name__ == "__main__":
    print(json.dumps(asyncio.run(measure())))
