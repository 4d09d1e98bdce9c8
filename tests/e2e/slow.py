"""Something slow, the benchmark that shows it, and edits that make it faster or only look so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.e2e.answers import Rule, calls, change, edit, finish, judged, later, new_file
from tests.toolchains.conftest import write

TITLE = "Counting words is slow"
BODY = "`words.count` takes seconds for a long text with many different words."
LABEL = "ai-optimize"
PRODUCT = "words.py"
BENCH = "benchmarks/bench_count.py"
LOOP = """    words, numbers = [], []
    for word in text.split():
        if word not in words:
            words.append(word)
            numbers.append(0)
        numbers[words.index(word)] += 1
    return sorted(zip(words, numbers))
"""
SLOW = f'"""Words of a text."""\n\n\ndef count(text):\n{LOOP}'
FASTER = """    numbers = {}
    for word in text.split():
        numbers[word] = numbers.get(word, 0) + 1
    return sorted(numbers.items())
"""
FILES = {
    PRODUCT: SLOW,
    "tests/test_words.py": """import unittest

from words import count


class WordsTest(unittest.TestCase):
    def test_counts(self):
        self.assertEqual(count("b a b"), [("a", 1), ("b", 2)])
""",
    ".github/forgehand.yml": "optimize: { pairs: 20 }\n",
}
BENCHMARK = """from words import count

TARGET = "words.py::count"


def make_input(source):
    return " ".join(str(source.randrange(400)) for _ in range(2000))


def run(value):
    return count(value)
"""
JUDGED: Rule = {
    "match": {"system": "You judge optimisations"},
    "reply": judged(passed=True, reason=""),
    "reusable": True,
}
AGAIN: Rule = {"match": {"text": "Second task", "tool": "edit"}, "reply": calls(finish()), "reusable": True}


def lay(folder: Path, files: dict[str, str] | None = None) -> Path:
    return write(folder / "source", FILES if files is None else files)


def bench(*texts: str) -> list[Rule]:
    """The benchmark's stage: each text is written in the place of the one before, and said to be finished."""
    turns: list[dict[str, Any]] = [calls(("read", {"path": PRODUCT}))]
    for old, new in zip(("", *texts), texts, strict=False):
        turns += [calls(edit(change(BENCH, old, new) if old else new_file(BENCH, new))), calls(finish())]
    return [{"match": {"text": "First task", "tool": "edit"}, "reply": turn} for turn in turns]


def replace(text: str) -> dict[str, Any]:
    """The edit that puts something in the place of the slow loop."""
    return calls(edit(change(PRODUCT, LOOP, text)))


BENCHED = bench(BENCHMARK)
GOOD = [*BENCHED, *later(replace(FASTER), calls(finish("A list is searched.", "A dictionary counts."))), JUDGED]
