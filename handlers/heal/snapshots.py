"""Know failures that are only snapshots which differ, and the command that renews them.

A snapshot that differs says that behaviour has changed. Whether that was wanted no command shows: a renewal is proposed
to people, where the policy allows it, and nothing more.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection, Sequence

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


def find_renewal(tests: Sequence[str], said: str) -> str | None:
    """Return the command that renews the snapshots of failing tests.

    ``said`` is what CI's log and the command's output say of them: words only, nothing is believed for them. None where
    they speak of no snapshot, or the runner is not known.
    """
    files = tuple(dict.fromkeys(name.partition("::")[0] for name in tests))
    for words, endings, command in _RUNNERS:
        if files and all(file.endswith(endings) for file in files) and words.search(said):
            return f"{command} {shlex.join(files)}"
    return None


def are_snapshots(paths: Collection[str]) -> bool:
    """Return whether there are paths, and all are of stored snapshots."""
    return bool(paths) and all(_SNAPSHOT.search(path) for path in paths)
