"""Unified diffs damaged the way models damage them, made from patches known to be right."""

from __future__ import annotations

import gzip
import json
import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

_HEADER = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@(.*)")
Numbers = tuple[int, int, int, int]


def read_gzip(path: Path) -> str:
    """Read the text of a compressed file."""
    return gzip.decompress(path.read_bytes()).decode()


@dataclass(frozen=True)
class Case:
    """A right patch of one file: the file before, the patch, and the file after."""

    id: str
    path: str
    before: str
    patch: str
    after: str


def cases(
    localize: Path, blobs: dict[str, str], known: dict[tuple[str, str], str], repos: Path | None
) -> Iterator[Case]:
    """Yield patches whose file is among the blobs or in a bare repository."""
    # ``known`` maps (issue, path) to a blob.
    for line in read_gzip(localize).splitlines():
        row = json.loads(line)
        for path, patch in files_of(row["fix"]):
            blob = known.get((row["id"], path))
            before = blobs[blob] if blob else _from_repository(repos, row["repo"], row["base_commit"], path)
            after = None if before is None else exact(before, patch)
            if before is not None and after is not None:
                yield Case(row["id"], path, before, patch, after)


def total(localize: Path) -> int:
    """Count the patches of a file that can be damaged."""
    return sum(len(files_of(json.loads(line)["fix"])) for line in read_gzip(localize).splitlines())


def files_of(diff: str) -> list[tuple[str, str]]:
    """(path, patch) of each file changed (not added or deleted) by a git diff."""
    parts = re.split(r"(?m)^(?=diff --git )", diff)
    named = ((re.search(r"(?m)^--- a/(.+)\n\+\+\+ b/(.+)$", part), part) for part in parts)
    return [(match[1], part) for match, part in named if match and match[1] == match[2]]


def _from_repository(repos: Path | None, repo: str, commit: str, path: str) -> str | None:
    owner, name = repo.split("/")
    names = (f"{owner}+{name}", f"swe-bench+{owner}__{name}")
    tried = (
        [folder for base in names for folder in ((repos / base), (repos / base / "repo")) if (folder / "HEAD").exists()]
        if repos
        else []
    )
    for folder in tried:
        shown = subprocess.run(["git", "-C", str(folder), "show", f"{commit}:{path}"], capture_output=True, check=False)
        if shown.returncode == 0:
            return shown.stdout.decode()
    return None


def exact(before: str, patch: str) -> str | None:
    """Apply an undamaged patch where its numbers say or nearest, or None."""
    lines, done, at = before.split("\n"), [], 0
    for numbers, _, body in hunks_of(patch):
        wanted = numbers[0] - 1 if numbers[1] else numbers[0]
        old = [line[1:] for line in body if line[0] in " -"]
        offsets = sorted(range(at - wanted, len(lines) - wanted), key=abs)
        start = next((wanted + off for off in offsets if lines[wanted + off : wanted + off + len(old)] == old), None)
        if start is None:
            return None
        done += lines[at:start] + [line[1:] for line in body if line[0] in " +"]
        at = start + len(old)
    return "\n".join([*done, *lines[at:]])


def hunks_of(patch: str) -> list[tuple[Numbers, str, list[str]]]:
    """Yield (old start, old count, new start, new count), section, lines."""
    found: list[tuple[Numbers, str, list[str]]] = []
    for line in patch.split("\n"):
        match = _HEADER.fullmatch(line)
        if match:
            numbers = (int(match[1]), int(match[2] or 1), int(match[3]), int(match[4] or 1))
            found.append((numbers, match[5], []))
        elif found and line[:1] in ("+", "-", " ") and line:
            found[-1][2].append(line)
    return found


def _head(patch: str) -> str:
    return patch[: patch.index("\n@@") + 1]


def _written(patch: str, hunks: list[tuple[str, list[str]]]) -> str:
    return _head(patch) + "".join(f"{header}\n" + "".join(f"{line}\n" for line in body) for header, body in hunks)


def _numbered(numbers: Numbers, section: str) -> str:
    return f"@@ -{numbers[0]},{numbers[1]} +{numbers[2]},{numbers[3]} @@{section}"


def wrong_counts(patch: str, random: Random) -> str:
    def header(n: Numbers) -> Numbers:
        return n[0], max(1, n[1] + random.choice((-2, -1, 1, 2, 5))), n[2], max(1, n[3] + random.choice((-3, -1, 2, 4)))

    return _written(patch, [(_numbered(header(n), section), body) for n, section, body in hunks_of(patch)])


def shifted_lines(patch: str, random: Random) -> str:
    off = random.randint(30, 120) * random.choice((-1, 1))
    moved = [
        ((max(1, n[0] + off), n[1], max(1, n[2] + off), n[3]), section, body) for n, section, body in hunks_of(patch)
    ]
    return _written(patch, [(_numbered(n, section), body) for n, section, body in moved])


def no_numbers(patch: str, random: Random) -> str:
    return _written(patch, [("@@ ... @@", body) for _, _, body in hunks_of(patch)])


def blanks_stripped(patch: str, random: Random) -> str:
    found = hunks_of(patch)
    return _written(
        patch, [(_numbered(n, section), [line if line.strip() else "" for line in body]) for n, section, body in found]
    )


def blanks_dropped(patch: str, random: Random) -> str:
    found = hunks_of(patch)
    return _written(
        patch, [(_numbered(n, section), [line for line in body if line.strip()]) for n, section, body in found]
    )


def first_context_missing(patch: str, random: Random) -> str:
    return _written(patch, [(_numbered(n, section), _without_first(body)) for n, section, body in hunks_of(patch)])


def first_context_missing_recounted(patch: str, random: Random) -> str:
    hunks = []
    for n, section, body in hunks_of(patch):
        less = len(body) - len(shorter := _without_first(body))
        hunks.append((_numbered((n[0], n[1] - less, n[2], n[3] - less), section), shorter))
    return _written(patch, hunks)


def _without_first(body: list[str]) -> list[str]:
    first = next((number for number, line in enumerate(body) if line[0] == " "), None)
    return body if first is None else [*body[:first], *body[first + 1 :]]


def indent_lost(patch: str, random: Random) -> str:
    hunks = []
    for n, section, body in hunks_of(patch):
        deep = [number for number, line in enumerate(body) if line.startswith("  ") and line.strip()]
        chosen = random.choice(deep) if deep else -1
        hunks.append(
            (_numbered(n, section), [" " + line.lstrip() if k == chosen else line for k, line in enumerate(body)])
        )
    return _written(patch, hunks)


def undamaged(patch: str, random: Random) -> str:
    return patch


DAMAGES: dict[str, Callable[[str, Random], str]] = {
    "wrong counts": wrong_counts,
    "shifted lines": shifted_lines,
    "no numbers": no_numbers,
    "stripped blank context": blanks_stripped,
    "first context line missing": first_context_missing,
    "one context line's indent lost": indent_lost,
    "undamaged": undamaged,
    "blank context dropped": blanks_dropped,
    "first context line missing, recounted": first_context_missing_recounted,
}
# the four whose share applied is the bar
FIRST_FOUR = ("wrong counts", "shifted lines", "no numbers", "stripped blank context")
