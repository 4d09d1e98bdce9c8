"""Speak to Podman or Docker by their command line, which is the same for what we need.

https://docs.podman.io/en/stable/Commands.html and https://docs.docker.com/reference/cli/docker/
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import NamedTuple

from bot.sandbox import bwrap, processes
from bot.sandbox.owners import is_left
from bot.sandbox.port import SandboxError

LABEL = "forgehand"
MISSING = "Neither podman nor docker is here. Install one (apt-get install podman runc)."
# By these a client finds its engine. Docker's own settings are left out: it passes proxies in them on to containers.
_VARIABLES = ("PATH", "HOME", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS", "CONTAINERS_CONF", "DOCKER_HOST")
_SECONDS = 120


class State(NamedTuple):
    """End of a container, as its engine tells it."""

    began: bool
    out_of_memory: bool


class Engine:
    """Client of one engine; all methods but the constructor block."""

    def __init__(self, program: str) -> None:
        self.program = program
        self.is_podman = Path(program).name == "podman"
        known = {name: os.environ[name] for name in _VARIABLES if name in os.environ}
        self.environment = known | {"DOCKER_CONFIG": "/nonexistent"}

    def ask(self, *arguments: str, sent: bytes | None = None) -> str:
        """Run a subcommand to its end; raises SandboxError with what it said."""
        try:
            done = subprocess.run(
                [self.program, *arguments],
                input=sent if sent is not None else b"",
                capture_output=True,
                env=self.environment,
                timeout=_SECONDS,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise SandboxError(f"{self.program} {arguments[0]}: {type(error).__name__}.") from None
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip()[-500:]
            raise SandboxError(f"{Path(self.program).name} {arguments[0]} failed: {said}")
        return done.stdout.decode(errors="replace").strip()

    def make_image(self) -> str:
        """Make the image that has only the links of the host's root."""
        content = _pack_links()
        name = f"localhost/forgehand-empty:{hashlib.sha256(content).hexdigest()[:12]}"
        if not self.ask("images", "--quiet", name):
            self.ask("import", "-", name, sent=content)
        return name

    def lacks_limits(self) -> str | None:
        """Say where the engine limits no memory or processes; None where it does."""
        if self.is_podman:
            found = set(self.ask("info", "--format", "{{range .Host.CgroupControllers}}{{.}} {{end}}").split())
            limits = {"memory", "pids"} <= found
        else:
            limits = self.ask("info", "--format", "{{.MemoryLimit}} {{.PidsLimit}}") == "true true"
        name = Path(self.program).name
        return (
            None if limits else f"{name} limits no memory or processes here: give it the cgroup controllers for both."
        )

    def look(self, name: str) -> State:
        """Ask whether a container began, and ran out of memory."""
        memory, began = self.ask("inspect", "--format", "{{.State.OOMKilled}} {{.State.StartedAt}}", name).split(" ", 1)
        return State(began=not began.startswith("0001-"), out_of_memory=memory == "true")

    def remove(self, *names: str) -> None:
        """Kill and remove containers."""
        self.ask("rm", "--force", "--volumes", *names)
        if self.is_podman:
            # where its client was killed before the container ran, Podman knows nothing of these any more
            for name in names:
                processes.kill(processes.find_orphans("conmon", Path(name)))

    def remove_left(self) -> None:
        """Remove the containers of bots of this machine that are no more."""
        listed = self.ask("ps", "--all", "--filter", f"label={LABEL}", "--format", "{{.ID}} {{.Labels}}")
        # Podman shows labels as map[NAME:VALUE], Docker as NAME=VALUE
        found = re.findall(rf"^(\w+) .*\b{LABEL}[:=]([^\s,\]]+)", listed, re.MULTILINE)
        left = [name for name, owner in found if is_left(owner)]
        if left:
            self.remove(*left)


def find_engine() -> Engine | None:
    """Find Podman, or else Docker."""
    program = shutil.which("podman") or shutil.which("docker")
    return None if program is None else Engine(program)


def _pack_links() -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, target in bwrap.list_links():
            link = tarfile.TarInfo(name)
            link.type, link.linkname = tarfile.SYMTYPE, target
            archive.addfile(link)
        for name in ("work", "tmp"):
            folder = tarfile.TarInfo(name)
            folder.type, folder.mode = tarfile.DIRTYPE, 0o755
            archive.addfile(folder)
    return packed.getvalue()
