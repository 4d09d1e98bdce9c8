"""Rank the commits of a range: the guilty one is after the last good commit and not after the first bad one."""

from __future__ import annotations

import asyncio
import builtins
import re
from collections.abc import Iterator, Sequence, Set
from typing import NamedTuple

from bot.context.languages import language_of
from bot.git.command import run_git
from bot.git.errors import GitError
from bot.git.mirrors import Mirror
from bot.suspects.functions import find_function
from bot.suspects.places import Place
from bot.suspects.records import Suspect

_MOST = 200
_LONGEST_DIFF = 400_000
_NAMED = 3.0
_SETTING = 0.05
_BESIDE = 0.15
_MENTIONED = 1.0
_SHORTEST = 4  # characters of a name that tells something
# Words in quotes, before a bracket, or spelled unlike prose.
_IN_ERROR = re.compile(r"['\"`](?:\w+[.:])*(\w+)['\"`]|\b(\w+)\(|\b([a-z0-9]+_\w+|[A-Z]\w*[a-z]\w*[A-Z]\w*)\b")
# Errors that every program of a language knows: a commit that adds or removes one is not suspect for that.
_RAISED = frozenset(
    name for name, one in vars(builtins).items() if isinstance(one, type) and issubclass(one, BaseException)
)
_WORD = re.compile(r"\w+")
_SETTINGS = re.compile(
    r"(?:^|/)(?:[^/]*\.(?:lock|toml|cfg|ini|ya?ml|properties|gradle|tf)|go\.(?:mod|sum)|package(?:-lock)?\.json"
    r"|pnpm-lock\.yaml"
    r"|requirements[^/]*\.txt|Gemfile|Dockerfile[^/]*|Makefile|pom\.xml|[^/]*\.csproj|setup\.py|composer\.json"
    r"|\.env[^/]*)$"
    r"|(?:^|/)(?:migrations?|alembic|db/migrate)/|^\.github/workflows/"
)
_HEADER = re.compile(r"^diff --git a/.* b/(.*)$")
_HUNK = re.compile(r"^@@ -\S+ \+(\d+)(?:,(\d+))? @@")


class _Diff(NamedTuple):
    said: str  # the lines that went and came
    spans: tuple[tuple[int, int], ...]  # where lines came, or went from


class _Commit(NamedTuple):
    sha: str
    time: int
    subject: str
    diffs: dict[str, _Diff]  # of each path


async def rank_range(
    mirror: Mirror,
    good: str,
    bad: str,
    places: Sequence[Place],
    tests: Sequence[Place] = (),
    errors: Sequence[str] = (),
) -> tuple[Suspect, ...]:
    """Return the commits after ``good`` up to ``bad``, the likeliest first.

    ``places`` are those of the trace, ``tests`` the files of failing tests, ``errors`` the lines that say what was
    wrong. Raises :class:`GitError` where the mirror lacks one of the commits.
    """
    flags = ("--no-merges", "--no-color", "--no-ext-diff", "--no-textconv", "-p", "-U0", f"--max-count={_MOST}")
    done = await run_git(
        ["log", *flags, "--format=%x01%H%x02%ct%x02%s%x02", f"{_sha(good)}..{_sha(bad)}"], cwd=mirror.git_dir
    )
    if done.code:
        raise GitError(f"git could not list the commits of the range:\n{done.stderr}")
    commits = [_read(entry) for entry in done.text.split("\x01")[1:]]
    told = _find_mentions(commits, find_names(errors))
    suspects = [await _judge(mirror, commit, places, tests, told[commit.sha]) for commit in commits]
    lines = {commit.sha: _count_lines(commit) for commit in commits}
    return tuple(sorted(suspects, key=lambda one: (-one.score, -lines[one.sha], -one.time)))


async def list_settings(mirror: Mirror, good: str, bad: str) -> tuple[str, ...]:
    """List settings, lock files and migrations that two commits differ in."""
    done = await run_git(["diff-tree", "-r", "--name-only", "-z", _sha(good), _sha(bad)], cwd=mirror.git_dir)
    if done.code:
        raise GitError(f"git could not compare {good[:10]} with {bad[:10]}:\n{done.stderr}")
    return tuple(path for path in done.text.split("\0") if path and _SETTINGS.search(path))


def _sha(text: str) -> str:
    if not re.fullmatch(r"[0-9a-f]{40}(?:[0-9a-f]{24})?", text):
        raise GitError(f"{text!r} is not the id of a commit.")
    return text


