"""Find the JDK, Maven and Gradle of this machine, and what of them lies outside /usr."""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bot.sandbox.mounts import mount_installed
from bot.sandbox.port import WORK, Mount
from bot.toolchains.placeholders import RESULTS
from bot.toolchains.port import ToolchainError

_INSIDE = Path(__file__).parent / "inside"
INSIDE = "/forgehand/jvm"
_NO_JDK = "javac is not here. Install a JDK, 11 or newer (apt-get install default-jdk-headless)."
_MISSING = {
    "mvn": "mvn is not here. Install Maven 3.6 or newer (apt-get install maven).",
    "gradle": "gradle is not here. Install Gradle (apt-get install gradle).",
}
# A run of seconds does not repay the better compiler.
_QUICK = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
# Folders of a JDK in which Debian puts links into /etc.
_LINKED = ("conf", "conf/security", "lib", "lib/security")


@dataclass(frozen=True)
class Jdk:
    """JDK of the host."""

    root: Path
    version: int

    def mounts(self) -> list[Mount]:
        """Return what the JDK needs beside /usr."""
        own = mount_installed(self.root)
        linked = {Path(*file.resolve().parts[:3]) for folder in _LINKED for file in _list_links(self.root / folder)}
        return own + [Mount(source=place, target=str(place)) for place in sorted(linked) if place.is_dir()]


def _list_links(folder: Path) -> Iterator[Path]:
    """Yield links into /etc, except the certificates that every sandbox has."""
    for file in folder.iterdir() if folder.is_dir() else ():
        if file.is_symlink() and file.resolve().is_relative_to("/etc") and file.resolve().parts[2] != "ssl":
            yield file


@functools.cache
def find_jdk() -> Jdk | None:
    """Find the JDK of ``JAVA_HOME``, else the one on PATH. Blocking."""
    home = Path(os.environ.get("JAVA_HOME") or "/nonexistent") / "bin" / "javac"
    program = str(home) if home.is_file() else shutil.which("javac")
    if program is None:
        return None
    try:
        done = subprocess.run([program, "-version"], capture_output=True, timeout=30, text=True)
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.search(r"javac (?:1\.)?(\d+)", done.stdout + done.stderr)
    return Jdk(Path(program).resolve().parent.parent, int(found[1])) if found is not None else None


def require_jdk() -> Jdk:
    """Return the JDK, or raise :class:`ToolchainError`. Blocking."""
    jdk = find_jdk()
    if jdk is None:
        raise ToolchainError(_NO_JDK)
    return jdk


def require_tool(name: str) -> Path:
    """Return the program ``mvn`` or ``gradle``, or raise. Blocking."""
    program = shutil.which(name)
    if program is None:
        raise ToolchainError(_MISSING[name])
    return Path(program).resolve()


def list_mounts(tool: str) -> list[Mount]:
    """Return what a tool, its JDK and our own files need. Blocking.

    The host's settings.xml may hold credentials: it is never shown.
    """
    root = require_tool(tool).parent.parent
    mounts = [*require_jdk().mounts(), Mount(source=_INSIDE, target=INSIDE), *mount_installed(root)]
    conf = (root / "conf").resolve()
    if conf.is_relative_to("/etc"):
        shown = [conf / name for name in ("m2.conf", "logging")]
        mounts += [Mount(source=place, target=str(place)) for place in shown if place.exists()]
    elif (conf / "settings.xml").is_file():
        mounts.append(Mount(source=_INSIDE / "settings.xml", target=str(conf / "settings.xml")))
    return mounts


def make_environment(tool: str) -> dict[str, str]:
    """Return the variables of a tool and of our own files. Blocking."""
    home = require_jdk().root
    return {
        "JAVA_HOME": str(home),
        "PATH": f"{home}/bin:{require_tool(tool).parent}:/usr/local/bin:/usr/bin:/bin",
        "FORGEHAND_ROOT": WORK,
        "FORGEHAND_RESULTS": RESULTS,
        "MAVEN_OPTS": _QUICK,
        "GRADLE_OPTS": _QUICK,
        "CI": "1",
        "TZ": "UTC",
    }


def describe_version() -> str:
    """Name this machine's JDK and Maven, or what brings them. Blocking."""
    jdk = find_jdk()
    if jdk is None:
        return f"no Java: {_NO_JDK}"
    tools = " and ".join(name for name in _MISSING if shutil.which(name))
    return f"java {jdk.version} with {tools}" if tools else f"java {jdk.version}, but {_MISSING['mvn']}"
