"""Find the build tools of this machine."""

from __future__ import annotations

import functools
import shutil

from bot.toolchains.port import ToolchainError
from bot.toolchains.programs import ask_program

# program: the Debian package that brings it
_PACKAGES = {
    "cmake": "cmake",
    "ctest": "cmake",
    "ninja": "ninja-build",
    "meson": "meson",
    "autoreconf": "autoconf",
    "automake": "automake",
    "make": "make",
    "cc": "build-essential",
    "c++": "build-essential",
}
# CTest lists its tests since 3.14, knows its folder by --test-dir since 3.20, writes JUnit since 3.21
OLDEST_CMAKE = (3, 21)


def require(*names: str) -> None:
    """Raise :class:`ToolchainError` for programs that are not here. Blocking."""
    packages = dict.fromkeys(_PACKAGES[name] for name in names if shutil.which(name) is None)
    if packages:
        missing = ", ".join(name for name in names if shutil.which(name) is None)
        raise ToolchainError(f"{missing} is not here. Install it (apt-get install {' '.join(packages)}).")


@functools.cache
def find_version(name: str) -> tuple[int, ...]:
    """Return a program's version, () where it is not here. Blocking."""
    words = (ask_program(name, "--version") or [""])[0].split()
    found = next((word for word in words if word[:1].isdigit()), "")
    return tuple(int(part) for part in found.split(".")[:3] if part.isdigit())


def require_cmake() -> None:
    """Require CMake, Ninja and a compiler. Blocking."""
    require("cmake", "ninja", "c++", "cc")
    if find_version("cmake") < OLDEST_CMAKE:
        raise ToolchainError("CMake is too old here: 3.21 or newer is needed (apt-get install cmake).")


def describe_versions() -> str:
    """Name this machine's tools, or what brings them. Blocking."""
    found = {name: find_version(name) for name in ("cmake", "ninja", "meson", "make")}
    here = [f"{name} {'.'.join(map(str, version))}" for name, version in found.items() if version]
    lacking = [f"no {name} (apt-get install {_PACKAGES[name]})" for name, version in found.items() if not version]
    if shutil.which("c++") is None:
        lacking.append("no C++ compiler (apt-get install build-essential)")
    return ", ".join([*here, *lacking])
