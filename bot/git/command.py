"""Run one git command: no shell, a scrubbed environment, no token in URLs."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import signal
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.git.errors import GitError

LOCAL_SECONDS = 300.0
REMOTE_SECONDS = 1800.0

# Proxies and private certificate authorities are how Enterprise servers are reached; the rest is not git's business.
_INHERITED = ("PATH", "TMPDIR", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")
_INHERITED_TLS = ("SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO", "GIT_SSL_CAPATH")

# Old histories carry these harmless faults; refusing them would refuse honest repositories.
_LEGACY_FAULTS = (
    "badDate", "badDateOverflow", "badEmail", "badName", "badTimezone", "duplicateEntries", "fullPathname",
    "missingEmail", "missingNameBeforeEmail", "missingSpaceBeforeDate", "missingSpaceBeforeEmail", "nulInCommit",
    "treeNotSorted", "zeroPaddedDate", "zeroPaddedFilemode",
)  # fmt: skip

_CONFIG = {
    "core.hooksPath": "/dev/null",
    "core.fsmonitor": "false",
    "core.protectHFS": "true",
    "core.protectNTFS": "true",
    "core.quotePath": "false",
    "credential.helper": "",
    "fetch.fsckObjects": "true",
    "gc.autoDetach": "false",
    # A redirect would carry the token's header to wherever it points.
    "http.followRedirects": "false",
    "http.lowSpeedLimit": "1000",
    "http.lowSpeedTime": "60",
    "submodule.recurse": "false",
    **{f"fetch.fsck.{fault}": "ignore" for fault in _LEGACY_FAULTS},
}


@dataclass(frozen=True)
class Access:
    """A token and the URLs below ``base_url`` that it is sent to."""

    base_url: str
    token: str

    @property
    def header(self) -> str:
        return "Authorization: Basic " + self._basic

    @property
    def _basic(self) -> str:
        return base64.b64encode(f"x-access-token:{self.token}".encode()).decode()

    def scrub(self, text: str) -> str:
        return text.replace(self.token, "***").replace(self._basic, "***")


@dataclass(frozen=True)
class CompletedCommand:
    """A git command's end; ``stderr`` is free of token and folders."""

    code: int
    stdout: bytes
    stderr: str

    @property
    def text(self) -> str:
        return self.stdout.decode("utf-8", "replace")


async def run_git(
    args: Sequence[str],
    *,
    cwd: Path,
    stdin: bytes = b"",
    env: Mapping[str, str] | None = None,
    access: Access | None = None,
    seconds: float = LOCAL_SECONDS,
) -> CompletedCommand:
    """Run ``git ARGS`` to any exit code; GitError if missing or too slow."""
    try:
        process = await asyncio.create_subprocess_exec(
            "git",
            *args,
            cwd=cwd,
            env={**_environment(access), **(env or {})},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
    except FileNotFoundError:
        raise GitError("git is not installed, or its working directory is gone; install git 2.31 or newer.") from None
    try:
        out, err = await asyncio.wait_for(process.communicate(stdin), seconds)
    except TimeoutError:
        raise GitError(f"git {args[0]} did not end within {seconds:.0f} s and was stopped.") from None
    finally:
        _end(process)
    said = err.decode("utf-8", "replace")
    for folder in (cwd.parent, Path(tempfile.gettempdir())):
        said = said.replace(f"{folder}/", "")
    return CompletedCommand(process.returncode or 0, out, access.scrub(said) if access else said)


def _environment(access: Access | None) -> dict[str, str]:
    config = list(_CONFIG.items())
    if access is not None:
        config.append((f"http.{access.base_url.rstrip('/')}/.extraHeader", access.header))
    env = {name: os.environ[name] for name in (*_INHERITED, *_INHERITED_TLS) if name in os.environ}
    env |= {
        "HOME": "/nonexistent",
        "LC_ALL": "C",
        "GIT_ALLOW_PROTOCOL": "http:https",
        "GIT_ASKPASS": "",
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_CONFIG_COUNT": str(len(config)),
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_LITERAL_PATHSPECS": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_TERMINAL_PROMPT": "0",
    }
    for number, (key, value) in enumerate(config):
        env[f"GIT_CONFIG_KEY_{number}"] = key
        env[f"GIT_CONFIG_VALUE_{number}"] = value
    return env


def _end(process: asyncio.subprocess.Process) -> None:
    """Kill git's whole process group, its HTTP helpers too, if it runs."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
