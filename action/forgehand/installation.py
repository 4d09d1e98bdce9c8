"""Install the bot's locked requirements, once for each lock file.

They go into the runner's tool cache, as wheels with known hashes only; nothing is built.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from .errors import Outage
from .log import Log

ROOT = Path(__file__).resolve().parents[2]  # the checkout that the bot is run from
_LOCKS = (ROOT / "requirements.txt", ROOT / "action" / "uv.txt")


def place_of(env: Mapping[str, str]) -> Path:
    """Return where the bot's locked requirements are installed, once for each lock file and Python."""
    base = "\n".join([sys.version, os.path.realpath(sys.executable), platform.machine()])
    key = hashlib.sha256(base.encode() + b"".join(file.read_bytes() for file in _LOCKS)).hexdigest()[:16]
    tools = env.get("RUNNER_TOOL_CACHE") or env.get("RUNNER_TEMP") or tempfile.gettempdir()
    return Path(tools) / "forgehand" / key


def prepare(place: Path, log: Log) -> Path:
    """Return the Python that has the bot's locked requirements, installing them if they are not there.

    Raises :class:`Outage`.
    """
    python = place / "bin" / "python"
    if python.exists():
        return python
    log.say("Installing the bot's locked requirements.")
    place.parent.mkdir(parents=True, exist_ok=True)
    new = Path(tempfile.mkdtemp(prefix=f"{place.name}-", dir=place.parent))
    _install(new)
    try:
        new.rename(place)
    except OSError:  # another job on this machine was faster
        shutil.rmtree(new, ignore_errors=True)
    return python


def _install(place: Path) -> None:
    own = str(place / "bin" / "python")
    wheels = ["--require-hashes", "--only-binary", ":all:", "-r"]
    quiet = ["--quiet", "--disable-pip-version-check", "--no-compile"]
    for command in (
        [sys.executable, "-m", "venv", str(place)],
        [own, "-m", "pip", "install", *quiet, *wheels, str(_LOCKS[1])],
        [str(place / "bin" / "uv"), "pip", "install", "--quiet", "--python", own, *wheels, str(_LOCKS[0])],
    ):
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode:
            shutil.rmtree(place, ignore_errors=True)
            said = done.stdout.decode("utf-8", "replace").strip()[-2000:]
            raise Outage(f"The bot's requirements could not be installed.\n{said}")
