"""Refuse changes that silence a check instead of passing it.

That is a comment that hides a finding, a test that is skipped, expected to fail or deleted, a threshold that is
lowered. What is only moved counts as nothing new.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from bot.change.records import Gate
from bot.github.text.diffs import FileDiff, parse_diff

IsTest = Callable[[str], bool]
_SILENCED = re.compile(
    r"#\s*(?:noqa\b|type:\s*ignore|pyright:\s*ignore|pylint:\s*disable|nosec\b|mypy:\s*ignore|ruff:\s*noqa)"
    r"|pragma:\s*no\s*(?:cover|branch|mutate)|\b(?:eslint|tslint|biome)-(?:disable|ignore)"
    r"|@ts-(?:ignore|expect-error|nocheck)|\b(?:istanbul|c8|v8)\s+ignore|//\s*nolint\b|@SuppressWarnings"
    r"|#!?\[allow\(|rubocop:\s*disable|phpcs:\s*(?:ignore|disable)|NOLINT\b|shellcheck\s+disable",
    re.IGNORECASE,
)
_SKIPPED = re.compile(
    r"\b(?:mark\.(?:skip|skipif|xfail)|pytest\.(?:skip|xfail|importorskip)|unittest\.(?:skip\w*|expectedFailure)"
    r"|skipTest|SkipTest|(?:it|test|describe|context)\.(?:skip|todo|only|failing)|x(?:it|describe|test)(?=\()"
    r"|t\.Skip\w*|@(?:Disabled|Ignore)\b|markTestSkipped|markTestIncomplete)|#\[ignore\]|@tag\s+:skip"
)
# names of tests in the languages that are understood
_TEST = re.compile(
    r"^\s*(?:async\s+)?def\s+(test\w*)|^\s*func\s+(Test\w+)|^\s*(?:it|test)\(\s*['\"`](.+?)['\"`]"
    r"|^\s*fn\s+(test\w*)|^\s*(?:public\s+)?(?:void|function)\s+(test\w*)|^\s*TEST(?:_F|_P)?\((.+?)\)"
)
_THRESHOLD = re.compile(
    r"(fail[-_]under|min(?:imum)?[-_]coverage|coverage[-_]threshold|\b(?:branches|functions|lines|statements)\b)"
    r"['\"]?\s*[=: ]\s*(\d+(?:\.\d+)?)"
)
_CONFIG = (".toml", ".cfg", ".ini", ".json", ".yml", ".yaml", ".coveragerc", ".config.js", ".config.ts", ".config.mjs")


def suppressions_gate(diff: str, is_test: IsTest) -> Gate:
    """Require that a diff silences no check."""
    found = list(find_suppressions(parse_diff(diff), is_test))
    return Gate(
        name="suppressions",
        passed=not found,
        after=f"{len(found)} found" if found else "nothing is silenced",
        detail="\n".join(found),
    )


def find_suppressions(files: Sequence[FileDiff], is_test: IsTest) -> Iterator[str]:
    """Yield, in sentences, what a change silences."""
    for words, pattern in (("silences a check", _SILENCED), ("skips a test", _SKIPPED)):
        gone = Counter(found for _, line in _lines(files, "-") for found in pattern.findall(line))
        for path, line in _lines(files, "+"):
            for match in pattern.findall(line):
                gone[match] -= 1
                if gone[match] < 0:
                    yield f"{path} {words}: {line.strip()[:120]}"
    yield from _find_deleted_tests([file for file in files if is_test(file.path)])
    yield from _find_lowered(files)


def _find_deleted_tests(files: Sequence[FileDiff]) -> Iterator[str]:
    kept = {name for _, line in _lines(files, "+") for name in _name_tests(line)}
    for path, line in _lines(files, "-"):
        yield from (f"{path} loses a test: {name}" for name in _name_tests(line) if name not in kept)


def _name_tests(line: str) -> list[str]:
    match = _TEST.match(line)
    return [name for name in match.groups() if name] if match else []


def _find_lowered(files: Sequence[FileDiff]) -> Iterator[str]:
    settings = [file for file in files if file.path.endswith(_CONFIG)]
    before = {
        (path, key): float(value) for path, line in _lines(settings, "-") for key, value in _THRESHOLD.findall(line)
    }
    for path, line in _lines(settings, "+"):
        for key, value in _THRESHOLD.findall(line):
            if float(value) < before.get((path, key), 0.0):
                yield f"{path} lowers a threshold: {line.strip()[:120]}"


def _lines(files: Sequence[FileDiff], kind: str) -> Iterator[tuple[str, str]]:
    """Yield the paths and texts of a diff's added or removed lines."""
    for file in files:
        for hunk in file.hunks:
            yield from ((file.path, line.text) for line in hunk.lines if line.kind == kind)
