"""What a person types to install and test, and what the runner itself says of the tests then."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from typing import NamedTuple


class Counts(NamedTuple):
    """Numbers of tests by verdict; what could not be run has failed."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def differ_by(self, other: Counts) -> int:
        """Return how many verdicts differ at least."""
        return max(abs(one - two) for one, two in zip(self, other, strict=True))


NONE = Counts()
_KINDS = {
    "passed": "passed pass passing xpassed ok",
    "failed": "failed fail failing failure failures error errors cancelled timeout",
    "skipped": "skipped skip skips pending pendings todo ignored xfailed omissions",
}
_WORDS = {word: kind for kind, words in _KINDS.items() for word in words.split()}


def count_words(pattern: str) -> Callable[[str], Counts]:
    """Make a reader that adds up numbers that stand beside words."""

    def read(output: str) -> Counts:
        found: Counter[str] = Counter()
        for match in re.finditer(pattern, output, re.MULTILINE):
            found[_WORDS.get(match["word"].lower(), "")] += int(match["number"])
        return make_counts(found)

    return read


def count_rest(summary: str, total: str) -> Callable[[str], Counts]:
    """Make a reader of summaries that name all tests and those that did not pass.

    ``summary`` finds the line; in it numbers stand on either side of words, and ``total`` is the word of all.
    """

    def read(output: str) -> Counts:
        found: Counter[str] = Counter()
        for line in re.findall(summary, output, re.MULTILINE):
            for match in re.finditer(r"(?P<number>\d+) (?P<word>\w+)|(?P<named>\w+): (?P<after>\d+)", line):
                word = (match["word"] or match["named"]).lower()
                found["all" if word == total else _WORDS.get(word, "")] += int(match["number"] or match["after"])
        return make_counts({**found, "passed": found["all"] - found["failed"] - found["skipped"]})

    return read


def count_lines(pattern: str) -> Callable[[str], Counts]:
    """Make a reader of runners without a summary: one line a test."""

    def read(output: str) -> Counts:
        return make_counts(Counter(_WORDS[word.lower()] for word in re.findall(pattern, output, re.MULTILINE)))

    return read


def count_tap(output: str) -> Counts:
    """Count the points of TAP by their plan."""
    planned = sum(map(int, re.findall(r"^1\.\.(\d+)$", output, re.MULTILINE)))
    points = re.findall(r"^(ok|not ok) \d+(.*)$", output, re.MULTILINE)
    skipped = sum("# skip" in rest.lower() for _, rest in points)
    passed = sum(verdict == "ok" for verdict, _ in points) - skipped
    return Counts(passed, planned - passed - skipped, skipped)


def count_phpunit(output: str) -> Counts:
    """Count what ``OK (N tests, ...)`` or ``Tests: N, ...`` says."""
    passed = re.search(r"^OK \((\d+) tests?,", output, re.MULTILINE)
    return Counts(int(passed[1])) if passed is not None else count_rest(r"^Tests: .*$", "tests")(output)


def count_unittest(output: str) -> Counts:
    """Count what ``Ran N tests`` and the verdict below it say."""
    ran = re.search(r"^Ran (\d+) tests?", output, re.MULTILINE)
    told = re.search(r"^(?:OK|FAILED) \((.*)\)$", output, re.MULTILINE)
    found = Counter(
        {_WORDS.get(word, ""): int(number) for word, number in re.findall(r"(\w+)=(\d+)", told[1])} if told else {}
    )
    total = int(ran[1]) if ran is not None else 0
    return Counts(total - found["failed"] - found["skipped"], found["failed"], found["skipped"])


def count_ctest(output: str) -> Counts:
    """Count what CTest's last line says; skipped tests are named below it and pass in it."""
    match = re.search(r"(\d+) tests failed out of (\d+)", output)
    return Counts(int(match[2]) - int(match[1]), int(match[1])) if match is not None else NONE


def make_counts(found: Mapping[str, int]) -> Counts:
    """Make counts of numbers by kind."""
    return Counts(found.get("passed", 0), found.get("failed", 0), found.get("skipped", 0))


SUMMARIES: dict[str, Callable[[str], Counts]] = {
    "ava": count_words(r"^# (?P<word>\w+) (?P<number>\d+)$"),
    "bats": count_tap,
    "cargo test": count_words(r"(?:^test result: .*?\. |; )(?P<number>\d+) (?P<word>passed|failed|ignored)(?=;)"),
    "ctest": count_ctest,
    "go test": count_lines(r"^\s*--- (PASS|FAIL|SKIP):"),
    "jest": count_words(r"(?:^Tests: +|(?<=, ))(?P<number>\d+) (?P<word>passed|failed|skipped|todo)(?=, .*total$)"),
    "meson test": count_words(r"^(?P<word>Ok|Fail|Skipped|Timeout): +(?P<number>\d+) *$"),
    "minitest": count_rest(r"^\d+ runs, .*$", "runs"),
    "mocha": count_words(r"^\s+(?P<number>\d+) (?P<word>passing|failing|pending)"),
    "node:test": count_words(r"^(?:#|ℹ) (?P<word>\w+) (?P<number>\d+)$"),
    "phpunit": count_phpunit,
    "pytest": count_words(r"(?:^|(?<=[ =]))(?P<number>\d+) (?P<word>\w+)(?=[, ].*in [\d.]+s)"),
    "test-unit": count_rest(r"^\d+ tests, .*$", "tests"),
    "unittest": count_unittest,
    "vitest": count_words(r"(?:^ +Tests +|(?<=\| ))(?P<number>\d+) (?P<word>\w+)(?=(?: \| .*)? \(\d+\)$)"),
}
_NPM = "npm install --ignore-scripts"
_REQUIRE = """ruby -Ilib -Itest -e 'Dir["test/**/test_*.rb"].each { |file| require "./" + file }' -- """
# To install, and to test so that each test is named. Repositories may have lines of their own.
COMMANDS = {
    "ava": (_NPM, "npx ava --tap"),
    "bats": ("true", "bats --tap -r test"),
    "cargo test": ("cargo fetch && cargo test --workspace --no-run", "cargo test --workspace --no-fail-fast"),
    "ctest": ("cmake -S . -B built && cmake --build built", "ctest --test-dir built"),
    "go test": ("go test -run=^$ ./...", "go test -count=1 -v ./..."),
    "jest": (_NPM, "npx jest --verbose"),
    "meson test": ("meson setup built && meson compile -C built", "meson test -C built"),
    "minitest": ("true", f"{_REQUIRE} --verbose"),
    "mocha": (_NPM, "npx mocha --reporter spec"),
    "node:test": (_NPM, "node --test --test-reporter=tap"),
    "phpunit": ("composer dump-autoload --dev", "phpunit --testdox"),
    "pytest": ("python3 -m venv .own && .own/bin/pip install -q . pytest", ".own/bin/python -m pytest -q -rA"),
    "test-unit": ("true", f"{_REQUIRE} --verbose=verbose"),
    "unittest": ("true", "python3 -m unittest -v"),
    "vitest": (_NPM, "npx vitest run --reporter=verbose"),
}
