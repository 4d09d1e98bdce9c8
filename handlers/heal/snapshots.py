"""Recognise failures that are only outdated snapshots, and find the command that renews them.

A snapshot that differs says that behaviour has changed. No command can show whether that was wanted, so a renewal is
only proposed to people, where the policy allows it.
"""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Callable, Collection, Sequence

from bot.ci_logs import read_lines
from bot.types import JsonModel

_SNAPSHOT = re.compile(r"(?:^|/)__snapshots__/[^/]+(?:/[^/]+)*$|\.(?:ambr|snap)$")
# what a runner says of snapshots, the files of its tests, and the command that renews those of some files
_RUNNERS = (
    (re.compile(r"^\s*\d+ snapshots? failed\b", re.MULTILINE), (".py",), "python3 -m pytest --snapshot-update"),
    (
        re.compile(r"^\s*Snapshots\s+\d+ (?:failed|mismatched|obsolete)", re.MULTILINE),
        (".js", ".jsx", ".ts", ".tsx", ".mjs", ".mts"),
        "npx --no-install vitest run -u",
    ),
    (
        re.compile(r"^\s*(?:› |> )?\d+ snapshots? failed\b", re.MULTILINE),
        (".js", ".jsx", ".ts", ".tsx", ".mjs", ".mts"),
        "npx --no-install jest --ci=false -u",
    ),
)


class Renewal(JsonModel):
    """A command that renews snapshots, and the folder where it runs."""

    command: str = ""  # "" where nothing speaks of snapshots, or the runner is not known
    folder: str = ""
    near: str = ""  # one of the test files

    @property
    def line(self) -> str:
        """Return what a person types at the top of the repository."""
        return f"(cd {shlex.quote(self.folder)} && {self.command})" if self.folder else self.command


def find_renewal(tests: Sequence[str], said: str, find_root: Callable[[str], str]) -> Renewal:
    """Return what renews the snapshots of failing tests.

    ``said`` is what CI's log and the command's output say of them: words only, nothing is believed for them.
    ``find_root`` tells where the runner of a test file runs: of several places none is chosen.
    """
    files = tuple(dict.fromkeys(name.partition("::")[0] for name in tests))
    said = "\n".join(read_lines(said))
    for words, endings, command in _RUNNERS:
        if files and all(file.endswith(endings) for file in files) and words.search(said):
            folders = {find_root(file) for file in files}
            folder = folders.pop()
            own = [posixpath.relpath(file, folder or ".") for file in files]
            renewal = Renewal(command=f"{command} {shlex.join(own)}", folder=folder, near=files[0])
            return Renewal() if folders else renewal
    return Renewal()


def are_snapshots(paths: Collection[str]) -> bool:
    """Return whether there are paths, and all are of stored snapshots."""
    return bool(paths) and all(_SNAPSHOT.search(path) for path in paths)
