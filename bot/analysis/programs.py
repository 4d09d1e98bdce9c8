"""Find the analysers and what the sandbox must mount (blocking, cached)."""

from __future__ import annotations

import functools
import importlib.metadata
import importlib.util
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.sandbox.port import Mount

PLACE = "/opt/forgehand"
CONFIG = f"{PLACE}/config"
_SITE = f"{PLACE}/site"
_HERE = Path(__file__).resolve().parent
_VERSION = re.compile(r"\d+\.\d+(?:\.\d+)*")
_OURS = tuple(Mount(source=_HERE / name, target=f"{PLACE}/{name}") for name in ("config", "inside", "rules"))


@dataclass(frozen=True)
class Program:
    """Analyser installed here: its command, and the mounts that needs."""

    start: tuple[str, ...]
    mounts: tuple[Mount, ...]
    version: str


@functools.cache
def find_binary(name: str) -> Program | None:
    """Find a program, ours before the system's; None for none that runs."""
    own = Path(sys.prefix) / "bin" / name
    found = str(own) if own.is_file() else shutil.which(name)
    if found is None:
        return None
    path = Path(found).resolve()
    try:
        done = subprocess.run([path, "--version"], capture_output=True, timeout=20, check=True, text=True, env={})
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return None
    version = _VERSION.search(done.stdout)
    if path.is_relative_to("/usr"):
        return Program((str(path),), _OURS, version[0] if version else "unknown")
    inside = f"{PLACE}/bin/{name}"
    return Program((inside,), (*_OURS, Mount(source=path, target=inside)), version[0] if version else "unknown")


@functools.cache
def find_module(start: str, needs: Sequence[str], distribution: str) -> Program | None:
    """Find a Python module for our own interpreter.

    It sees the standard library, our modules and the installed packages. ``needs`` are the packages that must be
    installed; None where one is not.
    """
    specs = [importlib.util.find_spec(name) for name in needs]
    if not all(spec and spec.submodule_search_locations for spec in specs):
        return None
    site = Path(next(iter(specs[0].submodule_search_locations))).parent  # type: ignore[union-attr,arg-type]
    prefix = Path(sys.base_prefix).resolve()
    python = prefix / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"
    mounts = [*_OURS, Mount(source=site, target=_SITE)]
    if not prefix.is_relative_to("/usr"):
        mounts.append(Mount(source=prefix, target=str(prefix)))
    launch = (str(python), "-I", "-S", "-B", f"{PLACE}/inside/launch.py", _SITE, start)
    return Program(launch, tuple(mounts), importlib.metadata.version(distribution))
