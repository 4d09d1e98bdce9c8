"""Find the Pythons and the uv of this machine that fit a repository."""

from __future__ import annotations

import functools
import json
import operator
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from bot.sandbox.mounts import mount_installed
from bot.sandbox.port import Mount

# Run in a foreign interpreter: its version and prefix as JSON.
_ASK = "import json,sys;print(json.dumps([list(sys.version_info[:3]),sys.base_prefix]))"
_NAME = re.compile(r"python3\.\d+")
_CLAUSE = re.compile(r"(~=|==|!=|>=|<=|>|<)\s*(\d+(?:\.\d+)*(?:\.\*)?)")
_COMPARE = {
    "==": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}
_ELF = b"\x7fELF"
# what reports from inside runs on no older one
_OLDEST = (3, 7, 0)


@dataclass(frozen=True)
class Interpreter:
    """CPython on the host: ``version`` (major, minor, micro), ``prefix``."""

    program: Path
    version: tuple[int, int, int]
    prefix: Path

    @property
    def minor(self) -> str:
        return f"{self.version[0]}.{self.version[1]}"

    @property
    def text(self) -> str:
        return ".".join(str(part) for part in self.version)

    @property
    def pip(self) -> Path | None:
        """Return the file by which its pip installs into another environment.

        pip runs it for ``--python`` itself, after a start of its own. A distribution's, which lies in another folder
        and was taken apart, is not looked for. Blocking.
        """
        found = self.prefix / "lib" / f"python{self.minor}" / "site-packages" / "pip" / "__pip-runner__.py"
        return found if found.is_file() else None

    def mounts(self) -> list[Mount]:
        """Return the mounts it needs to run; none for one in /usr."""
        return mount_installed(self.prefix)


def _folders() -> list[Path]:
    home = Path.home()
    pyenv = Path(os.environ.get("PYENV_ROOT") or home / ".pyenv") / "versions"
    managed = Path(os.environ.get("UV_PYTHON_INSTALL_DIR") or home / ".local/share/uv/python")
    on_path = [Path(part) for part in os.environ.get("PATH", "").split(os.pathsep) if part]
    versions = [entry / "bin" for folder in (pyenv, managed) for entry in sorted(_entries(folder))]
    return [*versions, *on_path, Path("/usr/bin"), Path("/usr/local/bin")]


def _entries(folder: Path) -> list[Path]:
    """Return the entries of a folder, None if it is not there for us."""
    try:
        return list(folder.iterdir())
    except OSError:
        return []


@functools.cache
def find_interpreters() -> tuple[Interpreter, ...]:
    """Find every CPython from 3.7 on, one for each minor version.

    The one that runs this comes first, then the newest. Blocking: some 20 ms each.
    """
    own = Path(sys.base_prefix) / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"
    programs = [own]
    for folder in _folders():
        programs += sorted(path for path in _entries(folder) if _NAME.fullmatch(path.name) and is_binary(path))
    found: dict[str, Interpreter] = {}
    for program in dict.fromkeys(path.resolve() for path in programs):
        interpreter = _ask(program)
        if interpreter and interpreter.version >= _OLDEST and interpreter.minor not in found:
            found[interpreter.minor] = interpreter
    rest = sorted(list(found.values())[1:], key=lambda one: one.version, reverse=True)
    return (*list(found.values())[:1], *rest)


def is_binary(path: Path) -> bool:
    """Return whether a program is real, not a version manager's shim."""
    try:
        with path.open("rb") as stream:
            return stream.read(4) == _ELF if sys.platform == "linux" else stream.read(2) != b"#!"
    except OSError:
        return False


def _ask(program: Path) -> Interpreter | None:
    try:
        done = subprocess.run(
            [str(program), "-I", "-S", "-c", _ASK], capture_output=True, timeout=10, check=True, text=True, env={}
        )
    except (OSError, subprocess.SubprocessError):
        return None
    version, prefix = json.loads(done.stdout)
    return Interpreter(program, (version[0], version[1], version[2]), Path(prefix).resolve())


def pick_interpreter(
    requires: str | None, named: tuple[str, ...], among: tuple[Interpreter, ...]
) -> Interpreter | None:
    """Pick the interpreter for ``requires-python`` and named versions.

    It is the first of ``among`` that fits and is named (our own comes first, then the newest). Where none is, old code
    gets the oldest that fits and is newer than the named ones, else it is the first that fits.
    """
    fits = [one for one in among if satisfies(one.version, requires or "")]
    newest = max((int(minor.partition(".")[2]) for minor in named), default=None)
    newer = [one for one in fits if newest is not None and one.version[1] > newest]
    fitting = [one for one in fits if one.minor in named] or sorted(newer, key=lambda one: one.version) or fits
    return fitting[0] if fitting else None


def satisfies(version: tuple[int, int, int], requires: str) -> bool:
    """Return whether a version meets a ``requires-python``.

    An example is ``>=3.8,!=3.9.*,<4``; clauses that cannot be read are ignored.
    """
    return all(_clause(version, sign, text) for sign, text in _CLAUSE.findall(requires))


def _clause(version: tuple[int, int, int], sign: str, text: str) -> bool:
    parts = tuple(int(part) for part in text.split(".") if part.isdigit())
    whole = (*parts, 0, 0, 0)[:3]
    if sign in ("==", "!=") and text.endswith("*"):
        return (version[: len(parts)] == parts) == (sign == "==")
    if sign == "~=":
        return version >= whole and version[: len(parts) - 1] == parts[:-1]
    return bool(_COMPARE[sign](version, whole))


@functools.cache
def find_uv() -> Path | None:
    """Find the uv binary, past any shim; None where there is none."""
    candidates = [shutil.which("uv"), Path(sys.prefix) / "bin/uv", Path(sys.base_prefix) / "bin/uv"]
    candidates += [Path.home() / ".local/bin/uv", Path.home() / ".cargo/bin/uv"]
    return next((Path(path).resolve() for path in candidates if path and is_binary(Path(path))), None)