def _read(entry: str) -> _Commit:
    sha, time, subject, patch = (*entry.split("\x02", 3), "", "", "")[:4]
    said: dict[str, list[str]] = {}
    spans: dict[str, list[tuple[int, int]]] = {}
    path = ""
    for line in patch[:_LONGEST_DIFF].split("\n"):
        header = _HEADER.match(line)
        if header is not None:
            path = header[1]
            said[path], spans[path] = [], []
        elif path and (hunk := _HUNK.match(line)) is not None:
            first, count = int(hunk[1]), int(hunk[2] or 1)
            spans[path].append((first, first + max(count - 1, 1 - min(count, 1))))
        elif path and line[:1] in ("+", "-"):
            said[path].append(line)
    diffs = {one: _Diff("\n".join(lines), tuple(spans[one])) for one, lines in said.items()}
    return _Commit(sha, int(time) if time.isdigit() else 0, subject, diffs)


def _count_lines(commit: _Commit) -> int:
    """Count the lines of code, but tests, that a commit adds or takes away.

    Of two commits with no other evidence, the one that changes more is likelier to have broken something.
    """
    return sum(
        diff.said.count("\n") + 1
        for path, diff in commit.diffs.items()
        if diff.said and language_of(path) is not None and not Place(path, 0, "", 0).is_test
    )


def find_names(errors: Sequence[str]) -> tuple[str, ...]:
    """Return the names of code that error messages name."""
    found = (name for line in errors for match in _IN_ERROR.finditer(line) for name in match.groups() if name)
    return tuple(dict.fromkeys(name for name in found if len(name) >= _SHORTEST and name not in _RAISED))


def _find_mentions(commits: Sequence[_Commit], names: Sequence[str]) -> dict[str, list[tuple[str, float]]]:
    """Return the names each commit adds or takes away; rare ones weigh more."""
    said = {
        commit.sha: set(_WORD.findall("\n".join(diff.said for diff in commit.diffs.values()))) for commit in commits
    }
    counts = {name: sum(name in words for words in said.values()) for name in names}
    return {sha: [(name, 1 / counts[name]) for name in names if name in words] for sha, words in said.items()}


async def _judge(
    mirror: Mirror,
    commit: _Commit,
    places: Sequence[Place],
    tests: Sequence[Place],
    mentions: Sequence[tuple[str, float]],
) -> Suspect:
    score = max((share for _, share in mentions), default=0.0) * _MENTIONED
    reasons = [f"adds or takes away `{name}`, which the error names" for name, _ in mentions[:2]]
    touched = await _find_touched(mirror, commit, places)
    for weight, reason in _weigh(commit, places, tests, touched):
        score += weight
        reasons.append(reason)
    settings = [path for path in commit.diffs if _SETTINGS.search(path)]
    if settings:
        score += _SETTING
        reasons.append(f"changes {', '.join(f'`{path}`' for path in settings[:3])}, on which everything depends")
    return Suspect(
        sha=commit.sha,
        subject=commit.subject[:200],
        time=commit.time,
        score=round(score, 4),
        reasons=tuple(dict.fromkeys(reasons))[:4] or ("lies between the last good and the first bad commit",),
    )


async def _find_touched(mirror: Mirror, commit: _Commit, places: Sequence[Place]) -> set[Place]:
    """Return the places whose function a commit changes or names."""
    touched: set[Place] = set()
    texts: dict[str, str] = {}
    for place in places:
        diff = commit.diffs.get(place.path)
        if diff is None:
            continue
        if place.function and re.search(rf"\b{re.escape(place.function)}\b", diff.said):
            touched.add(place)
            continue
        if place.path not in texts:
            texts[place.path] = await mirror.read(commit.sha, place.path) or ""
        first, last = await asyncio.to_thread(find_function, texts[place.path], place)
        if any(start <= last and end >= first for start, end in diff.spans):
            touched.add(place)
    return touched


def _weigh(
    commit: _Commit, places: Sequence[Place], tests: Sequence[Place], touched: Set[Place]
) -> Iterator[tuple[float, str]]:
    files: set[str] = set()
    for place in places:
        weight = 1 / (1 + place.depth) * (0.5 if place.is_test else 1.0)
        if place.path not in commit.diffs:
            folder = place.path.rpartition("/")[0]
            beside = next((path for path in commit.diffs if path.rpartition("/")[0] == folder), "")
            if folder and beside and not place.is_test and folder not in files:
                files.add(folder)
                yield weight * _BESIDE, f"changes `{beside}`, beside `{place.path}`, which the trace names"
            continue
        if place in touched and place.function:
            yield weight * _NAMED, f"changes `{place.function}` in `{place.path}`, which the trace names"
        if place.path not in files:
            files.add(place.path)
            yield weight, f"changes `{place.path}`, which the trace names"
    for test in tests:
        if test.path in commit.diffs and test.path not in files:
            files.add(test.path)
            yield 0.3, f"changes `{test.path}`, the failing test's file"
